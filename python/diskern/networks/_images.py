"""Layers over images and series: convolution and its transpose, pooling, upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ._dense import _Activated
from ._layer import Layer


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
