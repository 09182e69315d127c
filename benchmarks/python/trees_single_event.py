"""One event per call from C++, beside the C interfaces of XGBoost, LightGBM and the code that tl2cgen and lleaves make.

    python benchmarks/python/trees_single_event.py --all --program BUILD/benchmarks/cpp/benchmark_trees_single_event

The program (benchmarks/cpp/trees_single_event.cpp, CMake option DISKERN_BENCHMARKS) times all contestants in turn, on
one thread, in rounds of 20000 different events; binning of the 28 variables, copying the event to where the library
wants it and the sigmoid are part of the time (lleaves' compiled code ends with the raw score). The forests are those of
trees_evaluation.py, which --prepared keeps. FastBDT is no contestant: it evaluates only forests that it trained itself,
and its source is not distributed as a package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import _evaluation_peers as peers
from _evaluation_peers import Store
from _program import parser, run
from _tree_peers import DISTRIBUTIONS, Shape
from diskern._rounds import installed, spread

EVENTS = 20_000


def _library(module: str, *parts: str) -> str:
    import importlib

    return str(Path(str(importlib.import_module(module).__file__)).parent.joinpath(*parts))


def _linked(store: Store, shape: Shape) -> str:
    """lleaves keeps an object file, which becomes a library."""
    object_file = peers.lleaves_file(store, shape)

    def link(path: Path) -> None:
        subprocess.run(["cc", "-shared", "-o", str(path), str(object_file)], check=True)

    return str(store.file(f"{shape.trees}_{shape.depth}_lleaves.so", link))


# name, kind, distributions, model, library
Peer = tuple[str, str, str, Callable[[Store, Shape], Path], Callable[[Store, Shape], str]]
PEERS: tuple[Peer, ...] = (
    ("diskern", "diskern", "", peers.xgboost_file, lambda _, __: "-"),
    ("xgboost", "xgboost", "xgboost", peers.xgboost_file, lambda _, __: _library("xgboost", "lib", "libxgboost.so")),
    (
        "lightgbm",
        "lightgbm",
        "lightgbm",
        peers.lightgbm_file,
        lambda _, __: _library("lightgbm", "lib", "lib_lightgbm.so"),
    ),
    ("diskern-lightgbm", "diskern", "", peers.lightgbm_file, lambda _, __: "-"),
    (
        "tl2cgen",
        "tl2cgen",
        "treelite tl2cgen",
        peers.xgboost_file,
        lambda store, shape: str(peers.tl2cgen_file(store, shape)),
    ),
    ("lleaves", "lleaves", "lleaves", peers.lightgbm_file, _linked),
)


def measure(case: str, shape: Shape, store: Store, program: Path, rounds: int) -> dict[str, Any]:
    events = store.events().test[:EVENTS]
    command = []
    rows: list[dict[str, Any]] = []
    for name, kind, package, model, library in PEERS:
        row: dict[str, Any] = {"name": name}
        rows.append(row)
        if any(installed(needed) is None for needed in package.split()):
            row["absent"] = "not installed"
            continue
        command += [name, kind, str(model(store, shape)), library(store, shape)]
    with tempfile.NamedTemporaryFile(suffix=".float32") as file:
        np.ascontiguousarray(events, np.float32).tofile(file)
        file.flush()
        arguments = [str(program), file.name, str(events.shape[1]), str(rounds), *command]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr}")
    times: dict[str, list[float]] = {}
    means = {}
    for line in done.stdout.splitlines():
        name, nanoseconds, mean = line.split()
        times.setdefault(name, []).append(float(nanoseconds))
        means[name] = float(mean)
    for row in rows:
        if row["name"] not in times:
            continue
        mine = times[row["name"]]
        row["nanoseconds"] = spread(mine)
        row["mean response"] = means[row["name"]]
        row["speed-up of diskern"] = spread([a / b for a, b in zip(mine, times["diskern"], strict=True)])
    return {
        "case": case,
        "title": f"{shape.trees} trees of depth {shape.depth}",
        "work": f"{len(events)} events x {events.shape[1]}, one per call, {rounds} rounds",
        "rows": rows,
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {record['title']}: {record['work']}"
    yield ""
    yield "| | ns per event (median, min .. max) | mean response | diskern is faster by (median, min .. max) |"
    yield "|---|---|---|---|"
    for row in record["rows"]:
        if "absent" in row:
            yield f"| {row['name']} | {row['absent']} | | |"
            continue
        time, ratio = row["nanoseconds"], row["speed-up of diskern"]
        faster = f"{ratio['median']:.2f} x ({ratio['minimum']:.2f} .. {ratio['maximum']:.2f})"
        yield (
            f"| {row['name']} | {time['median']:.0f} ({time['minimum']:.0f} .. {time['maximum']:.0f}) | "
            f"{row['mean response']:.6f} | {'' if row['name'] == 'diskern' else faster} |"
        )


def main() -> int:
    assert __doc__ is not None
    shapes = {f"{trees}-trees-depth-{depth}": (trees, depth) for trees, depth in ((100, 6), (500, 6), (850, 3))}
    made = parser(__doc__, list(shapes))
    made.add_argument("--program", type=Path, help="benchmark_trees_single_event")
    made.add_argument("--prepared", type=Path, metavar="FOLDER", help="events and forests, kept (default: not kept)")
    arguments = made.parse_args()
    if arguments.program is None and not arguments.list:
        made.error("--program is needed: what benchmarks/cpp/trees_single_event.cpp was built to")
    with tempfile.TemporaryDirectory() as folder:
        store = peers.store(arguments.prepared or Path(folder), arguments.quick)

        def one(case: str) -> dict[str, Any]:
            trees, depth = shapes[case]
            shape = peers.quick_shape(Shape(trees, depth=depth), arguments.quick)
            return measure(case, shape, store, arguments.program, 1 if arguments.quick else arguments.rounds or 9)

        known: dict[str, Callable[[], dict[str, Any]]] = {case: (lambda case=case: one(case)) for case in shapes}
        heading = "One event per call, from C++, one thread"
        return run("trees_single_event", arguments, known, DISTRIBUTIONS, heading, None, lines)


if __name__ == "__main__":
    sys.exit(main())
