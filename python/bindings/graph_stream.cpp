// Training of graphs on batches that Python hands over one after the other.
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common.hpp"
#include "network/graph/training.hpp"

namespace diskern::python {

namespace {

using network::graph::BatchSource;
using network::graph::Graph;
using network::graph::GraphData;
using network::graph::GraphFit;
using network::graph::GraphParams;

// A Python object with batches() and largest(), first(), begin_epoch(epoch) and next(), where first and next give
// (events, targets, weight). Held and called with the GIL, which the fit has released.
class PythonSource final : public BatchSource {
 public:
  explicit PythonSource(py::object source) : source_(std::move(source)) {
    batches_ = source_.attr("batches")().cast<std::size_t>();
    largest_ = source_.attr("largest")().cast<std::size_t>();
  }
  PythonSource(const PythonSource&) = delete;
  PythonSource& operator=(const PythonSource&) = delete;
  ~PythonSource() override {
    const py::gil_scoped_acquire acquire;
    arrays_ = py::tuple();
    source_ = py::object();
  }

  std::size_t batches() const override { return batches_; }
  std::size_t largest() const override { return largest_; }
  GraphData first() override {
    const py::gil_scoped_acquire acquire;
    return take(source_.attr("first")());
  }
  void begin_epoch(std::int32_t epoch) override {
    const py::gil_scoped_acquire acquire;
    source_.attr("begin_epoch")(epoch);
  }
  bool next(GraphData& batch) override {
    const py::gil_scoped_acquire acquire;
    try {
      batch = take(source_.attr("next")());
      return true;
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      return false;  // Ctrl-C came while Python waited for events
    }
  }

 private:
  GraphData take(const py::object& given) {
    arrays_ = given.cast<py::tuple>();
    if (arrays_.size() != 3) throw InvalidArgument("a source must give events, targets and weights");
    GraphData data;
    data.variables = matrix<float>(arrays_[0].cast<py::array>(), "events");
    data.targets = matrix<float>(arrays_[1].cast<py::array>(), "targets");
    data.weight = vector<double>(arrays_[2].cast<py::array>(), "weight", data.variables.rows());
    return data;
  }

  py::object source_;
  py::tuple arrays_;  // what the last data lie in
  std::size_t batches_ = 0;
  std::size_t largest_ = 0;
};

GraphFit fit_graph_stream(const std::shared_ptr<Graph>& graph, const GraphParams& params, const py::object& source,
                          const std::optional<py::array>& validation_events,
                          const std::optional<py::array>& validation_targets,
                          const std::optional<py::array>& validation_weight, const py::object& validation_source,
                          const std::optional<py::array>& start, int threads, std::uint64_t seed,
                          const py::object& progress) {
  PythonSource training(source);
  GraphData validation;
  if (validation_events) {
    if (!validation_targets || !validation_weight) {
      throw InvalidArgument("validation_events needs validation_targets and validation_weight");
    }
    validation.variables = matrix<float>(*validation_events, "validation_events");
    validation.targets = matrix<float>(*validation_targets, "validation_targets");
    validation.weight = vector<double>(*validation_weight, "validation_weight", validation.variables.rows());
  }
  std::unique_ptr<PythonSource> apart;
  if (!validation_source.is_none()) apart = std::make_unique<PythonSource>(validation_source);
  std::vector<float> first;
  if (start) {
    const View<const float> given = vector<float>(*start, "start", graph->parameter_count());
    for (std::size_t i = 0; i < given.size(); ++i) first.push_back(given[i]);
  }
  PythonMonitor monitor(progress);
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return network::graph::fit_graph(context, graph, params, training, validation_events ? &validation : nullptr,
                                   apart.get(), start ? &first : nullptr);
}

}  // namespace

void register_graph_stream(py::module_& module) {
  module.def("fit_graph_stream", &fit_graph_stream, py::arg("graph"), py::arg("params"), py::arg("source"),
             py::arg("validation_events") = py::none(), py::arg("validation_targets") = py::none(),
             py::arg("validation_weight") = py::none(), py::arg("validation_source") = py::none(),
             py::arg("start") = py::none(), py::arg("threads") = 0, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Trains a graph on batches of a source: batches(), largest(), first(), begin_epoch(epoch), next(); the last "
             "two of them give float32 events, float32 targets and float64 weights.");
}

}  // namespace diskern::python
