"""AdaBoost whose efficiency is uniform in spectators, as a method."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ... import _core
from ._protected import protected_columns
from ._trees import TreeMethod, ranking
from .base import LearningCurve, Option, ProgressCallback, TrainedMethod, TrainingSample
from .forests import NEGATIVE_WEIGHTS, AdaBoost

_DEFAULTS = _core.UBoostParams()
_FROM_ADABOOST = ("MaxDepth", "MinNodeSize", "MaxBins", "NegWeightTreatment")
_CLASSES = {"Background": 0, "Signal": 1}


class UBoost(TreeMethod):
    """uBoost: the efficiency of a class does not depend on the chosen spectators, at every cut.

    The engine of the estimator ``UBoostClassifier`` (Stevens and Williams, arXiv:1305.7248). The spectators are needed
    for training only. The response lies between 0 and 1 and orders events; it is no probability.
    """

    type_name: ClassVar[str] = "UBoost"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("ProtectedVariables", "str", "", "labels of the spectators, with commas between: uniform in these"),
        Option(
            "UniformClass", "choice", "Background", "class whose efficiency is to be uniform", choices=tuple(_CLASSES)
        ),
        Option("NTrees", "int", _DEFAULTS.n_estimators, "trees of each forest"),
        Option("EfficiencySteps", "int", _DEFAULTS.efficiency_steps, "forests, each uniform at one efficiency"),
        Option("AdaBoostBeta", "float", _DEFAULTS.learning_rate, "factor on the weight of each tree"),
        Option("UniformingRate", "float", _DEFAULTS.uniforming_rate, "how strongly unevenness boosts; 0: AdaBoost"),
        Option("Smoothing", "float", _DEFAULTS.smoothing, "width of the step of a cut, in standard deviations"),
        Option("NNeighbours", "float", _DEFAULTS.n_neighbors, "events that a local efficiency is taken from"),
        *(option for option in AdaBoost.options if option.name in _FROM_ADABOOST),
    )

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        del validation  # nothing to stop early
        params = _core.UBoostParams()
        params.n_estimators = self.values["NTrees"]
        params.efficiency_steps = self.values["EfficiencySteps"]
        params.learning_rate = self.values["AdaBoostBeta"]
        params.uniforming_rate = self.values["UniformingRate"]
        params.smoothing = self.values["Smoothing"]
        params.n_neighbors = self.values["NNeighbours"]
        params.max_depth = self.values["MaxDepth"]
        params.min_weight_fraction_leaf = self.values["MinNodeSize"] / 100.0
        params.max_bins = self.values["MaxBins"]
        params.uniform_class = _CLASSES[self.values["UniformClass"]]
        params.negative_weights = NEGATIVE_WEIGHTS[self.values["NegWeightTreatment"]]
        result = _core.fit_uboost(
            params,
            sample.variables,
            sample.weight,
            sample.is_signal.astype(np.int32),
            protected_columns(self.title, self.values["ProtectedVariables"], sample),
            threads=threads,
            progress=progress,
        )
        deviation = np.asarray(result.deviation).mean(axis=1)
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking(sample, result.feature_gain),
            curves=[LearningCurve("deviation of local efficiencies", np.arange(1.0, len(deviation) + 1), deviation)],
            interrupted=bool(result.interrupted),
            signal_cut=0.5,
        )
