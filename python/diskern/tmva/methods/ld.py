"""TMVA's linear discriminant: weighted least squares."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ... import _core
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .fisher import coefficient_lines, ranked


class LD(Method):
    """Least squares with a constant term: classification (signal 1, background 0) and regression (tmva.md 2.9).

    Ranking "Discr. power": the absolute value of each coefficient (of the first target), as TMVA prints it; it depends
    on the units of the variables. Negative event weights enter the sums with their sign.
    """

    type_name: ClassVar[str] = "LD"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})
    options: ClassVar[tuple[Option, ...]] = ()

    def uses_validation(self) -> bool:
        return False

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.LinearDiscriminantParams()
        params.classification = self.analysis_type == "Classification"
        params.variable_names = list(sample.variable_labels)
        if params.classification:
            if sample.is_signal.all() or not sample.is_signal.any():
                raise _core.InvalidArgument(f"{self.title}: the training sample holds events of one class only")
            targets = np.ascontiguousarray(sample.is_signal[:, np.newaxis], dtype=np.float64)
        else:
            targets = np.ascontiguousarray(sample.targets, dtype=np.float64)
        result = _core.fit_linear_discriminant(params, sample.variables, targets, sample.weight, threads=threads)
        notes: list[str] = []
        for coefficients in result.predictor.coefficients:
            notes += coefficient_lines("LD", sample.variable_labels, coefficients.tolist())
        return TrainedMethod(
            result.predictor, "Discr. power", ranked(sample.variable_labels, result.ranking), notes=notes
        )
