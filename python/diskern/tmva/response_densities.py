"""TMVA's CreateMVAPdfs: densities of a classifier's response on the training sample, for GetProba and GetRarity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import InvalidArgument
from .methods.base import Option
from .methods.densities import DENSITY, density_settings

if TYPE_CHECKING:
    from ..data.sample import Sample

_MARK = "MVAPdf"
_WHOSE = {"": "", "Sig": " (signal)", "Bkg": " (background)"}
# Of every method; with the suffix Sig or Bkg for one class only.
PDF_OPTIONS = tuple(
    Option(
        f"{name}{_MARK}{suffix}",
        kind,
        None if suffix else default,
        "density of the response: " + description.replace("of the smaller class", "of the training") + whose,
        choices,
    )
    for suffix, whose in _WHOSE.items()
    for name, kind, default, description, choices in DENSITY
)


def density_params(title: str, values: Mapping[str, Any], suffix: str) -> _core.ResponseDensityParams:
    """What was booked for the density of one class ("Sig" or "Bkg").

    Raises
    ------
    InvalidArgument
        a number that makes no sense, with the name of its option
    """

    def name_of(option: str) -> str:
        own = f"{option}{_MARK}{suffix}"
        return own if values.get(own) is not None else f"{option}{_MARK}"

    def setting(option: str) -> Any:
        return values[name_of(option)]

    for option in ("Nbins", "NAvEvtPerBin"):
        if setting(option) < 0:
            raise InvalidArgument(f"{title}: {name_of(option)} is {setting(option)}, expected 0 or more")
    if not (math.isfinite(setting("KDEFineFactor")) and setting("KDEFineFactor") > 0):
        raise InvalidArgument(
            f"{title}: {name_of('KDEFineFactor')} is {setting('KDEFineFactor'):g}, expected a positive number"
        )
    params = _core.ResponseDensityParams()
    params.settings = density_settings(setting, f"{title}: {name_of('NSmooth')}")
    params.bins = setting("Nbins")
    params.events_per_bin = setting("NAvEvtPerBin")
    return params


def fit_response_densities(
    title: str, values: Mapping[str, Any], response: NDArray[np.float64], sample: Sample, signal_class: int
) -> tuple[_core.ResponseDensities, list[str]]:
    """Densities of the responses on the training sample, and notes to print.

    Raises
    ------
    InvalidArgument
        responses that are all the same, a class without a positive sum of weights, bins that do not fit
    """
    params = {suffix: density_params(title, values, suffix) for suffix in ("Sig", "Bkg")}
    densities = _core.fit_response_densities(
        params["Sig"],
        params["Bkg"],
        np.ascontiguousarray(response, np.float64),
        np.ascontiguousarray(sample.class_index, np.int32),
        signal_class,
        np.ascontiguousarray(sample.weight, np.float64),
    )
    notes = []
    for suffix, which in (("Sig", "signal"), ("Bkg", "background")):
        own = values.get(f"CheckHist{_MARK}{suffix}")
        if values[f"CheckHist{_MARK}"] if own is None else own:
            empty = int(np.count_nonzero(np.asarray(getattr(densities, which).contents) == 0))
            notes.append(f"the histogram of the response of {which} has {empty} bins without content")
    return densities, notes
