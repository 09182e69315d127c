"""What TMVA scripts use of ROOT: ``import diskern.ROOT as ROOT``, then the script as it is.

Offered are TMVA, TFile, TTree and TChain (reading), RDataFrame as far as scripts read columns, TCut, TString, gROOT,
gSystem, gStyle, gRandom, TStopwatch, and TCanvas, TGraph, TMultiGraph, TLegend, TH1F and TH1D as far as they are drawn
and saved. Whatever else is asked for raises an error that names what stands in its place (docs/root-scripts.md).
"""

from __future__ import annotations

import importlib
from typing import Any

_WHERE = {
    "DisableImplicitMT": ".system",
    "EnableImplicitMT": ".system",
    "GetThreadPoolSize": ".system",
    "IsImplicitMTEnabled": ".system",
    "RDF": ".frame",
    "RDataFrame": ".frame",
    "TCanvas": ".graphics",
    "TChain": ".trees",
    "TCut": ".text",
    "TFile": ".files",
    "TGraph": ".graphics",
    "TH1": ".histogram",
    "TH1D": ".histogram",
    "TH1F": ".histogram",
    "TLegend": ".graphics",
    "TMVA": None,
    "TMultiGraph": ".graphics",
    "TObjString": ".text",
    "TRandom": ".random",
    "TRandom3": ".random",
    "TStopwatch": ".system",
    "TString": ".text",
    "TTree": ".trees",
    "gErrorIgnoreLevel": ".system",
    "gPad": ".graphics",
    "gROOT": ".system",
    "gRandom": ".random",
    "gStyle": ".system",
    "gSystem": ".system",
    "std": ".cpp",
}

# ROOT's colours, whose numbers scripts pass to SetLineColor and the like.
_COLOURS = {
    "kWhite": 0,
    "kBlack": 1,
    "kGray": 920,
    "kRed": 632,
    "kGreen": 416,
    "kBlue": 600,
    "kYellow": 400,
    "kMagenta": 616,
    "kCyan": 432,
    "kOrange": 800,
    "kSpring": 820,
    "kTeal": 840,
    "kAzure": 860,
    "kViolet": 880,
    "kPink": 900,
}
_NUMBERS = {
    "kTRUE": True,
    "kFALSE": False,
    "kPrint": 0,
    "kInfo": 1000,
    "kWarning": 2000,
    "kError": 3000,
    "kFatal": 6000,
    **_COLOURS,
}

# Names that TMVA scripts and those around them use, and what to use here.
_INSTEAD = {
    "TBrowser": "diskern report FILE",
    "TF1": "a function of Python",
    "TF2": "a function of NumPy arrays",
    "TFormula": "diskern.expression.Expression",
    "TGraphErrors": "matplotlib's errorbar",
    "TH2D": "numpy.histogram2d and matplotlib",
    "TH2F": "numpy.histogram2d and matplotlib",
    "TLatex": "the text of matplotlib's axes",
    "TLorentzVector": "the package vector, or an expression of the DataLoader",
    "TMath": "math and numpy; in expressions of the DataLoader TMath:: is understood",
    "TNtuple": "RDF.FromNumpy(columns).Snapshot(tree, file)",
    "TPaveText": "the text of matplotlib's axes",
    "TProfile": "numpy.histogram and matplotlib",
    "TSpline3": "scipy.interpolate",
    "TTreeFormula": "diskern.expression.Expression",
    "TTreeReader": "RDataFrame(...).AsNumpy(), or diskern.data.read_table",
    "VecOps": "NumPy",
    "gDirectory": "the TFile object",
    "gInterpreter": "Python: C++ code is not run",
}

__all__ = [*_WHERE, *_NUMBERS]


class NotOffered(AttributeError):
    """A part of ROOT that is not here; the message says what stands in its place."""


def instead(name: str) -> NotOffered:
    """The error for a name of ROOT that is not offered."""
    from .._near_misses import near_misses

    if name in _INSTEAD:
        return NotOffered(f"diskern.ROOT has no {name}; use {_INSTEAD[name]}")
    near = near_misses(name, __all__)
    return NotOffered(
        f"diskern.ROOT has no {name}{near}: it offers only what TMVA scripts use (docs/root-scripts.md); for events "
        "and plots take diskern.data, NumPy and matplotlib"
    )


def __getattr__(name: str) -> Any:
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name == "TMVA":
        return importlib.import_module(".tmva", __name__)
    if name in _WHERE:
        return getattr(importlib.import_module(str(_WHERE[name]), __name__), name)
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise instead(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
