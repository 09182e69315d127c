"""Figures of merit: how good the responses to events that were not trained on are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ..._near_misses import near_misses
from ...data.sample import DataSetInfo, Sample
from ...evaluation import RocCurve, roc_curve, separation
from ..methods.base import AnalysisType

Responses = NDArray[np.float64]


def _curve(sample: Sample, response: Responses, signal: int) -> RocCurve:
    return roc_curve(sample.class_index == signal, response, sample.weight)


def _signal_efficiency(at: float) -> Callable[[Sample, Responses, int], float]:
    return lambda sample, response, signal: _curve(sample, response, signal).signal_efficiency_at(at)[0]


def _background_rejection(at: float) -> Callable[[Sample, Responses, int], float]:
    def figure(sample: Sample, response: Responses, signal: int) -> float:
        curve = _curve(sample, response, signal)
        # Negative weights may take the efficiency back a little.
        return float(np.interp(at, np.maximum.accumulate(curve.signal_efficiency), curve.background_rejection))

    return figure


# TMVA's names; larger is better, BkgEffAtSigEff05 counts negatively. Of a response and the index of the signal class.
_CLASS_FIGURES: Mapping[str, Callable[[Sample, Responses, int], float]] = {
    "ROCIntegral": lambda sample, response, signal: _curve(sample, response, signal).integral,
    "Separation": lambda sample, response, signal: separation(sample.class_index == signal, response, sample.weight),
    "SigEffAtBkgEff01": _signal_efficiency(0.1),
    "SigEffAtBkgEff001": _signal_efficiency(0.01),
    "SigEffAtBkgEff002": _signal_efficiency(0.02),
    "BkgRejAtSigEff05": _background_rejection(0.5),
    "BkgEffAtSigEff05": lambda sample, response, signal: _background_rejection(0.5)(sample, response, signal) - 1.0,
}


def _rms(sample: Sample, response: Responses) -> float:
    """Minus the weighted root mean square of the deviations, all targets together in units of their spread."""
    weight = sample.weight[:, None]
    targets = sample.targets[:, : response.shape[1]].astype(np.float64)
    mean = (weight * targets).sum(axis=0) / weight.sum()
    spread = (weight * (targets - mean) ** 2).sum(axis=0) / weight.sum()
    deviation = (weight * (response - targets) ** 2).sum(axis=0) / weight.sum()
    return -float(np.sqrt(np.mean(deviation / np.where(spread > 0, spread, 1.0))))


FIGURES: tuple[str, ...] = (*_CLASS_FIGURES, "RMS")


def figure_name(name: str, analysis_type: AnalysisType) -> str:
    """The figure of merit, in TMVA's spelling.

    Raises
    ------
    InvalidArgument
        an unknown name (with near misses), or one that does not go with the analysis
    """
    known = {one.lower(): one for one in FIGURES}
    found = known.get(str(name).lower())
    if found is None:
        raise InvalidArgument(
            f"unknown figure of merit {name!r}{near_misses(str(name), FIGURES)} (known: {', '.join(FIGURES)})"
        )
    if (found == "RMS") != (analysis_type == "Regression"):
        if analysis_type == "Regression":
            return "RMS"  # the other ones are of classes; TMVA's default is one of them
        raise InvalidArgument(f"RMS is a figure of regressions, this is a {analysis_type}")
    return found


def figure_of_merit(
    name: str, analysis_type: AnalysisType, info: DataSetInfo, sample: Sample, response: Responses
) -> float:
    """The figure of some events; larger is better. Several classes: the mean over the classes."""
    if analysis_type == "Regression":
        return _rms(sample, response)
    figure = _CLASS_FIGURES[name]
    if analysis_type == "Classification":
        return float(figure(sample, response[:, 0], info.signal_class))
    return float(np.mean([figure(sample, response[:, k], k) for k in range(len(info.class_names))]))
