"""Spectators in which a response shall be flat."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ..._near_misses import near_misses
from .base import TrainingSample


def protected_columns(title: str, chosen: str, sample: TrainingSample) -> NDArray[np.float64]:
    """The columns of the protected variables.

    Parameters
    ----------
    title : str
        Of the method, for messages.
    chosen : str
        Labels of spectators with commas between: the option ``ProtectedVariables``.
    sample : TrainingSample

    Returns
    -------
    float64 array of shape (events, protected variables), C order

    Raises
    ------
    InvalidArgument
        None chosen, no spectator of that label, no numbers, NaN or infinity.
    """
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    known = ", ".join(sample.spectators) or "none"
    if not names:
        raise InvalidArgument(
            f"{title!r}: ProtectedVariables must name the spectators in which the response shall be flat "
            f"(spectators: {known})"
        )
    columns: list[NDArray[Any]] = []
    for name in names:
        if name not in sample.spectators:
            raise InvalidArgument(
                f"{title!r}: ProtectedVariables names {name!r}{near_misses(name, sample.spectators)}, "
                f"which is no spectator (spectators: {known})"
            )
        column = np.asarray(sample.spectators[name])
        if column.dtype.kind not in "biuf":
            raise InvalidArgument(f"{title!r}: the spectator {name!r} must hold numbers, got {column.dtype}")
        values = column.astype(np.float64)
        if not np.isfinite(values).all():
            raise InvalidArgument(f"{title!r}: the protected variable {name!r} contains NaN or infinity")
        columns.append(values)
    return np.ascontiguousarray(np.column_stack(columns))
