"""An ONNX graph that grows at its end, and the values of a network in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import message


class GraphBuilder:
    """Nodes and constants; every result has a name of its own.

    Parameters
    ----------
    taken : names that inputs and outputs have
    outer : GraphBuilder, optional
        Of the graph around this one, which keeps the constants and all names.
    """

    def __init__(self, taken: Sequence[str] = (), outer: GraphBuilder | None = None) -> None:
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []  # constants that were written elsewhere
        self.outer = outer
        self.label = "value"
        self._names: set[str] = set(taken) if outer is None else outer._names
        self._constants: dict[tuple[Any, ...], tuple[str, NDArray[Any]]] = {}

    def name(self, wanted: str) -> str:
        """The wanted name, or with a number where it is taken."""
        result, number = wanted, 1
        while result in self._names:
            number += 1
            result = f"{wanted}_{number}"
        self._names.add(result)
        return result

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        if self.outer is not None:
            return self.outer.constant(values, dtype)
        array = np.asarray(values, dtype)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = (self.name(f"constant_{len(self._constants) + 1}"), array)
        return self._constants[key][0]

    def shape(self, extents: Sequence[int]) -> str:
        return self.constant(extents, np.int64)

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one result, whose name is returned."""
        output = self.name(f"{self.label}/{kind}")
        self.add_named(kind, inputs, [output], **attributes)
        return output

    def add_named(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> None:
        self.nodes.append(message.node(kind, inputs, outputs, attributes))

    def cast(self, value: str, dtype: Any) -> str:
        return self.add("Cast", value, to=message.TYPES[np.dtype(dtype)])

    def reshape(self, value: str, extents: Sequence[int]) -> str:
        """Another shape of each event."""
        return self.add("Reshape", value, self.shape((0, *extents)))

    def result(self, value: str, name: str) -> None:
        self.add_named("Identity", [value], [name])

    def body(
        self, name: str, inputs: Sequence[tuple[str, Sequence[int | str]]], outputs: Sequence[tuple[str, Sequence[Any]]]
    ) -> bytes:
        """GraphProto."""
        parts = [message.text(1, one) for one in self.nodes] + [message.text(2, name)]
        parts += [message.text(5, message.tensor(*one)) for one in self._constants.values()]
        parts += [message.text(5, one) for one in self.tensors]
        parts += [message.text(11, message.value_info(*one)) for one in inputs]
        parts += [message.text(12, message.value_info(*one)) for one in outputs]
        return b"".join(parts)


@dataclass
class Value:
    """What a layer gives: with the channels last as Diskern has them, with the channels first, or both."""

    builder: GraphBuilder
    shape: tuple[int, ...]
    last: str | None = None
    first: str | None = None

    def as_last(self) -> str:
        if self.last is None:
            assert self.first is not None
            self.last = self.builder.add("Transpose", self.first, perm=[0, *range(2, len(self.shape) + 1), 1])
        return self.last

    def as_first(self) -> str:
        if len(self.shape) == 1:
            return self.as_last()
        if self.first is None:
            assert self.last is not None
            dimensions = len(self.shape)
            self.first = self.builder.add("Transpose", self.last, perm=[0, dimensions, *range(1, dimensions)])
        return self.first

    def flat(self) -> str:
        """One row of numbers for each event."""
        if len(self.shape) == 1:
            return self.as_last()
        return self.builder.reshape(self.as_last(), [int(np.prod(self.shape))])


@dataclass
class Node:
    """One use of a layer, as the writer of its kind wants it."""

    builder: GraphBuilder
    kind: str
    name: str
    attributes: dict[str, Any]
    inputs: list[Value]
    shape: tuple[int, ...]
    parameters: dict[str, NDArray[np.float32]]

    def last(self, name: str) -> Value:
        return Value(self.builder, self.shape, last=name)

    def first(self, name: str) -> Value:
        return Value(self.builder, self.shape, first=name) if len(self.shape) > 1 else self.last(name)

    def each(self, function: Any) -> Value:
        """A function of every number, in the form that is there."""
        value = self.inputs[0]
        if value.last is None:
            return Value(self.builder, self.shape, first=function(value.first))
        return self.last(function(value.last))
