// Generative adversarial networks.
#include <cstdint>
#include <memory>
#include <string>

#include "common.hpp"
#include "network/graph/adversarial.hpp"

namespace diskern::python {

namespace {

using network::graph::AdversarialFit;
using network::graph::AdversarialParams;
using network::graph::Graph;
using network::graph::GraphPredictor;

AdversarialFit fit_adversarial(const std::shared_ptr<Graph>& generator, const std::shared_ptr<Graph>& discriminator,
                               const AdversarialParams& params, const py::array& events, const py::array& conditions,
                               const py::array& weight, int threads, std::uint64_t seed, const py::object& progress) {
  network::graph::AdversarialData data;
  data.events = matrix<float>(events, "events");
  data.conditions = matrix<float>(conditions, "conditions");
  data.weight = vector<double>(weight, "weight", data.events.rows());
  PythonMonitor monitor(progress);
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return network::graph::fit_adversarial(context, generator, discriminator, params, data);
}

}  // namespace

void register_adversarial(py::module_& module) {
  py::class_<AdversarialParams>(module, "AdversarialParams", "Parameters of adversarial training with their defaults.")
      .def(py::init<>())
      .def_property(
          "loss", [](const AdversarialParams& self) { return network::graph::name(self.loss); },
          [](AdversarialParams& self, const std::string& name) {
            self.loss = network::graph::adversarial_loss_of_name(name);
          })
      .def_property(
          "initialisation", [](const AdversarialParams& self) { return network::name(self.initialisation); },
          [](AdversarialParams& self, const std::string& name) {
            self.initialisation = network::initialisation_of_name(name);
          })
      .def_property(
          "optimizer", [](const AdversarialParams& self) { return network::name(self.generator.kind); },
          [](AdversarialParams& self, const std::string& name) {
            self.generator.kind = network::optimizer_of_name(name);
            self.discriminator.kind = self.generator.kind;
          },
          "Of both networks.")
#define DISKERN_BOTH(field)                                                        \
  def_property(                                                                    \
      #field, [](const AdversarialParams& self) { return self.generator.field; },  \
      [](AdversarialParams& self, decltype(AdversarialParams().generator.field) value) { \
        self.generator.field = value;                                              \
        self.discriminator.field = value;                                          \
      })
      .DISKERN_BOTH(beta_1)
      .DISKERN_BOTH(beta_2)
      .DISKERN_BOTH(l2)
      .DISKERN_BOTH(clip_norm)
#undef DISKERN_BOTH
      .def_property(
          "generator_learning_rate", [](const AdversarialParams& self) { return self.generator.learning_rate; },
          [](AdversarialParams& self, double value) { self.generator.learning_rate = value; })
      .def_property(
          "discriminator_learning_rate", [](const AdversarialParams& self) { return self.discriminator.learning_rate; },
          [](AdversarialParams& self, double value) { self.discriminator.learning_rate = value; })
      .def_readwrite("smoothing", &AdversarialParams::smoothing)
      .def_readwrite("gradient_penalty", &AdversarialParams::gradient_penalty)
      .def_readwrite("epochs", &AdversarialParams::epochs)
      .def_readwrite("batch_size", &AdversarialParams::batch_size)
      .def_readwrite("discriminator_steps", &AdversarialParams::discriminator_steps)
      .def_readwrite("averaging", &AdversarialParams::averaging);

  py::class_<AdversarialFit>(module, "AdversarialFit")
      .def_property_readonly(
          "generator",
          [](const AdversarialFit& self) { return std::const_pointer_cast<GraphPredictor>(self.generator); })
      .def_property_readonly(
          "discriminator",
          [](const AdversarialFit& self) { return std::const_pointer_cast<GraphPredictor>(self.discriminator); })
      .def_readonly("interrupted", &AdversarialFit::interrupted)
      .def_readonly("diverged", &AdversarialFit::diverged)
      .def_readonly("epochs", &AdversarialFit::epochs)
      .def_readonly("discriminator_loss", &AdversarialFit::discriminator_loss)
      .def_readonly("generator_loss", &AdversarialFit::generator_loss)
      .def_readonly("penalty", &AdversarialFit::penalty)
      .def_readonly("real_score", &AdversarialFit::real_score)
      .def_readonly("generated_score", &AdversarialFit::generated_score)
      .def_readonly("message", &AdversarialFit::message);

  module.def("fit_adversarial", &fit_adversarial, py::arg("generator"), py::arg("discriminator"), py::arg("params"),
             py::arg("events"), py::arg("conditions"), py::arg("weight"), py::arg("threads") = 0, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Trains a generator and a discriminator on float32 events and conditions, of shape (events, numbers).");
}

}  // namespace diskern::python
