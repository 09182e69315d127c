"""Parity with weight files and responses of the real TMVA (tmva_trained/class_variants and reg)."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diskern import _core

Chain = _core.TransformationChain
VARIABLES = ["var1", "var2", "var3", "var4"]
BOOKINGS = {"N": "N", "D": "D", "P": "P", "U": "U", "G": "G", "GD": "G,D", "NP": "N,P", "Dsig": "D_Signal"}


def numbers(text: str | None) -> list[float]:
    return [float(word) for word in (text or "").split()]


def read_weights(path: Path, columns: list[str]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Statistics of the transformations and the coefficients, straight from the XML (not through the model reader)."""
    root = ET.fromstring(gzip.decompress(path.read_bytes()))
    steps = []
    for transform in root.findall("Transformations/Transform"):
        step: dict[str, Any] = {"name": transform.get("Name")}
        step["columns"] = [columns.index(i.get("Label") or "") for i in transform.findall("Selection/Input/Input")]
        if step["name"] == "Normalize":
            ranges = [c.findall("Ranges/Range") for c in transform.findall("Class")]
            step["sets"] = [[(float(r.get("Min") or ""), float(r.get("Max") or "")) for r in one] for one in ranges]
        elif step["name"] == "Decorrelation":
            step["sets"] = [numbers(m.text) for m in transform.findall("Matrix")]
        elif step["name"] == "PCA":
            means = [numbers(m.text) for m in transform.findall("Statistics")]
            step["sets"] = list(zip(means, [numbers(m.text) for m in transform.findall("Eigenvectors")], strict=True))
        else:
            step["name"] = "Gauss" if transform.get("FlatOrGauss") == "Gauss" else "Uniform"
            variables = transform.findall("Variable")
            step["sets"] = [
                [
                    (numbers(v[k].findtext("PDF/HistogramBinning")), numbers(v[k].findtext("PDF/Histogram")))
                    for v in variables
                ]
                for k in range(len(variables[0]))
            ]
        steps.append(step)
    coefficients = np.array([float(c.get("Value") or "") for c in root.findall("Weights/Coefficient")])
    return steps, coefficients


@pytest.fixture(scope="module")
def sample(data_directory: Path) -> dict[str, Any]:
    folder = data_directory / "tmva_trained" / "class_variants"
    if not folder.is_dir():
        pytest.skip(f"no TMVA trainings: {folder}")
    uproot = pytest.importorskip("uproot")
    training, test = np.load(folder / "train_events.npz"), np.load(folder / "test_events.npz")
    weight = training["weight"].astype(np.float64)
    background = training["classID"] == 1
    # The stored weights are float32; TMVA's own come from the branch "weight" of the input, made to sum to 1000.
    with uproot.open(data_directory / "root_tutorials" / "tmva_class_example.root") as file:
        branch = file["TreeB"]["weight"].array(library="np")[training["orig_entry"][background]].astype(np.float64)
    weight[background] = branch * (1000 / branch.sum())
    assert np.allclose(weight, training["weight"], rtol=1e-6)
    return {
        "folder": folder,
        "training": np.stack([training[v] for v in VARIABLES], 1).astype(np.float32),
        "test": np.stack([test[v] for v in VARIABLES], 1).astype(np.float32),
        "class_index": training["classID"].astype(np.int32),
        "weight": weight,
        "responses": np.load(folder / "test_responses.npz"),
    }


def fitted(sample: dict[str, Any], definition: str) -> Chain:
    return Chain.fit(
        definition, sample["training"], 0, sample["weight"], sample["class_index"], ["Signal", "Background"], VARIABLES
    )


def fisher(chain: Chain, coefficients: np.ndarray, events: np.ndarray) -> np.ndarray:
    return coefficients[0] + chain.apply(events).astype(np.float64) @ coefficients[1:]


@pytest.mark.parametrize("booking", BOOKINGS)
def test_responses_with_the_statistics_of_the_file(sample: dict[str, Any], booking: str) -> None:
    steps, coefficients = read_weights(sample["folder"] / "weights" / f"Fisher_{booking}.weights.xml.gz", VARIABLES)
    response = fisher(Chain.from_statistics(4, 0, steps), coefficients, sample["test"])
    expected = sample["responses"][f"Fisher_{booking}"].astype(np.float64)
    assert np.abs(response - expected).max() < 3e-7  # float32 responses


