"""The door for arrays in the memory of a CUDA device: CuPy, PyTorch, JAX, Numba, or anything with DLPack.

Nothing is copied on the way in, and results come back as arrays of the caller's library on the same device. Work goes
to the caller's stream where the library has a current one, else to the stream that the array names, else to the default
stream.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core

InvalidArgument = _core.InvalidArgument
DeviceError = _core.DeviceError

DLPACK_CUDA = 2
LEGACY_STREAM = 1  # as __cuda_array_interface__ and DLPack number the default stream


@dataclass(frozen=True)
class DeviceView:
    """Where an array lies in device memory. ``owner`` keeps it alive."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in elements
    dtype: np.dtype[Any]
    device: int
    stream: int
    library: str
    owner: Any

    def matrix(self) -> tuple[int, int, int, int, int]:
        return (self.address, *self.shape, *self.strides)  # type: ignore[return-value]


def is_on_device(array: Any) -> bool:
    """Whether an array is in the memory of a CUDA device, without touching it."""
    if isinstance(array, np.ndarray | np.generic | list | tuple) or np.isscalar(array):
        return False
    if _library(array) == "torch":
        return bool(array.is_cuda)
    if hasattr(type(array), "__cuda_array_interface__"):
        return True
    device = getattr(array, "__dlpack_device__", None)
    return device is not None and int(device()[0]) == DLPACK_CUDA


def _library(array: Any) -> str:
    """The package that an array's type comes from."""
    name = type(array).__module__.partition(".")[0]
    return {"jaxlib": "jax"}.get(name, name)


def _current_stream(library: str, device: int) -> int | None:
    """The stream that the caller's library works on now."""
    module = sys.modules.get(library)
    if library == "cupy" and module is not None:
        with module.cuda.Device(device):
            return int(module.cuda.get_current_stream().ptr)
    if library == "torch" and module is not None:
        return int(module.cuda.current_stream(device).cuda_stream)
    return None


