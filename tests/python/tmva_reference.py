"""TMVA's stored trainings: events with exact weights, responses, weight files."""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uproot
from numpy.typing import NDArray

VARIABLES = {
    "class_tut": ("myvar1", "myvar2", "var3", "var4"),
    "class_variants": ("var1", "var2", "var3", "var4"),
    "multiclass": ("var1", "var2", "var3", "var4"),
    "reg": ("var1", "var2"),
}


@dataclass
class Training:
    variables: NDArray[np.float32]
    class_index: NDArray[np.int32]
    weight: NDArray[np.float64]
    targets: NDArray[np.float32]
    test_variables: NDArray[np.float32]
    test_class_index: NDArray[np.int32]
    test_weight: NDArray[np.float64]
    test_targets: NDArray[np.float32]


def load(data: Path, folder: str) -> Training:
    """Events of one folder of tmva_trained, in TMVA's order."""
    base = data / "tmva_trained" / folder
    if not base.is_dir():
        import pytest

        pytest.skip(f"no stored TMVA trainings: {base} is not a folder")
    events = [np.load(base / f"{sample}_events.npz") for sample in ("train", "test")]
    columns = [np.stack([one[name] for name in VARIABLES[folder]], axis=1).astype(np.float32) for one in events]
    targets = [
        one["fvalue"].astype(np.float32)[:, np.newaxis]
        if folder == "reg"
        else np.empty((len(one["weight"]), 0), np.float32)
        for one in events
    ]
    classes = [one["classID"].astype(np.int32) for one in events]
    weight = events[0]["weight"].astype(np.float64)
    if folder in ("class_tut", "class_variants"):
        # The stored weights are float32; TMVA trained with float64 weight x normalisation.
        background = classes[0] == 1
        with uproot.open(data / "root_tutorials" / "tmva_class_example.root") as file:
            raw = file["TreeB"]["weight"].array(library="np")[events[0]["orig_entry"][background]].astype(np.float64)
        weight[background] = raw * (background.sum() / raw.sum())
    return Training(
        np.ascontiguousarray(columns[0]),
        classes[0],
        weight,
        targets[0],
        np.ascontiguousarray(columns[1]),
        classes[1],
        events[1]["weight"].astype(np.float64),
        targets[1],
    )


def responses(data: Path, folder: str, method: str) -> NDArray[np.float32]:
    """TMVA's responses on the test events."""
    stored: NDArray[np.float32] = np.load(data / "tmva_trained" / folder / "test_responses.npz")[method]
    return stored


def weight_file(data: Path, folder: str, method: str) -> Any:
    """The root element of a stored weight file."""
    path = data / "tmva_trained" / folder / "weights" / f"{method}.weights.xml.gz"
    with gzip.open(path) as file:
        return ElementTree.parse(file).getroot()


def log(data: Path, folder: str, method: str) -> str:
    """What TMVA printed."""
    with gzip.open(data / "tmva_trained" / folder / "logs" / f"{method}.log.gz", "rt") as file:
        return file.read()


def printed_ranking(data: Path, folder: str, method: str) -> list[tuple[str, float]]:
    """The method specific ranking as printed."""
    text = log(data, folder, method)
    text = text[text.index("(method specific)") :]
    lines = text[text.index("Rank : Variable") :].splitlines()[2:]
    ranking = []
    for line in lines:
        cells = line.split(":", 1)[1].split(":")
        if len(cells) < 3:
            break
        ranking.append((cells[1].strip(), float(cells[2])))
    return ranking


def normalised(data: Path, folder: str, method: str, events: NDArray[np.float32]) -> NDArray[np.float32]:
    """TMVA's VarTransform=N with the ranges of a weight file, in TMVA's float32 arithmetic."""
    ranges = weight_file(data, folder, method).findall("Transformations/Transform/Class")[-1].findall("Ranges/Range")
    result = np.empty_like(events)
    for j in range(events.shape[1]):
        low = np.float32(float(ranges[j].get("Min")))
        high = np.float32(float(ranges[j].get("Max")))
        scale = np.float32(1.0 / np.float64(high - low))
        result[:, j] = (events[:, j] - low) * scale * np.float32(2.0) - np.float32(1.0)
    return result
