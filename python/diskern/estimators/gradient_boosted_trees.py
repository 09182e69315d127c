"""Gradient boosting on quantile bins, Diskern's own trees."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy, check_target, check_weights
from ._base import ClassifierBase, Estimator, RegressorBase
from ._inspection import ClassifierTreeInspection, TreeInspection

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.GradientBoostingParams()
_NEGATIVE = cast(NegativePolicy, _DEFAULTS.negative_weights.name)
_NEGATIVE_WEIGHTS = {
    "keep": _core.NegativeWeights.keep,
    "ignore": _core.NegativeWeights.ignore,
    "error": _core.NegativeWeights.error,
}

_PARAMETERS = """
    Parameters
    ----------
    n_estimators : int
        Iterations: trees, or in multiclass classification trees per class.
    learning_rate : float
        Factor on the leaves of each tree.
    max_leaf_nodes : int or None
        Most leaves of a tree; None: no limit.
    max_depth : int or None
        Most cuts from the root to a leaf; None: no limit.
    grow_policy : {'leaf_wise', 'depth_wise'}
        Split the leaf of the largest gain next, or level by level.
    min_samples_leaf : float
        Fewest events in a leaf. An event of weight above one counts as often as its weight says.
    min_child_weight : float
        Smallest sum of hessians (sum of weights for the squared error) in a leaf.
    min_gain : float
        Smallest gain G_L^2/(H_L+l2) + G_R^2/(H_R+l2) - G^2/(H+l2) of a cut.
    l2_regularization : float
        l2 in the gain and in the leaf -G/(H+l2).
    max_bins : int
        Most bins of values for a variable, 2 to 255; missing values have one more.
    subsample : float
        Fraction of the events that each iteration draws.
    early_stopping : 'auto' or bool
        'auto': with a validation sample given to ``fit``; True: without one ``validation_fraction`` of the events is
        set apart; False: never. The iteration of the lowest validation loss is kept.
    validation_fraction : float
        Fraction of the events set apart.
    n_iter_no_change : int
        Stop after so many iterations without improvement.
    tol : float
        Smallest decrease of the validation loss that counts as improvement.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': events of negative weight count as they are, and both sides of a cut need positive sums of weights and
        hessians; 'ignore': they are left out of the training; 'error': they are refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
        Seed of ``subsample`` and of the events set apart for validation.
    verbose : int
        1 shows progress on standard error.

    Attributes
    ----------
    n_iter_ : int
        Iterations in the model.
    training_loss_, validation_loss_ : float64 arrays
        Mean loss per unit weight after 0, 1, ... iterations; ``validation_loss_`` is empty without a validation sample.
    best_iteration_ : int
        Iteration of the lowest validation loss (``n_iter_`` without a validation sample).
    feature_importances_ : float64 array of shape (variables,)
        Sum of the gains of the cuts on each variable, normalised to one.
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the model so far is kept.
    n_features_in_ : int
    feature_names_in_ : array of str, where the events had names

    Notes
    -----
    NaN is a missing value and goes to the side of each cut that training found better; infinities are values. Variables
    are float32. Leaves are Newton steps (Friedman, Ann. Stat. 29 (2001) 1189; Chen and Guestrin, arXiv:1603.02754) on
    histograms of integers, so that neither threads nor the order of events change a bit of the model, and an event of
    integer weight k counts exactly as k events.