def view(array: Any, name: str, dtypes: tuple[Any, ...], dimensions: int) -> DeviceView:
    """Look at an array on a device.

    Raises
    ------
    InvalidArgument
        Another dtype or number of dimensions, a masked array, strides that are no multiple of the element's size.
    DeviceError
        No device, or the array cannot be shared.
    """
    if not _core.cuda_devices():
        raise DeviceError(f"{name} is on a CUDA device, but {_core.cuda_status()}")
    library = _library(array)
    owner: Any = array
    if library == "torch" and array.requires_grad:
        raise InvalidArgument(f"{name} is a tensor that requires gradients; give {name}.detach()")
    interface: dict[str, Any]
    if hasattr(type(array), "__cuda_array_interface__"):
        interface = dict(array.__cuda_array_interface__)
    else:
        device = array.__dlpack_device__()
        if int(device[0]) != DLPACK_CUDA:
            raise InvalidArgument(f"{name} is on DLPack device type {int(device[0])}, expected {DLPACK_CUDA} (CUDA)")
        owner = _core.DlpackTensor(array.__dlpack__(stream=LEGACY_STREAM))
        interface = owner.interface()
    if interface.get("mask") is not None:
        raise InvalidArgument(f"{name} is a masked array; fill the masked elements first")
    dtype = np.dtype(interface["typestr"])
    shape = tuple(int(extent) for extent in interface["shape"])
    if dtype not in [np.dtype(d) for d in dtypes]:
        wanted = " or ".join(str(np.dtype(d)) for d in dtypes)
        raise InvalidArgument(f"{name} has dtype {dtype} on the device, expected {wanted} (convert it there)")
    if len(shape) != dimensions:
        raise InvalidArgument(f"{name} has shape {shape}, expected {dimensions} dimensions")
    strides = interface.get("strides")
    if strides is None:
        steps = [dtype.itemsize]
        for extent in reversed(shape[1:]):
            steps.append(steps[-1] * extent)
        strides = tuple(reversed(steps))
    if any(stride % dtype.itemsize for stride in strides):
        raise InvalidArgument(f"{name} has strides of {tuple(strides)} bytes, expected multiples of {dtype.itemsize}")
    address = int(interface["data"][0])
    empty = 0 in shape
    device_number = int(interface["device"]) if "device" in interface else -1
    if device_number < 0 and not empty:
        device_number = _core.device_of(address)
        if device_number < 0:
            raise DeviceError(f"{name} claims to be on a CUDA device, but no device knows its address")
    stream = _current_stream(library, max(device_number, 0))
    if stream is None:
        stream = interface.get("stream") or LEGACY_STREAM
    return DeviceView(
        address,
        shape,
        tuple(int(stride) // dtype.itemsize for stride in strides),
        dtype,
        max(device_number, 0),
        int(stream),
        library,
        owner,
    )


def empty_like(like: DeviceView, shape: tuple[int, ...], dtype: Any) -> tuple[Any, DeviceView]:
    """A new array of the caller's library on the same device, and where it lies.

    JAX arrays cannot be written to, so theirs is made of memory of our own; call ``finish`` when it is filled.
    """
    module = sys.modules.get(like.library)
    array: Any
    if like.library == "cupy" and module is not None:
        with module.cuda.Device(like.device):
            array = module.empty(shape, dtype)
    elif like.library == "torch" and module is not None:
        array = module.empty(shape, dtype=getattr(module, np.dtype(dtype).name), device=f"cuda:{like.device}")
    elif like.library == "numba" and module is not None:
        from numba import cuda

        array = cuda.device_array(shape, dtype)
    else:
        array = _core.DeviceBuffer(list(shape), np.dtype(dtype), like.device)
    interface = array.__cuda_array_interface__
    itemsize = np.dtype(dtype).itemsize
    strides = [1]
    for extent in reversed(shape[1:]):
        strides.append(strides[-1] * extent)
    assert np.dtype(interface["typestr"]).itemsize == itemsize
    return array, DeviceView(
        int(interface["data"][0]),
        shape,
        tuple(reversed(strides)),
        np.dtype(dtype),
        like.device,
        like.stream,
        like.library,
        array,
    )


def finish(array: Any, like: DeviceView) -> Any:
    """The filled array as the caller's type."""
    if like.library == "jax" and isinstance(array, _core.DeviceBuffer):
        import jax

        return jax.dlpack.from_dlpack(array)
    return array


def same_device(first: DeviceView, second: DeviceView, names: str) -> None:
    """Refuse arrays of two devices."""
    if first.device != second.device:
        raise DeviceError(f"{names} are on CUDA devices {first.device} and {second.device}, expected one device")


def evaluate(model: Any, events: Any) -> Any:
    """Responses of a model of the core for events on a device; see ``Model.evaluate``."""
    where = view(events, "events", (np.float32, np.float64), 2)
    if where.shape[1] != model.variable_count:
        raise InvalidArgument(
            f"events has {where.shape[1]} variables, the model was trained with {model.variable_count}"
        )
    responses, target = empty_like(where, (where.shape[0], model.output_count), np.float64)
    if where.shape[0] > 0:
        _core.evaluate_on_device(
            model, where.matrix(), where.dtype == np.float64, target.matrix(), where.device, where.stream
        )
    return finish(responses, where)


def fit_dbscan(
    points: Any, eps: float, min_samples: float, metric: str, sample_weight: Any
) -> tuple[Any, Any, tuple[int, int]]:
    """Labels, indices of the core points (arrays of the library of ``points``), and the shape of ``points``."""
    where = view(points, "X", (np.float32, np.float64), 2)
    n, dimensions = where.shape
    if n == 0 or dimensions == 0:
        raise InvalidArgument(
            f"Found array with {n} sample(s) and {dimensions} feature(s) (shape={where.shape}), one needed"
        )
    weight_address = 0
    if sample_weight is not None:
        if not is_on_device(sample_weight):
            raise DeviceError("X is on a CUDA device, but sample_weight is not; both must be on one device")
        weight = view(sample_weight, "sample_weight", (np.float64,), 1)
        same_device(where, weight, "X and sample_weight")
        if weight.shape != (n,):
            raise InvalidArgument(f"sample_weight has shape {weight.shape}, expected ({n},)")
        if n > 1 and weight.strides != (1,):
            raise InvalidArgument("sample_weight on a device must lie without gaps; copy it there first")
        weight_address = weight.address
    labels, to_labels = empty_like(where, (n,), np.int64)
    core, to_core = empty_like(where, (n,), np.uint8)
    _, n_core = _core.fit_dbscan_on_device(
        where.matrix(),
        where.dtype == np.float64,
        eps,
        min_samples,
        metric,
        weight_address,
        to_labels.address,
        to_core.address,
        where.device,
        where.stream,
    )
    indices, to_indices = empty_like(where, (n_core,), np.int64)
    if n_core > 0:
        _core.select_on_device(to_core.address, n, to_indices.address, where.device, where.stream)
    del core
    return finish(labels, where), finish(indices, where), (n, dimensions)


class KMeansPoints:
    """Points on a device for k-means: what ``_core.KMeansPoints`` is for those of the processor."""

    def __init__(self, points: Any) -> None:
        self.where = view(points, "X", (np.float32, np.float64), 2)
        if 0 in self.where.shape:
            n, dimensions = self.where.shape
            raise InvalidArgument(f"Found array with {n} sample(s) and {dimensions} feature(s), one needed")
        self._arguments = (self.where.matrix(), self.where.dtype == np.float64)
        self._place = (self.where.device, self.where.stream)

    @property
    def shape(self) -> tuple[int, int]:
        return (self.where.shape[0], self.where.shape[1])

    def mean_variance(self) -> float:
        return float(_core.mean_variance_on_device(*self._arguments, *self._place))

    def seed(self, clusters: int, seed: int, run: int) -> Any:
        return _core.seed_kmeans_on_device(*self._arguments, clusters, seed, run, *self._place)

    def fit(self, centres: Any, max_iterations: int, tolerance: float) -> dict[str, Any]:
        labels, target = empty_like(self.where, (self.where.shape[0],), np.int32)
        result = dict(
            _core.fit_kmeans_on_device(
                *self._arguments, centres, max_iterations, tolerance, target.address, *self._place
            )
        )
        result["labels"] = finish(labels, self.where)
        return result

    def predict(self, centres: Any) -> Any:
        labels, target = empty_like(self.where, (self.where.shape[0],), np.int32)
        _core.predict_kmeans_on_device(*self._arguments, centres, target.address, *self._place)
        return finish(labels, self.where)
