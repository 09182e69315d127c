"""Tables of events: named columns with their own exact dtypes, read in chunks from wherever they are.

Everything that holds events (ROOT, HDF5, Parquet and CSV files, arrays, data frames) becomes a `Table`; what uses
events sees only this class. Columns are one-dimensional: a column of fixed-size arrays ``x`` of length 3 is offered as
``x[0]``, ``x[1]``, ``x[2]``; one of variable length can be listed but not read (an error names it).
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import Error, FormatError, InvalidArgument
from .._near_misses import near_misses

Column = NDArray[Any]
Columns = dict[str, Column]

DEFAULT_CHUNK = 100_000  # events; large enough for speed, some 10 MB for 30 columns


def missing_extra(module: str, extra: str, purpose: str) -> InvalidArgument:
    """The error for an optional package that is not installed."""
    what = f"pip install 'diskern[{extra}]'" if extra else f"pip install {module}"
    return InvalidArgument(f"{purpose} needs the package {module!r}, which is not installed: {what}")


@contextlib.contextmanager
def reading(where: str, kind: str) -> Iterator[None]:
    """Whatever a package raises while it reads a file becomes a FormatError: these packages know no common error.

    Errors that are ours, those of the network, and of packages and memory that are not there pass.
    """
    try:
        yield
    except (Error, FileNotFoundError, PermissionError, ImportError, MemoryError):
        raise
    except Exception as error:
        if "://" in where and isinstance(error, OSError):
            raise  # the network, not the file
        text = " ".join(str(error).split())[:300]
        raise FormatError(
            f"{where} is damaged or cut off, it cannot be read as {kind}: {type(error).__name__}: {text}"
        ) from error


def as_column(name: str, values: Any) -> Column:
    """One column as a one-dimensional array of booleans, integers, floats or text, its values exactly kept."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise InvalidArgument(f"column {name!r} has shape {array.shape}; expected one value per event")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "O":
        return _object_column(name, array)
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.dtype.kind not in "biufU":
        raise InvalidArgument(f"column {name!r} is of type {array.dtype}; expected booleans, integers, floats or text")
    return array


def _object_column(name: str, array: Column) -> Column:
    """Python objects: text stays text, numbers with None become float64 with NaN, anything with a length is jagged."""
    kinds = {type(value) for value in array}
    if any(hasattr(kind, "__len__") and not issubclass(kind, (str, bytes)) for kind in kinds):
        raise jagged(name)
    present = [value for value in array if value is not None]
    if present and all(isinstance(value, (str, bytes)) for value in present):
        return np.array([_text(value) for value in array], dtype=np.str_)
    if len(present) < len(array):
        if all(isinstance(value, (float, np.floating)) for value in present):
            return np.array([np.nan if value is None else value for value in array], dtype=np.float64)
        raise InvalidArgument(
            f"column {name!r} has {len(array) - len(present)} missing values among integers or booleans; "
            "fill them, or make it a column of floats (missing is NaN there)"
        )
    converted = np.array(array.tolist())
    if converted.dtype.kind not in "biufU" or converted.ndim != 1:
        raise InvalidArgument(f"column {name!r} holds Python objects that are neither numbers nor text")
    return converted


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def jagged(name: str) -> InvalidArgument:
    """The error for a column with several values per event."""
    return InvalidArgument(
        f"column {name!r} is jagged (a varying number of values per event); events need one value per column: "
        "take one element, or a maximum or a sum, before it is given here"
    )


