"""HDF5, Parquet, CSV and NumPy files as tables."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from .._core import Error, FormatError, InvalidArgument
from .._near_misses import near_misses
from .table import Column, Columns, MemoryTable, Table, missing_extra, reading


def open_npz(path: str, names: Sequence[str] | None = None) -> Table:
    """An ``.npz`` archive (one column per array) or an ``.npy`` file (structured, or two-dimensional with `names`)."""
    try:
        with open(path, "rb") as stream:  # np.load leaves a damaged archive open
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                from .memory import array_table

                return array_table(loaded, names, str(path))
            with loaded:
                return MemoryTable({name: loaded[name] for name in loaded.files}, str(path))
    except (FileNotFoundError, PermissionError, Error, MemoryError):
        raise
    except Exception as error:  # a damaged archive gives errors of zipfile, zlib, struct ...
        raise FormatError(f"{path} cannot be read as a NumPy file: {error}") from error


class HDF5Table(Table):
    """Datasets of one length in an HDF5 group, a compound dataset, or a two-dimensional one with names.

    A two-dimensional dataset takes its names from `names` or from its attribute ``columns``.
    """

    def __init__(self, path: str, inside: str | None = None, names: Sequence[str] | None = None) -> None:
        try:
            import h5py
        except ImportError as error:
            raise missing_extra("h5py", "hdf5", f"reading {path}") from error
        self.description = f"{path}:{inside}" if inside else str(path)
        self._path, self._inside = path, inside or "/"
        self._h5py = h5py
        with self._open() as file:
            if self._inside not in file:
                raise InvalidArgument(f"no group or dataset {inside!r} in {path}{near_misses(str(inside), list(file))}")
            item = file[self._inside]
            if isinstance(item, h5py.Group):
                candidates = {name: data for name, data in item.items() if isinstance(data, h5py.Dataset)}
                if not candidates and len(item) == 1:
                    raise InvalidArgument(f"{self.description} holds no datasets; say which group as '{path}:GROUP'")
                tables = [name for name, data in candidates.items() if data.dtype.names]
                if len(tables) == 1 and len(candidates) == 1:
                    self._inside = f"{self._inside.rstrip('/')}/{tables[0]}"
                    item = candidates[tables[0]]
            self._layout(item, names)

    def _open(self) -> Any:
        try:
            return self._h5py.File(self._path, "r")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise FormatError(f"{self._path} cannot be read as an HDF5 file: {error}") from error

    def _layout(self, item: Any, names: Sequence[str] | None) -> None:
        # Offered name -> (dataset, field or None, index of a second dimension or None)
        self._fields: dict[str, tuple[str, str | None, int | None]] = {}
        if isinstance(item, self._h5py.Group):
            lengths = {}
            for name, data in item.items():
                if not isinstance(data, self._h5py.Dataset) or data.ndim == 0:
                    continue
                lengths[name] = len(data)
                path = f"{self._inside.rstrip('/')}/{name}"
                if data.ndim == 1:
                    self._fields[name] = (path, None, None)
                elif data.ndim == 2:
                    self._fields.update({f"{name}[{i}]": (path, None, i) for i in range(data.shape[1])})
            if len(set(lengths.values())) > 1:
                listed = ", ".join(f"{name}: {n}" for name, n in list(lengths.items())[:10])
                raise InvalidArgument(
                    f"the datasets of {self.description} differ in length ({listed}); name a group or dataset"
                )
            self._length = next(iter(lengths.values()), 0)
            return
        self._length = len(item) if item.ndim else 0
        if item.dtype.names and item.ndim == 1:
            self._fields = {name: (self._inside, name, None) for name in item.dtype.names}
        elif item.ndim == 2:
            given = names if names is not None else item.attrs.get("columns")
            if given is None:
                raise InvalidArgument(
                    f"{self.description} is two-dimensional: give the names of its columns (names=...)"
                )
            labels = [str(name.decode() if isinstance(name, bytes) else name) for name in given]
            if len(labels) != item.shape[1]:
                raise InvalidArgument(f"{self.description} has {item.shape[1]} columns, {len(labels)} names were given")
            self._fields = {name: (self._inside, None, i) for i, name in enumerate(labels)}
        elif item.ndim == 1:
            self._fields = {self._inside.rpartition("/")[2]: (self._inside, None, None)}
        else:
            raise InvalidArgument(f"{self.description} has shape {item.shape}; expected one or two dimensions")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._fields)

    @property
    def length(self) -> int:
        return self._length

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        with self._open() as file, reading(self.description, "an HDF5 file"):
            for start in range(0, max(self._length, 1), chunk):
                block: dict[str, Any] = {}  # each dataset is read once per chunk
                part: Columns = {}
                for name in columns:
                    path, field, index = self._fields[name]
                    if path not in block:
                        block[path] = file[path][start : start + chunk]
                    values = block[path]
                    values = values[field] if field is not None else values
                    part[name] = values if index is None else values[:, index]
                yield part


class ParquetTable(Table):
    """A Parquet file, read by row groups with only the columns asked for."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow.parquet as parquet
        except ImportError as error:
            raise missing_extra("pyarrow", "parquet", f"reading {path}") from error
        import pyarrow

        self.description = str(path)
        try:
            self._file = parquet.ParquetFile(path)
        except FileNotFoundError:
            raise
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise FormatError(f"{path} cannot be read as a Parquet file: {error}") from error
        self._columns = tuple(self._file.schema_arrow.names)

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def length(self) -> int:
        return int(self._file.metadata.num_rows)

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        if self.length == 0:
            yield {name: arrow_column(name, self._file.read(columns=[name]).column(name)) for name in columns}
            return
        with reading(self.description, "a Parquet file"):
            for batch in self._file.iter_batches(batch_size=chunk, columns=list(columns)):
                yield {name: arrow_column(name, batch.column(batch.schema.get_field_index(name))) for name in columns}


