"""Correlated Gaussians, as in TMVA's example."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .event_set import EventSet, check_count, check_fraction, check_seed, fill_blocks

_SIGNAL_MEANS = np.array([0.2, 0.3, 0.5, 0.9])
_BACKGROUND_MEANS = np.array([-0.2, -0.3, -0.5, -0.6])
# The correlations of TMVA's generator (12, 13, 14, 23, 24, 34: 0.4, 0.6, 0.9, 0.7, 0.8, 0.93) with unit widths are not
# positive definite. Its square root of the matrix takes the absolute value under the last root, which leaves these
# covariances and makes the last variance 1.195; ROOT's tmva_class_example.root (signal) has just that.
_COVARIANCE = np.array(
    [
        [1.0, 0.4, 0.6, 0.9],
        [0.4, 1.0, 0.7, 0.8],
        [0.6, 0.7, 1.0, 0.93],
        [0.9, 0.8, 0.93, 1.0],
    ]
)
_COVARIANCE[3, 3] = 2 * (_COVARIANCE[3, :3] @ np.linalg.solve(_COVARIANCE[:3, :3], _COVARIANCE[:3, 3])) - 1.0


def gaussians(n: int, seed: int = 100, *, signal_fraction: float = 0.5) -> EventSet:
    """Two classes of four correlated Gaussians, var1 to var4, as in TMVA's tutorial sample.

    Means of signal (0.2, 0.3, 0.5, 0.9), of background (-0.2, -0.3, -0.5, -0.6); covariances 0.4, 0.6, 0.9, 0.7, 0.8,
    0.93 (12, 13, 14, 23, 24, 34), variances 1, 1, 1 and 1.195. Signal and background have the same covariance C, so the
    best classifier is linear: the area under its ROC curve is Phi(d / sqrt(2)) with d^2 = dm C^-1 dm, dm the difference
    of the means (0.9614).

    Parameters
    ----------
    n : number of events
    seed : of the generator (Philox)
    signal_fraction : probability of an event to be signal

    Returns
    -------
    EventSet
        events (n, 4); labels 1 = signal.
    """
    n, seed = check_count(n), check_seed(seed)
    fraction = check_fraction(signal_fraction, "signal_fraction")
    root = np.linalg.cholesky(_COVARIANCE)

    def make(random: np.random.Generator, size: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        signal = random.random(size) < fraction
        means = np.where(signal[:, None], _SIGNAL_MEANS, _BACKGROUND_MEANS)
        return random.standard_normal((size, 4)) @ root.T + means, signal

    events, labels = fill_blocks(n, seed, 1, (4,), make)
    return EventSet(events, labels, ("var1", "var2", "var3", "var4"), np.ones(n), "correlated Gaussians")
