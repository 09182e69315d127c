"""The messages of onnx.proto that are needed, as protocol buffers: no dependency on the package onnx."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: File version and operator set that runtimes since 2019 read.
IR_VERSION = 6
OPSET_VERSION = 11
MAXIMUM_SIZE = 2**31 - 1  # of a protobuf message

#: Numbers of the types of tensors.
TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7, np.dtype(np.bool_): 9, np.dtype(np.float64): 11}


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def integer(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def real(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def text(field: int, value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def fields(message: bytes) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type and value of every field of a message that was written here or by the core."""
    position = 0

    def number() -> int:
        nonlocal position
        result = shift = 0
        while True:
            byte = message[position]
            position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while position < len(message):
        key = number()
        field, wire = key >> 3, key & 7
        if wire == 0:
            yield field, wire, number()
            continue
        size = {1: 8, 5: 4}.get(wire, -1)
        if size < 0:
            size = number()
        yield field, wire, message[position : position + size]
        position += size


def again(field: int, wire: int, value: Any) -> bytes:
    """A field as ``fields`` gives it, written again."""
    if wire == 0:
        return integer(field, value)
    return text(field, value) if wire == 2 else varint(field << 3 | wire) + value


# --- the messages of ONNX


def attribute(name: str, value: Any) -> bytes:
    """AttributeProto; a graph is given as its bytes."""
    head = text(1, name)
    if isinstance(value, bytes):
        return head + text(6, value) + integer(20, 5)
    if isinstance(value, str):
        return head + text(4, value) + integer(20, 3)
    if isinstance(value, int):
        return head + integer(3, value) + integer(20, 2)
    if isinstance(value, float):
        return head + real(2, value) + integer(20, 1)
    items = list(value)
    if items and isinstance(items[0], str):
        return head + b"".join(text(9, one) for one in items) + integer(20, 8)
    return head + b"".join(integer(8, int(one)) for one in items) + integer(20, 7)


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, Any]) -> bytes:
    parts = [text(1, one) for one in inputs] + [text(2, one) for one in outputs]
    parts += [text(3, next(one for one in outputs if one)), text(4, kind)]
    parts += [text(5, attribute(name, value)) for name, value in attributes.items()]
    return b"".join(parts)


def tensor(name: str, array: NDArray[Any]) -> bytes:
    """TensorProto."""
    content = np.ascontiguousarray(array)
    little = content.astype(content.dtype.newbyteorder("<"), copy=False)
    shape = b"".join(integer(1, extent) for extent in array.shape)
    return shape + integer(2, TYPES[array.dtype]) + text(8, name) + text(9, little.tobytes())


def value_info(name: str, shape: Sequence[int | str]) -> bytes:
    """ValueInfoProto of a float32 tensor; extents with a name are open."""
    extents = b"".join(text(1, text(2, one) if isinstance(one, str) else integer(1, one)) for one in shape)
    return text(1, name) + text(2, text(1, integer(1, 1) + text(2, extents)))


def model(graph: bytes, producer_version: str, metadata: dict[str, str], trees: bool = False) -> bytes:
    """ModelProto."""
    parts = [integer(1, IR_VERSION), text(2, "diskern"), text(3, producer_version), text(7, graph)]
    parts.append(text(8, text(1, "") + integer(2, OPSET_VERSION)))
    if trees:
        parts.append(text(8, text(1, "ai.onnx.ml") + integer(2, 1)))
    parts += [text(14, text(1, key) + text(2, value)) for key, value in metadata.items()]
    return b"".join(parts)
