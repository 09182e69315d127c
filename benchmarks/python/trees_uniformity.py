"""Boosting to uniformity beside hep_ml.

Three ways: a flatness loss in bins of the protected variables, the same among nearest neighbours, and uBoost. Both
libraries train the same number of trees of the same depth on the same events, in alternating rounds; the settings are
such that Diskern is about as flat and separates about as well on test events, or better. hep_ml runs on one thread, it
has no more. Data: the Dalitz-plane toy of hep_ml (flat signal in the two squared masses) and a charm-baryon selection
(flat background in the mass), found in the folder of the public data sets; and a generated Dalitz plane.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, run
from diskern import AdaBoostTreesClassifier, FlatGradientBoostedTreesClassifier, UBoostClassifier, datasets
from diskern._rounds import auc, installed, spread
from diskern.evaluation import cramer_von_mises, efficiency_deviation, protected_bins

DISTRIBUTIONS = ("hep_ml", "scikit-learn", "numpy", "pandas")


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
    bins: int  # per protected variable
    # By way: the settings of both libraries.
    diskern: dict[str, dict[str, Any]] = field(default_factory=dict)
    hep_ml: dict[str, dict[str, Any]] = field(default_factory=dict)
    trees: int = 100
    depth: int = 4
    uboost_trees: int = 20
    uboost_steps: int = 5


def with_settings(sample: Sample, bins: float, neighbours: float, rate: float) -> Sample:
    """The flatness coefficients and the uniforming rate of Diskern that match hep_ml's settings."""
    ours = {
        "bins": {"learning_rate": 0.4, "flatness_coefficient": bins, "n_bins": sample.bins},
        "neighbours": {"learning_rate": 0.4, "flatness_coefficient": neighbours, "n_neighbors": 100},
        "uboost": {"learning_rate": 1.0, "uniforming_rate": rate, "smoothing": 1.0, "n_neighbors": 50},
    }
    theirs = {
        "bins": {"learning_rate": 0.1, "fl_coefficient": 10.0, "n_bins": sample.bins},
        "neighbours": {"learning_rate": 0.1, "fl_coefficient": 10.0, "n_neighbours": 100},
        "uboost": {"n_neighbors": 50},
    }
    return replace(sample, diskern=ours, hep_ml=theirs)


def generated(n: int = 30_000) -> Sample:
    events = datasets.dalitz_plane(n, seed=1)
    protected = np.column_stack([events.extra["m2ab"], events.extra["m2ac"]])
    training = np.arange(n) < 0.7 * n
    sample = Sample(
        "dalitz_plane",
        "generated Dalitz plane, flat signal",
        events.events,
        events.labels,
        protected,
        np.ones(n),
        training,
        1,
        5,
    )
    return with_settings(sample, 4.0, 5.0, 0.3)


def dalitz(folder: Path) -> Sample:
    import uproot

    with uproot.open(folder / "dalitz_uniformity" / "dalitzdata.root") as file:
        tree = file[file.keys()[0]].arrays(library="np")
    y = tree["labels"].astype(np.int32)
    order = np.random.default_rng(0).permutation(len(y))
    training = np.zeros(len(y), np.bool_)
    training[order[: int(0.7 * len(y))]] = True
    sample = Sample(
        "dalitz_uniformity",
        "hep_ml's Dalitz plane, flat signal",
        np.column_stack([tree["Y1"], tree["Y2"], tree["Y3"]]).astype(np.float32),
        y,
        np.column_stack([tree["M2AB"], tree["M2AC"]]).astype(np.float64),
        np.ones(len(y)),
        training,
        1,
        5,
    )
    return with_settings(sample, 4.0, 5.0, 0.3)


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
    sample = Sample(
        "mjongerh_pt16",
        "charm baryons, flat background in the mass",
        np.column_stack([columns[name] for name in names]).astype(np.float32),
        (columns["classID"] == 0).astype(np.int32),
        columns["fM"].astype(np.float64)[:, None],
        np.ones(len(training)),
        training,
        0,
        8,
    )
    return with_settings(sample, 2.0, 3.0, 0.3)


