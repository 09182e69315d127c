// k-means.
#include "clustering/kmeans.hpp"

#include <algorithm>
#include <memory>
#include <variant>

#include "clustering/kmeans_predictor.hpp"
#include "clustering/kmeans_seeding.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

using clustering::KMeansParams;
using clustering::KMeansPoints;
using clustering::KMeansResult;
using clustering::KMeansSeeding;
using clustering::KMeansStop;

View<const double> optional_weights(const py::object& weight, std::size_t count) {
  if (weight.is_none()) return {};
  return vector<double>(py::cast<py::array>(weight), "weight", count);
}

bool is_single(const py::array& array) { return py::isinstance<py::array_t<float>>(array); }

template <class T>
py::array_t<T> to_matrix(const std::vector<double>& values, std::size_t columns) {
  py::array_t<T> result({values.size() / columns, columns});
  std::transform(values.begin(), values.end(), result.mutable_data(), [](double x) { return static_cast<T>(x); });
  return result;
}

// Holds the caller's array, which the points refer to.
class HeldPoints {
 public:
  HeldPoints(const py::array& points, const py::object& weight, int threads) : array_(points) {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    if (is_single(points)) {
      make<float>(context, points, weight);
    } else {
      make<double>(context, points, weight);
    }
  }

  double mean_variance(int threads) const {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    const py::gil_scoped_release release;
    return std::visit([&](const auto& points) { return points->mean_variance(context); }, points_);
  }

  py::array seed(std::size_t clusters, KMeansSeeding seeding, std::uint64_t seed, std::uint32_t run, int threads) const {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, seed, &monitor);
    std::vector<double> centres;
    std::size_t columns = 0;
    {
      const py::gil_scoped_release release;
      std::visit(
          [&](const auto& points) {
            centres = clustering::seed_kmeans(context, *points, clusters, seeding, run);
            columns = points->dimensions();
          },
          points_);
    }
    return to_matrix<double>(centres, columns);
  }

  py::dict fit(const py::array& centres, std::size_t max_iterations, double tolerance, bool trace, bool reference,
               int threads) const {
    const View<const double, 2> start = matrix<double>(centres, "centres");
    std::vector<double> from;
    from.reserve(start.size());
    for (std::size_t k = 0; k < start.rows(); ++k) {
      for (std::size_t d = 0; d < start.columns(); ++d) from.push_back(start(k, d));
    }
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    const KMeansParams params{max_iterations, tolerance, trace, reference};
    KMeansResult result;
    std::size_t columns = 0;
    {
      const py::gil_scoped_release release;
      std::visit(
          [&](const auto& points) {
            columns = points->dimensions();
            if (start.columns() != columns) {
              throw InvalidArgument("the centres have " + std::to_string(start.columns()) +
                                    " dimensions, the points " + std::to_string(columns));
            }
            result = clustering::fit_kmeans(context, params, *points, from);
          },
          points_);
    }
    py::dict made;
    made["centres"] = std::holds_alternative<Single>(points_) ? py::array(to_matrix<float>(result.centres, columns))
                                                              : py::array(to_matrix<double>(result.centres, columns));
    made["labels"] = py::array_t<std::int32_t>(static_cast<py::ssize_t>(result.labels.size()), result.labels.data());
    made["inertia"] = result.inertia;
    made["iterations"] = result.iterations;
    made["stop"] = result.stop;
    made["shift"] = result.shift;
    made["trace"] = result.trace;
    made["decided_in_double"] = result.decided_in_double;
    return made;
  }

 private:
  using Single = std::unique_ptr<KMeansPoints<float>>;
  using Double = std::unique_ptr<KMeansPoints<double>>;

  template <class T>
  void make(const Context& context, const py::array& points, const py::object& weight) {
    const View<const T, 2> view = matrix<T>(points, "points");
    const View<const double> weights = optional_weights(weight, view.rows());
    const py::gil_scoped_release release;
    points_ = std::make_unique<KMeansPoints<T>>(context, view, weights);
  }

  py::array array_;
  std::variant<Single, Double> points_;
};

