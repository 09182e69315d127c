// Graphs of layers and their training.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "network/graph/batch.hpp"
#include "network/graph/training.hpp"

namespace diskern::python {

namespace {

using network::graph::Graph;
using network::graph::GraphFit;
using network::graph::GraphParams;
using network::graph::GraphPointer;
using network::graph::GraphPredictor;
using network::graph::OutputLoss;

// A dictionary of booleans, numbers, texts, lists of them and of dictionaries, as the classes of diskern.networks make
// it.
void fill_group(const py::dict& dictionary, archive::Group& group) {
  for (const auto& [key_object, value] : dictionary) {
    const std::string key = py::str(key_object);
    if (py::isinstance<py::bool_>(value)) {
      group.set(key, value.cast<bool>());
    } else if (py::isinstance<py::int_>(value)) {
      group.set(key, value.cast<std::int64_t>());
    } else if (py::isinstance<py::float_>(value)) {
      group.set(key, value.cast<double>());
    } else if (py::isinstance<py::str>(value)) {
      group.set(key, value.cast<std::string>());
    } else if (py::isinstance<py::list>(value)) {
      const auto list = py::reinterpret_borrow<py::list>(value);
      if (!list.empty() && py::isinstance<py::dict>(list[0])) {
        for (const py::handle& item : list) fill_group(item.cast<py::dict>(), group.append(key));
      } else {
        group.set(key, list.cast<std::vector<std::int64_t>>());
      }
    } else {
      throw InvalidArgument("'" + key +
                            "' of a network has an unexpected type: " + std::string(py::str(py::type::of(value))));
    }
  }
}

std::shared_ptr<Graph> make_graph(const py::dict& description) {
  archive::Group group;
  fill_group(description, group);
  try {
    return std::const_pointer_cast<Graph>(Graph::read(group));
  } catch (const FormatError& error) {
    throw InvalidArgument(error.what());
  }
}

py::object from_value(const archive::Value& value);

py::dict from_group(const archive::Group& group) {
  py::dict result;
  for (const auto& [key, value] : group.entries()) result[py::str(key)] = from_value(value);
  return result;
}

py::object from_value(const archive::Value& value) {
  if (const auto* one = std::get_if<bool>(&value)) return py::bool_(*one);
  if (const auto* one = std::get_if<std::int64_t>(&value)) return py::int_(*one);
  if (const auto* one = std::get_if<double>(&value)) return py::float_(*one);
  if (const auto* one = std::get_if<std::string>(&value)) return py::str(*one);
  if (const auto* many = std::get_if<std::vector<std::int64_t>>(&value)) return py::cast(*many);
  if (const auto* child = std::get_if<archive::GroupPointer>(&value)) return from_group(**child);
  py::list list;
  if (const auto* children = std::get_if<std::vector<archive::GroupPointer>>(&value)) {
    for (const archive::GroupPointer& child : *children) list.append(from_group(*child));
  }
  return list;
}

py::dict describe(const Graph& self) {
  archive::Group group;
  self.write(group);
  return from_group(group);
}

py::list parameters_of(const Graph& self) {
  py::list result;
  for (std::size_t l = 0; l < self.layers().size(); ++l) {
    std::size_t offset = self.parameter_offset(l);
    for (const network::graph::ParameterInfo& info : self.layers()[l]->parameters()) {
      py::dict entry;
      entry["layer"] = self.layers()[l]->name();
      entry["name"] = info.name;
      entry["shape"] = py::tuple(py::cast(info.shape));
      entry["offset"] = offset;
      entry["trained"] = info.trained;
      result.append(entry);
      offset += info.size();
    }
  }
  return result;
}

py::list shapes_of(const Graph& self) {
  py::list result;
  for (std::size_t v = 0; v < self.value_count(); ++v) result.append(py::tuple(py::cast(self.shape(v))));
  return result;
}

// Outputs, and the gradients of sum(outputs x output_gradients), in the precision of T.
template <class T>
py::tuple gradients(const Graph& graph, const py::array& parameters, const py::array& events,
                    const py::array& output_gradients, bool training, int threads, std::uint64_t seed) {
  const View<const double> given = vector<double>(parameters, "parameters", graph.parameter_count());
  const View<const double, 2> rows = matrix<double>(events, "events");
  const View<const double, 2> slopes = matrix<double>(output_gradients, "output_gradients");
  const std::size_t n = rows.rows();
  if (n == 0 || rows.columns() != graph.input_count() || slopes.rows() != n ||
      slopes.columns() != graph.output_count()) {
    throw InvalidArgument("events and output_gradients must have the shapes (events, " +
                          std::to_string(graph.input_count()) + ") and (events, " +
                          std::to_string(graph.output_count()) + ")");
  }
  std::vector<T> values(graph.parameter_count());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(given[i]);
  std::vector<T> gradient(graph.parameter_count());
  py::array_t<double> outputs({n, graph.output_count()});
  py::array_t<double> parameter_gradients(static_cast<py::ssize_t>(graph.parameter_count()));
  py::array_t<double> event_gradients({n, graph.input_count()});
  double* out = outputs.mutable_data();
  double* back = event_gradients.mutable_data();
  {
    const py::gil_scoped_release release;
    network::graph::Batch<T> batch(graph, n, true);
    typename network::graph::Batch<T>::Work work;
    work.events = n;
    work.seed = seed;
    work.training = training;
    work.load = [&](std::size_t first, std::size_t count, network::graph::Tile<T>& tile) {
      for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const std::size_t size = graph.size(i);
        for (std::size_t e = 0; e < count; ++e) {
          for (std::size_t j = 0; j < size; ++j) {
            tile.input(i)[e * size + j] = static_cast<T>(rows(first + e, graph.inputs()[i].column + j));
          }
        }
      }
    };
    work.loss = [&](std::size_t first, std::size_t count, network::graph::Tile<T>& tile) {
      std::size_t column = 0;
      for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
        const std::size_t size = graph.size(graph.outputs()[o].value);
        for (std::size_t e = 0; e < count; ++e) {
          for (std::size_t k = 0; k < size; ++k) {
            out[(first + e) * graph.output_count() + column + k] = static_cast<double>(tile.output(o)[e * size + k]);
            tile.output_gradient(o)[e * size + k] = static_cast<T>(slopes(first + e, column + k));
          }
        }
        column += size;
      }
      return 0.0;
    };
    work.finish = [&](std::size_t first, std::size_t count, network::graph::Tile<T>& tile) {
      for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
        const std::size_t size = graph.size(i);
        for (std::size_t e = 0; e < count; ++e) {
          for (std::size_t j = 0; j < size; ++j) {
            back[(first + e) * graph.input_count() + graph.inputs()[i].column + j] =
                static_cast<double>(tile.input_gradient(i)[e * size + j]);
          }
        }
      }
    };
    Context context;
    context.threads = threads;
    batch.gradient(context, work, values.data(), gradient.data());
  }
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    parameter_gradients.mutable_at(static_cast<py::ssize_t>(i)) = static_cast<double>(gradient[i]);
  }
  return py::make_tuple(outputs, parameter_gradients, event_gradients);
}

