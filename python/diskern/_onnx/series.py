"""Recurrent layers, masks and self-attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graph import GraphBuilder, Node, Value

#: Of our gates, which come first, second, ... in ONNX: i, f, o, g become i, o, f, c and r, z, n become z, r, h.
_ORDERS = {"recurrent": (0,), "lstm": (0, 2, 1, 3), "gru": (1, 0, 2)}
_KINDS = {"recurrent": "RNN", "lstm": "LSTM", "gru": "GRU"}


def _reordered(array: NDArray[np.float32], order: tuple[int, ...]) -> NDArray[np.float32]:
    """Gates along the last dimension."""
    blocks = np.split(array, len(order), axis=-1)
    return np.concatenate([blocks[i] for i in order], axis=-1)


def recurrent(node: Node) -> Value:
    """By the operator of ONNX; where steps are passed over, step by step."""
    if len(node.inputs) == 2:
        return _scanned(node)
    builder, attributes, order = node.builder, node.attributes, _ORDERS[node.kind]
    units, biases = int(attributes["units"]), node.parameters["biases"]
    columns = len(order) * units
    outer = np.zeros(columns, np.float32)
    after = node.kind == "gru" and bool(attributes.get("reset_after", True))
    if after:  # the candidate has a bias of its own for what comes from the state
        outer[2 * units :] = biases[3 * units :]
        biases = biases[:columns]
    bias = np.concatenate([_reordered(biases, order), _reordered(outer, order)])
    constants = [
        *(_reordered(node.parameters[name], order).T[np.newaxis] for name in ("weights", "recurrent_weights")),
        bias[np.newaxis],
    ]
    settings: dict[str, Any] = {"hidden_size": units}
    if attributes["backwards"]:
        settings["direction"] = "reverse"
    if after:
        settings["linear_before_reset"] = 1
    x = builder.add("Transpose", node.inputs[0].as_last(), perm=[1, 0, 2])
    inputs = [x, *(builder.constant(one) for one in constants)]
    output = builder.name(f"{builder.label}/{_KINDS[node.kind]}")
    sequences = bool(attributes["sequences"])
    builder.add_named(_KINDS[node.kind], inputs, [output] if sequences else ["", output], **settings)
    # (steps, directions, events, units), or of the last state without the steps.
    turned = builder.add("Transpose", output, perm=[2, 0, 1, 3] if sequences else [1, 0, 2])
    return node.last(builder.reshape(turned, node.shape))


def _scanned(node: Node) -> Value:
    """The cell as the body of a Scan, which goes over the steps."""
    builder, attributes = node.builder, node.attributes
    units, features = int(attributes["units"]), node.inputs[0].shape[1]
    inner = GraphBuilder(outer=builder)
    inner.label = f"{builder.label}/step"
    masked, lstm = len(node.inputs) == 2, node.kind == "lstm"
    states = [inner.name(f"{inner.label}/{name}") for name in ("h", "c")[: 2 if lstm else 1]]
    x, there = inner.name(f"{inner.label}/x"), inner.name(f"{inner.label}/mask")
    after = _CELLS[node.kind](inner, node, x, *states)
    if masked:
        is_there = inner.cast(there, np.bool_)
        after = [inner.add("Where", is_there, new, old) for new, old in zip(after, states, strict=True)]
    seen = inner.add("Identity", after[0])
    rows: list[int | str] = ["events", units]
    body = inner.body(
        "step",
        [(name, rows) for name in states] + [(x, ["events", features])] + ([(there, ["events", 1])] if masked else []),
        [(name, rows) for name in (*after, seen)],
    )
    series = node.inputs[0].as_last()
    scanned = [builder.add("Transpose", series, perm=[1, 0, 2])]
    if masked:
        mask = builder.reshape(node.inputs[1].as_last(), [node.inputs[0].shape[0], 1])
        scanned.append(builder.add("Transpose", mask, perm=[1, 0, 2]))
    events = builder.add("Gather", builder.add("Shape", series), builder.constant([0], np.int64), axis=0)
    extents = builder.add("Concat", events, builder.constant([units], np.int64), axis=0)
    zero = builder.add("ConstantOfShape", extents)
    outputs = [builder.name(f"{builder.label}/{name}") for name in (*("h", "c")[: len(states)], "Scan")]
    settings: dict[str, Any] = {"body": body, "num_scan_inputs": len(scanned)}
    if attributes["backwards"]:
        settings |= {"scan_input_directions": [1] * len(scanned), "scan_output_directions": [1]}
    builder.add_named("Scan", [zero] * len(states) + scanned, outputs, **settings)
    if attributes["sequences"]:
        return node.last(builder.add("Transpose", outputs[-1], perm=[1, 0, 2]))
    return node.last(outputs[0])


def _product(builder: GraphBuilder, x: str, weights: NDArray[np.float32]) -> str:
    return builder.add("MatMul", x, builder.constant(weights))


def _plain_cell(builder: GraphBuilder, node: Node, x: str, h: str) -> list[str]:
    p = node.parameters
    total = builder.add("Add", _product(builder, x, p["weights"]), _product(builder, h, p["recurrent_weights"]))
    return [builder.add("Tanh", builder.add("Add", total, builder.constant(p["biases"])))]


def _lstm_cell(builder: GraphBuilder, node: Node, x: str, h: str, c: str) -> list[str]:
    p, units = node.parameters, int(node.attributes["units"])

    def gate(number: int, kind: str) -> str:
        part = slice(number * units, (number + 1) * units)
        total = builder.add(
            "Add",
            _product(builder, x, p["weights"][:, part]),
            _product(builder, h, p["recurrent_weights"][:, part]),
        )
        return builder.add(kind, builder.add("Add", total, builder.constant(p["biases"][part])))

    i, f, o, g = gate(0, "Sigmoid"), gate(1, "Sigmoid"), gate(2, "Sigmoid"), gate(3, "Tanh")
    state = builder.add("Add", builder.add("Mul", f, c), builder.add("Mul", i, g))
    return [builder.add("Mul", o, builder.add("Tanh", state)), state]


def _gru_cell(builder: GraphBuilder, node: Node, x: str, h: str) -> list[str]:
    p, units = node.parameters, int(node.attributes["units"])
    after = bool(node.attributes.get("reset_after", True))

    def parts(number: int) -> tuple[NDArray[np.float32], ...]:
        part = slice(number * units, (number + 1) * units)
        return p["weights"][:, part], p["recurrent_weights"][:, part], p["biases"][part]

    def gate(number: int) -> str:
        weights, outer, biases = parts(number)
        total = builder.add("Add", _product(builder, x, weights), _product(builder, h, outer))
        return builder.add("Sigmoid", builder.add("Add", total, builder.constant(biases)))

    r, z = gate(0), gate(1)
    weights, outer, biases = parts(2)
    if after:
        state = builder.add("Add", _product(builder, h, outer), builder.constant(p["biases"][3 * units :]))
        state = builder.add("Mul", r, state)
    else:
        state = _product(builder, builder.add("Mul", r, h), outer)
    own = builder.add("Add", _product(builder, x, weights), builder.constant(biases))
    n = builder.add("Tanh", builder.add("Add", own, state))
    rest = builder.add("Mul", builder.add("Sub", builder.constant(1.0), z), n)
    return [builder.add("Add", rest, builder.add("Mul", z, h))]


_CELLS: dict[str, Any] = {"recurrent": _plain_cell, "lstm": _lstm_cell, "gru": _gru_cell}


def masking(node: Node) -> Value:
    builder = node.builder
    equal = builder.add("Equal", node.inputs[0].as_last(), builder.constant(node.attributes["value"]))
    differs = builder.cast(builder.add("Not", equal), np.float32)
    return node.last(builder.add("ReduceMax", differs, axes=[2], keepdims=0))


def attention(node: Node) -> Value:
    builder, p = node.builder, node.parameters
    members, features = node.shape
    heads, width = int(node.attributes["heads"]), int(node.attributes["width"])
    inner = heads * width
    x = node.inputs[0].as_last()

    def linear(value: str, weights: NDArray[np.float32], biases: NDArray[np.float32]) -> str:
        return builder.add("Add", _product(builder, value, weights), builder.constant(biases))

    def of_heads(number: int, perm: list[int]) -> str:
        part = slice(number * inner, (number + 1) * inner)
        value = linear(x, p["weights"][:, part], p["biases"][part])
        return builder.add("Transpose", builder.reshape(value, [members, heads, width]), perm=perm)

    q, k, v = of_heads(0, [0, 2, 1, 3]), of_heads(1, [0, 2, 3, 1]), of_heads(2, [0, 2, 1, 3])
    scores = builder.add("Mul", builder.add("MatMul", q, k), builder.constant(width**-0.5))
    if len(node.inputs) == 1:
        weights = builder.add("Softmax", scores, axis=3)
    else:
        there = builder.cast(builder.reshape(node.inputs[1].as_last(), [1, 1, members]), np.bool_)
        least = builder.constant(float(np.finfo(np.float32).min))
        weights = builder.add("Softmax", builder.add("Where", there, scores, least), axis=3)
        # Nothing there: the answer is 0.
        weights = builder.add("Mul", weights, builder.cast(there, np.float32))
    answer = builder.add("Transpose", builder.add("MatMul", weights, v), perm=[0, 2, 1, 3])
    joined = builder.reshape(answer, [members, inner])
    return Value(builder, (members, features), last=linear(joined, p["out_weights"], p["out_biases"]))
