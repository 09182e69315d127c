"""The methods as scikit-learn estimators: missing values, negative weights, early stopping, saving for C++."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import diskern
from diskern import GradientBoostedTreesClassifier, datasets
from diskern.evaluation import roc_curve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("estimators-output"))
    parser.add_argument("--events", type=int, default=20000)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    sample = datasets.higgs_like(arguments.events, seed=3)
    X, y = sample.events.copy(), sample.labels
    random = np.random.Generator(np.random.Philox(4))
    X[random.uniform(size=X.shape) < 0.02] = np.nan  # what a detector did not measure
    weight = np.where(random.uniform(size=len(y)) < 0.1, -1.0, 1.0)  # as a next-to-leading-order generator gives them
    half = len(y) // 2

    model = GradientBoostedTreesClassifier(
        n_estimators=500, early_stopping=True, negative_weights="keep", random_state=1
    )
    model.fit(X[:half], y[:half], sample_weight=weight[:half])
    response = model.predict_proba(X[half:])[:, 1]
    curve = roc_curve(y[half:] == 1, response, weight[half:])
    print(f"best iteration after early stopping: {model.best_iteration_}")
    print(f"weighted ROC integral: {curve.integral:.4f} +- {curve.integral_error:.4f}")

    path = arguments.output / "higgs.diskern"
    model.save(path)
    again = diskern.load(path)  # from C++: diskern::load("higgs.diskern")
    print(f"saved and loaded: {again!r}")


if __name__ == "__main__":
    main()
