"""Graphs of layers: quasi-Newton solvers, averaged weights, losses of batches over a sample apart."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import diskern
from diskern import GraphNetwork, InvalidArgument, NetworkClassifier, NetworkRegressor, _core
from diskern.data import EventStream
from diskern.networks import (
    LSTM,
    BatchNormalisation,
    Convolution2D,
    Dense,
    DistanceCorrelation,
    Dropout,
    Flatten,
    GaussianNoise,
    GradientReversal,
    Graph,
    Input,
)

pytest.importorskip("sklearn")
from sklearn.exceptions import ConvergenceWarning

from diskern.estimators._graph_training import OPTIMIZERS


def curve(n: int = 300, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 3)).astype(np.float32)
    return x, np.tanh(x[:, 0] - x[:, 1] * x[:, 2])


@pytest.mark.parametrize("solver", ["lbfgs", "bfgs"])
def test_quasi_newton_solvers_find_the_minimum_of_a_line(solver: str) -> None:
    """The answer of least squares with its penalty, weights and all."""
    generator = np.random.default_rng(2)
    x = generator.normal(size=(200, 4)).astype(np.float32)
    y = x @ [1.0, -2.0, 0.5, 3.0] + 0.3 * generator.normal(size=200) + 1.0
    weight = generator.uniform(0.5, 2.0, 200)
    model = GraphNetwork(
        Graph.chain([Dense(1)], (4,)), optimizer=solver, l2=0.3, max_iter=100, tol=0.0, random_state=1
    ).fit(x, y, sample_weight=weight)
    design = np.hstack([x.astype(float), np.ones((200, 1))])
    scaled = weight / weight.mean()
    penalty = 0.3 * len(x) * np.diag([1.0] * 4 + [0.0])
    target = y.astype(np.float32).astype(float)
    expected = np.linalg.solve(design.T @ (scaled[:, None] * design) + penalty, design.T @ (scaled * target))
    np.testing.assert_allclose(model.predictor_.parameters, expected, atol=3e-6)
    assert model.n_iter_ < 60
    left = y - design @ expected
    assert model.loss_curve_[-1] == pytest.approx(0.5 * (scaled * left**2).sum() / len(x), rel=1e-5)


@pytest.mark.parametrize("solver", ["lbfgs", "bfgs"])
def test_quasi_newton_solvers_train_layers(solver: str) -> None:
    x, y = curve()
    series = np.repeat(x[:, :, np.newaxis], 2, axis=2)
    graph = Graph.chain([LSTM(4, sequences=True), Flatten(), Dense(6, activation="tanh"), Dense(1)], (3, 2))
    fits = [
        GraphNetwork(graph, optimizer=solver, max_iter=150, tol=-1.0, random_state=3, n_jobs=jobs).fit(
            series, y, eval_set=(series[:50], y[:50])
        )
        for jobs in (1, 2)
    ]
    assert fits[0].loss_curve_[-1] < 0.02 * fits[0].loss_curve_[0]
    assert (np.diff(fits[0].loss_curve_) <= 1e-12).all()  # never uphill
    np.testing.assert_array_equal(fits[0].predictor_.parameters, fits[1].predictor_.parameters)


def test_events_may_be_more_than_one_piece() -> None:
    """Pieces of 2048 events make up one sum: as one event's weight."""
    x, y = curve(100)
    graph = Graph.chain([Dense(4, activation="tanh"), Dense(1)], (3,))
    options = {"optimizer": "lbfgs", "max_iter": 15, "tol": -1.0, "random_state": 1}
    once = GraphNetwork(graph, **options).fit(x, y, sample_weight=np.full(100, 45.0))
    often = GraphNetwork(graph, **options).fit(np.tile(x, (45, 1)), np.tile(y, 45))
    np.testing.assert_allclose(often.predictor_.parameters, once.predictor_.parameters, atol=1e-4)


def test_estimators_take_them_for_layers() -> None:
    x, y = curve()
    layers = [Dense(8, activation="tanh")]
    for solver in ("lbfgs", "bfgs"):
        regressor = NetworkRegressor(layers=layers, solver=solver, alpha=0.0, max_iter=200, tol=0.0, random_state=1)
        assert regressor.fit(x, y).score(x, y) > 0.98
        classifier = NetworkClassifier(layers=layers, solver=solver, max_iter=100, random_state=1)
        assert classifier.fit(x, y > 0).score(x, y > 0) > 0.97
    # The penalty is scikit-learn's: alpha over the events, as for dense networks.
    dense = NetworkRegressor((), solver="lbfgs", alpha=5.0, max_iter=100, tol=0.0, random_state=1).fit(x, y)
    layered = NetworkRegressor(layers=[], solver="lbfgs", alpha=5.0, max_iter=100, tol=0.0, random_state=1)
    np.testing.assert_allclose(layered.fit(x, y).predict(x), dense.predict(x), atol=1e-5)


