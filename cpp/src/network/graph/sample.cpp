#include "network/graph/sample.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"

namespace diskern::network::graph {

namespace {

std::size_t target_count(const Graph& graph, const GraphParams& params) {
  std::size_t count = 0;
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    if (!params.losses[o].is_value) count += graph.size(graph.outputs()[o].value);
  }
  return count;
}

// What each loss can take as targets, as the trainer of dense networks has it.
void check_targets(const Graph& graph, const GraphParams& params, View<const float, 2> targets, const char* which) {
  std::size_t column = 0;
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    if (params.losses[o].is_value) continue;
    const std::size_t end = column + graph.size(graph.outputs()[o].value);
    const Loss loss = params.losses[o].loss;
    const bool shares = loss == Loss::cross_entropy || loss == Loss::softmax_cross_entropy ||
                        loss == Loss::multi_label || loss == Loss::hinge || loss == Loss::kullback_leibler;
    if (shares || loss == Loss::poisson) {
      for (std::size_t i = 0; i < targets.rows(); ++i) {
        for (std::size_t k = column; k < end; ++k) {
          const float target = targets(i, k);
          if (target >= 0.0F && (!shares || target <= 1.0F)) continue;
          throw InvalidArgument(std::string(which) + " targets: number " + std::to_string(k) + " of event " +
                                std::to_string(i) + " is " + std::to_string(target) + ", the loss " + name(loss) +
                                " of output " + std::to_string(o) + " takes " + (shares ? "0 to 1" : "0 or more"));
        }
      }
    }
    column = end;
  }
}

}  // namespace

void check_params(const Graph& graph, const GraphParams& params) {
  const auto refuse = [](const std::string& what) { throw InvalidArgument(what); };
  if (params.losses.size() != graph.outputs().size()) {
    refuse("losses has " + std::to_string(params.losses.size()) + " entries, the network has " +
           std::to_string(graph.outputs().size()) + " outputs");
  }
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    const OutputLoss& loss = params.losses[o];
    check_loss(loss.loss, loss.params);
    const std::size_t size = graph.size(graph.outputs()[o].value);
    if (!loss.is_value && loss.loss == Loss::cross_entropy && size != 1) {
      refuse("the loss cross_entropy is for one number, output " + std::to_string(o) + " has " + std::to_string(size));
    }
    const Shape& shape = graph.shape(graph.outputs()[o].value);
    if (!loss.is_value && !loss_is_sum_over_outputs(loss.loss) && shape.back() < 2) {
      refuse(std::string("the loss ") + name(loss.loss) + " is for 2 or more numbers, output " + std::to_string(o) +
             " has " + std::to_string(size) + (shape.size() > 1 ? ", one along its last dimension" : ""));
    }
    if (!std::isfinite(loss.factor)) refuse("the factor of loss " + std::to_string(o) + " is not finite");
  }
  if (params.epochs < 1) refuse("epochs is " + std::to_string(params.epochs) + ", expected 1 or more");
  if (params.batch_size < 0) refuse("batch_size is " + std::to_string(params.batch_size) + ", expected 0 or more");
  if (params.test_rate < 1) refuse("test_rate is " + std::to_string(params.test_rate) + ", expected 1 or more");
  if (std::isnan(params.convergence_improve)) refuse("convergence_improve is NaN");
  if (params.initialisation == Initialisation::tmva) {
    refuse("initialisation is 'tmva', which is TMVA's MLP's only; choose another one");
  }
  check_optimizer(params.optimizer);
  check_schedule(params.schedule);
  check_averaging(params.averaging);
  if (params.solver != GraphSolver::mini_batch) check_whole_sample(graph, params);
}

