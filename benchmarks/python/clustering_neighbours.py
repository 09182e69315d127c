"""Nearest neighbours beside cKDTree, pykdtree, scikit-learn and faiss.

Every point of a cloud (normal blobs and a tenth of noise) asks for its 20 nearest points, itself included; building the
tree is part of the time. Where peers were measured in several runs, each ratio is from its own run. Distances are
compared on all points. Those that work in float32 (faiss, pykdtree when given float32) have the float32 of the same
points.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _alternating import Entry, lines, measure
from _program import parser, plot_ratios, run
from clustering_dbscan import blobs
from diskern import _core
from diskern._rounds import hardware, limit_openmp

PACKAGES = ("scipy", "pykdtree", "scikit-learn", "faiss-cpu")
NEIGHBOURS = 20
SHAPES: dict[str, tuple[int, int, int, float, tuple[str, ...]]] = {
    # points, dimensions, blobs, span of the centres, peers left out because they compare all points with all
    "1m-3d": (1_000_000, 3, 200, 100.0, ("faiss",)),
    "200k-8d": (200_000, 8, 200, 100.0, ()),
    "200k-8d-uniform": (200_000, 8, 1, 0.0, ()),
    "20k-64d": (20_000, 64, 20, 10.0, ()),
}

Answer = tuple[NDArray[np.floating[Any]], NDArray[np.integer[Any]]]  # distances, indices


def ours(points: NDArray[np.float64], threads: int) -> Answer:
    tree = _core.Neighbours(points, _core.Metric.euclidean, 2.0, [], threads)
    distances, indices = tree.nearest(None, NEIGHBOURS, threads)
    return distances, indices


def ckdtree(points: NDArray[np.float64], threads: int) -> Answer:
    from scipy.spatial import cKDTree

    distances, indices = cKDTree(points, balanced_tree=False).query(points, NEIGHBOURS, workers=threads)
    return distances, indices


def pykdtree(points: NDArray[Any], threads: int) -> Answer:
    from pykdtree.kdtree import KDTree

    distances, indices = limit_openmp(threads, lambda: KDTree(points).query(points, NEIGHBOURS))
    return distances, indices


def scikit_learn(points: NDArray[np.float64], threads: int) -> Answer:
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=NEIGHBOURS, n_jobs=threads).fit(points).kneighbors(points)
    return distances, indices


def faiss(points: NDArray[np.float32], threads: int) -> Answer:
    import faiss  # type: ignore[import-untyped]

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    squares, indices = index.search(points, NEIGHBOURS)
    return np.sqrt(squares), indices


def judge(answer: Answer, own: Answer) -> str:
    if np.array_equal(answer[1], own[1]):
        return "the same neighbours"
    share = float((answer[1] == own[1]).mean())
    far = float(np.max(np.abs(answer[0] - own[0]) / np.maximum(own[0].max(axis=1, keepdims=True), 1e-300)))
    return (
        f"{100 * share:.3f} % of the neighbours in the same place; distances differ by up to {far:.0e} of the largest"
    )


def cloud(name: str, quick: bool) -> NDArray[np.float64]:
    n, dimensions, centres, span, _ = SHAPES[name]
    if quick:
        n = 2000
    if span == 0.0:
        return np.random.default_rng(0).uniform(0, 1, (n, dimensions))
    return blobs(n, dimensions, centres, span)


def earlier_rows(output: Path, name: str) -> list[dict[str, Any]]:
    """The peers of the record that is there, if it is from this machine: a run of some keeps those of the others."""
    path = output / "clustering_neighbours.json"
    if not path.exists():
        return []
    records = json.loads(path.read_text(encoding="utf-8"))["cases"]
    here = hardware(_core.available_threads(), PACKAGES)
    for record in records:
        if record["case"] == name and all(record["measured"][key] == here[key] for key in ("processor", "platform")):
            rows: list[dict[str, Any]] = record["rows"]
            return rows
    return []


def case(name: str, quick: bool, rounds: int, chosen: list[str], output: Path) -> dict[str, Any]:
    points = cloud(name, quick)
    single = points.astype(np.float32)
    left_out = SHAPES[name][4]
    group = "2 threads"
    peers: list[tuple[str, str, str, Callable[[], Answer]]] = [
        ("cKDTree", "scipy", "balanced_tree=False, workers=2", lambda: ckdtree(points, 2)),
        ("pykdtree", "pykdtree", "float64", lambda: pykdtree(points, 2)),
        ("pykdtree float32", "pykdtree", "float32", lambda: pykdtree(single, 2)),
        ("scikit-learn", "scikit-learn", "n_jobs=2", lambda: scikit_learn(points, 2)),
        ("faiss", "faiss-cpu", "IndexFlatL2, float32", lambda: faiss(single, 2)),
    ]
    entries = [Entry("diskern", "", "", group, lambda: ours(points, 2))]
    wanted = [peer for peer in peers if peer[0] not in left_out and (not chosen or peer[0] in chosen)]
    entries += [Entry(*peer[:3], group, peer[3]) for peer in wanted]
    entries.append(Entry("diskern", "", "", "1 thread", lambda: ours(points, 1)))
    rows = measure(entries, (1 if quick else rounds) or 3, judge, drop=4.0)
    if chosen:
        here = {row["name"] for row in rows}
        rows[-1:-1] = [row for row in earlier_rows(output, name) if row["name"] not in here]
    double, alone = (row["seconds"]["median"] for row in rows if row["name"] == "diskern")
    note = f"Diskern on two threads is {alone / double:.2f} times as fast as on one."
    if left_out:
        note += f" Left out: {', '.join(left_out)}, which would compare all points with all."
    return {
        "case": name,
        "title": f"{len(points)} points, {points.shape[1]} dimensions",
        "work": f"the {NEIGHBOURS} nearest points of each",
        "rows": rows,
        "gain of the second thread": alone / double,
        "notes": [note],
    }


def main() -> int:
    """Measure the chosen cases."""
    made = parser(__doc__ or "", list(SHAPES))
    made.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME",
        help="only beside this one, keeping the others; repeatable",
    )
    arguments = made.parse_args()
    cases = {
        name: (lambda name=name: case(name, arguments.quick, arguments.rounds, arguments.peer, arguments.output))
        for name in SHAPES
    }
    return run(
        "clustering_neighbours",
        arguments,
        cases,
        PACKAGES,
        "Nearest neighbours: rounds in one process, alternating",
        plot=lambda records, path: plot_ratios(records, path, "Nearest neighbours on two threads"),
        lines=lines,
    )


if __name__ == "__main__":
    raise SystemExit(main())
