"""Networks of any shape: several inputs, several outputs, each with its own loss."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from .. import _core
from .._near_misses import near_misses
from .._validation import NegativePolicy, check_early_stopping, check_events, check_weights
from ..data.stream import EventStream, StreamBatches
from ..networks import Graph, join_inputs
from ._base import Estimator
from ._graph_training import LINKS, OPTIMIZERS, WHOLE_SAMPLE, Data, fit_graph, set_options
from ._network_inspection import NetworkInspection
from ._split import split_off

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.GraphParams()

OPTIMISATION = """
    optimizer : str
        Rule of the steps on mini-batches: adam, adamw, nadam, gradient_descent, momentum, nesterov, adagrad, adadelta,
        rmsprop; or lbfgs, bfgs: steps of quasi-Newton methods on all events at once, in float64, for which
        ``learning_rate`` and ``batch_size`` do not count. These need a smooth loss that is the same each time: no
        dropout, noise, sampling, batch normalisation, gradient reversal, ``l1``, ``clip_norm``, ``schedule`` or
        ``averaging``.
    learning_rate : float
    batch_size : int
        Events of a mini-batch; 0: all.
    max_iter : int
        Most epochs.
    schedule : {'constant', 'step', 'cosine', 'one_cycle', 'plateau', 'exponential'}
        How the learning rate changes.
    averaging : {'none', 'exponential', 'tail'}
        The model has weights averaged over the steps of mini-batches: an exponential mean over about a thousand of
        them, or the plain mean over the last quarter of ``max_iter`` epochs. Running averages of batch normalisation
        are averaged with them.
    l1, l2 : float
        l1 sign(w) + l2 w is added to the gradient of weights (not of biases).
    weight_decay : float
        Of adamw.
    clip_norm : float
        Gradients are scaled down to this length; 0: not.
    initialisation : str
        'automatic' (by the activation behind a layer), 'small_uniform', 'glorot_uniform', 'glorot_normal',
        'he_uniform', 'he_normal', 'lecun_uniform', 'lecun_normal', 'uniform', 'normal', 'zero'.
    early_stopping : 'auto' or bool
        'auto': with a validation sample given to ``fit``; True: without one ``validation_fraction`` of the events is
        set apart; False: never. The weights of the smallest validation loss are kept. Without it, training ends when
        the training loss no longer improves.
    validation_fraction : float
    n_iter_no_change : int
        Stop after so many epochs without improvement.
    tol : float
        Smallest decrease of the loss that counts as improvement.
    negative_weights : {'keep', 'ignore', 'error'}
        'keep': negative weights multiply the loss of their events (which may leave it without a minimum); 'ignore': the
        events are left out; 'error': they are refused.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
        Seed of the first weights, the order of events, dropout and noise, and the events set apart.
    verbose : int
        1 shows progress on standard error.
"""

CURVES = """
    n_iter_ : int
        Epochs done.
    best_iteration_ : int
        Epoch of the weights in the model.
    converged_ : bool
        Whether training ended before ``max_iter``.
    loss_curve_, validation_loss_ : float64 arrays
        Mean loss per unit weight over each epoch, and of the validation sample after it (empty without one).
    interrupted_ : bool
        Whether Ctrl-C ended the training early; the best weights so far are kept.
