"""Training on the sample of TMVA's timing runs: TMVA mode and the default engines, beside TMVA's stored seconds.

    python benchmarks/python/trees_tmva_shapes.py --all --scaling DATA/tmva_trained/scaling.json

TMVA is NOT run here. Its seconds are the CPU times that ``scaling.json`` holds (TMVA 4.2.1 on ROOT 6.40, one thread,
another machine and another day, as the README beside that file says): the ratios show the order of magnitude, no more.
TMVA's times include reading and splitting the events; ours are of training on arrays. The sample has the same
distribution (formula in that README), not the same events. Areas under the ROC curve are of fresh events. Those of
AdaBoost vary from 0.81 to 0.87 from sample to sample (docs/notes/trees-tmva-mode-speed.md): use --seed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from _program import parser, run
from diskern import AdaBoostTreesClassifier, GradientBoostedTreesClassifier, _core
from diskern.evaluation import roc_curve


def sample(events: int, seed: int) -> tuple[Any, Any]:
    """28 standard Gaussians and a label, as TMVA's timing runs had."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((events, 28))
    z = x[:, 0] * x[:, 1] + 0.7 * np.sin(2 * x[:, 2]) + 0.5 * x[:, 3] ** 2 - 0.5 + 0.6 * x[:, 4]
    z += 0.4 * x[:, 5] * np.abs(x[:, 6]) + 0.3 * x[:, 7:12].sum(axis=1)
    return x.astype(np.float32), (z + generator.standard_normal(events) > 0).astype(np.int32)


def tmva_mode(kind: str, x: Any, y: Any, threads: int) -> Any:
    """TMVA's options of the run, TMVA's trees."""
    params = _core.TmvaForestParams(_core.TmvaAnalysis.Classification)
    params.NTrees, params.MaxDepth, params.nCuts, params.MinNodeSize = 100, 3, 20, 2.5
    if kind == "BDTG":
        params.BoostType, params.Shrinkage = _core.TmvaBoostType.Grad, 0.1
    else:
        params.BoostType, params.AdaBoostBeta = _core.TmvaBoostType.AdaBoost, 0.5
    result = _core.fit_tmva_forest(
        params,
        _core.TmvaAnalysis.Classification,
        x,
        y,
        None,
        np.ones(len(x)),
        n_classes=2,
        signal_class=1,
        threads=threads,
    )
    return lambda events: result.predictor.evaluate(events, threads=threads)[:, 0]


def estimator(model: Any, x: Any, y: Any) -> Any:
    model.fit(x, y)
    return lambda events: model.predict_proba(events)[:, 1]


def engines(threads: int) -> dict[str, list[tuple[str, Any]]]:
    shape = {"n_estimators": 100, "max_depth": 3, "n_jobs": threads}

    def gradient(x: Any, y: Any) -> Any:
        leaf = max(1.0, 0.025 * len(x))
        model = GradientBoostedTreesClassifier(
            learning_rate=0.1, max_leaf_nodes=None, grow_policy="depth_wise", min_samples_leaf=leaf, **shape
        )
        return estimator(model, x, y)

    def ada(x: Any, y: Any) -> Any:
        model = AdaBoostTreesClassifier(
            engine="histogram", learning_rate=0.5, min_weight_fraction_leaf=0.025, max_bins=255, **shape
        )
        return estimator(model, x, y)

    return {
        "BDTG": [
            ("TMVA mode, Grad", lambda x, y: tmva_mode("BDTG", x, y, threads)),
            ("GradientBoostedTrees", gradient),
        ],
        "BDTA": [
            ("TMVA mode, AdaBoost", lambda x, y: tmva_mode("BDTA", x, y, threads)),
            ("AdaBoost on histograms", ada),
        ],
    }


RUNS = {"100k_BDTG": 100_000, "100k_BDTA": 100_000, "1M_BDTG": 1_000_000}


def measure(name: str, stored: dict[str, Any], threads: int, seed: int, rounds: int, quick: bool) -> dict[str, Any]:
    """One of TMVA's runs; `rounds` trainings of each engine in turn."""
    events = 2_000 if quick else RUNS[name]
    fresh_x, fresh_y = sample(2_000 if quick else 200_000, 2)
    x, y = sample(events, seed)
    seconds: dict[str, list[float]] = {}
    areas = {}
    for _ in range(rounds):
        for engine, fit in engines(threads)[name.split("_")[1]]:
            begin = time.perf_counter()
            predict = fit(x, y)
            seconds.setdefault(engine, []).append(time.perf_counter() - begin)
            areas[engine] = float(roc_curve(fresh_y == 1, predict(fresh_x)).integral)
    rows = []
    for engine, measured in seconds.items():
        row = {"name": engine, "threads": threads, "auc": areas[engine]}
        row["seconds"] = {"median": float(np.median(measured)), "minimum": min(measured), "maximum": max(measured)}
        row["speed-up over TMVA"] = stored[name]["train_cpu_s"] / row["seconds"]["median"]
        rows.append(row)
    return {
        "case": name,
        "title": f"TMVA's run {name}",
        "work": f"{events} events x 28, 100 trees of depth 3, seed {seed}",
        "tmva": {"seconds": stored[name]["train_cpu_s"], "auc": stored[name]["auc_fresh"]},
        "rows": rows,
    }


def lines(record: dict[str, Any]) -> Any:
    tmva = record["tmva"]
    yield f"### {record['title']}: {record['work']}"
    yield ""
    yield f"TMVA (stored, one thread, another machine): {tmva['seconds']:.1f} s, AUC {tmva['auc']:.4f}."
    yield ""
    yield "| | threads | seconds (median, min .. max) | TMVA's time / ours | AUC |"
    yield "|---|---|---|---|---|"
    for row in record["rows"]:
        time_of = row["seconds"]
        yield (
            f"| {row['name']} | {row['threads']} | {time_of['median']:.3g} ({time_of['minimum']:.3g} .. "
            f"{time_of['maximum']:.3g}) | {row['speed-up over TMVA']:.1f} | {row['auc']:.4f} |"
        )


def main() -> int:
    made = parser(__doc__ or "", list(RUNS))
    made.add_argument("--scaling", type=Path, help="scaling.json of the TMVA timing runs")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--seed", type=int, default=1, help="of the training sample")
    arguments = made.parse_args()
    if arguments.scaling is None and not arguments.list:
        made.error("--scaling is needed: TMVA's own times are in that file")
    stored = {} if arguments.list else json.loads(arguments.scaling.read_text(encoding="utf-8"))
    rounds = 1 if arguments.quick else arguments.rounds or 3
    known: dict[str, Callable[[], dict[str, Any]]] = {
        name: (lambda name=name: measure(name, stored, arguments.threads, arguments.seed, rounds, arguments.quick))
        for name in RUNS
    }
    return run(
        "trees_tmva_shapes", arguments, known, ("numpy", "scikit-learn"), "Trees of TMVA's timing runs", None, lines
    )


if __name__ == "__main__":
    sys.exit(main())
