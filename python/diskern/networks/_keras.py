"""Architectures of Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._core import InvalidArgument
from ._dense import Activation, Dense, Embedding, Softmax
from ._graph import Graph
from ._images import (
    AveragePooling1D,
    AveragePooling2D,
    Convolution1D,
    Convolution2D,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    MaximumPooling1D,
    MaximumPooling2D,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling1D,
    Upsampling2D,
)
from ._layer import Input, Layer, Value
from ._merges import Add, Concatenate, Flatten, Multiply, Permute, Reshape
from ._normalisation import BatchNormalisation, Dropout, GaussianNoise, LayerNormalisation
from ._series import GRU, LSTM, Recurrent, SelfAttention

_KERAS_FUNCTIONS = {
    **{name: name for name in ("relu", "elu", "selu", "gelu", "sigmoid", "tanh", "softsign", "softplus", "softmax")},
    "linear": None,
    "swish": "silu",
    "silu": "silu",
    "exponential": "exponential",
}


class _KerasLayer:
    """One layer of the description; ``take`` notes what was looked at, so that nothing is passed over in silence."""

    #: settings that do not change what a trained layer computes
    IDLE = frozenset(
        [
            "name",
            "trainable",
            "dtype",
            "batch_input_shape",
            "batch_shape",
            "sparse",
            "ragged",
            "input_dtype",
            "seed",
            "kernel_initializer",
            "bias_initializer",
            "beta_initializer",
            "gamma_initializer",
            "recurrent_initializer",
            "embeddings_initializer",
            "moving_mean_initializer",
            "moving_variance_initializer",
            "implementation",
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "recurrent_regularizer",
            "autocast",
            "embeddings_regularizer",
            "beta_regularizer",
            "gamma_regularizer",
            "kernel_constraint",
            "bias_constraint",
            "recurrent_constraint",
            "embeddings_constraint",
            "beta_constraint",
            "gamma_constraint",
            "input_length",
            "unroll",
            "zero_output_for_mask",
            "time_major",
            "noise_shape",
            "lora_rank",
            "quantization_config",
            "unit_forget_bias",
            "input_shape",
            "optional",
            "renorm",
            "fused",
            "virtual_batch_size",
            "synchronized",
        ]
    )

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.kind = str(entry["class_name"])
        self.config = dict(entry["config"])
        self.name = str(self.config.get("name") or entry.get("name") or "")
        self.taken: set[str] = set()

    def refuse(self, what: str) -> InvalidArgument:
        return InvalidArgument(f"layer {self.name!r} ({self.kind}) of Keras: {what}")

    def take(self, key: str, default: Any = None) -> Any:
        self.taken.add(key)
        value = self.config.get(key, default)
        return tuple(value) if isinstance(value, list) else value

    def only(self, key: str, *allowed: Any, default: Any = None) -> None:
        value = self.take(key, default if default is not None else allowed[0])
        if value not in allowed:
            raise self.refuse(f"{key}={value!r} is not available, only {' or '.join(map(repr, allowed))}")

    def function(self, default: str | None = None) -> str | None:
        given = self.take("activation", default)
        if isinstance(given, Mapping):
            given = given.get("class_name") or given.get("config")
        if given is None:
            return None
        if given not in _KERAS_FUNCTIONS:
            raise self.refuse(f"the activation {given!r} is not known, expected {', '.join(_KERAS_FUNCTIONS)}")
        return _KERAS_FUNCTIONS[given]

    def check(self) -> None:
        left = [key for key in self.config if key not in self.taken and key not in self.IDLE]
        if left:
            raise self.refuse(f"{left[0]}={self.config[left[0]]!r} is not understood")


def _keras_convolution(one: _KerasLayer) -> Layer:
    dimensions = 1 if "1D" in one.kind else 2
    transposed = "Transpose" in one.kind
    one.only("data_format", "channels_last")
    options: dict[str, Any] = {
        "maps": one.take("filters"),
        "kernel": one.take("kernel_size"),
        "stride": one.take("strides", 1),
        "padding": one.take("padding", "valid"),
        "dilation": one.take("dilation_rate", 1),
        "groups": one.take("groups", 1),
        "bias": one.take("use_bias", True),
        "activation": one.function(),
        "name": one.name,
    }
    if options["padding"] not in ("valid", "same"):
        raise one.refuse(f"padding={options['padding']!r} is not available, only 'valid' or 'same'")
    if transposed:
        one.only("output_padding", None)
        return (TransposedConvolution1D if dimensions == 1 else TransposedConvolution2D)(**options)
    return (Convolution1D if dimensions == 1 else Convolution2D)(**options)


def _shape_of(value: Value) -> tuple[int, ...]:
    """What the graph up to a value gives of an event."""
    found: list[Input] = []
    stack, seen = [value], set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Input):
            found.append(one)
        stack.extend(one.inputs)
    return Graph(found, value).output_shapes[0] if not isinstance(value, Input) else value.shape


def _keras_depthwise(one: _KerasLayer, source: Value) -> Value:
    """Every channel by itself; of a separable convolution its mixture by one of a single pixel behind it."""
    dimensions = 1 if "1D" in one.kind else 2
    separable = one.kind.startswith("Separable")
    kind = Convolution1D if dimensions == 1 else Convolution2D
    one.only("data_format", "channels_last")
    one.only("padding", "valid", "same")
    channels = _shape_of(source)[-1]
    for key in ("depthwise_initializer", "depthwise_regularizer", "depthwise_constraint"):
        one.take(key)
    function, bias = one.function(), one.take("use_bias", True)
    options: dict[str, Any] = {
        "kernel": one.take("kernel_size"),
        "stride": one.take("strides", 1),
        "padding": one.take("padding", "valid"),
        "dilation": one.take("dilation_rate", 1),
        "groups": channels,
    }
    maps = channels * int(one.take("depth_multiplier", 1))
    if not separable:
        return kind(maps, **options, bias=bias, activation=function, name=one.name)(source)
    for key in ("pointwise_initializer", "pointwise_regularizer", "pointwise_constraint"):
        one.take(key)
    each = kind(maps, **options, bias=False, name=f"{one.name}/depthwise")(source)
    return kind(one.take("filters"), 1, bias=bias, activation=function, name=f"{one.name}/pointwise")(each)


def _keras_bidirectional(one: _KerasLayer, source: Value) -> Value:
    """Both directions side by side; Keras puts the states of the backward one in the order of the steps, as we do."""
    one.only("merge_mode", "concat")
    inner = _KerasLayer(one.take("layer"))
    backward = one.take("backward_layer")
    if backward is not None and not _same_layer(inner, _KerasLayer(backward)):
        raise one.refuse("a backward_layer of its own is not available, only the same layer backwards")
    if inner.kind not in ("SimpleRNN", "LSTM", "GRU"):
        raise one.refuse(f"a layer of the kind {inner.kind!r} is not available, only SimpleRNN, LSTM and GRU")
    inner.only("go_backwards", False)
    layers = []
    for backwards, name in ((False, "forward"), (True, "backward")):
        inner.name = f"{one.name}/{name}"
        layer = _keras_recurrent(inner)
        inner.check()
        layer.backwards = backwards
        layers.append(layer)
    return Concatenate(name=one.name)(*(layer(source) for layer in layers))


def _same_layer(one: _KerasLayer, other: _KerasLayer) -> bool:
    """Whether they compute the same, but for the direction."""
    keys = {*one.config, *other.config} - _KerasLayer.IDLE - {"go_backwards"}
    return one.kind == other.kind and all(one.config.get(key) == other.config.get(key) for key in keys)


def _only_last_axis(one: _KerasLayer, source: Value) -> None:
    axis = one.take("axis", -1)
    axes = axis if isinstance(axis, tuple) else (axis,)
    if axes not in ((-1,), (len(_shape_of(source)),)):
        raise one.refuse(f"axis={axis!r} is not available, only the last one")


def _keras_attention(one: _KerasLayer, sources: list[Value]) -> Value:
    """Of a set with itself."""
    if len(sources) < 2 or any(value is not sources[0] for value in sources):
        raise one.refuse("query, value and key must be the same")
    one.only("use_bias", True)
    one.only("attention_axes", None)
    one.only("output_shape", None)
    one.take("dropout")  # acts in training only
    width = one.take("key_dim")
    one.only("value_dim", width, None)
    for key in ("query_shape", "key_shape", "value_shape", "flash_attention"):
        one.take(key)
    return SelfAttention(one.take("num_heads"), width, name=one.name)(sources[0])


def _keras_value(one: _KerasLayer, sources: list[Value]) -> Value:
    """What a layer gives; some of Keras are several of ours."""
    if one.kind in ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"):
        value = _keras_depthwise(one, sources[0])
    elif one.kind == "Bidirectional":
        value = _keras_bidirectional(one, sources[0])
    elif one.kind == "MultiHeadAttention":
        value = _keras_attention(one, sources)
    else:
        if one.kind in ("BatchNormalization", "LayerNormalization"):
            _only_last_axis(one, sources[0])
        layer = _keras_layer(one)
        one.check()
        return layer(*sources)
    one.check()
    return value


def _keras_recurrent(one: _KerasLayer) -> Recurrent | LSTM | GRU:
    one.only("activation", "tanh")
    if one.kind != "SimpleRNN":
        one.only("recurrent_activation", "sigmoid")
    one.only("use_bias", True)
    one.only("stateful", False)
    one.only("return_state", False)
    for key in ("dropout", "recurrent_dropout"):
        one.take(key)  # acts in training only
    options = {
        "units": one.take("units"),
        "sequences": one.take("return_sequences", False),
        "backwards": one.take("go_backwards", False),
        "name": one.name,
    }
    if options["backwards"] and options["sequences"]:
        raise one.refuse("return_sequences with go_backwards is not available: Keras turns the series round")
    if one.kind == "GRU":
        return GRU(**options, reset_after=one.take("reset_after", True))
    return Recurrent(**options) if one.kind == "SimpleRNN" else LSTM(**options)


def _keras_pooling(one: _KerasLayer) -> Layer:
    one.only("data_format", "channels_last")
    kinds = {
        "MaxPooling1D": MaximumPooling1D,
        "MaxPooling2D": MaximumPooling2D,
        "AveragePooling1D": AveragePooling1D,
        "AveragePooling2D": AveragePooling2D,
    }
    window = one.take("pool_size", 2)
    return kinds[one.kind](window, one.take("strides") or window, one.take("padding", "valid"), name=one.name)


def _keras_layer(one: _KerasLayer) -> Layer:
    """The layer that one of Keras stands for."""
    kind, name = one.kind, one.name
    if kind == "Dense":
        return Dense(one.take("units"), activation=one.function(), bias=one.take("use_bias", True), name=name)
    if kind in ("Conv1D", "Conv2D", "Conv1DTranspose", "Conv2DTranspose"):
        return _keras_convolution(one)
    if kind in ("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"):
        return _keras_pooling(one)
    if kind.startswith("Global") and kind.endswith(("Pooling1D", "Pooling2D")):
        one.only("data_format", "channels_last")
        one.only("keepdims", False)
        return (GlobalMaximumPooling if "Max" in kind else GlobalAveragePooling)(name=name)
    if kind in ("UpSampling1D", "UpSampling2D"):
        one.only("data_format", "channels_last")
        one.only("interpolation", "nearest")
        return (Upsampling1D if kind == "UpSampling1D" else Upsampling2D)(one.take("size", 2), name=name)
    if kind == "Flatten":
        one.only("data_format", "channels_last")
        return Flatten(name=name)
    if kind == "Reshape":
        return Reshape(one.take("target_shape"), name=name)
    if kind == "Permute":
        return Permute([axis - 1 for axis in one.take("dims")], name=name)
    if kind == "Activation":
        function = one.function()
        return Softmax(name=name) if function == "softmax" else Activation(function or "linear", name=name)
    if kind == "ReLU":
        one.only("max_value", None)
        one.only("negative_slope", 0.0)
        one.only("threshold", 0.0)
        return Activation("relu", name=name)
    if kind == "LeakyReLU":  # Keras 2 calls the slope alpha; both have 0.3 by default
        slope = one.take("negative_slope", one.take("alpha", 0.3))
        if abs(slope - 0.01) > 1e-6:
            raise one.refuse(f"negative_slope={slope!r} is not available, only 0.01")
        return Activation("leaky_relu", name=name)
    if kind == "ELU":
        one.only("alpha", 1.0)
        return Activation("elu", name=name)
    if kind == "Softmax":
        one.only("axis", -1)
        return Softmax(name=name)
    if kind in ("Dropout", "SpatialDropout1D", "SpatialDropout2D"):
        one.take("data_format")
        return Dropout(one.take("rate"), kind != "Dropout", name=name)
    if kind == "GaussianNoise":
        return GaussianNoise(one.take("stddev"), name=name)
    if kind == "BatchNormalization":
        one.only("center", True)
        one.only("scale", True)
        return BatchNormalisation(1.0 - one.take("momentum", 0.99), one.take("epsilon", 1e-3), name=name)
    if kind == "LayerNormalization":
        one.only("center", True)
        one.only("scale", True)
        one.only("rms_scaling", False)
        return LayerNormalisation(one.take("epsilon", 1e-3), name=name)
    if kind in ("SimpleRNN", "LSTM", "GRU"):
        return _keras_recurrent(one)
    if kind == "Embedding":
        one.only("mask_zero", False)
        return Embedding(one.take("input_dim"), one.take("output_dim"), name=name)
    if kind in ("Add", "Multiply"):
        return (Add if kind == "Add" else Multiply)(name=name)
    if kind == "Concatenate":
        one.only("axis", -1)
        return Concatenate(name=name)
    raise one.refuse("this kind of layer is not available")


def _references(node: Any) -> list[str]:
    """Names of the layers whose results an inbound node takes, in both forms that Keras has written."""
    if isinstance(node, Mapping):
        history = node.get("config", {}).get("keras_history") if isinstance(node.get("config"), Mapping) else None
        if history is not None:
            return [str(history[0])]
        return [name for value in node.values() for name in _references(value)]
    if isinstance(node, list):
        if len(node) in (3, 4) and isinstance(node[0], str) and isinstance(node[1], int):
            return [node[0]]
        return [name for value in node for name in _references(value)]
    return []


def _call_settings(node: Any) -> dict[str, Any]:
    """What a layer was called with beside its inputs, in both forms that Keras has written."""
    if isinstance(node, Mapping):
        return dict(node.get("kwargs") or {})
    found: dict[str, Any] = {}
    if isinstance(node, list):
        for part in node:
            found |= part if isinstance(part, Mapping) else _call_settings(part) if isinstance(part, list) else {}
    return found


def _check_call(one: _KerasLayer, node: Any) -> None:
    """Masks, first states and the like change what a layer computes."""
    taken = {"query", "value", "key"} if one.kind == "MultiHeadAttention" else set()
    for key, value in _call_settings(node).items():
        if key not in taken | {"training"} and value is not None and value is not False:
            raise one.refuse(f"is called with {key}, which is not available")


def _keras_input(one: _KerasLayer) -> Input:
    shape = one.take("batch_shape") or one.take("batch_input_shape")
    if not shape or any(extent is None for extent in shape[1:]):
        raise one.refuse(f"the shape {shape!r} is open, expected definite extents")
    return Input(shape[1:], name=one.name or None)


def graph_from_keras(text: str) -> Graph:
    """The graph that ``model.to_json()`` of Keras describes (Sequential and functional models, Keras 2 and 3).

    Two layers of ours stand for a SeparableConv ("name/depthwise", "name/pointwise") and for a Bidirectional
    ("name/forward", "name/backward"); MultiHeadAttention is available for a set with itself.

    Images have the channels last there, too. Activations at the end are layers of the graph: the losses of
    :class:`diskern.GraphNetwork` that apply functions of their own are not for it.

    Parameters
    ----------
    text : str
        The JSON.

    Raises
    ------
    InvalidArgument
        What is no such description, layers and settings that are not available (the message names the layer).
    """
    try:
        description = json.loads(text)
        kind, config = description["class_name"], description["config"]
        entries = [_KerasLayer(entry) for entry in config["layers"]]
        nodes = {str(entry.get("name")): entry.get("inbound_nodes", []) for entry in config["layers"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidArgument(f"text is no description of a model by Keras (model.to_json()): {error!r}") from None
    if kind not in ("Sequential", "Functional", "Model"):
        raise InvalidArgument(f"the model is of the kind {kind!r}, expected 'Sequential' or 'Functional'")
    values: dict[str, Value] = {}
    inputs: list[Input] = []
    value: Value | None = None
    for one in entries:
        if one.kind == "InputLayer":
            value = _keras_input(one)
            inputs.append(value)
        else:
            if kind == "Sequential":
                if value is None:  # Keras 2: the first layer says what comes in
                    value = _keras_input(one)
                    value.name = None
                    inputs.append(value)
                sources = [value]
            else:
                references = nodes[one.name]
                if len(references) != 1:
                    raise one.refuse(f"is used {len(references)} times, expected once")
                _check_call(one, references[0])
                sources = [values[name] for name in _references(references[0])]
            value = _keras_value(one, sources)
        values[one.name] = value
    if value is None:
        raise InvalidArgument("the model has no layers")
    if kind == "Sequential":
        return Graph(inputs, value)
    ends = config["output_layers"]
    ends = [ends] if ends and isinstance(ends[0], str) else ends
    return Graph(inputs, [values[str(end[0])] for end in ends])
