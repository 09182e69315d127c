"""Boosted trees of Diskern and of its peers at equal settings.

Every trainer takes (events, labels, shape, threads) and gives a `Trained`: how to evaluate, and the seconds that its
library spent on binning (building its binned data set), which are part of the whole. The settings that decide the work
and the quality are the same for all: bins, learning rate, smallest sum of hessians in a leaf (1), L2 (1), no smallest
number of events, no sampling. What only decides speed is set as each library's manual recommends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diskern._rounds import limit_openmp

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]
Response = NDArray[Any]

MIN_HESSIAN = 1.0
L2 = 1.0
BINS = 255  # of values; XGBoost counts 256 with the one that the others keep for missing values


@dataclass(frozen=True)
class Shape:
    """Trees to train: `depth` alone means complete levels, `leaves` alone means the best leaf next."""

    trees: int
    depth: int = 0
    leaves: int = 0
    learning_rate: float = 0.1
    bins: int = BINS

    def __str__(self) -> str:
        size = f"depth {self.depth}" if self.depth else f"{self.leaves} leaves"
        return f"{self.trees} trees, {size}, learning rate {self.learning_rate:g}"


@dataclass(frozen=True)
class Trained:
    respond: Callable[[Matrix], Response]  # the signal probability of each event
    model: Any
    binning: float | None = None  # seconds


Trainer = Callable[[Matrix, Labels, Shape, int], Trained]


def _diskern_model(shape: Shape, threads: int, *, level_wise: bool) -> Any:
    from diskern import GradientBoostedTreesClassifier

    return GradientBoostedTreesClassifier(
        n_estimators=shape.trees,
        learning_rate=shape.learning_rate,
        max_leaf_nodes=shape.leaves or None,
        max_depth=shape.depth or None,
        grow_policy="depth_wise" if level_wise else "leaf_wise",
        min_samples_leaf=1,
        min_child_weight=MIN_HESSIAN,
        l2_regularization=L2,
        max_bins=shape.bins,
        early_stopping=False,
        n_jobs=threads,
        random_state=1,
    )


def _diskern(events: Matrix, labels: Labels, shape: Shape, threads: int, *, level_wise: bool) -> Trained:
    model = _diskern_model(shape, threads, level_wise=level_wise).fit(events, labels)
    return Trained(lambda x: np.asarray(model.predict_proba(x)[:, 1]), model)


def diskern_leaf_wise(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _diskern(events, labels, shape, threads, level_wise=False)


def diskern_level_wise(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _diskern(events, labels, shape, threads, level_wise=True)


def _xgboost(events: Matrix, labels: Labels, shape: Shape, threads: int, growth: dict[str, Any]) -> Trained:
    import xgboost

    begin = time.perf_counter()
    data = xgboost.QuantileDMatrix(events, labels, max_bin=shape.bins + 1, nthread=threads)
    binning = time.perf_counter() - begin
    settings = {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_bin": shape.bins + 1,
        "eta": shape.learning_rate,
        "min_child_weight": MIN_HESSIAN,
        "lambda": L2,
        "nthread": threads,
        "verbosity": 1,
    }
    booster = xgboost.train(settings | growth, data, shape.trees)
    return Trained(booster.inplace_predict, booster, binning)


def xgboost_level_wise(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _xgboost(events, labels, shape, threads, {"grow_policy": "depthwise", "max_depth": shape.depth})


def xgboost_leaf_wise(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    growth = {"grow_policy": "lossguide", "max_depth": shape.depth, "max_leaves": shape.leaves}
    return _xgboost(events, labels, shape, threads, growth)


def _lightgbm(events: Matrix, labels: Labels, shape: Shape, threads: int, **more: Any) -> Trained:
    import lightgbm

    common = {
        "max_bin": shape.bins,
        "num_threads": threads,
        "force_row_wise": True,  # the faster layout on these samples, and no trial of both
        "min_data_in_leaf": 0,
        "feature_pre_filter": False,
        "verbose": -1,
    }
    begin = time.perf_counter()
    data = lightgbm.Dataset(events, labels, params=common).construct()
    binning = time.perf_counter() - begin
    settings = {
        "objective": "binary",
        "learning_rate": shape.learning_rate,
        "num_leaves": shape.leaves or 2**shape.depth,
        "max_depth": shape.depth or -1,
        "min_sum_hessian_in_leaf": MIN_HESSIAN,
        "lambda_l2": L2,
    }
    booster = lightgbm.train(common | settings | more, data, shape.trees)
    return Trained(lambda x: booster.predict(x, num_threads=threads), booster, binning)


def lightgbm_plain(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _lightgbm(events, labels, shape, threads)


def lightgbm_quantized(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _lightgbm(events, labels, shape, threads, use_quantized_grad=True)


def _catboost(events: Matrix, labels: Labels, shape: Shape, threads: int, policy: str) -> Trained:
    import catboost

    begin = time.perf_counter()
    data = catboost.Pool(events, labels, thread_count=threads)
    data.quantize(border_count=shape.bins - 1, task_type="CPU")
    binning = time.perf_counter() - begin
    model = catboost.CatBoostClassifier(
        iterations=shape.trees,
        learning_rate=shape.learning_rate,
        depth=shape.depth,
        grow_policy=policy,
        l2_leaf_reg=L2,
        border_count=shape.bins - 1,
        boosting_type="Plain",
        bootstrap_type="No",
        leaf_estimation_iterations=1,
        thread_count=threads,
        random_seed=1,
        allow_writing_files=False,
        verbose=False,
    ).fit(data)
    return Trained(lambda x: model.predict_proba(x, thread_count=threads)[:, 1], model, binning)


def catboost_symmetric(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _catboost(events, labels, shape, threads, "SymmetricTree")


def catboost_level_wise(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    return _catboost(events, labels, shape, threads, "Depthwise")


def sklearn(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_iter=shape.trees,
        learning_rate=shape.learning_rate,
        max_leaf_nodes=shape.leaves or 2**shape.depth,
        max_depth=shape.depth or None,
        min_samples_leaf=1,
        l2_regularization=L2,
        max_bins=shape.bins,
        early_stopping=False,
        random_state=1,
    )
    limit_openmp(threads, lambda: model.fit(events, labels))
    return Trained(lambda x: limit_openmp(threads, lambda: model.predict_proba(x)[:, 1]), model)


# name, distribution, what is particular about its settings, trainer
Peer = tuple[str, str, str, Trainer]

LEAF_WISE: tuple[Peer, ...] = (
    ("diskern", "", "grow_policy leaf_wise", diskern_leaf_wise),
    ("lightgbm", "lightgbm", "force_row_wise", lightgbm_plain),
    ("lightgbm quantized", "lightgbm", "force_row_wise, use_quantized_grad", lightgbm_quantized),
    ("xgboost lossguide", "xgboost", "hist, QuantileDMatrix, lossguide", xgboost_leaf_wise),
    ("scikit-learn", "scikit-learn", "HistGradientBoostingClassifier", sklearn),
)

LEVEL_WISE: tuple[Peer, ...] = (
    ("diskern", "", "grow_policy depth_wise", diskern_level_wise),
    ("xgboost depthwise", "xgboost", "hist, QuantileDMatrix, depthwise", xgboost_level_wise),
    ("catboost depthwise", "catboost", "Plain, no bootstrap, Depthwise, one Newton step", catboost_level_wise),
)

# One cut for a whole level: other trees than the rest grow, so it stands apart.
SYMMETRIC: tuple[Peer, ...] = (
    ("catboost symmetric", "catboost", "Plain, no bootstrap, SymmetricTree, one Newton step", catboost_symmetric),
)

DISTRIBUTIONS = (
    "numpy",
    "scikit-learn",
    "xgboost",
    "lightgbm",
    "catboost",
    "onnxruntime",
    "onnxmltools",
    "treelite",
    "tl2cgen",
    "lleaves",
)
