"""Arrays on a CUDA device: read where they are, results of the same library there.

On a machine without a GPU the emulated device of ``tests/cuda`` serves, a library that the C++ tests build; CuPy and
PyTorch are then stand-ins with the same attributes.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import diskern
from diskern import DBSCAN, FisherClassifier, GradientBoostedTreesClassifier, KMeans, _core, _device

ROOT = Path(__file__).resolve().parents[2]


def emulated_backend() -> ctypes.CDLL | None:
    """The newest library of the emulated device that fits this build of the core."""
    found = sorted(
        ROOT.glob("build/**/tests/cuda/libdiskern_cuda_emulation.so"),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in found:
        library = ctypes.CDLL(str(path))
        library.diskern_emulated_backend_bytes.restype = ctypes.c_size_t
        library.diskern_emulated_backend.restype = ctypes.c_void_p
        if library.diskern_emulated_backend_bytes() == _core._cuda_backend_bytes:
            return library
    return None


@pytest.fixture(scope="module", autouse=True)
def device():
    if _core.cuda_devices():
        yield
        return
    library = emulated_backend()
    if library is None:
        pytest.skip("no CUDA device, and the emulated one is not built (cmake target diskern_cuda_emulation)")
    _core._register_cuda_backend(library.diskern_emulated_backend())
    yield
    _core._register_cuda_backend(0)


def to_device(array: np.ndarray) -> _core.DeviceBuffer:
    buffer = _core.DeviceBuffer(list(array.shape), array.dtype, 0)
    buffer.from_host(np.ascontiguousarray(array))
    return buffer


class Strided:
    """A view with strides of its own, as a transposed or sliced CuPy array has."""

    def __init__(self, buffer, shape, strides, offset=0, **more):
        self.buffer = buffer
        interface = dict(buffer.__cuda_array_interface__)
        interface["shape"] = shape
        interface["strides"] = strides
        interface["data"] = (interface["data"][0] + offset, False)
        interface.update(more)
        self._interface = interface

    @property
    def __cuda_array_interface__(self):
        return self._interface


class OnlyDlpack:
    """An array that speaks DLPack alone, as other libraries' do."""

    def __init__(self, buffer):
        self.buffer = buffer
        self.streams = []

    def __dlpack_device__(self):
        return self.buffer.__dlpack_device__()

    def __dlpack__(self, stream=None):
        self.streams.append(stream)
        return self.buffer.__dlpack__(stream=stream)


@pytest.fixture(scope="module")
def sample():
    random = np.random.default_rng(1)
    X = random.normal(size=(1500, 5)).astype(np.float32)
    X[::17, 2] = np.nan
    y = (np.nan_to_num(X[:, 2]) + X[:, 0] * X[:, 1] + random.normal(size=1500) > 0).astype(int)
    return X, y


