"""Dense layers, embeddings, and functions of every number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ._layer import Layer, Value


@dataclass(eq=False)
class Activation(Layer):
    """A function of every number.

    Parameters
    ----------
    function : str
        'relu', 'leaky_relu', 'elu', 'selu', 'gelu', 'silu', 'sigmoid', 'tanh', 'softsign', 'softplus', 'gauss',
        'gauss_complement', 'radial', 'hard_sigmoid', 'symmetric_relu', 'exponential', 'linear'.
    """

    _kind: ClassVar[str] = "activation"
    function: str

    def _attributes(self) -> dict[str, Any]:
        if not isinstance(self.function, str):
            raise self._refuse("function", self.function, "the name of a function")
        return {"function": self.function}


@dataclass(eq=False)
class Softmax(Layer):
    """exp(x_i) / sum of exp(x_k) along the last dimension."""

    _kind: ClassVar[str] = "softmax"


@dataclass(eq=False)
class _Activated(Layer):
    """A layer with an activation behind it."""

    def _finish(self, value: Value) -> Value:
        function = getattr(self, "activation", None)
        if function is None or function == "linear":
            return value
        if not hasattr(self, "_activation_layer"):
            made: Layer = Softmax() if function == "softmax" else Activation(function)
            made.name = f"{self.name}_{function}" if self.name else None
            self._activation_layer = made
        return self._activation_layer(value)


@dataclass(eq=False)
class Dense(_Activated):
    """y = activation(x W + b) along the last dimension; other dimensions (steps, pixels) are kept.

    Parameters
    ----------
    units : int
        Numbers that it gives.
    activation : str, optional
        See :class:`Activation`; also 'softmax'.
    bias : bool
    """

    _kind: ClassVar[str] = "dense"
    units: int
    activation: str | None = None
    bias: bool = True

    def _attributes(self) -> dict[str, Any]:
        return {"units": self._whole("units", self.units), "bias": self._flag("bias", self.bias)}


@dataclass(eq=False)
class Embedding(Layer):
    """A learned vector for each of a number of categories, which are given as whole numbers 0 ... categories - 1.

    Parameters
    ----------
    categories : int
    units : int
        Length of the vectors, which become the last dimension.
    """

    _kind: ClassVar[str] = "embedding"
    categories: int
    units: int

    def _attributes(self) -> dict[str, Any]:
        return {"categories": self._whole("categories", self.categories), "units": self._whole("units", self.units)}
