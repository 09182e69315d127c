#include "statistics/likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr double floor_of_likelihood = 1e3 * std::numeric_limits<double>::min();
constexpr double just_below_one = 1.0 - 1e-15;
constexpr double output_scale = 15.0;

// 0.5 integral (s - b)^2 / (s + b) of two samples in 100 bins over their common range.
double separation(const std::vector<double>& response, const std::vector<bool>& is_signal, View<const double> weight) {
  constexpr std::size_t bins = 100;
  const auto [low, high] = std::minmax_element(response.begin(), response.end());
  if (!(*low < *high)) return 0.0;
  std::vector<double> sums[2] = {std::vector<double>(bins), std::vector<double>(bins)};
  double total[2] = {0.0, 0.0};
  for (std::size_t i = 0; i < response.size(); ++i) {
    const double position = (response[i] - *low) / (*high - *low) * static_cast<double>(bins);
    const std::size_t which = is_signal[i] ? 0 : 1;
    sums[which][std::min(static_cast<std::size_t>(position), bins - 1)] += weight[i];
    total[which] += weight[i];
  }
  double result = 0.0;
  for (std::size_t j = 0; j < bins; ++j) {
    const double s = sums[0][j] / total[0];
    const double b = sums[1][j] / total[1];
    if (s + b > 0.0) result += 0.5 * (s - b) * (s - b) / (s + b);
  }
  return result;
}

}  // namespace

LikelihoodPredictor::LikelihoodPredictor(ClassInputs inputs, std::vector<Density> signal,
                                         std::vector<Density> background, bool transform_output)
    : inputs_(std::move(inputs)),
      densities_{std::move(signal), std::move(background)},
      transform_output_(transform_output) {
  if (densities_[0].size() != input_count() || densities_[1].size() != input_count()) {
    throw FormatError("likelihood: " + std::to_string(densities_[0].size()) + " densities of signal and " +
                      std::to_string(densities_[1].size()) + " of background, expected one for each of " +
                      std::to_string(input_count()) + " variables");
  }
}

double LikelihoodPredictor::density(std::size_t variable, int which, double x) const noexcept {
  // Both classes are looked up within the range of signal, which is that of background too in files of TMVA.
  const DensityHistogram& range = densities_[0][variable].histogram();
  if (x >= range.maximum) {
    x = range.maximum - 1e-10;
  } else if (x < range.minimum) {
    x = range.minimum;
  }
  return std::max(densities_[which][variable].value(x), floor_of_likelihood);
}

double LikelihoodPredictor::response(double signal, double background) const noexcept {
  signal = std::max(signal, floor_of_likelihood);
  background = std::max(background, floor_of_likelihood);
  double ratio = signal / (signal + background);
  if (ratio >= 1.0) ratio = just_below_one;
  if (!transform_output_) return ratio;
  if (ratio <= 0.0) ratio = floor_of_likelihood;
  return -maths::log(1.0 / ratio - 1.0) / output_scale;
}

void LikelihoodPredictor::evaluate(const float* variables, double* responses) const noexcept {
  responses[0] = response_without(variables, input_count());
}

double LikelihoodPredictor::response_without(const float* variables, std::size_t dropped) const noexcept {
  float buffer[ClassInputs::maximum_variables];
  double product[2] = {1.0, 1.0};
  for (int which = 0; which < 2; ++which) {
    const float* x = inputs_.transformed(variables, which, buffer);
    for (std::size_t j = 0; j < input_count(); ++j) {
      if (std::isnan(x[j])) return std::numeric_limits<double>::quiet_NaN();
      if (j != dropped) product[which] *= density(j, which, static_cast<double>(x[j]));
    }
  }
  return response(product[0], product[1]);
}

void LikelihoodPredictor::evaluate(const Context& context, View<const float, 2> events,
                                   View<double, 2> responses) const {
  if (inputs_.chain() != nullptr) {
    Predictor::evaluate(context, events, responses);
    return;
  }
  // Variable by variable, so that the tables of one stay in the cache; the same operations as for one event.
  constexpr std::size_t chunk_size = 512;
  const std::size_t n = events.rows();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(n, chunk_size, chunk);
        const std::size_t size = range.end - range.begin;
        double product[2][chunk_size];
        bool missing[chunk_size] = {};
        std::fill_n(product[0], size, 1.0);
        std::fill_n(product[1], size, 1.0);
        for (std::size_t j = 0; j < input_count(); ++j) {
          for (std::size_t i = 0; i < size; ++i) {
            const float x = events(range.begin + i, j);
            if (std::isnan(x)) {
              missing[i] = true;
              continue;
            }
            product[0][i] *= density(j, 0, static_cast<double>(x));
            product[1][i] *= density(j, 1, static_cast<double>(x));
          }
        }
        for (std::size_t i = 0; i < size; ++i) {
          responses(range.begin + i, 0) =
              missing[i] ? std::numeric_limits<double>::quiet_NaN() : response(product[0][i], product[1][i]);
        }
      },
      static_cast<double>(n * input_count()) * 10.0);
}

void LikelihoodPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("transform_output", transform_output_);
  inputs_.write(group.group("inputs"));
  for (const Density& one : densities_[0]) one.write(group.append("signal"));
  for (const Density& one : densities_[1]) one.write(group.append("background"));
}

PredictorPointer LikelihoodPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const auto densities = [&](const char* key) {
    std::vector<Density> result;
    for (const archive::Group* one : group.children(key)) result.push_back(Density::read(*one));
    return result;
  };
  try {
    return std::make_shared<const LikelihoodPredictor>(ClassInputs::read(group.child("inputs")), densities("signal"),
                                                       densities("background"), group.boolean("transform_output"));
  } catch (const InvalidArgument& error) {  // a density that cannot be built
    throw FormatError(error.what());
  }
}

