"""TMVA's single decision tree."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import ClassVar

from ... import _core
from ...plotting.tree import tree_text
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .bdt import TREE_OPTIONS, fit, idle_tree_options, ranked, set_params


class DT(Method):
    """One tree grown as the trees of BDT are (CART; tmva.md 2.15), on the weights of the sample as they are.

    The response is +1 or -1, or with ``!UseYesNoLeaf`` the purity of the leaf. ``diskern.plotting.plot_tree`` draws
    it, :func:`diskern.plotting.tree.tree_text` prints it.
    """

    type_name: ClassVar[str] = "DT"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        *(replace(one, default=5.0) if one.name == "PruneStrength" else one for one in TREE_OPTIONS),
        Option("nEventsMin", "int", -1, "deprecated: MinNodeSize as a number of events"),
    )

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        return {name: reason for name, reason in idle_tree_options(self.values).items() if name in given}

    def uses_validation(self) -> bool:
        return False

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.TmvaForestParams(_core.TmvaAnalysis.Classification)
        set_params(params, self.values, TREE_OPTIONS)
        params.BoostType = _core.TmvaBoostType.SingleTree
        params.SkipNormalization = True
        notes = []
        if self.values["nEventsMin"] > 0:
            params.MinNodeSize = 100.0 * self.values["nEventsMin"] / len(sample.weight)
            notes.append(f"nEventsMin is deprecated: MinNodeSize={params.MinNodeSize:g}% is used")
        result = fit(params, "Classification", sample, threads, progress)
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranked(sample, result.importance),
            notes=[*notes, *result.notes, *tree_text(result.predictor, sample.variable_labels).splitlines()],
            signal_cut=0.0 if self.values["UseYesNoLeaf"] else 0.5,
        )
