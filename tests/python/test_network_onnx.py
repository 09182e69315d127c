"""Networks of layers as ONNX: every kind of layer in ONNX Runtime, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument
from diskern.networks import (
    GRU,
    LSTM,
    Activation,
    BatchNormalisation,
    Concatenate,
    Convolution2D,
    Dense,
    DistanceCorrelation,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalMinimumPooling,
    GradientReversal,
    Graph,
    Input,
    MaximumPooling2D,
    Sampling,
    SelfAttention,
    Standardise,
    graph_from_onnx,
)
from network_graphs import CASES, chain, masked, sample

pytest.importorskip("sklearn")
from diskern import GraphNetwork


def idle() -> Graph:
    """Layers that act in training only."""
    x = Input((4,))
    noisy = GaussianNoise(0.3)(Dropout(0.5)(GradientReversal(2.0)(Dense(3)(x))))
    return Graph(x, Sampling()(noisy, Dense(3)(x)))


def untouched() -> Graph:
    """An input that is an output, too."""
    x = Input((3,))
    return Graph(x, Dropout(0.5)(x))


MORE = {
    "embedding": chain((5,), Embedding(7, 3)),
    "idle layers": idle,
    "untouched": untouched,
    "images, elementwise": chain(
        (5, 4, 2), Convolution2D(3, 2), Activation("gelu"), BatchNormalisation(), Standardise(), Activation("silu")
    ),
    "global minimum with a mask": masked(GlobalMinimumPooling(), (5, 3)),
    "lstm with a mask, backwards": masked(LSTM(4, sequences=True, backwards=True), (5, 3)),
    "gru with a mask, backwards": masked(GRU(4, backwards=True), (5, 3)),
    "lstm, long": chain((60, 3), LSTM(7)),
    "attention, many": chain((20, 8), SelfAttention(4, 5)),
}


def model_of(graph: Graph, seed: int = 1, losses: Any = "squared") -> tuple[diskern.Model, np.ndarray]:
    """A model with random parameters, and events for it."""
    parameters, x, _ = sample(graph.core(), 24, seed)
    if any(layer["kind"] == "embedding" for layer in graph.core().describe()["layers"]):
        x = np.abs(np.round(x * 2.0)) % 7
    network = GraphNetwork.from_parameters(graph, parameters, losses)
    return diskern.Model(network._model().to_bytes()), np.ascontiguousarray(x, np.float32)


def run(file: bytes, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(file, options)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def assert_near(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-6) -> None:
    """Within a millionth of the largest response (of 1, where all are smaller)."""
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    scale = max(1.0, float(np.nanmax(np.abs(expected))))
    assert np.nanmax(np.abs(found - expected)) <= tolerance * scale


def inputs_of(graph: Graph, x: np.ndarray) -> dict[str, np.ndarray]:
    """The inputs of a network as its file names them."""
    if len(graph.inputs) == 1 and len(graph.outputs) == 1:
        return {"variables": x}
    result, column = {}, 0
    for one in graph.core().describe()["inputs"]:
        size = int(np.prod(one["shape"]))
        result[one["name"]] = x[:, column : column + size].reshape(len(x), *one["shape"])
        column += size
    return result


@pytest.mark.parametrize("name", [*CASES, *MORE])
def test_onnx_runtime_gives_the_responses(name: str) -> None:
    graph = (CASES | MORE)[name]()
    model, x = model_of(graph)
    found = run(model.to_onnx(), inputs_of(graph, x))
    assert_near(np.concatenate([one.reshape(len(x), -1) for one in found.values()], axis=1), model.evaluate(x))
    one = run(model.to_onnx(), inputs_of(graph, x[:1]))
    assert_near(np.concatenate([part.reshape(1, -1) for part in one.values()], axis=1), model.evaluate(x[:1]))


@pytest.mark.parametrize("loss", ["cross_entropy", "softmax_cross_entropy", "poisson", "multi_label"])
def test_what_a_model_applies_to_its_outputs(loss: str) -> None:
    graph = Graph.chain([Dense(5, activation="tanh"), Dense(1 if loss in ("cross_entropy", "poisson") else 3)], (4,))
    model, x = model_of(graph, losses=loss)
    assert_near(run(model.to_onnx(), {"variables": x})["responses"], model.evaluate(x))


def pixels() -> Graph:
    """Four kinds for each pixel, once from a convolution and once from a dense layer on sequences."""
    image, series = Input((5, 4, 2), name="image"), Input((6, 3), name="series")
    kinds = Convolution2D(4, 3, padding="same", name="kinds")(image)
    return Graph([image, series], [kinds, Dense(3, name="letters")(series)])


def test_softmax_of_every_pixel() -> None:
    model, x = model_of(pixels(), losses="softmax_cross_entropy")
    expected = model.evaluate(x)
    np.testing.assert_allclose(expected[:, :80].reshape(-1, 4).sum(axis=1), 1.0, rtol=1e-12)  # 5 x 4 pixels
    np.testing.assert_allclose(expected[:, 80:].reshape(-1, 3).sum(axis=1), 1.0, rtol=1e-12)
    for rows in (x, x[:1]):
        found = run(model.to_onnx(), inputs_of(pixels(), rows))
        joined = np.concatenate([one.reshape(len(rows), -1) for one in found.values()], axis=1)
        assert_near(joined, model.evaluate(rows))


def several() -> Graph:
    image, numbers = Input((6, 5, 2), name="image"), Input((3,), name="numbers")
    x = Flatten()(MaximumPooling2D(2)(Convolution2D(3, 2, activation="relu", name="filters")(image)))
    y = Concatenate()(x, Dense(4)(numbers))
    return Graph([image, numbers], [Dense(1, name="energy")(y), Dense(3, name="kind")(y), numbers])


def test_several_inputs_and_outputs_have_names() -> None:
    model, x = model_of(several(), losses=["squared", "softmax_cross_entropy", "squared"])
    file = model.to_onnx()
    found = run(file, inputs_of(several(), x))
    assert list(found) == ["energy", "kind", "numbers_2"]
    assert found["kind"].shape == (24, 3)
    assert_near(np.concatenate(list(found.values()), axis=1), model.evaluate(x))


def unread(name: str) -> str | None:
    """The first operator of the file that is not read back, if there is one."""
    known = {
        "distance": "Sub",
        "divergence": "Sub",
        "embedding": "Less",
        "layer normalisation": "ReduceMean",
        "masking": "Equal",
    }
    if name.startswith("attention"):
        return "MatMul"
    if name.startswith("global") and "mask" in name:
        return "Cast"
    # In front of a Scan over the steps.
    return known.get(name, "Shape" if "mask" in name else None)


@pytest.mark.parametrize("name", [*CASES, *MORE])
def test_what_was_written_is_read_again_or_the_operator_is_named(name: str) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    model, x = model_of((CASES | MORE)[name]())
    refused = unread(name)
    if refused is not None:
        with pytest.raises(InvalidArgument, match=rf"operator '.*' \({refused}\) of the file"):
            graph_from_onnx(model.to_onnx())
        return
    graph, parameters = graph_from_onnx(model.to_onnx())
    again = diskern.Model(GraphNetwork.from_parameters(graph, parameters)._model().to_bytes())
    assert_near(again.evaluate(x), model.evaluate(x))


def test_files_are_valid() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    for name, make in (CASES | MORE).items():
        file = onnx.load_from_string(model_of(make())[0].to_onnx())
        onnx.checker.check_model(file, full_check=True)
        assert {one.domain: one.version for one in file.opset_import} == {"": 11}, name
    model = model_of(CASES["convolution"]())[0]
    file = onnx.load_from_string(model.to_onnx())
    assert {one.key: one.value for one in file.metadata_props}["responses"].startswith("output0_0\noutput0_1")
    assert [node.op_type for node in file.graph.node][:3] == ["Reshape", "Transpose", "Conv"]
    assert file.producer_name == "diskern"


def test_images_stay_in_one_form_between_layers() -> None:
    """Channels come to the front once and go back once, not at every layer."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    graph = chain(
        (8, 8, 1), Convolution2D(4, 3, activation="relu"), BatchNormalisation(), MaximumPooling2D(2),
        Convolution2D(3, 2, activation="gelu"), Flatten(), Dense(2),
    )()  # fmt: skip
    file = onnx.load_from_string(model_of(graph)[0].to_onnx())
    assert [node.op_type for node in file.graph.node].count("Transpose") == 2


def test_saved_complete_or_not_at_all(tmp_path: Path) -> None:
    model, _ = model_of(CASES["dense"]())
    model.save_onnx(tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == model.to_onnx()
    with pytest.raises(FileNotFoundError):
        model.save_onnx(tmp_path / "none" / "net.onnx")
    assert [one.name for one in tmp_path.iterdir()] == ["net.onnx"]


def test_penalties_of_the_training_are_refused() -> None:
    x = Input((3,), name="x")
    y = Dense(1)(x)
    graph = Graph(x, [y, DistanceCorrelation(name="penalty")(y, Dense(1)(x))])
    model, _ = model_of(graph, losses=["squared", "value"])
    with pytest.raises(InvalidArgument, match=r"'penalty' \(distance_correlation\) .*keep_outputs"):
        model.to_onnx()
