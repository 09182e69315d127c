"""Training of dense networks beside PyTorch (eager and compiled) and scikit-learn, and beside the stored times of TMVA.

The same network, batches, Adam and number of epochs for all, from the same standardised float32 events, in alternating
rounds; the seconds are those of the whole training. PyTorch runs with one thread and with two, its fused Adam and data
in memory; the compiled form is warmed up before. TMVA is not installed: its seconds were measured on one core of
another machine (the data folder's scaling.json), on the sample that `synthetic` makes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, plot_ratios, run
from diskern import _core
from diskern._rounds import (
    Case,
    Contestant,
    Events,
    Outcome,
    auc,
    higgs_like_events,
    run_case,
    summarise,
    table_lines,
)

LEARNING_RATE = 1e-3
GROUP = "two cores"


@dataclass(frozen=True)
class Training:
    hidden: tuple[int, ...]
    batch: int
    epochs: int

    def __str__(self) -> str:
        return f"28-{'-'.join(map(str, self.hidden))}-1, batch {self.batch}, Adam, {self.epochs} epochs"


@lru_cache(maxsize=1)
def _generate(training: int, test: int) -> Events:
    events = higgs_like_events(training, test)()
    mean, width = events.training.mean(0), events.training.std(0)
    return Events(
        np.ascontiguousarray((events.training - mean) / width),
        events.training_labels,
        np.ascontiguousarray((events.test - mean) / width),
        events.test_labels,
    )


def _events(count: int, quick: bool) -> Callable[[], Events]:
    def make() -> Events:
        largest = _generate(2_000, 2_000) if quick else _generate(200_000, 100_000)
        return Events(largest.training[:count], largest.training_labels[:count], largest.test, largest.test_labels)

    return make


def _diskern(training: Training, threads: int) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        params = _core.NetworkParams()
        params.hidden_layers = list(training.hidden)
        params.batch_size = training.batch
        params.epochs = training.epochs
        params.learning_rate = LEARNING_RATE
        params.l2_per_event = 0.0
        target = events.training_labels[:, np.newaxis].astype(np.float64)
        weight = np.ones(len(target))

        def work() -> Any:
            network = _core.fit_network(params, events.training, target, weight, threads=threads, seed=1).predictor
            return lambda x: network.evaluate(x)[:, 0]

        return work

    return prepare


def _pytorch(training: Training, threads: int, compiled: bool) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        import torch

        x = torch.from_numpy(events.training)
        y = torch.from_numpy(events.training_labels[:, np.newaxis].astype(np.float32))
        criterion = torch.nn.BCEWithLogitsLoss()

        def build() -> tuple[Any, Any, Any]:
            torch.manual_seed(1)
            layers: list[Any] = []
            width = x.shape[1]
            for size in training.hidden:
                layers += [torch.nn.Linear(width, size), torch.nn.ReLU()]
                width = size
            network = torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))
            optimizer = torch.optim.Adam(network.parameters(), LEARNING_RATE, fused=True)
            return network, optimizer, torch.compile(network) if compiled else network

        def train(epochs: int) -> Any:
            torch.set_num_threads(threads)
            network, optimizer, forward = build()
            for _ in range(epochs):
                order = torch.randperm(len(x))
                for begin in range(0, len(x), training.batch):
                    index = order[begin : begin + training.batch]
                    optimizer.zero_grad(set_to_none=True)
                    criterion(forward(x[index]), y[index]).backward()
                    optimizer.step()
            return network

        if compiled:
            train(1)  # the compiler is not what is compared

        def work() -> Any:
            network = train(training.epochs)

            def respond(events: Any) -> Any:
                with torch.no_grad():
                    return network(torch.from_numpy(events)).numpy()[:, 0]

            return respond

        return work

    return prepare


def _scikit_learn(training: Training) -> Callable[[Events, int], Callable[[], Any]]:
    def prepare(events: Events, _: int) -> Callable[[], Any]:
        import warnings

        from sklearn.neural_network import MLPClassifier

        def work() -> Any:
            model = MLPClassifier(
                training.hidden, batch_size=training.batch, max_iter=training.epochs, n_iter_no_change=10_000,
                alpha=0.0, learning_rate_init=LEARNING_RATE, random_state=1,
            )  # fmt: skip
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it did not converge: that is the point
                model.fit(events.training, events.training_labels)
            return lambda x: model.predict_proba(x)[:, 1]

        return work

    return prepare


def _case(name: str, training: Training, size: int, quick: bool, rounds: int = 3) -> Case:
    if quick:
        size, training = min(size, 2_000), Training(training.hidden, training.batch, 1)
    settings = "Adam, 1e-3"
    contestants = [
        Contestant("diskern", "", settings, _diskern(training, 2), GROUP, 2),
        Contestant("diskern, 1 thread", "", settings, _diskern(training, 1), GROUP, 1, apart=True),
        Contestant("pytorch, 1 thread", "torch", f"fused {settings}", _pytorch(training, 1, False), GROUP, 1),
        Contestant("pytorch, 2 threads", "torch", f"fused {settings}", _pytorch(training, 2, False), GROUP, 2),
    ]
    if not quick:
        contestants.append(
            Contestant(
                "pytorch compiled, 2 threads", "torch", f"fused {settings}", _pytorch(training, 2, True), GROUP, 2
            )
        )
    if len(training.hidden) == 2:
        contestants.append(Contestant("scikit-learn", "scikit-learn", settings, _scikit_learn(training), GROUP, 2))
    return Case(
        name,
        str(training),
        f"{size} events x 28, {training.epochs} epochs",
        _events(size, quick),
        tuple(contestants),
        size * training.epochs,
        "event",
        lambda events, respond: auc(events.test_labels, np.asarray(respond(events.test), np.float64)),
        warm_up=min(size, 2_000),
        rounds=1 if quick else rounds,
        drop=3.0,
    )


def cases(quick: bool) -> tuple[Case, ...]:
    """The rows of the table, in its order."""
    small, large = (64, 64), (300,) * 5
    return (
        _case("2x64-batch-100", Training(small, 100, 2), 100_000, quick),
        _case("2x64-batch-1024", Training(small, 1024, 5), 200_000, quick),
        _case("2x64-batch-8192", Training(small, 8192, 5), 200_000, quick),
        _case("5x300-batch-100", Training(large, 100, 1), 20_000, quick),
        _case("5x300-batch-1024", Training(large, 1024, 2), 40_000, quick),
    )


# --- TMVA ----------------------------------------------------------------------------------------------------------


def synthetic(count: int, seed: int) -> tuple[Any, Any]:
    """The sample of scaling.json, as its README defines it."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, 28))
    z = x[:, 0] * x[:, 1] + 0.7 * np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] ** 2 - 0.5 + 0.6 * x[:, 4]
    z += 0.4 * x[:, 5] * np.abs(x[:, 6]) + 0.3 * x[:, 7:12].sum(axis=1)
    return x.astype(np.float32), z + generator.normal(size=count) > 0


