// Optimizers against their rules written out for one weight, schedules and initialisations against their definitions.
#include <cmath>
#include <cstddef>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "network/initialisation.hpp"
#include "network/optimizer.hpp"
#include "network/schedule.hpp"

using namespace diskern;
using namespace diskern::network;

namespace {

constexpr double rate = 0.05;
const std::vector<double> gradients = {0.8, -0.3, 0.5, 0.05, -1.2};

std::vector<OptimizerKind> all_kinds() {
  std::vector<OptimizerKind> kinds;
  for (int kind = 0; kind <= static_cast<int>(last_optimizer); ++kind) {
    kinds.push_back(static_cast<OptimizerKind>(kind));
  }
  return kinds;
}

// The weight after all gradients, by the formulas of the papers (Adam's in the order of PyTorch).
double written_out(OptimizerKind kind, const OptimizerParams& p, double w) {
  double v = 0.0;
  double s = 0.0;
  double product = 1.0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const double t = static_cast<double>(i + 1);
    const double g = gradients[i] + p.l2 * w + p.l1 * (w > 0.0 ? 1.0 : -1.0);
    switch (kind) {
      case OptimizerKind::gradient_descent:
        w -= rate * g;
        break;
      case OptimizerKind::momentum:
        v = p.momentum * v + g;
        w -= rate * v;
        break;
      case OptimizerKind::nesterov:
        v = p.momentum * v + g;
        w -= rate * (g + p.momentum * v);
        break;
      case OptimizerKind::adagrad:
        s += g * g;
        w -= rate * g / (std::sqrt(s) + p.epsilon);
        break;
      case OptimizerKind::adadelta: {
        s = p.rho * s + (1.0 - p.rho) * g * g;
        const double move = std::sqrt(v + p.epsilon) / std::sqrt(s + p.epsilon) * g;
        v = p.rho * v + (1.0 - p.rho) * move * move;
        w -= rate * move;
        break;
      }
      case OptimizerKind::rmsprop:
        s = p.rho * s + (1.0 - p.rho) * g * g;
        w -= rate * g / (std::sqrt(s) + p.epsilon);
        break;
      case OptimizerKind::adam:
      case OptimizerKind::adamw:
        w *= 1.0 - rate * p.weight_decay;
        v = p.beta_1 * v + (1.0 - p.beta_1) * g;
        s = p.beta_2 * s + (1.0 - p.beta_2) * g * g;
        w -= rate * (v / (1.0 - std::pow(p.beta_1, t))) / (std::sqrt(s / (1.0 - std::pow(p.beta_2, t))) + p.epsilon);
        break;
      case OptimizerKind::nadam: {
        v = p.beta_1 * v + (1.0 - p.beta_1) * g;
        s = p.beta_2 * s + (1.0 - p.beta_2) * g * g;
        const double now = p.beta_1 * (1.0 - 0.5 * std::pow(0.96, t * 0.004));
        const double next = p.beta_1 * (1.0 - 0.5 * std::pow(0.96, (t + 1.0) * 0.004));
        product *= now;
        const double direction = (1.0 - now) * g / (1.0 - product) + next * v / (1.0 - product * next);
        w -= rate * direction / (std::sqrt(s / (1.0 - std::pow(p.beta_2, t))) + p.epsilon);
        break;
      }
    }
  }
  return w;
}

OptimizerParams params_of(OptimizerKind kind) {
  OptimizerParams params;
  params.kind = kind;
  params.epsilon = 1e-4;
  params.l1 = 0.01;
  params.l2 = 0.02;
  if (kind == OptimizerKind::adamw) params.weight_decay = 0.3;
  return params;
}

}  // namespace

TEST(steps_written_out) {
  for (const OptimizerKind kind : all_kinds()) {
    const OptimizerParams params = params_of(kind);
    constexpr std::size_t n = 37;
    std::vector<float> weights(n);
    for (std::size_t i = 0; i < n; ++i) weights[i] = 0.4F + 0.1F * static_cast<float>(i);
    const std::vector<float> start = weights;
    // The last ten are biases: no penalty.
    Optimizer optimizer(params, {{0, n - 10, true}, {n - 10, n, false}}, n);
    for (const double g : gradients) {
      optimizer.begin_step(rate, 0.25);
      const std::vector<float> gradient(n, static_cast<float>(4.0 * g));
      optimizer.apply(20, n, gradient.data(), weights.data());
      optimizer.apply(0, 20, gradient.data(), weights.data());
    }
    OptimizerParams plain = params;
    plain.l1 = 0.0;
    plain.l2 = 0.0;
    plain.weight_decay = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = written_out(kind, i < n - 10 ? params : plain, static_cast<double>(start[i]));
      if (!(std::abs(static_cast<double>(weights[i]) - expected) < 1e-6 * (1.0 + std::abs(expected)))) {
        check::fail(__FILE__, __LINE__, name(kind), " ", i, ": ", weights[i], " against ", expected);
      }
    }
  }
}

