"""Networks from ONNX files."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from ._foreign import _fill, _layer_arrays
from ._graph import Graph
from ._onnx_dense import DenseOperators
from ._onnx_images import ImageOperators
from ._onnx_series import SeriesOperators


class _Reader(DenseOperators, ImageOperators, SeriesOperators):
    """One method for each operator."""


def graph_from_onnx(source: str | os.PathLike[str] | bytes) -> tuple[Graph, NDArray[np.float32]]:
    """The network of an ONNX file: its graph and its parameters.

    Dense layers (Gemm, MatMul), convolutions and their transposes, pooling, upsampling (Resize), batch and layer
    normalisation, recurrent layers (RNN, LSTM, GRU, in both directions), tables (Gather), activations, softmax,
    arithmetic with constants, merges and what arranges numbers (Reshape, Transpose, Squeeze, Flatten, Concat). Inputs
    keep the shape that they have in the file.

    Parameters
    ----------
    source : path or bytes

    Returns
    -------
    graph : Graph
    parameters : float32 array
        For :meth:`diskern.GraphNetwork.from_parameters`.

    Raises
    ------
    InvalidArgument
        Operators and settings that are not available (the message names the operator), inputs of open shape, what is no
        ONNX file.
    ImportError
        The package ``onnx`` is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            f"reading ONNX needs the package onnx ({error}); install it with: pip install onnx"
        ) from error
    try:
        file = onnx.load_from_string(source) if isinstance(source, bytes) else onnx.load(os.fspath(source))
    except OSError:
        raise
    except Exception as error:
        raise InvalidArgument(f"source is no ONNX file: {error}") from None
    if not file.graph.output:
        raise InvalidArgument("source is no ONNX file: it holds no outputs")
    reader = _Reader(file)
    # Operators that lead to no output are left out.
    names = [name for name in reader.arrays if name in _layer_arrays(reader.graph)]
    parameters = _fill(reader.graph, lambda name, kind, infos: reader.arrays[name], names)
    return reader.graph, parameters
