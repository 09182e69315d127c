"""k-fold training by event key: who saw what, in Python and from the model file."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import diskern
from diskern import _core

pytest.importorskip("sklearn")

from diskern import (
    FisherClassifier,
    GradientBoostedTreesClassifier,
    GradientBoostedTreesRegressor,
    InvalidArgument,
    KFoldClassifier,
    KFoldRegressor,
)


def sample(n: int = 600, seed: int = 1):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 3)).astype(np.float32)
    y = (X[:, 0] + generator.normal(size=n) > 0).astype(int)
    key = generator.permutation(10 * n)[:n]
    return X, y, key


def trees(**others):
    return GradientBoostedTreesClassifier(n_estimators=5, max_leaf_nodes=4, random_state=1, **others)


@pytest.fixture(scope="module")
def trained():
    X, y, key = sample()
    return KFoldClassifier(trees(), 3).fit(X, y, key=key), X, y, key


# -- the rule ----------------------------------------------------------------------------------------------------------


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 from its paper, in Python's integers."""
    mask = 0xFFFFFFFF
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & mask,
            (first >> 32) ^ counter[3] ^ key[1],
            first & mask,
        ]
        key = [(key[0] + 0x9E3779B9) & mask, (key[1] + 0xBB67AE85) & mask]
    return counter


def hashed(key: tuple[float, ...], seed: int, buckets: int) -> int:
    """The hash as docs/k-fold.md states it."""
    mixed = philox([seed & 0xFFFFFFFF, seed >> 32, 9, 0], [0, 0])
    state = philox([len(key), 0, 0, 0], mixed[:2])
    for value in key:
        bits = int(np.float64(value + 0.0).view(np.uint64))
        state = philox([bits & 0xFFFFFFFF, bits >> 32, state[2], state[3]], state[:2])
    return state[0] * buckets >> 32


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3])
def test_the_hash_is_the_one_that_is_documented(columns: int, seed: int) -> None:
    keys = np.random.default_rng(columns).integers(-(2**53), 2**53, (200, columns)).astype(np.float64)
    rule = _core.FoldRule.hash(7, seed, [f"k{j}" for j in range(columns)])
    assert rule.folds(keys).tolist() == [hashed(tuple(row), seed, 7) for row in keys]


def test_the_hash_spreads_consecutive_numbers_evenly() -> None:
    for columns in (1, 2):
        keys = np.zeros((100_000, columns))
        keys[:, -1] = np.arange(100_000)
        counts = np.bincount(_core.FoldRule.hash(5, 0, ["a", "b"][:columns]).folds(keys))
        assert ((counts - 20_000) ** 2 / 20_000).sum() < 25  # chi-squared of 4 degrees of freedom


def test_equal_numbers_have_equal_folds() -> None:
    rule = _core.FoldRule.hash(100, 3, ["k"])
    assert len(set(rule.folds(np.array([[0.0], [-0.0]])).tolist())) == 1


def test_expression_gives_the_fold() -> None:
    rule = _core.FoldRule.expression(5, "int(abs(eventNumber)) % 5")
    assert list(rule.key_columns) == ["eventNumber"]
    keys = np.array([0.0, 1.0, 7.0, -9.0, 2.0**53])
    assert rule.folds(keys[:, None]).tolist() == [0, 1, 2, 4, 2**53 % 5]
    near = _core.FoldRule.expression(3, "a + b")  # TMVA's tolerance
    assert near.folds(np.array([[1.0, 0.9e-5]])).tolist() == [1]
    for bad in ([1.0, 1.1e-5], [3.0, 0.0], [-1.0, 0.0], [np.nan, 0.0]):
        with pytest.raises(InvalidArgument, match=r"event 0 has no fold.*a = .*expected an integer 0 to 2"):
            near.folds(np.array([bad]))


# -- who saw what ------------------------------------------------------------------------------------------------------


def test_no_event_is_scored_by_a_model_that_saw_it(trained) -> None:
    """Each fold's model is the one that is trained by hand without the fold, and it answers for the fold."""
    model, X, y, key = trained
    for f in range(3):
        seen = model.fold_ != f
        by_hand = trees().fit(X[seen], y[seen])
        np.testing.assert_array_equal(model.out_of_fold_[~seen], by_hand.predict_proba(X[~seen]))
        assert by_hand._model().to_bytes() == model.estimators_[f]._model().to_bytes()
    np.testing.assert_array_equal(model.predict_proba(X, key), model.out_of_fold_)
    assert (model.predict(X, key=key) == model.out_of_fold_.argmax(axis=1)).all()


