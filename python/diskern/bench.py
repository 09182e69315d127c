"""The cases of `diskern bench`: Diskern beside whichever peers are installed, one table, one JSON."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._rounds import (
    Case,
    Contestant,
    Events,
    auc,
    hardware,
    higgs_like_events,
    limit_openmp,
    run_case,
    summarise,
    table_lines,
)

# --- boosted trees -------------------------------------------------------------------------------------------------


def _diskern_trees(trees: int, leaves: int, threads: int) -> Any:
    from . import GradientBoostedTreesClassifier

    return GradientBoostedTreesClassifier(
        n_estimators=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        max_depth=None,
        min_samples_leaf=20,
        early_stopping=False,
        n_jobs=threads,
        random_state=1,
    )


def _sklearn_trees(trees: int, leaves: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.1,
        max_leaf_nodes=leaves,
        min_samples_leaf=20,
        early_stopping=False,
        random_state=1,
    )


def _xgboost_trees(trees: int, leaves: int, threads: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=trees,
        learning_rate=0.1,
        max_leaves=leaves,
        max_depth=0,
        grow_policy="lossguide",
        tree_method="hist",
        max_bin=255,
        n_jobs=threads,
        random_state=1,
    )


def _lightgbm_trees(trees: int, leaves: int, threads: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        n_estimators=trees, learning_rate=0.1, num_leaves=leaves, n_jobs=threads, random_state=1, verbose=-1
    )


def _make_trees(name: str, trees: int, leaves: int, threads: int) -> Any:
    if name == "diskern":
        return _diskern_trees(trees, leaves, threads)
    if name == "scikit-learn":
        return _sklearn_trees(trees, leaves)
    if name == "xgboost":
        return _xgboost_trees(trees, leaves, threads)
    return _lightgbm_trees(trees, leaves, threads)


_TREE_PEERS = (
    ("diskern", "", "GradientBoostedTreesClassifier"),
    ("scikit-learn", "scikit-learn", "HistGradientBoostingClassifier"),
    ("xgboost", "xgboost", "hist, lossguide, 255 bins"),
    ("lightgbm", "lightgbm", "defaults, same leaves"),
)


def _tree_training(trees: int, leaves: int) -> tuple[Contestant, ...]:
    def contestant(name: str, package: str, text: str) -> Contestant:
        def prepare(events: Events, threads: int) -> Callable[[], Any]:
            def work() -> Any:
                model = _make_trees(name, trees, leaves, threads)
                if name == "scikit-learn":
                    return limit_openmp(threads, lambda: model.fit(events.training, events.training_labels))
                return model.fit(events.training, events.training_labels)

            return work

        return Contestant(name, package, f"{text}; {trees} trees, {leaves} leaves, learning rate 0.1", prepare)

    return tuple(contestant(*peer) for peer in _TREE_PEERS)


def _tree_evaluation(trees: int, leaves: int) -> tuple[Contestant, ...]:
    def contestant(name: str, package: str, text: str) -> Contestant:
        def prepare(events: Events, threads: int) -> Callable[[], Any]:
            model = _make_trees(name, trees, leaves, threads)
            model.fit(events.training, events.training_labels)
            if name == "xgboost":  # its fastest way to evaluate an array: no DMatrix in between
                booster = model.get_booster()
                return lambda: booster.inplace_predict(events.test)
            if name == "scikit-learn":
                return lambda: limit_openmp(threads, lambda: model.predict_proba(events.test)[:, 1])
            return lambda: model.predict_proba(events.test)[:, 1]

        return Contestant(name, package, f"{text}; {trees} trees, {leaves} leaves", prepare)

    return tuple(contestant(*peer) for peer in _TREE_PEERS)


# --- networks ------------------------------------------------------------------------------------------------------


def _standardise(events: Events) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mean, spread = events.training.mean(axis=0), events.training.std(axis=0)
    return (events.training - mean) / spread, (events.test - mean) / spread


def _network_training(hidden: tuple[int, ...], batch: int, epochs: int) -> tuple[Contestant, ...]:
    def diskern(events: Events, threads: int) -> Callable[[], Any]:
        from . import NetworkClassifier

        training, _ = _standardise(events)
        return lambda: NetworkClassifier(
            hidden_layer_sizes=hidden,
            activation="relu",
            solver="adam",
            batch_size=batch,
            max_iter=epochs,
            learning_rate_init=1e-3,
            early_stopping=False,
            n_iter_no_change=epochs,
            n_jobs=threads,
            random_state=1,
        ).fit(training, events.training_labels)

    def sklearn(events: Events, threads: int) -> Callable[[], Any]:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        training, _ = _standardise(events)

        def work() -> Any:
            model = MLPClassifier(
                hidden_layer_sizes=hidden,
                batch_size=batch,
                max_iter=epochs,
                learning_rate_init=1e-3,
                n_iter_no_change=epochs,
                random_state=1,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is fixed on purpose
                return limit_openmp(threads, lambda: model.fit(training, events.training_labels))

        return work

    def torch(events: Events, threads: int) -> Callable[[], Any]:
        import torch as pytorch

        training, test = _standardise(events)
        x = pytorch.from_numpy(training)
        y = pytorch.from_numpy(events.training_labels.astype(np.float32))[:, None]

        def work() -> Any:
            pytorch.set_num_threads(threads)
            pytorch.manual_seed(1)
            widths = (x.shape[1], *hidden)
            layers: list[Any] = []
            for i, o in itertools.pairwise(widths):
                layers += [pytorch.nn.Linear(i, o), pytorch.nn.ReLU()]
            model = pytorch.nn.Sequential(*layers, pytorch.nn.Linear(widths[-1], 1))
            optimizer = pytorch.optim.Adam(model.parameters(), lr=1e-3)
            loss = pytorch.nn.BCEWithLogitsLoss()
            for _ in range(epochs):
                order = pytorch.randperm(len(x))
                for begin in range(0, len(x), batch):
                    rows = order[begin : begin + batch]
                    optimizer.zero_grad(set_to_none=True)
                    loss(model(x[rows]), y[rows]).backward()
                    optimizer.step()
            return _TorchModel(model, pytorch, test)

        return work

    text = f"{'-'.join(map(str, hidden))} relu, Adam 1e-3, batch {batch}, {epochs} epochs"
    return (
        Contestant("diskern", "", f"NetworkClassifier; {text}", diskern),
        Contestant("scikit-learn", "scikit-learn", f"MLPClassifier; {text}", sklearn),
        Contestant("torch", "torch", f"eager; {text}", torch),
    )


class _TorchModel:
    def __init__(self, model: Any, torch: Any, test: NDArray[np.float32]) -> None:
        self._model, self._torch, self._test = model, torch, test

    def predict_proba(self, _: Any) -> NDArray[np.float64]:
        with self._torch.no_grad():
            response = self._model(self._torch.from_numpy(self._test)).numpy().astype(np.float64)
        return np.hstack([-response, response])


# --- cases ---------------------------------------------------------------------------------------------------------


def _model_auc(events: Events, model: Any) -> float:
    return auc(events.test_labels, np.asarray(model.predict_proba(events.test)[:, 1], np.float64))


def _response_auc(events: Events, response: Any) -> float:
    return auc(events.test_labels, np.asarray(response, np.float64))


def _network_auc(events: Events, model: Any) -> float:
    return auc(events.test_labels, np.asarray(model.predict_proba(_standardise(events)[1])[:, 1], np.float64))


def cases() -> tuple[Case, ...]:
    """All cases, in the order of the table."""
    return (
        Case(
            "bdt-training-10k",
            "Boosted trees, training, small sample",
            "10000 events x 28, 100 trees of 31 leaves",
            higgs_like_events(10_000, 20_000),
            _tree_training(100, 31),
            10_000 * 100,
            "event x tree",
            _model_auc,
        ),
        Case(
            "bdt-training",
            "Boosted trees, training",
            "100000 events x 28, 100 trees of 31 leaves",
            higgs_like_events(100_000, 50_000),
            _tree_training(100, 31),
            100_000 * 100,
            "event x tree",
            _model_auc,
        ),
        Case(
            "bdt-evaluation",
            "Boosted trees, evaluation of a batch",
            "200000 events x 28, 300 trees of 31 leaves",
            higgs_like_events(20_000, 200_000),
            _tree_evaluation(300, 31),
            200_000,
            "event",
            _response_auc,
        ),
        Case(
            "mlp-training",
            "Dense network, training",
            "50000 events x 28, layers 64-64, batch 1000, 5 epochs",
            higgs_like_events(50_000, 50_000),
            _network_training((64, 64), 1000, 5),
            50_000 * 5,
            "event",
            _network_auc,
        ),
        Case(
            "mlp-training-small-batch",
            "Dense network, training, small batches",
            "20000 events x 28, layers 64-64, batch 100, 5 epochs",
            higgs_like_events(20_000, 50_000),
            _network_training((64, 64), 100, 5),
            20_000 * 5,
            "event",
            _network_auc,
        ),
    )


# --- running -------------------------------------------------------------------------------------------------------

_PACKAGES = ("numpy", "scikit-learn", "xgboost", "lightgbm", "torch")


#: processes that ran or waited during the last minute, above which times are not worth much
_LOADED = 0.5


def machine_load() -> float | None:
    """Processes that ran or waited during the last minute, on average; None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows
        return None


