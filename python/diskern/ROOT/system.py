"""gROOT, gSystem, gStyle, TStopwatch and the number of threads."""

from __future__ import annotations

import os
import time
from typing import Any

from .. import _core
from .._version import __version__

gErrorIgnoreLevel = -1
_threads = 0


def EnableImplicitMT(threads: int = 0) -> None:
    """How many threads Factories that are made from now on use; 0: all that are available (as without this call)."""
    global _threads
    _threads = int(threads)


def DisableImplicitMT() -> None:
    """Factories that are made from now on use one thread. Results do not depend on it."""
    global _threads
    _threads = 1


def IsImplicitMTEnabled() -> bool:
    return _threads != 1


def GetThreadPoolSize() -> int:
    """Threads that a Factory uses."""
    return _threads or int(_core.available_threads())


def threads() -> int:
    """The setting of EnableImplicitMT; 0: all."""
    return _threads


class TStopwatch:
    """Real and processor time since the last Start."""

    def __init__(self) -> None:
        self._real = self._processor = 0.0
        self.Start()

    def Start(self, reset: bool = True) -> None:
        if reset:
            self._real = self._processor = 0.0
        self._from = (time.perf_counter(), time.process_time())
        self._running = True

    def Stop(self) -> None:
        if self._running:
            self._real += time.perf_counter() - self._from[0]
            self._processor += time.process_time() - self._from[1]
            self._running = False

    def RealTime(self) -> float:
        """Seconds; stops the watch, as ROOT's does."""
        self.Stop()
        return self._real

    def CpuTime(self) -> float:
        """Seconds of all threads of the process; stops the watch."""
        self.Stop()
        return self._processor

    def Print(self, option: str = "") -> None:
        print(f"Real time {self.RealTime():.3f} s, CP time {self.CpuTime():.3f} s")


class _ROOT:
    """gROOT."""

    def __init__(self) -> None:
        self._batch = False

    def SetBatch(self, batch: bool = True) -> None:
        """Without windows: TMVAGui does not open a browser."""
        self._batch = bool(batch)

    def IsBatch(self) -> bool:
        return self._batch

    def GetVersion(self) -> str:
        """Diskern's version: there is no ROOT."""
        return f"diskern {__version__}"

    def SetStyle(self, name: str = "") -> None:
        """Plots have their own style."""

    def ForceStyle(self, force: bool = True) -> None:
        """Plots have their own style."""

    def SetMacroPath(self, path: str) -> None:
        """There are no macros."""

    def _macro(self, name: str) -> None:
        if "tmva" not in name.lower():
            raise _not_offered(f"gROOT cannot run the macro {name!r}: C++ is not interpreted here; write it in Python")
        print(f"Note: {name} is not needed: TMVAGui(file) opens the report")

    def Macro(self, name: str, *arguments: Any) -> None:
        """TMVA's own macros are not needed; any other is an error."""
        self._macro(name)

    LoadMacro = Macro

    def __getattr__(self, name: str) -> Any:
        if name in ("ProcessLine", "ProcessLineSync"):
            raise _not_offered(f"gROOT.{name} is not offered: C++ is not interpreted here; write the line in Python")
        raise _unknown("gROOT", name, self)


class _System:
    """gSystem."""

    def AccessPathName(self, path: str, mode: int = 0) -> bool:
        """False where the path exists: ROOT has it this way round."""
        return not os.path.exists(os.path.expandvars(os.path.expanduser(str(path))))

    def ExpandPathName(self, path: str) -> str:
        return os.path.expandvars(os.path.expanduser(str(path)))

    def Getenv(self, name: str) -> str:
        return os.environ.get(name, "")

    def Setenv(self, name: str, value: str) -> None:
        os.environ[name] = str(value)

    def pwd(self) -> str:
        return os.getcwd()

    WorkingDirectory = pwd

    def BaseName(self, path: str) -> str:
        return os.path.basename(str(path))

    def DirName(self, path: str) -> str:
        return os.path.dirname(str(path)) or "."

    def mkdir(self, path: str, recursive: bool = False) -> int:
        """0 when the folder was made, -1 when it exists or cannot be made."""
        try:
            os.makedirs(path) if recursive else os.mkdir(path)
        except OSError:
            return -1
        return 0

    def Unlink(self, path: str) -> int:
        try:
            os.unlink(path)
        except OSError:
            return -1
        return 0

    def Load(self, library: str, *others: Any) -> int:
        """TMVA's library needs no loading (0); any other is an error."""
        if "tmva" not in str(library).lower():
            raise _not_offered(f"gSystem cannot load {library!r}: there is no ROOT; import the Python module instead")
        return 0

    def __getattr__(self, name: str) -> Any:
        if name in ("Exec", "GetFromPipe"):
            raise _not_offered(f"gSystem.{name} is not offered: use subprocess.run")
        raise _unknown("gSystem", name, self)


class _Style:
    """gStyle: plots have their own style, so settings that begin with Set are taken and have no effect."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Set"):
            return lambda *arguments: None
        raise _unknown("gStyle", name, self)


def _not_offered(message: str) -> AttributeError:
    from . import NotOffered

    return NotOffered(message)


def _unknown(what: str, name: str, thing: Any) -> AttributeError:
    from .._near_misses import near_misses

    offered = [one for one in dir(type(thing)) if not one.startswith("_")]
    return _not_offered(f"{what} has no {name} here{near_misses(name, offered)} (it has {', '.join(offered)})")


gROOT = _ROOT()
gSystem = _System()
gStyle = _Style()
