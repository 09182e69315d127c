"""Air showers over a surface array: a network corrects what the parametric fit gets wrong.

Showers of ultra-high-energy cosmic rays are simulated over scintillators 1.2 km apart and fitted for core, direction,
S800, time and curvature (see diskern.datasets.air_showers). A network then learns the fit's errors in zenith angle and
in the logarithm of the energy: 1-D convolutions over the waveforms of each station, whose results stand beside the
station's position, state, signal and time against the fitted plane front; 2-D convolutions over the array; the fitted
numbers themselves. The events stream from an HDF5 file, as they would from one that is larger than memory.

For showers that the network never saw, EV = 1 - Var(error - estimate) / Var(error) is the share of the errors' variance
that it explains: 0 means nothing, 1 everything. Resolutions are standard deviations before and after the correction.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from diskern import GraphNetwork
from diskern.data import EventStream, Noise
from diskern.datasets import air_showers
from diskern.networks import (
    Concatenate,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Graph,
    Input,
    Reshape,
    Standardise,
)
from diskern.plotting import plot_learning_curve

SIDE, SAMPLES = 6, 128
COLUMNS = {"waveforms": "waveforms", "stations": "stations", "fit": "fit"}
UNITS = np.array([0.7, 0.07])  # of what the network estimates: degrees, log10 of the energy; about its spread
PIECE = 2000  # showers simulated and written at once


def write(path: Path, count: int, seed: int) -> None:
    """Simulate showers piece by piece into a file: what a network takes, and the errors of the fit."""
    with h5py.File(path, "w") as file:
        for first in range(0, count, PIECE):
            showers = air_showers(min(PIECE, count - first), seed + first, side=SIDE, samples=SAMPLES)
            fitted = showers.fitted
            phi = np.radians(fitted["phi"])
            numbers = [fitted[name] for name in ("theta", "log_s800", "curvature", "chi2", "hits")]
            columns = {
                # Signals of a station lie between a hundredth and hundreds of VEM per sample.
                "waveforms": np.log10(1.0 + np.maximum(showers.waveforms, 0.0) / 0.02).astype(np.float16),
                "stations": showers.stations,
                "fit": np.stack([*numbers, np.cos(phi), np.sin(phi)], axis=1).astype(np.float32),
                "errors": showers.fit_errors().astype(np.float32),
                "targets": (showers.fit_errors() / UNITS).astype(np.float32),
            }
            for name, values in columns.items():
                if first == 0:
                    shape = (count, *values.shape[1:])
                    file.create_dataset(name, shape, values.dtype, chunks=(min(count, 256), *values.shape[1:]))
                file[name][first : first + len(values)] = values


def network() -> Graph:
    """Waveforms by themselves, then the array; gives the two errors in UNITS."""
    waveforms = Input((SIDE, SIDE, SAMPLES, 2), name="waveforms")
    stations = Input((SIDE, SIDE, 7), name="stations")
    fit = Input((7,), name="fit")
    # A kernel of one row never looks from one waveform into the next: 1-D convolutions, the same for all stations.
    x = Reshape((SIDE * SIDE, SAMPLES, 2))(waveforms)
    x = Convolution2D(8, (1, 7), stride=(1, 4), padding="same", activation="relu")(x)
    x = Convolution2D(16, (1, 5), stride=(1, 4), padding="same", activation="relu")(x)
    x = Convolution2D(16, (1, SAMPLES // 16), activation="relu")(x)
    x = Reshape((SIDE, SIDE, 16))(x)
    x = Concatenate()(x, GaussianNoise(0.02)(Standardise()(stations)))
    x = Convolution2D(32, 3, padding="same", activation="relu")(x)
    x = Convolution2D(32, 3, padding="same", activation="relu")(x)
    x = Dropout(0.2)(Concatenate()(Flatten()(x), GaussianNoise(0.02)(Standardise()(fit))))
    x = Dropout(0.2)(Dense(64, activation="relu")(x))
    return Graph([waveforms, stations, fit], Dense(2)(x))


def explained(error: NDArray[np.float64], estimate: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the variance that is explained, for each column."""
    return np.asarray(1.0 - (error - estimate).var(axis=0) / error.var(axis=0))


def draw(path: Path, error: NDArray[np.float64], left: NDArray[np.float64], model: GraphNetwork) -> None:
    """Errors before and after, and the learning curve."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 4))
    labels = ("zenith angle, fit - truth [degrees]", "log10(E / eV), fit - truth")
    for i, (axis, label) in enumerate(zip(axes, labels, strict=False)):
        edges = np.linspace(-3.5, 3.5, 71) * error[:, i].std()
        axis.hist(error[:, i], edges, histtype="step", label=f"parametric fit: {error[:, i].std():.3g}")
        axis.hist(left[:, i], edges, histtype="step", label=f"corrected: {left[:, i].std():.3g}")
        axis.set_xlabel(label)
        axis.legend(fontsize="small")
    plot_learning_curve(model, axes=axes[2])
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("air-showers-output"))
    parser.add_argument("--showers", type=int, default=16000, help="to train on; a quarter as many to test on")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=1, help="networks that are trained, each from other weights")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)

    path, fresh = arguments.output / "training.h5", arguments.output / "test.h5"
    write(path, arguments.showers, seed=1)
    write(fresh, arguments.showers // 4, seed=1_000_000)
    stream = EventStream(
        path, COLUMNS, "targets", buffer=4096, block=256, augmentation=[Noise(0.01, input="waveforms")]
    )
    apart = len(stream) // 8
    test = EventStream(fresh, COLUMNS, "targets")
    error = test.column("errors").astype(np.float64)
    print(f"{len(stream)} showers to learn from, {len(test)} fresh ones; standard deviations of the errors:")
    print(f"parametric fit: zenith angle {error[:, 0].std():.3f} degrees, log10 E {error[:, 1].std():.4f}")
    for seed in range(1, arguments.seeds + 1):
        model = GraphNetwork(
            network(),
            optimizer="adadelta",
            learning_rate=1.0,
            l2=1e-4,
            batch_size=64,
            max_iter=arguments.epochs,
            random_state=seed,
        )
        model.fit(stream.part(apart, len(stream)), eval_set=stream.part(0, apart))
        estimate = model.predict(test) * UNITS
        left = error - estimate
        share = explained(error, estimate)
        print(
            f"seed {seed}: corrected: zenith angle {left[:, 0].std():.3f} degrees, log10 E {left[:, 1].std():.4f}; "
            f"EV {share[0]:.3f} {share[1]:.3f} (best epoch {model.best_iteration_})"
        )
    draw(arguments.output / "resolution.png", error, left, model)
    model.save(arguments.output / "showers.diskern")


if __name__ == "__main__":
    main()
