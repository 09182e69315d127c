"""Graphs: inputs, what lies between, outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from ._layer import Input, Layer, Value
from ._merges import Flatten

_LINKS = {"identity": 0, "sigmoid": 1, "softmax": 2, "exponential": 3}


class Graph:
    """A network as a graph of layers.

    Parameters
    ----------
    inputs : Input or sequence of Input
        In the order in which an event brings their numbers.
    outputs : Value or sequence of Value
        What the network gives.

    Raises
    ------
    InvalidArgument
        Values that do not come from the inputs, shapes that do not fit (the message names the layer), names that are
        used twice.
    """

    def __init__(self, inputs: Input | Sequence[Input], outputs: Value | Sequence[Value]) -> None:
        self.inputs = (inputs,) if isinstance(inputs, Value) else tuple(inputs)
        self.outputs = (outputs,) if isinstance(outputs, Value) else tuple(outputs)
        for one in self.inputs:
            if not isinstance(one, Input):
                raise InvalidArgument(f"inputs must hold Input, got {one!r}")
        for output in self.outputs:
            if not isinstance(output, Value):
                raise InvalidArgument(f"outputs must hold what layers give, got {output!r}")
        self._layers: list[Layer] = []
        self._nodes: list[Value] = []
        self._collect()
        self.core()  # checks the shapes

    @classmethod
    def chain(cls, layers: Sequence[Any], shape: Sequence[int]) -> Graph:
        """A chain of layers over one input.

        Parameters
        ----------
        layers : sequence of Layer
            The first may be an :class:`Input`, whose shape then counts.
        shape : sequence of int
            Of an event, where the layers do not begin with an Input.
        """
        given = list(layers)
        start = given.pop(0) if given and isinstance(given[0], Input) else Input(tuple(shape))
        value: Value = start
        for layer in given:
            if not isinstance(layer, Layer):
                raise InvalidArgument(f"layers must hold layers of diskern.networks, got {layer!r}")
            value = layer(value)
        return cls(start, value)

    def _collect(self) -> None:
        """Nodes in an order in which each comes after its inputs."""
        done: set[int] = set()
        stack: list[tuple[Value, bool]] = [(output, False) for output in reversed(self.outputs)]
        while stack:
            value, ready = stack.pop()
            if id(value) in done:
                continue
            if isinstance(value, Input):
                if not any(value is one for one in self.inputs):
                    raise InvalidArgument(f"the graph uses {value!r}, which is not among its inputs")
                done.add(id(value))
            elif ready:
                done.add(id(value))
                self._nodes.append(value)
                if not any(value.layer is layer for layer in self._layers):
                    self._layers.append(value.layer)
            else:
                stack.append((value, True))
                stack.extend((one, False) for one in reversed(value.inputs))

    def _names(self) -> tuple[list[str], list[str]]:
        taken = {one.name for one in self.inputs} | {layer.name for layer in self._layers}

        def free(base: str, counts: dict[str, int]) -> str:
            while True:
                counts[base] = counts.get(base, 0) + 1
                name = f"{base}_{counts[base]}"
                if name not in taken:
                    return name

        counts: dict[str, int] = {}
        inputs = [one.name or free("input", counts) for one in self.inputs]
        layers = [layer.name or free(layer._base_name(), counts) for layer in self._layers]
        return inputs, layers

    def core(self, links: Sequence[str] | None = None) -> _core.Graph:
        """The graph of the core.

        Parameters
        ----------
        links : sequence of {'identity', 'sigmoid', 'softmax', 'exponential'}, optional
            What a model applies to each output; default: nothing.
        """
        links = ["identity"] * len(self.outputs) if links is None else list(links)
        place = {id(value): i for i, value in enumerate((*self.inputs, *self._nodes))}
        input_names, layer_names = self._names()
        description = {
            "layout": 1,
            "inputs": [
                {"name": name, "shape": list(one.shape)} for name, one in zip(input_names, self.inputs, strict=True)
            ],
            "layers": [
                {"kind": layer._kind, "name": name, **layer._attributes()}
                for name, layer in zip(layer_names, self._layers, strict=True)
            ],
            "nodes": [
                {
                    "layer": next(i for i, layer in enumerate(self._layers) if layer is node.layer),
                    "inputs": [place[id(value)] for value in node.inputs],
                }
                for node in self._nodes
            ],
            "outputs": [
                {"value": place[id(output)], "link": _LINKS[link]}
                for output, link in zip(self.outputs, links, strict=True)
            ],
        }
        return _core.Graph(description)

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Shape of each output."""
        core = self.core()
        place = {id(value): i for i, value in enumerate((*self.inputs, *self._nodes))}
        return [tuple(core.shapes[place[id(output)]]) for output in self.outputs]

    @property
    def input_names(self) -> list[str]:
        return self._names()[0]

    def restricted(self, outputs: Sequence[int]) -> Graph:
        """The graph with some of its outputs, and the inputs that lead to them.

        Parameters
        ----------
        outputs : sequence of int
            Places of outputs.
        """
        kept = [self.outputs[i] for i in outputs]
        needed: set[int] = set()
        stack: list[Value] = list(kept)
        while stack:
            value = stack.pop()
            if id(value) not in needed:
                needed.add(id(value))
                stack.extend(value.inputs)
        return Graph([one for one in self.inputs if id(one) in needed], kept)

    def parameters_of(self, other: Graph, parameters: NDArray[np.float32]) -> NDArray[np.float32]:
        """Parameters of this graph as another one that is made of its layers wants them.

        Parameters
        ----------
        other : Graph
        parameters : float32 array
        """

        def places(graph: Graph) -> dict[tuple[int, str], tuple[int, int]]:
            # The core numbers layers as they are listed here.
            _, names = graph._names()
            layer_of = {name: id(layer) for name, layer in zip(names, graph._layers, strict=True)}
            return {
                (layer_of[one["layer"]], one["name"]): (one["offset"], int(np.prod(one["shape"])))
                for one in graph.core().parameters
            }

        here, there = places(self), places(other)
        result = np.zeros(sum(size for _, size in there.values()), np.float32)
        for key, (offset, size) in there.items():
            first, _ = here[key]
            result[offset : offset + size] = parameters[first : first + size]
        return result

    def summary(self) -> str:
        """A table of the layers: name, shape of what it gives, parameters."""
        core = self.core()
        input_names, layer_names = self._names()
        counts: dict[str, int] = {}
        for one in core.parameters:
            counts[one["layer"]] = counts.get(one["layer"], 0) + int(np.prod(one["shape"]))
        rows = [("layer", "kind", "shape", "parameters")]
        for name, shape in zip(input_names, core.shapes, strict=False):
            rows.append((name, "input", str(tuple(shape)), ""))
        seen: set[str] = set()
        for node, shape in zip(self._nodes, core.shapes[len(self.inputs) :], strict=True):
            name = layer_names[next(i for i, layer in enumerate(self._layers) if layer is node.layer)]
            count = "shared" if name in seen else str(counts.get(name, 0))
            seen.add(name)
            rows.append((name, node.layer._kind, str(tuple(shape)), count))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*lines, f"{core.parameter_count} parameters"])

    def __repr__(self) -> str:
        return f"Graph({len(self.inputs)} inputs, {len(self._layers)} layers, {len(self.outputs)} outputs)"


