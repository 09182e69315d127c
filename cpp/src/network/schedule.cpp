#include "network/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, ScheduleKind> names[] = {
    {"constant", ScheduleKind::constant},   {"step", ScheduleKind::step},
    {"cosine", ScheduleKind::cosine},       {"one_cycle", ScheduleKind::one_cycle},
    {"plateau", ScheduleKind::plateau},     {"exponential", ScheduleKind::exponential},
};

void require(bool condition, const char* name, double value, const char* expected) {
  if (!condition) {
    throw InvalidArgument("schedule: " + std::string(name) + " is " + std::to_string(value) + ", expected " + expected);
  }
}

// From 1 at progress 0 to 0 at progress 1.
double half_cosine(double progress) noexcept {
  return 0.5 + 0.5 * std::cos(3.14159265358979323846 * std::min(progress, 1.0));
}

}  // namespace

const char* name(ScheduleKind kind) noexcept {
  for (const auto& [text, known] : names) {
    if (known == kind) return text;
  }
  return "unknown";
}

ScheduleKind schedule_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("schedule is '" + std::string(name) + "', expected one of " + list +
                        did_you_mean(name, known));
}

void check_schedule(const ScheduleParams& params) {
  const auto fraction = [](double value) { return value >= 0.0 && value <= 1.0; };
  require(params.factor > 0.0 && params.factor <= 1.0, "factor", params.factor, "above 0 to 1");
  require(params.period >= 1, "period", params.period, "1 or more");
  require(params.improvement >= 0.0 && std::isfinite(params.improvement), "improvement", params.improvement,
          "0 or more");
  require(fraction(params.final_fraction), "final_fraction", params.final_fraction, "0 to 1");
  require(fraction(params.initial_fraction), "initial_fraction", params.initial_fraction, "0 to 1");
  require(fraction(params.warmup_fraction), "warmup_fraction", params.warmup_fraction, "0 to 1");
  require(fraction(params.smallest_fraction), "smallest_fraction", params.smallest_fraction, "0 to 1");
}

Schedule::Schedule(const ScheduleParams& params, double learning_rate, std::uint64_t steps)
    : params_(params),
      learning_rate_(learning_rate),
      steps_(std::max(1.0, static_cast<double>(steps))),
      best_(std::numeric_limits<double>::infinity()) {
  check_schedule(params_);
}

double Schedule::rate(std::uint64_t step) const noexcept {
  const double progress = static_cast<double>(step) / steps_;
  double fraction = fraction_;
  if (params_.kind == ScheduleKind::cosine) {
    fraction = params_.final_fraction + (1.0 - params_.final_fraction) * half_cosine(progress);
  } else if (params_.kind == ScheduleKind::one_cycle) {
    if (progress < params_.warmup_fraction) {
      fraction = 1.0 + (params_.initial_fraction - 1.0) * half_cosine(progress / params_.warmup_fraction);
    } else {
      const double left = std::max(1.0 - params_.warmup_fraction, 1e-12);
      fraction = params_.final_fraction +
                 (1.0 - params_.final_fraction) * half_cosine((progress - params_.warmup_fraction) / left);
    }
  }
  return learning_rate_ * fraction;
}

void Schedule::finish_epoch(double loss) noexcept {
  ++epochs_;
  bool reduce = false;
  if (params_.kind == ScheduleKind::exponential) {
    reduce = true;
  } else if (params_.kind == ScheduleKind::step) {
    reduce = epochs_ % params_.period == 0;
  } else if (params_.kind == ScheduleKind::plateau && !std::isnan(loss)) {
    if (loss < best_ - params_.improvement) {
      best_ = loss;
      without_improvement_ = 0;
    } else if (++without_improvement_ >= params_.period) {
      without_improvement_ = 0;
      reduce = true;
    }
  }
  if (reduce) fraction_ = std::max(fraction_ * params_.factor, params_.smallest_fraction);
}

}  // namespace diskern::network
