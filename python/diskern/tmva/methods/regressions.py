"""Linear and logistic regression: not methods of TMVA, bookable beside its LD and Fisher."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from .base import LearningCurve, Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .fisher import coefficient_lines, ranked

_DEFAULTS = _core.LinearFitParams()
_OPTIONS = (
    Option(
        "Solver",
        "choice",
        _DEFAULTS.Solver.name,
        "Newton: the normal equations (LinearRegression), iterated (LogisticRegression); GradientDescent: of all "
        "events, with momentum; Stochastic: event by event; MiniBatch",
        tuple(_core.LinearSolver.__members__),
    ),
    Option("L2", "float", _DEFAULTS.L2, "half of it times the squares of the coefficients is added to the mean loss"),
    Option("L1", "float", _DEFAULTS.L1, "it times the sizes of the coefficients is added; not with Solver=Newton"),
    Option("Standardise", "bool", _DEFAULTS.Standardise, "L2 and L1 are those of variables in units of their spread"),
    Option("LearningRate", "float", _DEFAULTS.LearningRate, "first step of Stochastic and MiniBatch; falls with time"),
    Option("MaxIterations", "int", _DEFAULTS.MaxIterations, "most passes over the events"),
    Option("BatchSize", "int", _DEFAULTS.BatchSize, "events of a batch of MiniBatch"),
    Option("Tolerance", "float", _DEFAULTS.Tolerance, "relative change of the loss that ends the fit"),
    Option("Seed", "int", 0, "of the order of events of Stochastic and MiniBatch"),
)
_NUMBERS = ("L2", "L1", "Standardise", "LearningRate", "MaxIterations", "BatchSize", "Tolerance")


class _Regression(Method):
    options: ClassVar[tuple[Option, ...]] = _OPTIONS

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if self.values["Seed"] < 0:
            raise InvalidArgument(f"{title}: Seed is {self.values['Seed']}, expected 0 or more")

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        solver = self.values["Solver"]
        idle = {}
        if solver in ("Newton", "GradientDescent"):
            idle = dict.fromkeys(("LearningRate", "Seed"), f"with Solver={solver}")
        if solver != "MiniBatch":
            idle["BatchSize"] = f"with Solver={solver}"
        return idle

    def _params(self, sample: TrainingSample, loss: _core.LinearLoss) -> _core.LinearFitParams:
        params = _core.LinearFitParams()
        params.loss = loss
        params.Solver = _core.LinearSolver.__members__[self.values["Solver"]]
        for name in _NUMBERS:
            setattr(params, name, self.values[name])
        params.variable_names = list(sample.variable_labels)
        return params

    def _trained(
        self, result: _core.LinearFitResult, sample: TrainingSample, names: list[str], cut: float | None
    ) -> TrainedMethod:
        notes = [f"{len(result.loss)} passes over the events, mean loss {result.loss[-1]:.6g}" if result.loss else ""]
        if not result.converged and not result.interrupted:
            notes.append(f"MaxIterations={self.values['MaxIterations']} ended the fit before it had converged")
        coefficients = result.predictor.coefficients
        for name, row in zip(names, coefficients, strict=True):
            notes += coefficient_lines(name, sample.variable_labels, row.tolist())
        curves = []
        if len(result.loss) > 1:
            passes = np.arange(1.0, len(result.loss) + 1)
            curves = [LearningCurve("mean loss", passes, np.asarray(result.loss, np.float64))]
        ranking = ranked(sample.variable_labels, result.ranking)
        return TrainedMethod(
            result.predictor,
            "Coefficient x spread",
            ranking,
            curves=curves,
            notes=[note for note in notes if note],
            interrupted=result.interrupted,
            signal_cut=cut,
        )


class LinearRegression(_Regression):
    """Weighted least squares of each target by the variables and a constant, with L2 and L1.

    Without them and with ``Solver=Newton`` it is TMVA's LD of a regression. In classification the target is 1 for
    signal and 0 for background (LD shifts the constant, which is kept here). Event weights enter the sums with their
    sign; the sum of all must be positive. Ranking "Coefficient x spread": the size of the coefficient in units of the
    variable's spread (the largest of all targets).
    """

    type_name: ClassVar[str] = "LinearRegression"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        classification = self.analysis_type == "Classification"
        if classification and (sample.is_signal.all() or not sample.is_signal.any()):
            raise InvalidArgument(f"{self.title}: the training sample holds events of one class only")
        targets = sample.is_signal[:, np.newaxis] if classification else sample.targets
        result = _core.fit_linear(
            self._params(sample, _core.LinearLoss.squared),
            sample.variables,
            np.ascontiguousarray(targets, np.float64),
            sample.weight,
            seed=self.values["Seed"],
            threads=threads,
            progress=progress,
        )
        names = ["LinearRegression"] if classification else [f"target {k}" for k in range(targets.shape[1])]
        return self._trained(result, sample, names, 0.5 if classification else None)


class LogisticRegression(_Regression):
    """The probability of signal, or of each of several classes (softmax), from linear scores.

    Minimised is the weighted mean of -ln of the probability of each event's own class, with L2 and L1. The weights of
    the training sample decide how often a class is expected: NormMode makes the classes equal. Event weights enter the
    sums with their sign; the sum of each class must be positive. Ranking as of LinearRegression.
    """

    type_name: ClassVar[str] = "LogisticRegression"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass"})

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        n_classes = len(sample.class_names)
        result = _core.fit_logistic(
            self._params(sample, _core.LinearLoss.logistic),
            sample.variables,
            sample.class_index,
            n_classes,
            sample.signal_class,
            sample.weight,
            seed=self.values["Seed"],
            threads=threads,
            progress=progress,
        )
        names = ["log odds"] if n_classes == 2 else list(sample.class_names)
        return self._trained(result, sample, names, 0.5 if n_classes == 2 else None)
