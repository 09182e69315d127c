"""The one door for arrays: every estimator, method and reader judges its input here, before the core is called."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._core import InvalidArgument

NegativePolicy = Literal["keep", "ignore", "error"]

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def _shape(array: NDArray[Any]) -> str:
    return f"shape {array.shape}"


def contiguous(array: Any, dtype: Any) -> NDArray[Any]:
    """The array of this dtype in C order and aligned as the core reads it; a copy only where it is not so already."""
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def _as_array(values: Any, name: str) -> NDArray[Any]:
    """An array of real numbers (bool, integer or float of any width) without interpreting its shape."""
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise InvalidArgument(f"{name} is a sparse matrix; dense data is required, e.g. {name}.toarray()")
    if isinstance(values, np.ma.MaskedArray):
        values = values.filled(np.nan)
    if hasattr(values, "to_numpy") and not isinstance(values, np.ndarray):
        values = values.to_numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InvalidArgument(f"{name} must be a rectangular array of numbers: {error}") from None
    if np.iscomplexobj(array):
        raise InvalidArgument(f"{name}: Complex data not supported, got dtype {array.dtype}")
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except TypeError as error:
            # scikit-learn's wording; a TypeError because a value is of a kind that is no number at all
            raise TypeError(f"{name}: argument must be a string or a real number in every cell: {error}") from None
        except ValueError as error:
            raise InvalidArgument(f"{name} must hold numbers only: {error}") from None
    elif array.dtype.kind in "USSa":
        try:
            array = array.astype(np.float64)
        except ValueError as error:
            raise InvalidArgument(f"{name} must hold numbers only, got dtype {array.dtype}: {error}") from None
    elif array.dtype.kind not in "biuf":
        raise InvalidArgument(f"{name} must hold numbers, got dtype {array.dtype}")
    return array


def check_events(
    X: Any,
    name: str = "X",
    *,
    allow_missing: bool = False,
    allow_infinite: bool = False,
    n_features: int | None = None,
    minimum_events: int = 1,
    any_order: bool = False,
) -> NDArray[np.float32]:
    """Events as the core wants them.

    Parameters
    ----------
    X : array-like of shape (events, variables)
        Numbers of any real dtype; DataFrames are taken column by column.
    name : str
        Name of the argument in messages.
    allow_missing, allow_infinite : bool
        Whether NaN (missing) and infinities are values that the method can use.
    n_features : int, optional
        Expected number of variables.
    minimum_events : int
        Fewest events that make sense.
    any_order : bool
        Whether the core takes float32 events by any strides, so that column by column, reversed or repeated ones need
        no copy.

    Returns
    -------
    float32 array of shape (events, variables), C order unless ``any_order``; no copy is made if X is one already.

    Raises
    ------
    InvalidArgument
        Naming the argument, what came and what was expected.
    """
    array = _as_array(X, name)
    if array.ndim != 2:
        raise InvalidArgument(
            f"Expected 2D array for {name} (events, variables), got {array.ndim}D array instead, {_shape(array)}. "
            f"Reshape your data either using {name}.reshape(-1, 1) for one variable or {name}.reshape(1, -1) for one "
            "event."
        )
    if array.shape[1] == 0:
        raise InvalidArgument(
            f"{name}: found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required."
        )
    if array.shape[0] < minimum_events:
        raise InvalidArgument(
            f"{name}: found array with {array.shape[0]} sample(s) (shape={array.shape}) while a minimum of "
            f"{minimum_events} is required."
        )
    if n_features is not None and array.shape[1] != n_features:
        raise InvalidArgument(f"{name} has {array.shape[1]} variables, expected {n_features}")
    with np.errstate(over="ignore", invalid="ignore"):
        as_it_is = any_order and array.dtype == np.float32 and array.dtype.isnative and array.flags.aligned
        whole = as_it_is and all(stride % array.itemsize == 0 for stride in array.strides)
        events: NDArray[np.float32] = array if whole else contiguous(array, np.float32)
    if array.dtype.kind != "b":
        _check_finite(array, events, name, allow_missing, allow_infinite)
    return events


def _check_finite(
    array: NDArray[Any], events: NDArray[np.float32], name: str, allow_missing: bool, allow_infinite: bool
) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(events.sum(dtype=np.float64)):  # neither NaN nor infinity anywhere
            return
    bad = ~np.isfinite(events)
    missing = np.isnan(events)
    if not allow_missing and missing.any():
        row, column = np.argwhere(missing)[0]
        raise InvalidArgument(
            f"Input {name} contains NaN (missing), first at event {row}, variable {column}; {name} must be finite here."
        )
    infinite = bad & ~missing
    if array.dtype != np.float32:
        overflow = infinite & np.isfinite(np.asarray(array, dtype=np.float64))
        if overflow.any():
            row, column = np.argwhere(overflow)[0]
            raise InvalidArgument(
                f"Input {name} contains a value too large for dtype('float32') (infinity there), first at event {row}, "
                f"variable {column}: {array[row, column]!r}"
            )
    if not allow_infinite and infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise InvalidArgument(
            f"Input {name} contains infinity, first at event {row}, variable {column}; {name} must be finite here."
        )


def check_weights(
    sample_weight: Any,
    n: int,
    *,
    negative: NegativePolicy = "keep",
    name: str = "sample_weight",
) -> NDArray[np.float64]:
    """Event weights.

    Parameters
    ----------
    sample_weight : None, number or array-like of shape (events,)
        None means 1 for every event.
    n : int
        Number of events.
    negative : {'keep', 'ignore', 'error'}
        What becomes of negative weights: they stay, they are set to zero, or they are an error.

    Returns
    -------
    float64 array of shape (events,)

    Raises
    ------
    InvalidArgument
        Wrong shape, NaN or infinity, negative weights under 'error', no event with a weight other than zero.
    """
    if negative not in ("keep", "ignore", "error"):
        raise InvalidArgument(f"negative must be 'keep', 'ignore' or 'error', got {negative!r}")
    if sample_weight is None:
        return np.ones(n)
    given = _as_array(sample_weight, name)
    if given.ndim == 0:
        given = np.full(n, given)
    if given.ndim != 1:
        raise InvalidArgument(
            f"{name}: Sample weights must be 1D array or scalar, got {given.ndim}D array, {_shape(given)}"
        )
    if len(given) != n:
        raise InvalidArgument(f"{name} has {len(given)} entries, expected one per event: {n}")
    weight = np.array(given, dtype=np.float64)  # a copy: the caller's array is never written to
    if not np.isfinite(weight).all():
        where = int(np.flatnonzero(~np.isfinite(weight))[0])
        raise InvalidArgument(f"{name} contains NaN or infinity, first at event {where}: {weight[where]}")
    below = weight < 0.0
    if below.any():
        if negative == "error":
            where = int(np.flatnonzero(below)[0])
            raise InvalidArgument(
                f"Negative values in data passed to `{name}`: {int(below.sum())} of {n}, first at event {where}: "
                f"{weight[where]}; choose a policy for negative weights"
            )
        if negative == "ignore":
            weight[below] = 0.0
    if not weight.any():
        raise InvalidArgument(f"{name}: all weights are zero; at least one event must have a weight other than zero")
    return weight


def check_labels(
    y: Any, n: int, *, name: str = "y", minimum_classes: int = 2
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Class labels.

    Parameters
    ----------
    y : array-like of shape (events,)
        Numbers, strings or booleans.
    n : int
        Number of events.
    minimum_classes : int
        Fewest different labels that the method can use.

    Returns
    -------
    classes : the different labels, sorted
    class_index : int32 array of shape (events,), the place of each label in ``classes``

    Raises
    ------
    InvalidArgument
        Wrong shape, missing labels, too few classes.
    """
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise InvalidArgument(f"{name} must be one-dimensional (one label per event), got {_shape(labels)}")
    if len(labels) != n:
        raise InvalidArgument(f"{name} has {len(labels)} labels, expected one per event: {n}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise InvalidArgument(f"Input {name} contains NaN or infinity; every event needs a label.")
    if labels.dtype.kind == "c":
        raise InvalidArgument(f"{name}: Complex data not supported")
    try:
        classes, index = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise InvalidArgument(f"{name} mixes kinds of labels that cannot be ordered: {error}") from None
    if len(classes) < minimum_classes:
        raise InvalidArgument(
            f"{name} holds {len(classes)} class ({', '.join(map(str, classes.tolist()))}); at least {minimum_classes} "
            "classes are needed to tell them apart"
        )
    return classes, index.astype(np.int32)


def check_target(y: Any, n: int, *, name: str = "y", multiple: bool = False) -> NDArray[np.float64]:
    """Regression targets.

    Parameters
    ----------
    y : array-like of shape (events,), or (events, targets) if ``multiple``
    n : int
        Number of events.

    Returns
    -------
    float64 array of the same shape

    Raises
    ------
    InvalidArgument
        Wrong shape, NaN or infinity.
    """
    target = _as_array(y, name)
    if target.ndim != 1 and not (multiple and target.ndim == 2):
        raise InvalidArgument(f"{name} must be one-dimensional (one target per event), got {_shape(target)}")
    if len(target) != n:
        raise InvalidArgument(f"{name} has {len(target)} entries, expected one per event: {n}")
    target = contiguous(target, np.float64)
    if not np.isfinite(target).all():
        where = int(np.flatnonzero(~np.isfinite(target).reshape(n, -1).all(axis=1))[0])
        raise InvalidArgument(
            f"Input {name} contains NaN, infinity or a value too large for dtype('float64'), first at event {where}"
        )
    return target


def check_early_stopping(value: Any) -> bool | Literal["auto"]:
    """The parameter ``early_stopping`` of an estimator; NumPy's booleans become Python's, 0 and 1 are refused.

    Raises
    ------
    InvalidArgument
        Neither a boolean nor 'auto'.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, str) and value == "auto":
        return "auto"
    raise InvalidArgument(f"early_stopping must be 'auto', True or False, got {value!r}")
