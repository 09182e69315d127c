"""TMVA's PDERS: densities by range search."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

import numpy as np

from ... import _core
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.RangeSearchParams()


class PDERS(Method):
    """Signal and background counted, with a kernel, in a box around the event (tmva.md 2.4).

    Classification: S / (S + B), each over the sum of its weights, 0.5 in an empty box. Regression: the mean of the
    targets with the kernel as weight. The model holds the training events. Event weights enter the sums with
    their sign; a negative sum of a class counts as none. Without a ranking, as in TMVA.
    """

    type_name: ClassVar[str] = "PDERS"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "VolumeRangeMode",
            "choice",
            _DEFAULTS.VolumeRangeMode.name,
            "size of the box: fixed, by range or RMS of the variables, or by what it holds",
            tuple(_core.VolumeMode.__members__),
        ),
        Option(
            "KernelEstimator",
            "choice",
            _DEFAULTS.KernelEstimator.name,
            "weight of an event by its distance",
            tuple(_core.RangeKernel.__members__),
        ),
        Option("DeltaFrac", "float", _DEFAULTS.DeltaFrac, "edge of the box in units of the range mode"),
        Option("NEventsMin", "float", _DEFAULTS.NEventsMin, "least content of an adaptive box; neighbours of kNN"),
        Option("NEventsMax", "float", _DEFAULTS.NEventsMax, "largest content of an adaptive box"),
        Option("MaxVIterations", "float", _DEFAULTS.MaxVIterations, "steps of the search for an adaptive box"),
        Option("InitialScale", "float", _DEFAULTS.InitialScale, "first step of that search"),
        Option("GaussSigma", "float", _DEFAULTS.GaussSigma, "width of the kernel Gauss, half an edge being 1"),
        Option("NormTree", "bool", False, "how TMVA's tree is balanced; has no effect here"),
    )

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        mode = self.values["VolumeRangeMode"]
        idle = {"NormTree": "as there is no tree to balance"}
        if mode not in ("Adaptive", "kNN"):
            idle |= dict.fromkeys(("NEventsMin", "NEventsMax", "MaxVIterations"), f"with VolumeRangeMode={mode}")
        if mode != "Adaptive":
            idle["InitialScale"] = f"with VolumeRangeMode={mode}"
        if self.values["KernelEstimator"] != "Gauss":
            idle["GaussSigma"] = f"with KernelEstimator={self.values['KernelEstimator']}"
        return idle

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.RangeSearchParams()
        params.VolumeRangeMode = _core.VolumeMode.__members__[self.values["VolumeRangeMode"]]
        params.KernelEstimator = _core.RangeKernel.__members__[self.values["KernelEstimator"]]
        for name in ("DeltaFrac", "NEventsMin", "NEventsMax", "MaxVIterations", "InitialScale", "GaussSigma"):
            setattr(params, name, self.values[name])
        regression = self.analysis_type == "Regression"
        targets = sample.targets if regression else np.empty((len(sample.weight), 0), np.float32)
        predictor = _core.make_range_search(
            params,
            sample.variables,
            sample.class_index,
            np.ascontiguousarray(targets, np.float32),
            # TMVA keeps weights as float32.
            sample.weight.astype(np.float32).astype(np.float64),
            signal_class=sample.signal_class,
        )
        return TrainedMethod(predictor)