Sample make_sample(const Graph& graph, const GraphParams& params, const GraphData& data, const char* which,
                   const double* given_scale) {
  const auto refuse = [which](const std::string& what) { throw InvalidArgument(std::string(which) + what); };
  const std::size_t n = data.variables.rows();
  if (n == 0) refuse(": no events");
  if (data.variables.columns() != graph.input_count()) {
    refuse(" events have " + std::to_string(data.variables.columns()) + " numbers, the inputs of the network have " +
           std::to_string(graph.input_count()));
  }
  const std::size_t targets = target_count(graph, params);
  if (data.targets.rows() != n || data.targets.columns() != targets) {
    refuse(" targets have the shape (" + std::to_string(data.targets.rows()) + ", " +
           std::to_string(data.targets.columns()) + "), expected (" + std::to_string(n) + ", " +
           std::to_string(targets) + ")");
  }
  if (data.weight.size() != n) {
    refuse(" weights are " + std::to_string(data.weight.size()) + ", expected one for each of " + std::to_string(n) +
           " events");
  }
  Sample sample;
  sample.variables = data.variables;
  sample.targets = data.targets;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < data.variables.columns(); ++j) {
      if (!std::isfinite(data.variables(i, j))) {
        refuse(" events: number " + std::to_string(j) + " of event " + std::to_string(i) +
               " is not finite: " + std::to_string(data.variables(i, j)));
      }
    }
    for (std::size_t k = 0; k < targets; ++k) {
      if (!std::isfinite(data.targets(i, k))) {
        refuse(" targets: number " + std::to_string(k) + " of event " + std::to_string(i) +
               " is not finite: " + std::to_string(data.targets(i, k)));
      }
    }
    if (!std::isfinite(data.weight[i])) refuse(" weights: that of event " + std::to_string(i) + " is not finite");
    sum += std::abs(data.weight[i]);
  }
  if (!(sum > 0.0) && given_scale == nullptr) refuse(" weights: all of them are zero");
  check_targets(graph, params, data.targets, which);
  const double scale = given_scale != nullptr     ? *given_scale
                       : params.normalise_weights ? static_cast<double>(n) / sum
                                                  : 1.0;
  sample.scale = scale;
  sample.total = sum * scale;
  for (std::size_t i = 0; i < n; ++i) sample.weight.push_back(static_cast<float>(data.weight[i] * scale));

  std::vector<float> numbers;
  for (const Node& node : graph.nodes()) {
    const Layer& layer = graph.layer_of(node);
    if (std::string(layer.kind()) != "embedding" || node.inputs[0] >= graph.inputs().size()) continue;
    const Input& input = graph.inputs()[node.inputs[0]];
    numbers.resize(graph.size(node.inputs[0]));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < numbers.size(); ++j) numbers[j] = data.variables(i, input.column + j);
      layer.check_input(numbers.data(), i);
    }
  }
  return sample;
}

void standardise(const Graph& graph, const Sample& sample, std::vector<float>& parameters) {
  for (const Node& node : graph.nodes()) {
    const Layer& layer = graph.layer_of(node);
    if (!layer.standardises() || node.inputs[0] >= graph.inputs().size()) continue;
    const Input& input = graph.inputs()[node.inputs[0]];
    const std::size_t channels = input.shape.back();
    const std::size_t rows = graph.size(node.inputs[0]) / channels;
    float* constants = parameters.data() + graph.parameter_offset(node.layer);
    for (std::size_t c = 0; c < channels; ++c) {
      double total = 0.0;
      double sum = 0.0;
      for (std::size_t i = 0; i < sample.size(); ++i) {
        const double weight = std::abs(static_cast<double>(sample.weight[i]));
        for (std::size_t r = 0; r < rows; ++r) {
          sum += weight * static_cast<double>(sample.variables(i, input.column + r * channels + c));
        }
        total += weight * static_cast<double>(rows);
      }
      const double mean = sum / total;
      double squares = 0.0;
      for (std::size_t i = 0; i < sample.size(); ++i) {
        const double weight = std::abs(static_cast<double>(sample.weight[i]));
        for (std::size_t r = 0; r < rows; ++r) {
          const double d = static_cast<double>(sample.variables(i, input.column + r * channels + c)) - mean;
          squares += weight * d * d;
        }
      }
      const double deviation = std::sqrt(squares / total);
      constants[c] = static_cast<float>(mean);
      constants[channels + c] =
          deviation > 1e-12 * std::abs(mean) && deviation > 0.0 ? static_cast<float>(1.0 / deviation) : 1.0F;
    }
  }
}

