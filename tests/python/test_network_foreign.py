"""Networks of PyTorch (parameters by an explicit mapping) and of Keras (architecture and weights)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from diskern import InvalidArgument
from diskern.networks import (
    GRU,
    LSTM,
    BatchNormalisation,
    Concatenate,
    Convolution2D,
    Dense,
    Flatten,
    Graph,
    Input,
    MaximumPooling2D,
    Permute,
    Recurrent,
    SelfAttention,
    graph_from_keras,
    graph_from_onnx,
    parameters_from_keras,
    parameters_from_pytorch,
)

pytest.importorskip("sklearn")
from diskern import GraphNetwork


def test_a_module_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    torch.manual_seed(1)

    class Module(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.seen = nn.Sequential(
                nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Conv2d(4, 3, 2), nn.Flatten()
            )
            self.heard = nn.LSTM(2, 5, batch_first=True)
            self.told = nn.GRU(2, 3, batch_first=True)
            self.set = nn.MultiheadAttention(4, 2, batch_first=True)
            self.last = nn.Linear(12 + 5 + 3 + 20, 2)

        def forward(self, image: Any, series: Any, members: Any) -> Any:
            heard, told = self.heard(series)[0][:, -1], self.told(series)[0][:, -1]
            attended = self.set(members, members, members)[0].flatten(1)
            return self.last(torch.cat([self.seen(image), heard, told, attended], dim=1))

    module = Module()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0.0, 0.4)
        module.seen[2].running_mean.normal_()
        module.seen[2].running_var.uniform_(0.5, 2.0)
    module.eval()

    image, series, members = Input((8, 8, 1)), Input((6, 2)), Input((5, 4))
    x = BatchNormalisation(name="norm")(Convolution2D(4, 3, activation="relu", name="first")(image))
    x = Flatten()(Permute((2, 0, 1))(Convolution2D(3, 2, name="second")(MaximumPooling2D(2)(x))))
    heard, told = LSTM(5, name="heard")(series), GRU(3, name="told")(series)
    attended = Flatten()(SelfAttention(2, name="set")(members))
    graph = Graph([image, series, members], Dense(2, name="last")(Concatenate()(x, heard, told, attended)))
    mapping = {
        "first": "seen.0",
        "norm": "seen.2",
        "second": "seen.4",
        "heard": "heard",
        "told": "told",
        "set": "set",
        "last": "last",
    }
    parameters = parameters_from_pytorch(graph, module.state_dict(), mapping)
    model = GraphNetwork.from_parameters(graph, parameters)
    generator = np.random.default_rng(1)
    events = [generator.normal(size=(9, *one.shape)).astype(np.float32) for one in (image, series, members)]
    with torch.no_grad():
        expected = module(*(torch.from_numpy(one) for one in (np.moveaxis(events[0], -1, 1).copy(), *events[1:])))
    np.testing.assert_allclose(model.predict(tuple(events)), expected.numpy(), rtol=1e-5, atol=1e-5)

    state = module.state_dict()
    for wrong, words in (
        ({**mapping, "lost": "last"}, "'lost' is none of them"),
        ({key: value for key, value in mapping.items() if key != "norm"}, "'norm' is missing"),
        ({**mapping, "norm": "seen.9"}, r"'norm': the state has no entries that begin with 'seen.9.'"),
        ({**mapping, "first": "seen.4"}, r"'first': weights have the shape \(2, 2, 4, 3\), expected \(3, 3, 1, 4\)"),
        ({**mapping, "last": "heard"}, "'last': the state has no 'weight'|'last': the state has no 'bias'"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            parameters_from_pytorch(graph, state, wrong)
    with pytest.raises(InvalidArgument, match=r"parameters must be .* finite numbers"):
        GraphNetwork.from_parameters(graph, parameters[:-1])


def keras(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": kind, "config": {"name": name, "trainable": True, **config}}


def sequential(*layers: dict[str, Any]) -> str:
    return json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}, "backend": "jax"})


def test_a_sequential_model_of_keras() -> None:
    """The description as Keras 3 writes it; convolution, pooling and dense layers by their definition."""
    text = sequential(
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 6, 5, 2], "name": "image", "dtype": "float32"}},
        keras(
            "Conv2D", "conv", filters=3, kernel_size=[3, 2], strides=[1, 1], padding="valid", groups=1,
            data_format="channels_last", dilation_rate=[1, 1], activation="relu", use_bias=True,
            kernel_initializer={"class_name": "GlorotUniform"},
        ),
        keras("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], padding="valid", data_format="channels_last"),
        keras("Flatten", "flatten", data_format="channels_last"),
        keras("Dropout", "dropout", rate=0.5, seed=None, noise_shape=None),
        keras("Dense", "dense", units=2, activation="softmax", use_bias=True),
    )  # fmt: skip
    graph = graph_from_keras(text)
    generator = np.random.default_rng(1)
    kernel, bias = generator.normal(size=(3, 2, 2, 3)), generator.normal(size=3)
    weights, offset = generator.normal(size=(12, 2)), generator.normal(size=2)
    parameters = parameters_from_keras(graph, {"conv": [kernel, bias], "dense": [weights, offset]})
    x = generator.normal(size=(4, 6, 5, 2))
    found = GraphNetwork.from_parameters(graph, parameters).predict(x)
    maps = np.zeros((4, 4, 4, 3))
    for i in range(4):
        for j in range(4):
            maps[:, i, j] = np.einsum("nhwc,hwco->no", x[:, i : i + 3, j : j + 2], kernel) + bias
    pooled = np.maximum(maps, 0.0).reshape(4, 2, 2, 2, 2, 3).max(axis=(2, 4)).reshape(4, -1)
    scores = np.exp(pooled @ weights + offset)
    np.testing.assert_allclose(found, scores / scores.sum(axis=1, keepdims=True), atol=1e-5)
    with pytest.raises(InvalidArgument, match="'conv' is missing"):
        parameters_from_keras(graph, {"dense": [weights, offset]})
    with pytest.raises(InvalidArgument, match="'conv': got 1 arrays, expected 2"):
        parameters_from_keras(graph, {"conv": [kernel], "dense": [weights, offset]})


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def test_recurrent_layers_of_keras_by_their_formulas() -> None:
    """Gates in the order i, f, c, o (LSTM) and z, r, h (GRU), as the documentation of Keras has them."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(5, 4, 2))
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4, 2], "name": "x"}}
    w, u, b = generator.normal(size=(2, 12)), generator.normal(size=(3, 12)), generator.normal(size=12)
    graph = graph_from_keras(sequential(start, keras("LSTM", "cell", units=3, return_sequences=False, use_bias=True)))
    found = GraphNetwork.from_parameters(graph, parameters_from_keras(graph, {"cell": [w, u, b]})).predict(x)
    h, c = np.zeros((5, 3)), np.zeros((5, 3))
    for t in range(4):
        i, f, g, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    np.testing.assert_allclose(found, h, atol=1e-5)

    for after in (True, False):
        w, u = generator.normal(size=(2, 9)), generator.normal(size=(3, 9))
        b = generator.normal(size=(2, 9) if after else 9)
        cell = keras("GRU", "cell", units=3, return_sequences=True, reset_after=after, recurrent_activation="sigmoid")
        graph = graph_from_keras(sequential(start, cell))
        found = GraphNetwork.from_parameters(graph, parameters_from_keras(graph, {"cell": [w, u, b]})).predict(x)
        inner, outer = b if after else (b, np.zeros(9))
        h, states = np.zeros((5, 3)), []
        for t in range(4):
            given = x[:, t] @ w + inner
            recurrent = h @ u + outer
            z = sigmoid(given[:, :3] + recurrent[:, :3])
            r = sigmoid(given[:, 3:6] + recurrent[:, 3:6])
            part = r * recurrent[:, 6:] if after else (r * h) @ u[:, 6:]
            h = z * h + (1.0 - z) * np.tanh(given[:, 6:] + part)
            states.append(h)
        np.testing.assert_allclose(found, np.stack(states, axis=1), atol=1e-5)


