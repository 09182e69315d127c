"""Dense feed-forward networks (multilayer perceptrons) as estimators."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy, check_early_stopping, check_labels, check_target, check_weights
from ..data.stream import EventStream
from ._base import RegressorBase
from ._class_targets import ClassTargets, check_shares
from ._layers_door import LayersDoor, StreamData
from ._network_parameters import (
    ACTIVATIONS,
    CLASS_LOSS_PARAMETERS,
    LOSS_PARAMETERS,
    OPTIMIZERS,
    PARAMETERS,
    REGRESSION_LOSSES,
    SOLVERS,
)
from ._split import split_off

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.NetworkParams()
_Validation = tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64]]


class _Network(LayersDoor):
    """Parameters and training, common to classifier and regressor."""

    _method_name: ClassVar[str] = "MLP"

    predictor_: _core.Network

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = tuple(_DEFAULTS.hidden_layers),
        activation: str = "relu",
        *,
        layers: Any = None,
        loss: str = "log_loss",
        solver: str = "adam",
        learning_rate_init: float = _DEFAULTS.learning_rate,
        batch_size: int = _DEFAULTS.batch_size,
        max_iter: int = _DEFAULTS.epochs,
        alpha: float = _DEFAULTS.l2_per_event,
        beta_1: float = _DEFAULTS.beta_1,
        beta_2: float = _DEFAULTS.beta_2,
        epsilon: float = _DEFAULTS.epsilon,
        momentum: float = _DEFAULTS.momentum,
        rho: float = _DEFAULTS.rho,
        l1: float = _DEFAULTS.l1,
        weight_decay: float = _DEFAULTS.weight_decay,
        clip_norm: float = _DEFAULTS.clip_norm,
        schedule: str = "constant",
        schedule_factor: float = _DEFAULTS.schedule_factor,
        schedule_period: int = _DEFAULTS.schedule_period,
        dropout: float = _DEFAULTS.dropout,
        averaging: str = "none",
        initialisation: str = "automatic",
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = _DEFAULTS.convergence_improve,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.layers = layers
        self.loss = loss
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.alpha = alpha
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.momentum = momentum
        self.rho = rho
        self.l1 = l1
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.schedule = schedule
        self.schedule_factor = schedule_factor
        self.schedule_period = schedule_period
        self.dropout = dropout
        self.averaging = averaging
        self.initialisation = initialisation
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _params(self) -> _core.NetworkParams:
        for name, known in (
            ("activation", ACTIVATIONS),
            ("solver", SOLVERS),
            ("schedule", _core.ScheduleKind.__members__),
            ("averaging", _core.Averaging.__members__),
            ("initialisation", _core.NetworkInitialisation.__members__),
        ):
            value = getattr(self, name)
            if value not in known:
                raise InvalidArgument(f"{name} must be one of {', '.join(known)}, got {value!r}")
        check_early_stopping(self.early_stopping)
        if isinstance(self.batch_size, int | np.integer) and self.batch_size < 0:
            raise InvalidArgument(
                f"batch_size must be a number of events, or 0 for all of them, got {self.batch_size!r}"
            )
        if not 0.0 < self.validation_fraction < 1.0:
            raise InvalidArgument(f"validation_fraction must lie between 0 and 1, got {self.validation_fraction!r}")
        if self.n_iter_no_change < 1:
            raise InvalidArgument(f"n_iter_no_change must be 1 or more, got {self.n_iter_no_change!r}")
        sizes = self.hidden_layer_sizes
        if self.layers is not None and not np.array_equal(sizes, _DEFAULTS.hidden_layers):
            raise InvalidArgument(
                f"hidden_layer_sizes={sizes!r} are given together with layers, which stand instead of them; leave one "
                "of the two out"
            )
        params = _core.NetworkParams()
        params.activation = getattr(_core.Activation, ACTIVATIONS[self.activation])
        params.solver = getattr(_core.NetworkSolver, SOLVERS[self.solver])
        if self.solver in OPTIMIZERS:
            params.optimizer = getattr(_core.OptimizerKind, OPTIMIZERS[self.solver])
        params.schedule = getattr(_core.ScheduleKind, self.schedule)
        params.averaging = getattr(_core.Averaging, self.averaging)
        params.initialisation = getattr(_core.NetworkInitialisation, self.initialisation)
        values = {
            "hidden_layer_sizes": ("hidden_layers", [sizes] if isinstance(sizes, int | np.integer) else list(sizes)),
            "learning_rate_init": ("learning_rate", self.learning_rate_init),
            "batch_size": ("batch_size", self.batch_size),
            "max_iter": ("epochs", self.max_iter),
            "alpha": ("l2_per_event", self.alpha),
            "beta_1": ("beta_1", self.beta_1),
            "beta_2": ("beta_2", self.beta_2),
            "epsilon": ("epsilon", self.epsilon),
            "momentum": ("momentum", self.momentum),
            "rho": ("rho", self.rho),
            "l1": ("l1", self.l1),
            "weight_decay": ("weight_decay", self.weight_decay),
            "clip_norm": ("clip_norm", self.clip_norm),
            "dropout": ("dropout", self.dropout),
            "schedule_factor": ("schedule_factor", self.schedule_factor),
            "schedule_period": ("schedule_period", self.schedule_period),
            "n_iter_no_change": ("convergence_tests", self.n_iter_no_change),
            "tol": ("convergence_improve", self.tol),
        }
        for name, (field, value) in values.items():
            try:
                setattr(params, field, value)
            except TypeError:
                kind = type(getattr(params, field)).__name__
                raise InvalidArgument(f"{name} must be of type {kind}, got {value!r}") from None
        return params

    def _train(
        self,
        params: _core.NetworkParams,
        events: NDArray[np.float32],
        targets: NDArray[np.float64],
        weight: NDArray[np.float64],
        strata: NDArray[np.int32],
        validation: _Validation | None,
    ) -> Any:
        early_stopping = check_early_stopping(self.early_stopping)
        seed = self._seed()
        params.random_seed = seed % (2**32 - 1) + 1
        if validation is None and early_stopping is True:
            apart = split_off(strata, self.validation_fraction, seed)
            validation = events[apart], targets[apart], weight[apart]
            events, targets, weight = events[~apart], targets[~apart], weight[~apart]
        elif early_stopping is False:
            params.keep_best = False
        if self.layers is not None:
            fit: Any = self._fit_layers(params, (events, targets, weight), validation, seed)
            return self._finish_training(fit)
        fit = _core.fit_network(
            params,
            events,
            targets,
            weight,
            None if validation is None else validation[0],
            None if validation is None else validation[1],
            None if validation is None else validation[2],
            threads=self._threads(),
            seed=seed,
            progress=self._progress(),
        )
        return self._finish_training(fit)

    def _train_stream(self, params: _core.NetworkParams, data: StreamData, eval_set: Any, encode: Any) -> Any:
        """Train on a stream; encode: gives the targets of validation events in memory."""
        early_stopping = check_early_stopping(self.early_stopping)
        validation: Any = None
        if isinstance(eval_set, EventStream):
            if len(eval_set.targets) != 1:
                raise InvalidArgument(f"eval_set has {len(eval_set.targets)} targets, expected one")
            validation = StreamData(eval_set, data.encode, data.outputs)
        elif eval_set is not None:
            held_out, answers, held_out_weight = self._check_eval_set(eval_set)
            validation = held_out, encode(answers, len(held_out)), held_out_weight
        elif early_stopping is True:
            raise InvalidArgument("early_stopping=True with a stream needs eval_set")
        if early_stopping is False:
            params.keep_best = False
        return self._finish_training(self._fit_layers(params, data, validation, self._seed()))

    def _finish_training(self, fit: Any) -> Any:
        if fit.diverged:
            warnings.warn(f"{type(self).__name__}: {fit.message}", UserWarning, stacklevel=4)
        self.n_iter_ = int(fit.epochs)
        self.best_iteration_ = int(fit.best_epoch)
        self.converged_ = bool(fit.converged)
        self.loss_curve_ = np.asarray(fit.training_loss)
        self.validation_loss_ = np.asarray(fit.validation_loss)
        return self._finish_fit(fit.predictor, fit.interrupted)

    def _check_eval_set(self, eval_set: Any) -> tuple[NDArray[np.float32], Any, NDArray[np.float64]]:
        if not isinstance(eval_set, tuple | list) or len(eval_set) not in (2, 3):
            raise InvalidArgument("eval_set must be (X, y) or (X, y, sample_weight)")
        events = self._check_events(eval_set[0], reset=False, name="eval_set X")
        weight = check_weights(
            eval_set[2] if len(eval_set) == 3 else None,
            len(events),
            negative=self.negative_weights,
            name="eval_set sample_weight",
        )
        return events, eval_set[1], weight


class NetworkClassifier(ClassTargets, _Network):
    __doc__ = f"""Dense network that tells classes apart.
{PARAMETERS.replace("    solver : str", CLASS_LOSS_PARAMETERS + "    solver : str", 1)}
    Examples
    --------
    >>> import numpy as np
    >>> from diskern import NetworkClassifier
    >>> X = np.random.default_rng(1).normal(size=(1000, 2))
    >>> y = X[:, 0] * X[:, 1] > 0
    >>> model = NetworkClassifier((16,), learning_rate_init=0.01, random_state=1).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, eval_set: Any = None) -> NetworkClassifier:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables), or EventStream
            A :class:`diskern.data.EventStream` brings target and weights along and needs ``layers``.
        y : array-like of shape (events,)
            Class labels; with the losses multi_label and kullback_leibler rows of shape (events, classes).
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        eval_set : (X, y), (X, y, sample_weight) or, where X is one, EventStream, optional
            Validation sample for early stopping and the validation loss.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        Error
            Training that diverged.
        KeyboardInterrupt
            After Ctrl-C; the best weights so far are held and ``interrupted_`` is True.
        """
        params = self._params()
        self._check_loss()
        if isinstance(X, EventStream):
            self._check_stream(X, y, sample_weight)
            labels = X.column(X.targets[0])
            if self._takes_rows():
                self.classes_ = np.arange(check_shares(labels, len(labels), self.loss).shape[1])
            else:
                self.classes_ = check_labels(labels, len(labels))[0]
            params.loss, params.output = self._network_loss()
            self._train_stream(params, StreamData(X, self._encoded, self._outputs_wanted()), eval_set, self._encoded)
            return self
        if self._takes_rows():
            events, targets, weight = self._check_fit_rows(X, y, sample_weight, self.negative_weights)
            strata = np.zeros(len(events), np.int32)
        else:
            events, strata, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
            targets = self._targets(strata)
        params.loss, params.output = self._network_loss()
        validation = None
        if eval_set is not None:
            held_out, labels, held_out_weight = self._check_eval_set(eval_set)
            validation = held_out, self._encoded(labels, len(held_out)), held_out_weight
        self._train(params, events, targets, weight, strata, validation)
        return self


class NetworkRegressor(RegressorBase, _Network):
    __doc__ = f"""Dense network that estimates a number.
{PARAMETERS.replace("    solver : str", LOSS_PARAMETERS + "    solver : str", 1)}"""

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = tuple(_DEFAULTS.hidden_layers),
        activation: str = "relu",
        *,
        layers: Any = None,
        loss: str = "squared_error",
        quantile: float = _DEFAULTS.quantile,
        huber_distance: float = _DEFAULTS.huber_distance,
        solver: str = "adam",
        learning_rate_init: float = _DEFAULTS.learning_rate,
        batch_size: int = _DEFAULTS.batch_size,
        max_iter: int = _DEFAULTS.epochs,
        alpha: float = _DEFAULTS.l2_per_event,
        beta_1: float = _DEFAULTS.beta_1,
        beta_2: float = _DEFAULTS.beta_2,
        epsilon: float = _DEFAULTS.epsilon,
        momentum: float = _DEFAULTS.momentum,
        rho: float = _DEFAULTS.rho,
        l1: float = _DEFAULTS.l1,
        weight_decay: float = _DEFAULTS.weight_decay,
        clip_norm: float = _DEFAULTS.clip_norm,
        schedule: str = "constant",
        schedule_factor: float = _DEFAULTS.schedule_factor,
        schedule_period: int = _DEFAULTS.schedule_period,
        dropout: float = _DEFAULTS.dropout,
        averaging: str = "none",
        initialisation: str = "automatic",
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = _DEFAULTS.convergence_improve,
        negative_weights: NegativePolicy = "keep",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            layers=layers,
            loss=loss,
            solver=solver,
            learning_rate_init=learning_rate_init,
            batch_size=batch_size,
            max_iter=max_iter,
            alpha=alpha,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            momentum=momentum,
            rho=rho,
            l1=l1,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            schedule=schedule,
            schedule_factor=schedule_factor,
            schedule_period=schedule_period,
            dropout=dropout,
            averaging=averaging,
            initialisation=initialisation,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            negative_weights=negative_weights,
            n_jobs=n_jobs,
            random_state=random_state,
            verbose=verbose,
        )
        self.quantile = quantile
        self.huber_distance = huber_distance

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, eval_set: Any = None) -> NetworkRegressor:
        """Train.

        Parameters
        ----------
        X : array-like of shape (events, variables), or EventStream
            A :class:`diskern.data.EventStream` brings target and weights along and needs ``layers``.
        y : array-like of shape (events,)
            Targets.
        sample_weight : array-like of shape (events,), optional
            Event weights, see ``negative_weights``.
        eval_set : (X, y), (X, y, sample_weight) or, where X is one, EventStream, optional
            Validation sample for early stopping and the validation loss.

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on.
        Error
            Training that diverged.
        KeyboardInterrupt
            After Ctrl-C; the best weights so far are held and ``interrupted_`` is True.
        """
        params = self._params()
        if self.loss not in REGRESSION_LOSSES:
            raise InvalidArgument(f"loss must be one of {', '.join(REGRESSION_LOSSES)}, got {self.loss!r}")
        params.loss = getattr(_core.NetworkLoss, REGRESSION_LOSSES[self.loss])
        for name in ("quantile", "huber_distance"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise InvalidArgument(f"{name} must be of type float, got {value!r}")
            setattr(params, name, value)
        params.standardise_targets = self.loss != "poisson"
        if isinstance(X, EventStream):
            self._check_stream(X, y, sample_weight)
            data = StreamData(X, lambda values: check_target(values, len(values))[:, np.newaxis], 1)
            self._train_stream(
                params, data, eval_set, lambda values, n: check_target(values, n, name="eval_set y")[:, np.newaxis]
            )
            return self
        events, target, weight = self._check_fit(X, y, sample_weight, negative=self.negative_weights)
        validation = None
        if eval_set is not None:
            held_out, answers, held_out_weight = self._check_eval_set(eval_set)
            answers = check_target(answers, len(held_out), name="eval_set y")
            validation = held_out, answers[:, np.newaxis], held_out_weight
        strata = np.zeros(len(target), np.int32)
        self._train(params, events, target[:, np.newaxis], weight, strata, validation)
        return self
