"""Operators of ONNX: recurrent layers, whose series have the steps in front of the events."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._foreign import _reordered
from ._layer import Layer, Value
from ._merges import Concatenate, Reshape
from ._onnx_reader import ReaderBase, Tensor, Turned
from ._series import GRU, LSTM, Recurrent

#: Our gates by their places in ONNX: i, o, f, c and z, r, h.
_ORDERS = {"RNN": (0,), "LSTM": (0, 2, 1, 3), "GRU": (1, 0, 2)}
_FUNCTIONS = {"RNN": ["Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}
_KNOWN = {"activations", "direction", "hidden_size", "layout", "linear_before_reset", "input_forget"}


class SeriesOperators(ReaderBase):
    def op_rnn(self, node: Any, attributes: dict[str, Any], refuse: Any) -> list[Tensor | Turned | None]:
        return self._recurrent(node, attributes, refuse)

    op_lstm = op_rnn
    op_gru = op_rnn

    def _recurrent(self, node: Any, attributes: dict[str, Any], refuse: Any) -> list[Tensor | Turned | None]:
        """All states (steps, directions, events, units) and the last ones (directions, events, units)."""
        kind = node.op_type
        unknown = sorted(set(attributes) - _KNOWN)
        if unknown or attributes.get("input_forget", 0):
            raise refuse(f"{', '.join(unknown) or 'input_forget'} is not available")
        if any(node.input[4:]):
            raise refuse("lengths of series, first states and peepholes are not available")
        directions = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}.get(
            attributes.get("direction", "forward")
        )
        if directions is None:
            raise refuse(f"direction={attributes['direction']} is not known")
        functions = attributes.get("activations")
        if functions is not None and list(functions) != _FUNCTIONS[kind] * len(directions):
            raise refuse(f"activations={functions} are not available, only {_FUNCTIONS[kind]}")
        in_front = bool(attributes.get("layout", 0))  # whether the events are
        given = self._either(node.input[0], refuse)
        if isinstance(given, Turned) == in_front or (isinstance(given, Turned) and given.order != (1, 0, 2)):
            raise refuse("its input must have the steps in front of the events (layout=0), or behind them (layout=1)")
        tensor = given.tensor if isinstance(given, Turned) else given
        if len(tensor.shape) != 2:
            raise refuse(f"its input has the shape {tensor.shape} for each event, expected steps and features")
        wide, outer = (self._constant(name, refuse) for name in node.input[1:3])
        biases = self._constant(node.input[3], refuse) if len(node.input) > 3 and node.input[3] else None
        if len(node.output) > 2 and node.output[2] in self.used:
            raise refuse("the inner state is not available as a result")

        def states(sequences: bool) -> Value:
            parts = []
            for number, backwards in enumerate(directions):
                bias = np.zeros(2 * len(wide[number])) if biases is None else biases[number]
                after = bool(attributes.get("linear_before_reset", 0))
                layer = self._layer(kind, (sequences, backwards, after), wide[number], outer[number], bias)
                parts.append(layer(tensor.as_plain()))
            return parts[0] if len(parts) == 1 else Concatenate()(*parts)

        results: list[Tensor | Turned | None] = []
        extents = (len(directions), outer.shape[-1])
        for name, shape, order in zip(
            node.output, ((tensor.shape[0], *extents), extents), ((1, 2, 0, 3), (1, 0, 2)), strict=False
        ):
            if name not in self.used:
                results.append(None)
                continue
            made = Tensor(shape, plain=Reshape(shape)(states(len(shape) == 3)))
            results.append(made if in_front else Turned(made, order))
        return results

    def _layer(
        self, kind: str, flags: tuple[bool, bool, bool], wide: NDArray[Any], outer: NDArray[Any], biases: NDArray[Any]
    ) -> Layer:
        """The layer of one direction; flags: all states, backwards, the reset gate behind the outer weights."""
        order, units = _ORDERS[kind], outer.shape[-1]
        sequences, backwards, after = flags
        weights = [_reordered(one, order) for one in (wide, outer)]
        own, state = (_reordered(one, order) for one in np.split(biases, 2))
        bias = own + state
        layer: Layer
        if kind == "GRU":
            layer = GRU(units, sequences=sequences, backwards=backwards, reset_after=after)
            if after:  # the candidate has a bias of its own for what comes from the state
                bias = np.concatenate([bias[: 2 * units], own[2 * units :], state[2 * units :]])
        else:
            layer = (LSTM if kind == "LSTM" else Recurrent)(units, sequences=sequences, backwards=backwards)
        return self._named(layer, *weights, bias)

    def op_squeeze(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor | Turned:
        given = self._either(node.input[0], refuse)
        axes = attributes.get("axes")
        if axes is None and len(node.input) > 1:
            axes = self._constant(node.input[1], refuse)
        if axes is None:
            raise refuse("its axes must be given")
        tensor, order = (given.tensor, given.order) if isinstance(given, Turned) else (given, None)
        dimensions = len(tensor.shape) + 1
        order = tuple(range(dimensions)) if order is None else order
        gone = {order[int(axis) % dimensions] for axis in axes}
        if 0 in gone or any(tensor.shape[d - 1] != 1 for d in gone):
            raise refuse(f"axes={[int(axis) for axis in axes]} are not dimensions of one number")
        kept = [d for d in range(1, dimensions) if d not in gone]
        shape = tuple(tensor.shape[d - 1] for d in kept)
        result = Tensor(shape, plain=Reshape(shape)(tensor.as_plain()))
        places = {0: 0} | {d: i + 1 for i, d in enumerate(kept)}
        left = tuple(places[d] for d in order if d not in gone)
        return result if left[0] == 0 else Turned(result, left)

    def _joined_directions(self, given: Turned, wanted: list[int], refuse: Any) -> Turned:
        """(steps, events, directions, units) as (steps, events, directions x units)."""
        shape = given.tensor.shape
        if given.order != (1, 0, 2, 3) or wanted[:2] != [0, 0] or wanted[2:] not in ([-1], [shape[1] * shape[2]]):
            raise refuse(
                f"the shape {wanted} of a series is not available, only directions joined with units (0, 0, -1)"
            )
        joined = (shape[0], shape[1] * shape[2])
        return Turned(Tensor(joined, plain=Reshape(joined)(given.tensor.as_plain())), (1, 0, 2))