template <class T>
void load(const Graph& graph, const Sample& sample, const std::size_t* index, std::size_t count, Tile<T>& tile) {
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    const std::size_t size = graph.size(i);
    const std::size_t column = graph.inputs()[i].column;
    for (std::size_t e = 0; e < count; ++e) {
      const View<const float> row = sample.variables.row(index[e]);
      T* out = tile.input(i) + e * size;
      if (row.strides()[0] == 1) {
        std::copy_n(row.data() + column, size, out);
      } else {
        for (std::size_t j = 0; j < size; ++j) out[j] = static_cast<T>(row[column + j]);
      }
    }
  }
}
template void load(const Graph&, const Sample&, const std::size_t*, std::size_t, Tile<float>&);
template void load(const Graph&, const Sample&, const std::size_t*, std::size_t, Tile<double>&);

namespace {

double mean_loss_by_batches(const Context& context, const Graph& graph, const GraphParams& params,
                            const Sample& sample, const std::vector<float>& parameters) {
  const std::size_t n = sample.size();
  const bool whole = params.solver != GraphSolver::mini_batch || params.batch_size == 0;
  const std::size_t wanted = whole ? n : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), n);
  // Batches of nearly one size: the value of a few events left over would mean nothing.
  const std::size_t batches = std::max<std::size_t>(1, n / wanted);
  RandomSequence random(context.seed, Purpose::split);
  const std::vector<std::size_t> order = random_order(n, random);
  Batch<float> batch(graph, (n + batches - 1) / batches);
  double sum = 0.0;
  for (std::size_t b = 0; b < batches; ++b) {
    const std::size_t* rows = order.data() + b * n / batches;
    Batch<float>::Work work;
    work.events = (b + 1) * n / batches - b * n / batches;
    work.training = false;
    work.backward = false;
    work.values_of_batch = true;
    work.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      load(graph, sample, rows + first, count, tile);
    };
    work.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      return sum_losses(graph, params, sample, rows + first, count, tile,
                        [&](std::size_t o) { return tile.output_gradient(o); });
    };
    sum += batch.gradient(context, work, parameters.data(), nullptr);
  }
  return sum / sample.total;
}

}  // namespace

double mean_loss(const Context& context, const Graph& graph, const GraphParams& params, const Sample& sample,
                 const std::vector<float>& parameters) {
  for (const Node& node : graph.nodes()) {
    if (graph.layer_of(node).has_value_of_batch()) {
      return mean_loss_by_batches(context, graph, params, sample, parameters);
    }
  }
  constexpr std::size_t tile_events = 32;
  constexpr std::size_t chunk_size = 8 * tile_events;
  const Plan plan(graph, tile_events, false);
  std::vector<float> prepared(graph.prepared_size());
  graph.prepare(parameters.data(), prepared.data());
  const std::size_t n = sample.size();
  std::vector<double> sums(chunk_count(n, chunk_size), 0.0);
  std::size_t widest = 1;
  for (const Output& output : graph.outputs()) widest = std::max(widest, graph.size(output.value));
  parallel_for(
      context, sums.size(),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        AlignedVector<float> memory(plan.size());
        std::vector<float> slopes(tile_events * widest);
        std::vector<std::size_t> index(tile_events);
        Tile<float> tile(graph, plan, memory.data());
        for (std::size_t first = range.begin; first < range.end; first += tile_events) {
          const std::size_t count = std::min(tile_events, range.end - first);
          std::iota(index.begin(), index.end(), first);
          Tile<float>::Step step;
          step.events = count;
          step.parameters = parameters.data();
          step.prepared = prepared.data();
          load(graph, sample, index.data(), count, tile);
          tile.forward(step, 0, graph.nodes().size());
          sums[chunk] +=
              sum_losses(graph, params, sample, index.data(), count, tile, [&](std::size_t) { return slopes.data(); });
        }
      },
      static_cast<double>(n) * nanoseconds_per_event(graph) / 3.0);
  return std::accumulate(sums.begin(), sums.end(), 0.0) / sample.total;
}

}  // namespace diskern::network::graph
