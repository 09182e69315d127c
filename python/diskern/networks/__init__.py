"""Networks as graphs of layers.

A list of layers is a chain::

    from diskern import NetworkClassifier
    from diskern.networks import Convolution2D, Dense, Dropout, Flatten, Input, MaximumPooling2D

    layers = [
        Input((28, 28, 1)),
        Convolution2D(16, 5, activation="relu"),
        MaximumPooling2D(2),
        Flatten(),
        Dropout(0.2),
        Dense(64, activation="relu"),
    ]
    model = NetworkClassifier(layers=layers)

Layers that are called with values make a graph, with branches, merges and shared weights::

    image = Input((24, 24, 1), name="image")
    numbers = Input((6,), name="numbers")
    x = GlobalAveragePooling()(Convolution2D(32, 3, activation="relu")(image))
    x = Concatenate()(x, Dense(16, activation="relu")(numbers))
    graph = Graph([image, numbers], Dense(1)(x))

Images have the channels last: (height, width, channels); series are (steps, features), sets (members, features).
"""

from __future__ import annotations

from ._graph import Graph, join_inputs
from ._layer import Input, Layer, Value
from ._layers import (
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
    DistanceCorrelation,
    Divergence,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling,
    GlobalMaximumPooling,
    GlobalMinimumPooling,
    GradientReversal,
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
    Sampling,
    SelfAttention,
    Softmax,
    Standardise,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling1D,
    Upsampling2D,
)

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Add",
    "AveragePooling1D",
    "AveragePooling2D",
    "BatchNormalisation",
    "Concatenate",
    "Convolution1D",
    "Convolution2D",
    "Dense",
    "Distance",
    "DistanceCorrelation",
    "Divergence",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling",
    "GlobalMaximumPooling",
    "GlobalMinimumPooling",
    "GradientReversal",
    "Graph",
    "Input",
    "Layer",
    "LayerNormalisation",
    "Masking",
    "MaximumPooling1D",
    "MaximumPooling2D",
    "MinimumPooling1D",
    "MinimumPooling2D",
    "Multiply",
    "Permute",
    "Recurrent",
    "Reshape",
    "Sampling",
    "SelfAttention",
    "Softmax",
    "Standardise",
    "TransposedConvolution1D",
    "TransposedConvolution2D",
    "Upsampling1D",
    "Upsampling2D",
    "Value",
    "join_inputs",
]
