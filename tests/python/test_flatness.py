"""Boosting to uniformity: flatness against its definition and against hep_ml, and what it is for."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import diskern
from diskern import _core

pytest.importorskip("sklearn")

from diskern import FlatGradientBoostedTreesClassifier, InvalidArgument, KFoldClassifier
from diskern.evaluation import cramer_von_mises, efficiency_deviation, protected_bins, theil_index


def scores(n: int = 400, *, ties: bool = False, negative: bool = False, seed: int = 1):
    generator = np.random.default_rng(seed)
    score = generator.normal(size=n)
    if ties:
        score = np.round(score, 1)
    bins = generator.integers(0, 5, n)
    score += 0.2 * bins
    weight = generator.choice([1.0, 2.0, 0.5, 3.0] + [-0.5] * negative, n)
    return score, bins.tolist(), weight.tolist()


# -- the term against its definition -----------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [2.0, 1.5, 3.0])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("negative", [False, True])
def test_value_and_derivative_are_those_of_the_definition(power: float, ties: bool, negative: bool) -> None:
    score, bins, weight = scores(ties=ties, negative=negative)
    value, derivative = _core.flatness(score, bins, weight, power)
    by_definition = _core.flatness(score, bins, weight, power, from_definition=True)
    np.testing.assert_allclose(value, by_definition[0], rtol=1e-9)
    np.testing.assert_allclose(derivative, by_definition[1], rtol=1e-9, atol=1e-12)


def value_in_numpy(score, bins, weight, power: float) -> float:
    """The definition once more, independent of the library: step functions integrated over the score."""
    weight, bins = np.asarray(weight), np.asarray(bins)
    order = np.argsort(score)
    points = score[order]
    overall = np.cumsum(weight[order]) / weight.sum()
    total = 0.0
    for b in np.unique(bins):
        mine = np.where(bins[order] == b, weight[order], 0.0)
        local = np.cumsum(mine) / mine.sum()
        total += mine.sum() / weight.sum() * (np.abs(local - overall)[:-1] ** power * np.diff(points)).sum()
    return float(total)


@pytest.mark.parametrize("power", [2.0, 1.5, 4.0])
def test_value_in_numpy(power: float) -> None:
    score, bins, weight = scores(3000)
    np.testing.assert_allclose(
        _core.flatness(score, bins, weight, power)[0], value_in_numpy(score, bins, weight, power), rtol=1e-10
    )


@pytest.mark.parametrize("negative", [False, True])
def test_derivative_by_finite_differences(negative: bool) -> None:
    score, bins, weight = scores(negative=negative)
    _, derivative = _core.flatness(score, bins, weight)
    step = 1e-7
    for i in range(40):
        up, down = score.copy(), score.copy()
        up[i] += step
        down[i] -= step
        slope = (value_in_numpy(up, bins, weight, 2.0) - value_in_numpy(down, bins, weight, 2.0)) / (2 * step)
        assert abs(slope - weight[i] * derivative[i] / sum(weight)) < 1e-8


def test_derivative_equals_that_of_hep_ml() -> None:
    """The formula of the authors' own implementation, on the same bins, for scores without ties."""
    losses = pytest.importorskip("hep_ml.losses", reason="hep_ml is not installed")
    score, bins, weight = scores(1000)
    bins, weight = np.array(bins), np.array(weight)
    for power in (2.0, 3.0):
        overall = losses._compute_positions(score, weight.copy())
        expected = np.empty(len(score))
        for b in range(5):
            mine = bins == b
            difference = losses._compute_positions(score[mine], weight[mine].copy()) - overall[mine]
            expected[mine] = -power * np.sign(difference) * np.abs(difference) ** (power - 1)
        _, derivative = _core.flatness(score, bins.tolist(), weight.tolist(), power)
        np.testing.assert_allclose(derivative, expected, atol=1e-12)


