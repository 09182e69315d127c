"""Training of graphs: what is learned, weights, validation, interruption, divergence, model files."""

from __future__ import annotations

import os
import pickle
import signal
import threading

import numpy as np
import pytest

import diskern
from diskern import InvalidArgument, _core
from diskern.networks import (
    BatchNormalisation,
    Concatenate,
    Convolution2D,
    Dense,
    DistanceCorrelation,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    Graph,
    Input,
    MaximumPooling2D,
    Standardise,
    join_inputs,
)

pytest.importorskip("sklearn")


def images(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Bars that lie or stand, anywhere, in noise."""
    generator = np.random.default_rng(seed)
    x = generator.normal(0.0, 0.3, (n, 8, 8, 1)).astype(np.float32)
    y = generator.integers(0, 2, n)
    for image, standing in zip(x, y, strict=True):
        a, b = generator.integers(0, 6), generator.integers(0, 8)
        image[(slice(a, a + 3), b) if standing else (b, slice(a, a + 3))] += 2.0
    return x, y


def small(*more: object) -> Graph:
    layers = [Convolution2D(8, 3, activation="relu"), *more, MaximumPooling2D(2), Flatten(), Dense(1)]
    return Graph.chain(layers, (8, 8, 1))


def test_convolution_learns_what_it_should_and_threads_do_not_matter() -> None:
    x, y = images(600)
    fits = [
        diskern.GraphNetwork(
            small(BatchNormalisation(), Dropout(0.1)),
            "cross_entropy",
            learning_rate=0.01,
            max_iter=12,
            batch_size=50,
            n_jobs=jobs,
            random_state=3,
        ).fit(x, y, eval_set=images(200, 2))
        for jobs in (1, 2, 3)
    ]
    test, answer = images(400, 3)
    response = fits[0].predict(test)
    assert response.shape == (400,)
    assert ((response > 0.5) == answer).mean() > 0.93
    for other in fits[1:]:
        np.testing.assert_array_equal(other.predictor_.parameters, fits[0].predictor_.parameters)
        np.testing.assert_array_equal(other.validation_loss_, fits[0].validation_loss_)


def test_model_file_and_pickle(tmp_path: object) -> None:
    x, y = images(200)
    model = diskern.GraphNetwork(small(), "cross_entropy", max_iter=2, random_state=1).fit(x, y)
    path = tmp_path / "model.dsk"  # type: ignore[operator]
    model.save(path)
    np.testing.assert_array_equal(diskern.load(path).evaluate(x.reshape(200, -1))[:, 0], model.predict(x))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))


def test_weights_are_repetitions() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(40, 3)).astype(np.float32)
    y = x @ [1.0, -2.0, 0.5]
    weight = generator.integers(0, 4, 40)
    graph = Graph.chain([Dense(5, activation="tanh"), Dense(1)], (3,))
    options = {
        "batch_size": 0,
        "optimizer": "gradient_descent",
        "learning_rate": 0.05,
        "max_iter": 20,
        "random_state": 2,
    }
    weighted = diskern.GraphNetwork(graph, **options).fit(x, y, sample_weight=weight)
    repeated = diskern.GraphNetwork(graph, **options).fit(np.repeat(x, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.predictor_.parameters, repeated.predictor_.parameters, atol=2e-6)


def test_several_inputs_and_outputs() -> None:
    generator = np.random.default_rng(1)
    image, numbers, kind = Input((4, 4, 1), name="image"), Input((2,), name="numbers"), Input((1,), name="kind")
    hidden = Concatenate()(
        Flatten()(Convolution2D(4, 3, activation="tanh")(image)),
        Standardise()(numbers),
        Flatten()(Embedding(3, 2)(kind)),
    )
    hidden = Dense(16, activation="tanh")(hidden)
    graph = Graph([image, numbers, kind], [Dense(1)(hidden), Dense(3)(hidden)])
    events = {
        "image": generator.normal(size=(800, 4, 4, 1)),
        "numbers": generator.normal(1000.0, 50.0, (800, 2)),
        "kind": generator.integers(0, 3, (800, 1)),
    }
    answer = (events["numbers"][:, 0] - 1000.0) / 50.0 + events["image"][:, 1, 1, 0]
    labels = np.eye(3)[events["kind"][:, 0]]
    model = diskern.GraphNetwork(
        graph,
        ["squared", "softmax_cross_entropy"],
        loss_factors=[1.0, 0.5],
        learning_rate=0.01,
        max_iter=60,
        random_state=1,
    ).fit(events, [answer, labels])
    number, probability = model.predict(events)
    assert 1.0 - np.var(number - answer) / np.var(answer) > 0.9
    assert (probability.argmax(axis=1) == events["kind"][:, 0]).mean() > 0.98
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    as_tuple = model.predict((events["image"], events["numbers"], events["kind"]))
    np.testing.assert_array_equal(as_tuple[0], number)
    events["kind"][5] = 3
    with pytest.raises(InvalidArgument, match=r"embedding.* has the number 3.0+ in event 5, expected .* 0 to 2"):
        model.fit(events, [answer, labels])
    with pytest.raises(InvalidArgument, match="must hold the inputs image, numbers, kind; got image"):
        join_inputs(graph, {"image": events["image"]})
    with pytest.raises(InvalidArgument, match=r"input 'numbers' has the shape \(800, 3\), expected \(events, \(2,\)\)"):
        join_inputs(graph, (events["image"], np.zeros((800, 3)), events["kind"]))


def test_batch_normalisation_keeps_running_averages() -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(3.0, 2.0, (500, 2)).astype(np.float32)
    graph = Graph.chain([BatchNormalisation(momentum=-1), Dense(1)], (2,))
    model = diskern.GraphNetwork(graph, batch_size=100, max_iter=4, early_stopping=False, random_state=1).fit(
        x, x[:, 0]
    )
    state = {one["name"]: one["offset"] for one in model.predictor_.graph.parameters}
    parameters = model.predictor_.parameters
    np.testing.assert_allclose(parameters[state["running_mean"] :][:2], x.mean(axis=0), rtol=1e-4)
    variances = np.var(x, axis=0)
    np.testing.assert_allclose(parameters[state["running_variance"] :][:2], variances, rtol=0.03)
    assert parameters[state["batches"]] == 20.0


def test_noise_and_dropout_do_not_act_when_applied() -> None:
    x, y = images(100)
    model = diskern.GraphNetwork(
        small(GaussianNoise(1.0), Dropout(0.5)), "cross_entropy", max_iter=2, random_state=1
    ).fit(x, y)
    np.testing.assert_array_equal(model.predict(x), model.predict(x))


def test_outputs_that_are_not_kept_leave_the_model() -> None:
    generator = np.random.default_rng(1)
    x, mass = generator.normal(size=(300, 2)), generator.normal(size=(300, 1))
    variables, protected = Input((2,)), Input((1,))
    response = Dense(1)(Dense(4, activation="tanh")(variables))
    graph = Graph([protected, variables], [DistanceCorrelation()(response, protected), response])
    options = {"max_iter": 3, "random_state": 1, "loss_factors": [2.0, 1.0]}
    whole = diskern.GraphNetwork(graph, ["value", "cross_entropy"], **options).fit((mass, x), x[:, 0] > 0)
    kept = diskern.GraphNetwork(graph, ["value", "cross_entropy"], keep_outputs=[1], **options)
    kept.fit((mass, x), x[:, 0] > 0)
    np.testing.assert_array_equal(kept.predict(x), whole.predict((mass, x))[1])
    assert kept.predictor_.input_count == 2
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(kept)).predict(x), kept.predict(x))
    with pytest.raises(InvalidArgument, match="keep_outputs must hold numbers from 0 to 1"):
        diskern.GraphNetwork(graph, ["value", "cross_entropy"], keep_outputs=[2]).fit((mass, x), x[:, 0] > 0)


def test_divergence_is_an_error_or_a_warning() -> None:
    x, y = images(100)
    graph = Graph.chain([Flatten(), Dense(20, activation="relu"), Dense(1)], (8, 8, 1))
    model = diskern.GraphNetwork(graph, "squared", optimizer="gradient_descent", learning_rate=1e6, random_state=1)
    with pytest.raises(diskern.Error, match="diverged"):
        model.fit(x, y * 1e6)


def test_interruption_keeps_a_model() -> None:
    x, y = images(3000)
    model = diskern.GraphNetwork(
        small(), "cross_entropy", max_iter=100000, early_stopping=False, random_state=1, tol=-1.0
    )
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y)
    assert model.interrupted_
    assert 0 < model.n_iter_ < 100000
    assert np.isfinite(model.predict(x)).all()


def test_bad_input() -> None:
    x, y = images(20)
    graph = small()
    with pytest.raises(InvalidArgument, match="losses must have one for each of 1 outputs"):
        diskern.GraphNetwork(graph, ["squared", "squared"]).fit(x, y)
    with pytest.raises(InvalidArgument, match=r"'sqared'.*'squared'"):
        diskern.GraphNetwork(graph, "sqared").fit(x, y)
    with pytest.raises(InvalidArgument, match="2 or more numbers"):
        diskern.GraphNetwork(graph, "softmax_cross_entropy").fit(x, y)
    with pytest.raises(InvalidArgument, match=r"targets of output 0 have the shape \(19,\)"):
        diskern.GraphNetwork(graph).fit(x, y[:19])
    for loss, wrong, expected in (
        ("cross_entropy", 2.0 * y, "takes 0 to 1"),
        ("hinge", y - 0.5, "takes 0 to 1"),
        ("poisson", y - 1.0, "takes 0 or more"),
    ):
        with pytest.raises(InvalidArgument, match=f"the loss {loss} of output 0 {expected}"):
            diskern.GraphNetwork(graph, loss).fit(x, wrong)
    broken = x.copy()
    broken[3, 1, 2, 0] = np.nan
    with pytest.raises(InvalidArgument, match="event 3, variable 10"):
        diskern.GraphNetwork(graph).fit(broken, y)
    for factors in ([1.0, 2.0], [], 3.0, [np.nan], ["a"]):
        with pytest.raises(InvalidArgument, match="loss_factors must hold a finite number for each of 1 outputs"):
            diskern.GraphNetwork(graph, loss_factors=factors).fit(x, y)
    with pytest.raises(InvalidArgument, match="negative"):
        diskern.GraphNetwork(graph, negative_weights="error").fit(x, y, eval_set=(x, y, -np.ones(len(y))))
    with pytest.raises(InvalidArgument, match="optimizer"):
        diskern.GraphNetwork(graph, optimizer="adamm").fit(x, y)
    with pytest.raises(InvalidArgument, match="parameters"):
        _core.GraphPredictor(graph.core(), np.zeros(3, np.float32))
