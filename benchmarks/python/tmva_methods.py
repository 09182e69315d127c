"""TMVA's classical methods: processor time of training and application, beside that of TMVA 4.2.1.

TMVA's figures are those stored with its trainings (``tmva_trained/*/results.json`` of the data directory): processor
seconds of ``Factory::TrainAllMethods`` for one method less those of LD, which are those of reading and splitting the
data, and microseconds of ``Reader::EvaluateMVA`` for one event in a compiled loop, one thread, on another machine.
Ours: processor time of ``TrainAllMethods`` (evaluation of the training sample included) and of the evaluation of all
test events on one thread, the same events and options, the smallest of several rounds. It is no race on one machine, as
TMVA is not installed here: take the ratios for orders of magnitude.

    DISKERN_DATA=... python benchmarks/python/tmva_methods.py --all
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import _program
from diskern.tmva import DataLoader, Factory

VARIABLES = {
    "class_tut": ("myvar1", "myvar2", "var3", "var4"),
    "class_variants": ("var1", "var2", "var3", "var4"),
    "reg": ("var1", "var2"),
}
CASES = {
    "class_tut": [
        *("Fisher", "LD", "HMatrix", "Likelihood", "LikelihoodD", "LikelihoodPCA", "LikelihoodKDE", "LikelihoodMIX"),
        *("Cuts", "CutsGA", "CutsSA", "FDA_MC", "FDA_GA", "FDA_SA", "SVM", "PDERS", "KNN"),
        *("BoostedFisher", "PDEFoam", "PDEFoamBoost"),
    ],
    "reg": ["LD", "FDA_MC", "FDA_GA", "PDERS", "KNN", "PDEFoam"],
}


def loader_of(base: Path, folder: str) -> DataLoader:
    """The events that TMVA trained and tested on, in its order."""
    loader = DataLoader(folder)
    for name in VARIABLES[folder]:
        loader.AddVariable(name)
    if folder == "reg":
        loader.AddTarget("fvalue")
    for part, kind in (("train", "Training"), ("test", "Test")):
        with np.load(base / f"{part}_events.npz") as file:
            events = {name: file[name] for name in file.files if file[name].dtype.kind in "fiu"}
        classes = ("Regression",) if folder == "reg" else ("Signal", "Background")
        for index, name in enumerate(classes):
            chosen = np.ones(len(events["weight"]), bool) if folder == "reg" else events["classID"] == index
            loader.AddTree({key: values[chosen] for key, values in events.items()}, name, tree_type=kind)
    if folder == "reg":
        loader.SetWeightExpression("weight")
    else:
        loader.SetWeightExpression("weight", "Signal")
        loader.SetWeightExpression("weight", "Background")
    loader.PrepareTrainingAndTestTree("", "NormMode=None:!V")
    return loader


def measure(folder: str, title: str, rounds: int) -> dict[str, Any]:
    base = Path(os.environ["DISKERN_DATA"]) / "tmva_trained" / folder
    stored = json.loads((base / "results.json").read_text())
    theirs = stored[title]
    names = VARIABLES[folder]
    with np.load(base / "test_events.npz") as file:
        events = np.ascontiguousarray(np.stack([file[name] for name in names], axis=1), np.float32)
    kind = {"Likelihood": "Likelihood", "Cuts": "Cuts", "FDA": "FDA", "BoostedFisher": "Fisher", "PDEFoam": "PDEFoam"}
    method = next((value for key, value in kind.items() if title.startswith(key)), title)
    training: list[float] = []
    applying: list[float] = []
    for _ in range(rounds):
        factory = Factory(
            "benchmark",
            Silent=True,
            ModelPersistence=False,
            AnalysisType=("Regression" if folder == "reg" else "Classification"),
        )
        booked = factory.BookMethod(loader_of(base, folder), method, title, theirs["options"])
        begin = time.process_time()
        factory.TrainAllMethods()
        training.append(time.process_time() - begin)
        if booked.error is not None:
            raise RuntimeError(f"{title}: {booked.error}")
        model: Any = booked.model
        if method == "Cuts":  # TMVA's figure is that of one set of cuts
            model = model.at_signal_efficiency(0.5)
        begin = time.process_time()
        model.evaluate(events, threads=1)
        applying.append((time.process_time() - begin) / len(events) * 1e6)
    return {
        "method": title,
        "train_seconds": min(training),
        "tmva_train_seconds": max(0.0, theirs["train_cpu_s"] - stored["LD"]["train_cpu_s"]),
        "apply_microseconds": min(applying),
        "tmva_apply_microseconds": theirs["reader_cpu_us_per_event"],
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"## {record['case']}"
    yield ""
    yield "| method | training, s | TMVA, s | application, µs per event | TMVA, µs | ratio |"
    yield "|---|---|---|---|---|---|"
    for row in record["rows"]:
        ratio = row["tmva_apply_microseconds"] / row["apply_microseconds"]
        yield (
            f"| {row['method']} | {row['train_seconds']:.3g} | {row['tmva_train_seconds']:.3g} | "
            f"{row['apply_microseconds']:.3g} | {row['tmva_apply_microseconds']:.3g} | {ratio:.1f} |"
        )


def main() -> int:
    os.environ.setdefault("DISKERN_NUM_THREADS", "1")
    arguments = _program.parser(str(__doc__), list(CASES)).parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 3)

    def case(folder: str) -> Callable[[], dict[str, Any]]:
        return lambda: {"case": folder, "rows": [measure(folder, title, rounds) for title in CASES[folder]]}

    return _program.run(
        "tmva_methods",
        arguments,
        {folder: case(folder) for folder in CASES},
        (),
        "TMVA's classical methods beside TMVA 4.2.1",
        lines=lines,
    )


if __name__ == "__main__":
    sys.exit(main())