class Table(ABC):
    """Events with named columns, read in chunks.

    Attributes
    ----------
    description : str
        What the events come from, for messages and tables.
    """

    description: str

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""

    @property
    def length(self) -> int | None:
        """Number of events, None where only reading tells (CSV)."""
        return None

    @abstractmethod
    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        """Chunks of existing columns, at least one (perhaps empty) chunk so that the dtypes are known."""

    def check(self, columns: Iterable[str]) -> None:
        """Raise InvalidArgument for a column that is not there, with near misses."""
        known = set(self.columns)
        for name in columns:
            if name not in known:
                listed = ", ".join(self.columns[:20]) + (", ..." if len(self.columns) > 20 else "")
                raise InvalidArgument(
                    f"no column {name!r} in {self.description}{near_misses(name, self.columns)} (columns: {listed})"
                )

    def iterate(self, columns: Sequence[str] | None = None, chunk: int = DEFAULT_CHUNK) -> Iterator[Columns]:
        """Read in chunks of at most `chunk` events.

        Parameters
        ----------
        columns : names of the columns to read; all when None. Only these are read where the format allows it.
        chunk : largest number of events of a chunk.

        Yields
        ------
        dict of column name -> one-dimensional array, all of one length, in the order of `columns`.

        Raises
        ------
        InvalidArgument
            An unknown column, a jagged one, or integers with missing values.
        """
        if chunk < 1:
            raise InvalidArgument(f"chunk is {chunk}, expected at least 1 event")
        wanted = list(dict.fromkeys(self.columns if columns is None else columns))
        self.check(wanted)
        for part in self._iterate(wanted, chunk):
            yield {name: as_column(name, part[name]) for name in wanted}

    def read(self, columns: Sequence[str] | None = None) -> Columns:
        """All events of some columns (all when None) as a dict of arrays with their exact dtypes."""
        wanted = list(dict.fromkeys(self.columns if columns is None else columns))
        parts = list(self.iterate(wanted))
        return {name: concatenate(name, [part[name] for part in parts], self.description) for name in wanted}


def concatenate(name: str, parts: Sequence[Column], description: str = "") -> Column:
    """Parts of one column joined; text and numbers do not mix, nor integers that a float64 cannot hold with floats."""
    if len(parts) == 1:
        return parts[0]
    kinds = {part.dtype.kind for part in parts if len(part)}
    if not kinds:
        return parts[0]
    parts = [part for part in parts if len(part)]
    where = f" of {description}" if description else ""
    if "U" in kinds and len(kinds) > 1:
        raise FormatError(f"column {name!r}{where} is text in some places and numbers in others")
    joined = np.concatenate(parts)
    if joined.dtype.kind == "f":
        for part in parts:
            if part.dtype.kind in "iu" and (int(part.max()) > 2**53 or int(part.min()) < -(2**53)):
                raise FormatError(f"column {name!r}{where} has floats and integers too large for a float64")
    return joined


class MemoryTable(Table):
    """Columns that are arrays already; nothing is copied."""

    def __init__(self, columns: Mapping[str, Any], description: str = "arrays") -> None:
        self.description = description
        self._data: Columns = {}
        for name, values in columns.items():
            array = values if isinstance(values, np.ndarray) else np.asarray(values)
            if array.ndim == 2:
                for i in range(array.shape[1]):
                    self._data[f"{name}[{i}]"] = array[:, i]
                continue
            self._data[str(name)] = array
        lengths = {name: len(array) if array.ndim else -1 for name, array in self._data.items()}
        if -1 in lengths.values():
            name = next(name for name, length in lengths.items() if length == -1)
            raise InvalidArgument(f"column {name!r} of {description} is a single value; expected one value per event")
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name}: {length}" for name, length in list(lengths.items())[:10])
            raise InvalidArgument(f"the columns of {description} differ in length ({listed})")
        self._length = next(iter(lengths.values()), 0)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._data)

    @property
    def length(self) -> int:
        return self._length

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        for start in range(0, max(self._length, 1), chunk):
            yield {name: self._data[name][start : start + chunk] for name in columns}


class ChainTable(Table):
    """Several tables with the same columns, one after the other (TMVA's TChain)."""

    def __init__(self, tables: Sequence[Table], description: str) -> None:
        self.description = description
        self._tables = list(tables)
        first = self._tables[0]
        # Columns that only some files have cannot be read from all.
        common = set(first.columns).intersection(*(table.columns for table in self._tables[1:]))
        self._columns = tuple(name for name in first.columns if name in common)

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def length(self) -> int | None:
        lengths = [table.length for table in self._tables]
        known = [n for n in lengths if n is not None]
        return sum(known) if len(known) == len(lengths) else None

    def check(self, columns: Iterable[str]) -> None:
        wanted = list(columns)
        for table in self._tables:
            table.check(wanted)  # names the file that lacks it

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        for table in self._tables:
            yield from table._iterate(columns, chunk)