def test_labels_of_noise_are_not_remembered_out_of_fold() -> None:
    """A forest that knows pure noise by heart has no power on the events it did not see."""
    generator = np.random.default_rng(5)
    X, y = generator.normal(size=(400, 5)), generator.integers(2, size=400)
    inner = GradientBoostedTreesClassifier(n_estimators=200, min_samples_leaf=1, learning_rate=0.3, random_state=1)
    key = np.arange(400)
    model = KFoldClassifier(inner, 4).fit(X, y, key=key)
    assert (inner.fit(X, y).predict(X) == y).all()
    assert abs((model.predict(X, key=key) == y).mean() - 0.5) < 0.1
    assert (model.estimators_[0].predict(X[model.fold_ != 0]) == y[model.fold_ != 0]).all()


def test_events_of_one_key_stay_together() -> None:
    X, y, _ = sample()
    group = np.random.default_rng(2).integers(40, size=len(X))
    for stratified in (False, True):
        model = KFoldClassifier(trees(), 4, stratified=stratified).fit(X, y, key=group)
        assert all(len(set(model.fold_[group == g])) == 1 for g in range(40))


def test_the_fold_does_not_depend_on_the_other_events() -> None:
    X, y, key = sample()
    model = KFoldClassifier(trees(), 3).fit(X, y, key=key)
    order = np.random.default_rng(1).permutation(len(X))[:400]
    again = KFoldClassifier(trees(), 3).fit(X[order], y[order], key=key[order])
    np.testing.assert_array_equal(again.fold_, model.fold_[order])


def test_new_events_follow_the_same_rule(trained) -> None:
    model, X, _, _ = trained
    new = np.arange(10_000, 10_000 + len(X))
    fold = np.array([hashed((float(k),), 0, 3) for k in new])
    expected = np.empty((len(X), 2))
    for f in range(3):
        expected[fold == f] = model.estimators_[f].predict_proba(X[fold == f])
    np.testing.assert_array_equal(model.predict_proba(X, new), expected)


def test_stratified_folds_have_equal_shares() -> None:
    generator = np.random.default_rng(3)
    y = (generator.random(5000) < 0.04).astype(int)
    X = generator.normal(size=(5000, 2))
    model = KFoldClassifier(trees(), 5, stratified=True).fit(X, y, key=np.arange(5000))
    shares = np.bincount(model.fold_[y == 1], minlength=5) / (y == 1).sum()
    assert np.abs(shares - 0.2).max() < 0.02
    assert np.abs(np.bincount(model.fold_) / 5000 - 0.2).max() < 0.02


