"""TMVA's PDEFoam."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.FoamParams()
_NUMBERS = ("TailCut", "VolFrac", "nActiveCells", "nSampl", "nBin", "Nmin", "MaxDepth")
_KERNELS = {"None": "none", "Gauss": "gauss", "LinNeighbors": "linear_neighbours"}
_LOGIC = ("None", "GiniIndex", "MisClassificationError", "CrossEntropy", "GiniIndexWithLaplace", "SdivSqrtSplusB")


class PDEFoam(Method):
    """A box of cells that are small where the density of the events varies (tmva.md 2.5).

    The cell that varies most is divided until there are ``nActiveCells``, or none holds more than ``Nmin`` events. A
    classification has one foam of S / (S + B), or two of densities (``SigBgSeparate``); several classes have a foam of
    each against the others, and the softmax of their values is the response, as in TMVA. A regression has a foam of the
    mean target, or one in variables and targets (``MultiTargetRegression``), whose mean or most probable target in the
    cells above an event is the estimate. Event weights enter with their sign. The ranking counts divisions.
    """

    type_name: ClassVar[str] = "PDEFoam"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression", "Multiclass"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "SigBgSeparate", "bool", _DEFAULTS.SigBgSeparate, "foams of signal and of background, not of their ratio"
        ),
        Option("TailCut", "float", _DEFAULTS.TailCut, "part of the events left out at each end of a variable's range"),
        Option(
            "VolFrac",
            "float",
            _DEFAULTS.VolFrac,
            "edge of the box in which densities are sampled, as part of the range",
        ),
        Option("nActiveCells", "int", _DEFAULTS.nActiveCells, "largest number of cells"),
        Option("nSampl", "int", _DEFAULTS.nSampl, "points that are sampled in a cell"),
        Option("nBin", "int", _DEFAULTS.nBin, "places in each dimension where a cell may be divided, plus one"),
        Option("Compress", "bool", True, "TMVA's compression of its file of foams"),
        Option("MultiTargetRegression", "bool", False, "a foam in variables and targets"),
        Option("Nmin", "int", _DEFAULTS.Nmin, "cells with more events than this are divided"),
        Option("MaxDepth", "int", _DEFAULTS.MaxDepth, "divisions above a cell; 0: any number"),
        Option("FillFoamWithOrigWeights", "bool", False, "fill the cells with the weights before boosting"),
        Option("UseYesNoCell", "bool", _DEFAULTS.UseYesNoCell, "1 and -1 instead of a discriminant"),
        Option("DTLogic", "choice", "None", "divide as a decision tree does, by this measure", _LOGIC),
        Option("Kernel", "choice", "None", "smoothing over cells", tuple(_KERNELS)),
        Option("TargetSelection", "choice", "Mean", "estimate of MultiTargetRegression", ("Mean", "Mpv")),
        Option("CutNmin", "bool", True, "TMVA's old option"),
        Option("PeekMax", "bool", True, "TMVA's old option"),
    )

    def __init__(self, title: str, analysis_type: str, values: dict) -> None:  # type: ignore[type-arg]
        super().__init__(title, analysis_type, values)  # type: ignore[arg-type]
        if self.values["DTLogic"] != "None" and (analysis_type == "Regression" or self.values["SigBgSeparate"]):
            what = "regression" if analysis_type == "Regression" else "SigBgSeparate"
            raise InvalidArgument(f"{title}: DTLogic divides one foam by classes and does not go with {what}")

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        idle = dict.fromkeys(("CutNmin", "PeekMax"), "here: cells of few events are kept, the worst is divided first")
        idle["Compress"] = "here: the foams lie in the model file"
        if self.analysis_type != "Regression":
            idle["MultiTargetRegression"] = "in a classification"
        if self.analysis_type != "Classification":
            idle["SigBgSeparate"] = idle["UseYesNoCell"] = "but in a classification of two classes"
        if self.analysis_type != "Regression" or not self.values["MultiTargetRegression"]:
            idle["TargetSelection"] = "without MultiTargetRegression: a cell holds the mean target"
        if self.values["DTLogic"] != "None":
            idle |= dict.fromkeys(
                ("nSampl", *(("VolFrac",) if self.values["Kernel"] != "Gauss" else ())), "with DTLogic"
            )
        return idle

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.FoamParams()
        for name in (*_NUMBERS, "UseYesNoCell"):
            setattr(params, name, self.values[name])
        params.Kernel = _core.FoamKernel.__members__[_KERNELS[self.values["Kernel"]]]
        params.DTLogic = _core.FoamSplit.__members__[
            "none" if self.values["DTLogic"] == "None" else self.values["DTLogic"]
        ]
        params.TargetSelection = (
            _core.FoamTarget.most_probable if self.values["TargetSelection"] == "Mpv" else _core.FoamTarget.mean
        )
        params.signal_class = sample.signal_class
        kind = "separate" if self.values["SigBgSeparate"] else "discriminant"
        if self.analysis_type == "Multiclass":
            kind = "multiclass"
        elif self.analysis_type == "Regression":
            kind = "multi_target" if self.values["MultiTargetRegression"] else "target"
        params.kind = _core.FoamKind.__members__[kind]
        regression = self.analysis_type == "Regression"
        fill = sample.weight
        if self.values["FillFoamWithOrigWeights"] and sample.unboosted_weight is not None:
            fill = sample.unboosted_weight
        predictor = _core.fit_foam(
            params,
            sample.variables,
            sample.class_index,
            len(sample.class_names),
            sample.targets if regression else np.empty((len(sample.weight), 0), np.float32),
            sample.weight,
            fill,
            threads=threads,
            progress=progress,
        )
        notes = [f"{sum(predictor.leaf_counts)} cells in {len(predictor.leaf_counts)} foam(s)"]
        divisions = np.asarray(predictor.divisions[: len(sample.variable_labels)], np.float64)
        total = divisions.sum()
        ranking = sorted(
            zip(sample.variable_labels, (divisions / total if total else divisions).tolist(), strict=True),
            key=lambda one: -one[1],
        )
        return TrainedMethod(predictor, ranking_name="Variable Importance", ranking=ranking, notes=notes)
