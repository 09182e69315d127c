// Committees: means of the responses of several models.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "model/committee.hpp"

namespace diskern::python {

namespace {

using model::CommitteePredictor;
using model::CommitteeScale;

std::shared_ptr<CommitteePredictor> make(std::vector<std::string> variables, CommitteeScale scale,
                                         const std::vector<Model>& models, const std::vector<double>& weights,
                                         const std::vector<std::vector<double>>& knots,
                                         const std::vector<std::vector<double>>& ranks) {
  const bool ranked = scale == CommitteeScale::rank;
  if (weights.size() != models.size() || (ranked && (knots.size() != models.size() || ranks.size() != models.size()))) {
    throw InvalidArgument("weights, knots and ranks must have an element for each of the " +
                          std::to_string(models.size()) + " models");
  }
  std::vector<CommitteePredictor::Member> members;
  for (std::size_t i = 0; i < models.size(); ++i) {
    members.push_back({models[i], weights[i], {}, {}});
    if (ranked) {
      members.back().knots = knots[i];
      members.back().ranks = ranks[i];
    }
  }
  return std::make_shared<CommitteePredictor>(std::move(variables), scale, std::move(members));
}

}  // namespace

void register_committee(py::module_& module) {
  py::enum_<CommitteeScale>(module, "CommitteeScale")
      .value("response", CommitteeScale::response)
      .value("rank", CommitteeScale::rank)
      .value("probability", CommitteeScale::probability);
  py::class_<CommitteePredictor, Predictor, std::shared_ptr<CommitteePredictor>>(
      module, "Committee", "The weighted mean of the responses of several models; immutable.")
      .def(py::init(&make), py::arg("variables"), py::arg("scale"), py::arg("models"), py::arg("weights"),
           py::arg("knots") = std::vector<std::vector<double>>(), py::arg("ranks") = std::vector<std::vector<double>>())
      .def_property_readonly("scale", &CommitteePredictor::scale)
      .def_property_readonly("member_count", &CommitteePredictor::member_count)
      .def(
          "model",
          [](const CommitteePredictor& self, std::size_t index) {
            if (index >= self.member_count()) throw InvalidArgument("there is no member " + std::to_string(index));
            return self.member(index).model;
          },
          py::arg("index"), "The model of one member.")
      .def_property_readonly("weights", [](const CommitteePredictor& self) {
        std::vector<double> values;
        for (std::size_t i = 0; i < self.member_count(); ++i) values.push_back(self.member(i).weight);
        return values;
      });
}

}  // namespace diskern::python
