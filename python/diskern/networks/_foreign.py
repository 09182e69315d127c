"""Parameters of PyTorch and Keras in our order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import InvalidArgument
from ._graph import Graph

_Arrays = Mapping[str, NDArray[np.float64]]


def _layer_arrays(graph: Graph) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Of each layer that has parameters: its kind and what the core says of them."""
    core = graph.core()
    kinds = {one["name"]: one["kind"] for one in core.describe()["layers"]}
    found: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for one in core.parameters:
        found.setdefault(one["layer"], (kinds[one["layer"]], []))[1].append(one)
    return found


def _fill(
    graph: Graph, arrays_of: Callable[[str, str, list[dict[str, Any]]], list[NDArray[Any]]], names: Sequence[str]
) -> NDArray[np.float32]:
    layers = _layer_arrays(graph)
    unknown = [name for name in names if name not in layers]
    missing = [name for name in layers if name not in names]
    if unknown or missing:
        known = ", ".join(layers) or "none"
        said = [f"{name!r} is none of them" for name in unknown] + [f"{name!r} is missing" for name in missing]
        raise InvalidArgument(f"the layers with parameters are {known}; {', '.join(said)}")
    result = np.zeros(graph.core().parameter_count, np.float32)
    for name, (kind, infos) in layers.items():
        for info, array in zip(infos, arrays_of(name, kind, infos), strict=True):
            shape = tuple(info["shape"])
            if array.shape != shape:
                raise InvalidArgument(
                    f"layer {name!r}: {info['name']} have the shape {array.shape}, expected {shape} (in our order)"
                )
            if not np.isfinite(array).all():
                raise InvalidArgument(f"layer {name!r}: {info['name']} are not finite")
            result[info["offset"] : info["offset"] + array.size] = array.ravel()
    return result


# --- PyTorch


def _reordered(matrix: NDArray[Any], order: Sequence[int]) -> NDArray[Any]:
    """Rows of gates in the order of the file as columns in ours."""
    blocks = np.split(matrix, len(order))
    return np.asarray(np.concatenate([blocks[i] for i in order]).T)


def _torch_arrays(name: str, kind: str, infos: list[dict[str, Any]], state: _Arrays, part: str) -> list[NDArray[Any]]:
    def get(key: str) -> NDArray[Any]:
        if key not in state:
            raise InvalidArgument(f"layer {name!r}: the state has no {key!r}, only {', '.join(state) or 'nothing'}")
        return state[key]

    def biases() -> list[NDArray[Any]]:
        return [get("bias")] if infos[-1]["name"] == "biases" else []

    if kind == "dense":
        return [get("weight").T, *biases()]
    if kind == "embedding":
        return [get("weight")]
    if kind in ("convolution", "transposed_convolution"):
        weight = get("weight")
        if weight.ndim == 3:
            weight = weight[:, :, np.newaxis]
        return [np.transpose(weight, (2, 3, 1, 0)), *biases()]
    if kind == "batch_normalisation":
        return [get("weight"), get("bias"), get("running_mean"), get("running_var"), np.ones(1)]
    if kind == "layer_normalisation":
        return [get("weight"), get("bias")]
    if kind == "attention":
        parts = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
        return [get(part).T for part in parts]
    if kind in ("recurrent", "lstm", "gru"):
        wide = get(f"weight_ih_{part}")
        none = f"bias_ih_{part}" not in state and f"bias_hh_{part}" not in state  # bias=False
        inner, outer = (np.zeros(len(wide)) if none else get(f"bias_{one}_{part}") for one in ("ih", "hh"))
        order = {"recurrent": (0,), "lstm": (0, 1, 3, 2), "gru": (0, 1, 2)}[kind]
        weights = [_reordered(get(f"weight_{one}_{part}"), order) for one in ("ih", "hh")]
        if kind != "gru":
            return [*weights, _reordered(inner + outer, order)]
        third = len(inner) // 3
        if infos[-1]["shape"][0] != 4 * third:
            raise InvalidArgument(f"layer {name!r}: PyTorch's GRU has reset_after=True")
        return [*weights, np.concatenate([(inner + outer)[: 2 * third], inner[2 * third :], outer[2 * third :]])]
    raise InvalidArgument(f"layer {name!r} of the kind {kind} has no counterpart in PyTorch; map it by hand")


