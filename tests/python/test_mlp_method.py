"""The booked method MLP: TMVA's weights and responses, options, bad input."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tmva_reference as reference
from diskern import _core
from diskern._core import InvalidArgument
from diskern.evaluation import roc_curve
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.mlp import MLP, hidden_layers
from diskern.tmva.options import parse_options


def booked(analysis_type: Any = "Classification", options: str = "") -> MLP:
    values, _ = parse_options(options, MLP.options, _defaults=MLP.defaults(analysis_type))
    return MLP("MLP", analysis_type, values)


def booking_of(data: Path, folder: str, title: str) -> tuple[str, bool]:
    """TMVA's own option string of a training, and whether the variables were normalised."""
    root = reference.weight_file(data, folder, title)
    names = {option.name for option in MLP.options}
    pairs = [(option.get("name"), option.text) for option in root.findall("Options/Option")]
    text = ":".join(f"{name}={value}" for name, value in pairs if name in names)
    return text, root.find("Transformations").get("NTransformations") != "0"


def stored_layers(data: Path, folder: str, title: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights (to, from) and biases of each layer of a weight file."""
    layers = []
    for layer in reference.weight_file(data, folder, title).findall("Weights/Layout/Layer")[:-1]:
        rows = np.array([[float(x) for x in neuron.text.split()] for neuron in layer.findall("Neuron")])
        layers.append((rows[:-1].T, rows[-1]))
    return layers


def sample_of(training: reference.Training, variables: np.ndarray, folder: str) -> TrainingSample:
    n_classes = 4 if folder == "multiclass" else 2
    return TrainingSample(
        np.ascontiguousarray(variables),
        training.class_index,
        training.targets,
        training.weight,
        reference.VARIABLES[folder],
        ("F",) * variables.shape[1],
        tuple(f"class{c}" for c in range(n_classes)),
    )


def train_as_tmva(data: Path, folder: str, title: str, more: str = "") -> tuple[Any, np.ndarray, reference.Training]:
    options, normalised = booking_of(data, folder, title)
    training = reference.load(data, folder)
    variables, test = training.variables, training.test_variables
    if normalised:
        variables, test = (reference.normalised(data, folder, title, x) for x in (variables, test))
    method = booked("Multiclass" if folder == "multiclass" else "Classification", options + more)
    trained = method.train(sample_of(training, variables, folder), threads=2)
    return trained, trained.predictor.evaluate(test), training


@pytest.mark.parametrize(
    ("folder", "title", "tolerance"),
    [
        ("class_variants", "MLP_sigm", 1e-11),
        ("class_variants", "MLP_radial", 1e-11),
        ("class_variants", "MLP_relu", 1e-11),
        ("class_variants", "MLP_batch", 1e-13),
        ("class_variants", "MLP_defaults", 1e-11),
        ("class_tut", "MLP", 1e-8),
        ("multiclass", "MLP", 1e-8),
    ],
)
def test_back_propagation_gives_the_weights_of_tmva(
    data_directory: Path, folder: str, title: str, tolerance: float
) -> None:
    trained, response, _ = train_as_tmva(data_directory, folder, title)
    for layer, (weights, biases) in zip(
        trained.predictor.layers, stored_layers(data_directory, folder, title), strict=True
    ):
        np.testing.assert_allclose(layer["weights"], weights, atol=tolerance * np.abs(weights).max())
        np.testing.assert_allclose(layer["biases"], biases, atol=tolerance * np.abs(biases).max())
    stored = np.load(data_directory / "tmva_trained" / folder / "test_responses.npz")
    names = [name for name in stored.files if name == title or name.startswith(f"{title}.")]
    np.testing.assert_allclose(response, np.stack([stored[name] for name in names], axis=1), atol=1e-6)


@pytest.mark.parametrize("title", ["MLP", "MLP_sigm", "MLP_radial", "MLP_relu"])
def test_the_ranking_of_tmva(data_directory: Path, title: str) -> None:
    folder = "class_tut" if title == "MLP" else "class_variants"
    trained, _, _ = train_as_tmva(data_directory, folder, title)
    printed = reference.printed_ranking(data_directory, folder, title)
    assert trained.ranking_name == "Importance"
    assert [name for name, _ in trained.ranking] == [name for name, _ in printed]
    np.testing.assert_allclose([v for _, v in trained.ranking], [v for _, v in printed], rtol=6e-4)


@pytest.mark.parametrize(
    ("title", "more"),
    [("MLP", ""), ("MLPBFGS", ""), ("MLPBNN", ""), ("MLP", ":TrainingMethod=Adam:NCycles=100:LearningRate=0.005")],
)
def test_the_roc_integral_of_tmva(data_directory: Path, title: str, more: str) -> None:
    # BFGS amplifies rounding (docs/notes/tmva-parity-mlp.md), so its weights differ; what they tell apart does not.
    stored = reference.responses(data_directory, "class_tut", title)
    if more:
        training = reference.load(data_directory, "class_tut")
        variables, test = (
            reference.normalised(data_directory, "class_tut", title, x)
            for x in (training.variables, training.test_variables)
        )
        method = booked(options="NeuronType=tanh:HiddenLayers=N+5:TestRate=5" + more)
        response = method.train(sample_of(training, variables, "class_tut")).predictor.evaluate(test)
    else:
        _, response, training = train_as_tmva(data_directory, "class_tut", title)
    is_signal = training.test_class_index == 0
    ours, theirs = (
        roc_curve(is_signal, y.astype(np.float64), training.test_weight).integral for y in (response[:, 0], stored)
    )
    assert abs(ours - theirs) < 0.01


def small(n: int = 400, seed: int = 1) -> TrainingSample:
    generator = np.random.default_rng(seed)
    c = (np.arange(n) % 2).astype(np.int32)
    x = generator.normal(size=(n, 2)).astype(np.float32)
    x[c == 0] += np.float32(0.8)
    target = (x[:, :1] * x[:, 1:]).astype(np.float32)
    return TrainingSample(x, c, target, np.ones(n), ("a", "b"), ("F", "F"), ("S", "B"))


def test_hidden_layers() -> None:
    assert hidden_layers("N,N-1", 4) == [4, 3]
    assert hidden_layers(" N+5 , 12", 4) == [9, 12]
    assert hidden_layers("", 4) == []
    for text in ("N,", "M", "N*2", "N-4", "0", "2.5"):
        with pytest.raises(InvalidArgument, match="HiddenLayers"):
            hidden_layers(text, 4)


def test_the_defaults_are_those_of_tmva() -> None:
    values = {option.name: option.default for option in MLP.options}
    expected = {
        "NCycles": 500, "HiddenLayers": "N,N-1", "NeuronType": "sigmoid", "NeuronInputType": "sum", "RandomSeed": 1,
        "TrainingMethod": "BP", "LearningRate": 0.02, "DecayRate": 0.01, "TestRate": 10, "EpochMonitoring": False,
        "Sampling": 1.0, "SamplingEpoch": 1.0, "SamplingImportance": 1.0, "SamplingTraining": True,
        "SamplingTesting": False, "ResetStep": 50, "Tau": 3.0, "BPMode": "sequential", "BatchSize": -1,
        "ConvergenceImprove": 1e-30, "ConvergenceTests": -1, "UseRegulator": False, "UpdateLimit": 10000,
        "CalculateErrors": False, "WeightRange": 1.0, "EstimatorType": "MSE",
    }  # fmt: skip
    assert values == expected
    assert MLP.defaults("Classification")["EstimatorType"] == "CE"


@pytest.mark.parametrize(
    "options",
    [
        "TrainingMethod=GA:Sampling=0.5",
        "SamplingImportance=1.5",
        "RandomSeed=-1",
        "WeightRange=0",
        "WeightRange=1.1",
        "TrainingMethod=GA:WeightRange=0.9",
        "UseRegulator",
        "TrainingMethod=Adam:Sampling=0.5",
    ],
)
def test_options_that_are_not_available_are_refused_by_name(options: str) -> None:
    name = options.split(":")[-1].split("=")[0]
    with pytest.raises(InvalidArgument, match=name):
        booked(options=options)


def test_weight_range_is_in_the_losses_and_nowhere_else() -> None:
    """TMVA's estimator: events by their deviation, until their weights are more than the range."""
    sample = small(200)
    weight = np.random.default_rng(3).uniform(0.5, 2.0, 200)
    sample = dataclasses.replace(sample, weight=weight)
    options = "NCycles=20:TestRate=20:HiddenLayers=3:EstimatorType=MSE"
    ranged = booked(options=options + ":WeightRange=0.8").train(sample, sample)
    plain = booked(options=options).train(sample, sample)
    response = plain.predictor.evaluate(sample.variables)[:, 0]
    np.testing.assert_array_equal(ranged.predictor.evaluate(sample.variables)[:, 0], response)
    deviation = (response - sample.is_signal) ** 2
    order = np.argsort(deviation, kind="stable")
    limit = 0.8 * weight.sum()
    inside = order[np.cumsum(weight[order]) <= limit]
    expected = (weight[inside] * deviation[inside]).sum() / limit
    assert ranged.curves[0].training[-1] == pytest.approx(expected, rel=1e-6)
    assert ranged.curves[0].validation[-1] == pytest.approx(expected, rel=1e-6)
    assert expected < 0.8 * plain.curves[0].training[-1]


def test_options_that_only_watch_change_nothing_and_are_said() -> None:
    method = booked(options="EpochMonitoring:CalculateErrors")
    idle = method.without_effect({"EpochMonitoring", "CalculateErrors"})
    assert set(idle) == {"EpochMonitoring", "CalculateErrors"}
    assert "GetMVAError" in idle["CalculateErrors"]
    assert booked(options="NCycles=5").without_effect({"EpochMonitoring", "CalculateErrors"}) == {}


@pytest.mark.parametrize("more", ["", ":NeuronType=tanh", ":NeuronInputType=sqsum:NeuronType=sigmoid"])
def test_the_genetic_algorithm_learns(more: str) -> None:
    sample = small(200)
    trained = booked(options="TrainingMethod=GA:HiddenLayers=3" + more).train(sample, threads=2)
    again = booked(options="TrainingMethod=GA:HiddenLayers=3" + more).train(sample, threads=1)
    response = trained.predictor.evaluate(sample.variables)[:, 0]
    np.testing.assert_array_equal(again.predictor.evaluate(sample.variables)[:, 0], response)
    signal, background = response[sample.is_signal], response[~sample.is_signal]
    # Squares do not see the sign of a variable.
    assert (signal[:, np.newaxis] > background).mean() > (0.6 if "sqsum" in more else 0.8)
    assert len(trained.curves[0].training) == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ("NCycles=0", "epochs"),
        ("LearningRate=-1", "learning_rate"),
        ("DecayRate=1", "decay_rate"),
        ("TestRate=0", "test_rate"),
        ("Tau=1:TrainingMethod=BFGS", "tau"),
        ("Sampling=0", "sampling"),
        ("HiddenLayers=N-2", "HiddenLayers"),
    ],
)
def test_values_out_of_range_are_refused(options: str, word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        booked(options=options).train(small())


@pytest.mark.parametrize("input_type", ["sum", "sqsum", "abssum"])
@pytest.mark.parametrize("neuron", ["linear", "sigmoid", "tanh", "radial", "ReLU"])
def test_every_neuron_learns_something(neuron: str, input_type: str) -> None:
    options = (
        f"NeuronType={neuron}:NeuronInputType={input_type}:NCycles=30:HiddenLayers=6:LearningRate=0.0002:TestRate=1"
    )
    trained = booked(options=options).train(small())
    losses = trained.curves[0].training
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("method", ["BP", "BFGS", "Adam"])
def test_regression_and_multiclass(method: str) -> None:
    sample = small(600)
    options = f"TrainingMethod={method}:NeuronType=tanh:HiddenLayers=8:NCycles=150:LearningRate=0.02"
    trained = booked("Regression", options).train(sample)
    response = trained.predictor.evaluate(sample.variables)
    assert np.mean((response - sample.targets) ** 2) < 0.2 * sample.targets.var()
    sample.class_names = ("S", "B", "C")
    sample.class_index = (sample.variables[:, 0] > 0).astype(np.int32) + (sample.variables[:, 1] > 0).astype(np.int32)
    for estimator in ("MSE", "CE"):
        trained = booked("Multiclass", f"{options}:EstimatorType={estimator}").train(sample)
        response = trained.predictor.evaluate(sample.variables)
        np.testing.assert_allclose(response.sum(axis=1), 1.0, atol=1e-12)
        assert (response.argmax(axis=1) == sample.class_index).mean() > 0.9


def test_sampling_and_the_end_by_convergence() -> None:
    sample, apart = small(800), small(400, seed=9)
    options = (
        "TrainingMethod=BFGS:NeuronType=tanh:HiddenLayers=5:NCycles=400:TestRate=2:Sampling=0.4:SamplingEpoch=0.1"
        ":ConvergenceTests=4:ConvergenceImprove=1e-4"
    )
    trained = booked(options=options).train(sample, apart)
    assert any("ended after" in note for note in trained.notes)
    curve = trained.curves[0]
    assert curve.validation is not None
    assert curve.iteration[-1] < 400
    # The weights of the smallest validation loss are returned.
    y = np.clip(trained.predictor.evaluate(apart.variables)[:, 0], 1e-300, 1 - 1e-16)
    loss = -2 * np.mean(np.where(apart.is_signal, np.log(y), np.log1p(-y)))
    np.testing.assert_allclose(loss, curve.validation.min(), rtol=1e-9)


def test_validation_events_are_sampled_where_it_is_asked_for() -> None:
    """With weights that do not move the validation loss is that of as many events as are drawn."""
    sample, apart = small(400), small(1000)
    still = "NeuronType=tanh:HiddenLayers=4:NCycles=60:TestRate=1:LearningRate=1e-12"
    whole = booked(options=still).train(sample, apart).curves[0].validation
    drawn = booked(options=f"{still}:Sampling=0.1:!SamplingTraining:SamplingTesting").train(sample, apart)
    values = drawn.curves[0].validation
    assert whole is not None
    assert values is not None
    np.testing.assert_allclose(whole, whole[0], rtol=1e-6)
    assert len(set(values)) > 50
    y = np.clip(drawn.predictor.evaluate(apart.variables)[:, 0], 1e-300, 1 - 1e-16)
    losses = -2 * np.where(apart.is_signal, np.log(y), np.log1p(-y))
    spread = losses.std() / np.sqrt(100)  # of the mean of a tenth of the events
    assert 0.5 * spread < values.std() < 1.5 * spread
    assert abs(values.mean() - whole[0]) < 5 * spread / np.sqrt(len(values))
    # Only in the given share of the cycles.
    part = booked(options=f"{still}:Sampling=0.1:SamplingEpoch=0.5:!SamplingTraining:SamplingTesting")
    later = part.train(sample, apart).curves[0].validation
    assert later is not None
    np.testing.assert_allclose(later[35:], whole[0], rtol=1e-6)
    assert len(set(later[:25])) > 20


def test_without_validation_the_convergence_test_says_what_it_looks_at() -> None:
    trained = booked(options="NCycles=20:TestRate=1:ConvergenceTests=3").train(small())
    assert any("training sample" in note for note in trained.notes)


def test_divergence_is_an_error() -> None:
    sample = small()
    sample.variables *= np.float32(1e4)
    with pytest.raises(_core.Error, match=r"diverged.*learning rate"):
        booked(options="NeuronType=linear:EstimatorType=MSE:LearningRate=10:HiddenLayers=5,5").train(sample)


def test_bad_events() -> None:
    for value, word in ((np.nan, "nan"), (np.inf, "inf")):
        sample = small()
        sample.variables[3, 1] = value
        with pytest.raises(InvalidArgument, match=f"variable 1 of event 3 is {word}"):
            booked(options="NCycles=2").train(sample)
    sample = small()
    sample.weight[:] = 0.0
    with pytest.raises(InvalidArgument, match="one class"):
        booked().train(sample)
    sample = small()
    sample.class_index[:] = 1
    with pytest.raises(InvalidArgument, match="one class"):
        booked().train(sample)
    sample = small()
    sample.weight[sample.is_signal] = 0.0
    with pytest.raises(InvalidArgument, match="one class"):
        booked().train(sample)
    sample = small()
    sample.class_names = ("S", "B", "C")
    with pytest.raises(InvalidArgument, match="no events of class 'C'"):
        booked("Multiclass").train(sample)


def test_a_constant_variable_does_no_harm() -> None:
    sample = small()
    sample.variables = np.column_stack([sample.variables, np.full(400, 7.0)]).astype(np.float32)
    sample.variable_labels = ("a", "b", "flat")
    for method in ("BP", "Adam"):
        trained = booked(options=f"TrainingMethod={method}:NCycles=20").train(sample)
        assert np.isfinite(trained.predictor.evaluate(sample.variables)).all()


def test_seed_zero_draws_another_one() -> None:
    notes = [booked(options="NCycles=1:RandomSeed=0").train(small()).notes for _ in range(2)]
    assert all("was drawn" in note[0] for note in notes)
    assert notes[0] != notes[1]


@pytest.mark.parametrize("method", ["BP", "BP:BPMode=batch", "BFGS", "Adam"])
def test_an_interrupt_keeps_what_is_there(method: str) -> None:
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    sample, apart = small(3000), small(500, seed=3)
    options = f"TrainingMethod={method}:NCycles=100000:NeuronType=tanh:HiddenLayers=10"
    trained = booked(options=options).train(sample, apart)
    timer.join()
    assert trained.interrupted
    assert np.isfinite(trained.predictor.evaluate(sample.variables)).all()


def test_progress_is_called_every_cycle() -> None:
    calls: list[tuple[int, int, float, float]] = []
    booked(options="NCycles=12:TestRate=4").train(small(), small(seed=2), progress=lambda *call: calls.append(call))
    assert [call[0] for call in calls] == list(range(1, 13))
    assert {call[1] for call in calls} == {12}
    assert [np.isfinite(call[3]) for call in calls] == [(i + 1) % 4 == 0 for i in range(12)]


def test_the_regulators_end_near_those_of_tmva(data_directory: Path) -> None:
    # Rounding grows to about 0.02 in 60 cycles (docs/notes/tmva-parity-mlp.md); other regulators end elsewhere.
    trained, response, _ = train_as_tmva(data_directory, "class_tut", "MLPBNN")
    for layer, (weights, biases) in zip(
        trained.predictor.layers, stored_layers(data_directory, "class_tut", "MLPBNN"), strict=True
    ):
        np.testing.assert_allclose(layer["weights"], weights, atol=0.2)
        np.testing.assert_allclose(layer["biases"], biases, atol=0.2)
    stored = reference.responses(data_directory, "class_tut", "MLPBNN")
    assert np.sqrt(np.mean((response[:, 0] - stored) ** 2)) < 0.01


def test_regression_as_in_the_tutorial(data_directory: Path) -> None:
    # VarTransform=Norm takes the target to [-1, 1] too; sampling, and convergence on a sample apart.
    training = reference.load(data_directory, "reg")
    events = training.variables, training.test_variables
    low, high = training.variables.min(axis=0), training.variables.max(axis=0)
    variables, test = (np.float32(2) * (x - low) / (high - low) - np.float32(1) for x in events)
    bottom, top = float(training.targets.min()), float(training.targets.max())
    sample = sample_of(training, variables.astype(np.float32), "reg")
    sample.class_index = np.zeros(len(sample.weight), np.int32)
    sample.targets = (2.0 * (training.targets - bottom) / (top - bottom) - 1.0).astype(np.float32)
    apart = np.arange(len(sample.weight)) % 5 == 0

    def part(mask: np.ndarray) -> TrainingSample:
        return TrainingSample(
            sample.variables[mask],
            sample.class_index[mask],
            sample.targets[mask],
            sample.weight[mask],
            ("a", "b"),
            ("F", "F"),
            ("R",),
        )

    method = booked(
        "Regression",
        "NeuronType=tanh:NCycles=2000:HiddenLayers=N+20:TestRate=6:TrainingMethod=BFGS:Sampling=0.3:SamplingEpoch=0.8"
        ":ConvergenceImprove=1e-6:ConvergenceTests=15:!UseRegulator",
    )
    trained = method.train(part(~apart), part(apart))
    estimate = (trained.predictor.evaluate(test.astype(np.float32))[:, 0] + 1.0) / 2.0 * (top - bottom) + bottom
    deviation = estimate - training.test_targets[:, 0]
    # TMVA reaches 0.32 with all 1000 events; the target spreads by 84.
    assert np.sqrt(np.mean(deviation**2)) < 1.0
