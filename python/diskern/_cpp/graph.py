"""Networks of layers as C++: one function that goes through the layers, its numbers on the stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .layers import FUNCTIONS, HELPERS
from .methods import predict
from .text import Text, literal

#: Numbers on the stack at most; of larger networks every thread keeps its own.
_STACK = 64 * 1024


@dataclass
class Node:
    """One use of a layer, as the writer of its kind wants it."""

    text: Text
    attributes: dict[str, Any]
    x: list[str]  # expressions of pointers to the inputs
    y: str
    shapes: list[tuple[int, ...]]
    shape: tuple[int, ...]
    parameters: dict[str, NDArray[np.float32]]
    names: dict[str, str]  # of the arrays that hold the parameters
    number: int
    scratch: str = "nullptr"

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def rows(self) -> int:
        """Numbers of rows along the last dimension of the first input."""
        return int(np.prod(self.shapes[0][:-1]))

    def helper(self, name: str) -> None:
        _need(self.text, name)

    def call(self, name: str, *arguments: Any, template: str = "") -> str:
        self.helper(name)
        return f"  {name}{template}({', '.join(str(one) for one in arguments)});\n"

    def biases(self) -> str:
        return self.names.get("biases", "nullptr")

    def mask(self) -> str:
        return self.x[1] if len(self.x) > 1 else "nullptr"


def _need(text: Text, name: str) -> None:
    """A function with what it needs in front of it, once."""
    if name in text.included:
        return
    text.included.add(name)
    code, needed = HELPERS[name]
    for one in needed:
        _need(text, one)
    text.add(code)


def _flag(value: Any) -> str:
    return "true" if value else "false"


def _dense(node: Node) -> str:
    inputs, outputs = node.parameters["weights"].shape
    return node.call("dense", node.x[0], node.names["weights"], node.biases(), node.y, node.rows, inputs, outputs)


def _embedding(node: Node) -> str:
    categories, units = node.parameters["weights"].shape
    count = int(np.prod(node.shapes[0]))
    return node.call("embedding", node.x[0], node.names["weights"], node.y, count, categories, units)


def _activation(node: Node) -> str:
    name = node.attributes["function"]
    if name == "linear":
        return f"  for (int i = 0; i < {node.size}; ++i) {_at(node.y)} = {_at(node.x[0])};\n"
    if f"function {name}" not in node.text.included:
        node.text.included.add(f"function {name}")
        node.text.add(f"inline float {name}_of(float x) {{\n  {FUNCTIONS[name]}\n}}")
    return f"  for (int i = 0; i < {node.size}; ++i) {_at(node.y)} = {name}_of({_at(node.x[0])});\n"


def _at(pointer: str) -> str:
    return f"({pointer})[i]" if "+" in pointer else f"{pointer}[i]"


def _pair(node: Node, name: str) -> tuple[int, int]:
    """Of height and width; of a series along its steps only."""
    height, width = (int(one) for one in node.attributes[name])
    return (1 if int(node.attributes["dimensions"]) == 1 else height, width)


def _image(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape if len(shape) == 3 else (1, *shape)


def _border(node: Node, window: Any, stride: Any, dilation: Any, small: Any, large: Any) -> list[int]:
    """Pixels above and to the left."""
    if node.attributes["padding"] == "valid":
        return [0, 0]
    if node.attributes["padding"] == "explicit":
        top, _, left, _ = (int(one) for one in node.attributes["border"])
        return [0 if int(node.attributes["dimensions"]) == 1 else top, left]
    needed = [(small[d] - 1) * stride[d] + dilation[d] * (window[d] - 1) + 1 - large[d] for d in range(2)]
    return [max(one, 0) // 2 for one in needed]


def _convolutions(kind: str) -> Callable[[Node], str]:
    def write(node: Node) -> str:
        large, small = _image(node.shapes[0]), _image(node.shape)
        if kind == "transposed_convolution":
            large, small = small, large
        kernel, stride, dilation = (_pair(node, name) for name in ("kernel", "stride", "dilation"))
        border = _border(node, kernel, stride, dilation, small, large)
        numbers = [*large, *small, *kernel, *stride, *dilation, *border, int(node.attributes["groups"])]
        node.helper(kind)
        shape = f"shape_{node.number}"
        node.text.add(f"static const Convolution {shape} = {{{', '.join(map(str, numbers))}}};")
        return node.call(kind, shape, node.x[0], node.names["weights"], node.biases(), node.y)

    return write


_OPERATIONS = {"maximum": 0, "average": 1, "minimum": 2}


def _pooling(node: Node) -> str:
    x, y = _image(node.shapes[0]), _image(node.shape)
    window, stride = _pair(node, "window"), _pair(node, "stride")
    border = _border(node, window, stride, (1, 1), y, x)
    counted = int(bool(node.attributes["count_border"]))
    numbers = [*x, *y[:2], *window, *stride, *border, _OPERATIONS[node.attributes["operation"]], counted]
    node.helper("pooling")
    node.text.add(f"static const Pooling shape_{node.number} = {{{', '.join(map(str, numbers))}}};")
    return node.call("pooling", f"shape_{node.number}", node.x[0], node.y)


def _global_pooling(node: Node) -> str:
    operation = _OPERATIONS[node.attributes["operation"]]
    return node.call("global_pooling", node.x[0], node.mask(), node.y, node.rows, node.shape[0], operation)


def _upsampling(node: Node) -> str:
    return node.call("upsampling", node.x[0], node.y, *_image(node.shapes[0]), *_pair(node, "factor"))


def _batch_normalisation(node: Node) -> str:
    p = {name: array.astype(np.float64) for name, array in node.parameters.items()}
    factor = p["gamma"] / np.sqrt(p["running_variance"] + float(node.attributes["epsilon"]))
    offset = p["beta"] - factor * p["running_mean"]
    node.text.array(f"factor_{node.number}", factor.astype(np.float32), "float")
    node.text.array(f"offset_{node.number}", offset.astype(np.float32), "float")
    places = f"factor_{node.number}", f"offset_{node.number}"
    return node.call("affine", node.x[0], *places, node.y, node.rows, node.shape[-1])


def _scale(node: Node) -> str:
    places = node.names["shift"], node.names["factor"]
    return node.call("standardise", node.x[0], *places, node.y, node.rows, node.shape[-1])


def _layer_normalisation(node: Node) -> str:
    places = node.names["gamma"], node.names["beta"]
    epsilon = literal(node.attributes["epsilon"], "float")
    return node.call("layer_normalisation", node.x[0], *places, node.y, node.rows, node.shape[-1], epsilon)


def _softmax(node: Node) -> str:
    return node.call("softmax", node.x[0], node.y, node.rows, node.shape[-1])


def _recurrent(node: Node) -> str:
    kind = str(node.attributes["kind"])
    template = f"<{int(node.attributes['units'])}>"
    if kind == "gru":
        template = f"<{int(node.attributes['units'])}, {_flag(node.attributes.get('reset_after', True))}>"
    places = (node.names[name] for name in ("weights", "recurrent_weights", "biases"))
    flags = (_flag(node.attributes[name]) for name in ("sequences", "backwards"))
    return node.call(kind, node.x[0], node.mask(), *places, node.y, *node.shapes[0], *flags, template=template)


def _masking(node: Node) -> str:
    value = literal(node.attributes["value"], "float")
    return node.call("masking", node.x[0], node.y, *node.shapes[0], value)


def _attention(node: Node) -> str:
    sizes = (*node.shapes[0], int(node.attributes["heads"]), int(node.attributes["width"]))
    places = (node.names[name] for name in ("weights", "biases", "out_weights", "out_biases"))
    return node.call("attention", node.x[0], node.mask(), *places, node.y, node.scratch, *sizes)


def _scratch_size(layer: dict[str, Any], shape: tuple[int, ...]) -> int:
    """Numbers that a layer needs while it computes."""
    if layer["kind"] != "attention":
        return 0
    return shape[0] * (4 * int(layer["heads"]) * int(layer["width"]) + 1)


def _folded(sign: str) -> Callable[[Node], str]:
    def write(node: Node) -> str:
        return f"  for (int i = 0; i < {node.size}; ++i) {_at(node.y)} = {sign.join(_at(one) for one in node.x)};\n"

    return write


def _concatenate(node: Node) -> str:
    result, first, width = "", 0, node.shape[-1]
    for pointer, shape in zip(node.x, node.shapes, strict=True):
        own = shape[-1]
        result += (
            f"  for (int r = 0; r < {node.rows}; ++r) {{\n"
            f"    std::copy({pointer} + r * {own}, {pointer} + (r + 1) * {own}, {node.y} + r * {width} + {first});\n"
            "  }\n"
        )
        first += own
    return result


def _permute(node: Node) -> str:
    shape, order = node.shapes[0], [int(one) for one in node.attributes["order"]]
    strides = [int(np.prod(shape[d + 1 :])) for d in range(len(shape))]
    for name, numbers in (("extents", node.shape), ("strides", [strides[d] for d in order])):
        node.text.array(f"{name}_{node.number}", numbers, "int")
    places = f"extents_{node.number}", f"strides_{node.number}"
    return node.call("permute", node.x[0], node.y, len(shape), *places)


def _sum(term: str, end: str) -> Callable[[Node], str]:
    def write(node: Node) -> str:
        size = int(np.prod(node.shapes[0]))
        a, b = (_at(one) for one in node.x)
        return (
            f"  {{\n    float sum = 0.0f;\n    for (int i = 0; i < {size}; ++i) {{\n      const float a = {a};\n"
            f"      const float b = {b};\n      sum += {term};\n    }}\n"
            f"    *({node.y}) = sum{end.format(size=size)};\n  }}\n"
        )

    return write


def _penalty(node: Node) -> str:
    """A distance correlation is one of a batch, and 0 where a model is applied."""
    return f"  *({node.y}) = 0.0f;\n"


_WRITERS: dict[str, Callable[[Node], str]] = {
    "activation": _activation,
    "add": _folded(" + "),
    "attention": _attention,
    "batch_normalisation": _batch_normalisation,
    "concatenate": _concatenate,
    "convolution": _convolutions("convolution"),
    "dense": _dense,
    "distance": _sum("(a - b) * (a - b)", " / {size}.0f"),
    "distance_correlation": _penalty,
    "divergence": _sum("0.5f * (a * a + std::exp(b) - 1.0f - b)", ""),
    "embedding": _embedding,
    "global_pooling": _global_pooling,
    "gru": _recurrent,
    "layer_normalisation": _layer_normalisation,
    "lstm": _recurrent,
    "masking": _masking,
    "multiply": _folded(" * "),
    "permute": _permute,
    "pooling": _pooling,
    "recurrent": _recurrent,
    "scale": _scale,
    "softmax": _softmax,
    "transposed_convolution": _convolutions("transposed_convolution"),
    "upsampling": _upsampling,
}
#: Layers that pass their first input on: they act in training only, or give other names to the dimensions.
_PASSED_ON = {"dropout", "gaussian_noise", "gradient_reversal", "reshape", "sampling"}
_LINKS = ("identity", "sigmoid", "softmax", "exponential")


class _Memory:
    """Places for the values in one array, used again once a value is no longer needed."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []

    def take(self, count: int) -> int:
        for index, (place, room) in enumerate(self._free):
            if room >= count:
                self._free[index : index + 1] = [(place + count, room - count)] if room > count else []
                return place
        place = self.size
        self.size += count
        return place

    def give_back(self, place: int, count: int) -> None:
        self._free.append((place, count))
        self._free.sort()
        joined: list[tuple[int, int]] = []
        for begin, room in self._free:
            if joined and joined[-1][0] + joined[-1][1] == begin:
                joined[-1] = (joined[-1][0], joined[-1][1] + room)
            else:
                joined.append((begin, room))
        self._free = joined


