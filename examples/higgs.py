"""Higgs bosons as in Baldi, Sadowski and Whiteson (arXiv:1402.4735): what deep networks find by themselves.

A million events with true four-vectors are generated: 21 measured momenta and angles ("low-level"), and 7 invariant
masses that a physicist computes from them ("high-level"). A deep network on the low-level variables alone is compared
with a shallow network and boosted trees on the masses, on the low-level variables, and on both. The paper found that
shallow methods need the masses and that a deep network does not.

With a folder that holds higgs_10k.csv.gz (10000 events of the paper's own sample), the same methods run on those too:
far too few for a deep network, but they check that the generated events tell the same story about trees.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diskern import GradientBoostedTreesClassifier, NetworkClassifier
from diskern.datasets import higgs_like
from diskern.evaluation import roc_curve

LOW = 21  # columns before the masses
VARIABLES = {"low-level": slice(0, LOW), "high-level": slice(LOW, 28), "both": slice(0, 28)}


def methods(epochs: int) -> dict[str, Any]:
    options: dict[str, Any] = {
        "learning_rate_init": 2e-3,
        "schedule": "cosine",
        "batch_size": 1000,
        "max_iter": epochs,
        "n_iter_no_change": epochs,
        "random_state": 1,
    }
    return {
        "deep network (4 x 128)": NetworkClassifier((128, 128, 128, 128), **options),
        "shallow network (128)": NetworkClassifier((128,), **options),
        "boosted trees": GradientBoostedTreesClassifier(n_estimators=400, learning_rate=0.1, random_state=1),
    }


def compare(events: NDArray[np.float32], labels: NDArray[np.int32], epochs: int) -> None:
    """Trains on the first three quarters; prints the areas on the rest."""
    cut = len(events) * 3 // 4
    stop = cut - cut // 10  # the last tenth decides which epoch is kept
    for name in methods(epochs):
        areas = []
        for columns in VARIABLES.values():
            model = methods(epochs)[name]
            start = time.perf_counter()
            model.fit(events[:stop, columns], labels[:stop], eval_set=(events[stop:cut, columns], labels[stop:cut]))
            seconds = time.perf_counter() - start
            response = model.predict_proba(events[cut:, columns])[:, 1]
            areas.append(f"{roc_curve(labels[cut:] == 1, response).integral:.4f} ({seconds:.0f} s)")
        print(f"{name:24}" + "  ".join(f"{key} {area}" for key, area in zip(VARIABLES, areas, strict=True)), flush=True)


def read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    with gzip.open(path, "rt") as file:
        rows = csv.reader(file)
        names = next(rows)
        table = np.array([[float(value) for value in row] for row in rows], np.float32)
    label = names.index("label")
    return np.delete(table, label, axis=1), table[:, label].astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where higgs_10k.csv.gz is")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()

    sample = higgs_like(arguments.events, seed=1)
    print(f"{len(sample)} generated events, ROC integrals:", flush=True)
    compare(sample.events, sample.labels, arguments.epochs)
    if arguments.folder is not None:
        events, labels = read(arguments.folder / "higgs_10k.csv.gz")
        print(f"{len(events)} events of the paper's sample, ROC integrals:")
        compare(events, labels, 3 * arguments.epochs)


if __name__ == "__main__":
    main()
