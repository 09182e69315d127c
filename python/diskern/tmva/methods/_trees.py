"""What the methods over Diskern's own trees share: classes and answers of a sample, ranking, learning curve."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from ..._shares import shares
from .base import LearningCurve, Method, TrainingSample


def ranking(sample: TrainingSample, values: Any) -> list[tuple[str, float]]:
    """(label, share) of the variables, the largest first; equal ones in the order of the variables."""
    pairs = zip(sample.variable_labels, shares(values).tolist(), strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])


def loss_curve(training: NDArray[np.float64], held_out: NDArray[np.float64]) -> LearningCurve:
    """The loss after 0, 1, ... iterations; of the validation sample where there is one."""
    iterations = np.arange(len(training), dtype=np.float64)
    return LearningCurve("loss", iterations, training, held_out if len(held_out) == len(training) else None)


class TreeMethod(Method):
    """Trees of the core for classes or one target; NaN is missing, infinities are values."""

    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Multiclass", "Regression"})
    accepts_missing: ClassVar[bool] = True
    accepts_infinite: ClassVar[bool] = True

    def _classes(self, sample: TrainingSample) -> int:
        """The number of classes, 0 for regression.

        Raises
        ------
        InvalidArgument
            several targets, or Multiclass of two classes
        """
        if self.analysis_type == "Regression":
            if sample.targets.shape[1] != 1:
                raise InvalidArgument(f"{self.type_name} does one target, the dataset has {sample.targets.shape[1]}")
            return 0
        n_classes = 2 if self.analysis_type == "Classification" else len(sample.class_names)
        if self.analysis_type == "Multiclass" and n_classes == 2:
            raise InvalidArgument(f"{self.title!r}: two classes are AnalysisType=Classification, not Multiclass")
        return n_classes

    def _answer(self, sample: TrainingSample) -> NDArray[Any]:
        """Targets (float64) or classes (int32) of shape (events,)."""
        if self.analysis_type == "Regression":
            return np.ascontiguousarray(sample.targets[:, 0], np.float64)
        if self.analysis_type == "Classification":
            return sample.is_signal.astype(np.int32)
        return np.ascontiguousarray(sample.class_index, np.int32)

    def _answers(self, sample: TrainingSample) -> dict[str, Any]:
        """The same, as the argument of the core's functions."""
        return {"target" if self.analysis_type == "Regression" else "class_index": self._answer(sample)}

    def _random_seed(self) -> int:
        """The option RandomSeed.

        Raises
        ------
        InvalidArgument
            negative
        """
        seed = int(self.values["RandomSeed"])
        if seed < 0:
            raise InvalidArgument(f"RandomSeed must be 0 or a positive integer, got {seed}")
        return seed
