"""Shares of a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def shares(values: Any) -> NDArray[np.float64]:
    """The values, of shape (variables,), divided by their sum; as they are where that is not positive."""
    parts: NDArray[np.float64] = np.asarray(values, np.float64)
    total = parts.sum()
    return parts / total if total > 0 else parts
