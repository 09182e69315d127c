// Losses against their definitions and central differences; the float kernels of every instruction set.
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "network/loss.hpp"
#include "network/loss_kernels.hpp"

using namespace diskern;
using namespace diskern::network;

namespace {

constexpr LossParams constants{0.7, 0.8};

std::vector<double> softmax(const std::vector<double>& z) {
  double norm = 0.0;
  for (const double value : z) norm += std::exp(value);
  std::vector<double> p;
  for (const double value : z) p.push_back(std::exp(value) / norm);
  return p;
}

// Written out with the C library.
double definition(Loss loss, const std::vector<double>& z, const std::vector<double>& t) {
  double sum = 0.0;
  const std::vector<double> p = softmax(z);
  for (std::size_t k = 0; k < z.size(); ++k) {
    const double r = z[k] - t[k];
    const double sigmoid = 1.0 / (1.0 + std::exp(-z[k]));
    switch (loss) {
      case Loss::squared:
        sum += 0.5 * r * r;
        break;
      case Loss::cross_entropy:
      case Loss::multi_label:
        sum -= t[k] * std::log(sigmoid) + (1.0 - t[k]) * std::log(1.0 - sigmoid);
        break;
      case Loss::softmax_cross_entropy:
        sum -= t[k] * std::log(p[k]);
        break;
      case Loss::absolute:
        sum += std::abs(r);
        break;
      case Loss::huber:
        sum += std::abs(r) <= 0.7 ? 0.5 * r * r : 0.7 * (std::abs(r) - 0.35);
        break;
      case Loss::quantile:
        sum += std::max(0.8 * -r, -0.2 * -r);
        break;
      case Loss::hinge:
        sum += std::max(0.0, 1.0 - (2.0 * t[k] - 1.0) * z[k]);
        break;
      case Loss::poisson:
        sum += std::exp(z[k]) - t[k] * z[k];
        break;
      case Loss::kullback_leibler:
        if (t[k] > 0.0) sum += t[k] * std::log(t[k] / p[k]);
        break;
    }
  }
  return sum;
}

std::vector<double> draw_targets(Loss loss, std::size_t n, std::mt19937& generator) {
  std::vector<double> t;
  double total = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    const double unit = static_cast<double>(generator()) / 4294967296.0;
    t.push_back(loss == Loss::hinge ? (unit > 0.5 ? 1.0 : 0.0) : unit);
    total += t.back();
  }
  if (!loss_is_sum_over_outputs(loss)) {
    for (double& value : t) value /= total;
  }
  return t;
}

std::vector<Loss> all_losses() {
  std::vector<Loss> losses;
  for (int loss = 0; loss <= static_cast<int>(last_loss); ++loss) losses.push_back(static_cast<Loss>(loss));
  return losses;
}

}  // namespace

TEST(values_and_slopes_in_float64) {
  std::mt19937 generator(5);
  std::normal_distribution<double> normal(0.0, 2.0);
  for (const Loss loss : all_losses()) {
    for (int event = 0; event < 50; ++event) {
      const std::size_t n = loss == Loss::cross_entropy ? 1 : 1 + static_cast<std::size_t>(event) % 4;
      std::vector<double> z(n);
      for (double& value : z) value = normal(generator);
      const std::vector<double> t = draw_targets(loss, n, generator);
      std::vector<double> slope(n);
      const double found = loss_of_event(loss, constants, z.data(), t.data(), n, slope.data());
      const double expected = definition(loss, z, t);
      CHECK_NEAR(found, expected, 1e-13 * (1.0 + std::abs(expected)));
      for (std::size_t k = 0; k < n; ++k) {
        constexpr double step = 1e-6;
        std::vector<double> moved = z;
        moved[k] += step;
        const double above = definition(loss, moved, t);
        moved[k] -= 2.0 * step;
        const double difference = (above - definition(loss, moved, t)) / (2.0 * step);
        if (!(std::abs(difference - slope[k]) < 1e-7 * (1.0 + std::abs(difference)))) {
          check::fail(__FILE__, __LINE__, name(loss), ": slope ", slope[k], " against ", difference);
        }
      }
    }
  }
}

