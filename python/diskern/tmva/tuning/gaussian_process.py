"""A small Gaussian process for Bayesian optimisation in a few dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Length scales that are tried, of the unit cube, and the part of the variance that is noise.
_LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)
_NOISES = (1e-4, 1e-2, 1e-1)


def _matern(first: Floats, second: Floats, length: float) -> Floats:
    """Matern kernel of order 5/2 (Rasmussen and Williams, Gaussian Processes for Machine Learning, eq. 4.17)."""
    distance = np.sqrt(((first[:, None, :] - second[None, :, :]) ** 2).sum(axis=2)) * (math.sqrt(5.0) / length)
    kernel: Floats = (1.0 + distance + distance**2 / 3.0) * np.exp(-distance)
    return kernel


class GaussianProcess:
    """Posterior of a function on the unit cube given some noisy values.

    One length scale for all dimensions and the noise are those of largest marginal likelihood on a small grid (eq. 2.30
    there, with the variance of the kernel integrated to its best value).

    Parameters
    ----------
    positions : float64 array (points, dimensions), within [0, 1]
    values : float64 array (points,), finite
    """

    def __init__(self, positions: Floats, values: Floats) -> None:
        self.positions = positions
        self.mean = float(values.mean())
        spread = float(values.std())
        self.scale = spread if spread > 0 else 1.0
        target = (values - self.mean) / self.scale
        n = len(values)
        best = (-math.inf, _LENGTHS[0], _NOISES[0])
        for length in _LENGTHS:
            kernel = _matern(positions, positions, length)
            for noise in _NOISES:
                factor = np.linalg.cholesky(kernel + noise * np.eye(n))
                inner = np.linalg.solve(factor, target)
                variance = max(float(inner @ inner) / n, 1e-12)
                likelihood = -0.5 * n * math.log(variance) - float(np.log(np.diag(factor)).sum())
                if likelihood > best[0]:
                    best = (likelihood, length, noise)
        _, self.length, noise = best
        self._factor = np.linalg.cholesky(_matern(positions, positions, self.length) + noise * np.eye(n))
        inner = np.linalg.solve(self._factor, target)
        self._variance = max(float(inner @ inner) / n, 1e-12)
        self._weights = np.linalg.solve(self._factor.T, inner)

    def predict(self, positions: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the function (without the noise) at some positions."""
        cross = _matern(positions, self.positions, self.length)
        mean = self.mean + self.scale * (cross @ self._weights)
        inner = np.linalg.solve(self._factor, cross.T)
        variance = self._variance * np.maximum(1.0 - (inner**2).sum(axis=0), 1e-12)
        return mean, self.scale * np.sqrt(variance)

    def expected_improvement(self, positions: Floats, best: float) -> Floats:
        """Expected improvement over ``best`` (Jones, Schonlau, Welch, J. Global Optim. 13, 455 (1998), eq. 15)."""
        mean, deviation = self.predict(positions)
        z = (mean - best) / deviation
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        below = np.array([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in z])
        improvement: Floats = (mean - best) * below + deviation * density
        return improvement
