"""Images of electromagnetic showers in a calorimeter, for their generation by networks."""

from __future__ import annotations

import numpy as np

from .._core import InvalidArgument
from .event_set import EventSet, check_count, check_seed, generator

_BLOCK = 512  # showers generated together
_PURPOSE = 9
_SPOTS = 12.0  # deposits per GeV
_THRESHOLD = 0.02  # GeV, below which a cell is not read out
_CORE, _TAIL = 0.35, 1.6  # mean distances from the axis, in cells


def shower_images(n: int, seed: int = 1, *, size: int = 12) -> EventSet:
    """Energies in the cells of a calorimeter hit by photons of 10 to 100 GeV.

    A shower is a number of deposits, 12 per GeV on average, with exponential energies; 80 to 95 % of them (a number of
    each shower: some begin early, some late) lie in a core, the others in a tail, with exponential distances from the
    axis, which hits the four cells in the middle anywhere. Calibration and sampling leave a resolution of about 40 % /
    sqrt(E / GeV), of which the number of deposits makes the most; cells below 20 MeV are not read out.

    Parameters
    ----------
    n : number of images
    seed : of the generator (Philox)
    size : rows and columns, at least 6

    Returns
    -------
    EventSet
        events (n, size, size) in GeV; labels all 0; extra: ``energy`` of the photon in GeV.
    """
    n, seed, size = check_count(n), check_seed(seed), check_count(size, "size")
    if size < 6:
        raise InvalidArgument(f"size is {size}; expected at least 6")
    events = np.empty((n, size, size), np.float32)
    energies = np.empty(n)
    for block, first in enumerate(range(0, n, _BLOCK)):
        random = generator(seed, _PURPOSE, block)
        energy = np.exp(random.uniform(np.log(10.0), np.log(100.0), _BLOCK))
        count = random.poisson(_SPOTS * energy)
        shower = np.repeat(np.arange(_BLOCK), count)
        axis = random.uniform(-1.0, 1.0, (_BLOCK, 2))
        share = random.uniform(0.8, 0.95, _BLOCK)
        core = random.random(len(shower)) < share[shower]
        radius = np.where(core, _CORE, _TAIL) * random.exponential(1.0, len(shower))
        angle = random.uniform(0.0, 2.0 * np.pi, len(shower))
        cell = np.floor(
            size / 2 + axis[shower] + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        ).astype(np.int64)
        deposit = random.exponential(1.0 / _SPOTS, len(shower))
        inside = ((cell >= 0) & (cell < size)).all(axis=1)
        place = (shower * size + cell[:, 0]) * size + cell[:, 1]
        image = np.bincount(place[inside], weights=deposit[inside], minlength=_BLOCK * size * size)
        image[image < _THRESHOLD] = 0.0
        last = min(first + _BLOCK, n)
        events[first:last] = image.reshape(_BLOCK, size, size)[: last - first]
        energies[first:last] = energy[: last - first]
    labels = np.zeros(n, np.int32)
    return EventSet(events, labels, (), np.ones(n), "calorimeter showers", {"energy": energies})
