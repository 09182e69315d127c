"""ROOT's TMVA namespace: what diskern.tmva has, with ROOT's objects where scripts expect them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .. import tmva as _tmva
from ..evaluation import RocCurve
from ..tmva.cross_validation import CrossValidation as _CrossValidation
from ..tmva.factory import Factory as _Factory
from ..tmva.gui import TMVAGui
from ..tmva.reader import Reader as _Reader
from ..tmva.types import ETreeType
from .graphics import TCanvas, TGraph, TMultiGraph
from .histogram import TH1F
from .system import threads

_INSTEAD = {
    "Classification": "Factory and CrossValidation (ROOT has removed it)",
    "DataSetInfo": "DataLoader.dataset.info",
    "Event": "arrays of events: Reader.EvaluateMVA(events, tag)",
    "Interval": "tuning ranges: OptimizeAllMethods(..., ranges={title: {option: (minimum, maximum, points)}})",
    "ROCCurve": "factory.GetROC(loader, title), or diskern.evaluation.roc_curve",
    "PyMethodBase": "estimator objects: factory.BookMethod(loader, estimator, title)",
    "ROCCalc": "factory.GetROCCurve(loader, title)",
    "TSpline1": "scipy.interpolate",
    "variables": "diskern report FILE",
}

__all__ = [
    *_tmva.__all__,
    "correlations",
    "efficiencies",
    "mvas",
    "mvaeffs",
]


def __getattr__(name: str) -> Any:
    if name in _tmva.__all__:
        return getattr(_tmva, name)
    if name in ("kTraining", "kTesting", "kMaxTreeType"):
        return ETreeType[name]
    if name == "PyMethodBase":
        return _PyMethodBase
    if name.startswith("__"):
        raise AttributeError(name)
    from .._near_misses import near_misses
    from . import NotOffered

    if name in _INSTEAD:
        raise NotOffered(f"TMVA.{name} is not offered; use {_INSTEAD[name]}")
    raise NotOffered(f"TMVA has no {name} here{near_misses(name, __all__)} (it has {', '.join(sorted(__all__))})")


class _PyMethodBase:
    @staticmethod
    def PyInitialize() -> None:
        """Python runs already."""


def graph_of(curve: RocCurve, title: str) -> TGraph:
    """Background rejection against signal efficiency."""
    from ..plotting.roc import _thin

    keep = _thin(curve.signal_efficiency, curve.background_efficiency)
    graph = TGraph(np.asarray(curve.signal_efficiency)[keep], np.asarray(curve.background_rejection)[keep])
    graph.SetTitle(f"{title};Signal efficiency (Sensitivity);Background rejection (Specificity)")
    return graph


class _Roc:
    """A RocCurve with the methods of ROOT's ROCCurve."""

    def __init__(self, curve: RocCurve, title: str) -> None:
        self._curve, self._title = curve, title

    def __getattr__(self, name: str) -> Any:
        return getattr(self._curve, name)

    def GetROCIntegral(self, points: int = 0) -> float:
        """Area under the curve, of all its points."""
        return self._curve.integral

    def GetROCCurve(self, points: int = 100) -> TGraph:
        """Background rejection against signal efficiency."""
        return graph_of(self._curve, self._title)

    def GetEffSForEffB(self, background_efficiency: float, points: int = 100) -> float:
        """Signal efficiency at a background efficiency."""
        return float(self._curve.signal_efficiency_at(background_efficiency)[0])


