#pragma once
// What every solver shares: the data, the current weights, the losses at the tests, the best state.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/tmva_random.hpp"
#include "network/backpropagation.hpp"
#include "network/training.hpp"

namespace diskern::network {

class Session {
 public:
  static constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

  Session(const Context& context, const NetworkParams& params, Shape shape, Events training, Events validation,
          NetworkFit& fit);

  const Context& context;
  const NetworkParams& params;
  Backpropagation engine;
  Events training;
  Events validation;
  bool has_validation;
  std::vector<double> parameters;
  std::vector<std::size_t> active;  // events in use: all, or those that were sampled
  TmvaRandom random;                // TMVA's generator of weights and shuffling

  void initialise();

  // TMVA's sampling before epoch i; all events when it is off.
  void sample(std::int32_t epoch);

  // Computes the losses where due, keeps the best weights, reports progress. Returns false when the training must end:
  // the weights are no longer finite, or the user asked to stop.
  // Losses that a solver has at no cost, or computes itself; NaN: computed here.
  bool finish_epoch(std::int32_t epoch, double training_loss, double validation_loss = not_known);
  // Whether the losses are due after this epoch.
  bool due(std::int32_t epoch) const noexcept { return (epoch + 1) % params.test_rate == 0; }
  double monitored() const noexcept { return monitored_; }
  bool tested() const noexcept { return tested_; }
  // TMVA's convergence test on the last loss, once per test.
  bool converged();
  void reset_convergence() { counter_ = -1; }
  // Polls the user; remembers the answer.
  bool interrupted();

  // The best or last weights; throws Error when none are finite.
  std::vector<double> result();
  bool has_whole_epoch() const noexcept { return !best_.empty() || !last_finite_.empty(); }

  double loss_sum_to_report(double sum, const Events& events, const std::vector<std::size_t>& index) const;
  double validation_loss_to_report(double sum) const { return loss_sum_to_report(sum, validation, validation_index_); }

 private:
  std::vector<std::size_t> draw(std::size_t n);  // of n events the fraction params.sampling
  double loss_of(const Events& events, const std::vector<std::size_t>& index);
  double loss_in_range(const Events& events, const std::vector<std::size_t>& index);
  bool finite() const noexcept;

  NetworkFit& fit_;
  std::vector<std::size_t> all_;
  std::vector<std::size_t> validation_index_;
  TmvaRandom sampling_random_;
  bool tested_ = false;
  double monitored_ = 0.0;
  double reference_ = 0.0;
  std::int32_t counter_ = -1;
  std::vector<double> best_;  // with the smallest validation loss
  double best_loss_ = 0.0;
  std::vector<double> good_;  // with the smallest loss so far, in case the training diverges
  double good_loss_ = 0.0;
  std::int32_t good_epoch_ = 0;
  std::vector<double> last_finite_;
  std::int32_t last_finite_epoch_ = 0;
  bool diverged_ = false;
};

void train_sequential(Session& session, NetworkFit& fit);
void train_batch(Session& session, NetworkFit& fit);
void train_bfgs(Session& session, NetworkFit& fit);
void train_mini_batch(Session& session, NetworkFit& fit);
void train_genetic(Session& session, NetworkFit& fit);
void train_lbfgs(Session& session, NetworkFit& fit);

// TMVA's shuffling of a list, which is not uniform: j = (int)(random * (n - 1)).
void tmva_shuffle(std::vector<std::size_t>& index, TmvaRandom& random);

}  // namespace diskern::network