Response = Callable[[np.ndarray], np.ndarray]


def with_diskern(sample: Sample, way: str, threads: int) -> Response:
    t = sample.training
    model: Any
    if way == "uboost":
        model = UBoostClassifier(
            n_estimators=sample.uboost_trees,
            efficiency_steps=sample.uboost_steps,
            max_depth=sample.depth,
            uniform_class=sample.uniform_class,
            n_jobs=threads,
            **sample.diskern[way],
        )
    else:
        model = FlatGradientBoostedTreesClassifier(
            n_estimators=sample.trees,
            max_depth=sample.depth,
            max_leaf_nodes=None,
            uniform_class=sample.uniform_class,
            n_jobs=threads,
            **sample.diskern[way],
        )
    model.fit(sample.X[t], sample.y[t], sample.weight[t], protected=sample.protected[t])
    return lambda X: np.asarray(model.predict_proba(X)[:, 1])


def with_hep_ml(sample: Sample, way: str) -> Response:
    import pandas
    from hep_ml.gradientboosting import UGradientBoostingClassifier
    from hep_ml.losses import BinFlatnessLossFunction, KnnFlatnessLossFunction
    from hep_ml.uboost import uBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    names = [f"x{j}" for j in range(sample.X.shape[1])]
    masses = [f"m{j}" for j in range(sample.protected.shape[1])]
    t = sample.training
    frame = pandas.DataFrame(np.hstack([sample.X[t], sample.protected[t]]), columns=names + masses)
    options = dict(sample.hep_ml[way])
    model: Any
    if way == "uboost":
        model = uBoostClassifier(
            masses,
            uniform_label=sample.uniform_class,
            train_features=names,
            efficiency_steps=sample.uboost_steps,
            n_estimators=sample.uboost_trees,
            base_estimator=DecisionTreeClassifier(max_depth=sample.depth, random_state=1),
            **options,
        )
    else:
        rate = options.pop("learning_rate")
        kind = BinFlatnessLossFunction if way == "bins" else KnnFlatnessLossFunction
        model = UGradientBoostingClassifier(
            kind(masses, uniform_label=sample.uniform_class, **options),
            n_estimators=sample.trees,
            max_depth=sample.depth,
            learning_rate=rate,
            min_samples_leaf=20,
            train_features=names,
            random_state=1,
        )
    model.fit(frame, sample.y[t], sample.weight[t])
    return lambda X: np.asarray(model.predict_proba(pandas.DataFrame(X, columns=names))[:, 1])


def without_uniformity(sample: Sample, way: str) -> Response:
    """What the way comes from: the same boosting without the protected variables."""
    t = sample.training
    if way == "uboost":
        boosted = AdaBoostTreesClassifier(
            engine="histogram", n_estimators=sample.uboost_trees, max_depth=sample.depth, max_bins=255
        ).fit(sample.X[t], sample.y[t], sample.weight[t])
        return lambda X: np.asarray(boosted.decision_function(X))
    plain = FlatGradientBoostedTreesClassifier(
        n_estimators=sample.trees, max_depth=sample.depth, max_leaf_nodes=None, flatness_coefficient=0.0
    ).fit(sample.X[t], sample.y[t], sample.weight[t], protected=sample.protected[t])
    return lambda X: np.asarray(plain.predict_proba(X)[:, 1])


def quality(sample: Sample, response: Response) -> dict[str, float]:
    """Separation and flatness on test events, in bins finer than those of the training."""
    t = ~sample.training
    values = response(sample.X[t])
    mine = sample.y[t] == sample.uniform_class
    bins = protected_bins(sample.protected[t][mine], None, 6 if sample.protected.shape[1] == 2 else 12)
    return {
        "auc": auc(sample.y[t].astype(np.int64), values),
        "efficiency deviation": efficiency_deviation(values[mine], bins),
        "Cramer-von-Mises": cramer_von_mises(values[mine], bins),
    }


