"""Objects in memory as tables: arrays, dictionaries, data frames, awkward arrays, Arrow tables, PyROOT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .table import Column, Columns, MemoryTable, Table, jagged, missing_extra


def array_table(array: NDArray[Any], names: Sequence[str] | None, description: str = "array") -> Table:
    """A structured array, or a two-dimensional one with a name for each column."""
    if array.dtype.names:
        return MemoryTable({name: array[name] for name in array.dtype.names}, description)
    if array.ndim != 2:
        raise InvalidArgument(
            f"{description} has shape {array.shape}; expected (events, variables) or a structured array"
        )
    if names is None:
        raise InvalidArgument(f"{description} has no names: give the names of its {array.shape[1]} columns (names=...)")
    if len(names) != array.shape[1]:
        raise InvalidArgument(f"{description} has {array.shape[1]} columns, {len(names)} names were given")
    if len(set(names)) != len(names):
        raise InvalidArgument("names: a name is given twice")
    return MemoryTable({name: array[:, i] for i, name in enumerate(names)}, description)


def pandas_table(frame: Any) -> Table:
    """A pandas DataFrame; nullable and categorical columns are read too."""
    columns: dict[str, Any] = {}
    for label in frame.columns:
        name = str(label)
        if name in columns:
            raise InvalidArgument(f"the DataFrame has two columns named {name!r}")
        columns[name] = _pandas_column(name, frame[label])
    return MemoryTable(columns, "DataFrame")


def _pandas_column(name: str, series: Any) -> Column:
    if isinstance(series.dtype, np.dtype):
        return np.asarray(series)
    missing = np.asarray(series.isna())
    kind = getattr(series.dtype, "kind", "O")
    if kind in "iub" and missing.any():
        raise InvalidArgument(
            f"column {name!r} has {int(missing.sum())} missing values among {series.dtype} ones; "
            "fill them, or make it a column of floats (missing is NaN there)"
        )
    dtype = getattr(series.dtype, "numpy_dtype", None)
    if kind == "f":
        return np.asarray(series.to_numpy(dtype=dtype, na_value=np.nan))
    if kind in "iub":
        return np.asarray(series.to_numpy(dtype=dtype))
    values = series.astype(object).to_numpy(copy=True)
    values[missing] = None
    return np.asarray(values)


def awkward_table(array: Any) -> Table:
    """An awkward record array with flat columns; fixed-size ones become ``name[0]``, ``name[1]``, ..."""
    import awkward

    if not array.fields:
        raise InvalidArgument("the awkward array has no fields; expected a record array with one field per column")
    return _AwkwardTable(array, awkward)


class _AwkwardTable(Table):
    """Conversion waits until a column is read, so that a jagged column that nobody asks for does no harm."""

    description = "awkward array"

    def __init__(self, array: Any, awkward: Any) -> None:
        self._array, self._awkward = array, awkward
        self._fields: dict[str, tuple[str, int | None]] = {}
        for name in array.fields:
            kind = str(awkward.type(array[name])).split(" * ")
            if len(kind) == 3 and kind[1].isdigit():
                self._fields.update({f"{name}[{i}]": (name, i) for i in range(int(kind[1]))})
            else:
                self._fields[name] = (name, None)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._fields)

    @property
    def length(self) -> int:
        return len(self._array)

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        for start in range(0, max(self.length, 1), chunk):
            part: Columns = {}
            for name in columns:
                field, index = self._fields[name]
                values = self._flat(field, self._array[field][start : start + chunk])
                part[name] = values if index is None else values[:, index]
            yield part

    def _flat(self, name: str, values: Any) -> Column:
        kind = str(self._awkward.type(values))
        if " var * " in f" {kind} " or kind.count(" * ") > 2:
            raise jagged(name)
        try:
            flat = self._awkward.to_numpy(values, allow_missing=True)
        except (ValueError, TypeError) as error:
            raise InvalidArgument(f"column {name!r} is not a flat column of numbers (awkward type {kind})") from error
        if isinstance(flat, np.ma.MaskedArray):
            if flat.mask.any() and flat.dtype.kind in "iub":
                raise InvalidArgument(
                    f"column {name!r} has {int(flat.mask.sum())} missing values among {flat.dtype} ones; "
                    "fill them, or make it a column of floats (missing is NaN there)"
                )
            return flat.filled(np.nan) if flat.dtype.kind == "f" else flat.data
        return np.asarray(flat)


def arrow_table(source: Any) -> Table:
    """Anything that speaks the Arrow C stream interface: pyarrow, polars, duckdb."""
    try:
        import pyarrow
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet", f"reading a {type(source).__name__}") from error
    return _ArrowTable(source if isinstance(source, pyarrow.Table) else pyarrow.table(source))


class _ArrowTable(Table):
    description = "Arrow table"

    def __init__(self, table: Any) -> None:
        self._table = table

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._table.column_names)

    @property
    def length(self) -> int:
        return int(self._table.num_rows)

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        from .files import arrow_column

        for start in range(0, max(self.length, 1), chunk):
            part = self._table.slice(start, chunk)
            yield {name: arrow_column(name, part.column(name)) for name in columns}


class RDataFrameTable(Table):
    """A ROOT RDataFrame (PyROOT), read by its ``AsNumpy`` in one event loop for the columns asked for."""

    description = "RDataFrame"

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._columns = tuple(str(name) for name in frame.GetColumnNames())

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        arrays = self._frame.AsNumpy(columns=list(columns))
        yield from MemoryTable({name: np.asarray(arrays[name]) for name in columns}, self.description)._iterate(
            columns, chunk
        )


def pyroot_tree_table(tree: Any) -> Table:
    """A ROOT TTree or TChain of PyROOT, through RDataFrame."""
    try:
        import ROOT
    except ImportError as error:
        raise missing_extra("ROOT", "", "reading a PyROOT TTree") from error
    table = RDataFrameTable(ROOT.RDataFrame(tree))
    table.description = f"TTree {tree.GetName()}"
    return table
