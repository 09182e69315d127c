// TMVA's classical methods: HMatrix, Likelihood, SVM, PDERS, PDEFoam.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common.hpp"
#include "statistics/foam_fit.hpp"
#include "statistics/hmatrix.hpp"
#include "statistics/kernel_machine.hpp"
#include "statistics/likelihood.hpp"
#include "statistics/range_search.hpp"

namespace diskern::python {

namespace {

using statistics::Density;
using statistics::DensityHistogram;
using statistics::DensitySettings;
using statistics::HMatrixParams;
using statistics::Interpolation;
using statistics::KernelBorder;
using statistics::KernelWidth;
using statistics::LikelihoodDensity;
using statistics::LikelihoodParams;
using statistics::LikelihoodPredictor;
using statistics::LikelihoodResult;
using statistics::RangeKernel;
using statistics::RangeSearchParams;
using statistics::SvmKernel;
using statistics::SvmParams;
using statistics::SvmResult;
using statistics::VolumeMode;
using ChainPointer = std::shared_ptr<statistics::TransformationChain>;

// Events, classes and weights of a training, checked.
struct Training {
  Training(const py::array& event_array, const py::array& class_array, const py::array& weight_array)
      : events(matrix<float>(event_array, "events")),
        class_index(vector<std::int32_t>(class_array, "class_index", events.rows())),
        weight(vector<double>(weight_array, "weight", events.rows())) {}
  View<const float, 2> events;
  View<const std::int32_t> class_index;
  View<const double> weight;
};

std::shared_ptr<Predictor> fit_hmatrix(const HMatrixParams& params, const std::optional<ChainPointer>& chain,
                                       const py::array& events, const py::array& class_index, const py::array& weight,
                                       int threads) {
  const Training training(events, class_index, weight);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return std::const_pointer_cast<statistics::HMatrixPredictor>(statistics::fit_hmatrix(
      context, params, chain.value_or(nullptr), training.events, training.class_index, training.weight));
}

LikelihoodResult fit_likelihood(const LikelihoodParams& params, const std::optional<ChainPointer>& chain,
                                const py::array& events, const py::array& class_index, const py::array& weight,
                                int threads) {
  const Training training(events, class_index, weight);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_likelihood(context, params, chain.value_or(nullptr), training.events, training.class_index,
                                    training.weight);
}

statistics::SvmResult fit_svm(const statistics::SvmParams& params, const py::array& events,
                              const py::array& class_index, const py::array& weight, int threads,
                              const py::object& progress) {
  const Training training(events, class_index, weight);
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_svm(context, params, training.events, training.class_index, training.weight);
}

statistics::SvmResult fit_svm_regression(const statistics::SvmParams& params, double epsilon, const py::array& events,
                                         const py::array& target, const py::array& weight, int threads,
                                         const py::object& progress) {
  const View<const float, 2> rows = matrix<float>(events, "events");
  const View<const double> targets = vector<double>(target, "target", rows.rows());
  const View<const double> weights = vector<double>(weight, "weight", rows.rows());
  statistics::SvmRegressionParams own;
  own.kernel = params.kernel;
  own.C = params.C;
  own.Epsilon = epsilon;
  own.Tol = params.Tol;
  own.MaxIter = params.MaxIter;
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_svm_regression(context, own, rows, targets, weights);
}

std::shared_ptr<Predictor> make_range_search(const statistics::RangeSearchParams& params, const py::array& events,
                                             const py::array& class_index, const py::array& targets,
                                             const py::array& weight, std::int32_t signal_class) {
  const Training training(events, class_index, weight);
  const View<const float, 2> target_matrix = matrix<float>(targets, "targets");
  if (target_matrix.rows() != training.events.rows()) {
    throw InvalidArgument("targets has " + std::to_string(target_matrix.rows()) + " rows, events has " +
                          std::to_string(training.events.rows()));
  }
  const std::size_t n = training.events.rows();
  const std::size_t d = training.events.columns();
  statistics::RangeSample sample;
  sample.n_inputs = d;
  sample.n_targets = target_matrix.columns();
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t i = 0; i < n; ++i) sample.columns.push_back(training.events(i, j));
    const auto begin = sample.columns.begin() + static_cast<std::ptrdiff_t>(j * n);
    const auto [low, high] = std::minmax_element(begin, begin + static_cast<std::ptrdiff_t>(n));
    sample.range.push_back(n == 0 ? 0.0 : static_cast<double>(*high) - static_cast<double>(*low));
  }
  for (std::size_t t = 0; t < sample.n_targets; ++t) {
    for (std::size_t i = 0; i < n; ++i) sample.targets.push_back(target_matrix(i, t));
  }
  for (std::size_t i = 0; i < n; ++i) {
    sample.weight.push_back(training.weight[i]);
    sample.is_background.push_back(sample.n_targets == 0 && training.class_index[i] != signal_class ? 1 : 0);
  }
  return std::make_shared<statistics::RangeSearchPredictor>(params, std::move(sample));
}