def test_derivative_equals_the_whole_loss_of_hep_ml() -> None:
    """The same through its BinFlatnessLossFunction; its second, shifted set of bins is left out."""
    losses = pytest.importorskip("hep_ml.losses", reason="hep_ml is not installed")
    pandas = pytest.importorskip("pandas")

    class OneSetOfBins(losses.BinFlatnessLossFunction):
        def _compute_groups_indices(self, X, y, label):
            return [np.flatnonzero((X["mass"].values == b) & (y == label)) for b in range(4)]

    generator = np.random.default_rng(3)
    mass = generator.integers(0, 4, 800)
    y = generator.integers(0, 2, 800)
    score = generator.normal(size=800) + 0.3 * mass * y
    loss = OneSetOfBins(["mass"], uniform_label=1, fl_coefficient=3.0)
    loss.fit(pandas.DataFrame({"mass": mass}), y)
    theirs = loss._compute_fl_derivatives(score) / loss.sample_weight
    _, ours = _core.flatness(score[y == 1], mass[y == 1].tolist(), [1.0] * int((y == 1).sum()))
    np.testing.assert_allclose(-ours, theirs[y == 1], atol=1e-12)


def test_flat_scores_have_no_derivative() -> None:
    """Every bin has the same scores: value and derivative are zero, exactly."""
    score = np.tile(np.random.default_rng(0).normal(size=64), 4)
    value, derivative = _core.flatness(score, np.repeat(np.arange(4), 64).tolist(), [1.0] * 256)
    assert abs(value) < 1e-15
    assert (derivative == 0.0).all()


@pytest.mark.parametrize("ties", [False, True])
def test_integer_weights_are_repeated_events(ties: bool) -> None:
    score, bins, _ = scores(ties=ties)
    count = np.random.default_rng(2).integers(1, 5, len(score))
    value, derivative = _core.flatness(score, bins, count.astype(float).tolist())
    again = _core.flatness(np.repeat(score, count), np.repeat(bins, count).tolist(), [1.0] * int(count.sum()))
    np.testing.assert_array_equal(np.repeat(derivative, count), again[1])
    np.testing.assert_allclose(value, again[0], rtol=1e-12)


def test_many_events_sorted_in_chunks_and_threads() -> None:
    """More events than one chunk of the sort and of the sweep, with long runs of equal scores across their borders."""
    generator = np.random.default_rng(7)
    n = 200_000
    score = np.where(generator.random(n) < 0.5, 0.25, generator.normal(size=n))
    score[::7] = -0.0
    score[1::7] = 0.0
    bins = generator.integers(0, 12, n)
    weight = generator.random(n)
    value, derivative = _core.flatness(score, bins.tolist(), weight.tolist())
    for threads in (2, 3, 5, 8):
        other = _core.flatness(score, bins.tolist(), weight.tolist(), threads=threads)
        assert other[0] == value
        np.testing.assert_array_equal(other[1], derivative)
    _, rank = np.unique(score + 0.0, return_inverse=True)
    steps = np.bincount(rank, weight)
    overall = (np.cumsum(steps) - 0.5 * steps) / weight.sum()
    for b in range(12):
        mine = bins == b
        local = np.bincount(rank[mine], weight[mine], len(steps))
        local = (np.cumsum(local) - 0.5 * local) / weight[mine].sum()
        np.testing.assert_allclose(derivative[mine], 2 * (overall - local)[rank[mine]], atol=1e-9)


# -- bins --------------------------------------------------------------------------------------------------------------


