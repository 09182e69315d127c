"""TMVA's two old networks, CFMlpANN and TMlpANN: their options, served by MLP."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..._core import InvalidArgument
from .base import AnalysisType, Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .mlp import MLP


class _ServedByMLP(Method):
    """An old network: a multilayer perceptron of sigmoid neurons that MLP trains; a notice says so."""

    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> None:
        super().__init__(title, analysis_type, values)
        self.network = MLP(title, analysis_type, {**MLP.defaults(analysis_type), **self.network_options()})

    def network_options(self) -> dict[str, Any]:
        """The options of MLP that differ from its defaults."""
        return {"NCycles": self.values["NCycles"], "HiddenLayers": self.values["HiddenLayers"]}

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        trained = self.network.train(sample, validation, threads=threads, progress=progress)
        options = ":".join(f"{name}={value}" for name, value in self.network_options().items())
        notes = [f"{self.type_name} is served by MLP with {options}", *trained.notes]
        return replace(trained, notes=notes)


class CFMlpANN(_ServedByMLP):
    """TMVA's CFMlpANN (a network translated from Fortran) by its options (tmva.md 2.12).

    The network is that of MLP with back-propagation, on variables between -1 and 1 only where ``VarTransform=N`` says
    so; TMVA's own always scaled them.
    """

    type_name: ClassVar[str] = "CFMlpANN"
    options: ClassVar[tuple[Option, ...]] = (
        Option("NCycles", "int", 3000, "number of training cycles"),
        Option("HiddenLayers", "str", "N,N-1", "neurons of each hidden layer; N: number of variables"),
    )

    def uses_validation(self) -> bool:
        return self.network.uses_validation()


class TMlpANN(_ServedByMLP):
    """TMVA's TMlpANN (ROOT's TMultiLayerPerceptron) by its options (tmva.md 2.12).

    ``LearningMethod=BFGS`` is MLP's BFGS; ``Stochastic`` its sequential back-propagation; ``Batch``,
    ``SteepestDescent``, ``RibierePolak`` and ``FletcherReeves`` are back-propagation on all events at once. Without a
    validation sample ``ValidationFraction`` of the training events of each class are held out; the network of the
    lowest loss on them is kept.
    """

    type_name: ClassVar[str] = "TMlpANN"
    options: ClassVar[tuple[Option, ...]] = (
        Option("NCycles", "int", 200, "number of training cycles"),
        Option("HiddenLayers", "str", "N,N-1", "neurons of each hidden layer; N: number of variables"),
        Option("ValidationFraction", "float", 0.5, "part of the training events that is held out"),
        Option(
            "LearningMethod",
            "choice",
            "Stochastic",
            "how the weights are learned",
            ("Stochastic", "Batch", "SteepestDescent", "RibierePolak", "FletcherReeves", "BFGS"),
        ),
    )

    def __init__(self, title: str, analysis_type: AnalysisType, values: Mapping[str, Any]) -> None:
        super().__init__(title, analysis_type, values)
        if not 0 <= self.values["ValidationFraction"] < 1:
            raise InvalidArgument(
                f"{title}: ValidationFraction is {self.values['ValidationFraction']}, expected 0 or more, below 1"
            )

    def network_options(self) -> dict[str, Any]:
        method = self.values["LearningMethod"]
        options = super().network_options()
        if method == "BFGS":
            options["TrainingMethod"] = "BFGS"
        elif method != "Stochastic":
            options["BPMode"] = "batch"
        options["TestRate"] = 1
        options["ConvergenceTests"] = max(1, self.values["NCycles"])  # keeps the best network and never stops early
        return options

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        method = self.values["LearningMethod"]
        if method in ("SteepestDescent", "RibierePolak", "FletcherReeves"):
            return {"LearningMethod": f"in so far as {method} is served by back-propagation on all events at once"}
        return {}

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        fraction = self.values["ValidationFraction"]
        if validation is None and fraction > 0:
            held_out = _every(sample, fraction)
            if held_out.any():
                sample, validation = _select(sample, ~held_out), _select(sample, held_out)
        return super().train(sample, validation, threads=threads, progress=progress)


def _every(sample: TrainingSample, fraction: float) -> NDArray[np.bool_]:
    """Events of each class at even distances, so many that they are the fraction."""
    mask = np.zeros(len(sample.weight), np.bool_)
    for signal in (True, False):
        mine = np.flatnonzero(sample.is_signal == signal)
        steps = np.floor(np.arange(len(mine) + 1) * fraction)
        mask[mine[np.diff(steps) > 0]] = True
    return mask


def _select(sample: TrainingSample, mask: NDArray[np.bool_]) -> TrainingSample:
    return replace(
        sample,
        variables=np.ascontiguousarray(sample.variables[mask]),
        class_index=np.ascontiguousarray(sample.class_index[mask]),
        targets=np.ascontiguousarray(sample.targets[mask]),
        weight=np.ascontiguousarray(sample.weight[mask]),
        spectators={name: column[mask] for name, column in sample.spectators.items()},
    )
