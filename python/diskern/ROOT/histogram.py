"""TH1F and TH1D: filled, drawn and written by application scripts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core import InvalidArgument
from .styled import Styled


class TH1(Styled):
    """A histogram of one dimension; bins are numbered from 1, 0 is underflow and n + 1 overflow.

    Parameters
    ----------
    name, title : ``title;x axis;y axis``
    bins : their number
    low, high : range; or an array of bins + 1 edges in place of both
    """

    def __init__(self, name: str, title: str, bins: int, low: Any, high: float | None = None) -> None:
        super().__init__(name, title)
        if bins < 1:
            raise InvalidArgument(f"{name}: {bins} bins, expected one or more")
        if high is None:
            edges = np.asarray(low, np.float64)
            if edges.shape != (bins + 1,) or not (np.diff(edges) > 0).all():
                raise InvalidArgument(f"{name}: expected {bins + 1} increasing edges")
        else:
            if not float(low) < float(high):
                raise InvalidArgument(f"{name}: the range is {low} to {high}")
            edges = np.linspace(float(low), float(high), bins + 1)
        self._edges: NDArray[np.float64] = edges
        self._sums = np.zeros(bins + 2)
        self._squares = np.zeros(bins + 2)
        self._moments = np.zeros(3)  # sums of w, w x, w x^2 of what was inside
        self._entries = 0

    def Fill(self, x: float, weight: float = 1.0) -> int:
        """Add an event."""
        bin_number = int(np.searchsorted(self._edges, x, side="right"))
        self._sums[bin_number] += weight
        self._squares[bin_number] += weight * weight
        if 1 <= bin_number <= self.GetNbinsX():
            self._moments += weight * np.array([1.0, x, x * x])
        self._entries += 1
        return bin_number

    def FillN(self, n: int, x: ArrayLike, weight: ArrayLike | None = None) -> None:
        """Add n events."""
        values = np.asarray(x, np.float64)[:n]
        weights = np.ones(len(values)) if weight is None else np.asarray(weight, np.float64)[:n]
        numbers = np.searchsorted(self._edges, values, side="right")
        np.add.at(self._sums, numbers, weights)
        np.add.at(self._squares, numbers, weights**2)
        inside = (numbers >= 1) & (numbers <= self.GetNbinsX())
        w, v = weights[inside], values[inside]
        self._moments += np.array([w.sum(), (w * v).sum(), (w * v * v).sum()])
        self._entries += len(values)

    def GetNbinsX(self) -> int:
        return len(self._edges) - 1

    def GetBinContent(self, number: int) -> float:
        return float(self._sums[number])

    def SetBinContent(self, number: int, content: float) -> None:
        self._sums[number] = content

    def GetBinError(self, number: int) -> float:
        return float(np.sqrt(self._squares[number]))

    def GetBinCenter(self, number: int) -> float:
        return float(0.5 * (self._edges[number - 1] + self._edges[number]))

    def GetBinLowEdge(self, number: int) -> float:
        return float(self._edges[number - 1])

    def FindBin(self, x: float) -> int:
        return int(np.searchsorted(self._edges, x, side="right"))

    def GetEntries(self) -> float:
        return float(self._entries)

    def Integral(self) -> float:
        """Sum of the contents without underflow and overflow."""
        return float(self._sums[1:-1].sum())

    def GetMean(self) -> float:
        return float(self._moments[1] / self._moments[0]) if self._moments[0] else 0.0

    def GetStdDev(self) -> float:
        if not self._moments[0]:
            return 0.0
        return float(np.sqrt(max(self._moments[2] / self._moments[0] - self.GetMean() ** 2, 0.0)))

    GetRMS = GetStdDev

    def GetMaximum(self) -> float:
        return float(self._sums[1:-1].max())

    def Scale(self, factor: float) -> None:
        self._sums *= factor
        self._squares *= factor * factor
        self._moments *= factor

    def Sumw2(self, on: bool = True) -> None:
        """Squared weights are always kept."""

    def to_numpy(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Contents and edges."""
        return self._sums[1:-1].copy(), self._edges.copy()

    def Write(self, name: str = "") -> int:
        """Write into the TFile that was opened for writing last (or whose cd was called)."""
        from .files import current_file

        file = current_file()
        if file is None:
            raise InvalidArgument(f"{self._name} cannot be written: no TFile is open for writing")
        return file.WriteObject(self, name)

    def _draw(self, axes: Any, option: str, index: int) -> None:
        style = self._style(index)
        contents, edges = self.to_numpy()
        if "e" in option.lower().replace("same", "").replace("hist", ""):
            centres = 0.5 * (edges[1:] + edges[:-1])
            errors = np.sqrt(self._squares[1:-1])
            style["linestyle"] = ""
            axes.errorbar(centres, contents, errors, marker="o", markersize=3.0, **style)
            return
        axes.stairs(contents, edges, fill=False, **style)
        if self._fill:
            axes.stairs(contents, edges, fill=True, color=style["color"], alpha=0.2)
        if self._axes[0].labels:
            numbers = sorted(self._axes[0].labels)
            axes.set_xticks([self.GetBinCenter(i) for i in numbers], [self._axes[0].labels[i] for i in numbers])


class TH1F(TH1):
    """A histogram; its contents are float64 here."""


class TH1D(TH1):
    """A histogram."""


def from_stored(name: str, stored: Any) -> TH1D:
    """A histogram that uproot read."""
    values, edges = stored.to_numpy(flow=False)
    result = TH1D(name, str(getattr(stored, "title", "")), len(values), edges)
    result._sums[1:-1] = values
    variances = stored.variances(flow=False)
    result._squares[1:-1] = values if variances is None else variances
    centres = 0.5 * (edges[1:] + edges[:-1])
    result._moments = np.array([values.sum(), (values * centres).sum(), (values * centres**2).sum()])
    result._entries = int(stored.member("fEntries"))
    return result
