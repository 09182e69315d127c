#pragma once
// Training of graphs: whole epochs of mini-batches.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "diskern/context.hpp"
#include "network/averaging.hpp"
#include "network/graph/predictor.hpp"
#include "network/initialisation.hpp"
#include "network/loss.hpp"
#include "network/optimizer.hpp"
#include "network/schedule.hpp"

namespace diskern::network::graph {

// The loss of one output. What it works on are the numbers before the output's link.
struct OutputLoss {
  bool is_value = false;  // the output is a loss itself (a penalty): its numbers are summed, there are no targets
  Loss loss = Loss::squared;
  LossParams params;
  double factor = 1.0;  // in the sum over outputs
};

enum class GraphSolver : std::uint8_t {
  mini_batch = 0,  // shuffled mini-batches and one of the optimizers, in float32
  lbfgs = 1,       // the whole sample at once, in float64: L-BFGS with the last ten steps
  bfgs = 2,        // BFGS: with all of them
};

const char* name(GraphSolver solver) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
GraphSolver graph_solver_of_name(std::string_view name);

struct GraphParams {
  std::vector<OutputLoss> losses;  // one for each output
  std::int32_t epochs = 100;
  std::int32_t batch_size = 128;  // events; 0: all of them
  GraphSolver solver = GraphSolver::mini_batch;
  OptimizerParams optimizer;
  ScheduleParams schedule;
  AveragingParams averaging;
  Initialisation initialisation = Initialisation::automatic;
  std::int32_t test_rate = 1;           // the losses are computed every that many epochs
  std::int32_t convergence_tests = -1;  // stop after that many tests without improvement; < 0: never
  double convergence_improve = 1e-4;    // an improvement is more than this
  bool keep_best = true;          // return the weights with the smallest validation loss, where there is validation
  bool normalise_weights = true;  // scale the event weights to a mean absolute value of 1
};

// Events and what the outputs should give: the targets of all outputs that have some, beside each other.
struct GraphData {
  View<const float, 2> variables;
  View<const float, 2> targets;
  View<const double> weight;
};

// Events that come batch by batch, since they do not fit into memory. Called by the thread that trains only.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual std::size_t batches() const = 0;  // of an epoch
  virtual std::size_t largest() const = 0;  // events of a batch at most
  // Some events, from which what is constant in training is taken: means and deviations of layers that standardise,
  // the mean absolute weight. Valid until the next call of any function.
  virtual GraphData first() = 0;
  virtual void begin_epoch(std::int32_t epoch) = 0;
  // The next batch, valid until the next call. False: the user wants to stop.
  virtual bool next(GraphData& batch) = 0;
};

struct GraphFit {
  std::shared_ptr<const GraphPredictor> predictor;
  bool interrupted = false;
  bool diverged = false;   // the loss did not stay finite; the weights returned are from before
  bool converged = false;  // stopped by the convergence tests
  std::int32_t epochs = 0;
  std::int32_t best_epoch = 0;
  std::vector<double> curve_epoch;
  std::vector<double> training_loss;    // mean over the epoch per unit weight, while the weights moved
  std::vector<double> validation_loss;  // empty without validation
  std::string message;
};

// The weights that training starts from, and the constants of layers that standardise.
std::vector<float> start_parameters(const Graph& graph, Initialisation initialisation, std::uint64_t seed);

// Event weights, negative ones included, multiply the loss of their event. start: weights to go on from, or null.
// Throws InvalidArgument for unusable parameters or events, Error when training diverges and nothing worth keeping was
// reached. On interrupt, and on divergence after a validation test, the best weights so far are returned.
GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params,
                   const GraphData& training, const GraphData* validation = nullptr,
                   const std::vector<float>* start = nullptr);

// The same over batches from a source; batch_size does not count. Losses of validation are computed over one epoch of
// their source.
GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params, BatchSource& training,
                   const GraphData* validation = nullptr, BatchSource* validation_source = nullptr,
                   const std::vector<float>* start = nullptr);

}  // namespace diskern::network::graph