LikelihoodResult fit_likelihood(const Context& context, const LikelihoodParams& params,
                                std::shared_ptr<const TransformationChain> chain, View<const float, 2> events,
                                View<const std::int32_t> class_index, View<const double> weight) {
  const std::size_t d = events.columns();
  const std::size_t n = events.rows();
  if (params.signal.size() != d || params.background.size() != d) {
    throw InvalidArgument("settings of densities are given for " + std::to_string(params.signal.size()) + " and " +
                          std::to_string(params.background.size()) + " variables, there are " + std::to_string(d));
  }
  const auto name_of = [&](std::size_t j) {
    return j < params.variable_names.size() ? "'" + params.variable_names[j] + "'" : "number " + std::to_string(j);
  };
  ClassInputs inputs(d, std::move(chain), params.signal_class, params.signal_class == 0 ? 1 : 0);
  std::size_t counts[2] = {0, 0};
  std::vector<bool> is_signal(n);
  for (std::size_t i = 0; i < n; ++i) {
    is_signal[i] = class_index[i] == params.signal_class;
    ++counts[is_signal[i] ? 0 : 1];
  }
  if (counts[0] == 0 || counts[1] == 0) {
    throw InvalidArgument("the likelihood needs events of signal and of background, got " + std::to_string(counts[0]) +
                          " and " + std::to_string(counts[1]));
  }

  // The range of every variable, with each event transformed as both classes would do.
  std::vector<float> low(d, std::numeric_limits<float>::max());
  std::vector<float> high(d, std::numeric_limits<float>::lowest());
  std::vector<float> row(d);
  std::vector<float> buffer(ClassInputs::maximum_variables);
  for (std::size_t i = 0; i < n; ++i) {
    if (i % 4096 == 0 && context.interrupted()) throw Interrupted();
    for (std::size_t j = 0; j < d; ++j) row[j] = events(i, j);
    for (int which = 0; which < 2; ++which) {
      const float* x = inputs.transformed(row.data(), which, buffer.data());
      for (std::size_t j = 0; j < d; ++j) {
        if (!std::isfinite(x[j])) {
          throw InvalidArgument("variable " + name_of(j) + " of event " + std::to_string(i) + " is " +
                                std::to_string(x[j]) + ", expected a finite number");
        }
        low[j] = std::min(low[j], x[j]);
        high[j] = std::max(high[j], x[j]);
      }
    }
  }

  const std::vector<float> transformed = transformed_as_own_class(context, inputs.chain().get(), events, class_index);
  std::vector<Density> densities[2];
  for (std::size_t j = 0; j < d; ++j) {
    if (context.interrupted()) throw Interrupted();
    const bool integer = j < params.variable_types.size() && params.variable_types[j] == 'I';
    auto minimum = static_cast<double>(low[j]);
    auto maximum = static_cast<double>(high[j]);
    if (integer) {
      minimum = std::round(minimum);
      maximum = std::round(maximum + 1.0);
    }
    // Before anything is cast: the range of float32 values need not fit into an integer.
    if (integer && maximum - minimum > static_cast<double>(Density::maximum_bins)) {
      throw InvalidArgument("variable " + name_of(j) + " of type 'I' reaches from " + std::to_string(minimum) + " to " +
                            std::to_string(maximum) + ", too far for bins of width 1; declare it as 'F'");
    }
    if (!(minimum < maximum)) {
      throw InvalidArgument("variable " + name_of(j) + " is constant (" + std::to_string(minimum) +
                            "), it has no density; leave it out");
    }
    for (int which = 0; which < 2; ++which) {
      const LikelihoodDensity& wanted = which == 0 ? params.signal[j] : params.background[j];
      const std::string what = std::string(which == 0 ? "signal" : "background") + " in variable " + name_of(j);
      const std::size_t bins = integer ? static_cast<std::size_t>(maximum - minimum)
                                       : density_bins(wanted.settings, wanted.bins, wanted.events_per_bin,
                                                      std::min(counts[0], counts[1]), what);
      DensityHistogram histogram{minimum, maximum, std::vector<float>(bins)};
      for (std::size_t i = 0; i < n; ++i) {
        if (is_signal[i] != (which == 0)) continue;
        auto x = static_cast<double>(transformed[i * d + j]);
        if (x >= maximum) {
          x = maximum - 1e-10;
        } else if (x < minimum) {
          x = minimum + 1e-10;
        }
        const auto bin = static_cast<std::size_t>(static_cast<double>(bins) * (x - minimum) / (maximum - minimum));
        histogram.contents[std::min(bin, bins - 1)] += static_cast<float>(weight[i]);
      }
      try {
        densities[which].emplace_back(wanted.settings, std::move(histogram));
      } catch (const Error& error) {
        throw InvalidArgument(what + ": " + error.what());
      }
    }
  }
  LikelihoodResult result;
  result.predictor = std::make_shared<const LikelihoodPredictor>(std::move(inputs), std::move(densities[0]),
                                                                 std::move(densities[1]), params.transform_output);

  // Ranking: what the separation loses without a variable.
  result.ranking.resize(d);
  std::vector<double> separations(d + 1);
  interruptible_for(
      context, d + 1,
      [&](std::size_t dropped) {
        std::vector<float> event(d);
        std::vector<double> response(n);
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < d; ++j) event[j] = events(i, j);
          response[i] = result.predictor->response_without(event.data(), dropped);
        }
        separations[dropped] = separation(response, is_signal, weight);
      },
      static_cast<double>((d + 1) * n * d) * 20.0);
  for (std::size_t j = 0; j < d; ++j) result.ranking[j] = separations[d] - separations[j];
  return result;
}

}  // namespace diskern::statistics
