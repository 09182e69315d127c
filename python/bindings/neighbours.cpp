// Neighbour searches.
#include <optional>

#include "common.hpp"
#include "neighbours/kd_tree.hpp"
#include "neighbours/neighbours_predictor.hpp"
#include "neighbours/sphere_tree.hpp"
#include "neighbours/tmva_neighbours.hpp"

namespace diskern::python {

namespace {

// A tree for any metric.
class Neighbours {
 public:
  Neighbours(const py::array& points, Metric metric, double power, const std::vector<double>& periods, int threads) {
    const View<const double, 2> view = matrix<double>(points, "points");
    dimensions_ = view.columns();
    size_ = view.rows();
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    const py::gil_scoped_release release;
    if (metric == Metric::haversine) {
      if (!periods.empty()) throw InvalidArgument("haversine distances have no periods of their own");
      sphere_.emplace().build(context, view);
    } else {
      tree_.emplace().build(context, view, {metric, power, periods});
    }
  }

  // queries None: the points themselves.
  py::tuple nearest(const py::object& queries, std::size_t k, int threads, SearchOrder search) const {
    View<const double, 2> view;
    if (!queries.is_none()) view = checked(py::cast<py::array>(queries));
    const std::size_t rows = queries.is_none() ? size_ : view.rows();
    py::array_t<double> distances({rows, k});
    py::array_t<std::int64_t> indices({rows, k});
    const View<double, 2> distance_view(distances.mutable_data(), rows, k);
    const View<std::int64_t, 2> index_view(indices.mutable_data(), rows, k);
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    {
      const py::gil_scoped_release release;
      if (sphere_) {
        if (queries.is_none()) {
          sphere_->nearest_of_points(context, k, distance_view, index_view);
        } else {
          sphere_->nearest(context, view, k, distance_view, index_view);
        }
      } else if (queries.is_none()) {
        tree_->nearest_of_points(context, k, distance_view, index_view, search);
      } else {
        tree_->nearest(context, view, k, distance_view, index_view, search);
      }
    }
    return py::make_tuple(distances, indices);
  }

  py::tuple within(const py::array& queries, double radius, bool sort_by_distance, int threads) const {
    const View<const double, 2> view = checked(queries);
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    WithinRadius found;
    {
      const py::gil_scoped_release release;
      found = sphere_ ? sphere_->within(context, view, radius, sort_by_distance)
                      : tree_->within(context, view, radius, sort_by_distance);
    }
    const auto array = [](const auto& values) {
      return py::array_t<typename std::decay_t<decltype(values)>::value_type>(static_cast<py::ssize_t>(values.size()),
                                                                              values.data());
    };
    return py::make_tuple(array(found.offsets), array(found.indices), array(found.distances));
  }

 private:
  View<const double, 2> checked(const py::array& queries) const {
    const View<const double, 2> view = matrix<double>(queries, "queries");
    if (view.columns() != dimensions_) {
      throw InvalidArgument("queries have " + std::to_string(view.columns()) + " coordinates, the points have " +
                            std::to_string(dimensions_));
    }
    return view;
  }

  std::size_t dimensions_ = 0;
  std::size_t size_ = 0;
  std::optional<KdTree> tree_;
  std::optional<SphereTree> sphere_;
};

std::vector<double> all_of(const py::array& array, const char* name) {
  const View<const double, 2> view = matrix<double>(array, name);
  std::vector<double> values;
  values.reserve(view.size());
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < view.columns(); ++j) values.push_back(view(i, j));
  }
  return values;
}

std::shared_ptr<NeighboursPredictor> make_predictor(const py::array& points, const py::array& targets, std::size_t k,
                                                    NeighbourWeight weighting, Metric metric, double power,
                                                    const std::vector<double>& periods, const py::object& weight,
                                                    const std::vector<double>& divisor, bool tmva, double sigma_factor) {
  NeighboursDefinition definition;
  definition.points = all_of(points, "points");
  definition.targets = all_of(targets, "targets");
  definition.n_inputs = static_cast<std::size_t>(points.shape(1));
  definition.n_outputs = static_cast<std::size_t>(targets.shape(1));
  definition.k = k;
  definition.weighting = weighting;
  definition.distance = {metric, power, periods};
  if (!weight.is_none()) {
    const auto view = vector<double>(py::cast<py::array>(weight), "weight", static_cast<std::size_t>(points.shape(0)));
    for (std::size_t i = 0; i < view.size(); ++i) definition.weight.push_back(view[i]);
  }
  definition.divisor = divisor;
  definition.tmva = tmva;
  definition.sigma_factor = sigma_factor;
  const py::gil_scoped_release release;
  return std::make_shared<NeighboursPredictor>(std::move(definition));
}

