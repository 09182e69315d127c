"""What each step did to the events, as data and as a plain table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class WeightSums:
    """Running sums over event weights.

    Attributes
    ----------
    events : number of events
    negative : number of events of negative weight
    total : sum w
    squares : sum w^2
    """

    events: int = 0
    negative: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, weight: NDArray[np.float64]) -> None:
        """Add the weights of some events."""
        self.events += len(weight)
        self.negative += int(np.count_nonzero(weight < 0))
        self.total += float(weight.sum())
        self.squares += float(np.square(weight).sum())

    @property
    def effective(self) -> float:
        """Effective statistics (sum w)^2 / sum w^2: as many unweighted events have the same relative error."""
        return self.total**2 / self.squares if self.squares > 0 else 0.0


@dataclass
class EventAccounting:
    """Rows of what happened to the events of each class, in order.

    Each row is a dict, ready for JSON: ``step``, ``sample`` ("all", "training", "test" or "validation"), ``class``,
    ``events``, ``removed`` (by this step), and, where weights are known at this step, ``weight`` (their sum),
    ``negative_fraction`` (of the events), ``effective_events`` ((sum w)^2 / sum w^2); else None.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        step: str,
        class_name: str,
        sums: WeightSums,
        *,
        sample: str = "all",
        removed: int = 0,
        weights: bool = True,
    ) -> None:
        """Add a row; `weights` False leaves the weight columns empty."""
        self.rows.append(
            {
                "step": step,
                "sample": sample,
                "class": class_name,
                "events": sums.events,
                "removed": removed,
                "weight": sums.total if weights else None,
                "negative_fraction": (sums.negative / sums.events if sums.events else 0.0) if weights else None,
                "effective_events": sums.effective if weights else None,
            }
        )

    def add_weights(
        self, step: str, class_name: str, weight: NDArray[np.float64], *, sample: str, removed: int = 0
    ) -> None:
        """Add a row for events whose weights are in one array."""
        sums = WeightSums()
        sums.add(weight)
        self.add(step, class_name, sums, sample=sample, removed=removed)

    def __str__(self) -> str:
        return format_accounting(self.rows)


_HEADER = ("step", "sample", "class", "events", "removed", "sum of weights", "negative", "effective")


def format_accounting(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of `DataSet.accounting` as a plain table of text, one line per step, sample and class."""
    cells = [_HEADER]
    for row in rows:
        known = row["weight"] is not None
        cells.append(
            (
                str(row["step"]),
                str(row["sample"]),
                str(row["class"]),
                str(row["events"]),
                str(row["removed"]) if row["removed"] else "",
                f"{row['weight']:.6g}" if known else "",
                f"{100 * row['negative_fraction']:.2f} %" if known else "",
                f"{row['effective_events']:.1f}" if known else "",
            )
        )
    widths = [max(len(line[i]) for line in cells) for i in range(len(_HEADER))]
    lines = []
    for line in cells:
        left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
        lines.append("  ".join(left + right).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
