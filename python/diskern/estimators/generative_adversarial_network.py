"""Generative adversarial networks: events made from random numbers, such as the images of a calorimeter."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy, check_events, check_weights
from ..networks import Graph
from ._base import Estimator
from ._graph_training import set_options
from ._network_inspection import NetworkInspection

InvalidArgument = _core.InvalidArgument

_DEFAULTS = _core.AdversarialParams()


class GenerativeAdversarialNetwork(NetworkInspection, Estimator):
    """A generator of events that a discriminator cannot tell from real ones (arXiv:1406.2661).

    The generator turns latent numbers, each drawn from the normal distribution, into an event; the discriminator learns
    to tell real events from generated ones; each step of the generator goes where the discriminator is misled more.
    What is known of an event (its energy, say) may be a condition, given to both, for which events are then generated.

    Parameters
    ----------
    generator : Graph
        Its first input are the latent numbers, of one dimension; a second one, where there is one, the conditions. Its
        only output is an event, activation included (``relu`` where energies are 0 or more).
    discriminator : Graph
        Its first input is an event, of the shape that the generator gives; a second one the conditions. Its only output
        is one number without an activation.
    loss : {'non_saturating', 'hinge', 'wasserstein'}
        Of the score s: the cross entropy of sigmoid(s), the generator maximising ln sigmoid(s) of its events;
        max(0, 1 - s) and max(0, 1 + s) (arXiv:1705.02894), or the difference of the mean scores (arXiv:1701.07875),
        the generator maximising s.
    smoothing : float
        Real events have the target 1 - smoothing (arXiv:1606.03498); 'non_saturating' only.
    gradient_penalty : float
        Factor of a penalty on the score's gradient by the event. 'wasserstein': the squared difference of its length
        from 1 between real and generated events (arXiv:1704.00028; the paper has 10), which this loss needs; other
        losses: half the squared length at real events (arXiv:1801.04406). Its derivative is taken as a difference of
        gradients at two points near each event.
    discriminator_steps : int
        For each step of the generator.
    averaging : float
        The model's generator has the average of the weights over steps, each older one counting this much less; 0: the
        last weights.
    optimizer : {'adam', 'adamw', 'nadam', 'gradient_descent', 'momentum', 'nesterov', 'adagrad', 'adadelta', 'rmsprop'}
    learning_rate, discriminator_learning_rate : float
        Of the generator, of the discriminator (None: the same).
    beta_1, beta_2 : float
        Of adam.
    l2, clip_norm : float
        As of :class:`GraphNetwork`, for both.
    batch_size : int
    max_iter : int
        Epochs. There is no early stopping: losses of a game do not say how good the generator is. Look at quantities
        that matter, such as the sum of an image.
    initialisation : str
        As of :class:`GraphNetwork`.
    negative_weights : {'error', 'ignore'}
        A distribution to learn has none: refused, or left out.
    n_jobs : int or None
        Threads; None and -1: all. The model does not depend on it.
    random_state : int, RandomState or None
    verbose : int
        1 shows progress on standard error: losses of discriminator and generator.

    Attributes
    ----------
    discriminator_ : GraphPredictor
        The trained discriminator; the model that is saved and applied is the generator.
    n_iter_ : int
        Epochs done.
    discriminator_loss_, generator_loss_, penalty_ : float64 arrays
        Means over each epoch, while the weights moved.
    real_score_, generated_score_ : float64 arrays
        Mean score of real and generated events over each epoch.
    interrupted_ : bool
        Whether Ctrl-C ended the training early.

    Examples
    --------
    >>> import numpy as np
    >>> from diskern import GenerativeAdversarialNetwork
    >>> from diskern.networks import Dense, Graph, Input
    >>> x = np.random.default_rng(1).normal(3.0, 0.5, size=(2000, 1))
    >>> latent, event = Input((2,)), Input((1,))
    >>> generator = Graph(latent, Dense(1)(Dense(16, activation="relu")(latent)))
    >>> discriminator = Graph(event, Dense(1)(Dense(16, activation="relu")(event)))
    >>> model = GenerativeAdversarialNetwork(
    ...     generator, discriminator, learning_rate=0.002, gradient_penalty=0.1, max_iter=30, random_state=1
    ... ).fit(x)
    >>> bool(abs(model.sample(1000, random_state=2).mean() - 3.0) < 0.5)
    True
    """

    _method_name: ClassVar[str] = "GenerativeAdversarialNetwork"
    predictor_: _core.GraphPredictor

    def __init__(
        self,
        generator: Graph,
        discriminator: Graph,
        *,
        loss: str = "non_saturating",
        smoothing: float = 0.0,
        gradient_penalty: float = 0.0,
        discriminator_steps: int = 1,
        averaging: float = _DEFAULTS.averaging,
        optimizer: str = "adam",
        learning_rate: float = 2e-4,
        discriminator_learning_rate: float | None = None,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        l2: float = 0.0,
        clip_norm: float = 0.0,
        batch_size: int = _DEFAULTS.batch_size,
        max_iter: int = _DEFAULTS.epochs,
        initialisation: str = "automatic",
        negative_weights: NegativePolicy = "error",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.generator = generator
        self.discriminator = discriminator
        self.loss = loss
        self.smoothing = smoothing
        self.gradient_penalty = gradient_penalty
        self.discriminator_steps = discriminator_steps
        self.averaging = averaging
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.l2 = l2
        self.clip_norm = clip_norm
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.initialisation = initialisation
        self.negative_weights = negative_weights
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _check_graphs(self) -> None:
        for name, graph in (("generator", self.generator), ("discriminator", self.discriminator)):
            if not isinstance(graph, Graph):
                raise InvalidArgument(f"{name} must be a diskern.networks.Graph, got {graph!r}")
            if len(graph.inputs) > 2 or len(graph.outputs) != 1:
                raise InvalidArgument(
                    f"{name}: it has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, expected 1 or 2 and 1"
                )
        if len(self.generator.inputs[0].shape) != 1:
            raise InvalidArgument(f"generator: the latent numbers have the shape {self.generator.inputs[0].shape}")
        sizes = [sum(one.size for one in graph.inputs[1:]) for graph in (self.generator, self.discriminator)]
        if sizes[0] != sizes[1]:
            raise InvalidArgument(f"generator and discriminator take {sizes[0]} and {sizes[1]} conditions")
        shape = self.generator.output_shapes[0]
        if int(np.prod(shape)) != self.discriminator.inputs[0].size:
            raise InvalidArgument(
                f"generator: it gives events of the shape {shape}, the discriminator takes "
                f"{self.discriminator.inputs[0].shape}"
            )

    @property
    def _latent(self) -> int:
        return self.generator.inputs[0].size

    def _event_array(self, X: Any, name: str = "X") -> NDArray[np.float32]:
        array = np.asarray(X)
        shape = self.discriminator.inputs[0].shape
        size = self.discriminator.inputs[0].size
        if array.ndim < 2 or array.shape[1:] not in (shape, (size,)):
            raise InvalidArgument(
                f"{name} has the shape {array.shape}, expected (events, {', '.join(map(str, shape))})"
            )
        return check_events(array.reshape(len(array), size), name)

    def _conditions(self, condition: Any, events: int, name: str = "condition") -> NDArray[np.float32]:
        size = sum(one.size for one in self.generator.inputs[1:])
        if condition is None:
            if size:
                raise InvalidArgument(
                    f"{name}: the networks take {size} numbers that are known of each event, got none"
                )
            return np.empty((events, 0), np.float32)
        array = np.asarray(condition)
        if array.ndim == 1 and size == 1:
            array = array[:, np.newaxis]
        if not size or array.reshape(len(array), -1).shape != (events, size):
            raise InvalidArgument(f"{name} has the shape {array.shape}, expected ({events}, {size})")
        return check_events(array.reshape(events, size), name)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> GenerativeAdversarialNetwork:
        """Train.

        Parameters
        ----------
        X : array of shape (events, *shape of an event)
        y : array of shape (events,) or (events, conditions), optional
            Conditions, where the networks have an input for them.
        sample_weight : array of shape (events,), optional

        Returns
        -------
        self

        Raises
        ------
        InvalidArgument
            Input that cannot be trained on, networks that do not fit each other.
        Error
            Training that diverged in its first epoch; later ones keep the weights of the last good one, with a warning.
        KeyboardInterrupt
            After Ctrl-C; the weights so far are held and ``interrupted_`` is True.
        """
        self._check_common()
        self._check_graphs()
        if self.negative_weights not in ("error", "ignore"):
            raise InvalidArgument(f"negative_weights must be 'error' or 'ignore', got {self.negative_weights!r}")
        events = self._event_array(X)
        conditions = self._conditions(y, len(events), "y")
        weight = check_weights(sample_weight, len(events), negative=self.negative_weights)
        params = _core.AdversarialParams()
        rate = self.learning_rate if self.discriminator_learning_rate is None else self.discriminator_learning_rate
        names = ["loss", "smoothing", "gradient_penalty", "discriminator_steps", "averaging", "optimizer", "beta_1"]
        names += ["beta_2", "l2", "clip_norm", "batch_size", "initialisation"]
        set_options(
            params,
            {name: (name, getattr(self, name)) for name in names}
            | {
                "max_iter": ("epochs", self.max_iter),
                "learning_rate": ("generator_learning_rate", self.learning_rate),
                "discriminator_learning_rate": ("discriminator_learning_rate", rate),
            },
        )
        fit = _core.fit_adversarial(
            self.generator.core(),
            self.discriminator.core(),
            params,
            events,
            conditions,
            weight,
            threads=self._threads(),
            seed=self._seed(),
            progress=self._progress(),
        )
        if fit.diverged:
            warnings.warn(f"{type(self).__name__}: {fit.message}", UserWarning, stacklevel=2)
        self.n_features_in_ = sum(one.size for one in self.generator.inputs)
        self.discriminator_ = fit.discriminator
        self.n_iter_ = int(fit.epochs)
        for name in ("discriminator_loss", "generator_loss", "penalty", "real_score", "generated_score"):
            setattr(self, f"{name}_", np.asarray(getattr(fit, name)))
        self._finish_fit(fit.generator, fit.interrupted)
        return self

    def _sources(self, X: Any) -> NDArray[np.float32]:
        """Latent numbers and conditions as one matrix."""
        from ..networks import join_inputs

        return check_events(join_inputs(self.generator, X), "X")

    def _inspected_events(self, X: Any) -> NDArray[np.float32]:
        return self._sources(X)

    def predict(self, X: Any) -> NDArray[np.float64]:
        """The events that latent numbers make.

        Parameters
        ----------
        X : array of shape (events, latent numbers + conditions), or a tuple of both

        Returns
        -------
        float64 array of shape (events, *shape of an event)
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        responses = self.predictor_.evaluate(self._sources(X), threads=self._threads())
        return np.asarray(responses.reshape(-1, *self.generator.output_shapes[0]))

    def sample(self, n: int | None = None, condition: Any = None, random_state: Any = None) -> NDArray[np.float64]:
        """New events.

        Parameters
        ----------
        n : int, optional
            How many; default: as many as there are conditions.
        condition : number, array of shape (events,) or (events, conditions), optional
            One for all events, or one for each.
        random_state : int, Generator or None
            Seed of the latent numbers.

        Returns
        -------
        float64 array of shape (n, *shape of an event)
        """
        if condition is not None:
            array = np.asarray(condition, dtype=np.float64)
            condition = np.full((1 if n is None else n, 1), array) if array.ndim == 0 else array
        count = n if n is not None else 1 if condition is None else len(condition)
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
            raise InvalidArgument(f"n must be a whole number of 1 or more, got {n!r}")
        latent = np.random.default_rng(random_state).standard_normal((count, self._latent), dtype=np.float32)
        return self.predict(np.hstack([latent, self._conditions(condition, count)]))

    def score_events(self, X: Any, condition: Any = None) -> NDArray[np.float64]:
        """The discriminator's score of events, larger for what looks real to it.

        Parameters
        ----------
        X : array of shape (events, *shape of an event)
        condition : array of shape (events,) or (events, conditions), optional

        Returns
        -------
        float64 array of shape (events,)
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        events = self._event_array(X)
        rows = np.hstack([events, self._conditions(condition, len(events))])
        return np.asarray(self.discriminator_.evaluate(rows, threads=self._threads())[:, 0])

    def _model_info(self) -> dict[str, Any]:
        info = super()._model_info()
        info["options"] = [pair for pair in info["options"] if pair[0] not in ("generator", "discriminator")]
        outputs = [f"output{i}" for i in range(int(np.prod(self.generator.output_shapes[0])))]
        info["outputs"] = outputs
        info["targets"] = [
            {"expression": name, "label": name, "title": name, "unit": "", "internal": name, "type": "F"}
            | {"minimum": 0.0, "maximum": 0.0}
            for name in outputs
        ]
        return info
