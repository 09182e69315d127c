"""Decays to three particles: a Dalitz plane that a selection must not shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .event_set import BLOCK, EventSet, blocks, check_count, check_fraction, check_seed

# Masses in GeV: a D+ meson that decays to a kaon (a) and two pions (b, c).
PARENT = 1.8697
MASS_A, MASS_B, MASS_C = 0.4937, 0.1396, 0.1396


def dalitz_plane(n: int, seed: int = 1, *, signal_fraction: float = 0.5) -> EventSet:
    """Three-body decays with discriminating variables that depend on where in the Dalitz plane an event lies.

    Signal fills the Dalitz plane of D+ -> K pi pi evenly, as phase space does; background crowds at low masses. The
    variable y1 separates the classes in the middle of the plane only, y2 everywhere a little, and y3 tells how far from
    the middle an event is; hence a cut on a plain classifier depletes the edges. The problem of Rogozhnikov et al.,
    arXiv:1410.4140, in a generator of our own.

    Parameters
    ----------
    n : number of events
    seed : of the generator (Philox)
    signal_fraction : probability of an event to be signal

    Returns
    -------
    EventSet
        events (n, 3): y1, y2, y3 without unit; labels 1 = signal; extra: ``m2ab`` and ``m2ac``, the squared masses of
        the pairs in GeV^2, float64.
    """
    n, seed = check_count(n), check_seed(seed)
    fraction = check_fraction(signal_fraction, "signal_fraction")
    events = np.empty((n, 3), np.float32)
    labels = np.empty(n, np.int32)
    m2ab, m2ac = np.empty(n), np.empty(n)
    for part, random in blocks(n, seed, 7):
        size = part.stop - part.start
        signal = random.random(BLOCK) < fraction
        ab, ac = _points(random, signal)
        low, high = (MASS_A + MASS_B) ** 2, (PARENT - MASS_C) ** 2
        middle = (low + high) / 2
        # 0 in the middle of the plane, 1 at the end of its longest line.
        edge = np.hypot(ab - middle * 0.9, ac - middle * 0.9) / (high - low) * 1.6
        separation = np.where(signal, 1.8 * (1.0 - edge), 0.0)
        noise = random.standard_normal((BLOCK, 3))
        made = np.column_stack(
            [
                separation + noise[:, 0],
                np.where(signal, 0.7, 0.0) + 0.4 * (ab - ac) + noise[:, 1],
                2.0 * edge + 0.3 * noise[:, 2],
            ]
        )
        events[part], labels[part] = made[:size], signal[:size]
        m2ab[part], m2ac[part] = ab[:size], ac[:size]
    return EventSet(events, labels, ("y1", "y2", "y3"), np.ones(n), "Dalitz plane", {"m2ab": m2ab, "m2ac": m2ac})


def _points(random: np.random.Generator, signal: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points in the plane: even for signal, falling with the sum of both masses for background; by rejection."""
    n = len(signal)
    ab, ac = np.empty(n), np.empty(n)
    open_ = np.arange(n)
    while len(open_):
        x = random.uniform((MASS_A + MASS_B) ** 2, (PARENT - MASS_C) ** 2, len(open_))
        y = random.uniform((MASS_A + MASS_C) ** 2, (PARENT - MASS_B) ** 2, len(open_))
        lowest, highest = limits(x)
        keep = (y >= lowest) & (y <= highest)
        kept_background = random.random(len(open_)) < np.exp(-0.8 * (x + y - 2.0 * (MASS_A + MASS_B) ** 2))
        keep &= signal[open_] | kept_background
        ab[open_[keep]], ac[open_[keep]] = x[keep], y[keep]
        open_ = open_[~keep]
    return ab, ac


def limits(m2ab: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest squared mass of a and c at a squared mass of a and b, in GeV^2 (PDG, section Kinematics)."""
    mass = np.sqrt(m2ab)
    energy_a = (m2ab + MASS_A**2 - MASS_B**2) / (2 * mass)
    energy_c = (PARENT**2 - m2ab - MASS_C**2) / (2 * mass)
    momentum_a = np.sqrt(np.maximum(energy_a**2 - MASS_A**2, 0.0))
    momentum_c = np.sqrt(np.maximum(energy_c**2 - MASS_C**2, 0.0))
    total = (energy_a + energy_c) ** 2
    return total - (momentum_a + momentum_c) ** 2, total - (momentum_a - momentum_c) ** 2