"""


def _not_none(value: int | None) -> int:
    return 0 if value is None else value


class _GradientBoostedTrees(Estimator):
    """Parameters and training, common to classifier and regressor."""

    _method_name: ClassVar[str] = "GradientBoostedTrees"
    _allow_missing: ClassVar[bool] = True
    _allow_infinite: ClassVar[bool] = True
    _any_layout: ClassVar[bool] = True

    predictor_: _core.Forest
    training_loss_: NDArray[np.float64]
    validation_loss_: NDArray[np.float64]

    def __init__(
        self,
        *,
        n_estimators: int = _DEFAULTS.n_estimators,
        learning_rate: float = _DEFAULTS.learning_rate,
        max_leaf_nodes: int | None = _DEFAULTS.max_leaf_nodes or None,
        max_depth: int | None = _DEFAULTS.max_depth or None,
        grow_policy: str = "leaf_wise" if _DEFAULTS.leaf_wise else "depth_wise",
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_child_weight: float = _DEFAULTS.min_child_weight,
        min_gain: float = _DEFAULTS.min_gain,
        l2_regularization: float = _DEFAULTS.l2_regularization,
        max_bins: int = _DEFAULTS.max_bins,
        subsample: float = _DEFAULTS.subsample,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = _DEFAULTS.n_iter_no_change,
        tol: float = _DEFAULTS.tolerance,
        negative_weights: NegativePolicy = _NEGATIVE,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.grow_policy = grow_policy
        self.min_samples_leaf = min_samples_leaf
        self.min_child_weight = min_child_weight
        self.min_gain = min_gain
        self.l2_regularization = l2_regularization
        self.max_bins = max_bins
        self.subsample = subsample
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _params(self) -> _core.GradientBoostingParams:
        if self.grow_policy not in ("leaf_wise", "depth_wise"):
            raise InvalidArgument(f"grow_policy must be 'leaf_wise' or 'depth_wise', got {self.grow_policy!r}")
        if self.negative_weights not in _NEGATIVE_WEIGHTS:
            raise InvalidArgument(
                f"negative_weights must be 'keep', 'ignore' or 'error', got {self.negative_weights!r}"
            )
        if self.early_stopping not in (True, False, "auto"):
            raise InvalidArgument(f"early_stopping must be 'auto', True or False, got {self.early_stopping!r}")
        params = _core.GradientBoostingParams()
        values = {
            "n_estimators": self.n_estimators,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": _not_none(self.max_leaf_nodes),
            "max_depth": _not_none(self.max_depth),
            "min_samples_leaf": self.min_samples_leaf,
            "min_child_weight": self.min_child_weight,
            "min_gain": self.min_gain,
            "l2_regularization": self.l2_regularization,
            "max_bins": self.max_bins,
            "subsample": self.subsample,
            "n_iter_no_change": self.n_iter_no_change if self.early_stopping is not False else 0,
            "tolerance": self.tol,
        }
        for name, value in values.items():
            try:
                setattr(params, name, value)
            except TypeError:
                kind = type(getattr(params, name)).__name__
                raise InvalidArgument(f"{name} must be of type {kind}, got {value!r}") from None
        params.leaf_wise = self.grow_policy == "leaf_wise"
        params.negative_weights = _NEGATIVE_WEIGHTS[self.negative_weights]
        return params

    def _split_off(self, strata: NDArray[np.int32], seed: int) -> NDArray[np.bool_]:
        """The events set apart for validation: ``validation_fraction`` of each class."""
        if not 0.0 < self.validation_fraction < 1.0:
            raise InvalidArgument(f"validation_fraction must lie between 0 and 1, got {self.validation_fraction!r}")
        apart = np.zeros(len(strata), np.bool_)
        generator = np.random.default_rng(seed)
        for stratum in np.unique(strata):
            members = np.flatnonzero(strata == stratum)
            count = round(self.validation_fraction * len(members))
            if not 0 < count < len(members):
                raise InvalidArgument(
                    f"early_stopping needs a validation sample, but {self.validation_fraction:g} of the {len(members)} "
                    "events (of one class) leaves nothing to train on or to validate with; give eval_set instead"
                )
            apart[generator.permutation(members)[:count]] = True
        return apart

    def _train(
        self,
        events: NDArray[np.float32],
        answer: NDArray[Any],
        weight: NDArray[np.float64],
        n_classes: int,
        validation: tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64]] | None,
    ) -> Any:
        params = self._params()
        seed = self._seed()
        if validation is None and self.early_stopping is True:
            apart = self._split_off(answer if n_classes else np.zeros(len(answer), np.int32), seed)
            validation = events[apart], answer[apart], weight[apart]
            events, answer, weight = events[~apart], answer[~apart], weight[~apart]
        result = _core.fit_gradient_boosting(
            params,
            events,
            weight,
            class_index=answer if n_classes else None,
            target=None if n_classes else answer,
            n_classes=n_classes,
            validation=None if validation is None else (validation[0], validation[2], validation[1]),
            threads=self._threads(),
            seed=seed,
            progress=self._progress(),
        )
        self.training_loss_ = np.asarray(result.training_loss)
        self.validation_loss_ = np.asarray(result.validation_loss)
        self.n_iter_ = int(result.best_iteration)
        self.best_iteration_ = int(self.validation_loss_.argmin()) if len(self.validation_loss_) else self.n_iter_
        gain = np.asarray(result.feature_gain)
        self.feature_importances_ = gain / gain.sum() if gain.sum() > 0 else gain
        return self._finish_fit(result.predictor, result.interrupted)

    def _check_eval_set(self, eval_set: Any) -> tuple[NDArray[np.float32], Any, NDArray[np.float64]]:
        if not isinstance(eval_set, tuple | list) or len(eval_set) not in (2, 3):
            raise InvalidArgument("eval_set must be (X, y) or (X, y, sample_weight)")
        events = self._check_events(eval_set[0], reset=False, name="eval_set X")
        weight = check_weights(eval_set[2] if len(eval_set) == 3 else None, len(events), name="eval_set sample_weight")
        return events, eval_set[1], weight

    def _raw(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = _core.raw_scores(self.predictor_, events, threads=self._threads())
        return scores


class GradientBoostedTreesClassifier(ClassifierTreeInspection, ClassifierBase, _GradientBoostedTrees):
    __doc__ = f"""Gradient boosted decision trees that tell classes apart.
{_PARAMETERS}
    Examples
    --------
    >>> import numpy as np
    >>> from diskern import GradientBoostedTreesClassifier
    >>> X = np.random.default_rng(1).normal(size=(1000, 2))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> model = GradientBoostedTreesClassifier(n_estimators=20).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None) -> GradientBoostedTreesClassifier:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Class labels.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        eval_set : (X, y) or (X, y, sample_weight), optional
            Validation sample for early stopping and the validation loss.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        self._params()  # wrong parameters are told before long work on the events
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        validation = None
        if eval_set is not None:
            held_out, labels, held_out_weight = self._check_eval_set(eval_set)
            labels = np.asarray(labels)
            if labels.shape != (len(held_out),):
                raise InvalidArgument(f"eval_set y must have one label per event: {len(held_out)}, got {labels.shape}")
            unknown = ~np.isin(labels, self.classes_)
            if unknown.any():
                raise InvalidArgument(f"eval_set y holds the label {labels[unknown][0]!r}, which y does not")
            validation = held_out, np.searchsorted(self.classes_, labels).astype(np.int32), held_out_weight
        self._train(events, class_index, weight, len(self.classes_), validation)
        return self

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        scores = self._raw(events)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        return np.hstack([1.0 - responses, responses]) if len(self.classes_) == 2 else responses


class GradientBoostedTreesRegressor(TreeInspection, RegressorBase, _GradientBoostedTrees):
    __doc__ = f"""Gradient boosted decision trees that estimate a number, with the squared error as loss.
{_PARAMETERS}"""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None) -> GradientBoostedTreesRegressor:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables)
            NaN is missing, infinities are values.
        y : array-like of shape (events,)
            Targets.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        eval_set : (X, y) or (X, y, sample_weight), optional
            Validation sample for early stopping and the validation loss.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        KeyboardInterrupt
            After Ctrl-C; the model so far is held and ``interrupted_`` is True.
        """
        self._params()
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        validation = None
        if eval_set is not None:
            held_out, answers, held_out_weight = self._check_eval_set(eval_set)
            validation = held_out, check_target(answers, len(held_out), name="eval_set y"), held_out_weight
        self._train(events, target, weight, 0, validation)
        return self
