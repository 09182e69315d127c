"""The estimators over the histogram engine and their method for the Factory."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

import diskern
from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor, InvalidArgument, _core
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.gradient_boosted_trees import GradientBoostedTrees


def events(n: int = 2000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[Any], NDArray[np.float64]]:
    """Events, labels 'b' and 's', a target."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype(np.float32)
    z = X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=n)
    return X, np.where(z > 0, "s", "b"), z


def test_classifier() -> None:
    X, y, _ = events()
    model = GradientBoostedTreesClassifier(n_estimators=30, verbose=0).fit(X, y)
    assert list(model.classes_) == ["b", "s"]
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(p[:, 1], 1 / (1 + np.exp(-model.decision_function(X))), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X) == "s", p[:, 1] > 0.5)
    assert model.score(X, y) > 0.9
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert set(np.argsort(-model.feature_importances_)[:2]) == {0, 1}
    assert model.n_iter_ == 30
    assert len(model.training_loss_) == 31
    assert len(model.validation_loss_) == 0
    assert model.interrupted_ is False


def test_multiclass() -> None:
    X, _, z = events()
    y = np.digitize(z, [-0.5, 0.5])
    model = GradientBoostedTreesClassifier(n_estimators=30).fit(X, y)
    p = model.predict_proba(X)
    assert p.shape == (2000, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    raw = model.decision_function(X)
    np.testing.assert_allclose(p, np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), p.argmax(axis=1))
    assert model.score(X, y) > 0.85


def test_regressor() -> None:
    X, _, z = events()
    model = GradientBoostedTreesRegressor(n_estimators=60).fit(X, z)
    assert model.score(X, z) > 0.8
    assert model.training_loss_[-1] == pytest.approx(0.5 * np.mean((model.predict(X) - z) ** 2))


def test_defaults_live_in_the_core() -> None:
    params = _core.GradientBoostingParams()
    model = GradientBoostedTreesClassifier()
    for name in ("n_estimators", "learning_rate", "min_samples_leaf", "l2_regularization", "max_bins", "subsample"):
        assert getattr(model, name) == getattr(params, name)


@pytest.mark.parametrize("kind", ["pickle", "file"])
def test_saved_model_gives_the_same_bits(kind: str, tmp_path: Any) -> None:
    X, y, _ = events()
    X[::7, 2] = np.nan
    model = GradientBoostedTreesClassifier(n_estimators=10).fit(X, y)
    expected = model.predict_proba(X)
    if kind == "pickle":
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)
        return
    model.save(tmp_path / "model.diskern")
    loaded = _core.load_model(str(tmp_path / "model.diskern"))
    np.testing.assert_array_equal(loaded.evaluate(X)[:, 0], expected[:, 1])
    assert loaded.info["classes"] == ["b", "s"]
    assert loaded.info["signal_class"] == 1
    assert [v["label"] for v in loaded.info["variables"]] == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize("link", sorted(_core.Link.__members__))
def test_model_files_hold_every_link(link: str) -> None:
    leaf = {"feature": [-1], "threshold": [0.0], "left": [-1], "right": [-1], "missing_right": [0]}
    trees = [{**leaf, "value": [value]} for value in (0.25, -1.5)]
    forest = _core.Forest(4, trees, n_outputs=2, link=_core.Link.__members__[link])
    X, y, _ = events(40)
    info = GradientBoostedTreesClassifier(n_estimators=1).fit(X, y)._model().info
    info["classes"] = info["outputs"] = ["a", "b"]
    info["analysis_type"] = "Multiclass"
    loaded = _core.model_from_bytes(_core.Model(info, None, forest).to_bytes())
    assert loaded.predictor.link == _core.Link.__members__[link]
    np.testing.assert_array_equal(loaded.evaluate(X), forest.evaluate(X))


