"""What generators and loaders return, and the random numbers of generators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument

BLOCK = 8192  # events generated together


@dataclass(frozen=True)
class EventSet:
    """Events with labels.

    Attributes
    ----------
    events : float32 array of shape (events, variables); images (events, rows, columns), waveforms (events, samples)
    labels : int32 array of shape (events,); 1 = signal, 0 = background (hits: number of the track, -1 = noise)
    names : names of the variables; empty for images and waveforms
    weight : float64 array of shape (events,), all 1 where the source has no weights
    title : what it is, for plots and tables
    extra : further arrays with one entry per event, e.g. event numbers or truth
    """

    events: NDArray[np.float32]
    labels: NDArray[np.int32]
    names: tuple[str, ...]
    weight: NDArray[np.float64]
    title: str
    extra: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def columns(self, label: int | None = None) -> dict[str, NDArray[Any]]:
        """The events (of one label) as a dict of arrays for `DataLoader.AddTree`: variables, ``weight`` and `extra`."""
        if self.events.ndim != 2 or not self.names:
            raise InvalidArgument(f"{self.title}: the events have no named columns")
        which = slice(None) if label is None else self.labels == label
        result: dict[str, NDArray[Any]] = {name: self.events[which, i] for i, name in enumerate(self.names)}
        result.update({name: column[which] for name, column in self.extra.items()})
        result["weight"] = self.weight[which]
        return result


def generator(seed: int, purpose: int, block: int = 0) -> np.random.Generator:
    """Random numbers of one block of events, keyed by seed, purpose and block (Philox4x64-10).

    The same for the same release series of numpy, whose distributions are drawn from it.
    """
    return np.random.Generator(np.random.Philox(key=np.array([seed, (purpose << 40) | block], dtype=np.uint64)))


def check_count(n: Any, name: str = "n") -> int:
    """A number of events, at least 1."""
    try:
        count = operator.index(n)
    except TypeError:
        raise InvalidArgument(f"{name} is {n!r}; expected a whole number") from None
    if count < 1:
        raise InvalidArgument(f"{name} is {count}; expected at least 1")
    return count


def check_seed(seed: Any) -> int:
    """A seed from 0 to 2^64 - 1."""
    try:
        value = operator.index(seed)
    except TypeError:
        raise InvalidArgument(f"seed is {seed!r}; expected a whole number") from None
    if not 0 <= value < 2**64:
        raise InvalidArgument(f"seed is {value}; expected 0 to 2^64 - 1")
    return value


def check_fraction(value: Any, name: str) -> float:
    """A fraction from 0 to 1."""
    if not 0 <= value <= 1:
        raise InvalidArgument(f"{name} is {value!r}; expected 0 to 1")
    return float(value)


def blocks(n: int, seed: int, purpose: int) -> Iterator[tuple[slice, np.random.Generator]]:
    """Slices of n events with the generator of each. Every block is generated whole: samples of one seed nest."""
    for block, start in enumerate(range(0, n, BLOCK)):
        yield slice(start, min(start + BLOCK, n)), generator(seed, purpose, block)


def fill_blocks(
    n: int,
    seed: int,
    purpose: int,
    shape: tuple[int, ...],
    make: Callable[[np.random.Generator, int], tuple[NDArray[Any], NDArray[Any]]],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Events and labels of n events from `make(generator, BLOCK) -> (events, labels)`."""
    events = np.empty((n, *shape), dtype=np.float32)
    labels = np.empty(n, dtype=np.int32)
    for part, random in blocks(n, seed, purpose):
        size = part.stop - part.start
        made, truth = make(random, BLOCK)
        events[part], labels[part] = made[:size], truth[:size]
    return events, labels
