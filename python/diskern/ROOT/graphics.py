"""TCanvas, TGraph, TMultiGraph, TLegend: drawn by matplotlib when the canvas is saved or shown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._core import InvalidArgument
from .styled import Styled

_FORMATS = (".png", ".pdf", ".svg", ".eps", ".jpg", ".jpeg")
_canvases: list[TCanvas] = []  # in the order in which they were made current
_number = 0


def current_pad() -> Pad:
    """The pad that is drawn into."""
    if not _canvases:
        TCanvas()
    return _canvases[-1]._current


class Pad:
    """A part of a canvas and what was drawn into it."""

    def __init__(self) -> None:
        self.drawn: list[tuple[Any, str]] = []
        self.logarithmic = [False, False]
        self.legend = False

    def add(self, thing: Any, option: str) -> None:
        if "same" not in option.lower() and not isinstance(thing, TLegend):
            axes = isinstance(thing, TMultiGraph) or not isinstance(thing, TGraph) or "a" in option.lower()
            if axes or not self.drawn:
                self.drawn.clear()
        self.drawn.append((thing, option))

    def render(self, axes: Any) -> None:
        from ..plotting.style import decorate

        decorate(axes)
        things = [(thing, option) for thing, option in self.drawn if not isinstance(thing, TLegend)]
        index = 0
        for thing, option in things:
            thing._draw(axes, option, index)
            index += len(thing._graphs) if isinstance(thing, TMultiGraph) else 1
        if things:
            things[0][0]._finish(axes)
        if self.logarithmic[0]:
            axes.set_xscale("log")
        if self.logarithmic[1]:
            axes.set_yscale("log")
        for thing, _ in self.drawn:
            if isinstance(thing, TLegend):
                thing._put(axes)
        if self.legend and axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small")


class TCanvas:
    """A figure.

    Parameters
    ----------
    name, title, width, height : as ROOT's, in pixels; all may be left out
    """

    def __init__(self, name: str = "", title: str = "", *size: float) -> None:
        global _number
        _number += 1
        self._name, self._title = name or f"c{_number}", title
        width, height = (float(size[-2]), float(size[-1])) if len(size) >= 2 else (700.0, 500.0)
        self._inches = (width / 100.0, height / 100.0)
        self._grid = (1, 1)
        self._pads = [Pad()]
        self._current = self._pads[0]
        _canvases.append(self)

    def Divide(self, columns: int = 1, rows: int = 1, *margins: float) -> None:
        """Divide into pads, numbered from 1 row by row."""
        if columns < 1 or rows < 1:
            raise InvalidArgument(f"Divide({columns}, {rows}): expected positive numbers")
        self._grid = (int(columns), int(rows))
        self._pads = [Pad() for _ in range(columns * rows)]
        self._current = self._pads[0]

    def cd(self, number: int = 0) -> TCanvas:
        """Draw into this canvas, or into one of its pads, from now on."""
        if not 0 <= number <= len(self._pads):
            raise InvalidArgument(f"{self._name} has the pads 1 to {len(self._pads)}, not {number}")
        if self in _canvases:
            _canvases.remove(self)
        _canvases.append(self)
        self._current = self._pads[max(number, 1) - 1]
        return self

    def SetLogx(self, on: int = 1) -> None:
        self._current.logarithmic[0] = bool(on)

    def SetLogy(self, on: int = 1) -> None:
        self._current.logarithmic[1] = bool(on)

    def BuildLegend(self, *arguments: Any) -> None:
        self._current.legend = True

    def Clear(self, option: str = "") -> None:
        self._pads, self._grid = [Pad()], (1, 1)
        self._current = self._pads[0]

    def Draw(self, option: str = "") -> None:
        """Nothing is on a screen: save the canvas, or let a notebook show it."""

    def Update(self) -> None:
        """What was drawn is drawn when the canvas is saved."""

    Modified = Update

    def GetName(self) -> str:
        return self._name

    def GetTitle(self) -> str:
        return self._title

    def figure(self) -> Any:
        """The matplotlib figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=self._inches, layout="constrained")
        columns, rows = self._grid
        grid = figure.subplots(rows, columns, squeeze=False)
        for pad, axes in zip(self._pads, grid.flat, strict=True):
            pad.render(axes)
        return figure

    def SaveAs(self, path: str, option: str = "") -> None:
        """Write the plot: .png, .pdf, .svg, .eps or .jpg."""
        target = Path(str(path))
        if target.suffix.lower() not in _FORMATS:
            raise InvalidArgument(f"cannot save {str(path)!r}: expected a name that ends in {', '.join(_FORMATS)}")
        if not target.parent.is_dir():
            raise FileNotFoundError(f"cannot save {str(path)!r}: the folder {str(target.parent)!r} does not exist")
        self.figure().savefig(target)

    Print = SaveAs

    def Close(self, option: str = "") -> None:
        if self in _canvases:
            _canvases.remove(self)

    def _repr_svg_(self) -> str:
        buffer = io.StringIO()
        self.figure().savefig(buffer, format="svg")
        return buffer.getvalue()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Set"):  # margins, grids, colours of the canvas
            return lambda *arguments: None
        if name.startswith("_"):
            raise AttributeError(name)
        from . import NotOffered

        raise NotOffered(f"TCanvas has no {name} here: figure() is the matplotlib figure")