@pytest.mark.parametrize("version", [2, 3])
def test_a_functional_model_of_keras(version: int) -> None:
    def node(*names: str) -> list[Any]:
        if version == 2:
            return [[[name, 0, 0, {}] for name in names]]
        tensors = [
            {"class_name": "__keras_tensor__", "config": {"shape": [None, 3], "keras_history": [name, 0, 0]}}
            for name in names
        ]
        return [{"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": {}}]

    def entry(layer: dict[str, Any], *sources: str) -> dict[str, Any]:
        return layer | {"name": layer["config"]["name"], "inbound_nodes": node(*sources) if sources else []}

    shape = "batch_input_shape" if version == 2 else "batch_shape"
    layers = [
        entry({"class_name": "InputLayer", "config": {"name": "a", shape: [None, 3]}}),
        entry({"class_name": "InputLayer", "config": {"name": "b", shape: [None, 2]}}),
        entry(keras("Dense", "left", units=4, activation="tanh", use_bias=False), "a"),
        entry(
            keras("BatchNormalization", "norm", axis=[-1], momentum=0.9, epsilon=0.01, center=True, scale=True), "left"
        ),
        entry(keras("Concatenate", "both", axis=-1), "norm", "b"),
        entry(keras("Dense", "one", units=1, activation="linear", use_bias=True), "both"),
        entry(keras("Dense", "other", units=2, activation="linear", use_bias=True), "both"),
    ]
    config = {
        "layers": layers,
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["one", 0, 0], ["other", 0, 0]],
    }
    graph = graph_from_keras(json.dumps({"class_name": "Functional", "config": config}))
    generator = np.random.default_rng(1)
    left = generator.normal(size=(3, 4))
    gamma, beta, mean, variance = generator.uniform(0.5, 1.5, (4, 4))
    one, other = [(generator.normal(size=(6, n)), generator.normal(size=n)) for n in (1, 2)]
    parameters = parameters_from_keras(
        graph, {"left": [left], "norm": [gamma, beta, mean, variance], "one": one, "other": other}
    )
    a, b = generator.normal(size=(7, 3)), generator.normal(size=(7, 2))
    found = GraphNetwork.from_parameters(graph, parameters, ["squared", "squared"]).predict({"a": a, "b": b})
    normal = gamma * (np.tanh(a @ left) - mean) / np.sqrt(variance + 0.01) + beta
    joined = np.hstack([normal, b])
    np.testing.assert_allclose(found[0], (joined @ one[0] + one[1])[:, 0], atol=1e-5)
    np.testing.assert_allclose(found[1], joined @ other[0] + other[1], atol=1e-5)


