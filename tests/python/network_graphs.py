"""Small graphs, one for each kind of layer and of its settings, for the tests of layers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from diskern import _core
from diskern.networks import (
    GRU,
    LSTM,
    Activation,
    Add,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalisation,
    Concatenate,
    Convolution1D,
    Convolution2D,
    Dense,
    Distance,
    Divergence,
    Flatten,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    GlobalMinimumPooling,
    Graph,
    Input,
    LayerNormalisation,
    Masking,
    MaximumPooling1D,
    MaximumPooling2D,
    MinimumPooling1D,
    MinimumPooling2D,
    Multiply,
    Permute,
    Recurrent,
    Reshape,
    SelfAttention,
    Softmax,
    Standardise,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling1D,
    Upsampling2D,
)


def chain(shape: tuple[int, ...], *layers: object) -> Callable[[], Graph]:
    return lambda: Graph.chain(layers, shape)


def masked(layer: object, shape: tuple[int, int]) -> Callable[[], Graph]:
    def make() -> Graph:
        series, mask = Input(shape), Input((shape[0],))
        return Graph([series, mask], layer(series, mask))  # type: ignore[operator]

    return make


def branches() -> Graph:
    """Two inputs, shared weights, every way of merging, two outputs, a value used three times."""
    image, numbers = Input((5, 4, 2), name="image"), Input((3,), name="numbers")
    shared = Dense(4, activation="tanh")
    left = shared(numbers)
    right = shared(Dense(3)(numbers))
    pooled = Dense(4)(Flatten()(Convolution2D(3, 2, activation="sigmoid")(image)))
    merged = Concatenate()(Add()(left, right, pooled), Multiply()(left, pooled), left)
    return Graph([image, numbers], [Dense(2)(merged), merged])


def same_twice() -> Graph:
    x = Input((3,))
    y = Dense(3)(x)
    return Graph(x, [Add()(y, y), Multiply()(y, y), y, y])


def divergence() -> Graph:
    x = Input((3,))
    return Graph(x, Divergence()(Dense(2)(x), Dense(2)(x)))


def distance() -> Graph:
    x = Input((3,))
    return Graph(x, Distance()(x, Dense(3)(x)))


def masking() -> Graph:
    x = Input((5, 2))
    return Graph(x, LSTM(3)(x, Masking(-1.0)(x)))


ACTIVATIONS = (
    *("linear", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "sigmoid", "tanh", "softsign", "softplus"),
    *("gauss", "gauss_complement", "radial", "hard_sigmoid", "symmetric_relu", "exponential"),
)

CASES: dict[str, Callable[[], Graph]] = {
    "dense": chain((3,), Dense(4)),
    "dense without bias": chain((3,), Dense(2, bias=False)),
    "dense on a series": chain((3, 2), Dense(4)),
    "two dense": chain((3,), Dense(17, activation="tanh"), Dense(9)),
    "convolution": chain((6, 5, 2), Convolution2D(3, 3)),
    "convolution of one channel": chain((7, 6, 1), Convolution2D(4, (2, 3))),
    "convolution, many maps": chain((4, 4, 2), Convolution2D(19, 2)),
    "convolution, same": chain((5, 4, 2), Convolution2D(3, 3, padding="same")),
    "convolution, same with stride": chain((5, 4, 2), Convolution2D(3, 3, stride=2, padding="same")),
    "convolution, stride": chain((7, 6, 2), Convolution2D(3, (3, 2), stride=(2, 3))),
    "convolution, border": chain((4, 5, 2), Convolution2D(3, 3, padding=((2, 0), (1, 3)))),
    "convolution, dilation": chain((7, 8, 2), Convolution2D(3, 3, dilation=(2, 3))),
    "convolution, groups": chain((5, 5, 4), Convolution2D(6, 3, groups=2, padding=1)),
    "convolution, depthwise": chain((5, 5, 3), Convolution2D(3, 3, groups=3, padding="same", stride=2)),
    "convolution, everything": chain((9, 8, 4), Convolution2D(4, 3, groups=2, stride=2, dilation=2, padding=2)),
    "convolution of series": chain((9, 2), Convolution1D(3, 4, padding="same")),
    "convolution of series, stride": chain((9, 2), Convolution1D(3, 4, stride=2, dilation=2, padding=(1, 2))),
    "transposed convolution": chain((3, 4, 2), TransposedConvolution2D(3, 3, stride=2)),
    "transposed convolution, same": chain((3, 4, 2), TransposedConvolution2D(3, 3, stride=2, padding="same")),
    "transposed convolution, wide stride": chain((3, 3, 2), TransposedConvolution2D(2, 2, stride=3, padding="same")),
    "transposed convolution, border": chain(
        (4, 4, 2), TransposedConvolution2D(2, 4, stride=2, padding=1, output_padding=1)
    ),
    "transposed convolution, groups": chain((3, 3, 4), TransposedConvolution2D(2, 3, groups=2, dilation=2)),
    "transposed convolution of series": chain((5, 2), TransposedConvolution1D(3, 4, stride=2, padding=1)),
    "maximum pooling": chain((6, 4, 3), MaximumPooling2D(2)),
    "maximum pooling, overlapping": chain((7, 5, 18), MaximumPooling2D(3, stride=2, padding="same")),
    "maximum pooling, border": chain((5, 5, 2), MaximumPooling2D(3, stride=2, padding=1)),
    "maximum pooling, blocks": chain((5, 6, 16), MaximumPooling2D(2)),
    "average pooling, blocks": chain((4, 5, 8), AveragePooling2D(2)),
    "minimum pooling of series, blocks": chain((9, 16), MinimumPooling1D(4)),
    "minimum pooling": chain((6, 4, 3), MinimumPooling2D((3, 2))),
    "average pooling": chain((6, 4, 3), AveragePooling2D(2)),
    "average pooling, border": chain((5, 5, 2), AveragePooling2D(3, stride=2, padding=1, count_border=True)),
    "average pooling, same": chain((5, 5, 2), AveragePooling2D(2, padding="same")),
    "pooling of series": chain(
        (9, 2), MaximumPooling1D(3, stride=2), AveragePooling1D(2), MinimumPooling1D(2, stride=1)
    ),
    "global maximum": chain((4, 3, 5), GlobalMaximumPooling()),
    "global average": chain((4, 3, 5), GlobalAveragePooling()),
    "global minimum": chain((6, 5), GlobalMinimumPooling()),
    "global average with a mask": masked(GlobalAveragePooling(), (5, 3)),
    "global maximum with a mask": masked(GlobalMaximumPooling(), (5, 3)),
    "upsampling": chain((3, 2, 2), Upsampling2D((2, 3))),
    "upsampling of series": chain((4, 2), Upsampling1D(3)),
    "batch normalisation": chain((3,), Dense(3), BatchNormalisation(), Dense(2), BatchNormalisation()),
    "batch normalisation of images": chain((3, 4, 2), BatchNormalisation(), Convolution2D(2, 2)),
    "layer normalisation": chain((3, 5), LayerNormalisation(), Dense(2)),
    "standardise": chain((3, 2), Standardise()),
    "recurrent": chain((4, 3), Recurrent(5)),
    "recurrent, sequences": chain((4, 3), Recurrent(5, sequences=True)),
    "recurrent, backwards": chain((4, 3), Recurrent(5, backwards=True, sequences=True)),
    "lstm": chain((4, 3), LSTM(5)),
    "lstm, sequences": chain((4, 3), LSTM(5, sequences=True)),
    "lstm, backwards": chain((4, 3), LSTM(5, backwards=True)),
    "lstm, one step": chain((1, 3), LSTM(2)),
    "lstm with a mask": masked(LSTM(4, sequences=True), (5, 3)),
    "gru": chain((4, 3), GRU(5)),
    "gru, sequences backwards": chain((4, 3), GRU(5, sequences=True, backwards=True)),
    "gru with a mask": masked(GRU(4), (5, 3)),
    "gru, reset before": chain((4, 3), GRU(5, reset_after=False)),
    "gru, reset before, sequences backwards": chain(
        (4, 3), GRU(5, sequences=True, backwards=True, reset_after=False), Dense(2)
    ),
    "gru, reset before, with a mask": masked(GRU(4, reset_after=False, sequences=True), (5, 3)),
    "recurrent with a mask": masked(Recurrent(4), (5, 3)),
    "masking": masking,
    "attention": chain((4, 6), SelfAttention(2)),
    "attention, width": chain((5, 3), SelfAttention(2, 4)),
    "attention with a mask": masked(SelfAttention(2), (5, 4)),
    "reshape": chain((4, 3), Dense(2), Reshape((2, -1)), Dense(3), Flatten(), Dense(2)),
    "permute": chain((2, 3, 4), Permute((2, 0, 1)), Dense(2)),
    "softmax": chain((3, 4), Softmax()),
    "branches": branches,
    "same value twice": same_twice,
    "divergence": divergence,
    "distance": distance,
} | {f"activation {name}": chain((5,), Activation(name)) for name in ACTIVATIONS}


def sample(graph: _core.Graph, events: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, events and output gradients; masks (inputs of rank 1 beside one of rank 2) hold 0 and 1."""
    generator = np.random.default_rng(seed)
    parameters = generator.normal(0.0, 0.5, graph.parameter_count)
    for one in graph.parameters:
        if one["name"] == "running_variance":
            place = slice(one["offset"], one["offset"] + int(np.prod(one["shape"])))
            parameters[place] = generator.uniform(0.5, 2.0, one["shape"])
    x = generator.normal(size=(events, graph.input_count))
    inputs = graph.describe()["inputs"]
    if len(inputs) == 2 and len(inputs[0]["shape"]) == 2:
        members = inputs[1]["shape"][0]
        mask = (generator.random((events, members)) < 0.6).astype(float)
        mask[0] = 0.0  # nothing is there
        x[:, -members:] = mask
    return parameters, x, generator.normal(size=(events, graph.output_count))
