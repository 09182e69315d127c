"""Principal components beside scikit-learn: fit of 1M events with 50 variables, float32 and float64."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from _alternating import Entry, lines, measure
from _program import parser, plot_ratios, run
from diskern import PCA

PACKAGES = ("scikit-learn", "numpy", "scikit-learn-intelex")


def judge(answer: Any, own: Any) -> str:
    return (
        f"components to {np.abs(answer.components_ - own.components_).max():.1e}, variances to "
        f"{np.abs(answer.explained_variance_ / own.explained_variance_ - 1).max():.1e}"
    )


def case(name: str, dtype: type, quick: bool, rounds: int) -> dict[str, Any]:
    import sklearn.decomposition

    n, d = (20_000 if quick else 1_000_000), 50
    random = np.random.default_rng(1)
    mixing = random.normal(size=(d, d)) * np.linspace(3, 0.3, d)
    events = np.empty((n, d), dtype)
    for begin in range(0, n, 50_000):  # in pieces, for the sake of memory
        events[begin : begin + 50_000] = random.normal(size=(min(50_000, n - begin), d)) @ mixing + 10
    weight = random.uniform(0.5, 1.5, n)
    entries = [
        Entry("diskern", "", "", "fit, 2 threads", lambda: PCA(10, n_jobs=2).fit(events)),
        Entry("scikit-learn", "scikit-learn", "", "fit, 2 threads", lambda: sklearn.decomposition.PCA(10).fit(events)),
    ]
    fitted, peer = PCA(10, n_jobs=2).fit(events), sklearn.decomposition.PCA(10).fit(events)
    entries += [
        Entry("diskern", "", "", "transform to 10, 2 threads", lambda: fitted.transform(events) is None or fitted),
        Entry(
            "scikit-learn",
            "scikit-learn",
            "",
            "transform to 10, 2 threads",
            lambda: peer.transform(events) is None or peer,
        ),
        Entry("diskern", "", "", "fit, 1 thread (no peer)", lambda: PCA(10, n_jobs=1).fit(events)),
        Entry(
            "diskern",
            "",
            "",
            "fit with weights, 2 threads (no peer)",
            lambda: PCA(10, n_jobs=2).fit(events, sample_weight=weight),
        ),
    ]
    return {
        "case": name,
        "title": f"PCA, {np.dtype(dtype).name}",
        "work": f"{n} events x {d} variables, 10 components",
        "rows": measure(entries, rounds or 7, judge),
    }


def main() -> int:
    assert __doc__ is not None
    arguments = parser(__doc__, ["float32", "float64"]).parse_args()
    rounds = 1 if arguments.quick else arguments.rounds
    known: dict[str, Callable[[], dict[str, Any]]] = {
        "float32": lambda: case("float32", np.float32, arguments.quick, rounds),
        "float64": lambda: case("float64", np.float64, arguments.quick, rounds),
    }

    def plot(records: list[dict[str, Any]], path: Any) -> None:
        plot_ratios(records, path, "PCA")

    return run("projection_pca", arguments, known, PACKAGES, "Principal components", plot, lines)


if __name__ == "__main__":
    sys.exit(main())