py::tuple graph_gradients(const Graph& graph, const py::array& parameters, const py::array& events,
                          const py::array& output_gradients, bool training, bool single_precision, int threads,
                          std::uint64_t seed) {
  return single_precision ? gradients<float>(graph, parameters, events, output_gradients, training, threads, seed)
                          : gradients<double>(graph, parameters, events, output_gradients, training, threads, seed);
}

// Seconds of forward and backward, again and again over the same events, which stay where they are: for benchmarks of
// layers, whose inputs are the results of other layers.
std::vector<double> graph_seconds(const Graph& graph, const py::array& parameters, const py::array& events,
                                  std::size_t repeats, int threads) {
  const View<const float> given = vector<float>(parameters, "parameters", graph.parameter_count());
  const View<const float, 2> rows = matrix<float>(events, "events");
  if (rows.rows() == 0 || rows.rows() > 256 || rows.columns() != graph.input_count()) {
    throw InvalidArgument("events must have the shape (1 to 256, " + std::to_string(graph.input_count()) + ")");
  }
  std::vector<float> values(graph.parameter_count());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = given[i];
  std::vector<float> gradient(graph.parameter_count());
  std::vector<double> seconds;
  const py::gil_scoped_release release;
  network::graph::Batch<float> batch(graph, rows.rows(), true);
  network::graph::Batch<float>::Work work;
  work.events = rows.rows();
  bool first_time = true;  // with at most 256 events every tile has memory of its own, so they are still there
  work.load = [&](std::size_t first, std::size_t count, network::graph::Tile<float>& tile) {
    if (!first_time) return;
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t j = 0; j < graph.size(i); ++j) {
          tile.input(i)[e * graph.size(i) + j] = rows(first + e, graph.inputs()[i].column + j);
        }
      }
    }
    for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
      std::fill_n(tile.output_gradient(o), count * graph.size(graph.outputs()[o].value), 1.0F);
    }
  };
  work.loss = [](std::size_t, std::size_t, network::graph::Tile<float>&) { return 0.0; };
  Context context;
  context.threads = threads;
  batch.gradient(context, work, values.data(), gradient.data());
  first_time = false;
  for (std::size_t r = 0; r < repeats; ++r) {
    const auto begin = std::chrono::steady_clock::now();
    batch.gradient(context, work, values.data(), gradient.data());
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return seconds;
}