def parameters_from_pytorch(graph: Graph, state: Mapping[str, Any], mapping: Mapping[str, str]) -> NDArray[np.float32]:
    """The parameters of a graph from the ``state_dict`` of a module of PyTorch.

    Parameters
    ----------
    graph : Graph
        The same network; flattened images need ``Permute((2, 0, 1))`` before ``Flatten``, since PyTorch has the
        channels first.
    state : mapping of tensors or arrays
        ``module.state_dict()``.
    mapping : mapping of str
        For each layer that has parameters, by its name, the prefix of its entries in ``state`` ("encoder.0" for
        "encoder.0.weight"; "" for none). Behind a colon which part of a recurrent module is meant, where that is not
        the first layer forwards: "gru:l1", or "gru:l0_reverse" for a layer with ``backwards=True``.

    Returns
    -------
    float32 array
        For :meth:`diskern.GraphNetwork.from_parameters`.

    Raises
    ------
    InvalidArgument
        Layers that are missing in the mapping or not in the graph, entries that are missing or have another shape.
    """
    arrays = {
        str(key): np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
        for key, value in state.items()
    }

    def arrays_of(name: str, kind: str, infos: list[dict[str, Any]]) -> list[NDArray[Any]]:
        prefix, _, part = mapping[name].partition(":")
        start = f"{prefix}." if prefix else ""
        own = {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}
        if not own:
            raise InvalidArgument(f"layer {name!r}: the state has no entries that begin with {start!r}")
        return _torch_arrays(name, kind, infos, own, part or "l0")

    return _fill(graph, arrays_of, list(mapping))


# --- Keras


def _keras_arrays(name: str, kind: str, infos: list[dict[str, Any]], arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
    expected = {"gru": 3, "lstm": 3, "recurrent": 3, "batch_normalisation": 4, "attention": 8}.get(kind, len(infos))
    if len(arrays) != expected:
        raise InvalidArgument(f"layer {name!r}: got {len(arrays)} arrays, expected {expected}")
    if kind in ("convolution", "transposed_convolution"):
        kernel = arrays[0][np.newaxis] if arrays[0].ndim == 3 else arrays[0]
        wanted = tuple(infos[0]["shape"])
        if kind == "convolution" and kernel.size == np.prod(wanted) and wanted[2] == 1:
            kernel = kernel.reshape(wanted)  # depthwise: channels, then the maps of each
        return [kernel, *arrays[1:]]
    if kind == "attention":  # query, key, value, output: each a kernel and biases, heads as a dimension of their own
        features, inner = infos[0]["shape"][0], infos[0]["shape"][1] // 3
        kernels = [arrays[i].reshape(features, -1) for i in (0, 2, 4)]
        biases = [arrays[i].reshape(-1) for i in (1, 3, 5)]
        return [np.hstack(kernels), np.concatenate(biases), arrays[6].reshape(inner, -1), arrays[7]]
    if kind == "batch_normalisation":
        return [*arrays, np.ones(1)]
    if kind in ("lstm", "gru"):
        order = {"lstm": (0, 1, 3, 2), "gru": (1, 0, 2)}[kind]  # theirs: i, f, c, o and z, r, h
        weights = [_reordered(one.T, order) for one in arrays[:2]]
        if arrays[2].ndim == 1:
            return [*weights, _reordered(arrays[2], order)]
        inner, outer = (_reordered(one, order) for one in arrays[2])
        third = len(inner) // 3
        return [*weights, np.concatenate([(inner + outer)[: 2 * third], inner[2 * third :], outer[2 * third :]])]
    return arrays


def parameters_from_keras(graph: Graph, weights: Mapping[str, Sequence[Any]]) -> NDArray[np.float32]:
    """The parameters of a graph from the weights of layers of Keras.

    Parameters
    ----------
    graph : Graph
        As :func:`graph_from_keras` makes it.
    weights : mapping of lists of arrays
        For each layer that has parameters, by its name, what ``layer.get_weights()`` gives.

    Returns
    -------
    float32 array
        For :meth:`diskern.GraphNetwork.from_parameters`.

    Raises
    ------
    InvalidArgument
        Layers that are missing or not in the graph, arrays that are missing or have another shape.
    """

    given = _of_several(graph, weights)

    def arrays_of(name: str, kind: str, infos: list[dict[str, Any]]) -> list[NDArray[Any]]:
        return _keras_arrays(name, kind, infos, [np.asarray(one) for one in given[name]])

    return _fill(graph, arrays_of, list(given))


def _of_several(graph: Graph, weights: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """The arrays of layers of Keras that are two of ours (Bidirectional, SeparableConv) given to both."""
    known = _layer_arrays(graph)
    given: dict[str, Sequence[Any]] = {}
    for name, arrays in weights.items():
        if f"{name}/forward" in known:
            half = len(arrays) // 2
            given |= {f"{name}/forward": arrays[:half], f"{name}/backward": arrays[half:]}
        elif f"{name}/depthwise" in known:
            given |= {f"{name}/depthwise": arrays[:1], f"{name}/pointwise": arrays[1:]}
        else:
            given[name] = arrays
    return given
