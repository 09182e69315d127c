"""Events of any shape read piece by piece: HDF5 datasets, Parquet columns, ROOT branches, arrays.

Tables (:mod:`.table`) offer one number per column and event. What networks take may be images and series, so a reader
of blocks gives arrays of shape (events, *shape of one event) for a range of events.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import FormatError, InvalidArgument
from .._near_misses import near_misses
from .table import missing_extra, reading

Block = dict[str, NDArray[Any]]
_INSIDE = re.compile(r"^(?P<path>.+\.(?:root|h5|hdf5|hdf))(?::(?P<inside>.+))?$", re.IGNORECASE)


class BlockReader(ABC):
    """Events that are read by ranges.

    Attributes
    ----------
    description : str
    length : int
    columns : tuple of str
    """

    description: str
    length: int
    columns: tuple[str, ...]

    @abstractmethod
    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        """Arrays of shape (end - begin, *shape of an event)."""

    def ranges(self, size: int) -> list[tuple[int, int]]:
        """All events in ranges that are read at once, of about so many events."""
        return [(first, min(first + size, self.length)) for first in range(0, self.length, size)]

    def check(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.columns:
                listed = ", ".join(self.columns[:20])
                raise InvalidArgument(
                    f"no column {name!r} in {self.description}{near_misses(name, self.columns)} (columns: {listed})"
                )

    def close(self) -> None:  # noqa: B027 (arrays have nothing to give back)
        """Give files back."""


class MemoryBlocks(BlockReader):
    """A mapping of arrays, which may be memory maps."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._arrays = {name: array if hasattr(array, "shape") else np.asarray(array) for name, array in arrays.items()}
        lengths = {name: len(array) for name, array in self._arrays.items()}
        if len(set(lengths.values())) != 1:
            raise InvalidArgument(f"the arrays of a stream have the lengths {lengths}, expected one")
        self.description = "arrays"
        self.columns = tuple(self._arrays)
        self.length = next(iter(lengths.values()))

    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        return {name: np.asarray(self._arrays[name][begin:end]) for name in names}


class HDF5Blocks(BlockReader):
    """Datasets of one length in a group, whatever the shape of an event."""

    def __init__(self, path: str, inside: str | None = None) -> None:
        try:
            import h5py
        except ImportError as error:
            raise missing_extra("h5py", "hdf5", f"reading {path}") from error
        self.description = f"{path}:{inside}" if inside else path
        if not os.path.exists(path):
            raise FileNotFoundError(f"no file {path}")
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise FormatError(f"{path} cannot be read as an HDF5 file: {error}") from error
        if inside is not None and inside not in self._file:
            raise InvalidArgument(f"no group {inside!r} in {path}{near_misses(inside, list(self._file))}")
        group = self._file[inside or "/"]
        if not isinstance(group, h5py.Group):
            raise InvalidArgument(f"{self.description} is a dataset; expected a group of datasets")
        self._data = {name: one for name, one in group.items() if isinstance(one, h5py.Dataset) and one.ndim}
        lengths = {name: len(one) for name, one in self._data.items()}
        if len(set(lengths.values())) != 1:
            raise InvalidArgument(f"the datasets of {self.description} have the lengths {lengths}, expected one")
        self.columns = tuple(self._data)
        self.length = next(iter(lengths.values()))

    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        with reading(self.description, "an HDF5 file"):
            return {name: self._data[name][begin:end] for name in names}

    def close(self) -> None:
        self._file.close()


