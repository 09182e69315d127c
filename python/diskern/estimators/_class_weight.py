"""The parameter ``class_weight`` of classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument


def class_factors(
    class_weight: Any, classes: NDArray[Any], class_index: NDArray[np.int32], weight: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """``class_weight`` as one factor per class.

    Parameters
    ----------
    class_weight : dict of label to positive factor, 'balanced' or None
        Classes that the dictionary does not name have the factor 1. 'balanced': sum of all weights / (classes * sum of
        weights of the class).
    classes : array of shape (classes,)
        The labels.
    class_index, weight : arrays of shape (events,)

    Returns
    -------
    float64 array of shape (classes,); None if every factor is 1 because ``class_weight`` is None

    Raises
    ------
    InvalidArgument
        Anything else; a label that y does not hold; a factor that is no positive finite number; 'balanced' and a class
        whose sum of weights is not positive.
    """
    if class_weight is None:
        return None
    n_classes = len(classes)
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(class_index, weights=weight, minlength=n_classes)
        if not (sums > 0).all():
            raise InvalidArgument(
                f"class_weight='balanced' needs a positive sum of weights of every class, got {sums.tolist()}"
            )
        balanced: NDArray[np.float64] = sums.sum() / (n_classes * sums)
        return balanced
    if not isinstance(class_weight, Mapping):
        raise InvalidArgument(f"class_weight must be a dict, 'balanced' or None, got {class_weight!r}")
    known = {label: place for place, label in enumerate(classes.tolist())}
    factors = np.ones(n_classes)
    for label, factor in class_weight.items():
        if label not in known:
            raise InvalidArgument(f"class_weight names the class {label!r}, y holds {', '.join(map(repr, known))}")
        number = isinstance(factor, int | float | np.integer | np.floating) and not isinstance(factor, bool)
        if not number or not np.isfinite(factor) or factor <= 0:
            raise InvalidArgument(f"class_weight of class {label!r} must be a positive number, got {factor!r}")
        factors[known[label]] = factor
    return factors