// targets None: classification by is_signal.
std::shared_ptr<NeighboursPredictor> fit_tmva_neighbours(const TmvaNeighboursParams& params, const py::array& events,
                                                         const py::array& is_signal, const py::object& targets,
                                                         const py::array& weight) {
  const View<const float, 2> variables = matrix<float>(events, "events");
  const std::size_t n = variables.rows();
  const auto signal = vector<std::uint8_t>(is_signal, "is_signal", n);
  const auto weights = vector<double>(weight, "weight", n);
  TmvaNeighboursSample sample;
  sample.n_variables = variables.columns();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < variables.columns(); ++j) sample.variables.push_back(variables(i, j));
    sample.is_signal.push_back(signal[i] != 0 ? 1 : 0);
    sample.weight.push_back(weights[i]);
  }
  if (!targets.is_none()) {
    const auto array = py::cast<py::array>(targets);
    sample.targets = all_of(array, "targets");
    sample.n_targets = static_cast<std::size_t>(array.shape(1));
  }
  const py::gil_scoped_release release;
  return std::make_shared<NeighboursPredictor>(tmva_neighbours(params, sample));
}

}  // namespace

void register_neighbours(py::module_& module) {
  py::enum_<Metric>(module, "Metric", "How the distance of two points is measured.")
      .value("euclidean", Metric::euclidean)
      .value("manhattan", Metric::manhattan)
      .value("chebyshev", Metric::chebyshev)
      .value("minkowski", Metric::minkowski)
      .value("haversine", Metric::haversine);
  py::enum_<SearchOrder>(module, "SearchOrder", "How the nearest points of many queries are searched.")
      .value("automatic", SearchOrder::automatic)
      .value("tree", SearchOrder::tree)
      .value("scan", SearchOrder::scan)
      .value("products", SearchOrder::products);

  py::class_<Neighbours>(module, "Neighbours", "Points in a k-d tree: exact searches in float64, ties by index.")
      .def(py::init<const py::array&, Metric, double, const std::vector<double>&, int>(), py::arg("points"),
           py::arg("metric"), py::arg("power") = 2.0, py::arg("periods") = std::vector<double>{}, py::arg("threads") = 1)
      .def("nearest", &Neighbours::nearest, py::arg("queries"), py::arg("k"), py::arg("threads") = 1,
           py::arg("search") = SearchOrder::automatic,
           "Distances float64 and indices int64 (queries, k), ascending by (distance, index); queries None: the points "
           "themselves, each among its own neighbours.")
      .def("within", &Neighbours::within, py::arg("queries"), py::arg("radius"), py::arg("sort_by_distance") = false,
           py::arg("threads") = 1,
           "Offsets int64 (queries + 1), indices int64 and distances float64 of the points at most radius away; "
           "ascending by index, or by (distance, index).");

  py::enum_<NeighbourWeight>(module, "NeighbourWeight", "What a neighbour counts beside its event weight.")
      .value("uniform", NeighbourWeight::uniform)
      .value("inverse_distance", NeighbourWeight::inverse_distance)
      .value("gaussian", NeighbourWeight::gaussian)
      .value("polynomial", NeighbourWeight::polynomial)
      .value("discriminant", NeighbourWeight::discriminant);
  py::class_<NeighboursPredictor, Predictor, std::shared_ptr<NeighboursPredictor>>(
      module, "NeighboursPredictor", "Weighted mean of the targets of the nearest training events.")
      .def(py::init(&make_predictor), py::arg("points"), py::arg("targets"), py::arg("k"),
           py::arg("weighting") = NeighbourWeight::uniform, py::arg("metric") = Metric::euclidean, py::arg("power") = 2.0,
           py::arg("periods") = std::vector<double>{}, py::arg("weight") = py::none(),
           py::arg("divisor") = std::vector<double>{}, py::arg("tmva") = false, py::arg("sigma_factor") = 1.0,
           "From float64 points (events, variables) and targets (events, outputs); divisor: what each variable is divided "
           "by for the distance; tmva: two more neighbours are fetched, scaled variables rounded to float32.");

  py::class_<TmvaNeighboursParams>(module, "TmvaNeighboursParams")
      .def(py::init<>())
      .def_readwrite("k", &TmvaNeighboursParams::k)
      .def_readwrite("scale_fraction", &TmvaNeighboursParams::scale_fraction)
      .def_readwrite("sigma_factor", &TmvaNeighboursParams::sigma_factor)
      .def_readwrite("polynomial", &TmvaNeighboursParams::polynomial)
      .def_readwrite("trim", &TmvaNeighboursParams::trim)
      .def_readwrite("use_kernel", &TmvaNeighboursParams::use_kernel)
      .def_readwrite("use_weight", &TmvaNeighboursParams::use_weight)
      .def_readwrite("use_discriminant", &TmvaNeighboursParams::use_discriminant);
  module.def("fit_tmva_neighbours", &fit_tmva_neighbours, py::arg("params"), py::arg("events"), py::arg("is_signal"),
             py::arg("targets"), py::arg("weight"),
             "TMVA's KNN of float32 events, uint8 is_signal, float64 targets (events, targets) or None and float64 weight.");
}

}  // namespace diskern::python
