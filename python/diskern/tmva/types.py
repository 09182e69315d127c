"""TMVA's enumerations and its global objects, as far as they mean something here."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._core import InvalidArgument


class EMVA(enum.IntEnum):
    """TMVA's methods. Being in this list does not mean that the method exists here: see ``methods.METHODS``."""

    kVariable = 0
    kCuts = 1
    kLikelihood = 2
    kPDERS = 3
    kHMatrix = 4
    kFisher = 5
    kKNN = 6
    kCFMlpANN = 7
    kTMlpANN = 8
    kBDT = 9
    kDT = 10
    kRuleFit = 11
    kSVM = 12
    kMLP = 13
    kBayesClassifier = 14
    kFDA = 15
    kBoost = 16
    kPDEFoam = 17
    kLD = 18
    kPlugins = 19
    kCategory = 20
    kDNN = 21
    kDL = 22
    kPyRandomForest = 23
    kPyAdaBoost = 24
    kPyGTB = 25
    kPyKeras = 26
    kPyTorch = 27
    kC50 = 28
    kRSNNS = 29
    kRSVM = 30
    kRXGB = 31
    kCrossValidation = 32

    @property
    def type_name(self) -> str:
        """The name in option strings and weight files, e.g. "BDT"."""
        return self.name[1:]


class EAnalysisType(enum.IntEnum):
    kClassification = 0
    kRegression = 1
    kMulticlass = 2
    kNoAnalysisType = 3


class ETreeType(enum.IntEnum):
    """The sample that events of a tree belong to; kMaxTreeType: to be split."""

    kTraining = 0
    kTesting = 1
    kMaxTreeType = 2


class Types:
    """TMVA's ``Types``: ``Types.kBDT``, ``Types.kTraining``, ``Types.kClassification`` ..."""

    EMVA = EMVA
    EAnalysisType = EAnalysisType
    ETreeType = ETreeType

    @classmethod
    def Instance(cls) -> type[Types]:
        """TMVA's singleton: the class itself."""
        return cls

    @staticmethod
    def GetMethodName(method: int) -> str:
        """The name of a method by its number."""
        return EMVA(method).type_name

    @staticmethod
    def GetMethodType(name: str) -> enum.IntEnum:
        """The number of a method by its name.

        Raises
        ------
        InvalidArgument
            unknown name, with near misses
        """
        from .._near_misses import near_misses

        names = {member.type_name: member for member in EMVA}
        if name not in names:
            raise InvalidArgument(f"TMVA has no method {name!r}{near_misses(str(name), names)}")
        return names[name]


for _enumeration in (EMVA, EAnalysisType, ETreeType):
    for _member in _enumeration:
        setattr(Types, _member.name, _member)


class Tools:
    """TMVA's tools singleton; scripts call ``Tools.Instance()`` first. There is nothing to set up here.

    What scripts call of it is here; for histograms and arrays take NumPy and :mod:`diskern.evaluation`.
    """

    _instance: Tools | None = None

    @classmethod
    def Instance(cls) -> Tools:
        """The one Tools object."""
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def TMVAWelcomeMessage(self) -> None:
        """Print who is at work."""
        from .._version import __version__

        print(f"Diskern {__version__}: TMVA's methods without ROOT")

    def TMVAVersionMessage(self) -> None:
        """Print the version."""
        from .._version import __version__

        print(f"Diskern {__version__}")

    def Color(self, name: str) -> str:
        """The code of a colour for a terminal: none, as the output has no colours."""
        return ""

    def SplitString(self, text: str, separator: str) -> list[str]:
        """The parts of a text between separators."""
        return str(text).split(separator)

    def ReplaceRegularExpressions(self, text: str, replace: str = "+") -> str:
        """A text with TMVA's characters for names replaced."""
        return re.sub(r"[$&|!%^()'<>?= ]", replace, str(text))

    def GetSeparation(self, signal: Any, background: Any) -> float:
        """Separation of two histograms of equal bins (arrays of contents, or objects with ``values()``): half the sum
        of (s - b)^2 / (s + b) of their normalised contents."""
        contents = []
        for histogram in (signal, background):
            values = np.asarray(histogram.values() if hasattr(histogram, "values") else histogram, np.float64)
            if values.ndim != 1 or not values.sum() > 0:
                raise InvalidArgument(f"a histogram needs bins of a positive sum, got shape {values.shape}")
            contents.append(values / values.sum())
        s, b = contents
        if s.shape != b.shape:
            raise InvalidArgument(f"the histograms have {len(s)} and {len(b)} bins, expected as many")
        filled = s + b > 0
        return float(0.5 * np.sum((s - b)[filled] ** 2 / (s + b)[filled]))


def gTools() -> Tools:
    """TMVA's tools singleton."""
    return Tools.Instance()


@dataclass
class IONames:
    """Where model files go: ``<dataset>/<fWeightFileDir>/``."""

    fWeightFileDir: str = "weights"
    fWeightFileExtension: str = "weights"


@dataclass
class VariablePlotting:
    """Bins of the plots in reports, in TMVA's names."""

    fNbins1D: int = 40  # of an input variable
    fNbinsMVAoutput: int = 40  # of a response


@dataclass
class Config:
    """The part of TMVA's global configuration that has an effect here."""

    silent: bool = False
    progress_bar: bool = True
    io_names: IONames = field(default_factory=IONames)
    variable_plotting: VariablePlotting = field(default_factory=VariablePlotting)

    def SetSilent(self, silent: bool = True) -> None:
        """No Factory prints anything."""
        self.silent = bool(silent)

    def IsSilent(self) -> bool:
        return self.silent

    def SetDrawProgressBar(self, draw: bool = True) -> None:
        """Whether training shows its progress on a terminal."""
        self.progress_bar = bool(draw)

    def DrawProgressBar(self) -> bool:
        return self.progress_bar

    def SetUseColor(self, use: bool = True) -> None:
        """Nothing: the output has no colours."""

    def UseColor(self) -> bool:
        """False: the output has no colours."""
        return False

    def GetVariablePlotting(self) -> VariablePlotting:
        """Change ``gConfig().GetVariablePlotting().fNbins1D`` for other bins in the plots of reports."""
        return self.variable_plotting

    def GetNCpu(self) -> int:
        """Threads that a Factory uses by default."""
        from .. import _core

        return int(_core.available_threads())

    def GetIONames(self) -> IONames:
        """Change ``gConfig().GetIONames().fWeightFileDir`` to write model files elsewhere."""
        return self.io_names


_config = Config()


def gConfig() -> Config:
    """TMVA's global configuration: SetSilent, SetDrawProgressBar, GetIONames(), GetVariablePlotting(), GetNCpu().

    What TMVA has beyond this (colours, canvas styles) has no meaning here and is not offered; the number of threads is
    an argument of the Factory.
    """
    return _config
