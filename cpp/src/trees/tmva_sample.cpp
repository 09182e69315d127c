#include "trees/tmva_sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "diskern/error.hpp"
#include "trees/tmva_fisher.hpp"

namespace diskern::trees {

namespace {

void check(const TmvaTrainingData& data, TmvaAnalysis analysis) {
  const std::size_t n = data.events.rows();
  const std::size_t n_variables = data.events.columns();
  if (n == 0) throw InvalidArgument("events is empty: a forest needs training events");
  if (n_variables == 0) throw InvalidArgument("events has no variables");
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument("events has " + std::to_string(n) + " rows, at most 2147483647 are possible");
  }
  const auto expect = [&](std::size_t size, const char* name) {
    if (size != n) {
      throw InvalidArgument(std::string(name) + " has " + std::to_string(size) + " entries for " + std::to_string(n) +
                            " events");
    }
  };
  expect(data.class_index.size(), "class_index");
  expect(data.weight.size(), "weight");
  if (!data.integer_variable.empty() && data.integer_variable.size() != n_variables) {
    throw InvalidArgument("variable_types has " + std::to_string(data.integer_variable.size()) + " entries for " +
                          std::to_string(n_variables) + " variables");
  }
  double absolute_weight = 0;
  for (std::size_t i = 0; i < n; ++i) {
    absolute_weight += std::abs(data.weight[i]);
    for (std::size_t j = 0; j < n_variables; ++j) {
      const float value = data.events(i, j);
      if (std::isnan(value)) {
        throw InvalidArgument("events has NaN in event " + std::to_string(i) + ", variable " + std::to_string(j) +
                              ": TMVA's trees know no missing values; remove such events or train "
                              "GradientBoostedTrees, which learn where missing values go");
      }
      if (std::isinf(value)) {
        throw InvalidArgument("events has infinity in event " + std::to_string(i) + ", variable " + std::to_string(j) +
                              ": TMVA's grid of cuts needs a finite range; cut or clip such events or train "
                              "GradientBoostedTrees");
      }
    }
    if (!std::isfinite(data.weight[i]))
      throw InvalidArgument("weight of event " + std::to_string(i) + " is not finite");
    if (data.class_index[i] < 0 || data.class_index[i] >= data.n_classes) {
      throw InvalidArgument("class_index of event " + std::to_string(i) + " is " + std::to_string(data.class_index[i]) +
                            ", expected 0 to " + std::to_string(data.n_classes - 1));
    }
  }
  // Sums of weight x target^2 with float32 targets, and the scaling by n / sum, then stay within float64.
  if (absolute_weight > 1e200 || (absolute_weight > 0 && absolute_weight < 1e-200)) {
    char sum[32];
    std::snprintf(sum, sizeof(sum), "%g", absolute_weight);
    throw InvalidArgument("the absolute weights add up to " + std::string(sum) +
                          ", expected a sum from 1e-200 to 1e200; scale the weights");
  }
  if (analysis == TmvaAnalysis::Regression) {
    expect(data.target.size(), "target");
    for (std::size_t i = 0; i < n; ++i) {
      if (!std::isfinite(static_cast<float>(data.target[i]))) {
        throw InvalidArgument("target of event " + std::to_string(i) + " is not finite (as float32)");
      }
    }
  } else {
    if (data.n_classes < 2)
      throw InvalidArgument("n_classes is " + std::to_string(data.n_classes) + ", expected at least 2");
    if (data.signal_class < 0 || data.signal_class >= data.n_classes) {
      throw InvalidArgument("signal_class is " + std::to_string(data.signal_class) + ", expected 0 to " +
                            std::to_string(data.n_classes - 1));
    }
    if (analysis == TmvaAnalysis::Classification && data.n_classes != 2) {
      throw InvalidArgument("n_classes is " + std::to_string(data.n_classes) +
                            ", classification has 2; use Multiclass");
    }
  }
}

// Merges each event of negative weight with the nearest events of positive weight of its class, until none is left.
// The distance is Mahalanobis', with the covariance of the class.
void pair_negative_weights(const Context& context, const TmvaTrainingData& data, std::vector<double>& weight) {
  const std::size_t n = data.events.rows();
  const std::size_t d = data.events.columns();
  for (std::int32_t c = 0; c < data.n_classes; ++c) {
    std::vector<std::size_t> members;
    double total = 0;
    bool any_negative = false;
    for (std::size_t i = 0; i < n; ++i) {
      if (data.class_index[i] != c) continue;
      members.push_back(i);
      total += weight[i];
      any_negative = any_negative || weight[i] < 0;
    }
    if (!any_negative) continue;
    if (!(total > 0)) {
      throw InvalidArgument("NegWeightTreatment PairNegWeightsGlobal: the weights of class " + std::to_string(c) +
                            " add up to nothing positive");
    }
    std::vector<double> mean(d, 0.0);
    for (const std::size_t i : members) {
      for (std::size_t j = 0; j < d; ++j) mean[j] += weight[i] * static_cast<double>(data.events(i, j)) / total;
    }
    std::vector<double> inverse(d * d, 0.0);
    for (const std::size_t i : members) {
      for (std::size_t j = 0; j < d; ++j) {
        for (std::size_t k = 0; k < d; ++k) {
          inverse[j * d + k] += weight[i] / total * (static_cast<double>(data.events(i, j)) - mean[j]) *
                                (static_cast<double>(data.events(i, k)) - mean[k]);
        }
      }
    }
    if (!invert_symmetric(inverse, d)) {
      throw InvalidArgument("NegWeightTreatment PairNegWeightsGlobal: the covariance of class " + std::to_string(c) +
                            " cannot be inverted");
    }
    std::vector<double> difference(d);
    for (const std::size_t i : members) {
      while (weight[i] < 0) {
        if (context.interrupted()) throw Interrupted();
        std::size_t nearest = n;
        double least = std::numeric_limits<double>::infinity();
        for (const std::size_t k : members) {
          if (!(weight[k] > 0)) continue;
          for (std::size_t j = 0; j < d; ++j) {
            difference[j] = static_cast<double>(data.events(i, j)) - static_cast<double>(data.events(k, j));
          }
          double distance = 0;
          for (std::size_t a = 0; a < d; ++a) {
            for (std::size_t b = 0; b < d; ++b) distance += difference[a] * inverse[a * d + b] * difference[b];
          }
          if (distance < least) {
            least = distance;
            nearest = k;
          }
        }
        if (nearest == n) break;  // rounding used the positive weights up; the rest is left out below
        const double merged = weight[i] + weight[nearest];
        weight[i] = merged > 0 ? 0 : merged;
        weight[nearest] = merged > 0 ? merged : 0;
      }
    }
    for (const std::size_t i : members) weight[i] = std::max(weight[i], 0.0);
  }
}

// TMVA's automatic cuts that only one class survives: at least 5 % of the other class, moved by 1 % of the range.
Preselection find_preselection(const Context& context, const TmvaTrainingData& data) {
  const std::size_t n = data.events.rows();
  Preselection result;
  std::vector<std::size_t> order(n);
  double total[2] = {0, 0};
  std::size_t count[2] = {0, 0};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t c = data.class_index[i] == data.signal_class ? 1 : 0;
    total[c] += data.weight[i];
    ++count[c];
  }
  for (std::size_t j = 0; j < data.events.columns(); ++j) {
    if (context.interrupted()) throw Interrupted();
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return data.events(a, j) < data.events(b, j); });
    const double shift =
        (static_cast<double>(data.events(order[n - 1], j)) - static_cast<double>(data.events(order[0], j))) / 100;
    // Which class (0 background, 1 signal) is alone below or above a cut, and where.
    bool found_low[2] = {false, false};
    bool found_high[2] = {false, false};
    double low[2] = {0, 0};
    double high[2] = {0, 0};
    double low_efficiency[2] = {0.05, 0.05};
    double high_rejection[2] = {0.05, 0.05};
    double below[2] = {0, 0};
    std::size_t seen[2] = {0, 0};
    for (std::size_t k = 0; k < n; ++k) {
      const std::size_t c = data.class_index[order[k]] == data.signal_class ? 1 : 0;
      below[c] += data.weight[order[k]];
      ++seen[c];
      if (k == 0) continue;
      const auto value = static_cast<double>(data.events(order[k], j));
      const double efficiency[2] = {below[0] / total[0], below[1] / total[1]};
      const double rejection[2] = {1 - efficiency[0], 1 - efficiency[1]};
      if (seen[1] == 0 && efficiency[0] > low_efficiency[0]) {
        low_efficiency[0] = efficiency[0];
        low[0] = value - shift;
        found_low[0] = true;
      } else if (seen[0] == 0 && efficiency[1] > low_efficiency[1]) {
        low_efficiency[1] = efficiency[1];
        low[1] = value - shift;
        found_low[1] = true;
      } else if (seen[0] == count[0] && rejection[1] > high_rejection[1]) {
        high_rejection[1] = rejection[1];
        high[1] = value + shift;
        found_high[1] = true;
      } else if (seen[1] == count[1] && rejection[0] > high_rejection[0]) {
        high_rejection[0] = rejection[0];
        high[0] = value + shift;
        found_high[0] = true;
      }
    }
    const auto feature = static_cast<std::int32_t>(j);
    for (const int c : {0, 1}) {
      if (found_low[c]) result.cuts.push_back({feature, low[c], true, c == 1});
    }
    for (const int c : {0, 1}) {
      if (found_high[c]) result.cuts.push_back({feature, high[c], false, c == 1});
    }
  }
  return result;
}

