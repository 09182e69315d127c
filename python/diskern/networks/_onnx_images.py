"""Operators of ONNX: convolutions and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._images import (
    AveragePooling1D,
    AveragePooling2D,
    Convolution1D,
    Convolution2D,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    GlobalMinimumPooling,
    MaximumPooling1D,
    MaximumPooling2D,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling1D,
    Upsampling2D,
)
from ._layer import Layer
from ._merges import Reshape
from ._normalisation import Standardise
from ._onnx_reader import ReaderBase, Tensor


class ImageOperators(ReaderBase):
    def _windows(self, attributes: dict[str, Any], axes: int, refuse: Any) -> dict[str, Any]:
        """Stride and padding that convolutions and pooling share."""
        padding = attributes.get("auto_pad", "NOTSET")
        if padding not in ("NOTSET", "VALID"):
            raise refuse(f"auto_pad={padding} is not available, only explicit pads")
        if attributes.get("ceil_mode", 0):
            raise refuse("ceil_mode is not available")
        pads = attributes.get("pads", [0] * (2 * axes))
        pairs = [(pads[d], pads[d + axes]) for d in range(axes)]
        strides = attributes.get("strides", [1] * axes)
        return {
            "stride": strides if axes > 1 else strides[0],
            "padding": pairs if axes > 1 else pairs[0],
        }

    def _spatial(self, tensor: Tensor, refuse: Any) -> int:
        if len(tensor.shape) not in (2, 3):
            raise refuse(f"its input has the shape {tensor.shape}, expected channels and one or two axes")
        return len(tensor.shape) - 1

    def op_conv(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._convolution(node, attributes, refuse, False)

    def op_convtranspose(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._convolution(node, attributes, refuse, True)

    def _convolution(self, node: Any, attributes: dict[str, Any], refuse: Any, transposed: bool) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        weights = self._constant(node.input[1], refuse)
        groups = int(attributes.get("group", 1))
        dilations = attributes.get("dilations", [1] * axes)
        kernel = weights.shape[2:]
        # Both kinds have the taps behind; ours have them in front, then the channels of a group.
        arranged = weights.reshape(*weights.shape[:2], *((1,) if axes == 1 else ()), *kernel)
        arrays = [np.transpose(arranged, (2, 3, 1, 0))]
        if len(node.input) > 2:
            arrays.append(self._constant(node.input[2], refuse))
        options: dict[str, Any] = {
            "maps": weights.shape[1] * groups if transposed else weights.shape[0],
            "kernel": kernel if axes > 1 else kernel[0],
            "dilation": dilations if axes > 1 else dilations[0],
            "groups": groups,
            "bias": len(arrays) > 1,
            **self._windows(attributes, axes, refuse),
        }
        if transposed:
            extra = attributes.get("output_padding", [0] * axes)
            if "output_shape" in attributes:
                raise refuse("output_shape is not available")
            options["output_padding"] = extra if axes > 1 else extra[0]
            layer: Layer = (TransposedConvolution2D if axes > 1 else TransposedConvolution1D)(**options)
        else:
            layer = (Convolution2D if axes > 1 else Convolution1D)(**options)
        return self._result(self._named(layer, *arrays)(tensor.as_last()))

    def op_maxpool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        if len(node.output) > 1:
            raise refuse("a second result is not available")
        return self._pooling(node, attributes, refuse, (MaximumPooling1D, MaximumPooling2D))

    def op_averagepool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._pooling(node, attributes, refuse, (AveragePooling1D, AveragePooling2D))

    def _pooling(self, node: Any, attributes: dict[str, Any], refuse: Any, kinds: tuple[Any, Any]) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        if any(one != 1 for one in attributes.get("dilations", [])):
            raise refuse(f"dilations={attributes['dilations']} are not available")
        window = attributes["kernel_shape"]
        options = self._windows(attributes, axes, refuse)
        if attributes.get("count_include_pad", 0):
            options["count_border"] = True
        return self._result(kinds[axes - 1](window if axes > 1 else window[0], **options)(tensor.as_last()))

    def op_globalaveragepool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._whole(node, refuse, GlobalAveragePooling())

    def op_globalmaxpool(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._whole(node, refuse, GlobalMaximumPooling())

    def op_reducemean(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._reduced(node, attributes, refuse, GlobalAveragePooling())

    def op_reducemax(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._reduced(node, attributes, refuse, GlobalMaximumPooling())

    def op_reducemin(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        return self._reduced(node, attributes, refuse, GlobalMinimumPooling())

    def _reduced(self, node: Any, attributes: dict[str, Any], refuse: Any, layer: Layer) -> Tensor:
        """Over all positions, the channels being the first or the last dimension."""
        tensor = self._tensor(node.input[0], refuse)
        dimensions = len(tensor.shape)
        axes = attributes.get("axes")
        if axes is None and len(node.input) > 1:
            axes = self._constant(node.input[1], refuse)
        axes = sorted(int(axis) % (dimensions + 1) for axis in (axes if axes is not None else ()))
        in_front = axes == list(range(2, dimensions + 1))
        if dimensions < 2 or attributes.get("keepdims", 1) or not (in_front or axes == list(range(1, dimensions))):
            raise refuse(f"axes={axes} of {dimensions + 1} is not available, only all positions without keepdims")
        channels = tensor.shape[0] if in_front else tensor.shape[-1]
        return Tensor((channels,), plain=layer(tensor.as_last() if in_front else tensor.as_plain()))

    def op_neg(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        channels = tensor.shape[-1] if tensor.last is None else tensor.shape[0]
        layer = self._named(Standardise(), np.zeros(channels), -np.ones(channels))
        return self._each(tensor, layer)

    def op_resize(self, node: Any, attributes: dict[str, Any], refuse: Any) -> Tensor:
        """Every pixel repeated."""
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        settings = (
            ("mode", "nearest", "nearest"),
            ("coordinate_transformation_mode", "half_pixel", "asymmetric"),
            ("nearest_mode", "round_prefer_floor", "floor"),
        )
        for key, absent, expected in settings:
            if attributes.get(key, absent) != expected:
                raise refuse(f"{key}={attributes.get(key, absent)} is not available, only {expected}")
        if len(node.input) < 3 or not node.input[2]:
            raise refuse("sizes are not available, only scales")
        scales = [float(one) for one in self._constant(node.input[2], refuse)]
        if len(scales) != axes + 2 or scales[:2] != [1.0, 1.0] or any(one != int(one) or one < 1 for one in scales):
            raise refuse(f"scales={scales} are not available, only whole ones along the axes of an image or series")
        factor = [int(one) for one in scales[2:]]
        layer = Upsampling2D(factor) if axes > 1 else Upsampling1D(factor[0])
        return self._result(layer(tensor.as_last()))

    def _whole(self, node: Any, refuse: Any, layer: Layer) -> Tensor:
        tensor = self._tensor(node.input[0], refuse)
        axes = self._spatial(tensor, refuse)
        value = layer(tensor.as_last())
        return Tensor((tensor.shape[0], *(1,) * axes), plain=Reshape((tensor.shape[0], *(1,) * axes))(value))
