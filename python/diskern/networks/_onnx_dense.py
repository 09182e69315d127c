"""Operators of ONNX: dense layers, arithmetic, normalisation and what arranges numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ._dense import Activation, Dense, Embedding, Softmax
from ._graph import Graph
from ._layer import Layer
from ._merges import Add, Concatenate, Flatten, Multiply, Permute, Reshape
from ._normalisation import BatchNormalisation, LayerNormalisation, Standardise
from ._onnx_reader import Tensor, Turned
from ._onnx_series import SeriesOperators


class DenseOperators(SeriesOperators):
    def op_identity(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._tensor(node.input[0], refuse)

    op_dropout = op_identity  # acts in training only

    def op_gemm(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        if attributes.get("transA", 0) or attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
            raise refuse("transA, alpha and beta other than 0, 1 and 1 are not available")
        tensor = self._tensor(node.input[0], refuse)
        weights = self._constant(node.input[1], refuse)
        weights = weights.T if attributes.get("transB", 0) else weights
        arrays = [weights]
        if len(node.input) > 2:
            arrays.append(np.broadcast_to(self._constant(node.input[2], refuse).reshape(-1), (weights.shape[1],)))
        layer = self._named(Dense(weights.shape[1], bias=len(arrays) > 1), *arrays)
        return Tensor((weights.shape[1],), layer(tensor.as_plain()))

    def op_matmul(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        weights = self._constant(node.input[1], refuse)
        if weights.ndim != 2:
            raise refuse(f"the matrix has the shape {weights.shape}, expected two dimensions")
        layer = self._named(Dense(weights.shape[1], bias=False), weights)
        return Tensor((*tensor.shape[:-1], weights.shape[1]), layer(tensor.as_plain()))

    def _arithmetic(self, node: Any, refuse: Any, kind: str) -> Tensor:
        first, second = node.input[:2]
        turned = first in self.constants and kind == "Sub"  # c - x = -(x - c)
        if first in self.constants and kind in ("Add", "Sub", "Mul"):
            first, second = second, first
        tensor = self._tensor(first, refuse)
        if second not in self.constants:
            other = self._tensor(second, refuse)
            if other.shape != tensor.shape or kind not in ("Add", "Mul"):
                raise refuse(f"shapes {tensor.shape} and {other.shape} with {kind} are not available")
            layer: Layer = Add() if kind == "Add" else Multiply()
            if tensor.last is not None and other.last is not None:
                return Tensor(tensor.shape, last=layer(tensor.last, other.last))
            return Tensor(tensor.shape, plain=layer(tensor.as_plain(), other.as_plain()))
        constant = self.constants[second].astype(np.float64)
        # Numbers of one dimension of the tensor: the last one, or the first (the channels of an image).
        full = (1,) * (len(tensor.shape) + 1 - constant.ndim) + constant.shape
        wide = [d for d, extent in enumerate(full) if extent != 1]
        on_channels = len(tensor.shape) > 1 and wide == [1]
        if len(full) != len(tensor.shape) + 1 or not (constant.size == 1 or wide == [len(tensor.shape)] or on_channels):
            raise refuse(f"a constant of shape {constant.shape} with a tensor of shape {tensor.shape} is not available")
        extent = tensor.shape[0] if on_channels or (tensor.plain is None and constant.size == 1) else tensor.shape[-1]
        numbers = np.broadcast_to(constant.reshape(-1), (extent,))
        shift, factor = np.zeros(extent), np.ones(extent)
        if kind in ("Add", "Sub"):
            shift, factor = -numbers if kind == "Add" else numbers, -factor if turned else factor
        else:
            factor = numbers if kind == "Mul" else 1.0 / numbers
        layer = self._named(Standardise(), shift, factor)
        if on_channels or (tensor.plain is None and constant.size == 1):
            return Tensor(tensor.shape, last=layer(tensor.as_last()))
        return Tensor(tensor.shape, plain=layer(tensor.as_plain()))

    def op_add(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._arithmetic(node, refuse, "Add")

    def op_sub(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._arithmetic(node, refuse, "Sub")

    def op_mul(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._arithmetic(node, refuse, "Mul")

    def op_div(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._arithmetic(node, refuse, "Div")

    def op_batchnormalization(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        if attributes.get("training_mode", 0) or not attributes.get("spatial", 1):
            raise refuse("training_mode=1 and spatial=0 are not available")
        gamma, beta, mean, variance = (self._constant(name, refuse) for name in node.input[1:5])
        layer = BatchNormalisation(epsilon=float(attributes.get("epsilon", 1e-5)))
        self._named(layer, gamma, beta, mean, variance, np.ones(1))
        if len(tensor.shape) == 1:
            return Tensor(tensor.shape, plain=layer(tensor.as_plain()))
        return Tensor(tensor.shape, last=layer(tensor.as_last()))

    def op_layernormalization(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        if attributes.get("axis", -1) not in (-1, len(tensor.shape)):
            raise refuse(f"axis={attributes['axis']} is not available, only the last one")
        gamma = self._constant(node.input[1], refuse)
        beta = self._constant(node.input[2], refuse) if len(node.input) > 2 else np.zeros_like(gamma)
        layer = self._named(LayerNormalisation(epsilon=float(attributes.get("epsilon", 1e-5))), gamma, beta)
        return Tensor(tensor.shape, plain=layer(tensor.as_plain()))

    def op_gelu(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        if attributes.get("approximate", "none") != "none":
            raise refuse(f"approximate={attributes['approximate']} is not available")
        return self._each(self._tensor(node.input[0], refuse), Activation("gelu"))

    def op_cast(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        """Between numbers that events have: categories as whole numbers."""
        if attributes.get("to") not in (1, 6, 7):
            raise refuse(f"to={attributes.get('to')} is not available, only float32, int32 and int64")
        tensor = self._tensor(node.input[0], refuse)
        return tensor if attributes["to"] == 1 else replace(tensor, whole=True)

    def op_gather(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        table = self._constant(node.input[0], refuse)
        index = self._either(node.input[1], refuse)
        # A table gives NaN for numbers that are not whole, so that nothing is cut off in silence.
        tensor = index if isinstance(index, Tensor) else self._tensor(node.input[1], refuse)
        if attributes.get("axis", 0) != 0 or table.ndim != 2:
            raise refuse(f"only rows of a table are available, not axis {attributes.get('axis', 0)} of {table.shape}")
        layer = self._named(Embedding(*table.shape), table)
        return Tensor((*tensor.shape, table.shape[1]), plain=layer(tensor.as_plain()))

    def op_softmax(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        # Up to operator set 12 all dimensions from the axis on are one, and the first behind the events is the default.
        axis = attributes.get("axis", 1 if self.operator_set < 13 else -1)
        if axis not in (-1, len(tensor.shape)):
            raise refuse(f"axis={axis} is not available, only the last one")
        return Tensor(tensor.shape, plain=Softmax()(tensor.as_plain()))

    def op_flatten(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        if attributes.get("axis", 1) != 1:
            raise refuse(f"axis={attributes['axis']} is not available, only 1")
        size = int(np.prod(tensor.shape))
        return Tensor((size,), plain=Flatten()(tensor.as_plain()))

    def op_reshape(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor | Turned:
        given = self._either(node.input[0], refuse)
        wanted = [int(one) for one in self._constant(node.input[1], refuse)]
        if isinstance(given, Turned):
            return self._joined_directions(given, wanted, refuse)
        tensor = given
        if len(wanted) < 2 or wanted[0] not in (-1, 0):
            raise refuse(f"the shape {wanted} does not keep the events as its first dimension (-1 or 0)")
        extents = [tensor.shape[d] if one == 0 else one for d, one in enumerate(wanted[1:])]
        if extents.count(-1) == 1:
            known = -int(np.prod(extents))
            extents[extents.index(-1)] = int(np.prod(tensor.shape)) // known
        value = Reshape(extents)(tensor.as_plain())
        Graph(self._inputs_of(value), value)  # checks the sizes
        return Tensor(tuple(extents), plain=value)

    def op_transpose(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor | Turned:
        given = self._either(node.input[0], refuse)
        tensor = given.tensor if isinstance(given, Turned) else given
        dimensions = len(tensor.shape)
        order = list(attributes.get("perm", range(dimensions, -1, -1)))
        if sorted(order) != list(range(dimensions + 1)):
            raise refuse(f"perm={order} is no order of {dimensions + 1} dimensions")
        if isinstance(given, Turned):
            order = [given.order[d] for d in order]
        # The events in front of the others, then where they belong.
        rest = [d for d in order if d != 0]
        result = self._rearranged(tensor, rest)
        if order[0] == 0:
            return result
        return Turned(result, tuple(0 if d == 0 else rest.index(d) + 1 for d in order))

    @staticmethod
    def _rearranged(tensor: Tensor, order: list[int]) -> Tensor:
        """Dimensions in another order, the first behind the events being 1."""
        shape, dimensions = tuple(tensor.shape[d - 1] for d in order), len(order)
        if order == list(range(1, dimensions + 1)):
            return tensor
        if order == [dimensions, *range(1, dimensions)] and tensor.plain is not None:
            return Tensor(shape, last=tensor.plain)  # the channels of ours come to the front
        if order == [*range(2, dimensions + 1), 1] and tensor.last is not None:
            return Tensor(shape, plain=tensor.last)
        return Tensor(shape, plain=Permute([d - 1 for d in order])(tensor.as_plain()))

    def op_concat(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensors = [self._tensor(name, refuse) for name in node.input]
        dimensions = len(tensors[0].shape)
        axis = attributes["axis"] % (dimensions + 1)
        if axis == dimensions:
            shape = (*tensors[0].shape[:-1], sum(one.shape[-1] for one in tensors))
            return Tensor(shape, plain=Concatenate()(*(one.as_plain() for one in tensors)))
        if axis == 1:
            shape = (sum(one.shape[0] for one in tensors), *tensors[0].shape[1:])
            return Tensor(shape, last=Concatenate()(*(one.as_last() for one in tensors)))
        raise refuse(f"axis={attributes['axis']} is not available, only the channels or the last one")