def load_warning(load: float | None) -> str | None:
    """What is to be said about a machine that has other work to do."""
    if load is None or load <= _LOADED:
        return None
    return (
        f"the machine is loaded: {load:.1f} processes ran or waited during the last minute. Times are longer and "
        "ratios wider than on an idle one."
    )


def _lines(records: list[dict[str, Any]], found: dict[str, Any]) -> Iterator[str]:
    peers = ", ".join(f"{name} {version}" for name, version in found["peers"].items())
    yield f"{found['processor']}, {found['threads']} threads; diskern {found['diskern']}; {peers}"
    warning = load_warning(found.get("load before"))
    if warning is not None:
        yield ""
        yield f"**Before it began {warning}**"
    for record in records:
        yield ""
        yield from table_lines(record)


def main(arguments: argparse.Namespace) -> int:
    """Run the cases of parsed arguments (see ``diskern bench --help``)."""
    from . import _core
    from .report.write import write_text

    known = cases()
    if arguments.list:
        for case in known:
            print(f"{case.name:<26} {case.title}: {case.work}")
        return 0
    chosen = [case for case in known if not arguments.case or case.name in arguments.case]
    unknown = [name for name in arguments.case if name not in {case.name for case in known}]
    if unknown:
        names = ", ".join(case.name for case in known)
        raise _core.InvalidArgument(f"--case: unknown {', '.join(unknown)}; known: {names}")
    if arguments.rounds < 1:
        raise _core.InvalidArgument(f"--rounds must be at least 1, got {arguments.rounds}")
    threads = arguments.threads or _core.available_threads()
    found = hardware(threads, _PACKAGES)
    load = machine_load()
    found["load before"] = None if load is None else round(load, 2)
    warning = load_warning(load)
    if warning is not None:
        print(f"diskern bench: {warning}", file=sys.stderr, flush=True)
    records = []
    for case in chosen:
        outcomes = run_case(case, rounds=arguments.rounds, threads=threads, report=lambda text: print(text, flush=True))
        records.append(summarise(case, outcomes))
    text = "\n".join(_lines(records, found))
    print("\n" + text)
    if arguments.output is not None:
        folder = Path(arguments.output)
        os.makedirs(folder, exist_ok=True)
        content = json.dumps({"hardware": found, "cases": records}, indent=1)
        write_text(folder / "benchmark.json", content + "\n")
        write_text(folder / "benchmark.md", text + "\n")
        print(f"\nWritten to {folder / 'benchmark.json'} and {folder / 'benchmark.md'}")
    return 0
