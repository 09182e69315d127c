"""Protected variables: the columns in which the response shall be flat, and which the trees do not see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._validation import _as_array, contiguous

InvalidArgument = _core.InvalidArgument

_MOST = 4


def check_protected(protected: Any, n: int, name: str = "protected") -> NDArray[np.float64]:
    """The protected variables as the core wants them.

    Parameters
    ----------
    protected : array-like of shape (events,) or (events, variables), mapping or data frame of columns
        One to four variables.
    n : int
        Number of events.

    Returns
    -------
    float64 array of shape (events, variables), C order

    Raises
    ------
    InvalidArgument
        None given, a wrong shape, NaN or infinity.
    """
    if protected is None:
        raise InvalidArgument(f"{name} is needed: the variables in which the response shall be flat")
    if isinstance(protected, Mapping):
        columns = [np.asarray(column) for column in protected.values()]
        if any(column.shape != (n,) for column in columns):
            raise InvalidArgument(
                f"{name} must have one value per event in every column, got the shapes "
                f"{', '.join(str(column.shape) for column in columns)} for {n} events"
            )
        protected = np.column_stack(columns) if columns else np.empty((n, 0))
    array = _as_array(protected, name)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or len(array) != n:
        raise InvalidArgument(f"{name} must have one row per event ({n}), got shape {array.shape}")
    if not 1 <= array.shape[1] <= _MOST:
        raise InvalidArgument(f"{name} must hold 1 to {_MOST} variables, got {array.shape[1]}")
    matrix: NDArray[np.float64] = contiguous(array, np.float64)
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InvalidArgument(f"{name} contains NaN or infinity, first at event {row}, variable {column}")
    return matrix


def uniform_classes(chosen: Any, classes: NDArray[Any]) -> list[int]:
    """Places in ``classes`` of the labels whose response shall be flat; None means the first, the background.

    Raises
    ------
    InvalidArgument
        No label, or one that is not there.
    """
    if chosen is None:
        return [0]
    if isinstance(chosen, str) or not hasattr(chosen, "__len__"):
        chosen = [chosen]
    if len(chosen) == 0:
        raise InvalidArgument("uniform_class is empty: in which class shall the response be flat?")
    known = classes.tolist()
    for label in chosen:
        if label not in known:
            raise InvalidArgument(f"uniform_class names {label!r}, y holds {', '.join(map(repr, known))}")
    return [known.index(label) for label in chosen]
