#pragma once
// -log p of the true class, with one tree per iteration for two classes and one per class for more.

#include "trees/loss.hpp"

namespace diskern::trees {

// p = 1 / (1 + exp(-F)) for class 1.
class LogisticLoss final : public Loss {
 public:
  Link link() const noexcept override { return Link::logistic; }
  std::vector<double> base_scores(const BoostingSample& training) const override;
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t stride) const override;
  bool evaluate_units(const BoostingSample& sample, const double* score, Range range, double* gradient, double* hessian,
                      DerivativeSummary& summary) const override;
};

// p_k = exp(F_k) / sum of exp(F_j).
class SoftmaxLoss final : public Loss {
 public:
  explicit SoftmaxLoss(std::size_t n_classes) : n_classes_(n_classes) {}
  std::size_t output_count() const noexcept override { return n_classes_; }
  Link link() const noexcept override { return Link::softmax; }
  std::vector<double> base_scores(const BoostingSample& training) const override;
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t stride) const override;

 private:
  std::size_t n_classes_;
};

// Each class against all others: K logistic losses, p_k = 1 / (1 + exp(-F_k)), which the link divides by their sum.
class OneVsAllLoss final : public Loss {
 public:
  explicit OneVsAllLoss(std::size_t n_classes) : n_classes_(n_classes) {}
  std::size_t output_count() const noexcept override { return n_classes_; }
  Link link() const noexcept override { return Link::normalised_logistic; }
  std::vector<double> base_scores(const BoostingSample& training) const override;
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t stride) const override;

 private:
  std::size_t n_classes_;
};

// The logistic loss of arrays: sign is +1 for class 1, -1 for class 0.
void logistic_loss(const double* score, const double* sign, std::size_t n, double* loss, double* gradient,
                   double* hessian) noexcept;

}  // namespace diskern::trees
