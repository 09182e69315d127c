"""Points of the estimators that take float32 and float64: scikit-learn's checks, with messages that say where."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core

try:
    from sklearn.utils.validation import validate_data
except ImportError as error:  # pragma: no cover
    raise ImportError(
        f"diskern's estimators need scikit-learn >= 1.6 ({error}); install it with: pip install 'diskern[sklearn]'"
    ) from error

InvalidArgument = _core.InvalidArgument


def _first_bad(X: Any) -> str | None:
    """Where X holds the first number that is not finite; None where that cannot be told."""
    try:
        array = np.asarray(X, np.float64)
    except (TypeError, ValueError):
        return None
    if array.ndim != 2 or np.isfinite(array).all():
        return None
    # NaN before infinity, as the other estimators.
    missing = np.isnan(array)
    row, column = np.argwhere(missing if missing.any() else ~np.isfinite(array))[0]
    names = getattr(X, "columns", None)
    variable = f"{column}" if names is None else f"{column} ({names[column]})"
    what = "NaN (missing)" if missing.any() else "infinity"
    return f"Input X contains {what}, first at event {row}, variable {variable}; X must be finite here."


def validate_points(estimator: Any, X: Any, *arguments: Any, **options: Any) -> Any:
    """scikit-learn's ``validate_data``; NaN and infinity are an InvalidArgument that names event and variable."""
    try:
        return validate_data(estimator, X, *arguments, **options)
    except ValueError as error:
        where = _first_bad(X) if str(error).startswith("Input X contains") else None
        if where is None:
            raise
        raise InvalidArgument(where) from None
