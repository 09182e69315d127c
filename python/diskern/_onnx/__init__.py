"""Models as ONNX files: networks of layers, and what stands in front of any model that ONNX can express.

Forests and dense networks without transformations are written by the core; where variables are transformed, its graph
is put behind the transformations.
"""

from __future__ import annotations

from typing import Any

from .. import _core
from .._core import InvalidArgument
from .._version import __version__
from . import message
from .graph import GraphBuilder
from .network import linked, output_names, values_of
from .transformations import targets_restored, transformed

_INPUT, _OUTPUT = "variables", "responses"


def onnx_bytes(model: _core.Model) -> bytes:
    """The content of the file.

    Raises
    ------
    InvalidArgument
        ONNX cannot express the model; the message says what.
    """
    predictor: Any = model.predictor
    chain = model.chain
    if predictor.kind != "graph" and chain is None:
        return bytes(model.to_onnx())
    info, metadata = model.info, _metadata(model)
    taken = [_INPUT, _OUTPUT]
    if predictor.kind == "graph":
        description = predictor.graph.describe()
        several = chain is None and (len(description["inputs"]) > 1 or len(description["outputs"]) > 1)
        if several:
            taken += [one["name"] for one in description["inputs"]] + output_names(description)
    builder = GraphBuilder(taken)
    rows: list[int | str] = ["events", model.variable_count]
    outside: Any = ([(_INPUT, rows)], [(_OUTPUT, ["events", model.output_count])])
    x = _INPUT if chain is None else transformed(builder, chain, _INPUT)
    trees = False
    if predictor.kind == "graph" and several:
        outside = _named_graph(builder, predictor, description)
    else:
        if predictor.kind == "graph":
            y = _graph(builder, predictor, description, x)
        else:
            alone = _core.Model(
                {**info, "targets": [], "analysis_type": "Classification", "classes": []}, None, predictor
            )
            y, trees = _behind(builder, bytes(alone.to_onnx()), x), predictor.kind in ("forest", "votes")
        if chain is not None and chain.target_count:
            y = targets_restored(builder, chain, y)
        builder.result(y, _OUTPUT)
    content = message.model(builder.body(info["title"] or predictor.kind, *outside), __version__, metadata, trees)
    if len(content) > message.MAXIMUM_SIZE:
        raise InvalidArgument("the model takes more than 2 GiB as ONNX")
    return content


def _metadata(model: _core.Model) -> dict[str, str]:
    labels = [one["label"] or one["expression"] for one in model.info["variables"]]
    return {_INPUT: "\n".join(labels), _OUTPUT: "\n".join(model.info["outputs"])}


def _graph(builder: GraphBuilder, predictor: Any, description: dict[str, Any], x: str) -> str:
    """A network whose inputs lie beside each other in one row, and so its outputs."""
    inputs, begin = [], 0
    for one in description["inputs"]:
        shape = [int(extent) for extent in one["shape"]]
        size = 1
        for extent in shape:
            size *= extent
        builder.label = one["name"]
        part = x
        if len(description["inputs"]) > 1:
            limits = [builder.constant([limit], "int64") for limit in (begin, begin + size, 1)]
            part = builder.add("Slice", x, *limits)
        inputs.append(part if len(shape) == 1 else builder.reshape(part, shape))
        begin += size
    values = values_of(builder, predictor, inputs)
    rows = [linked(builder, values[int(one["value"])], int(one["link"])) for one in description["outputs"]]
    return rows[0] if len(rows) == 1 else builder.add("Concat", *rows, axis=1)


def _named_graph(builder: GraphBuilder, predictor: Any, description: dict[str, Any]) -> Any:
    """Each input and output by its name and in its shape."""
    inputs = [
        (str(one["name"]), ["events", *(int(extent) for extent in one["shape"])]) for one in description["inputs"]
    ]
    values = values_of(builder, predictor, [name for name, _ in inputs])
    outputs = []
    for one, name in zip(description["outputs"], output_names(description), strict=True):
        value = values[int(one["value"])]
        row = linked(builder, value, int(one["link"]))
        builder.result(row if len(value.shape) == 1 else builder.reshape(row, value.shape), name)
        outputs.append((name, ["events", *value.shape]))
    return inputs, outputs


def _behind(builder: GraphBuilder, file: bytes, x: str) -> str:
    """The graph of a file of the core, whose input becomes x; the name of its result."""
    graph = next(value for field, _, value in message.fields(file) if field == 7)
    result = builder.name("result")
    names = {_INPUT: x, _OUTPUT: result}

    def name_of(value: bytes) -> str:
        old = value.decode()
        if old not in names:
            names[old] = builder.name(f"model/{old}")
        return names[old]

    def renamed(content: bytes, kinds: tuple[int, ...]) -> bytes:
        parts = []
        for field, wire, value in message.fields(content):
            parts.append(message.text(field, name_of(value)) if field in kinds else message.again(field, wire, value))
        return b"".join(parts)

    for field, _, value in message.fields(graph):
        if field == 1:  # NodeProto: inputs, outputs and its own name
            builder.nodes.append(renamed(value, (1, 2, 3)))
        elif field == 5:  # TensorProto: its name
            builder.tensors.append(renamed(value, (8,)))
    return result
