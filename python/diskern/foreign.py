"""Trained forests of other libraries as Diskern models: scikit-learn, XGBoost, LightGBM."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from .model import InvalidArgument, Model

Tree = dict[str, Any]


def _model(
    forest: _core.Forest,
    estimator: Any,
    names: Sequence[str],
    analysis_type: str,
    classes: Sequence[Any] = (),
    options: Sequence[tuple[str, Any]] = (),
) -> Model:
    title = type(estimator).__name__
    labels = [str(name) for name in classes]
    info = {
        "method": "BDT",
        "title": title,
        "analysis_type": analysis_type,
        "variables": [
            {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for name in names
        ],
        "classes": labels,
        "signal_class": 1 if len(labels) == 2 else 0,
        "options": [[key, str(value)] for key, value in options],
        "provenance": [["format", f"scikit-learn {title}"], ["scikit-learn release", _release("sklearn")]],
    }
    return Model(_core.Model(info, None, forest))


def _release(module: str) -> str:
    return str(importlib.import_module(module).__version__)


def _names(estimator: Any) -> list[str]:
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{i}" for i in range(int(estimator.n_features_in_))]
    return [str(name) for name in names]


# ---- trees


def _above(threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """scikit-learn sends x > threshold right, Diskern x >= threshold: the next float64 makes them the same."""
    return np.nextafter(threshold, np.inf)


def _splits(
    leaf: NDArray[np.bool_],
    feature: NDArray[Any],
    threshold: NDArray[Any],
    left: NDArray[Any],
    right: NDArray[Any],
    missing_left: NDArray[Any],
) -> Tree:
    """The arrays of a tree whose events go left where x <= threshold."""
    limit = np.asarray(threshold, np.float64)
    missing_right = ~leaf & (missing_left == 0)
    # A threshold of infinity separates missing values from all others: every number is >= -infinity, so the daughters
    # change places.
    only_missing = ~leaf & np.isposinf(limit)
    return {
        "feature": np.where(leaf, -1, feature.astype(np.int64)).astype(np.int32),
        "threshold": np.where(leaf, 0.0, np.where(only_missing, -np.inf, _above(limit))),
        "left": np.where(leaf, -1, np.where(only_missing, right, left).astype(np.int64)).astype(np.int32),
        "right": np.where(leaf, -1, np.where(only_missing, left, right).astype(np.int64)).astype(np.int32),
        "missing_right": (missing_right ^ only_missing).astype(np.uint8),
    }


def _tree(tree: Any, value: NDArray[np.float64]) -> Tree:
    """Arrays of a ``sklearn.tree._tree.Tree`` with the given value for every node."""
    leaf = np.asarray(tree.children_left) < 0
    missing_left = np.asarray(getattr(tree, "missing_go_to_left", np.zeros(len(leaf), np.uint8)))
    splits = _splits(leaf, tree.feature, tree.threshold, tree.children_left, tree.children_right, missing_left)
    weight = np.asarray(tree.weighted_n_node_samples, np.float64)
    return {**splits, "value": np.ascontiguousarray(value, np.float64), "weight": weight}


def _class_fractions(tree: Any) -> NDArray[np.float64]:
    """What fraction of every node each class has, of shape (nodes, classes); counts before scikit-learn 1.3."""
    values = np.asarray(tree.value, np.float64)[:, 0, :]
    total = values.sum(axis=1, keepdims=True)
    return np.asarray(values / np.where(total == 0, 1.0, total), np.float64)


def _histogram_tree(nodes: Any) -> Tree:
    """Arrays of a predictor of HistGradientBoosting."""
    if np.any(nodes["is_categorical"]):
        raise InvalidArgument(
            "a HistGradientBoosting model with categorical splits is not read; encode the categories as numbers or "
            "train with categorical_features=None"
        )
    leaf = nodes["is_leaf"].astype(bool)
    splits = _splits(
        leaf, nodes["feature_idx"], nodes["num_threshold"], nodes["left"], nodes["right"], nodes["missing_go_to_left"]
    )
    return {
        **splits,
        "value": nodes["value"].astype(np.float64),
        "weight": nodes["count"].astype(np.float64),
        "gain": np.where(leaf, 0.0, nodes["gain"]).astype(np.float64),
    }


# ---- estimators


def _averaged(estimator: Any, trees: Sequence[Any]) -> Model:
    """Forests and single trees, whose responses are means over the trees."""
    names = _names(estimator)
    outputs = int(estimator.n_outputs_)
    if not hasattr(estimator, "classes_"):
        arrays = [_tree(t, t.value[:, k, 0]) for t in trees for k in range(outputs)]
        forest = _core.Forest(len(names), arrays, n_outputs=outputs, aggregation=_core.Aggregation.weighted_mean)
        return _model(forest, estimator, names, "Regression")
    if outputs != 1:
        raise InvalidArgument(f"a {type(estimator).__name__} for {outputs} labels at once is not read, expected one")
    classes = list(estimator.classes_)
    if len(classes) < 2:
        raise InvalidArgument(f"the {type(estimator).__name__} knows one class only, {classes[0]!r}")
    fractions = [_class_fractions(tree) for tree in trees]
    columns = [1] if len(classes) == 2 else range(len(classes))
    arrays = [_tree(t, f[:, k]) for t, f in zip(trees, fractions, strict=True) for k in columns]
    forest = _core.Forest(len(names), arrays, n_outputs=len(columns), aggregation=_core.Aggregation.weighted_mean)
    return _model(forest, estimator, names, _classification(classes), classes)


def _classification(classes: Sequence[Any]) -> str:
    return "Classification" if len(classes) == 2 else "Multiclass"


def _single_tree(estimator: Any) -> Model:
    return _averaged(estimator, [estimator.tree_])


def _forest(estimator: Any) -> Model:
    return _averaged(estimator, [one.tree_ for one in estimator.estimators_])


def _gradient_boosting(estimator: Any) -> Model:
    names = _names(estimator)
    stages = np.asarray(estimator.estimators_, dtype=object)
    outputs = stages.shape[1]
    init = estimator.init_
    if not isinstance(init, str) and type(init).__name__ not in ("DummyClassifier", "DummyRegressor"):
        raise InvalidArgument(
            f"init={type(init).__name__} of the {type(estimator).__name__} depends on the event, which is not read; "
            "init=None and init='zero' are"
        )
    start = np.asarray(estimator._raw_predict_init(np.zeros((1, len(names)), np.float32)), np.float64)[0]
    classes = list(getattr(estimator, "classes_", ()))
    loss = str(estimator.loss)
    link = _core.Link.identity
    factor = 1.0
    if classes:
        link = _core.Link.softmax if outputs > 1 else _core.Link.logistic
        factor = 2.0 if loss == "exponential" else 1.0  # the probability is 1 / (1 + exp(-2 F)) there
    trees = [one.tree_ for stage in stages for one in stage]
    forest = _core.Forest(
        len(names),
        [_tree(tree, tree.value[:, 0, 0]) for tree in trees],
        tree_weight=[factor * float(estimator.learning_rate)] * len(trees),
        n_outputs=outputs,
        base_score=[factor * float(value) for value in start],
        link=link,
    )
    analysis_type = _classification(classes) if classes else "Regression"
    return _model(forest, estimator, names, analysis_type, classes, [("loss", loss)])


_HISTOGRAM_LINKS = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "quantile": "identity",
    "poisson": "exponential",
    "gamma": "exponential",
}


def _histogram_gradient_boosting(estimator: Any) -> Model:
    names = _names(estimator)
    classes = list(getattr(estimator, "classes_", ()))
    loss = str(estimator.loss)
    outputs = int(estimator.n_trees_per_iteration_)
    if classes:
        link = "softmax" if outputs > 1 else "logistic"
    elif loss in _HISTOGRAM_LINKS:
        link = _HISTOGRAM_LINKS[loss]
    else:
        known = ", ".join(sorted(_HISTOGRAM_LINKS))
        raise InvalidArgument(f"loss {loss!r} of the {type(estimator).__name__} is not read; {known} are")
    if getattr(estimator, "_preprocessor", None) is not None:
        raise InvalidArgument(
            f"the {type(estimator).__name__} encodes categorical columns before its trees see them, which is not read"
        )
    forest = _core.Forest(
        len(names),
        [_histogram_tree(one.nodes) for stage in estimator._predictors for one in stage],
        n_outputs=outputs,
        base_score=[float(value) for value in np.ravel(estimator._baseline_prediction)],
        link=getattr(_core.Link, link),
    )
    analysis_type = _classification(classes) if classes else "Regression"
    return _model(forest, estimator, names, analysis_type, classes, [("loss", loss)])


def _adaboost_classifier(estimator: Any) -> Model:
    names = _names(estimator)
    algorithm = getattr(estimator, "algorithm", "SAMME")
    if algorithm not in ("SAMME", "deprecated"):
        raise InvalidArgument(f"algorithm={algorithm!r} of AdaBoostClassifier is not read; SAMME is")
    classes = list(estimator.classes_)
    n_classes = len(classes)
    weights = [float(weight) for weight in estimator.estimator_weights_[: len(estimator.estimators_)]]
    arrays: list[Tree] = []
    for one in estimator.estimators_:
        if not hasattr(one, "tree_"):
            raise InvalidArgument(f"AdaBoostClassifier of {type(one).__name__} is not read; that of decision trees is")
        # The class that a leaf votes for, among all classes: a tree may have seen some of them only.
        voted = one.classes_[np.argmax(one.tree_.value[:, 0, :], axis=1)]
        if n_classes == 2:
            arrays.append(_tree(one.tree_, np.where(voted == classes[1], 2.0, -2.0)))
            continue
        for name in classes:
            vote = np.where(voted == name, 1.0, -1.0 / (n_classes - 1))
            arrays.append(_tree(one.tree_, vote / (n_classes - 1)))
    outputs = 1 if n_classes == 2 else n_classes
    forest = _core.Forest(
        len(names),
        arrays,
        tree_weight=[weight for weight in weights for _ in range(outputs)],
        n_outputs=outputs,
        aggregation=_core.Aggregation.weighted_mean,
        link=_core.Link.logistic if n_classes == 2 else _core.Link.softmax,
    )
    return _model(forest, estimator, names, _classification(classes), classes)


def _adaboost_regressor(estimator: Any) -> Model:
    names = _names(estimator)
    trees = list(estimator.estimators_)
    for one in trees:
        if not hasattr(one, "tree_"):
            raise InvalidArgument(f"AdaBoostRegressor of {type(one).__name__} is not read; that of decision trees is")
    forest = _core.Forest(
        len(names),
        [_tree(one.tree_, one.tree_.value[:, 0, 0]) for one in trees],
        tree_weight=[float(weight) for weight in estimator.estimator_weights_[: len(trees)]],
        aggregation=_core.Aggregation.median_leaf,
    )
    return _model(forest, estimator, names, "Regression")


_READERS: dict[str, Callable[[Any], Model]] = {
    "AdaBoostClassifier": _adaboost_classifier,
    "AdaBoostRegressor": _adaboost_regressor,
    "DecisionTreeClassifier": _single_tree,
    "DecisionTreeRegressor": _single_tree,
    "ExtraTreeClassifier": _single_tree,
    "ExtraTreeRegressor": _single_tree,
    "ExtraTreesClassifier": _forest,
    "ExtraTreesRegressor": _forest,
    "GradientBoostingClassifier": _gradient_boosting,
    "GradientBoostingRegressor": _gradient_boosting,
    "HistGradientBoostingClassifier": _histogram_gradient_boosting,
    "HistGradientBoostingRegressor": _histogram_gradient_boosting,
    "RandomForestClassifier": _forest,
    "RandomForestRegressor": _forest,
}


def from_sklearn(estimator: Any) -> Model:
    """A fitted tree estimator of scikit-learn as a model.

    Parameters
    ----------
    estimator : fitted estimator
        ``AdaBoost`` (of decision trees; for classification SAMME), ``DecisionTree``, ``ExtraTree``, ``ExtraTrees``,
        ``GradientBoosting``, ``HistGradientBoosting``, ``RandomForest``, each for classification and regression.

    Returns
    -------
    Model
        Responses are ``predict`` of regressors and ``predict_proba`` of classifiers: the probability of the second
        class for two classes (it counts as signal), else of every class. Every event whose variables are float32
        reaches the leaves that it reaches in scikit-learn, NaN included; the sums are float64. HistGradientBoosting
        compares float64 variables, which are rounded to float32 here first.

    Raises
    ------
    InvalidArgument
        The estimator is of another kind, not fitted, or uses what is not read (the message says what): categorical
        splits, an ``init`` estimator, several labels at once, other weak learners than trees.
    """
    kinds = [kind.__name__ for kind in type(estimator).__mro__ if kind.__module__.startswith("sklearn.")]
    reader = next((_READERS[kind] for kind in kinds if kind in _READERS), None)
    if reader is None:
        raise InvalidArgument(
            f"estimator must be a tree estimator of scikit-learn, got {type(estimator).__name__}; read are "
            f"{', '.join(sorted(_READERS))}"
        )
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise InvalidArgument(f"estimator is not fitted: {error}") from None
    return reader(estimator)


def _with_classes(model: Model, classes: Iterable[Any] | None) -> Model:
    """The model with the class names that a scikit-learn wrapper keeps beside its booster."""
    names = [] if classes is None else [str(name) for name in classes]
    if len(names) != len(model.classes):
        return model
    info = dict(model.info, classes=names)
    if model.analysis_type == "Multiclass":
        info["outputs"] = names
    return Model(_core.Model(info, None, model.predictor))


def from_xgboost(booster: Any) -> Model:
    """A trained model of XGBoost as a model.

    Parameters
    ----------
    booster : ``xgboost.Booster`` or ``xgboost.XGBModel``
        All trees of a Booster are taken, as ``Booster.predict`` does; of a scikit-learn wrapper with early stopping the
        trees up to the best iteration, as its ``predict`` does.

    Returns
    -------
    Model
        What ``load`` makes of a file of ``save_model``; the wrapper's class names are kept.

    Raises
    ------
    InvalidArgument
        It is no model of XGBoost, or its value for missing events is not NaN.
    FormatError
        It is what is not read; the message says what.
    """
    classes = None
    trained = booster
    if hasattr(booster, "get_booster"):
        missing = booster.missing
        if missing is not None and not np.isnan(missing):
            raise InvalidArgument(f"the model takes {missing} as missing; only NaN is missing in a model here")
        trained = booster.get_booster()
        if trained.attr("best_iteration") is not None:
            trained = trained[: int(trained.attr("best_iteration")) + 1]
        classes = getattr(booster, "classes_", None)
    if not hasattr(trained, "save_raw"):
        raise InvalidArgument(f"booster must be a Booster or XGBModel of XGBoost, got {type(booster).__name__}")
    return _with_classes(Model(bytes(trained.save_raw("json"))), classes)


def from_lightgbm(booster: Any) -> Model:
    """A trained model of LightGBM as a model.

    Parameters
    ----------
    booster : ``lightgbm.Booster`` or ``lightgbm.LGBMModel``
        The trees up to the best iteration where there was early stopping, as ``predict`` and ``save_model`` take them.

    Returns
    -------
    Model
        What ``load`` makes of a file of ``save_model``; the wrapper's class names are kept.

    Raises
    ------
    InvalidArgument
        It is no model of LightGBM.
    FormatError
        It is what is not read; the message says what.
    """
    trained = getattr(booster, "booster_", booster)
    if not hasattr(trained, "model_to_string"):
        raise InvalidArgument(f"booster must be a Booster or LGBMModel of LightGBM, got {type(booster).__name__}")
    return _with_classes(Model(trained.model_to_string().encode()), getattr(booster, "classes_", None))
