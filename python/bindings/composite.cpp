// Methods made of methods: Category and Boost.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/tmva_random.hpp"
#include "common.hpp"
#include "model/boosted.hpp"
#include "model/categories.hpp"

namespace diskern::python {

namespace {

using model::BoostedPredictor;
using model::BoostTransform;
using model::CategoriesPredictor;

py::array_t<std::int32_t> categories_of(const CategoriesPredictor& self, const py::array& events,
                                        const py::array& key) {
  const View<const float, 2> view = matrix<float>(events, "events");
  const View<const double, 2> keys = matrix<double>(key, "key");
  if (view.columns() != self.input_count() || keys.rows() != view.rows() ||
      keys.columns() != self.key_columns().size()) {
    throw InvalidArgument("events and key must have shapes (events, " + std::to_string(self.input_count()) +
                          ") and (events, " + std::to_string(self.key_columns().size()) + ")");
  }
  py::array_t<std::int32_t> result(static_cast<py::ssize_t>(view.rows()));
  self.categories(view, keys, result.mutable_data());
  return result;
}

std::shared_ptr<BoostedPredictor> boosted(BoostTransform transform,
                                          const std::vector<std::shared_ptr<Predictor>>& predictors,
                                          const std::vector<double>& weights, const std::vector<double>& cuts,
                                          const std::vector<double>& orientations) {
  if (weights.size() != predictors.size() || cuts.size() != predictors.size() ||
      orientations.size() != predictors.size()) {
    throw InvalidArgument("weights, cuts and orientations must have one number for each of the " +
                          std::to_string(predictors.size()) + " predictors");
  }
  std::vector<BoostedPredictor::Member> members;
  for (std::size_t i = 0; i < predictors.size(); ++i) {
    members.push_back({predictors[i], weights[i], cuts[i], orientations[i]});
  }
  return std::make_shared<BoostedPredictor>(transform, std::move(members));
}

py::array_t<std::int32_t> poisson(std::uint32_t seed, double mean, std::size_t n) {
  if (!(mean > 0.0 && mean < 25.0)) {
    throw InvalidArgument("mean is " + std::to_string(mean) + ", expected a number between 0 and 25");
  }
  py::array_t<std::int32_t> result(static_cast<py::ssize_t>(n));
  TmvaRandom random(seed);
  for (std::size_t i = 0; i < n; ++i) result.mutable_data()[i] = random.poisson(mean);
  return result;
}

}  // namespace

void register_composite(py::module_& module) {
  py::class_<CategoriesPredictor, Predictor, std::shared_ptr<CategoriesPredictor>>(
      module, "Categories", "Models by categories of events, and the cuts that choose among them.")
      .def_property_readonly("key_columns", &CategoriesPredictor::key_columns)
      .def_property_readonly("category_count", &CategoriesPredictor::category_count)
      .def("cut", &CategoriesPredictor::cut, py::arg("index"))
      .def("model", &CategoriesPredictor::model, py::arg("index"))
      .def("categories", &categories_of, py::arg("events"), py::arg("key"),
           "Category of each event, int32; -1: none, -2: several.");

  py::enum_<BoostTransform>(module, "BoostTransform")
      .value("step", BoostTransform::step)
      .value("linear", BoostTransform::linear)
      .value("log", BoostTransform::log)
      .value("gauss", BoostTransform::gauss);
  py::class_<BoostedPredictor, Predictor, std::shared_ptr<BoostedPredictor>>(
      module, "Boosted", "The weighted mean of transformed responses of many predictors of one kind.")
      .def(py::init(&boosted), py::arg("transform"), py::arg("predictors"), py::arg("weights"), py::arg("cuts"),
           py::arg("orientations"))
      .def_property_readonly("transform", &BoostedPredictor::transform)
      .def_property_readonly("member_count", [](const BoostedPredictor& self) { return self.members().size(); })
      .def_property_readonly("weights",
                             [](const BoostedPredictor& self) {
                               std::vector<double> values;
                               for (const auto& member : self.members()) values.push_back(member.weight);
                               return values;
                             })
      .def_property_readonly("cuts",
                             [](const BoostedPredictor& self) {
                               std::vector<double> values;
                               for (const auto& member : self.members()) values.push_back(member.cut);
                               return values;
                             })
      .def_property_readonly("orientations",
                             [](const BoostedPredictor& self) {
                               std::vector<double> values;
                               for (const auto& member : self.members()) values.push_back(member.orientation);
                               return values;
                             })
      .def(
          "member",
          [](const BoostedPredictor& self, std::size_t index) {
            if (index >= self.members().size()) throw InvalidArgument("there is no member " + std::to_string(index));
            return std::const_pointer_cast<Predictor>(self.members()[index].predictor);
          },
          py::arg("index"), "The predictor of one member.");

  module.def("tmva_poisson", &poisson, py::arg("seed"), py::arg("mean"), py::arg("n"),
             "Poisson numbers as TMVA draws them (TRandom3), int32.");
}

}  // namespace diskern::python