def arrow_column(name: str, values: Any) -> Column:
    """An Arrow array as NumPy with its exact dtype; nulls are NaN in floats, an error in integers and booleans."""
    import pyarrow

    from .table import jagged

    if isinstance(values, pyarrow.ChunkedArray):
        values = values.combine_chunks()
    kind = values.type
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind):
        raise jagged(name)
    if pyarrow.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        return np.array([text if text is not None else "" for text in values.to_pylist()], dtype=np.str_)
    number = pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind)
    if values.null_count and number:
        raise InvalidArgument(
            f"column {name!r} has {values.null_count} missing values among {kind} ones; "
            "fill them, or make it a column of floats (missing is NaN there)"
        )
    if not number and not pyarrow.types.is_floating(kind):
        raise InvalidArgument(f"column {name!r} is of type {kind}; expected booleans, integers, floats or text")
    column: Column = values.to_numpy(zero_copy_only=False)
    return column


def _kind(field: str) -> type | None:
    """Whether a field is an integer or a float; None for other text."""
    for kind in (int, float):
        try:
            kind(field)
        except ValueError:
            continue
        return np.int64 if kind is int else np.float64
    return None


_MISSING = frozenset(("", "nan", "NaN", "NAN", "NA", "N/A", "null", "None"))
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError, csv.Error)


