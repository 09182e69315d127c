"""TMVA's HMatrix: chi squared of signal against chi squared of background."""

from __future__ import annotations

from typing import ClassVar

from ... import _core
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample


class HMatrix(Method):
    """The difference of two chi squared over their sum (tmva.md 2.7).

    Each class has its own mean and covariance matrix, and its own statistics of the transformations: with
    ``VarTransform=D`` signal is compared after the decorrelation of signal, background after that of background.
    Negative event weights enter the means and covariances with their sign. Without a ranking, as in TMVA.
    """

    type_name: ClassVar[str] = "HMatrix"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = ()
    applies_transformations: ClassVar[bool] = True

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
        params = _core.HMatrixParams()
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        predictor = _core.fit_hmatrix(
            params, sample.chain, sample.variables, sample.class_index, sample.weight, threads=threads
        )
        return TrainedMethod(predictor)
