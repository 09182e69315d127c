"""The layers, see docs/network-layers.md. Each is described by its attributes; the core computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

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


@dataclass(eq=False)
class _Convolution(_Activated):
    _kind: ClassVar[str] = "convolution"
    _dimensions: ClassVar[int] = 2
    maps: int
    kernel: int | Sequence[int]
    stride: int | Sequence[int] = 1
    padding: str | int | Sequence[Any] = "valid"
    dilation: int | Sequence[int] = 1
    groups: int = 1
    activation: str | None = None
    bias: bool = True

    def _attributes(self) -> dict[str, Any]:
        padding, border = self._padding(self.padding, self._dimensions)
        return {
            "dimensions": self._dimensions,
            "maps": self._whole("maps", self.maps),
            "kernel": self._pair("kernel", self.kernel, self._dimensions),
            "stride": self._pair("stride", self.stride, self._dimensions),
            "dilation": self._pair("dilation", self.dilation, self._dimensions),
            "border": border,
            "padding": padding,
            "groups": self._whole("groups", self.groups),
            "bias": self._flag("bias", self.bias),
        }


_CONVOLUTION = """

    Parameters
    ----------
    maps : int
        Channels that it gives.
    kernel : int or one per axis
    stride, dilation : int or one per axis
    padding : {'valid', 'same'} or pixels
        'valid': none; 'same': zeros around, so that there are as many pixels as strides fit in (an odd one stands
        behind); a number per axis, or (before, behind) per axis.
    groups : int
        Input channels and maps are divided into so many groups that do not see each other.
    activation : str, optional
        See :class:`Activation`.
    bias : bool
    """


@dataclass(eq=False)
class Convolution2D(_Convolution):
    __doc__ = f"""Convolution of images (height, width, channels).{_CONVOLUTION}"""


@dataclass(eq=False)
class Convolution1D(_Convolution):
    __doc__ = f"""Convolution of series (steps, channels).{_CONVOLUTION}"""
    _dimensions: ClassVar[int] = 1


@dataclass(eq=False)
class _TransposedConvolution(_Convolution):
    _kind: ClassVar[str] = "transposed_convolution"
    output_padding: int | Sequence[int] = 0

    def _attributes(self) -> dict[str, Any]:
        extra = self._pair("output_padding", self.output_padding, self._dimensions, 0)
        return super()._attributes() | {"output_padding": extra}


@dataclass(eq=False)
class TransposedConvolution2D(_TransposedConvolution):
    __doc__ = f"""Transpose of a convolution: strides make images larger.

    'same' gives stride times as many pixels; output_padding adds rows and columns where several sizes are possible.
    {_CONVOLUTION}"""


@dataclass(eq=False)
class TransposedConvolution1D(_TransposedConvolution):
    __doc__ = f"""Transpose of a convolution of series: strides make them longer.

    'same' gives stride times as many steps; output_padding adds steps where several sizes are possible.
    {_CONVOLUTION}"""
    _dimensions: ClassVar[int] = 1


@dataclass(eq=False)
class _Pooling(Layer):
    _kind: ClassVar[str] = "pooling"
    _dimensions: ClassVar[int] = 2
    _operation: ClassVar[str] = "maximum"
    window: int | Sequence[int] = 2
    stride: int | Sequence[int] | None = None
    padding: str | int | Sequence[Any] = "valid"

    def _attributes(self) -> dict[str, Any]:
        padding, border = self._padding(self.padding, self._dimensions)
        stride = self.window if self.stride is None else self.stride
        return {
            "dimensions": self._dimensions,
            "operation": self._operation,
            "window": self._pair("window", self.window, self._dimensions),
            "stride": self._pair("stride", stride, self._dimensions),
            "border": border,
            "padding": padding,
            "count_border": self._flag("count_border", getattr(self, "count_border", False)),
        }


_POOLING = """

    Parameters
    ----------
    window : int or one per axis
    stride : int or one per axis, optional
        Default: the window.
    padding : {'valid', 'same'} or pixels
        As of convolutions; pixels outside are passed over.
    """


@dataclass(eq=False)
class MaximumPooling2D(_Pooling):
    __doc__ = f"""The largest number of each window and channel; NaN wins.{_POOLING}"""


@dataclass(eq=False)
class MaximumPooling1D(_Pooling):
    __doc__ = f"""The largest number of each window and channel of a series; NaN wins.{_POOLING}"""
    _dimensions: ClassVar[int] = 1


@dataclass(eq=False)
class MinimumPooling2D(_Pooling):
    __doc__ = f"""The smallest number of each window and channel; NaN wins.{_POOLING}"""
    _operation: ClassVar[str] = "minimum"


@dataclass(eq=False)
class MinimumPooling1D(_Pooling):
    __doc__ = f"""The smallest number of each window and channel of a series; NaN wins.{_POOLING}"""
    _operation: ClassVar[str] = "minimum"
    _dimensions: ClassVar[int] = 1


@dataclass(eq=False)
class AveragePooling2D(_Pooling):
    __doc__ = f"""The mean of each window and channel.{_POOLING}count_border : bool
        Divide by the number of pixels of the window, also where some lie outside.
    """
    _operation: ClassVar[str] = "average"
    count_border: bool = False


@dataclass(eq=False)
class AveragePooling1D(AveragePooling2D):
    __doc__ = f"""The mean of each window and channel of a series.{_POOLING}count_border : bool
        Divide by the number of steps of the window, also where some lie outside.
    """
    _dimensions: ClassVar[int] = 1


@dataclass(eq=False)
class _GlobalPooling(Layer):
    _kind: ClassVar[str] = "global_pooling"
    _most_inputs: ClassVar[int] = 2
    _operation: ClassVar[str] = "maximum"

    def _attributes(self) -> dict[str, Any]:
        return {"operation": self._operation}


@dataclass(eq=False)
class GlobalMaximumPooling(_GlobalPooling):
    """The largest number of each channel over all pixels, steps or members (those that a mask admits)."""


@dataclass(eq=False)
class GlobalMinimumPooling(_GlobalPooling):
    """The smallest number of each channel over all pixels, steps or members (those that a mask admits)."""

    _operation: ClassVar[str] = "minimum"


@dataclass(eq=False)
class GlobalAveragePooling(_GlobalPooling):
    """The mean of each channel over all pixels, steps or members (those that a mask admits)."""

    _operation: ClassVar[str] = "average"


@dataclass(eq=False)
class Upsampling2D(Layer):
    """Every pixel repeated.

    Parameters
    ----------
    factor : int or one per axis
    """

    _kind: ClassVar[str] = "upsampling"
    _dimensions: ClassVar[int] = 2
    factor: int | Sequence[int] = 2

    def _attributes(self) -> dict[str, Any]:
        return {"dimensions": self._dimensions, "factor": self._pair("factor", self.factor, self._dimensions)}


@dataclass(eq=False)
class Upsampling1D(Upsampling2D):
    """Every step of a series repeated.

    Parameters
    ----------
    factor : int
    """

    _dimensions: ClassVar[int] = 1


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
class _Recurrent(Layer):
    _most_inputs: ClassVar[int] = 2
    units: int
    sequences: bool = False
    backwards: bool = False

    def _attributes(self) -> dict[str, Any]:
        return {
            "units": self._whole("units", self.units),
            "sequences": self._flag("sequences", self.sequences),
            "backwards": self._flag("backwards", self.backwards),
        }


_RECURRENT = """

    The inputs are a series (steps, features) and, where wanted, a mask (steps,) of numbers, of which 0 means that the
    step is not there: state and output then stay as they were.

    Parameters
    ----------
    units : int
    sequences : bool
        Give the state of every step, (steps, units), instead of the last one, (units,).
    backwards : bool
        Begin with the last step.
    """


@dataclass(eq=False)
class Recurrent(_Recurrent):
    __doc__ = f"""h = tanh(x W + h U + b).{_RECURRENT}"""
    _kind: ClassVar[str] = "recurrent"


@dataclass(eq=False)
class LSTM(_Recurrent):
    __doc__ = (
        f"""Long short-term memory. The columns of the weights are the gates i, f, o and the candidate g.{_RECURRENT}"""
    )
    _kind: ClassVar[str] = "lstm"


@dataclass(eq=False)
class GRU(_Recurrent):
    __doc__ = f"""Gated recurrent unit, the reset gate behind the recurrent weights (arXiv:1406.1078, cuDNN's form).

    The columns of the weights are the gates r, z and the candidate n; a fourth part of the biases belongs to the
    recurrent part of n.{_RECURRENT}"""
    _kind: ClassVar[str] = "gru"


@dataclass(eq=False)
class Masking(Layer):
    """The mask of a series or set: 1 where any feature differs from the value, else 0.

    Parameters
    ----------
    value : float
    """

    _kind: ClassVar[str] = "masking"
    value: float = 0.0

    def _attributes(self) -> dict[str, Any]:
        return {"value": self._number("value", self.value)}


@dataclass(eq=False)
class SelfAttention(Layer):
    """Every member of a set (members, features) looks at every other (arXiv:1706.03762); a second input is a mask.

    Parameters
    ----------
    heads : int
    width : int, optional
        Of the queries of a head; default: features / heads.
    """

    _kind: ClassVar[str] = "attention"
    _most_inputs: ClassVar[int] = 2
    heads: int = 1
    width: int | None = None

    def _attributes(self) -> dict[str, Any]:
        width = 0 if self.width is None else self._whole("width", self.width)
        return {"heads": self._whole("heads", self.heads), "width": width}


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


@dataclass(eq=False)
class Divergence(Layer):
    """Kullback-Leibler divergence of such a distribution from the standard normal one: one number, to be an output with
    the loss 'value'."""

    _kind: ClassVar[str] = "divergence"
    _fewest_inputs: ClassVar[int] = 2
    _most_inputs: ClassVar[int] = 2


@dataclass(eq=False)
class Distance(Layer):
    """The mean of (a - b)^2 over all numbers of an event, one number."""

    _kind: ClassVar[str] = "distance"
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
