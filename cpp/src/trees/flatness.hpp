#pragma once
// Boosting to uniformity: how far the distribution of the score within bins of protected variables is from that of the
// whole class, with its derivative (Rogozhnikov, Bukva, Gligorov, Ustyuzhanin and Williams, "New approaches for
// boosting to uniformity", JINST 10 (2015) T03002, arXiv:1410.4140).

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

struct FlatnessParams {
  double coefficient = 3;         // what flatness counts beside the logistic loss
  double power = 2;               // of the difference of the distributions, above 1
  std::int32_t n_bins = 10;       // per protected variable, of about equal weight
  double min_events_in_bin = 10;  // fewest events of a class in a bin
  std::vector<std::int32_t> uniform_classes = {0};
  // Above 0: an event is compared with so many nearest events of its class (one of weight above one counts as its
  // weight) in place of bins.
  double n_neighbours = 0;
  std::int32_t n_neighbourhoods = 5000;  // most neighbourhoods that are looked at
};

// Bins of about equal weight in one to four variables: quantiles of the first, within each of its bins quantiles of the
// second, and so on, so that no bin is empty however the variables are correlated.
class ProtectedBins {
 public:
  static constexpr std::size_t maximum_variables = 4;
  static constexpr std::size_t maximum_bins = 65536;

  // variables: column by column (variable j of event i at j * n + i). Equal values share a bin; an event of integer
  // weight k counts as k events. Throws InvalidArgument: `names` are the words for the variables.
  static ProtectedBins find(const double* variables, std::size_t n, std::size_t n_variables, const double* weight,
                            std::int32_t bins_per_variable);

  std::size_t bin_count() const noexcept { return bin_count_; }
  std::size_t variable_count() const noexcept { return levels_.size(); }
  std::int32_t bin(const double* variables, std::size_t n, std::size_t event) const noexcept;

 private:
  struct Level {
    std::vector<std::vector<double>> edges;  // per bin of the level before; right if x > edge
    std::vector<std::int32_t> first;         // number of its first bin
  };
  std::vector<Level> levels_;
  std::size_t bin_count_ = 0;
};

// How uneven the scores of the events of one class are.
class UniformityTerm {
 public:
  UniformityTerm() = default;
  UniformityTerm(const UniformityTerm&) = delete;
  UniformityTerm& operator=(const UniformityTerm&) = delete;
  virtual ~UniformityTerm() = default;
  virtual std::size_t size() const noexcept = 0;
  // The unevenness of the scores and its derivative by each of them, per unit weight over all weight.
  virtual double evaluate(const Context& context, const double* score, double power, double* derivative) const = 0;
};

// The events of one class in their bins: weights as integers, so that sums are exact and free of order.
class FlatnessTerm final : public UniformityTerm {
 public:
  // bin and weight: one per event of the class. Throws InvalidArgument (named `name`) for a bin with fewer than
  // min_events events (an event of weight above one counts as its weight) or without a positive sum of weights.
  FlatnessTerm(std::vector<std::int32_t> bin, const std::vector<double>& weight, std::size_t bin_count,
               double min_events, const std::string& name);

  std::size_t size() const noexcept override { return bin_.size(); }

  // With F the cumulative distribution of the scores of the class, F_b that within bin b and W_b its sum of weights:
  //   value         sum_b W_b / W  integral |F_b(t) - F(t)|^power dt
  //   derivative[i] power sign(d) |d|^(power-1),  d = F(s_i) - F_b(s_i)
  // where F(s) is the mean of its limits from both sides. weight[i] * derivative[i] / W is the derivative of the value
  // by s_i, exactly for power = 2; for other powers the paper's approximation, which leaves out that F moves as well.
  // NaN is not allowed in score. Not to be called from two threads at once: memory is kept from call to call.
  double evaluate(const Context& context, const double* score, double power, double* derivative) const override;
  // The same from the definition, for tests: every distribution summed up anew at every point.
  double reference(const double* score, double power, double* derivative) const;

 private:
  std::vector<std::int32_t> bin_;
  std::vector<std::int64_t> weight_;
  std::vector<std::int64_t> bin_weight_;
  std::int64_t total_ = 0;
  mutable std::vector<std::uint64_t> keys_, keys_other_;
  mutable std::vector<std::uint32_t> order_, order_other_;
};

// Logistic loss + coefficient * flatness of each chosen class. The protected variables are the sample's spectators.
class FlatnessLoss final : public Loss {
 public:
  explicit FlatnessLoss(FlatnessParams params);  // throws InvalidArgument
  Link link() const noexcept override { return Link::logistic; }
  void prepare(const Context& context, const BoostingSample& sample) override;
  std::vector<double> base_scores(const BoostingSample& training) const override;
  // The logistic part alone. The hessian is the bound of that loss, 1/4, and half as much times the coefficient more for
  // the classes that shall be flat: the second derivative of flatness has both signs and is of no use for steps.
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t stride) const override;
  bool needs_all_events() const noexcept override { return true; }
  void evaluate_all(const Context& context, const BoostingSample& sample, const double* score, double* loss,
                    double* gradient, double* hessian) const override;

 private:
  struct ClassTerm {
    std::vector<std::uint32_t> events;
    std::unique_ptr<UniformityTerm> term;
  };

  ClassTerm bin_class(const BoostingSample& sample, std::size_t number, bool training);
  ClassTerm surround_class(const Context& context, const BoostingSample& sample, std::size_t number, bool training);

  FlatnessParams params_;
  std::size_t n_variables_ = 0;
  double uniform_hessian_ = 0;
  std::vector<ProtectedBins> bins_;  // per chosen class, from the training sample
  std::map<const BoostingSample*, std::vector<ClassTerm>> terms_;
  mutable std::vector<double> scores_, derivatives_;
};

}  // namespace diskern::trees
