"""What a cross-validation says about one method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.sample import DataSet
from ..evaluation import RocCurve, Table, roc_curve
from .booking import BookedMethod
from .folds import Folds
from .methods.base import AnalysisType

_POINTS = ("0.01", "0.10", "0.30")


@dataclass(frozen=True)
class AverageRocCurve:
    """Background rejection at fixed signal efficiencies: mean over the folds, and spread between them (n - 1).

    Attributes
    ----------
    signal_efficiency, background_rejection, deviation : float64 arrays of one length
    """

    signal_efficiency: NDArray[np.float64]
    background_rejection: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @property
    def integral(self) -> float:
        """Area under the mean curve."""
        steps = np.diff(self.signal_efficiency)
        return float(np.sum(steps * 0.5 * (self.background_rejection[1:] + self.background_rejection[:-1])))


@dataclass
class CrossValidationResult:
    """Numbers of one method, fold by fold.

    Attributes
    ----------
    title, analysis_type : of the method
    metrics : per fold what :func:`diskern.evaluation.evaluate` computes, test sample = the events of the fold
    curves : per fold the ROC curve (multiclass: of the class with index 0 against the rest; none in regression)
    fold : int32 array, the fold of each training event
    response : float64 array (events, outputs), by the model that did not see the event
    class_names : names of the classes
    """

    title: str
    analysis_type: AnalysisType
    metrics: list[dict[str, Any]]
    curves: list[RocCurve]
    fold: NDArray[np.int32]
    response: NDArray[np.float64]
    class_names: tuple[str, ...] = ()
    targets: tuple[str, ...] = field(default_factory=tuple)

    @classmethod
    def of_folds(
        cls, title: str, analysis_type: AnalysisType, data: DataSet, folds: Folds, booked: list[BookedMethod]
    ) -> CrossValidationResult:
        """Judge the trained methods of all folds."""
        from ..evaluation import evaluate
        from .factory import _method_result
        from .results import FactoryResults

        metrics, curves = [], []
        assert booked[0].response_test is not None
        response = np.empty((len(data.training), booked[0].response_test.shape[1]))
        for fold, method in enumerate(booked):
            results = FactoryResults("", analysis_type, method.dataset, [_method_result(method)])
            evaluate(results)
            metrics.append(results.methods[0].metrics)
            assert method.response_test is not None
            response[folds.index == fold] = method.response_test
            if analysis_type != "Regression":
                signal = data.info.signal_class if analysis_type == "Classification" else 0
                test = method.dataset.test
                curves.append(roc_curve(test.class_index == signal, method.response_test[:, 0], test.weight))
        names, targets = data.info.class_names, tuple(target.label for target in data.info.targets)
        return cls(title, analysis_type, metrics, curves, folds.index, response, names, targets)

    # -- TMVA's words -------------------------------------------------------------------------------------------------

    def GetROCValues(self) -> list[float]:
        """ROC integral of each fold (multiclass: the mean over the classes)."""
        return self._values("roc_integral")

    def GetROCAverage(self) -> float:
        """Mean of the ROC integrals."""
        return float(np.mean(self.GetROCValues()))

    def GetROCStandardDeviation(self) -> float:
        """Spread of the ROC integrals between the folds, with n - 1."""
        return float(np.std(self.GetROCValues(), ddof=1))

    def GetSepValues(self) -> list[float]:
        """Separation of each fold."""
        return self._values("separation")

    def GetSigValues(self) -> list[float]:
        """Significance |mean_S - mean_B| / sqrt(rms_S^2 + rms_B^2) of each fold."""
        return self._values("significance")

    def GetEff01Values(self) -> list[float]:
        """Signal efficiency of each fold at 1 % background efficiency."""
        return self._efficiencies("0.01", "test")

    def GetEff10Values(self) -> list[float]:
        """Signal efficiency of each fold at 10 % background efficiency."""
        return self._efficiencies("0.10", "test")

    def GetEff30Values(self) -> list[float]:
        """Signal efficiency of each fold at 30 % background efficiency."""
        return self._efficiencies("0.30", "test")

    def GetEffAreaValues(self) -> list[float]:
        """Area under the ROC curve of each fold."""
        return self.GetROCValues()

    def GetTrainEff01Values(self) -> list[float]:
        """Signal efficiency at 1 % background efficiency on the training events of each fold."""
        return self._efficiencies("0.01", "training")

    def GetTrainEff10Values(self) -> list[float]:
        """Signal efficiency at 10 % background efficiency on the training events of each fold."""
        return self._efficiencies("0.10", "training")

    def GetTrainEff30Values(self) -> list[float]:
        """Signal efficiency at 30 % background efficiency on the training events of each fold."""
        return self._efficiencies("0.30", "training")

    def GetROCCurves(self) -> list[RocCurve]:
        """The ROC curve of each fold."""
        self._needs_classes()
        return list(self.curves)

    def GetAvgROCCurve(self, numSamples: int = 100) -> AverageRocCurve:
        """Mean background rejection of the folds at ``numSamples`` signal efficiencies from 0 to 1."""
        self._needs_classes()
        if numSamples < 2:
            from .._core import InvalidArgument

            raise InvalidArgument(f"numSamples is {numSamples}, expected 2 or more")
        at = np.linspace(0.0, 1.0, numSamples)
        every = np.array([_rejection_at(curve, at) for curve in self.curves])
        return AverageRocCurve(at, every.mean(axis=0), every.std(axis=0, ddof=1))

    def Draw(self, name: str = "", axes: Any = None) -> Any:
        """Draw the ROC curve of every fold; returns the matplotlib axes."""
        from ..plotting import plot_roc

        self._needs_classes()
        curves = {f"fold {number + 1}": curve for number, curve in enumerate(self.curves)}
        axes = plot_roc(curves, axes, band=False)
        axes.set_title(name or self.title, fontsize="medium")
        return axes

    def DrawAvgROCCurve(self, drawFolds: bool = False, title: str = "", axes: Any = None) -> Any:
        """Draw the mean ROC curve with the spread of the folds; returns the matplotlib axes."""
        from ..plotting.style import colour, new_axes

        axes = new_axes(axes)
        mean = self.GetAvgROCCurve(200)
        if drawFolds:
            for curve in self.curves:
                axes.plot(curve.signal_efficiency, curve.background_rejection, color="0.75", linewidth=0.8)
        label = f"{self.title} ({self.GetROCAverage():.4f} ± {self.GetROCStandardDeviation():.4f})"
        axes.plot(mean.signal_efficiency, mean.background_rejection, color=colour(0), linewidth=1.6, label=label)
        low, high = mean.background_rejection - mean.deviation, mean.background_rejection + mean.deviation
        axes.fill_between(mean.signal_efficiency, low, high, color=colour(0), alpha=0.18, lw=0)
        axes.set(
            xlabel="Signal efficiency", ylabel="Background rejection (1 − efficiency)", xlim=(0, 1), ylim=(0, 1.02)
        )
        axes.set_title(title or "Mean of the folds", fontsize="medium")
        axes.legend(loc="lower left", fontsize="small")
        return axes

    def Print(self) -> None:
        """Print the table of the folds."""
        print(self.table())

    def table(self) -> Table:
        """The folds as a table."""
        if self.analysis_type == "Regression":
            table = Table(f"Cross-validation of {self.title}", ["Fold", *self._regression_columns()])
            rows = [
                [m["targets"][t]["test"][key] for t in self.targets for key in ("bias", "rms")] for m in self.metrics
            ]
        elif self.analysis_type == "Classification":
            columns = ["Fold", "ROC-integral", *(f"@B={point}" for point in _POINTS), "Separation", "Significance"]
            table = Table(f"Cross-validation of {self.title}", columns)
            rows = [
                [
                    m["roc_integral"],
                    *(m["efficiency_at_background"][point]["test"] for point in _POINTS),
                    m["separation"],
                    m["significance"],
                ]
                for m in self.metrics
            ]
        else:
            table = Table(f"Cross-validation of {self.title}", ["Fold", "mean ROC-integral", "Accuracy"])
            rows = [[m["roc_integral"], m["accuracy"]] for m in self.metrics]
        values = np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)
        for number, row in enumerate(values):
            table.rows.append([str(number + 1), *(f"{value:.4f}" for value in row)])
        table.rows.append(["mean", *(f"{value:.4f}" for value in values.mean(axis=0))])
        table.rows.append(["deviation", *(f"{value:.4f}" for value in values.std(axis=0, ddof=1))])
        table.note = "each fold is judged by the model that was trained without it; deviation: between folds, n - 1"
        return table

    def _regression_columns(self) -> list[str]:
        return [f"{name} of {target}" for target in self.targets for name in ("bias", "RMS")]

    def _needs_classes(self) -> None:
        if self.analysis_type == "Regression":
            from .._core import InvalidArgument

            raise InvalidArgument(f"{self.title} is a regression: it has no ROC curve; metrics has bias and RMS")

    def _values(self, key: str) -> list[float]:
        self._needs_classes()
        if key not in self.metrics[0]:
            return [float(np.mean([entry[key] for entry in m["classes"].values()])) for m in self.metrics]
        return [float("nan") if m[key] is None else float(m[key]) for m in self.metrics]

    def _efficiencies(self, point: str, sample: str) -> list[float]:
        self._needs_classes()
        if self.analysis_type == "Multiclass":
            return [
                float(np.mean([e["efficiency_at_background"][point][sample] for e in m["classes"].values()]))
                for m in self.metrics
            ]
        return [float(m["efficiency_at_background"][point][sample]) for m in self.metrics]


def _rejection_at(curve: RocCurve, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Background rejection at signal efficiencies; a vertical step counts with its best point."""
    efficiency = np.maximum.accumulate(curve.signal_efficiency)  # negative weights may take it back a little
    rejection: NDArray[np.float64] = np.interp(at, efficiency, curve.background_rejection)
    return rejection
