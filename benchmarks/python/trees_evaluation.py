"""Evaluation of forests in batches beside XGBoost, LightGBM, ONNX Runtime, treelite, tl2cgen, lleaves and others.

Every contestant gets the same float32 array, one event a row, and gives the signal probability of each; binning is
included. Diskern evaluates the forest that XGBoost trained, read from XGBoost's file, and so do ONNX Runtime, treelite
and tl2cgen; lleaves has LightGBM's, which LightGBM trained on the same events at equal settings (see _tree_peers.py),
and "diskern, LightGBM's" is read from LightGBM's file. A peer that one round shows to be more than 1.5 times slower
than the strongest of its group runs that round only.

Each shape of forest has three cases, so that one run is short: "alone" (XGBoost, one thread and two), "libraries" and
"compiled"; Diskern and XGBoost run in all of them. The case "imported" has each library's own forest in a group, in the
library and read from it by Diskern. Training, conversion and compilation are not timed: --prepare makes them all and
stops, and what the folder --prepared holds is not made again.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import _evaluation_peers as peers
from _evaluation_peers import Make, Store, quick_shape
from _program import parser, plot_ratios, run
from _tree_peers import DISTRIBUTIONS, Response, Shape
from diskern._rounds import Case, Contestant, Events, auc, installed, run_case, summarise

# name, distributions, what runs, how to make it, whether it stands apart
Entry = tuple[str, str, str, Make, bool]
_BOTH: tuple[Entry, ...] = (
    ("diskern", "", "XGBoost's forest", peers.diskern, False),
    ("xgboost", "xgboost", "inplace_predict", peers.xgboost, False),
)
_LIBRARIES: tuple[Entry, ...] = (
    ("lightgbm", "lightgbm", "Booster.predict", peers.lightgbm, False),
    ("scikit-learn", "scikit-learn", "HistGradientBoostingClassifier", peers.scikit_learn, False),
    ("catboost depthwise", "catboost", "predict_proba", peers.catboost_depthwise, False),
    ("catboost symmetric", "catboost", "one cut for a whole level", peers.catboost_one_cut_a_level, True),
    ("diskern, LightGBM's", "lightgbm", "LightGBM's forest", peers.diskern_of_lightgbm, False),
)
_COMPILED: tuple[Entry, ...] = (
    ("onnxruntime", "xgboost onnxruntime onnxmltools", "XGBoost's forest as TreeEnsemble", peers.onnxruntime, False),
    ("treelite", "xgboost treelite", "XGBoost's forest, general inference", peers.treelite, False),
    ("tl2cgen", "xgboost treelite tl2cgen", "XGBoost's forest compiled from C", peers.tl2cgen, False),
    ("lleaves", "lightgbm lleaves", "LightGBM's forest compiled by LLVM", peers.lleaves, False),
)
_PARTS: tuple[tuple[str, str, tuple[Entry, ...], tuple[int, ...], int], ...] = (
    ("alone", "one thread and two", _BOTH, (1, 2), 5),
    ("libraries", "libraries", _BOTH + _LIBRARIES, (2,), 3),
    ("compiled", "compiled and converted forests", _BOTH + _COMPILED, (2,), 3),
)
_SHAPES = ((100, 6), (500, 6), (850, 3))
# Whose forest, and who evaluates it beside Diskern.
_IMPORTED: tuple[tuple[str, Entry, Make], ...] = (
    ("XGBoost's", ("xgboost", "xgboost", "inplace_predict", peers.xgboost, False), peers.diskern),
    ("LightGBM's", ("lightgbm", "lightgbm", "Booster.predict", peers.lightgbm, False), peers.diskern_of_lightgbm),
    (
        "scikit-learn's HistGradientBoosting",
        ("scikit-learn", "scikit-learn", "predict_proba", peers.scikit_learn, False),
        peers.diskern_of_scikit_learn,
    ),
    (
        "scikit-learn's RandomForest",
        ("scikit-learn", "scikit-learn", "predict_proba", peers.random_forest, False),
        peers.diskern_of_random_forest,
    ),
)
_IMPORTED_SHAPE = (100, 6)


def _quality(events: Events, response: Response) -> float:
    return auc(events.test_labels, np.asarray(response, np.float64))


def _contestant(store: Store, shape: Shape, entry: Entry, label: str, threads: int) -> Contestant:
    name, package, what, make, apart = entry

    def prepare(events: Events, count: int) -> Callable[[], Response]:
        respond = make(store, shape, count)
        return lambda: respond(events.test)

    return Contestant(name, package, f"{what}; {shape}", prepare, label, threads, apart)


def _imported(store: Store, quick: bool, events: Callable[[], Events]) -> Case:
    """Each library's own forest, in the library and on Diskern's kernels."""
    trees, depth = _IMPORTED_SHAPE
    shape = quick_shape(Shape(trees, depth=depth), quick)
    contestants = []
    for whose, entry, imported in _IMPORTED:
        label = f"{whose} forest of {shape.trees} trees of depth {shape.depth}, 2 threads"
        ours: Entry = ("diskern", entry[1], f"{whose} forest", imported, False)
        contestants += [_contestant(store, shape, one, label, 2) for one in (ours, entry)]
    return Case(
        f"{trees}-trees-depth-{depth}-imported",
        f"{shape.trees} trees of depth {shape.depth}, in their own library and imported",
        f"{store.test} events x 28",
        events,
        tuple(contestants),
        store.test,
        "event",
        _quality,
        warm_up=min(store.test, 20_000),
        rounds=1 if quick else 3,
    )


def cases(store: Store, quick: bool) -> tuple[Case, ...]:
    """The rows of the table."""
    events = cache(store.events)
    made = [_imported(store, quick, events)]
    for trees, depth in _SHAPES:
        shape = quick_shape(Shape(trees, depth=depth), quick)
        for part, title, entries, threads, rounds in _PARTS:
            contestants = []
            for count in threads:
                label = f"{shape.trees} trees of depth {shape.depth}, {count} thread{'s' if count > 1 else ''}"
                contestants += [_contestant(store, shape, entry, label, count) for entry in entries]
            made.append(
                Case(
                    f"{trees}-trees-depth-{depth}-{part}",
                    f"{shape.trees} trees of depth {shape.depth}, {title}",
                    f"{store.test} events x 28",
                    events,
                    tuple(contestants),
                    store.test,
                    "event",
                    _quality,
                    warm_up=min(store.test, 20_000),
                    rounds=1 if quick else rounds,
                    drop=1.5,
                )
            )
    return tuple(made)


def _prepare(store: Store, quick: bool) -> None:
    """Every forest, converted and compiled."""
    imported = tuple(entry for _, entry, _ in _IMPORTED)
    for trees, depth in _SHAPES:
        more = imported if (trees, depth) == _IMPORTED_SHAPE else ()
        for name, package, _, make, _ in _BOTH + _LIBRARIES + _COMPILED + more:
            if all(installed(needed) is not None for needed in package.split()):
                make(store, quick_shape(Shape(trees, depth=depth), quick), 1)
                print(f"{trees} trees of depth {depth}: {name} is ready", flush=True)


def main() -> int:
    assert __doc__ is not None
    names = [f"{trees}-trees-depth-{depth}-{part[0]}" for trees, depth in _SHAPES for part in _PARTS]
    names.append("{}-trees-depth-{}-imported".format(*_IMPORTED_SHAPE))
    made = parser(__doc__, names)
    made.add_argument("--prepared", type=Path, metavar="FOLDER", help="events and forests, kept (default: not kept)")
    made.add_argument("--prepare", action="store_true", help="make what the folder lacks and stop")
    arguments = made.parse_args()
    if arguments.prepare and arguments.prepared is None:
        made.error("--prepare needs --prepared FOLDER, where it keeps what it makes")

    def say(text: str) -> None:
        print(text, flush=True)

    def measure(case: Case) -> dict[str, Any]:
        return summarise(case, run_case(case, rounds=arguments.rounds or case.rounds, threads=2, report=say))

    def plot(records: list[dict[str, Any]], path: Path) -> None:
        plot_ratios(records, path, "Evaluation of forests, 1M events x 28")

    with tempfile.TemporaryDirectory() as folder:
        store = peers.store(arguments.prepared or Path(folder), arguments.quick)
        if arguments.prepare:
            _prepare(store, arguments.quick)
            return 0
        known: dict[str, Callable[[], dict[str, Any]]] = {
            case.name: (lambda case=case: measure(case)) for case in cases(store, arguments.quick)
        }
        return run("trees_evaluation", arguments, known, DISTRIBUTIONS, "Evaluation of forests in batches", plot)


if __name__ == "__main__":
    sys.exit(main())
