"""Predictions of forests from every layout, dtype, slice and instruction set are those of the plain walk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import diskern
from diskern import _core

pytest.importorskip("sklearn")
hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402

from diskern import GradientBoostedTreesClassifier, GradientBoostedTreesRegressor  # noqa: E402


def walk(tree: dict[str, Any], event: NDArray[np.float32]) -> float:
    """The definition: right if value >= threshold, both as float64; NaN where the node says."""
    node = 0
    while tree["feature"][node] >= 0:
        x = np.float64(event[tree["feature"][node]])
        right = tree["missing_right"][node] if np.isnan(x) else x >= tree["threshold"][node]
        node = tree["right"][node] if right else tree["left"][node]
    return float(tree["value"][node])


def scores_of(forest: _core.Forest, events: NDArray[np.float32]) -> NDArray[np.float64]:
    trees = [forest.tree(t) for t in range(forest.tree_count)]
    base, weights = np.asarray(forest.base_score), np.asarray(forest.tree_weight)
    scores = np.empty((len(events), len(base)))
    for i, event in enumerate(events):
        total = base.copy()
        for t, tree in enumerate(trees):
            total[t % len(base)] += weights[t] * walk(tree, event)
        scores[i] = total
    return scores


@pytest.fixture(scope="module")
def trained() -> tuple[GradientBoostedTreesClassifier, NDArray[np.float32]]:
    generator = np.random.default_rng(3)
    events = generator.normal(size=(3000, 5)).astype(np.float32)
    events[generator.random(events.shape) < 0.1] = np.nan
    label = np.nan_to_num(events[:, 0]) * np.nan_to_num(events[:, 1]) > 0.1
    model = GradientBoostedTreesClassifier(n_estimators=30, early_stopping=False, random_state=1).fit(events, label)
    return model, events


def test_layouts_and_dtypes_agree(trained: tuple[Any, Any]) -> None:
    model, events = trained
    expected = model.predict_proba(events)
    wide = np.full((len(events), 9), 7.0, np.float32)
    wide[:, 2:7] = events
    layouts = {
        "columns": np.asfortranarray(events),
        "float64": events.astype(np.float64),
        "float64 columns": np.asfortranarray(events.astype(np.float64)),
        "part of a wider array": wide[:, 2:7],
        "list": events.tolist(),
        "not native": events.astype(">f4"),
    }
    for name, given in layouts.items():
        np.testing.assert_array_equal(model.predict_proba(given), expected, err_msg=name)
    np.testing.assert_array_equal(model.predict_proba(events[::-1]), expected[::-1])
    np.testing.assert_array_equal(model.predict_proba(np.repeat(events, 2, axis=0)[::2]), expected)
    np.testing.assert_array_equal(model.predict_proba(events[:, ::-1][:, ::-1]), expected)


def test_columns_of_a_loaded_model(trained: tuple[Any, Any], tmp_path: Path) -> None:
    model, events = trained
    model.save(tmp_path / "model.diskern")
    loaded = diskern.load(tmp_path / "model.diskern")
    expected = loaded.evaluate(events)
    names = loaded.variables
    contiguous = {name: np.ascontiguousarray(events[:, j]) for j, name in enumerate(names)}
    strided = {name: events[:, j] for j, name in enumerate(names)}
    double = {name: events[:, j].astype(np.float64) for j, name in enumerate(names)}
    mixed = {name: double[name] if j % 2 else contiguous[name] for j, name in enumerate(names)}
    for columns in (contiguous, strided, double, mixed, dict(reversed(contiguous.items())), contiguous | {"more": 1}):
        np.testing.assert_array_equal(loaded.evaluate(columns, threads=2), expected)
    np.testing.assert_array_equal(loaded.evaluate(np.asfortranarray(events.astype(np.float64))), expected)
    with pytest.raises(diskern.InvalidArgument, match="one length"):
        loaded.evaluate(contiguous | {names[0]: events[:5, 0]})
    with pytest.raises(diskern.InvalidArgument, match="one length, dtype and stride"):
        loaded._model.evaluate_columns([double[names[0]], *(contiguous[name] for name in names[1:])])


def test_float64_is_rounded_to_float32_at_thresholds(trained: tuple[Any, Any]) -> None:
    model, events = trained
    tree = model.predictor_.tree(0)
    node = int(np.flatnonzero((tree["feature"] >= 0) & (np.abs(tree["threshold"]) < 1e30))[0])
    feature, threshold = tree["feature"][node], tree["threshold"][node]
    at = np.repeat(np.nan_to_num(events[:1]).astype(np.float64), 5, axis=0)
    cut = np.float32(threshold)
    at[:, feature] = [threshold, cut, np.nextafter(cut, np.float32(-9e9)), np.nextafter(threshold, -9e9), -0.0]
    np.testing.assert_array_equal(model.decision_function(at), model.decision_function(at.astype(np.float32)))


def test_float64_beyond_float32_is_refused(trained: tuple[Any, Any]) -> None:
    model, events = trained
    for order in ("C", "F"):
        given = np.array(events, np.float64, order=order)
        given[7, 2] = 1e39
        with pytest.raises(diskern.InvalidArgument, match=r"too large for dtype\('float32'\).*event 7, variable 2"):
            model.predict(given)
        given[7, 2] = np.inf
        assert len(model.predict(given)) == len(events)


@pytest.mark.parametrize("instruction_set", _core.supported_instruction_sets())
def test_instruction_sets_and_threads_agree(trained: tuple[Any, Any], tmp_path: Path, instruction_set: str) -> None:
    model, events = trained
    np.save(tmp_path / "events.npy", events)
    model.save(tmp_path / "model.diskern")
    script = (
        "import sys, numpy as np, diskern; folder = sys.argv[1]; events = np.load(folder + '/events.npy')\n"
        "model = diskern.load(folder + '/model.diskern')\n"
        "answers = [model.evaluate(events, threads=t) for t in (1, 2, 3, 5, 8)]\n"
        "assert all((a == answers[0]).all() for a in answers)\n"
        "np.save(folder + '/found.npy', answers[0])\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=os.environ | {"DISKERN_ISA": instruction_set},
        check=True,
    )
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy")[:, 0], model.predict_proba(events)[:, 1])


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.integers(2, 40),
    depth=st.one_of(st.none(), st.integers(1, 8)),
    trees=st.integers(1, 12),
    events=st.integers(1, 700),
)
def test_predictions_are_those_of_the_definition(
    seed: int, leaves: int, depth: int | None, trees: int, events: int
) -> None:
    generator = np.random.default_rng(seed)
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, -1e-45, 3e38], np.float32)
    sample = np.round(generator.normal(size=(400, 3)), 1).astype(np.float32)
    chosen = generator.random(sample.shape) < 0.2
    sample[chosen] = generator.choice(special, chosen.sum())
    target = np.nan_to_num(sample[:, 0], posinf=1, neginf=-1) + generator.normal(size=400)
    model = GradientBoostedTreesRegressor(
        n_estimators=trees, max_leaf_nodes=leaves, max_depth=depth, early_stopping=False, random_state=0
    ).fit(sample, target)
    cuts = [model.predictor_.tree(t)["threshold"] for t in range(trees)]
    near = np.concatenate([special, *[np.asarray(c, np.float32) for c in cuts]])
    near = np.concatenate([near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))])
    tested = generator.choice(near, (events, 3)).astype(np.float32)
    np.testing.assert_array_equal(model.predict(tested), scores_of(model.predictor_, tested)[:, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_more_than_2_to_the_31_cells(dtype: Any) -> None:
    """Virtual ones: the same row over and over, by a stride of zero; the last row is another."""
    columns, rows = 2**16, 2**15 + 3
    stump = {
        "feature": [columns - 1, -1, -1],
        "threshold": [0.5, 0.0, 0.0],
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "missing_right": [0, 0, 0],
        "value": [0.0, -1.0, 1.0],
    }
    forest = _core.Forest(columns, [stump, {**stump, "feature": [1, -1, -1]}])
    row = np.zeros(columns, dtype)
    row[-1] = 1.0
    events = np.broadcast_to(row, (rows, columns))
    assert events.size > 2**31
    for threads in (1, 2):
        assert (forest.evaluate(events, threads=threads) == 0.0).all()
    # Columns that overlap: column j of row i is element i + j.
    line = np.zeros(columns + rows, dtype)
    line[columns - 1 + rows - 1] = 1.0  # the last variable of the last row
    line[2] = 1.0  # variable 1 of row 1
    sliding = np.lib.stride_tricks.as_strided(line, (rows, columns), (line.itemsize, line.itemsize), writeable=False)
    expected = np.full(rows, -2.0)
    expected[[1, rows - 1]] = 0.0
    np.testing.assert_array_equal(forest.evaluate(sliding)[:, 0], expected)