@pytest.fixture(scope="module")
def model(sample, tmp_path_factory):
    X, y = sample
    path = tmp_path_factory.mktemp("model") / "forest.diskern"
    GradientBoostedTreesClassifier(n_estimators=20, n_jobs=1).fit(X, y).save(path)
    return diskern.load(path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_responses_have_the_bits_of_the_processor(sample, model, dtype):
    X = sample[0].astype(dtype)
    result = model.evaluate(to_device(X))
    assert isinstance(result, _core.DeviceBuffer)
    assert result.device == 0
    np.testing.assert_array_equal(result.to_host(), model.evaluate(X))


def test_any_strides_are_read_where_they_are(sample, model):
    X = sample[0]
    expected = model.evaluate(X)
    transposed = to_device(X.T)
    result = model.evaluate(Strided(transposed, X.shape, (4, 4 * len(X))))
    np.testing.assert_array_equal(result.to_host(), expected)
    backwards = to_device(X)
    result = model.evaluate(Strided(backwards, X.shape, (-20, 4), offset=20 * (len(X) - 1)))
    np.testing.assert_array_equal(result.to_host(), expected[::-1])


def test_dlpack_alone_is_enough(sample, model):
    array = OnlyDlpack(to_device(sample[0]))
    np.testing.assert_array_equal(model.evaluate(array).to_host(), model.evaluate(sample[0]))
    assert array.streams == [_device.LEGACY_STREAM]


def test_dlpack_capsules_are_used_once_and_given_back(sample):
    buffer = to_device(sample[0])
    before = sys.getrefcount(buffer)
    capsule = buffer.__dlpack__()
    tensor = _core.DlpackTensor(capsule)
    assert tensor.interface()["shape"] == sample[0].shape
    with pytest.raises(diskern.InvalidArgument, match="used once only"):
        _core.DlpackTensor(capsule)
    del tensor, capsule
    assert sys.getrefcount(buffer) == before


def test_no_event_gives_no_response(model):
    empty = _core.DeviceBuffer([0, 5], np.dtype(np.float32), 0)
    assert model.evaluate(empty).shape == (0, 1)


class Recorded:
    """A stand-in for CuPy or PyTorch that says what it was asked for."""

    def __init__(self, name):
        self.module = types.ModuleType(name)
        self.asked = []
        recorder = self

        class Array:
            __module__ = name
            requires_grad = False
            is_cuda = True

            def __init__(self, buffer):
                self.buffer = buffer

            @property
            def __cuda_array_interface__(self):
                return self.buffer.__cuda_array_interface__

        class Stream:
            ptr = 0
            cuda_stream = 0

        def empty(shape, dtype=None, device=None):
            recorder.asked.append((shape, dtype, device))
            return Array(_core.DeviceBuffer(list(shape), np.dtype(np.float64), 0))

        def stream(device=None):
            recorder.asked.append("stream")
            return Stream()

        self.Array = Array
        self.module.empty = empty
        self.module.float64 = "torch.float64"
        self.module.cuda = types.SimpleNamespace(
            Device=lambda index: contextlib.nullcontext(), get_current_stream=stream, current_stream=stream
        )


@pytest.mark.parametrize("name", ["cupy", "torch"])
def test_results_are_made_by_the_callers_library(monkeypatch, sample, model, name):
    library = Recorded(name)
    monkeypatch.setitem(sys.modules, name, library.module)
    result = model.evaluate(library.Array(to_device(sample[0])))
    assert isinstance(result, library.Array)
    assert "stream" in library.asked  # the caller's current stream
    shape, dtype, where = library.asked[-1]
    assert shape == (len(sample[0]), 1)
    assert (dtype, where) == (("torch.float64", "cuda:0") if name == "torch" else (np.float64, None))
    np.testing.assert_array_equal(result.buffer.to_host(), model.evaluate(sample[0]))


def test_a_tensor_with_gradients_is_refused(monkeypatch, sample, model):
    library = Recorded("torch")
    monkeypatch.setitem(sys.modules, "torch", library.module)
    tensor = library.Array(to_device(sample[0]))
    tensor.requires_grad = True
    with pytest.raises(diskern.InvalidArgument, match="detach"):
        model.evaluate(tensor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"typestr": "<i4"}, "dtype int32 on the device, expected float32 or float64"),
        ({"shape": (7500,), "strides": None}, r"shape \(7500,\), expected 2 dimensions"),
        ({"shape": (2500, 3), "strides": None}, "3 variables, the model was trained with 5"),
        ({"strides": (20, 2)}, "multiples of 4"),
        ({"mask": object()}, "masked"),
    ],
)
def test_what_does_not_fit_is_said(sample, model, change, message):
    X = sample[0]
    interface = {"shape": X.shape, "strides": None, **change}
    array = Strided(to_device(X), interface.pop("shape"), interface.pop("strides"), **interface)
    with pytest.raises(diskern.InvalidArgument, match=message):
        model.evaluate(array)


def test_an_address_of_no_device_is_refused(sample, model):
    X = sample[0]
    array = Strided(to_device(X), X.shape, None, data=(X.ctypes.data, False))
    with pytest.raises(diskern.DeviceError, match="no device knows its address"):
        model.evaluate(array)


def test_methods_of_the_processor_say_so(sample, tmp_path):
    X, y = sample
    X = np.nan_to_num(X)
    FisherClassifier().fit(X, y).save(tmp_path / "fisher.diskern")
    with pytest.raises(diskern.DeviceError, match="evaluated on the CPU only"):
        diskern.load(tmp_path / "fisher.diskern").evaluate(to_device(X))


def test_without_a_device_the_reason_is_given(sample, model):
    if not _core.cuda_devices()[0]["name"].startswith("emulated"):
        pytest.skip("this machine has a CUDA device")
    buffer = to_device(sample[0])
    library = emulated_backend()
    _core._register_cuda_backend(0)
    try:
        with pytest.raises(diskern.DeviceError, match=r"no CUDA kernels|no CUDA device"):
            model.evaluate(Strided(buffer, sample[0].shape, None))
    finally:
        _core._register_cuda_backend(library.diskern_emulated_backend())


def test_too_large_arrays_say_how_much_is_free():
    with pytest.raises(diskern.DeviceError, match="bytes"):
        _core.DeviceBuffer([1 << 40], np.dtype(np.float64), 0)
    with pytest.raises(diskern.InvalidArgument, match="negative"):
        _core.DeviceBuffer([-1], np.dtype(np.float64), 0)
    with pytest.raises(diskern.DeviceError, match="device 7 was asked for"):
        _core.DeviceBuffer([1], np.dtype(np.float64), 7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "l1", "chebyshev"])
