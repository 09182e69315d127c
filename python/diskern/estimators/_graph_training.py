"""Training of graphs of layers, common to all estimators that have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..data.stream import StreamBatches
from ..networks import Dense, Graph
from ..networks._graph import flat

InvalidArgument = _core.InvalidArgument

#: events, targets and weights
Data = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]

#: optimizers that work on mini-batches
OPTIMIZERS = (
    "gradient_descent", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam",
)  # fmt: skip
#: optimizers that work on all events at once
WHOLE_SAMPLE = ("lbfgs", "bfgs")

#: what a model applies to an output that was trained with a loss
LINKS = {
    "cross_entropy": "sigmoid",
    "multi_label": "sigmoid",
    "softmax_cross_entropy": "softmax",
    "kullback_leibler": "softmax",
    "poisson": "exponential",
}


def with_head(layers: Any, shape: Sequence[int], outputs: int) -> Graph:
    """The graph that an estimator trains.

    Parameters
    ----------
    layers : sequence of Layer, or Graph
        A sequence is what comes before the last dense layer, which is added; a graph is complete and must give as many
        numbers as are wanted.
    shape : sequence of int
        Of an event, where a sequence does not begin with an Input.
    outputs : int
        Numbers that the network gives.
    """
    if isinstance(layers, Graph):
        sizes = [int(np.prod(one)) for one in layers.output_shapes]
        if sizes != [outputs]:
            raise InvalidArgument(f"layers: the graph gives {sizes} numbers, expected one output of {outputs}")
        return layers
    if isinstance(layers, str) or not isinstance(layers, Sequence):
        raise InvalidArgument(f"layers must be a list of layers of diskern.networks or a Graph, got {layers!r}")
    body = Graph.chain(layers, shape)
    value = flat(body.outputs[0], body.output_shapes[0])
    return Graph(body.inputs, Dense(outputs, name="output")(value))


def set_options(params: _core.GraphParams | _core.AdversarialParams, values: Mapping[str, tuple[str, Any]]) -> None:
    """Set fields of the parameters; values: for each argument of the estimator the field and the value."""
    for argument, (field, value) in values.items():
        try:
            setattr(params, field, value)
        except TypeError:
            kind = type(getattr(params, field)).__name__
            raise InvalidArgument(f"{argument} must be of type {kind}, got {value!r}") from None


def fit_graph(
    graph: Graph,
    losses: Sequence[str],
    params: _core.GraphParams,
    training: Data | StreamBatches,
    validation: Data | StreamBatches | None,
    *,
    factors: Sequence[float] | None = None,
    loss_options: Mapping[str, float] | None = None,
    links: Sequence[str] | None = None,
    threads: int = 0,
    seed: int = 0,
    progress: Any = None,
    start: NDArray[np.float32] | None = None,
) -> _core.GraphFit:
    """Train.

    Parameters
    ----------
    graph : Graph
    losses : sequence of str
        One for each output; 'value': the output is a loss.
    params : GraphParams
        Without losses.
    training, validation : (events, targets, weight), or batches of a stream
        Streams are closed at the end. A stream of validation events needs one of training events.
    factors : sequence of float, optional
        Of the losses in their sum.
    links : sequence of str, optional
        What the model applies to each output; default: what belongs to its loss.
    start : array of float32, optional
        Parameters to go on from.
    """
    factors = [1.0] * len(losses) if factors is None else list(factors)
    for loss, factor in zip(losses, factors, strict=True):
        params.add_loss(loss, factor, **(loss_options or {}))
    links = [LINKS.get(loss, "identity") for loss in losses] if links is None else links
    options: dict[str, Any] = {"start": start, "threads": threads, "seed": seed, "progress": progress}
    if isinstance(validation, StreamBatches):
        options["validation_source"] = validation
    elif validation is not None:
        names = ("validation_events", "validation_targets", "validation_weight")
        options.update(zip(names, validation, strict=True))
    if not isinstance(training, StreamBatches):
        return _core.fit_graph(graph.core(links), params, *training, **options)
    try:
        return _core.fit_graph_stream(graph.core(links), params, training, **options)
    finally:
        training.close()
        if isinstance(validation, StreamBatches):
            validation.close()