def test_expression_and_named_columns() -> None:
    X, y, key = sample()
    columns = {"run": key // 100, "eventNumber": key, "other": np.zeros(len(key))}
    model = KFoldClassifier(trees(), 5, split="int(eventNumber) % 5").fit(X, y, key=columns)
    np.testing.assert_array_equal(model.fold_, key % 5)
    np.testing.assert_array_equal(model.predict_proba(X, {"eventNumber": key}), model.out_of_fold_)
    two = KFoldClassifier(trees(), 3).fit(X, y, key={"run": columns["run"], "eventNumber": key})
    assert two.key_columns_ == ("run", "eventNumber")
    np.testing.assert_array_equal(two.predict_proba(X, columns), two.out_of_fold_)


def test_weights_are_those_of_the_events() -> None:
    X, y, key = sample(300)
    count = np.random.default_rng(8).integers(0, 4, len(X))
    inner = trees(max_bins=16)
    weighted = KFoldClassifier(inner, 3).fit(X, y, count, key=key)
    repeated = KFoldClassifier(inner, 3).fit(np.repeat(X, count, 0), np.repeat(y, count), key=np.repeat(key, count))
    np.testing.assert_array_equal(weighted.predict_proba(X, key), repeated.predict_proba(X, key))


@pytest.mark.parametrize("kind", ["six decades", "negative"])
def test_extreme_and_negative_weights(kind: str) -> None:
    X, y, key = sample(3000)
    generator = np.random.default_rng(4)
    weight = (
        10 ** generator.uniform(-3, 3, len(X)) if kind == "six decades" else generator.choice([1, 1, 1, -1], len(X))
    )
    model = KFoldClassifier(trees(n_jobs=1), 3).fit(X, y, weight, key=key)
    again = KFoldClassifier(trees(n_jobs=2), 3).fit(X, y, weight, key=key)
    assert model._model().to_bytes() != b""
    assert np.isfinite(model.out_of_fold_).all()
    np.testing.assert_array_equal(model.out_of_fold_, again.out_of_fold_)
    truth = (X[:, 0] > 0) == (model.out_of_fold_[:, 1] > 0.5)
    assert np.average(truth) > 0.75


def test_regression_and_linear_models() -> None:
    X, y, key = sample()
    target = X[:, 0] * 3 + X[:, 1]
    model = KFoldRegressor(GradientBoostedTreesRegressor(n_estimators=40, random_state=1), 4).fit(X, target, key=key)
    assert model.score(X, target, key=key) > 0.8
    loaded = diskern.Model(model._model().to_bytes())
    np.testing.assert_array_equal(loaded.evaluate(X, key=key)[:, 0], model.out_of_fold_)
    fisher = KFoldClassifier(FisherClassifier(), 3).fit(X, y, key=key)
    assert fisher._model().predictor.fold(0).kind == "linear"
    assert fisher.score(X, y, key=key) > 0.6
    assert fisher.decision_function(X, key).shape == (len(X),)


def test_score_is_that_of_scikit_learn_for_any_shape_of_answers() -> None:
    from sklearn.metrics import accuracy_score, r2_score

    X, y, key = sample()
    target = X[:, 0] + 0.1 * X[:, 1]
    weight = np.random.default_rng(2).uniform(0.5, 2, len(y))
    classifier = KFoldClassifier(trees(), 3).fit(X, y, key=key)
    regressor = KFoldRegressor(GradientBoostedTreesRegressor(n_estimators=5, random_state=1), 3).fit(X, target, key=key)
    for model, answer, measure in ((classifier, y, accuracy_score), (regressor, target, r2_score)):
        for w in (None, weight):
            expected = measure(answer, model.predict(X, key), sample_weight=w)
            assert 0.5 < expected < 1
            for shaped in (answer, answer[:, None], answer.tolist()):
                assert model.score(X, shaped, w, key=key) == pytest.approx(expected, rel=1e-12)
        with pytest.raises(ValueError, match="shape"):
            model.score(X, np.column_stack([answer, answer]), key=key)
        with pytest.raises(ValueError, match="inconsistent"):
            model.score(X, answer[:-1], key=key)


def test_several_classes() -> None:
    X, _, key = sample(900)
    y = np.digitize(X[:, 0], [-0.5, 0.5])
    model = KFoldClassifier(trees(), 3).fit(X, np.array(["a", "b", "c"])[y], key=key)
    assert model.out_of_fold_.shape == (900, 3)
    assert set(model.predict(X, key)) == {"a", "b", "c"}
    loaded = diskern.Model(model._model().to_bytes())
    np.testing.assert_array_equal(loaded.evaluate(X, key=key), model.out_of_fold_)


def test_parameters_of_fit_are_cut_to_the_fold() -> None:
    class Watching(GradientBoostedTreesClassifier):
        def fit(self, X, y, sample_weight=None, eval_set=None, extra=None, constant=None):
            assert len(extra) == len(X)
            assert (extra["a"] if isinstance(extra, dict) else extra)[0] in X[:, 0]
            assert constant == "kept"
            return super().fit(X, y, sample_weight)

    X, y, key = sample()
    KFoldClassifier(Watching(n_estimators=1), 3).fit(X, y, key=key, extra=X[:, 0], constant="kept")


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_file_chooses_the_same_model(trained, tmp_path) -> None:
    model, X, _, key = trained
    model.save(tmp_path / "folds.diskern")
    loaded = diskern.load(tmp_path / "folds.diskern")
    assert loaded.key_columns == ("key",)
    assert loaded.spectators == ("key",)
    assert loaded.predictor.kind == "folds"
    assert loaded.inputs == ("x0", "x1", "x2", "key")
    for threads in (1, 2, 5):
        np.testing.assert_array_equal(loaded.evaluate(X, key=key, threads=threads)[:, 0], model.out_of_fold_[:, 1])
    columns = {"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2], "key": key}
    np.testing.assert_array_equal(loaded.evaluate(columns)[:, 0], model.out_of_fold_[:, 1])
    np.testing.assert_array_equal(loaded.evaluate_inputs(columns)[:, 0], model.out_of_fold_[:, 1])
    assert diskern.Model(loaded.to_bytes()) == loaded
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X, key), model.out_of_fold_)