def test_dbscan_labels_are_those_of_the_processor(dtype, metric):
    random = np.random.default_rng(2)
    points = np.concatenate(
        [random.normal(centre, 0.3, (150, 3)) for centre in (-2, 0, 2)] + [random.uniform(-4, 4, (80, 3))]
    )
    points = points[random.permutation(len(points))].astype(dtype)
    expected = DBSCAN(eps=0.5, metric=metric).fit(points)
    found = DBSCAN(eps=0.5, metric=metric).fit(to_device(points))
    np.testing.assert_array_equal(found.labels_.to_host(), expected.labels_)
    np.testing.assert_array_equal(found.core_sample_indices_.to_host(), expected.core_sample_indices_)
    assert expected.labels_.max() >= 2
    assert found.n_features_in_ == 3


def test_dbscan_weights_on_the_device():
    random = np.random.default_rng(3)
    points = random.uniform(0, 5, (300, 2))
    weight = random.integers(-1, 4, 300).astype(float)
    expected = DBSCAN(eps=0.4, min_samples=6).fit(points, sample_weight=weight)
    found = DBSCAN(eps=0.4, min_samples=6).fit(to_device(points), sample_weight=to_device(weight))
    np.testing.assert_array_equal(found.labels_.to_host(), expected.labels_)
    with pytest.raises(diskern.DeviceError, match="sample_weight is not"):
        DBSCAN().fit(to_device(points), sample_weight=weight)
    with pytest.raises(diskern.InvalidArgument, match=r"shape \(299,\)"):
        DBSCAN().fit(to_device(points), sample_weight=to_device(weight[:-1]))


def test_dbscan_says_what_a_device_cannot():
    points = to_device(np.zeros((4, 2)))
    with pytest.raises(diskern.InvalidArgument, match="haversine"):
        DBSCAN(metric="haversine").fit(points)
    with pytest.raises(diskern.DeviceError, match="metric_params"):
        DBSCAN(metric_params={"periods": [1.0, 0.0]}).fit(points)
    bad = np.zeros((4, 2))
    bad[2, 1] = np.nan
    with pytest.raises(diskern.InvalidArgument, match="event 2, variable 1"):
        DBSCAN().fit(to_device(bad))
    with pytest.raises(diskern.InvalidArgument, match="0 sample"):
        DBSCAN().fit(_core.DeviceBuffer([0, 2], np.dtype(np.float64), 0))


def test_dbscan_without_core_points():
    found = DBSCAN(eps=0.1).fit(to_device(np.arange(8.0).reshape(4, 2)))
    np.testing.assert_array_equal(found.labels_.to_host(), [-1] * 4)
    assert found.core_sample_indices_.shape == (0,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kmeans_from_given_centres(dtype):
    random = np.random.default_rng(4)
    points = (random.normal(size=(900, 4)) + 6 * random.integers(0, 3, (900, 1))).astype(dtype)
    start = points[:5]
    expected = KMeans(5, init=start, n_init=1).fit(points)
    found = KMeans(5, init=start, n_init=1).fit(to_device(points))
    np.testing.assert_array_equal(found.labels_.to_host(), expected.labels_)
    np.testing.assert_allclose(found.cluster_centers_, expected.cluster_centers_, rtol=1e-6, atol=1e-6)
    assert found.cluster_centers_.dtype == dtype
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-6)
    assert found.n_iter_ == expected.n_iter_
    np.testing.assert_array_equal(found.predict(to_device(points[:70])).to_host(), expected.predict(points[:70]))


def test_kmeans_seeded_on_the_device():
    random = np.random.default_rng(5)
    points = random.normal(0, 0.3, (1200, 2)) + 4.0 * random.integers(0, 3, (1200, 2))
    expected = KMeans(9, n_init=3, random_state=1).fit(points)
    found = KMeans(9, n_init=3, random_state=1).fit(to_device(points))
    again = KMeans(9, n_init=3, random_state=1).fit(to_device(points))
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-6)  # nine blobs apart: both find them
    np.testing.assert_array_equal(found.cluster_centers_, again.cluster_centers_)


def test_kmeans_says_what_a_device_cannot():
    points = to_device(np.arange(20.0).reshape(10, 2))
    with pytest.raises(diskern.DeviceError, match="sample_weight"):
        KMeans(2).fit(points, sample_weight=np.ones(10))
    with pytest.raises(diskern.DeviceError, match="init='random'"):
        KMeans(2, init="random").fit(points)
    with pytest.raises(diskern.InvalidArgument, match=r"n_samples=10 should be >= n_clusters=11"):
        KMeans(11).fit(points)
    fitted = KMeans(2, random_state=0).fit(points)
    with pytest.raises(diskern.InvalidArgument, match="expecting 2"):
        fitted.predict(to_device(np.zeros((3, 3))))
    with pytest.warns(ConvergenceWarning, match="distinct clusters"):
        KMeans(2).fit(to_device(np.ones((5, 2))))
