"""TFile: reading by uproot, and the output files of TMVA scripts."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from .._core import FormatError, InvalidArgument
from .._near_misses import near_misses
from ..data.root import _TREES
from ..data.table import reading
from ..tmva.output import check_output
from .trees import tree_of

# The file that Write() of a histogram goes to: the one that was opened for writing last.
_current: TFile | None = None
_open: weakref.WeakSet[TFile] = weakref.WeakSet()


def current_file() -> TFile | None:
    """The file that was opened for writing last and is still open."""
    return _current


class _Key:
    def __init__(self, name: str, kind: str) -> None:
        self._name, self._kind = name, kind

    def GetName(self) -> str:
        return self._name

    def GetClassName(self) -> str:
        return self._kind


class TFile:
    """A ROOT file.

    Parameters
    ----------
    name : path; for reading also a URL that uproot opens
    option : READ; NEW or CREATE (an error where the file exists); RECREATE; UPDATE. What is written appears under its
        name when the file is closed (at the latest at the end of the script), complete or not at all.

    Raises
    ------
    FileNotFoundError, FileExistsError, OSError
    FormatError
        it is no ROOT file
    """

    def __init__(self, name: str, option: str = "READ", title: str = "", compress: int = 1) -> None:
        import uproot

        self._name, self._option = str(name), option.upper() or "READ"
        self._file: Any = None
        self._temporary: str | None = None
        if self._option in ("READ", "CACHEREAD"):
            if "://" not in self._name and not os.path.isfile(self._name):
                raise FileNotFoundError(f"Failed to open file {self._name!r}: there is no such file")
            try:
                self._file = uproot.open(self._name)
            except Exception as error:
                if "://" in self._name and isinstance(error, (OSError, ImportError)):
                    raise
                raise FormatError(f"{self._name} cannot be read as a ROOT file: {str(error)[:300]}") from error
            return
        if self._option not in ("NEW", "CREATE", "RECREATE", "UPDATE"):
            raise InvalidArgument(f"option is {option!r}, expected READ, NEW, CREATE, RECREATE or UPDATE")
        path = Path(self._name).expanduser()
        check_output(path)
        exists = os.path.exists(self._name)
        if exists and self._option in ("NEW", "CREATE"):
            raise FileExistsError(f"{self._name!r} exists already (option {self._option})")
        handle, self._temporary = tempfile.mkstemp(prefix=".diskern-", suffix=".root", dir=path.parent)
        os.close(handle)
        if self._option == "UPDATE" and exists:
            shutil.copyfile(self._name, self._temporary)
            self._file = uproot.update(self._temporary)
        else:
            self._file = uproot.recreate(self._temporary)
        global _current
        _current = self
        _open.add(self)

    @staticmethod
    def Open(name: str, option: str = "READ", title: str = "", compress: int = 1) -> TFile:
        return TFile(name, option, title, compress)

    # -- reading ------------------------------------------------------------------------------------------------------

    def Get(self, name: str) -> Any:
        """The object of that name: a tree, or a histogram of one dimension.

        Raises
        ------
        InvalidArgument
            there is none (with near misses), or it is of another kind
        """
        name = str(name)
        with reading(self._name, "a ROOT file"):
            kinds = {key.split(";")[0]: kind for key, kind in self._file.classnames(cycle=True).items()}
        if name not in kinds:
            listed = ", ".join(list(kinds)[:20]) or "nothing"
            raise InvalidArgument(f"no object {name!r} in {self._name}{near_misses(name, kinds)} (it holds {listed})")
        kind = kinds[name]
        if kind in _TREES:
            with reading(f"{self._name}:{name}", "a tree of ROOT"):
                return tree_of(name, self._file[name], f"{self._name}:{name}")
        if kind.startswith("TH1"):
            from .histogram import from_stored

            return from_stored(name.rpartition("/")[2], self._file[name])
        raise InvalidArgument(
            f"{name!r} in {self._name} is a {kind}, which is not offered here: uproot.open({self._name!r})[{name!r}]"
        )

    def __getitem__(self, name: str) -> Any:
        return self.Get(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self.__dict__.get("_temporary") is None and self.__dict__.get("_file") is not None:
            try:
                return self.Get(name)
            except InvalidArgument as error:
                raise AttributeError(str(error)) from None
        from . import NotOffered

        raise NotOffered(f"TFile has no {name} here")

    def GetListOfKeys(self) -> list[_Key]:
        return [_Key(k.split(";")[0], v) for k, v in self._file.classnames(recursive=False, cycle=True).items()]

    def ls(self, option: str = "") -> None:
        print(self._name)
        for key in self.GetListOfKeys():
            print(f"  {key.GetClassName()} {key.GetName()}")

    # -- writing ------------------------------------------------------------------------------------------------------

    def mktree(self, name: str, types: Any) -> Any:
        """A new tree (uproot's), for the output of a Factory."""
        self._needs_writing()
        return self._file.mktree(name, types)

    def __setitem__(self, name: str, value: Any) -> None:
        self._needs_writing()
        self._file[name] = value

    def WriteObject(self, thing: Any, name: str = "") -> int:
        """Write a histogram."""
        self._needs_writing()
        counts, edges = thing.to_numpy()
        self._file[name or thing.GetName()] = (np.asarray(counts), np.asarray(edges))
        return 1

    WriteTObject = WriteObject

    def _needs_writing(self) -> None:
        if self._temporary is None or self._file is None:
            raise InvalidArgument(f"{self._name} is not open for writing")

    def cd(self, path: str = "") -> bool:
        """Histograms are written into this file from now on; folders cannot be changed to."""
        if path:
            from . import NotOffered

            raise NotOffered("TFile.cd takes no folder here: name the object 'folder/name'")
        global _current
        _current = self
        return True

    def Write(self, *arguments: Any) -> int:
        """What was written is in the file when it is closed."""
        return 0

    def Close(self, option: str = "") -> None:
        """Close; a file that was written appears under its name now."""
        global _current
        if self._file is None:
            return
        self._file.close()
        self._file = None
        if self._temporary is not None:
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(self._temporary, 0o666 & ~mask)
            os.replace(self._temporary, self._name)
            self._temporary = None
            _open.discard(self)
        if _current is self:
            _current = None

    def IsOpen(self) -> bool:
        return self._file is not None

    def IsZombie(self) -> bool:
        """A file that cannot be opened is an error here, so that there are no zombies."""
        return False

    def GetName(self) -> str:
        return self._name

    def GetTitle(self) -> str:
        return self._name

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> TFile:
        return self

    def __exit__(self, kind: Any, *others: Any) -> None:
        if kind is None:
            self.Close()
        else:
            self._abandon()

    def _abandon(self) -> None:
        global _current
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._temporary is not None:
            Path(self._temporary).unlink(missing_ok=True)
            self._temporary = None
        if _current is self:
            _current = None


@atexit.register
def _close_all() -> None:
    """Scripts that end without Close: ROOT closes their files, too."""
    for file in list(_open):
        file.Close()
