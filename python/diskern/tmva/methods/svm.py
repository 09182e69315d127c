"""TMVA's support vector machine."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, ClassVar

from ... import _core
from ..._core import InvalidArgument
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample

_DEFAULTS = _core.SvmParams()


class SVM(Method):
    """Classification by support vectors behind a kernel (tmva.md 2.13), found by sequential minimal optimisation.

    The response 1 / (1 + exp(f)) is near 1 for signal. Book ``VarTransform=N`` as the tutorials do: kernels compare
    distances of all variables. The cost of an event is that of its class times its weight over the mean weight of the
    class (TMVA only asks whether the weight is zero); negative weights are refused, ``IgnoreNegWeightsInTraining``
    leaves such events out. Without a ranking, as in TMVA.
    """

    type_name: ClassVar[str] = "SVM"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "Kernel",
            "choice",
            "RBF",
            "RBF: exp(-Gamma |x-y|^2); MultiGauss: a Gamma per variable; Polynomial: (x.y + Theta)^Order",
            ("RBF", "MultiGauss", "Polynomial", "Prod", "Sum"),
        ),
        Option("Gamma", "float", _DEFAULTS.Gamma, "inverse square width of RBF"),
        Option("GammaList", "str", "", "MultiGauss: the Gamma of every variable, separated by commas"),
        Option("Order", "int", _DEFAULTS.Order, "order of Polynomial"),
        Option("Theta", "float", _DEFAULTS.Theta, "constant of Polynomial"),
        Option("KernelList", "str", "None", "kernels of Prod and Sum"),
        Option("C", "float", _DEFAULTS.C, "cost of an event of the smaller class that lies on the wrong side"),
        Option("Tol", "float", _DEFAULTS.Tol, "violation of the optimality conditions that ends the training"),
        Option("MaxIter", "int", _DEFAULTS.MaxIter, "most steps, in units of the number of events"),
        Option("Tune", "str", "All", "parameters that OptimizeAllMethods varies (not in this version)"),
        Option("Loss", "str", "hinge", "loss that OptimizeAllMethods compares (not in this version)"),
    )

    def __init__(self, title: str, analysis_type: Any, values: Any) -> None:
        super().__init__(title, analysis_type, values)
        if self.values["Kernel"] in ("Prod", "Sum"):
            raise InvalidArgument(
                f"{title}: Kernel={self.values['Kernel']} is not offered; RBF, MultiGauss and Polynomial are"
            )

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        kernel = self.values["Kernel"]
        idle = {"KernelList": "without the kernels Prod and Sum", "Tune": "in this version", "Loss": "in this version"}
        if kernel != "RBF":
            idle["Gamma"] = f"with Kernel={kernel}"
        if kernel != "MultiGauss":
            idle["GammaList"] = f"with Kernel={kernel}"
        if kernel != "Polynomial":
            idle |= dict.fromkeys(("Order", "Theta"), f"with Kernel={kernel}")
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
        if self.values["Kernel"] == "MultiGauss":
            try:
                params.GammaList = [float(word) for word in self.values["GammaList"].split(",")]
            except ValueError:
                raise InvalidArgument(
                    f"{self.title}: GammaList is {self.values['GammaList']!r}, expected numbers separated by commas"
                ) from None
        params.signal_class = sample.signal_class
        result = _core.fit_svm(
            params, sample.variables, sample.class_index, sample.weight, threads=threads, progress=progress
        )
        notes = [f"{result.vector_count} support vectors after {result.iterations} steps"]
        if result.violation > params.Tol:
            notes.append(
                f"MaxIter={params.MaxIter} ended the training at a violation of {result.violation:.3g}, "
                f"Tol is {params.Tol:g}"
            )
        return TrainedMethod(result.predictor, notes=notes, signal_cut=0.5)
