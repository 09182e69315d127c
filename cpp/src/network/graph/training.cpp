#include "network/graph/training.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"
#include "network/graph/sample.hpp"
#include "network/graph/update.hpp"

namespace diskern::network::graph {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// What stays of a training: losses at the tests, the best weights, the reason of its end.
class Course {
 public:
  Course(const Context& context, const GraphParams& params, GraphFit& fit)
      : context_(context), params_(params), fit_(fit) {}

  void interrupt() noexcept { fit_.interrupted = true; }
  bool interrupted() {
    if (!fit_.interrupted) fit_.interrupted = context_.interrupted();
    return fit_.interrupted;
  }

  void diverge(std::string why) {
    diverged_ = true;
    fit_.message = std::move(why);
  }

  // Returns false when training must end. validation: gives the validation loss, NaN where there is none.
  template <class ValidationLoss>
  bool finish_epoch(std::int32_t epoch, double training_loss, const std::vector<float>& parameters, bool has_validation,
                    const ValidationLoss& validation) {
    if (!std::isfinite(training_loss)) {
      diverge("the loss was " + std::to_string(training_loss) + " in epoch " + std::to_string(epoch + 1));
      return false;
    }
    fit_.epochs = epoch + 1;
    const bool stopping = interrupted();
    double validation_loss = nan;
    if ((epoch + 1) % params_.test_rate == 0 || stopping) {
      if (has_validation) validation_loss = validation();
      monitored_ = has_validation ? validation_loss : training_loss;
      if (!std::isfinite(monitored_)) {
        diverge("the validation loss was " + std::to_string(monitored_) + " in epoch " + std::to_string(epoch + 1));
        return false;
      }
      fit_.curve_epoch.push_back(static_cast<double>(epoch + 1));
      fit_.training_loss.push_back(training_loss);
      if (has_validation) fit_.validation_loss.push_back(validation_loss);
      if (has_validation && (best_.empty() || monitored_ < best_loss_)) {
        best_ = parameters;
        best_loss_ = monitored_;
        fit_.best_epoch = epoch + 1;
      }
      if (params_.convergence_tests >= 0) {
        if (counter_ < 0 || reference_ - monitored_ > params_.convergence_improve) {
          counter_ = 0;
          reference_ = monitored_;
        } else {
          ++counter_;
        }
        fit_.converged = counter_ >= std::max(params_.convergence_tests, 1);
      }
    }
    last_ = parameters;
    last_epoch_ = epoch + 1;
    context_.report({static_cast<std::size_t>(epoch + 1), static_cast<std::size_t>(params_.epochs), training_loss,
                     validation_loss});
    return !stopping && !interrupted() && !fit_.converged;
  }
  double monitored() const noexcept { return monitored_; }

  std::vector<float> result(const std::vector<float>& parameters) {
    if (diverged_) {
      fit_.message += "; a smaller learning rate, scaled inputs or clip_norm help";
      // What training had reached before is worth returning only if it was tested on events apart.
      if (best_.empty()) throw Error("network training diverged: " + fit_.message);
      fit_.diverged = true;
      fit_.message = "training diverged: " + fit_.message + "; the weights of epoch " +
                     std::to_string(fit_.best_epoch) + ", with the smallest validation loss, are kept";
      return best_;
    }
    if (!best_.empty() && (params_.keep_best || fit_.interrupted)) return best_;
    if (last_.empty()) return parameters;  // stopped within the first epoch
    fit_.best_epoch = last_epoch_;
    return last_;
  }

 private:
  const Context& context_;
  const GraphParams& params_;
  GraphFit& fit_;
  std::vector<float> best_;
  std::vector<float> last_;
  std::int32_t last_epoch_ = 0;
  double best_loss_ = 0.0;
  double monitored_ = nan;
  double reference_ = 0.0;
  std::int32_t counter_ = -1;
  bool diverged_ = false;
};

// Events of a batch: rows of a sample.
struct Rows {
  const Sample* sample = nullptr;
  const std::size_t* index = nullptr;
  std::size_t events = 0;
};

// Batches of a sample in memory, in a new order each epoch.
class MemoryBatches {
 public:
  MemoryBatches(const Sample& sample, const GraphParams& params, std::uint64_t seed)
      : sample_(sample),
        size_(params.batch_size == 0 ? sample.size()
                                     : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), sample.size())),
        seed_(seed) {}

  std::size_t count() const noexcept { return chunk_count(sample_.size(), size_); }
  std::size_t largest() const noexcept { return size_; }
  void begin_epoch(std::int32_t epoch) {
    RandomSequence random(seed_, Purpose::shuffle, static_cast<std::uint32_t>(epoch));
    order_ = random_order(sample_.size(), random);
  }
  bool next(std::size_t b, Rows& rows) {
    const Range range = chunk_range(sample_.size(), size_, b);
    rows = {&sample_, order_.data() + range.begin, range.end - range.begin};
    return true;
  }

 private:
  const Sample& sample_;
  std::size_t size_;
  std::uint64_t seed_;
  std::vector<std::size_t> order_;
};

