"""Layers that shift and scale, and those that act in training only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._layer import Layer


@dataclass(eq=False)
class BatchNormalisation(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta per channel, mean and variance of the batch in training and
    running averages afterwards (arXiv:1502.03167).

    Parameters
    ----------
    momentum : float
        running += momentum (batch - running); negative: the mean over all batches.
    epsilon : float
    """

    _kind: ClassVar[str] = "batch_normalisation"
    momentum: float = 0.1
    epsilon: float = 1e-5

    def _attributes(self) -> dict[str, Any]:
        return {
            "momentum": self._number("momentum", self.momentum, below=1.0 + 1e-15),
            "epsilon": self._number("epsilon", self.epsilon, 0.0),
        }


@dataclass(eq=False)
class LayerNormalisation(Layer):
    """The same over the channels of each position of each event (arXiv:1607.06450).

    Parameters
    ----------
    epsilon : float
    """

    _kind: ClassVar[str] = "layer_normalisation"
    epsilon: float = 1e-5

    def _attributes(self) -> dict[str, Any]:
        return {"epsilon": self._number("epsilon", self.epsilon, 0.0)}


@dataclass(eq=False)
class Standardise(Layer):
    """(x - mean) / deviation per channel of an input, both from the training sample; constant afterwards."""

    _kind: ClassVar[str] = "scale"


@dataclass(eq=False)
class Dropout(Layer):
    """In training numbers become 0 with the given probability, the others are divided by 1 - rate.

    Parameters
    ----------
    rate : float
    whole_maps : bool
        Channels go as a whole.
    """

    _kind: ClassVar[str] = "dropout"
    rate: float
    whole_maps: bool = False

    def _attributes(self) -> dict[str, Any]:
        return {
            "rate": self._number("rate", self.rate, 0.0, 1.0),
            "whole_maps": self._flag("whole_maps", self.whole_maps),
        }


@dataclass(eq=False)
class GaussianNoise(Layer):
    """In training adds normal numbers.

    Parameters
    ----------
    deviation : float
        Standard deviation, in the units of the input.
    """

    _kind: ClassVar[str] = "gaussian_noise"
    deviation: float

    def _attributes(self) -> dict[str, Any]:
        return {"deviation": self._number("deviation", self.deviation, 0.0)}


@dataclass(eq=False)
class Sampling(Layer):
    """In training draws from the normal distribution of a mean (first input) and the logarithm of a variance (second);
    gives the mean when applied. What stands in the middle of a variational autoencoder (arXiv:1312.6114)."""

    _kind: ClassVar[str] = "sampling"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 2
