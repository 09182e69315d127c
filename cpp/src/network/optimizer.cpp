#include "network/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, OptimizerKind> names[] = {
    {"gradient_descent", OptimizerKind::gradient_descent},
    {"momentum", OptimizerKind::momentum},
    {"nesterov", OptimizerKind::nesterov},
    {"adagrad", OptimizerKind::adagrad},
    {"adadelta", OptimizerKind::adadelta},
    {"rmsprop", OptimizerKind::rmsprop},
    {"adam", OptimizerKind::adam},
    {"adamw", OptimizerKind::adamw},
    {"nadam", OptimizerKind::nadam},
};

void require(bool condition, const char* name, double value, const char* expected) {
  if (!condition) {
    throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected " + expected);
  }
}

template <class To, class From>
OptimizerStep<To> convert(const OptimizerStep<From>& from) {
  const auto to = [](From value) { return static_cast<To>(value); };
  return {to(from.gradient_factor), to(from.clip_value), to(from.l1),      to(from.l2),          to(from.shrink),
          to(from.rate),            to(from.rate_2),     to(from.decay_1), to(from.rest_1),      to(from.decay_2),
          to(from.rest_2),          to(from.root_factor), to(from.epsilon)};
}

bool needs_first(OptimizerKind kind) noexcept { return kind != OptimizerKind::gradient_descent; }
bool needs_second(OptimizerKind kind) noexcept {
  return kind >= OptimizerKind::adam || kind == OptimizerKind::adadelta;
}

}  // namespace

const char* name(OptimizerKind kind) noexcept {
  for (const auto& [text, known] : names) {
    if (known == kind) return text;
  }
  return "unknown";
}

OptimizerKind optimizer_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("optimizer is '" + std::string(name) + "', expected one of " + list +
                        did_you_mean(name, known));
}

void check_optimizer(const OptimizerParams& params) {
  const auto below_one = [](double value) { return value >= 0.0 && value < 1.0; };
  const auto not_negative = [](double value) { return value >= 0.0 && std::isfinite(value); };
  require(params.learning_rate > 0.0 && std::isfinite(params.learning_rate), "learning_rate", params.learning_rate,
          "a positive number");
  require(below_one(params.momentum), "momentum", params.momentum, "0 to below 1");
  require(below_one(params.rho), "rho", params.rho, "0 to below 1");
  require(below_one(params.beta_1), "beta_1", params.beta_1, "0 to below 1");
  require(below_one(params.beta_2), "beta_2", params.beta_2, "0 to below 1");
  require(params.epsilon > 0.0 && std::isfinite(params.epsilon), "epsilon", params.epsilon, "a positive number");
  require(not_negative(params.l1), "l1", params.l1, "0 or more");
  require(not_negative(params.l2), "l2", params.l2, "0 or more");
  require(not_negative(params.weight_decay), "weight_decay", params.weight_decay, "0 or more");
  require(params.weight_decay == 0.0 || params.kind == OptimizerKind::adamw, "weight_decay", params.weight_decay,
          "0 with another optimizer than adamw (l2 is a penalty for all of them)");
  require(not_negative(params.clip_value), "clip_value", params.clip_value, "0 or more");
  require(not_negative(params.clip_norm), "clip_norm", params.clip_norm, "0 or more");
}

OptimizerStep<double> optimizer_step(const OptimizerParams& params, double rate, double gradient_factor,
                                     std::uint64_t count, double& power_1, double& power_2) {
  OptimizerStep<double> step{};
  step.gradient_factor = gradient_factor;
  step.clip_value = params.clip_value > 0.0 ? params.clip_value : std::numeric_limits<double>::infinity();
  step.l1 = params.l1;
  step.l2 = params.l2;
  step.shrink = 1.0 - rate * params.weight_decay;
  step.rate = rate;
  step.epsilon = params.epsilon;
  step.root_factor = 1.0;
  switch (params.kind) {
    case OptimizerKind::momentum:
    case OptimizerKind::nesterov:
      step.decay_1 = params.momentum;
      break;
    case OptimizerKind::rmsprop:
    case OptimizerKind::adadelta:
      step.decay_1 = params.rho;
      break;
    default:
      step.decay_1 = params.beta_1;
      break;
  }
  step.rest_1 = 1.0 - step.decay_1;
  step.decay_2 = params.beta_2;
  step.rest_2 = 1.0 - params.beta_2;
  if (params.kind >= OptimizerKind::adam) {
    power_2 *= params.beta_2;
    step.root_factor = 1.0 / std::sqrt(1.0 - power_2);
  }
  if (params.kind == OptimizerKind::adam || params.kind == OptimizerKind::adamw) {
    power_1 *= params.beta_1;
    step.rate = rate / (1.0 - power_1);
  } else if (params.kind == OptimizerKind::nadam) {
    // Dozat's schedule of the momentum, with the constants of his paper.
    const double t = static_cast<double>(count);
    const double now = params.beta_1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * t));
    const double next = params.beta_1 * (1.0 - 0.5 * std::pow(0.96, 0.004 * (t + 1.0)));
    power_1 *= now;
    step.rate = rate * next / (1.0 - power_1 * next);
    step.rate_2 = rate * (1.0 - now) / (1.0 - power_1);
  }
  return step;
}

Optimizer::Optimizer(const OptimizerParams& params, std::vector<ParameterRange> ranges, std::size_t parameters)
    : params_(params), kernels_(optimizer_kernels()), ranges_(std::move(ranges)) {
  check_optimizer(params_);
  if (needs_first(params_.kind)) first_.assign(parameters, 0.0F);
  if (needs_second(params_.kind)) second_.assign(parameters, 0.0F);
}

void Optimizer::begin_step(double rate, double gradient_factor) {
  ++steps_;
  step_ = convert<float>(optimizer_step(params_, rate, gradient_factor, steps_, power_1_, power_2_));
}

void Optimizer::clip(double sum_of_squares) {
  const double norm = std::sqrt(sum_of_squares) * static_cast<double>(step_.gradient_factor);
  if (norm > params_.clip_norm) step_.gradient_factor *= static_cast<float>(params_.clip_norm / norm);
}

void Optimizer::apply(std::size_t begin, std::size_t end, const float* gradient, float* weights) {
  OptimizerStep<float> plain = step_;
  plain.l1 = 0.0F;
  plain.l2 = 0.0F;
  plain.shrink = 1.0F;
  for (const ParameterRange& range : ranges_) {
    const std::size_t from = std::max(begin, range.begin);
    const std::size_t to = std::min(end, range.end);
    if (from >= to) continue;
    kernels_.step(params_.kind, range.penalised ? step_ : plain, gradient + from, weights + from,
                  first_.empty() ? nullptr : first_.data() + from, second_.empty() ? nullptr : second_.data() + from,
                  to - from);
  }
}

}  // namespace diskern::network
