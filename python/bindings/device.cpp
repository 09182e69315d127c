// Arrays in the memory of a CUDA device: what DLPack says of them, memory of our own, and work on them.
#include "base/device.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clustering/device_dbscan.hpp"
#include "clustering/device_kmeans.hpp"
#include "common.hpp"
#include "diskern/model.hpp"
#include "model/implementation.hpp"

namespace diskern::python {

namespace {

// The structures of DLPack 0.8 (dmlc/dlpack, include/dlpack/dlpack.h), which every producer still gives where no newer
// version is asked for.
struct DlDevice {
  std::int32_t type;
  std::int32_t id;
};
struct DlDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};
struct DlTensor {
  void* data;
  DlDevice device;
  std::int32_t n_dimensions;
  DlDataType type;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};
struct DlManagedTensor {
  DlTensor tensor;
  void* manager;
  void (*deleter)(DlManagedTensor*);
};
constexpr std::int32_t dl_cuda = 2;
constexpr std::uint8_t dl_codes[] = {'i', 'u', 'f'};  // as in NumPy's typestr

// The tensor of a capsule, given back to its producer when Python forgets it.
class DlpackTensor {
 public:
  explicit DlpackTensor(py::capsule capsule) {
    if (std::string(capsule.name() == nullptr ? "" : capsule.name()) != "dltensor") {
      throw InvalidArgument("the array's __dlpack__ gave no capsule named 'dltensor' (it may be used once only)");
    }
    tensor_ = capsule.get_pointer<DlManagedTensor>();
    capsule.set_name("used_dltensor");
  }
  ~DlpackTensor() {
    if (tensor_ != nullptr && tensor_->deleter != nullptr) tensor_->deleter(tensor_);
  }
  DlpackTensor(const DlpackTensor&) = delete;
  DlpackTensor& operator=(const DlpackTensor&) = delete;

  // In the form of __cuda_array_interface__, with the number of the device.
  py::dict interface() const {
    const DlTensor& tensor = tensor_->tensor;
    if (tensor.device.type != dl_cuda) {
      throw InvalidArgument("the array is in the memory of DLPack device type " + std::to_string(tensor.device.type) +
                            ", expected 2 (CUDA)");
    }
    if (tensor.type.lanes != 1 || tensor.type.code >= std::size(dl_codes) || tensor.type.bits % 8 != 0) {
      throw InvalidArgument("the array has elements of DLPack type code " + std::to_string(tensor.type.code) + " with " +
                            std::to_string(tensor.type.bits) + " bits, expected plain integers or floats");
    }
    const std::int64_t item = tensor.type.bits / 8;
    py::tuple shape(tensor.n_dimensions);
    py::tuple strides(tensor.n_dimensions);
    std::int64_t stride = item;
    for (std::int32_t axis = tensor.n_dimensions - 1; axis >= 0; --axis) {
      shape[static_cast<std::size_t>(axis)] = tensor.shape[axis];
      strides[static_cast<std::size_t>(axis)] = tensor.strides == nullptr ? stride : tensor.strides[axis] * item;
      stride *= tensor.shape[axis];
    }
    py::dict result;
    result["data"] = py::make_tuple(reinterpret_cast<std::uintptr_t>(tensor.data) + tensor.byte_offset, false);
    result["typestr"] = "<" + std::string(1, static_cast<char>(dl_codes[tensor.type.code])) + std::to_string(item);
    result["shape"] = shape;
    result["strides"] = strides;
    result["device"] = tensor.device.id;
    return result;
  }

