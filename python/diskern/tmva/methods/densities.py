"""Options of one-dimensional densities, as Likelihood and the densities of responses take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import _core
from ..._core import InvalidArgument
from .base import OptionKind

INTERPOLATIONS = ("Spline0", "Spline1", "Spline2", "Spline3", "Spline5", "KDE")
BORDERS = {
    "None": _core.KernelBorder.Ignore,
    "Renorm": _core.KernelBorder.Renorm,
    "Mirror": _core.KernelBorder.Mirror,
}
# Name, kind, default, description, choices of what a density can be told.
DENSITY: tuple[tuple[str, OptionKind, Any, str, tuple[str, ...]], ...] = (
    ("PDFInterpol", "choice", "Spline2", "how the density is drawn through its histogram", INTERPOLATIONS),
    ("NSmooth", "int", 0, "passes of smoothing (353QH) of the histogram", ()),
    ("MinNSmooth", "int", -1, "least passes where they follow the relative error of a bin; -1: NSmooth", ()),
    ("MaxNSmooth", "int", -1, "most passes where they follow the relative error of a bin; -1: NSmooth", ()),
    ("NAvEvtPerBin", "int", 50, "average events per bin of the smaller class, where Nbins is 0", ()),
    ("Nbins", "int", 0, "number of bins; 0: by NAvEvtPerBin", ()),
    ("CheckHist", "bool", False, "say which histograms have empty bins", ()),
    ("KDEtype", "choice", "Gauss", "kernel", ("Gauss",)),
    ("KDEiter", "choice", "Nonadaptive", "width of the kernels", ("Nonadaptive", "Adaptive")),
    ("KDEFineFactor", "float", 1.0, "factor of the width of adaptive kernels", ()),
    ("KDEborder", "choice", "None", "what becomes of kernels that reach over the border", tuple(BORDERS)),
)


def density_settings(setting: Callable[[str], Any], where: str) -> _core.DensitySettings:
    """How a density is made from its histogram.

    Parameters
    ----------
    setting : the value of an option of ``DENSITY`` by its name
    where : put before error messages

    Raises
    ------
    InvalidArgument
        negative passes of smoothing, fewer at most than at least
    """
    settings = _core.DensitySettings()
    settings.interpolation = _core.Interpolation.__members__[setting("PDFInterpol")]
    passes, least, most = setting("NSmooth"), setting("MinNSmooth"), setting("MaxNSmooth")
    settings.minimum_smoothing = passes if least < 0 else least
    if min(passes, settings.minimum_smoothing) < 0:
        raise InvalidArgument(f"{where} is {passes}, expected 0 or more")
    if 0 <= most < settings.minimum_smoothing:
        raise InvalidArgument(
            f"{where}: MaxNSmooth is {most}, expected at least the least passes, which are {settings.minimum_smoothing}"
        )
    settings.maximum_smoothing = max(passes if most < 0 else most, settings.minimum_smoothing)
    settings.kernel_width = _core.KernelWidth.__members__[setting("KDEiter")]
    settings.kernel_border = BORDERS[setting("KDEborder")]
    settings.fine_factor = setting("KDEFineFactor")
    return settings