def graph(text: Text, model: _core.Model, content: dict[str, Any], name: str) -> None:
    predictor: Any = model.predictor
    description, shapes = predictor.graph.describe(), predictor.graph.shapes
    parameters, names = _parameters(text, predictor, description)
    n_inputs = len(description["inputs"])
    # Which value a value really is, and the last node that looks at it.
    source = list(range(n_inputs))
    last_use: dict[int, int] = {}
    for k, one in enumerate(description["nodes"]):
        passed_on = description["layers"][one["layer"]]["kind"] in _PASSED_ON
        source.append(source[one["inputs"][0]] if passed_on else n_inputs + k)
        last_use |= {source[v]: k for v in one["inputs"]}
    last_use |= {source[one["value"]]: len(description["nodes"]) for one in description["outputs"]}
    pointers: dict[int, str] = {}
    column = 0
    for i in range(n_inputs):
        pointers[i] = f"x + {column}" if column else "x"
        column += int(np.prod(shapes[i]))
    memory, places, body = _Memory(), {}, ""
    for k, one in enumerate(description["nodes"]):
        value, layer = n_inputs + k, description["layers"][one["layer"]]
        if source[value] == value:
            if layer["kind"] not in _WRITERS:
                raise InvalidArgument(f"layer {layer['name']!r} ({layer['kind']}) cannot be written as a C++ header")
            size = int(np.prod(shapes[value]))
            places[value] = memory.take(size), size
            pointers[value] = f"memory + {places[value][0]}"
            scratch = _scratch_size(layer, tuple(shapes[value]))
            working = memory.take(scratch) if scratch else 0
            inputs = [pointers[source[v]] for v in one["inputs"]]
            before = [tuple(shapes[v]) for v in one["inputs"]]
            node = Node(
                text, layer, inputs, pointers[value], before, tuple(shapes[value]),
                parameters.get(layer["name"], {}), names.get(layer["name"], {}), k, f"memory + {working}",
            )  # fmt: skip
            body += _WRITERS[layer["kind"]](node)
            if scratch:
                memory.give_back(working, scratch)
        for v, (place, size) in list(places.items()):
            if last_use.get(v, -1) <= k:
                memory.give_back(place, size)
                del places[v]
    where = "  float" if memory.size <= _STACK else "  static thread_local float"
    start = f"{where} memory[{memory.size}];\n" if memory.size else ""
    predict(text, start + body + _responses(description, shapes, source, pointers))