 private:
  DlManagedTensor* tensor_ = nullptr;
};

const CudaBackend& backend() {
  Context context;
  context.device = Device::cuda;
  require_device(context);
  return *cuda_backend();
}

// Memory of a device for whoever brings no array library of his own: C-ordered, freed with the last reference.
class DeviceBuffer : public std::enable_shared_from_this<DeviceBuffer> {
 public:
  DeviceBuffer(std::vector<std::int64_t> shape, const py::dtype& dtype, int device)
      : shape_(std::move(shape)), dtype_(dtype), device_(device) {
    for (const std::int64_t extent : shape_) {
      if (extent < 0) throw InvalidArgument("shape has the negative extent " + std::to_string(extent));
    }
    const DeviceGuard guard(device);
    memory_ = backend().allocate(bytes() > 0 ? bytes() : 1);
  }
  ~DeviceBuffer() {
    try {
      const DeviceGuard guard(device_);
      cuda_backend()->release(memory_);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the driver is gone, and the memory with it
    }
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::size_t bytes() const {
    std::size_t count = static_cast<std::size_t>(dtype_.itemsize());
    for (const std::int64_t extent : shape_) count *= static_cast<std::size_t>(extent);
    return count;
  }
  py::dict interface() const {
    py::dict result;
    result["data"] = py::make_tuple(reinterpret_cast<std::uintptr_t>(memory_), false);
    result["typestr"] = dtype_.attr("str");
    result["shape"] = py::tuple(py::cast(shape_));
    result["strides"] = py::none();
    result["version"] = 3;
    result["stream"] = py::none();
    return result;
  }
  py::capsule dlpack(const py::object& /*stream*/) {
    struct Holder {
      std::shared_ptr<DeviceBuffer> buffer;
      std::vector<std::int64_t> shape;
      DlManagedTensor managed;
    };
    auto* holder = new Holder{shared_from_this(), shape_, {}};
    const char kind = dtype_.kind();
    const std::uint8_t code = kind == 'f' ? 2 : kind == 'u' ? 1 : 0;
    holder->managed.tensor = {memory_,
                              {dl_cuda, device_},
                              static_cast<std::int32_t>(holder->shape.size()),
                              {code, static_cast<std::uint8_t>(dtype_.itemsize() * 8), 1},
                              holder->shape.data(),
                              nullptr,
                              0};
    holder->managed.manager = holder;
    holder->managed.deleter = [](DlManagedTensor* tensor) { delete static_cast<Holder*>(tensor->manager); };
    return py::capsule(&holder->managed, "dltensor", [](PyObject* capsule) {
      // A consumer renames the capsule and calls the deleter himself.
      if (PyCapsule_IsValid(capsule, "dltensor") == 0) return;
      auto* tensor = static_cast<DlManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
      tensor->deleter(tensor);
    });
  }
  py::array to_host() const {
    py::array host(dtype_, shape_);
    const DeviceGuard guard(device_);
    backend().copy_to_host(host.mutable_data(), memory_, bytes(), nullptr);
    backend().synchronize(nullptr);
    return host;
  }
  void from_host(const py::array& host) {
    if (!host.dtype().is(dtype_) && !host.dtype().equal(dtype_)) {
      throw InvalidArgument("host has dtype " + std::string(py::str(host.dtype())) + ", expected " +
                            std::string(py::str(dtype_)));
    }
    const std::vector<std::int64_t> shape(host.shape(), host.shape() + host.ndim());
    if (shape != shape_ || (host.flags() & py::array::c_style) == 0) {
      throw InvalidArgument("host must be C-ordered and of the buffer's shape");
    }
    const DeviceGuard guard(device_);
    backend().copy_to_device(memory_, host.data(), bytes(), nullptr);
    backend().synchronize(nullptr);
  }
  const std::vector<std::int64_t>& shape() const { return shape_; }
  const py::dtype& dtype() const { return dtype_; }
  int device() const { return device_; }

 private:
  std::vector<std::int64_t> shape_;
  py::dtype dtype_;
  int device_ = 0;
  void* memory_ = nullptr;
};

// Where a matrix lies: address, extents, strides in elements. The Python side (_device.py) has checked all.
struct Matrix {
  std::uintptr_t address;
  std::size_t rows;
  std::size_t columns;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t column_stride;
};
Matrix matrix_of(const py::tuple& description) {
  return {description[0].cast<std::uintptr_t>(), description[1].cast<std::size_t>(), description[2].cast<std::size_t>(),
          description[3].cast<std::ptrdiff_t>(), description[4].cast<std::ptrdiff_t>()};
}

void evaluate_on_device(const Model& model, const py::tuple& events, bool is_double, const py::tuple& responses,
                        int device, std::uintptr_t stream) {
  const Matrix in = matrix_of(events);
  const Matrix out = matrix_of(responses);
  Context context;
  context.device = Device::cuda;
  context.stream = reinterpret_cast<void*>(stream);  // NOLINT(performance-no-int-to-ptr): as CUDA libraries hand it over
  const EventSource source{reinterpret_cast<const void*>(in.address),  // NOLINT(performance-no-int-to-ptr)
                           nullptr, in.row_stride, in.column_stride, in.columns, is_double};
  const View<double, 2> view(reinterpret_cast<double*>(out.address),  // NOLINT(performance-no-int-to-ptr)
                             {out.rows, out.columns}, {out.row_stride, out.column_stride}, Device::cuda);
  const py::gil_scoped_release release;
  const DeviceGuard guard(device);
  model.implementation()->evaluate(context, source, view);
}

clustering::DeviceMetric device_metric(const std::string& name) {
  if (name == "euclidean") return clustering::DeviceMetric::euclidean;
  if (name == "manhattan") return clustering::DeviceMetric::manhattan;
  if (name == "chebyshev") return clustering::DeviceMetric::chebyshev;
  throw InvalidArgument("DBSCAN on a CUDA device measures euclidean, manhattan or chebyshev distances, not " + name);
}

py::tuple fit_dbscan_on_device(const py::tuple& points, bool is_double, double eps, double min_samples,
                               const std::string& metric, std::uintptr_t weight, std::uintptr_t labels,
                               std::uintptr_t core, int device, std::uintptr_t stream) {
  const Matrix in = matrix_of(points);
  const clustering::DeviceDbscanParams params{eps, min_samples, device_metric(metric)};
  const clustering::DevicePoints there{reinterpret_cast<const void*>(in.address),  // NOLINT(performance-no-int-to-ptr)
                                       in.rows, in.columns, in.row_stride, in.column_stride, is_double};
  clustering::DeviceDbscanCounts counts{};
  {
    const py::gil_scoped_release release;
    const DeviceGuard guard(device);
    counts = backend().dbscan->fit(params, there, reinterpret_cast<const double*>(weight),  // NOLINT
                                   reinterpret_cast<std::int64_t*>(labels),                 // NOLINT
                                   reinterpret_cast<std::uint8_t*>(core),                   // NOLINT
                                   reinterpret_cast<void*>(stream));                        // NOLINT
  }
  return py::make_tuple(counts.n_clusters, counts.n_core);
}

clustering::DevicePoints points_of(const py::tuple& description, bool is_double) {
  const Matrix in = matrix_of(description);
  return {reinterpret_cast<const void*>(in.address),  // NOLINT(performance-no-int-to-ptr)
          in.rows, in.columns, in.row_stride, in.column_stride, is_double};
}

std::vector<double> centres_of(const py::array& centres) {
  const View<const double, 2> view = matrix<double>(centres, "centres");
  std::vector<double> made;
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < view.columns(); ++j) made.push_back(view(i, j));
  }
  return made;
}

