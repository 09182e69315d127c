"""KNN and PDERS on many events at once: the definition's answers, whatever float32 and neighbouring events suggest."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from diskern import _core
from diskern.tmva.booking import own_and_common
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.knn import KNN
from diskern.tmva.methods.pders import PDERS
from diskern.tmva.options import parse_options


def predictor_of(method: type, options: str, X: Any, y: Any, weight: Any, targets: Any = None) -> Any:
    kind = "Classification" if targets is None else "Regression"
    values, _ = parse_options(options, own_and_common(method.options), _defaults=method.defaults(kind))
    booked = method("booked", kind, {one.name: values[one.name] for one in method.options})
    sample = TrainingSample(
        np.ascontiguousarray(X, np.float32),
        np.asarray(y, np.int32),
        np.empty((len(X), 0), np.float32) if targets is None else np.asarray(targets, np.float32),
        np.asarray(weight, np.float64),
        tuple(f"x{j}" for j in range(X.shape[1])),
        ("F",) * X.shape[1],
        ("Signal", "Background"),
    )
    return booked.train(sample, None, threads=1, progress=None).predictor


def events_of(kind: str, n: int, d: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, d))
    if kind == "grid":  # many equal distances
        x = np.rint(2 * x)
    elif kind == "repeated":
        x = np.repeat(x[: n // 10], 10, axis=0)
    elif kind == "wide":  # far from the origin, of very different widths
        x = x * 10.0 ** (np.arange(d) - d // 2) + 3.0
    elif kind == "clumps":  # neighbouring events of very different neighbourhoods
        x = x * np.where(generator.random(n) < 0.5, 1e-3, 1.0)[:, None]
    return x.astype(np.float32)


# ---- nearest neighbours


def nearest(X: np.ndarray, weight: np.ndarray, values: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    answers = np.empty((len(queries), values.shape[1]))
    for i, query in enumerate(queries.astype(np.float64)):
        distance = np.zeros(len(X))
        for j in range(X.shape[1]):
            distance += (X[:, j].astype(np.float64) - query[j]) ** 2
        found = np.lexsort((np.arange(len(X)), distance))[:k]
        total = weight[found].sum()
        mean = np.average(values, axis=0, weights=weight)
        answers[i] = weight[found] @ values[found] / total if total > 0 else mean
    return answers


@pytest.mark.parametrize("kind", ["normal", "grid", "repeated", "wide", "clumps"])
@pytest.mark.parametrize(("d", "k"), [(1, 20), (2, 1), (4, 20), (6, 70), (7, 20)])
def test_neighbours_are_those_of_the_definition(kind: str, d: int, k: int) -> None:
    n = 700
    X = events_of(kind, n, d, 1)
    generator = np.random.default_rng(2)
    y = generator.integers(0, 2, n)
    weight = np.where(generator.random(n) < 0.1, -0.3, 1.7) * generator.uniform(0.5, 1.0, n)
    queries = np.concatenate([events_of(kind, 300, d, 3), X[:50], 100 * events_of(kind, 20, d, 4)])
    predictor = predictor_of(KNN, f"nkNN={k}:ScaleFrac=0", X, y, weight)
    batch = np.asarray(predictor.evaluate(queries))
    expected = nearest(X, weight, (y == 0).astype(np.float64)[:, None], queries, k)
    np.testing.assert_allclose(batch, expected, rtol=0, atol=1e-9)
    alone = np.concatenate([np.asarray(predictor.evaluate(queries[i : i + 1])) for i in range(len(queries))])
    np.testing.assert_array_equal(batch, alone)
    shuffled = generator.permutation(len(queries))
    np.testing.assert_array_equal(np.asarray(predictor.evaluate(queries[shuffled])), batch[shuffled])


def test_neighbours_of_a_regression() -> None:
    X = events_of("normal", 500, 3, 1)
    generator = np.random.default_rng(2)
    targets = generator.normal(size=(500, 2)).astype(np.float32) * [1e-3, 1e6]
    weight = generator.uniform(0.5, 1.5, 500)
    queries = events_of("normal", 400, 3, 5)
    predictor = predictor_of(KNN, "nkNN=15:ScaleFrac=0", X, np.zeros(500), weight, targets)
    expected = nearest(X, weight, targets.astype(np.float32).astype(np.float64), queries, 15)
    np.testing.assert_allclose(np.asarray(predictor.evaluate(queries)), expected, rtol=1e-9, atol=0)


def test_events_that_are_not_finite_have_no_neighbours() -> None:
    X = events_of("normal", 300, 2, 1)
    for method, options in ((KNN, "nkNN=5"), (PDERS, "NEventsMin=20:NEventsMax=40")):
        predictor = predictor_of(method, options, X, np.arange(300) % 2, np.ones(300))
        queries = X[:6].copy()
        queries[2, 1], queries[4, 0] = np.nan, np.inf
        answers = np.asarray(predictor.evaluate(queries))[:, 0]
        assert np.isnan(answers).tolist() == [False, False, True, False, True, False]


# ---- boxes


def box_response(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray, query: np.ndarray, least: float, most: float, sigma: float | None
) -> float:
    """TMVA's adaptive box (tmva.md 2.4), one event after the other in float64."""
    edge = np.zeros(X.shape[1])
    for c in (0, 1):
        w, x = weight[y == c], X[y == c].astype(np.float64)
        mean = w @ x / w.sum()
        edge += np.sqrt(np.maximum(0.0, w @ x**2 / w.sum() - mean**2)) / 2
    inverse = 1.0 / (0.5 * 3.0 * edge.astype(np.float32).astype(np.float64))
    distance = np.abs(X.astype(np.float64) - query.astype(np.float64)) * inverse
    size, square = distance.max(axis=1), (distance**2).sum(axis=1)

    def content(scale: float) -> float:
        return float(weight[size <= scale].sum())

    base = 1.0
    before = content(base)
    for _ in range(200):
        if before >= least:
            break
        base *= 1.15
        before = content(base)
    f = np.float32
    now = first = best = f(before)
    wanted, scale_before, scale_now = f(0.5 * (least + most)), f(1), f(0.99)
    scale = best_scale = scale_now
    for _ in range(149):
        if least <= now <= most:
            break
        now = f(content(base * float(scale)))
        if now > 1 and now != first:
            step = (
                (scale_now - scale_before) / (now - first) * (wanted - now) if scale_now != scale_before else f(-0.01)
            )
            scale = f(scale + step)
        else:
            scale = f(scale + f(0.5))
        scale_now = scale
        if abs(now - wanted) < abs(best - wanted) and (now >= least or best < now):
            best, best_scale = now, scale
    scale64 = base * float(best_scale)
    chosen = size <= scale64
    value = np.ones(len(X))
    if sigma is not None:
        unit = X.shape[1] * scale64**2
        chosen &= square <= unit
        value = np.exp(-0.5 * square / (unit * sigma**2))
    signal, background = (max(0.0, float((weight * value)[chosen & (y == c)].sum())) for c in (0, 1))
    if signal < 1e-20:
        return 0.5 if background < 1e-20 else 0.0
    if background < 1e-20:
        return 1.0
    return 1.0 / (1.0 + (background / weight[y == 1].sum()) / (signal / weight[y == 0].sum()))


