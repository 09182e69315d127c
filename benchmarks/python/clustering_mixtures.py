"""Gaussian mixtures beside scikit-learn: twenty iterations from one start, to the same lower bound."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _alternating import Entry, lines, measure
from _program import parser, plot_ratios, run
from clustering_dbscan import blobs
from diskern._rounds import limit_openmp

PACKAGES = ("scikit-learn", "numpy")
ITERATIONS = 20
CASES: dict[str, tuple[int, int, int, str]] = {  # points, dimensions, components, covariances
    "full-8": (200_000, 8, 10, "full"),
    "diag-8": (200_000, 8, 10, "diag"),
    "full-3": (200_000, 3, 20, "full"),
}


def start(points: NDArray[np.float64], components: int, kind: str) -> dict[str, Any]:
    """Drawn points as means, the variance of all."""
    dimensions = points.shape[1]
    chosen = np.random.default_rng(1).choice(len(points), components, replace=False)
    one = 1.0 / points.var(axis=0)
    precisions = np.diag(one)[None].repeat(components, 0) if kind == "full" else one[None].repeat(components, 0)
    assert precisions.shape[-1] == dimensions
    return {
        "covariance_type": kind,
        "weights_init": np.full(components, 1 / components),
        "means_init": points[chosen],
        "precisions_init": precisions,
        "max_iter": ITERATIONS,
        "tol": 0.0,
    }


def ours(points: NDArray[np.float64], components: int, options: dict[str, Any], threads: int) -> float:
    from diskern import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(GaussianMixture(components, n_jobs=threads, **options).fit(points).lower_bound_)


def scikit_learn(points: NDArray[np.float64], components: int, options: dict[str, Any], threads: int) -> float:
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(limit_openmp(threads, lambda: GaussianMixture(components, **options).fit(points)).lower_bound_)


def judge(answer: float, own: float) -> str:
    return f"lower bound {answer:.6f}, differs by {abs(answer - own):.0e}"


def case(name: str, quick: bool, rounds: int) -> dict[str, Any]:
    n, dimensions, components, kind = CASES[name]
    points = blobs(2000 if quick else n, dimensions, components, 20.0)
    options = start(points, components, kind)
    entries = []
    for threads in (1, 2):
        group = f"{threads} thread{'s' * (threads > 1)}"
        entries.append(
            Entry("diskern", "", "", group, lambda threads=threads: ours(points, components, options, threads))
        )
        entries.append(
            Entry(
                "scikit-learn",
                "scikit-learn",
                "",
                group,
                lambda threads=threads: scikit_learn(points, components, options, threads),
            )
        )
    rows = measure(entries, rounds or 3, judge)
    single, double = (row["seconds"]["median"] for row in rows if row["name"] == "diskern")
    return {
        "case": name,
        "title": f"{len(points)} points, {dimensions} dimensions, {components} components",
        "work": f"{ITERATIONS} iterations, covariances {kind}",
        "rows": rows,
        "gain of the second thread": single / double,
        "notes": [f"Diskern on two threads is {single / double:.2f} times as fast as on one."],
    }


def main() -> int:
    """Measure the chosen cases."""
    arguments = parser(__doc__ or "", list(CASES)).parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    cases = {name: (lambda name=name: case(name, arguments.quick, rounds)) for name in CASES}
    return run(
        "clustering_mixtures",
        arguments,
        cases,
        PACKAGES,
        "Gaussian mixtures",
        plot=lambda records, path: plot_ratios(records, path, "Gaussian mixtures"),
        lines=lines,
    )


if __name__ == "__main__":
    raise SystemExit(main())