py::array_t<double> rows_of(const std::vector<double>& values, std::size_t columns) {
  py::array_t<double> made({values.size() / columns, columns});
  std::copy(values.begin(), values.end(), made.mutable_data());
  return made;
}

py::dict fit_kmeans_on_device(const py::tuple& points, bool is_double, const py::array& centres,
                              std::size_t max_iterations, double tolerance, std::uintptr_t labels, int device,
                              std::uintptr_t stream) {
  const clustering::DevicePoints there = points_of(points, is_double);
  const std::vector<double> start = centres_of(centres);
  clustering::DeviceKMeansResult result;
  {
    const py::gil_scoped_release release;
    const DeviceGuard guard(device);
    result = backend().kmeans->fit({max_iterations, tolerance}, there, start,
                                   reinterpret_cast<std::int32_t*>(labels),  // NOLINT(performance-no-int-to-ptr)
                                   reinterpret_cast<void*>(stream));         // NOLINT(performance-no-int-to-ptr)
  }
  py::dict made;
  made["centres"] = rows_of(result.centres, there.dimensions);
  made["inertia"] = result.inertia;
  made["iterations"] = result.iterations;
  made["used"] = result.used;
  made["converged"] = result.converged;
  return made;
}

py::array_t<double> seed_kmeans_on_device(const py::tuple& points, bool is_double, std::size_t clusters,
                                          std::uint64_t seed, std::uint32_t run, int device, std::uintptr_t stream) {
  const clustering::DevicePoints there = points_of(points, is_double);
  std::vector<double> centres;
  {
    const py::gil_scoped_release release;
    const DeviceGuard guard(device);
    centres = backend().kmeans->seed(there, clusters, seed, run,
                                     reinterpret_cast<void*>(stream));  // NOLINT(performance-no-int-to-ptr)
  }
  return rows_of(centres, there.dimensions);
}

double mean_variance_on_device(const py::tuple& points, bool is_double, int device, std::uintptr_t stream) {
  const clustering::DevicePoints there = points_of(points, is_double);
  const py::gil_scoped_release release;
  const DeviceGuard guard(device);
  return backend().kmeans->mean_variance(there, reinterpret_cast<void*>(stream));  // NOLINT(performance-no-int-to-ptr)
}

double predict_kmeans_on_device(const py::tuple& points, bool is_double, const py::array& centres,
                                std::uintptr_t labels, int device, std::uintptr_t stream) {
  const clustering::DevicePoints there = points_of(points, is_double);
  const std::vector<double> all = centres_of(centres);
  const py::gil_scoped_release release;
  const DeviceGuard guard(device);
  return backend().kmeans->predict(there, all,
                                   reinterpret_cast<std::int32_t*>(labels),  // NOLINT(performance-no-int-to-ptr)
                                   reinterpret_cast<void*>(stream));         // NOLINT(performance-no-int-to-ptr)
}

