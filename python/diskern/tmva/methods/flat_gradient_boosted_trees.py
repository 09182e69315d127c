"""Boosted trees whose response is flat in spectators, as a method."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ... import _core
from ._protected import protected_columns
from ._trees import TreeMethod, loss_curve, ranking
from .base import Option, ProgressCallback, TrainedMethod, TrainingSample
from .gradient_boosted_trees import NEGATIVE_WEIGHTS, GradientBoostedTrees

_FLATNESS = _core.FlatnessParams()

# Of the options of GradientBoostedTrees, those that mean something beside this loss, and their parameters.
_ATTRIBUTES = {
    "NTrees": "n_estimators",
    "Shrinkage": "learning_rate",
    "MaxLeafNodes": "max_leaf_nodes",
    "MaxDepth": "max_depth",
    "MinSamplesLeaf": "min_samples_leaf",
    "MinChildWeight": "min_child_weight",
    "MinGain": "min_gain",
    "L2Regularization": "l2_regularization",
    "MaxBins": "max_bins",
    "SubsampleFraction": "subsample",
    "NIterNoChange": "n_iter_no_change",
    "Tolerance": "tolerance",
}
# Those that are more than a number.
_OTHERS = ("GrowPolicy", "NegWeightTreatment", "RandomSeed")
_CLASSES = {"Background": [0], "Signal": [1], "Both": [0, 1]}


class FlatGradientBoostedTrees(TreeMethod):
    """Gradient boosting with flatness loss: the response does not shape the chosen spectators.

    The engine of the estimator ``FlatGradientBoostedTreesClassifier`` (uGB+FL, arXiv:1410.4140). The spectators are
    needed for training only. The response is the probability of signal.
    """

    type_name: ClassVar[str] = "FlatGradientBoostedTrees"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("ProtectedVariables", "str", "", "labels of the spectators, with commas between: flat in these"),
        Option(
            "UniformClass",
            "choice",
            "Background",
            "class whose response is to be flat",
            choices=tuple(_CLASSES),
        ),
        Option("FlatnessCoefficient", "float", _FLATNESS.coefficient, "what flatness counts beside the logistic loss"),
        Option("FlatnessPower", "float", _FLATNESS.power, "power of the difference of the distributions, above 1"),
        Option("FlatnessBins", "int", _FLATNESS.n_bins, "bins of equal weight per protected variable"),
        Option("NNeighbours", "float", _FLATNESS.n_neighbors, "nearest events in place of bins; 0: bins"),
        Option("NNeighbourhoods", "int", _FLATNESS.n_neighborhoods, "most neighbourhoods that are compared"),
        Option("MinEventsInBin", "float", _FLATNESS.min_events_in_bin, "fewest events of a chosen class in a bin"),
        *(option for option in GradientBoostedTrees.options if option.name in (*_ATTRIBUTES, *_OTHERS)),
    )

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.GradientBoostingParams()
        for name, attribute in _ATTRIBUTES.items():
            setattr(params, attribute, self.values[name])
        params.leaf_wise = self.values["GrowPolicy"] == "LeafWise"
        params.negative_weights = NEGATIVE_WEIGHTS[self.values["NegWeightTreatment"]]
        seed = self._random_seed()
        flatness = _core.FlatnessParams()
        flatness.coefficient = self.values["FlatnessCoefficient"]
        flatness.power = self.values["FlatnessPower"]
        flatness.n_bins = self.values["FlatnessBins"]
        flatness.n_neighbors = self.values["NNeighbours"]
        flatness.n_neighborhoods = self.values["NNeighbourhoods"]
        flatness.min_events_in_bin = self.values["MinEventsInBin"]
        flatness.uniform_classes = _CLASSES[self.values["UniformClass"]]
        result = _core.fit_flat_gradient_boosting(
            params,
            flatness,
            sample.variables,
            sample.weight,
            sample.is_signal.astype(np.int32),
            protected_columns(self.title, self.values["ProtectedVariables"], sample),
            validation=None
            if validation is None
            else (
                validation.variables,
                validation.weight,
                validation.is_signal.astype(np.int32),
                protected_columns(self.title, self.values["ProtectedVariables"], validation),
            ),
            threads=threads,
            seed=seed,
            progress=progress,
        )
        training, held_out = np.asarray(result.training_loss), np.asarray(result.validation_loss)
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking(sample, result.feature_gain),
            curves=[loss_curve(training, held_out)],
            interrupted=bool(result.interrupted),
            signal_cut=0.5,
        )
