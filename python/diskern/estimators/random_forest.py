"""Random forests, extra trees and bagged trees on quantile bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy
from ._base import ClassifierBase, Estimator, InvalidArgument, RegressorBase
from ._choices import CRITERIA, negative_policy, set_values
from ._class_weight import class_factors
from ._inspection import ClassifierTreeInspection, TreeInspection

_DEFAULTS = _core.RandomForestParams()
_NEGATIVE = cast(NegativePolicy, _DEFAULTS.negative_weights.name)

_CRITERION = """    criterion : {'gini', 'entropy', 'misclassification'}
        What a cut improves: sum of p(1-p), -sum of p log2 p (cross-entropy), or 1 - the largest p, over the classes.
"""
_CLASS_WEIGHT = """    class_weight : dict, 'balanced' or None
        Factor on the weights of each class; 'balanced' gives every class the same sum of weights.
"""
_MAX_FEATURES = """    max_features : 'sqrt', 'log2', int, float or None
        Variables that each node looks at, drawn anew: their number, a fraction of all, or all (None). A node looks at
        more until one of them can be cut.
"""
_PARAMETERS = """
    Parameters
    ----------
    n_estimators : int
        Trees.
{criterion}    max_depth : int or None
        Most cuts from the root to a leaf; None: no limit.
    min_samples_split, min_samples_leaf : float
        Fewest events in a node that is cut, and in a leaf. An event of weight above one counts as often as its weight
        says.
    min_weight_fraction_leaf : float
        Smallest sum of weights in a leaf, as a fraction of that of the tree's events.
{max_features}    max_leaf_nodes : int or None
        Most leaves of a tree, of which the one of the largest decrease is cut next; None: no limit.
    min_impurity_decrease : float
        Smallest decrease of the impurity by a cut, times the node's share of the sum of weights.
    max_bins : int
        Most bins of values for a variable, 2 to 255; missing values have one more.
    bootstrap : bool
        True: each tree draws each event a Poisson number of times, of mean ``max_samples``; False: each tree takes
        every event, or with ``max_samples`` below one each event with that probability.
    max_samples : int, float or None
        Events of a tree: their expected number (at least one), a fraction, or as many as there are (None).
    oob_score : bool
        Also score the events by the trees that have not seen them.
{class_weight}    negative_weights : {{'keep', 'ignore', 'error'}}
        'keep': events of negative weight count as they are, both sides of a cut need a positive sum of weights, and a
        class of negative sum counts as absent; 'ignore': they are left out of the training; 'error': they are refused.
    n_jobs : int or None
        Threads, each growing trees; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
        Seed of the events and variables that are drawn.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    feature_importances_ : float64 array of shape (variables,)
        Decrease of the impurity by the cuts on each variable, normalised to one for each tree and on the whole.
    oob_score_ : float
        With ``oob_score``: {oob}
    {oob_name} : float64 array of shape {oob_shape}
        With ``oob_score``: mean of the trees that have not seen the event; NaN where there is none.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the trees that were finished are kept.
    n_features_in_ : int
    feature_names_in_ : array of str, where the events had names

    Notes
    -----
    NaN is a missing value and goes to the side of each cut that training found better; infinities are values. Variables
    are float32 and cut at the edges of quantile bins. Sums are integers, so that neither threads nor the order of sums
    change a bit of the model. Without ``bootstrap`` and drawn variables an event of integer weight k is the same as k
    events. {source}
