#pragma once
// The gradient-directed path of RuleFit.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"

namespace diskern::trees {

// Values of the terms for some events, once by event and once by term.
struct TermValues {
  std::size_t events = 0;
  std::size_t terms = 0;
  std::vector<float> by_event;  // rows of terms
  std::vector<float> by_term;   // rows of events
  std::vector<double> target;   // 1 signal, -1 background
  std::vector<double> weight;
};

struct RulePathParams {
  double tau = -1.0;  // below 0: found among 0, precision, ... 1
  double precision = 0.01;
  double step = 0.01;
  std::size_t steps = 10000;
  double error_scale = 1.1;
};

struct RulePath {
  std::vector<double> coefficient;  // per term
  double offset = 0.0;
  double tau = 0.0;
  std::size_t best_step = 0;
  bool still_falling = false;
  bool interrupted = false;
  std::vector<double> step;
  std::vector<double> error;  // 1 - ROC integral
};

// Squared loss of the response cut off at -1 and 1. A step goes along those derivatives whose size is at least tau times
// that of the largest; the offset keeps the mean response at the mean target. Of all points of the path where the error
// is measured the best one is taken; after an interruption the best one so far, marked interrupted. Throws Interrupted
// where there is none yet.
RulePath follow_rule_path(const Context& context, const RulePathParams& params, const TermValues& path,
                          const TermValues& validation);

// 1 - ROC integral with signed weights; equal responses count half. Throws InvalidArgument for responses that are not
// finite, which a path of too large steps has.
double roc_error(const std::vector<double>& response, const std::vector<double>& target,
                 const std::vector<double>& weight);

}  // namespace diskern::trees
