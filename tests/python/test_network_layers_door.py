"""The parameter layers of NetworkClassifier and NetworkRegressor, and the method DL."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument
from diskern.networks import LSTM, Concatenate, Convolution2D, Dense, Flatten, GlobalAveragePooling, Graph, Input
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.dl import DL, input_shape, parse_layout, parse_strategy
from diskern.tmva.methods.dnn import DNN

pytest.importorskip("sklearn")


def corners(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(0.0, 0.5, (n, 6, 6, 1))
    y = generator.integers(0, 3, n)
    x[y == 1, :3, :3] += 1.0
    x[y == 2, 3:, 3:] += 1.0
    return x, y


def test_classifier_of_images(tmp_path: Path) -> None:
    from sklearn.base import clone

    x, y = corners(600, 1)
    layers = [Input((6, 6, 1)), Convolution2D(6, 3, activation="relu"), Flatten(), Dense(16, activation="relu")]
    model = diskern.NetworkClassifier(layers=layers, learning_rate_init=0.01, max_iter=15, random_state=1)
    clone(model)
    model.fit(x, y, eval_set=corners(200, 2))
    test, answer = corners(300, 3)
    assert model.score(test, answer) > 0.95
    np.testing.assert_allclose(model.predict_proba(test).sum(axis=1), 1.0)
    flat = test.reshape(300, -1)
    np.testing.assert_array_equal(model.predict_proba(flat), model.predict_proba(test))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(test), model.predict_proba(test))
    model.save(tmp_path / "model.dsk")
    np.testing.assert_array_equal(diskern.load(tmp_path / "model.dsk").evaluate(flat), model.predict_proba(test))


def test_two_classes_weights_and_string_labels() -> None:
    x, y = corners(400, 1)
    x, y = x[y < 2], np.where(y[y < 2] == 1, "yes", "no")
    model = diskern.NetworkClassifier(layers=[Dense(8, activation="tanh")], batch_size=50, max_iter=30, random_state=1)
    model.fit(x, y, sample_weight=np.where(y == "yes", 2.0, 1.0))
    assert model.predict_proba(x).shape == (len(x), 2)
    assert (model.predict(x) == y).mean() > 0.9
    assert np.isfinite(model.decision_function(x)).all()


def test_regression_in_any_units() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(800, 10, 2))
    y = 5000.0 + 300.0 * x[:, :, 0].mean(axis=1)
    model = diskern.NetworkRegressor(
        layers=[Input((10, 2)), LSTM(12, sequences=True), GlobalAveragePooling()],
        learning_rate_init=0.01,
        max_iter=60,
        random_state=1,
    )
    assert model.fit(x, y).score(x, y) > 0.95


def test_graph_with_several_inputs() -> None:
    image, numbers = Input((6, 6, 1), name="image"), Input((2,), name="numbers")
    graph = Graph(
        [image, numbers], Dense(1)(Concatenate()(Flatten()(Convolution2D(4, 3, activation="relu")(image)), numbers))
    )
    x, y = corners(500, 1)
    extra = np.random.default_rng(2).normal(size=(500, 2))
    label = (x[:, :3, :3].mean(axis=(1, 2, 3)) + extra[:, 0]) > 0.5
    model = diskern.NetworkClassifier(layers=graph, learning_rate_init=0.01, batch_size=50, max_iter=40, random_state=1)
    model.fit({"image": x, "numbers": extra}, label)
    assert model.score((x, extra), label) > 0.9
    with pytest.raises(InvalidArgument, match="expected one output of 3"):
        model.fit((x, extra), y)


def test_bad_layers() -> None:
    x, y = corners(30, 1)
    with pytest.raises(InvalidArgument, match="solver must be one of mini-batches"):
        diskern.NetworkClassifier(layers=[Dense(3)], solver="bp").fit(x, y)
    with pytest.raises(InvalidArgument, match="layers must be a list of layers"):
        diskern.NetworkClassifier(layers=Dense(3)).fit(x, y)
    with pytest.raises(InvalidArgument, match=r"must hold layers of diskern.networks, got 5"):
        diskern.NetworkClassifier(layers=[5]).fit(x, y)
    with pytest.raises(InvalidArgument, match=r"expected \(events, \(5, 5, 1\)\)"):
        diskern.NetworkClassifier(layers=[Input((5, 5, 1)), Flatten()]).fit(x, y)


def test_layouts() -> None:
    graph = parse_layout("DENSE|(N+100)*2|SOFTSIGN,DENSE|0|LINEAR", (1, 1, 4), 1, [])
    assert [tuple(shape) for shape in graph.core().shapes] == [(4,), (208,), (208,), (1,)]
    assert parse_layout("TANH|100,TANH|N+3,LINEAR", (1, 1, 4), 4, []).core().parameter_count == 500 + 707 + 32
    image = parse_layout(
        "CONV|10|3|3|1|1|1|1|RELU,MAXPOOL|2|2|1|1,RESHAPE|FLAT,DENSE|64|RELU,DENSE|1|LINEAR", (1, 8, 8), 1, []
    )
    shapes = [tuple(shape) for shape in image.core().shapes]
    assert (8, 8, 10) in shapes
    assert (7, 7, 10) in shapes
    assert (490,) in shapes
    series = parse_layout("LSTM|20|8|8|0|1,RESHAPE|FLAT,DENSE|64|TANH,LINEAR", (1, 8, 8), 1, [0.0, 0.2])
    assert (8, 20) in [tuple(shape) for shape in series.core().shapes]
    assert "dropout" in series.summary()
    assert input_shape("0|0|0", 7) == (1, 1, 7)
    assert input_shape("3|8|8", 192) == (3, 8, 8)
    assert input_shape("10|30", 300) == (1, 10, 30)
    for layout, words in (
        ("DENSE|SWISH,LINEAR", "SWISH.*neither a width nor an activation"),
        ("CONV|10|3|3,LINEAR", "flat"),
        ("DENSE|10|RELU,DENSE|1|RELU", "last layer is LINEAR"),
        ("DENSE|10|RELU,RESHAPE|FLAT", "last layer is DENSE"),
        ("LSTM|5|4|1|1,LINEAR", "rememberState=1"),
        ("DENSE|N-9,LINEAR", "-5 neurons"),
        ("DENSE|N/0,LINEAR", r"'N/0' gives inf neurons"),
        ("DENSE|1000000000,LINEAR", r"1e\+09 neurons.*expected 0 to"),
        ("BNORM|abc,LINEAR", "the momentum of BNORM is 'ABC', expected a number"),
        ("BNORM|1.5,LINEAR", "the momentum of BNORM is 1.5, expected a number below 1"),
        ("BNORM|nan,LINEAR", "the momentum of BNORM is NAN"),
        ("BNORM|0.5|-1,LINEAR", "the epsilon of BNORM is -1, expected 0 or more"),
        ("BNORM|0.5|1e-3|7,LINEAR", "BNORM does not know the field '7'"),
        ("LSTM|5|4|1|0|1|1,LINEAR", "LSTM does not know the field '1', expected units.*returnSequence$"),
        ("GRU|5|4|1|0|2,LINEAR", "returnSequence of GRU is '2', expected 0 or 1"),
        ("GRU|5|x|1,LINEAR", "GRU needs 3 whole numbers, but 'X' is none"),
        ("RESHAPE|1|2|3|4,LINEAR", "RESHAPE does not know the field '4'"),
        ("RESHAPE|1|2|3|FLAT,LINEAR", "6"),
        ("RESHAPE|FLAT|7,LINEAR", "RESHAPE does not know the field '7'"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            parse_layout(layout, (1, 1, 4), 1, [])
    for layout, words in (
        ("CONV|10|3|3|1|1|1|1|RELU|9,LINEAR", "CONV does not know the field '9'"),
        ("MAXPOOL|2|2|2|2|3,LINEAR", "MAXPOOL does not know the field '3'"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            parse_layout(layout, (1, 4, 4), 1, [])
    # As TMVA's tutorials write it.
    assert parse_layout("RESHAPE|1|1|4|FLAT,DENSE|2|TANH,LINEAR", (1, 2, 2), 1, []).core().parameter_count == 10 + 3


def test_the_reset_gate_is_where_tmva_has_it() -> None:
    def gru(layout: str) -> dict[str, object]:
        graph = parse_layout(layout, (1, 3, 4), 1, [])
        return next(one for one in graph.core().describe()["layers"] if one["kind"] == "gru")

    assert gru("GRU|5|4|3|0|0,LINEAR")["reset_after"] is False
    assert gru("GRU|5|4|3|0|0|0,LINEAR")["reset_after"] is False
    assert "reset_after" not in gru("GRU|5|4|3|0|0|1,LINEAR")


def test_other_options() -> None:
    values = DL.defaults("Classification")
    for options, words in (
        ({"ValidationSize": "inf"}, "ValidationSize='inf' must be"),
        ({"ValidationSize": "nan%"}, "ValidationSize='nan%' must be"),
        ({"ValidationSize": "-5"}, "ValidationSize='-5' must be"),
        ({"RandomSeed": -1}, r"RandomSeed=-1 must be 0 \(drawn\) or more"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            DL("DL", "Classification", values | options)
    with pytest.raises(InvalidArgument, match="2 x 3 x 4 are not 23 variables"):
        input_shape("2|3|4", 23)


def test_strategies() -> None:
    phases = parse_strategy(
        " LearningRate=1e-2, Optimizer=sgd ,DropConfig=0.0+0.5|MaxEpochs=7,Regularization=L2,WeightDecay=0.1"
    )
    assert [phase["OPTIMIZER"] for phase in phases] == ["SGD", "ADAM"]
    assert phases[0]["DROP"] == [0.0, 0.5]
    assert phases[1]["MAXEPOCHS"] == 7
    assert phases[0]["MAXEPOCHS"] == 2000
    for text, words in (
        ("LearnRate=1", "'LearnRate=1' is not known"),
        ("LearningRate=fast", "no number"),
        ("Optimizer=LION", "Optimizer must be one of"),
        ("DropConfig=0.5+1", "below 1"),
        ("", "no phases"),
        ("MaxEpochs=nan", "MAXEPOCHS=nan, expected a whole number of 1 or more"),
        ("MaxEpochs=1.7", "MAXEPOCHS=1.7, expected a whole number"),
        ("MaxEpochs=1e300", "MAXEPOCHS=1e\\+300, expected a whole number"),
        ("BatchSize=nan", "BATCHSIZE=nan"),
        ("BatchSize=0", "BATCHSIZE=0"),
        ("TestRepetitions=0", "TESTREPETITIONS=0"),
        ("ConvergenceSteps=-1", "CONVERGENCESTEPS=-1"),
        ("LearningRate=inf", "LEARNINGRATE=inf, expected a number of 0 or more"),
        ("Momentum=2", "MOMENTUM=2, expected a number from 0 to 1"),
        ("WeightDecay=-1", "WEIGHTDECAY=-1"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            parse_strategy(text)


STRATEGY = "LearningRate=1e-2,BatchSize=50,MaxEpochs=15,TestRepetitions=1,ConvergenceSteps=10"


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        ("DENSE|16|TANH,DENSE|8|RELU,LINEAR", {}),
        (
            "RESHAPE|1|4|4,CONV|6|3|3|1|1|1|1|RELU,MAXPOOL|2|2|2|2,RESHAPE|FLAT,DENSE|16|RELU,LINEAR",
            {"InputLayout": "1|4|4"},
        ),
        ("GRU|8|4|4|0|1,RESHAPE|FLAT,DENSE|16|TANH,LINEAR", {"InputLayout": "4|4"}),
        ("BNORM,DENSE|16|SIGMOID,DENSE|1|LINEAR", {"ErrorStrategy": "SUMOFSQUARES"}),
    ],
)
def test_method(layout: str, options: dict[str, str]) -> None:
    generator = np.random.default_rng(1)
    variables = generator.normal(size=(3000, 16)).astype(np.float32)
    signal = np.arange(3000) % 2 == 0
    variables += np.where(signal, 0.3, -0.3)[:, np.newaxis].astype(np.float32)

    def sample(part: slice) -> TrainingSample:
        return TrainingSample(
            variables=variables[part],
            class_index=np.where(signal[part], 0, 1).astype(np.int32),
            targets=np.zeros((len(variables[part]), 0), np.float32),
            weight=np.ones(len(variables[part])),
            variable_labels=tuple(f"v{i}" for i in range(16)),
            variable_types=("F",) * 16,
            class_names=("Signal", "Background"),
        )

    values = DL.defaults("Classification") | {"RandomSeed": 3, "Layout": layout, "TrainingStrategy": STRATEGY} | options
    trained = DL("DL", "Classification", values).train(sample(slice(0, 1500)), sample(slice(1500, 2000)))
    response = trained.predictor.evaluate(variables[2000:])[:, 0]
    assert ((response > 0.5) == signal[2000:]).mean() > 0.82
    assert trained.curves[0].validation is not None
    assert len(trained.curves[0].training) >= 5


def test_phases_go_on_from_each_other_and_validation_is_set_apart() -> None:
    generator = np.random.default_rng(1)
    variables = generator.normal(size=(400, 3)).astype(np.float32)
    sample = TrainingSample(
        variables=variables,
        class_index=np.zeros(400, np.int32),
        targets=(variables @ [1.0, 2.0, 3.0])[:, np.newaxis].astype(np.float32),
        weight=np.ones(400),
        variable_labels=("a", "b", "c"),
        variable_types=("F",) * 3,
        class_names=(),
    )
    strategy = (
        "LearningRate=1e-2,MaxEpochs=30,TestRepetitions=1,BatchSize=20"
        "|LearningRate=1e-4,MaxEpochs=5,TestRepetitions=1,Optimizer=SGD,DropConfig=0.1"
    )
    values = DL.defaults("Regression") | {"RandomSeed": 1, "Layout": "LINEAR", "TrainingStrategy": strategy}
    trained = DL("DL", "Regression", values).train(sample)
    curve = trained.curves[0]
    assert curve.iteration[-1] == 35.0
    assert curve.validation[30] < 0.1 * curve.validation[0]
    assert any("last 80 events" in note for note in trained.notes)
    with pytest.raises(InvalidArgument, match="Architecture=GPU is not available"):
        DL("DL", "Regression", values | {"Architecture": "GPU"})


def test_the_older_dnn_is_served_by_dl() -> None:
    """A booking as TMVA's tutorials of 2016 have it."""
    assert DNN.defaults("Classification")["Layout"] == "SOFTSIGN|(N+100)*2,LINEAR"
    generator = np.random.default_rng(1)
    variables = generator.normal(size=(1200, 3)).astype(np.float32)
    signal = variables.sum(axis=1) > 0
    sample = TrainingSample(
        variables=variables,
        class_index=np.where(signal, 0, 1).astype(np.int32),
        targets=np.zeros((1200, 0), np.float32),
        weight=np.ones(1200),
        variable_labels=("a", "b", "c"),
        variable_types=("F",) * 3,
        class_names=("Signal", "Background"),
    )
    strategy = (
        "LearningRate=1e-2,Momentum=0.5,Repetitions=1,ConvergenceSteps=10,BatchSize=50,DropConfig=0.0,"
        "WeightDecay=0.001,Regularization=L2,TestRepetitions=1,Multithreading=True,Renormalize=L2,MaxEpochs=10"
    )
    values = DNN.defaults("Classification") | {
        "Layout": "TANH|16,TANH|8,LINEAR",
        "WeightInitialization": "XAVIERUNIFORM",
        "TrainingStrategy": strategy,
        "RandomSeed": 1,
    }
    trained = DNN("DNN", "Classification", values).train(sample)
    assert "DNN is served by DL, as in TMVA" in trained.notes
    response = trained.predictor.evaluate(variables)[:, 0]
    assert ((response > 0.5) == signal).mean() > 0.93
    same = DL("DL", "Classification", values).train(sample)
    np.testing.assert_array_equal(same.predictor.evaluate(variables)[:, 0], response)
