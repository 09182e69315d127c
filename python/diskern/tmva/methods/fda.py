"""TMVA's FDA: a formula with free parameters."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from ._fitters import fitter_options, fitter_params, idle_fitter_options
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_LOSSES = {
    "Classification": _core.FormulaLoss.classification,
    "Regression": _core.FormulaLoss.regression,
    "Multiclass": _core.FormulaLoss.multiclass,
}


class FDA(Method):
    """Function discriminant: the parameters of a formula fitted to the classes or targets (tmva.md 2.10).

    Minimised are the mean of (f - 1)^2 over signal plus that of f^2 over background; the mean squared deviation from
    the targets; for several classes the cross entropy of the softmax over one set of parameters per class. All fitters
    see every parameter (TMVA's MINUIT moves only the constant), and the multiclass loss falls (TMVA's rises). Event
    weights enter the means with their sign. Without a ranking, as in TMVA.
    """

    type_name: ClassVar[str] = "FDA"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass", "Regression"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("Formula", "str", "(0)", "parameters (0), (1), ..., variables x0, x1, ..., functions of expressions"),
        Option("ParRanges", "str", "()", "ranges of the parameters: (-1,1);(-10,10);..."),
        Option("FitMethod", "choice", "MINUIT", "how the parameters are found", ("MC", "GA", "SA", "MINUIT")),
        Option(
            "Converger", "choice", "None", "MINUIT: go on from the result of FitMethod by descent", ("None", "MINUIT")
        ),
        *fitter_options(),
    )

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        used = {self.values["FitMethod"]} | ({"MINUIT"} if self.values["Converger"] == "MINUIT" else set())
        return idle_fitter_options(used)

    def ranges(self) -> list[tuple[float, float]]:
        """The ranges of the parameters.

        Raises
        ------
        InvalidArgument
            naming the range that is none
        """
        text = "".join(self.values["ParRanges"].split())
        ranges = []
        for part in text.split(";"):
            match = re.fullmatch(r"\(([^,()]+),([^,()]+)\)", part)
            try:
                if match is None:
                    raise ValueError
                ranges.append((float(match[1]), float(match[2])))
            except ValueError:
                raise InvalidArgument(
                    f"{self.title}: ParRanges is {self.values['ParRanges']!r}, expected (low,high);(low,high);..., "
                    f"one for each parameter of the formula; {part!r} is none"
                ) from None
        return ranges

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.FormulaParams()
        params.formula = self.values["Formula"]
        params.ranges = self.ranges()
        params.fitter = _core.FormulaFitter.__members__[self.values["FitMethod"]]
        params.converge = self.values["Converger"] == "MINUIT"
        params.genetic = fitter_params("GA", self.values, self.title)
        params.annealing = fitter_params("SA", self.values, self.title)
        params.monte_carlo = fitter_params("MC", self.values, self.title)
        params.descent = fitter_params("MINUIT", self.values, self.title)
        params.loss = _LOSSES[self.analysis_type]
        params.n_classes = len(sample.class_names)
        params.signal_class = sample.signal_class
        notes = []
        used = {int(k) for k in re.findall(r"\((\d+)\)", params.formula)}
        spare = [k for k in range(len(params.ranges)) if k not in used]
        if spare:
            # TMVA's regression tutorial books such a range.
            notes.append(
                f"ParRanges has ranges of parameters that the formula does not have: {spare}; they have no effect"
            )
            params.ranges = params.ranges[: max(used, default=-1) + 1]
        result = _core.fit_formula(
            params,
            sample.variables,
            sample.class_index,
            np.ascontiguousarray(sample.targets, np.float64),
            sample.weight,
            threads=threads,
            progress=progress,
        )
        notes.append(f"loss at the minimum: {result.loss:.6g} after {result.calls} calls")
        for k, row in enumerate(result.predictor.parameters):
            name = f" of output {k}" if len(result.predictor.parameters) > 1 else ""
            notes.append(f"parameters{name}: " + ", ".join(f"({i}) = {value:.6g}" for i, value in enumerate(row)))
        return TrainedMethod(result.predictor, notes=notes)
