#pragma once
// What every binding file shares: NumPy arrays to Views, the Context from Python, the monitor.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "diskern/error.hpp"
#include "diskern/view.hpp"

namespace diskern::python {

namespace py = pybind11;

// Elements are read where they are, so they must lie on the boundaries of their type (the fields of a packed structured
// array need not), and strides must be whole numbers of them.
inline void check_alignment(const py::array& array, const char* name) {
  const auto item = static_cast<std::uintptr_t>(array.itemsize());
  bool aligned = reinterpret_cast<std::uintptr_t>(array.data()) % item == 0 || array.size() == 0;
  for (py::ssize_t axis = 0; axis < array.ndim(); ++axis) {
    aligned = aligned && (array.shape(axis) < 2 || array.strides(axis) % array.itemsize() == 0);
  }
  if (!aligned) {
    throw InvalidArgument(std::string(name) +
                          " is not aligned: an element or stride is no multiple of the element's size of " +
                          std::to_string(item) + " bytes; copy it first");
  }
}

// The Python side (_validation.py) hands over arrays of the right dtype; anything else is refused here, never copied.
template <class T>
View<const T, 2> matrix(const py::array& array, const char* name) {
  if (!py::isinstance<py::array_t<T>>(array) || array.ndim() != 2) {
    throw InvalidArgument(std::string(name) + " must be a two-dimensional array of the expected dtype, got " +
                          std::string(py::str(array.dtype())) + " with " + std::to_string(array.ndim()) +
                          " dimensions");
  }
  check_alignment(array, name);
  const auto item = static_cast<py::ssize_t>(sizeof(T));
  return View<const T, 2>(static_cast<const T*>(array.data()),
                          {static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1))},
                          {array.strides(0) / item, array.strides(1) / item});
}

template <class T>
View<const T> vector(const py::array& array, const char* name, std::size_t expected_size) {
  if (!py::isinstance<py::array_t<T>>(array) || array.ndim() != 1 ||
      static_cast<std::size_t>(array.shape(0)) != expected_size) {
    throw InvalidArgument(std::string(name) + " must be a vector of " + std::to_string(expected_size) +
                          " elements of the expected dtype, got " + std::string(py::str(array.dtype())) + " with " +
                          std::to_string(array.ndim()) + " dimensions and " + std::to_string(array.size()) +
                          " elements");
  }
  check_alignment(array, name);
  return View<const T>(static_cast<const T*>(array.data()), {expected_size},
                       {array.strides(0) / static_cast<py::ssize_t>(sizeof(T))});
}

// A flag that one thread raises so that work on others ends as after Ctrl-C, of which Python tells its main thread only.
class Cancellation {
 public:
  void cancel() noexcept { raised_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return raised_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> raised_{false};
};

// What work on this thread looks at; null: nothing.
inline thread_local std::shared_ptr<const Cancellation> watched_cancellation;

// Asks Python for pending signals (at most every 50 ms, so that tight loops may ask often) and forwards progress to a
// callback(done, total, training_loss, validation_loss). Used on the thread that called fit, with the GIL released.
class PythonMonitor final : public Monitor {
 public:
  explicit PythonMonitor(py::object callback) : callback_(std::move(callback)) {}

  bool interrupted() noexcept override {
    if (interrupted_) return true;
    if (watched_cancellation != nullptr && watched_cancellation->cancelled()) {
      interrupted_ = true;
      return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_check_ < std::chrono::milliseconds(50)) return false;
    last_check_ = now;
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) {
      PyErr_Clear();  // the fit ends in good order; the Python side raises KeyboardInterrupt afterwards
      interrupted_ = true;
    }
    return interrupted_;
  }

  void progress(const Progress& progress) override {
    if (callback_.is_none()) return;
    const py::gil_scoped_acquire acquire;
    try {
      callback_(progress.done, progress.total, progress.training_loss, progress.validation_loss);
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      interrupted_ = true;  // Ctrl-C came while Python showed the progress
    }
  }

 private:
  py::object callback_;
  std::chrono::steady_clock::time_point last_check_ = std::chrono::steady_clock::now();
  bool interrupted_ = false;
};

// Calls work(begin, end) for all rows in slices of about a tenth of a second, with the GIL released, and asks for
// Ctrl-C between them: KeyboardInterrupt then. For evaluations, where every row is on its own.
template <class Work>
void for_row_slices(std::size_t rows, const Work& work) {
  PythonMonitor monitor{py::none()};
  const py::gil_scoped_release release;
  std::size_t slice = 512;
  for (std::size_t begin = 0; begin < rows;) {
    const std::size_t end = rows - begin > slice ? begin + slice : rows;
    const auto start = std::chrono::steady_clock::now();
    work(begin, end);
    const auto took = std::chrono::steady_clock::now() - start;
    begin = end;
    if (begin < rows && monitor.interrupted()) throw Interrupted();
    if (took < std::chrono::milliseconds(40) && slice < rows) slice *= 2;
    if (took > std::chrono::milliseconds(150) && slice > 16) slice /= 2;
  }
}

inline Context make_context(int threads, std::uint64_t seed, Monitor* monitor = nullptr) {
  if (threads < 0)
    throw InvalidArgument("threads must be 0 (all) or a positive number, got " + std::to_string(threads));
  Context context;
  context.threads = threads;
  context.seed = seed;
  context.monitor = monitor;
  return context;
}

}  // namespace diskern::python