def test_large_event_numbers_are_not_rounded() -> None:
    """Numbers that float32 cannot tell apart: the key is float64 all the way."""
    X, y, _ = sample()
    key = 2**50 + np.arange(len(X))
    model = KFoldClassifier(trees(), 5, split="eventNumber % 5").fit(X, y, key={"eventNumber": key})
    np.testing.assert_array_equal(model.fold_, key % 5)
    loaded = diskern.Model(model._model().to_bytes())
    columns = {"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2], "eventNumber": key}
    np.testing.assert_array_equal(loaded.evaluate_inputs(columns)[:, 0], model.out_of_fold_[:, 1])


def test_the_reader_takes_the_key_from_spectators(trained, tmp_path) -> None:
    model, X, _, key = trained
    model.save(tmp_path / "folds.diskern")
    reader = diskern.tmva.Reader("Silent")
    values = [np.zeros(1, np.float32) for _ in range(3)]
    for j, value in enumerate(values):
        reader.AddVariable(f"x{j}", value)
    number = np.zeros(1)
    reader.AddSpectator("key", number)
    reader.BookMVA("folds", tmp_path / "folds.diskern")
    for i in range(20):
        for j, value in enumerate(values):
            value[0] = X[i, j]
        number[0] = key[i]
        assert reader.EvaluateMVA("folds") == model.out_of_fold_[i, 1]
    columns = {"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2]}
    np.testing.assert_array_equal(reader.EvaluateMVA(columns | {"key": key}, "folds"), model.out_of_fold_[:, 1])
    with pytest.raises(InvalidArgument, match="needs the columns key"):
        reader.EvaluateMVA(columns, "folds")
    with pytest.raises(InvalidArgument, match="needs the columns key"):
        reader.EvaluateMVA(X, "folds")
    bare = diskern.tmva.Reader("Silent")
    for j, value in enumerate(values):
        bare.AddVariable(f"x{j}", value)
    bare.BookMVA("folds", tmp_path / "folds.diskern")
    with pytest.raises(InvalidArgument, match="needs the spectators key"):
        bare.EvaluateMVA("folds")


def test_transformations_belong_to_the_folds() -> None:
    X, y, key = sample()
    rule = _core.FoldRule.hash(2, 0, ["key"])
    forest = trees().fit(X, y).predictor_
    chains = [
        _core.TransformationChain.fit(
            "N", X * scale, 0, np.ones(len(X)), y.astype(np.int32), ["B", "S"], ["x0", "x1", "x2"]
        )
        for scale in (1.0, 2.0)
    ]
    folds = _core.FoldsPredictor(rule, [forest, forest], chains)
    info = {"method": "BDT", "title": "t", "variables": [{"label": f"x{j}", "expression": f"x{j}"} for j in range(3)]}
    model = diskern.Model(diskern.Model(_core.Model(info, None, folds)).to_bytes())
    fold = rule.folds(key.astype(float)[:, None])
    responses = model.evaluate(X, key=key)
    for f, chain in enumerate(chains):
        alone = diskern.Model(_core.Model(info, chain, forest))
        np.testing.assert_array_equal(responses[fold == f], alone.evaluate(X[fold == f]))
    with pytest.raises(InvalidArgument, match="inside of its parts"):
        _core.Model(info, chains[0], folds)


# -- bad input ---------------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_scored(trained) -> None:
    model, X, y, key = trained
    for call in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(InvalidArgument, match="key is needed"):
            call(X)
    with pytest.raises(InvalidArgument, match="key is needed"):
        KFoldClassifier(trees(), 3).fit(X, y)
    loaded = diskern.Model(model._model().to_bytes())
    with pytest.raises(InvalidArgument, match="key is needed"):
        loaded.evaluate(X)
    with pytest.raises(InvalidArgument, match="key of every event is needed"):
        model.predictor_.evaluate(X)
    with pytest.raises(InvalidArgument, match="lacks the columns key"):
        loaded.evaluate({"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2]})
    with pytest.raises(InvalidArgument, match="lacks the columns key"):
        loaded.evaluate_inputs({"x0": X[:, 0], "x1": X[:, 1], "x2": X[:, 2]})
    with pytest.raises(InvalidArgument, match="the key of event 1 has no fold"):
        loaded.evaluate_inputs(np.array([[0.0, 0, 0, 1], [0, 0, 0, np.nan]]))
    plain = diskern.Model(trees().fit(X, y)._model().to_bytes())
    with pytest.raises(InvalidArgument, match="no folds"):
        plain.evaluate(X, key=key)
    assert plain.key_columns == ()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (np.arange(599), r"shape \(599,\), expected one per event: 600"),
        (np.full(600, np.nan), "NaN or infinity, first at event 0"),
        (np.where(np.arange(600) == 7, np.inf, 1.0), "NaN or infinity, first at event 7"),
        (np.full(600, 2**53 + 1), r"2\^53"),
        (np.array(["a"] * 600), "must hold numbers"),
        (np.zeros((600, 2, 2)), "shape"),
        (np.zeros(600), "has no events"),
        ({}, "1 to 16 columns"),
        (np.zeros((600, 17)), "1 to 16 columns"),
    ],
)
def test_bad_keys(key, message: str) -> None:
    X, y, _ = sample()
    with pytest.raises(InvalidArgument, match=message):
        KFoldClassifier(trees(), 3).fit(X, y, key=key)


def test_columns_of_the_key_need_not_be_named_by_text() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    X, y, key = sample()
    named = KFoldClassifier(trees(), 3).fit(X, y, key={"0": key, "1": key % 7})
    for numbered in ({0: key, 1: key % 7}, pandas.DataFrame({0: key, 1: key % 7})):
        model = KFoldClassifier(trees(), 3).fit(X, y, key=numbered)
        assert model.key_columns_ == ("0", "1")
        np.testing.assert_array_equal(model.fold_, named.fold_)
        np.testing.assert_array_equal(model.predict_proba(X, numbered), named.out_of_fold_)
    with pytest.raises(InvalidArgument, match="two columns named '1'"):
        KFoldClassifier(trees(), 3).fit(X, y, key={1: key, "1": key})


def test_bad_parameters() -> None:
    X, y, key = sample()
    for parameters, message in (
        ({"n_folds": 1}, "n_folds must be from 2 to 1000, got 1"),
        ({"n_folds": 2000}, "n_folds must be from 2 to 1000"),
        ({"n_folds": 2.0}, "n_folds must be an integer"),
        ({"split": "int(key) % 3", "stratified": True}, "stratified=True needs the hash"),
        ({"split": "int(key) %"}, "expression"),
        ({"split": "3"}, "reads 0 columns"),
        ({"split": "int(other) % 3"}, "key"),
        ({"random_state": -1}, "random_state"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            KFoldClassifier(trees(), **({"n_folds": 3} | parameters)).fit(X, y, key={"key": key})
    with pytest.raises(InvalidArgument, match="estimator must be an estimator of Diskern"):
        KFoldClassifier(None, 3).fit(X, y, key=key)
    with pytest.raises(InvalidArgument, match="no k-fold itself"):
        KFoldClassifier(KFoldClassifier(trees(), 2), 3).fit(X, y, key=key)
    with pytest.raises(InvalidArgument, match="holds all events of class"):
        KFoldClassifier(trees(), 2, split="k").fit(X, y, key={"k": y})


def test_rules_and_predictors_that_do_not_fit() -> None:
    forest = trees().fit(*sample()[:2]).predictor_
    rule = _core.FoldRule.hash(2, 0, ["k"])
    folds = _core.FoldsPredictor(rule, [forest, forest])
    X, y, _ = sample()
    other = trees().fit(X[:, :2], y).predictor_
    for predictors, message in (
        ([forest], "knows 2 folds, given were 1"),
        ([forest, other], "same number of variables"),
        ([folds, forest], "made of folds itself"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            _core.FoldsPredictor(rule, predictors)
    for table in ([0, 2], [0, -1], [0, 0]):
        with pytest.raises(InvalidArgument, match="fold"):
            _core.FoldRule.hash(2, 0, ["k"], table)
    for columns in ([], ["k", "k"], [""], [f"k{j}" for j in range(17)]):
        with pytest.raises(InvalidArgument, match=r"key|column"):
            _core.FoldRule.hash(2, 0, columns)