def _parameters(text: Text, predictor: Any, description: dict[str, Any]) -> tuple[Any, Any]:
    """The arrays of each layer, and the names under which they are written."""
    kinds = {one["name"]: (i, one["kind"]) for i, one in enumerate(description["layers"])}
    arrays: dict[str, dict[str, NDArray[np.float32]]] = {}
    names: dict[str, dict[str, str]] = {}
    numbers = predictor.parameters
    for one in predictor.graph.parameters:
        index, kind = kinds[one["layer"]]
        array = numbers[one["offset"] : one["offset"] + int(np.prod(one["shape"]))].reshape(one["shape"])
        arrays.setdefault(one["layer"], {})[one["name"]] = array
        names.setdefault(one["layer"], {})[one["name"]] = f"{kind}_{index}_{one['name']}"
        if kind != "batch_normalisation":  # which is written as a factor and an offset
            text.array(f"{kind}_{index}_{one['name']}", array, "float")
    return arrays, names


def _responses(description: dict[str, Any], shapes: Any, source: list[int], pointers: dict[int, str]) -> str:
    """Outputs as float64, with what the model applies to them."""
    body, first = "", 0
    for output in description["outputs"]:
        value = int(output["value"])
        size, link = int(np.prod(shapes[value])), _LINKS[int(output["link"])]
        pointer = pointers[source[value]]
        y = f"responses[{first} + i]" if first else "responses[i]"
        number = f"static_cast<double>({_at(pointer)})"
        loop = f"for (int i = 0; i < {size}; ++i)"
        if link == "identity":
            body += f"  {loop} {y} = {number};\n"
        elif link == "sigmoid":
            body += f"  {loop} {y} = 1.0 / (1.0 + std::exp(-{number}));\n"
        elif link == "exponential":
            body += f"  {loop} {y} = std::exp({number});\n"
        else:
            # One softmax for each group along the last dimension.
            width = int(shapes[value][-1])
            loop = f"for (int i = begin; i < begin + {width}; ++i)"
            base = f"({pointer})" if "+" in pointer else pointer
            body += (
                f"  for (int begin = 0; begin < {size}; begin += {width}) {{\n"
                f"    double largest = static_cast<double>({base}[begin]);\n"
                f"    {loop} largest = std::max(largest, {number});\n"
                f"    double sum = 0.0;\n    {loop} sum += {y} = std::exp({number} - largest);\n"
                f"    {loop} {y} /= sum;\n  }}\n"
            )
        first += size
    return body