void select_on_device(std::uintptr_t marked, std::size_t n, std::uintptr_t indices, int device, std::uintptr_t stream) {
  const py::gil_scoped_release release;
  const DeviceGuard guard(device);
  backend().dbscan->select(reinterpret_cast<const std::uint8_t*>(marked), n,  // NOLINT(performance-no-int-to-ptr)
                           reinterpret_cast<std::int64_t*>(indices),          // NOLINT(performance-no-int-to-ptr)
                           reinterpret_cast<void*>(stream));                  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

void register_device(py::module_& module) {
  py::class_<DlpackTensor>(module, "DlpackTensor", "A tensor of another library, held by its DLPack capsule.")
      .def(py::init<py::capsule>(), py::arg("capsule"))
      .def("interface", &DlpackTensor::interface, "As __cuda_array_interface__, with the number of the device.");
  py::class_<DeviceBuffer, std::shared_ptr<DeviceBuffer>>(
      module, "DeviceBuffer", "An array in device memory, for callers without an array library for devices.")
      .def(py::init<std::vector<std::int64_t>, const py::dtype&, int>(), py::arg("shape"), py::arg("dtype"),
           py::arg("device"))
      .def_property_readonly("shape", [](const DeviceBuffer& self) { return py::tuple(py::cast(self.shape())); })
      .def_property_readonly("dtype", &DeviceBuffer::dtype)
      .def_property_readonly("device", &DeviceBuffer::device)
      .def_property_readonly("__cuda_array_interface__", &DeviceBuffer::interface)
      .def("__dlpack__", &DeviceBuffer::dlpack, py::kw_only(), py::arg("stream") = py::none())
      .def("__dlpack_device__", [](const DeviceBuffer& self) { return py::make_tuple(dl_cuda, self.device()); })
      .def("to_host", &DeviceBuffer::to_host, "A NumPy array of the same content.")
      .def("from_host", &DeviceBuffer::from_host, py::arg("host"), "Takes the content of a NumPy array.");
  module.def("evaluate_on_device", &evaluate_on_device, py::arg("model"), py::arg("events"), py::arg("is_double"),
             py::arg("responses"), py::arg("device"), py::arg("stream"),
             "Responses of events in device memory; matrices are (address, rows, columns, strides in elements).");
  module.def("fit_dbscan_on_device", &fit_dbscan_on_device, py::arg("points"), py::arg("is_double"), py::arg("eps"),
             py::arg("min_samples"), py::arg("metric"), py::arg("weight"), py::arg("labels"), py::arg("core"),
             py::arg("device"), py::arg("stream"),
             "DBSCAN of points in device memory; addresses of float64 weights (0: none), int64 labels, uint8 marks of "
             "core points. Returns the numbers of clusters and of core points.");
  module.def("fit_kmeans_on_device", &fit_kmeans_on_device, py::arg("points"), py::arg("is_double"), py::arg("centres"),
             py::arg("max_iterations"), py::arg("tolerance"), py::arg("labels"), py::arg("device"), py::arg("stream"),
             "Lloyd's iterations over points in device memory; labels is the address of int32 labels.");
  module.def("seed_kmeans_on_device", &seed_kmeans_on_device, py::arg("points"), py::arg("is_double"),
             py::arg("clusters"), py::arg("seed"), py::arg("run"), py::arg("device"), py::arg("stream"),
             "Centres by k-means++ of points in device memory.");
  module.def("mean_variance_on_device", &mean_variance_on_device, py::arg("points"), py::arg("is_double"),
             py::arg("device"), py::arg("stream"), "The mean of the variances of the columns.");
  module.def("predict_kmeans_on_device", &predict_kmeans_on_device, py::arg("points"), py::arg("is_double"),
             py::arg("centres"), py::arg("labels"), py::arg("device"), py::arg("stream"),
             "Writes the nearest centre of each point, returns the inertia.");
  module.def("select_on_device", &select_on_device, py::arg("marked"), py::arg("n"), py::arg("indices"),
             py::arg("device"), py::arg("stream"), "The int64 indices of marked points, in device memory.");
  module.def(
      "synchronize_device", [](std::uintptr_t stream) {
        const py::gil_scoped_release release;
        backend().synchronize(reinterpret_cast<void*>(stream));  // NOLINT(performance-no-int-to-ptr)
      },
      py::arg("stream") = 0, "Waits until a stream has done all its work.");
  module.def(
      "device_of", [](std::uintptr_t address) {
        return backend().device_of(reinterpret_cast<const void*>(address));  // NOLINT(performance-no-int-to-ptr)
      },
      py::arg("address"), "The device whose memory an address is in; -1: none.");
  module.def(
      "_register_cuda_backend",
      [](std::uintptr_t address) {
        register_cuda_backend(reinterpret_cast<const CudaBackend*>(address));  // NOLINT(performance-no-int-to-ptr)
      },
      py::arg("address"), "For tests: work with the backend at an address (the emulated one); 0: without any.");
  module.attr("_cuda_backend_bytes") = sizeof(CudaBackend);
}

}  // namespace diskern::python
