"""Whatever holds events, opened as a Table."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from .memory import RDataFrameTable, array_table, arrow_table, awkward_table, pandas_table, pyroot_tree_table
from .table import ChainTable, MemoryTable, Table

_INSIDE = re.compile(r"^(?P<path>.+\.(?:root|h5|hdf5|hdf))(?::(?P<inside>[^:/\\].*|/.+))?$", re.IGNORECASE)
_REMOTE = re.compile(r"^[a-z][a-z0-9+]*://", re.IGNORECASE)
_FORMATS = ".root, .h5, .hdf5, .parquet, .pq, .csv, .csv.gz, .npz, .npy"


def open_table(source: Any, tree: str | None = None, *, names: Sequence[str] | None = None) -> Table:
    """Open events, wherever they are, without reading them yet.

    Parameters
    ----------
    source
        One of

        - a path or a list of paths, each perhaps with wildcards, of ROOT, HDF5, Parquet, CSV (also ``.csv.gz``) or
          NumPy files; ``"files/*.root:Events"`` names the tree (or HDF5 group) inside;
        - a dict of arrays, a structured array, a two-dimensional array with `names`;
        - a pandas DataFrame, an awkward record array, anything with the Arrow C stream interface (pyarrow, polars);
        - a TTree or RNTuple opened by uproot, an RDataFrame or TTree of PyROOT;
        - a Table, which is returned as it is.
    tree
        The tree or group inside each file, where the path does not name it.
    names
        Names of the columns of a two-dimensional array or of a CSV file without a header line.

    Returns
    -------
    Table

    Raises
    ------
    FileNotFoundError
        No such file, or a wildcard that matches none.
    FormatError
        A file that is not what its name says.
    InvalidArgument
        An object of an unknown kind, an ambiguous tree, a missing optional package (the message names the extra).
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        return _open_path(os.fspath(source), tree, names)
    if isinstance(source, Mapping):
        return MemoryTable(source, "dictionary of arrays")
    if isinstance(source, np.ndarray):
        return array_table(source, names)
    package = type(source).__module__.partition(".")[0]
    if package == "pandas" and hasattr(source, "columns"):
        return pandas_table(source)
    if package == "awkward" and hasattr(source, "fields"):
        return awkward_table(source)
    if package == "uproot":
        from .root import UprootTable

        return UprootTable(source)
    if hasattr(source, "AsNumpy") and hasattr(source, "GetColumnNames"):
        return RDataFrameTable(source)
    if hasattr(source, "GetListOfBranches"):
        return pyroot_tree_table(source)
    if hasattr(source, "__arrow_c_stream__"):
        return arrow_table(source)
    if isinstance(source, (list, tuple)) and source:
        if all(isinstance(part, (str, os.PathLike)) for part in source) or not _is_matrix(source):
            tables = [open_table(part, tree, names=names) for part in source]
            return _chain(tables, f"{len(tables)} inputs from {tables[0].description}")
        return array_table(np.asarray(source), names)
    if isinstance(source, (list, tuple)):
        raise InvalidArgument("source is an empty list; expected at least one file or table")
    if hasattr(source, "__array__"):
        return array_table(np.asarray(source), names)
    raise InvalidArgument(
        f"source is a {type(source).__name__}; expected a path ({_FORMATS}), a dict of arrays, a NumPy array, "
        "a data frame, an awkward array, an Arrow table, or a tree of uproot or PyROOT"
    )


def read_table(
    source: Any, tree: str | None = None, *, columns: Sequence[str] | None = None, names: Sequence[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Read events, wherever they are, into a dict of arrays with their exact dtypes.

    Parameters
    ----------
    source, tree, names : as for `open_table`
    columns : names of the columns to read; all when None. ``x`` for a column of fixed-size arrays, which a Table offers
        as ``x[0]``, ``x[1]``, ..., gives an array of shape (events, size).

    Raises
    ------
    InvalidArgument
        Unknown columns (with near misses), jagged ones, integers with missing values; else as `open_table`.
    """
    table = open_table(source, tree, names=names)
    if columns is None:
        return table.read()
    parts: dict[str, list[str]] = {}
    known = set(table.columns)
    for name in columns:
        elements = [name] if name in known else [c for c in table.columns if c.startswith(f"{name}[") and c[-1] == "]"]
        parts[name] = elements or [name]
    read = table.read([element for elements in parts.values() for element in elements])
    return {
        name: read[name] if elements == [name] else np.stack([read[element] for element in elements], axis=1)
        for name, elements in parts.items()
    }


def _chain(tables: list[Table], description: str) -> Table:
    return tables[0] if len(tables) == 1 else ChainTable(tables, description)


def _is_matrix(source: Sequence[Any]) -> bool:
    return all(isinstance(row, (list, tuple)) for row in source)


def _open_path(path: str, tree: str | None, names: Sequence[str] | None) -> Table:
    path = os.path.expanduser(path)
    match = _INSIDE.match(path)
    if match and match["inside"] and not os.path.exists(path):
        if tree is not None and tree != match["inside"]:
            raise InvalidArgument(f"tree is {tree!r}, but the path {path!r} names {match['inside']!r}")
        path, tree = match["path"], match["inside"]
    if _REMOTE.match(path):
        return _open_file(path, tree, names)
    if glob.has_magic(path) and not os.path.exists(path):
        found = sorted(glob.glob(path, recursive=True))
        if not found:
            raise FileNotFoundError(f"no file matches {path!r}")
        tables = [_open_file(file, tree, names) for file in found]
        return _chain(tables, f"{path} ({len(found)} files)")
    if not os.path.exists(path):
        raise FileNotFoundError(f"no such file: {path!r}")
    return _open_file(path, tree, names)


def _open_file(path: str, tree: str | None, names: Sequence[str] | None) -> Table:
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    suffix = suffixes[-1] if suffixes else ""
    if suffix == ".root":
        from .root import open_root

        return open_root(path, tree)
    from . import files

    if suffix in (".h5", ".hdf5", ".hdf"):
        return files.HDF5Table(path, tree, names)
    if tree is not None:
        raise InvalidArgument(f"tree is {tree!r}, but {path!r} is not a ROOT or HDF5 file")
    if suffix in (".parquet", ".pq"):
        return files.ParquetTable(path)
    if suffix == ".csv" or suffixes[-2:] == [".csv", ".gz"]:
        return files.CSVTable(path, names)
    if suffix in (".npz", ".npy"):
        return files.open_npz(path, names)
    raise InvalidArgument(f"{path!r}: cannot tell the format from the name; expected one of {_FORMATS}")