"""


class GraphEstimator(NetworkInspection, Estimator):
    """The training options that estimators of graphs share."""

    optimizer: str
    learning_rate: float
    batch_size: int
    max_iter: int
    schedule: str
    averaging: str
    l1: float
    l2: float
    weight_decay: float
    clip_norm: float
    initialisation: str
    early_stopping: bool | str
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    predictor_: _core.GraphPredictor

    def _graph_params(self) -> _core.GraphParams:
        check_early_stopping(self.early_stopping)
        if not 0.0 < self.validation_fraction < 1.0:
            raise InvalidArgument(f"validation_fraction must lie between 0 and 1, got {self.validation_fraction!r}")
        if self.n_iter_no_change < 1:
            raise InvalidArgument(f"n_iter_no_change must be 1 or more, got {self.n_iter_no_change!r}")
        if isinstance(self.optimizer, str) and self.optimizer not in (*OPTIMIZERS, *WHOLE_SAMPLE):
            known = (*OPTIMIZERS, *WHOLE_SAMPLE)
            hint = near_misses(self.optimizer, known)
            raise InvalidArgument(f"optimizer is {self.optimizer!r}, expected one of {', '.join(known)}{hint}")
        params = _core.GraphParams()
        names = ["learning_rate", "batch_size", "schedule", "averaging", "l1", "l2", "weight_decay", "clip_norm"]
        set_options(
            params,
            {"optimizer": ("solver" if self.optimizer in WHOLE_SAMPLE else "optimizer", self.optimizer)}
            | {name: (name, getattr(self, name)) for name in [*names, "initialisation"]}
            | {
                "max_iter": ("epochs", self.max_iter),
                "n_iter_no_change": ("convergence_tests", self.n_iter_no_change),
                "tol": ("convergence_improve", self.tol),
            },
        )
        return params

    def _fit_graph(
        self,
        graph: Graph,
        losses: Sequence[str],
        data: Data | StreamBatches,
        validation: Data | StreamBatches | None,
        **options: Any,
    ) -> Any:
        params = self._graph_params()
        early_stopping = check_early_stopping(self.early_stopping)
        seed = self._seed() if "seed" not in options else options.pop("seed")
        if validation is None and early_stopping is True:
            if isinstance(data, StreamBatches):
                raise InvalidArgument("early_stopping=True with a stream needs eval_set")
            apart = split_off(np.zeros(len(data[0]), np.int32), self.validation_fraction, seed)
            validation = (data[0][apart], data[1][apart], data[2][apart])
            data = (data[0][~apart], data[1][~apart], data[2][~apart])
        elif early_stopping is False:
            params.keep_best = False
        fit = fit_graph(
            graph,
            losses,
            params,
            data,
            validation,
            threads=self._threads(),
            seed=seed,
            progress=self._progress(),
            **options,
        )
        if fit.diverged:
            warnings.warn(f"{type(self).__name__}: {fit.message}", UserWarning, stacklevel=3)
        elif fit.message and not fit.converged:  # the search of a whole-sample solver failed far from a minimum
            warnings.warn(f"{type(self).__name__}: {fit.message}", ConvergenceWarning, stacklevel=3)
        self.n_iter_ = int(fit.epochs)
        self.best_iteration_ = int(fit.best_epoch)
        self.converged_ = bool(fit.converged)
        self.loss_curve_ = np.asarray(fit.training_loss)
        self.validation_loss_ = np.asarray(fit.validation_loss)
        return self._finish_fit(fit.predictor, fit.interrupted)


class GraphNetwork(GraphEstimator):
    __doc__ = f"""A graph of layers with one or several inputs and outputs.

    Parameters
    ----------
    graph : Graph
        See :mod:`diskern.networks`. Its outputs are the numbers that the losses work on: no sigmoid or softmax at the
        end, the model applies what belongs to the loss.
    losses : str or sequence of str
        One for each output: 'squared', 'cross_entropy', 'softmax_cross_entropy', 'multi_label', 'absolute', 'huber',
        'quantile', 'hinge', 'poisson', 'kullback_leibler', or 'value': the output is itself a loss, has no target.
    loss_factors : sequence of float, optional
        Of the losses in their sum; default: 1.
    keep_outputs : sequence of int, optional
        Outputs that the trained model has, by their places; default: all. Inputs and layers that lead to others only
        (adversaries, penalties, protected variables) are dropped, and ``predict`` takes the inputs that are left.
{OPTIMISATION}
    Attributes
    ----------
{CURVES}
    Examples
    --------
    >>> import numpy as np
    >>> from diskern import GraphNetwork
    >>> from diskern.networks import Concatenate, Dense, Graph, Input
    >>> x, y = Input((2,), name="x"), Input((1,), name="y")
    >>> hidden = Dense(16, activation="tanh")(Concatenate()(x, y))
    >>> graph = Graph([x, y], [Dense(1)(hidden), Dense(1)(hidden)])
    >>> events = np.random.default_rng(1).normal(size=(500, 3))
    >>> targets = [events.sum(axis=1), events[:, 0] > 0]
    >>> model = GraphNetwork(graph, ["squared", "cross_entropy"], learning_rate=0.01, max_iter=30, random_state=1)
    >>> [one.shape for one in model.fit((events[:, :2], events[:, 2:]), targets).predict(events)]
    [(500,), (500,)]
    """

    _method_name: ClassVar[str] = "GraphNetwork"

    def __init__(
        self,
        graph: Graph,
        losses: str | Sequence[str] = "squared",
        *,
        loss_factors: Sequence[float] | None = None,
        keep_outputs: Sequence[int] | None = None,
        optimizer: str = "adam",
        learning_rate: float = _DEFAULTS.learning_rate,
        batch_size: int = _DEFAULTS.batch_size,
        max_iter: int = _DEFAULTS.epochs,
        schedule: str = "constant",
        averaging: str = "none",
        l1: float = 0.0,
        l2: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float = 0.0,
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
        self.graph = graph
        self.losses = losses
        self.loss_factors = loss_factors
        self.keep_outputs = keep_outputs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.schedule = schedule
        self.averaging = averaging
        self.l1 = l1
        self.l2 = l2
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.initialisation = initialisation
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def from_parameters(
        cls, graph: Graph, parameters: Any, losses: str | Sequence[str] = "squared", **options: Any
    ) -> GraphNetwork:
        """A network whose parameters are known, trained elsewhere or earlier.

        Parameters
        ----------
        graph : Graph
        parameters : array of float32
            In the order of ``graph.core().parameters``; see :func:`diskern.networks.parameters_from_pytorch`.
        losses, **options : as of the class
            The losses say what the model applies to its outputs: 'squared' nothing, 'cross_entropy' a sigmoid.

        Returns
        -------
        GraphNetwork
            Fitted.

        Raises
        ------
        InvalidArgument
            Another number of parameters than the graph has, numbers that are not finite.
        """
        if not isinstance(graph, Graph):
            raise InvalidArgument(f"graph must be a diskern.networks.Graph, got {graph!r}")
        model = cls(graph, losses, **options)
        links = [LINKS.get(loss, "identity") for loss in model._loss_list()]
        numbers = np.ascontiguousarray(parameters, np.float32)
        core = graph.core(links)
        if numbers.shape != (core.parameter_count,) or not np.isfinite(numbers).all():
            raise InvalidArgument(
                f"parameters must be {core.parameter_count} finite numbers, got an array of shape {numbers.shape}"
            )
        model.n_features_in_ = core.input_count
        return model._finish_fit(_core.GraphPredictor(core, numbers))  # type: ignore[no-any-return]

    def _loss_list(self) -> list[str]:
        losses = [self.losses] * len(self.graph.outputs) if isinstance(self.losses, str) else list(self.losses)
        if len(losses) != len(self.graph.outputs):
            raise InvalidArgument(f"losses must have one for each of {len(self.graph.outputs)} outputs, got {losses!r}")
        return losses

    def _factors(self) -> list[float] | None:
        if self.loss_factors is None:
            return None
        count = len(self.graph.outputs)
        try:
            factors = [float(one) for one in self.loss_factors]
        except (TypeError, ValueError):
            factors = []
        if len(factors) != count or not np.isfinite(factors).all():
            raise InvalidArgument(
                f"loss_factors must hold a finite number for each of {count} outputs, got {self.loss_factors!r}"
            )
        return factors

    def _kept_graph(self) -> Graph:
        if self.keep_outputs is None:
            return self.graph
        places = list(self.keep_outputs)
        count = len(self.graph.outputs)
        if not places or not all(isinstance(i, int | np.integer) and 0 <= i < count for i in places):
            raise InvalidArgument(f"keep_outputs must hold numbers from 0 to {count - 1}, got {self.keep_outputs!r}")
        return self.graph.restricted([int(i) for i in places])

    def _events(self, X: Any, name: str = "X", graph: Graph | None = None) -> NDArray[np.float32]:
        return check_events(join_inputs(graph or self.graph, X), name)

    def _targets(self, y: Any, events: int, name: str = "y") -> NDArray[np.float32]:
        sizes = [
            int(np.prod(shape))
            for shape, loss in zip(self.graph.output_shapes, self._loss_list(), strict=True)
            if loss != "value"
        ]
        several = isinstance(y, tuple) or (isinstance(y, list) and len(sizes) > 1)
        parts = list(y) if several else ([] if y is None else [y])
        if len(parts) != len(sizes):
            raise InvalidArgument(f"{name} must hold targets for {len(sizes)} outputs, got {len(parts)}")
        columns = []
        for i, (part, size) in enumerate(zip(parts, sizes, strict=True)):
            array = np.asarray(part)
            if len(array) != events or array.size != events * size or array.dtype.kind not in "biuf":
                raise InvalidArgument(
                    f"{name}: the targets of output {i} have the shape {array.shape} and dtype {array.dtype}, expected "
                    f"{size} numbers for each of {events} events"
                )
            columns.append(array.reshape(events, size).astype(np.float32))
        return np.hstack(columns) if columns else np.empty((events, 0), np.float32)

    def _stream(self, stream: EventStream, seed: int, *, training: bool) -> StreamBatches:
        """Batches of a stream that fits the graph."""
        sizes = {name: one.size for name, one in zip(self.graph.input_names, self.graph.inputs, strict=True)}
        stream.check_inputs(sizes)
        wanted = sum(loss != "value" for loss in self._loss_list())
        if len(stream.targets) != wanted:
            raise InvalidArgument(
                f"the stream has {len(stream.targets)} targets, the network {wanted} outputs with one"
            )
        batch_size = self.batch_size if training else max(self.batch_size, 256)
        return stream.batches(
            list(sizes),
            batch_size,
            lambda parts: self._targets(tuple(parts), len(parts[0])),
            seed=seed,
            training=training,
            negative_weights=self.negative_weights,
        )

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, eval_set: Any = None) -> GraphNetwork:
        """Train.

        Parameters
        ----------
        X : array, sequence of arrays, mapping of arrays, or EventStream
            See :func:`diskern.networks.join_inputs`. A :class:`diskern.data.EventStream` brings targets and weights
            along.
        y : array or sequence of arrays
            Targets of each output, of shape (events,) or (events, *shape of the output); outputs with the loss 'value'
            have none.
        sample_weight : array of shape (events,), optional
        eval_set : (X, y), (X, y, sample_weight) or, where X is one, EventStream, optional
            Validation sample.

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
        if not isinstance(self.graph, Graph):
            raise InvalidArgument(f"graph must be a diskern.networks.Graph, got {self.graph!r}")
        self._check_common()
        losses = self._loss_list()
        factors = self._factors()
        kept = self._kept_graph()
        options: dict[str, Any] = {"factors": factors}
        data: Data | StreamBatches
        if isinstance(X, EventStream):
            if y is not None or sample_weight is not None:
                raise InvalidArgument("a stream brings its targets and weights along: y and sample_weight must be None")
            options["seed"] = self._seed()
            data = self._stream(X, options["seed"], training=True)
        else:
            events = self._events(X)
            weight = check_weights(sample_weight, len(events), negative=self.negative_weights)
            data = events, self._targets(y, len(events)), weight
        self.n_features_in_ = sum(one.size for one in self.graph.inputs)
        validation: Data | StreamBatches | None = None
        if isinstance(eval_set, EventStream):
            if not isinstance(X, EventStream):
                raise InvalidArgument("eval_set is a stream, which X must be then, too")
            validation = self._stream(eval_set, options["seed"], training=False)
        elif eval_set is not None:
            if not isinstance(eval_set, tuple | list) or len(eval_set) not in (2, 3):
                raise InvalidArgument("eval_set must be (X, y) or (X, y, sample_weight)")
            held_out = self._events(eval_set[0], "eval_set X")
            held_out_weight = check_weights(
                eval_set[2] if len(eval_set) == 3 else None,
                len(held_out),
                negative=self.negative_weights,
                name="eval_set sample_weight",
            )
            validation = held_out, self._targets(eval_set[1], len(held_out), "eval_set y"), held_out_weight
        interrupted = False
        try:
            self._fit_graph(self.graph, losses, data, validation, **options)
        except KeyboardInterrupt:
            if not getattr(self, "interrupted_", False):
                raise
            interrupted = True
        if kept is not self.graph:
            links = [LINKS.get(losses[i], "identity") for i in self.keep_outputs or ()]
            self.predictor_ = _core.GraphPredictor(
                kept.core(links), self.graph.parameters_of(kept, self.predictor_.parameters)
            )
            self.n_features_in_ = sum(one.size for one in kept.inputs)
        if interrupted:
            raise KeyboardInterrupt
        return self

    def predict(self, X: Any) -> Any:
        """What the outputs give, probabilities where the loss is a cross entropy.

        Parameters
        ----------
        X : as in ``fit``, without the inputs that only outputs need that were not kept
            Of a stream, blocks are evaluated one after the other.

        Returns
        -------
        float64 array of shape (events, *shape of the output), (events,) where that is one number; a list of them for
        several outputs
        """
        self._check_predict_fitted()
        kept = self._kept_graph()
        if isinstance(X, EventStream):
            names = kept.input_names
            X.check_inputs({name: one.size for name, one in zip(names, kept.inputs, strict=True)})
            parts: Iterator[NDArray[np.float32]] = (check_events(X.joined(block, names), "X") for block in X.blocks())
        else:
            parts = iter([self._events(X, graph=kept)])
        responses = np.concatenate([self.predictor_.evaluate(part, threads=self._threads()) for part in parts])
        results = []
        first = 0
        for shape in kept.output_shapes:
            size = int(np.prod(shape))
            part = responses[:, first : first + size]
            results.append(part[:, 0] if size == 1 else part.reshape(-1, *shape))
            first += size
        return results[0] if len(results) == 1 else results

    def _inspected_events(self, X: Any) -> NDArray[np.float32]:
        return self._events(X, graph=self._kept_graph())

    def _check_predict_fitted(self) -> None:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["options"] = [pair for pair in info["options"] if pair[0] != "graph"]
        outputs = []
        for i, shape in enumerate(self._kept_graph().output_shapes):
            size = int(np.prod(shape))
            outputs += [f"output{i}"] if size == 1 else [f"output{i}_{k}" for k in range(size)]
        info["outputs"] = outputs
        info["targets"] = [
            {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for name in outputs
        ]
        return info
