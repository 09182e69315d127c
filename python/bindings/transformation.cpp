// TMVA's input transformations.
#include "statistics/transformation.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "common.hpp"

namespace diskern::python {

namespace {

using statistics::Cumulative;
using statistics::CumulativeStep;
using statistics::DecorrelationStep;
using statistics::NormalizeStep;
using statistics::PrincipalComponentsStep;
using statistics::Range;
using statistics::StepPointer;
using statistics::TransformationChain;
using statistics::TransformationStep;

TransformationChain fit(const std::string& definition, const py::array& columns, std::size_t n_targets,
                        const py::array& weight, const py::array& class_index,
                        const std::vector<std::string>& class_names, const std::vector<std::string>& labels) {
  const View<const float, 2> events = matrix<float>(columns, "columns");
  const View<const double> weights = vector<double>(weight, "weight", events.rows());
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", events.rows());
  if (n_targets > events.columns()) {
    throw InvalidArgument("n_targets is " + std::to_string(n_targets) + ", columns has " +
                          std::to_string(events.columns()));
  }
  PythonMonitor monitor{py::none()};
  const Context context = make_context(1, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_transformations(context, definition, events, n_targets, weights, classes, class_names, labels);
}

py::array_t<float> transformed(const TransformationChain& self, const py::array& given, int class_index,
                               bool with_targets) {
  const char* name = with_targets ? "columns" : "events";
  const View<const float, 2> events = matrix<float>(given, name);
  const std::size_t expected = self.variable_count() + (with_targets ? self.target_count() : 0);
  if (events.columns() != expected) {
    throw InvalidArgument(std::string(name) + " has " + std::to_string(events.columns()) +
                          " columns, the transformation has " + std::to_string(expected));
  }
  py::array_t<float> result({events.rows(), events.columns()});
  float* out = result.mutable_data();
  for_row_slices(events.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      float* row = out + i * events.columns();
      for (std::size_t j = 0; j < events.columns(); ++j) row[j] = events(i, j);
      if (with_targets) {
        self.apply_columns(row, class_index);
      } else {
        self.apply(row, class_index);
      }
    }
  });
  return result;
}

py::array_t<double> invert_targets(const TransformationChain& self, const py::array& given) {
  const View<const double, 2> targets = matrix<double>(given, "targets");
  if (targets.columns() != self.target_count()) {
    throw InvalidArgument("targets has " + std::to_string(targets.columns()) + " columns, the transformation has " +
                          std::to_string(self.target_count()) + " targets");
  }
  py::array_t<double> result({targets.rows(), targets.columns()});
  double* out = result.mutable_data();
  for_row_slices(targets.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      double* row = out + i * targets.columns();
      for (std::size_t j = 0; j < targets.columns(); ++j) row[j] = targets(i, j);
      self.invert_targets(row);
    }
  });
  return result;
}

py::array_t<double> square_matrix(const std::vector<double>& values, std::size_t n) {
  py::array_t<double> result({n, n});
  std::copy(values.begin(), values.end(), result.mutable_data());
  return result;
}

// The statistics of a step as plain Python, set by set.
py::dict statistics_of(const TransformationStep& step) {
  py::dict result;
  const std::size_t n = step.columns().size();
  result["name"] = step.name();
  result["columns"] = step.columns();
  result["reference_class"] = step.reference_class();
  py::list sets;
  if (const auto* normalize = dynamic_cast<const NormalizeStep*>(&step)) {
    for (const auto& set : normalize->ranges()) {
      py::list ranges;
      for (const Range& range : set) ranges.append(py::make_tuple(range.minimum, range.maximum));
      sets.append(ranges);
    }
  } else if (const auto* decorrelation = dynamic_cast<const DecorrelationStep*>(&step)) {
    for (const auto& set : decorrelation->matrices()) sets.append(square_matrix(set, n));
  } else if (const auto* components = dynamic_cast<const PrincipalComponentsStep*>(&step)) {
    for (std::size_t i = 0; i < step.set_count(); ++i) {
      sets.append(py::make_tuple(components->means()[i], square_matrix(components->eigenvectors()[i], n)));
    }
  } else if (const auto* cumulative = dynamic_cast<const CumulativeStep*>(&step)) {
    for (const auto& set : cumulative->cumulatives()) {
      py::list distributions;
      for (const Cumulative& one : set) distributions.append(py::make_tuple(one.edges, one.contents));
      sets.append(distributions);
    }
  }
  result["sets"] = sets;
  return result;
}

