"""TMVA's support vector machine."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

import numpy as np

from ... import _core
from ..._core import InvalidArgument
from .base import AnalysisType, Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.SvmParams()


class SVM(Method):
    """Classification and regression by support vectors behind a kernel (tmva.md 2.13), found by sequential minimal
    optimisation.

    The response 1 / (1 + exp(f)) is near 1 for signal. Book ``VarTransform=N`` as the tutorials do: kernels compare
    distances of all variables. The cost of an event is that of its class times its weight over the mean weight of the
    class (TMVA only asks whether the weight is zero); negative weights are refused, ``IgnoreNegWeightsInTraining``
    leaves such events out. Regression of one target, in which deviations up to ``Epsilon`` cost nothing; with
    ``VarTransform=N`` the target lies between -1 and 1, too. Without a ranking, as in TMVA.
    """

    type_name: ClassVar[str] = "SVM"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification", "Regression"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "Kernel",
            "choice",
            "RBF",
            "RBF: exp(-Gamma |x-y|^2); MultiGauss: a Gamma per variable; Polynomial: (x.y + Theta)^Order; "
            "Prod, Sum: of the KernelList",
            ("RBF", "MultiGauss", "Polynomial", "Prod", "Sum"),
        ),
        Option("Gamma", "float", _DEFAULTS.Gamma, "inverse square width of RBF"),
        Option("GammaList", "str", "", "MultiGauss: the Gamma of every variable, separated by commas"),
        Option("Order", "int", _DEFAULTS.Order, "order of Polynomial"),
        Option("Theta", "float", _DEFAULTS.Theta, "constant of Polynomial"),
        Option("KernelList", "str", "None", "kernels of Prod and Sum, e.g. RBF*Polynomial"),
        Option("C", "float", _DEFAULTS.C, "cost of an event of the smaller class that lies on the wrong side"),
        Option("Epsilon", "float", 0.01, "regression: deviations that cost nothing (not an option of TMVA)"),
        Option("Tol", "float", _DEFAULTS.Tol, "violation of the optimality conditions that ends the training"),
        Option("MaxIter", "int", _DEFAULTS.MaxIter, "most steps, in units of the number of events"),
        Option("Tune", "str", "All", "parameters that OptimizeAllMethods varies (not in this version)"),
        Option("Loss", "str", "hinge", "loss that OptimizeAllMethods compares (not in this version)"),
    )

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        self.kernels = self._kernels()

    @classmethod
    def defaults(cls, analysis_type: AnalysisType) -> dict[str, Any]:
        own = super().defaults(analysis_type)
        return {**own, "C": 0.002} if analysis_type == "Regression" else own

    def _kernels(self) -> list[str]:
        """Those that are computed: one, or the parts of Prod and Sum."""
        chosen = self.values["Kernel"]
        if chosen not in ("Prod", "Sum"):
            return [chosen]
        text = self.values["KernelList"]
        single = {name.lower(): name for name in ("RBF", "MultiGauss", "Polynomial")}
        words = [word.strip().lower() for word in text.replace("+", "*").split("*")]
        if not words or any(word not in single for word in words):
            raise InvalidArgument(
                f"{self.title}: Kernel={chosen} needs a KernelList of RBF, MultiGauss and Polynomial, such as "
                f"RBF*Polynomial; got {text!r}"
            )
        return [single[word] for word in words]

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        kernel = self.values["Kernel"]
        idle = {"Tune": "in this version", "Loss": "in this version"}
        if kernel not in ("Prod", "Sum"):
            idle["KernelList"] = "without the kernels Prod and Sum"
        if "RBF" not in self.kernels:
            idle["Gamma"] = f"with Kernel={kernel}"
        if "MultiGauss" not in self.kernels:
            idle["GammaList"] = f"with Kernel={kernel}"
        if "Polynomial" not in self.kernels:
            idle |= dict.fromkeys(("Order", "Theta"), f"with Kernel={kernel}")
        if self.analysis_type != "Regression":
            idle["Epsilon"] = "in classification"
        return idle

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        params = _core.SvmParams()
        params.Kernel = _core.SvmKernel.__members__[self.values["Kernel"]]
        for name in ("Gamma", "Order", "Theta", "C", "Tol", "MaxIter"):
            setattr(params, name, self.values[name])
        if self.values["Kernel"] in ("Prod", "Sum"):
            params.KernelList = [_core.SvmKernel.__members__[name] for name in self.kernels]
        if "MultiGauss" in self.kernels:
            try:
                params.GammaList = [float(word) for word in self.values["GammaList"].split(",")]
            except ValueError:
                raise InvalidArgument(
                    f"{self.title}: GammaList is {self.values['GammaList']!r}, expected numbers separated by commas"
                ) from None
        params.signal_class = sample.signal_class
        if self.analysis_type == "Regression":
            if sample.targets.shape[1] != 1:
                raise InvalidArgument(f"{self.title}: SVM estimates one target, there are {sample.targets.shape[1]}")
            result = _core.fit_svm_regression(
                params,
                self.values["Epsilon"],
                sample.variables,
                np.ascontiguousarray(sample.targets[:, 0], np.float64),
                sample.weight,
                threads=threads,
                progress=progress,
            )
        else:
            result = _core.fit_svm(
                params, sample.variables, sample.class_index, sample.weight, threads=threads, progress=progress
            )
        notes = [f"{result.vector_count} support vectors after {result.iterations} steps"]
        if result.violation > params.Tol:
            notes.append(
                f"MaxIter={params.MaxIter} ended the training at a violation of {result.violation:.3g}, "
                f"Tol is {params.Tol:g}"
            )
        return TrainedMethod(
            result.predictor, notes=notes, signal_cut=None if self.analysis_type == "Regression" else 0.5
        )
