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

from ._dense import Activation, Dense, Embedding, Softmax
from ._foreign import parameters_from_keras, parameters_from_pytorch
from ._graph import Graph, join_inputs
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
    MinimumPooling1D,
    MinimumPooling2D,
    TransposedConvolution1D,
    TransposedConvolution2D,
    Upsampling1D,
    Upsampling2D,
)
from ._keras import graph_from_keras
from ._layer import Input, Layer, Value
from ._merges import (
    Add,
    Concatenate,
    Distance,
    DistanceCorrelation,
    Divergence,
    Flatten,
    GradientReversal,
    Multiply,
    Permute,
    Reshape,
)
from ._normalisation import BatchNormalisation, Dropout, GaussianNoise, LayerNormalisation, Sampling, Standardise
from ._onnx import graph_from_onnx
from ._series import GRU, LSTM, Masking, Recurrent, SelfAttention

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
    "graph_from_keras",
    "graph_from_onnx",
    "join_inputs",
    "parameters_from_keras",
    "parameters_from_pytorch",
]