def test_validation_sample() -> None:
    X, y, _ = events(4000)
    flip = np.random.default_rng(5).random(4000) < 0.25
    y[flip] = np.where(y[flip] == "s", "b", "s")
    model = GradientBoostedTreesClassifier(n_estimators=400, min_samples_leaf=2)
    model.fit(X[:2000], y[:2000], eval_set=(X[2000:], y[2000:]))
    assert model.n_iter_ == model.best_iteration_ == model.validation_loss_.argmin()
    assert 0 < model.n_iter_ < 300
    without = GradientBoostedTreesClassifier(n_estimators=40, min_samples_leaf=2, early_stopping=False)
    without.fit(X[:2000], y[:2000], eval_set=(X[2000:], y[2000:], np.ones(2000)))
    assert without.n_iter_ == 40
    np.testing.assert_array_equal(without.validation_loss_[:20], model.validation_loss_[:20])
    split = GradientBoostedTreesClassifier(n_estimators=400, min_samples_leaf=2, early_stopping=True, random_state=3)
    assert 0 < split.fit(X, y).n_iter_ < 300
    again = GradientBoostedTreesClassifier(**split.get_params()).fit(X, y)
    np.testing.assert_array_equal(again.validation_loss_, split.validation_loss_)


def test_subsample_depends_on_the_seed_only() -> None:
    X, y, _ = events()
    settings: dict[str, Any] = {"n_estimators": 10, "subsample": 0.5}
    first = GradientBoostedTreesClassifier(**settings, random_state=1).fit(X, y).decision_function(X)
    for threads in (1, 2, 5):
        again = GradientBoostedTreesClassifier(**settings, random_state=1, n_jobs=threads).fit(X, y)
        np.testing.assert_array_equal(again.decision_function(X), first)
    other = GradientBoostedTreesClassifier(**settings, random_state=2).fit(X, y).decision_function(X)
    full = GradientBoostedTreesClassifier(n_estimators=10).fit(X, y).decision_function(X)
    assert not np.array_equal(other, first)
    assert not np.array_equal(full, first)
    assert np.corrcoef(full, first)[0, 1] > 0.9


def test_names_of_variables() -> None:
    pd = pytest.importorskip("pandas")
    X, y, _ = events()
    table = pd.DataFrame(X, columns=["pt", "eta", "phi", "m"])
    model = GradientBoostedTreesClassifier(n_estimators=2).fit(table, y)
    assert list(model.feature_names_in_) == ["pt", "eta", "phi", "m"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table.rename(columns={"pt": "mass"}))


BAD_PARAMETERS = [
    ({"n_estimators": 0}, "n_estimators"),
    ({"n_estimators": 1.5}, "n_estimators"),
    ({"n_estimators": "many"}, "n_estimators"),
    ({"learning_rate": -1.0}, "learning_rate"),
    ({"max_leaf_nodes": 1}, "max_leaf_nodes"),
    ({"max_bins": 1000}, "max_bins"),
    ({"grow_policy": "sideways"}, "grow_policy"),
    ({"negative_weights": "drop"}, "negative_weights"),
    ({"early_stopping": "perhaps"}, "early_stopping"),
    ({"early_stopping": 1}, "early_stopping must be 'auto', True or False, got 1"),
    ({"early_stopping": 0.0}, "early_stopping must be 'auto', True or False, got 0.0"),
    ({"early_stopping": np.array([True])}, "early_stopping"),
    ({"early_stopping": True, "validation_fraction": 2.0}, "validation_fraction"),
    ({"n_jobs": 0}, "n_jobs"),
    ({"random_state": -5}, "random_state"),
]


@pytest.mark.parametrize(("settings", "message"), BAD_PARAMETERS, ids=str)
def test_wrong_parameters_are_named(settings: dict[str, Any], message: str) -> None:
    X, y, z = events(100)
    with pytest.raises(InvalidArgument, match=message):
        GradientBoostedTreesClassifier(**settings).fit(X, y)
    model = GradientBoostedTreesRegressor(**settings)
    with pytest.raises(InvalidArgument, match=message):
        model.fit(X, z)
    assert not hasattr(model, "predictor_")


@pytest.mark.parametrize("choice", [True, False])
def test_early_stopping_takes_booleans_of_numpy(choice: bool) -> None:
    X, y, z = events(400)
    for kind, answer in ((GradientBoostedTreesClassifier, y), (GradientBoostedTreesRegressor, z)):
        fits = [
            kind(n_estimators=30, learning_rate=0.9, n_iter_no_change=2, random_state=1, early_stopping=value).fit(
                X, answer
            )
            for value in (choice, np.bool_(choice))
        ]
        assert (len(fits[1].validation_loss_) > 0) == choice
        np.testing.assert_array_equal(fits[0].predict(X), fits[1].predict(X))
        np.testing.assert_array_equal(fits[0].validation_loss_, fits[1].validation_loss_)


