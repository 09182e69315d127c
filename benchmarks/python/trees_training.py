"""Training of boosted trees beside XGBoost, LightGBM, CatBoost and scikit-learn.

Level-wise growth is compared with level-wise growth and leaf-wise with leaf-wise, on the same number of threads, at
equal settings (see _tree_peers.py), in alternating rounds. The seconds are those of the whole training from a float32
array, binning included; the binning is also given apart (for Diskern: the time of one tree with a single cut, which is
an upper limit of it). Memory is measured in fresh processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, plot_ratios, run
from _tree_peers import (
    DISTRIBUTIONS,
    LEAF_WISE,
    LEVEL_WISE,
    SYMMETRIC,
    Peer,
    Shape,
    Trained,
    diskern_leaf_wise,
)
from diskern._rounds import (
    Case,
    Contestant,
    Events,
    Part,
    add_rounds,
    auc,
    higgs_like_events,
    installed,
    restore,
    run_case,
    summarise,
)

TEST_EVENTS = 100_000
# Seven masses, the lepton, the missing energy and the first jet: the ten variables of an ordinary analysis.
TEN_VARIABLES = [*range(21, 28), 0, 3, 5]
BINNING = "of it binning"


_prepared: Path | None = None  # where generated events are kept between runs


@lru_cache(maxsize=1)
def _generate(training: int, test: int) -> Events:
    make = higgs_like_events(training, test)
    if _prepared is None:
        return make()
    path = _prepared / f"higgs_like_{training}_{test}.npz"
    if not path.exists():
        _prepared.mkdir(parents=True, exist_ok=True)
        made = make()
        np.savez(path, made.training, made.training_labels, made.test, made.test_labels)
    with np.load(path) as arrays:
        return Events(*(arrays[name] for name in arrays.files))


def _events(training: int, quick: bool, variables: list[int] | None = None) -> Callable[[], Events]:
    def make() -> Events:
        largest = _generate(2000, 2000) if quick else _generate(1_000_000, TEST_EVENTS)
        count = min(training, len(largest.training))
        train, test = largest.training[:count], largest.test
        if variables is not None:
            train, test = np.ascontiguousarray(train[:, variables]), np.ascontiguousarray(test[:, variables])
        return Events(train, largest.training_labels[:count], test, largest.test_labels)

    return make


def _quality(events: Events, trained: Trained) -> float:
    return auc(events.test_labels, np.asarray(trained.respond(events.test), np.float64))


def _contestant(peer: Peer, shape: Shape, threads: int, group: str, apart: bool) -> Contestant:
    name, package, settings, train = peer

    def prepare(events: Events, count: int) -> Callable[[], Part]:
        def work() -> Part:
            trained = train(events.training, events.training_labels, shape, count)
            return Part(trained, {} if trained.binning is None else {BINNING: trained.binning})

        return work

    plural = "threads" if threads > 1 else "thread"
    size = f"depth {shape.depth}" if shape.depth else f"{shape.leaves} leaves"
    label = f"{group}, {shape.trees} trees of {size}"
    return Contestant(name, package, f"{settings}; {shape}", prepare, f"{label}, {threads} {plural}", threads, apart)


def _contestants(
    growths: tuple[tuple[str, tuple[Peer, ...], Shape], ...], threads: tuple[int, ...]
) -> tuple[Contestant, ...]:
    made = []
    for count in threads:
        for group, peers, shape in growths:
            made += [_contestant(peer, shape, count, group, peer in SYMMETRIC) for peer in peers]
    return tuple(made)


def _training(
    name: str,
    title: str,
    size: int,
    growths: tuple[tuple[str, tuple[Peer, ...], Shape], ...],
    quick: bool,
    *,
    threads: tuple[int, ...] = (2,),
    rounds: int = 3,
    variables: list[int] | None = None,
    drop: float = 1.25,
) -> Case:
    if quick:
        size = min(size, 2000)
        growths = tuple((g, p, Shape(3, s.depth and 3, s.leaves and 8)) for g, p, s in growths)
    columns = 28 if variables is None else len(variables)
    trees = growths[0][2].trees
    return Case(
        name,
        title,
        f"{size} events x {columns}, {trees} trees",
        _events(size, quick, variables),
        _contestants(growths, threads),
        size * trees,
        "event x tree",
        _quality,
        warm_up=min(size, 2_000),
        rounds=1 if quick else rounds,
        drop=drop,
    )


def _both(depth: int, leaves: int, trees: int) -> tuple[tuple[str, tuple[Peer, ...], Shape], ...]:
    return (
        ("leaf-wise", LEAF_WISE, Shape(trees, leaves=leaves)),
        ("level-wise", LEVEL_WISE + SYMMETRIC, Shape(trees, depth=depth)),
    )


# On one thread and with 255 leaves only the faster form of the two strongest libraries takes part, to save time.
STRONGEST = ("diskern", "lightgbm quantized", "xgboost lossguide", "xgboost depthwise")


def _strongest(depth: int, leaves: int, trees: int) -> tuple[tuple[str, tuple[Peer, ...], Shape], ...]:
    return tuple(
        (group, tuple(peer for peer in peers if peer[0] in STRONGEST), shape)
        for group, peers, shape in _both(depth, leaves, trees)
    )


def cases(quick: bool) -> tuple[Case, ...]:
    """The rows of the table, in its order."""
    shallow = Shape(850, depth=3)
    # With eight leaves at most and depth three, both ways of growing end in the same tree: one group.
    either = (("either growth", LEAF_WISE[:1] + LEAF_WISE[1:3] + LEAF_WISE[4:] + LEVEL_WISE[1:] + SYMMETRIC, shallow),)
    large, few, many = 1_000_000, "1M events, 63 leaves or depth 6", "1M events, 255 leaves or depth 8"
    single: dict[str, Any] = {"threads": (1,), "rounds": 2}
    return (
        _training("1m-63-leaves", few, large, _both(6, 63, 100), quick),
        _training("1m-63-leaves-1-thread", few, large, _strongest(6, 63, 100), quick, **single),
        _training("1m-255-leaves", many, large, _strongest(8, 255, 100), quick),
        _training("1m-255-leaves-1-thread", many, large, _strongest(8, 255, 100), quick, **single),
        _training("100k-100-trees", "100k events, 100 trees", 100_000, _both(6, 63, 100), quick, rounds=5),
        _training("100k-500-trees", "100k events, 500 trees", 100_000, _both(6, 63, 500), quick),
        _training(
            "20k-850-trees", "20k events x 10, 850 trees", 20_000, either, quick, rounds=7, variables=TEN_VARIABLES
        ),
    )


def measure(case: Case, rounds: int, group: str = "", before: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run a case, or the groups of it whose label begins so, then time Diskern's binning.

    With the record of earlier rounds these are added to them.
    """
    say = lambda text: print(text, flush=True)  # noqa: E731
    chosen = replace(case, contestants=tuple(c for c in case.contestants if c.group.startswith(group)))
    if not chosen.contestants:
        labels = ", ".join(dict.fromkeys(c.group for c in case.contestants))
        raise SystemExit(f"--group {group!r}: no group of {case.name} begins so, it has: {labels}")
    old = restore(before) if before is not None else []
    binned = {row["group"]: row[BINNING] for row in before["rows"] if BINNING in row} if before is not None else {}
    mine = [number for outcome in old if outcome.group.startswith(group) for number in outcome.numbers]
    outcomes = run_case(chosen, rounds=rounds or case.rounds, threads=1, report=say, first=max(mine, default=-1) + 1)
    record = summarise(case, add_rounds(old, outcomes))
    events = case.events()
    for row in record["rows"]:
        if row["name"] == "diskern" and not row["group"].startswith(group):
            row[BINNING] = binned[row["group"]]
        elif row["name"] == "diskern":
            seconds = []
            for _ in range(3):
                begin = time.perf_counter()
                diskern_leaf_wise(events.training, events.training_labels, Shape(1, leaves=2), row["threads"])
                seconds.append(time.perf_counter() - begin)
            row[BINNING] = {"median": float(np.median(seconds)), "minimum": min(seconds), "maximum": max(seconds)}
    return record