py::array_t<float> parameter_array(const GraphPredictor& self) {
  return py::array_t<float>(static_cast<py::ssize_t>(self.parameters().size()), self.parameters().data());
}

// The numbers of one value (an input or what a node gives) of every event.
py::array_t<float> values_of(const GraphPredictor& self, const py::array& events, std::size_t value) {
  const Graph& graph = self.graph();
  const View<const float, 2> rows = matrix<float>(events, "events");
  if (rows.columns() != graph.input_count()) {
    throw InvalidArgument("events has " + std::to_string(rows.columns()) + " columns, expected " +
                          std::to_string(graph.input_count()));
  }
  if (value >= graph.value_count()) {
    throw InvalidArgument("value is " + std::to_string(value) + ", the network has " +
                          std::to_string(graph.value_count()) + " values");
  }
  const std::size_t size = graph.size(value);
  py::array_t<float> result({rows.rows(), size});
  float* out = result.mutable_data();
  const py::gil_scoped_release release;
  constexpr std::size_t tile_events = 32;
  const network::graph::Plan plan(graph, tile_events, true);
  AlignedVector<float> memory(plan.size());
  AlignedVector<float> prepared(graph.prepared_size());
  graph.prepare(self.parameters().data(), prepared.data());
  for (std::size_t first = 0; first < rows.rows(); first += tile_events) {
    const std::size_t count = std::min(tile_events, rows.rows() - first);
    network::graph::Tile<float> tile(graph, plan, memory.data());
    for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t j = 0; j < graph.size(i); ++j) {
          tile.input(i)[e * graph.size(i) + j] = rows(first + e, graph.inputs()[i].column + j);
        }
      }
    }
    network::graph::Tile<float>::Step step;
    step.events = count;
    step.parameters = self.parameters().data();
    step.prepared = prepared.data();
    tile.forward(step, 0, graph.nodes().size());
    std::copy_n(tile.value(value), count * size, out + first * size);
  }
  return result;
}

GraphFit fit_graph(const std::shared_ptr<Graph>& graph, const GraphParams& params, const py::array& events,
                   const py::array& targets, const py::array& weight, const std::optional<py::array>& validation_events,
                   const std::optional<py::array>& validation_targets,
                   const std::optional<py::array>& validation_weight, const std::optional<py::array>& start,
                   int threads, std::uint64_t seed, const py::object& progress) {
  network::graph::GraphData training;
  training.variables = matrix<float>(events, "events");
  training.targets = matrix<float>(targets, "targets");
  training.weight = vector<double>(weight, "weight", training.variables.rows());
  network::graph::GraphData validation;
  if (validation_events) {
    if (!validation_targets || !validation_weight) {
      throw InvalidArgument("validation_events needs validation_targets and validation_weight");
    }
    validation.variables = matrix<float>(*validation_events, "validation_events");
    validation.targets = matrix<float>(*validation_targets, "validation_targets");
    validation.weight = vector<double>(*validation_weight, "validation_weight", validation.variables.rows());
  }
  std::vector<float> first;
  if (start) {
    const View<const float> given = vector<float>(*start, "start", graph->parameter_count());
    for (std::size_t i = 0; i < given.size(); ++i) first.push_back(given[i]);
  }
  PythonMonitor monitor(progress);
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return network::graph::fit_graph(context, graph, params, training, validation_events ? &validation : nullptr,
                                   start ? &first : nullptr);
}

}  // namespace

