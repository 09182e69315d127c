"""The content of a model file as plain Python (docs/model-file.md), for what is written or drawn from it."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

_ARRAYS = {4: "u1", 5: "<i4", 6: "<i8", 7: "<f4", 8: "<f8"}


def sections(content: bytes) -> dict[str, dict[str, Any]]:
    """The sections of a model file that the core has written: groups are dictionaries, lists of groups are lists.

    The bytes are those of ``Model.to_bytes``: they have been validated by the core and are not checked again.
    """
    count = struct.unpack_from("<I", content, 12)[0]
    position = 28
    result = {}
    for _ in range(count):
        name, position = _name(content, position)
        length = struct.unpack_from("<Q", content, position + 1)[0]
        result[name], _ = _group(content, position + 9)
        position += 9 + length + 4
    return result


def _name(content: bytes, position: int) -> tuple[str, int]:
    length = content[position]
    return content[position + 1 : position + 1 + length].decode(), position + 1 + length


def _text(content: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, position)
    return content[position + 4 : position + 4 + length].decode(), position + 4 + length


def _group(content: bytes, position: int) -> tuple[dict[str, Any], int]:
    (entries,) = struct.unpack_from("<I", content, position)
    position += 4
    result: dict[str, Any] = {}
    for _ in range(entries):
        key, position = _name(content, position)
        kind = content[position]
        result[key], position = _value(content, position + 1, kind)
    return result, position


def _value(content: bytes, position: int, kind: int) -> tuple[Any, int]:
    if kind == 0:
        return bool(content[position]), position + 1
    if kind in (1, 2):
        return struct.unpack_from("<q" if kind == 1 else "<d", content, position)[0], position + 8
    if kind == 3:
        return _text(content, position)
    if kind == 10:
        return _group(content, position)
    (count,) = struct.unpack_from("<Q", content, position)
    position += 8
    if kind in _ARRAYS:
        dtype: np.dtype[Any] = np.dtype(_ARRAYS[kind])
        return np.frombuffer(content, dtype, count, position).copy(), position + count * dtype.itemsize
    items = []
    for _ in range(count):
        item, position = _text(content, position) if kind == 9 else _group(content, position)
        items.append(item)
    return items, position
