"""Forests for the evaluation benchmarks, kept as files, and how each library evaluates them.

What is not timed (events, training, conversion, compilation) takes minutes: `Store` keeps its results in a folder, so
that a later run, or one that was cut off, goes on from there. Every maker is called for one `Shape` and a number of
threads and gives the function that is timed: it takes the events, one a row, and returns the signal probability of
each.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from _tree_peers import (
    Labels,
    Matrix,
    Response,
    Shape,
    Trained,
    Trainer,
    catboost_level_wise,
    catboost_symmetric,
    lightgbm_plain,
    sklearn,
    xgboost_level_wise,
)
from diskern._rounds import Events, higgs_like_events, limit_openmp

Respond = Callable[[Matrix], Response]
Make = Callable[["Store", Shape, int], Respond]


@dataclass(frozen=True)
class Store:
    """Events and forests in a folder; what is not there is made. The numbers are those of events."""

    folder: Path
    training: int
    test: int

    def file(self, name: str, make: Callable[[Path], None]) -> Path:
        """The file of this name, which make(path) writes where it is missing; never one that is half written."""
        path = self.folder / f"{self.training}_{self.test}" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name("unfinished_" + path.name)
            make(unfinished)
            os.replace(unfinished, path)
        return path

    def events(self) -> Events:
        def make(path: Path) -> None:
            events = higgs_like_events(self.training, self.test)()
            with path.open("wb") as file:
                for array in (events.training, events.training_labels, events.test, events.test_labels):
                    np.save(file, array)

        with self.file("events.npy", make).open("rb") as file:
            return Events(*(np.load(file) for _ in range(4)))

    def forest(self, name: str, train: Trainer, shape: Shape, save: Callable[[Any, Path], None]) -> Path:
        """A forest of that shape; two threads train it, evaluation takes its own number."""

        def make(path: Path) -> None:
            events = self.events()
            save(train(events.training, events.training_labels, shape, 2).model, path)

        return self.file(f"{shape.trees}_{shape.depth}_{name}", make)


def store(folder: Path, quick: bool) -> Store:
    return Store(folder, 2_000, 2_000) if quick else Store(folder, 50_000, 1_000_000)


def quick_shape(shape: Shape, quick: bool) -> Shape:
    return Shape(4, depth=min(shape.depth, 3)) if quick else shape


def xgboost_file(store: Store, shape: Shape) -> Path:
    return store.forest("xgboost.json", xgboost_level_wise, shape, lambda model, path: model.save_model(path))


def lightgbm_file(store: Store, shape: Shape) -> Path:
    return store.forest("lightgbm.txt", lightgbm_plain, shape, lambda model, path: model.save_model(path))


def diskern(store: Store, shape: Shape, threads: int) -> Respond:
    from diskern import load

    model = load(xgboost_file(store, shape))
    return lambda x: np.asarray(model.evaluate(x, threads=threads)[:, 0])


def diskern_of_lightgbm(store: Store, shape: Shape, threads: int) -> Respond:
    from diskern import load

    model = load(lightgbm_file(store, shape))
    return lambda x: np.asarray(model.evaluate(x, threads=threads)[:, 0])


def xgboost(store: Store, shape: Shape, threads: int) -> Respond:
    import xgboost

    booster = xgboost.Booster(model_file=xgboost_file(store, shape))
    booster.set_param({"nthread": threads})
    return lambda x: np.asarray(booster.inplace_predict(x))


def lightgbm(store: Store, shape: Shape, threads: int) -> Respond:
    import lightgbm

    booster = lightgbm.Booster(model_file=lightgbm_file(store, shape))
    return lambda x: np.asarray(booster.predict(x, num_threads=threads))


def lleaves_file(store: Store, shape: Shape) -> Path:
    """The object file that lleaves compiles to."""
    import lleaves

    def compile_to(path: Path) -> None:
        lleaves.Model(model_file=str(lightgbm_file(store, shape))).compile(cache=path)

    return store.file(f"{shape.trees}_{shape.depth}_lleaves.o", compile_to)


def lleaves(store: Store, shape: Shape, threads: int) -> Respond:
    import lleaves

    model = lleaves.Model(model_file=str(lightgbm_file(store, shape)))
    model.compile(cache=lleaves_file(store, shape))
    return lambda x: np.asarray(model.predict(x, n_jobs=threads))


def onnxruntime(store: Store, shape: Shape, threads: int) -> Respond:
    import onnxruntime

    def convert(path: Path) -> None:
        import xgboost
        from onnxmltools import convert_xgboost
        from onnxmltools.convert.common.data_types import FloatTensorType

        classifier = xgboost.XGBClassifier()  # the converter wants the class around the booster
        classifier.load_model(xgboost_file(store, shape))
        columns = int(classifier.n_features_in_)
        model = convert_xgboost(classifier, initial_types=[("input", FloatTensorType([None, columns]))])
        path.write_bytes(model.SerializeToString())

    path = store.file(f"{shape.trees}_{shape.depth}_xgboost.onnx", convert)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_outputs()[1].name
    return lambda x: np.asarray(session.run([name], {"input": x})[0][:, 1])


def _at_most_the_cores(threads: int) -> int:
    """treelite and tl2cgen refuse more threads than there are cores."""
    return min(threads, len(os.sched_getaffinity(0)))


def treelite(store: Store, shape: Shape, threads: int) -> Respond:
    import treelite

    model = treelite.frontend.load_xgboost_model(xgboost_file(store, shape))
    count = _at_most_the_cores(threads)
    return lambda x: np.asarray(treelite.gtil.predict(model, x, nthread=count)).ravel()


def tl2cgen_file(store: Store, shape: Shape) -> Path:
    """XGBoost's forest as C, compiled."""
    import tl2cgen

    def compile_to(path: Path) -> None:
        import treelite

        model = treelite.frontend.load_xgboost_model(xgboost_file(store, shape))
        parallel = {"parallel_comp": 8}  # files
        tl2cgen.export_lib(model, toolchain="gcc", libpath=path, params=parallel, nthread=2)

    return store.file(f"{shape.trees}_{shape.depth}_tl2cgen.so", compile_to)


