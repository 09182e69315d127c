"""Attributes that every drawn object has: colour, line, title, axes."""

from __future__ import annotations

from typing import Any

# ROOT's basic colours by number, in a palette that can be told apart.
_COLOURS = {
    0: "white",
    1: "black",
    2: "#D55E00",
    3: "#009E73",
    4: "#0072B2",
    5: "#E69F00",
    6: "#CC79A7",
    7: "#56B4E9",
    8: "#117733",
    9: "#332288",
}
_FAMILIES = {632: 2, 416: 3, 600: 4, 400: 5, 616: 6, 432: 7, 800: 5, 820: 8, 840: 3, 860: 7, 880: 9, 900: 6, 920: 1}
_LINES = {1: "-", 2: "--", 3: ":", 4: "-."}


def colour(number: int) -> str:
    """The colour of one of ROOT's numbers; shades (kBlue-3) are drawn as their colour."""
    number = int(number)
    if 0 <= number <= 9:
        return _COLOURS[number]
    nearest = min(_FAMILIES, key=lambda base: abs(base - number))
    return "0.5" if nearest == 920 else _COLOURS[_FAMILIES[nearest]]


class Axis:
    """The title and the range of an axis."""

    def __init__(self) -> None:
        self.title = ""
        self.limits: tuple[float, float] | None = None
        self.labels: dict[int, str] = {}

    def SetTitle(self, title: str) -> None:
        self.title = str(title)

    def GetTitle(self) -> str:
        return self.title

    def SetRangeUser(self, low: float, high: float) -> None:
        self.limits = (float(low), float(high))

    SetLimits = SetRangeUser

    def SetBinLabel(self, number: int, text: str) -> None:
        self.labels[int(number)] = str(text)

    def GetBinLabel(self, number: int) -> str:
        return self.labels.get(int(number), "")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Set"):  # sizes, offsets, fonts
            return lambda *arguments: None
        raise AttributeError(f"an axis has no {name} here")


class Styled:
    """Colours, lines and titles; sizes, fonts and fill patterns are taken and have no effect."""

    def __init__(self, name: str = "", title: str = "") -> None:
        self._name = str(name)
        self._line: int | None = None
        self._marker_colour: int | None = None
        self._fill: int | None = None
        self._line_style, self._line_width = 1, 1.4
        self._minimum: float | None = None
        self._maximum: float | None = None
        self._axes = (Axis(), Axis())
        self.SetTitle(title)

    def GetName(self) -> str:
        return self._name

    def SetName(self, name: str) -> None:
        self._name = str(name)

    def SetTitle(self, title: str) -> None:
        """``title;x axis;y axis``."""
        parts = str(title).split(";")
        self._title = parts[0]
        for axis, text in zip(self._axes, parts[1:], strict=False):
            axis.title = text

    def GetTitle(self) -> str:
        return self._title

    def GetXaxis(self) -> Axis:
        return self._axes[0]

    def GetYaxis(self) -> Axis:
        return self._axes[1]

    def SetLineColor(self, number: int) -> None:
        self._line = number

    def SetMarkerColor(self, number: int) -> None:
        self._marker_colour = number

    def SetFillColor(self, number: int) -> None:
        self._fill = number

    def SetLineStyle(self, number: int) -> None:
        self._line_style = number

    def SetLineWidth(self, width: float) -> None:
        self._line_width = 0.7 * float(width)

    def SetMinimum(self, value: float) -> None:
        self._minimum = float(value)

    def SetMaximum(self, value: float) -> None:
        self._maximum = float(value)

    def Draw(self, option: str = "") -> None:
        """Draw into the current pad; a canvas is made where there is none."""
        from .graphics import current_pad

        current_pad().add(self, option)

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("SetMarker", "SetFill", "SetLine", "SetLabel", "SetStats", "SetDirectory", "SetBit")):
            return lambda *arguments: None
        if name.startswith("_"):
            raise AttributeError(name)
        from . import NotOffered

        raise NotOffered(f"{type(self).__name__} has no {name} here: draw with matplotlib what goes beyond")

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _style(self, index: int) -> dict[str, Any]:
        from ..plotting.style import colour as of_index

        drawn = of_index(index) if self._line is None else colour(self._line)
        return {
            "color": drawn,
            "linestyle": _LINES.get(self._line_style, "-"),
            "linewidth": self._line_width,
            "label": self._title or self._name,
        }

    def _finish(self, axes: Any) -> None:
        """Titles and ranges of the one that was drawn first."""
        axes.set_title(self._title, fontsize="medium")
        axes.set_xlabel(self._axes[0].title)
        axes.set_ylabel(self._axes[1].title)
        if self._axes[0].limits is not None:
            axes.set_xlim(*self._axes[0].limits)
        low, high = self._axes[1].limits or (self._minimum, self._maximum)
        if low is not None or high is not None:
            axes.set_ylim(low, high)

    def _draw(self, axes: Any, option: str, index: int) -> None:
        raise NotImplementedError
