#include "network/graph/whole_sample.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"
#include "network/graph/course.hpp"
#include "network/graph/update.hpp"
#include "network/lbfgs.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::pair<const char*, GraphSolver> names[] = {
    {"mini_batch", GraphSolver::mini_batch},
    {"lbfgs", GraphSolver::lbfgs},
    {"bfgs", GraphSolver::bfgs},
};

constexpr std::size_t most_bfgs_parameters = 10000;
// Of the steps and changes of the gradient that BFGS remembers, two float64 of each weight and iteration.
constexpr std::size_t most_bfgs_bytes = std::size_t{1} << 30U;
// A search that ends is at the minimum where no component of the gradient is larger, per unit of the loss or of 1.
constexpr double small_gradient = 1e-6;

// Events that go through at once where no layer couples them: the user is asked in between.
constexpr std::size_t piece_events = 2048;

// The mean loss and its gradient over all events.
class Function {
 public:
  Function(const Context& context, const Graph& graph, const GraphParams& params, const Sample& sample)
      : context_(context),
        graph_(graph),
        params_(params),
        sample_(sample),
        ranges_(ranges_of(graph)),
        size_(couples(graph) ? sample.size() : std::min(sample.size(), piece_events)),
        batch_(graph, size_),
        part_(graph.parameter_count()),
        index_(sample.size()) {
    for (std::size_t i = 0; i < index_.size(); ++i) index_[i] = i;
  }

  // Throws Interrupted.
  double operator()(const std::vector<double>& x, std::vector<double>& gradient) {
    loss_ = 0.0;
    std::fill(gradient.begin(), gradient.end(), 0.0);
    const double events = static_cast<double>(sample_.size());
    for (std::size_t first = 0; first < sample_.size(); first += size_) {
      if (context_.interrupted()) throw Interrupted();
      const std::size_t* rows = index_.data() + first;
      Batch<double>::Work work;
      work.events = std::min(size_, sample_.size() - first);
      work.load = [&](std::size_t begin, std::size_t count, Tile<double>& tile) {
        load(graph_, sample_, rows + begin, count, tile);
      };
      work.loss = [&](std::size_t begin, std::size_t count, Tile<double>& tile) {
        return sum_losses(graph_, params_, sample_, rows + begin, count, tile,
                          [&](std::size_t o) { return tile.output_gradient(o); });
      };
      loss_ += batch_.gradient(context_, work, x.data(), part_.data());
      for (std::size_t p = 0; p < gradient.size(); ++p) gradient[p] += part_[p];
    }
    double value = loss_ / events;
    for (double& one : gradient) one /= events;
    const double l2 = params_.optimizer.l2;
    for (const ParameterRange& range : ranges_) {
      if (!range.penalised || !(l2 > 0.0)) continue;
      for (std::size_t p = range.begin; p < range.end; ++p) {
        value += 0.5 * l2 * x[p] * x[p];
        gradient[p] += l2 * x[p];
      }
    }
    return value;
  }

  // Per unit weight, of the last point, without the penalty.
  double loss() const noexcept { return loss_ / sample_.total; }

 private:
  static bool couples(const Graph& graph) {
    return std::any_of(graph.nodes().begin(), graph.nodes().end(),
                       [&](const Node& node) { return graph.layer_of(node).statistics_size() > 0; });
  }

  const Context& context_;
  const Graph& graph_;
  const GraphParams& params_;
  const Sample& sample_;
  std::vector<ParameterRange> ranges_;
  std::size_t size_;
  Batch<double> batch_;
  std::vector<double> part_;
  std::vector<std::size_t> index_;
  double loss_ = 0.0;
};

}  // namespace

const char* name(GraphSolver solver) noexcept {
  for (const auto& [text, known] : names) {
    if (known == solver) return text;
  }
  return "unknown";
}

GraphSolver graph_solver_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, solver] : names) {
    if (name == text) return solver;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("solver is '" + std::string(name) + "', expected one of " + list + did_you_mean(name, known));
}

