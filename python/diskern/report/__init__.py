"""The report of a comparison: one self-contained HTML page, and JSON of every number."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .from_file import read_results
    from .write import write_report

_WHERE = {"read_results": ".from_file", "write_report": ".write"}

__all__ = ["read_results", "write_report"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