class ParquetBlocks(BlockReader):
    """Columns of numbers or of lists of one length, row group by row group."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow
            import pyarrow.parquet as parquet
        except ImportError as error:
            raise missing_extra("pyarrow", "parquet", f"reading {path}") from error
        self.description = path
        try:
            self._file = parquet.ParquetFile(path)
        except FileNotFoundError:
            raise
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise FormatError(f"{path} cannot be read as a Parquet file: {error}") from error
        metadata = self._file.metadata
        self.columns = tuple(self._file.schema_arrow.names)
        self.length = int(metadata.num_rows)
        groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._first = np.concatenate([[0], np.cumsum(groups)]).astype(int)

    def ranges(self, size: int) -> list[tuple[int, int]]:
        # A row group is what Parquet reads at once.
        return [(int(a), int(b)) for a, b in zip(self._first[:-1], self._first[1:], strict=True) if b > a]

    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        first = int(np.searchsorted(self._first, begin, side="right")) - 1
        last = int(np.searchsorted(self._first, end, side="left"))
        with reading(self.description, "a Parquet file"):
            table = self._file.read_row_groups(list(range(first, last)), columns=list(names))
        start = begin - int(self._first[first])
        return {name: _from_arrow(name, table.column(name).slice(start, end - begin)) for name in names}

    def close(self) -> None:
        self._file.close()


def _from_arrow(name: str, values: Any) -> NDArray[Any]:
    import pyarrow

    shape = [len(values)]
    values = values.combine_chunks() if isinstance(values, pyarrow.ChunkedArray) else values
    if isinstance(values, pyarrow.ChunkedArray):  # of no chunks
        values = pyarrow.concat_arrays(values.chunks)
    while (
        pyarrow.types.is_list(values.type)
        or pyarrow.types.is_large_list(values.type)
        or pyarrow.types.is_fixed_size_list(values.type)
    ):
        inner = values.flatten()
        outer = len(values)
        if values.null_count or (outer and len(inner) % outer):
            raise InvalidArgument(f"column {name!r} has lists of different lengths; a stream takes arrays of one shape")
        if outer and not pyarrow.types.is_fixed_size_list(values.type):
            lengths = np.diff(values.offsets.to_numpy(zero_copy_only=False))
            if (lengths != lengths[0]).any():
                raise InvalidArgument(
                    f"column {name!r} has lists of different lengths; a stream takes arrays of one shape"
                )
        shape.append(len(inner) // outer if outer else 0)
        values = inner
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(shape)


class RootBlocks(BlockReader):
    """Branches of a TTree or fields of an RNTuple: numbers and arrays of fixed size."""

    def __init__(self, path: str, inside: str | None = None) -> None:
        import uproot

        if "://" not in path and not os.path.exists(path):
            raise FileNotFoundError(f"no file {path}")
        with reading(path, "a ROOT file"):
            self._file = uproot.open(path)
            kinds = self._file.classnames(cycle=False)
        trees = [name for name, kind in kinds.items() if kind == "TTree" or kind.endswith("RNTuple")]
        if inside is None:
            if len(trees) != 1:
                raise InvalidArgument(
                    f"{path} holds the trees {', '.join(trees) or 'none'}; say which as '{path}:TREE'"
                )
            inside = trees[0]
        if inside not in trees:
            raise InvalidArgument(f"no tree {inside!r} in {path}{near_misses(inside, trees)}")
        self.description = f"{path}:{inside}"
        self._tree = self._file[inside]
        self.columns = tuple(self._tree.keys())
        self.length = int(self._tree.num_entries)

    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        with reading(self.description, "a ROOT file"):
            arrays = self._tree.arrays(list(names), entry_start=begin, entry_stop=end, library="np")
        for name in names:
            if arrays[name].dtype.kind == "O":
                raise InvalidArgument(
                    f"branch {name!r} has arrays of different lengths; a stream takes those of one shape"
                )
        return {name: arrays[name] for name in names}

    def close(self) -> None:
        self._file.close()


class ChainBlocks(BlockReader):
    """Several readers one after the other."""

    def __init__(self, parts: Sequence[BlockReader]) -> None:
        self._parts = list(parts)
        self.description = f"{len(parts)} sources from {parts[0].description}"
        self.columns = parts[0].columns
        self._first = np.concatenate([[0], np.cumsum([part.length for part in parts])]).astype(int)
        self.length = int(self._first[-1])
        for part in parts[1:]:
            part.check(self.columns)

    def ranges(self, size: int) -> list[tuple[int, int]]:
        return [
            (int(first) + a, int(first) + b)
            for first, part in zip(self._first, self._parts, strict=False)
            for a, b in part.ranges(size)
        ]

    def read(self, names: Sequence[str], begin: int, end: int) -> Block:
        pieces = []
        for first, part in zip(self._first, self._parts, strict=False):
            a, b = max(begin - int(first), 0), min(end - int(first), part.length)
            if a < b:
                pieces.append(part.read(names, a, b))
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}

    def close(self) -> None:
        for part in self._parts:
            part.close()


def open_blocks(source: Any) -> BlockReader:
    """A reader for arrays, a file or a list of files.

    Parameters
    ----------
    source : mapping of arrays, path or sequence of paths
        ``.h5``, ``.hdf5`` (``file.h5:GROUP``), ``.parquet``, ``.pq``, ``.root`` (``file.root:TREE``).
    """
    if isinstance(source, Mapping):
        if not source:
            raise InvalidArgument("source is an empty mapping; expected arrays")
        return MemoryBlocks(source)
    if isinstance(source, list | tuple):
        if not source:
            raise InvalidArgument("source is an empty list; expected at least one file")
        return ChainBlocks([open_blocks(one) for one in source])
    if not isinstance(source, str | os.PathLike):
        raise InvalidArgument(
            f"source is a {type(source).__name__}; expected a path (.h5, .parquet, .root), a list of them, or a "
            "mapping of arrays"
        )
    path = os.fspath(source)
    inside = None
    found = _INSIDE.match(path)
    if found is not None:
        path, inside = found["path"], found["inside"]
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".h5", ".hdf5", ".hdf"):
        return HDF5Blocks(path, inside)
    if suffix in (".parquet", ".pq"):
        return ParquetBlocks(path)
    if suffix == ".root":
        return RootBlocks(path, inside)
    raise InvalidArgument(f"{path}: a stream reads .h5, .hdf5, .parquet, .pq and .root files")