def test_wrong_input_is_named() -> None:
    X, y, z = events(100)
    model = GradientBoostedTreesClassifier(n_estimators=2)
    for bad, message in (
        ((X[:0], y[:0]), "0 sample"),
        ((X, np.full(100, "s")), "1 class"),
        ((X, y, np.zeros(100)), "all weights are zero"),
        ((X, y, np.where(y == "s", 1.0, 0.0)), "one class only"),
        ((X, y, np.full(100, np.nan)), "sample_weight"),
        ((X, y, np.ones(99)), "sample_weight"),
        ((X, y[:99]), "one per event"),
        ((X.astype(np.float64) * 1e300, y), "too large"),
        ((X.astype(str), np.full(100, np.nan)), "y contains NaN"),
        ((X, y, None, (X, y, y, y)), "eval_set"),
        ((X, y, None, (X[:, :2], y)), "features"),
        ((X, y, None, (X, np.full(100, "tau"))), "'tau'"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(*bad)
    with pytest.raises(InvalidArgument, match="Negative values"):
        GradientBoostedTreesClassifier(negative_weights="error").fit(X, y, np.where(np.arange(100) == 3, -1.0, 1.0))
    held_out = (X, y, np.where(np.arange(100) == 3, -1.0, 1.0))
    with pytest.raises(InvalidArgument, match=r"Negative values in data passed to `eval_set sample_weight`"):
        GradientBoostedTreesClassifier(negative_weights="error").fit(X, y, eval_set=held_out)
    with pytest.raises(InvalidArgument, match="y contains NaN"):
        GradientBoostedTreesRegressor().fit(X, np.where(np.arange(100) == 3, np.inf, z))
    with pytest.raises(ValueError, match="3 features"):
        model.fit(X, y).predict(X[:, :3])


@pytest.mark.parametrize("policy", ["ignore", "pair"])
def test_events_set_apart_keep_their_negative_weights(policy: str) -> None:
    """As those of eval_set do: the loss is to be that of the truth."""
    from diskern.estimators._split import split_off

    generator = np.random.default_rng(3)
    X = generator.normal(size=(600, 3)).astype(np.float32)
    y = (X[:, 0] + generator.normal(size=600) > 0).astype(int)
    weight = np.where(generator.random(600) < 0.2, -0.5, 1.0)
    settings = {"n_estimators": 12, "n_iter_no_change": 50, "random_state": 4, "negative_weights": policy}
    within = GradientBoostedTreesClassifier(early_stopping=True, **settings).fit(X, y, weight)
    apart = split_off(y.astype(np.int32), within.validation_fraction, within._seed())
    assert (weight[apart] < 0).any()
    held_out = (X[apart], y[apart], weight[apart])
    given = GradientBoostedTreesClassifier(**settings).fit(X[~apart], y[~apart], weight[~apart], eval_set=held_out)
    np.testing.assert_array_equal(within.validation_loss_, given.validation_loss_)
    positive = (X[apart], y[apart], np.maximum(weight[apart], 0.0))
    other = GradientBoostedTreesClassifier(**settings).fit(X[~apart], y[~apart], weight[~apart], eval_set=positive)
    assert not np.array_equal(within.validation_loss_, other.validation_loss_)


@pytest.mark.parametrize(("policy", "expected"), [("ignore", 3.0), ("clip", 3.0), ("absolute", 2.2)])
def test_balanced_classes_count_weights_as_the_training_does(policy: str, expected: float) -> None:
    from diskern.estimators._class_weight import class_factors

    weight = np.array([1.0, 1.0, -0.2, 3.0, 3.0])
    model = GradientBoostedTreesClassifier(negative_weights=policy)
    index = np.array([0, 0, 0, 1, 1], np.int32)
    factors = class_factors("balanced", np.array([0, 1]), index, model._counted(weight))
    assert factors is not None
    assert factors[0] / factors[1] == pytest.approx(6.0 / {3.0: 2.0, 2.2: 2.2}[expected])


def test_interruption_keeps_the_model_so_far() -> None:
    X, y, _ = events(20000)
    model = GradientBoostedTreesClassifier(n_estimators=100000, max_leaf_nodes=64)
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    timer.join()
    assert model.interrupted_ is True
    assert 0 < model.n_iter_ < 100000
    assert model.score(X, y) > 0.8


def test_import_works_without_scikit_learn() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import diskern, diskern.tmva.methods.gradient_boosted_trees\n"
        "try:\n    diskern.GradientBoostedTreesClassifier\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "diskern[sklearn]" in done.stdout
    assert diskern.GradientBoostedTreesClassifier is GradientBoostedTreesClassifier
    done = subprocess.run(
        [sys.executable, "-c", "import sys, diskern; print('sklearn' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "False"


# The method for the Factory


def sample_of(X: NDArray[np.float32], class_index: Any, targets: Any = None) -> TrainingSample:
    n = len(X)
    return TrainingSample(
        variables=X,
        class_index=np.asarray(class_index, np.int32),
        targets=np.empty((n, 0), np.float32) if targets is None else np.asarray(targets, np.float32),
        weight=np.ones(n),
        variable_labels=("a", "b", "c", "d"),
        variable_types=("F",) * 4,
        class_names=("Signal", "Background", "Other"),
    )


def book(analysis_type: Any, **values: Any) -> GradientBoostedTrees:
    return GradientBoostedTrees("GBT", analysis_type, GradientBoostedTrees.defaults(analysis_type) | values)


def test_method_classification() -> None:
    X, y, _ = events(4000)
    is_background = (y == "b").astype(np.int32)  # class 0 is the signal
    half = slice(0, 2000), slice(2000, 4000)
    trained = book("Classification", NTrees=300).train(
        sample_of(X[half[0]], is_background[half[0]]), sample_of(X[half[1]], is_background[half[1]])
    )
    response = trained.predictor.evaluate(X)[:, 0]
    assert response[y == "s"].mean() > 0.75 > 0.25 > response[y == "b"].mean()
    assert trained.signal_cut == 0.5
    assert {name for name, _ in trained.ranking[:2]} == {"a", "b"}
    curve = trained.curves[0]
    assert curve.validation is not None
    assert len(curve.training) == len(curve.validation) == len(curve.iteration) < 301
    assert "iterations kept" in trained.notes[0]
    # the same trees as the estimator's
    model = GradientBoostedTreesClassifier(n_estimators=300)
    model.fit(X[half[0]], y[half[0]], eval_set=(X[half[1]], y[half[1]]))
    np.testing.assert_array_equal(model.predict_proba(X)[:, 1], response)


def test_method_multiclass_and_regression() -> None:
    X, _, z = events()
    classes = np.digitize(z, [-0.5, 0.5])
    trained = book("Multiclass", NTrees=20).train(sample_of(X, classes))
    response = trained.predictor.evaluate(X)
    assert response.shape == (2000, 3)
    assert np.mean(response.argmax(axis=1) == classes) > 0.8
    trained = book("Regression", NTrees=20).train(sample_of(X, np.zeros(2000), z[:, np.newaxis]))
    assert np.corrcoef(trained.predictor.evaluate(X)[:, 0], z)[0, 1] > 0.9
    with pytest.raises(InvalidArgument, match="one target"):
        book("Regression").train(sample_of(X, np.zeros(2000), np.column_stack([z, z])))


def test_method_negative_weights() -> None:
    X, y, _ = events()
    sample = sample_of(X, y == "b")
    sample.weight[:10] = -1.0
    with pytest.raises(InvalidArgument, match="negative weight"):
        book("Classification", NegWeightTreatment="NoNegWeightsInTraining").train(sample)
    kept = book("Classification", NTrees=5).train(sample).predictor.evaluate(X)
    ignored = book("Classification", NTrees=5, NegWeightTreatment="IgnoreNegWeightsInTraining").train(sample)
    sample.weight[:10] = 0.0
    left_out = book("Classification", NTrees=5).train(sample)
    np.testing.assert_array_equal(ignored.predictor.evaluate(X), left_out.predictor.evaluate(X))
    assert not np.array_equal(kept, left_out.predictor.evaluate(X))