void check_whole_sample(const Graph& graph, const GraphParams& params) {
  const std::string solver = std::string("the solver ") + name(params.solver);
  const auto refuse = [](const std::string& what) { throw InvalidArgument(what); };
  if (params.optimizer.l1 > 0.0) refuse("l1 is for mini-batches: " + solver + " needs a smooth loss");
  if (params.optimizer.weight_decay > 0.0) refuse("weight_decay is for adamw, not for " + solver);
  if (params.optimizer.clip_norm > 0.0) refuse("clip_norm is for mini-batches, not for " + solver);
  if (params.optimizer.clip_value > 0.0) refuse("clip_value is for mini-batches, not for " + solver);
  if (params.schedule.kind != ScheduleKind::constant) refuse("a schedule is for mini-batches, not for " + solver);
  if (params.averaging.kind != Averaging::none) refuse("averaging is for mini-batches, not for " + solver);
  for (const Node& node : graph.nodes()) {
    const Layer& layer = graph.layer_of(node);
    const std::string kind = layer.kind();
    const std::string which = "layer '" + layer.name() + "' (" + kind + "): " + solver + " ";
    if (kind == "dropout" || kind == "gaussian_noise" || kind == "sampling") {
      refuse(which + "needs a loss that is the same each time it is asked for; take mini-batches");
    }
    if (kind == "gradient_reversal") refuse(which + "needs the gradient of its loss; take mini-batches");
    if (kind == "batch_normalisation") {
      refuse(which + "has no mini-batches to keep running averages over; take layer_normalisation, or mini-batches");
    }
  }
  if (params.solver == GraphSolver::bfgs && graph.parameter_count() > most_bfgs_parameters) {
    refuse(solver + " remembers every step: " + std::to_string(graph.parameter_count()) +
           " weights are too many, expected at most " + std::to_string(most_bfgs_parameters) + "; take lbfgs");
  }
  const std::size_t bytes_of_step = 2 * sizeof(double) * std::max<std::size_t>(graph.parameter_count(), 1);
  const std::size_t most_steps = most_bfgs_bytes / bytes_of_step;
  if (params.solver == GraphSolver::bfgs && static_cast<std::size_t>(params.epochs) > most_steps) {
    refuse(solver + " remembers every step: " + std::to_string(params.epochs) + " epochs of " +
           std::to_string(graph.parameter_count()) + " weights would take more than 1 GiB, expected at most " +
           std::to_string(most_steps) + " epochs; take lbfgs");
  }
}

GraphFit fit_whole_sample(const Context& context, const GraphPointer& graph, const GraphParams& params,
                          const Sample& training, std::vector<float> parameters,
                          const std::function<double(const std::vector<float>& parameters)>& validation) {
  GraphFit fit;
  Course course(context, params, fit);
  Function function(context, *graph, params, training);
  Lbfgs search([&](const std::vector<double>& x, std::vector<double>& gradient) { return function(x, gradient); },
               params.solver == GraphSolver::bfgs ? Lbfgs::all_steps : std::size_t{10});
  try {
    search.begin(std::vector<double>(parameters.begin(), parameters.end()));
    double loss = function.loss();
    for (std::int32_t epoch = 0; epoch < params.epochs; ++epoch) {
      const bool found = search.step([&] { return course.interrupted(); });
      if (fit.interrupted) break;
      if (found) {
        loss = function.loss();  // the last point that was looked at is the new one
        for (std::size_t p = 0; p < parameters.size(); ++p) parameters[p] = static_cast<float>(search.x()[p]);
      } else {
        fit.message = "no lower loss was found in iteration " + std::to_string(epoch + 1) + ", training ended";
      }
      const bool running = course.finish_epoch(epoch, loss, parameters, static_cast<bool>(validation),
                                               [&] { return validation(parameters); });
      if (!found) {
        // Where the gradient is small the minimum is reached to rounding.
        double largest = 0.0;
        for (const double one : search.gradient()) largest = std::max(largest, std::abs(one));
        fit.converged = largest <= small_gradient * std::max(1.0, std::abs(search.value()));
      }
      if (!running || !found) break;
    }
  } catch (const Interrupted&) {
    course.interrupt();
  }
  fit.predictor = std::make_shared<const GraphPredictor>(graph, course.result(parameters));
  return fit;
}

}  // namespace diskern::network::graph