def test_what_they_cannot_do_is_said() -> None:
    x, y = curve()
    for layer, words in (
        (Dropout(0.1, name="drop"), r"layer 'drop' \(dropout\).*same each time"),
        (GaussianNoise(0.1), "gaussian_noise.*same each time"),
        (BatchNormalisation(), "batch_normalisation.*running averages"),
        (GradientReversal(1.0), "gradient_reversal.*gradient of its loss"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            GraphNetwork(Graph.chain([Dense(3), layer, Dense(1)], (3,)), optimizer="lbfgs").fit(x, y)
    graph = Graph.chain([Dense(1)], (3,))
    for options, words in (
        ({"l1": 0.1}, "l1 is for mini-batches"),
        ({"clip_norm": 1.0}, "clip_norm"),
        ({"schedule": "cosine"}, "schedule"),
        ({"averaging": "tail"}, "averaging"),
        ({"optimizer": "lbgfs"}, "'lbgfs', expected one of .*nadam, lbfgs, bfgs; did you mean 'lbfgs'"),
        ({"max_iter": 2**30}, "bfgs remembers every step.*4 weights.*more than 1 GiB, .*16777216 epochs; take lbfgs"),
    ):
        with pytest.raises(InvalidArgument, match=words):
            GraphNetwork(graph, **({"optimizer": "bfgs"} | options)).fit(x, y)
    with pytest.raises(InvalidArgument, match="at most 10000; take lbfgs"):
        GraphNetwork(Graph.chain([Dense(5000), Dense(1)], (3,)), optimizer="bfgs").fit(x, y)
    stream = EventStream({"x": x, "y": y}, {Graph.chain([Dense(1)], (3,)).input_names[0]: "x"}, "y")
    with pytest.raises(InvalidArgument, match="all events in memory"):
        GraphNetwork(graph, optimizer="lbfgs").fit(stream)


def test_interruption_keeps_the_last_step() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(20000, 8, 8, 1)).astype(np.float32)
    graph = Graph.chain([Convolution2D(8, 3, activation="tanh"), Flatten(), Dense(1)], (8, 8, 1))
    model = GraphNetwork(graph, optimizer="lbfgs", max_iter=100000, tol=-1.0, random_state=1)
    timer = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x[:, 1, 1, 0] * x[:, 2, 2, 0])
    assert model.interrupted_
    assert np.isfinite(model.predict(x[:5])).all()


def steps_of(graph: Graph, x: np.ndarray, y: np.ndarray, epochs: int) -> np.ndarray:
    """The weights after one step of gradient descent per epoch."""
    options = {"optimizer": "gradient_descent", "learning_rate": 0.3, "batch_size": 0, "early_stopping": False}
    weights = [
        GraphNetwork(graph, max_iter=n, tol=-1.0, random_state=4, **options).fit(x, y).predictor_.parameters
        for n in range(1, epochs + 1)
    ]
    return np.array(weights, float)


def test_averaged_weights_by_their_definition() -> None:
    x, y = curve()
    graph = Graph.chain([Dense(4, activation="tanh"), Dense(1)], (3,))
    weights = steps_of(graph, x, y, 8)
    options = {"optimizer": "gradient_descent", "learning_rate": 0.3, "batch_size": 0, "early_stopping": False}
    tail = GraphNetwork(graph, averaging="tail", max_iter=8, tol=-1.0, random_state=4, **options).fit(x, y)
    np.testing.assert_allclose(tail.predictor_.parameters, weights[6:].mean(axis=0), atol=1e-6)
    params = _core.GraphParams()
    params.averaging, params.averaging_decay, params.solver = "exponential", 0.7, "mini_batch"
    params.optimizer, params.learning_rate, params.batch_size, params.epochs = "gradient_descent", 0.3, 0, 8
    params.add_loss("squared")
    fit = _core.fit_graph(graph.core(), params, x, y[:, None].astype(np.float32), np.ones(len(x)), seed=4)
    mean = weights[0].copy()
    for step, one in enumerate(weights, 1):
        mean += max(0.3, 1.0 / step) * (one - mean)
    np.testing.assert_allclose(fit.predictor.parameters, mean, atol=1e-6)
    with pytest.raises(InvalidArgument, match=r"averaging is 'tial'.*tail"):
        GraphNetwork(graph, averaging="tial").fit(x, y)
    params.averaging_decay = 1.0
    with pytest.raises(InvalidArgument, match=r"averaging: decay is 1"):
        _core.fit_graph(graph.core(), params, x, y[:, None].astype(np.float32), np.ones(len(x)))


