"""Convolutions, pooling and upsampling of images and series."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node, Value


def _axes(node: Node, name: str) -> list[int]:
    """Of both axes, or of a series of the only one."""
    return [int(one) for one in node.attributes[name]][-int(node.attributes["dimensions"]) :]


def _borders(node: Node, window: list[int], stride: list[int], dilation: list[int], small: Any, large: Any) -> Any:
    """Pixels before and behind on each axis; small: extents of the side with a pixel per window, large: the other."""
    dimensions = len(window)
    if node.attributes["padding"] == "valid":
        return [(0, 0)] * dimensions
    if node.attributes["padding"] == "explicit":
        border = [int(one) for one in node.attributes["border"]]
        return [(border[2 * d], border[2 * d + 1]) for d in range(2)][-dimensions:]
    result = []
    for d in range(dimensions):
        total = max((small[d] - 1) * stride[d] + dilation[d] * (window[d] - 1) + 1 - large[d], 0)
        result.append((total // 2, total - total // 2))
    return result


def _settings(node: Node, window: list[int], borders: list[tuple[int, int]]) -> dict[str, Any]:
    return {
        "kernel_shape": window,
        "strides": _axes(node, "stride"),
        "pads": [one for one, _ in borders] + [one for _, one in borders],
    }


def _weights(node: Node) -> list[str]:
    """Both kinds have the taps behind; ours have them in front."""
    weights = np.transpose(node.parameters["weights"], (3, 2, 0, 1))
    if int(node.attributes["dimensions"]) == 1:
        weights = weights[:, :, 0]
    arrays = [weights, *([node.parameters["biases"]] if "biases" in node.parameters else [])]
    return [node.builder.constant(array) for array in arrays]


def convolution(node: Node) -> Value:
    value = node.inputs[0]
    window, stride, dilation = _axes(node, "kernel"), _axes(node, "stride"), _axes(node, "dilation")
    borders = _borders(node, window, stride, dilation, node.shape[:-1], value.shape[:-1])
    settings = _settings(node, window, borders) | {"dilations": dilation, "group": int(node.attributes["groups"])}
    return node.first(node.builder.add("Conv", value.as_first(), *_weights(node), **settings))


def transposed_convolution(node: Node) -> Value:
    value = node.inputs[0]
    window, stride, dilation = _axes(node, "kernel"), _axes(node, "stride"), _axes(node, "dilation")
    borders = _borders(node, window, stride, dilation, value.shape[:-1], node.shape[:-1])
    # What is left of the output behind the last window.
    extra = [
        node.shape[d] + sum(borders[d]) - (value.shape[d] - 1) * stride[d] - dilation[d] * (window[d] - 1) - 1
        for d in range(len(window))
    ]
    settings = _settings(node, window, borders) | {"dilations": dilation, "group": int(node.attributes["groups"])}
    if any(extra):
        settings["output_padding"] = extra
    return node.first(node.builder.add("ConvTranspose", value.as_first(), *_weights(node), **settings))


def pooling(node: Node) -> Value:
    builder, value = node.builder, node.inputs[0]
    window, stride = _axes(node, "window"), _axes(node, "stride")
    borders = _borders(node, window, stride, [1] * len(window), node.shape[:-1], value.shape[:-1])
    settings, x = _settings(node, window, borders), value.as_first()
    operation = node.attributes["operation"]
    if operation == "average":
        counted = {"count_include_pad": 1} if node.attributes["count_border"] else {}
        return node.first(builder.add("AveragePool", x, **settings, **counted))
    if operation == "maximum":
        return node.first(builder.add("MaxPool", x, **settings))
    return node.first(builder.add("Neg", builder.add("MaxPool", builder.add("Neg", x), **settings)))


_REDUCTIONS = {"average": "ReduceMean", "maximum": "ReduceMax", "minimum": "ReduceMin"}
_LARGE = float(np.finfo(np.float32).max)


def global_pooling(node: Node) -> Value:
    builder, value, operation = node.builder, node.inputs[0], node.attributes["operation"]
    *extents, channels = value.shape
    if len(node.inputs) == 1:
        axes = list(range(1, len(extents) + 1))
        return node.last(builder.add(_REDUCTIONS[operation], value.as_last(), axes=axes, keepdims=0))
    positions = int(np.prod(extents))
    x = builder.reshape(value.as_last(), [positions, channels])
    there = builder.cast(builder.reshape(node.inputs[1].as_last(), [positions, 1]), np.bool_)
    number = builder.cast(there, np.float32)
    if operation == "average":
        total = builder.add("ReduceSum", builder.add("Where", there, x, builder.constant(0.0)), axes=[1], keepdims=0)
        count = builder.add("Max", builder.add("ReduceSum", number, axes=[1], keepdims=0), builder.constant(1.0))
        return node.last(builder.add("Div", total, count))
    outside = builder.constant(-_LARGE if operation == "maximum" else _LARGE)
    best = builder.add(_REDUCTIONS[operation], builder.add("Where", there, x, outside), axes=[1], keepdims=0)
    any_there = builder.cast(builder.add("ReduceMax", number, axes=[1], keepdims=0), np.bool_)
    return node.last(builder.add("Where", any_there, best, builder.constant(0.0)))


def upsampling(node: Node) -> Value:
    builder = node.builder
    scales = builder.constant([1.0, 1.0, *(float(one) for one in _axes(node, "factor"))])
    settings = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nothing = builder.constant(np.zeros(0, np.float32))
    return node.first(builder.add("Resize", node.inputs[0].as_first(), nothing, scales, **settings))
