"""Training on the sample of TMVA's timing runs: TMVA mode and the default engines, beside TMVA's stored seconds.

    python benchmarks/python/trees_tmva_shapes.py --scaling DATA/tmva_trained/scaling.json [--threads 2] [--large]

TMVA is NOT run here. Its seconds are the CPU times that ``scaling.json`` holds (TMVA 4.2.1 on ROOT 6.40, one thread,
another machine and another day, as the README beside that file says): the ratios show the order of magnitude, no more.
TMVA's times include reading and splitting the events; ours are of training on arrays. The sample has the same
distribution (formula in that README), not the same events. Areas under the ROC curve are of fresh events. Those of
AdaBoost vary from 0.81 to 0.87 from sample to sample (docs/notes/trees-tmva-mode-speed.md): use --seed.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

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


def cases(threads: int) -> dict[str, list[tuple[str, Any]]]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scaling", type=Path, required=True, help="scaling.json of the TMVA timing runs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--large", action="store_true", help="also the run of a million events")
    parser.add_argument("--seed", type=int, default=1, help="of the training sample")
    parser.add_argument("--output", type=Path, help="JSON of every number")
    arguments = parser.parse_args()
    stored = json.loads(arguments.scaling.read_text(encoding="utf-8"))
    fresh_x, fresh_y = sample(200_000, 2)
    print(f"{platform.machine()}, {arguments.threads} threads, median of {arguments.rounds} rounds")
    print("TMVA's seconds: CPU time of another run on another machine, from scaling.json; see the head of this file\n")
    print(f"{'run':12s} {'engine':26s} {'seconds':>8s} {'TMVA/ours':>10s} {'AUC':>8s} {'TMVA AUC':>9s}")
    rows = []
    for run, events in [("100k_BDTG", 100_000), ("100k_BDTA", 100_000)] + [("1M_BDTG", 1_000_000)] * arguments.large:
        x, y = sample(events, arguments.seed)
        for name, fit in cases(arguments.threads)[run.split("_")[1]]:
            times = []
            for _ in range(arguments.rounds):
                start = time.perf_counter()
                predict = fit(x, y)
                times.append(time.perf_counter() - start)
            row = {
                "run": run,
                "engine": name,
                "seconds": float(np.median(times)),
                "tmva_cpu_seconds": stored[run]["train_cpu_s"],
                "auc": float(roc_curve(fresh_y == 1, predict(fresh_x)).integral),
                "tmva_auc": stored[run]["auc_fresh"],
            }
            rows.append(row)
            print(
                f"{run:12s} {name:26s} {row['seconds']:8.3f} {row['tmva_cpu_seconds'] / row['seconds']:10.1f} "
                f"{row['auc']:8.4f} {row['tmva_auc']:9.4f}",
                flush=True,
            )
    if arguments.output:
        arguments.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