std::shared_ptr<statistics::FoamPredictor> fit_foam(const statistics::FoamParams& params, const py::array& events,
                                                    const py::array& class_index, std::int32_t class_count,
                                                    const py::array& targets, const py::array& weight,
                                                    const py::array& fill_weight, int threads,
                                                    const py::object& progress) {
  const Training training(events, class_index, weight);
  const View<const float, 2> target_matrix = matrix<float>(targets, "targets");
  const View<const double> fill = vector<double>(fill_weight, "fill_weight", training.events.rows());
  if (target_matrix.rows() != training.events.rows()) {
    throw InvalidArgument("targets has " + std::to_string(target_matrix.rows()) + " rows, events has " +
                          std::to_string(training.events.rows()));
  }
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return std::const_pointer_cast<statistics::FoamPredictor>(
      statistics::fit_foam(context, params, training.events, training.class_index, class_count, target_matrix,
                           training.weight, fill));
}

void register_foam(py::module_& module) {
  using namespace statistics;
  py::enum_<FoamKind>(module, "FoamKind")
      .value("discriminant", FoamKind::discriminant)
      .value("separate", FoamKind::separate)
      .value("multiclass", FoamKind::multiclass)
      .value("target", FoamKind::target)
      .value("multi_target", FoamKind::multi_target);
  py::enum_<FoamKernel>(module, "FoamKernel")
      .value("none", FoamKernel::none)
      .value("gauss", FoamKernel::gauss)
      .value("linear_neighbours", FoamKernel::linear_neighbours);
  py::enum_<FoamTarget>(module, "FoamTarget")
      .value("mean", FoamTarget::mean)
      .value("most_probable", FoamTarget::most_probable);
  py::enum_<FoamSplit>(module, "FoamSplit")
      .value("none", FoamSplit::none)
      .value("GiniIndex", FoamSplit::GiniIndex)
      .value("MisClassificationError", FoamSplit::MisClassificationError)
      .value("CrossEntropy", FoamSplit::CrossEntropy)
      .value("GiniIndexWithLaplace", FoamSplit::GiniIndexWithLaplace)
      .value("SdivSqrtSplusB", FoamSplit::SdivSqrtSplusB);
  py::class_<FoamParams>(module, "FoamParams")
      .def(py::init<>())
      .def_readwrite("SigBgSeparate", &FoamParams::SigBgSeparate)
      .def_readwrite("TailCut", &FoamParams::TailCut)
      .def_readwrite("VolFrac", &FoamParams::VolFrac)
      .def_readwrite("nActiveCells", &FoamParams::nActiveCells)
      .def_readwrite("nSampl", &FoamParams::nSampl)
      .def_readwrite("nBin", &FoamParams::nBin)
      .def_readwrite("Nmin", &FoamParams::Nmin)
      .def_readwrite("MaxDepth", &FoamParams::MaxDepth)
      .def_readwrite("UseYesNoCell", &FoamParams::UseYesNoCell)
      .def_readwrite("DTLogic", &FoamParams::DTLogic)
      .def_readwrite("Kernel", &FoamParams::Kernel)
      .def_readwrite("TargetSelection", &FoamParams::TargetSelection)
      .def_readwrite("kind", &FoamParams::kind)
      .def_readwrite("signal_class", &FoamParams::signal_class);
  py::class_<FoamPredictor, Predictor, std::shared_ptr<FoamPredictor>>(module, "Foam", "TMVA's PDEFoam; immutable.")
      .def_property_readonly("leaf_counts",
                             [](const FoamPredictor& self) {
                               std::vector<std::size_t> counts;
                               for (const Foam& foam : self.foams()) counts.push_back(foam.leaves().size());
                               return counts;
                             })
      .def_property_readonly(
          "divisions",
          [](const FoamPredictor& self) {
            std::vector<std::size_t> counts(self.foams()[0].dimensions(), 0);
            for (const Foam& foam : self.foams()) {
              const FoamCells& cells = foam.cells();
              for (std::size_t c = 0; c < cells.left.size(); ++c) {
                if (cells.left[c] >= 0) ++counts[static_cast<std::size_t>(cells.dimension[c])];
              }
            }
            return counts;
          },
          "How often each dimension is divided.");
  module.def("fit_foam", &fit_foam, py::arg("params"), py::arg("events"), py::arg("class_index"),
             py::arg("class_count"), py::arg("targets"), py::arg("weight"), py::arg("fill_weight"),
             py::arg("threads") = 0, py::arg("progress") = py::none(), "TMVA's PDEFoam of float32 events.");
}

