"""TMVA's Fisher discriminant."""

from __future__ import annotations

from typing import ClassVar

from ... import _core
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample


def ranked(labels: tuple[str, ...], values: list[float]) -> list[tuple[str, float]]:
    """Variables with their figure of merit, best first; equal ones in the order of the variables."""
    return sorted(zip(labels, values, strict=True), key=lambda pair: -pair[1])


class Fisher(Method):
    """Linear discriminant between signal and all other classes (tmva.md 2.8).

    Ranking "Discr. power": the variance between the classes over the total variance of each variable.
    Negative event weights enter the means and covariances with their sign.
    """

    type_name: ClassVar[str] = "Fisher"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "Method",
            "choice",
            "Fisher",
            "Fisher: invert the matrix within the classes; Mahalanobis: the total matrix",
            ("Fisher", "Mahalanobis"),
        ),
    )

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
        params = _core.FisherParams()
        mahalanobis = self.values["Method"] == "Mahalanobis"
        params.method = _core.FisherMethod.mahalanobis if mahalanobis else _core.FisherMethod.fisher
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        result = _core.fit_fisher(params, sample.variables, sample.class_index, sample.weight, threads=threads)
        coefficients = result.predictor.coefficients[0]
        notes = coefficient_lines("Fisher", sample.variable_labels, coefficients.tolist())
        return TrainedMethod(
            result.predictor, "Discr. power", ranked(sample.variable_labels, result.ranking), notes=notes
        )


def coefficient_lines(name: str, labels: tuple[str, ...], coefficients: list[float]) -> list[str]:
    """The table of coefficients as TMVA prints it; the constant (offset) comes first in ``coefficients``."""
    width = max(len("(offset)"), *(len(label) for label in labels))
    lines = [f"Results for {name} coefficients:", f"{'Variable':>{width}}:  Coefficient:"]
    for label, value in [*zip(labels, coefficients[1:], strict=True), ("(offset)", coefficients[0])]:
        lines.append(f"{label:>{width}}: {value:+12.6g}")
    return lines