def tmva(quick: bool, rounds: int) -> dict[str, Any]:
    """TMVA's MLP: the same updates event by event, and mini-batches to an area that is as large."""
    stored = {"train_cpu_s": None, "auc_fresh": 0.8876}
    folder = os.environ.get("DISKERN_DATA")
    if folder:
        path = Path(folder) / "tmva_trained" / "scaling.json"
        stored = json.loads(path.read_text(encoding="utf-8"))["100k_MLPs"]
    size = 2_000 if quick else 100_000
    x, y = synthetic(size, 1)
    fresh, truth = synthetic(size, 2)
    low, high = x.min(axis=0), x.max(axis=0)
    normalise = lambda events: np.ascontiguousarray(2 * (events - low) / (high - low) - 1, np.float32)  # noqa: E731
    target, weight = y[:, np.newaxis].astype(np.float64), np.ones(size)

    sequential = _core.NetworkParams.tmva(28)
    sequential.hidden_layers = [28]
    sequential.activation = _core.Activation.tmva_tanh
    sequential.epochs = 1 if quick else 20
    sequential.test_rate = 5
    batches = _core.NetworkParams()
    batches.hidden_layers = [28]
    batches.activation = _core.Activation.tanh
    batches.batch_size = 100
    batches.learning_rate = 0.005
    batches.schedule = _core.ScheduleKind.cosine
    batches.epochs = 1 if quick else 10
    works = {
        "sequential, 20 cycles (1 thread)": (sequential, normalise(x), normalise(fresh)),
        "mini-batches of 100, 10 epochs (2 threads)": (batches, x, fresh),
    }
    rows: dict[str, Any] = {name: {"seconds": []} for name in works}
    for _ in range(1 if quick else rounds or 3):
        for name, (params, events, apart) in works.items():
            begin = time.perf_counter()
            network = _core.fit_network(params, events, target, weight, threads=2, seed=1).predictor
            rows[name]["seconds"].append(time.perf_counter() - begin)
            rows[name]["auc"] = auc(truth.astype(int), network.evaluate(apart)[:, 0])
    return {
        "case": "tmva",
        "title": f"TMVA's MLP, 28-28-1, {size} events of the synthetic sample",
        "stored": {"seconds": stored["train_cpu_s"], "auc": stored["auc_fresh"]},
        "works": rows,
    }


def tmva_lines(record: dict[str, Any]) -> Iterator[str]:
    """The rows of the comparison with stored times."""
    stored = record["stored"]
    yield f"### {record['title']}"
    yield ""
    yield "| | seconds (median, min .. max) | AUC on fresh events | TMVA's stored seconds / these |"
    yield "|---|---|---|---|"
    seconds = "not at hand" if stored["seconds"] is None else f"{stored['seconds']:.3g}"
    name = "TMVA 4.2.1, sequential, 20 cycles, one core of another machine (stored)"
    yield f"| {name} | {seconds} | {stored['auc']:.4f} | |"
    for name, row in record["works"].items():
        found = row["seconds"]
        ratio = "" if stored["seconds"] is None else f"{stored['seconds'] / np.median(found):.3g} x"
        yield (
            f"| diskern, {name} | {np.median(found):.3g} ({min(found):.3g} .. {max(found):.3g}) | {row['auc']:.4f} "
            f"| {ratio} |"
        )


def _lines(record: dict[str, Any]) -> Any:
    return tmva_lines(record) if "works" in record else table_lines(record)


def measure(case: Case, rounds: int) -> dict[str, Any]:
    say = lambda text: print(text, flush=True)  # noqa: E731
    outcomes: list[Outcome] = run_case(case, rounds=rounds or case.rounds, threads=2, report=say)
    return summarise(case, outcomes)


def main() -> int:
    named = {case.name: case for case in cases(False)}
    arguments = parser(__doc__ or "", [*named, "tmva"]).parse_args()
    named = {case.name: case for case in cases(arguments.quick)}
    work: dict[str, Callable[[], dict[str, Any]]] = {
        name: lambda case=case: measure(case, arguments.rounds) for name, case in named.items()
    }
    work["tmva"] = lambda: tmva(arguments.quick, arguments.rounds)
    return run(
        "networks_training",
        arguments,
        work,
        ("numpy", "scikit-learn", "torch"),
        "Training of dense networks",
        lambda records, path: plot_ratios(records, path, "Training of dense networks, two cores"),
        _lines,
    )


if __name__ == "__main__":
    raise SystemExit(main())
