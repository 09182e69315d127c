// Moments, principal components and projections.
#include "common.hpp"
#include "statistics/moment_sums.hpp"
#include "statistics/moments.hpp"
#include "statistics/projection.hpp"
#include "statistics/singular_values.hpp"
#include "statistics/symmetric_eigen.hpp"

namespace diskern::python {

namespace {

using statistics::ProjectionPredictor;

py::array_t<double> array(const std::vector<double>& values, std::size_t rows, std::size_t columns) {
  py::array_t<double> result({rows, columns});
  std::copy(values.begin(), values.end(), result.mutable_data());
  return result;
}

py::array_t<double> array(const std::vector<double>& values) {
  return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::tuple moments(const py::array& rows, const py::object& weight, int threads) {
  const bool single = py::isinstance<py::array_t<float>>(rows);
  const View<const float, 2> floats = single ? matrix<float>(rows, "rows") : View<const float, 2>{};
  const View<const double, 2> doubles = single ? View<const double, 2>{} : matrix<double>(rows, "rows");
  const std::size_t n = single ? floats.rows() : doubles.rows();
  const std::size_t columns = single ? floats.columns() : doubles.columns();
  if (n == 0 || columns == 0) throw InvalidArgument("rows is empty, expected one row and one column or more");
  View<const double> weights;
  if (!weight.is_none()) weights = vector<double>(py::cast<py::array>(weight), "weight", n);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  statistics::Moments result;
  {
    const py::gil_scoped_release release;
    const statistics::RowSource source =
        single ? statistics::RowSource::of(floats) : statistics::RowSource::of(doubles);
    result = statistics::sum_moments(context, n, columns, source, weights)[0];
  }
  return py::make_tuple(result.weight, array(result.mean), array(result.covariance, columns, columns));
}

py::tuple symmetric_eigen(const py::array& values) {
  const View<const double, 2> view = matrix<double>(values, "matrix");
  const std::size_t n = view.rows();
  if (n == 0 || view.columns() != n) throw InvalidArgument("matrix must be square");
  std::vector<double> elements;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) elements.push_back(view(i, j));
  }
  statistics::SymmetricEigen result;
  {
    const py::gil_scoped_release release;
    result = statistics::symmetric_eigen(std::move(elements), n);
  }
  return py::make_tuple(array(result.values), array(result.vectors, n, n));
}

py::tuple singular_values(const py::array& values) {
  const View<const double, 2> view = matrix<double>(values, "matrix");
  if (view.empty()) throw InvalidArgument("matrix is empty");
  PythonMonitor monitor{py::none()};
  const Context context = make_context(1, 0, &monitor);
  statistics::SingularValues result;
  {
    const py::gil_scoped_release release;
    std::vector<double> elements;
    elements.reserve(view.size());
    for (std::size_t i = 0; i < view.rows(); ++i) {
      for (std::size_t j = 0; j < view.columns(); ++j) elements.push_back(view(i, j));
    }
    result = statistics::singular_values(context, std::move(elements), view.rows(), view.columns());
  }
  return py::make_tuple(array(result.values), array(result.vectors, result.values.size(), view.columns()));
}

std::shared_ptr<ProjectionPredictor> make_projection(const py::array& mean, const py::array& vectors) {
  const View<const double, 2> rows = matrix<double>(vectors, "vectors");
  const View<const double> means = vector<double>(mean, "mean", rows.columns());
  std::vector<double> to_mean;
  std::vector<double> to_vectors;
  for (std::size_t j = 0; j < means.size(); ++j) to_mean.push_back(means[j]);
  for (std::size_t k = 0; k < rows.rows(); ++k) {
    for (std::size_t j = 0; j < rows.columns(); ++j) to_vectors.push_back(rows(k, j));
  }
  return std::make_shared<ProjectionPredictor>(std::move(to_mean), rows.rows(), std::move(to_vectors));
}

py::array_t<double> project(const ProjectionPredictor& self, const py::array& rows, int threads) {
  const bool single = py::isinstance<py::array_t<float>>(rows);
  const View<const float, 2> floats = single ? matrix<float>(rows, "rows") : View<const float, 2>{};
  const View<const double, 2> doubles = single ? View<const double, 2>{} : matrix<double>(rows, "rows");
  const std::size_t n = single ? floats.rows() : doubles.rows();
  const std::size_t columns = single ? floats.columns() : doubles.columns();
  if (columns != self.input_count()) {
    throw InvalidArgument("rows has " + std::to_string(columns) + " columns, expected " +
                          std::to_string(self.input_count()));
  }
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({n, self.output_count()});
  const View<double, 2> out(responses.mutable_data(), n, self.output_count());
  for_row_slices(n, [&](std::size_t begin, std::size_t end) {
    if (single) {
      self.evaluate(context, floats.slice(begin, end), out.slice(begin, end));
    } else {
      self.project(context, doubles.slice(begin, end), out.slice(begin, end));
    }
  });
  return responses;
}

py::array_t<float> project_single(const ProjectionPredictor& self, const py::array& rows, int threads) {
  const View<const float, 2> events = matrix<float>(rows, "rows");
  if (events.columns() != self.input_count()) {
    throw InvalidArgument("rows has " + std::to_string(events.columns()) + " columns, expected " +
                          std::to_string(self.input_count()));
  }
  const Context context = make_context(threads, 0);
  py::array_t<float> responses({events.rows(), self.output_count()});
  const View<float, 2> out(responses.mutable_data(), events.rows(), self.output_count());
  for_row_slices(events.rows(), [&](std::size_t begin, std::size_t end) {
    self.project_single(context, events.slice(begin, end), out.slice(begin, end));
  });
  return responses;
}

}  // namespace

void register_principal_components(py::module_& module) {
  py::class_<ProjectionPredictor, Predictor, std::shared_ptr<ProjectionPredictor>>(
      module, "Projection", "Projections of events about a mean on vectors.")
      .def(py::init(&make_projection), py::arg("mean"), py::arg("vectors"),
           "From float64 mean of shape (inputs,) and vectors of shape (outputs, inputs).")
      .def_property_readonly("mean", [](const ProjectionPredictor& self) { return array(self.mean()); })
      .def_property_readonly(
          "vectors",
          [](const ProjectionPredictor& self) {
            return array(self.vectors(), self.output_count(), self.input_count());
          })
      .def("project", &project, py::arg("rows"), py::arg("threads") = 1,
           "float64 of shape (rows, outputs), of float32 or float64 rows of shape (rows, inputs).")
      .def("project_single", &project_single, py::arg("rows"), py::arg("threads") = 1,
           "float32 of shape (rows, outputs), computed in float32, of float32 rows of shape (rows, inputs).");
  module.def("moments", &moments, py::arg("rows"), py::arg("weight") = py::none(), py::arg("threads") = 1,
             "Sum of weights, mean and covariance (normalised to the sum of weights) of float32 or float64 rows; not "
             "finite where a row is not.");
  module.def("symmetric_eigen", &symmetric_eigen, py::arg("matrix"),
             "Eigenvalues, largest first, and eigenvectors as columns of a symmetric float64 matrix.");
  module.def("singular_values", &singular_values, py::arg("matrix"),
             "Singular values, largest first, and right singular vectors as rows of a float64 matrix.");
}

}  // namespace diskern::python
