"""Flatness by nearest neighbours in place of bins: against its definition, and what it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diskern import _core

pytest.importorskip("sklearn")

from diskern import FlatGradientBoostedTreesClassifier, InvalidArgument
from diskern.evaluation import efficiency_deviation, protected_bins
from test_flatness import background_deviation, book, sample, trained


def scores(n: int = 150, *, ties: bool = False, negative: bool = False) -> tuple[Any, Any, Any]:
    generator = np.random.default_rng(4)
    variables = generator.normal(size=(n, 2))
    score = generator.normal(size=n) + 0.5 * variables[:, 0]
    if ties:
        score = np.round(score, 1)
        variables = np.round(variables, 1)
    weight = generator.choice([1.0, 2.0, 0.5] + [-0.25] * negative, n)
    return score, variables, weight


@pytest.mark.parametrize("groups", [7, 40, 5000])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("negative", [False, True])
def test_value_and_derivative_are_those_of_the_definition(groups: int, ties: bool, negative: bool) -> None:
    score, variables, weight = scores(ties=ties, negative=negative)
    arguments = score, variables, weight.tolist(), 30.0, groups
    value, derivative = _core.neighbor_flatness(*arguments)
    by_definition = _core.neighbor_flatness(*arguments, from_definition=True)
    assert value > 1e-3
    np.testing.assert_allclose(value, by_definition[0], rtol=1e-9)
    np.testing.assert_allclose(derivative, by_definition[1], rtol=1e-8, atol=1e-11)


def value_in_numpy(score: Any, variables: Any, n_neighbors: int) -> float:
    """The definition once more, with a brute search of neighbours; unit weights, scores and points all different."""
    low, high = np.sort(variables, axis=0)[[int(np.ceil(q * len(score))) - 1 for q in (0.25, 0.75)]]
    scaled = variables / (high - low)
    distance = ((scaled[:, None, :] - scaled[None, :, :]) ** 2).sum(axis=2)
    neighbours = np.argsort(distance, axis=1)[:, :n_neighbors]
    points = np.sort(score)
    overall = (score[None, :] <= points[:-1, None]).mean(axis=1)
    local = (score[neighbours][:, :, None] <= points[None, None, :-1]).mean(axis=1)
    return float((((local - overall) ** 2).mean(axis=0) * np.diff(points)).sum())


def test_value_in_numpy_and_its_derivative_by_finite_differences() -> None:
    score, variables, _ = scores()
    value, derivative = _core.neighbor_flatness(score, variables, [1.0] * len(score), 20.0)
    assert value == pytest.approx(value_in_numpy(score, variables, 20), rel=1e-10)
    step = 1e-7
    for i in range(25):
        up, down = score.copy(), score.copy()
        up[i] += step
        down[i] -= step
        slope = (value_in_numpy(up, variables, 20) - value_in_numpy(down, variables, 20)) / (2 * step)
        assert abs(slope - derivative[i] / len(score)) < 1e-8


def test_threads_order_and_repeated_events() -> None:
    score, variables, _ = scores(400, ties=True)
    count = np.random.default_rng(2).integers(1, 5, len(score))
    weight = count.astype(float).tolist()
    value, derivative = _core.neighbor_flatness(score, variables, weight, 50.0, 60)
    for threads in (2, 5):
        again = _core.neighbor_flatness(score, variables, weight, 50.0, 60, threads=threads)
        assert again[0] == value
        np.testing.assert_array_equal(again[1], derivative)
    order = np.random.default_rng(3).permutation(len(score))
    moved = _core.neighbor_flatness(score[order], variables[order], count[order].astype(float).tolist(), 50.0, 60)
    assert moved[0] == value
    np.testing.assert_array_equal(moved[1], derivative[order])
    rows = np.repeat(np.arange(len(score)), count)
    repeated = _core.neighbor_flatness(score[rows], variables[rows], [1.0] * len(rows), 50.0, 60)
    assert repeated[0] == value
    np.testing.assert_array_equal(repeated[1], derivative[rows])


def test_everybody_is_a_neighbour() -> None:
    """Then every neighbourhood is the class: no unevenness."""
    score, variables, _ = scores()
    value, derivative = _core.neighbor_flatness(score, variables, [1.0] * len(score), float(len(score)))
    assert abs(value) < 1e-12
    assert np.abs(derivative).max() < 1e-12


def test_a_large_coefficient_is_flat() -> None:
    X, y, mass = sample()
    other = sample(seed=2)
    deviations = [background_deviation(trained(c, X, y, mass, n_neighbors=100), *other) for c in (0.0, 3.0, 30.0)]
    assert deviations[0] > 0.1
    assert deviations[1] < 0.7 * deviations[0]
    assert deviations[2] < 0.35 * deviations[0]


def test_model_does_not_depend_on_threads_and_order() -> None:
    X, y, mass = sample(2500)
    weight = np.random.default_rng(1).integers(1, 3, len(y)).astype(float)
    two = np.column_stack([np.round(mass, 2), X[:, 2]])
    options = {"n_neighbors": 40, "n_neighborhoods": 300, "n_estimators": 15}
    expected = trained(5.0, X, y, two, weight, **options).predict_proba(X)
    assert np.array_equal(trained(5.0, X, y, two, weight, n_jobs=3, **options).predict_proba(X), expected)
    order = np.random.default_rng(2).permutation(len(y))
    moved = trained(5.0, X[order], y[order], two[order], weight[order], **options)
    np.testing.assert_array_equal(moved.predict_proba(X), expected)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    repeated = trained(5.0, X[rows], y[rows], two[rows], None, **options)
    np.testing.assert_array_equal(repeated.predict_proba(X), expected)


def test_validation_sample_and_both_classes() -> None:
    X, y, mass = sample(2000)
    other = sample(1000, seed=2)
    model = FlatGradientBoostedTreesClassifier(n_estimators=20, n_neighbors=50, uniform_class=[0, 1], n_jobs=1)
    model.fit(X, y, protected=mass, eval_set=(other[0], other[1], None, other[2]))
    assert len(model.validation_loss_) > 1
    assert model.validation_loss_.min() < model.validation_loss_[0]


def test_booked() -> None:
    X, y, mass = sample(seed=2)
    options = "ProtectedVariables=mass:FlatnessCoefficient=20:NTrees=40:Shrinkage=0.3"
    bins, neighbours, few = (
        book("flat", options + more).model.evaluate(X)[:, 0]
        for more in ("", ":NNeighbours=80", ":NNeighbours=80:NNeighbourhoods=50")
    )
    assert not np.array_equal(bins, neighbours)
    assert not np.array_equal(few, neighbours)
    place = protected_bins(mass[y == 0], None, 8)
    assert efficiency_deviation(neighbours[y == 0], place) < 1.5 * efficiency_deviation(bins[y == 0], place)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors must be at least 1"),
        ({"n_neighbors": -2.0}, "n_neighbors must be at least 1"),
        ({"n_neighbors": np.nan}, "n_neighbors must be at least 1"),
        ({"n_neighbors": 1000}, "n_neighbors must be from 1 to the number of events of a class"),
        ({"n_neighbors": "all"}, "n_neighbors must be of type float"),
        ({"n_neighbors": 20, "n_neighborhoods": 0}, "n_neighborhoods must be at least 1"),
        ({"n_neighbors": 20, "flatness_power": 3.0}, "flatness_power must be 2 with n_neighbors"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], message: str) -> None:
    X, y, mass = sample(500)
    with pytest.raises(InvalidArgument, match=message):
        FlatGradientBoostedTreesClassifier(n_estimators=2, **parameters).fit(X, y, protected=mass)


def test_neighbourhoods_without_a_positive_sum_and_constants() -> None:
    X, y, mass = sample(500)
    weight = np.where((y == 0) & (mass > 1.5), -1.0, 1.0)
    with pytest.raises(InvalidArgument, match=r"class 0: the sum of weights of the events around its event \d+"):
        trained(1.0, X, y, mass, weight, n_neighbors=10)
    with pytest.raises(InvalidArgument, match="protected variable 0 is constant"):
        trained(1.0, X, y, np.ones(500), n_neighbors=10)
