#include "network/graph/predictor.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::size_t most_tile_events = 32;
constexpr std::size_t tile_elements = std::size_t{1} << 24;  // of all values of a tile, where one event allows it
constexpr std::size_t stack_elements = 64 * 1024;
constexpr std::size_t maximum_memory = std::size_t{1} << 27;  // elements, of the values of one event

}  // namespace

GraphPredictor::GraphPredictor(GraphPointer graph, std::vector<float> parameters)
    : graph_(std::move(graph)),
      parameters_(std::move(parameters)),
      one_(*graph_, 1, false),
      many_(*graph_, std::min(most_tile_events, std::max<std::size_t>(1, tile_elements / (one_.size() + 1))), false) {
  if (parameters_.size() != graph_->parameter_count()) {
    throw FormatError("network: " + std::to_string(parameters_.size()) + " parameters, its layers have " +
                      std::to_string(graph_->parameter_count()));
  }
  for (std::size_t l = 0; l < graph_->layers().size(); ++l) {
    const Layer& layer = *graph_->layers()[l];
    const float* begin = parameters_.data() + graph_->parameter_offset(l);
    for (const ParameterInfo& info : layer.parameters()) {
      for (std::size_t i = 0; i < info.size(); ++i) {
        if (!std::isfinite(begin[i])) {
          throw FormatError("network: " + info.name + " of layer '" + layer.name() + "' are not finite");
        }
      }
      begin += info.size();
    }
  }
  if (one_.size() > maximum_memory) {
    throw FormatError("network: the values of one event take " + std::to_string(one_.size()) +
                      " numbers, expected at most 2^27");
  }
  prepared_.resize(graph_->prepared_size());
  graph_->prepare(parameters_.data(), prepared_.data());
}

void GraphPredictor::run(const Plan& plan, float* memory, std::size_t events) const noexcept {
  Tile<float> tile(*graph_, plan, memory);
  Tile<float>::Step step;
  step.events = events;
  step.parameters = parameters_.data();
  step.prepared = prepared_.data();
  tile.forward(step, 0, graph_->nodes().size());
}

void GraphPredictor::evaluate(const float* variables, double* responses) const noexcept {
  const auto run_in = [&](float* memory) {
    Tile<float> tile(*graph_, one_, memory);
    for (std::size_t i = 0; i < graph_->inputs().size(); ++i) {
      std::copy_n(variables + graph_->inputs()[i].column, graph_->size(i), tile.input(i));
    }
    run(one_, memory, 1);
    for (std::size_t o = 0; o < graph_->outputs().size(); ++o) {
      const Output& output = graph_->outputs()[o];
      apply_link(output.link, tile.output(o), graph_->shape(output.value), responses);
      responses += graph_->size(output.value);
    }
  };
  if (one_.size() <= stack_elements / 8) {
    alignas(64) float memory[stack_elements / 8];
    run_in(memory);
  } else if (one_.size() <= stack_elements) {
    alignas(64) float memory[stack_elements];
    run_in(memory);
  } else {
    thread_local AlignedVector<float> memory;
    if (memory.size() < one_.size()) memory.resize(one_.size());
    run_in(memory.data());
  }
}

void GraphPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  const std::size_t n = events.rows();
  const std::size_t tile_events = many_.events();
  // A chunk is a few tiles, so that memory is taken seldom.
  const std::size_t chunk_size = 4 * tile_events;
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        AlignedVector<float> memory(many_.size());
        std::vector<double> row(graph_->output_count());
        for (std::size_t first = range.begin; first < range.end; first += tile_events) {
          const std::size_t count = std::min(tile_events, range.end - first);
          Tile<float> tile(*graph_, many_, memory.data());
          for (std::size_t i = 0; i < graph_->inputs().size(); ++i) {
            const std::size_t size = graph_->size(i);
            for (std::size_t e = 0; e < count; ++e) {
              for (std::size_t j = 0; j < size; ++j) {
                tile.input(i)[e * size + j] = events(first + e, graph_->inputs()[i].column + j);
              }
            }
          }
          run(many_, memory.data(), count);
          std::size_t column = 0;
          for (std::size_t o = 0; o < graph_->outputs().size(); ++o) {
            const Output& output = graph_->outputs()[o];
            const std::size_t size = graph_->size(output.value);
            for (std::size_t e = 0; e < count; ++e) {
              apply_link(output.link, tile.output(o) + e * size, graph_->shape(output.value), row.data());
              for (std::size_t k = 0; k < size; ++k) responses(first + e, column + k) = row[k];
            }
            column += size;
          }
        }
      },
      static_cast<double>(n) * nanoseconds_per_event(*graph_) / 3.0);
}

void GraphPredictor::write(archive::Group& group) const {
  graph_->write(group.group("graph"));
  group.set("parameters", parameters_);
}

PredictorPointer GraphPredictor::read(const archive::Group& group) {
  GraphPointer graph;
  try {
    graph = Graph::read(group.child("graph"));
  } catch (const InvalidArgument& error) {
    throw FormatError(std::string("network: ") + error.what());
  }
  const std::vector<float>& parameters = group.floats("parameters", graph->parameter_count());
  return std::make_shared<const GraphPredictor>(std::move(graph), parameters);
}

}  // namespace diskern::network::graph