template <class T>
py::tuple predict(const py::array& rows, const py::array& centres, const py::object& weight, int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double, 2> of = matrix<double>(centres, "centres");
  const View<const double> weights = optional_weights(weight, view.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  std::vector<std::int32_t> labels;
  double inertia = 0;
  {
    const py::gil_scoped_release release;
    labels = clustering::predict_kmeans<T>(context, view, of, weights, inertia);
  }
  return py::make_tuple(py::array_t<std::int32_t>(static_cast<py::ssize_t>(labels.size()), labels.data()), inertia);
}

template <class T>
py::array transform(const py::array& rows, const py::array& centres, int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double, 2> of = matrix<double>(centres, "centres");
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  py::array_t<T> distances({view.rows(), of.rows()});
  const View<T, 2> out(distances.mutable_data(), view.rows(), of.rows());
  {
    const py::gil_scoped_release release;
    clustering::transform_kmeans<T>(context, view, of, out);
  }
  return distances;
}

}  // namespace

void register_kmeans(py::module_& module) {
  py::enum_<KMeansSeeding>(module, "KMeansSeeding", "Where k-means starts.")
      .value("plus_plus", KMeansSeeding::plus_plus)
      .value("random", KMeansSeeding::random)
      .value("parallel", KMeansSeeding::parallel);
  py::enum_<KMeansStop>(module, "KMeansStop", "Why the iterations of k-means ended.")
      .value("iterations", KMeansStop::iterations)
      .value("tolerance", KMeansStop::tolerance)
      .value("labels", KMeansStop::labels)
      .value("interrupted", KMeansStop::interrupted);

  py::class_<HeldPoints>(module, "KMeansPoints",
                         "Float32 or float64 points (points, dimensions) in C order and their weights, ready for k-means.")
      .def(py::init<const py::array&, const py::object&, int>(), py::arg("points"), py::arg("weight") = py::none(),
           py::arg("threads") = 1)
      .def("mean_variance", &HeldPoints::mean_variance, py::arg("threads") = 1,
           "Mean of the variances of the columns, unweighted.")
      .def("seed", &HeldPoints::seed, py::arg("clusters"), py::arg("seeding"), py::arg("seed"), py::arg("run") = 0,
           py::arg("threads") = 1, "Float64 centres (clusters, dimensions).")
      .def("fit", &HeldPoints::fit, py::arg("centres"), py::arg("max_iterations"), py::arg("tolerance") = 0.0,
           py::arg("trace") = false, py::arg("reference") = false, py::arg("threads") = 1,
           "Lloyd's iterations from float64 centres: centres, labels, inertia, iterations, stop, shift, trace, "
           "decided_in_double.");

  module.def(
      "predict_kmeans",
      [](const py::array& rows, const py::array& centres, const py::object& weight, int threads) {
        return is_single(rows) ? predict<float>(rows, centres, weight, threads)
                               : predict<double>(rows, centres, weight, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("weight") = py::none(), py::arg("threads") = 1,
      "Labels int32 and inertia of float32 or float64 rows with float64 centres.");
  module.def(
      "transform_kmeans",
      [](const py::array& rows, const py::array& centres, int threads) {
        return is_single(rows) ? transform<float>(rows, centres, threads) : transform<double>(rows, centres, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("threads") = 1,
      "Distances (rows, clusters), in the dtype of the rows.");

  py::class_<clustering::KMeansPredictor, Predictor, std::shared_ptr<clustering::KMeansPredictor>>(
      module, "KMeansPredictor", "Cluster and distance of the nearest centre.")
      .def(py::init([](const py::array& centres) {
             const View<const double, 2> view = matrix<double>(centres, "centres");
             std::vector<double> values;
             for (std::size_t k = 0; k < view.rows(); ++k) {
               for (std::size_t d = 0; d < view.columns(); ++d) values.push_back(view(k, d));
             }
             return std::make_shared<clustering::KMeansPredictor>(view.columns(), view.rows(), values);
           }),
           py::arg("centres"))
      .def_property_readonly("centres", [](const clustering::KMeansPredictor& self) {
        return to_matrix<double>(self.centres(), self.input_count());
      });
}

}  // namespace diskern::python
