"""Every method of TMVA: processor time of training, application and evaluation, beside that of TMVA 4.2.1.

TMVA's figures are those stored with its trainings (``tmva_trained/*/results.json`` and ``scaling.json`` of the data
directory): processor seconds of ``Factory::TrainAllMethods`` for one method less those of LD (of a sample without LD:
of its fastest method), which are those of reading and splitting the data; microseconds of ``Reader::EvaluateMVA`` for
one event in a compiled loop; seconds of ``Factory::EvaluateAllMethods``; one thread, on another machine. Ours:
processor time of ``TrainAllMethods`` (evaluation of the training sample included), of the evaluation of all test events
at once, of ``EvaluateAllMethods``, on one thread, the same events and options, the smallest of several rounds. It is no
race on one machine, as TMVA is not installed here: take the ratios for orders of magnitude. Where a method is read but
not trained here, its weight file is applied. DL is not in TMVA 4.2.1: its row has no peer.

    DISKERN_DATA=... python benchmarks/python/tmva_methods.py --all
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

import _program
import diskern
from diskern.tmva import DataLoader, Factory
from diskern.tmva.methods import METHODS

VARIABLES = {
    "class_tut": ("myvar1", "myvar2", "var3", "var4"),
    "reg": ("var1", "var2"),
    "multiclass": ("var1", "var2", "var3", "var4"),
    "cat_offset": ("var1", "var2", "var3", "var4"),
}
CLASSES = {
    "class_tut": ("Signal", "Background"),
    "reg": ("Regression",),
    "multiclass": ("Signal", "bg0", "bg1", "bg2"),
    "cat_offset": ("Signal", "Background"),
}
ANALYSIS = {"reg": "Regression", "multiclass": "Multiclass"}
# Titles of the trainings begin with the name of the method, but for these.
METHOD_OF = {"BoostedFisher": "Fisher", "FisherCat": "Category", "LikelihoodCat": "Category"}
LONG = 1.0  # seconds of training after which one round is enough
# Not in TMVA 4.2.1; the options are those of the tutorial of newer versions.
DEEP = (
    "!H:!V:ErrorStrategy=CROSSENTROPY:VarTransform=N:WeightInitialization=XAVIERUNIFORM:"
    "Layout=TANH|128,TANH|128,TANH|128,LINEAR:TrainingStrategy=LearningRate=1e-2,Momentum=0.9,ConvergenceSteps=20,"
    "BatchSize=100,TestRepetitions=1,MaxEpochs=20,WeightDecay=1e-4,Optimizer=ADAM:Architecture=CPU"
)


def base_of(folder: str) -> Path:
    return Path(os.environ["DISKERN_DATA"]) / "tmva_trained" / folder


def loader_of(base: Path, folder: str) -> DataLoader:
    """The events that TMVA trained and tested on, in its order."""
    loader = DataLoader(folder)
    for name in VARIABLES[folder]:
        loader.AddVariable(name)
    if folder == "reg":
        loader.AddTarget("fvalue")
    if folder == "cat_offset":
        loader.AddSpectator("eta")
    for part, kind in (("train", "Training"), ("test", "Test")):
        with np.load(base / f"{part}_events.npz") as file:
            events = {name: file[name] for name in file.files if file[name].dtype.kind in "fiu"}
        for index, name in enumerate(CLASSES[folder]):
            chosen = np.ones(len(events["weight"]), bool) if folder == "reg" else events["classID"] == index
            loader.AddTree({key: values[chosen] for key, values in events.items()}, name, tree_type=kind)
    for name in CLASSES[folder]:
        loader.SetWeightExpression("weight", "" if folder == "reg" else name)
    loader.PrepareTrainingAndTestTree("", "NormMode=None:!V")
    return loader


def method_of(title: str) -> str:
    """The method of a training, by its title."""
    known = [name for name in (*METHODS, "RuleFit") if title.startswith(name)]
    return METHOD_OF.get(title) or max(known, key=len)


def add_categories(booked: Any, base: Path, title: str, stored: dict[str, Any]) -> None:
    """The parts of a Category, as its weight file names them."""
    root = ElementTree.fromstring(gzip.decompress((base / "weights" / f"{title}.weights.xml.gz").read_bytes()))
    for number, part in enumerate(root.iter("SubMethod")):
        kind = part.get("Method", "").partition("::")[0]
        options = stored[kind]["options"]
        booked.AddMethod(part.get("Cut"), part.get("Variables"), kind, f"{title}_{number}", options)


def measure(folder: str, title: str, rounds: int) -> dict[str, Any]:
    base = base_of(folder)
    stored = json.loads((base / "results.json").read_text())
    theirs = stored.get(title, {"options": DEEP})
    with np.load(base / "test_events.npz") as file:
        events = np.ascontiguousarray(np.stack([file[name] for name in VARIABLES[folder]], axis=1), np.float32)
        key = file["eta"] if "eta" in file.files else None
    analysis = ANALYSIS.get(folder, "Classification")
    row: dict[str, Any] = {"method": title}
    shortest = min(one["train_cpu_s"] for one in stored.values())
    overhead = stored["LD"]["train_cpu_s"] if "LD" in stored else shortest
    if "train_cpu_s" in theirs:
        row["tmva_train_seconds"] = max(0.0, theirs["train_cpu_s"] - overhead)
        row["tmva_apply_microseconds"] = theirs["reader_cpu_us_per_event"]
    model: Any = None
    training: list[float] = []
    method = method_of(title)
    for _ in range(rounds if method in METHODS else 0):
        factory = Factory("benchmark", Silent=True, ModelPersistence=False, AnalysisType=analysis)
        try:
            booked = factory.BookMethod(loader_of(base, folder), method, title, theirs["options"])
        except diskern.InvalidArgument:  # an analysis that is read only
            break
        if method == "Category":
            add_categories(booked, base, title, stored)
        begin = time.process_time()
        factory.TrainAllMethods()
        training.append(time.process_time() - begin)
        if booked.error is not None:
            raise RuntimeError(f"{title}: {booked.error}")
        model = booked.model
        if training[-1] > LONG:
            break
    if training:
        row["train_seconds"] = min(training)
    else:
        model = diskern.load(base / "weights" / f"{title}.weights.xml.gz")._model
    if method == "Cuts":  # TMVA's figure is that of one set of cuts
        model = model.at_signal_efficiency(0.5)

    def apply() -> float:
        begin = time.process_time()
        if method == "Category":
            model.evaluate_with_key(events, np.ascontiguousarray(key, np.float64).reshape(-1, 1), threads=1)
        else:
            model.evaluate(events, threads=1)
        return (time.process_time() - begin) / len(events) * 1e6

    apply()
    row["apply_microseconds"] = min(apply() for _ in range(max(rounds, 3)))
    return row


def evaluated(title: str, options: str, n: int) -> dict[str, Any]:
    """EvaluateAllMethods on n events of training and test each, of 28 Gaussian variables as those of scaling.json."""
    stored = json.loads((base_of("scaling.json")).read_text())[f"100k_{title}"]
    generator = np.random.default_rng(1)
    names = [f"x{i}" for i in range(28)]
    row: dict[str, Any] = {"method": title, "tmva_evaluate_seconds": stored["evaluate_cpu_s"]}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        for output in (None, "out.root"):
            loader = DataLoader("dataset")
            for name in names:
                loader.AddVariable(name)
            for part in ("Training", "Test"):
                x = generator.normal(size=(n, 28)).astype(np.float32)
                z = x[:, 0] * x[:, 1] + 0.5 * x[:, 3] ** 2 - 0.5 + 0.6 * x[:, 4] + 0.3 * x[:, 7:12].sum(axis=1)
                signal = z + generator.normal(size=n) > 0
                for mask, name in ((signal, "Signal"), (~signal, "Background")):
                    loader.AddTree(dict(zip(names, x[mask].T, strict=True)), name, tree_type=part)
            loader.PrepareTrainingAndTestTree("", "!V")
            path = None if output is None else str(Path(folder) / output)
            factory = Factory("benchmark", path, "!Silent:!DrawProgressBar:!ModelPersistence", threads=1)
            method = {"Lik": "Likelihood", "BDTA": "BDT"}.get(title, title)
            factory.BookMethod(loader, method, title, options)
            factory.TrainAllMethods()
            factory.TestAllMethods()
            begin = time.process_time()
            factory.EvaluateAllMethods()
            row["evaluate_seconds" if output is None else "with_file_seconds"] = time.process_time() - begin
    return row


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"## {record['case']}"
    yield ""
    if record["case"] == "evaluate":
        yield "| method | EvaluateAllMethods, s | with the trees written, s | TMVA (with trees), s | ratios |"
        yield "|---|---|---|---|---|"
        for row in record["rows"]:
            theirs = row["tmva_evaluate_seconds"]
            yield (
                f"| {row['method']} | {row['evaluate_seconds']:.3g} | {row['with_file_seconds']:.3g} | {theirs:.3g} | "
                f"{theirs / row['evaluate_seconds']:.1f}, {theirs / row['with_file_seconds']:.1f} |"
            )
        return
    yield "| method | training, s | TMVA, s | ratio | application, µs per event | TMVA, µs | ratio |"
    yield "|---|---|---|---|---|---|---|"
    for row in record["rows"]:
        cells = [row["method"]]
        for ours, theirs in (
            ("train_seconds", "tmva_train_seconds"),
            ("apply_microseconds", "tmva_apply_microseconds"),
        ):
            cells.append(f"{row[ours]:.3g}" if ours in row else "read only")
            cells.append(f"{row[theirs]:.3g}" if theirs in row else "-")
            both = ours in row and row.get(theirs, 0.0) > 0.0
            cells.append(f"{row[theirs] / row[ours]:.1f}" if both else "-")
        yield f"| {' | '.join(cells)} |"


def titles_of(folder: str) -> list[str]:
    stored = json.loads((base_of(folder) / "results.json").read_text())
    return [*stored, "DL"] if folder == "class_tut" else list(stored)


def main() -> int:
    os.environ.setdefault("DISKERN_NUM_THREADS", "1")
    cases = [*VARIABLES, "evaluate"]
    arguments = _program.parser(str(__doc__), cases).parse_args()
    rounds = arguments.rounds or (1 if arguments.quick else 3)

    def case(folder: str) -> Callable[[], dict[str, Any]]:
        def run() -> dict[str, Any]:
            if folder == "evaluate":
                n = 2000 if arguments.quick else 100_000
                bookings = {"Fisher": "!H:!V", "Lik": "!H:!V:NAvEvtPerBin=50", "BDTA": "NTrees=20:nCuts=20"}
                return {"case": folder, "rows": [evaluated(title, text, n) for title, text in bookings.items()]}
            titles = titles_of(folder)
            if arguments.quick:
                titles = [title for title in titles if method_of(title) in ("Fisher", "LD", "KNN", "Category")]
            return {"case": folder, "rows": [measure(folder, title, rounds) for title in titles]}

        return run

    return _program.run(
        "tmva_methods",
        arguments,
        {folder: case(folder) for folder in cases},
        (),
        "TMVA's methods beside TMVA 4.2.1",
        lines=lines,
    )


if __name__ == "__main__":
    sys.exit(main())
