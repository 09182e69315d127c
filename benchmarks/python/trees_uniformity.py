"""Boosting to uniformity beside hep_ml: python benchmarks/python/trees_uniformity.py [--output FOLDER] [--rounds N]

Both train the same number of trees of the same depth with a flatness loss on the same events, in alternating rounds;
the settings are such that Diskern is at least as flat and separates at least as well on test events. hep_ml's
UGradientBoostingClassifier with BinFlatnessLossFunction runs on one thread, it has no more. Data: the Dalitz-plane toy
of hep_ml (flat signal in the two squared masses) and a charm-baryon selection (flat background in the mass), found in
the folder that DISKERN_DATA names; without it, diskern.datasets.dalitz_plane alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

import diskern
from diskern import FlatGradientBoostedTreesClassifier, datasets
from diskern.evaluation import cramer_von_mises, efficiency_deviation, protected_bins


@dataclass
class Sample:
    name: str
    title: str
    X: np.ndarray
    y: np.ndarray
    protected: np.ndarray
    weight: np.ndarray
    training: np.ndarray  # mask
    uniform_class: int
    diskern: dict[str, Any]
    hep_ml: dict[str, Any]
    trees: int = 100
    depth: int = 4


def generated(n: int) -> Sample:
    events = datasets.dalitz_plane(n, seed=1)
    protected = np.column_stack([events.extra["m2ab"], events.extra["m2ac"]])
    training = np.arange(n) < 0.7 * n
    return Sample(
        "dalitz_plane",
        "generated Dalitz plane, flat signal",
        events.events,
        events.labels,
        protected,
        np.ones(n),
        training,
        1,
        {"learning_rate": 0.4, "flatness_coefficient": 4.0, "n_bins": 5},
        {"learning_rate": 0.1, "fl_coefficient": 10.0, "n_bins": 5},
    )


def dalitz(folder: Path) -> Sample:
    import uproot

    with uproot.open(folder / "dalitz_uniformity" / "dalitzdata.root") as file:
        tree = file[file.keys()[0]].arrays(library="np")
    y = tree["labels"].astype(np.int32)
    order = np.random.default_rng(0).permutation(len(y))
    training = np.zeros(len(y), np.bool_)
    training[order[: int(0.7 * len(y))]] = True
    return Sample(
        "dalitz_uniformity",
        "hep_ml's Dalitz plane, flat signal",
        np.column_stack([tree["Y1"], tree["Y2"], tree["Y3"]]).astype(np.float32),
        y,
        np.column_stack([tree["M2AB"], tree["M2AC"]]).astype(np.float64),
        np.ones(len(y)),
        training,
        1,
        {"learning_rate": 0.4, "flatness_coefficient": 4.0, "n_bins": 5},
        {"learning_rate": 0.1, "fl_coefficient": 10.0, "n_bins": 5},
    )


def charm(folder: Path) -> Sample:
    import uproot

    names = [
        "fCPA",
        "fCPAXY",
        "fChi2PCA",
        "fDecayLength",
        "fDecayLengthXY",
        "fImpactParameter0",
        "fImpactParameter1",
    ]
    with uproot.open(folder / "tmva_testtree" / "mjongerh_pt16" / "TMVA.root") as file:
        trees = [file[f"dataset/{name}"] for name in ("TrainTree", "TestTree")]
        parts = [tree.arrays([*names, "fM", "classID"], library="np") for tree in trees]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    training = np.arange(len(columns["fM"])) < len(parts[0]["fM"])
    return Sample(
        "mjongerh_pt16",
        "charm baryons, flat background in the mass",
        np.column_stack([columns[name] for name in names]).astype(np.float32),
        (columns["classID"] == 0).astype(np.int32),
        columns["fM"].astype(np.float64)[:, None],
        np.ones(len(training)),
        training,
        0,
        {"learning_rate": 0.4, "flatness_coefficient": 2.0, "n_bins": 8},
        {"learning_rate": 0.1, "fl_coefficient": 10.0, "n_bins": 8},
    )


Response = Callable[[np.ndarray], np.ndarray]


def with_diskern(sample: Sample, threads: int) -> Response:
    model = FlatGradientBoostedTreesClassifier(
        n_estimators=sample.trees,
        max_depth=sample.depth,
        max_leaf_nodes=None,
        uniform_class=sample.uniform_class,
        n_jobs=threads,
        **sample.diskern,
    )
    t = sample.training
    model.fit(sample.X[t], sample.y[t], sample.weight[t], protected=sample.protected[t])
    return lambda X: model.predict_proba(X)[:, 1]


def with_hep_ml(sample: Sample) -> Response:
    import pandas
    from hep_ml.gradientboosting import UGradientBoostingClassifier
    from hep_ml.losses import BinFlatnessLossFunction

    names = [f"x{j}" for j in range(sample.X.shape[1])]
    masses = [f"m{j}" for j in range(sample.protected.shape[1])]
    t = sample.training
    frame = pandas.DataFrame(np.hstack([sample.X[t], sample.protected[t]]), columns=names + masses)
    options = dict(sample.hep_ml)
    rate = options.pop("learning_rate")
    loss = BinFlatnessLossFunction(masses, uniform_label=sample.uniform_class, **options)
    model = UGradientBoostingClassifier(
        loss,
        n_estimators=sample.trees,
        max_depth=sample.depth,
        learning_rate=rate,
        min_samples_leaf=20,
        train_features=names,
        random_state=1,
    )
    model.fit(frame, sample.y[t], sample.weight[t])
    return lambda X: model.predict_proba(pandas.DataFrame(X, columns=names))[:, 1]


def quality(sample: Sample, response: Response) -> dict[str, float]:
    """Separation and flatness on test events, in bins finer than those of the training."""
    t = ~sample.training
    values = response(sample.X[t])
    mine = sample.y[t] == sample.uniform_class
    bins = protected_bins(sample.protected[t][mine], None, 6 if sample.protected.shape[1] == 2 else 12)
    return {
        "auc": float(roc_auc_score(sample.y[t], values)),
        "efficiency_deviation": efficiency_deviation(values[mine], bins),
        "cramer_von_mises": cramer_von_mises(values[mine], bins),
    }


def measure(sample: Sample, rounds: int) -> dict[str, Any]:
    contestants: dict[str, Callable[[], Response]] = {
        "diskern, 1 thread": lambda: with_diskern(sample, 1),
        "diskern, 2 threads": lambda: with_diskern(sample, 2),
    }
    try:
        version("hep_ml")
        contestants["hep_ml, 1 thread"] = lambda: with_hep_ml(sample)
    except PackageNotFoundError:
        print("hep_ml is not installed: no peer")
    with_diskern(sample, 2)  # warm
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    responses: dict[str, Response] = {}
    for number in range(rounds):
        names = list(contestants)
        for name in names if number % 2 == 0 else reversed(names):
            begin = time.perf_counter()
            responses[name] = contestants[name]()
            seconds[name].append(time.perf_counter() - begin)
            print(f"  {sample.name} round {number + 1} {name}: {seconds[name][-1]:.3f} s", flush=True)
    rows = []
    for name, times in seconds.items():
        row: dict[str, Any] = {"name": name, "seconds": times, "median": statistics.median(times)}
        row |= quality(sample, responses[name])
        if "hep_ml, 1 thread" in seconds:
            ratios = [peer / own for peer, own in zip(seconds["hep_ml, 1 thread"], times, strict=True)]
            row["ratio"] = {"median": statistics.median(ratios), "minimum": min(ratios), "maximum": max(ratios)}
        rows.append(row)
    plain = FlatGradientBoostedTreesClassifier(
        n_estimators=sample.trees, max_depth=sample.depth, max_leaf_nodes=None, flatness_coefficient=0.0, n_jobs=1
    )
    t = sample.training
    plain.fit(sample.X[t], sample.y[t], sample.weight[t], protected=sample.protected[t])
    rows.append({"name": "without flatness", **quality(sample, lambda X: plain.predict_proba(X)[:, 1])})
    return {
        "case": sample.name,
        "title": sample.title,
        "training_events": int(sample.training.sum()),
        "variables": sample.X.shape[1],
        "trees": sample.trees,
        "depth": sample.depth,
        "settings": {"diskern": sample.diskern, "hep_ml": sample.hep_ml},
        "rows": rows,
    }


def table(records: list[dict[str, Any]]) -> str:
    lines = [
        "| sample | method | seconds | hep_ml / Diskern | test AUC | SDE | Cramer-von-Mises |",
        "|---|---|---|---|---|---|---|",
    ]
    for record in records:
        for row in record["rows"]:
            ratio = row.get("ratio")
            shown = "" if ratio is None else f"{ratio['median']:.1f} ({ratio['minimum']:.1f} to {ratio['maximum']:.1f})"
            seconds = f"{row['median']:.3f}" if "median" in row else ""
            lines.append(
                f"| {record['case']}, {record['training_events']} events, {record['trees']} trees of depth "
                f"{record['depth']} | {row['name']} | {seconds} | {shown} | {row['auc']:.4f} | "
                f"{row['efficiency_deviation']:.4f} | {row['cramer_von_mises']:.5f} |"
            )
    return "\n".join(lines) + "\n"


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "results")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a small generated sample only")
    arguments = parser.parse_args()
    folder = os.environ.get("DISKERN_DATA")
    samples = [generated(4000 if arguments.quick else 30000)]
    if folder and not arguments.quick:
        samples = [dalitz(Path(folder)), charm(Path(folder))]
    versions = {"diskern": diskern.__version__}
    for package in ("hep_ml", "scikit-learn", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    records = [measure(sample, arguments.rounds) for sample in samples]
    result = {
        "hardware": {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "system": platform.platform()},
        "versions": versions,
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "cases": records,
    }
    text = table(records)
    print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "trees_uniformity.json").write_text(json.dumps(result, indent=1) + "\n")
    heading = f"# Boosting to uniformity beside hep_ml\n\n{processor()}, {result['hardware']['cores']} cores; "
    heading += ", ".join(f"{name} {number}" for name, number in versions.items())
    heading += f"; {arguments.rounds} alternating rounds: median of the ratios, smallest and largest.\n\n"
    (arguments.output / "trees_uniformity.md").write_text(heading + text)


if __name__ == "__main__":
    main()