TEST(every_instruction_set_gives_the_same_bits) {
  constexpr std::size_t n = 101;
  for (const OptimizerKind kind : all_kinds()) {
    std::vector<float> expected;
    double expected_sum = 0.0;
    for (const InstructionSet level : supported_instruction_sets()) {
      const OptimizerKernels& kernels = optimizer_kernels(level);
      std::vector<float> w(n);
      std::vector<float> g(n);
      std::vector<float> first(n, 0.1F);
      std::vector<float> second(n, 0.2F);
      for (std::size_t i = 0; i < n; ++i) {
        w[i] = 0.01F * static_cast<float>(i);
        g[i] = std::sin(static_cast<float>(i));
      }
      double power_1 = 1.0;
      double power_2 = 1.0;
      const OptimizerStep<double> step = optimizer_step(params_of(kind), rate, 0.5, 1, power_1, power_2);
      const auto f = [](double value) { return static_cast<float>(value); };
      kernels.step(kind,
                   {f(step.gradient_factor), f(step.clip_value), f(step.l1), f(step.l2), f(step.shrink), f(step.rate),
                    f(step.rate_2), f(step.decay_1), f(step.rest_1), f(step.decay_2), f(step.rest_2),
                    f(step.root_factor), f(step.epsilon)},
                   g.data(), w.data(), first.data(), second.data(), n);
      kernels.add(g.data(), first.data(), n);
      kernels.blend(g.data(), 0.3F, second.data(), n);
      std::vector<float> all = w;
      all.insert(all.end(), first.begin(), first.end());
      all.insert(all.end(), second.begin(), second.end());
      const double sum = kernels.sum_of_squares(all.data(), all.size());
      if (level == InstructionSet::scalar) {
        expected = all;
        expected_sum = sum;
        double plain = 0.0;
        for (const float value : all) plain += static_cast<double>(value) * static_cast<double>(value);
        CHECK_NEAR(sum, plain, 1e-12 * plain);
      }
      CHECK(all == expected);
      CHECK_EQUAL(sum, expected_sum);
    }
  }
}

TEST(clipping) {
  OptimizerParams params;
  params.kind = OptimizerKind::gradient_descent;
  params.clip_norm = 1.0;
  std::vector<float> weights = {0.0F, 0.0F};
  std::vector<float> gradient = {6.0F, 8.0F};
  Optimizer by_norm(params, {{0, 2, true}}, 2);
  by_norm.begin_step(1.0, 0.5);
  by_norm.clip(100.0);
  by_norm.apply(0, 2, gradient.data(), weights.data());
  CHECK_NEAR(static_cast<double>(weights[0]), -0.6, 1e-6);
  CHECK_NEAR(static_cast<double>(weights[1]), -0.8, 1e-6);
  params.clip_norm = 0.0;
  params.clip_value = 0.25;
  weights = {0.0F, 0.0F};
  gradient = {6.0F, -0.1F};
  Optimizer by_value(params, {{0, 2, true}}, 2);
  by_value.begin_step(1.0, 1.0);
  by_value.apply(0, 2, gradient.data(), weights.data());
  CHECK_NEAR(static_cast<double>(weights[0]), -0.25, 1e-7);
  CHECK_NEAR(static_cast<double>(weights[1]), 0.1, 1e-7);
}

TEST(bad_constants_are_named) {
  const auto refused = [](const auto& change) {
    OptimizerParams params;
    change(params);
    CHECK_THROWS(check_optimizer(params), InvalidArgument);
  };
  refused([](OptimizerParams& p) { p.learning_rate = 0.0; });
  refused([](OptimizerParams& p) { p.momentum = 1.0; });
  refused([](OptimizerParams& p) { p.beta_2 = -0.1; });
  refused([](OptimizerParams& p) { p.epsilon = 0.0; });
  refused([](OptimizerParams& p) { p.l1 = std::nan(""); });
  refused([](OptimizerParams& p) { p.weight_decay = 0.1; });
  CHECK_THROWS(optimizer_of_name("addam"), InvalidArgument);
  for (const OptimizerKind kind : all_kinds()) CHECK(optimizer_of_name(name(kind)) == kind);
}

