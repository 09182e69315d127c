"""CLUE: scikit-learn's checks, the definition, showers that touch each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from diskern import CLUE, DBSCAN, InvalidArgument


@parametrize_with_checks([CLUE(), CLUE(0.5, 3.0, seed_distance=1.0)])
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


def naive(
    x: np.ndarray, energy: np.ndarray, layer: np.ndarray, distance: float, density: float, seed: float, factor: float
) -> tuple[np.ndarray, np.ndarray]:
    """The paper's steps, cell by cell: densities and labels."""
    n = len(x)
    apart = np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))
    apart[layer[:, None] != layer[None]] = np.inf
    rho = np.array(
        [energy[i] + sum(0.5 * energy[j] for j in range(n) if j != i and apart[i, j] <= distance) for i in range(n)]
    )
    order = sorted(range(n), key=lambda i: (-rho[i], i))
    labels = np.full(n, -1)
    delta, higher = np.full(n, np.inf), np.full(n, -1)
    for place, i in enumerate(order):
        above = sorted(order[:place])
        near = min(above, key=lambda j: apart[i, j]) if above else i
        if above and apart[i, near] <= max(seed, factor * distance):
            delta[i], higher[i] = apart[i, near], near
    seeds = [i for i in range(n) if rho[i] >= density and delta[i] > seed]
    for number, i in enumerate(seeds):
        labels[i] = number
    for i in order:
        outlier = rho[i] < density and delta[i] > factor * distance
        if labels[i] < 0 and not outlier and higher[i] >= 0:
            labels[i] = labels[higher[i]]
    return rho, labels


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 120),
    st.integers(1, 3),
    st.sampled_from([0.5, 1.0, 2.5]),
    st.sampled_from([0.5, 2.0, 6.0]),
    st.sampled_from([1.0, 1.5, 3.0]),
)
def test_definition(seed: int, n: int, layers: int, distance: float, density: float, factor: float) -> None:
    random = np.random.default_rng(seed)
    # Halves and whole energies, so that distances and densities tie, exactly.
    x = np.round(random.normal(0, 2, (n, 2)) * 2) / 2
    energy = random.integers(1, 5, n).astype(float)
    layer = random.integers(0, layers, n)
    model = CLUE(distance, density, seed_distance=1.25 * distance, outlier_distance_factor=factor, n_jobs=1 + seed % 3)
    model.fit(x, sample_weight=energy, layer=layer)
    rho, labels = naive(x, energy, layer, distance, density, 1.25 * distance, factor)
    np.testing.assert_array_equal(model.density_, rho)
    np.testing.assert_array_equal(model.labels_, labels)
    np.testing.assert_array_equal(model.labels_[model.seed_indices_], np.arange(len(model.seed_indices_)))


def test_showers_that_touch_are_told_apart() -> None:
    grid = np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), axis=-1).reshape(-1, 2)
    centres = np.array([[14.0, 20.0], [24.0, 20.0]])
    apart = np.sqrt(((grid[:, None] - centres[None]) ** 2).sum(axis=2))
    energy = (np.array([50.0, 30.0]) * np.exp(-apart / 2.0)).sum(axis=1)
    hit = energy > 0.3
    cells, energy = grid[hit], energy[hit]
    found = CLUE(1.5, 10.0, seed_distance=2.0).fit(cells, sample_weight=energy)
    assert len(found.seed_indices_) == 2
    np.testing.assert_array_equal(cells[found.seed_indices_], centres)
    nearer = apart[hit].argmin(axis=1)
    clear = (np.abs(apart[hit][:, 0] - apart[hit][:, 1]) > 3) & (found.labels_ >= 0)
    assert (found.labels_ == nearer)[clear].mean() > 0.9
    assert (found.labels_ >= 0).mean() > 0.95
    # Density alone sees one cluster.
    assert DBSCAN(1.5, min_samples=4).fit(cells).labels_.max() == 0


def test_order_of_cells_and_threads() -> None:
    random = np.random.default_rng(4)
    x, energy = random.normal(0, 3, (5000, 2)), random.exponential(size=5000)
    one = CLUE(0.3, 3.0, n_jobs=1).fit(x, sample_weight=energy)
    three = CLUE(0.3, 3.0, n_jobs=3).fit(x, sample_weight=energy)
    np.testing.assert_array_equal(one.labels_, three.labels_)
    np.testing.assert_array_equal(one.density_, three.density_)
    order = random.permutation(5000)
    turned = CLUE(0.3, 3.0).fit(x[order], sample_weight=energy[order])
    np.testing.assert_allclose(turned.density_, one.density_[order], rtol=1e-12)
    pairs = set(zip(one.labels_[order].tolist(), turned.labels_.tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"critical_distance": 0.0}, "critical_distance"),
        ({"critical_distance": "1"}, "critical_distance"),
        ({"critical_density": float("nan")}, "critical_density"),
        ({"seed_distance": -1.0}, "seed_distance"),
        ({"outlier_distance_factor": 0.0}, "outlier_distance_factor"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_bad_parameters(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidArgument, match=word):
        CLUE(**arguments).fit(np.zeros((5, 2)))


def test_bad_cells() -> None:
    for layer in ([0.5] * 5, [0] * 4, [[0]] * 5):
        with pytest.raises(InvalidArgument, match="layer"):
            CLUE().fit(np.zeros((5, 2)), layer=layer)
    with pytest.raises(InvalidArgument, match="sample_weight"):
        CLUE().fit(np.zeros((5, 2)), sample_weight=[1.0])
    with pytest.raises(InvalidArgument, match="1e150"):
        CLUE().fit(np.full((5, 2), 1e200))
