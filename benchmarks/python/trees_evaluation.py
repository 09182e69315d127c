"""Evaluation of forests in batches beside XGBoost, LightGBM, ONNX Runtime, treelite, tl2cgen, lleaves and others.

Every contestant gets the same float32 array, one event a row, and gives the signal probability of each; binning is
included. XGBoost's forest also runs in ONNX Runtime, treelite and tl2cgen, LightGBM's in lleaves; the forests of the
others are trained on the same events at equal settings (see _tree_peers.py). Training, conversion and compilation are
not timed. A peer that one round shows to be more than 1.5 times slower than the strongest runs that round only.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, plot_ratios, run
from _tree_peers import (
    DISTRIBUTIONS,
    Matrix,
    Response,
    Shape,
    Trained,
    Trainer,
    catboost_level_wise,
    catboost_symmetric,
    diskern_level_wise,
    lightgbm_plain,
    sklearn,
    xgboost_level_wise,
)
from diskern._rounds import Case, Contestant, Events, auc, higgs_like_events, run_case, summarise

TRAINING_EVENTS = 50_000
Respond = Callable[[Matrix], Response]


@lru_cache(maxsize=1)
def _generate(training: int, test: int) -> Events:
    return higgs_like_events(training, test)()


@lru_cache(maxsize=16)
def _forest(train: Trainer, shape: Shape, quick: bool) -> Trained:
    """One forest for all that evaluate it; two threads train it, evaluation takes its own number."""
    events = _events(quick)
    return train(events.training, events.training_labels, shape, 2)


def _events(quick: bool) -> Events:
    return _generate(2_000, 2_000) if quick else _generate(TRAINING_EVENTS, 1_000_000)


def _diskern(shape: Shape, threads: int, quick: bool) -> Respond:
    model = _forest(diskern_level_wise, shape, quick).model

    def respond(x: Matrix) -> Response:
        model.n_jobs = threads
        return np.asarray(model.predict_proba(x)[:, 1])

    return respond


def _xgboost(shape: Shape, threads: int, quick: bool) -> Respond:
    booster = _forest(xgboost_level_wise, shape, quick).model

    def respond(x: Matrix) -> Response:
        booster.set_param({"nthread": threads})
        return np.asarray(booster.inplace_predict(x))

    return respond


def _lightgbm(shape: Shape, threads: int, quick: bool) -> Respond:
    booster = _forest(lightgbm_plain, shape, quick).model
    return lambda x: booster.predict(x, num_threads=threads)


def _lleaves(shape: Shape, threads: int, quick: bool) -> Respond:
    import lleaves

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.txt"
        _forest(lightgbm_plain, shape, quick).model.save_model(path)
        model = lleaves.Model(model_file=str(path))
        model.compile()
    return lambda x: model.predict(x, n_jobs=threads)


def _onnxruntime(shape: Shape, threads: int, quick: bool) -> Respond:
    import onnxruntime
    import xgboost
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    classifier = xgboost.XGBClassifier()  # the converter wants the class around the booster
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        _forest(xgboost_level_wise, shape, quick).model.save_model(path)
        classifier.load_model(path)
    columns = _events(quick).training.shape[1]
    model = convert_xgboost(classifier, initial_types=[("input", FloatTensorType([None, columns]))])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_outputs()[1].name
    return lambda x: session.run([name], {"input": x})[0][:, 1]


def _at_most_the_cores(threads: int) -> int:
    """treelite and tl2cgen refuse more threads than there are cores."""
    return min(threads, len(os.sched_getaffinity(0)))


def _treelite_model(shape: Shape, quick: bool) -> Any:
    import treelite

    return treelite.frontend.from_xgboost(_forest(xgboost_level_wise, shape, quick).model)


def _treelite(shape: Shape, threads: int, quick: bool) -> Respond:
    import treelite

    model = _treelite_model(shape, quick)
    count = _at_most_the_cores(threads)
    return lambda x: np.asarray(treelite.gtil.predict(model, x, nthread=count)).ravel()


@lru_cache(maxsize=1)
def _compiled(shape: Shape, quick: bool, folder: str) -> str:
    import tl2cgen

    path = os.path.join(folder, f"{shape.trees}_{shape.depth}.so")
    parallel = {"parallel_comp": 2}  # two files, compiled side by side
    tl2cgen.export_lib(_treelite_model(shape, quick), toolchain="gcc", libpath=path, params=parallel, nthread=2)
    return path


def _tl2cgen(shape: Shape, threads: int, quick: bool) -> Respond:
    import tl2cgen

    predictor = tl2cgen.Predictor(_compiled(shape, quick, _FOLDER.name), nthread=_at_most_the_cores(threads))
    return lambda x: predictor.predict(tl2cgen.DMatrix(x)).ravel()


def _catboost(train: Trainer) -> Callable[[Shape, int, bool], Respond]:
    def make(shape: Shape, threads: int, quick: bool) -> Respond:
        model = _forest(train, shape, quick).model
        return lambda x: model.predict_proba(x, thread_count=threads)[:, 1]

    return make


def _sklearn(shape: Shape, threads: int, quick: bool) -> Respond:
    from diskern._rounds import limit_openmp

    model = _forest(sklearn, shape, quick).model
    return lambda x: limit_openmp(threads, lambda: model.predict_proba(x)[:, 1])


_FOLDER = tempfile.TemporaryDirectory()

# name, distribution, what runs, how to make it, whether it stands apart
_CONTESTANTS: tuple[tuple[str, str, str, Callable[[Shape, int, bool], Respond], bool], ...] = (
    ("diskern", "", "predict_proba", _diskern, False),
    ("xgboost", "xgboost", "inplace_predict", _xgboost, False),
    ("lightgbm", "lightgbm", "Booster.predict", _lightgbm, False),
    ("scikit-learn", "scikit-learn", "HistGradientBoostingClassifier", _sklearn, False),
    ("onnxruntime", "xgboost onnxruntime onnxmltools", "XGBoost's forest as TreeEnsemble", _onnxruntime, False),
    ("treelite", "xgboost treelite", "XGBoost's forest, general inference", _treelite, False),
    ("tl2cgen", "xgboost treelite tl2cgen", "XGBoost's forest compiled from C", _tl2cgen, False),
    ("lleaves", "lightgbm lleaves", "LightGBM's forest compiled by LLVM", _lleaves, False),
    ("catboost depthwise", "catboost", "predict_proba", _catboost(catboost_level_wise), False),
    (
        "catboost symmetric",
        "catboost",
        "one cut for a whole level",
        _catboost(catboost_symmetric),
        True,
    ),
)


def _quality(events: Events, response: Response) -> float:
    return auc(events.test_labels, np.asarray(response, np.float64))


def _contestants(shape: Shape, quick: bool, threads: tuple[int, ...]) -> tuple[Contestant, ...]:
    made = []
    for count in threads:
        label = f"{shape.trees} trees of depth {shape.depth}, {count} thread{'s' if count > 1 else ''}"
        for name, package, what, make, apart in _CONTESTANTS:
            if count == 1 and name not in ("diskern", "xgboost"):
                continue  # one thread shows the gain of the second; the strongest peer is enough for it

            def prepare(events: Events, threads: int, make: Any = make) -> Callable[[], Response]:
                respond = make(shape, threads, quick)
                return lambda: respond(events.test)

            made.append(Contestant(name, package, f"{what}; {shape}", prepare, label, count, apart))
    return tuple(made)


def cases(quick: bool) -> tuple[Case, ...]:
    """The rows of the table."""
    made = []
    for trees, depth, rounds in ((100, 6, 5), (500, 6, 3), (850, 3, 3)):
        shape = Shape(4 if quick else trees, depth=min(depth, 3) if quick else depth)
        size = 2_000 if quick else 1_000_000
        made.append(
            Case(
                f"{trees}-trees-depth-{depth}",
                f"{shape.trees} trees of depth {shape.depth}",
                f"{size} events x 28",
                lambda: _events(quick),
                _contestants(shape, quick, (2, 1)),
                size,
                "event",
                _quality,
                warm_up=min(size, 20_000),
                rounds=1 if quick else rounds,
                drop=1.5,
            )
        )
    return tuple(made)


def main() -> int:
    assert __doc__ is not None
    arguments = parser(__doc__, [case.name for case in cases(False)]).parse_args()

    def say(text: str) -> None:
        print(text, flush=True)

    def measure(case: Case) -> dict[str, Any]:
        return summarise(case, run_case(case, rounds=arguments.rounds or case.rounds, threads=2, report=say))

    known: dict[str, Callable[[], dict[str, Any]]] = {
        case.name: (lambda case=case: measure(case)) for case in cases(arguments.quick)
    }

    def plot(records: list[dict[str, Any]], path: Path) -> None:
        plot_ratios(records, path, "Evaluation of forests, 1M events x 28")

    return run("trees_evaluation", arguments, known, DISTRIBUTIONS, "Evaluation of forests in batches", plot)


if __name__ == "__main__":
    sys.exit(main())
