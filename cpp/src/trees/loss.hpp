#pragma once
// What gradient boosting minimises. A Loss says for every event of weight one how much it loses at the present score,
// and the first two derivatives by the score; the booster applies the event weights. With the functions of
// base/maths.hpp, so that the same bits come out on every machine.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/executor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_params.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/forest.hpp"
#include "trees/training_table.hpp"

namespace diskern::trees {

// Of all events; with GOSS those that an iteration draws may weigh far more than the sample.
struct IterationWeights {
  const double* weight;
  double absolute_weight;  // at least the sum of |weight| of the drawn events
};

// Scores and derivatives are column by column: of output k at k * stride, where the stride of the scores is sample.n.
class Loss {
 public:
  Loss() = default;
  Loss(const Loss&) = delete;
  Loss& operator=(const Loss&) = delete;
  virtual ~Loss() = default;

  // Trees per iteration.
  virtual std::size_t output_count() const noexcept { return 1; }
  // From the score to the response of the model.
  virtual Link link() const noexcept = 0;
  // Once for each sample before it is evaluated, and for the training sample first. Throws InvalidArgument for answers
  // that the loss cannot do with (a negative count), and may keep what it needs of the sample, by its address.
  virtual void prepare(const Context& /*context*/, const BoostingSample& /*sample*/) {}
  // The constant scores that boosting starts from, one per output.
  virtual std::vector<double> base_scores(const BoostingSample& training) const = 0;

  // Once per iteration, before the derivatives of the training sample are asked for. needs_update: whether it does
  // anything; otherwise the derivatives of an event follow from its own score (and all of them, with needs_all_events).
  virtual bool needs_update() const noexcept { return false; }
  virtual void update(const Context& /*context*/, const BoostingSample& /*training*/, const double* /*score*/) {}

  // Of the events of `range`: their losses, and the derivatives with respect to output k at k * stride of the others.
  // loss, gradient and hessian begin at the first event of the range, score at event 0. Called from several threads.
  virtual void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                        double* hessian, std::size_t stride) const = 0;

  // Derivatives, their extremes and the loss of a range in one go, where all weights are one (begins as above); false:
  // the loss has no such way.
  virtual bool evaluate_units(const BoostingSample& /*sample*/, const double* /*score*/, Range /*range*/,
                              double* /*gradient*/, double* /*hessian*/, DerivativeSummary& /*summary*/) const {
    return false;
  }

  // A loss of which the events depend on each other (flatness) returns true here and fills whole arrays in
  // evaluate_all; evaluate is then not called. Called from the thread of fit, stride is sample.n.
  virtual bool needs_all_events() const noexcept { return false; }
  virtual void evaluate_all(const Context& context, const BoostingSample& sample, const double* score, double* loss,
                            double* gradient, double* hessian) const;

  // A loss whose hessian says nothing of the step (absolute error, quantile) returns true here; the value of each leaf
  // is then refit_leaf of its events instead of the Newton step. `weights` and `score` (of the tree's output) are
  // those of this iteration, n is not 0. Called from several threads.
  virtual bool refits_leaves() const noexcept { return false; }
  virtual double refit_leaf(const BoostingSample& sample, const IterationWeights& weights, const double* score,
                            const std::uint32_t* rows, std::size_t n, double newton_step) const;

  // With weights of both signs a leaf may end up with hardly any hessian; its step is then held to this.
  virtual double largest_signed_step(double /*largest_gradient*/) const noexcept { return 10.0; }
};

// The loss that the parameters ask for; n_classes is 0 for regression.
std::unique_ptr<Loss> make_loss(const GradientBoostingParams& params, std::int32_t n_classes);

// Sums of weights, exact and hence free of the order of events; what base scores are made of.
std::vector<double> class_weights(const BoostingSample& sample, std::size_t n_classes);  // every class must be there
double weighted_mean(const BoostingSample& sample);                                      // of the targets

// The smallest value below or at which lies at least `fraction` of the weight. `values` are sorted by this.
// `values` must not be empty. absolute_weight: at least the sum of their |weight|, sets the unit of the exact sums.
struct WeightedValue {
  double value;
  double weight;
};
double weighted_quantile(std::vector<WeightedValue>& values, double fraction, double absolute_weight);

}  // namespace diskern::trees
