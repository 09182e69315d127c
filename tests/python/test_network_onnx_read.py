"""Networks from ONNX files of other programs: single operators beside ONNX Runtime, and files one cannot trust."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diskern import InvalidArgument
from diskern.networks import graph_from_onnx
from test_network_onnx import GraphNetwork, assert_near, run

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
helper, TensorProto = onnx.helper, onnx.TensorProto


def file_of(nodes: list[Any], shape: tuple[int, ...], constants: dict[str, np.ndarray], opset: int = 13) -> bytes:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


def agrees(file: bytes, x: np.ndarray) -> None:
    """What our layers give beside ONNX Runtime."""
    graph, parameters = graph_from_onnx(file)
    found = GraphNetwork.from_parameters(graph, parameters).predict(x)
    expected = run(file, {"x": x})["y"]
    assert_near(np.asarray(found, np.float32).reshape(expected.shape), expected, 2e-6)


def weights_of(kind: str, units: int, features: int, directions: int) -> dict[str, np.ndarray]:
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[kind] * units
    generator = np.random.default_rng(3)
    shapes = {"W": (directions, gates, features), "R": (directions, gates, units), "B": (directions, 2 * gates)}
    return {name: generator.normal(0.0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}


X = np.random.default_rng(1).normal(size=(7, 5, 3)).astype(np.float32)
INTEGERS = {"joined": [0, 0, -1], "one": [1], "none": [0], "rest": [0, -1]}


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("last", [False, True])
def test_recurrent_layers_as_pytorch_writes_them(kind: str, direction: str, last: bool) -> None:
    """Steps in front; of both directions the states beside each other."""
    both = direction == "bidirectional"
    settings: dict[str, Any] = {"linear_before_reset": 1} if kind == "GRU" else {}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node(kind, ["t", "W", "R", "B"], ["all", "last"], hidden_size=4, direction=direction, **settings),
    ]
    if last:
        nodes += [
            helper.make_node("Transpose", ["last"], ["turned"], perm=[1, 0, 2]),
            helper.make_node("Reshape", ["turned", "rest"], ["y"]),
        ]
    elif both:
        nodes += [
            helper.make_node("Transpose", ["all"], ["turned"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", ["turned", "joined"], ["series"]),
            helper.make_node("Transpose", ["series"], ["y"], perm=[1, 0, 2]),
        ]
    else:
        nodes += [
            helper.make_node("Squeeze", ["all", "one"], ["series"]),
            helper.make_node("Transpose", ["series"], ["y"], perm=[1, 0, 2]),
        ]
    constants = weights_of(kind, 4, 3, 2 if both else 1)
    constants |= {name: np.array(value, np.int64) for name, value in INTEGERS.items()}
    agrees(file_of(nodes, (5, 3), constants), X)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_files_that_pytorch_wrote(kind: str, bidirectional: bool) -> None:
    """Two layers, with the first states that PyTorch writes out: zeros of a shape that is worked out."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class States(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.cell = getattr(torch.nn, kind)(3, 4, num_layers=2, bidirectional=bidirectional, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.cell(x)[0]

    torch.manual_seed(1)
    module = States().eval()
    for axes in ({}, {"x": {0: "n"}, "y": {0: "n"}}):
        file = io.BytesIO()
        torch.onnx.export(
            module, (torch.from_numpy(X),), file, dynamo=False, input_names=["x"], output_names=["y"], dynamic_axes=axes
        )
        graph, parameters = graph_from_onnx(file.getvalue())
        found = GraphNetwork.from_parameters(graph, parameters).predict(X)
        with torch.no_grad():
            expected = module(torch.from_numpy(X)).numpy()
        np.testing.assert_allclose(np.asarray(found).reshape(expected.shape), expected, atol=2e-6)


def test_first_states_that_are_not_zero_are_refused() -> None:
    constants = weights_of("GRU", 4, 3, 1) | {"none": np.array([0], np.int64), "H": np.full((1, 7, 4), 0.5, np.float32)}
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["t", "W", "R", "B", "", "H"], ["", "last"], hidden_size=4),
        helper.make_node("Squeeze", ["last", "none"], ["y"]),
    ]
    with pytest.raises(InvalidArgument, match="first states and peepholes are not available"):
        graph_from_onnx(file_of(nodes, (5, 3), constants))
    zeros = constants | {"H": np.zeros((1, 7, 4), np.float32)}
    agrees(file_of(nodes, (5, 3), zeros), X)