class Factory(_Factory):
    """The Factory; its ROC curves are TGraph, TMultiGraph and TCanvas, its output is a TFile."""

    def __init__(self, job: str, *arguments: Any, **keywords: Any) -> None:
        texts = {name: ";".join(value) if isinstance(value, list) else value for name, value in keywords.items()}
        given: Any = {"threads": threads(), **texts}
        super().__init__(str(job), *(str(a) if isinstance(a, str) else a for a in arguments), **given)

    def GetROCCurve(self, dataset: Any, title: Any = None, *others: Any) -> Any:
        """Without a title a TCanvas with the curves of all methods (of one class against the rest: ``iClass``), with
        one a TGraph."""
        if title is None or isinstance(title, int):
            canvas = TCanvas("c_roc", "ROC curves", 800, 600)
            graphs = self.GetROCCurveAsMultiGraph(dataset, title or 0)
            graphs.Draw("AL")
            graphs.BuildLegend()
            return canvas
        numbers = [value for value in others if not isinstance(value, bool)]  # setTitles comes before iClass
        return graph_of(super().GetROCCurve(dataset, str(title), *numbers), str(title))

    def GetROC(self, dataset: Any, title: str, iClass: int = 0, type: Any = ETreeType.kTesting) -> _Roc:
        """The ROC curve as numbers, with ``GetROCIntegral`` and ``GetROCCurve`` of ROOT's ROCCurve."""
        return _Roc(super().GetROCCurve(dataset, str(title), iClass, type), str(title))

    def GetROCCurveAsMultiGraph(self, dataset: Any, iClass: int = 0, type: Any = ETreeType.kTesting) -> TMultiGraph:
        """The curves of all methods."""
        graphs = TMultiGraph("roc", "ROC curves;Signal efficiency;Background rejection")
        for booked in self._booked[self._dataset_name(dataset)]:
            if booked.response_test is not None:
                graphs.Add(graph_of(super().GetROCCurve(dataset, booked.title, iClass, type), booked.title))
        return graphs

    def GetROCIntegral(self, dataset: Any, title: Any = None, iClass: int = 0, type: Any = ETreeType.kTesting) -> float:
        """Area under the ROC curve."""
        return super().GetROCCurve(dataset, None if title is None else str(title), iClass, type).integral

    def EvaluateImportance(self, *arguments: Any, **keywords: Any) -> Any:
        """A TH1F with the importance of each variable in percent, labelled by its name."""
        result = super().EvaluateImportance(*arguments, **keywords)
        percent = result.percent()
        histogram = TH1F("VI", f"Variable importance of {result.title};;%", len(percent), 0, len(percent))
        for number, (name, value) in enumerate(percent.items(), 1):
            histogram.SetBinContent(number, 0.0 if np.isnan(value) else value)
            histogram.GetXaxis().SetBinLabel(number, name)
        return histogram


class CrossValidation(_CrossValidation):
    """CrossValidation; the ROC curves of its results are drawn into a TCanvas."""

    def __init__(self, job: str, *arguments: Any, **keywords: Any) -> None:
        keywords.setdefault("threads", threads())
        super().__init__(str(job), *(str(a) if isinstance(a, str) else a for a in arguments), **keywords)

    def GetResults(self) -> list[Any]:
        return [_Result(result) for result in super().GetResults()]


class _Result:
    """A CrossValidationResult with ROOT's objects."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def GetROCCurves(self, legend: bool = True) -> TMultiGraph:
        graphs = TMultiGraph("roc", f"{self._result.title};Signal efficiency;Background rejection")
        for number, curve in enumerate(self._result.GetROCCurves(), 1):
            graphs.Add(graph_of(curve, f"fold {number}"))
        if legend:
            graphs.BuildLegend()
        return graphs

    def GetAvgROCCurve(self, numSamples: int = 100) -> TGraph:
        mean = self._result.GetAvgROCCurve(numSamples)
        graph = TGraph(mean.signal_efficiency, mean.background_rejection)
        graph.SetTitle(f"{self._result.title}, mean;Signal efficiency;Background rejection")
        return graph

    def Draw(self, name: str = "") -> TCanvas:
        canvas = TCanvas(name or "CrossValidation", "", 800, 600)
        self.GetROCCurves().Draw("AL")
        return canvas

    def DrawAvgROCCurve(self, drawFolds: bool = False, title: str = "") -> TCanvas:
        canvas = TCanvas("CrossValidation", "", 800, 600)
        graphs = self.GetROCCurves(False) if drawFolds else TMultiGraph("roc")
        graphs.SetTitle(f"{title or self._result.title};Signal efficiency;Background rejection")
        graphs.Add(self.GetAvgROCCurve())
        graphs.BuildLegend()
        graphs.Draw("AL")
        return canvas


class Reader(_Reader):
    """The Reader; where a method has no weight file of TMVA, it takes Diskern's model beside it and says so."""

    def BookMVA(self, tag: Any, path: Any) -> Any:
        text, ending = os.fspath(path) if not isinstance(path, str) else str(path), ".weights.xml"
        model = text.removesuffix(ending) + ".diskern"
        if text.endswith(ending) and not os.path.exists(text) and os.path.exists(model):
            print(f"Note: {text} is not there (TMVA cannot read this method back); {model} is taken")
            text = model
        return super().BookMVA(str(tag), text)


def _report_button(name: str) -> Any:
    def button(dataset: str, file: str, *others: Any) -> None:
        TMVAGui(file, dataset)

    button.__doc__ = f"TMVAGui's {name}: the plots are in the report, which is opened."
    return button


mvas, efficiencies, mvaeffs, correlations = map(_report_button, ("mvas", "efficiencies", "mvaeffs", "correlations"))
