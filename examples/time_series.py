"""Time series: recurrent networks beside boosted trees that see all numbers at once, as in TMVA's RNN tutorial.

A detector is read out ten times; each reading is a histogram of 30 bins, filled by 500 hits around a place that drifts
and jumps back when it has gone far enough, at a moment that nobody knows. In signal it drifts upwards, in background
downwards: single readings look alike, and so do all of them taken together; what counts is their order. A simple
recurrent network, an LSTM, a GRU, a dense network and boosted trees are trained on the same events.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diskern import GradientBoostedTreesClassifier, NetworkClassifier
from diskern.evaluation import roc_curve
from diskern.networks import GRU, LSTM, Dense, Flatten, Input, Recurrent, Standardise
from diskern.plotting import plot_roc

STEPS, BINS = 10, 30


def series(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Readings of shape (count, STEPS, BINS), as shares of the hits, and labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    # A sawtooth that begins anywhere; its period is four to seven readings.
    turns = random.random((count, 1)) + np.arange(STEPS) / random.uniform(4.0, 7.0, (count, 1))
    moved = (turns % 1.0 - 0.5) * np.where(labels == 1, 1.0, -1.0)[:, None]
    # Where the detector stands is not known to a hit's width, but the same for all readings of an event.
    place = 5.0 + random.normal(0.0, 0.5, (count, 1)) + 1.2 * moved + 0.15 * random.normal(size=(count, STEPS))
    width = 2.0 + 0.2 * random.normal(size=(count, 1))
    edges = np.linspace(0.0, 10.0, BINS + 1)
    # Hits per bin by the normal distribution between its edges.
    below = 1.0 / (1.0 + np.exp(-1.702 * (edges - place[..., None]) / width[..., None]))  # its integral, to 0.01
    hits = random.poisson(500.0 * np.diff(below, axis=-1))
    return (hits / 20.0).astype(np.float32), labels


def methods(epochs: int) -> dict[str, Any]:
    options: dict[str, Any] = {"learning_rate_init": 2e-3, "batch_size": 100, "max_iter": epochs, "random_state": 1}

    def recurrent(layer: Any) -> NetworkClassifier:
        layers = [Input((STEPS, BINS)), Standardise(), layer, Dense(32, activation="relu")]
        return NetworkClassifier(layers=layers, **options)

    return {
        "RNN": recurrent(Recurrent(24)),
        "LSTM": recurrent(LSTM(24)),
        "GRU": recurrent(GRU(24)),
        "dense network": NetworkClassifier(
            layers=[
                Input((STEPS, BINS)),
                Standardise(),
                Flatten(),
                Dense(64, activation="relu"),
                Dense(64, activation="relu"),
            ],
            **options,
        ),
        "boosted trees": GradientBoostedTreesClassifier(n_estimators=300, random_state=1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("series-output"))
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    readings, labels = series(arguments.events, seed=1)
    validation, validation_labels = series(arguments.events // 5, seed=2)
    test, test_labels = series(arguments.events // 2, seed=3)
    curves = {}
    for name, model in methods(arguments.epochs).items():
        trees = name == "boosted trees"
        shape = (-1, STEPS * BINS) if trees else (-1, STEPS, BINS)
        model.fit(readings.reshape(shape), labels, eval_set=(validation.reshape(shape), validation_labels))
        curves[name] = roc_curve(test_labels == 1, model.predict_proba(test.reshape(shape))[:, 1])
        print(f"{name}: ROC integral {curves[name].integral:.4f}", flush=True)
        if not trees:
            model.save(arguments.output / f"{name.replace(' ', '-')}.diskern")
    plot_roc(curves).figure.savefig(arguments.output / "roc.png", dpi=100)


if __name__ == "__main__":
    main()
