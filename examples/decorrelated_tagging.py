"""A tagger that does not sculpt the mass: distance correlation, and an adversary.

Signal is a peak in mass, background falls off; two of the variables that tell them apart depend on the mass. A plain
network therefore prefers background near the peak, which then looks like signal. Two remedies change its training: a
penalty on the distance correlation between response and mass of the background (DisCo), and an adversary that learns to
tell the mass from the response while the tagger learns, by reversed gradients, to leave it nothing. The trained models
take the variables only.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diskern import GraphNetwork
from diskern.evaluation import roc_curve
from diskern.networks import Activation, Dense, DistanceCorrelation, GradientReversal, Graph, Input, Multiply

BINS = 8  # of the mass, which the adversary guesses


def mass_bins(mass: NDArray[np.float32], signal: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The bin of each background event as a row with one 1; of signal nothing is known."""
    edges = np.quantile(mass[~signal], np.arange(1, BINS) / BINS)
    rows = np.eye(BINS, dtype=np.float32)[np.searchsorted(edges, mass[:, 0])]
    rows[signal] = 1.0 / BINS
    return rows


def sample(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Variables (events, 3), mass in units of 100 GeV (events, 1), which events are signal."""
    generator = np.random.default_rng(seed)
    signal = np.arange(count) % 2 == 0
    mass = np.where(signal, generator.normal(1.25, 0.1, count), 0.5 + generator.exponential(0.6, count))
    off = np.abs(mass - 1.25)
    first = np.where(signal, 0.8, -1.5 * np.minimum(off, 1.0)) + generator.normal(size=count)
    second = np.where(signal, 0.7, -0.3) - off + generator.normal(size=count)
    third = np.where(signal, 0.6, -0.6) + generator.normal(size=count)
    return np.column_stack([first, second, third]).astype(np.float32), mass[:, np.newaxis].astype(np.float32), signal


def taggers(strength: float) -> dict[str, tuple[Graph, list[str], list[float]]]:
    """Graph, losses and their factors of each way of training; the first output is the tagger."""
    made = {}
    for name in ("plain", "distance correlation", "adversary"):
        variables, mass, background = Input((3,)), Input((1,), name="mass"), Input((1,), name="background")
        hidden = Dense(32, activation="relu")(Dense(32, activation="relu")(variables))
        response = Dense(1)(hidden)
        probability = Activation("sigmoid")(response)
        if name == "plain":
            made[name] = Graph([variables], response), ["cross_entropy"], [1.0]
        elif name == "distance correlation":
            penalty = DistanceCorrelation()(probability, mass, background)
            made[name] = (
                Graph([variables, mass, background], [response, penalty]),
                ["cross_entropy", "value"],
                [1.0, strength],
            )
        else:
            # The adversary sees the response of background only: that of signal is multiplied by 0.
            seen = Multiply()(GradientReversal(strength)(probability), background)
            guess = Dense(BINS)(Dense(32, activation="tanh")(Dense(32, activation="tanh")(seen)))
            graph = Graph([variables, background], [response, guess])
            made[name] = graph, ["cross_entropy", "softmax_cross_entropy"], [1.0, 1.0]
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("decorrelation-output"))
    parser.add_argument("--events", type=int, default=40000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--strength", type=float, default=60.0)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    import matplotlib.pyplot as plt

    variables, mass, signal = sample(arguments.events, 1)
    background = (~signal)[:, np.newaxis].astype(np.float32)
    test, test_mass, test_signal = sample(arguments.events, 2)
    figure, axis = plt.subplots()
    edges = np.linspace(0.5, 3.0, 26)
    axis.hist(test_mass[~test_signal, 0], edges, density=True, histtype="step", color="black", label="all background")
    for name, (graph, losses, factors) in taggers(arguments.strength).items():
        model = GraphNetwork(
            graph,
            losses,
            loss_factors=factors,
            keep_outputs=[0],
            batch_size=1000,
            learning_rate=0.005,
            max_iter=arguments.epochs,
            early_stopping=False,
            tol=-1.0,
            random_state=1,
        )
        inputs = (variables, mass, background)[: len(graph.inputs)] if name != "adversary" else (variables, background)
        targets = [signal, mass_bins(mass, signal)] if name == "adversary" else signal
        model.fit(inputs, targets)
        response = model.predict(test)
        area = roc_curve(test_signal, response).integral
        tagged = response[~test_signal] > np.quantile(response[~test_signal], 0.9)
        near = np.abs(test_mass[~test_signal, 0] - 1.25) < 0.2
        print(
            f"{name}: ROC integral {area:.3f}; of the background {near.mean():.3f} lies at the peak, of the tenth that "
            f"is most like signal {near[tagged].mean():.3f}"
        )
        axis.hist(test_mass[~test_signal, 0][tagged], edges, density=True, histtype="step", label=f"tagged, {name}")
        model.save(arguments.output / f"{name.replace(' ', '_')}.diskern")
    axis.set_xlabel("mass / 100 GeV")
    axis.legend()
    figure.savefig(arguments.output / "mass.png", dpi=100)


if __name__ == "__main__":
    main()
