"""Boosted trees whose response is flat in spectators, as a method."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from ..options import near_misses
from .base import LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .gradient_boosted_trees import GradientBoostedTrees

_FLATNESS = _core.FlatnessParams()

# Of the options of GradientBoostedTrees, those that mean something beside this loss, and their parameters.
_ATTRIBUTES = {
    "NTrees": "n_estimators",
    "Shrinkage": "learning_rate",
    "MaxLeafNodes": "max_leaf_nodes",
    "MaxDepth": "max_depth",
    "MinSamplesLeaf": "min_samples_leaf",
    "L2Regularization": "l2_regularization",
    "MaxBins": "max_bins",
    "NIterNoChange": "n_iter_no_change",
    "Tolerance": "tolerance",
}
_CLASSES = {"Background": [0], "Signal": [1], "Both": [0, 1]}


class FlatGradientBoostedTrees(Method):
    """Gradient boosting with flatness loss: the response does not shape the chosen spectators.

    The engine of the estimator ``FlatGradientBoostedTreesClassifier`` (uGB+FL, arXiv:1410.4140). The spectators are
    needed for training only. The response is the probability of signal.
    """

    type_name: ClassVar[str] = "FlatGradientBoostedTrees"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    accepts_missing: ClassVar[bool] = True
    accepts_infinite: ClassVar[bool] = True
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
        *(option for option in GradientBoostedTrees.options if option.name in _ATTRIBUTES),
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
        flatness = _core.FlatnessParams()
        flatness.coefficient = self.values["FlatnessCoefficient"]
        flatness.power = self.values["FlatnessPower"]
        flatness.n_bins = self.values["FlatnessBins"]
        flatness.uniform_classes = _CLASSES[self.values["UniformClass"]]
        result = _core.fit_flat_gradient_boosting(
            params,
            flatness,
            sample.variables,
            sample.weight,
            sample.is_signal.astype(np.int32),
            self._protected(sample),
            validation=None
            if validation is None
            else (
                validation.variables,
                validation.weight,
                validation.is_signal.astype(np.int32),
                self._protected(validation),
            ),
            threads=threads,
            progress=progress,
        )
        training, held_out = np.asarray(result.training_loss), np.asarray(result.validation_loss)
        gain = np.asarray(result.feature_gain)
        shares = gain / gain.sum() if gain.sum() > 0 else gain
        curve = LearningCurve(
            "loss",
            np.arange(len(training), dtype=np.float64),
            training,
            held_out if len(held_out) == len(training) else None,
        )
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=sorted(zip(sample.variable_labels, shares.tolist(), strict=True), key=lambda pair: -pair[1]),
            curves=[curve],
            interrupted=bool(result.interrupted),
            signal_cut=0.5,
        )

    def _protected(self, sample: TrainingSample) -> NDArray[np.float64]:
        names = [name.strip() for name in str(self.values["ProtectedVariables"]).split(",") if name.strip()]
        if not names:
            raise InvalidArgument(
                f"{self.title!r}: ProtectedVariables must name the spectators in which the response shall be flat "
                f"(spectators: {', '.join(sample.spectators) or 'none'})"
            )
        columns: list[NDArray[Any]] = []
        for name in names:
            if name not in sample.spectators:
                raise InvalidArgument(
                    f"{self.title!r}: ProtectedVariables names {name!r}{near_misses(name, sample.spectators)}, "
                    f"which is no spectator (spectators: {', '.join(sample.spectators) or 'none'})"
                )
            column = np.asarray(sample.spectators[name])
            if column.dtype.kind not in "biuf":
                raise InvalidArgument(f"{self.title!r}: the spectator {name!r} must hold numbers, got {column.dtype}")
            values = column.astype(np.float64)
            if not np.isfinite(values).all():
                raise InvalidArgument(f"{self.title!r}: the protected variable {name!r} contains NaN or infinity")
            columns.append(values)
        return np.ascontiguousarray(np.column_stack(columns))
