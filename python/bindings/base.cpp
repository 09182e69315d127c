// Errors, the Predictor handle.
#include "base/device.hpp"
#include "base/dispatch.hpp"
#include "base/executor.hpp"
#include "common.hpp"
#include "events.hpp"

namespace diskern::python {

namespace {

py::array_t<double> evaluate(const Predictor& predictor, const py::array& events, int threads) {
  const EventSource source = event_source(events, "events", predictor.input_count());
  const auto n = static_cast<std::size_t>(events.shape(0));
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({n, predictor.output_count()});
  const View<double, 2> out(responses.mutable_data(), n, predictor.output_count());
  for_row_slices(n, [&](std::size_t begin, std::size_t end) {
    check_range(context, source, begin, end);
    predictor.evaluate(context, from_row(source, begin), out.slice(begin, end));
  });
  return responses;
}

}  // namespace

void register_base(py::module_& module) {
  static const py::exception<Error> base_error(module, "Error", PyExc_Exception);
  static const auto bases = [&](PyObject* builtin) { return py::make_tuple(base_error, py::handle(builtin)); };
  static const py::exception<InvalidArgument> invalid_argument(module, "InvalidArgument",
                                                               bases(PyExc_ValueError).ptr());
  static const py::exception<FormatError> format_error(module, "FormatError", bases(PyExc_ValueError).ptr());
  static const py::exception<DeviceError> device_error(module, "DeviceError", bases(PyExc_RuntimeError).ptr());
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Interrupted&) {
      PyErr_SetNone(PyExc_KeyboardInterrupt);
    } catch (const InvalidArgument& error) {
      py::set_error(invalid_argument, error.what());
    } catch (const FormatError& error) {
      py::set_error(format_error, error.what());
    } catch (const DeviceError& error) {
      py::set_error(device_error, error.what());
    } catch (const Error& error) {
      py::set_error(base_error, error.what());
    }
  });

  py::class_<Predictor, std::shared_ptr<Predictor>>(module, "Predictor", "A trained method, immutable.")
      .def_property_readonly("kind", [](const Predictor& self) { return std::string(self.kind()); })
      .def_property_readonly("input_count", &Predictor::input_count)
      .def_property_readonly("output_count", &Predictor::output_count)
      .def("evaluate", &evaluate, py::arg("events"), py::arg("threads") = 1,
           "Responses, float64 of shape (events, outputs), of float32 or float64 events of shape (events, variables).");

  py::class_<Cancellation, std::shared_ptr<Cancellation>>(
      module, "Cancellation", "Ends work on other threads as Ctrl-C does that of the main thread.")
      .def(py::init<>())
      .def("cancel", &Cancellation::cancel)
      .def_property_readonly("cancelled", &Cancellation::cancelled)
      .def(
          "watch", [](std::shared_ptr<Cancellation> self) { watched_cancellation = std::move(self); },
          "Work of the calling thread looks at this one from now on.")
      .def_static(
          "unwatch", [] { watched_cancellation.reset(); }, "Work of the calling thread looks at none.");

  instruction_set();  // a wrong DISKERN_ISA is an error of the import, not of the first evaluation
  module.def(
      "instruction_set", [] { return std::string(name(instruction_set())); },
      "The instruction set that the kernels use: the best one, or what DISKERN_ISA names.");
  module.def(
      "supported_instruction_sets",
      [] {
        std::vector<std::string> names;
        for (const InstructionSet level : supported_instruction_sets()) names.emplace_back(name(level));
        return names;
      },
      "The instruction sets that are in this build and run on this machine, the best one last.");
  module.def("available_threads", &available_threads,
             "Threads that this process may use: DISKERN_NUM_THREADS, OMP_NUM_THREADS, or the processors of its "
             "affinity mask and control group.");

  module.def(
      "cuda_devices",
      [] {
        py::list list;
        for (const CudaDevice& device : cuda_devices()) {
          py::dict entry;
          entry["index"] = device.index;
          entry["name"] = device.name;
          entry["compute_capability"] = py::make_tuple(device.major, device.minor);
          entry["multiprocessors"] = device.multiprocessors;
          entry["memory_bytes"] = device.memory_bytes;
          list.append(entry);
        }
        return list;
      },
      "The CUDA devices, a dictionary for each; an empty list where there is none (cuda_status() says why).");
  module.def("cuda_status", &cuda_status, "How many CUDA devices there are, or what is missing.");
}

}  // namespace diskern::python
