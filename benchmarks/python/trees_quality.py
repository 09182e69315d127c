"""How well the trees of Diskern, XGBoost and LightGBM tell classes apart at equal settings.

Area under the ROC curve on the part that was not trained on, over random splits, each split the same for all.
Level-wise growth is compared with XGBoost's, leaf-wise growth with LightGBM's and XGBoost's, with equal bins, learning
rate, L2, smallest sum of hessians, depth or leaves. The difference is Diskern's area minus that of the better peer (the
one whose mean over the splits is larger), with the standard error of the mean of the paired differences.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, run
from _tree_peers import (
    BINS,
    DISTRIBUTIONS,
    LEAF_WISE,
    LEVEL_WISE,
    Labels,
    Matrix,
    Peer,
    Shape,
)
from diskern import _core
from diskern._rounds import auc, installed

Sample = tuple[Matrix, Labels]


def quark_gluon(folder: Path) -> Sample:
    """Quark against gluon jets: five variables, both files whole."""
    import uproot

    names = ["PTD_J", "rPt_tr", "N_tr", "D1_tr", "D2_tr"]
    parts = []
    for kind in ("quark", "gluon"):
        with uproot.open(folder / "quark_gluon_dy" / f"DY_incl_MVA_{kind}.root") as file:
            arrays = file["DY_MVA"].arrays(names, library="np")
        parts.append(np.column_stack([arrays[name] for name in names]).astype(np.float32))
    return np.concatenate(parts), np.repeat([1, 0], [len(part) for part in parts])


def magic(folder: Path) -> Sample:
    import pandas

    table = pandas.read_csv(folder / "magic" / "magic04.csv.gz")
    return table.drop(columns="class").to_numpy(np.float32), (table["class"] == "g").to_numpy().astype(np.int64)


def higgsml(folder: Path) -> Sample:
    """The 30 variables, -999 as missing."""
    import pandas

    table = pandas.read_csv(folder / "higgsml" / "higgsml_8k.csv.gz")
    X = table[[name for name in table.columns if name[:4] in ("DER_", "PRI_")]].to_numpy(np.float32)
    X[X == -999] = np.nan
    return X, (table["Label"] == "s").to_numpy().astype(np.int64)


def higgs(folder: Path) -> Sample:
    import pandas

    table = pandas.read_csv(folder / "higgs_uci" / "higgs_10k.csv.gz")
    return table.drop(columns="label").to_numpy(np.float32), table["label"].to_numpy().astype(np.int64)


def generator(events: int) -> Callable[[Path], Sample]:
    def make(_: Path) -> Sample:
        from diskern.datasets import higgs_like

        sample = higgs_like(events, seed=20261)
        return np.ascontiguousarray(sample.events, np.float32), np.asarray(sample.labels, np.int64)

    return make


# The peers that the difference is taken to, by growth of the trees.
GROWTHS: dict[str, tuple[tuple[Peer, ...], Callable[[int], Shape]]] = {
    "level-wise": (LEVEL_WISE[:2], lambda trees: Shape(trees, depth=6)),
    "leaf-wise": (
        tuple(peer for peer in LEAF_WISE if peer[0] in ("diskern", "lightgbm", "xgboost lossguide")),
        lambda trees: Shape(trees, leaves=31),
    ),
}

# name: sample, splits, trees, part that is tested
SAMPLES: dict[str, tuple[Callable[[Path], Sample], int, int, float]] = {
    "quark-gluon": (quark_gluon, 5, 100, 0.2),
    "generator-1M": (generator(1_000_000), 1, 100, 0.2),
    "higgsml": (higgsml, 20, 100, 0.2),
    "magic": (magic, 20, 200, 0.2),
    "higgs": (higgs, 20, 100, 0.2),
}


def compare(
    sample: Sample, growth: str, splits: int, trees: int, tested: float, threads: int, seed: int = 0
) -> dict[str, Any]:
    """Paired differences of one sample and one growth over random splits."""
    X, y = sample
    peers, shape = GROWTHS[growth]
    areas: dict[str, list[float]] = {peer[0]: [] for peer in peers if not peer[1] or installed(peer[1])}
    for split in range(splits):
        order = np.random.default_rng([seed, split]).permutation(len(X))
        count = round(tested * len(X))
        train, test = np.sort(order[count:]), order[:count]
        for name, package, _, fit in peers:
            if package and installed(package) is None:
                continue
            trained = fit(np.ascontiguousarray(X[train]), y[train], replace(shape(trees), bins=BINS - split), threads)
            areas[name].append(auc(y[test], np.asarray(trained.respond(X[test]), np.float64)))
    better = max((name for name in areas if name != "diskern"), key=lambda name: float(np.mean(areas[name])))
    differences = np.subtract(areas["diskern"], areas[better])
    error = float(differences.std(ddof=1) / np.sqrt(splits)) if splits > 1 else float("nan")
    return {
        "growth": growth,
        "splits": splits,
        "trees": trees,
        "auc": {name: float(np.mean(values)) for name, values in areas.items()},
        "better peer": better,
        "difference": float(differences.mean()),
        "standard error": error if splits > 1 else None,
        "differences": [float(value) for value in differences],
    }


def lines(record: dict[str, Any]) -> Iterator[str]:
    yield f"### {record['title']}"
    yield ""
    yield "| growth | splits | AUC | diskern minus the better peer, mean and its standard error |"
    yield "|---|---|---|---|"
    for row in record["quality"]:
        areas = ", ".join(f"{name} {value:.5f}" for name, value in row["auc"].items())
        error = "" if row["standard error"] is None else f" +- {row['standard error']:.5f}"
        difference = f"{row['difference']:+.5f}{error} ({row['better peer']})"
        yield f"| {row['growth']} | {row['splits']} | {areas} | {difference} |"


def main() -> int:
    assert __doc__ is not None
    made = parser(__doc__, list(SAMPLES))
    made.add_argument("--data", type=Path, metavar="FOLDER", help="the public data sets (magic/, higgsml/, ...)")
    made.add_argument(
        "--splits", type=int, default=0, metavar="N", help="random splits; 0 (default): what each case says"
    )
    arguments = made.parse_args()
    if arguments.data is None and not arguments.list and (arguments.all or set(arguments.case) - {"generator-1M"}):
        print("--data must name the folder of the public data sets")
        return 2

    def measure(name: str) -> dict[str, Any]:
        make, splits, trees, tested = SAMPLES[name]
        if arguments.quick:
            make, splits, trees = (generator(3_000) if name == "generator-1M" else make), 2, 3
        sample = make(arguments.data)
        threads = _core.available_threads()
        count = arguments.splits or splits
        rows = [compare(sample, growth, count, trees, tested, threads) for growth in GROWTHS]
        title = f"{name}: {len(sample[0])} events x {sample[0].shape[1]}, {trees} trees, {tested:.0%} tested"
        return {"case": name, "title": title, "quality": rows}

    known: dict[str, Callable[[], dict[str, Any]]] = {name: (lambda name=name: measure(name)) for name in SAMPLES}
    return run("trees_quality", arguments, known, DISTRIBUTIONS, "Quality of boosted trees", lines=lines)


if __name__ == "__main__":
    sys.exit(main())
