#include "trees/rule_fit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/executor.hpp"
#include "base/permutation.hpp"
#include "diskern/error.hpp"
#include "trees/rule_forest.hpp"
#include "trees/rule_path.hpp"

namespace diskern::trees {

namespace {

using statistics::LinearTerm;
using statistics::Rule;

void check(const RuleFitParams& params) {
  const auto require = [](bool good, const char* name, double value, const char* expected) {
    if (!good) throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected " + expected);
  };
  const auto inside = [](double value) { return value > 0.0 && value < 1.0; };
  require(params.nTrees >= 1, "nTrees", params.nTrees, "1 or more");
  require(inside(params.fEventsMin), "fEventsMin", params.fEventsMin, "a part between 0 and 1");
  require(inside(params.fEventsMax) && params.fEventsMax >= params.fEventsMin, "fEventsMax", params.fEventsMax,
          "a part between fEventsMin and 1");
  require(params.RuleMinDist >= 0.0 && std::isfinite(params.RuleMinDist), "RuleMinDist", params.RuleMinDist,
          "0 or more");
  require(params.MinImp >= 0.0 && params.MinImp < 1.0, "MinImp", params.MinImp, "a part of the largest importance");
  require(params.LinQuantile >= 0.0 && params.LinQuantile < 0.5, "LinQuantile", params.LinQuantile,
          "a part of the events below 0.5");
  require(params.GDTau <= 1.0, "GDTau", params.GDTau, "at most 1 (below 0: found)");
  require(params.GDTauPrec >= 1e-4 && params.GDTauPrec <= 1.0, "GDTauPrec", params.GDTauPrec, "0.0001 to 1");
  require(params.GDStep > 0.0 && std::isfinite(params.GDStep), "GDStep", params.GDStep, "a positive number");
  require(params.GDNSteps >= 1, "GDNSteps", params.GDNSteps, "1 or more");
  require(params.GDErrScale >= 1.0, "GDErrScale", params.GDErrScale, "1 or more");
  for (const auto& [name, value] : {std::pair{"GDPathEveFrac", params.GDPathEveFrac},
                                    std::pair{"GDValidEveFrac", params.GDValidEveFrac}}) {
    require(value > 0.0 && value <= 1.0, name, value, "a part of the events above 0");
  }
}

std::vector<double> spreads(const TmvaSample& sample) {
  std::vector<double> result;
  for (const std::vector<float>& values : sample.values) {
    double sum = 0.0;
    double first = 0.0;
    double second = 0.0;
    for (std::size_t i = 0; i < sample.size(); ++i) {
      const auto x = static_cast<double>(values[i]);
      sum += sample.weight[i];
      first += sample.weight[i] * x;
      second += sample.weight[i] * x * x;
    }
    const double mean = first / sum;
    result.push_back(std::sqrt(std::max(0.0, second / sum - mean * mean)));
  }
  return result;
}

// Support, part of signal and number of events of each rule; rules that all events fulfil, or none, say nothing and are
// dropped.
std::vector<Rule> with_support(const Context& context, std::vector<Rule> rules, const TmvaSample& sample) {
  double all = 0.0;
  for (const double one : sample.weight) all += one;
  interruptible_for(
      context, rules.size(),
      [&](std::size_t r) {
        double inside = 0.0;
        double signal = 0.0;
        for (std::size_t i = 0; i < sample.size(); ++i) {
          if (!fulfils(rules[r], sample.columns, i)) continue;
          inside += sample.weight[i];
          if (sample.signal[i] != 0) signal += sample.weight[i];
        }
        rules[r].support = inside / all;
        rules[r].signal_fraction = inside > 0.0 ? signal / inside : 0.0;
        rules[r].events = inside;
      },
      static_cast<double>(rules.size() * sample.size()) * 3.0);
  std::vector<Rule> kept;
  for (Rule& rule : rules) {
    if (rule.support > 0.0 && rule.support < 1.0) kept.push_back(std::move(rule));
  }
  return kept;
}

// The spread of a rule that TMVA brings linear terms to; it makes them before it knows any rule.
constexpr double sigma_of_terms = 0.4;

// Each variable between the quantiles of the sum of weights, its spread brought to that of a rule.
std::vector<LinearTerm> linear_terms(const RuleFitParams& params, const TmvaSample& sample) {
  std::vector<LinearTerm> terms;
  const std::size_t n = sample.size();
  double all = 0.0;
  for (const double one : sample.weight) all += one;
  const double part = params.LinQuantile * all;
  std::vector<std::size_t> order(n);
  for (const std::vector<float>& values : sample.values) {
    for (std::size_t i = 0; i < n; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
    std::size_t below = 0;
    for (double sum = 0.0; below < n && sum < part; ++below) sum += sample.weight[order[below]];
    std::size_t above = n;
    for (double sum = 0.0; above > 0 && sum < part; --above) sum += sample.weight[order[above - 1]];
    LinearTerm term;
    term.minimum = static_cast<double>(values[order[below == 0 ? 0 : below - 1]]);
    term.maximum = static_cast<double>(values[order[std::min(above, n - 1)]]);
    if (term.minimum > term.maximum) std::swap(term.minimum, term.maximum);  // negative weights can cross them
    double first = 0.0;
    double second = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = std::clamp(static_cast<double>(values[i]), term.minimum, term.maximum);
      first += sample.weight[i] * x;
      second += sample.weight[i] * x * x;
    }
    const double variance = (second - first * first / all) / (all - all / static_cast<double>(n));
    // A constant has no spread but what rounding makes of it.
    const bool varies = term.maximum > term.minimum && variance > 0.0;
    term.norm = varies ? sigma_of_terms / std::sqrt(variance) : 0.0;
    terms.push_back(term);
  }
  return terms;
}

TermValues term_values(const Context& context, const TmvaSample& sample, const std::vector<std::size_t>& events,
                       const std::vector<Rule>& rules, const std::vector<LinearTerm>& linear) {
  TermValues result;
  result.events = events.size();
  result.terms = rules.size() + linear.size();
  result.by_event.resize(result.events * result.terms);
  result.by_term.resize(result.events * result.terms);
  for (const std::size_t i : events) {
    result.target.push_back(sample.signal[i] != 0 ? 1.0 : -1.0);
    result.weight.push_back(sample.weight[i]);
  }
  interruptible_for(
      context, result.terms,
      [&](std::size_t k) {
        float* column = result.by_term.data() + k * result.events;
        for (std::size_t e = 0; e < events.size(); ++e) {
          const std::size_t i = events[e];
          if (k < rules.size()) {
            column[e] = fulfils(rules[k], sample.columns, i) ? 1.0F : 0.0F;
          } else {
            const LinearTerm& term = linear[k - rules.size()];
            const auto x = static_cast<double>(sample.values[k - rules.size()][i]);
            column[e] = static_cast<float>(term.norm * std::clamp(x, term.minimum, term.maximum));
          }
          result.by_event[e * result.terms + k] = column[e];
        }
      },
      static_cast<double>(result.events * result.terms) * 4.0);
  return result;
}

// A random order in which every stretch has about as much of each class as the whole.
std::vector<std::size_t> mixed_order(const TmvaSample& sample, std::uint64_t seed) {
  const Permutation random(sample.size(), seed, Purpose::shuffle, 0);
  std::vector<std::size_t> of_class[2];
  for (std::size_t k = 0; k < sample.size(); ++k) {
    of_class[sample.signal[random[k]] != 0 ? 1 : 0].push_back(random[k]);
  }
  std::vector<std::size_t> order;
  std::size_t taken[2] = {0, 0};
  while (order.size() < sample.size()) {
    // Of the class that is further behind; the product compares taken[0] / size[0] with taken[1] / size[1].
    const bool signal = taken[1] < of_class[1].size() &&
                        (taken[0] == of_class[0].size() ||
                         (2 * taken[1] + 1) * of_class[0].size() < (2 * taken[0] + 1) * of_class[1].size());
    const std::size_t which = signal ? 1 : 0;
    order.push_back(of_class[which][taken[which]++]);
  }
  return order;
}

bool has_both_classes(const TermValues& values) {
  double signal = 0.0;
  double background = 0.0;
  for (std::size_t i = 0; i < values.events; ++i) (values.target[i] > 0.0 ? signal : background) += values.weight[i];
  return signal > 0.0 && background > 0.0;
}

}  // namespace

RuleFitResult fit_rules(const Context& context, const RuleFitParams& params, View<const float, 2> events,
                        View<const std::int32_t> class_index, View<const double> weight) {
  check(params);
  TmvaForestParams tree_params;
  tree_params.SkipNormalization = true;
  tree_params.NegWeightTreatment = TmvaNegWeights::Pray;
  TmvaTrainingData data;
  data.events = events;
  data.class_index = class_index;
  data.weight = weight;
  data.signal_class = params.signal_class;
  for (std::size_t i = 0; i < class_index.size(); ++i) data.n_classes = std::max(data.n_classes, class_index[i] + 1);
  std::vector<std::string> notes;
  TmvaSample sample = prepare_sample(context, tree_params, TmvaAnalysis::Classification, data, notes);

  RuleFitResult result;
  std::vector<Rule> rules;
  if (params.Model != RuleModel::ModLinear) {
    std::vector<Rule> made = forest_rules(context, params, sample);
    result.rules_made = made.size();
    made = different_rules(made, params.RuleMinDist, spreads(sample));
    result.rules_different = made.size();
    rules = with_support(context, std::move(made), sample);
    if (rules.empty() && params.Model == RuleModel::ModRule) {
      throw InvalidArgument(
          "no tree of the forest has a cut, so that there is no rule; lower fEventsMin and fEventsMax, or take "
          "Model=ModLinear");
    }
  }
  statistics::RuleStatistics statistics;
  statistics.importance_cut = params.MinImp;
  statistics.linear_quantile = params.LinQuantile;
  if (!rules.empty()) {
    double support = 0.0;
    for (const Rule& rule : rules) support += rule.support;
    statistics.average_support = support / static_cast<double>(rules.size());
    statistics.average_sigma = std::sqrt(statistics.average_support * (1.0 - statistics.average_support));
  }
  std::vector<LinearTerm> linear;
  if (params.Model != RuleModel::ModRule) linear = linear_terms(params, sample);

  // The path takes events from the front of a random order, the errors those from its end.
  const std::size_t n = sample.size();
  const std::vector<std::size_t> order = mixed_order(sample, context.seed);
  const auto part = [&](double fraction) {
    return std::clamp<std::size_t>(static_cast<std::size_t>(fraction * static_cast<double>(n)), 1, n);
  };
  std::vector<std::size_t> path_events;
  std::vector<std::size_t> validation_events;
  for (std::size_t k = 0; k < part(params.GDPathEveFrac); ++k) path_events.push_back(order[k]);
  for (std::size_t k = n - part(params.GDValidEveFrac); k < n; ++k) validation_events.push_back(order[k]);
  const TermValues path = term_values(context, sample, path_events, rules, linear);
  const TermValues validation = term_values(context, sample, validation_events, rules, linear);
  if (!has_both_classes(path) || !has_both_classes(validation)) {
    throw InvalidArgument(
        "of the " + std::to_string(n) +
        " training events, the part for the path (GDPathEveFrac) or for errors (GDValidEveFrac) holds one class only");
  }
  RulePathParams path_params;
  path_params.tau = params.GDTau;
  path_params.precision = params.GDTauPrec;
  path_params.step = params.GDStep;
  path_params.steps = static_cast<std::size_t>(params.GDNSteps);
  path_params.error_scale = params.GDErrScale;
  RulePath found = follow_rule_path(context, path_params, path, validation);
  for (const double one : found.coefficient) {
    if (!std::isfinite(one)) throw InvalidArgument("the path diverges: GDStep is too large");
  }

  // Terms of little importance are left out; the offset keeps the mean response of the path's events.
  const auto importance = [&](std::size_t k) {
    const double sigma = k < rules.size() ? rules[k].sigma() : statistics.average_sigma;
    return std::abs(found.coefficient[k]) * sigma;
  };
  double largest = 0.0;
  for (std::size_t k = 0; k < path.terms; ++k) largest = std::max(largest, importance(k));
  double all_weight = 0.0;
  for (const double one : path.weight) all_weight += one;
  const auto mean = [&](std::size_t k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < path.events; ++i) {
      sum += path.weight[i] * static_cast<double>(path.by_term[k * path.events + i]);
    }
    return sum / all_weight;
  };
  double offset = found.offset;
  std::vector<Rule> kept;
  for (std::size_t k = 0; k < path.terms; ++k) {
    const bool important = found.coefficient[k] != 0.0 && importance(k) >= params.MinImp * largest;
    if (!important) offset += found.coefficient[k] * mean(k);
    if (k < rules.size()) {
      if (!important) continue;
      kept.push_back(rules[k]);
      kept.back().coefficient = found.coefficient[k];
    } else {
      linear[k - rules.size()].coefficient = important ? found.coefficient[k] : 0.0;
    }
  }
  result.predictor = std::make_shared<const statistics::RuleEnsemble>(events.columns(), offset, std::move(kept),
                                                                      std::move(linear), statistics);
  result.importance = result.predictor->variable_importance();
  result.tau = found.tau;
  result.steps = found.best_step;
  result.still_falling = found.still_falling;
  result.interrupted = found.interrupted;
  result.path_step = std::move(found.step);
  result.path_error = std::move(found.error);
  return result;
}

}  // namespace diskern::trees