def test_a_gru_without_biases_and_with_the_gate_in_front() -> None:
    constants = weights_of("GRU", 4, 3, 1)
    del constants["B"]
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("GRU", ["t", "W", "R"], ["", "last"], hidden_size=4),
        helper.make_node("Squeeze", ["last", "none"], ["y"]),
    ]
    graph, parameters = graph_from_onnx(file_of(nodes, (5, 3), constants | {"none": np.array([0], np.int64)}))
    found = GraphNetwork.from_parameters(graph, parameters).predict(X)
    # By the definition of the operator.
    w, r, h = constants["W"][0], constants["R"][0], np.zeros((7, 4))
    for t in range(5):
        z, reset, own = np.split(X[:, t] @ w.T, 3, axis=1)
        outer = [h @ part.T for part in np.split(r, 3)[:2]]
        z, reset = (1.0 / (1.0 + np.exp(-a - b)) for a, b in zip((z, reset), outer, strict=True))
        h = (1.0 - z) * np.tanh(own + (reset * h) @ np.split(r, 3)[2].T) + z * h
    np.testing.assert_allclose(found, h, atol=2e-6)


SINGLE: dict[str, tuple[list[Any], tuple[int, ...], dict[str, Any], int]] = {
    "layer normalisation": (
        [helper.make_node("LayerNormalization", ["x", "gamma", "beta"], ["y"], epsilon=1e-3)],
        (5, 3),
        {"gamma": np.float32([1, 2, -1]), "beta": np.float32([0, 0.5, 1])},
        17,
    ),
    "gelu as PyTorch writes it": (
        [
            helper.make_node("Div", ["x", "root"], ["u"]),
            helper.make_node("Erf", ["u"], ["e"]),
            helper.make_node("Add", ["e", "one"], ["a"]),
            helper.make_node("Mul", ["x", "a"], ["m"]),
            helper.make_node("Mul", ["m", "half"], ["y"]),
        ],
        (5, 3),
        {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5)},
        13,
    ),
    "gelu, half of x first": (
        [
            helper.make_node("Mul", ["half", "x"], ["h"]),
            helper.make_node("Mul", ["x", "root"], ["u"]),
            helper.make_node("Erf", ["u"], ["e"]),
            helper.make_node("Add", ["one", "e"], ["a"]),
            helper.make_node("Mul", ["a", "h"], ["y"]),
        ],
        (5, 3),
        {"root": np.float32(0.5**0.5), "one": np.float32([1]), "half": np.float32(0.5)},
        13,
    ),
    "gelu": ([helper.make_node("Gelu", ["x"], ["y"])], (5, 3), {}, 20),
    "upsampling": (
        [
            helper.make_node(
                "Resize", ["x", "", "scales"], ["y"], mode="nearest", nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            )
        ],
        (5, 3),
        {"scales": np.float32([1, 1, 3])},
        13,
    ),
    "mean over positions": ([helper.make_node("ReduceMean", ["x"], ["y"], axes=[2], keepdims=0)], (5, 3), {}, 13),
    "minimum over positions": ([helper.make_node("ReduceMin", ["x"], ["y"], axes=[1], keepdims=0)], (5, 3), {}, 13),
    "a constant minus": ([helper.make_node("Sub", ["c", "x"], ["y"])], (5, 3), {"c": np.float32([1, 2, 3])}, 13),
    "negative": ([helper.make_node("Neg", ["x"], ["y"])], (5, 3), {}, 13),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_single_operators(name: str) -> None:
    nodes, shape, constants, opset = SINGLE[name]
    agrees(file_of(nodes, shape, constants, opset), X)


def test_rows_of_a_table() -> None:
    table = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    nodes = [helper.make_node("Cast", ["x"], ["i"], to=7), helper.make_node("Gather", ["table", "i"], ["y"])]
    agrees(file_of(nodes, (5,), {"table": table}), np.float32([[0, 1, 2, 3, 5], [5, 4, 0, 0, 1]]))


