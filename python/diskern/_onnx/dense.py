"""Dense layers, activations, normalisation and what brings branches together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import InvalidArgument
from .graph import GraphBuilder, Node, Value


def dense(node: Node) -> Value:
    builder, x = node.builder, node.inputs[0].as_last()
    weights = builder.constant(node.parameters["weights"])
    if len(node.shape) == 1 and "biases" in node.parameters:
        return node.last(builder.add("Gemm", x, weights, builder.constant(node.parameters["biases"])))
    y = builder.add("MatMul", x, weights)
    if "biases" in node.parameters:
        y = builder.add("Add", y, builder.constant(node.parameters["biases"]))
    return node.last(y)


def embedding(node: Node) -> Value:
    """Numbers that are no category get the last row of the table, which is NaN."""
    builder, x = node.builder, node.inputs[0].as_last()
    table = node.parameters["weights"]
    count = len(table)
    low = builder.add("Not", builder.add("Less", x, builder.constant(0.0)))
    high = builder.add("Less", x, builder.constant(float(count)))
    whole = builder.add("Equal", x, builder.add("Floor", x))
    known = builder.add("And", builder.add("And", low, high), whole)
    index = builder.cast(builder.add("Where", known, x, builder.constant(float(count))), np.int64)
    rows = np.vstack([table, np.full((1, table.shape[1]), np.nan, np.float32)])
    return node.last(builder.add("Gather", builder.constant(rows), index, axis=0))


_PLAIN: dict[str, tuple[str, dict[str, float]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "elu": ("Elu", {}),
    "selu": ("Selu", {"alpha": 1.6732632423543772848, "gamma": 1.0507009873554804934}),
    "softsign": ("Softsign", {}),
    "softplus": ("Softplus", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    "symmetric_relu": ("Abs", {}),
    "exponential": ("Exp", {}),
}


def function(builder: GraphBuilder, name: str, x: str) -> str:
    """An activation function of every number."""

    def gauss(factor: float) -> str:
        return builder.add("Exp", builder.add("Mul", builder.add("Mul", x, x), builder.constant(factor)))

    if name in _PLAIN:
        kind, attributes = _PLAIN[name]
        return builder.add(kind, x, **attributes)
    if name == "linear":
        return x
    if name == "radial":
        return gauss(-0.5)
    if name == "gauss":
        return gauss(-1.0)
    if name == "gauss_complement":
        return builder.add("Sub", builder.constant(1.0), gauss(-1.0))
    if name == "silu":
        return builder.add("Mul", x, builder.add("Sigmoid", x))
    if name == "gelu":
        error = builder.add("Erf", builder.add("Mul", x, builder.constant(0.5**0.5)))
        upper = builder.add("Mul", builder.add("Add", error, builder.constant(1.0)), builder.constant(0.5))
        return builder.add("Mul", x, upper)
    raise InvalidArgument(f"the activation {name!r} cannot be written as ONNX")


def activation(node: Node) -> Value:
    return node.each(lambda x: function(node.builder, node.attributes["function"], x))


def softmax(node: Node) -> Value:
    # Up to operator set 12 all dimensions from the axis on are one: of the last, one.
    return node.last(node.builder.add("Softmax", node.inputs[0].as_last(), axis=len(node.shape)))


def unchanged(node: Node) -> Value:
    """Layers that act in training only."""
    return node.inputs[0]


# --- normalisation


def batch_normalisation(node: Node) -> Value:
    builder = node.builder
    names = ("gamma", "beta", "running_mean", "running_variance")
    constants = [builder.constant(node.parameters[name]) for name in names]
    epsilon = float(node.attributes["epsilon"])
    return node.first(builder.add("BatchNormalization", node.inputs[0].as_first(), *constants, epsilon=epsilon))


def layer_normalisation(node: Node) -> Value:
    builder, x = node.builder, node.inputs[0].as_last()
    axes = [len(node.shape)]
    distance = builder.add("Sub", x, builder.add("ReduceMean", x, axes=axes))
    variance = builder.add("ReduceMean", builder.add("Mul", distance, distance), axes=axes)
    deviation = builder.add("Sqrt", builder.add("Add", variance, builder.constant(node.attributes["epsilon"])))
    scaled = builder.add("Mul", builder.add("Div", distance, deviation), builder.constant(node.parameters["gamma"]))
    return node.last(builder.add("Add", scaled, builder.constant(node.parameters["beta"])))


def scale(node: Node) -> Value:
    builder = node.builder
    shifted = builder.add("Sub", node.inputs[0].as_last(), builder.constant(node.parameters["shift"]))
    return node.last(builder.add("Mul", shifted, builder.constant(node.parameters["factor"])))


# --- merges and arrangement


def _folded(kind: str) -> Callable[[Node], Value]:
    def write(node: Node) -> Value:
        in_front = all(value.last is None for value in node.inputs)
        names = [value.as_first() if in_front else value.as_last() for value in node.inputs]
        result = names[0]
        for name in names[1:]:
            result = node.builder.add(kind, result, name)
        return node.first(result) if in_front else node.last(result)

    return write


add = _folded("Add")
multiply = _folded("Mul")


def concatenate(node: Node) -> Value:
    if all(value.last is None for value in node.inputs):
        return node.first(node.builder.add("Concat", *(value.as_first() for value in node.inputs), axis=1))
    names = [value.as_last() for value in node.inputs]
    return node.last(node.builder.add("Concat", *names, axis=len(node.shape)))


def distance(node: Node) -> Value:
    builder = node.builder
    d = builder.add("Sub", node.inputs[0].flat(), node.inputs[1].flat())
    return node.last(builder.add("ReduceMean", builder.add("Mul", d, d), axes=[1]))


def divergence(node: Node) -> Value:
    builder = node.builder
    mean, logarithm = (value.flat() for value in node.inputs)
    square = builder.add("Add", builder.add("Mul", mean, mean), builder.add("Exp", logarithm))
    rest = builder.add("Sub", builder.add("Sub", square, builder.constant(1.0)), logarithm)
    return node.last(builder.add("ReduceSum", builder.add("Mul", rest, builder.constant(0.5)), axes=[1]))


def reshape(node: Node) -> Value:
    return node.last(node.builder.reshape(node.inputs[0].as_last(), node.shape))


def permute(node: Node) -> Value:
    """Where the channels come to the front or back again, nothing is moved."""
    value, order = node.inputs[0], [int(one) for one in node.attributes["order"]]
    n = len(order)
    if n > 1 and order == [n - 1, *range(n - 1)]:
        return node.last(value.as_first())
    if n > 1 and order == [*range(1, n), 0]:
        return Value(node.builder, node.shape, first=value.as_last())
    return node.last(node.builder.add("Transpose", value.as_last(), perm=[0, *(one + 1 for one in order)]))


def refused(node: Node) -> Any:
    raise InvalidArgument(
        f"layer {node.name!r} ({node.kind}) is a penalty of the training, which cannot be written as ONNX; leave its "
        "output out (keep_outputs)"
    )