// Batches from a source. Their weights are scaled as those of its first events.
class SourceBatches {
 public:
  SourceBatches(const Graph& graph, const GraphParams& params, BatchSource& source, const char* which, double scale)
      : graph_(graph), params_(params), source_(source), which_(which), scale_(scale), order_(source.largest()) {
    if (source.batches() == 0 || source.largest() == 0) throw InvalidArgument(std::string(which) + ": no events");
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  std::size_t count() const { return source_.batches(); }
  std::size_t largest() const { return source_.largest(); }
  void begin_epoch(std::int32_t epoch) { source_.begin_epoch(epoch); }
  bool next(std::size_t, Rows& rows) {
    GraphData data;
    if (!source_.next(data)) return false;
    sample_ = make_sample(graph_, params_, data, which_, &scale_);
    if (sample_.size() > order_.size()) throw InvalidArgument(std::string(which_) + ": a batch has too many events");
    rows = {&sample_, order_.data(), sample_.size()};
    return true;
  }

 private:
  const Graph& graph_;
  const GraphParams& params_;
  BatchSource& source_;
  const char* which_;
  double scale_;
  Sample sample_;
  std::vector<std::size_t> order_;
};

// Epochs over what gives batches; validation: gives the mean validation loss of parameters, or is empty.
template <class Batches>
GraphFit run_epochs(const Context& context, const GraphPointer& graph, const GraphParams& params, Batches& batches,
                    std::vector<float> parameters,
                    const std::function<double(const std::vector<float>& parameters)>& validation) {
  GraphFit fit;
  Course course(context, params, fit);
  Batch<float> batch(*graph, batches.largest());
  Optimizer optimizer(params.optimizer, ranges_of(*graph), graph->parameter_count());
  Schedule schedule(params.schedule, params.optimizer.learning_rate,
                    static_cast<std::uint64_t>(batches.count()) * static_cast<std::uint64_t>(params.epochs));
  AlignedVector<float> gradient(graph->parameter_count());
  std::uint64_t step = 0;
  bool running = true;
  for (std::int32_t epoch = 0; epoch < params.epochs && running; ++epoch) {
    batches.begin_epoch(epoch);
    double loss = 0.0;
    double total = 0.0;
    bool whole = true;
    for (std::size_t b = 0; b < batches.count(); ++b) {
      if (course.interrupted()) {
        whole = false;
        break;
      }
      Rows rows;
      if (!batches.next(b, rows)) {
        course.interrupt();
        whole = false;
        break;
      }
      Batch<float>::Work work;
      work.events = rows.events;
      work.seed = context.seed;
      work.step = static_cast<std::uint32_t>(step);
      work.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        load(*graph, *rows.sample, rows.index + first, count, tile);
      };
      work.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        return sum_losses(*graph, params, *rows.sample, rows.index + first, count, tile,
                          [&](std::size_t o) { return tile.output_gradient(o); });
      };
      loss += batch.gradient(context, work, parameters.data(), gradient.data());
      if (b == 0 || !std::is_same_v<Batches, MemoryBatches>) total += rows.sample->total;
      optimizer.begin_step(schedule.rate(step), 1.0 / static_cast<double>(work.events));
      if (optimizer.clips_norm()) {
        optimizer.clip(optimizer_kernels().sum_of_squares(gradient.data(), gradient.size()));
      }
      apply(context, optimizer, gradient, parameters);
      batch.update_state(parameters.data(), work.events);
      ++step;
      if (!std::isfinite(loss)) break;
    }
    if (!whole) break;
    if (!all_finite(parameters)) {
      course.diverge("the weights were no longer finite in epoch " + std::to_string(epoch + 1));
      break;
    }
    try {
      running = course.finish_epoch(epoch, loss / total, parameters, static_cast<bool>(validation),
                                    [&] { return validation(parameters); });
    } catch (const Interrupted&) {  // while the validation events were read
      course.interrupt();
      break;
    }
    if (running) schedule.finish_epoch(course.monitored());
  }
  fit.predictor = std::make_shared<const GraphPredictor>(graph, course.result(parameters));
  return fit;
}

