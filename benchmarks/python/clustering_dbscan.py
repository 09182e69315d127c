"""DBSCAN beside the `dbscan` package of Wang, Gu and Shun and scikit-learn.

Blobs with a tenth of noise; labels are compared on all points. The `dbscan` package is not exact:
the core points that it misses are counted. Run each case by itself (--case) where the gain from the second thread
matters: once that package has worked, its threads take part of a processor for the rest of the process. Memory is the
growth of the peak resident size in a fresh process.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _alternating import Entry, lines, measure
from _program import parser, plot_ratios, run
from diskern import _core
from diskern._rounds import installed, limit_openmp

PACKAGES = ("dbscan", "scikit-learn")
SHAPES: dict[str, tuple[int, int, int, float, int]] = {  # points, dimensions, blobs, eps, min_samples
    "1m-2d": (1_000_000, 2, 200, 0.1, 10),
    "1m-3d": (1_000_000, 3, 200, 0.3, 10),
    "50k-7d": (50_000, 7, 20, 1.0, 10),
    "50k-7d-wide": (50_000, 7, 20, 2.0, 10),
    "20k-64d": (20_000, 64, 20, 11.0, 10),
}

MOST_DIMENSIONS_OF_THE_PACKAGE = 20


def blobs(n: int, dimensions: int, centres: int, span: float = 100.0, seed: int = 0) -> NDArray[np.float64]:
    """Normal blobs of width 1, a tenth of the points uniform, in random order."""
    random = np.random.default_rng(seed)
    middle = random.uniform(0, span, (centres, dimensions))
    of_blobs = n - n // 10
    points = np.concatenate(
        [
            middle[random.integers(0, centres, of_blobs)] + random.normal(size=(of_blobs, dimensions)),
            random.uniform(0, span, (n - of_blobs, dimensions)),
        ]
    )
    return np.ascontiguousarray(points[random.permutation(n)])


Answer = tuple[NDArray[np.int64], NDArray[np.bool_]]  # labels, core points


def ours(points: NDArray[np.float64], eps: float, min_samples: int, threads: int) -> Answer:
    labels, core, _ = _core.fit_dbscan(points, eps, min_samples, _core.Metric.euclidean, None, threads)
    return labels, core.astype(bool)


def package(points: NDArray[np.float64], eps: float, min_samples: int) -> Answer:
    import dbscan  # type: ignore[import-untyped]

    labels, core = dbscan.DBSCAN(points, eps, min_samples)
    return labels, np.asarray(core).astype(bool)


def scikit_learn(points: NDArray[np.float64], eps: float, min_samples: int, threads: int) -> Answer:
    import sklearn.cluster

    found = limit_openmp(
        threads, lambda: sklearn.cluster.DBSCAN(eps=eps, min_samples=min_samples, n_jobs=threads).fit(points)
    )
    core = np.zeros(len(points), bool)
    core[found.core_sample_indices_] = True
    return found.labels_, core


def judge(answer: Answer, own: Answer) -> str:
    """How labels differ, the numbering of clusters apart."""
    labels, core = answer
    if np.array_equal(labels, own[0]) and np.array_equal(core, own[1]):
        return "labels identical"
    missed, extra = int((own[1] & ~core).sum()), int((core & ~own[1]).sum())
    noise = int(((labels < 0) != (own[0] < 0)).sum())
    both = own[1] & core
    pairs = len(set(zip(own[0][both].tolist(), labels[both].tolist(), strict=True)))
    clusters = len(np.unique(own[0][both]))
    if missed == extra == noise == 0 and pairs == clusters == len(np.unique(labels[both])):
        return "the same core points, clusters and noise, numbered otherwise"
    return f"{missed} core points missed, {extra} too many; {noise} points differ in being noise"


def case(name: str, quick: bool, rounds: int) -> dict[str, Any]:
    n, dimensions, centres, eps, min_samples = SHAPES[name]
    if quick:
        n = 2000
    points = blobs(n, dimensions, centres)
    # By itself and first: the threads of the `dbscan` package go on waiting busily for the rest of the process.
    alone = "diskern by itself, before the others"
    single, double = measure(
        [
            Entry(
                "diskern",
                "",
                f"{threads} thread{'s' * (threads > 1)}",
                f"{alone}: {threads} thread{'s' * (threads > 1)}",
                lambda threads=threads: ours(points, eps, min_samples, threads),
            )
            for threads in (1, 2)
        ],
        rounds or 9,
        judge,
    )
    group = "2 threads"
    entries = [Entry("diskern", "", "", group, lambda: ours(points, eps, min_samples, 2))]
    left_out = dimensions > MOST_DIMENSIONS_OF_THE_PACKAGE
    if not left_out:
        # The package takes all processors, whatever it is told.
        entries.append(Entry("dbscan", "dbscan", "", group, lambda: package(points, eps, min_samples)))
    entries.append(
        Entry("scikit-learn", "scikit-learn", "n_jobs=2", group, lambda: scikit_learn(points, eps, min_samples, 2))
    )
    rows = [single, double, *measure(entries, rounds or 5, judge, drop=20.0)]
    gain = single["seconds"]["median"] / double["seconds"]["median"]
    clusters = int(ours(points, eps, min_samples, 0)[0].max()) + 1
    return {
        "case": name,
        "title": f"{n} points, {dimensions} dimensions",
        "work": f"{centres} blobs and a tenth of noise, eps {eps}, min_samples {min_samples}: {clusters} clusters",
        "rows": rows,
        "gain of the second thread": gain,
        "notes": [
            f"Diskern on two threads is {gain:.2f} times as fast as on one."
            + left_out * f" Left out: dbscan, which takes at most {MOST_DIMENSIONS_OF_THE_PACKAGE} dimensions."
        ],
    }


def from_cpp(program: Path, path: Path, hits: int, eps: float, min_samples: int) -> tuple[Answer, float]:
    """EventDbscan, one event after the other on one thread, and the seconds that the program needed for them."""
    labels, core = path.with_suffix(".labels"), path.with_suffix(".core")
    command = [str(program), "--file", str(path), str(hits), "3", str(eps), str(min_samples), str(labels), str(core)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (np.fromfile(labels, np.int64), np.fromfile(core, np.uint8).astype(bool)), float(done.stdout)


def events(quick: bool, rounds: int, program: Path | None, folder: Path) -> dict[str, Any]:
    """Many small events: one call per event, and one for all."""
    count, hits = (20, 200) if quick else (1000, 2000)
    many = np.concatenate([blobs(hits, 3, 20, 20.0, seed=k) for k in range(count)])
    offsets = np.arange(count + 1) * hits
    eps, min_samples = 0.4, 5

    def one_by_one(fit: Callable[[NDArray[np.float64]], Answer]) -> Answer:
        answers = [fit(many[begin:end]) for begin, end in itertools.pairwise(offsets)]
        return np.concatenate([a for a, _ in answers]), np.concatenate([b for _, b in answers])

    def together(threads: int) -> Answer:
        labels, core, _ = _core.fit_dbscan_events(
            many, offsets, eps, min_samples, _core.Metric.euclidean, None, threads
        )
        return labels, core.astype(bool)

    entries = []
    for threads in (1, 2):
        group = f"one call for all events, {threads} thread{'s' * (threads > 1)}"
        entries.append(Entry("diskern", "", "fit_predict_events", group, lambda threads=threads: together(threads)))
        entries.append(
            Entry(
                "scikit-learn",
                "scikit-learn",
                "one call per event",
                group,
                lambda: one_by_one(lambda x: scikit_learn(x, eps, min_samples, 1)),
            )
        )
    group = "one call per event, 1 thread"
    entries.append(Entry("diskern", "", "", group, lambda: one_by_one(lambda x: ours(x, eps, min_samples, 1))))
    entries.append(Entry("dbscan", "dbscan", "", group, lambda: one_by_one(lambda x: package(x, eps, min_samples))))
    notes = []
    if program is None:
        notes.append("EventDbscan of C++ was not measured: no --events-program was given.")
    else:
        path = folder / "events.f64"
        many.tofile(path)
        group = "from C++ (EventDbscan, one event after the other), 1 thread"
        entries.append(
            Entry("diskern", "", "", group, lambda: from_cpp(program, path, hits, eps, min_samples), own_clock=True)
        )
        entries.append(
            Entry(
                "scikit-learn",
                "scikit-learn",
                "one call per event",
                group,
                lambda: one_by_one(lambda x: scikit_learn(x, eps, min_samples, 1)),
            )
        )
    return {
        "case": "events",
        "title": f"{count} events of {hits} hits, 3 dimensions",
        "work": f"20 blobs and a tenth of noise, eps {eps}, min_samples {min_samples}",
        "rows": measure(entries, rounds or 3, judge),
        "notes": notes,
    }


def calorimeter(count: int, cells: int) -> NDArray[np.float64]:
    """Cells of events, one after the other: x, y, layer, energy. Showers of 10 layers of 40 x 40 cells, and noise."""
    random = np.random.default_rng(0)
    found = np.empty((count, cells, 4))
    for event in found:
        showers = random.uniform(4, 36, (15, 2))
        of = random.integers(0, len(showers) + 3, cells)
        inside = of < len(showers)
        event[:, :2] = random.uniform(0, 40, (cells, 2))
        event[inside, :2] = showers[of[inside]] + random.normal(size=(int(inside.sum()), 2))
        event[:, :2] = np.floor(event[:, :2]) + 0.5
        event[:, 2] = random.integers(0, 10, cells)
        event[:, 3] = random.exponential(np.where(inside, 1.0, 0.1))
    return found.reshape(-1, 4)


def clue(quick: bool, rounds: int, program: Path | None, folder: Path) -> dict[str, Any]:
    """Energy-weighted clusters of calorimeter cells: no peer that could be installed, times only."""
    count, cells = (20, 200) if quick else (1000, 2000)
    many = calorimeter(count, cells)
    position, energy = np.ascontiguousarray(many[:, :2]), np.ascontiguousarray(many[:, 3])
    layer = many[:, 2].astype(np.int64)
    distance, density = 1.5, 4.0

    def one_by_one() -> Answer:
        labels = np.empty(len(many), np.int64)
        for begin in range(0, len(many), cells):
            part = slice(begin, begin + cells)
            labels[part] = _core.fit_clue(
                position[part], energy[part], distance, density, distance, 2.0, layer[part], 1
            )[0]
        return labels, labels >= 0

    def in_cpp(program: Path) -> tuple[Answer, float]:
        labels = path.with_suffix(".labels")
        command = [str(program), "--clue", str(path), str(cells), str(distance), str(density), str(labels)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = np.fromfile(labels, np.int64)
        if not np.array_equal(found, expected):
            raise RuntimeError("EventClue's labels are not those of fit_clue")
        return (found, found >= 0), float(done.stdout)

    expected = one_by_one()[0]
    entries = [Entry("diskern", "", "", "one call per event, 1 thread", one_by_one)]
    notes = [f"{expected[:cells].max() + 1} clusters in the first event. No peer: CLUEstering did not build here."]
    path = folder / "cells.f64"
    if program is None:
        notes.append("EventClue of C++ was not measured: no --events-program was given.")
    else:
        many.tofile(path)
        group = "from C++ (EventClue, one event after the other), 1 thread"
        entries.append(Entry("diskern", "", "", group, lambda: in_cpp(program), own_clock=True))
    return {
        "case": "clue",
        "title": f"CLUE: {count} events of {cells} calorimeter cells in 10 layers",
        "work": f"critical distance {distance}, critical density {density}",
        "rows": measure(entries, rounds or 3, judge),
        "notes": notes,
    }


# --- memory --------------------------------------------------------------------------------------------------------


def _status(key: str) -> float:
    with open("/proc/self/status", encoding="ascii") as stream:
        line = next(line for line in stream if line.startswith(key + ":"))
    return int(line.split()[1]) / 1024


def grow_memory(name: str, path: Path, eps: float, min_samples: int) -> float:
    """In a fresh process: the growth of the peak resident size, in MiB."""
    points = np.load(path)
    work = {
        "diskern": lambda x: ours(x, eps, min_samples, 2),
        "dbscan": lambda x: package(x, eps, min_samples),
        "scikit-learn": lambda x: scikit_learn(x, eps, min_samples, 2),
    }[name]
    work(points[:100].copy())
    with open("/proc/self/clear_refs", "w", encoding="ascii") as stream:
        stream.write("5")  # the peak starts anew from the present size
    before = _status("VmRSS")
    work(points)
    return _status("VmHWM") - before


def memory(quick: bool) -> dict[str, Any]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        # The last one: the same points in so wide an eps that all are neighbours of a tenth of them.
        for shape, factor, wider in (
            ("1m-2d", 1, 1),
            ("1m-3d", 1, 1),
            ("1m-3d", 0.5, 1),
            ("1m-3d", 0.25, 1),
            ("50k-7d", 1, 20),
        ):
            n, dimensions, centres, eps, min_samples = SHAPES[shape]
            n = 2000 if quick else int(n * factor)
            eps *= wider
            path = Path(folder) / "points.npy"
            np.save(path, blobs(n, dimensions, centres))
            for name in ("diskern", "dbscan", "scikit-learn"):
                row: dict[str, Any] = {"name": name, "shape": f"{n} x {dimensions}, eps {eps:g}"}
                rows.append(row)
                if name != "diskern" and installed(name) is None:
                    row["absent"] = "not installed"
                    continue
                job = json.dumps([name, str(path), eps, min_samples])
                command = [sys.executable, os.path.abspath(__file__), "--memory-job", job]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise RuntimeError(f"the memory of {name} could not be measured: {done.stderr[-2000:]}")
                row["MiB"] = float(done.stdout.split()[-1])
    return {
        "case": "memory",
        "title": "Growth of the peak resident size in a fresh process",
        "work": "blobs and a tenth of noise, 2 threads (1M points of 3 dimensions: 23 MiB)",
        "memory": rows,
    }


def all_lines(record: dict[str, Any]) -> Any:
    if "memory" not in record:
        yield from lines(record)
        return
    yield f"### {record['title']}: {record['work']}"
    yield ""
    yield "| | points | MiB |"
    yield "|---|---|---|"
    for row in record["memory"]:
        yield f"| {row['name']} | {row['shape']} | {row['absent'] if 'absent' in row else format(row['MiB'], '.0f')} |"


def main() -> int:
    if sys.argv[1:2] == ["--memory-job"]:
        name, path, eps, min_samples = json.loads(sys.argv[2])
        print(grow_memory(name, Path(path), eps, min_samples))
        return 0
    assert __doc__ is not None
    names = [*SHAPES, "events", "clue", "memory"]
    made = parser(__doc__, names)
    made.add_argument(
        "--events-program", type=Path, metavar="PATH", help="benchmark_clustering_events, for the case events"
    )
    arguments = made.parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    known: dict[str, Callable[[], dict[str, Any]]] = {
        name: (lambda name=name: case(name, arguments.quick, rounds)) for name in SHAPES
    }

    def in_folder(work: Callable[[bool, int, Path | None, Path], dict[str, Any]]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            return work(arguments.quick, rounds, arguments.events_program, Path(folder))

    known["events"] = lambda: in_folder(events)
    known["clue"] = lambda: in_folder(clue)
    known["memory"] = lambda: memory(arguments.quick)

    def plot(records: list[dict[str, Any]], path: Path) -> None:
        plot_ratios(records, path, "DBSCAN")

    return run("clustering_dbscan", arguments, known, PACKAGES, "DBSCAN", plot, all_lines)


if __name__ == "__main__":
    sys.exit(main())