"""


def _docs(*, classifier: bool, max_features: bool, source: str) -> str:
    return _PARAMETERS.format(
        criterion=_CRITERION if classifier else "",
        max_features=_MAX_FEATURES if max_features else "",
        class_weight=_CLASS_WEIGHT if classifier else "",
        oob="weighted accuracy on such events." if classifier else "weighted R^2 on such events.",
        oob_name="oob_decision_function_" if classifier else "oob_prediction_",
        oob_shape="(events, classes)" if classifier else "(events,)",
        source=source,
    )


_FOREST = "Breiman, Machine Learning 45 (2001) 5."
_EXTRA = """The cut of a variable is uniform in value between the outermost edges of
    bins inside the node. Geurts, Ernst and Wehenkel, Machine Learning 63 (2006) 3."""
_BAGGING = "Breiman, Machine Learning 24 (1996) 123; without ``bootstrap``: Machine Learning 36 (1999) 85."


class _Forest(Estimator):
    """Parameters and training, common to all."""

    _allow_missing: ClassVar[bool] = True
    _allow_infinite: ClassVar[bool] = True
    _any_layout: ClassVar[bool] = True
    _fits_any_order: ClassVar[bool] = True
    _random_cuts: ClassVar[bool] = False

    predictor_: _core.Forest
    feature_importances_: NDArray[np.float64]
    oob_score_: float

    n_estimators: int
    criterion: str
    max_depth: int | None
    min_samples_split: float
    min_samples_leaf: float
    min_weight_fraction_leaf: float
    max_features: int | float | str | None
    max_leaf_nodes: int | None
    min_impurity_decrease: float
    max_bins: int
    bootstrap: Any
    max_samples: int | float | None
    oob_score: Any
    class_weight: Mapping[Any, float] | Literal["balanced"] | None
    negative_weights: NegativePolicy

    def _set_trees(
        self,
        n_estimators: int,
        max_depth: int | None,
        min_samples_split: float,
        min_samples_leaf: float,
        min_weight_fraction_leaf: float,
        max_leaf_nodes: int | None,
        min_impurity_decrease: float,
        max_bins: int,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.max_bins = max_bins

    def _set_sampling(
        self,
        bootstrap: bool,
        max_samples: float | None,
        oob_score: bool,
        negative_weights: NegativePolicy,
        n_jobs: int | None,
        random_state: Any,
        verbose: int,
    ) -> None:
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _feature_count(self, n_variables: int) -> int:
        """max_features as a number, 0 for all."""
        wanted = getattr(self, "max_features", None)
        if wanted is None:
            return 0
        if isinstance(wanted, str):
            if wanted == "sqrt":
                return max(1, int(np.sqrt(n_variables)))
            if wanted == "log2":
                return max(1, int(np.log2(n_variables)))
        elif isinstance(wanted, int | np.integer) and not isinstance(wanted, bool):
            if 1 <= wanted <= n_variables:
                return int(wanted)
        elif isinstance(wanted, float | np.floating) and 0.0 < wanted <= 1.0:
            return max(1, int(wanted * n_variables))
        raise InvalidArgument(
            "max_features must be 'sqrt', 'log2', an integer from 1 to the number of variables "
            f"({n_variables}), a fraction above 0 and at most 1.0, or None, got {wanted!r}"
        )

    def _sample_fraction(self, n_events: int) -> float:
        wanted = self.max_samples
        if wanted is None:
            return 1.0
        if isinstance(wanted, int | np.integer) and not isinstance(wanted, bool):
            if 1 <= wanted <= n_events:
                return int(wanted) / n_events
        elif isinstance(wanted, float | np.floating) and 0.0 < wanted <= 1.0:
            return float(wanted)
        raise InvalidArgument(
            f"max_samples must be an integer from 1 to the number of events ({n_events}), a fraction above 0 and at "
            f"most 1.0, or None, got {wanted!r}"
        )

    def _params(self) -> _core.RandomForestParams:
        """Everything that does not need the events."""
        policy = negative_policy(self.negative_weights)
        criterion = getattr(self, "criterion", "gini")
        if criterion not in CRITERIA:
            raise InvalidArgument(f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}")
        for name, flag in (("bootstrap", self.bootstrap), ("oob_score", self.oob_score)):
            if not isinstance(flag, bool | np.bool_):
                raise InvalidArgument(f"{name} must be True or False, got {flag!r}")
        params = _core.RandomForestParams()
        values: dict[str, Any] = {
            "n_estimators": self.n_estimators,
            "min_samples_split": self.min_samples_split,
            "min_samples_leaf": self.min_samples_leaf,
            "min_weight_fraction_leaf": self.min_weight_fraction_leaf,
            "min_impurity_decrease": self.min_impurity_decrease,
            "max_bins": self.max_bins,
        }
        for name, limit in (("max_depth", self.max_depth), ("max_leaf_nodes", self.max_leaf_nodes)):
            if limit is None:
                continue  # the core's 0: no limit
            if limit == 0:
                raise InvalidArgument(f"{name} must be a positive integer or None, got 0")
            values[name] = limit
        set_values(params, values)
        params.criterion = CRITERIA[criterion]
        params.bootstrap = bool(self.bootstrap)
        params.out_of_bag = bool(self.oob_score)
        params.random_cuts = self._random_cuts
        params.negative_weights = policy
        return params

    def _train(
        self, events: NDArray[np.float32], answer: NDArray[Any], weight: NDArray[np.float64], n_classes: int
    ) -> NDArray[np.float64] | None:
        """Fit; returns the out-of-bag responses, (events, outputs) with NaN where there are none, if asked for."""
        params = self._params()
        params.max_features = self._feature_count(events.shape[1])
        params.max_samples = self._sample_fraction(len(events))
        result = _core.fit_random_forest(
            params,
            events,
            weight,
            class_index=answer if n_classes else None,
            target=None if n_classes else answer,
            n_classes=n_classes,
            threads=self._threads(),
            seed=self._seed(),
            progress=self._progress(),
        )
        self.feature_importances_ = np.asarray(result.feature_importances)
        responses = None
        if params.out_of_bag:
            used = weight > 0 if self.negative_weights == "ignore" else weight != 0
            outputs = result.predictor.output_count
            responses = np.full((len(events), outputs), np.nan)
            responses[used] = result.out_of_bag.reshape(-1, outputs)
        self._finish_fit(result.predictor, result.interrupted)
        return responses


class _ForestClassifier(ClassifierTreeInspection, ClassifierBase, _Forest):
    oob_decision_function_: NDArray[np.float64]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Class labels.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the trees that were finished are held and ``interrupted_`` is True.
        """
        self._params()  # wrong parameters are told before long work on the events
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        factors = class_factors(self.class_weight, self.classes_, class_index, weight)
        training_weight = weight if factors is None else weight * factors[class_index]
        responses = self._train(events, class_index, training_weight, len(self.classes_))
        if responses is not None:
            shares = np.hstack([1.0 - responses, responses]) if len(self.classes_) == 2 else responses
            self.oob_decision_function_ = shares
            seen = ~np.isnan(shares[:, 0])
            right = shares[seen].argmax(axis=1) == class_index[seen]
            total = weight[seen].sum()
            self.oob_score_ = float((right * weight[seen]).sum() / total) if total > 0 else float("nan")
        return self

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = self._responses(events)
        return shares[:, 0] - 0.5 if len(self.classes_) == 2 else shares

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = self._responses(events)
        return np.hstack([1.0 - shares, shares]) if len(self.classes_) == 2 else shares


