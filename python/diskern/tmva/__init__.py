"""TMVA's booking front end: ``from diskern import tmva as TMVA``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .types import Tools, Types, gConfig, gTools

if TYPE_CHECKING:
    from . import experimental as Experimental
    from .cross_validation import CrossValidation
    from .dataloader import DataLoader
    from .envelope import Envelope
    from .factory import Factory, MethodError
    from .gui import TMVAGui, TMVAMultiClassGui, TMVARegGui
    from .hyper_parameters import HyperParameterOptimisation
    from .reader import Reader
    from .variable_importance import VariableImportance, VIType

_WHERE = {
    "CrossValidation": ".cross_validation",
    "DataLoader": ".dataloader",
    "Envelope": ".envelope",
    "Factory": ".factory",
    "HyperParameterOptimisation": ".hyper_parameters",
    "MethodError": ".factory",
    "Reader": ".reader",
    "TMVAGui": ".gui",
    "TMVAMultiClassGui": ".gui",
    "TMVARegGui": ".gui",
    "VIType": ".variable_importance",
    "VariableImportance": ".variable_importance",
}

__all__ = [
    "CrossValidation",
    "DataLoader",
    "Envelope",
    "Experimental",
    "Factory",
    "HyperParameterOptimisation",
    "MethodError",
    "Reader",
    "TMVAGui",
    "TMVAMultiClassGui",
    "TMVARegGui",
    "Tools",
    "Types",
    "VIType",
    "VariableImportance",
    "gConfig",
    "gTools",
]


def __getattr__(name: str) -> Any:
    if name == "Experimental":
        return importlib.import_module(".experimental", __name__)
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