Density make_density(const DensitySettings& settings, double minimum, double maximum, const py::array& contents) {
  const View<const float> view = vector<float>(contents, "contents", static_cast<std::size_t>(contents.size()));
  DensityHistogram histogram{minimum, maximum, {}};
  for (std::size_t i = 0; i < view.size(); ++i) histogram.contents.push_back(view[i]);
  return {settings, std::move(histogram)};
}

template <double (Density::*function)(double) const noexcept>
py::array_t<double> at_each(const Density& self, const py::array& x) {
  const View<const double> view = vector<double>(x, "x", static_cast<std::size_t>(x.size()));
  py::array_t<double> result(static_cast<py::ssize_t>(view.size()));
  for (std::size_t i = 0; i < view.size(); ++i) result.mutable_data()[i] = (self.*function)(view[i]);
  return result;
}

}  // namespace

void register_classical(py::module_& module) {
  register_foam(module);
  py::enum_<Interpolation>(module, "Interpolation", "How a density is drawn through a histogram.")
      .value("Spline0", Interpolation::spline0)
      .value("Spline1", Interpolation::spline1)
      .value("Spline2", Interpolation::spline2)
      .value("Spline3", Interpolation::spline3)
      .value("Spline5", Interpolation::spline5)
      .value("KDE", Interpolation::kernel);
  py::enum_<KernelWidth>(module, "KernelWidth", "Width of the kernels of a density.")
      .value("Nonadaptive", KernelWidth::fixed)
      .value("Adaptive", KernelWidth::adaptive);
  py::enum_<KernelBorder>(module, "KernelBorder", "What becomes of kernels that reach beyond the range.")
      .value("Ignore", KernelBorder::none)
      .value("Renorm", KernelBorder::renormalise)
      .value("Mirror", KernelBorder::mirror);
  py::class_<DensitySettings>(module, "DensitySettings")
      .def(py::init<>())
      .def_readwrite("interpolation", &DensitySettings::interpolation)
      .def_readwrite("minimum_smoothing", &DensitySettings::minimum_smoothing)
      .def_readwrite("maximum_smoothing", &DensitySettings::maximum_smoothing)
      .def_readwrite("kernel_width", &DensitySettings::kernel_width)
      .def_readwrite("kernel_border", &DensitySettings::kernel_border)
      .def_readwrite("fine_factor", &DensitySettings::fine_factor);
  py::class_<Density>(module, "Density", "TMVA's PDF of one variable; immutable.")
      .def(py::init(&make_density), py::arg("settings"), py::arg("minimum"), py::arg("maximum"), py::arg("contents"),
           "From the float32 contents of the bins of a histogram of equal bins.")
      .def_property_readonly(
          "contents", [](const Density& self) { return self.histogram().contents; }, "Of the bins of its histogram.")
      .def("value", &at_each<&Density::value>, py::arg("x"), "The density at float64 x.")
      .def("cumulative", &at_each<&Density::cumulative>, py::arg("x"), "Its integral up to float64 x.");

  py::class_<HMatrixParams>(module, "HMatrixParams")
      .def(py::init<>())
      .def_readwrite("signal_class", &HMatrixParams::signal_class)
      .def_readwrite("variable_names", &HMatrixParams::variable_names);
  module.def("fit_hmatrix", &fit_hmatrix, py::arg("params"), py::arg("chain"), py::arg("events"),
             py::arg("class_index"), py::arg("weight"), py::arg("threads") = 0,
             "TMVA's HMatrix of float32 events before the transformations of chain.");

  py::enum_<SvmKernel>(module, "SvmKernel")
      .value("RBF", SvmKernel::RBF)
      .value("MultiGauss", SvmKernel::MultiGauss)
      .value("Polynomial", SvmKernel::Polynomial)
      .value("Prod", SvmKernel::Prod)
      .value("Sum", SvmKernel::Sum);
  py::class_<SvmParams>(module, "SvmParams")
      .def(py::init<>())
      .def_property(
          "Kernel", [](const SvmParams& self) { return self.kernel.kernel; },
          [](SvmParams& self, SvmKernel kernel) { self.kernel.kernel = kernel; })
      .def_property(
          "Gamma", [](const SvmParams& self) { return self.kernel.gamma; },
          [](SvmParams& self, double gamma) { self.kernel.gamma = gamma; })
      .def_property(
          "GammaList", [](const SvmParams& self) { return self.kernel.gammas; },
          [](SvmParams& self, std::vector<double> gammas) { self.kernel.gammas = std::move(gammas); })
      .def_property(
          "Order", [](const SvmParams& self) { return self.kernel.order; },
          [](SvmParams& self, std::int32_t order) { self.kernel.order = order; })
      .def_property(
          "Theta", [](const SvmParams& self) { return self.kernel.theta; },
          [](SvmParams& self, double theta) { self.kernel.theta = theta; })
      .def_property(
          "KernelList", [](const SvmParams& self) { return self.kernel.parts; },
          [](SvmParams& self, std::vector<SvmKernel> parts) { self.kernel.parts = std::move(parts); })
      .def_readwrite("C", &SvmParams::C)
      .def_readwrite("Tol", &SvmParams::Tol)
      .def_readwrite("MaxIter", &SvmParams::MaxIter)
      .def_readwrite("signal_class", &SvmParams::signal_class);
  py::class_<SvmResult>(module, "SvmResult")
      .def_property_readonly("predictor",
                             [](const SvmResult& self) -> std::shared_ptr<Predictor> {
                               return std::const_pointer_cast<statistics::KernelMachine>(self.predictor);
                             })
      .def_property_readonly("vector_count", [](const SvmResult& self) { return self.predictor->vector_count(); })
      .def_readonly("iterations", &SvmResult::iterations)
      .def_readonly("violation", &SvmResult::violation);
  module.def("fit_svm", &fit_svm, py::arg("params"), py::arg("events"), py::arg("class_index"), py::arg("weight"),
             py::arg("threads") = 0, py::arg("progress") = py::none(), "TMVA's SVM of float32 events.");
  module.def("fit_svm_regression", &fit_svm_regression, py::arg("params"), py::arg("epsilon"), py::arg("events"),
             py::arg("target"), py::arg("weight"), py::arg("threads") = 0, py::arg("progress") = py::none(),
             "Epsilon-insensitive regression of a float64 target by float32 events.");

  py::enum_<VolumeMode>(module, "VolumeMode")
      .value("Unscaled", VolumeMode::Unscaled)
      .value("MinMax", VolumeMode::MinMax)
      .value("RMS", VolumeMode::RMS)
      .value("Adaptive", VolumeMode::Adaptive)
      .value("kNN", VolumeMode::kNN);
  py::enum_<RangeKernel>(module, "RangeKernel")
      .value("Box", RangeKernel::Box)
      .value("Sphere", RangeKernel::Sphere)
      .value("Teepee", RangeKernel::Teepee)
      .value("Gauss", RangeKernel::Gauss)
      .value("Sinc3", RangeKernel::Sinc3)
      .value("Sinc5", RangeKernel::Sinc5)
      .value("Sinc7", RangeKernel::Sinc7)
      .value("Sinc9", RangeKernel::Sinc9)
      .value("Sinc11", RangeKernel::Sinc11)
      .value("Lanczos2", RangeKernel::Lanczos2)
      .value("Lanczos3", RangeKernel::Lanczos3)
      .value("Lanczos5", RangeKernel::Lanczos5)
      .value("Lanczos8", RangeKernel::Lanczos8)
      .value("Trim", RangeKernel::Trim);
  py::class_<RangeSearchParams>(module, "RangeSearchParams")
      .def(py::init<>())
      .def_readwrite("VolumeRangeMode", &RangeSearchParams::VolumeRangeMode)
      .def_readwrite("KernelEstimator", &RangeSearchParams::KernelEstimator)
      .def_readwrite("DeltaFrac", &RangeSearchParams::DeltaFrac)
      .def_readwrite("NEventsMin", &RangeSearchParams::NEventsMin)
      .def_readwrite("NEventsMax", &RangeSearchParams::NEventsMax)
      .def_readwrite("MaxVIterations", &RangeSearchParams::MaxVIterations)
      .def_readwrite("InitialScale", &RangeSearchParams::InitialScale)
      .def_readwrite("GaussSigma", &RangeSearchParams::GaussSigma);
  module.def("make_range_search", &make_range_search, py::arg("params"), py::arg("events"), py::arg("class_index"),
             py::arg("targets"), py::arg("weight"), py::arg("signal_class") = 0,
             "TMVA's PDERS: the predictor that holds float32 events, with float32 targets in regression.");

  py::class_<LikelihoodDensity>(module, "LikelihoodDensity")
      .def(py::init<>())
      .def_readwrite("settings", &LikelihoodDensity::settings)
      .def_readwrite("bins", &LikelihoodDensity::bins)
      .def_readwrite("events_per_bin", &LikelihoodDensity::events_per_bin);
  py::class_<LikelihoodParams>(module, "LikelihoodParams")
      .def(py::init<>())
      .def_readwrite("transform_output", &LikelihoodParams::transform_output)
      .def_readwrite("signal", &LikelihoodParams::signal)
      .def_readwrite("background", &LikelihoodParams::background)
      .def_readwrite("variable_types", &LikelihoodParams::variable_types)
      .def_readwrite("signal_class", &LikelihoodParams::signal_class)
      .def_readwrite("variable_names", &LikelihoodParams::variable_names);
  py::class_<LikelihoodResult>(module, "LikelihoodResult")
      .def_property_readonly("predictor",
                             [](const LikelihoodResult& self) -> std::shared_ptr<Predictor> {
                               return std::const_pointer_cast<LikelihoodPredictor>(self.predictor);
                             })
      .def_readonly("ranking", &LikelihoodResult::ranking)
      .def_property_readonly(
          "empty_bins",
          [](const LikelihoodResult& self) {
            std::map<std::string, std::vector<std::size_t>> counts;
            for (const bool signal : {true, false}) {
              for (const Density& one : signal ? self.predictor->signal() : self.predictor->background()) {
                const std::vector<float>& contents = one.histogram().contents;
                counts[signal ? "signal" : "background"].push_back(
                    static_cast<std::size_t>(std::count(contents.begin(), contents.end(), 0.0F)));
              }
            }
            return counts;
          },
          "Bins without content of the histogram of each variable, for signal and background.");
  module.def("fit_likelihood", &fit_likelihood, py::arg("params"), py::arg("chain"), py::arg("events"),
             py::arg("class_index"), py::arg("weight"), py::arg("threads") = 0,
             "TMVA's Likelihood of float32 events before the transformations of chain.");
}

}  // namespace diskern::python
