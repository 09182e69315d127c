#pragma once
// Python functions in the place of a loss or of a metric of gradient boosting. Their errors go through the training to
// whoever called it.

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "trees/forest.hpp"
#include "trees/loss.hpp"

namespace diskern::python {

inline py::array_t<double> copy_of(const double* values, std::size_t n) {
  py::array_t<double> result(static_cast<py::ssize_t>(n));
  std::memcpy(result.mutable_data(), values, n * sizeof(double));
  return result;
}

// Column by column to one row per event; a vector for one column.
inline py::array_t<double> rows_of(const double* columns, std::size_t n, std::size_t outputs) {
  if (outputs == 1) return copy_of(columns, n);
  py::array_t<double> result({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(outputs)});
  double* to = result.mutable_data();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < outputs; ++k) to[i * outputs + k] = columns[k * n + i];
  }
  return result;
}

inline py::object answer_of(const trees::BoostingSample& sample) {
  if (sample.class_index.empty()) return copy_of(sample.target.data(), sample.n);
  py::array_t<std::int32_t> result(static_cast<py::ssize_t>(sample.n));
  std::memcpy(result.mutable_data(), sample.class_index.data(), sample.n * sizeof(std::int32_t));
  return result;
}

// loss(score, target, weight) -> (gradient, hessian) or (gradient, hessian, loss), of events of weight one.
class PythonLoss final : public trees::Loss {
 public:
  PythonLoss(py::object function, trees::Link link, std::size_t outputs)
      : function_(std::move(function)), link_(link), outputs_(outputs) {}

  std::size_t output_count() const noexcept override { return outputs_; }
  trees::Link link() const noexcept override { return link_; }
  std::vector<double> base_scores(const trees::BoostingSample& /*training*/) const override {
    return std::vector<double>(outputs_, 0.0);
  }
  bool needs_all_events() const noexcept override { return true; }
  void evaluate(const trees::BoostingSample&, const double*, Range, double*, double*, double*,
                std::size_t) const override {
    throw InvalidArgument("a loss from Python is evaluated for all events at once");
  }

  void evaluate_all(const Context& /*context*/, const trees::BoostingSample& sample, const double* score, double* loss,
                    double* gradient, double* hessian) const override {
    const py::gil_scoped_acquire acquire;
    const py::object answer =
        function_(rows_of(score, sample.n, outputs_), answer_of(sample), copy_of(sample.weight.data(), sample.n));
    if (!py::isinstance<py::tuple>(answer) || (py::len(answer) != 2 && py::len(answer) != 3)) {
      throw InvalidArgument("the loss function must return (gradient, hessian) or (gradient, hessian, loss), got " +
                            std::string(py::str(py::type::of(answer))));
    }
    const auto parts = py::cast<py::tuple>(answer);
    take(parts[0], "gradient", sample.n, outputs_, gradient);
    take(parts[1], "hessian", sample.n, outputs_, hessian);
    for (std::size_t i = 0; i < sample.n * outputs_; ++i) {
      if (hessian[i] < 0) {
        throw InvalidArgument("the loss function returned the negative hessian " + std::to_string(hessian[i]));
      }
    }
    if (parts.size() == 3) {
      take(parts[2], "loss", sample.n, 1, loss);
    } else {
      for (std::size_t i = 0; i < sample.n; ++i) loss[i] = std::nan("");
    }
  }

 private:
  static void take(const py::handle& part, const char* name, std::size_t n, std::size_t outputs, double* columns) {
    const auto array = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(part);
    if (!array) {
      throw InvalidArgument(std::string("the loss function returned a ") + name + " that is not an array of numbers");
    }
    const bool fits = outputs == 1 ? array.ndim() == 1 && static_cast<std::size_t>(array.shape(0)) == n
                                   : array.ndim() == 2 && static_cast<std::size_t>(array.shape(0)) == n &&
                                         static_cast<std::size_t>(array.shape(1)) == outputs;
    if (!fits) {
      throw InvalidArgument(std::string("the loss function returned a ") + name + " of shape " +
                            std::string(py::str(array.attr("shape"))) + ", expected (" + std::to_string(n) +
                            (outputs == 1 ? ",)" : ", " + std::to_string(outputs) + ")"));
    }
    const double* from = array.data();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < outputs; ++k) {
        const double value = from[i * outputs + k];
        if (!std::isfinite(value)) {
          throw InvalidArgument(std::string("the loss function returned a ") + name + " that is not finite, " +
                                std::to_string(value) + ", for event " + std::to_string(i));
        }
        columns[k * n + i] = value;
      }
    }
  }

  py::object function_;
  trees::Link link_;
  std::size_t outputs_;
};

// metric(target, response, weight) -> number.
inline std::function<double(const trees::BoostingSample&, const double*)> python_metric(py::object function,
                                                                                        trees::Link link,
                                                                                        std::size_t outputs) {
  return [function = std::move(function), link, outputs](const trees::BoostingSample& sample, const double* score) {
    const py::gil_scoped_acquire acquire;
    py::array_t<double> response = rows_of(score, sample.n, outputs);
    double* values = response.mutable_data();
    for (std::size_t i = 0; i < sample.n; ++i) trees::apply_link(link, values + i * outputs, outputs);
    const py::object value = function(answer_of(sample), response, copy_of(sample.weight.data(), sample.n));
    const double number = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    return number;
  };
}

}  // namespace diskern::python
