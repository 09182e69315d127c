#include "trees/loss_classification.hpp"

#include <algorithm>

#include "base/maths.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

void logistic_loss(const double* score, const double* sign, std::size_t n, double* loss, double* gradient,
                   double* hessian) noexcept {
  training_kernels().logistic(score, sign, n, loss, gradient, hessian);
}

std::vector<double> LogisticLoss::base_scores(const BoostingSample& training) const {
  const std::vector<double> sums = class_weights(training, 2);
  return {maths::log(sums[1] / sums[0])};
}

void LogisticLoss::evaluate(const BoostingSample& sample, const double* score, Range range, double* loss,
                            double* gradient, double* hessian, std::size_t /*stride*/) const {
  constexpr std::size_t block = 256;
  double sign[block];
  for (std::size_t begin = range.begin; begin < range.end; begin += block) {
    const std::size_t n = std::min(block, range.end - begin);
    for (std::size_t i = 0; i < n; ++i) sign[i] = sample.class_index[begin + i] == 1 ? 1.0 : -1.0;
    const std::size_t to = begin - range.begin;
    logistic_loss(score + begin, sign, n, loss + to, gradient + to, hessian + to);
  }
}

bool LogisticLoss::evaluate_units(const BoostingSample& sample, const double* score, Range range, double* gradient,
                                  double* hessian, DerivativeSummary& summary) const {
  summary = training_kernels().logistic_of_units(score + range.begin, sample.class_index.data() + range.begin,
                                                 range.end - range.begin, gradient, hessian);
  return true;
}

namespace {

// One event: fills gradient[k] and hessian[k] of all classes, returns the loss.
double softmax_loss(const double* score, std::size_t classes, std::size_t truth, double* gradient,
                    double* hessian) noexcept {
  double largest = score[0];
  for (std::size_t k = 1; k < classes; ++k) largest = score[k] > largest ? score[k] : largest;
  double sum = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    gradient[k] = maths::exp(score[k] - largest);
    sum += gradient[k];
  }
  for (std::size_t k = 0; k < classes; ++k) {
    const double p = gradient[k] / sum;
    gradient[k] = k == truth ? p - 1.0 : p;
    hessian[k] = p * (1.0 - p);
  }
  return maths::log(sum) - (score[truth] - largest);
}

}  // namespace

std::vector<double> SoftmaxLoss::base_scores(const BoostingSample& training) const {
  std::vector<double> scores = class_weights(training, n_classes_);
  double all = 0;  // sums of a common power of two: no rounding that depends on the order of events
  for (const double sum : scores) all += sum;
  for (double& score : scores) score = maths::log(score / all);
  return scores;
}

void SoftmaxLoss::evaluate(const BoostingSample& sample, const double* score, Range range, double* loss,
                           double* gradient, double* hessian, std::size_t stride) const {
  std::vector<double> work(3 * n_classes_);
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const std::size_t to = i - range.begin;
    for (std::size_t k = 0; k < n_classes_; ++k) work[k] = score[k * sample.n + i];
    loss[to] = softmax_loss(work.data(), n_classes_, static_cast<std::size_t>(sample.class_index[i]),
                            work.data() + n_classes_, work.data() + 2 * n_classes_);
    for (std::size_t k = 0; k < n_classes_; ++k) {
      gradient[k * stride + to] = work[n_classes_ + k];
      hessian[k * stride + to] = work[2 * n_classes_ + k];
    }
  }
}

std::vector<double> OneVsAllLoss::base_scores(const BoostingSample& training) const {
  std::vector<double> scores = class_weights(training, n_classes_);
  double all = 0;
  for (const double sum : scores) all += sum;
  for (double& score : scores) score = maths::log(score / (all - score));
  return scores;
}

void OneVsAllLoss::evaluate(const BoostingSample& sample, const double* score, Range range, double* loss,
                            double* gradient, double* hessian, std::size_t stride) const {
  const std::size_t n = range.end - range.begin;
  std::vector<double> sign(n);
  std::vector<double> own(n);
  std::fill_n(loss, n, 0.0);
  for (std::size_t k = 0; k < n_classes_; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      sign[i] = static_cast<std::size_t>(sample.class_index[range.begin + i]) == k ? 1.0 : -1.0;
    }
    logistic_loss(score + k * sample.n + range.begin, sign.data(), n, own.data(), gradient + k * stride,
                  hessian + k * stride);
    for (std::size_t i = 0; i < n; ++i) loss[i] += own[i];
  }
}

}  // namespace diskern::trees