class _CurrentPad:
    """gPad: the pad that is drawn into, with the methods of its canvas."""

    def __getattr__(self, name: str) -> Any:
        current_pad()
        return getattr(_canvases[-1], name)


gPad = _CurrentPad()


class TGraph(Styled):
    """Points.

    Parameters
    ----------
    n, x, y : number of points and their coordinates; or x and y alone; or n, or nothing
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__("Graph")
        numbers = [a for a in arguments if isinstance(a, (int, np.integer))]
        arrays = [np.asarray(a, np.float64) for a in arguments if not isinstance(a, (int, np.integer))]
        if len(arrays) not in (0, 2) or len(numbers) > 1:
            raise InvalidArgument("TGraph: expected (n, x, y), (x, y), (n) or nothing")
        n = int(numbers[0]) if numbers else (len(arrays[0]) if arrays else 0)
        x, y = arrays or (np.zeros(n), np.zeros(n))
        if len(x) < n or len(y) < n or (not numbers and len(x) != len(y)):
            raise InvalidArgument(f"TGraph: {n} points, but x has {len(x)} and y {len(y)} values")
        self._x, self._y = x[:n].tolist(), y[:n].tolist()

    def GetN(self) -> int:
        return len(self._x)

    def GetX(self) -> Sequence[float]:
        return list(self._x)

    def GetY(self) -> Sequence[float]:
        return list(self._y)

    def GetPointX(self, i: int) -> float:
        return float(self._x[i])

    def GetPointY(self, i: int) -> float:
        return float(self._y[i])

    def SetPoint(self, i: int, x: float, y: float) -> None:
        """Set a point; the graph grows where there is none yet."""
        while len(self._x) <= i:
            self._x.append(0.0)
            self._y.append(0.0)
        self._x[i], self._y[i] = float(x), float(y)

    def AddPoint(self, x: float, y: float) -> None:
        self.SetPoint(len(self._x), x, y)

    def Eval(self, x: float) -> float:
        """Linear between the points."""
        order = np.argsort(self._x, kind="stable")
        return float(np.interp(x, np.asarray(self._x)[order], np.asarray(self._y)[order]))

    def Integral(self) -> float:
        """Area of the polygon of the points, as ROOT's."""
        x, y = np.asarray(self._x), np.asarray(self._y)
        return float(abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2.0)

    def _draw(self, axes: Any, option: str, index: int) -> None:
        style = self._style(index)
        if "p" in option.lower() and "l" not in option.lower() and "c" not in option.lower():
            style.update(linestyle="", marker="o", markersize=3.0)
        elif "p" in option.lower():
            style.update(marker="o", markersize=3.0)
        axes.plot(self._x, self._y, **style)


class TMultiGraph(Styled):
    """Several graphs in one frame."""

    def __init__(self, name: str = "", title: str = "") -> None:
        super().__init__(name, title)
        self._graphs: list[tuple[TGraph, str]] = []
        self._legend = False

    def Add(self, graph: TGraph, option: str = "") -> None:
        if not isinstance(graph, TGraph):
            raise InvalidArgument(f"TMultiGraph.Add takes a TGraph, got {type(graph).__name__}")
        self._graphs.append((graph, option))

    def GetListOfGraphs(self) -> list[TGraph]:
        return [graph for graph, _ in self._graphs]

    def BuildLegend(self, *arguments: Any) -> None:
        self._legend = True

    def _draw(self, axes: Any, option: str, index: int) -> None:
        for number, (graph, own) in enumerate(self._graphs):
            graph._draw(axes, own or option, index + number)
        if self._legend and self._graphs:
            axes.legend(fontsize="small")


class TLegend:
    """Explains what is drawn.

    Parameters
    ----------
    x1, y1, x2, y2, header : as ROOT's; the corner nearest to the place is taken
    """

    def __init__(self, *place: Any) -> None:
        numbers = [float(p) for p in place if not isinstance(p, str)]
        self._place = numbers[:4] if len(numbers) >= 4 else None
        self._header = next((p for p in place if isinstance(p, str)), "")
        self._entries: list[tuple[Any, str, str]] = []

    def AddEntry(self, thing: Any, label: str = "", option: str = "lpf") -> None:
        self._entries.append((thing, str(label), option))

    def SetHeader(self, text: str, option: str = "") -> None:
        self._header = str(text)

    def Draw(self, option: str = "") -> None:
        current_pad().add(self, "same")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("Set"):
            return lambda *arguments: None
        raise AttributeError(f"TLegend has no {name} here")

    def _put(self, axes: Any) -> None:
        handles, labels = axes.get_legend_handles_labels()
        by_label = dict(zip(labels, handles, strict=True))
        chosen = []
        for thing, label, _ in self._entries:
            name = thing if isinstance(thing, str) else thing.GetTitle() or thing.GetName()
            if name in by_label:
                chosen.append((by_label[name], label or name))
        where = "best"
        if self._place is not None:
            x, y = (self._place[0] + self._place[2]) / 2, (self._place[1] + self._place[3]) / 2
            where = f"{'upper' if y > 0.5 else 'lower'} {'right' if x > 0.5 else 'left'}"
        if chosen:
            axes.legend(*zip(*chosen, strict=True), title=self._header or None, loc=where, fontsize="small")
