#pragma once
// Losses of one number y at the score F.

#include "trees/loss.hpp"

namespace diskern::trees {

class SingleTargetLoss : public Loss {
 public:
  Link link() const noexcept override { return Link::identity; }
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t /*stride*/) const override {
    evaluate_events(score + range.begin, sample.target.data() + range.begin, range.end - range.begin, loss, gradient,
                    hessian);
  }

 protected:
  virtual void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                               double* hessian) const = 0;
};

// (F - y)^2 / 2.
class SquaredLoss final : public SingleTargetLoss {
 public:
  std::vector<double> base_scores(const BoostingSample& training) const override { return {weighted_mean(training)}; }
  double largest_signed_step(double largest_gradient) const noexcept override { return largest_gradient; }

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;
};

// scale * (q max(y - F, 0) + (1 - q) max(F - y, 0)); the absolute error is q = 1/2 with scale 2. Leaves are weighted
// quantiles of the residuals y - F (Friedman, Ann. Stat. 29 (2001) 1189, section 4.3 for the median).
class QuantileLoss final : public SingleTargetLoss {
 public:
  QuantileLoss(double quantile, double scale) : quantile_(quantile), scale_(scale) {}
  std::vector<double> base_scores(const BoostingSample& training) const override;
  bool refits_leaves() const noexcept override { return true; }
  double refit_leaf(const BoostingSample& sample, const IterationWeights& weights, const double* score,
                    const std::uint32_t* rows, std::size_t n, double newton_step) const override;
  // A quantile of the residuals is one of them, which is bound enough.
  double largest_signed_step(double largest_gradient) const noexcept override;

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;

 private:
  double quantile_;
  double scale_;
};

// (F - y)^2 / 2 up to |F - y| = delta, then delta (|F - y| - delta / 2); delta is a quantile of the |residuals|, found
// anew before each iteration. Leaves are one step from the median (Friedman 2001, section 4.4).
class HuberLoss final : public SingleTargetLoss {
 public:
  explicit HuberLoss(double quantile) : quantile_(quantile) {}
  std::vector<double> base_scores(const BoostingSample& training) const override;
  bool needs_update() const noexcept override { return true; }
  void update(const Context& context, const BoostingSample& training, const double* score) override;
  bool refits_leaves() const noexcept override { return true; }
  double refit_leaf(const BoostingSample& sample, const IterationWeights& weights, const double* score,
                    const std::uint32_t* rows, std::size_t n, double newton_step) const override;
  double largest_signed_step(double largest_gradient) const noexcept override;

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;

 private:
  double quantile_;
  double delta_ = 0;
};

// The response is exp(F). Half the deviance, less what does not depend on F.
class LogLinkLoss : public SingleTargetLoss {
 public:
  Link link() const noexcept override { return Link::exponential; }
  std::vector<double> base_scores(const BoostingSample& training) const override;
};

// exp(F) - y F, y >= 0.
class PoissonLoss final : public LogLinkLoss {
 public:
  void prepare(const Context& context, const BoostingSample& sample) override;

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;
};

// F + y exp(-F), y > 0.
class GammaLoss final : public LogLinkLoss {
 public:
  void prepare(const Context& context, const BoostingSample& sample) override;

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;
};

// exp((2 - p) F) / (2 - p) - y exp((1 - p) F) / (1 - p), y >= 0, 1 < p < 2.
class TweedieLoss final : public LogLinkLoss {
 public:
  explicit TweedieLoss(double power) : power_(power) {}
  void prepare(const Context& context, const BoostingSample& sample) override;

 protected:
  void evaluate_events(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                       double* hessian) const override;

 private:
  double power_;
};

}  // namespace diskern::trees
