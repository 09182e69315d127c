"""Events that are set apart for validation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument


def split_off(strata: NDArray[Any], fraction: float, seed: int) -> NDArray[np.bool_]:
    """The events set apart for validation: ``fraction`` (the parameter ``validation_fraction``) of each stratum.

    Parameters
    ----------
    strata : array of shape (events,)
        The class of each event; one value where there are no classes.
    fraction : float
        Of each stratum, between 0 and 1.
    seed : int
        Of the choice (NumPy's default generator).

    Returns
    -------
    bool array of shape (events,)

    Raises
    ------
    InvalidArgument
        A fraction that is not between 0 and 1, or that leaves nothing to train on or to validate with.
    """
    if not 0.0 < fraction < 1.0:
        raise InvalidArgument(f"validation_fraction must lie between 0 and 1, got {fraction!r}")
    apart = np.zeros(len(strata), np.bool_)
    generator = np.random.default_rng(seed)
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        count = round(fraction * len(members))
        if not 0 < count < len(members):
            raise InvalidArgument(
                f"early_stopping needs a validation sample, but {fraction:g} of the {len(members)} events (of one "
                "class) leaves nothing to train on or to validate with; give eval_set instead"
            )
        apart[generator.permutation(members)[:count]] = True
    return apart