def join_inputs(graph: Graph, X: Any) -> NDArray[Any]:
    """Events for a graph as one matrix.

    Parameters
    ----------
    graph : Graph
    X : array, sequence of arrays or mapping of arrays
        One array for each input, of shape (events, *shape of the input) or (events, numbers); a mapping by the names of
        the inputs; a single array of shape (events, numbers of all inputs), or of the shape of the only input.

    Returns
    -------
    array of shape (events, numbers of all inputs)

    Raises
    ------
    InvalidArgument
        Missing inputs, shapes that do not fit.
    """
    names = graph.input_names
    if isinstance(X, Mapping):
        missing = [name for name in names if name not in X]
        unknown = [name for name in X if name not in names]
        if missing or unknown:
            raise InvalidArgument(f"X must hold the inputs {', '.join(names)}; got {', '.join(map(str, X)) or 'none'}")
        parts = [np.asarray(X[name]) for name in names]
    elif isinstance(X, tuple) or (isinstance(X, list) and len(graph.inputs) > 1 and len(X) == len(graph.inputs)):
        parts = [np.asarray(one) for one in X]
        if len(parts) != len(names):
            raise InvalidArgument(f"X holds {len(parts)} arrays, the graph has the inputs {', '.join(names)}")
    else:
        array = np.asarray(X)
        size = sum(one.size for one in graph.inputs)
        if array.ndim == 2 and array.shape[1] == size:
            return array
        if len(graph.inputs) != 1:
            raise InvalidArgument(
                f"X has the shape {array.shape}, expected (events, {size}), or one array for each of the inputs "
                f"{', '.join(names)}"
            )
        parts = [array]
    rows = []
    for name, one, array in zip(names, graph.inputs, parts, strict=True):
        if array.ndim < 1 or array.shape[1:] not in (one.shape, (one.size,)):
            raise InvalidArgument(f"X: input {name!r} has the shape {array.shape}, expected (events, {one.shape})")
        rows.append(array.reshape(len(array), one.size))
    if len({len(row) for row in rows}) != 1:
        raise InvalidArgument(f"X: the inputs have {', '.join(str(len(row)) for row in rows)} events, expected as many")
    return rows[0] if len(rows) == 1 else np.hstack(rows)


def flat(value: Value, shape: Sequence[int]) -> Value:
    """The value as one row of numbers."""
    return value if len(shape) == 1 else Flatten()(value)
