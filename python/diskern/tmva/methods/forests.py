"""Random forest, extra trees and AdaBoost on quantile bins as methods. TMVA's own trees are the method BDT."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from ._trees import TreeMethod, ranking
from .base import LearningCurve, Option, ProgressCallback, TrainedMethod, TrainingSample

_FOREST = _core.RandomForestParams()
_BOOST = _core.AdaBoostParams()
_SEPARATIONS = {
    "GiniIndex": _core.Criterion.gini,
    "CrossEntropy": _core.Criterion.entropy,
    "MisClassificationError": _core.Criterion.misclassification,
}
NEGATIVE_WEIGHTS = {
    "Keep": _core.NegativeWeights.keep,
    "IgnoreNegWeightsInTraining": _core.NegativeWeights.ignore,
    "NoNegWeightsInTraining": _core.NegativeWeights.error,
}
_LOSSES = {
    "Linear": _core.AdaBoostLoss.linear,
    "Quadratic": _core.AdaBoostLoss.square,
    "Exponential": _core.AdaBoostLoss.exponential,
}


def _separation(default: Any) -> Option:
    name = next(key for key, value in _SEPARATIONS.items() if value == default)
    return Option("SeparationType", "choice", name, "what a cut improves", choices=tuple(_SEPARATIONS))


def _negative(default: Any, words: str) -> Option:
    name = next(key for key, value in NEGATIVE_WEIGHTS.items() if value == default)
    return Option("NegWeightTreatment", "choice", name, words, choices=tuple(NEGATIVE_WEIGHTS))


class RandomForest(TreeMethod):
    """Random forest: bagged deep trees, each node cut on few variables. Classification, multiclass, regression.

    The same engine as ``RandomForestClassifier/Regressor``. The response is the share of signal in the leaves (of each
    class in multiclass, the mean target in regression). Ranking: decrease of the impurity by the cuts on each variable.
    """

    type_name: ClassVar[str] = "RandomForest"
    _random_cuts: ClassVar[bool] = False
    options: ClassVar[tuple[Option, ...]] = (
        Option("NTrees", "int", _FOREST.n_estimators, "trees"),
        Option("MaxDepth", "int", _FOREST.max_depth, "most cuts from the root to a leaf; 0: no limit"),
        Option("MaxLeafNodes", "int", _FOREST.max_leaf_nodes, "most leaves of a tree; 0: no limit"),
        Option("MinSamplesSplit", "float", _FOREST.min_samples_split, "fewest events in a node that is cut"),
        Option("MinSamplesLeaf", "float", _FOREST.min_samples_leaf, "fewest events in a leaf; weight w > 1 counts w"),
        Option("UseNvars", "int", 0, "variables that a node looks at; 0: the square root (regression: all), -1: all"),
        Option("UseBootstrap", "bool", True, "each tree draws each event a Poisson number of times, else at most once"),
        Option("BaggedSampleFraction", "float", _FOREST.max_samples, "fraction of the events of a tree"),
        _separation(_FOREST.criterion),
        Option("MaxBins", "int", _FOREST.max_bins, "most bins of values for a variable, 2 to 255"),
        _negative(_FOREST.negative_weights, "events of negative weight: counted as they are, left out, or refused"),
        Option("RandomSeed", "int", 1, "seed of the events and variables that are drawn"),
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
        values = self.values
        seed = self._random_seed()
        n_variables = sample.variables.shape[1]
        n_classes = self._classes(sample)
        wanted = values["UseNvars"]
        if not -1 <= wanted <= n_variables:
            raise InvalidArgument(f"UseNvars must be from -1 to the number of variables {n_variables}, got {wanted}")
        if wanted == 0:
            wanted = max(1, int(np.sqrt(n_variables))) if n_classes else -1
        params = _core.RandomForestParams()
        params.n_estimators = values["NTrees"]
        params.max_depth = values["MaxDepth"]
        params.max_leaf_nodes = values["MaxLeafNodes"]
        params.min_samples_split = values["MinSamplesSplit"]
        params.min_samples_leaf = values["MinSamplesLeaf"]
        params.max_features = max(wanted, 0)
        params.bootstrap = values["UseBootstrap"]
        params.max_samples = values["BaggedSampleFraction"]
        params.criterion = _SEPARATIONS[values["SeparationType"]]
        params.random_cuts = self._random_cuts
        params.max_bins = values["MaxBins"]
        params.negative_weights = NEGATIVE_WEIGHTS[values["NegWeightTreatment"]]
        result = _core.fit_random_forest(
            params,
            sample.variables,
            sample.weight,
            **self._answers(sample),
            n_classes=n_classes,
            threads=threads,
            seed=seed,
            progress=progress,
        )
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking(sample, result.feature_importances),
            interrupted=bool(result.interrupted),
            signal_cut=0.5 if self.analysis_type == "Classification" else None,
        )


class ExtraTrees(RandomForest):
    """Extremely randomised trees: one random cut for each variable that a node looks at.

    The same engine as ``ExtraTreesClassifier/Regressor``; options and response as those of RandomForest.
    """

    type_name: ClassVar[str] = "ExtraTrees"
    _random_cuts: ClassVar[bool] = True
    options: ClassVar[tuple[Option, ...]] = tuple(
        Option("UseBootstrap", "bool", False, option.description) if option.name == "UseBootstrap" else option
        for option in RandomForest.options
    )


class AdaBoost(TreeMethod):
    """AdaBoost of small trees on quantile bins: classification, multiclass (SAMME), regression (AdaBoost.R2).

    The same engine as ``AdaBoostTreesClassifier/Regressor`` with ``engine='histogram'``. The response is the weighted
    mean of the trees' answers, -1 .. 1, or the sum of half the logarithms of their odds (BoostType=RealAdaBoost).
    Ranking: decrease of the impurity by the cuts on each variable, times the weight of the tree.
    """

    type_name: ClassVar[str] = "AdaBoost"
    options: ClassVar[tuple[Option, ...]] = (
        Option("NTrees", "int", _BOOST.n_estimators, "most trees; boosting ends where one is no better than guessing"),
        Option("AdaBoostBeta", "float", _BOOST.learning_rate, "factor on the weight of each tree"),
        Option(
            "BoostType",
            "choice",
            "RealAdaBoost" if _BOOST.real else "AdaBoost",
            "leaves say their class, or half the logarithm of their odds",
            choices=("AdaBoost", "RealAdaBoost"),
        ),
        Option(
            "AdaBoostR2Loss",
            "choice",
            next(name for name, loss in _LOSSES.items() if loss == _BOOST.loss),
            "how deviations make the error of a tree of regression",
            choices=tuple(_LOSSES),
        ),
        _separation(_BOOST.criterion),
        Option("MaxDepth", "int", _BOOST.max_depth, "most cuts from the root to a leaf; 0: no limit"),
        Option(
            "MinNodeSize", "float", 100.0 * _BOOST.min_weight_fraction_leaf, "percent of the boosted weight in a leaf"
        ),
        Option("MaxBins", "int", _BOOST.max_bins, "most bins of values for a variable, 2 to 255"),
        _negative(_BOOST.negative_weights, "negative weights: kept and boosted inversely, left out, refused"),
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
        values = self.values
        params = _core.AdaBoostParams()
        params.n_estimators = values["NTrees"]
        params.learning_rate = values["AdaBoostBeta"]
        params.real = values["BoostType"] == "RealAdaBoost"
        params.loss = _LOSSES[values["AdaBoostR2Loss"]]
        params.criterion = _SEPARATIONS[values["SeparationType"]]
        params.max_depth = values["MaxDepth"]
        params.min_weight_fraction_leaf = values["MinNodeSize"] / 100.0
        params.max_bins = values["MaxBins"]
        params.negative_weights = NEGATIVE_WEIGHTS[values["NegWeightTreatment"]]
        result = _core.fit_ada_boost(
            params,
            sample.variables,
            sample.weight,
            **self._answers(sample),
            n_classes=self._classes(sample),
            threads=threads,
            progress=progress,
        )
        errors = np.asarray(result.error_fraction)
        notes = []
        if len(errors) < params.n_estimators and not result.interrupted:
            notes.append(
                f"boosting stopped after {len(errors)} of {params.n_estimators} trees: the error is {errors[-1]:.3g}"
            )
        return TrainedMethod(
            predictor=result.predictor,
            ranking_name="Variable Importance",
            ranking=ranking(sample, result.feature_gain),
            curves=[LearningCurve("error fraction", np.arange(1.0, len(errors) + 1), errors, None)],
            notes=notes,
            interrupted=bool(result.interrupted),
            signal_cut=0.0 if self.analysis_type == "Classification" else None,
        )