def predicted(graph: Graph, weights: dict[str, list[np.ndarray]], x: np.ndarray) -> np.ndarray:
    model = GraphNetwork.from_parameters(graph, parameters_from_keras(graph, weights))
    return np.asarray(model.predict(x)).reshape(len(x), -1)


def test_both_directions_of_keras() -> None:
    """The backward layer's states come in the order of the steps."""
    generator = np.random.default_rng(4)
    x = generator.normal(size=(5, 4, 2))
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4, 2], "name": "x"}}
    cell = keras("SimpleRNN", "cell", units=3, return_sequences=True, activation="tanh", use_bias=True)
    both = keras("Bidirectional", "both", layer=cell, merge_mode="concat", backward_layer=None)
    weights = [generator.normal(size=shape) for shape in ((2, 3), (3, 3), (3,)) * 2]
    found = predicted(graph_from_keras(sequential(start, both)), {"both": weights}, x).reshape(5, 4, 6)
    for k, steps in enumerate((range(4), range(3, -1, -1))):
        w, u, b = weights[3 * k : 3 * k + 3]
        h = np.zeros((5, 3))
        for t in steps:
            h = np.tanh(x[:, t] @ w + h @ u + b)
            np.testing.assert_allclose(found[:, t, 3 * k : 3 * k + 3], h, atol=1e-5)


def test_separable_and_depthwise_convolutions_of_keras() -> None:
    generator = np.random.default_rng(5)
    x = generator.normal(size=(3, 5, 4, 2))
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 5, 4, 2], "name": "x"}}
    kernel, mixture, bias = (generator.normal(size=shape) for shape in ((3, 2, 2, 3), (1, 1, 6, 4), (4,)))
    each = np.zeros((3, 3, 3, 2, 3))
    for i in range(3):
        for j in range(3):
            each[:, i, j] = np.einsum("nhwc,hwcm->ncm", x[:, i : i + 3, j : j + 2], kernel)
    flat = each.reshape(3, 3, 3, 6)
    options = {"kernel_size": [3, 2], "strides": [1, 1], "padding": "valid", "depth_multiplier": 3}
    depthwise = keras("DepthwiseConv2D", "d", **options, use_bias=False, depthwise_initializer={})
    found = predicted(graph_from_keras(sequential(start, depthwise)), {"d": [kernel]}, x)
    np.testing.assert_allclose(found, flat.reshape(3, -1), atol=1e-5)
    separable = keras("SeparableConv2D", "s", **options, filters=4, activation="relu", use_bias=True)
    found = predicted(graph_from_keras(sequential(start, separable)), {"s": [kernel, mixture, bias]}, x)
    expected = np.maximum(flat @ mixture[0, 0] + bias, 0.0)
    np.testing.assert_allclose(found, expected.reshape(3, -1), atol=1e-5)


