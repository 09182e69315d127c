"""Operators of ONNX that together are one thing: GELU, which before operator set 20 had no operator, and first states
of recurrent layers that are zero, which PyTorch writes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOT_HALF = 0.7071067811865476


def fused(nodes: Sequence[Any], constants: Mapping[str, NDArray[Any]], outputs: Sequence[str]) -> list[Any]:
    """The nodes, with x (1 + erf(x / sqrt(2))) / 2 in whatever order of its products as one node ``Gelu``."""
    from onnx import helper

    made = {name: node for node in nodes for name in node.output}
    users: dict[str, list[Any]] = {}
    for node in nodes:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def number(name: str) -> float | None:
        """Of a constant that is one number."""
        if name in constants and constants[name].size == 1:
            return float(constants[name].reshape(()))
        producer = made.get(name)
        if producer is not None and producer.op_type == "Constant":
            for one in producer.attribute:
                value = helper.get_attribute_value(one)
                if one.name == "value" and int(np.prod(value.dims, dtype=np.int64)) == 1:
                    from onnx import numpy_helper

                    return float(numpy_helper.to_array(value).reshape(()))
        return None

    def parts(node: Any) -> tuple[str, float] | None:
        """What a product or quotient with one number takes, and by what it is multiplied."""
        if node is None or node.op_type not in ("Mul", "Div") or len(node.input) != 2:
            return None
        first, second = node.input
        if node.op_type == "Mul" and number(first) is not None:
            first, second = second, first
        factor = number(second)
        if factor is None or factor == 0.0:
            return None
        return first, factor if node.op_type == "Mul" else 1.0 / factor

    def only_user(name: str) -> Any:
        found = users.get(name, [])
        return found[0] if len(found) == 1 and name not in outputs else None

    gone: set[int] = set()
    instead: dict[int, Any] = {}
    for error in nodes:
        if error.op_type != "Erf" or len(error.input) != 1 or len(error.output) != 1:
            continue
        inner = parts(made.get(error.input[0]))
        upper = only_user(error.output[0])
        if inner is None or abs(inner[1] - _ROOT_HALF) > 1e-6 or upper is None or upper.op_type != "Add":
            continue
        if not any(number(name) == 1.0 for name in upper.input):
            continue
        x, factor, has_x, pattern = inner[0], 1.0, False, [error, upper]
        last = upper
        while not (has_x and abs(factor - 0.5) < 1e-6) and len(pattern) < 5:
            product = only_user(last.output[0])
            if product is None or product.op_type not in ("Mul", "Div"):
                break
            scaled = parts(product)
            if scaled is not None:
                factor *= scaled[1]
            else:
                other = next((name for name in product.input if name != last.output[0]), "")
                before = parts(made.get(other))
                if has_x or product.op_type == "Div" or (other != x and (before is None or before[0] != x)):
                    break
                has_x = True
                factor *= 1.0 if other == x or before is None else before[1]
            pattern.append(product)
            last = product
        if has_x and abs(factor - 0.5) < 1e-6:
            gone |= {id(node) for node in pattern}
            instead[id(last)] = helper.make_node("Gelu", [x], list(last.output), name=last.name)
    return [instead.get(id(node), node) for node in nodes if id(node) not in gone or id(node) in instead]


#: Operators whose result is zero where their first input is.
_KEEP_ZERO = {"Cast", "Expand", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"}
_FIRST_STATES = {"RNN": (5,), "GRU": (5,), "LSTM": (5, 6)}


def without_zero_states(
    nodes: Sequence[Any], constants: Mapping[str, NDArray[Any]], outputs: Sequence[str]
) -> list[Any]:
    """The nodes without first states of recurrent layers that are zero, and without what nothing but those took."""
    from onnx import NodeProto, helper, numpy_helper

    made = {name: node for node in nodes for name in node.output if name}

    def is_zero(name: str) -> bool:
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            if name in constants:
                return not np.any(constants[name])
            node = made.get(name)
            if node is None:
                return False
            if node.op_type in ("Constant", "ConstantOfShape"):
                values = [helper.get_attribute_value(one) for one in node.attribute if one.name == "value"]
                if not values:
                    return bool(node.op_type == "ConstantOfShape")  # zero where nothing is said
                return not np.any(numpy_helper.to_array(values[0]))
            if node.op_type not in _KEEP_ZERO or not node.input:
                return False
            name = node.input[0]
        return False

    result, freed = [], set()
    for node in nodes:
        places = [k for k in _FIRST_STATES.get(node.op_type, ()) if k < len(node.input) and node.input[k]]
        zeros = [k for k in places if is_zero(node.input[k])]
        if not zeros:
            result.append(node)
            continue
        changed = NodeProto()
        changed.CopyFrom(node)
        for k in zeros:
            freed.add(changed.input[k])
            changed.input[k] = ""
        result.append(changed)
    while True:
        wanted = {name for node in result for name in node.input} | set(outputs)
        idle = [node for node in result if any(name in freed for name in node.output) and not wanted & set(node.output)]
        if not idle:
            return result
        gone = {id(node) for node in idle}
        freed |= {name for node in idle for name in node.input}
        result = [node for node in result if id(node) not in gone]