# --- scaling -------------------------------------------------------------------------------------------------------


def scaling(quick: bool, rounds: int) -> dict[str, Any]:
    """One thread beside two of the same library, in alternating rounds."""
    size, shape = (2_000, Shape(3, leaves=8)) if quick else (1_000_000, Shape(30, leaves=63))
    events = _events(size, quick)()
    peers = [peer for peer in LEAF_WISE if peer[0] in STRONGEST and (not peer[1] or installed(peer[1]))]
    seconds: dict[str, dict[int, list[float]]] = {peer[0]: {1: [], 2: []} for peer in peers}
    for number in range(1 if quick else rounds or 3):
        for name, _, _, train in peers:
            for threads in (1, 2) if number % 2 == 0 else (2, 1):
                begin = time.perf_counter()
                train(events.training, events.training_labels, shape, threads)
                seconds[name][threads].append(time.perf_counter() - begin)
    rows = []
    for name, measured in seconds.items():
        ratios = [one / two for one, two in zip(measured[1], measured[2], strict=True)]
        rows.append(
            {
                "name": name,
                "seconds on 1 thread": float(np.median(measured[1])),
                "seconds on 2 threads": float(np.median(measured[2])),
                "gain": {"median": float(np.median(ratios)), "minimum": min(ratios), "maximum": max(ratios)},
            }
        )
    return {
        "case": "scaling",
        "title": "One thread and two",
        "work": f"{size} events x 28, {shape.trees} trees of {shape.leaves} leaves",
        "scaling": rows,
    }


# --- memory --------------------------------------------------------------------------------------------------------