def test_attention_of_keras_by_its_formula() -> None:
    generator = np.random.default_rng(6)
    x = generator.normal(size=(4, 5, 3))
    shapes = [(3, 2, 4), (2, 4)] * 3 + [(2, 4, 3), (3,)]
    weights = [generator.normal(size=shape) for shape in shapes]
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 5, 3]}, "inbound_nodes": []},
        keras("MultiHeadAttention", "set", num_heads=2, key_dim=4, value_dim=4, dropout=0.1, use_bias=True)
        | {"inbound_nodes": [[["x", 0, 0, {}], ["x", 0, 0, {}]]]},
    ]
    config = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["set", 0, 0]]}
    for one in layers:
        one["name"] = one["config"]["name"]
    graph = graph_from_keras(json.dumps({"class_name": "Functional", "config": config}))
    q, k, v = (np.einsum("nif,fhd->nihd", x, weights[2 * i]) + weights[2 * i + 1] for i in range(3))
    scores = np.exp(np.einsum("nihd,njhd->nhij", q, k) / 2.0)
    answer = np.einsum("nhij,njhd->nihd", scores / scores.sum(axis=-1, keepdims=True), v)
    expected = np.einsum("nihd,hdf->nif", answer, weights[6]) + weights[7]
    np.testing.assert_allclose(predicted(graph, {"set": weights}, x), expected.reshape(4, -1), atol=1e-5)


def test_stacked_and_reversed_modules_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.manual_seed(2)
    for kind, layer, options in (("LSTM", LSTM, {}), ("GRU", GRU, {"bias": False}), ("RNN", Recurrent, {})):
        module = getattr(torch.nn, kind)(2, 3, num_layers=2, bidirectional=True, batch_first=True, **options)
        series = Input((5, 2))
        names = ("l0", "l0_reverse", "l1", "l1_reverse")
        first = Concatenate()(
            *(layer(3, sequences=True, backwards="reverse" in name, name=name)(series) for name in names[:2])
        )
        last = Concatenate()(
            *(layer(3, sequences=True, backwards="reverse" in name, name=name)(first) for name in names[2:])
        )
        graph = Graph(series, last)
        mapping = {name: f":{name}" for name in names}
        model = GraphNetwork.from_parameters(graph, parameters_from_pytorch(graph, module.state_dict(), mapping))
        x = np.random.default_rng(1).normal(size=(6, 5, 2)).astype(np.float32)
        with torch.no_grad():
            expected = module(torch.from_numpy(x))[0].numpy()
        np.testing.assert_allclose(np.asarray(model.predict(x)).reshape(expected.shape), expected, atol=1e-5)


def test_what_is_not_available_is_named() -> None:
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 6, 6, 1], "name": "x"}}
    for text, words in (
        ("{", "no description of a model by Keras"),
        ("[]", "no description of a model by Keras"),
        (json.dumps({"class_name": "Custom", "config": {"layers": []}}), "kind 'Custom'"),
        (sequential(), "no layers"),
        (sequential(start, keras("Lambda", "odd")), r"'odd' \(Lambda\).*not available"),
        (sequential(start, keras("Dense", "d", units=2, activation="mish")), "the activation 'mish' is not known"),
        (sequential(start, keras("Dense", "d", units=2, new_setting=3)), "new_setting=3 is not understood"),
        (sequential(start, keras("LeakyReLU", "l", negative_slope=0.3)), "negative_slope=0.3 is not available"),
        (
            sequential(start, keras("Bidirectional", "b", layer=keras("LSTM", "l", units=2), merge_mode="sum")),
            "merge_mode='sum' is not available",
        ),
        (
            sequential(
                start,
                keras(
                    "Bidirectional",
                    "b",
                    layer=keras("LSTM", "l", units=2),
                    backward_layer=keras("LSTM", "r", units=2, go_backwards=True, activation="relu"),
                ),
            ),
            "a backward_layer of its own is not available",
        ),
        (sequential(start, keras("BatchNormalization", "n", axis=[1])), r"axis=\(1,\) is not available, only the last"),
        (sequential(start, keras("LayerNormalization", "n", axis=[2, 3])), r"axis=\(2, 3\) is not available"),
        (sequential(start, keras("MultiHeadAttention", "m", num_heads=1, key_dim=2)), "must be the same"),
        (
            sequential(start, keras("Conv2D", "c", filters=2, kernel_size=[2, 2], data_format="channels_first")),
            "data_format='channels_first' is not available",
        ),
        (
            sequential({"class_name": "InputLayer", "config": {"batch_shape": [None, None, 2], "name": "x"}}),
            r"the shape \(None, None, 2\) is open",
        ),
    ):
        with pytest.raises(InvalidArgument, match=words):
            graph_from_keras(text)


