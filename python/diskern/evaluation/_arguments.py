"""Checks that all metrics share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


def check_vector(values: ArrayLike, name: str, size: int | None = None, *, allow_infinite: bool = True) -> Vector:
    """A float64 vector without NaN; a single column (n, 1) counts as a vector."""
    try:
        vector = np.require(values, np.float64, ["ALIGNED"])
    except (TypeError, ValueError):
        raise InvalidArgument(f"{name} must hold numbers, got {type(values).__name__}") from None
    if vector.ndim == 2 and vector.shape[1] == 1:
        vector = vector[:, 0]
    if vector.ndim != 1:
        raise InvalidArgument(f"{name} must be one-dimensional, got shape {vector.shape}")
    if size is not None and len(vector) != size:
        raise InvalidArgument(f"{name} has {len(vector)} entries, expected {size}: one per event")
    missing = np.isnan(vector)
    if missing.any():
        raise InvalidArgument(f"{name} holds {int(missing.sum())} NaN, the first at event {int(missing.argmax())}")
    if not allow_infinite and not np.isfinite(vector).all():
        raise InvalidArgument(f"{name} holds infinities, the first at event {int(np.isinf(vector).argmax())}")
    return vector


def check_weight(weight: ArrayLike | None, size: int, name: str = "weight") -> Vector:
    """Event weights (ones by default): finite, of any sign."""
    if weight is None:
        return np.ones(size)
    return check_vector(weight, name, size, allow_infinite=False)


def check_mask(is_signal: ArrayLike) -> Mask:
    """A boolean vector; 0 and 1 are taken as well."""
    mask = np.asarray(is_signal)
    if mask.ndim != 1:
        raise InvalidArgument(f"is_signal must be one-dimensional, got shape {mask.shape}")
    if mask.dtype != np.bool_:
        if not np.isin(mask, (0, 1)).all():
            raise InvalidArgument("is_signal must be boolean (or 0 and 1)")
        mask = mask.astype(np.bool_)
    return mask


def check_classification(
    is_signal: ArrayLike, response: ArrayLike, weight: ArrayLike | None
) -> tuple[Mask, Vector, Vector]:
    mask = check_mask(is_signal)
    return mask, check_vector(response, "response", len(mask)), check_weight(weight, len(mask))


def positive_sum(weight: NDArray[np.float64], what: str) -> float:
    """The sum of weights, which must be positive for efficiencies to mean anything.

    Raises
    ------
    InvalidArgument
        no events, all weights zero, or a sum that negative weights bring to zero or below
    """
    if len(weight) == 0:
        raise InvalidArgument(f"there are no {what} events")
    total = float(weight.sum())
    scale = float(np.abs(weight).sum())
    if scale == 0:
        raise InvalidArgument(f"all {len(weight)} weights of the {what} events are zero")
    if total <= 1e-12 * scale:
        raise InvalidArgument(f"the weights of the {what} events sum to {total:g}; expected a positive sum")
    return total


def json_ready(value: Any) -> Any:
    """NumPy scalars and arrays to plain Python; NaN and infinities to None (JSON has no such numbers)."""
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(item) for item in value]
    if isinstance(value, np.ndarray):
        return json_ready(value.tolist())
    if isinstance(value, np.generic):
        return json_ready(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
