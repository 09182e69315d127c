"""Which options are searched, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..._core import InvalidArgument

if TYPE_CHECKING:
    from ..booking import BookedMethod


@dataclass(frozen=True)
class Range:
    """Values of one option.

    Attributes
    ----------
    minimum, maximum : limits, both allowed
    points : values of a scan; they lie in the middles of as many equal parts of the range
    logarithmic : equal parts of the logarithm
    integer : whole numbers only
    choices : the allowed values, in place of limits (e.g. texts); a scan takes all
    """

    minimum: float = 0.0
    maximum: float = 1.0
    points: int = 5
    logarithmic: bool = False
    integer: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            return
        if not (math.isfinite(self.minimum) and math.isfinite(self.maximum) and self.minimum < self.maximum):
            raise InvalidArgument(f"a range needs minimum < maximum, got {self.minimum!r} and {self.maximum!r}")
        if self.logarithmic and self.minimum <= 0:
            raise InvalidArgument(f"a logarithmic range needs a positive minimum, got {self.minimum!r}")
        if self.points < 1:
            raise InvalidArgument(f"a range needs at least one point, got {self.points!r}")

    @property
    def count(self) -> int:
        """Values of a scan."""
        return len(self.choices) if self.choices else self.points

    def value(self, position: float) -> Any:
        """The value at a position from 0 to 1."""
        if self.choices:
            return self.choices[min(int(position * len(self.choices)), len(self.choices) - 1)]
        if self.logarithmic:
            low, high = math.log(self.minimum), math.log(self.maximum)
            value = math.exp(low + position * (high - low))
        else:
            value = self.minimum + position * (self.maximum - self.minimum)
        value = min(max(value, self.minimum), self.maximum)
        if self.integer:
            return min(max(round(value), math.ceil(self.minimum)), math.floor(self.maximum))
        # Six digits are enough for an option, and can be typed into a booking again.
        return float(f"{value:.6g}")

    def scan(self) -> list[float]:
        """Positions of a scan: the middles of equal parts."""
        return [(i + 0.5) / self.count for i in range(self.count)]


def as_range(name: str, given: Any) -> Range:
    """A range from what people write: a Range, (minimum, maximum), (minimum, maximum, points), or a list of choices."""
    if isinstance(given, Range):
        return given
    if isinstance(given, list):
        if not given:
            raise InvalidArgument(f"range of {name!r}: the list of choices is empty")
        return Range(choices=tuple(given))
    if isinstance(given, tuple) and len(given) in (2, 3) and all(isinstance(v, (int, float)) for v in given):
        integer = all(isinstance(v, int) for v in given[:2])
        points = int(given[2]) if len(given) == 3 else 5
        return Range(float(given[0]), float(given[1]), points, integer=integer)
    raise InvalidArgument(
        f"range of {name!r}: expected (minimum, maximum), (minimum, maximum, points), a list of choices or a Range, "
        f"got {given!r}"
    )


def default_ranges(booked: BookedMethod) -> dict[str, Range]:
    """The ranges that are searched where none are given: TMVA's for BDT and SVM, ours for others; empty for methods
    that have nothing to tune."""
    maker = _MAKERS.get(booked.type_name)
    return {} if maker is None else maker(booked)


def _bdt(booked: BookedMethod) -> dict[str, Range]:
    """TMVA's (tmva.md 1.2)."""
    options = booked.options
    ranges = {
        "NTrees": Range(10, 1000, 5, integer=True),
        "MaxDepth": Range(2, 4, 3, integer=True),
        "MinNodeSize": Range(1, 30, 30, logarithmic=True),
    }
    boost = options["BoostType"]
    if boost == "AdaBoost":
        ranges["AdaBoostBeta"] = Range(0.2, 1.0, 5)
    elif boost == "Grad":
        ranges["Shrinkage"] = Range(0.05, 0.5, 5)
    elif boost == "Bagging" and options["UseRandomisedTrees"]:
        n = len(booked.dataset.info.variables)
        low, high = max(1, round(0.25 * n)), max(2, round(0.75 * n))
        if low < high:
            ranges["UseNvars"] = Range(low, high, 4, integer=True)
    return ranges


