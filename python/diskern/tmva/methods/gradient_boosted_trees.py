"""Diskern's own boosted trees (quantile bins, Newton leaves) as a method."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from .base import LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.GradientBoostingParams()

# Option -> attribute of GradientBoostingParams; TMVA's words where TMVA has one.
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
_NEGATIVE = {
    "Keep": _core.NegativeWeights.keep,
    "IgnoreNegWeightsInTraining": _core.NegativeWeights.ignore,
    "NoNegWeightsInTraining": _core.NegativeWeights.error,
}


class GradientBoostedTrees(Method):
    """Gradient boosting on histograms of quantile bins: binary, multiclass, regression of one target.

    The same engine as the estimators ``GradientBoostedTreesClassifier/Regressor``; TMVA's own trees are the method BDT.
    Early stopping uses the validation sample of the DataLoader (``ValidationFraction``) where there is one. The
    response is the probability of signal (of each class in multiclass). Ranking: gain of the cuts on each variable.
    """

    type_name: ClassVar[str] = "GradientBoostedTrees"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass", "Regression"})
    accepts_missing: ClassVar[bool] = True
    accepts_infinite: ClassVar[bool] = True
    options: ClassVar[tuple[Option, ...]] = (
        Option("NTrees", "int", _DEFAULTS.n_estimators, "iterations; in multiclass one tree per class each"),
        Option("Shrinkage", "float", _DEFAULTS.learning_rate, "factor on the leaves of each tree"),
        Option("MaxLeafNodes", "int", _DEFAULTS.max_leaf_nodes, "most leaves of a tree; 0: no limit"),
        Option("MaxDepth", "int", _DEFAULTS.max_depth, "most cuts from the root to a leaf; 0: no limit"),
        Option(
            "GrowPolicy",
            "choice",
            "LeafWise" if _DEFAULTS.leaf_wise else "DepthWise",
            "which leaf is split next: that of the largest gain, or level by level",
            choices=("LeafWise", "DepthWise"),
        ),
        Option(
            "MinSamplesLeaf",
            "float",
            _DEFAULTS.min_samples_leaf,
            "fewest events in a leaf; weight w > 1 counts w",
        ),
        Option("MinChildWeight", "float", _DEFAULTS.min_child_weight, "smallest sum of hessians in a leaf"),
        Option("MinGain", "float", _DEFAULTS.min_gain, "smallest gain of a cut"),
        Option("L2Regularization", "float", _DEFAULTS.l2_regularization, "l2 in the gain and the leaf -G/(H+l2)"),
        Option("MaxBins", "int", _DEFAULTS.max_bins, "most bins of values for a variable, 2 to 255"),
        Option("SubsampleFraction", "float", _DEFAULTS.subsample, "fraction of events drawn for each iteration"),
        Option("NIterNoChange", "int", _DEFAULTS.n_iter_no_change, "iterations without improvement before stopping"),
        Option("Tolerance", "float", _DEFAULTS.tolerance, "decrease of the loss that counts as improvement"),
        Option(
            "NegWeightTreatment",
            "choice",
            next(name for name, policy in _NEGATIVE.items() if policy == _DEFAULTS.negative_weights),
            "events of negative weight: counted as they are, left out, or refused",
            choices=tuple(_NEGATIVE),
        ),
        Option("RandomSeed", "int", 1, "seed of SubsampleFraction"),
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
        params.negative_weights = _NEGATIVE[self.values["NegWeightTreatment"]]
        if self.values["RandomSeed"] < 0:
            raise InvalidArgument(f"RandomSeed must be 0 or a positive integer, got {self.values['RandomSeed']}")
        n_classes = 0
        if self.analysis_type == "Regression":
            if sample.targets.shape[1] != 1:
                raise InvalidArgument(f"{self.type_name} does one target, the dataset has {sample.targets.shape[1]}")
        else:
            n_classes = 2 if self.analysis_type == "Classification" else len(sample.class_names)
            if self.analysis_type == "Multiclass" and n_classes == 2:
                raise InvalidArgument(f"{self.title!r}: two classes are AnalysisType=Classification, not Multiclass")
        answer = self._answer(sample)
        result = _core.fit_gradient_boosting(
            params,
            sample.variables,
            sample.weight,
            class_index=answer if n_classes else None,
            target=None if n_classes else answer,
            n_classes=n_classes,
            validation=None
            if validation is None
            else (validation.variables, validation.weight, self._answer(validation)),
            threads=threads,
            seed=self.values["RandomSeed"],
            progress=progress,
        )
        training, held_out = np.asarray(result.training_loss), np.asarray(result.validation_loss)
        gain = np.asarray(result.feature_gain)
        shares = gain / gain.sum() if gain.sum() > 0 else gain
        ranking = sorted(zip(sample.variable_labels, shares.tolist(), strict=True), key=lambda pair: -pair[1])
        notes = []
        if len(held_out) and params.n_iter_no_change > 0:
            notes.append(
                f"{result.best_iteration} of {len(training) - 1} iterations kept, where the validation loss is least"
            )
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking,
            curves=[
                LearningCurve(
                    "loss",
                    np.arange(len(training), dtype=np.float64),
                    training,
                    held_out if len(held_out) == len(training) else None,
                )
            ],
            notes=notes,
            interrupted=bool(result.interrupted),
            signal_cut=0.5 if self.analysis_type == "Classification" else None,
        )

    def _answer(self, sample: TrainingSample) -> Any:
        if self.analysis_type == "Regression":
            return np.ascontiguousarray(sample.targets[:, 0], np.float64)
        if self.analysis_type == "Classification":
            return sample.is_signal.astype(np.int32)
        return np.ascontiguousarray(sample.class_index, np.int32)