def measure(case: str, sample: Sample, way: str, rounds: int) -> dict[str, Any]:
    """Both libraries in alternating rounds."""
    contestants: dict[str, Callable[[], Response]] = {
        "diskern, 1 thread": lambda: with_diskern(sample, way, 1),
        "diskern, 2 threads": lambda: with_diskern(sample, way, 2),
    }
    peer = "hep_ml, 1 thread"
    if installed("hep_ml"):
        contestants[peer] = lambda: with_hep_ml(sample, way)
    else:
        print("hep_ml is not installed: no peer")
    with_diskern(sample, way, 2)  # warm
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    responses: dict[str, Response] = {}
    for number in range(rounds):
        names = list(contestants)
        for name in names if number % 2 == 0 else reversed(names):
            begin = time.perf_counter()
            responses[name] = contestants[name]()
            seconds[name].append(time.perf_counter() - begin)
            print(f"  {case} round {number + 1} {name}: {seconds[name][-1]:.3f} s", flush=True)
    rows = []
    for name, times in seconds.items():
        row: dict[str, Any] = {"name": name, "seconds": spread(times), **quality(sample, responses[name])}
        if peer in seconds:
            row["hep_ml / diskern"] = spread([a / b for a, b in zip(seconds[peer], times, strict=True)])
        rows.append(row)
    rows.append({"name": "without uniformity", **quality(sample, without_uniformity(sample, way))})
    trees = f"{sample.trees} trees"
    if way == "uboost":
        trees = f"{sample.uboost_steps} forests of {sample.uboost_trees} trees"
    return {
        "case": case,
        "title": f"{sample.title}, {WAYS[way]}",
        "work": f"{int(sample.training.sum())} events x {sample.X.shape[1]}, {trees} of depth {sample.depth}",
        "settings": {"diskern": sample.diskern[way], "hep_ml": sample.hep_ml[way]},
        "rounds": rounds,
        "uniformity": rows,
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {record['title']}: {record['work']}"
    yield ""
    yield "| | seconds (median, min .. max) | hep_ml / Diskern | test AUC | SDE | Cramer-von-Mises |"
    yield "|---|---|---|---|---|---|"
    for row in record["uniformity"]:
        shown = ["", ""]
        for place, key in enumerate(("seconds", "hep_ml / diskern")):
            if key in row:
                value = row[key]
                shown[place] = f"{value['median']:.3g} ({value['minimum']:.3g} .. {value['maximum']:.3g})"
        yield (
            f"| {row['name']} | {shown[0]} | {shown[1]} | {row['auc']:.4f} | {row['efficiency deviation']:.4f} | "
            f"{row['Cramer-von-Mises']:.5f} |"
        )


WAYS = {"bins": "flatness loss in bins", "neighbours": "flatness loss among neighbours", "uboost": "uBoost"}


def main() -> int:
    assert __doc__ is not None
    samples: dict[str, Callable[[Path], Sample]] = {
        "dalitz": dalitz,
        "charm": charm,
        "generated": lambda _: generated(),
    }
    names = [f"{sample}-{way}" for sample in samples for way in WAYS]
    made = parser(__doc__, names)
    made.add_argument("--data", type=Path, metavar="FOLDER", help="the public data sets (dalitz_uniformity/, ...)")
    arguments = made.parse_args()
    wanted = set(names if arguments.all else arguments.case)
    needs_data = any(not name.startswith("generated") for name in wanted)
    if arguments.data is None and needs_data and not (arguments.list or arguments.quick):
        print("--data must name the folder of the public data sets; the cases 'generated-...' do without")
        return 2

    def one(case: str) -> dict[str, Any]:
        name, way = case.rsplit("-", 1)
        if arguments.quick:  # the generated sample stands for the others
            sample = replace(generated(3_000), trees=4, uboost_trees=3, uboost_steps=2)
        else:
            sample = samples[name](arguments.data)
        return measure(case, sample, way, 1 if arguments.quick else arguments.rounds or 3)

    known: dict[str, Callable[[], dict[str, Any]]] = {case: (lambda case=case: one(case)) for case in names}
    return run("trees_uniformity", arguments, known, DISTRIBUTIONS, "Boosting to uniformity", lines=lines)


if __name__ == "__main__":
    sys.exit(main())