def series_with(**settings: Any) -> list[Any]:
    return [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["t", "W", "R", "B"], ["", "last", "c"], hidden_size=4, **settings),
        helper.make_node("Squeeze", ["last", "none"], ["y"]),
    ]


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (series_with(clip=1.0), "clip is not available"),
        (series_with(direction="sideways"), "direction=sideways is not known"),
        (series_with(activations=["Relu", "Tanh", "Tanh"]), "activations=.*Relu.* are not available"),
        (series_with(layout=1), "layout=1"),
        ([*series_with()[:2], helper.make_node("Squeeze", ["c", "none"], ["y"])], "the inner state is not available"),
        ([*series_with()[:2], helper.make_node("Relu", ["last"], ["y"])], "does not have the events as its first"),
        ([helper.make_node("LSTM", ["x", "W", "R", "B"], ["", "y"])], "must have the steps in front"),
        ([helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0, 2])], "'y' of the file does not have the events"),
        ([helper.make_node("Transpose", ["x"], ["y"], perm=[0, 0, 2])], "no order of 3 dimensions"),
        ([helper.make_node("Tensor", ["x"], ["y"])], r"\(Tensor\) of the file: this operator is not available"),
        ([helper.make_node("Gemm", ["x"], ["y"])], "cannot be understood"),
        ([helper.make_node("Selu", ["x"], ["y"], alpha=1.5)], "alpha=1.5 is not available, only 1.67326"),
        ([helper.make_node("Selu", ["x"], ["y"], gamma=2.0)], "gamma=2.0 is not available, only 1.0507"),
        (
            [helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2], dilations=[2])],
            r"dilations=\[2\] are not available",
        ),
        (
            [helper.make_node("BatchNormalization", ["x", "K", "K", "K", "K"], ["y"], training_mode=1)],
            "training_mode=1 and spatial=0 are not available",
        ),
        (
            [helper.make_node("Cast", ["x"], ["i"], to=7), helper.make_node("Cast", ["i"], ["y"], to=1)],
            "'i' is cut off to whole numbers, which is available in front of a table",
        ),
        ([helper.make_node("Cast", ["x"], ["y"], to=6)], "the output 'y' of the file is cut off to whole numbers"),
        ([helper.make_node("Erf", ["x"], ["y"])], r"\(Erf\) of the file: this operator is not available"),
    ],
)  # fmt: skip
def test_what_is_not_available_is_named(nodes: list[Any], words: str) -> None:
    constants = weights_of("LSTM", 4, 3, 1) | {"none": np.array([0], np.int64), "K": np.ones(5, np.float32)}
    with pytest.raises(InvalidArgument, match=words):
        graph_from_onnx(file_of(nodes, (5, 3), constants))


def test_what_softmax_is_over_depends_on_the_operator_set() -> None:
    """Up to 12 all dimensions behind the events are one where no axis is given, from 13 on it is the last."""
    nodes = [helper.make_node("Softmax", ["x"], ["y"])]
    agrees(file_of(nodes, (5, 3), {}, 13), X)
    agrees(file_of(nodes, (3,), {}, 11), X[:, 0])
    with pytest.raises(InvalidArgument, match="axis=1 is not available, only the last one"):
        graph_from_onnx(file_of(nodes, (5, 3), {}, 11))


def complete() -> bytes:
    constants = weights_of("LSTM", 4, 2, 1) | {"rest": np.array([0, -1], np.int64)}
    constants |= {"K": np.ones((2, 3, 3), np.float32), "M": np.ones((4, 2), np.float32)}
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["first", "K"], ["maps"], kernel_shape=[3], pads=[1, 1]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("Transpose", ["active"], ["steps"], perm=[2, 0, 1]),
        helper.make_node("LSTM", ["steps", "W", "R", "B"], ["", "last"], hidden_size=4),
        helper.make_node("Transpose", ["last"], ["turned"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["turned", "rest"], ["row"]),
        helper.make_node("MatMul", ["row", "M"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["y"], axis=1),
    ]
    return file_of(nodes, (5, 3), constants)


def read(file: bytes) -> None:
    """A graph with its parameters, or an error that says why not."""
    try:
        graph, parameters = graph_from_onnx(file)
    except InvalidArgument:
        return
    assert parameters.shape == (graph.core().parameter_count,)


def test_truncated_files_are_errors() -> None:
    file = complete()
    agrees(file, X)
    for length in range(0, len(file), 3):
        read(file[:length])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_files_are_read_or_refused(data: st.DataObject) -> None:
    file = bytearray(complete())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "repeat"])):
            case "byte":
                file[at] = data.draw(st.integers(0, 255))
            case "cut":
                del file[at : at + data.draw(st.integers(1, 8))]
            case "repeat":
                file[at:at] = file[at : at + 8]
    read(bytes(file))