void register_graph(py::module_& module) {
  py::class_<Graph, std::shared_ptr<Graph>>(module, "Graph", "A network as a graph of layers, immutable.")
      .def(py::init(&make_graph), py::arg("description"))
      .def("describe", &describe, "What the constructor takes, with what shapes made definite.")
      .def_property_readonly("input_count", &Graph::input_count)
      .def_property_readonly("output_count", &Graph::output_count)
      .def_property_readonly("parameter_count", &Graph::parameter_count)
      .def_property_readonly("parameters", &parameters_of,
                             "One dictionary per array: layer, name, shape, offset, trained.")
      .def_property_readonly("shapes", &shapes_of, "Of the inputs, then of what every node gives.");

  py::class_<GraphPredictor, Predictor, std::shared_ptr<GraphPredictor>>(module, "GraphPredictor",
                                                                         "A trained graph, immutable.")
      .def(py::init([](const std::shared_ptr<Graph>& graph, const py::array& parameters) {
             const View<const float> given = vector<float>(parameters, "parameters", graph->parameter_count());
             std::vector<float> values;
             for (std::size_t i = 0; i < given.size(); ++i) values.push_back(given[i]);
             return std::make_shared<GraphPredictor>(graph, std::move(values));
           }),
           py::arg("graph"), py::arg("parameters"))
      .def_property_readonly(
          "graph", [](const GraphPredictor& self) { return std::const_pointer_cast<Graph>(self.graph_pointer()); })
      .def_property_readonly("parameters", &parameter_array)
      .def("values", &values_of, py::arg("events"), py::arg("value"),
           "What an input or node gives for every event, float32 of shape (events, numbers).");

  py::class_<GraphParams>(module, "GraphParams", "Parameters of the training of graphs with their defaults.")
      .def(py::init<>())
      .def(
          "add_loss",
          [](GraphParams& self, const std::string& loss, double factor, double huber_distance, double quantile) {
            OutputLoss one;
            one.is_value = loss == "value";
            if (!one.is_value) one.loss = network::loss_of_name(loss);
            one.factor = factor;
            one.params.huber_distance = huber_distance;
            one.params.quantile = quantile;
            self.losses.push_back(one);
          },
          py::arg("loss"), py::arg("factor") = 1.0, py::arg("huber_distance") = network::LossParams().huber_distance,
          py::arg("quantile") = network::LossParams().quantile, "The loss of the next output; 'value': it is a loss.")
      .def_readwrite("epochs", &GraphParams::epochs)
      .def_readwrite("batch_size", &GraphParams::batch_size)
      .def_readwrite("test_rate", &GraphParams::test_rate)
      .def_readwrite("convergence_tests", &GraphParams::convergence_tests)
      .def_readwrite("convergence_improve", &GraphParams::convergence_improve)
      .def_readwrite("keep_best", &GraphParams::keep_best)
      .def_readwrite("normalise_weights", &GraphParams::normalise_weights)
      .def_property(
          "initialisation", [](const GraphParams& self) { return network::name(self.initialisation); },
          [](GraphParams& self, const std::string& name) {
            self.initialisation = network::initialisation_of_name(name);
          })
      .def_property(
          "optimizer", [](const GraphParams& self) { return network::name(self.optimizer.kind); },
          [](GraphParams& self, const std::string& name) { self.optimizer.kind = network::optimizer_of_name(name); })
      .def_property(
          "solver", [](const GraphParams& self) { return network::graph::name(self.solver); },
          [](GraphParams& self, const std::string& name) { self.solver = network::graph::graph_solver_of_name(name); })
      .def_property(
          "averaging", [](const GraphParams& self) { return network::name(self.averaging.kind); },
          [](GraphParams& self, const std::string& name) { self.averaging.kind = network::averaging_of_name(name); })
      .def_property(
          "averaging_decay", [](const GraphParams& self) { return self.averaging.decay; },
          [](GraphParams& self, double value) { self.averaging.decay = value; })
      .def_property(
          "averaging_start", [](const GraphParams& self) { return self.averaging.start; },
          [](GraphParams& self, double value) { self.averaging.start = value; })
      .def_property(
          "schedule", [](const GraphParams& self) { return network::name(self.schedule.kind); },
          [](GraphParams& self, const std::string& name) { self.schedule.kind = network::schedule_of_name(name); })
#define DISKERN_NESTED(part, field)                                    \
  def_property(                                                        \
      #field, [](const GraphParams& self) { return self.part.field; }, \
      [](GraphParams& self, decltype(network::graph::GraphParams().part.field) value) { self.part.field = value; })
      .DISKERN_NESTED(optimizer, learning_rate)
      .DISKERN_NESTED(optimizer, momentum)
      .DISKERN_NESTED(optimizer, rho)
      .DISKERN_NESTED(optimizer, beta_1)
      .DISKERN_NESTED(optimizer, beta_2)
      .DISKERN_NESTED(optimizer, epsilon)
      .DISKERN_NESTED(optimizer, l1)
      .DISKERN_NESTED(optimizer, l2)
      .DISKERN_NESTED(optimizer, weight_decay)
      .DISKERN_NESTED(optimizer, clip_value)
      .DISKERN_NESTED(optimizer, clip_norm)
      .DISKERN_NESTED(schedule, factor)
      .DISKERN_NESTED(schedule, period)
      .DISKERN_NESTED(schedule, improvement)
      .DISKERN_NESTED(schedule, final_fraction)
      .DISKERN_NESTED(schedule, initial_fraction)
      .DISKERN_NESTED(schedule, warmup_fraction)
      .DISKERN_NESTED(schedule, smallest_fraction);
#undef DISKERN_NESTED

  py::class_<GraphFit>(module, "GraphFit")
      .def_property_readonly(
          "predictor", [](const GraphFit& self) { return std::const_pointer_cast<GraphPredictor>(self.predictor); })
      .def_readonly("interrupted", &GraphFit::interrupted)
      .def_readonly("diverged", &GraphFit::diverged)
      .def_readonly("converged", &GraphFit::converged)
      .def_readonly("epochs", &GraphFit::epochs)
      .def_readonly("best_epoch", &GraphFit::best_epoch)
      .def_readonly("curve_epoch", &GraphFit::curve_epoch)
      .def_readonly("training_loss", &GraphFit::training_loss)
      .def_readonly("validation_loss", &GraphFit::validation_loss)
      .def_readonly("message", &GraphFit::message);

  module.def(
      "start_parameters",
      [](const std::shared_ptr<Graph>& graph, const std::string& initialisation, std::uint64_t seed) {
        const std::vector<float> values =
            network::graph::start_parameters(*graph, network::initialisation_of_name(initialisation), seed);
        return py::array_t<float>(static_cast<py::ssize_t>(values.size()), values.data());
      },
      py::arg("graph"), py::arg("initialisation") = "automatic", py::arg("seed") = 0);
  module.def("graph_gradients", &graph_gradients, py::arg("graph"), py::arg("parameters"), py::arg("events"),
             py::arg("output_gradients"), py::arg("training") = false, py::arg("single_precision") = true,
             py::arg("threads") = 1, py::arg("seed") = 0,
             "Outputs before their links, and the gradients of sum(outputs x output_gradients) by parameters and by "
             "events; all float64 arrays.");
  module.def("graph_seconds", &graph_seconds, py::arg("graph"), py::arg("parameters"), py::arg("events"),
             py::arg("repeats"), py::arg("threads") = 1, "Seconds of forward and backward of a batch, one per repeat.");
  module.def("fit_graph", &fit_graph, py::arg("graph"), py::arg("params"), py::arg("events"), py::arg("targets"),
             py::arg("weight"), py::arg("validation_events") = py::none(), py::arg("validation_targets") = py::none(),
             py::arg("validation_weight") = py::none(), py::arg("start") = py::none(), py::arg("threads") = 0,
             py::arg("seed") = 0, py::arg("progress") = py::none(),
             "Trains a graph on float32 events and float32 targets of shape (events, numbers).");
}

}  // namespace diskern::python
