"""TMVA's Likelihood: the ratio of products of one-dimensional densities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from typing import Any, ClassVar

from ... import _core
from ..._core import InvalidArgument
from ..options import ArrayValue
from .base import Method, Option, ProgressCallback, TrainedMethod, TrainingSample
from .densities import DENSITY, density_settings
from .fisher import ranked


def density_options() -> tuple[Option, ...]:
    """Every option of the densities: for all, per class, and per class and variable."""
    options = []
    for suffix, whose in (("", ""), ("Sig", " (signal)"), ("Bkg", " (background)")):
        for name, kind, default, description, choices in DENSITY:
            options.append(
                Option(
                    name + suffix, kind, None if suffix else default, description + whose, choices, array=bool(suffix)
                )
            )
    return tuple(options)


class Likelihood(Method):
    """Ratio of the products of the densities of signal and background (tmva.md 2.3).

    Per variable and class a histogram over the common range, smoothed, and interpolated by splines or replaced by
    kernels. ``NSmooth`` and the others hold for all densities, ``NSmoothSig`` for those of signal, ``NSmoothSig[0]``
    for that of signal in the first variable. With a ``VarTransform`` each class is looked up in its own coordinates.
    Negative event weights enter the histograms with their sign. Ranking "Delta Separation": what the separation loses
    without the variable.
    """

    type_name: ClassVar[str] = "Likelihood"
    analysis_types: ClassVar[frozenset[str]] = frozenset({"Classification"})
    applies_transformations: ClassVar[bool] = True
    options: ClassVar[tuple[Option, ...]] = (
        Option("TransformOutput", "bool", False, "respond with -ln(1/r - 1)/15 instead of the ratio r"),
        *density_options(),
    )

    def __init__(self, title: str, analysis_type: str, values: dict) -> None:  # type: ignore[type-arg]
        super().__init__(title, analysis_type, values)  # type: ignore[arg-type]
        for name, least, what in (("Nbins", 0, "0 (by NAvEvtPerBin) or more"), ("NAvEvtPerBin", 0, "0 or more")):
            for booked, value in self._given(name):
                if value < least:
                    raise InvalidArgument(f"{title}: {booked} is {value}, expected {what}")
        for booked, value in self._given("KDEFineFactor"):
            if not (math.isfinite(value) and value >= 0):  # 0, TMVA's own, is refused where kernels are adaptive
                raise InvalidArgument(f"{title}: {booked} is {value:g}, expected a positive number")

    def _given(self, name: str) -> Iterator[tuple[str, Any]]:
        """All values of an option: for every density, by class, and by class and variable."""
        yield name, self.values[name]
        for suffix in ("Sig", "Bkg"):
            value: ArrayValue = self.values[name + suffix]
            if value.default is not None:
                yield name + suffix, value.default
            for index, element in value.elements.items():
                yield f"{name}{suffix}[{index}]", element

    def uses_validation(self) -> bool:
        return False

    def without_effect(self, given: Set[str]) -> dict[str, str]:
        chosen = {self.values["PDFInterpol"]}
        for suffix in ("Sig", "Bkg"):
            value = self.values[f"PDFInterpol{suffix}"]
            chosen |= {value.default, *value.elements.values()}
        kernels = "KDE" in chosen
        names = ("KDEtype", "KDEiter", "KDEFineFactor", "KDEborder")
        idle = {} if kernels else dict.fromkeys(names, "without PDFInterpol=KDE")
        if self.values["Nbins"] > 0:
            idle["NAvEvtPerBin"] = "with Nbins"
        return idle

    def setting(self, name: str, suffix: str, variable: int) -> Any:
        """The value of an option for one density: that of the variable, else of the class, else of all."""
        value: ArrayValue = self.values[name + suffix]
        if variable in value.elements:
            return value.elements[variable]
        return self.values[name] if value.default is None else value.default

    def density(self, suffix: str, variable: int) -> _core.LikelihoodDensity:
        """What was booked for the density of one class and variable."""
        result = _core.LikelihoodDensity()
        result.settings = density_settings(
            lambda name: self.setting(name, suffix, variable), f"{self.title}: NSmooth{suffix}"
        )
        result.bins = self.setting("Nbins", suffix, variable)
        result.events_per_bin = self.setting("NAvEvtPerBin", suffix, variable)
        return result

    def train(
        self,
        sample: TrainingSample,
        validation: TrainingSample | None = None,
        *,
        threads: int = 0,
        progress: ProgressCallback | None = None,
    ) -> TrainedMethod:
        n = len(sample.variable_labels)
        check_indices(self.title, self.values, n)
        params = _core.LikelihoodParams()
        params.transform_output = self.values["TransformOutput"]
        params.signal = [self.density("Sig", i) for i in range(n)]
        params.background = [self.density("Bkg", i) for i in range(n)]
        params.variable_types = "".join(sample.variable_types) if sample.chain is None else ""
        params.signal_class = sample.signal_class
        params.variable_names = list(sample.variable_labels)
        result = _core.fit_likelihood(
            params, sample.chain, sample.variables, sample.class_index, sample.weight, threads=threads
        )
        notes = []
        for which, counts in result.empty_bins.items():
            suffix = "Sig" if which == "signal" else "Bkg"
            for variable, empty in enumerate(counts):
                if empty and self.setting("CheckHist", suffix, variable):
                    label = sample.variable_labels[variable]
                    notes.append(f"the histogram of {label!r} of {which} has {empty} bins without content")
        return TrainedMethod(
            result.predictor, "Delta Separation", ranked(sample.variable_labels, result.ranking), notes=notes
        )


def check_indices(title: str, values: Mapping[str, Any], n: int) -> None:
    """Refuse Name[i] beyond the variables.

    Raises
    ------
    InvalidArgument
        naming the option and the number of variables
    """
    for name, value in values.items():
        if isinstance(value, ArrayValue):
            for index in value.elements:
                if index >= n:
                    raise InvalidArgument(f"{title}: {name}[{index}] was given, there are {n} variables")