class _ForestRegressor(TreeInspection, RegressorBase, _Forest):
    oob_prediction_: NDArray[np.float64]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Targets.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the trees that were finished are held and ``interrupted_`` is True.
        """
        self._params()
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        responses = self._train(events, target, weight, 0)
        if responses is not None:
            self.oob_prediction_ = responses[:, 0]
            seen = ~np.isnan(self.oob_prediction_)
            w, t = weight[seen], target[seen]
            spread = (w * (t - np.average(t, weights=w)) ** 2).sum() if w.sum() != 0 else 0.0
            residual = (w * (t - self.oob_prediction_[seen]) ** 2).sum()
            self.oob_score_ = float(1.0 - residual / spread) if spread > 0 else float("nan")
        return self


class RandomForestClassifier(_ForestClassifier):
    __doc__ = f"""Random forest that tells classes apart: bagged deep trees, each node cut on few variables.
{_docs(classifier=True, max_features=True, source=_FOREST)}"""
    _method_name: ClassVar[str] = "RandomForest"

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        criterion: Literal["gini", "entropy", "misclassification"] = "gini",
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_features: int | float | str | None = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = True,
        max_samples: float | None = None,
        oob_score: bool = False,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self.criterion = criterion
        self.max_features = max_features
        self.class_weight = class_weight
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)


class RandomForestRegressor(_ForestRegressor):
    __doc__ = f"""Random forest that estimates a number.
{_docs(classifier=False, max_features=True, source=_FOREST)}"""
    _method_name: ClassVar[str] = "RandomForest"

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_features: int | float | str | None = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = True,
        max_samples: float | None = None,
        oob_score: bool = False,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self.max_features = max_features
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)


class ExtraTreesClassifier(_ForestClassifier):
    __doc__ = f"""Extremely randomised trees that tell classes apart: one random cut for each variable of a node.
{_docs(classifier=True, max_features=True, source=_EXTRA)}"""
    _method_name: ClassVar[str] = "ExtraTrees"
    _random_cuts: ClassVar[bool] = True

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        criterion: Literal["gini", "entropy", "misclassification"] = "gini",
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_features: int | float | str | None = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = False,
        max_samples: float | None = None,
        oob_score: bool = False,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self.criterion = criterion
        self.max_features = max_features
        self.class_weight = class_weight
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)


class ExtraTreesRegressor(_ForestRegressor):
    __doc__ = f"""Extremely randomised trees that estimate a number.
{_docs(classifier=False, max_features=True, source=_EXTRA)}"""
    _method_name: ClassVar[str] = "ExtraTrees"
    _random_cuts: ClassVar[bool] = True

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_features: int | float | str | None = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = False,
        max_samples: float | None = None,
        oob_score: bool = False,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self.max_features = max_features
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)


class BaggingTreesClassifier(_ForestClassifier):
    __doc__ = f"""Bagged trees that tell classes apart: every node looks at all variables.
{_docs(classifier=True, max_features=False, source=_BAGGING)}"""
    _method_name: ClassVar[str] = "BaggingTrees"

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        criterion: Literal["gini", "entropy", "misclassification"] = "gini",
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = True,
        max_samples: float | None = None,
        oob_score: bool = False,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self.criterion = criterion
        self.class_weight = class_weight
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)


class BaggingTreesRegressor(_ForestRegressor):
    __doc__ = f"""Bagged trees that estimate a number: every node looks at all variables.
{_docs(classifier=False, max_features=False, source=_BAGGING)}"""
    _method_name: ClassVar[str] = "BaggingTrees"

    def __init__(
        self,
        n_estimators: int = _DEFAULTS.n_estimators,
        *,
        max_depth: int | None = None,
        min_samples_split: float = _DEFAULTS.min_samples_split,
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_weight_fraction_leaf: float = _DEFAULTS.min_weight_fraction_leaf,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = _DEFAULTS.min_impurity_decrease,
        max_bins: int = _DEFAULTS.max_bins,
        bootstrap: bool = True,
        max_samples: float | None = None,
        oob_score: bool = False,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self._set_trees(
            n_estimators,
            max_depth,
            min_samples_split,
            min_samples_leaf,
            min_weight_fraction_leaf,
            max_leaf_nodes,
            min_impurity_decrease,
            max_bins,
        )
        self._set_sampling(bootstrap, max_samples, oob_score, negative_weights, n_jobs, random_state, verbose)
