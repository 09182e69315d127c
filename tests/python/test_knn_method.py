"""TMVA's KNN: its weight files give its responses, and booking on its training events too."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import diskern
from diskern import _core
from diskern.tmva.methods.base import TrainingSample
from diskern.tmva.methods.knn import KNN

CASES = [
    ("class_tut", "KNN", {}),
    ("class_variants", "KNN_gaus", {"UseKernel": True}),
    ("class_variants", "KNN_poly", {"UseKernel": True, "Kernel": "Poln"}),
    ("class_variants", "KNN_noweight", {"UseWeight": False}),
    ("class_variants", "KNN_noscale", {"nkNN": 40, "ScaleFrac": 0.0}),
    ("reg", "KNN", {}),
]


def columns_of(folder: str) -> list[str]:
    return {"class_tut": ["myvar1", "myvar2", "var3", "var4"], "reg": ["var1", "var2"]}.get(
        folder, ["var1", "var2", "var3", "var4"]
    )


def events_of(path: Path, columns: list[str]) -> np.ndarray:
    events = np.load(path)
    return np.stack([events[name] for name in columns], axis=1).astype(np.float32)


@pytest.mark.parametrize(("folder", "title", "options"), CASES, ids=[case[1] + "-" + case[0] for case in CASES])
def test_responses_of_tmva(folder: str, title: str, options: dict[str, Any], data_directory: Path) -> None:
    directory = data_directory / "tmva_trained" / folder
    columns = columns_of(folder)
    tested = events_of(directory / "test_events.npz", columns)
    expected = np.load(directory / "test_responses.npz")[title].astype(np.float64)
    model = diskern.Model(gzip.decompress((directory / "weights" / f"{title}.weights.xml.gz").read_bytes()))
    scale = max(1.0, np.abs(expected).max())
    responses = model.evaluate(tested, threads=2)
    np.testing.assert_allclose(responses[:, 0], expected, rtol=0, atol=1e-5 * scale)
    np.testing.assert_array_equal(
        responses[:50], np.concatenate([model.evaluate(tested[i : i + 1]) for i in range(50)])
    )

    training = np.load(directory / "train_events.npz")
    regression = folder == "reg"
    method = KNN(title, "Regression" if regression else "Classification", KNN.defaults("Classification") | options)
    sample = TrainingSample(
        variables=events_of(directory / "train_events.npz", columns),
        class_index=training["classID"].astype(np.int32),
        targets=training["fvalue"].astype(np.float32).reshape(-1, 1) if regression else np.empty((0, 0), np.float32),
        weight=training["weight"].astype(np.float64),
        variable_labels=tuple(columns),
        variable_types=("F",) * len(columns),
        class_names=("Signal", "Background"),
    )
    trained = method.train(sample)
    np.testing.assert_allclose(trained.predictor.evaluate(tested, 2)[:, 0], expected, rtol=0, atol=1e-5 * scale)


def sample_of(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    signal = random.random(n) < 0.4
    events = random.normal(0, [1.0, 3.0], (n, 2)) + np.where(signal[:, np.newaxis], 0.7, -0.3)
    return events.astype(np.float32), signal.astype(np.uint8), random.uniform(0.5, 2.0, n)


def params_of(**options: Any) -> Any:
    params = _core.TmvaNeighboursParams()
    for name, value in options.items():
        setattr(params, name, value)
    return params


def neighbours_of(query: np.ndarray, events: np.ndarray, count: int) -> np.ndarray:
    distance = ((events.astype(np.float64) - query.astype(np.float64)) ** 2).sum(axis=1)
    return np.argsort(distance, kind="stable")[:count]


def test_trim_takes_the_first_events_of_each_class() -> None:
    events, signal, weight = sample_of(90)  # too few to be scaled
    assert 2 * signal.sum() < len(signal)
    kept = np.sort(np.concatenate([np.flatnonzero(signal == 1), np.flatnonzero(signal == 0)[: signal.sum()]]))
    predictor = _core.fit_tmva_neighbours(params_of(k=7, trim=True), events, signal, None, weight)
    for query in events[:20]:
        near = kept[neighbours_of(query, events[kept], 7)]
        fraction = weight[near][signal[near] == 1].sum() / weight[near].sum()
        np.testing.assert_allclose(predictor.evaluate(query[np.newaxis])[0, 0], fraction, rtol=1e-12)


def test_local_discriminant() -> None:
    events, signal, weight = sample_of(90)
    predictor = _core.fit_tmva_neighbours(params_of(k=30, use_discriminant=True), events, signal, None, weight)
    for query in events[:20] + np.float32(0.01):
        near = neighbours_of(query, events, 32)
        groups = [events[near][signal[near] == c].astype(np.float64) for c in (0, 1)]
        residuals = np.concatenate([group - group.mean(axis=0) for group in groups])
        covariance = residuals.T @ residuals / (32 - 2)
        densities = []
        for group in groups:
            difference = query - group.mean(axis=0)
            densities.append(len(group) * np.exp(-0.5 * difference @ np.linalg.solve(covariance, difference)))
        expected = densities[1] / sum(densities)
        np.testing.assert_allclose(predictor.evaluate(query[np.newaxis])[0, 0], expected, rtol=1e-9)


def test_weights_that_cancel_give_the_share_of_the_sample() -> None:
    events = np.arange(8, dtype=np.float32).reshape(-1, 1)
    weight = np.array([1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    signal = np.array([1, 0, 1, 0, 0, 0, 0, 0], dtype=np.uint8)
    predictor = _core.fit_tmva_neighbours(params_of(k=2), events, signal, None, weight)
    assert predictor.evaluate(np.array([[0.1]], np.float32))[0, 0] == pytest.approx(2.0 / 6.0)
    assert predictor.evaluate(np.array([[2.9]], np.float32))[0, 0] == pytest.approx(0.5)


def test_kernels_where_all_neighbours_coincide() -> None:
    events = np.zeros((40, 2), dtype=np.float32)
    signal = (np.arange(40) % 4 == 0).astype(np.uint8)
    for polynomial in (False, True):
        params = params_of(k=20, use_kernel=True, polynomial=polynomial)
        predictor = _core.fit_tmva_neighbours(params, events, signal, None, np.ones(40))
        assert predictor.evaluate(np.zeros((1, 2), np.float32))[0, 0] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("values", "word"), [({"nkNN": 0}, "nkNN"), ({"ScaleFrac": 1.5}, "ScaleFrac"), ({"SigmaFact": 0.0}, "SigmaFact")]
)
def test_bad_options(values: dict[str, Any], word: str) -> None:
    with pytest.raises(diskern.InvalidArgument, match=word):
        KNN("KNN", "Classification", KNN.defaults("Classification") | values)


def test_more_neighbours_than_events() -> None:
    events, signal, weight = sample_of(15)
    with pytest.raises(diskern.FormatError, match="nkNN is 20, but there are 15"):
        _core.fit_tmva_neighbours(params_of(), events, signal, None, weight)


def test_options_without_effect_are_named() -> None:
    given = {"Kernel", "SigmaFact", "BalanceDepth", "nkNN"}
    plain = KNN("KNN", "Classification", KNN.defaults("Classification")).without_effect(given)
    assert set(plain) == {"Kernel", "SigmaFact", "BalanceDepth"}
    kernel = KNN("KNN", "Classification", KNN.defaults("Classification") | {"UseKernel": True})
    assert set(kernel.without_effect(given)) == {"BalanceDepth"}


def damaged(text: str) -> list[tuple[str, str]]:
    return [
        (text.replace('NEvents="2000"', 'NEvents="1999"'), "events"),
        (text.replace('Type="1"', 'Type="7"', 1), "Type"),
        (text.replace('Weight="1.0', 'Weight="x1.0', 1), "Weight"),
        (text.replace("</Event>", " 1.0</Event>", 1), "expected 4"),
        (text.replace("-2.4932818412780762e+00", "nan", 1), "finite"),
        (text.replace(">20</Option>", ">0</Option>", 1), "nkNN"),
        (text.replace(">20</Option>", ">2001</Option>", 1), "nkNN"),
        (text.replace('name="ScaleFrac" modified="Yes">8.0', 'name="ScaleFrac" modified="Yes">w8.0'), "ScaleFrac"),
    ]


def test_damaged_weight_files(data_directory: Path) -> None:
    path = data_directory / "tmva_trained/class_tut/weights/KNN.weights.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    for broken, word in damaged(text):
        assert broken != text
        with pytest.raises(diskern.FormatError, match=word):
            diskern.Model(broken.encode())


def test_small_weights_keep_their_digits() -> None:
    events, signal, _ = sample_of(3000)
    random = np.random.default_rng(2)
    region = np.clip((events[:, 1].astype(np.float64) + 6.0) / 12.0, 0.0, 1.0)  # neighbours have similar weights
    weight = 10.0 ** (18.0 * region - 9.0 + random.uniform(-0.5, 0.5, 3000))
    predictor = _core.fit_tmva_neighbours(params_of(k=7, scale_fraction=0.0), events, signal, None, weight)
    responses = predictor.evaluate(events[:200])[:, 0]
    for query, response in zip(events[:200], responses, strict=True):
        near = neighbours_of(query, events, 7)
        fraction = weight[near][signal[near] == 1].sum() / weight[near].sum()
        np.testing.assert_allclose(response, fraction, rtol=1e-9)
