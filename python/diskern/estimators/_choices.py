"""Tables of what parameters may be, and how they reach the parameters of the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import _core
from ._base import InvalidArgument

# Policies for negative weights of the trees that do not pair, clip or turn them over.
NEGATIVE_WEIGHTS = {
    "keep": _core.NegativeWeights.keep,
    "ignore": _core.NegativeWeights.ignore,
    "error": _core.NegativeWeights.error,
}
# What a cut improves in the classification of trees on quantile bins.
CRITERIA = {
    "gini": _core.Criterion.gini,
    "entropy": _core.Criterion.entropy,
    "misclassification": _core.Criterion.misclassification,
}


def negative_policy(value: Any) -> _core.NegativeWeights:
    """The parameter ``negative_weights``: 'keep', 'ignore' or 'error'.

    Raises
    ------
    InvalidArgument
        Anything else.
    """
    if value not in NEGATIVE_WEIGHTS:
        raise InvalidArgument(f"negative_weights must be 'keep', 'ignore' or 'error', got {value!r}")
    return NEGATIVE_WEIGHTS[value]


def set_values(params: Any, values: Mapping[str, Any], called: Mapping[str, str] | None = None) -> None:
    """Set attributes of a parameter struct of the core.

    Parameters
    ----------
    params : parameter struct
    values : mapping of attribute to value
    called : mapping of attribute to the name that the user knows it by, where that is another, optional

    Raises
    ------
    InvalidArgument
        A value of a wrong type.
    """
    for name, value in values.items():
        try:
            setattr(params, name, value)
        except TypeError:
            kind = type(getattr(params, name)).__name__
            known = (called or {}).get(name, name)
            raise InvalidArgument(f"{known} must be of type {kind}, got {value!r}") from None
