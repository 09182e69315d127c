"""Networks from ONNX files: tensors, constants and the order of dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .._core import InvalidArgument
from ._dense import Activation
from ._graph import Graph
from ._layer import Input, Layer, Value
from ._merges import Permute
from ._onnx_fuse import fused, without_zero_states

#: Makes the error that names the operator.
Refuse = Callable[[str], InvalidArgument]

_FUNCTIONS = {
    "Relu": ("relu", {}),
    "LeakyRelu": ("leaky_relu", {"alpha": 0.01}),
    "Elu": ("elu", {"alpha": 1.0}),
    "Selu": ("selu", {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "Softsign": ("softsign", {}),
    "Softplus": ("softplus", {}),
    "HardSigmoid": ("hard_sigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    "Abs": ("symmetric_relu", {}),
    "Exp": ("exponential", {}),
}


@dataclass
class Tensor:
    """A tensor of the file: as it stands there, or with the channels last, or both; shape: without the events."""

    shape: tuple[int, ...]
    plain: Value | None = None
    last: Value | None = None
    whole: bool = False  # cut off to whole numbers, which only tables take

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


@dataclass
class Turned:
    """A tensor whose events stand elsewhere: dimension i is dimension order[i] of the tensor with the events first."""

    tensor: Tensor
    order: tuple[int, ...]


class ReaderBase:
    """The state of a reading, and what operators share."""

    def __init__(self, file: Any) -> None:
        from onnx import numpy_helper

        self._array: Callable[[Any], NDArray[Any]] = numpy_helper.to_array
        #: version of ONNX's own operators; absent: the first
        self.operator_set = max((one.version for one in file.opset_import if one.domain in ("", "ai.onnx")), default=1)
        self.constants: dict[str, NDArray[Any]] = {}
        for one in file.graph.initializer:
            self.constants[one.name] = self._read_constant(one)
        self.tensors: dict[str, Tensor | Turned] = {}
        self.inputs: list[Input] = []
        self.arrays: dict[str, list[NDArray[Any]]] = {}
        for one in file.graph.input:
            if one.name not in self.constants:
                self._add_input(one)
        #: names that some operator or the file itself wants
        ends = [one.name for one in file.graph.output]
        self.used = {name for node in file.graph.node for name in node.input} | set(ends)
        try:
            nodes = without_zero_states(list(file.graph.node), self.constants, ends)
        except (TypeError, ValueError) as error:  # constants that cannot be read
            raise InvalidArgument(f"a constant of the file cannot be read: {error}") from None
        for node in fused(nodes, self.constants, ends):
            self._read(node)
        outputs = []
        for one in file.graph.output:
            if one.name not in self.tensors:
                raise InvalidArgument(f"the output {one.name!r} of the file does not come from its inputs")
            tensor = self.tensors[one.name]
            if isinstance(tensor, Tensor) and tensor.whole:
                raise InvalidArgument(f"the output {one.name!r} of the file is cut off to whole numbers (Cast)")
            if isinstance(tensor, Turned):
                raise InvalidArgument(f"the output {one.name!r} of the file does not have the events first")
            value = tensor.as_plain()
            outputs.append(Activation("linear")(value) if isinstance(value, Input) else value)
        self.graph = Graph(self.inputs, outputs)

    def _read_constant(self, tensor: Any) -> NDArray[Any]:
        try:
            return self._array(tensor)
        except Exception as error:  # whatever the package raises for shapes, types and sizes that do not fit
            raise InvalidArgument(f"the constant {tensor.name!r} of the file cannot be read: {error}") from None

    def _add_input(self, one: Any) -> None:
        extents = [dimension.dim_value for dimension in one.type.tensor_type.shape.dim][1:]
        if not extents or not all(extent > 0 for extent in extents):
            raise InvalidArgument(
                f"the input {one.name!r} of the file has no definite shape behind the events: {extents}"
            )
        value = Input(extents, name=one.name)
        self.inputs.append(value)
        self.tensors[one.name] = Tensor(value.shape, value)

    def _read(self, node: Any) -> None:
        kind = node.op_type
        attributes = {one.name: _attribute(one) for one in node.attribute}
        label = f"operator {node.name or (node.output[0] if node.output else '')!r} ({kind})"

        def refuse(what: str) -> InvalidArgument:
            return InvalidArgument(f"{label} of the file: {what}")

        if node.domain not in ("", "ai.onnx"):
            raise refuse(f"its domain {node.domain!r} is not available")
        if kind == "Constant":
            if "value" not in attributes or not node.output:
                raise refuse(f"only constants with a value are available, got {', '.join(attributes) or 'nothing'}")
            self.constants[node.output[0]] = self._read_constant(attributes["value"])
            return
        try:
            made = self._apply(node, attributes, refuse)
        except InvalidArgument:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise refuse(f"it cannot be understood ({type(error).__name__}: {error})") from None
        for name, one in zip(node.output, made if isinstance(made, list) else [made], strict=False):
            if name and one is not None:
                self.tensors[name] = one

    def _apply(self, node: Any, attributes: dict[str, Any], refuse: Refuse) -> Any:
        kind = node.op_type
        if kind in _FUNCTIONS:
            function, expected = _FUNCTIONS[kind]
            for key, value in expected.items():
                absent = value if kind != "HardSigmoid" else {"alpha": 0.2, "beta": 0.5}[key]
                if abs(attributes.get(key, absent) - value) > 1e-6:
                    raise refuse(f"{key}={attributes.get(key)!r} is not available, only {value:g}")
            return self._each(self._tensor(node.input[0], refuse), Activation(function))
        read = getattr(self, f"op_{kind.lower()}", None)
        if read is None:
            raise refuse("this operator is not available")
        return read(node, attributes, refuse)

    def _tensor(self, name: str, refuse: Refuse) -> Tensor:
        tensor = self._either(name, refuse)
        if isinstance(tensor, Turned):
            raise refuse(f"{name!r} does not have the events as its first dimension")
        if tensor.whole:
            raise refuse(f"{name!r} is cut off to whole numbers, which is available in front of a table (Gather) only")
        return tensor

    def _either(self, name: str, refuse: Refuse) -> Tensor | Turned:
        if name in self.constants:
            raise refuse(f"{name!r} is a constant, expected a result of events")
        if name not in self.tensors:
            raise refuse(f"{name!r} is not known: operators must stand in their order")
        return self.tensors[name]

    def _constant(self, name: str, refuse: Refuse) -> NDArray[Any]:
        if name not in self.constants:
            raise refuse(f"{name!r} must be a constant")
        return self.constants[name]

    def _named(self, layer: Layer, *arrays: NDArray[Any]) -> Layer:
        """A layer with parameters: they are kept under a name of its own."""
        layer.name = f"layer_{len(self.arrays) + 1}"
        self.arrays[layer.name] = list(arrays)
        return layer

    @staticmethod
    def _each(tensor: Tensor, layer: Layer) -> Tensor:
        """A layer that works on every number by itself."""
        if tensor.last is not None and tensor.plain is None:
            return Tensor(tensor.shape, last=layer(tensor.last))
        return Tensor(tensor.shape, plain=layer(tensor.as_plain()))

    def _result(self, value: Value) -> Tensor:
        """A value with the channels last, whose shape the graph works out."""
        *axes, channels = Graph(self._inputs_of(value), value).output_shapes[0]
        return Tensor((channels, *axes), last=value)

    def _inputs_of(self, value: Value) -> list[Input]:
        needed: set[int] = set()
        stack = [value]
        while stack:
            one = stack.pop()
            if id(one) not in needed:
                needed.add(id(one))
                stack.extend(one.inputs)
        return [one for one in self.inputs if id(one) in needed]


def _attribute(one: Any) -> Any:
    from onnx import helper

    value = helper.get_attribute_value(one)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [part.decode() if isinstance(part, bytes) else part for part in value]
    return value
