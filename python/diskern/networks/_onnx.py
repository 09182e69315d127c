"""Networks from ONNX files: the operators that layers stand for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from ._dense import Activation, Dense, Softmax
from ._foreign import _fill
from ._graph import Graph
from ._images import (
    AveragePooling1D,
    AveragePooling2D,
    Convolution1D,
    Convolution2D,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    MaximumPooling1D,
    MaximumPooling2D,
    TransposedConvolution1D,
    TransposedConvolution2D,
)
from ._layer import Input, Layer, Value
from ._merges import Add, Concatenate, Flatten, Multiply, Permute, Reshape
from ._normalisation import BatchNormalisation, Standardise

_FUNCTIONS = {
    "Relu": ("relu", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": 0.01}),
    "Elu": ("elu", {"alpha": 1.0}),
    "Selu": ("selu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "Softsign": ("softsign", {}),
    "Softplus": ("softplus", {}),
    "HardSigmoid": ("hard_sigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    "Abs": ("symmetric_relu", {}),
    "Exp": ("exponential", {}),
}


@dataclass
class _Tensor:
    """A tensor of the file: as it stands there, or with the channels last, or both; shape: without the events."""

    shape: tuple[int, ...]
    plain: Value | None = None
    last: Value | None = None

    def as_plain(self) -> Value:
        if self.plain is None:
            assert self.last is not None
            dimensions = len(self.shape)
            self.plain = Permute((dimensions - 1, *range(dimensions - 1)))(self.last)
        return self.plain

    def as_last(self) -> Value:
        if self.last is None:
            assert self.plain is not None
            self.last = Permute((*range(1, len(self.shape)), 0))(self.plain)
        return self.last


class _Reader:
    def __init__(self, file: Any) -> None:
        from onnx import numpy_helper

        self._array: Callable[[Any], NDArray[Any]] = numpy_helper.to_array
        self.constants = {one.name: self._array(one) for one in file.graph.initializer}
        self.tensors: dict[str, _Tensor] = {}
        self.inputs: list[Input] = []
        self.arrays: dict[str, list[NDArray[Any]]] = {}
        for one in file.graph.input:
            if one.name not in self.constants:
                self._add_input(one)
        for node in file.graph.node:
            self._read(node)
        outputs = []
        for one in file.graph.output:
            if one.name not in self.tensors:
                raise InvalidArgument(f"the output {one.name!r} of the file does not come from its inputs")
            outputs.append(self.tensors[one.name].as_plain())
        self.graph = Graph(self.inputs, outputs)

    def _add_input(self, one: Any) -> None:
        extents = [dimension.dim_value for dimension in one.type.tensor_type.shape.dim][1:]
        if not extents or not all(extent > 0 for extent in extents):
            raise InvalidArgument(
                f"the input {one.name!r} of the file has no definite shape behind the events: {extents}"
            )
        value = Input(extents, name=one.name)
        self.inputs.append(value)
        self.tensors[one.name] = _Tensor(value.shape, value)

    def _read(self, node: Any) -> None:
        kind = node.op_type
        attributes = {one.name: _attribute(one) for one in node.attribute}
        label = f"operator {node.name or (node.output[0] if node.output else '')!r} ({kind})"

        def refuse(what: str) -> InvalidArgument:
            return InvalidArgument(f"{label} of the file: {what}")

        if node.domain not in ("", "ai.onnx"):
            raise refuse(f"its domain {node.domain!r} is not available")
        if kind == "Constant":
            self.constants[node.output[0]] = self._array(attributes["value"])
            return
        read = getattr(self, f"_{kind.lower()}", None)
        if kind in _FUNCTIONS:
            function, expected = _FUNCTIONS[kind]
            for key, value in expected.items():
                if (
                    abs(attributes.get(key, value if kind != "HardSigmoid" else 0.2 if key == "alpha" else 0.5) - value)
                    > 1e-6
                ):
                    raise refuse(f"{key}={attributes.get(key)!r} is not available, only {value:g}")
            made = self._each(self._tensor(node.input[0], refuse), Activation(function))
        elif read is None:
            raise refuse("this operator is not available")
        else:
            made = read(node, attributes, refuse)
        name = node.output[0]
        self.tensors[name] = made

    def _tensor(self, name: str, refuse: Callable[[str], InvalidArgument]) -> _Tensor:
        if name in self.constants:
            raise refuse(f"{name!r} is a constant, expected a result of events")
        if name not in self.tensors:
            raise refuse(f"{name!r} is not known: operators must stand in their order")
        return self.tensors[name]

    def _constant(self, name: str, refuse: Callable[[str], InvalidArgument]) -> NDArray[Any]:
        if name not in self.constants:
            raise refuse(f"{name!r} must be a constant")
        return self.constants[name]

    def _named(self, layer: Layer, *arrays: NDArray[Any]) -> Layer:
        """A layer with parameters: they are kept under a name of its own."""
        layer.name = f"layer_{len(self.arrays) + 1}"
        self.arrays[layer.name] = list(arrays)
        return layer

    @staticmethod
    def _each(tensor: _Tensor, layer: Layer) -> _Tensor:
        """A layer that works on every number by itself."""
        if tensor.last is not None and tensor.plain is None:
            return _Tensor(tensor.shape, last=layer(tensor.last))
        return _Tensor(tensor.shape, plain=layer(tensor.as_plain()))

    # --- one method per operator

    def _identity(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._tensor(node.input[0], refuse)

    _dropout = _identity  # acts in training only

    def _gemm(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        if attributes.get("transA", 0) or attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
            raise refuse("transA, alpha and beta other than 0, 1 and 1 are not available")
        tensor = self._tensor(node.input[0], refuse)
        weights = self._constant(node.input[1], refuse)
        weights = weights.T if attributes.get("transB", 0) else weights
        arrays = [weights]
        if len(node.input) > 2:
            arrays.append(np.broadcast_to(self._constant(node.input[2], refuse).reshape(-1), (weights.shape[1],)))
        layer = self._named(Dense(weights.shape[1], bias=len(arrays) > 1), *arrays)
        return _Tensor((weights.shape[1],), layer(tensor.as_plain()))

    def _matmul(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        weights = self._constant(node.input[1], refuse)
        if weights.ndim != 2:
            raise refuse(f"the matrix has the shape {weights.shape}, expected two dimensions")
        layer = self._named(Dense(weights.shape[1], bias=False), weights)
        return _Tensor((*tensor.shape[:-1], weights.shape[1]), layer(tensor.as_plain()))

    def _arithmetic(self, node: Any, refuse: Any, kind: str) -> _Tensor:
        first, second = node.input[:2]
        if first in self.constants and kind in ("Add", "Mul"):
            first, second = second, first
        tensor = self._tensor(first, refuse)
        if second not in self.constants:
            other = self._tensor(second, refuse)
            if other.shape != tensor.shape or kind not in ("Add", "Mul"):
                raise refuse(f"shapes {tensor.shape} and {other.shape} with {kind} are not available")
            layer: Layer = Add() if kind == "Add" else Multiply()
            if tensor.last is not None and other.last is not None:
                return _Tensor(tensor.shape, last=layer(tensor.last, other.last))
            return _Tensor(tensor.shape, plain=layer(tensor.as_plain(), other.as_plain()))
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
            shift = -numbers if kind == "Add" else numbers
        else:
            factor = numbers if kind == "Mul" else 1.0 / numbers
        layer = self._named(Standardise(), shift, factor)
        if on_channels or (tensor.plain is None and constant.size == 1):
            return _Tensor(tensor.shape, last=layer(tensor.as_last()))
        return _Tensor(tensor.shape, plain=layer(tensor.as_plain()))

    def _add(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._arithmetic(node, refuse, "Add")

    def _sub(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._arithmetic(node, refuse, "Sub")

    def _mul(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._arithmetic(node, refuse, "Mul")

    def _div(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._arithmetic(node, refuse, "Div")

    def _windows(self, attributes: dict[str, Any], axes: int, refuse: Any) -> dict[str, Any]:
        """Stride and padding that convolutions and pooling share."""
        padding = attributes.get("auto_pad", "NOTSET")
        if padding not in ("NOTSET", "VALID"):
            raise refuse(f"auto_pad={padding} is not available, only explicit pads")
        if attributes.get("ceil_mode", 0):
            raise refuse("ceil_mode is not available")
        pads = attributes.get("pads", [0] * (2 * axes))
        pairs = [(pads[d], pads[d + axes]) for d in range(axes)]
        strides = attributes.get("strides", [1] * axes)
        return {
            "stride": strides if axes > 1 else strides[0],
            "padding": pairs if axes > 1 else pairs[0],
        }

    def _spatial(self, tensor: _Tensor, refuse: Any) -> int:
        if len(tensor.shape) not in (2, 3):
            raise refuse(f"its input has the shape {tensor.shape}, expected channels and one or two axes")
        return len(tensor.shape) - 1

    def _result(self, value: Value) -> _Tensor:
        """A value with the channels last, whose shape the graph works out."""
        *axes, channels = Graph(self._inputs_of(value), value).output_shapes[0]
        return _Tensor((channels, *axes), last=value)

    def _inputs_of(self, value: Value) -> list[Input]:
        needed: set[int] = set()
        stack = [value]
        while stack:
            one = stack.pop()
            if id(one) not in needed:
                needed.add(id(one))
                stack.extend(one.inputs)
        return [one for one in self.inputs if id(one) in needed]

    def _conv(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._convolution(node, attributes, refuse, False)

    def _convtranspose(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._convolution(node, attributes, refuse, True)

    def _convolution(self, node: Any, attributes: dict[str, Any], refuse: Any, transposed: bool) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        weights = self._constant(node.input[1], refuse)
        groups = int(attributes.get("group", 1))
        dilations = attributes.get("dilations", [1] * axes)
        kernel = weights.shape[2:]
        # Both kinds have the taps behind; ours have them in front, then the channels of a group.
        arranged = weights.reshape(*weights.shape[:2], *((1,) if axes == 1 else ()), *kernel)
        arrays = [np.transpose(arranged, (2, 3, 1, 0))]
        if len(node.input) > 2:
            arrays.append(self._constant(node.input[2], refuse))
        options: dict[str, Any] = {
            "maps": weights.shape[1] * groups if transposed else weights.shape[0],
            "kernel": kernel if axes > 1 else kernel[0],
            "dilation": dilations if axes > 1 else dilations[0],
            "groups": groups,
            "bias": len(arrays) > 1,
            **self._windows(attributes, axes, refuse),
        }
        if transposed:
            extra = attributes.get("output_padding", [0] * axes)
            if "output_shape" in attributes:
                raise refuse("output_shape is not available")
            options["output_padding"] = extra if axes > 1 else extra[0]
            layer: Layer = (TransposedConvolution2D if axes > 1 else TransposedConvolution1D)(**options)
        else:
            layer = (Convolution2D if axes > 1 else Convolution1D)(**options)
        return self._result(self._named(layer, *arrays)(tensor.as_last()))

    def _maxpool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        if any(one != 1 for one in attributes.get("dilations", [])) or len(node.output) > 1:
            raise refuse("dilations and a second result are not available")
        return self._pooling(node, attributes, refuse, (MaximumPooling1D, MaximumPooling2D))

    def _averagepool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._pooling(node, attributes, refuse, (AveragePooling1D, AveragePooling2D))

    def _pooling(self, node: Any, attributes: dict[str, Any], refuse: Any, kinds: tuple[Any, Any]) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        window = attributes["kernel_shape"]
        options = self._windows(attributes, axes, refuse)
        if attributes.get("count_include_pad", 0):
            options["count_border"] = True
        return self._result(kinds[axes - 1](window if axes > 1 else window[0], **options)(tensor.as_last()))

    def _globalaveragepool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._whole(node, refuse, GlobalAveragePooling())

    def _globalmaxpool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        return self._whole(node, refuse, GlobalMaximumPooling())

    def _whole(self, node: Any, refuse: Any, layer: Layer) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        value = layer(tensor.as_last())
        return _Tensor((tensor.shape[0], *(1,) * axes), plain=Reshape((tensor.shape[0], *(1,) * axes))(value))

    def _batchnormalization(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        gamma, beta, mean, variance = (self._constant(name, refuse) for name in node.input[1:5])
        layer = BatchNormalisation(epsilon=float(attributes.get("epsilon", 1e-5)))
        self._named(layer, gamma, beta, mean, variance, np.ones(1))
        if len(tensor.shape) == 1:
            return _Tensor(tensor.shape, plain=layer(tensor.as_plain()))
        return _Tensor(tensor.shape, last=layer(tensor.as_last()))

    def _softmax(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        if attributes.get("axis", -1) not in (-1, len(tensor.shape)):
            raise refuse(f"axis={attributes.get('axis')} is not available, only the last one")
        return _Tensor(tensor.shape, plain=Softmax()(tensor.as_plain()))

    def _flatten(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        if attributes.get("axis", 1) != 1:
            raise refuse(f"axis={attributes['axis']} is not available, only 1")
        size = int(np.prod(tensor.shape))
        return _Tensor((size,), plain=Flatten()(tensor.as_plain()))

    def _reshape(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        wanted = [int(one) for one in self._constant(node.input[1], refuse)]
        if len(wanted) < 2 or wanted[0] not in (-1, 0):
            raise refuse(f"the shape {wanted} does not keep the events as its first dimension (-1 or 0)")
        extents = [tensor.shape[d] if one == 0 else one for d, one in enumerate(wanted[1:])]
        if extents.count(-1) == 1:
            known = -int(np.prod(extents))
            extents[extents.index(-1)] = int(np.prod(tensor.shape)) // known
        value = Reshape(extents)(tensor.as_plain())
        Graph(self._inputs_of(value), value)  # checks the sizes
        return _Tensor(tuple(extents), plain=value)

    def _transpose(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensor = self._tensor(node.input[0], refuse)
        dimensions = len(tensor.shape)
        order = list(attributes.get("perm", range(dimensions, -1, -1)))
        if order[0] != 0:
            raise refuse(f"perm={order} moves the events")
        shape = tuple(tensor.shape[d - 1] for d in order[1:])
        if dimensions > 1 and order == [0, dimensions, *range(1, dimensions)] and tensor.plain is not None:
            return _Tensor(shape, last=tensor.plain)  # the channels of ours come to the front
        if dimensions > 1 and order == [0, *range(2, dimensions + 1), 1] and tensor.last is not None:
            return _Tensor(shape, plain=tensor.last)
        return _Tensor(shape, plain=Permute([d - 1 for d in order[1:]])(tensor.as_plain()))

    def _concat(self, node: Any, attributes: dict[str, Any], refuse: Any) -> _Tensor:
        tensors = [self._tensor(name, refuse) for name in node.input]
        dimensions = len(tensors[0].shape)
        axis = attributes["axis"] % (dimensions + 1)
        if axis == dimensions:
            shape = (*tensors[0].shape[:-1], sum(one.shape[-1] for one in tensors))
            return _Tensor(shape, plain=Concatenate()(*(one.as_plain() for one in tensors)))
        if axis == 1:
            shape = (sum(one.shape[0] for one in tensors), *tensors[0].shape[1:])
            return _Tensor(shape, last=Concatenate()(*(one.as_last() for one in tensors)))
        raise refuse(f"axis={attributes['axis']} is not available, only the channels or the last one")


def _attribute(one: Any) -> Any:
    from onnx import helper

    value = helper.get_attribute_value(one)
    if isinstance(value, bytes):
        return value.decode()
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def graph_from_onnx(source: str | os.PathLike[str] | bytes) -> tuple[Graph, NDArray[np.float32]]:
    """The network of an ONNX file: its graph and its parameters.

    Dense layers (Gemm, MatMul), convolutions and their transposes, pooling, batch normalisation, activations, softmax,
    arithmetic with constants, merges and what arranges numbers (Reshape, Transpose, Flatten, Concat). Inputs keep the
    shape that they have in the file.

    Parameters
    ----------
    source : path or bytes

    Returns
    -------
    graph : Graph
    parameters : float32 array
        For :meth:`diskern.GraphNetwork.from_parameters`.

    Raises
    ------
    InvalidArgument
        Operators and settings that are not available (the message names the operator), inputs of open shape, what is no
        ONNX file.
    ImportError
        The package ``onnx`` is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            f"reading ONNX needs the package onnx ({error}); install it with: pip install onnx"
        ) from error
    try:
        file = onnx.load_from_string(source) if isinstance(source, bytes) else onnx.load(os.fspath(source))
    except OSError:
        raise
    except Exception as error:
        raise InvalidArgument(f"source is no ONNX file: {error}") from None
    if not file.graph.output:
        raise InvalidArgument("source is no ONNX file: it holds no outputs")
    reader = _Reader(file)
    parameters = _fill(reader.graph, lambda name, kind, infos: reader.arrays[name], list(reader.arrays))
    return reader.graph, parameters
