"""TMVA's Boost: any classifier trained again and again on events with other weights (``Boost_Num`` in its options)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ..._core import InvalidArgument
from .base import LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample

BOOST_OPTIONS = (
    Option("Boost_Num", "int", 1, "number of classifiers; 0: no boosting"),
    Option(
        "Boost_Type",
        "choice",
        "AdaBoost",
        "how the weights of the events change",
        ("AdaBoost", "RealAdaBoost", "Bagging", "HighEdgeGauss", "HighEdgeCoPara"),
    ),
    Option("Boost_AdaBoostBeta", "float", 1.0, "exponent of the weights of AdaBoost"),
    Option(
        "Boost_Transform",
        "choice",
        "step",
        "what happens to a response before the mean",
        ("step", "linear", "log", "gauss"),
    ),
    Option("Boost_BaggedSampleFraction", "float", 0.6, "Bagging: mean number of times that an event is taken"),
    Option("Boost_RandomSeed", "int", 0, "Bagging: seed; classifier i is bagged with seed + i"),
    Option("Boost_MonitorMethod", "bool", True, "keep the error of every step for the report"),
    Option("Boost_DetailedMonitoring", "bool", False, "TMVA's histograms of every step, not made"),
    Option("Boost_MethodWeightType", "str", "ByError", "TMVA's old option"),
    Option("Boost_RecalculateMVACut", "bool", True, "TMVA's old option"),
)
_BINS = 10001  # of the histogram in which the cut is sought
_STOP = 0.49999  # error above which boosting does not help


def is_boosted(options: str, keywords: Mapping[str, Any]) -> bool:
    """Whether a booking asks for boosting: it has Boost_Num."""
    tokens = [token.split("=")[0].strip(" !").lower() for token in options.split(":")] if options else []
    return "boost_num" in tokens or any(name.lower() == "boost_num" for name in keywords)


class Boost(Method):
    """Classifiers of one kind, each trained where those before it were wrong (tmva.md 2.18).

    AdaBoost: the weights of wrong events grow by exp(alpha), alpha = beta ln((1 - error) / error), then both classes
    get half of the sum. RealAdaBoost takes the probability of signal at a response instead of right and wrong: the part
    of signal among the hundredth of the events on each side with the closest responses. Bagging: Poisson numbers as
    weights; every classifier counts the same. The response is the mean of the transformed responses, weighted by
    alpha.
    """

    type_name: ClassVar[str] = "Boost"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})
    options: ClassVar[tuple[Option, ...]] = BOOST_OPTIONS

    def __init__(self, title: str, analysis_type: str, values: Mapping[str, Any], inner: Method | None = None) -> None:
        super().__init__(title, analysis_type, values)  # type: ignore[arg-type]
        if inner is None:
            raise InvalidArgument(
                f"{title}: Boost is booked by the options of the method that is boosted, such as "
                '"Fisher", "Boost_Num=20"'
            )
        self.inner = inner
        # What the classifiers take, their boosting takes.
        self.accepts_missing = inner.accepts_missing  # type: ignore[misc]
        self.accepts_infinite = inner.accepts_infinite  # type: ignore[misc]
        self.applies_transformations = inner.applies_transformations  # type: ignore[misc]
        if self.values["Boost_Num"] < 1:
            raise InvalidArgument(f"{title}: Boost_Num is {self.values['Boost_Num']}, expected 0 or more")
        kind = self.values["Boost_Type"]
        if kind.startswith("HighEdge"):
            raise InvalidArgument(
                f"{title}: Boost_Type={kind}, which TMVA itself has dropped, is not offered; AdaBoost, RealAdaBoost "
                "and Bagging are"
            )
        if not (math.isfinite(self.values["Boost_AdaBoostBeta"]) and self.values["Boost_AdaBoostBeta"] > 0):
            raise InvalidArgument(
                f"{title}: Boost_AdaBoostBeta is {self.values['Boost_AdaBoostBeta']}, expected a positive number"
            )
        if not 0 < self.values["Boost_BaggedSampleFraction"] < 25:
            raise InvalidArgument(
                f"{title}: Boost_BaggedSampleFraction is {self.values['Boost_BaggedSampleFraction']}, expected a "
                "number above 0 and below 25"
            )
        if not 0 <= self.values["Boost_RandomSeed"] < 2**31:
            raise InvalidArgument(
                f"{title}: Boost_RandomSeed is {self.values['Boost_RandomSeed']}, expected 0 to {2**31 - 1}"
            )
        if analysis_type == "Regression" and (kind != "Bagging" or self.values["Boost_Transform"] != "linear"):
            raise InvalidArgument(
                f"{title}: regression is boosted by Boost_Type=Bagging with Boost_Transform=linear only"
            )

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        idle = dict(self.inner.without_effect(given))
        idle["Boost_DetailedMonitoring"] = "here: the error of every step is in the report"
        idle["Boost_MethodWeightType"] = idle["Boost_RecalculateMVACut"] = "in TMVA 4.2 and here"
        if self.values["Boost_Type"] == "Bagging":
            idle["Boost_AdaBoostBeta"] = "with Boost_Type=Bagging"
        else:
            idle["Boost_BaggedSampleFraction"] = idle["Boost_RandomSeed"] = (
                f"with Boost_Type={self.values['Boost_Type']}"
            )
        return idle

    def uses_validation(self) -> bool:
        return self.inner.uses_validation()

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        number = self.values["Boost_Num"]
        kind = self.values["Boost_Type"]
        members: list[Any] = []
        weights: list[float] = []
        cuts: list[float] = []
        orientations: list[float] = []
        errors: list[float] = []
        notes: list[str] = []
        interrupted = False
        boost = np.ones(len(sample.weight))
        for step in range(number):
            try:
                trained = self.inner.train(_weighted(sample, boost), validation, threads=threads)
            except KeyboardInterrupt:
                if not members:
                    raise
                interrupted = True
                break
            if not isinstance(trained.predictor, _core.Predictor):
                raise InvalidArgument(f"{self.title}: a method without a native model cannot be boosted")
            if trained.interrupted and members:
                interrupted = True
                break
            members.append(trained.predictor)
            interrupted = interrupted or trained.interrupted
            if self.analysis_type == "Regression":
                weights.append(1.0)
                cuts.append(0.0)
                orientations.append(1.0)
                boost = self._bagged(step + 1, len(boost))
            else:
                responses = np.asarray(trained.predictor.evaluate(sample.variables, threads=threads))[:, 0]
                event_weight = sample.weight * boost
                cut, orientation = find_cut(responses, event_weight, sample.is_signal)
                cuts.append(cut)
                orientations.append(orientation)
                if kind == "Bagging":
                    alpha, error = 1.0, math.nan
                    boost = self._bagged(step + 1, len(boost))
                else:
                    alpha, error, factor = self._adaptive(responses, cut, orientation, event_weight, sample.is_signal)
                    boost = _renormalised(boost * factor, sample)
                weights.append(alpha)
                errors.append(error)
            if progress is not None:
                progress(step + 1, number, errors[-1] if errors else math.nan, math.nan)
            if interrupted:
                break
            if kind != "Bagging" and self._at_end(errors[-1]):
                notes.append(
                    f"boosting ended after {step + 1} of {number} classifiers: the error is {errors[-1]:.4f}, there is "
                    "nothing left to correct"
                )
                break
        if sum(weights) <= 0:  # a first classifier that is no better than chance counts as it is
            weights = [1.0, *[0.0] * (len(weights) - 1)]
        notes.insert(0, f"{len(members)} classifiers of {type(self.inner).type_name}")
        curves = []
        if self.values["Boost_MonitorMethod"] and kind != "Bagging" and errors:
            curves.append(LearningCurve("error fraction", np.arange(1.0, len(errors) + 1), np.asarray(errors)))
        predictor = _core.Boosted(
            _core.BoostTransform.__members__[self.values["Boost_Transform"]], members, weights, cuts, orientations
        )
        return TrainedMethod(predictor, curves=curves, notes=notes, interrupted=interrupted)

    def _at_end(self, error: float) -> bool:
        if self.values["Boost_Type"] == "RealAdaBoost":
            return not 1e-5 < error < 1 - 1e-12  # here a correlation: large is good
        return not 1e-12 < error < _STOP

    def _bagged(self, step: int, events: int) -> NDArray[np.float64]:
        drawn = _core.tmva_poisson(
            self.values["Boost_RandomSeed"] + step, self.values["Boost_BaggedSampleFraction"], events
        )
        return np.asarray(drawn, np.float64)

    def _adaptive(
        self,
        responses: NDArray[np.float64],
        cut: float,
        orientation: float,
        weight: NDArray[np.float64],
        is_signal: NDArray[np.bool_],
    ) -> tuple[float, float, NDArray[np.float64]]:
        """Weight of the classifier, its error, and the factors on the weights of the events."""
        beta = self.values["Boost_AdaBoostBeta"]
        if self.values["Boost_Type"] == "AdaBoost":
            wrong = (responses * orientation > cut * orientation) != is_signal
            error = float(weight[wrong].sum() / weight.sum())
            safe = min(max(error, 1e-12), 1 - 1e-12)
            alpha = beta * math.log((1 - safe) / safe)
            exponent = np.where(wrong, alpha, 0.0)
        else:
            sign = np.where(is_signal, 1.0, -1.0) * (2 * signal_probability(responses, weight, is_signal) - 1)
            error = float((weight * sign).sum() / weight.sum())
            safe = min(max(error, -1 + 1e-12), 1 - 1e-12)
            alpha = beta * math.log((1 + safe) / (1 - safe))
            exponent = -alpha * sign
        return alpha, error, np.exp(np.where(weight > 0, exponent, -exponent))


def _weighted(sample: TrainingSample, boost: NDArray[np.float64]) -> TrainingSample:
    """The sample with weights times boost; events of weight 0 are left out."""
    weight = sample.weight * boost
    if (boost != 0).all():
        return replace(sample, weight=np.ascontiguousarray(weight), unboosted_weight=sample.weight)
    kept = boost != 0
    return replace(
        sample,
        variables=np.ascontiguousarray(sample.variables[kept]),
        class_index=np.ascontiguousarray(sample.class_index[kept]),
        targets=np.ascontiguousarray(sample.targets[kept]),
        weight=np.ascontiguousarray(weight[kept]),
        unboosted_weight=np.ascontiguousarray(sample.weight[kept]),
        spectators={name: column[kept] for name, column in sample.spectators.items()},
    )


def _renormalised(boost: NDArray[np.float64], sample: TrainingSample) -> NDArray[np.float64]:
    """Both classes with half of the sum that all events had."""
    weight = sample.weight * boost
    half = sample.weight.sum() / 2
    result: NDArray[np.float64] = boost.copy()
    for mask in (sample.is_signal, ~sample.is_signal):
        total = weight[mask].sum()
        if not (math.isfinite(total) and total > 0):
            raise InvalidArgument(f"boosting leaves a class with the sum of weights {total:g}, expected a positive one")
        result[mask] *= half / total
    return result


def find_cut(
    responses: NDArray[np.float64], weight: NDArray[np.float64], is_signal: NDArray[np.bool_]
) -> tuple[float, float]:
    """The cut on the response that gains most purity (Gini index) in a histogram of 10001 bins, and the side of signal.

    Returns
    -------
    cut, and 1 where signal lies above it or -1 where below
    """
    if not np.isfinite(responses).all():
        raise InvalidArgument("a classifier that is boosted gives responses that are not finite")
    low, high = float(responses.min()), float(responses.max())
    high += (high - low) / _BINS
    if not high > low:
        return low, 1.0
    bins = np.minimum((_BINS * ((responses - low) / (high - low))).astype(np.int64), _BINS - 1)
    signal = np.cumsum(np.bincount(bins[is_signal], weight[is_signal], _BINS))
    background = np.cumsum(np.bincount(bins[~is_signal], weight[~is_signal], _BINS))

    def impurity(s: Any, b: Any) -> Any:
        total = s + b
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((s > 0) & (b > 0) & (total > 0), 2 * s * b / total, 0.0)

    all_signal, all_background = signal[-1], background[-1]
    gain = impurity(all_signal, all_background) - (
        impurity(all_signal - signal, all_background - background) + impurity(signal, background)
    )
    best = int(np.argmax(gain))
    s, b = signal[best], background[best]
    below = s * (all_background - b) > (all_signal - s) * b
    return low + (best + 1) * (high - low) / _BINS, -1.0 if below else 1.0


def signal_probability(
    responses: NDArray[np.float64], weight: NDArray[np.float64], is_signal: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Part of signal (by weight) among the events of the closest responses: a hundredth, at least 20, on each side."""
    n = len(responses)
    order = np.argsort(responses, kind="stable")
    reach = max(20, n // 100)
    ordered = np.maximum(weight[order], 0.0)
    total = np.concatenate([[0.0], np.cumsum(ordered)])
    signal = np.concatenate([[0.0], np.cumsum(np.where(is_signal[order], ordered, 0.0))])
    first = np.maximum(np.arange(n) - reach, 0)
    last = np.minimum(np.arange(n) + reach + 1, n)
    # Equal responses have one probability: their windows are joined.
    values = responses[order]
    starts = np.searchsorted(values, values, side="left")
    ends = np.searchsorted(values, values, side="right") - 1
    first, last = first[starts], last[ends]
    inside = total[last] - total[first]
    share = np.where(inside > 0, (signal[last] - signal[first]) / np.where(inside > 0, inside, 1.0), 0.5)
    result = np.empty(n)
    result[order] = share
    return result