std::vector<float> first_parameters(const Graph& graph, const GraphParams& params, const Sample& sample,
                                    std::uint64_t seed, const std::vector<float>* start) {
  if (start != nullptr) {
    if (start->size() != graph.parameter_count()) {
      throw InvalidArgument("start has " + std::to_string(start->size()) + " parameters, the network has " +
                            std::to_string(graph.parameter_count()));
    }
    return *start;
  }
  std::vector<float> parameters = start_parameters(graph, params.initialisation, seed);
  standardise(graph, sample, parameters);
  return parameters;
}

}  // namespace

std::vector<float> start_parameters(const Graph& graph, Initialisation initialisation, std::uint64_t seed) {
  // The activation behind a layer, where there is one.
  std::vector<Activation> behind(graph.layers().size(), Activation::linear);
  for (const Node& node : graph.nodes()) {
    const Activation function = graph.layer_of(node).function();
    const std::size_t v = node.inputs[0];
    if (function != Activation::linear && v >= graph.inputs().size()) {
      behind[graph.nodes()[v - graph.inputs().size()].layer] = function;
    }
  }
  std::vector<float> parameters(graph.parameter_count(), 0.0F);
  std::uint32_t number = 0;
  for (std::size_t l = 0; l < graph.layers().size(); ++l) {
    float* place = parameters.data() + graph.parameter_offset(l);
    for (const ParameterInfo& info : graph.layers()[l]->parameters()) {
      if (info.start == Start::ones) std::fill_n(place, info.size(), 1.0F);
      if (info.start == Start::weights) {
        initialise(initialisation, behind[l], info.inputs, info.outputs, seed, number++, place, info.size());
      }
      place += info.size();
    }
  }
  return parameters;
}

GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params,
                   const GraphData& training_data, const GraphData* validation_data, const std::vector<float>* start) {
  check_params(*graph, params);
  const Sample training = make_sample(*graph, params, training_data, "training");
  Sample validation;
  std::function<double(const std::vector<float>&)> validation_loss;
  if (validation_data != nullptr) {
    validation = make_sample(*graph, params, *validation_data, "validation");
    validation_loss = [&](const std::vector<float>& parameters) {
      return mean_loss(context, *graph, params, validation, parameters);
    };
  }
  MemoryBatches batches(training, params, context.seed);
  return run_epochs(context, graph, params, batches,
                    first_parameters(*graph, params, training, context.seed, start), validation_loss);
}

GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params, BatchSource& source,
                   const GraphData* validation_data, BatchSource* validation_source, const std::vector<float>* start) {
  check_params(*graph, params);
  std::vector<float> parameters;
  double scale = 1.0;
  {
    const Sample first = make_sample(*graph, params, source.first(), "training");
    parameters = first_parameters(*graph, params, first, context.seed, start);
    scale = first.scale;
  }
  SourceBatches batches(*graph, params, source, "training", scale);
  Sample validation;
  std::function<double(const std::vector<float>&)> validation_loss;
  if (validation_data != nullptr) {
    validation = make_sample(*graph, params, *validation_data, "validation");
    validation_loss = [&](const std::vector<float>& now) {
      return mean_loss(context, *graph, params, validation, now);
    };
  } else if (validation_source != nullptr) {
    validation_loss = [&](const std::vector<float>& now) {
      // Loss per unit weight: the scale of weights does not matter.
      SourceBatches apart(*graph, params, *validation_source, "validation", 1.0);
      apart.begin_epoch(0);
      double sum = 0.0;
      double total = 0.0;
      for (std::size_t b = 0; b < apart.count(); ++b) {
        Rows rows;
        if (!apart.next(b, rows)) throw Interrupted();
        if (rows.sample->total > 0.0) {
          sum += mean_loss(context, *graph, params, *rows.sample, now) * rows.sample->total;
        }
        total += rows.sample->total;
      }
      if (!(total > 0.0)) throw InvalidArgument("validation weights: all of them are zero");
      return sum / total;
    };
  }
  return run_epochs(context, graph, params, batches, std::move(parameters), validation_loss);
}

}  // namespace diskern::network::graph
