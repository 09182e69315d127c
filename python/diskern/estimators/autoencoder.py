"""Autoencoders: what cannot be squeezed through a few numbers and back is anomalous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy, check_events, check_weights
from ..networks import Dense, Distance, Divergence, Graph, Input, Reshape, Sampling, Standardise, join_inputs
from ..networks._graph import flat
from ..networks._layer import Layer, Value
from .graph_network import CURVES, OPTIMISATION, GraphEstimator

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.GraphParams()


class Autoencoder(GraphEstimator):
    __doc__ = f"""Learns to give its input back through a few latent numbers; its error is an anomaly score.

    Parameters
    ----------
    latent : int
        Numbers in the middle.
    hidden_layer_sizes : sequence of int
        Neurons of the dense layers before the middle, and in the opposite order behind it.
    activation : str
        Of those layers, see :class:`diskern.networks.Activation`.
    encoder, decoder : list of Layer, optional
        Instead of dense layers: what comes before the middle (the first may be an ``Input`` with the shape of an event)
        and behind it. The decoder gives as many numbers as an event has.
    variational : bool
        The middle is a normal distribution, drawn from in training, whose Kullback-Leibler divergence from the standard
        one is added to the loss (arXiv:1312.6114).
    beta : float
        Factor of that divergence; it is divided by the numbers of an event, as the squared error is their mean.
    standardise : bool
        Work on (x - mean) / deviation of each variable, where an event is one row of them.
{OPTIMISATION}
    Attributes
    ----------
{CURVES}
    Examples
    --------
    >>> import numpy as np
    >>> from diskern import Autoencoder
    >>> generator = np.random.default_rng(1)
    >>> x = generator.normal(size=(2000, 1)) * [1.0, 2.0, -1.0] + 0.1 * generator.normal(size=(2000, 3))
    >>> model = Autoencoder(1, (8,), learning_rate=0.01, max_iter=30, random_state=1).fit(x)
    >>> strange = x * [1.0, -1.0, 1.0]
    >>> bool(np.median(model.anomaly_score(strange)) > 10 * np.median(model.anomaly_score(x)))
    True
    """

    _method_name: ClassVar[str] = "Autoencoder"

    def __init__(
        self,
        latent: int = 2,
        hidden_layer_sizes: Sequence[int] = (32,),
        activation: str = "relu",
        *,
        encoder: Sequence[Layer] | None = None,
        decoder: Sequence[Layer] | None = None,
        variational: bool = False,
        beta: float = 1.0,
        standardise: bool = True,
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
        self.latent = latent
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.encoder = encoder
        self.decoder = decoder
        self.variational = variational
        self.beta = beta
        self.standardise = standardise
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

    def _start(self, numbers: int) -> Input:
        given = list(self.encoder or ())
        return given[0] if given and isinstance(given[0], Input) else Input((numbers,))

    def _check_parameters(self) -> None:
        if isinstance(self.latent, bool) or not isinstance(self.latent, int | np.integer) or self.latent < 1:
            raise InvalidArgument(f"latent must be a whole number of 1 or more, got {self.latent!r}")
        for name in ("variational", "standardise"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise InvalidArgument(f"{name} must be True or False, got {value!r}")
        if (
            isinstance(self.beta, bool)
            or not isinstance(self.beta, int | float | np.number)
            or not 0 <= self.beta < np.inf
        ):
            raise InvalidArgument(f"beta must be a number of 0 or more, got {self.beta!r}")
        for name in ("encoder", "decoder"):
            layers = getattr(self, name)
            if layers is None:
                continue
            if not isinstance(layers, list | tuple):
                raise InvalidArgument(f"{name} must be a list of layers of diskern.networks, got {layers!r}")
            for i, layer in enumerate(layers):
                if isinstance(layer, Input):
                    if name == "decoder" or i > 0:
                        raise InvalidArgument(
                            f"{name}: {layer!r} stands at place {i}; an autoencoder has one Input, the first of encoder"
                        )
                elif not isinstance(layer, Layer):
                    raise InvalidArgument(f"{name} must hold layers of diskern.networks, got {layer!r}")

    def _build(self, numbers: int) -> Graph:
        start = self._start(numbers)
        if start.size != numbers:
            raise InvalidArgument(f"encoder: its Input takes {start.size} numbers, the events have {numbers}")
        target: Value = Standardise(name="standardise")(start) if self._standardises(start) else start
        sizes = list(self.hidden_layer_sizes)
        before = list(self.encoder or ())
        if before and isinstance(before[0], Input):
            before.pop(0)
        if self.encoder is None:
            before = [Dense(size, activation=self.activation) for size in sizes]
        value = target
        for layer in before:
            value = layer(value)
        value = flat(value, Graph(start, value).output_shapes[0] if value is not start else start.shape)
        mean = Dense(self.latent, name="latent")(value)
        code, spread = mean, None
        if self.variational:
            spread = Dense(self.latent, name="logarithm_of_variance")(value)
            code = Sampling(name="sampling")(mean, spread)
        behind = list(self.decoder or ())
        if self.decoder is None:
            behind = [*(Dense(size, activation=self.activation) for size in reversed(sizes)), Dense(numbers)]
        result = code
        for layer in behind:
            result = layer(result)
        shape = Graph(start, result).output_shapes[0]
        if int(np.prod(shape)) != numbers:
            raise InvalidArgument(f"decoder: it gives the shape {shape}, expected {numbers} numbers")
        if shape != start.shape:
            result = Reshape(start.shape)(result)
        outputs = [Distance(name="distance")(result, target), mean, result]
        if spread is not None:
            outputs.append(Divergence(name="divergence")(mean, spread))
        return Graph(start, outputs)

    def _standardises(self, start: Input) -> bool:
        return self.standardise and len(start.shape) == 1

    def _events(self, X: Any, name: str = "X") -> NDArray[np.float32]:
        given = list(self.encoder or ())
        if given and isinstance(given[0], Input):
            X = join_inputs(Graph.chain([given[0], Standardise()], ()), X)
        return check_events(X, name)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, eval_set: Any = None) -> Autoencoder:
        """Train.

        Parameters
        ----------
        X : array of shape (events, variables), or (events, *shape of the Input)
        y : ignored
        sample_weight : array of shape (events,), optional
        eval_set : X or (X, sample_weight), optional
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
        self._check_common()
        self._check_parameters()
        events = self._events(X)
        weight = check_weights(sample_weight, len(events), negative=self.negative_weights)
        self.n_features_in_ = events.shape[1]
        graph = self._build(events.shape[1])
        validation = None
        if eval_set is not None:
            held_out = self._events(eval_set[0] if isinstance(eval_set, tuple) else eval_set, "eval_set")
            held_out_weight = check_weights(
                eval_set[1] if isinstance(eval_set, tuple) else None,
                len(held_out),
                negative=self.negative_weights,
                name="eval_set sample_weight",
            )
            validation = held_out, np.empty((len(held_out), 0), np.float32), held_out_weight
        factors = [1.0, 0.0, 0.0] + ([self.beta / events.shape[1]] if self.variational else [])
        data = events, np.empty((len(events), 0), np.float32), weight
        self._fit_graph(graph, ["value"] * len(factors), data, validation, factors=factors)
        return self

    def _inspected_events(self, X: Any) -> NDArray[np.float32]:
        return self._events(X)

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        responses: NDArray[np.float64] = self.predictor_.evaluate(self._events(X), threads=self._threads())
        return responses

    def anomaly_score(self, X: Any) -> NDArray[np.float64]:
        """Mean squared error of each event, in units of the variables' variances where they are standardised.

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        float64 array of shape (events,)
        """
        return self._outputs(X)[:, 0]

    def transform(self, X: Any) -> NDArray[np.float64]:
        """The latent numbers (of a variational autoencoder: their means).

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        float64 array of shape (events, latent)
        """
        return self._outputs(X)[:, 1 : 1 + self.latent]

    def reconstruct(self, X: Any) -> NDArray[np.float64]:
        """What the network gives for each event, in the units of X.

        Parameters
        ----------
        X : as in ``fit``

        Returns
        -------
        float64 array of shape (events, *shape of an event)
        """
        first = 1 + self.latent
        result = self._outputs(X)[:, first : first + self.n_features_in_]
        start = self._start(self.n_features_in_)
        if self._standardises(start):
            place = {
                one["name"]: one["offset"] for one in self.predictor_.graph.parameters if one["layer"] == "standardise"
            }
            numbers = self.predictor_.parameters.astype(np.float64)
            shift = numbers[place["shift"] :][: self.n_features_in_]
            result = result / numbers[place["factor"] :][: self.n_features_in_] + shift
        return np.asarray(result.reshape(-1, *start.shape))

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["options"] = [pair for pair in info["options"] if pair[0] not in ("encoder", "decoder")]
        outputs = ["anomaly_score", *(f"latent_{i}" for i in range(self.latent))]
        outputs += [f"reconstruction_{i}" for i in range(self.n_features_in_)]
        outputs += ["divergence"] if self.variational else []
        info["outputs"] = outputs
        info["targets"] = [
            {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for name in outputs
        ]
        return info