bool preselected(const Preselection& preselection, const TmvaTrainingData& data, std::size_t event) {
  for (const Preselection::Cut& cut : preselection.cuts) {
    const auto value = static_cast<double>(data.events(event, static_cast<std::size_t>(cut.feature)));
    if (cut.below ? value < cut.value : value > cut.value) return true;
  }
  return false;
}

void normalise(const TmvaForestParams& params, const TmvaTrainingData& data, TmvaSample& sample) {
  double signal = 0;
  double background = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) (sample.signal[i] != 0 ? signal : background) += sample.weight[i];
  for (const auto& [sum, name] : {std::pair{signal, "signal (class " + std::to_string(data.signal_class) + ")"},
                                  std::pair{background, std::string("background")}}) {
    if (!(sum > 0)) {
      throw InvalidArgument("the training weights of the " + name + " add up to " + std::to_string(sum) +
                            ", expected a positive sum: both classes are needed");
    }
  }
  if (params.SkipNormalization) return;
  const double fraction = params.SigToBkgFraction;
  const auto n = static_cast<double>(sample.size());
  const double signal_factor = n / ((1 + fraction) * signal) * fraction;
  const double background_factor = n / ((1 + fraction) * background);
  for (std::size_t i = 0; i < sample.size(); ++i) {
    sample.boost_weight[i] = sample.signal[i] != 0 ? signal_factor : background_factor;
  }
}

}  // namespace

