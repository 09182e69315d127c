"""Search for the options of a method: ranges, searches, figures of merit, the objective."""

from __future__ import annotations

from .figures import FIGURES
from .ranges import Range, default_ranges
from .search import SEARCHES
from .tuner import Trial, TuningResult, tune

__all__ = ["FIGURES", "SEARCHES", "Range", "Trial", "TuningResult", "default_ranges", "tune"]
