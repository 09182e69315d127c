"""Benchmarks beside whichever peers are installed: one table, one JSON.

A case is data: events, contestants, a quality that all must reach. Within a case the contestants run in alternating
order in one process, on the same events and the same number of threads; what counts is the ratio of a peer's time to
Diskern's within a round, reported as the median with its smallest and largest value.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    training: NDArray[np.float32]
    training_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]


@dataclass(frozen=True)
class Contestant:
    """prepare(events, threads) does what is not timed and returns the timed work, which returns the test responses."""

    name: str
    package: str  # distribution that must be installed; empty for diskern
    settings: str
    prepare: Callable[[Events, int], Callable[[], Any]]


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    work: str  # what one round does, e.g. "100000 events x 28, 100 trees of 31 leaves"
    events: Callable[[], Events]
    contestants: tuple[Contestant, ...]
    items: float  # work items per round, for the rate
    unit: str


@dataclass
class Outcome:
    name: str
    settings: str
    seconds: list[float] = field(default_factory=list)
    quality: float | None = None
    absent: str = ""


def _higgs_like(training: int, test: int) -> Callable[[], Events]:
    def make() -> Events:
        from .datasets import higgs_like

        sample = higgs_like(training + test, seed=20260)
        x = np.ascontiguousarray(sample.events, np.float32)
        y = np.asarray(sample.labels, np.int64)
        return Events(x[:training], y[:training], x[training:], y[training:])

    return make


def auc(labels: NDArray[np.int64], response: FloatArray) -> float:
    """Area under the ROC curve of unweighted events, ties counted half (Mann-Whitney)."""
    _, inverse, counts = np.unique(response, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - 0.5 * (counts - 1))[inverse]
    n_signal = int(labels.sum())
    n_background = len(labels) - n_signal
    return float((rank[labels == 1].sum() - 0.5 * n_signal * (n_signal + 1)) / (n_signal * n_background))


# --- boosted trees -------------------------------------------------------------------------------------------------


def _diskern_trees(trees: int, leaves: int, threads: int) -> Any:
    from . import GradientBoostedTreesClassifier

    return GradientBoostedTreesClassifier(
        n_estimators=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        max_depth=None,
        min_samples_leaf=20,
        early_stopping=False,
        n_jobs=threads,
        random_state=1,
    )


def _sklearn_trees(trees: int, leaves: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        min_samples_leaf=20,
        early_stopping=False,
        random_state=1,
    )


def _xgboost_trees(trees: int, leaves: int, threads: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=trees,
        learning_rate=0.1,
        max_leaves=leaves,
        max_depth=0,
        grow_policy="lossguide",
        tree_method="hist",
        max_bin=255,
        n_jobs=threads,
        random_state=1,
    )


def _lightgbm_trees(trees: int, leaves: int, threads: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        n_estimators=trees, learning_rate=0.1, num_leaves=leaves, n_jobs=threads, random_state=1, verbose=-1
    )


def _limit_openmp(threads: int, work: Callable[[], Any]) -> Any:
    """scikit-learn takes its threads from OpenMP; threadpoolctl (which it depends on) sets them."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(threads):
        return work()


def _make_trees(name: str, trees: int, leaves: int, threads: int) -> Any:
    if name == "diskern":
        return _diskern_trees(trees, leaves, threads)
    if name == "scikit-learn":
        return _sklearn_trees(trees, leaves)
    if name == "xgboost":
        return _xgboost_trees(trees, leaves, threads)
    return _lightgbm_trees(trees, leaves, threads)


_TREE_PEERS = (
    ("diskern", "", "GradientBoostedTreesClassifier"),
    ("scikit-learn", "scikit-learn", "HistGradientBoostingClassifier"),
    ("xgboost", "xgboost", "hist, lossguide, 255 bins"),
    ("lightgbm", "lightgbm", "defaults, same leaves"),
)


