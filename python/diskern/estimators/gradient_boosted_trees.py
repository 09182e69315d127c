"""Gradient boosting on quantile bins, Diskern's own trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._boosting import interaction_groups, monotone_signs
from .._shares import shares
from .._validation import NegativePolicy, check_early_stopping, check_target, check_weights
from ._base import ClassifierBase, Estimator, RegressorBase
from ._boosting_parameters import CLASSIFIER, REGRESSOR
from ._choices import set_values
from ._class_weight import class_factors
from ._inspection import ClassifierTreeInspection, TreeInspection
from ._split import split_off

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.GradientBoostingParams()
_METRICS = {
    "auto": _core.ValidationMetric.automatic,
    "loss": _core.ValidationMetric.loss,
    "auc": _core.ValidationMetric.auc,
    "accuracy": _core.ValidationMetric.accuracy,
    "rmse": _core.ValidationMetric.rmse,
    "mae": _core.ValidationMetric.mae,
}
_GREATER = ("auc", "accuracy")
_NEGATIVE_POLICIES = tuple(_core.NegativeWeights.__members__)


def _ones(n: int) -> NDArray[np.float64]:
    """n weights of one that take the memory of a single number (not to be written to)."""
    return np.broadcast_to(np.float64(1.0), (n,))


class _GradientBoostedTrees(Estimator):
    """Parameters and training, common to classifier and regressor."""

    _method_name: ClassVar[str] = "GradientBoostedTrees"
    _allow_missing: ClassVar[bool] = True
    _allow_infinite: ClassVar[bool] = True
    _any_layout: ClassVar[bool] = True
    _fits_any_order: ClassVar[bool] = True

    predictor_: _core.Forest
    training_loss_: NDArray[np.float64]
    validation_loss_: NDArray[np.float64]
    validation_metric_: NDArray[np.float64]
    negative_weight_fraction_: list[NDArray[np.float64]]

    # Parameters that both subclasses have.
    loss: str | Callable[..., Any]
    loss_link: str | None
    n_estimators: int
    learning_rate: float
    max_leaf_nodes: int | None
    max_depth: int | None
    grow_policy: str
    min_samples_leaf: float
    min_child_weight: float
    min_gain: float
    l1_regularization: float
    l2_regularization: float
    max_leaf_value: float | None
    min_effective_count: float
    monotone_constraints: Any
    interaction_constraints: Any
    max_bins: int
    boosting: str
    subsample: float
    column_fraction_tree: float
    column_fraction_level: float
    column_fraction_node: float
    goss_top_fraction: float
    goss_other_fraction: float
    dropout_rate: float
    dropout_skip: float
    early_stopping: bool | str
    early_stopping_metric: str | Callable[..., float]
    metric_greater_is_better: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    negative_weights: str

    _losses: ClassVar[Mapping[str, Any]]
    # Parameters of a loss, by the name that Params have for them.
    _loss_parameters: ClassVar[tuple[str, ...]] = ()

    def _choice(self, name: str, choices: Mapping[str, Any]) -> Any:
        value = getattr(self, name)
        if not isinstance(value, str) or value not in choices:
            allowed = ", ".join(repr(choice) for choice in choices)
            raise InvalidArgument(f"{name} must be one of {allowed}, got {value!r}")
        return choices[value]

    def _params(self) -> _core.GradientBoostingParams:
        """Everything but the constraints, which need the variables."""
        early_stopping = check_early_stopping(self.early_stopping)
        if not isinstance(self.metric_greater_is_better, bool | np.bool_):
            raise InvalidArgument(f"metric_greater_is_better must be a boolean, got {self.metric_greater_is_better!r}")
        if self.metric_greater_is_better and not callable(self.early_stopping_metric):
            raise InvalidArgument("metric_greater_is_better is for a callable early_stopping_metric")
        if self.max_leaf_value is not None and self.max_leaf_value == 0:
            raise InvalidArgument("max_leaf_value must be positive or None, got 0: every leaf would be 0")
        params = _core.GradientBoostingParams()
        values = {
            "n_estimators": self.n_estimators,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": 0 if self.max_leaf_nodes is None else self.max_leaf_nodes,
            "max_depth": 0 if self.max_depth is None else self.max_depth,
            "max_leaf_value": 0.0 if self.max_leaf_value is None else self.max_leaf_value,
            "n_iter_no_change": self.n_iter_no_change if early_stopping is not False else 0,
            "tolerance": self.tol,
        }
        same = (
            "min_samples_leaf min_child_weight min_gain l1_regularization l2_regularization min_effective_count "
            "max_bins subsample column_fraction_tree column_fraction_level column_fraction_node goss_top_fraction "
            "goss_other_fraction dropout_rate dropout_skip"
        )
        for name in (*same.split(), *self._loss_parameters):
            values[name] = getattr(self, name)
        set_values(params, values)
        params.leaf_wise = self._choice("grow_policy", {"leaf_wise": True, "depth_wise": False})
        params.negative_weights = self._choice("negative_weights", dict(_core.NegativeWeights.__members__))
        params.boosting = self._choice("boosting", dict(_core.BoostingMode.__members__))
        if not callable(self.loss):
            params.loss = self._choice("loss", self._losses)
            if self.loss_link is not None:
                raise InvalidArgument("loss_link is for a loss that is a function: every other brings its own")
        elif self.loss_link is not None:
            self._choice("loss_link", dict(_core.Link.__members__))
        if not callable(self.early_stopping_metric):
            params.early_stopping_metric = self._choice("early_stopping_metric", _METRICS)
        return params

    def _door(self) -> NegativePolicy:
        """What the door for weights does by itself. All else is the core's work, as events may be set apart first."""
        return "error" if self.negative_weights == "error" else "keep"

    def _counted(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weights as they count in the training."""
        if self.negative_weights in ("ignore", "clip"):
            return np.maximum(weight, 0.0)
        return np.abs(weight) if self.negative_weights == "absolute" else weight

    def _metric(self) -> Any:
        """The metric as the core calls it, (answers, responses, weights), or None."""
        metric = self.early_stopping_metric
        if not callable(metric):
            return None
        return lambda answer, response, weight: metric(self._answers(answer), response, sample_weight=weight)

    def _progress_names(self) -> tuple[str, str]:
        metric = self.early_stopping_metric
        if callable(metric):
            return "loss", "validation metric"
        if metric == "auto":
            metric = "mae" if self.loss == "huber" else "loss"
        return "loss", f"validation {metric}"

    def _answers(self, answer: NDArray[Any]) -> NDArray[Any]:
        """What the user called the answers that the core has as numbers."""
        return answer

    def _initial(self, init_model: Any) -> _core.Forest | None:
        if init_model is None:
            return None
        forest = getattr(init_model, "predictor_", init_model)
        if not isinstance(forest, _core.Forest):
            raise InvalidArgument(
                f"init_model must be a fitted {type(self).__name__} or a Forest, got {type(init_model).__name__}"
            )
        return forest

    def _train(
        self,
        events: NDArray[np.float32],
        answer: NDArray[Any],
        weight: NDArray[np.float64],
        n_classes: int,
        validation: tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64]] | None,
        init_model: Any,
    ) -> Any:
        params = self._params()
        names = getattr(self, "feature_names_in_", None)
        names = None if names is None else [str(name) for name in names]
        params.monotone_constraints = monotone_signs(self.monotone_constraints, names, events.shape[1])
        params.interaction_constraints = interaction_groups(self.interaction_constraints, names, events.shape[1])
        initial = self._initial(init_model)
        seed = self._seed()
        if validation is None and check_early_stopping(self.early_stopping) is True:
            apart = split_off(answer if n_classes else np.zeros(len(answer), np.int32), self.validation_fraction, seed)
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
            loss=self.loss if callable(self.loss) else None,
            loss_link=None if self.loss_link is None else _core.Link.__members__[self.loss_link],
            metric=self._metric(),
            metric_greater_is_better=bool(self.metric_greater_is_better),
            initial=initial,
        )
        self.training_loss_ = np.asarray(result.training_loss)
        self.validation_loss_ = np.asarray(result.validation_loss)
        self.validation_metric_ = np.asarray(result.validation_metric)
        self.negative_weight_fraction_ = list(result.negative_fraction)
        forest = cast(_core.Forest, result.predictor)
        self.n_iter_ = forest.tree_count // forest.output_count
        judged = self.validation_metric_ if len(self.validation_metric_) else self.validation_loss_
        if self.metric_greater_is_better or self.early_stopping_metric in _GREATER:
            judged = -judged
        self.best_iteration_ = int(judged.argmin()) if len(judged) else int(result.best_iteration)
        self.feature_importances_ = shares(result.feature_gain)
        return self._finish_fit(result.predictor, result.interrupted)

    def _check_eval_set(self, eval_set: Any) -> tuple[NDArray[np.float32], Any, NDArray[np.float64]]:
        if not isinstance(eval_set, tuple | list) or len(eval_set) not in (2, 3):
            raise InvalidArgument("eval_set must be (X, y) or (X, y, sample_weight)")
        events = self._check_events(eval_set[0], reset=False, name="eval_set X")
        weight = check_weights(
            eval_set[2] if len(eval_set) == 3 else None,
            len(events),
            negative=self._door(),
            name="eval_set sample_weight",
        )
        return events, eval_set[1], weight

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        for option in info["options"]:
            value = getattr(self, option[0], None)
            if callable(value):  # its repr has an address, another one in every run
                option[1] = str(getattr(value, "__qualname__", type(value).__qualname__))
        return info

    def _raw(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        scores: NDArray[np.float64] = _core.raw_scores(self.predictor_, events, threads=self._threads())
        return scores


class GradientBoostedTreesClassifier(ClassifierTreeInspection, ClassifierBase, _GradientBoostedTrees):
    __doc__ = f"""Gradient boosted decision trees that tell classes apart.
{CLASSIFIER}
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

    _losses: ClassVar[Mapping[str, Any]] = {
        "log_loss": _core.LossKind.automatic,
        "one_vs_all": _core.LossKind.one_vs_all,
    }

    def __init__(
        self,
        *,
        loss: str | Callable[..., Any] = "log_loss",
        loss_link: str | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        n_estimators: int = _DEFAULTS.n_estimators,
        learning_rate: float = _DEFAULTS.learning_rate,
        max_leaf_nodes: int | None = _DEFAULTS.max_leaf_nodes or None,
        max_depth: int | None = _DEFAULTS.max_depth or None,
        grow_policy: str = "leaf_wise" if _DEFAULTS.leaf_wise else "depth_wise",
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_child_weight: float = _DEFAULTS.min_child_weight,
        min_gain: float = _DEFAULTS.min_gain,
        l1_regularization: float = _DEFAULTS.l1_regularization,
        l2_regularization: float = _DEFAULTS.l2_regularization,
        max_leaf_value: float | None = _DEFAULTS.max_leaf_value or None,
        min_effective_count: float = _DEFAULTS.min_effective_count,
        monotone_constraints: Any = None,
        interaction_constraints: Any = None,
        max_bins: int = _DEFAULTS.max_bins,
        boosting: str = _DEFAULTS.boosting.name,
        subsample: float = _DEFAULTS.subsample,
        column_fraction_tree: float = _DEFAULTS.column_fraction_tree,
        column_fraction_level: float = _DEFAULTS.column_fraction_level,
        column_fraction_node: float = _DEFAULTS.column_fraction_node,
        goss_top_fraction: float = _DEFAULTS.goss_top_fraction,
        goss_other_fraction: float = _DEFAULTS.goss_other_fraction,
        dropout_rate: float = _DEFAULTS.dropout_rate,
        dropout_skip: float = _DEFAULTS.dropout_skip,
        early_stopping: bool | str = "auto",
        early_stopping_metric: str | Callable[..., float] = "auto",
        metric_greater_is_better: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = _DEFAULTS.n_iter_no_change,
        tol: float = _DEFAULTS.tolerance,
        negative_weights: str = _DEFAULTS.negative_weights.name,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.loss_link = loss_link
        self.class_weight = class_weight
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.grow_policy = grow_policy
        self.min_samples_leaf = min_samples_leaf
        self.min_child_weight = min_child_weight
        self.min_gain = min_gain
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.max_leaf_value = max_leaf_value
        self.min_effective_count = min_effective_count
        self.monotone_constraints = monotone_constraints
        self.interaction_constraints = interaction_constraints
        self.max_bins = max_bins
        self.boosting = boosting
        self.subsample = subsample
        self.column_fraction_tree = column_fraction_tree
        self.column_fraction_level = column_fraction_level
        self.column_fraction_node = column_fraction_node
        self.goss_top_fraction = goss_top_fraction
        self.goss_other_fraction = goss_other_fraction
        self.dropout_rate = dropout_rate
        self.dropout_skip = dropout_skip
        self.early_stopping = early_stopping
        self.early_stopping_metric = early_stopping_metric
        self.metric_greater_is_better = metric_greater_is_better
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None, init_model: Any = None
    ) -> GradientBoostedTreesClassifier:
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
        init_model : fitted estimator of this class or Forest, optional
            A model to go on from: its trees come first, ``n_estimators`` more follow.

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
        events, class_index, weight = self._check_fit(X, y, sample_weight, negative=self._door())
        if sample_weight is None:
            weight = _ones(len(events))
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
        factors = class_factors(self.class_weight, self.classes_, class_index, self._counted(weight))
        if factors is not None:
            weight = weight * factors[class_index]
            if validation is not None:
                validation = validation[0], validation[1], validation[2] * factors[validation[1]]
        classes = getattr(init_model, "classes_", None)
        if classes is not None and not np.array_equal(classes, self.classes_):
            raise InvalidArgument(f"init_model has the classes {list(classes)}, y has {list(self.classes_)}")
        self._train(events, class_index, weight, len(self.classes_), validation, init_model)
        return self

    def _answers(self, answer: NDArray[Any]) -> NDArray[Any]:
        labels: NDArray[Any] = self.classes_[answer]
        return labels

    def _decision(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        scores = self._raw(events)
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def _probability(self, events: NDArray[np.float32]) -> NDArray[np.float64]:
        responses = self._responses(events)
        return np.hstack([1.0 - responses, responses]) if len(self.classes_) == 2 else responses


class GradientBoostedTreesRegressor(TreeInspection, RegressorBase, _GradientBoostedTrees):
    __doc__ = f"""Gradient boosted decision trees that estimate a number.
{REGRESSOR}"""

    _losses: ClassVar[Mapping[str, Any]] = {
        name: _core.LossKind.__members__[name]
        for name in ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie")
    }
    _loss_parameters: ClassVar[tuple[str, ...]] = ("quantile", "huber_quantile", "tweedie_power")

    def __init__(
        self,
        *,
        loss: str | Callable[..., Any] = "squared_error",
        loss_link: str | None = None,
        quantile: float = _DEFAULTS.quantile,
        huber_quantile: float = _DEFAULTS.huber_quantile,
        tweedie_power: float = _DEFAULTS.tweedie_power,
        n_estimators: int = _DEFAULTS.n_estimators,
        learning_rate: float = _DEFAULTS.learning_rate,
        max_leaf_nodes: int | None = _DEFAULTS.max_leaf_nodes or None,
        max_depth: int | None = _DEFAULTS.max_depth or None,
        grow_policy: str = "leaf_wise" if _DEFAULTS.leaf_wise else "depth_wise",
        min_samples_leaf: float = _DEFAULTS.min_samples_leaf,
        min_child_weight: float = _DEFAULTS.min_child_weight,
        min_gain: float = _DEFAULTS.min_gain,
        l1_regularization: float = _DEFAULTS.l1_regularization,
        l2_regularization: float = _DEFAULTS.l2_regularization,
        max_leaf_value: float | None = _DEFAULTS.max_leaf_value or None,
        min_effective_count: float = _DEFAULTS.min_effective_count,
        monotone_constraints: Any = None,
        interaction_constraints: Any = None,
        max_bins: int = _DEFAULTS.max_bins,
        boosting: str = _DEFAULTS.boosting.name,
        subsample: float = _DEFAULTS.subsample,
        column_fraction_tree: float = _DEFAULTS.column_fraction_tree,
        column_fraction_level: float = _DEFAULTS.column_fraction_level,
        column_fraction_node: float = _DEFAULTS.column_fraction_node,
        goss_top_fraction: float = _DEFAULTS.goss_top_fraction,
        goss_other_fraction: float = _DEFAULTS.goss_other_fraction,
        dropout_rate: float = _DEFAULTS.dropout_rate,
        dropout_skip: float = _DEFAULTS.dropout_skip,
        early_stopping: bool | str = "auto",
        early_stopping_metric: str | Callable[..., float] = "auto",
        metric_greater_is_better: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = _DEFAULTS.n_iter_no_change,
        tol: float = _DEFAULTS.tolerance,
        negative_weights: str = _DEFAULTS.negative_weights.name,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.loss_link = loss_link
        self.quantile = quantile
        self.huber_quantile = huber_quantile
        self.tweedie_power = tweedie_power
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.grow_policy = grow_policy
        self.min_samples_leaf = min_samples_leaf
        self.min_child_weight = min_child_weight
        self.min_gain = min_gain
        self.l1_regularization = l1_regularization
        self.l2_regularization = l2_regularization
        self.max_leaf_value = max_leaf_value
        self.min_effective_count = min_effective_count
        self.monotone_constraints = monotone_constraints
        self.interaction_constraints = interaction_constraints
        self.max_bins = max_bins
        self.boosting = boosting
        self.subsample = subsample
        self.column_fraction_tree = column_fraction_tree
        self.column_fraction_level = column_fraction_level
        self.column_fraction_node = column_fraction_node
        self.goss_top_fraction = goss_top_fraction
        self.goss_other_fraction = goss_other_fraction
        self.dropout_rate = dropout_rate
        self.dropout_skip = dropout_skip
        self.early_stopping = early_stopping
        self.early_stopping_metric = early_stopping_metric
        self.metric_greater_is_better = metric_greater_is_better
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, eval_set: Any = None, init_model: Any = None
    ) -> GradientBoostedTreesRegressor:
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
        init_model : fitted estimator of this class or Forest, optional
            A model to go on from: its trees come first, ``n_estimators`` more follow.

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
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self._door())
        if sample_weight is None:
            weight = _ones(len(events))
        validation = None
        if eval_set is not None:
            held_out, answers, held_out_weight = self._check_eval_set(eval_set)
            validation = held_out, check_target(answers, len(held_out), name="eval_set y"), held_out_weight
        self._train(events, target, weight, 0, validation, init_model)
        return self