TmvaSample prepare_sample(const Context& context, const TmvaForestParams& params, TmvaAnalysis analysis,
                          const TmvaTrainingData& data, std::vector<std::string>& notes) {
  check(data, analysis);
  const bool regression = analysis == TmvaAnalysis::Regression;
  const std::size_t n = data.events.rows();
  const std::size_t n_variables = data.events.columns();
  TmvaSample sample;
  std::vector<double> weight(n);
  std::size_t n_negative = 0;
  for (std::size_t i = 0; i < n; ++i) {
    weight[i] = data.weight[i];
    if (weight[i] < 0) ++n_negative;
  }
  const TmvaNegWeights treatment = params.NegWeightTreatment;
  if (n_negative > 0) {
    const char* what = "used with inverse boost";
    if (treatment == TmvaNegWeights::Pray) what = "used as they are";
    if (treatment == TmvaNegWeights::PairNegWeightsGlobal) {
      what = "merged with the nearest positive ones";
      pair_negative_weights(context, data, weight);
    }
    if (treatment == TmvaNegWeights::IgnoreNegWeightsInTraining ||
        treatment == TmvaNegWeights::NoNegWeightsInTraining) {
      what = "left out";
      for (double& one : weight) one = std::max(one, 0.0);
    }
    notes.push_back(std::to_string(n_negative) + " training events of negative weight: " + what);
  }
  if (params.DoPreselection) {
    sample.preselection = find_preselection(context, data);
    notes.push_back("DoPreselection: " + std::to_string(sample.preselection.cuts.size()) + " cuts");
  }

  const bool automatic = params.PruneMethod == TmvaPruneMethod::CostComplexity && params.PruneStrength < 0;
  const double every = 1.0 / params.PruningValFraction;
  const auto step = static_cast<std::size_t>(std::fmod(every, 1.0) > 0.5 ? std::ceil(every) : std::floor(every));
  std::vector<std::size_t> training;
  std::vector<std::size_t> validation;
  for (std::size_t i = 0; i < n; ++i) {
    if (weight[i] == 0 || preselected(sample.preselection, data, i)) continue;
    (automatic && i % step == 0 ? validation : training).push_back(i);
  }
  if (training.empty())
    throw InvalidArgument("no training event is left: all weights are zero or all events are preselected");
  if (automatic && validation.empty()) throw InvalidArgument("PruningValFraction leaves no event for validation");

  std::vector<std::size_t> rows = training;
  rows.insert(rows.end(), validation.begin(), validation.end());
  sample.values.resize(n_variables);
  for (std::size_t j = 0; j < n_variables; ++j) {
    sample.values[j].reserve(rows.size());
    for (const std::size_t i : rows) sample.values[j].push_back(data.events(i, j));
    sample.columns.column.push_back(sample.values[j].data());
  }
  if (params.nCuts > 0) sample.columns.grouped = GroupedValues(sample.values);
  sample.columns.integer =
      data.integer_variable.empty() ? std::vector<std::uint8_t>(n_variables, 0) : data.integer_variable;
  for (const std::size_t i : training) {
    sample.weight.push_back(weight[i]);
    sample.boost_weight.push_back(1.0);
    sample.class_index.push_back(data.class_index[i]);
    sample.signal.push_back(data.class_index[i] == data.signal_class ? 1 : 0);
    if (regression) sample.target.push_back(static_cast<float>(data.target[i]));
  }
  for (std::size_t k = 0; k < validation.size(); ++k) {
    const std::size_t i = validation[k];
    sample.validation.event.push_back(static_cast<std::int32_t>(training.size() + k));
    sample.validation.weight.push_back(weight[i]);
    sample.validation.signal.push_back(data.class_index[i] == data.signal_class ? 1 : 0);
    if (regression) sample.validation.target.push_back(static_cast<float>(data.target[i]));
  }
  if (params.MinNodeSizeByWeight) {
    // The precision of TMVA's gains is absolute, so weights are brought to a fixed scale by an exact power of two.
    double total = 0;
    for (const double one : sample.weight) total += std::abs(one);
    int exponent = 0;
    std::frexp(total, &exponent);
    for (double& one : sample.weight) one = std::ldexp(one, 20 - exponent);
  }
  if (regression) {
    double total = 0;
    for (const double one : sample.weight) total += one;
    if (!(total > 0))
      throw InvalidArgument("the training weights add up to " + std::to_string(total) + ", expected a positive sum");
  } else {
    normalise(params, data, sample);
  }
  return sample;
}

std::vector<std::int32_t> draw_entries(const TmvaForestParams& params, std::size_t n_events, std::size_t tree) {
  std::vector<std::int32_t> entries;
  if (!params.UseBaggedBoost) {
    entries.resize(n_events);
    std::iota(entries.begin(), entries.end(), 0);
    return entries;
  }
  TmvaRandom random(static_cast<std::uint32_t>(100 * tree + 1234));
  for (std::size_t i = 0; i < n_events; ++i) {
    entries.insert(entries.end(), static_cast<std::size_t>(random.poisson(params.BaggedSampleFraction)),
                   static_cast<std::int32_t>(i));
  }
  return entries;
}

}  // namespace diskern::trees