def _status(key: str) -> float:
    """MiB of a field of this process's status."""
    with open("/proc/self/status", encoding="ascii") as stream:
        line = next(line for line in stream if line.startswith(key + ":"))
    return int(line.split()[1]) / 1024


def grow_memory(name: str, folder: Path, shape: Shape, threads: int) -> float:
    """In a fresh process: the growth of the peak resident size while one library trains, in MiB."""
    events, labels = np.load(folder / "events.npy"), np.load(folder / "labels.npy")
    train = next(peer[3] for peer in LEAF_WISE + LEVEL_WISE + SYMMETRIC if peer[0] == name)
    train(events[:100].copy(), labels[:100].copy(), Shape(1, depth=2, leaves=4), threads)  # imports and thread pools
    with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
        stream.write("5")  # the peak starts anew from the present size
    before = _status("VmRSS")
    train(events, labels, shape, threads)
    return _status("VmHWM") - before


def memory(quick: bool) -> dict[str, Any]:
    """Every library in a process of its own."""
    size, trees = (2_000, 3) if quick else (1_000_000, 20)
    events = _events(size, quick)()
    mebibytes = events.training.nbytes / 2**20
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "events.npy", events.training)
        np.save(Path(folder) / "labels.npy", events.training_labels)
        for peers, shape in ((LEAF_WISE, {"leaves": 63}), (LEVEL_WISE + SYMMETRIC, {"depth": 6})):
            for name, package, _, _ in peers:
                row: dict[str, Any] = {"name": name, "growth": "leaf-wise" if "leaves" in shape else "level-wise"}
                rows.append(row)
                if package and installed(package) is None:
                    row["absent"] = "not installed"
                    continue
                job = json.dumps({"name": name, "folder": folder, "shape": {"trees": trees, **shape}})
                command = [sys.executable, os.path.abspath(__file__), "--memory-job", job]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise RuntimeError(f"the memory of {name} could not be measured: {done.stderr[-2000:]}")
                row["MiB"] = float(done.stdout.split()[-1])
    return {
        "case": "memory",
        "title": "Growth of the peak resident size while training, in a fresh process",
        "work": f"{size} events x 28 (float32, {mebibytes:.0f} MiB), {trees} trees, 2 threads",
        "memory": rows,
    }


def lines(record: dict[str, Any]) -> Any:
    """The table of one record, whichever kind it is."""
    from diskern._rounds import table_lines

    if "memory" in record:
        yield f"### {record['title']}: {record['work']}"
        yield ""
        yield "| | growth of trees | MiB |"
        yield "|---|---|---|"
        for row in record["memory"]:
            value = row["absent"] if "absent" in row else f"{row['MiB']:.0f}"
            yield f"| {row['name']} | {row['growth']} | {value} |"
    elif "scaling" in record:
        yield f"### {record['title']}: {record['work']}"
        yield ""
        yield "| | seconds, 1 thread | seconds, 2 threads | gain (median, min .. max) |"
        yield "|---|---|---|---|"
        for row in record["scaling"]:
            gain = row["gain"]
            yield (
                f"| {row['name']} | {row['seconds on 1 thread']:.3g} | {row['seconds on 2 threads']:.3g} | "
                f"{gain['median']:.2f} x ({gain['minimum']:.2f} .. {gain['maximum']:.2f}) |"
            )
    else:
        yield from table_lines(record)


def main() -> int:
    if sys.argv[1:2] == ["--memory-job"]:
        job = json.loads(sys.argv[2])
        print(grow_memory(job["name"], Path(job["folder"]), Shape(**job["shape"]), 2))
        return 0
    names = [case.name for case in cases(False)] + ["scaling", "memory"]
    assert __doc__ is not None
    options = parser(__doc__, names)
    options.add_argument(
        "--group", default="", metavar="TEXT", help="only groups whose label begins so, e.g. leaf-wise"
    )
    options.add_argument("--add", action="store_true", help="to the rounds that are stored, instead of anew")
    options.add_argument("--prepared", type=Path, metavar="FOLDER", help="keeps the generated events between runs")
    arguments = options.parse_args()
    global _prepared
    _prepared = arguments.prepared
    stored = arguments.output / "trees_training.json"
    earlier: dict[str, dict[str, Any]] = {}
    if arguments.add and stored.exists():
        earlier = {record["case"]: record for record in json.loads(stored.read_text(encoding="utf-8"))["cases"]}
    known: dict[str, Callable[[], dict[str, Any]]] = {
        case.name: (lambda case=case: measure(case, arguments.rounds, arguments.group, earlier.get(case.name)))
        for case in cases(arguments.quick)
    }
    known["scaling"] = lambda: scaling(arguments.quick, arguments.rounds)
    known["memory"] = lambda: memory(arguments.quick)

    def plot(records: list[dict[str, Any]], path: Path) -> None:
        plot_ratios(records, path, "Training of boosted trees, binning included")

    return run("trees_training", arguments, known, DISTRIBUTIONS, "Training of boosted trees", plot, lines)


if __name__ == "__main__":
    sys.exit(main())