@pytest.mark.parametrize("kind", ["normal", "grid", "wide", "clumps"])
@pytest.mark.parametrize("d", [1, 2, 4, 7])
@pytest.mark.parametrize("sigma", [None, 0.1, 0.3])
def test_boxes_are_those_of_the_definition(kind: str, d: int, sigma: float | None) -> None:
    n = 600
    X = events_of(kind, n, d, 1)
    generator = np.random.default_rng(2)
    y = (generator.random(n) < 0.4 + 0.2 * (X[:, 0] > np.median(X[:, 0]))).astype(np.int32)
    weight = generator.uniform(0.3, 1.7, n).astype(np.float32).astype(np.float64)
    queries = np.concatenate([events_of(kind, 60, d, 3), X[:10]])
    options = "NEventsMin=40:NEventsMax=60"
    if sigma is not None:
        options += f":KernelEstimator=Gauss:GaussSigma={sigma}"
    predictor = predictor_of(PDERS, options, X, y, weight)
    batch = np.asarray(predictor.evaluate(queries))
    expected = [box_response(X, y, weight, query, 40.0, 60.0, sigma) for query in queries]
    np.testing.assert_allclose(batch[:, 0], expected, rtol=0, atol=1e-12 if sigma is None else 3e-6)
    alone = np.concatenate([np.asarray(predictor.evaluate(queries[i : i + 1])) for i in range(len(queries))])
    np.testing.assert_array_equal(batch, alone)


def test_boxes_keep_small_weights() -> None:
    """A class whose weights are smaller than the last digits of the sum over the other class."""
    X = events_of("normal", 600, 2, 1)
    generator = np.random.default_rng(2)
    y = (generator.random(600) < 0.5).astype(np.int32)
    weight = generator.uniform(0.3, 1.7, 600) * np.where(y == 0, 1e-15, 1.0)
    weight = weight.astype(np.float32).astype(np.float64)  # as PDERS holds them
    queries = events_of("normal", 40, 2, 3)
    predictor = predictor_of(PDERS, "NEventsMin=40:NEventsMax=60", X, y, weight)
    expected = [box_response(X, y, weight, query, 40.0, 60.0, None) for query in queries]
    assert np.median(expected) > 0.1
    np.testing.assert_allclose(np.asarray(predictor.evaluate(queries))[:, 0], expected, rtol=1e-9)


def test_numbers_beyond_float32_are_searched_in_float64() -> None:
    X = events_of("normal", 400, 2, 1)
    y = np.arange(400) % 2
    weight = np.ones(400)
    for factor in (1e-25, 1e25):
        scaled = (X * np.float32(factor)).astype(np.float32)
        predictor = predictor_of(PDERS, "NEventsMin=40:NEventsMax=60", scaled, y, weight)
        queries = scaled[:40]
        expected = [box_response(scaled, y, weight, query, 40.0, 60.0, None) for query in queries]
        np.testing.assert_allclose(np.asarray(predictor.evaluate(queries))[:, 0], expected, rtol=0, atol=1e-12)


SCRIPT = """
import hashlib, numpy as np
from test_search_batches import KNN, PDERS, events_of, predictor_of
digest = hashlib.sha256()
for kind in ("normal", "grid", "clumps"):
    X = events_of(kind, 500, 4, 1)
    y, w = np.arange(500) % 2, np.random.default_rng(2).uniform(0.5, 1.5, 500)
    for method, options in (
        (KNN, "nkNN=20"),
        (PDERS, "NEventsMin=40:NEventsMax=60"),
        (PDERS, "NEventsMin=40:NEventsMax=60:KernelEstimator=Gauss:GaussSigma=0.2"),
    ):
        digest.update(np.asarray(predictor_of(method, options, X, y, w).evaluate(events_of(kind, 400, 4, 3))).tobytes())
print(digest.hexdigest())
"""


def test_instruction_sets_give_the_same_bits() -> None:
    def digest(level: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "DISKERN_ISA": level, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(done.stdout.strip()) == hashlib.sha256().digest_size * 2
        return done.stdout

    levels = ["scalar", "avx2", "avx512"]
    known = levels[: levels.index(_core.instruction_set()) + 1] if _core.instruction_set() in levels else ["scalar"]
    assert len({digest(level) for level in known}) == 1
