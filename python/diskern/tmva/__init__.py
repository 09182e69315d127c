"""TMVA's booking front end: ``from diskern import tmva as TMVA``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .types import Tools, Types, gConfig

if TYPE_CHECKING:
    from .dataloader import DataLoader
    from .factory import Factory, MethodError
    from .reader import Reader

_WHERE = {"DataLoader": ".dataloader", "Factory": ".factory", "MethodError": ".factory", "Reader": ".reader"}

__all__ = ["DataLoader", "Factory", "MethodError", "Reader", "Tools", "Types", "gConfig"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
