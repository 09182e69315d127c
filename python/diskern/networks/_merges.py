"""Layers that bring branches together, measure, and arrange numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ._layer import Layer


@dataclass(eq=False)
class Add(Layer):
    """The sum of its inputs, which have one shape."""

    _kind: ClassVar[str] = "add"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 64


@dataclass(eq=False)
class Multiply(Layer):
    """The product of its inputs, which have one shape."""

    _kind: ClassVar[str] = "multiply"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 64


@dataclass(eq=False)
class Concatenate(Layer):
    """Its inputs beside each other along the last dimension."""

    _kind: ClassVar[str] = "concatenate"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 64


@dataclass(eq=False)
class Distance(Layer):
    """The mean of (a - b)^2 over all numbers of an event, one number."""

    _kind: ClassVar[str] = "distance"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 2


@dataclass(eq=False)
class Divergence(Layer):
    """Kullback-Leibler divergence of such a distribution from the standard normal one: one number, to be an output with
    the loss 'value'."""

    _kind: ClassVar[str] = "divergence"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 2


@dataclass(eq=False)
class DistanceCorrelation(Layer):
    """The distance correlation, squared, of a score (first input) and a protected variable (second) over a batch.

    As an output with the loss 'value' it decorrelates the score (DisCo, arXiv:2001.05310). A third input gives weights,
    for instance 1 for background and 0 for signal. Exact, in a time of B log B for B events; 0 where a model is
    applied, since there is no batch."""

    _kind: ClassVar[str] = "distance_correlation"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 3


@dataclass(eq=False)
class Reshape(Layer):
    """The same numbers in another shape.

    Parameters
    ----------
    shape : int or sequence of int
        One of them may be -1: what is left.
    """

    _kind: ClassVar[str] = "reshape"
    shape: int | Sequence[int]

    def _attributes(self) -> dict[str, Any]:
        extents = [self.shape] if isinstance(self.shape, int | np.integer) else list(self.shape)
        if not extents or not all(isinstance(one, int | np.integer) and (one > 0 or one == -1) for one in extents):
            raise self._refuse("shape", self.shape, "positive whole numbers, or -1 once")
        return {"shape": [int(one) for one in extents]}


@dataclass(eq=False)
class Flatten(Layer):
    """All numbers in one row, the channels of the first pixel first."""

    _kind: ClassVar[str] = "reshape"

    def _attributes(self) -> dict[str, Any]:
        return {"shape": []}


@dataclass(eq=False)
class Permute(Layer):
    """Dimension k of what it gives is dimension order[k] of its input.

    Parameters
    ----------
    order : sequence of int
    """

    _kind: ClassVar[str] = "permute"
    order: Sequence[int]

    def _attributes(self) -> dict[str, Any]:
        if sorted(self.order) != list(range(len(self.order))):
            raise self._refuse("order", self.order, "each of 0, 1, ... once")
        return {"order": [int(one) for one in self.order]}


@dataclass(eq=False)
class GradientReversal(Layer):
    """Passes numbers on, and gradients back times -strength (arXiv:1409.7495).

    Parameters
    ----------
    strength : float
    """

    _kind: ClassVar[str] = "gradient_reversal"
    strength: float = 1.0

    def _attributes(self) -> dict[str, Any]:
        return {"strength": self._number("strength", self.strength)}
