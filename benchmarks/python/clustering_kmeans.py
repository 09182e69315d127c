"""k-means beside scikit-learn, Intel's extension of it, and faiss.

Every contestant gets the same float32 array (one point a row) and the same first centres and makes twenty of Lloyd's
iterations; the inertia of the centres it ends with, computed alike for all, must be equal. Blobs that overlap, so that
no contestant converges early. scikit-learn, its extension and Diskern also give labels and inertia, which is one pass
more; faiss gives centres only. Seeding: greedy k-means++ with 2 + log(k) trials, whose inertia is random.
`--case scaling` measures the gain of a second thread.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, plot_ratios, run
from diskern import KMeans, _core
from diskern._rounds import Case, Contestant, Events, Outcome, limit_openmp, run_case, spread

DISTRIBUTIONS = ("scikit-learn", "scikit-learn-intelex", "faiss-cpu", "numpy")
ITERATIONS = 20
TO_THE_END = {"max_iter": 1000, "tol": 1e-4}  # of all that have these settings
EQUAL_INERTIA = 1e-3  # relative; contestants whose inertias differ by less count as equally good
Centres = np.ndarray[Any, np.dtype[Any]]


@lru_cache(maxsize=1)
def points_of(count: int, dimensions: int, clusters: int) -> Events:
    """Overlapping blobs; the second sample is the first centres."""
    random = np.random.default_rng(20260)
    blobs = random.uniform(-10, 10, (clusters, dimensions))
    spread_of = 0.35 * 20 / clusters ** (1 / dimensions)
    points = blobs[random.integers(0, clusters, count)] + random.normal(0, spread_of, (count, dimensions))
    points = points.astype(np.float32)
    first = points[random.choice(count, clusters, replace=False)]
    return Events(points, np.zeros(0, np.int64), first, np.zeros(0, np.int64))


def inertia(events: Events, centres: Any) -> float:
    """In float64, from the centres alone."""
    return float(_core.predict_kmeans(events.training, np.ascontiguousarray(centres, np.float64), None, 0)[1])


# --- Lloyd's iterations --------------------------------------------------------------------------------------------


def diskern_iterations(events: Events, threads: int, **settings: Any) -> Callable[[], Any]:
    settings = {"max_iter": ITERATIONS, "tol": 0} | settings
    model = KMeans(len(events.test), init=events.test, n_jobs=threads, **settings)
    return lambda: model.fit(events.training).cluster_centers_


def _scikit(kind: Any, events: Events, threads: int, **settings: Any) -> Callable[[], Any]:
    settings = {"max_iter": ITERATIONS, "tol": 0} | settings
    model = kind(len(events.test), init=events.test, n_init=1, **settings)

    def work() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # twenty iterations are no convergence
            return limit_openmp(threads, lambda: model.fit(events.training).cluster_centers_)

    return work


def sklearn_lloyd(events: Events, threads: int, **settings: Any) -> Callable[[], Any]:
    from sklearn.cluster import KMeans as Kind

    return _scikit(Kind, events, threads, **settings)


def sklearn_elkan(events: Events, threads: int, **settings: Any) -> Callable[[], Any]:
    from sklearn.cluster import KMeans as Kind

    return _scikit(Kind, events, threads, algorithm="elkan", **settings)


def intel_iterations(events: Events, threads: int, **settings: Any) -> Callable[[], Any]:
    import daal4py
    from sklearnex.cluster import KMeans as Kind

    daal4py.daalinit(threads)
    return _scikit(Kind, events, threads, **settings)


def faiss_iterations(events: Events, threads: int) -> Callable[[], Any]:
    import faiss

    faiss.omp_set_num_threads(threads)
    count, dimensions = events.training.shape

    def work() -> Any:
        made = faiss.Kmeans(
            dimensions,
            len(events.test),
            niter=ITERATIONS,
            max_points_per_centroid=count,  # no subsample
            min_points_per_centroid=1,
        )
        made.train(events.training, init_centroids=events.test)
        return made.centroids

    return work


# --- seeding -------------------------------------------------------------------------------------------------------


def diskern_seeds(events: Events, threads: int) -> Callable[[], Any]:
    def work() -> Any:
        held = _core.KMeansPoints(events.training, None, threads)
        return held.seed(len(events.test), _core.KMeansSeeding.plus_plus, 1, 0, threads)

    return work


def diskern_parallel_seeds(events: Events, threads: int) -> Callable[[], Any]:
    def work() -> Any:
        held = _core.KMeansPoints(events.training, None, threads)
        return held.seed(len(events.test), _core.KMeansSeeding.parallel, 1, 0, threads)

    return work


def sklearn_seeds(events: Events, threads: int) -> Callable[[], Any]:
    from sklearn.cluster import kmeans_plusplus

    return lambda: limit_openmp(threads, lambda: kmeans_plusplus(events.training, len(events.test), random_state=1)[0])


def intel_seeds(events: Events, threads: int) -> Callable[[], Any]:
    import daal4py

    daal4py.daalinit(threads)
    clusters = len(events.test)
    trials = 2 + int(np.log(clusters))
    engine = daal4py.engines_mt19937(seed=1, fptype="float")
    maker = daal4py.kmeans_init(clusters, fptype="float", method="plusPlusDense", nTrials=trials, engine=engine)
    return lambda: np.asarray(maker.compute(events.training).centroids)


def _contestants(work: str, peers: tuple[tuple[str, str, str, Any], ...], threads: int = 2) -> tuple[Contestant, ...]:
    return tuple(
        Contestant(
            name, package, settings, prepare, f"{work}, {threads} threads", threads, name == "diskern, parallel seeding"
        )
        for name, package, settings, prepare in peers
    )


LLOYD = (
    ("diskern", "", "KMeans(tol=0)", diskern_iterations),
    ("scikit-learn", "scikit-learn", "KMeans(algorithm='lloyd', tol=0)", sklearn_lloyd),
    ("scikit-learn elkan", "scikit-learn", "KMeans(algorithm='elkan', tol=0)", sklearn_elkan),
    ("intelex", "scikit-learn-intelex", "KMeans(algorithm='lloyd', tol=0)", intel_iterations),
    ("faiss", "faiss-cpu", "Kmeans of all points", faiss_iterations),
)
CONVERGING = tuple(
    (name, package, settings.replace("tol=0", "tol=1e-4"), partial(prepare, **TO_THE_END))
    for name, package, settings, prepare in LLOYD
    if name != "faiss"  # ends after a number of iterations only
)
SEEDS = (
    ("diskern", "", "k-means++", diskern_seeds),
    ("diskern, parallel seeding", "", "k-means||", diskern_parallel_seeds),
    ("scikit-learn", "scikit-learn", "kmeans_plusplus", sklearn_seeds),
    ("intelex", "scikit-learn-intelex", "plusPlusDense, as many trials", intel_seeds),
)


def _case(
    name: str, count: int, dimensions: int, clusters: int, quick: bool, seeds: bool = False, end: bool = False
) -> Case:
    if quick:
        count, clusters = 3000, min(clusters, 10)
    size = f"{count} points x {dimensions}, {clusters} clusters"
    if seeds:
        return Case(
            name,
            f"k-means++, {size}",
            size,
            partial(points_of, count, dimensions, clusters),
            _contestants("seeding", SEEDS),
            float(count * clusters),
            "point x cluster",
            inertia,
            rounds=1 if quick else 5,
            drop=4.0,
        )
    if end:
        return Case(
            name,
            f"To convergence (tol 1e-4), {size}",
            size,
            partial(points_of, count, dimensions, clusters),
            _contestants("to convergence", CONVERGING),
            float(count * clusters),
            "point x cluster",
            inertia,
            rounds=1 if quick else 3,
            drop=2.0,
        )
    return Case(
        name,
        f"{ITERATIONS} iterations, {size}",
        f"{size}, {ITERATIONS} iterations",
        partial(points_of, count, dimensions, clusters),
        _contestants("iterations", LLOYD),
        float(count * clusters * ITERATIONS),
        "point x cluster",
        inertia,
        rounds=1 if quick else 5,
        drop=2.0,
    )


def cases(quick: bool) -> tuple[Case, ...]:
    """The rows of the table, in its order."""
    million = 1_000_000
    return (
        _case("1m-4-20", million, 4, 20, quick),
        _case("1m-4-64", million, 4, 64, quick),
        _case("1m-8-20", million, 8, 20, quick),
        _case("1m-8-64", million, 8, 64, quick),
        _case("200k-64-256", 200_000, 64, 256, quick),
        _case("end-200k-8-64", 200_000, 8, 64, quick, end=True),
        _case("end-100k-64-256", 100_000, 64, 256, quick, end=True),
        _case("seeding-1m-8-64", million, 8, 64, quick, seeds=True),
    )


def measure(case: Case, rounds: int) -> dict[str, Any]:
    """Seconds, inertia and the ratios of each round."""
    say = lambda text: print(text, flush=True)  # noqa: E731
    outcomes = run_case(case, rounds=rounds or case.rounds, threads=2, report=say)
    ours = next(outcome for outcome in outcomes if outcome.name == "diskern")
    rows = [_row(outcome, ours) for outcome in outcomes]
    record = {"case": case.name, "title": case.title, "work": case.work, "unit": case.unit, "rows": rows}
    peers = [row for row in rows if "seconds" in row and not row["name"].startswith("diskern")]
    if peers:
        strongest = min(peers, key=lambda row: float(row["seconds"]["median"]))
        record["strongest peer"] = strongest["name"]
    return record


def _row(outcome: Outcome, ours: Outcome) -> dict[str, Any]:
    row: dict[str, Any] = {"name": outcome.name, "settings": outcome.settings, "group": outcome.group}
    if outcome.apart:
        row["apart"] = True
    if outcome.absent:
        return row | {"absent": outcome.absent}
    assert outcome.quality is not None
    assert ours.quality is not None
    return row | {
        "threads": outcome.threads,
        "rounds": len(outcome.seconds),
        "seconds": spread(outcome.seconds),
        "processor time / elapsed time": float(np.median(outcome.cores)),
        "inertia": outcome.quality,
        "relative inertia": outcome.quality / ours.quality,
        "speed-up of diskern": spread([t / d for t, d in zip(outcome.seconds, ours.seconds, strict=False)]),
    }


def scaling(quick: bool, rounds: int) -> dict[str, Any]:
    """Diskern on one thread beside two, in alternating rounds."""
    sizes = ((1_000_000, 4, 20), (1_000_000, 8, 64), (200_000, 64, 256))
    rows = []
    for count, dimensions, clusters in ((3000, 4, 5),) if quick else sizes:
        events = points_of(count, dimensions, clusters)
        contestants = tuple(
            Contestant(f"diskern {threads}", "", "", diskern_iterations, "", threads) for threads in (1, 2)
        )
        case = Case("scaling", "", "", lambda events=events: events, contestants, 1.0, "", inertia)
        one, two = run_case(case, rounds=1 if quick else rounds or 5, threads=2, report=lambda _: None)
        rows.append(
            {
                "name": f"{count} points x {dimensions}, {clusters} clusters",
                "seconds on 1 thread": spread(one.seconds),
                "seconds on 2 threads": spread(two.seconds),
                "gain": spread([a / b for a, b in zip(one.seconds, two.seconds, strict=True)]),
            }
        )
    return {"case": "scaling", "title": "One thread and two", "work": f"{ITERATIONS} iterations", "scaling": rows}


def _range(values: dict[str, float], form: str = ".3g") -> str:
    return f"{values['median']:{form}} ({values['minimum']:{form}} .. {values['maximum']:{form}})"


def lines(record: dict[str, Any]) -> Iterator[str]:
    """The table of one record."""
    if "scaling" in record:
        yield f"### {record['title']}: {record['work']}"
        yield ""
        yield "| | seconds, 1 thread | seconds, 2 threads | gain (median, min .. max) |"
        yield "|---|---|---|---|"
        for row in record["scaling"]:
            one, two = row["seconds on 1 thread"], row["seconds on 2 threads"]
            yield f"| {row['name']} | {_range(one)} | {_range(two)} | {_range(row['gain'], '.2f')} |"
        return
    yield f"### {record['title']}"
    yield ""
    yield "| | seconds (median, min .. max) | inertia / diskern's | diskern is faster by (median, min .. max) |"
    yield "|---|---|---|---|"
    for row in record["rows"]:
        name = f"{row['name']} (apart)" if row.get("apart") else row["name"]
        if "absent" in row:
            yield f"| {name} | {row['absent']} | | |"
            continue
        once = row["rounds"] == 1
        seconds = f"{row['seconds']['median']:.3g} (one round)" if once else _range(row["seconds"])
        faster = row["speed-up of diskern"]
        ratio = f"{faster['median']:.2f}" if once else _range(faster, ".2f")
        ratio = "" if row["name"] == "diskern" else ratio
        yield f"| {name} | {seconds} | {row['relative inertia']:.6f} | {ratio} |"
    if "strongest peer" in record:
        best = next(row for row in record["rows"] if row["name"] == record["strongest peer"])
        equal = abs(best["relative inertia"] - 1) < EQUAL_INERTIA
        verdict = "equal within 0.1 %" if equal else "random" if "++" in record["title"] else "NOT equal"
        yield ""
        yield (
            f"Strongest peer: {best['name']}, diskern is faster by {best['speed-up of diskern']['median']:.2f}; "
            f"inertia {verdict}"
        )


def main() -> int:
    assert __doc__ is not None
    arguments = parser(__doc__, [case.name for case in cases(False)] + ["scaling"]).parse_args()
    known: dict[str, Callable[[], dict[str, Any]]] = {
        case.name: (lambda case=case: measure(case, arguments.rounds)) for case in cases(arguments.quick)
    }
    known["scaling"] = lambda: scaling(arguments.quick, arguments.rounds)

    def plot(records: list[dict[str, Any]], path: Path) -> None:
        plot_ratios(records, path, "k-means from a float32 array, two threads")

    return run("clustering_kmeans", arguments, known, DISTRIBUTIONS, "k-means", plot, lines)


if __name__ == "__main__":
    sys.exit(main())
