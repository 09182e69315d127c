"""Events as the rest of the package sees them: plain arrays with names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float32]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class VariableInfo:
    """A variable, spectator or target (TMVA's ``VariableInfo``)."""

    expression: str
    label: str
    title: str
    unit: str = ""
    type: str = "F"  # 'F' float, 'I' integer
    minimum: float = 0.0  # range in the training sample
    maximum: float = 0.0

    @property
    def internal(self) -> str:
        """TMVA's branch name: the label with special characters replaced (tmva.md 3.2)."""
        name = "".join("_" if c in "$&|!%^()'<>?= " else c for c in self.label)
        for old, new in (("::", "_"), ("*", "_T_"), ("/", "_D_"), ("+", "_P_"), ("-", "_M_"), ("[", "_"), ("]", "_")):
            name = name.replace(old, new)
        return name


@dataclass(frozen=True)
class DataSetInfo:
    """What the columns of all samples mean."""

    variables: tuple[VariableInfo, ...]
    spectators: tuple[VariableInfo, ...] = ()
    targets: tuple[VariableInfo, ...] = ()
    class_names: tuple[str, ...] = ()
    signal_class: int = 0

    @property
    def variable_labels(self) -> tuple[str, ...]:
        return tuple(v.label for v in self.variables)

    # What TMVA's scripts ask of its DataSetInfo.

    def GetNVariables(self) -> int:
        return len(self.variables)

    def GetNTargets(self) -> int:
        return len(self.targets)

    def GetNSpectators(self) -> int:
        return len(self.spectators)

    def GetNClasses(self) -> int:
        return len(self.class_names)

    def GetListOfVariables(self) -> list[str]:
        """Labels of the variables."""
        return list(self.variable_labels)


@dataclass(repr=False)
class Sample:
    """A set of events. All arrays have one entry (row) per event.

    Attributes
    ----------
    variables : float32 array of shape (events, variables), C order
    class_index : int32 array; index into ``DataSetInfo.class_names`` (all 0 in regression)
    weight : float64 array; the event weight used from here on (after NormMode for training events)
    original_weight : float64 array; tree weight times weight expression, before any normalisation
    targets : float32 array of shape (events, targets); (events, 0) without targets
    spectators : dict from spectator label to an array of its own exact dtype
    entry : int64 array; row number of the event in the input it came from
    """

    variables: FloatMatrix
    class_index: NDArray[np.int32]
    weight: Weights
    original_weight: Weights
    targets: FloatMatrix
    spectators: dict[str, NDArray[Any]] = field(default_factory=dict)
    entry: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.weight)

    def __repr__(self) -> str:
        return (
            f"<Sample of {len(self)} events, {self.variables.shape[1]} variables, sum of weights {self.weight.sum():g}>"
        )

    def select(self, index: NDArray[Any]) -> Sample:
        """The events of a boolean mask or an index array, in that order."""
        return Sample(
            self.variables[index],
            self.class_index[index],
            self.weight[index],
            self.original_weight[index],
            self.targets[index],
            {name: column[index] for name, column in self.spectators.items()},
            self.entry[index] if len(self.entry) else self.entry,
        )


@dataclass(repr=False)
class DataSet:
    """The prepared samples of a DataLoader."""

    name: str
    info: DataSetInfo
    training: Sample
    test: Sample
    validation: Sample | None = None
    # What each step did to the events: a list of rows (dicts) for the printed table; filled by DataLoader.
    accounting: list[dict[str, Any]] = field(default_factory=list)
    # How it was split: the options of PrepareTrainingAndTestTree, with the seed that was really used.
    split_options: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        names = ", ".join(self.info.variable_labels[:6]) + (", ..." if len(self.info.variables) > 6 else "")
        return (
            f"<DataSet {self.name!r}: {len(self.training)} training and {len(self.test)} test events, "
            f"{len(self.info.variables)} variables ({names})>"
        )
