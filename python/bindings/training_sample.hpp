#pragma once
// A training sample from NumPy arrays, without a copy.

#include "common.hpp"
#include "trees/boosting_sample.hpp"

namespace diskern::python {

// Events float32 (events, variables), weight float64; either class_index int32 or target float64; spectators float64
// (events, columns) or None. Throws InvalidArgument.
inline trees::GradientBoostingSample training_sample(const py::object& events, const py::object& weight,
                                                     const py::object& class_index, const py::object& target,
                                                     const py::object& spectators = py::none()) {
  trees::GradientBoostingSample sample;
  sample.events = matrix<float>(py::cast<py::array>(events), "events");
  const std::size_t n = sample.events.rows();
  sample.weight = vector<double>(py::cast<py::array>(weight), "weight", n);
  if (class_index.is_none() == target.is_none()) {
    throw InvalidArgument("exactly one of class_index and target must be given");
  }
  if (!class_index.is_none()) {
    sample.class_index = vector<std::int32_t>(py::cast<py::array>(class_index), "class_index", n);
  } else {
    sample.target = vector<double>(py::cast<py::array>(target), "target", n);
  }
  if (!spectators.is_none()) sample.spectators = matrix<double>(py::cast<py::array>(spectators), "protected_variables");
  return sample;
}

}  // namespace diskern::python
