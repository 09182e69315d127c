"""What every bookable method is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

AnalysisType = Literal["Classification", "Regression", "Multiclass"]
OptionKind = Literal["bool", "int", "float", "str", "choice"]


@dataclass(frozen=True)
class Option:
    """One booking option: TMVA's name, default and allowed values."""

    name: str
    kind: OptionKind
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    array: bool = False  # accepts Name[i]=value (0-based); without index it applies to all


@dataclass
class TrainingSample:
    """What a method trains on: variables after its VarTransform, C-ordered float32."""

    variables: NDArray[np.float32]  # (events, variables)
    class_index: NDArray[np.int32]  # (events,); zeros in regression
    targets: NDArray[np.float32]  # (events, targets), after VarTransform
    weight: NDArray[np.float64]  # (events,)
    variable_labels: tuple[str, ...]
    variable_types: tuple[str, ...]  # 'F' or 'I' each
    class_names: tuple[str, ...]
    signal_class: int = 0
    spectators: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # by label, one array of its own type each
    # The transformations of VarTransform where the method applies them itself (``Method.applies_transformations``);
    # ``variables`` are those before them then.
    chain: Any | None = None
    # The weights before boosting, where the sample is one of a boosting step.
    unboosted_weight: NDArray[np.float64] | None = None

    @property
    def is_signal(self) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = self.class_index == self.signal_class
        return mask


class Evaluator(Protocol):
    """A trained method: a native ``_core.Predictor`` or a wrapped Python estimator."""

    def evaluate(self, events: NDArray[np.float32], threads: int = 1) -> NDArray[np.float64]:
        """Responses (events, outputs) of transformed variables."""


@dataclass
class LearningCurve:
    """Loss (or a metric that is better when larger) against iteration, for the report."""

    name: str  # e.g. "estimator", "deviance", "error fraction"
    iteration: NDArray[np.float64]
    training: NDArray[np.float64]
    validation: NDArray[np.float64] | None = None
    validation_name: str = "Validation"
    larger_is_better: bool = False


@dataclass
class TrainedMethod:
    predictor: Evaluator
    ranking_name: str = ""  # e.g. "Discr. power", "Variable Importance"; empty: no ranking
    ranking: list[tuple[str, float]] = field(default_factory=list)  # best first
    curves: list[LearningCurve] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # lines printed after training
    interrupted: bool = False
    # Cut on the response that counts as signal-like, e.g. 0 for BDT; None: found on the training sample.
    signal_cut: float | None = None


# progress(done, total, training loss, validation loss); losses may be NaN
ProgressCallback = Callable[[int, int, float, float], None]


class Method(ABC):
    """A method that can be booked: its options and how it trains. Subclasses are listed in ``methods/__init__.py``."""

    type_name: ClassVar[str]
    options: ClassVar[tuple[Option, ...]]
    analysis_types: ClassVar[frozenset[str]]
    # Whether training takes NaN ("missing") and infinities; where not, the Factory refuses such events beforehand.
    accepts_missing: ClassVar[bool] = False
    accepts_infinite: ClassVar[bool] = False
    # Whether the predictor holds the transformations, because it applies them by class or for parts of itself.
    applies_transformations: ClassVar[bool] = False

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> None:
        """values: every option of ``options`` by name, parsed and typed, defaults filled in; ``given`` ones are in
        ``values`` as well. A subclass may refuse combinations with InvalidArgument."""
        self.title = title
        self.analysis_type = analysis_type
        self.values = dict(values)

    @classmethod
    def defaults(cls, analysis_type: AnalysisType) -> dict[str, Any]:
        """Option defaults; a method whose defaults depend on the analysis type overrides this."""
        return {option.name: option.default for option in cls.options}

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        """Of the options that were booked, those that change nothing beside the others, each with the reason.

        The Factory prints them at booking: TMVA's bookings carry such options along, so they are no errors.
        """
        return {}

    def uses_validation(self) -> bool:
        """Whether training looks at the validation sample as it was booked; the Factory says where it does not."""
        return True

    @abstractmethod
    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        """Train on the sample; validation is apart from the test sample and serves early stopping and curves."""