def _tree_training(trees: int, leaves: int) -> tuple[Contestant, ...]:
    def contestant(name: str, package: str, text: str) -> Contestant:
        def prepare(events: Events, threads: int) -> Callable[[], Any]:
            def work() -> Any:
                model = _make_trees(name, trees, leaves, threads)
                if name == "scikit-learn":
                    return _limit_openmp(threads, lambda: model.fit(events.training, events.training_labels))
                return model.fit(events.training, events.training_labels)

            return work

        return Contestant(name, package, f"{text}; {trees} trees, {leaves} leaves, learning rate 0.1", prepare)

    return tuple(contestant(*peer) for peer in _TREE_PEERS)


def _tree_evaluation(trees: int, leaves: int) -> tuple[Contestant, ...]:
    def contestant(name: str, package: str, text: str) -> Contestant:
        def prepare(events: Events, threads: int) -> Callable[[], Any]:
            model = _make_trees(name, trees, leaves, threads)
            model.fit(events.training, events.training_labels)
            if name == "xgboost":  # its fastest way to evaluate an array: no DMatrix in between
                booster = model.get_booster()
                return lambda: booster.inplace_predict(events.test)
            if name == "scikit-learn":
                return lambda: _limit_openmp(threads, lambda: model.predict_proba(events.test)[:, 1])
            return lambda: model.predict_proba(events.test)[:, 1]

        return Contestant(name, package, f"{text}; {trees} trees, {leaves} leaves", prepare)

    return tuple(contestant(*peer) for peer in _TREE_PEERS)


# --- networks ------------------------------------------------------------------------------------------------------


def _standardise(events: Events) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean, spread = events.training.mean(axis=0), events.training.std(axis=0)
    return (events.training - mean) / spread, (events.test - mean) / spread


