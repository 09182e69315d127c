"""RDataFrame and RDF, as far as scripts read, select and write columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .._near_misses import near_misses
from ..data.source import open_table
from ..data.table import MemoryTable, Table
from ..expression import Expression


class _Number(float):
    """A result that is there at once; ROOT's is computed when it is asked for."""

    def GetValue(self) -> float:
        return float(self)


class _Count(int):
    def GetValue(self) -> int:
        return int(self)


class RDataFrame:
    """Columns of events. Every step gives a new frame; columns are read when they are needed.

    Parameters
    ----------
    source : name of a tree, with the files behind it; a TTree or TChain; whatever ``diskern.data.open_table`` takes
    files : file name (wildcards allowed) or list of them, where ``source`` names a tree
    """

    def __init__(self, source: Any, files: Any = None, columns: Sequence[str] = ()) -> None:
        del columns  # TMVA scripts pass the ones that Filter and Define may read; here they are found by name
        if isinstance(source, int):
            table: Table = MemoryTable({"rdfentry_": np.arange(source)}, f"{source} empty events")
        elif files is not None:
            tree = str(source)
            listed = [str(files)] if isinstance(files, str) else [str(one) for one in files]
            table = open_table(listed if len(listed) > 1 else listed[0], tree)
        else:
            table = open_table(source)
        self._table = table
        self._defined: dict[str, NDArray[Any]] = {}
        self._kept: NDArray[np.intp] | None = None
        self._cache: dict[str, NDArray[Any]] = {}

    def _next(self) -> RDataFrame:
        twin = RDataFrame.__new__(RDataFrame)
        twin._table, twin._kept = self._table, self._kept
        twin._defined, twin._cache = dict(self._defined), self._cache
        return twin

    def _column(self, name: str) -> NDArray[Any]:
        """The column after all selections."""
        if name in self._defined:
            return self._defined[name]
        if name not in self._cache:
            known = self.GetColumnNames()
            if name not in known:
                raise InvalidArgument(f"no column {name!r}{near_misses(name, known)} (columns: {', '.join(known)})")
            self._cache.update(self._table.read([name]))
        column = self._cache[name]
        return column if self._kept is None else column[self._kept]

    def _length(self) -> int:
        if self._kept is not None:
            return len(self._kept)
        if self._table.length is not None:
            return int(self._table.length)
        return len(self._column(self._table.columns[0]))

    def _evaluate(self, expression: Any, columns: Sequence[str]) -> NDArray[Any]:
        if callable(expression):
            values = np.asarray(expression(*(self._column(name) for name in columns)))
            if values.shape[:1] != (self._length(),):
                raise InvalidArgument(
                    f"the function gave shape {values.shape}, expected one value for each of {self._length()} events: "
                    "it is called once, with arrays of all events"
                )
            return values
        text = expression.GetTitle() if hasattr(expression, "GetTitle") else str(expression)
        parsed = Expression(text)
        names = list(parsed._core.inputs)
        return np.asarray(parsed.evaluate_exact({name: self._column(name) for name in names}, self._length()))

    # -- ROOT's words -------------------------------------------------------------------------------------------------

    def GetColumnNames(self) -> list[str]:
        return list(dict.fromkeys([*self._table.columns, *self._defined]))

    def HasColumn(self, name: str) -> bool:
        return name in self.GetColumnNames()

    def Define(self, name: str, expression: Any, columns: Sequence[str] = ()) -> RDataFrame:
        """A new column: an expression, or a function (``TMVA.Experimental.Compute``) of other columns, which is called
        once with arrays."""
        if self.HasColumn(name):
            raise InvalidArgument(f"there is a column {name!r} already; Redefine replaces it")
        return self.Redefine(name, expression, columns)

    def Redefine(self, name: str, expression: Any, columns: Sequence[str] = ()) -> RDataFrame:
        """As Define, for a column that may be there."""
        twin = self._next()
        twin._defined[str(name)] = self._evaluate(expression, columns)
        return twin

    def Filter(self, expression: Any, name_or_columns: Any = (), name: str = "") -> RDataFrame:
        """The events that pass a cut (value >= 0.5; NaN does not pass)."""
        columns = () if isinstance(name_or_columns, str) else name_or_columns
        values = self._evaluate(expression, columns)
        with np.errstate(invalid="ignore"):
            chosen = np.flatnonzero(values >= 0.5)
        twin = self._next()
        twin._kept = chosen if self._kept is None else self._kept[chosen]
        twin._defined = {key: column[chosen] for key, column in self._defined.items()}
        return twin

    def Range(self, begin: int, end: int | None = None) -> RDataFrame:
        """The first ``begin`` events, or those from ``begin`` up to ``end``."""
        first, last = (0, begin) if end is None else (begin, end)
        chosen = np.arange(self._length())[first : last or None]
        twin = self._next()
        twin._kept = chosen if self._kept is None else self._kept[chosen]
        twin._defined = {key: column[chosen] for key, column in self._defined.items()}
        return twin

    def Count(self) -> int:
        """Number of events; ``GetValue()`` may be called on it."""
        return _Count(self._length())

    def Sum(self, column: str) -> float:
        return _Number(self._column(column).sum())

    def Mean(self, column: str) -> float:
        return _Number(self._column(column).mean())

    def StdDev(self, column: str) -> float:
        """With n - 1, as ROOT's."""
        return _Number(self._column(column).std(ddof=1))

    def Min(self, column: str) -> float:
        return _Number(self._column(column).min())

    def Max(self, column: str) -> float:
        return _Number(self._column(column).max())

    def AsNumpy(self, columns: Sequence[str] | None = None, exclude: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
        """Columns as arrays."""
        names = self.GetColumnNames() if columns is None else [str(name) for name in columns]
        return {name: np.array(self._column(name)) for name in names if name not in exclude}

    def Snapshot(self, tree: str, path: str, columns: Sequence[str] | None = None) -> RDataFrame:
        """Write columns into a new ROOT file (under a temporary name, then renamed), and a frame of it."""
        from .files import TFile

        arrays = self.AsNumpy(columns)
        for name, values in arrays.items():
            if values.dtype.kind not in "biuf":
                raise InvalidArgument(f"column {name!r} is of type {values.dtype}, which Snapshot does not write")
        with TFile(str(path), "RECREATE") as file:
            file.mktree(str(tree), {name: values.dtype for name, values in arrays.items()}).extend(arrays)
        return RDataFrame(str(tree), str(path))

    def __getattr__(self, name: str) -> Any:
        from . import NotOffered

        if name.startswith("_"):
            raise AttributeError(name)
        raise NotOffered(
            f"RDataFrame.{name} is not offered: take the columns with AsNumpy(), then NumPy and matplotlib "
            "(Define, Filter, Range, Count, Sum, Mean, StdDev, Min, Max, AsNumpy, Snapshot are there)"
        )


class RDF:
    """Ways to make an RDataFrame."""

    @staticmethod
    def FromNumpy(columns: Mapping[str, Any]) -> RDataFrame:
        """A frame of arrays of one length."""
        return RDataFrame({str(name): np.asarray(values) for name, values in columns.items()})

    MakeNumpyDataFrame = FromNumpy