def test_averaged_weights_are_what_is_validated_and_kept() -> None:
    x, y = curve(600)
    apart = x[400:], y[400:]
    model = NetworkRegressor(
        layers=[Dense(16, activation="tanh")],
        averaging="exponential",
        learning_rate_init=0.03,
        batch_size=20,
        max_iter=20,
        early_stopping=False,
        tol=-1.0,
        random_state=1,
    ).fit(x[:400], y[:400], eval_set=apart)
    scale = np.std(y[:400])
    last = 0.5 * np.mean(((model.predict(apart[0]) - apart[1]) / scale) ** 2)
    assert model.validation_loss_[-1] == pytest.approx(last, rel=1e-4)
    plain = NetworkRegressor(**{**model.get_params(deep=False), "averaging": "none"}).fit(
        x[:400], y[:400], eval_set=apart
    )
    np.testing.assert_array_equal(model.loss_curve_, plain.loss_curve_)  # training goes on as without
    assert (model.validation_loss_ != plain.validation_loss_).all()


def distance_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """arXiv:2001.05310: squared, of equal weights."""

    def centred(v: np.ndarray) -> np.ndarray:
        d = np.abs(v[:, None] - v)
        return np.asarray(d - d.mean(axis=0) - d.mean(axis=1)[:, None] + d.mean())

    u, v = centred(a), centred(b)
    return float((u * v).mean() / np.sqrt((u * u).mean() * (v * v).mean()))


def test_distance_correlation_is_in_the_validation_loss() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=(400, 2)).astype(np.float32)
    mass = (x[:, :1] + 0.5 * generator.normal(size=(400, 1))).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.float32)
    variables, protected = Input((2,)), Input((1,))
    response = Dense(1)(Dropout(0.3)(Dense(4, activation="tanh")(variables)))
    graph = Graph([variables, protected], [response, DistanceCorrelation()(response, protected)])
    model = GraphNetwork(
        graph,
        ["cross_entropy", "value"],
        loss_factors=[1.0, 3.0],
        batch_size=0,
        max_iter=2,
        early_stopping=False,
        random_state=1,
    )
    model.fit((x, mass), y, eval_set=((x[:150], mass[:150]), y[:150]))
    probability = model.predict((x[:150], mass[:150]))[0]
    score = np.log(probability / (1.0 - probability))
    cross_entropy = -np.mean(np.where(y[:150] > 0, np.log(probability), np.log(1.0 - probability)))
    penalty = distance_correlation(score, mass[:150, 0].astype(float))
    assert penalty > 0.05
    assert model.validation_loss_[-1] == pytest.approx(cross_entropy + 3.0 * penalty, rel=1e-4)
    # By batches: the mean over batches of the training's size, whatever order the events have.
    model.set_params(batch_size=50)
    losses = []
    for order in (np.argsort(y[:150], kind="stable"), np.argsort(mass[:150, 0])):
        model.fit((x, mass), y, eval_set=((x[order], mass[order]), y[order]))
        losses.append(model.validation_loss_[-1])
    assert losses[0] == pytest.approx(losses[1], rel=0.1)
    # And the whole sample at once with a quasi-Newton solver.
    response = Dense(1)(Dense(4, activation="tanh")(variables))
    graph = Graph([variables, protected], [response, DistanceCorrelation()(response, protected)])
    newton = GraphNetwork(graph, ["cross_entropy", "value"], optimizer="lbfgs", max_iter=15, random_state=1)
    newton.fit((x, mass), y, eval_set=((x, mass), y))
    np.testing.assert_allclose(newton.loss_curve_, newton.validation_loss_, rtol=1e-5)


def test_diverging_is_said() -> None:
    x, y = curve()
    graph = Graph.chain([Dense(4), Dense(1)], (3,))
    with pytest.raises(diskern.Error, match="diverged"):
        GraphNetwork(graph, "poisson", optimizer="lbfgs", random_state=1).fit(1e30 * x, np.abs(y))


def test_optimizers_are_those_of_the_core() -> None:
    params = _core.GraphParams()
    with pytest.raises(InvalidArgument) as caught:
        params.optimizer = "none"
    assert str(caught.value).split("expected one of ")[1].split(";")[0].split(", ") == list(OPTIMIZERS)


@pytest.mark.parametrize("solver", ["lbfgs", "bfgs"])
def test_a_search_that_fails_on_a_slope_is_told(solver: str) -> None:
    """The kink of an absolute loss: the gradient is not small where no step leads down."""
    x = np.linspace(-1.0, 1.0, 5, dtype=np.float32)[:, np.newaxis]
    y = np.array([0.0, 1.0, 0.5, 3.0, 2.0])
    network = GraphNetwork(
        Graph.chain([Dense(1)], (1,)), "absolute", optimizer=solver, max_iter=2000, tol=-1.0, random_state=1
    )
    with pytest.warns(ConvergenceWarning, match="no lower loss was found in iteration"):
        network.fit(x, y)
    assert not network.converged_
    assert network.n_iter_ < 2000
    # A smooth one ends at its minimum, where the gradient is small.
    smooth = GraphNetwork(Graph.chain([Dense(1)], (1,)), optimizer=solver, max_iter=2000, tol=-1.0, random_state=1)
    assert smooth.fit(x, y).converged_
    assert smooth.n_iter_ < 2000