def _network_training(hidden: tuple[int, ...], batch: int, epochs: int) -> tuple[Contestant, ...]:
    def diskern(events: Events, threads: int) -> Callable[[], Any]:
        from . import NetworkClassifier

        training, _ = _standardise(events)
        return lambda: NetworkClassifier(
            hidden_layer_sizes=hidden,
            activation="relu",
            solver="adam",
            batch_size=batch,
            max_iter=epochs,
            learning_rate_init=1e-3,
            early_stopping=False,
            n_iter_no_change=epochs,
            n_jobs=threads,
            random_state=1,
        ).fit(training, events.training_labels)

    def sklearn(events: Events, threads: int) -> Callable[[], Any]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        training, _ = _standardise(events)

        def work() -> Any:
            model = MLPClassifier(
                hidden_layer_sizes=hidden,
                batch_size=batch,
                max_iter=epochs,
                learning_rate_init=1e-3,
                n_iter_no_change=epochs,
                random_state=1,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose
                return _limit_openmp(threads, lambda: model.fit(training, events.training_labels))

        return work

    def torch(events: Events, threads: int) -> Callable[[], Any]:
        import torch as pytorch

        training, test = _standardise(events)
        x = pytorch.from_numpy(training)
        y = pytorch.from_numpy(events.training_labels.astype(np.float32))[:, None]

        def work() -> Any:
            pytorch.set_num_threads(threads)
            pytorch.manual_seed(1)
            widths = (x.shape[1], *hidden)
            layers: list[Any] = []
            for i, o in itertools.pairwise(widths):
                layers += [pytorch.nn.Linear(i, o), pytorch.nn.ReLU()]
            model = pytorch.nn.Sequential(*layers, pytorch.nn.Linear(widths[-1], 1))
            optimizer = pytorch.optim.Adam(model.parameters(), lr=1e-3)
            loss = pytorch.nn.BCEWithLogitsLoss()
            for _ in range(epochs):
                order = pytorch.randperm(len(x))
                for begin in range(0, len(x), batch):
                    rows = order[begin : begin + batch]
                    optimizer.zero_grad(set_to_none=True)
                    loss(model(x[rows]), y[rows]).backward()
                    optimizer.step()
            return _TorchModel(model, pytorch, test)

        return work

    text = f"{'-'.join(map(str, hidden))} relu, Adam 1e-3, batch {batch}, {epochs} epochs"
    return (
        Contestant("diskern", "", f"NetworkClassifier; {text}", diskern),
        Contestant("scikit-learn", "scikit-learn", f"MLPClassifier; {text}", sklearn),
        Contestant("torch", "torch", f"eager; {text}", torch),
    )


class _TorchModel:
    def __init__(self, model: Any, torch: Any, test: NDArray[np.float32]) -> None:
        self._model, self._torch, self._test = model, torch, test

    def predict_proba(self, _: Any) -> FloatArray:
        with self._torch.no_grad():
            response = self._model(self._torch.from_numpy(self._test)).numpy().astype(np.float64)
        return np.hstack([-response, response])


def cases() -> tuple[Case, ...]:
    """All cases, in the order of the table."""
    return (
        Case(
            "bdt-training-10k",
            "Boosted trees, training, small sample",
            "10000 events x 28, 100 trees of 31 leaves",
            _higgs_like(10_000, 20_000),
            _tree_training(100, 31),
            10_000 * 100,
            "event x tree",
        ),
        Case(
            "bdt-training",
            "Boosted trees, training",
            "100000 events x 28, 100 trees of 31 leaves",
            _higgs_like(100_000, 50_000),
            _tree_training(100, 31),
            100_000 * 100,
            "event x tree",
        ),
        Case(
            "bdt-evaluation",
            "Boosted trees, evaluation of a batch",
            "200000 events x 28, 300 trees of 31 leaves",
            _higgs_like(20_000, 200_000),
            _tree_evaluation(300, 31),
            200_000,
            "event",
        ),
        Case(
            "mlp-training",
            "Dense network, training",
            "50000 events x 28, layers 64-64, batch 1000, 5 epochs",
            _higgs_like(50_000, 50_000),
            _network_training((64, 64), 1000, 5),
            50_000 * 5,
            "event",
        ),
        Case(
            "mlp-training-small-batch",
            "Dense network, training, small batches",
            "20000 events x 28, layers 64-64, batch 100, 5 epochs",
            _higgs_like(20_000, 50_000),
            _network_training((64, 64), 100, 5),
            20_000 * 5,
            "event",
        ),
    )


# --- running -------------------------------------------------------------------------------------------------------


def _installed(package: str) -> str | None:
    names = ("xgboost", "xgboost-cpu") if package == "xgboost" else (package,)
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _quality(case: Case, events: Events, result: Any) -> float:
    if hasattr(result, "predict_proba"):
        test = events.test
        if case.name.startswith("mlp"):
            test = _standardise(events)[1]
        return auc(events.test_labels, np.asarray(result.predict_proba(test)[:, 1], np.float64))
    return auc(events.test_labels, np.asarray(result, np.float64))


def run_case(case: Case, *, rounds: int, threads: int, report: Callable[[str], None]) -> list[Outcome]:
    """Time all contestants of a case in alternating order; one round before does not count."""
    events = case.events()
    outcomes = []
    ready: list[tuple[Outcome, Callable[[], Any]]] = []
    for contestant in case.contestants:
        outcome = Outcome(contestant.name, contestant.settings)
        outcomes.append(outcome)
        if contestant.package and _installed(contestant.package) is None:
            outcome.absent = "not installed"
            continue
        work = contestant.prepare(events, threads)
        outcome.quality = _quality(case, events, work())  # warm-up
        ready.append((outcome, work))
    for number in range(rounds):
        for outcome, work in ready if number % 2 == 0 else reversed(ready):
            begin = time.perf_counter()
            work()
            outcome.seconds.append(time.perf_counter() - begin)
        report(f"{case.name}: round {number + 1} of {rounds}")
    return outcomes


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": float(np.median(ordered)), "minimum": ordered[0], "maximum": ordered[-1]}


def summarise(case: Case, outcomes: list[Outcome]) -> dict[str, Any]:
    """One JSON-ready record per case; ratios are peer time / diskern time, round by round."""
    ours = next(o for o in outcomes if o.name == "diskern")
    rows = []
    for outcome in outcomes:
        row: dict[str, Any] = {"name": outcome.name, "settings": outcome.settings}
        if outcome.absent:
            row["absent"] = outcome.absent
        else:
            row["seconds"] = _spread(outcome.seconds)
            row["rate"] = case.items / row["seconds"]["median"]
            row["auc"] = outcome.quality
            row["speed-up of diskern"] = _spread([t / d for t, d in zip(outcome.seconds, ours.seconds, strict=True)])
        rows.append(row)
    return {"case": case.name, "title": case.title, "work": case.work, "unit": case.unit, "rows": rows}


def _hardware(threads: int) -> dict[str, Any]:
    from . import __version__
    from .cli.doctor import facts

    found = facts()
    packages = ("numpy", "scikit-learn", "xgboost", "lightgbm", "torch")
    return {
        "diskern": __version__,
        "processor": found["processor"],
        "instruction set": found["instruction set"],
        "threads": threads,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "peers": {name: version for name in packages if (version := _installed(name)) is not None},
    }


def _lines(records: list[dict[str, Any]], hardware: dict[str, Any]) -> Iterator[str]:
    peers = ", ".join(f"{name} {version}" for name, version in hardware["peers"].items())
    yield f"{hardware['processor']}, {hardware['threads']} threads; diskern {hardware['diskern']}; {peers}"
    for record in records:
        yield ""
        yield f"### {record['title']}: {record['work']}"
        yield ""
        yield "| | seconds (median, min .. max) | AUC | diskern is faster by (median, min .. max) |"
        yield "|---|---|---|---|"
        for row in record["rows"]:
            if "absent" in row:
                yield f"| {row['name']} | {row['absent']} | | |"
                continue
            s, r = row["seconds"], row["speed-up of diskern"]
            ratio = (
                "" if row["name"] == "diskern" else f"{r['median']:.2f} x ({r['minimum']:.2f} .. {r['maximum']:.2f})"
            )
            seconds = f"{s['median']:.3g} ({s['minimum']:.3g} .. {s['maximum']:.3g})"
            yield f"| {row['name']} | {seconds} | {row['auc']:.4f} | {ratio} |"


def main(arguments: argparse.Namespace) -> int:
    """Run the cases of parsed arguments (see ``diskern bench --help``)."""
    from . import _core
    from .report.write import write_text

    known = cases()
    if arguments.list:
        for case in known:
            print(f"{case.name:<26} {case.title}: {case.work}")
        return 0
    chosen = [case for case in known if not arguments.case or case.name in arguments.case]
    unknown = [name for name in arguments.case if name not in {case.name for case in known}]
    if unknown:
        names = ", ".join(case.name for case in known)
        raise _core.InvalidArgument(f"--case: unknown {', '.join(unknown)}; known: {names}")
    if arguments.rounds < 1:
        raise _core.InvalidArgument(f"--rounds must be at least 1, got {arguments.rounds}")
    threads = arguments.threads or _core.available_threads()
    hardware = _hardware(threads)
    records = []
    for case in chosen:
        outcomes = run_case(case, rounds=arguments.rounds, threads=threads, report=lambda text: print(text, flush=True))
        records.append(summarise(case, outcomes))
    text = "\n".join(_lines(records, hardware))
    print("\n" + text)
    if arguments.output is not None:
        folder = Path(arguments.output)
        os.makedirs(folder, exist_ok=True)
        content = json.dumps({"hardware": hardware, "cases": records}, indent=1)
        write_text(folder / "benchmark.json", content + "\n")
        write_text(folder / "benchmark.md", text + "\n")
        print(f"\nWritten to {folder / 'benchmark.json'} and {folder / 'benchmark.md'}")
    return 0