TEST(schedules) {
  ScheduleParams params;
  params.kind = ScheduleKind::step;
  params.period = 2;
  Schedule step(params, 1.0, 100);
  for (int epoch = 0; epoch < 4; ++epoch) step.finish_epoch(1.0);
  CHECK_NEAR(step.rate(50), 0.01, 1e-15);

  params.kind = ScheduleKind::cosine;
  params.final_fraction = 0.1;
  const Schedule cosine(params, 2.0, 100);
  CHECK_NEAR(cosine.rate(0), 2.0, 1e-15);
  CHECK_NEAR(cosine.rate(50), 2.0 * 0.55, 1e-12);
  CHECK_NEAR(cosine.rate(100), 0.2, 1e-12);

  params.kind = ScheduleKind::one_cycle;
  params.final_fraction = 0.0;
  const Schedule cycle(params, 2.0, 100);
  CHECK_NEAR(cycle.rate(0), 0.08, 1e-12);
  CHECK_NEAR(cycle.rate(15), 1.04, 1e-12);
  CHECK_NEAR(cycle.rate(30), 2.0, 1e-12);
  CHECK_NEAR(cycle.rate(65), 1.0, 1e-12);
  CHECK_NEAR(cycle.rate(100), 0.0, 1e-12);

  params.kind = ScheduleKind::plateau;
  params.factor = 0.5;
  Schedule plateau(params, 1.0, 100);
  for (const double loss : {1.0, 0.9, 0.95, 0.89995, 0.8, 0.8, 0.8}) plateau.finish_epoch(loss);
  CHECK_NEAR(plateau.rate(0), 0.25, 1e-15);

  params.kind = ScheduleKind::exponential;
  params.smallest_fraction = 0.2;
  Schedule falling(params, 1.0, 100);
  for (int epoch = 0; epoch < 5; ++epoch) falling.finish_epoch(1.0);
  CHECK_NEAR(falling.rate(0), 0.2, 1e-15);

  params.factor = 0.0;
  CHECK_THROWS(Schedule(params, 1.0, 1), InvalidArgument);
  for (const ScheduleKind kind : {ScheduleKind::constant, ScheduleKind::step, ScheduleKind::cosine,
                                  ScheduleKind::one_cycle, ScheduleKind::plateau, ScheduleKind::exponential}) {
    CHECK(schedule_of_name(name(kind)) == kind);
  }
}

TEST(initial_weights) {
  constexpr std::size_t inputs = 50;
  constexpr std::size_t outputs = 400;
  const auto moments = [&](Initialisation kind, Activation activation, double& variance, double& largest) {
    std::vector<float> weights(inputs * outputs);
    initialise(kind, activation, inputs, outputs, 3, 1, weights.data(), weights.size());
    double sum = 0.0;
    variance = 0.0;
    largest = 0.0;
    for (const float weight : weights) {
      const double w = static_cast<double>(weight);
      sum += w;
      variance += w * w;
      largest = std::max(largest, std::abs(w));
    }
    const double n = static_cast<double>(weights.size());
    CHECK_NEAR(sum / n, 0.0, 5.0 * std::sqrt(variance) / n);
    variance /= n;
  };
  struct Expected {
    Initialisation kind;
    Activation activation;
    double variance;
    bool uniform;
  };
  for (const Expected& one : {Expected{Initialisation::glorot_uniform, Activation::tanh, 2.0 / 450.0, true},
                              Expected{Initialisation::glorot_normal, Activation::tanh, 2.0 / 450.0, false},
                              Expected{Initialisation::he_uniform, Activation::tanh, 2.0 / 50.0, true},
                              Expected{Initialisation::he_normal, Activation::relu, 2.0 / 50.0, false},
                              Expected{Initialisation::lecun_uniform, Activation::relu, 1.0 / 50.0, true},
                              Expected{Initialisation::lecun_normal, Activation::relu, 1.0 / 50.0, false},
                              Expected{Initialisation::uniform, Activation::relu, 1.0 / 3.0, true},
                              Expected{Initialisation::normal, Activation::relu, 1.0, false},
                              Expected{Initialisation::automatic, Activation::relu, 1.0 / 150.0, true},
                              Expected{Initialisation::automatic, Activation::tanh, 2.0 / 450.0, true},
                              Expected{Initialisation::automatic, Activation::selu, 1.0 / 50.0, false}}) {
    double variance = 0.0;
    double largest = 0.0;
    moments(one.kind, one.activation, variance, largest);
    CHECK_NEAR(variance / one.variance, 1.0, 0.05);
    const double limit = std::sqrt(3.0 * one.variance);
    CHECK(one.uniform ? largest <= limit && largest > 0.99 * limit : largest > 1.5 * limit);
  }
  float weight = 1.0F;
  initialise(Initialisation::zero, Activation::relu, 1, 1, 1, 0, &weight, 1);
  CHECK_EQUAL(weight, 0.0F);
  CHECK_THROWS(initialise(Initialisation::tmva, Activation::relu, 1, 1, 1, 0, &weight, 1), InvalidArgument);
}