StepPointer make_step(const py::dict& given) {
  const auto name = given["name"].cast<std::string>();
  auto columns = given["columns"].cast<std::vector<std::uint32_t>>();
  const int reference = given.contains("reference_class") ? given["reference_class"].cast<int>() : -1;
  const py::list sets = given["sets"];
  if (name == "Normalize") {
    std::vector<std::vector<Range>> ranges;
    for (const py::handle set : sets) {
      ranges.emplace_back();
      for (const auto& [minimum, maximum] : set.cast<std::vector<std::pair<float, float>>>())
        ranges.back().push_back({minimum, maximum});
    }
    return std::make_shared<NormalizeStep>(std::move(columns), std::move(ranges), reference);
  }
  if (name == "Decorrelation") {
    return std::make_shared<DecorrelationStep>(std::move(columns), sets.cast<std::vector<std::vector<double>>>(),
                                               reference);
  }
  if (name == "PCA") {
    std::vector<std::vector<double>> means;
    std::vector<std::vector<double>> vectors;
    for (auto& [mean, matrix] : sets.cast<std::vector<std::pair<std::vector<double>, std::vector<double>>>>()) {
      means.push_back(mean);
      vectors.push_back(matrix);
    }
    return std::make_shared<PrincipalComponentsStep>(std::move(columns), std::move(means), std::move(vectors),
                                                     reference);
  }
  if (name == "Gauss" || name == "Uniform") {
    std::vector<std::vector<Cumulative>> cumulatives;
    for (const py::handle set : sets) {
      cumulatives.emplace_back();
      for (auto& [edges, contents] : set.cast<std::vector<std::pair<std::vector<double>, std::vector<float>>>>()) {
        cumulatives.back().push_back({edges, contents});
      }
    }
    return std::make_shared<CumulativeStep>(std::move(columns), std::move(cumulatives), name == "Gauss", reference);
  }
  throw InvalidArgument("name is '" + name + "', expected Normalize, Decorrelation, PCA, Gauss or Uniform");
}

TransformationChain from_statistics(std::size_t n_variables, std::size_t n_targets,
                                    const std::vector<py::dict>& given) {
  std::vector<StepPointer> steps;
  for (const py::dict& one : given) steps.push_back(make_step(one));
  return TransformationChain(n_variables, n_targets, std::move(steps));
}

}  // namespace

void register_transformation(py::module_& module) {
  py::class_<TransformationChain, std::shared_ptr<TransformationChain>>(module, "TransformationChain",
                                                                        "Fitted input transformations of a method.")
      .def_static("fit", &fit, py::arg("definition"), py::arg("columns"), py::arg("n_targets"), py::arg("weight"),
                  py::arg("class_index"), py::arg("class_names"), py::arg("labels"),
                  "Fits TMVA's VarTransform string on float32 columns (events, variables + targets).")
      .def_static("from_statistics", &from_statistics, py::arg("n_variables"), py::arg("n_targets"), py::arg("steps"),
                  "Builds a chain from steps as `steps` returns them (matrices as flat lists).")
      .def(
          "apply",
          [](const TransformationChain& self, const py::array& events, int class_index) {
            return transformed(self, events, class_index, false);
          },
          py::arg("events"), py::arg("class_index") = -1, "Transformed float32 variables, shape (events, variables).")
      .def(
          "apply_columns",
          [](const TransformationChain& self, const py::array& columns, int class_index) {
            return transformed(self, columns, class_index, true);
          },
          py::arg("columns"), py::arg("class_index") = -1, "Transformed float32 variables and targets.")
      .def("invert_targets", &invert_targets, py::arg("targets"),
           "float64 targets (events, targets) in their own units.")
      .def_property_readonly("empty", &TransformationChain::empty)
      .def_property_readonly("variable_count", &TransformationChain::variable_count)
      .def_property_readonly("target_count", &TransformationChain::target_count)
      .def_property_readonly("steps",
                             [](const TransformationChain& self) {
                               py::list steps;
                               for (const StepPointer& step : self.steps()) steps.append(statistics_of(*step));
                               return steps;
                             })
      .def("describe", &TransformationChain::describe);
}

}  // namespace diskern::python
