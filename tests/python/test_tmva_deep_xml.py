"""DL in TMVA's weight files: written and read again, and the layers by their definition in numpy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diskern
from diskern import FormatError, InvalidArgument, _core
from diskern.networks import (
    GRU,
    LSTM,
    Activation,
    BatchNormalisation,
    Convolution2D,
    Dense,
    Flatten,
    Graph,
    Input,
    LayerNormalisation,
    MaximumPooling2D,
    Permute,
    SelfAttention,
)
from diskern.tmva import Factory
from diskern.tmva.methods.dl import input_shape, parse_layout
from tmva_events import class_loader

END = "DENSE|3|TANH,DENSE|1|LINEAR"
#: title -> InputLayout, Layout
LAYOUTS = {
    "dense": ("1|1|12", f"DENSE|5|RELU,DENSE|4|SYMMRELU,DENSE|4|GAUSS,DENSE|3|SOFTSIGN,DENSE|4|SIGMOID,{END}"),
    "normalised": ("1|1|12", f"BNORM,DENSE|5|RELU,BNORM|0.9|0.001,{END}"),
    "images": ("2|6|6", f"CONV|3|3|3|1|1|1|1|RELU,MAXPOOL|2|2|2|2,RESHAPE|FLAT,{END}"),
    "images, strides": ("2|7|6", f"CONV|4|3|2|2|1|0|0|LINEAR,CONV|2|2|3|1|2|1|1|TANH,RESHAPE|FLAT,{END}"),
    "images, normalised": ("1|6|6", f"CONV|3|3|3|1|1|0|0|TANH,BNORM,MAXPOOL|2|2|2|2,BNORM,RESHAPE|FLAT,{END}"),
    "rnn": ("4|1|3", f"RNN|5|3|4|0|0,{END}"),
    "rnn, all states": ("4|1|3", f"RNN|5|3|4|0|1,RESHAPE|FLAT,{END}"),
    "lstm": ("4|1|3", f"LSTM|5|3|4|0|0,{END}"),
    "two lstm": ("4|1|3", f"LSTM|5|3|4|0|1,LSTM|4|5|4|0|1,BNORM,RESHAPE|FLAT,{END}"),
    "gru": ("4|1|3", f"GRU|5|3|4|0|0,{END}"),
    "gru, all states": ("4|1|3", f"GRU|5|3|4|0|1,RESHAPE|FLAT,{END}"),
    "series of an image": ("2|6|6", f"CONV|3|3|3|1|1|0|0|RELU,RESHAPE|FLAT,RESHAPE|1|12|4,LSTM|3|4|12|0|0,{END}"),
    "reshaped": ("1|1|18", f"RESHAPE|2|3|3,CONV|2|2|2|1|1|0|0|RELU,RESHAPE|FLAT,{END}"),
}  # fmt: skip


def model_of(graph: Graph, seed: int = 1, link: str = "sigmoid", **options: str) -> diskern.Model:
    """A model of DL with random parameters."""
    core = graph.core([link])
    generator = np.random.default_rng(seed)
    parameters = generator.normal(0.0, 0.5, core.parameter_count).astype(np.float32)
    for one in core.parameters:
        if one["name"] == "running_variance":
            place = slice(one["offset"], one["offset"] + int(np.prod(one["shape"])))
            parameters[place] = generator.uniform(0.5, 2.0, one["shape"])
    multiclass = link == "softmax"
    info = {
        "method": "DL",
        "title": "deep",
        "variables": [{"expression": f"v{i}", "label": f"v{i}"} for i in range(core.input_count)],
        "analysis_type": "Multiclass" if multiclass else "Regression" if link == "identity" else "Classification",
        "classes": [f"c{k}" for k in range(core.output_count)] if multiclass else [],
        "signal_class": 0,
        "options": list(options.items()),
    }
    return diskern.Model(_core.Model(info, None, _core.GraphPredictor(core, parameters)))


def of_layout(title: str) -> diskern.Model:
    shape, layout = LAYOUTS[title]
    extents = [int(one) for one in shape.split("|")]
    return model_of(parse_layout(layout, input_shape(shape, int(np.prod(extents))), 1, []))


def events(model: diskern.Model, n: int = 40) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(n, len(model.info["variables"]))).astype(np.float32)


def kinds(graph: Any) -> list[str]:
    """Of the layers that compute something."""
    layers = graph.describe()["layers"]
    return [layer["kind"] for layer in layers if layer["kind"] not in ("reshape", "permute")]


@pytest.mark.parametrize("title", LAYOUTS)
def test_written_and_read_the_responses_are_the_same_bits(title: str) -> None:
    model = of_layout(title)
    text = model.to_tmva_xml()
    again = diskern.Model(text.encode())
    x = events(model)
    assert np.ptp(model.evaluate(x)) > 0.0
    np.testing.assert_array_equal(again.evaluate(x), model.evaluate(x))
    np.testing.assert_array_equal(diskern.Model(again.to_tmva_xml().encode()).evaluate(x), model.evaluate(x))
    # The options say the layers: the same network, were it booked again.
    given = dict(again.info["options"])
    # What reshapes the input is how it lies.
    assert given["InputLayout"] == {"reshaped": "2|3|3"}.get(title, LAYOUTS[title][0])
    booked = parse_layout(given["Layout"], input_shape(given["InputLayout"], x.shape[1]), 1, [])
    assert kinds(booked.core()) == kinds(model.predictor.graph)


def test_options_of_the_user_stay() -> None:
    shape, layout = LAYOUTS["dense"]
    graph = parse_layout(layout, input_shape(shape, 12), 1, [0.5, 0.2])
    model = model_of(graph, Layout="DENSE|(N-7)|RELU", InputLayout="0|0|0", Architecture="GPU")
    again = diskern.Model(model.to_tmva_xml().encode())
    assert dict(again.info["options"]) == {"Layout": "DENSE|(N-7)|RELU", "InputLayout": "0|0|0", "Architecture": "GPU"}
    np.testing.assert_array_equal(again.evaluate(events(model)), model.evaluate(events(model)))  # without its dropout


@pytest.mark.parametrize(("link", "function"), [("identity", "I"), ("sigmoid", "S"), ("softmax", "M")])
def test_what_stands_behind_the_last_layer(link: str, function: str) -> None:
    model = model_of(Graph.chain([Dense(4, activation="tanh"), Dense(3)], (5,)), link=link)
    if link == "sigmoid":
        model = model_of(Graph.chain([Dense(4, activation="tanh"), Dense(1)], (5,)))
    text = model.to_tmva_xml()
    assert f'OutputFunction="{function}"' in text
    assert 'NetDepth="2" InputDepth="1" InputHeight="1" InputWidth="5"' in text
    np.testing.assert_array_equal(diskern.Model(text.encode()).evaluate(events(model)), model.evaluate(events(model)))


def test_images_of_one_channel_are_the_same_first_and_last() -> None:
    layers = [Convolution2D(3, 3, activation="relu"), MaximumPooling2D(2), Permute((2, 0, 1)), Flatten(), Dense(1)]
    model = model_of(Graph.chain(layers, (8, 8, 1)))
    text = model.to_tmva_xml()
    assert 'InputDepth="1" InputHeight="8" InputWidth="8"' in text
    np.testing.assert_array_equal(diskern.Model(text.encode()).evaluate(events(model)), model.evaluate(events(model)))


REFUSED = {
    "layer_normalisation": (Graph.chain([Dense(4), LayerNormalisation(), Dense(1)], (5,)), "is none of TMVA's layers"),
    "attention": (Graph.chain([SelfAttention(1), Flatten(), Dense(1)], (4, 2)), "is none of TMVA's layers"),
    "gelu": (Graph.chain([Dense(4, activation="gelu"), Dense(1)], (5,)), "applies gelu, TMVA has linear, relu"),
    "function": (
        Graph.chain([Dense(4), BatchNormalisation(), Activation("relu"), Dense(1)], (5,)),
        "stands behind a layer that in TMVA has no function",
    ),
    "channels": (
        Graph.chain([Convolution2D(2, 2), Flatten(), Dense(1)], (4, 4, 3)),
        "the channels last; TMVA has them",
    ),
    "flatten": (Graph.chain([Convolution2D(2, 2), Flatten(), Dense(1)], (4, 4, 1)), "the channels last; TMVA has them"),
    "dilation": (
        Graph.chain([Convolution2D(1, 2, dilation=2), Flatten(), Dense(1)], (4, 4, 1)),
        "has dilation or groups",
    ),
    "border": (
        Graph.chain([Convolution2D(1, 2, padding="same"), Flatten(), Dense(1)], (4, 4, 1)),
        "has another border in front than behind",
    ),
    "edge": (
        Graph.chain([Convolution2D(1, 2, stride=3), Flatten(), Dense(1)], (4, 4, 1)),
        "insists on windows that fill the image",
    ),
    "backwards": (Graph.chain([LSTM(3, backwards=True), Dense(1)], (4, 2)), "begins with the last step"),
    "gate": (Graph.chain([GRU(3), Dense(1)], (4, 2)), "has biases behind its reset gate"),
    "series": (Graph.chain([Dense(3), Flatten(), Dense(1)], (4, 2)), "works along the last dimension"),
    "end": (Graph.chain([LSTM(3, sequences=True)], (4, 2)), "an end that is no row"),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_tmva_does_not_have_is_refused(title: str) -> None:
    graph, words = REFUSED[title]
    with pytest.raises(InvalidArgument, match=f"cannot be written as a TMVA weight file: .*{words}"):
        model_of(graph).to_tmva_xml()


def test_several_inputs_are_refused() -> None:
    from diskern.networks import Concatenate

    a, b = Input((2,), name="a"), Input((3,), name="b")
    with pytest.raises(InvalidArgument, match="several inputs or outputs"):
        model_of(Graph([a, b], Dense(1)(Concatenate()(a, b)))).to_tmva_xml()


def test_a_gru_with_its_gate_behind_but_no_bias_there() -> None:
    core = Graph.chain([GRU(3), Dense(1)], (4, 2)).core(["sigmoid"])
    parameters = np.random.default_rng(3).normal(size=core.parameter_count).astype(np.float32)
    bias = next(one for one in core.parameters if one["name"] == "biases")
    parameters[bias["offset"] + 9 : bias["offset"] + 12] = 0.0
    template = model_of(Graph.chain([GRU(3), Dense(1)], (4, 2)))
    model = diskern.Model(_core.Model(template.info, None, _core.GraphPredictor(core, parameters)))
    text = model.to_tmva_xml()
    assert 'ResetGateAfter="1"' in text
    np.testing.assert_array_equal(diskern.Model(text.encode()).evaluate(events(model)), model.evaluate(events(model)))


def test_the_factory_writes_both_files(tmp_path: Path) -> None:
    loader = class_loader(tmp_path / "dataset", 60, "!V")
    factory = Factory("job", None, "Silent")
    strategy = "TrainingStrategy=MaxEpochs=1,BatchSize=20,TestRepetitions=1,DropConfig=0.0+0.3"
    layout = "InputLayout=1|3|1:Layout=LSTM|4|1|3|0|1,BNORM,RESHAPE|FLAT,DENSE|1|LINEAR"
    factory.BookMethod(loader, "DL", "net", f"{layout}:{strategy}:VarTransform=N")
    factory.TrainAllMethods()
    (path,) = (tmp_path / "dataset").rglob("*.weights.xml")
    x = np.ascontiguousarray(loader.dataset.test.variables)
    written, trained = diskern.load(path), diskern.Model(factory.GetMethod("net").model)
    np.testing.assert_array_equal(written.evaluate(x), trained.evaluate(x))


# ---- by the definition of the layers


def matrix(name: str, numbers: np.ndarray) -> str:
    rows, columns = numbers.shape
    text = "  ".join(f"{one:.6e}" for one in numbers.ravel())
    return f'<{name} Rows="{rows}" Columns="{columns}">{text}</{name}>'


def file_of(layers: str, depth: int, shape: tuple[int, int, int], function: str = "I") -> bytes:
    n = int(np.prod(shape))
    variables = "".join(f'<Variable VarIndex="{i}" Expression="v{i}" Label="v{i}"/>' for i in range(n))
    return f"""<MethodSetup Method="DL::d"><GeneralInfo><Info name="AnalysisType" value="Classification"/></GeneralInfo>
    <Variables NVar="{n}">{variables}</Variables>
    <Weights NetDepth="{depth}" InputDepth="{shape[0]}" InputHeight="{shape[1]}" InputWidth="{shape[2]}" BatchSize="1"
     BatchDepth="1" BatchHeight="1" BatchWidth="{n}" LossFunction="C" Initialization="X" Regularization="0"
     OutputFunction="{function}" WeightDecay="0">{layers}</Weights></MethodSetup>""".encode()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


STEPS, FEATURES, UNITS = 4, 3, 2
#: matrices, then biases
GATES = {
    "RNN": (["InputWeights", "StateWeights"], ["Biases"]),
    "LSTM": (
        [
            *("InputWeights", "InputStateWeights", "ForgetWeights", "ForgetStateWeights"),
            *("CandidateWeights", "CandidateStateWeights", "OuputWeights", "OutputStateWeights"),
        ],
        ["InputBiases", "ForgetBiases", "CandidateBiases", "OutputBiases"],
    ),
    "GRU": (
        [
            *("ResetWeights", "ResetStateWeights", "UpdateWeights", "UpdateStateWeights"),
            *("CandidateWeights", "CandidateStateWeights"),
        ],
        ["ResetBiases", "UpdateBiases", "CandidateBiases"],
    ),
}


def recurrent(kind: str, attributes: str) -> tuple[str, list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """A layer as TMVA writes it: matrices in the order of its list (weights of the input, then of the state) under
    names that pair them otherwise."""
    names, bias_names = GATES[kind]
    generator = np.random.default_rng(5)
    count = len(bias_names)
    wide = [generator.normal(size=(UNITS, FEATURES)).round(3) for _ in range(count)]
    outer = [generator.normal(size=(UNITS, UNITS)).round(3) for _ in range(count)]
    biases = [generator.normal(size=(UNITS, 1)).round(3) for _ in range(count)]
    content = "".join(matrix(name, one) for name, one in zip(names, wide + outer, strict=True))
    content += "".join(matrix(name, one) for name, one in zip(bias_names, biases, strict=True))
    return f"<{kind}Layer {attributes}>{content}</{kind}Layer>", wide, outer, biases


ATTRIBUTES = f'StateSize="{UNITS}" InputSize="{FEATURES}" TimeSteps="{STEPS}" RememberState="0"'
X = np.random.default_rng(6).normal(size=(9, STEPS * FEATURES)).astype(np.float32)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_recurrent_layers_by_their_formulas(kind: str, sequences: bool, after: bool) -> None:
    more = f' ReturnSequence="{int(sequences)}"' + (f' ResetGateAfter="{int(after)}"' if kind == "GRU" else "")
    text, w, u, b = recurrent(kind, ATTRIBUTES + more)
    model = diskern.Model(file_of(text, 1, (STEPS, 1, FEATURES)))
    series = X.astype(np.float64).reshape(-1, STEPS, FEATURES)
    h, c, states = np.zeros((len(X), UNITS)), np.zeros((len(X), UNITS)), []
    for t in range(STEPS):
        own = [series[:, t] @ one.T + bias.T for one, bias in zip(w, b, strict=True)]
        if kind == "RNN":
            h = np.tanh(own[0] + h @ u[0].T)
        elif kind == "LSTM":
            i, f, g, o = (one + h @ state.T for one, state in zip(own, u, strict=True))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            r, z = (sigmoid(own[k] + h @ u[k].T) for k in range(2))
            n = np.tanh(own[2] + (r * (h @ u[2].T) if after else (r * h) @ u[2].T))
            h = z * h + (1.0 - z) * n
        states.append(h)
    expected = np.stack(states, axis=1).reshape(len(X), -1) if sequences else h
    np.testing.assert_allclose(model.evaluate(X), expected, atol=2e-6)


def test_normalisation_by_its_formula() -> None:
    generator = np.random.default_rng(7)
    numbers = {name: generator.uniform(0.5, 2.0, (1, 12)).round(3) for name in ("Training-mu", "Training-variance")}
    numbers |= {name: generator.normal(size=(1, 12)).round(3) for name in ("Gamma", "Beta")}
    layer = '<BatchNormLayer Momentum="-1" Epsilon="0.01">'
    layer += "".join(matrix(name, one) for name, one in numbers.items()) + "</BatchNormLayer>"
    mu, variance, gamma, beta = numbers.values()
    expected = gamma * (X - mu) / np.sqrt(variance + 0.01) + beta
    np.testing.assert_allclose(diskern.Model(file_of(layer, 1, (1, 1, 12))).evaluate(X), expected, atol=1e-5)
    # In front of a convolution every pixel is normalised by itself.
    weights = generator.normal(size=(1, 4)).round(3)
    convolution = (
        '<ConvLayer Depth="1" FilterHeight="1" FilterWidth="1" StrideRows="1" StrideCols="1" PaddingHeight="0" '
        f'PaddingWidth="0" ActivationFunction="0">{matrix("Weights", weights)}{matrix("Biases", np.zeros((1, 1)))}'
        "</ConvLayer>"
    )
    model = diskern.Model(file_of(layer + convolution, 2, (4, 1, 3)))
    mixed = np.einsum("ec,ncx->nx", weights, expected.reshape(-1, 4, 3))
    np.testing.assert_allclose(model.evaluate(X), mixed, atol=1e-5)


LSTM_FILE = file_of(recurrent("LSTM", ATTRIBUTES + ' ReturnSequence="0"')[0], 1, (STEPS, 1, FEATURES)).decode()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('RememberState="0"', 'RememberState="1"', "responses would depend on the events before"),
        ('ReturnSequence="0"', 'ReturnSequence="2"', "ReturnSequence"),
        ('TimeSteps="4"', 'TimeSteps="5"', "wants 5 steps of 3 numbers, the layer before gives 12"),
        ('TimeSteps="4"', 'TimeSteps="1000000"', "wants 1000000 steps"),
        ('StateSize="2"', 'StateSize="3"', 'Rows="2", expected 3'),
        ('StateSize="2"', 'StateSize="1048576"', "is too large"),
        ("<OuputWeights", "<OutputWeights", "OuputWeights|OutputWeights"),
        (
            '<ForgetBiases Rows="2" Columns="1">',
            '<ForgetBiases Rows="2" Columns="1">1e60 ',
            "more numbers than the 2 expected",
        ),
        ("LSTMLayer", "GANLayer", "is a layer that is not read; DenseLayer, .* GRULayer are"),
    ],
)
def test_wrong_files_are_errors(old: str, new: str, words: str) -> None:
    assert old in LSTM_FILE
    with pytest.raises(FormatError, match=words):
        diskern.Model(LSTM_FILE.replace(old, new).encode())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_files_are_read_or_refused(data: st.DataObject) -> None:
    """Numbers, names and cuts anywhere in the weights: a model that responds, or FormatError."""
    titles = ("images, normalised", "two lstm", "gru", "reshaped")
    text = of_layout(data.draw(st.sampled_from(titles))).to_tmva_xml()
    begin = text.index("<Weights")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(begin, len(text) - 2))
        match data.draw(st.sampled_from(["number", "byte", "cut"])):
            case "number":
                number = data.draw(
                    st.sampled_from(["0", "-1", "1", "2", "7", "65537", "9999999999", "nan", "1e99", ""])
                )
                found = re.compile(r'"[0-9.eE+-]+"').search(text, at)
                if found is not None:
                    text = f'{text[: found.start()]}"{number}"{text[found.end() :]}'
            case "byte":
                text = text[:at] + data.draw(st.sampled_from(list('019.-e<>/" Nan'))) + text[at + 1 :]
            case "cut":
                text = text[:at] + text[at + data.draw(st.integers(1, 40)) :]
    try:
        model = diskern.Model(text.encode())
    except FormatError:
        return
    assert model.evaluate(events(model, 3)).shape[0] == 3


def test_every_cut_is_noticed() -> None:
    text = of_layout("lstm").to_tmva_xml().rstrip()
    for length in range(0, len(text) - 1, 37):
        with pytest.raises(FormatError):
            diskern.Model(text[:length].encode())
