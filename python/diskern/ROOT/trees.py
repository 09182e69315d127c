"""TTree and TChain: events of ROOT files, read by uproot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._core import InvalidArgument
from ..data.root import UprootTable
from ..data.source import open_table
from ..data.table import ChainTable, Columns, Table
from ..expression import Expression

_CHUNK = 10_000  # events that are read at once when a script goes through them one by one


class _Branch:
    def __init__(self, name: str) -> None:
        self._name = name

    def GetName(self) -> str:
        return self._name


class _Leaf(_Branch):
    def __init__(self, name: str, tree: _Events) -> None:
        super().__init__(name)
        self._tree = tree

    def GetValue(self, index: int = 0) -> float:
        return float(np.ravel(self._tree._value(self._name))[index])


class _Event:
    """One event: its columns as attributes."""

    def __init__(self, columns: Columns, row: int) -> None:
        self._columns, self._row = columns, row

    def __getattr__(self, name: str) -> Any:
        columns = object.__getattribute__(self, "_columns")
        if name not in columns:
            raise AttributeError(f"the event has no {name!r} (columns: {', '.join(list(columns)[:20])})")
        return columns[name][self._row].item()


class _Events(Table):
    """What TTree and TChain share: events one by one."""

    def __init__(self) -> None:
        self._addresses: dict[str, Any] = {}
        self._block: tuple[int, Columns] | None = None
        self._entry = -1

    def _events_table(self) -> Table:
        raise NotImplementedError

    # -- a Table, so that the DataLoader reads it as it is ------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        return self._events_table().columns

    @property
    def length(self) -> int | None:
        return self._events_table().length

    def check(self, columns: Any) -> None:
        self._events_table().check(columns)

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        return self._events_table()._iterate(columns, chunk)

    # -- ROOT's words -------------------------------------------------------------------------------------------------

    def GetEntries(self, cut: Any = "") -> int:
        """Number of events, or of those that pass a cut."""
        text = cut.GetTitle() if hasattr(cut, "GetTitle") else str(cut)
        if not text:
            return int(self.length or 0)
        expression = Expression(text)
        inputs = list(expression._core.inputs)
        return sum(int(expression.evaluate_cut(part).sum()) for part in self.iterate(inputs))

    GetEntriesFast = GetEntries

    def GetListOfBranches(self) -> list[_Branch]:
        return [_Branch(name) for name in self.columns]

    def GetBranch(self, name: str) -> _Branch | None:
        return _Branch(name) if name in self.columns else None

    def GetLeaf(self, name: str) -> _Leaf | None:
        return _Leaf(name, self) if name in self.columns else None

    def SetBranchStatus(self, name: str, status: Any = True) -> None:
        """Only what is used is read."""

    def SetBranchAddress(self, name: str, value: Any) -> None:
        """Where GetEntry puts the value of a column: something whose element 0 can be set, like ``array("f", [0])``."""
        self._events_table().check([name])
        if not hasattr(value, "__setitem__"):
            raise InvalidArgument(
                f"SetBranchAddress({name!r}): expected array('f', [0]) or a NumPy array, got {type(value).__name__}"
            )
        self._addresses[name] = value

    def GetEntry(self, entry: int) -> int:
        """Read an event into the addresses; 0 where there is no such event, else 1 (ROOT: the bytes read)."""
        if not 0 <= entry < (self.length or 0):
            return 0
        self._entry = entry
        for name, target in self._addresses.items():
            target[0] = self._value(name)
        return 1

    def GetMinimum(self, name: str) -> float:
        return float(min(part[name].min() for part in self.iterate([name]) if len(part[name])))

    def GetMaximum(self, name: str) -> float:
        return float(max(part[name].max() for part in self.iterate([name]) if len(part[name])))

    def Print(self, option: str = "") -> None:
        print(f"{self.description}: {self.GetEntries()} events")
        for name in self.columns:
            print(f"  {name}")

    def __iter__(self) -> Iterator[_Event]:
        for part in self.iterate(self._readable(), _CHUNK):
            for row in range(len(next(iter(part.values()), []))):
                yield _Event(part, row)

    def __len__(self) -> int:
        return int(self.length or 0)

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("columns", "length"):
            raise AttributeError(name)
        if self.__dict__.get("_entry", -1) >= 0 and name in self.columns:
            return self._value(name)
        from . import NotOffered

        instead = {
            "Draw": "diskern.plotting, or read_table and matplotlib",
            "Scan": "diskern.data.read_table",
            "Fill": "RDF.FromNumpy(columns).Snapshot(tree, file)",
            "Branch": "RDF.FromNumpy(columns).Snapshot(tree, file)",
            "Write": "RDF.FromNumpy(columns).Snapshot(tree, file)",
            "CopyTree": "RDataFrame(tree).Filter(cut).Snapshot(tree, file)",
            "AddFriend": "a dictionary of the columns of both",
            "SetAlias": "an expression, or RDataFrame(tree).Define(name, expression)",
        }
        if name in instead:
            raise NotOffered(f"TTree.{name} is not offered: trees are only read here; use {instead[name]}")
        raise NotOffered(f"TTree has no {name} here, nor has {self.description} such a column")

    def _readable(self) -> list[str]:
        """Columns of one number per event; varying arrays cannot be attributes of an event."""
        good = []
        for name in self.columns:
            try:
                next(iter(self._events_table().iterate([name], 1)))
            except InvalidArgument:
                continue
            good.append(name)
        return good

    def _value(self, name: str) -> Any:
        start = self._entry - self._entry % _CHUNK
        if self._block is None or self._block[0] != start:
            self._block = (start, {})
        block = self._block[1]
        if name not in block:
            for number, part in enumerate(self.iterate([name], _CHUNK)):
                if number * _CHUNK == start:
                    block[name] = part[name]
                    break
            else:
                block[name] = self.read([name])[name][start : start + _CHUNK]  # files whose chunks are shorter
        if self._entry - start >= len(block[name]):
            block[name] = self.read([name])[name][start : start + _CHUNK]
        return block[name][self._entry - start].item()


class TTree(_Events):
    """A tree of a file. ``TFile.Get`` gives one; the constructor is for the error message of those who fill trees."""

    def __init__(self, name: Any = "", title: str = "", *, table: Table | None = None) -> None:
        super().__init__()
        if table is None:
            from . import NotOffered

            raise NotOffered(
                "trees are only read here; to write one: RDF.FromNumpy({'x': x, ...}).Snapshot(tree, file), "
                "or give the arrays to the DataLoader"
            )
        self._table, self._name = table, str(name)
        self.description = table.description

    def _events_table(self) -> Table:
        return self._table

    def GetName(self) -> str:
        return self._name

    def GetTitle(self) -> str:
        return self._name


def tree_of(name: str, stored: Any, description: str) -> TTree:
    """A tree that uproot opened."""
    return TTree(name, table=UprootTable(stored, description))


class TChain(_Events):
    """Trees of one name in several files, one after the other.

    Parameters
    ----------
    name : of the tree
    """

    def __init__(self, name: str, title: str = "") -> None:
        super().__init__()
        self._name = str(name)
        self._tables: list[Table] = []
        self._chain: Table | None = None
        self.description = f"chain {self._name!r}"

    def Add(self, path: Any, entries: int = -1) -> int:
        """Add files: a path, perhaps with wildcards or with the name of the tree behind it (``file.root/tree``)."""
        if isinstance(path, TChain):
            self._tables += path._tables
        else:
            text, name = str(path), self._name
            head, dot, tail = text.rpartition(".root/")
            if dot:
                text, name = f"{head}.root", tail
            self._tables.append(open_table(text, name))
        self._chain = None
        return 1

    AddFile = Add

    def GetName(self) -> str:
        return self._name

    def GetNtrees(self) -> int:
        return len(self._tables)

    def _events_table(self) -> Table:
        if not self._tables:
            raise InvalidArgument(f"the chain {self._name!r} has no files: Add them first")
        if self._chain is None:
            one = len(self._tables) == 1
            self._chain = self._tables[0] if one else ChainTable(self._tables, self.description)
        return self._chain
