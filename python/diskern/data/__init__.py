"""Events: where they come from (`open_table`), what methods see (`Sample`), what happened to them on the way."""

from __future__ import annotations

from .accounting import EventAccounting, format_accounting
from .sample import DataSet, DataSetInfo, Sample, VariableInfo
from .source import open_table, read_table
from .table import Table

__all__ = [
    "DataSet",
    "DataSetInfo",
    "EventAccounting",
    "Sample",
    "Table",
    "VariableInfo",
    "format_accounting",
    "open_table",
    "read_table",
]