def tl2cgen(store: Store, shape: Shape, threads: int) -> Respond:
    import tl2cgen

    predictor = tl2cgen.Predictor(tl2cgen_file(store, shape), nthread=_at_most_the_cores(threads))
    return lambda x: np.asarray(predictor.predict(tl2cgen.DMatrix(x))).ravel()


def _catboost(name: str, train: Trainer) -> Make:
    def make(store: Store, shape: Shape, threads: int) -> Respond:
        import catboost

        path = store.forest(name, train, shape, lambda model, path: model.save_model(str(path)))
        model = catboost.CatBoostClassifier().load_model(str(path))
        return lambda x: np.asarray(model.predict_proba(x, thread_count=threads)[:, 1])

    return make


catboost_depthwise = _catboost("catboost_depthwise.cbm", catboost_level_wise)
catboost_one_cut_a_level = _catboost("catboost_symmetric.cbm", catboost_symmetric)


def _scikit_learn_model(store: Store, shape: Shape, name: str, train: Trainer) -> Any:
    path = store.forest(name, train, shape, lambda model, path: path.write_bytes(pickle.dumps(model)))
    return pickle.loads(path.read_bytes())


def scikit_learn(store: Store, shape: Shape, threads: int) -> Respond:
    model = _scikit_learn_model(store, shape, "sklearn.pickle", sklearn)
    return lambda x: np.asarray(limit_openmp(threads, lambda: model.predict_proba(x)[:, 1]))


def diskern_of_scikit_learn(store: Store, shape: Shape, threads: int) -> Respond:
    return _imported(_scikit_learn_model(store, shape, "sklearn.pickle", sklearn), threads)


def _random_forest(events: Matrix, labels: Labels, shape: Shape, threads: int) -> Trained:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(shape.trees, max_depth=shape.depth, n_jobs=threads, random_state=1)
    model.fit(events, labels)
    return Trained(lambda x: model.predict_proba(x)[:, 1], model)


def random_forest(store: Store, shape: Shape, threads: int) -> Respond:
    model = _scikit_learn_model(store, shape, "random_forest.pickle", _random_forest)
    model.set_params(n_jobs=threads)
    return lambda x: np.asarray(model.predict_proba(x)[:, 1])


def diskern_of_random_forest(store: Store, shape: Shape, threads: int) -> Respond:
    return _imported(_scikit_learn_model(store, shape, "random_forest.pickle", _random_forest), threads)


def _imported(estimator: Any, threads: int) -> Respond:
    from diskern import from_sklearn

    model = from_sklearn(estimator)
    return lambda x: np.asarray(model.evaluate(x, threads=threads)[:, 0])