TEST(float_kernels_with_weights) {
  std::mt19937 generator(6);
  std::normal_distribution<double> normal(0.0, 2.0);
  for (const Loss loss : all_losses()) {
    for (const std::size_t n_outputs : {1UL, 3UL}) {
      if (loss == Loss::cross_entropy && n_outputs > 1) continue;
      constexpr std::size_t n = 131;
      const std::size_t row = n_outputs == 1 ? 1 : 16;
      std::vector<float> scores(n * row, 7.0F);
      std::vector<float> targets;
      std::vector<float> weight;
      double expected = 0.0;
      double size = 0.0;
      std::vector<double> expected_slopes;
      for (std::size_t i = 0; i < n; ++i) {
        const std::vector<double> t = draw_targets(loss, n_outputs, generator);
        weight.push_back(static_cast<float>(normal(generator)));  // of both signs
        std::vector<double> z;
        std::vector<double> rounded;
        for (std::size_t k = 0; k < n_outputs; ++k) {
          scores[i * row + k] = static_cast<float>(normal(generator));
          targets.push_back(static_cast<float>(t[k]));
          z.push_back(static_cast<double>(scores[i * row + k]));
          rounded.push_back(static_cast<double>(targets.back()));
        }
        std::vector<double> slope(n_outputs);
        const double w = static_cast<double>(weight.back());
        const double one = w * loss_of_event(loss, constants, z.data(), rounded.data(), n_outputs, slope.data());
        expected += one;
        size += std::abs(one);
        for (const double value : slope) expected_slopes.push_back(w * value);
      }
      std::vector<float> reference;
      double reference_sum = 0.0;
      for (const InstructionSet level : supported_instruction_sets()) {
        std::vector<float> slopes = scores;
        const double sum = loss_kernels(level).evaluate(
            loss, constants, {n, n_outputs, slopes.data(), row, targets.data(), n_outputs, weight.data()},
            slopes.data());
        CHECK_NEAR(sum, expected, 1e-6 * size);
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t k = 0; k < n_outputs; ++k) {
            CHECK_NEAR(static_cast<double>(slopes[i * row + k]), expected_slopes[i * n_outputs + k],
                       2e-6 * (1.0 + std::abs(expected_slopes[i * n_outputs + k])));
          }
        }
        if (level == InstructionSet::scalar) {
          reference = slopes;
          reference_sum = sum;
        }
        CHECK(slopes == reference);
        CHECK_EQUAL(sum, reference_sum);
      }
    }
  }
}

TEST(scores_far_out_stay_finite) {
  for (const Loss loss : {Loss::cross_entropy, Loss::multi_label, Loss::softmax_cross_entropy}) {
    for (const float score : {-1000.0F, 1000.0F}) {
      const float z[2] = {score, 0.0F};
      const float t[2] = {1.0F, 0.0F};
      float slope[2];
      const std::size_t n = loss == Loss::cross_entropy ? 1 : 2;
      const float value = loss_of_event(loss, constants, z, t, n, slope);
      CHECK(std::isfinite(value));
      CHECK(std::isfinite(slope[0]));
      CHECK_NEAR(static_cast<double>(value), score < 0.0F ? 1000.0 : 0.0, loss == Loss::multi_label ? 1.0 : 1e-3);
    }
  }
}

TEST(divergence_from_a_standard_normal) {
  // Against the integral of q ln(q / p) by the trapezoidal rule.
  const double mean = 0.7;
  const double log_variance = -0.9;
  const double width = std::exp(0.5 * log_variance);
  double integral = 0.0;
  constexpr double step = 1e-3;
  for (int i = -12000; i <= 12000; ++i) {
    const double x = step * i;
    const double pull = (x - mean) / width;
    const double log_q = -0.5 * pull * pull - std::log(width);
    const double log_p = -0.5 * x * x;
    integral += step * std::exp(log_q) / std::sqrt(2.0 * 3.14159265358979323846) * (log_q - log_p);
  }
  const auto found = normal_divergence(mean, log_variance);
  CHECK_NEAR(found.loss, integral, 1e-9);
  constexpr double small = 1e-6;
  CHECK_NEAR(found.mean_slope,
             (normal_divergence(mean + small, log_variance).loss - normal_divergence(mean - small, log_variance).loss) /
                 (2.0 * small),
             1e-8);
  CHECK_NEAR(found.log_variance_slope,
             (normal_divergence(mean, log_variance + small).loss - normal_divergence(mean, log_variance - small).loss) /
                 (2.0 * small),
             1e-8);
}

TEST(names_and_constants) {
  for (const Loss loss : all_losses()) CHECK(loss_of_name(name(loss)) == loss);
  CHECK_THROWS(loss_of_name("hubber"), InvalidArgument);
  CHECK_THROWS(check_loss(Loss::quantile, {1.0, 1.0}), InvalidArgument);
  CHECK_THROWS(check_loss(Loss::huber, {0.0, 0.5}), InvalidArgument);
  check_loss(Loss::squared, {0.0, 1.0});
}
