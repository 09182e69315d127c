"""TMVA's rectangular cuts."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

from ... import _core
from ..._core import InvalidArgument
from ._fitters import fitter_options, fitter_params, idle_fitter_options
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .likelihood import check_indices


class Cuts(Method):
    """For each of 100 signal efficiencies the cuts with the lowest background efficiency (tmva.md 2.2).

    ``Model.at_signal_efficiency``, ``Reader.EvaluateMVA(tag, efficiency)`` and ``Reader.GetCuts`` apply and show those
    of one. Without an efficiency the response is 1 - e with the lowest signal efficiency e whose cuts the event passes,
    so that tables and curves can be made of it (TMVA has 0 there). Event weights enter the efficiencies with their
    sign.
    """

    type_name: ClassVar[str] = "Cuts"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "FitMethod",
            "choice",
            "GA",
            "how the cuts are found; MCEvents: windows that hold a few signal events",
            ("GA", "SA", "MC", "MCEvents", "MINUIT", "EventScan"),
        ),
        Option(
            "EffMethod",
            "choice",
            "EffSel",
            "efficiencies of counted events, or as products of those of one-dimensional densities",
            ("EffSel", "EffPDF"),
        ),
        Option(
            "CutRangeMin", "float", -1.0, "lower end of the range of cuts; equal ends: range of the events", array=True
        ),
        Option("CutRangeMax", "float", -1.0, "upper end of the range of cuts", array=True),
        Option(
            "VarProp",
            "choice",
            "NotEnforced",
            "NotEnforced: a window; FMin, FMax: a lower, an upper cut only; FSmart: one of them by the means",
            ("NotEnforced", "FMax", "FMin", "FSmart"),
            array=True,
        ),
        *fitter_options(),
    )

    def __init__(self, title: str, analysis_type: str, values: dict) -> None:  # type: ignore[type-arg]
        super().__init__(title, analysis_type, values)  # type: ignore[arg-type]
        if self.values["FitMethod"] == "EventScan":
            raise InvalidArgument(
                f"{title}: FitMethod=EventScan, which TMVA has for tests only, is not offered; "
                "MCEvents, MC, GA, SA and MINUIT are"
            )

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        kind = self.values["FitMethod"]
        return idle_fitter_options({"MC" if kind == "MCEvents" else kind})

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        n = len(sample.variable_labels)
        check_indices(self.title, self.values, n)
        params = _core.CutsParams()
        kind = self.values["FitMethod"]
        params.fitter = _core.CutsFitter.__members__[kind]
        params.efficiency = _core.CutsEfficiency.__members__[self.values["EffMethod"]]
        variables = []
        for j in range(n):
            variable = _core.CutsVariable()
            variable.side = _core.CutSide.__members__[self.values["VarProp"][j]]
            variable.minimum = self.values["CutRangeMin"][j]
            variable.maximum = self.values["CutRangeMax"][j]
            variables.append(variable)
        params.variables = variables
        params.genetic = fitter_params("GA", self.values, self.title)
        params.annealing = fitter_params("SA", self.values, self.title)
        params.monte_carlo = fitter_params("MC", self.values, self.title)
        params.descent = fitter_params("MINUIT", self.values, self.title)
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        predictor = _core.fit_cuts(
            params, sample.variables, sample.class_index, sample.weight, threads=threads, progress=progress
        )
        return TrainedMethod(predictor, notes=self._notes(predictor, sample.variable_labels))

    @staticmethod
    def _notes(predictor: _core.Cuts, labels: tuple[str, ...]) -> list[str]:
        """The cuts of nine signal efficiencies, as TMVA prints them."""
        lines = ["Cut values that keep at least a given fraction of the signal:"]
        background = predictor.table[1]
        for tenths in range(1, 10):
            lower, upper = predictor.cuts_at(tenths / 10)
            cuts = []
            for label, low, high in zip(labels, lower, upper, strict=True):
                left = f"{low:.4g} < " if low > -1e30 else ""
                right = f" <= {high:.4g}" if high < 1e30 else ""
                if left or right:
                    cuts.append(f"{left}{label}{right}")
            lines.append(f"{10 * tenths}% (background {background[10 * tenths + 1]:.4f}): {', '.join(cuts) or 'none'}")
        return lines
