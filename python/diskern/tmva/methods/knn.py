"""TMVA's k nearest neighbours."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np

from ... import _core
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample


class KNN(Method):
    """Weighted signal fraction, or mean target, of the nearest training events (tmva.md 2.6).

    Distances are Euclidean, between variables that were divided by the width of the central ``ScaleFrac`` of the
    training events. No ranking, as in TMVA. Negative event weights enter the sums with their sign; where the weights
    of the neighbours do not sum up to more than zero (TMVA stops), the response is the signal fraction (mean target) of
    the whole training sample.
    """

    type_name: ClassVar[str] = "KNN"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})
    options: ClassVar[tuple[Option, ...]] = (
        Option("nkNN", "int", 20, "Number of nearest neighbours"),
        Option("BalanceDepth", "int", 6, "Accepted for TMVA's sake: depth to which its tree is balanced"),
        Option("TreeOptDepth", "int", 6, "Old name of BalanceDepth"),
        Option("ScaleFrac", "float", 0.8, "Variables are divided by the width of this central part; 0: off"),
        Option("SigmaFact", "float", 1.0, "Width of the Gaussian kernel, in units of the RMS of the neighbours"),
        Option("Kernel", "choice", "Gaus", "Gaus: Gaussian, Poln: polynomial (1 - (d/R)^3)^3", ("Gaus", "Poln")),
        Option("Trim", "bool", False, "Equal numbers of signal and background events (the first ones of each)"),
        Option("UseKernel", "bool", False, "Neighbours count by the kernel, times their weights"),
        Option("UseWeight", "bool", True, "Neighbours count by their event weights"),
        Option("UseLDA", "bool", False, "Response of a linear discriminant of the neighbours"),
    )

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if self.values["nkNN"] < 1:
            raise _core.InvalidArgument(f"{title}: nkNN must be 1 or more, got {self.values['nkNN']}")
        if not 0.0 <= self.values["ScaleFrac"] <= 1.0:
            raise _core.InvalidArgument(f"{title}: ScaleFrac must be 0 to 1, got {self.values['ScaleFrac']}")
        if not np.isfinite(self.values["SigmaFact"]) or self.values["SigmaFact"] == 0.0:
            raise _core.InvalidArgument(f"{title}: SigmaFact must not be zero, got {self.values['SigmaFact']}")

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        values = self.values
        reasons = dict.fromkeys(("BalanceDepth", "TreeOptDepth"), "as the tree is always balanced")
        if self.analysis_type == "Regression":
            regression = "as regression takes the weighted mean of the targets, in TMVA as well"
            reasons |= dict.fromkeys(("Kernel", "SigmaFact", "UseKernel", "UseLDA", "Trim"), regression)
        elif values["UseLDA"]:
            reasons |= dict.fromkeys(("Kernel", "SigmaFact", "UseKernel", "UseWeight"), "with UseLDA")
        elif not values["UseKernel"]:
            reasons |= dict.fromkeys(("Kernel", "SigmaFact"), "without UseKernel")
        elif not values["UseWeight"]:
            reasons |= dict.fromkeys(("Kernel", "SigmaFact", "UseKernel"), "without UseWeight: neighbours only count")
        elif values["Kernel"] == "Poln":
            reasons["SigmaFact"] = "with Kernel=Poln"
        return {name: reason for name, reason in reasons.items() if name in given}

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
        params = _core.TmvaNeighboursParams()
        params.k = self.values["nkNN"]
        params.scale_fraction = self.values["ScaleFrac"]
        params.sigma_factor = self.values["SigmaFact"]
        params.polynomial = self.values["Kernel"] == "Poln"
        params.trim = self.values["Trim"]
        params.use_kernel = self.values["UseKernel"]
        params.use_weight = self.values["UseWeight"]
        params.use_discriminant = self.values["UseLDA"]
        classification = self.analysis_type == "Classification"
        if classification and (sample.is_signal.all() or not sample.is_signal.any()):
            raise _core.InvalidArgument(f"{self.title}: the training sample holds events of one class only")
        if params.k > len(sample.variables):
            raise _core.InvalidArgument(
                f"{self.title}: nkNN is {params.k}, but there are {len(sample.variables)} training events"
            )
        targets = None if classification else np.ascontiguousarray(sample.targets, dtype=np.float64)
        predictor = _core.fit_tmva_neighbours(
            params, sample.variables, sample.is_signal.astype(np.uint8), targets, sample.weight
        )
        return TrainedMethod(predictor)
