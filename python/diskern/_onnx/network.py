"""Networks of layers as an ONNX graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import InvalidArgument
from . import dense, images, series
from .graph import GraphBuilder, Node, Value

_WRITERS: dict[str, Callable[[Node], Value]] = {
    "activation": dense.activation,
    "add": dense.add,
    "attention": series.attention,
    "batch_normalisation": dense.batch_normalisation,
    "concatenate": dense.concatenate,
    "convolution": images.convolution,
    "dense": dense.dense,
    "distance": dense.distance,
    "distance_correlation": dense.refused,
    "divergence": dense.divergence,
    "dropout": dense.unchanged,
    "embedding": dense.embedding,
    "gaussian_noise": dense.unchanged,
    "global_pooling": images.global_pooling,
    "gradient_reversal": dense.unchanged,
    "gru": series.recurrent,
    "layer_normalisation": dense.layer_normalisation,
    "lstm": series.recurrent,
    "masking": series.masking,
    "multiply": dense.multiply,
    "permute": dense.permute,
    "pooling": images.pooling,
    "recurrent": series.recurrent,
    "reshape": dense.reshape,
    "sampling": dense.unchanged,  # gives the mean, its first input
    "scale": dense.scale,
    "softmax": dense.softmax,
    "transposed_convolution": images.transposed_convolution,
    "upsampling": images.upsampling,
}
_LINKS = ("identity", "sigmoid", "softmax", "exponential")


def values_of(builder: GraphBuilder, predictor: Any, inputs: list[str]) -> list[Value]:
    """All values of a network, inputs (whose names are given) first."""
    graph = predictor.graph
    description, shapes, numbers = graph.describe(), graph.shapes, predictor.parameters
    parameters: dict[str, dict[str, Any]] = {}
    for one in graph.parameters:
        array = numbers[one["offset"] : one["offset"] + int(np.prod(one["shape"]))]
        parameters.setdefault(one["layer"], {})[one["name"]] = array.reshape(one["shape"])
    values = [Value(builder, tuple(shapes[i]), last=name) for i, name in enumerate(inputs)]
    needed = _needed(description)
    for one in description["nodes"]:
        layer = description["layers"][one["layer"]]
        if len(values) not in needed:
            values.append(Value(builder, tuple(shapes[len(values)])))
            continue
        kind, name = layer["kind"], layer["name"]
        if kind not in _WRITERS:
            raise InvalidArgument(f"layer {name!r} of the kind {kind!r} cannot be written as ONNX")
        builder.label = name
        shape = tuple(shapes[len(values)])
        before = [values[i] for i in one["inputs"]]
        values.append(_WRITERS[kind](Node(builder, kind, name, layer, before, shape, parameters.get(name, {}))))
    return values


def _needed(description: dict[str, Any]) -> set[int]:
    """Values that outputs depend on where the network is applied: of a Sampling the mean only."""
    needed = {int(one["value"]) for one in description["outputs"]}
    count = len(description["inputs"])
    for k, one in reversed(list(enumerate(description["nodes"]))):
        if count + k in needed:
            first_only = description["layers"][one["layer"]]["kind"] == "sampling"
            needed |= set(one["inputs"][: 1 if first_only else None])
    return needed


def linked(builder: GraphBuilder, value: Value, link: int) -> str:
    """An output as one row for each event, with what the model applies to it."""
    builder.label = "response"
    row = value.flat()
    match _LINKS[link]:
        case "sigmoid":
            return builder.add("Sigmoid", row)
        case "softmax":
            width = value.shape[-1]
            if len(value.shape) == 1:
                return builder.add("Softmax", row, axis=1)
            # One softmax for each group of channels, as the core takes it.
            groups = builder.add("Reshape", row, builder.shape((-1, width)))
            shares = builder.add("Softmax", groups, axis=1)
            return builder.add("Reshape", shares, builder.shape((-1, int(np.prod(value.shape)))))
        case "exponential":
            return builder.add("Exp", row)
    return row


def output_names(description: dict[str, Any]) -> list[str]:
    """Of several outputs: the names of their layers, with a number where one stands twice."""
    inputs = [one["name"] for one in description["inputs"]]
    names: list[str] = []
    for output in description["outputs"]:
        value = int(output["value"])
        nodes = description["nodes"]
        base = (
            inputs[value] if value < len(inputs) else description["layers"][nodes[value - len(inputs)]["layer"]]["name"]
        )
        name, number = base, 1
        while name in names or name in inputs:
            number += 1
            name = f"{base}_{number}"
        names.append(name)
    return names
