"""Events: where they come from (`open_table`), what methods see (`Sample`), what happened to them on the way."""

from __future__ import annotations

from .accounting import EventAccounting, format_accounting
from .augmentation import Augmentation, Flip, Noise, RightAngles, Shift
from .sample import DataSet, DataSetInfo, Sample, VariableInfo
from .source import open_table, read_table
from .stream import EventStream
from .table import Table

__all__ = [
    "Augmentation",
    "DataSet",
    "DataSetInfo",
    "EventAccounting",
    "EventStream",
    "Flip",
    "Noise",
    "RightAngles",
    "Sample",
    "Shift",
    "Table",
    "VariableInfo",
    "format_accounting",
    "open_table",
    "read_table",
]
