"""Keys of events: the numbers that say which fold of a k-fold model an event belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._core import InvalidArgument

# Every integer up to this has a float64 of its own.
_LARGEST_INTEGER = 2**53

# With stratification the folds are made of so many buckets each.
BUCKETS_PER_FOLD = 64


def key_names(key: Any) -> tuple[str, ...]:
    """Names of the columns of a key: those of a mapping, data frame or structured array; else made up."""
    names = _named(key)
    if names is not None:
        return tuple(names)
    if hasattr(key, "name") and isinstance(key.name, str):  # a pandas Series
        return (key.name,)
    array = np.asarray(key)
    if array.ndim == 2:
        return tuple(f"key{j}" for j in range(array.shape[1]))
    return ("key",)


def key_matrix(key: Any, n: int, names: Sequence[str], name: str = "key", part: str = "fold") -> NDArray[np.float64]:
    """The key as the core wants it.

    Parameters
    ----------
    key : array-like of shape (events,) or (events, columns), mapping or data frame of columns
        Finite numbers; integers up to 2^53 in absolute value. Columns of a mapping or data frame are found by name,
        others are ignored.
    n : int
        Number of events.
    names : sequence of str
        The columns that are needed, in their order.
    part : str
        What the key chooses: a fold or a category.

    Returns
    -------
    float64 array of shape (events, columns), C order

    Raises
    ------
    InvalidArgument
        No key, a column is missing, NaN, infinity, an integer that float64 cannot hold, a wrong shape.
    """
    if key is None:
        raise InvalidArgument(
            f"{name} is needed: {', '.join(names)} of every event, which tells the {part} that it belongs to"
        )
    given = _named(key)
    if given is not None:
        missing = [column for column in names if column not in given]
        if missing:
            raise InvalidArgument(f"{name} lacks the columns {', '.join(missing)}; given were {', '.join(given)}")
        columns = [np.asarray(key[given[column]]) for column in names]
    else:
        array = np.asarray(key)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.shape[1] != len(names):
            raise InvalidArgument(
                f"{name} must have one row per event and the columns {', '.join(names)}, got shape "
                f"{np.asarray(key).shape}"
            )
        columns = [array[:, j] for j in range(len(names))]
    matrix = np.empty((n, len(names)))
    for j, (column, values) in enumerate(zip(names, columns, strict=True)):
        if values.shape != (n,):
            raise InvalidArgument(f"{name}: column {column} has shape {values.shape}, expected one per event: {n}")
        if values.dtype.kind not in "biuf":
            raise InvalidArgument(f"{name}: column {column} must hold numbers, got dtype {values.dtype}")
        if values.dtype.kind in "iu":
            large = (values > _LARGEST_INTEGER) | (values < -_LARGEST_INTEGER)
            if large.any():
                where = int(np.flatnonzero(large)[0])
                raise InvalidArgument(
                    f"{name}: column {column} holds {values[where]} at event {where}; integers beyond 2^53 have no "
                    "float64 of their own: divide it into two columns"
                )
        matrix[:, j] = values
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, column_index = np.argwhere(bad)[0]
        raise InvalidArgument(
            f"{name}: column {names[column_index]} contains NaN or infinity, first at event {row}; an event without a "
            f"key has no {part}"
        )
    return matrix


def deal(buckets: NDArray[np.int32], strata: NDArray[np.int32], n_buckets: int, n_folds: int) -> list[int]:
    """Deal buckets out to folds so that each fold gets about the same share of each stratum.

    The largest bucket goes first, each to the fold where it brings the shares closest to equal; ties go to the lower
    number. The result does not depend on the order of events.
    """
    n_strata = int(strata.max()) + 1
    counts = np.zeros((n_buckets, n_strata))
    np.add.at(counts, (buckets, strata), 1.0)
    shares = counts / np.maximum(counts.sum(axis=0), 1.0)
    order = np.lexsort((np.arange(n_buckets), -shares.sum(axis=1)))
    filled = np.zeros((n_folds, n_strata))
    table = np.zeros(n_buckets, np.int64)
    for place, bucket in enumerate(order):
        # The first n_folds go to one fold each, so that none stays without a bucket.
        after = filled + shares[bucket]
        change = (after * after - filled * filled).sum(axis=1)
        chosen = place if place < n_folds else int(change.argmin())
        table[bucket] = chosen
        filled[chosen] += shares[bucket]
    return [int(f) for f in table]


def _named(key: Any) -> dict[str, Any] | None:
    """Names of the columns as text, with what the columns are called in the key itself: 0, ("run", 1), ..."""
    columns: Any = None
    if isinstance(key, Mapping):
        columns = list(key)
    elif isinstance(key, np.ndarray):
        columns = key.dtype.names
    elif hasattr(key, "__getitem__"):
        columns = getattr(key, "columns", None)
    if columns is None:
        return None
    named: dict[str, Any] = {}
    for column in columns:
        if str(column) in named:
            raise InvalidArgument(f"key has two columns named {str(column)!r}")
        named[str(column)] = column
    return named
