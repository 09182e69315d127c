"""ROOT files: TTrees and RNTuples, read by uproot in chunks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._core import FormatError, InvalidArgument
from .._near_misses import near_misses
from .table import Columns, Table, jagged, missing_extra, reading

_ARRAY = re.compile(r"^std::array<(std::)?\w+, ?(?P<size>\d+)>$")  # an RNTuple field of numbers
_TREES = ("TTree", "TNtuple", "TNtupleD", "TChain", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")


def open_root(path: str, tree: str | None = None) -> Table:
    """The tree `tree` of a ROOT file; the only one of the file when None."""
    try:
        import uproot
    except ImportError as error:  # pragma: no cover - uproot is a dependency
        raise missing_extra("uproot", "", "reading ROOT files") from error
    try:
        file = uproot.open(path)
    except FileNotFoundError:
        raise
    except ImportError as error:  # a protocol that uproot leaves to another package
        raise InvalidArgument(f"reading {path} needs another package: {error}") from error
    except Exception as error:
        if "://" in path and isinstance(error, OSError):
            raise  # the network, not the file
        raise FormatError(
            f"{path} cannot be read as a ROOT file: {type(error).__name__}: {str(error)[:300]}"
        ) from error
    with reading(path, "a ROOT file"):
        kinds = {key.split(";")[0]: kind for key, kind in file.classnames(cycle=True).items()}
    trees = [name for name, kind in kinds.items() if kind in _TREES]
    if tree is None:
        if len(trees) != 1:
            listed = ", ".join(trees) if trees else "none"
            raise InvalidArgument(f"{path} holds {len(trees)} trees ({listed}); say which one as '{path}:NAME'")
        tree = trees[0]
    elif tree.split(";")[0] not in kinds:
        raise InvalidArgument(
            f"no tree {tree!r} in {path}{near_misses(tree, trees)} (trees: {', '.join(trees) or 'none'})"
        )
    elif tree.split(";")[0] not in trees:
        raise InvalidArgument(f"{tree!r} in {path} is a {kinds[tree.split(';')[0]]}, not a TTree or RNTuple")
    with reading(f"{path}:{tree}", "a tree of ROOT"):
        return UprootTable(file[tree], f"{path}:{tree}")


class UprootTable(Table):
    """A TTree or RNTuple opened by uproot (5.0 or later)."""

    def __init__(self, tree: Any, description: str | None = None) -> None:
        self._tree = tree
        self._is_ttree = hasattr(tree, "branches")
        self.description = description or f"tree {getattr(tree, 'name', '?')}"
        # Offered name -> (stored name, index in a fixed-size array or None)
        self._fields: dict[str, tuple[str, int | None]] = {}
        for name in list(tree.keys()):
            size = self._array_size(name)
            if size is None:
                self._fields[name] = (name, None)
            else:
                self._fields.update({f"{name}[{i}]": (name, i) for i in range(size)})

    def _array_size(self, name: str) -> int | None:
        """Length of a column of fixed-size, one-dimensional arrays; None for scalars and all else."""
        if self._is_ttree:
            dtype = getattr(self._tree[name].interpretation, "to_dtype", None)
            shape: tuple[int, ...] = dtype.shape if dtype is not None else ()
        else:
            match = _ARRAY.match(str(getattr(self._tree[name], "typename", "")))
            shape = (int(match["size"]),) if match else ()
        return int(shape[0]) if len(shape) == 1 else None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._fields)

    @property
    def length(self) -> int:
        return int(self._tree.num_entries)

    def _iterate(self, columns: Sequence[str], chunk: int) -> Iterator[Columns]:
        stored = list(dict.fromkeys(self._fields[name][0] for name in columns))
        with reading(self.description, "a tree of ROOT"):
            for part in self._parts(stored, chunk):
                yield {
                    name: part[source] if index is None else part[source][:, index]
                    for name, (source, index) in ((name, self._fields[name]) for name in columns)
                }

    def _parts(self, stored: list[str], chunk: int) -> Iterator[Columns]:
        if self._is_ttree and self.length and not any("/" in name for name in stored):
            branches = {id(self._tree[name]) for name in stored}
            # Names may hold characters that uproot would read as an expression, so branches are chosen by identity.
            for part in self._tree.iterate(
                filter_branch=lambda branch: id(branch) in branches, step_size=chunk, library="np"
            ):
                yield {name: _plain(name, part[name]) for name in stored}
            return
        for start in range(0, max(self.length, 1), chunk):
            yield self._arrays(self._tree, stored, start, min(start + chunk, self.length))

    @staticmethod
    def _arrays(tree: Any, stored: Sequence[str], start: int, stop: int) -> Columns:
        return {
            name: _plain(name, tree[name].array(entry_start=start, entry_stop=stop, library="np")) for name in stored
        }


def _plain(name: str, values: Any) -> Any:
    array = np.asarray(values)
    if array.dtype.kind == "O" and len(array) and not isinstance(array[0], (str, bytes)) and np.ndim(array[0]) > 0:
        raise jagged(name)
    if array.ndim > 2:
        raise InvalidArgument(f"column {name!r} holds arrays of shape {array.shape[1:]} per event; expected one value")
    return array
