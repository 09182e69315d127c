"""The parametric method: core, direction, S800, time and curvature from times and signals of stations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import formulas

#: parameters of the fit in their order: core (m), horizontal direction cosines, log S800, time at the core (ns), a
COUNT = 7
STEPS = np.array([0.5, 0.5, 1e-5, 1e-5, 1e-4, 0.1, 1e-3])  # of the differences that give derivatives
CURVATURE = 0.8  # of a usual front, where fits begin
TRIALS = 30
LARGEST_SINE = np.sin(np.radians(70.0))


def _predicted(p: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> Any:
    """Distances, arrival times and signals that parameters (events, 7) let stations (events, stations) expect."""
    core_x, core_y, u, v, log_s800, start, curvature = (p[:, i, None] for i in range(COUNT))
    dx, dy = x - core_x, y - core_y
    r = formulas.axis_distance(dx, dy, u, v)
    secant = 1.0 / np.sqrt(np.maximum(1.0 - u * u - v * v, 0.05))
    eta = formulas.slope(secant)
    ratio = formulas._shape(r, eta) / formulas._shape(800.0, eta)
    time = start + formulas.plane_delay(dx, dy, u, v) + curvature * formulas.front_delay(r, ratio)
    return r, time, np.exp(log_s800) * ratio


def _residuals(p: Any, x: Any, y: Any, time: Any, signal: Any, timed: Any, measured: Any, error: Any) -> Any:
    """Of times over their errors, and of signals as Anscombe's square roots, whose spread hardly depends on S."""
    _, expected_time, expected_signal = _predicted(p, x, y)
    times = np.where(timed, (time - expected_time) / error, 0.0)
    signals = np.where(measured, 2.0 * (np.sqrt(signal + 0.3) - np.sqrt(expected_signal + 0.1)) / 0.85, 0.0)
    return np.concatenate([times, signals], axis=1)


def _time_error(p: Any, x: Any, y: Any, signal: Any) -> Any:
    r, _, _ = _predicted(p, x, y)
    sampling = 0.35 * formulas.front_thickness(r) / np.maximum(signal, 0.5) ** 0.5
    return np.sqrt(formulas.SAMPLE**2 / 3.0 + sampling**2)


def _start(x: Any, y: Any, time: Any, signal: Any, hit: Any) -> NDArray[np.float64]:
    """Centre of signals, and the plane through the times."""
    weight = np.where(hit, np.sqrt(signal), 0.0)
    total = weight.sum(axis=1)
    core_x, core_y = (weight * x).sum(axis=1) / total, (weight * y).sum(axis=1) / total
    dx, dy = (x - core_x[:, None]) / formulas.SPACING, (y - core_y[:, None]) / formulas.SPACING
    columns = np.stack([np.ones_like(dx), dx, dy], axis=-1)
    normal = np.einsum("nsi,ns,nsj->nij", columns, weight, columns) + 1e-6 * np.eye(3)
    right = np.einsum("nsi,ns,ns->ni", columns, weight, np.where(hit, time, 0.0))
    plane = np.linalg.solve(normal, right[..., None])[..., 0]
    sines = -plane[:, 1:] * formulas.SPEED_OF_LIGHT / formulas.SPACING
    sines *= np.minimum(1.0, 0.9 / np.maximum(np.hypot(sines[:, :1], sines[:, 1:]), 1e-9))
    p = np.zeros((len(x), COUNT))
    p[:, 0], p[:, 1], p[:, 2:4], p[:, 5], p[:, 6] = core_x, core_y, sines, plane[:, 0] - 150.0, CURVATURE
    _, _, ratio = _predicted(p, x, y)
    p[:, 4] = np.log(np.maximum((weight * signal).sum(axis=1) / np.maximum((weight * ratio).sum(axis=1), 1e-9), 1e-3))
    return p


def _improve(p: NDArray[np.float64], chi2: NDArray[np.float64], *observed: NDArray[Any]) -> None:
    """Levenberg and Marquardt's steps until chi2 no longer falls; p and chi2 are changed in place."""
    left = np.arange(len(p))  # events whose fit goes on
    residual = _residuals(p, *observed)
    chi2[:] = (residual**2).sum(axis=1)
    damping = np.full(len(p), 1e-2)
    for _ in range(TRIALS):
        if len(left) == 0:
            break
        here, arguments = p[left], [one[left] for one in observed]
        before = residual[left]
        jacobian = np.empty((*before.shape, COUNT))
        for i in range(COUNT):
            moved = here.copy()
            moved[:, i] += STEPS[i]
            jacobian[..., i] = (_residuals(moved, *arguments) - before) / STEPS[i]
        transposed = jacobian.transpose(0, 2, 1)
        normal = transposed @ jacobian
        slope = transposed @ before[..., None]
        scale = np.einsum("nii->ni", normal) + 1e-9
        damped = normal + (damping[left, None] * scale)[:, None, :] * np.eye(COUNT)
        trial = here - np.linalg.solve(damped, slope)[..., 0]
        sine = np.hypot(trial[:, 2], trial[:, 3])
        trial[:, 2:4] *= np.minimum(1.0, LARGEST_SINE / np.maximum(sine, 1e-9))[:, None]
        trial[:, 4] = np.clip(trial[:, 4], -5.0, 12.0)
        tried = _residuals(trial, *arguments)
        tried_chi2 = (tried**2).sum(axis=1)
        gain = chi2[left] - tried_chi2
        better = gain > 0.0
        taken = left[better]
        p[taken], residual[taken], chi2[taken] = trial[better], tried[better], tried_chi2[better]
        damping[left] *= np.where(better, 0.2, 8.0)
        left = left[np.where(better, gain > 1e-3, damping[left] < 1e4)]


def parametric_fit(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    time: NDArray[np.float64],
    signal: NDArray[np.float64],
    on: NDArray[np.bool_],
    saturated: NDArray[np.bool_],
) -> dict[str, NDArray[np.float64]]:
    """Fit many showers at once by Levenberg and Marquardt's method.

    Parameters
    ----------
    x, y : arrays of shape (events, stations)
        Positions in m.
    time, signal : arrays of shape (events, stations)
        Arrival time in ns (ignored where the signal is 0) and signal in VEM.
    on : bool array
        Stations that were running; those without a signal bound the lateral distribution.
    saturated : bool array
        Stations whose time counts, but not their signal.

    Returns
    -------
    dict of float64 arrays of shape (events,)
        core_x, core_y, theta, phi, log_s800 (log10), start (ns), curvature, log_energy (log10 of eV), chi2, degrees
        (degrees of freedom).
    """
    hit = on & (signal > 0.0)
    measured = on & ~saturated
    p = _start(x, y, time, signal, hit)
    chi2 = np.zeros(len(p))
    # Errors of times follow the parameters slowly, so that a fit cannot run away to where everything is uncertain.
    for _ in range(2):
        error = _time_error(p, x, y, signal)
        _improve(p, chi2, x, y, time, signal, hit, measured, error)
    theta = np.degrees(np.arcsin(np.minimum(np.hypot(p[:, 2], p[:, 3]), 1.0)))
    log_s800 = p[:, 4] / np.log(10.0)
    return {
        "core_x": p[:, 0],
        "core_y": p[:, 1],
        "theta": theta,
        "phi": np.degrees(np.arctan2(p[:, 3], p[:, 2])),
        "log_s800": log_s800,
        "start": p[:, 5],
        "curvature": p[:, 6],
        "log_energy": formulas.log_energy(log_s800, theta),
        "chi2": chi2,
        "degrees": (hit.sum(axis=1) + measured.sum(axis=1) - COUNT).astype(np.float64),
    }