def test_bins_hold_equal_weight() -> None:
    generator = np.random.default_rng(1)
    x = generator.exponential(size=(10_000, 2))
    x[:, 1] += x[:, 0]
    weight = generator.random(10_000)
    for columns, count in ((1, 10), (2, 100)):
        bins = protected_bins(x[:, :columns], weight, 10)
        content = np.bincount(bins, weight)
        assert len(content) == count
        assert np.abs(content / weight.sum() * count - 1).max() < 0.02 * columns**3
    first = protected_bins(x[:, 0], weight, 10)
    np.testing.assert_array_equal(first, protected_bins(x, weight, 10) // 10)
    assert all(x[first == b, 0].max() <= x[first == b + 1, 0].min() for b in range(9))


def test_equal_values_share_a_bin_and_weights_are_repeated_events() -> None:
    generator = np.random.default_rng(2)
    x = generator.integers(0, 6, 500).astype(float)
    bins = protected_bins(x, None, 4)
    assert all(len(set(bins[x == value])) == 1 for value in range(6))
    count = generator.integers(1, 4, 500)
    np.testing.assert_array_equal(
        np.repeat(protected_bins(x, count, 4), count), protected_bins(np.repeat(x, count), None, 4)
    )


# -- training ----------------------------------------------------------------------------------------------------------


def sample(n: int = 6000, seed: int = 1):
    """A background whose first variable follows the mass, so that a plain classifier shapes the mass."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 2, n)
    mass = generator.exponential(1.0, n)
    mass[y == 1] = generator.normal(1.0, 0.1, (y == 1).sum())
    X = generator.normal(size=(n, 3)).astype(np.float32)
    X[:, 0] += y - np.where(y == 0, 2.0 * (np.abs(mass - 1) - 0.5), 0.0)
    X[:, 1] += 0.7 * y
    return X, y, mass


def trained(coefficient: float, X, y, mass, weight=None, **others):
    options = {"n_estimators": 60, "max_leaf_nodes": 8, "n_jobs": 1} | others
    return FlatGradientBoostedTreesClassifier(flatness_coefficient=coefficient, **options).fit(
        X, y, weight, protected=mass
    )


def background_deviation(model, X, y, mass, weight=None) -> float:
    response = model.predict_proba(X[y == 0])[:, 1]
    w = None if weight is None else weight[y == 0]
    return efficiency_deviation(response, protected_bins(mass[y == 0], w, 8), w, (0.1, 0.2, 0.3, 0.5))


def test_a_large_coefficient_is_flat() -> None:
    X, y, mass = sample()
    other = sample(seed=2)
    deviations = [background_deviation(trained(c, X, y, mass), *other) for c in (0.0, 3.0, 30.0)]
    statistical = np.sqrt(0.25 / (3000 / 8))
    assert deviations[0] > 0.1
    assert deviations[1] < 0.7 * deviations[0]
    assert deviations[2] < 2 * statistical
    plain, flat = (trained(c, X, y, mass).predict(other[0]) == other[1] for c in (0.0, 30.0))
    assert plain.mean() > flat.mean() > 0.6  # the price: less separation, but some


def test_the_trees_descend_the_loss() -> None:
    X, y, mass = sample()
    model = trained(10.0, X, y, mass, learning_rate=0.1)
    assert (np.diff(model.training_loss_) < 0).mean() > 0.9
    assert model.training_loss_[-1] < model.training_loss_[0]


def test_training_loss_is_the_defined_loss() -> None:
    X, y, mass = sample(2000)
    weight = np.random.default_rng(3).integers(1, 4, len(y)).astype(float)
    model = trained(5.0, X, y, mass, weight, uniform_class=[0, 1], n_bins=4, n_estimators=15)
    score = model.decision_function(X)
    loss = np.average(np.log1p(np.exp(-np.where(y == 1, 1, -1) * score)), weights=weight)
    for label in (0, 1):
        mine = y == label
        bins = protected_bins(mass[mine], weight[mine], 4)
        loss += 5.0 * weight[mine].sum() / weight.sum() * value_in_numpy(score[mine], bins, weight[mine], 2.0)
    np.testing.assert_allclose(model.training_loss_[-1], loss, rtol=1e-9)


def test_threads_order_and_repeats_change_nothing() -> None:
    X, y, mass = sample(3000)
    model = trained(5.0, X, y, mass)
    score = model.predict_proba(X)
    for threads in (2, 3, 5):
        np.testing.assert_array_equal(trained(5.0, X, y, mass, n_jobs=threads).predict_proba(X), score)
    order = np.random.default_rng(1).permutation(len(y))
    np.testing.assert_array_equal(trained(5.0, X[order], y[order], mass[order]).predict_proba(X), score)
    count = np.random.default_rng(2).integers(0, 4, len(y))
    weighted = trained(5.0, X, y, mass, count)
    repeated = trained(5.0, np.repeat(X, count, 0), np.repeat(y, count), np.repeat(mass, count))
    np.testing.assert_array_equal(weighted.predict_proba(X), repeated.predict_proba(X))


def test_weights_over_six_decades() -> None:
    X, y, mass = sample(20_000)
    weight = 10.0 ** np.random.default_rng(4).uniform(-3, 3, len(y))
    flat = trained(20.0, X, y, mass, weight, n_bins=5, min_samples_leaf=200)
    plain = trained(0.0, X, y, mass, weight, n_bins=5, min_samples_leaf=200)
    other = sample(20_000, seed=2)
    assert background_deviation(flat, *other) < 0.6 * background_deviation(plain, *other)
    np.testing.assert_array_equal(
        trained(20.0, X, y, mass, weight, n_bins=5, min_samples_leaf=200, n_jobs=2).predict_proba(X),
        flat.predict_proba(X),
    )


def test_negative_weights() -> None:
    """A background of which a tenth has weight -1 beside as much that cancels it, trains to a flat response too."""
    X, y, mass = sample()
    generator = np.random.default_rng(5)
    extra = generator.choice(np.flatnonzero(y == 0), 300)
    twice = np.tile(extra, 2)
    X, y, mass = np.vstack([X, X[twice]]), np.append(y, y[twice]), np.append(mass, mass[twice])
    weight = np.ones(len(y))
    weight[-300:] = -1.0
    flat, plain = (trained(c, X, y, mass, weight) for c in (20.0, 0.0))
    other = sample(seed=2)
    assert background_deviation(flat, *other) < 0.5 * background_deviation(plain, *other)
    with pytest.raises(InvalidArgument, match="negative"):
        trained(20.0, X, y, mass, weight, negative_weights="error")
    kept = weight > 0
    np.testing.assert_array_equal(
        trained(5.0, X, y, mass, weight, negative_weights="ignore").predict_proba(X),
        trained(5.0, X[kept], y[kept], mass[kept]).predict_proba(X),
    )


@pytest.mark.parametrize("choice", [True, False])
def test_early_stopping_takes_booleans_of_numpy(choice: bool) -> None:
    generator = np.random.default_rng(8)
    X, protected = generator.normal(size=(600, 2)), generator.normal(size=600)
    y = X[:, 0] > 0
    fits = [
        FlatGradientBoostedTreesClassifier(n_estimators=6, early_stopping=value, random_state=1).fit(
            X, y, protected=protected
        )
        for value in (choice, np.bool_(choice))
    ]
    assert (len(fits[1].validation_loss_) > 0) == choice
    np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    with pytest.raises(InvalidArgument, match="early_stopping must be 'auto', True or False, got 1"):
        FlatGradientBoostedTreesClassifier(early_stopping=1).fit(X, y, protected=protected)


def test_early_stopping_and_eval_set() -> None:
    X, y, mass = sample()
    other = sample(seed=2)
    model = FlatGradientBoostedTreesClassifier(n_estimators=400, learning_rate=0.5, n_iter_no_change=5)
    model.fit(X, y, protected=mass, eval_set=(other[0], other[1], None, other[2]))
    assert model.n_iter_ == model.validation_loss_.argmin() < 400
    score = model.decision_function(other[0])
    sign = np.where(other[1] == 1, 1, -1)
    assert model.validation_loss_[model.n_iter_] > np.log1p(np.exp(-sign * score)).mean()  # flatness adds to it
    apart = FlatGradientBoostedTreesClassifier(n_estimators=50, early_stopping=True, random_state=1)
    assert len(apart.fit(X, y, protected=mass).validation_loss_) > 0


def test_file_pickle_folds_and_several_variables(tmp_path) -> None:
    X, y, mass = sample()
    two = {"mass": mass, "other": X[:, 2].astype(float)}
    model = trained(5.0, X, y, two, n_bins=4)
    model.save(tmp_path / "flat.diskern")
    loaded = diskern.load(tmp_path / "flat.diskern")
    assert loaded.method == "FlatGradientBoostedTrees"
    np.testing.assert_array_equal(loaded.evaluate(X)[:, 0], model.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))
    inner = FlatGradientBoostedTreesClassifier(n_estimators=20, flatness_coefficient=20)
    folds = KFoldClassifier(inner, 2).fit(X, y, key=np.arange(len(y)), protected=two)
    by_hand = FlatGradientBoostedTreesClassifier(n_estimators=20, flatness_coefficient=20)
    seen = folds.fold_ != 0
    by_hand.fit(X[seen], y[seen], protected={name: column[seen] for name, column in two.items()})
    np.testing.assert_array_equal(folds.out_of_fold_[~seen], by_hand.predict_proba(X[~seen]))


def test_labels_choose_the_class() -> None:
    X, y, mass = sample(2000)
    names = np.array(["background", "signal"])[y]
    chosen = trained(10.0, X, names, mass, uniform_class="background")
    np.testing.assert_array_equal(chosen.predict_proba(X), trained(10.0, X, y, mass).predict_proba(X))
    signal = trained(10.0, X, names, X[:, 2].astype(float), uniform_class=["signal"])
    assert not np.array_equal(signal.predict_proba(X), chosen.predict_proba(X))


# -- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: None, "protected is needed"),
        (lambda m: np.full(len(m), 3.0), "protected variable 0 is constant"),
        (lambda m: np.column_stack([m, np.ones(len(m))]), "protected variable 1 is constant"),
        (lambda m: np.where(np.arange(len(m)) == 5, np.nan, m), "NaN or infinity, first at event 5"),
        (lambda m: np.where(np.arange(len(m)) == 5, np.inf, m), "NaN or infinity, first at event 5"),
        (lambda m: m[:-1], "one row per event"),
        (lambda m: np.column_stack([m] * 5), "1 to 4 variables"),
        (lambda m: np.empty((len(m), 0)), "1 to 4 variables"),
        (lambda m: {}, "1 to 4 variables"),
        (lambda m: {"mass": m[:-1]}, "one value per event"),
        (lambda m: np.array(["a"] * len(m)), "numbers"),
    ],
)
def test_bad_protected_variables(change, message: str) -> None:
    X, y, mass = sample(500)
    with pytest.raises(InvalidArgument, match=message):
        trained(1.0, X, y, change(mass), n_bins=3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_bins": 100}, "take fewer bins"),
        ({"n_bins": 1}, "n_bins must be from 2 to 1000"),
        ({"n_bins": 2.5}, "n_bins must be of type int"),
        ({"uniform_class": []}, "uniform_class is empty"),
        ({"uniform_class": 7}, "uniform_class names 7, y holds 0, 1"),
        ({"uniform_class": [0, 0]}, "names a class twice"),
        ({"flatness_coefficient": -1.0}, "flatness_coefficient must not be negative"),
        ({"flatness_coefficient": np.nan}, "flatness_coefficient"),
        ({"flatness_power": 1.0}, "flatness_power must be above 1"),
        ({"flatness_power": "two"}, "flatness_power must be of type float"),
        ({"min_events_in_bin": 0}, "min_events_in_bin must be at least 1"),
    ],
)
def test_bad_parameters(parameters, message: str) -> None:
    X, y, mass = sample(500)
    with pytest.raises(InvalidArgument, match=message):
        FlatGradientBoostedTreesClassifier(n_estimators=2, **parameters).fit(X, y, protected=mass)


def test_bins_without_a_positive_sum_and_three_classes() -> None:
    X, y, mass = sample(500)
    weight = np.where((y == 0) & (mass > 1.5), -1.0, 1.0)
    with pytest.raises(InvalidArgument, match=r"sum of weights in bin . of the protected variables is not positive"):
        trained(1.0, X, y, mass, weight, n_bins=8, min_events_in_bin=1)
    with pytest.raises(InvalidArgument, match="two classes, y holds 3"):
        trained(1.0, X, np.arange(500) % 3, mass)
    with pytest.raises(InvalidArgument, match=r"eval_set must be \(X, y, sample_weight, protected\)"):
        FlatGradientBoostedTreesClassifier().fit(X, y, protected=mass, eval_set=(X, y))


# -- measures ----------------------------------------------------------------------------------------------------------


def test_measures_are_those_of_hep_ml() -> None:
    utilities = pytest.importorskip("hep_ml.metrics_utils", reason="hep_ml is not installed")
    common = pytest.importorskip("hep_ml.commonutils")
    generator = np.random.default_rng(1)
    bins = generator.integers(0, 6, 5000)
    response = generator.normal(size=5000) + 0.1 * bins
    weight = generator.random(5000) * 10
    bin_weight = utilities.compute_bin_weights(bins, weight)
    deviation = theil = 0.0
    for cut in common.weighted_quantile(response, [0.5, 0.4, 0.3, 0.2, 0.1], sample_weight=weight):
        efficiency = utilities.compute_bin_efficiencies(response, bins, cut, weight)
        deviation += utilities.weighted_deviation(efficiency, bin_weight) / 5
        theil += utilities.theil(efficiency, bin_weight) / 5
    np.testing.assert_allclose(efficiency_deviation(response, bins, weight), np.sqrt(deviation), rtol=1e-12)
    np.testing.assert_allclose(theil_index(response, bins, weight), theil, rtol=1e-10)
    prepared, prepared_weight, cdf = utilities.prepare_distribution(response, weight)
    distance = sum(
        bin_weight[b]
        * utilities._cvm_2samp_fast(prepared, response[bins == b], prepared_weight, weight[bins == b].copy(), cdf)
        for b in range(6)
    )
    np.testing.assert_allclose(cramer_von_mises(response, bins, weight), distance, rtol=1e-10)


def test_measures_by_hand_and_their_invariances() -> None:
    """Two bins of which one passes whole and the other not at all, at half efficiency."""
    response = np.array([1.0, 2.0, 3.0, 4.0])
    bins = np.array([0, 0, 1, 1])
    assert efficiency_deviation(response, bins, None, [0.5]) == 0.5
    assert theil_index(response, bins, None, [0.5]) == pytest.approx(np.log(2.0))
    # |F_b - F| at the four values, symmetrised: 1/8, 3/8, 3/8, 1/8
    assert cramer_von_mises(response, bins) == pytest.approx((1 + 9 + 9 + 1) / 64 / 4)
    generator = np.random.default_rng(1)
    flat = np.tile(generator.normal(size=100), 3)
    for measure in (efficiency_deviation, theil_index, cramer_von_mises):
        assert measure(flat, np.repeat(np.arange(3), 100)) == pytest.approx(0.0, abs=1e-12)
    values, places = np.round(generator.normal(size=300), 2), generator.integers(0, 3, 300)
    count = generator.integers(1, 4, 300)
    assert cramer_von_mises(values, places, count) == pytest.approx(
        cramer_von_mises(np.repeat(values, count), np.repeat(places, count))
    )


def test_measures_refuse_what_has_no_answer() -> None:
    response, bins = np.arange(10.0), np.arange(10) % 2
    for call, message in (
        (lambda: efficiency_deviation(response, bins[:-1]), "one per event"),
        (lambda: efficiency_deviation(response, bins * 1.0), "integers"),
        (lambda: efficiency_deviation(response, bins, None, [1.0]), "between 0 and 1"),
        (lambda: efficiency_deviation(response, bins, None, [0.5], power=0), "power"),
        (lambda: efficiency_deviation(response * np.nan, bins), "NaN"),
        (lambda: cramer_von_mises(response, bins, np.where(bins == 1, -0.1, 1.0)), "bin 1 do not have a positive sum"),
        (lambda: protected_bins(np.ones(10)), "constant"),
        (lambda: protected_bins(np.ones((10, 5))), "1 to 4"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            call()


# -- booked in a Factory -----------------------------------------------------------------------------------------------


def book(title: str, options: str, loader=None):
    from diskern.tmva import DataLoader, Factory

    if loader is None:
        X, y, mass = sample()
        loader = DataLoader("flat")
        for name in ("a", "b", "c"):
            loader.AddVariable(name)
        loader.AddSpectator("mass")
        for label, name in ((1, "Signal"), (0, "Background")):
            mine = y == label
            loader.AddTree({"a": X[mine, 0], "b": X[mine, 1], "c": X[mine, 2], "mass": mass[mine]}, name)
        loader.PrepareTrainingAndTestTree("", "SplitMode=Random:!V")
    factory = Factory("flat", Silent=True, ModelPersistence=False)
    booked = factory.BookMethod(loader, "FlatGradientBoostedTrees", title, options)
    factory.TrainAllMethods()
    return booked


def test_booked_with_spectators_by_name() -> None:
    X, y, mass = sample(seed=2)
    deviations = []
    for coefficient in (0, 20):
        options = f"ProtectedVariables=mass:FlatnessCoefficient={coefficient}:NTrees=60:Shrinkage=0.3:FlatnessBins=8"
        model = book("flat", options).model
        response = diskern.Model(model.to_bytes()).evaluate(X)[:, 0]
        deviations.append(efficiency_deviation(response[y == 0], protected_bins(mass[y == 0], None, 8)))
    assert deviations[1] < 0.5 * deviations[0]


def test_every_booked_option_reaches_the_trees() -> None:
    """Each option that the estimator has as a parameter changes the model as the parameter does."""
    X, _, _ = sample(seed=2)
    common = "ProtectedVariables=mass:FlatnessBins=4:NTrees=5"

    def responses(options: str) -> np.ndarray:
        return book("flat", options).model.evaluate(X)

    plain = responses(common)
    for option in (
        "MinChildWeight=150",
        "MinGain=8",
        "SubsampleFraction=0.5",
        "MaxLeafNodes=5",
        "MaxDepth=2",
        "GrowPolicy=DepthWise:MaxLeafNodes=0:MaxDepth=3",
        "L2Regularization=50",
        "MaxBins=16",
        "MinSamplesLeaf=400",
        "Shrinkage=0.7",
    ):
        assert not np.array_equal(responses(f"{common}:{option}"), plain), option
    half = f"{common}:SubsampleFraction=0.5"
    seeds = [responses(f"{half}:RandomSeed={seed}") for seed in (3, 3, 4)]
    assert np.array_equal(seeds[0], seeds[1])
    assert not np.array_equal(seeds[0], seeds[2])
    with pytest.raises(InvalidArgument, match="RandomSeed must be 0 or a positive integer, got -1"):
        book("flat", f"{common}:RandomSeed=-1")
    with pytest.raises(InvalidArgument, match="at least 5000 are needed; take fewer bins"):
        book("flat", f"{common}:MinEventsInBin=5000")


def test_booked_with_spectators_that_are_not_there() -> None:
    with pytest.raises(InvalidArgument, match=r"ProtectedVariables must name the spectators.*spectators: mass"):
        book("flat", "NTrees=2")
    with pytest.raises(InvalidArgument, match=r"names 'mas'.*did you mean 'mass'"):
        book("flat", "NTrees=2:ProtectedVariables=mas")


# -- the generator -----------------------------------------------------------------------------------------------------


def test_dalitz_plane() -> None:
    from diskern.datasets import dalitz, dalitz_plane

    events = dalitz_plane(20_000, seed=3)
    x, y = events.extra["m2ab"], events.extra["m2ac"]
    lowest, highest = dalitz.limits(x)
    assert ((y >= lowest) & (y <= highest)).all()
    total = dalitz.PARENT**2 + dalitz.MASS_A**2 + dalitz.MASS_B**2 + dalitz.MASS_C**2
    assert (total - x - y >= (dalitz.MASS_B + dalitz.MASS_C) ** 2 - 1e-9).all()  # the third pair has its threshold too
    np.testing.assert_array_equal(dalitz_plane(5000, seed=3).events, events.events[:5000])
    signal = events.labels == 1
    assert abs(signal.mean() - 0.5) < 0.02
    # Signal is even: the two equal particles b and c may be exchanged.
    at = [0.2, 0.5, 0.8]
    np.testing.assert_allclose(np.quantile(x[signal], at), np.quantile(y[signal], at), rtol=0.03)
    for wrong in ({"n": 0}, {"n": 10, "signal_fraction": 2.0}, {"n": 10, "seed": -1}):
        with pytest.raises(InvalidArgument):
            dalitz_plane(**wrong)