@pytest.mark.parametrize("booking", [name for name in BOOKINGS if name != "Dsig"])
def test_responses_with_own_statistics(sample: dict[str, Any], booking: str) -> None:
    """The file has 9 digits of PCA and of the distributions, TMVA's own responses come from those digits."""
    _, coefficients = read_weights(sample["folder"] / "weights" / f"Fisher_{booking}.weights.xml.gz", VARIABLES)
    response = fisher(fitted(sample, BOOKINGS[booking]), coefficients, sample["test"])
    expected = sample["responses"][f"Fisher_{booking}"].astype(np.float64)
    assert np.abs(response - expected).max() < (4e-6 if "G" in booking else 1e-6)


def test_tmva_forgets_the_class_of_a_step_in_its_file(sample: dict[str, Any]) -> None:
    steps, coefficients = read_weights(sample["folder"] / "weights" / "Fisher_Dsig.weights.xml.gz", VARIABLES)
    expected = sample["responses"]["Fisher_Dsig"].astype(np.float64)
    own = fitted(sample, "D_Signal")
    of_signal = fisher(own, coefficients, sample["test"])
    assert np.abs(of_signal - expected).max() > 0.1  # what TMVA trained
    steps_of_all = [{**steps[0], "reference_class": -1}]
    of_all = fisher(Chain.from_statistics(4, 0, steps_of_all), coefficients, sample["test"])
    assert np.abs(of_all - expected).max() < 3e-7  # what TMVA applied after reading its file


@pytest.mark.parametrize("booking", BOOKINGS)
def test_statistics(sample: dict[str, Any], booking: str) -> None:
    steps, _ = read_weights(sample["folder"] / "weights" / f"Fisher_{booking}.weights.xml.gz", VARIABLES)
    own = fitted(sample, BOOKINGS[booking]).steps
    assert [step["name"] for step in own] == [step["name"] for step in steps]
    for mine, theirs in zip(own, steps, strict=True):
        assert mine["columns"] == theirs["columns"]
        assert len(mine["sets"]) == len(theirs["sets"]) == 3
        for a, b in zip(mine["sets"], theirs["sets"], strict=True):
            if mine["name"] == "Normalize":
                np.testing.assert_array_equal(a, b)
            elif mine["name"] == "Decorrelation":
                # After G the events differ in the last digit of float32, which shows at 1e-9.
                np.testing.assert_allclose(np.ravel(a), b, rtol=1e-9, atol=1e-12 if booking != "GD" else 2e-9)
            elif mine["name"] == "PCA":
                np.testing.assert_allclose(a[0], b[0], rtol=0, atol=1e-9)
                np.testing.assert_allclose(np.ravel(a[1]), b[1], rtol=0, atol=1e-9)
            else:
                for (edges, contents), (their_edges, their_contents) in zip(a, b, strict=True):
                    np.testing.assert_allclose(edges, their_edges, rtol=6e-9, atol=1e-10)
                    np.testing.assert_allclose(contents, their_contents, rtol=6e-9, atol=1e-10)


def test_regression_normalizes_the_target(data_directory: Path) -> None:
    folder = data_directory / "tmva_trained" / "reg"
    if not folder.is_dir():
        pytest.skip(f"no TMVA trainings: {folder}")
    training = np.load(folder / "train_events.npz")
    labels = ["var1", "var2", "fvalue"]
    columns = np.stack([training[v] for v in labels], 1).astype(np.float32)
    n = len(columns)
    weight, class_index = training["weight"].astype(float), np.zeros(n, np.int32)
    for name, definition in (("MLP", "N"), ("FDA_MC", "D")):
        steps, _ = read_weights(folder / "weights" / f"{name}.weights.xml.gz", labels)
        chain = Chain.fit(definition, columns, 1, weight, class_index, ["Regression"], labels)
        assert chain.steps[0]["columns"] == steps[0]["columns"]
        own, theirs = np.ravel(chain.steps[0]["sets"][0]), np.ravel(steps[0]["sets"][0])
        np.testing.assert_allclose(own, theirs, rtol=1e-6 if definition == "D" else 0)  # weights stored as float32
    normalized = Chain.fit("N", columns, 1, np.ones(n), np.zeros(n, np.int32), ["Regression"], labels)
    back = normalized.invert_targets(normalized.apply_columns(columns)[:, 2:].astype(float))
    np.testing.assert_allclose(back, columns[:, 2:], rtol=1e-5)
