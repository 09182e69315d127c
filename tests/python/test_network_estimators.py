"""NetworkClassifier and NetworkRegressor."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.utils.estimator_checks import parametrize_with_checks

import diskern
from diskern import NetworkClassifier, NetworkRegressor, _core
from diskern._core import InvalidArgument
from diskern.networks import Dense


def rings(n: int = 600, classes: int = 2, seed: int = 1) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2)).astype(np.float32)
    radius = np.hypot(X[:, 0], X[:, 1])
    return X, np.array(["inner", "middle", "outer"])[np.digitize(radius, [1.1, 1.8][: classes - 1])]


def weights_of(estimator: Any) -> list[Any]:
    return [layer[name] for layer in estimator.predictor_.layers for name in ("weights", "biases")]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("solver", ["adam", "bp", "bfgs", "lbfgs"])
def test_classes_that_no_line_parts(solver: str, classes: int) -> None:
    X, y = rings(classes=classes)
    model = NetworkClassifier((12,), "tanh", solver=solver, learning_rate_init=0.01, max_iter=150, random_state=1)
    model.fit(X, y)
    test, truth = rings(classes=classes, seed=2)
    assert model.score(test, truth) > 0.9
    probability = model.predict_proba(test)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], model.predict(test))
    assert np.isfinite(model.decision_function(test)).all()
    assert len(model.loss_curve_) == model.n_iter_


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "radial"])
def test_a_curve(activation: str) -> None:
    generator = np.random.default_rng(3)
    X = generator.uniform(100.0, 104.0, size=(800, 1)).astype(np.float32)
    y = 1e6 + 1e3 * np.sin(2.0 * X[:, 0].astype(np.float64))
    model = NetworkRegressor((30,), activation, learning_rate_init=0.02, max_iter=300, tol=1e-7, random_state=2).fit(
        X, y
    )
    assert model.score(X, y) > 0.97


def test_the_model_does_not_depend_on_threads_but_on_the_seed() -> None:
    X, y = rings(2500)
    one, three = (
        NetworkClassifier((8,), max_iter=5, n_jobs=n, random_state=4, batch_size=500).fit(X, y) for n in (1, 3)
    )
    for a, b in zip(weights_of(one), weights_of(three), strict=True):
        np.testing.assert_array_equal(a, b)
    other = NetworkClassifier((8,), max_iter=5, random_state=5, batch_size=500).fit(X, y)
    assert any((a != b).any() for a, b in zip(weights_of(one), weights_of(other), strict=True))


def test_an_integer_weight_counts_as_so_many_events() -> None:
    X, y = rings(300)
    counts = np.random.default_rng(5).integers(0, 3, len(y))
    parameters: dict[str, Any] = {"solver": "bfgs", "max_iter": 8, "activation": "tanh", "random_state": 1}
    weighted = NetworkClassifier((4,), **parameters).fit(X, y, counts)
    repeated = NetworkClassifier((4,), **parameters).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-8)
    # A common factor of all weights changes nothing.
    scaled = NetworkClassifier((4,), **parameters).fit(X, y, 1000.0 * counts)
    np.testing.assert_allclose(weighted.predict_proba(X), scaled.predict_proba(X), atol=1e-8)


def test_weights_move_the_boundary() -> None:
    X, y = rings(2000)
    heavy = np.where(y == "inner", 10.0, 1.0)
    plain, moved = (NetworkClassifier((10,), random_state=1, max_iter=60).fit(X, y, w) for w in (None, heavy))
    noisy = y == "inner"
    assert moved.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean() + 0.01
    assert (moved.predict(X[noisy]) == "inner").mean() >= (plain.predict(X[noisy]) == "inner").mean()


def test_early_stopping_keeps_the_best_weights() -> None:
    X, y = rings(120)
    y = np.where(np.random.default_rng(6).uniform(size=120) < 0.2, "inner", y)
    held_out = rings(400, seed=7)
    model = NetworkClassifier((60, 60), learning_rate_init=0.01, max_iter=500, random_state=1)
    model.fit(X, y, eval_set=held_out)
    assert model.n_iter_ < 500
    assert model.converged_
    assert model.best_iteration_ == model.validation_loss_.argmin() + 1
    probability = model.predict_proba(held_out[0])[np.arange(400), (held_out[1] == "outer").astype(int)]
    if set(model.classes_) == {"inner", "middle"}:
        probability = model.predict_proba(held_out[0])[np.arange(400), (held_out[1] == "middle").astype(int)]
    np.testing.assert_allclose(-np.log(probability).mean(), model.validation_loss_.min(), rtol=1e-6)
    # The fraction that is set apart.
    model = NetworkClassifier((5,), early_stopping=True, max_iter=10, random_state=1).fit(X, y)
    assert len(model.validation_loss_) == model.n_iter_


def test_pickle_and_model_file(tmp_path: Path) -> None:
    for estimator, (X, y) in (
        (NetworkClassifier((5,), max_iter=5, random_state=1), rings(100, 3)),
        (NetworkRegressor((5,), max_iter=5, random_state=1), (rings(100)[0], np.arange(100.0))),
    ):
        model = estimator.fit(X, y)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        model.save(tmp_path / "model.diskern")
        loaded = diskern.load(tmp_path / "model.diskern")
        expected = model.predict_proba(X) if isinstance(model, NetworkClassifier) else model.predict(X)[:, None]
        np.testing.assert_array_equal(loaded.evaluate(X), expected)


@pytest.mark.parametrize(
    "parameters",
    [
        {"hidden_layer_sizes": (0,)},
        {"hidden_layer_sizes": ("many",)},
        {"activation": "softpluss"},
        {"schedule": "steps"},
        {"schedule_factor": 0.0},
        {"schedule_period": 0},
        {"averaging": "mean"},
        {"initialisation": "xavier"},
        {"momentum": 1.0},
        {"rho": -1.0},
        {"l1": -1.0},
        {"weight_decay": 0.1},
        {"clip_norm": -1.0},
        {"solver": "lbfg"},
        {"dropout": 1.0},
        {"dropout": "half"},
        {"dropout": 0.5, "solver": "lbfgs"},
        {"l1": 0.1, "solver": "lbfgs"},
        {"schedule": "cosine", "solver": "lbfgs"},
        {"layers": [Dense(3)], "dropout": 0.5, "hidden_layer_sizes": (100,)},
        {"hidden_layer_sizes": (5,), "layers": [Dense(3)]},
        {"learning_rate_init": 0.0},
        {"batch_size": 1.5},
        {"max_iter": 0},
        {"alpha": -1.0},
        {"beta_1": 1.0},
        {"early_stopping": "yes"},
        {"early_stopping": 1},
        {"early_stopping": 0},
        {"validation_fraction": 1.0},
        {"n_iter_no_change": 0},
        {"tol": -1.0},
        {"negative_weights": "drop"},
    ],
)
def test_wrong_parameters_are_named(parameters: dict[str, Any]) -> None:
    X, y = rings(50)
    # The core speaks of its own names for some.
    names = {"hidden_layer_sizes": "hidden_layer", "learning_rate_init": "learning_rate", "max_iter": "epochs|max_iter",
             "alpha": "l2|alpha", "schedule_factor": "factor", "schedule_period": "period",
             "tol": "convergence_improve|tol", "negative_weights": "negative"}  # fmt: skip
    name = next(iter(parameters))
    with pytest.raises(InvalidArgument, match=names.get(name, name)):
        NetworkClassifier(**parameters).fit(X, y)


@pytest.mark.parametrize("choice", [True, False])
def test_early_stopping_takes_booleans_of_numpy(choice: bool) -> None:
    X, y = rings(200)
    fits = [
        NetworkClassifier((4,), max_iter=6, random_state=1, early_stopping=value).fit(X, y)
        for value in (choice, np.bool_(choice))
    ]
    assert (len(fits[1].validation_loss_) > 0) == choice
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))


@pytest.mark.parametrize("make", [NetworkClassifier, NetworkRegressor])
def test_bad_events(make: Any) -> None:
    X, y = rings(60)
    labels = y if make is NetworkClassifier else np.arange(60.0)
    for value, word in ((np.nan, "NaN"), (np.inf, "infinity")):
        spoiled = X.copy()
        spoiled[7, 1] = value
        with pytest.raises(InvalidArgument, match=word):
            make().fit(spoiled, labels)
    with pytest.raises(InvalidArgument, match="0 sample"):
        make().fit(np.empty((0, 2)), [])
    with pytest.raises(InvalidArgument, match="zero"):
        make().fit(X, labels, np.zeros(60))
    with pytest.raises(InvalidArgument, match="Negative"):
        make(negative_weights="error").fit(X, labels, -np.ones(60))
    with pytest.raises(InvalidArgument, match="weights sum to -60"):
        make().fit(X, labels, -np.ones(60))
    if make is NetworkClassifier:
        with pytest.raises(InvalidArgument, match="1 class"):
            make().fit(X, np.zeros(60))
        with pytest.raises(InvalidArgument, match="label 'elsewhere'"):
            make(max_iter=2).fit(X, y, eval_set=(X[:1], ["elsewhere"]))
    constant = np.column_stack([X, np.full(60, 3.0)])
    assert np.isfinite(
        make((3,), max_iter=3).fit(constant, labels).predictor_.evaluate(constant.astype(np.float32))
    ).all()


def test_divergence_is_an_error_or_a_warning() -> None:
    X, y = rings(200)
    target = (y == "inner").astype(float)
    diverging = NetworkRegressor((20, 20), "identity", solver="bp", learning_rate_init=50.0, random_state=1)
    with pytest.raises(_core.Error, match="diverged"):
        diverging.fit(X, target)


def test_an_interrupt_keeps_the_model() -> None:
    X, y = rings(3000)
    model = NetworkClassifier(max_iter=1000000, tol=0.0, n_iter_no_change=1000000, random_state=1)
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    timer.join()
    assert model.interrupted_
    assert np.isfinite(model.predict_proba(X)).all()


_REASON = "mini-batches: a weight of two is not the same as two events"
_MINI_BATCH = {f"check_sample_weight_equivalence_on_{kind}_data": _REASON for kind in ("dense", "sparse")}


@parametrize_with_checks(
    [NetworkClassifier((20,), max_iter=60, learning_rate_init=0.02), NetworkRegressor((20,), learning_rate_init=0.02)],
    expected_failed_checks=lambda estimator: _MINI_BATCH,
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_scikit_learn_contract(estimator: Any, check: Any) -> None:
    check(estimator)


@parametrize_with_checks(
    [
        NetworkClassifier((4,), "tanh", solver="bfgs", max_iter=6),
        NetworkRegressor((4,), "tanh", solver="bfgs", max_iter=6),
    ]
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_scikit_learn_contract_without_exceptions(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("double", [True, False])
def test_adam_step_by_step(double: bool) -> None:
    # No hidden layer: logistic regression, whose gradient is written down in one line.
    generator = np.random.default_rng(8)
    X = generator.normal(size=(50, 2)).astype(np.float32)
    y = (generator.uniform(size=50) < 0.5).astype(np.float64)
    weight = generator.uniform(0.5, 1.5, size=50)

    def trained(epochs: int, rate: float) -> np.ndarray:
        params = _core.NetworkParams()
        params.hidden_layers = []
        params.epochs = epochs
        params.learning_rate = rate
        params.batch_size = 0
        params.l2_per_event = 0.5
        params.double_precision = double
        params.beta_1 = 0.8
        params.beta_2 = 0.95
        params.standardise_inputs = False
        params.normalise_weights = False
        layer = _core.fit_network(params, X, y[:, None], weight, seed=3).predictor.layers[0]
        return np.append(layer["weights"][0], layer["biases"])

    w = trained(1, 1e-30)  # where it starts
    first = second = np.zeros(3)
    inputs = np.column_stack([X.astype(np.float64), np.ones(50)])
    for step in range(1, 6):
        gradient = (inputs.T @ (weight * (1 / (1 + np.exp(-inputs @ w)) - y)) + 0.5 * w * [1, 1, 0]) / 50
        first = 0.8 * first + 0.2 * gradient
        second = 0.95 * second + 0.05 * gradient**2
        size = np.sqrt(second / (1 - 0.95**step)) + 1e-8
        w = w - 0.03 * first / (1 - 0.8**step) / size
        np.testing.assert_allclose(trained(step, 0.03), w, rtol=1e-11 if double else 1e-5)


def test_bfgs_finds_the_minimum_of_a_parabola_in_few_steps() -> None:
    generator = np.random.default_rng(9)
    X = (generator.normal(size=(200, 4)) * [1.0, 10.0, 0.2, 3.0]).astype(np.float32)
    y = X.astype(np.float64) @ [1.0, -0.3, 4.0, 0.5] + generator.normal(size=200)
    params = _core.NetworkParams.tmva(4)
    params.solver = _core.NetworkSolver.bfgs
    params.loss = _core.NetworkLoss.squared
    params.hidden_layers = []
    params.epochs = 40
    params.reset_step = 1000
    fit = _core.fit_network(params, X, y[:, None], np.ones(200))
    linear = _core.LinearDiscriminantParams()
    linear.classification = False
    expected = _core.fit_linear_discriminant(linear, X, y[:, None], np.ones(200)).predictor.coefficients[0]
    layer = fit.predictor.layers[0]
    np.testing.assert_allclose(layer["weights"][0], expected[1:], atol=1e-6)
    np.testing.assert_allclose(layer["biases"], expected[:1], atol=1e-6)


def test_lbfgs_finds_the_minimum_with_its_penalty() -> None:
    """Against the minimum of scipy, for the loss as scikit-learn defines it."""
    optimize = pytest.importorskip("scipy.optimize")
    X, y = rings(150)
    model = NetworkClassifier((), solver="lbfgs", alpha=2.0, max_iter=200, tol=1e-12, random_state=1).fit(X, y)
    design = np.hstack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones((len(X), 1))]).astype(float)
    truth = (y == "middle").astype(float)

    def loss(w: Any) -> float:
        z = design @ w
        cross_entropy = np.mean(np.logaddexp(0.0, z) - truth * z)
        return float(cross_entropy + 0.5 * 2.0 / len(X) * np.sum(w[:-1] ** 2))

    expected = optimize.minimize(loss, np.zeros(3), tol=1e-12).x
    network = model.predictor_
    scale = 1.0 / X.std(axis=0)
    found = network.layers[0]["weights"][0] / scale
    np.testing.assert_allclose(found, expected[:2], atol=2e-4)
    assert model.n_iter_ < 40


def test_dropout_by_its_definition() -> None:
    """One step on many equal events: the mean over all draws, and nothing is dropped afterwards."""
    n, rate = 40000, 0.3
    X = np.where(np.arange(n) % 2 == 0, 1.0, -1.0).astype(np.float32)[:, np.newaxis]
    options = {"solver": "sgd", "batch_size": 0, "alpha": 0.0, "early_stopping": False, "random_state": 3, "n_jobs": 2}

    def weights(step: float, dropout: float) -> tuple[Any, Any]:
        model = NetworkRegressor((6,), "identity", learning_rate_init=step, max_iter=1, dropout=dropout, **options).fit(
            X, X[:, 0]
        )
        one, other = model.predictor_.layers
        return one["weights"][:, 0], other["weights"][0]

    first, second = weights(1e-12, 0.0)
    moved = weights(1.0, rate)
    # E[m_j h_j (sum_k m_k w_k h_k - t)] with E[m] = 1 and E[m^2] = 1 / (1 - rate).
    residual = second @ first - 1.0
    expected = first * (residual + second * first * rate / (1.0 - rate))
    np.testing.assert_allclose(second - moved[1], expected, atol=0.02)
    backwards = second * (residual + second * first * rate / (1.0 - rate))
    np.testing.assert_allclose(first - moved[0], backwards, atol=0.02)
    assert np.abs(expected - first * residual).max() > 0.05  # without dropout it is something else

    X, y = rings(400)
    fits = [
        NetworkClassifier((20,), "tanh", dropout=0.4, max_iter=5, random_state=1, n_jobs=jobs).fit(X, y)
        for jobs in (1, 2)
    ]
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    np.testing.assert_array_equal(fits[0].predict_proba(X[:1]), fits[0].predict_proba(X)[:1])


OPTIMIZERS = {
    "sgd": 0.3,
    "momentum": 0.05,
    "nesterov": 0.05,
    "adagrad": 0.05,
    "adadelta": 1.0,
    "rmsprop": 0.005,
    "adamw": 0.01,
    "nadam": 0.01,
}


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_every_optimizer_parts_rings(solver: str) -> None:
    X, y = rings(800)
    more = {"adamw": {"weight_decay": 0.01}, "adadelta": {"epsilon": 1e-6}}.get(solver, {})
    model = NetworkClassifier(
        (24,),
        "tanh",
        solver=solver,
        learning_rate_init=OPTIMIZERS[solver],
        batch_size=50,
        max_iter=120,
        random_state=1,
        **more,
    )
    assert model.fit(X, y).score(X, y) > 0.93


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine", "one_cycle", "plateau", "exponential"])
@pytest.mark.parametrize("averaging", ["none", "exponential", "tail"])
def test_schedules_and_averages(schedule: str, averaging: str) -> None:
    X, y = rings(800)
    model = NetworkClassifier(
        (24,), learning_rate_init=0.02, schedule=schedule, schedule_factor=0.9, averaging=averaging, batch_size=50,
        max_iter=60, n_iter_no_change=60, random_state=1,
    ).fit(X, y)  # fmt: skip
    assert model.score(X, y) > 0.93
    plain = NetworkClassifier(
        (24,), learning_rate_init=0.02, batch_size=50, max_iter=60, n_iter_no_change=60, random_state=1
    )
    if schedule == "plateau" and averaging == "none":
        return  # the loss fell all the time
    differs = (schedule, averaging) != ("constant", "none")
    assert differs == (weights_of(plain.fit(X, y))[0].tobytes() != weights_of(model)[0].tobytes())


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        ({"loss": "squared_error"}, np.exp(0.5)),  # the mean of a lognormal distribution
        ({"loss": "absolute_error"}, 1.0),  # its median
        ({"loss": "quantile", "quantile": 0.9}, np.exp(1.2815515655446004)),
        ({"loss": "huber", "huber_distance": 0.01}, 1.0),
        ({"loss": "huber", "huber_distance": 100.0}, np.exp(0.5)),
    ],
)
def test_losses_of_regressions_have_their_minimum(parameters: dict[str, Any], answer: float) -> None:
    generator = np.random.default_rng(5)
    X = generator.normal(size=(20000, 1))
    y = 1000.0 * generator.lognormal(size=20000)  # far from the unit of the network
    unit = {"huber_distance": 1000.0 * parameters["huber_distance"]} if "huber_distance" in parameters else {}
    model = NetworkRegressor(
        (), "identity", learning_rate_init=0.01, schedule="cosine", max_iter=30, n_iter_no_change=30, random_state=1,
        **(parameters | unit),
    ).fit(X, y)  # fmt: skip
    assert model.predict([[0.0]])[0] / 1000.0 == pytest.approx(answer, rel=0.05)


def test_counts() -> None:
    generator = np.random.default_rng(6)
    X = generator.uniform(-1, 1, size=(20000, 2))
    mean = np.exp(X[:, 0] + 0.5 * X[:, 1])
    model = NetworkRegressor((16,), loss="poisson", learning_rate_init=0.01, max_iter=30, random_state=1)
    model.fit(X, generator.poisson(mean))
    np.testing.assert_allclose(model.predict(X), mean, rtol=0.2)
    with pytest.raises(ValueError, match=r"target 0 of event 1 is -1.*counts"):
        model.fit(X[:2], [1.0, -1.0])


def test_divergence_keeps_the_last_good_weights() -> None:
    X, y = rings(400)
    target = (y == "inner").astype(float)
    # The rate is right for the first epochs of one_cycle and far too large later.
    model = NetworkRegressor(
        (20,), solver="sgd", learning_rate_init=10.0, schedule="one_cycle", max_iter=200,
        n_iter_no_change=200, batch_size=20, random_state=1,
    )  # fmt: skip
    with pytest.warns(
        UserWarning, match=r"diverged.*the weights of epoch \d+, with the smallest training loss, are kept"
    ):
        model.fit(X, target)
    assert np.isfinite(model.predict(X)).all()
    assert model.best_iteration_ == model.loss_curve_.argmin() + 1


@pytest.mark.parametrize("solver", ["adam", "bp"])
def test_every_instruction_set_gives_the_same_network(solver: str) -> None:
    program = (
        "import sys; import numpy as np; from diskern import NetworkClassifier\n"
        "X = np.random.default_rng(1).normal(size=(300, 5)); y = X[:, 0] * X[:, 1] > 0\n"
        f"m = NetworkClassifier((20, 7), 'tanh', solver='{solver}', max_iter=3, random_state=1).fit(X, y)\n"
        "sys.stdout.write(m.predict_proba(X).tobytes().hex())"
    )
    answers = {
        level: subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"DISKERN_ISA": level}, capture_output=True, check=True
        ).stdout
        for level in _core.supported_instruction_sets()
    }
    assert len(set(answers.values())) == 1
    assert all(len(answer) > 1000 for answer in answers.values())


def test_batch_sizes_below_zero_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="batch_size must be a number of events, or 0 for all of them, got -5"):
        diskern.NetworkClassifier(batch_size=-5).fit(np.eye(4), [0, 1, 0, 1])