_TUNE = re.compile(
    r"^\s*(?P<name>\w+)\s*(?:\[\s*(?P<low>[^;\]]+);\s*(?P<high>[^;\]]+)(?:;\s*(?P<points>\d+))?\s*\])?\s*$"
)


def _svm(booked: BookedMethod) -> dict[str, Range]:
    """Those of the kernel, or what the option Tune names, e.g. ``Gamma[0.01;1.0;100],C``."""
    every = {
        "Gamma": Range(0.01, 10.0, 8, logarithmic=True),
        "C": Range(0.05, 50.0, 8, logarithmic=True),
        "Order": Range(1, 5, 5, integer=True),
        "Theta": Range(0.01, 2.0, 5, logarithmic=True),
    }
    kernel = booked.options.get("Kernel", "RBF")
    used = {"RBF": ("Gamma", "C"), "Polynomial": ("Order", "Theta", "C")}.get(kernel, ("C",))
    wanted = str(booked.options.get("Tune", "All")).strip()
    if wanted in ("", "All"):
        return {name: every[name] for name in used}
    ranges = {}
    for part in re.split(r"[,+]", wanted):
        match = _TUNE.match(part)
        if match is None or match["name"] not in every:
            raise InvalidArgument(
                f"Tune: cannot read {part.strip()!r}; expected names among {', '.join(every)} with limits, "
                "e.g. Gamma[0.01;1.0;100]"
            )
        name = match["name"]
        ranges[name] = every[name]
        if match["low"] is not None:
            try:
                low, high = float(match["low"]), float(match["high"])
            except ValueError:
                raise InvalidArgument(f"Tune: the limits of {name} are no numbers: {part.strip()!r}") from None
            points = int(match["points"] or every[name].points)
            ranges[name] = Range(low, high, points, integer=every[name].integer)
    return ranges


def _mlp(booked: BookedMethod) -> dict[str, Range]:
    n = len(booked.dataset.info.variables)
    widths = sorted({max(n, 4), n + 5, 2 * n + 5, 32})
    ranges = {"HiddenLayers": Range(choices=(*(str(w) for w in widths), f"{n + 5},{max(n, 4)}"))}
    if booked.options["TrainingMethod"] == "BP":
        ranges["LearningRate"] = Range(0.002, 0.1, 5, logarithmic=True)
    return ranges


def _fixed(**ranges: Range) -> Any:
    return lambda booked: dict(ranges)


_MAKERS: Mapping[str, Any] = {
    "BDT": _bdt,
    "SVM": _svm,
    "MLP": _mlp,
    "KNN": _fixed(nkNN=Range(5, 200, 8, logarithmic=True, integer=True)),
    "PDERS": _fixed(NEventsMin=Range(20, 400, 5, logarithmic=True), GaussSigma=Range(0.05, 0.5, 3)),
    "GradientBoostedTrees": _fixed(
        NTrees=Range(50, 1000, 5, logarithmic=True, integer=True),
        MaxLeafNodes=Range(4, 64, 4, logarithmic=True, integer=True),
        Shrinkage=Range(0.02, 0.3, 4, logarithmic=True),
        MinChildWeight=Range(0.1, 100, 4, logarithmic=True),
    ),
    "RandomForest": _fixed(
        MaxDepth=Range(4, 20, 4, integer=True), MinSamplesLeaf=Range(1, 100, 5, logarithmic=True, integer=True)
    ),
    "ExtraTrees": _fixed(
        MaxDepth=Range(4, 20, 4, integer=True), MinSamplesLeaf=Range(1, 100, 5, logarithmic=True, integer=True)
    ),
    "AdaBoost": _fixed(
        NTrees=Range(50, 1000, 5, integer=True), MaxDepth=Range(2, 5, 4, integer=True), AdaBoostBeta=Range(0.1, 1.0, 5)
    ),
    "DT": _fixed(MaxDepth=Range(2, 10, 5, integer=True), MinNodeSize=Range(0.5, 10, 5, logarithmic=True)),
}