class CSVTable(Table):
    """Comma-separated text, ``.csv`` or ``.csv.gz``, with the names of the columns in its first line.

    A column is int64 where all its values are written as integers, bool where they are written as true/false, float64
    for other numbers (an empty field, ``nan`` or ``NA`` is NaN), else text. Without a header line give `names`.
    """

    def __init__(self, path: str, names: Sequence[str] | None = None, delimiter: str = ",") -> None:
        self.description = str(path)
        self._path, self._delimiter, self._header = Path(path), delimiter, names is None
        try:
            with self._open() as stream:
                first = next(csv.reader(stream, delimiter=delimiter), None)
        except _DAMAGE as error:
            raise FormatError(f"{path} is damaged: {error}") from error
        if first is None and names is None:
            raise FormatError(f"{path} is empty; expected a line with the names of the columns")
        labels = [label.strip().lstrip("#").strip() for label in (names if names is not None else first or [])]
        if len(set(labels)) != len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise FormatError(f"{path} names the column {twice!r} twice")
        if names is not None and first is not None and len(first) != len(labels):
            raise InvalidArgument(f"{path} has {len(first)} columns, {len(labels)} names were given")
        self._columns = tuple(labels)

    def _open(self) -> TextIO:
        if self._path.suffix == ".gz":
            return io.TextIOWrapper(gzip.open(self._path, "rb"), encoding="utf-8-sig", newline="")
        return open(self._path, encoding="utf-8-sig", newline="")

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        index = [self._columns.index(name) for name in columns]
        start = 2 if self._header else 1
        try:
            with self._open() as stream:
                if self._header:
                    next(csv.reader(stream, delimiter=self._delimiter))
                yield from self._blocks(stream, columns, index, chunk, start)
        except _DAMAGE as error:
            raise FormatError(f"{self._path} is damaged: {error}") from error

    def _blocks(
        self, stream: TextIO, columns: Sequence[str], index: Sequence[int], chunk: int, start: int
    ) -> Iterator[Columns]:
        """The columns of each block; at least one block."""
        first = True
        while lines := list(itertools.islice(stream, chunk)):
            if any('"' in line for line in lines):
                break  # a quoted field may hold commas and ends of lines: leave the rest to the csv module
            lines = [line for line in lines if line.strip()]
            if lines:
                yield self._numbers(columns, index, lines, start)
                start += len(lines)
                first = False
        rows = (row for row in csv.reader(itertools.chain(lines, stream), delimiter=self._delimiter) if row)
        while block := list(itertools.islice(rows, chunk)):
            yield self._convert(columns, index, block, start)
            start += len(block)
            first = False
        if first:
            yield self._convert(columns, index, [], start)

    def _numbers(self, columns: Sequence[str], index: Sequence[int], lines: list[str], start: int) -> Columns:
        """Columns of a block without quotes; by numpy's reader, which is faster, where the first field is a number.

        It gives what `text_column` gives; where it would not (missing fields, wide integers), that one does the work.
        """
        separators = len(self._columns) - 1
        if any(line.count(self._delimiter) != separators for line in lines):
            return self._convert(columns, index, [line.rstrip("\r\n").split(self._delimiter) for line in lines], start)
        first = lines[0].rstrip("\r\n").split(self._delimiter)
        kinds = {name: _kind(first[i]) for name, i in zip(columns, index, strict=True)}
        fast = [(name, i) for name, i in zip(columns, index, strict=True) if kinds[name] is not None]
        slow = [(name, i) for name, i in zip(columns, index, strict=True) if kinds[name] is None]
        result: Columns = {}
        if fast:
            result = self._parse(lines, fast, kinds)
            slow += [item for item in fast if item[0] not in result]
        if slow:
            rows = [line.rstrip("\r\n").split(self._delimiter) for line in lines]
            result.update(self._convert([name for name, _ in slow], [i for _, i in slow], rows, start))
        return result

    def _parse(self, lines: list[str], fast: list[tuple[str, int]], kinds: dict[str, Any]) -> Columns:
        """By numpy's reader; nothing when a field does not fit, nor columns whose integers a float64 may not hold."""
        dtype = np.dtype([(f"f{i}", kinds[name]) for name, i in fast])
        usecols = tuple(i for _, i in fast)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a float in a column of integers
                read = np.loadtxt(lines, dtype, None, self._delimiter, usecols=usecols, ndmin=1)
        except (ValueError, OverflowError, DeprecationWarning):
            return {}
        result: Columns = {name: np.ascontiguousarray(read[f"f{i}"]) for name, i in fast}
        return {
            name: column
            for name, column in result.items()
            if column.dtype.kind != "f" or not (np.abs(column) >= 2.0**53).any()
        }

    def _convert(self, columns: Sequence[str], index: Sequence[int], block: list[list[str]], start: int) -> Columns:
        width = len(self._columns)
        for offset, row in enumerate(block):
            if len(row) != width:
                raise FormatError(f"{self._path}, row {start + offset}: {len(row)} fields, expected {width}")
        result: Columns = {}
        for name, i in zip(columns, index, strict=True):
            try:
                result[name] = text_column([row[i] for row in block])
            except _Inexact as error:
                raise FormatError(f"{self._path}: column {name!r}: {error}") from None
        return result


def text_column(fields: list[str]) -> Column:
    """Text fields as int64, bool or float64 where all of them are written so, else as text."""
    if not fields:
        return np.empty(0, np.float64)
    text = np.array(fields, dtype=np.str_)
    try:
        return text.astype(np.int64)
    except (ValueError, OverflowError):
        pass
    values: Column | None
    try:
        values = text.astype(np.float64)
    except ValueError:
        values = None
    if values is not None:
        return _check_exact(values, fields)
    fields = [field.strip() for field in fields]
    if all(field in _TRUTH for field in fields):
        return np.array([_TRUTH[field] for field in fields])
    try:
        values = np.array([np.nan if field in _MISSING else float(field) for field in fields], dtype=np.float64)
    except ValueError:
        return np.array(fields, dtype=np.str_)
    return _check_exact(values, fields)


def _check_exact(values: Column, fields: list[str]) -> Column:
    """Refuse whole numbers that a float64 cannot hold, which stand among floats or missing values."""
    for i in np.flatnonzero(np.abs(values) >= 2.0**53):
        field = fields[i].strip()
        if field.lstrip("+-").isdigit() and int(field) != int(values[i]):
            raise _Inexact(f"{field} stands among floats or missing values, but is too large for a float64")
    return values


class _Inexact(Exception):
    """Told apart so that the column can be named."""
