"""uBoost: what it is for, against AdaBoost and hep_ml, and that nothing depends on what it must not."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import diskern
import diskern.inspection

pytest.importorskip("sklearn")

from sklearn.metrics import roc_auc_score

from diskern import AdaBoostTreesClassifier, InvalidArgument, KFoldClassifier, UBoostClassifier, _core
from diskern.evaluation import efficiency_deviation, protected_bins
from foreign_events import special_events


def sample(n: int = 4000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A background whose first variable follows the mass, so that a plain classifier shapes the mass."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 2, n)
    mass = generator.exponential(1.0, n)
    mass[y == 1] = generator.normal(1.0, 0.1, (y == 1).sum())
    X = generator.normal(size=(n, 3)).astype(np.float32)
    X[:, 0] += y - np.where(y == 0, 2.0 * (np.abs(mass - 1) - 0.5), 0.0)
    X[:, 1] += 0.7 * y
    return X, y, mass


def small(**parameters: Any) -> UBoostClassifier:
    return UBoostClassifier(**({"n_estimators": 8, "efficiency_steps": 4, "n_neighbors": 30, "n_jobs": 1} | parameters))


def responses(model: UBoostClassifier, X: np.ndarray) -> np.ndarray:
    return model.predict_proba(X)[:, 1]


# -- what it is for ----------------------------------------------------------------------------------------------------


def test_flatter_than_adaboost() -> None:
    X, y, mass = sample()
    other, labels, masses = sample(seed=2)
    background = labels == 0
    bins = protected_bins(masses[background], None, 8)
    found = {}
    for rate in (0.0, 0.3, 1.0):
        model = UBoostClassifier(n_estimators=40, efficiency_steps=10, uniforming_rate=rate).fit(X, y, protected=mass)
        response = responses(model, other)
        deviation = efficiency_deviation(response[background], bins, None, (0.1, 0.2, 0.3, 0.5))
        found[rate] = deviation, roc_auc_score(labels, response)
    assert found[0.0][0] > 0.15
    assert found[0.3][0] < 0.85 * found[0.0][0]
    assert found[1.0][0] < 0.75 * found[0.0][0]
    assert found[1.0][1] > found[0.0][1] - 0.05
    boosted = AdaBoostTreesClassifier(engine="histogram", n_estimators=40, max_bins=255).fit(X, y)
    assert found[0.0][1] == pytest.approx(roc_auc_score(labels, boosted.decision_function(other)), abs=0.01)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its pool of threads is not closed
def test_as_flat_and_as_good_as_hep_ml() -> None:
    """The same number of forests, trees, depth and neighbours; how strongly unevenness boosts is chosen to be alike."""
    uboost = pytest.importorskip("hep_ml.uboost", reason="hep_ml is not installed")
    pandas = pytest.importorskip("pandas")
    from sklearn.tree import DecisionTreeClassifier

    X, y, mass = sample(2500)
    other, labels, masses = sample(4000, seed=2)

    def frame(events: np.ndarray, protected: np.ndarray) -> Any:
        return pandas.DataFrame(np.column_stack([events, protected]), columns=["a", "b", "c", "mass"])

    theirs = uboost.uBoostClassifier(
        ["mass"],
        uniform_label=0,
        train_features=["a", "b", "c"],
        efficiency_steps=6,
        n_estimators=25,
        base_estimator=DecisionTreeClassifier(max_depth=3, random_state=0),
    ).fit(frame(X, mass), y)
    ours = UBoostClassifier(
        n_estimators=25, efficiency_steps=6, learning_rate=1.0, uniforming_rate=0.2, smoothing=1.0
    ).fit(X, y, protected=mass)
    background = labels == 0
    bins = protected_bins(masses[background], None, 8)
    found = [
        (efficiency_deviation(response[background], bins, None, (0.1, 0.2, 0.3, 0.5)), roc_auc_score(labels, response))
        for response in (responses(ours, other), theirs.predict_proba(frame(other, masses))[:, 1])
    ]
    assert found[0][0] < found[1][0] + 0.01, found
    assert found[0][1] > found[1][1] - 0.01, found


def test_classes_may_change_places() -> None:
    """A flat background is the mirror image of a flat signal."""
    X, y, mass = sample(1000)
    there = small().fit(X, y, protected=mass)
    back = small(uniform_class=1).fit(X, 1 - y, protected=mass)
    np.testing.assert_allclose(responses(there, X), 1.0 - responses(back, X), atol=1e-12)


@pytest.mark.slow
def test_dalitz_plane_of_hep_ml(data_directory: Path) -> None:
    """A signal that is flat in both masses: half the unevenness of AdaBoost at 0.02 less area."""
    uproot = pytest.importorskip("uproot")
    path = data_directory / "dalitz_uniformity" / "dalitzdata.root"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with uproot.open(path) as file:
        tree = file[file.keys()[0]].arrays(library="np")
    y = tree["labels"].astype(np.int64)
    X = np.column_stack([tree["Y1"], tree["Y2"], tree["Y3"]]).astype(np.float32)
    masses = np.column_stack([tree["M2AB"], tree["M2AC"]]).astype(np.float64)
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:40_000], order[40_000:]
    model = UBoostClassifier(
        uniform_class=1, n_estimators=50, learning_rate=1.0, smoothing=1.0, uniforming_rate=0.3, max_depth=4
    ).fit(X[train], y[train], protected=masses[train])
    plain = AdaBoostTreesClassifier(engine="histogram", n_estimators=100).fit(X[train], y[train])
    signal = y[test] == 1
    bins = protected_bins(masses[test][signal], None, 5)
    found = [
        (efficiency_deviation(response[signal], bins), roc_auc_score(y[test], response))
        for response in (responses(model, X[test]), plain.decision_function(X[test]))
    ]
    assert found[0][0] < 0.5 * found[1][0], found
    assert found[0][1] > found[1][1] - 0.025, found


def test_each_forest_is_cut_at_its_efficiency() -> None:
    X, y, mass = sample(2000)
    model = small(uniform_class=1).fit(X, y, protected=mass)
    np.testing.assert_allclose(model.efficiencies_, [0.2, 0.4, 0.6, 0.8])
    votes = model.predictor_.voters.evaluate(X[y == 1])
    assert votes.shape[1] == 4
    # Many events have the same score; those at the cut itself have a vote of one half.
    assert ((votes > 0.5 + 1e-9).mean(axis=0) < model.efficiencies_).all()
    assert ((votes > 0.5 - 1e-9).mean(axis=0) >= model.efficiencies_).all()
    np.testing.assert_allclose(responses(model, X), model.predictor_.voters.evaluate(X).mean(axis=1), rtol=1e-14)
    assert model.estimator_errors_.shape == model.deviations_.shape == (8, 4)
    assert (model.estimator_errors_ > 0).all()
    assert (model.estimator_errors_ < 0.55).all()


def test_without_uniformity_it_is_adaboost() -> None:
    """One efficiency and no boost for unevenness: the scores of AdaBoost, up to a scale and the cut."""
    X, y, mass = sample(1500)
    half = np.r_[np.flatnonzero(y == 0)[:600], np.flatnonzero(y == 1)[:600]]  # equal classes: uBoost makes them so
    X, y, mass = X[half], y[half], mass[half]
    model = UBoostClassifier(n_estimators=10, efficiency_steps=1, uniforming_rate=0.0, learning_rate=0.5)
    model.fit(X, y, protected=mass)
    boosted = AdaBoostTreesClassifier(engine="histogram", n_estimators=10, max_bins=255).fit(X, y)
    # AdaBoost brings the sum of all weights back to what it was, uBoost that of each class; the first tree is the same.
    assert model.estimator_errors_[0, 0] == pytest.approx(boosted.estimator_errors_[0], rel=1e-12)
    first = UBoostClassifier(n_estimators=1, efficiency_steps=1, uniforming_rate=0.0).fit(X, y, protected=mass)
    tree, same = first.predictor_.voters.tree(0), boosted.predictor_.tree(0)
    for name in ("feature", "threshold", "left", "right"):
        np.testing.assert_array_equal(tree[name], same[name])


def test_unevenness_gives_weight_where_hep_ml_gives_it() -> None:
    """Deviation of the local efficiencies after one tree, from the definition with a brute search of neighbours."""
    X, y, mass = sample(400)
    one = UBoostClassifier(
        uniform_class=1, n_estimators=1, efficiency_steps=1, uniforming_rate=0.0, smoothing=1e-9, n_neighbors=20
    ).fit(X, y, protected=mass)
    mine = y == 1
    tree = one.predictor_.voters.tree(0)
    score = np.sign(tree["value"][one.predictor_.voters.leaf_index(X)[:, 0]])
    # The cut is at one of the two scores, where half of an event passes.
    at_upper = (score[mine] > 0).mean() >= 0.5
    passing = np.where(score[mine] > 0, 0.5 if at_upper else 1.0, 0.0 if at_upper else 0.5)
    distance = np.abs(mass[mine][:, None] - mass[mine][None, :])
    neighbours = np.argsort(distance, axis=1, kind="stable")[:, :20]
    local = passing[neighbours].mean(axis=1)
    # Weights after the tree: the wrong ones times exp(rate * log((1 - e) / e)), then each class to the same sum.
    error = one.estimator_errors_[0, 0]
    wrong = (score > 0) != mine
    weight = np.where(wrong, np.exp(0.5 * np.log((1 - error) / error)), 1.0)[mine]
    expected = np.average(np.abs(local - passing.mean()), weights=weight)
    assert one.deviations_[0, 0] == pytest.approx(expected, rel=1e-6)


# -- what must not matter ----------------------------------------------------------------------------------------------


def test_threads_order_and_repeated_events() -> None:
    X, y, mass = sample(1200)
    mass = np.round(mass, 2)  # ties
    count = np.random.default_rng(3).integers(1, 4, len(y))
    expected = responses(small().fit(X, y, count.astype(float), protected=mass), X)
    assert len(np.unique(expected)) > 20
    for threads in (2, 3):
        again = small(n_jobs=threads).fit(X, y, count.astype(float), protected=mass)
        np.testing.assert_array_equal(responses(again, X), expected)
    order = np.random.default_rng(4).permutation(len(y))
    shuffled = small().fit(X[order], y[order], count[order].astype(float), protected=mass[order])
    np.testing.assert_array_equal(responses(shuffled, X), expected)
    rows = np.repeat(np.arange(len(y)), count)
    repeated = small().fit(X[rows], y[rows], protected=mass[rows])
    np.testing.assert_array_equal(responses(repeated, X), expected)


def test_scale_of_weights_and_of_protected_variables() -> None:
    X, y, mass = sample(1000)
    masses = np.column_stack([mass, X[:, 2]])
    expected = responses(small().fit(X, y, np.full(1000, 0.25), protected=masses), X)
    # Powers of two, so that nothing is rounded otherwise; below one weights count as one event.
    scaled = small().fit(X, y, np.full(1000, 0.5), protected=masses * np.array([1024.0, 0.125]))
    np.testing.assert_array_equal(responses(scaled, X), expected)


def test_labels_and_missing_values() -> None:
    X, y, mass = sample(1000)
    X[::5, 0] = np.nan
    X[3, 1] = np.inf
    names = np.array(["background", "signal"])[y]
    chosen = small(uniform_class="background").fit(X, names, protected={"mass": mass})
    np.testing.assert_array_equal(responses(chosen, X), responses(small().fit(X, y, protected=mass), X))
    signal = small(uniform_class="signal").fit(X, names, protected=mass)
    assert not np.array_equal(responses(signal, X), responses(chosen, X))
    assert set(signal.predict(X)) == {"background", "signal"}
    assert np.all((signal.decision_function(X) > 0) == (signal.predict(X) == "signal"))


def test_negative_weights() -> None:
    X, y, mass = sample(2000)
    weight = np.where(np.random.default_rng(5).random(2000) < 0.1, -0.5, 1.0)
    kept = small(n_neighbors=100).fit(X, y, weight, protected=mass)
    assert roc_auc_score(y, responses(kept, X)) > 0.7
    ignored = small(negative_weights="ignore").fit(X, y, weight, protected=mass)
    positive = weight > 0
    plain = small().fit(X[positive], y[positive], protected=mass[positive])
    np.testing.assert_array_equal(responses(ignored, X), responses(plain, X))
    with pytest.raises(InvalidArgument, match="Negative values"):
        small(negative_weights="error").fit(X, y, weight, protected=mass)
    with pytest.raises(InvalidArgument, match=r"around its event \d+ is not positive; take more neighbours"):
        small(n_neighbors=2).fit(X, y, np.where(np.arange(2000) % 3 == 0, -1.0, 1.0), protected=mass)


# -- model file, folds, C++ --------------------------------------------------------------------------------------------


def test_file_pickle_and_folds(tmp_path: Path) -> None:
    X, y, mass = sample(1000)
    model = small().fit(X, y, protected=mass)
    expected = responses(model, X)
    model.save(tmp_path / "model.diskern")
    loaded = diskern.load(tmp_path / "model.diskern")
    assert loaded.method == "UBoost"
    np.testing.assert_array_equal(loaded.evaluate(X)[:, 0], expected)
    np.testing.assert_array_equal(loaded.evaluate(X[:1])[:, 0], expected[:1])
    np.testing.assert_array_equal(loaded.evaluate(X.astype(np.float64), threads=2)[:, 0], expected)
    columns = {f"x{j}": X[:, j] for j in range(3)}
    np.testing.assert_array_equal(loaded.evaluate(columns)[:, 0], expected)
    np.testing.assert_array_equal(responses(pickle.loads(pickle.dumps(model)), X), expected)
    folds = KFoldClassifier(small(), 2).fit(X, y, key=np.arange(1000), protected=mass)
    seen = folds.fold_ != 0
    by_hand = small().fit(X[seen], y[seen], protected=mass[seen])
    np.testing.assert_array_equal(folds.out_of_fold_[~seen], by_hand.predict_proba(X[~seen]))


def unusual_events(model: diskern.Model) -> np.ndarray:
    """Events on the thresholds of the forests, beside them, and of unusual numbers."""
    return special_events(cast(Any, SimpleNamespace(variables=model.variables, predictor=model.predictor.voters)))


def test_written_as_onnx(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    X, y, mass = sample(1500)
    X[::7, 1] = np.nan
    estimator = small(efficiency_steps=5).fit(X, y, protected=mass)
    estimator.save(tmp_path / "model.diskern")
    model = diskern.load(tmp_path / "model.diskern")
    model.save_onnx(tmp_path / "model.onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"), options)
    assert [one.shape for one in session.get_outputs()] == [["events", 1]]
    for events in (X, unusual_events(model)):
        expected = model.evaluate(events)
        parts = model.predictor.voters.evaluate(events)
        assert parts.shape == (len(events), 5)
        assert np.ptp(parts, axis=1).max() > 0.1  # another number of them would have another mean
        found = session.run(["responses"], {"variables": events})[0]
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)
    X = np.nan_to_num(X)
    chain = _core.TransformationChain.fit("N", X, 0, np.ones(1500), y.astype(np.int32), ["0", "1"], ["a", "b", "c"])
    behind = diskern.Model(_core.Model(estimator._model().info, chain, estimator.predictor_))
    behind.save_onnx(tmp_path / "behind.onnx")
    session = runtime.InferenceSession(str(tmp_path / "behind.onnx"), options)
    found = session.run(["responses"], {"variables": X})[0]
    assert np.abs(found - model.evaluate(X)).max() > 0.01  # the transformation does something
    np.testing.assert_allclose(found, behind.evaluate(X), rtol=2e-6, atol=1e-6)


def test_written_as_a_header(tmp_path: Path) -> None:
    from test_cpp_export import compiled, compiler

    if compiler is None:
        pytest.skip("no C++ compiler is installed")
    X, y, mass = sample(1500)
    X[::7, 1] = np.nan
    model = diskern.Model(small(efficiency_steps=5).fit(X, y, protected=mass)._model())
    events = np.vstack([X, unusual_events(model)])
    found = compiled(tmp_path, {"uboost": model}, {"uboost": events})["uboost"]
    np.testing.assert_allclose(found, model.evaluate(events), rtol=1e-14)


def test_what_no_sum_of_trees_is_told() -> None:
    """Formats and explanations that know sums of trees only say why, and what can be done."""
    X, y, mass = sample(800)
    estimator = small(efficiency_steps=3).fit(X, y, protected=mass)
    model = diskern.Model(estimator._model())
    with pytest.raises(InvalidArgument, match=r"uBoost cannot be written as a TMVA weight file.*mean over 3 forests"):
        model.to_tmva_xml()
    with pytest.raises(InvalidArgument, match=r"uBoost cannot be written as a model of XGBoost.*mean over 3 forests"):
        model.to_xgboost_json()
    for subject in (estimator, model):
        with pytest.raises(InvalidArgument, match=r"mean over 3 forests.*no sum of trees.*\.voters"):
            diskern.inspection.shap_values(subject, X[:5])
    voters = estimator.predictor_.voters
    shap = diskern.inspection.shap_values(voters, X)
    score = shap.base_value + shap.values.sum(axis=2)
    np.testing.assert_allclose((1.0 / (1.0 + np.exp(-score))).mean(axis=1), responses(estimator, X), rtol=1e-12)
    importance = diskern.inspection.permutation_importance(estimator, X, y, repeats=3)
    assert importance.ranking()[-1][0] == "x2"  # which tells nothing


def test_interruption_keeps_whole_rounds() -> None:
    X, y, mass = sample(1500)
    params = _core.UBoostParams()
    params.n_estimators = 30
    params.efficiency_steps = 3

    def progress(done: int, total: int, training: float, validation: float) -> None:
        if done == 4:
            raise KeyboardInterrupt

    arguments = (X, np.ones(1500), y.astype(np.int32), np.ascontiguousarray(mass[:, None]))
    result = _core.fit_uboost(params, *arguments, progress=progress)
    assert result.interrupted
    assert result.predictor.voters.tree_count == 4 * 3
    params.n_estimators = 4
    whole = _core.fit_uboost(params, *arguments)
    np.testing.assert_array_equal(result.predictor.evaluate(X), whole.predictor.evaluate(X))


# -- booked ------------------------------------------------------------------------------------------------------------


def test_booked(tmp_path: Path) -> None:
    from diskern.tmva import DataLoader, Factory

    X, y, mass = sample(3000)

    def book(options: str) -> Any:
        loader = DataLoader("uniform")
        for name in ("a", "b", "c"):
            loader.AddVariable(name)
        loader.AddSpectator("mass")
        for label, name in ((1, "Signal"), (0, "Background")):
            mine = y == label
            loader.AddTree({"a": X[mine, 0], "b": X[mine, 1], "c": X[mine, 2], "mass": mass[mine]}, name)
        loader.PrepareTrainingAndTestTree("", "SplitMode=Random:!V")
        factory = Factory("uniform", Silent=True, ModelPersistence=False)
        booked = factory.BookMethod(loader, "UBoost", "uBoost", options)
        factory.TrainAllMethods()
        return booked.model

    common = "NTrees=6:EfficiencySteps=3"
    plain = book(f"ProtectedVariables=mass:{common}").evaluate(X)
    for option in (
        "AdaBoostBeta=1",
        "UniformingRate=0",
        "Smoothing=0.1",
        "NNeighbours=200",
        "MaxDepth=1",
        "MinNodeSize=20",
        "MaxBins=8",
        "UniformClass=Signal",
        "NTrees=7",
        "EfficiencySteps=4",
    ):
        kept = ":".join(part for part in common.split(":") if part.split("=")[0] != option.split("=")[0])
        assert not np.array_equal(book(f"ProtectedVariables=mass:{kept}:{option}").evaluate(X), plain), option
    with pytest.raises(InvalidArgument, match="ProtectedVariables must name the spectators"):
        book(common)


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_estimators": 0}, "n_estimators must be at least 1"),
        ({"efficiency_steps": 0}, "efficiency_steps must be from 1 to 1024"),
        ({"efficiency_steps": 2000}, "efficiency_steps must be from 1 to 1024"),
        ({"learning_rate": 0.0}, "learning_rate must be a positive number"),
        ({"uniforming_rate": -1.0}, "uniforming_rate must not be negative"),
        ({"smoothing": 0.0}, "smoothing must be a positive number"),
        ({"n_neighbors": 0}, "n_neighbors must be at least 1"),
        ({"n_neighbors": 5000}, "n_neighbors must be from 1 to the number of events of a class"),
        ({"n_neighbors": "many"}, "n_neighbors must be of type float"),
        ({"max_depth": -1}, "max_depth must be 0"),
        ({"min_weight_fraction_leaf": 0.5}, "min_weight_fraction_leaf must be from 0 to below 0.5"),
        ({"max_bins": 256}, "max_bins must be from 2 to 255"),
        ({"uniform_class": 7}, "uniform_class names 7, y holds 0, 1"),
        ({"uniform_class": [0, 1]}, "uniform_class must be one label"),
        ({"negative_weights": "pair"}, "negative_weights must be 'keep', 'ignore' or 'error'"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], message: str) -> None:
    X, y, mass = sample(300)
    with pytest.raises(InvalidArgument, match=message):
        small(**parameters).fit(X, y, protected=mass)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: None, "protected is needed"),
        (lambda m: np.full(len(m), 3.0), "protected variable 0 is constant"),
        (lambda m: np.where(np.arange(len(m)) == 5, np.nan, m), "NaN or infinity, first at event 5"),
        (lambda m: m[:-1], "one row per event"),
        (lambda m: np.column_stack([m] * 5), "1 to 4 variables"),
    ],
)
def test_bad_protected_variables(change: Any, message: str) -> None:
    X, y, mass = sample(300)
    with pytest.raises(InvalidArgument, match=message):
        small().fit(X, y, protected=change(mass))
    with pytest.raises(InvalidArgument, match="two classes, y holds 3"):
        small().fit(X, np.arange(300) % 3, protected=mass)
