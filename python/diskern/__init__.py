"""Diskern discerns signal from background: TMVA's workflow without ROOT."""

from __future__ import annotations

import importlib
from typing import Any

from ._version import __version__

# Public names, imported on first use so that `import diskern` stays light and works without scikit-learn.
_LAZY: dict[str, str] = {
    "AdaBoostTreesClassifier": ".estimators.adaboost",
    "AdaBoostTreesRegressor": ".estimators.adaboost",
    "Autoencoder": ".estimators.autoencoder",
    "BaggingTreesClassifier": ".estimators.random_forest",
    "BaggingTreesRegressor": ".estimators.random_forest",
    "CLUE": ".estimators.clue",
    "DBSCAN": ".estimators.dbscan",
    "DecisionTreeClassifier": ".estimators.decision_tree",
    "DecisionTreeRegressor": ".estimators.decision_tree",
    "DeviceError": "._core",
    "Error": "._core",
    "ExtraTreesClassifier": ".estimators.random_forest",
    "ExtraTreesRegressor": ".estimators.random_forest",
    "FormatError": "._core",
    "FisherClassifier": ".estimators.fisher",
    "FlatGradientBoostedTreesClassifier": ".estimators.flat_gradient_boosted_trees",
    "GaussianMixture": ".estimators.gaussian_mixture",
    "GenerativeAdversarialNetwork": ".estimators.generative_adversarial_network",
    "GradientBoostedTreesClassifier": ".estimators.gradient_boosted_trees",
    "GradientBoostedTreesRegressor": ".estimators.gradient_boosted_trees",
    "GraphNetwork": ".estimators.graph_network",
    "InvalidArgument": "._core",
    "KFoldClassifier": ".estimators.folds",
    "KFoldRegressor": ".estimators.folds",
    "KMeans": ".estimators.kmeans",
    "KNeighborsClassifier": ".estimators.neighbours",
    "KNeighborsRegressor": ".estimators.neighbours",
    "LinearDiscriminantClassifier": ".estimators.fisher",
    "LinearDiscriminantRegressor": ".estimators.fisher",
    "LinearRegression": ".estimators.logistic",
    "LogisticRegression": ".estimators.logistic",
    "MiniBatchKMeans": ".estimators.mini_batch_kmeans",
    "Model": ".model",
    "NearestNeighbors": ".estimators.neighbours",
    "NetworkClassifier": ".estimators.network",
    "NetworkRegressor": ".estimators.network",
    "PCA": ".estimators.pca",
    "RandomForestClassifier": ".estimators.random_forest",
    "RandomForestRegressor": ".estimators.random_forest",
    "RuleFitClassifier": ".estimators.rule_fit",
    "UBoostClassifier": ".estimators.uboost",
    "from_lightgbm": ".foreign",
    "from_sklearn": ".foreign",
    "from_xgboost": ".foreign",
    "get_cmake_dir": "._paths",
    "get_include": "._paths",
    "load": ".model",
}

_SUBMODULES = ("ROOT", "data", "datasets", "evaluation", "inspection", "networks", "plotting", "report", "tmva")

__all__ = ["__version__", *sorted(_LAZY), *_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name], __name__), name)
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