@pytest.mark.parametrize("version", [2, 3])
def test_masks_and_states_given_to_layers_of_keras_are_refused(version: int) -> None:
    """What changes the answer of a layer and stands in its call, not in its settings."""
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 5, 3], "keras_history": ["x", 0, 0]}}
    start: dict[str, Any] = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 5, 3]}}
    start["inbound_nodes"] = []
    attention = keras("MultiHeadAttention", "set", num_heads=2, key_dim=4)
    for layer, inputs, call, words in (
        (attention, 2, {"use_causal_mask": True}, r"'set' .*is called with use_causal_mask"),
        (attention, 2, {"use_causal_mask": False, "training": True, "attention_mask": None}, ""),
        (keras("LSTM", "heard", units=3), 1, {"initial_state": [0.0]}, r"'heard' .*is called with initial_state"),
    ):
        old = [[["x", 0, 0, call], *([["x", 0, 0, {}]] * (inputs - 1))]]
        node = old if version == 2 else [{"args": [tensor] * inputs, "kwargs": call}]
        layers = [one | {"name": one["config"]["name"]} for one in (start, layer | {"inbound_nodes": node})]
        config = {"layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [[layers[1]["name"], 0, 0]]}
        text = json.dumps({"class_name": "Functional", "config": config})
        if not words:
            assert graph_from_keras(text).output_shapes == [(5, 3)]
            continue
        with pytest.raises(InvalidArgument, match=words):
            graph_from_keras(text)


# --- ONNX


def test_a_network_with_the_channels_first_from_onnx(tmp_path: Any) -> None:
    """As PyTorch writes them; what ONNX Runtime gives."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    helper, to_proto = onnx.helper, onnx.numpy_helper.from_array
    generator = np.random.default_rng(1)

    def constant(name: str, *shape: int) -> Any:
        return to_proto(generator.uniform(0.1, 1.0, shape).astype(np.float32), name)

    constants = [
        *(constant("w1", 4, 2, 3, 3), constant("b1", 4), constant("gamma", 4), constant("beta", 4)),
        *(constant("mean", 4), constant("variance", 4), constant("w2", 5, 4), constant("b2", 5)),
        constant("scale", 4, 1, 1),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], pads=[1, 0, 1, 2], strides=[2, 1]),
        helper.make_node("BatchNormalization", ["a", "gamma", "beta", "mean", "variance"], ["b"], epsilon=1e-3),
        helper.make_node("Mul", ["b", "scale"], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("MaxPool", ["d"], ["e"], kernel_shape=[2, 2], strides=[1, 2]),
        helper.make_node("Concat", ["e", "e"], ["f"], axis=1),
        helper.make_node("GlobalAveragePool", ["e"], ["g"]),
        helper.make_node("Flatten", ["g"], ["h"]),
        helper.make_node("Gemm", ["h", "w2", "b2"], ["i"], transB=1),
        helper.make_node("Tanh", ["i"], ["y"]),
        helper.make_node("Flatten", ["f"], ["z"]),
    ]
    float_type = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", float_type, ["n", 2, 8, 7])],
        [
            helper.make_tensor_value_info("y", float_type, ["n", 5]),
            helper.make_tensor_value_info("z", float_type, ["n", None]),
        ],
        constants,
    )
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "net.onnx"
    onnx.save(file, path)
    x = generator.normal(size=(6, 2, 8, 7)).astype(np.float32)
    expected = runtime.InferenceSession(str(path)).run(None, {"x": x})
    ours, parameters = graph_from_onnx(path)
    found = GraphNetwork.from_parameters(ours, parameters, ["squared", "squared"]).predict(x)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    nodes[0].attribute.append(helper.make_attribute("auto_pad", "SAME_UPPER"))
    del file.graph.node[:]
    file.graph.node.extend(nodes)
    with pytest.raises(InvalidArgument, match=r"\(Conv\).*auto_pad=SAME_UPPER"):
        graph_from_onnx(file.SerializeToString())
    with pytest.raises(InvalidArgument, match="no ONNX file"):
        graph_from_onnx(b"nothing")
