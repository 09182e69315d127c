"""Random changes of events that leave their labels as they are: each event of each epoch is another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument


@dataclass(frozen=True)
class Augmentation:
    """What all have in common: ``input``, the name of the one they act on (None: the only one), and ``apply``."""

    input: str | None = field(default=None, kw_only=True)

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise InvalidArgument where events of this shape cannot be changed so."""

    def apply(self, events: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Changed events, of the same shape (events, *shape of one).

        Parameters
        ----------
        events : float32 array
            May be changed in place.
        random : numpy.random.Generator
        """
        raise NotImplementedError

    def _check_axes(self, axes: Sequence[int], shape: tuple[int, ...]) -> None:
        for axis in axes:
            if isinstance(axis, bool) or not isinstance(axis, int) or not 0 <= axis < len(shape):
                raise InvalidArgument(f"{self!r}: axis {axis!r} is not one of the {len(shape)} of an event {shape}")


@dataclass(frozen=True)
class Shift(Augmentation):
    """Every event moved by whole pixels; what leaves at one side is lost, zeros come in at the other.

    Parameters
    ----------
    most : int
        Largest shift to either side; all from -most to most are equally likely.
    axes : sequence of int
        Of an event, without that of the events: 0 and 1 are rows and columns of an image.
    wrap : bool
        What leaves at one side comes back at the other, as for azimuth.
    """

    most: int = 1
    axes: Sequence[int] = (0, 1)
    wrap: bool = False

    def check(self, shape: tuple[int, ...]) -> None:
        self._check_axes(self.axes, shape)
        if isinstance(self.most, bool) or not isinstance(self.most, int) or self.most < 0:
            raise InvalidArgument(f"{self!r}: most must be a whole number of 0 or more")

    def apply(self, events: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        for axis in self.axes:
            size = events.shape[axis + 1]
            moves = random.integers(-self.most, self.most + 1, len(events))
            source = np.arange(size) - moves[:, None]
            inside = (source >= 0) & (source < size)
            shape = [len(events)] + [size if k == axis else 1 for k in range(events.ndim - 1)]
            events = np.take_along_axis(events, (source % size).reshape(shape), axis=axis + 1)
            if not self.wrap:
                events *= inside.reshape(shape)
        return events


@dataclass(frozen=True)
class Flip(Augmentation):
    """Every event mirrored along an axis with a probability of one half.

    Parameters
    ----------
    axis : int
        Of an event: 0 turns an image upside down, 1 swaps left and right.
    """

    axis: int = 1

    def check(self, shape: tuple[int, ...]) -> None:
        self._check_axes([self.axis], shape)

    def apply(self, events: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        chosen = random.random(len(events)) < 0.5
        events[chosen] = np.flip(events[chosen], axis=self.axis + 1)
        return events


@dataclass(frozen=True)
class RightAngles(Augmentation):
    """Every square image (side, side, ...) turned by 0, 90, 180 or 270 degrees, all equally likely."""

    def check(self, shape: tuple[int, ...]) -> None:
        if len(shape) < 2 or shape[0] != shape[1]:
            raise InvalidArgument(f"{self!r}: events have the shape {shape}, expected square images")

    def apply(self, events: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        turns = random.integers(0, 4, len(events))
        for turn in (1, 2, 3):
            chosen = turns == turn
            events[chosen] = np.rot90(events[chosen], turn, axes=(1, 2))
        return events


@dataclass(frozen=True)
class Noise(Augmentation):
    """A normal number added to every number.

    Parameters
    ----------
    deviation : float
        Standard deviation, in the units of the events.
    """

    deviation: float = 0.1

    def check(self, shape: tuple[int, ...]) -> None:
        if not (np.isfinite(self.deviation) and self.deviation >= 0.0):
            raise InvalidArgument(f"{self!r}: deviation must be a number of 0 or more")

    def apply(self, events: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        events += np.float32(self.deviation) * random.standard_normal(events.shape, dtype=np.float32)
        return events


def check_augmentation(given: Any) -> tuple[Augmentation, ...]:
    """A sequence of augmentations, or one."""
    steps = (given,) if isinstance(given, Augmentation) else tuple(given or ())
    for one in steps:
        if not isinstance(one, Augmentation):
            raise InvalidArgument(f"augmentation must hold Shift, Flip, RightAngles or Noise, got {one!r}")
    return steps
