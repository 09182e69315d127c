"""The parameter ``layers`` of network estimators: any graph of layers instead of dense hidden ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import NegativePolicy
from ..data.stream import EventStream, StreamBatches
from ..networks import Graph, Input, Standardise, join_inputs
from ._base import Estimator
from ._graph_training import LINKS, WHOLE_SAMPLE, fit_graph, set_options, with_head
from ._network_inspection import NetworkInspection

InvalidArgument = _core.InvalidArgument

_Data = tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64]]


@dataclass
class StreamData:
    """A stream to train on, and what its target column means: encode gives (events, outputs) numbers for it."""

    stream: EventStream
    encode: Callable[[NDArray[Any]], NDArray[Any]]
    outputs: int


class LayersDoor(NetworkInspection, Estimator):
    """Events of any shape, and training of a graph. Used where ``layers`` is not None."""

    layers: Any
    negative_weights: NegativePolicy
    solver: str
    learning_rate_init: float
    batch_size: int
    max_iter: int
    alpha: float
    beta_1: float
    beta_2: float
    epsilon: float
    momentum: float
    rho: float
    l1: float
    weight_decay: float
    clip_norm: float
    schedule: str
    schedule_factor: float
    schedule_period: int
    dropout: float
    averaging: str
    initialisation: str
    n_iter_no_change: int
    tol: float

    def _check_events(self, X: Any, *, reset: bool, name: str = "X") -> NDArray[np.float32]:
        if self.layers is not None:
            X = self._joined(X)
        return super()._check_events(X, reset=reset, name=name)

    def _inspected_events(self, X: Any) -> NDArray[np.float32]:
        return self._check_events(X, reset=False)

    def _joined(self, X: Any) -> Any:
        """Images, series and several inputs as one matrix."""
        if isinstance(self.layers, Graph):
            return join_inputs(self.layers, X)
        array = X if hasattr(X, "columns") else np.asarray(X)
        first = self.layers[0] if isinstance(self.layers, list | tuple) and self.layers else None
        if isinstance(first, Input):
            return X if hasattr(X, "columns") else join_inputs(Graph.chain([first, Standardise()], ()), X)
        return array.reshape(len(array), -1) if array.ndim > 2 else array

    def _layers_graph(self, n_numbers: int, outputs: int) -> Graph:
        layers = self.layers
        if isinstance(layers, list | tuple):
            # Variables in one row are standardised as in dense networks; images and series are taken as they are.
            start, rest = (layers[0], layers[1:]) if layers and isinstance(layers[0], Input) else (None, layers)
            shape = (n_numbers,) if start is None else start.shape
            front = [Standardise()] if len(shape) == 1 and not (rest and type(rest[0]).__name__ == "Embedding") else []
            layers = [Input(shape), *front, *rest]
        graph = with_head(layers, (n_numbers,), outputs)
        size = sum(one.size for one in graph.inputs)
        if size != n_numbers:
            raise InvalidArgument(f"layers: the inputs take {size} numbers, the events have {n_numbers}")
        return graph

    def _check_stream(self, stream: EventStream, y: Any, sample_weight: Any) -> None:
        """A stream brings one target along, and its inputs are those of the layers."""
        if y is not None or sample_weight is not None:
            raise InvalidArgument("a stream brings its targets and weights along: y and sample_weight must be None")
        if self.layers is None:
            raise InvalidArgument("a stream needs layers=, such as [Dense(64, activation='relu')]")
        if len(stream.targets) != 1:
            raise InvalidArgument(f"the stream has {len(stream.targets)} targets, expected one")
        self._check_common()
        self.n_features_in_ = sum(int(np.prod(shape)) for shape in stream.shapes.values())

    def _fit_layers(
        self,
        params: _core.NetworkParams,
        data: _Data | StreamData,
        validation: _Data | StreamData | None,
        seed: int,
    ) -> Any:
        whole_sample = self.solver in WHOLE_SAMPLE
        if params.solver != _core.NetworkSolver.mini_batch and not whole_sample:
            raise InvalidArgument(
                "solver must be one of mini-batches (such as 'adam'), 'lbfgs' or 'bfgs' with layers, "
                f"got {self.solver!r}"
            )
        if self.dropout != 0.0:
            raise InvalidArgument(f"dropout={self.dropout!r} is for dense networks; put Dropout among the layers")
        loss = params.loss.name
        if isinstance(data, StreamData):
            numbers, outputs, all_targets, weight = self.n_features_in_, data.outputs, np.zeros((1, data.outputs)), None
            if params.standardise_targets:
                all_targets = data.encode(data.stream.column(data.stream.targets[0]))
                name = data.stream.weight
                weight = None if name is None else data.stream.column(name)
        else:
            all_targets, weight = np.ascontiguousarray(data[1], np.float32), data[2]
            numbers, outputs = data[0].shape[1], all_targets.shape[1]
        shift, scale = np.zeros(outputs), np.ones(outputs)
        # What the last dense layer gives can be scaled afterwards; the output of a graph may be anything.
        if params.standardise_targets and not isinstance(self.layers, Graph):
            shift = np.average(all_targets, axis=0, weights=None if weight is None else np.abs(weight))
            scale = np.sqrt(
                np.average((all_targets - shift) ** 2, axis=0, weights=None if weight is None else np.abs(weight))
            )
            scale[scale == 0.0] = 1.0
        graph = self._layers_graph(numbers, outputs)

        def scaled(part: _Data | StreamData, training: bool) -> Any:
            if not isinstance(part, StreamData):
                return part[0], np.ascontiguousarray((part[1] - shift) / scale, np.float32), part[2]
            part.stream.check_inputs(
                {name: one.size for name, one in zip(graph.input_names, graph.inputs, strict=True)}
            )
            batches: StreamBatches = part.stream.batches(
                graph.input_names,
                int(self.batch_size) if training else 256,
                lambda parts: ((part.encode(parts[0]) - shift) / scale).astype(np.float32),
                seed=seed,
                training=training,
                negative_weights=self.negative_weights,
            )
            return batches

        options = _core.GraphParams()
        events = len(data.stream if isinstance(data, StreamData) else data[0])
        batch = int(self.batch_size) if self.batch_size and not whole_sample else events
        set_options(
            options,
            {
                "learning_rate_init": ("learning_rate", self.learning_rate_init),
                "batch_size": ("batch_size", self.batch_size),
                "max_iter": ("epochs", self.max_iter),
                "alpha": ("l2", self.alpha / batch),
                "beta_1": ("beta_1", self.beta_1),
                "beta_2": ("beta_2", self.beta_2),
                "epsilon": ("epsilon", self.epsilon),
                "solver": ("solver", self.solver) if whole_sample else ("optimizer", params.optimizer.name),
                "momentum": ("momentum", self.momentum),
                "rho": ("rho", self.rho),
                "l1": ("l1", self.l1),
                "weight_decay": ("weight_decay", self.weight_decay),
                "clip_norm": ("clip_norm", self.clip_norm),
                "schedule": ("schedule", self.schedule),
                "schedule_factor": ("factor", self.schedule_factor),
                "schedule_period": ("period", self.schedule_period),
                "averaging": ("averaging", self.averaging),
                "initialisation": ("initialisation", self.initialisation),
                "n_iter_no_change": ("convergence_tests", self.n_iter_no_change),
                "tol": ("convergence_improve", self.tol),
            },
        )
        options.keep_best = params.keep_best
        fit = fit_graph(
            graph,
            [loss],
            options,
            scaled(data, True),
            None if validation is None else scaled(validation, False),
            loss_options={"quantile": params.quantile, "huber_distance": params.huber_distance / float(scale[0])},
            links=[LINKS.get(loss, "identity")],
            threads=self._threads(),
            seed=seed,
            progress=self._progress(),
        )
        if (shift != 0.0).any() or (scale != 1.0).any():
            return _Scaled(fit, _unscaled(fit.predictor, shift, scale))
        return fit


class _Scaled:
    """A fit whose predictor was replaced."""

    def __init__(self, fit: _core.GraphFit, predictor: _core.GraphPredictor) -> None:
        self._fit = fit
        self.predictor = predictor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fit, name)


def _unscaled(
    predictor: _core.GraphPredictor, shift: NDArray[np.float64], scale: NDArray[np.float64]
) -> _core.GraphPredictor:
    """The same network with y scale + shift instead of y: in the weights of its last layer."""
    parameters = predictor.parameters.astype(np.float64)
    for one in predictor.graph.parameters:
        if one["layer"] == "output":
            place = slice(one["offset"], one["offset"] + int(np.prod(one["shape"])))
            block = parameters[place].reshape(one["shape"]) * scale
            parameters[place] = (block + shift if one["name"] == "biases" else block).ravel()
    return _core.GraphPredictor(predictor.graph, parameters.astype(np.float32))
