#include "statistics/response_densities.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr double most_left_out = 0.01;  // of a class's weights at the largest response

DensityHistogram histogram(const ResponseDensityParams& params, const std::string& name, double minimum,
                           double maximum, View<const double> response, View<const std::int32_t> class_index,
                           std::int32_t signal_class, bool wants_signal, View<const double> weight) {
  const std::size_t bins = density_bins(params.settings, params.bins, params.events_per_bin, response.size(), name);
  std::vector<double> contents(bins, 0.0);
  const double scale = static_cast<double>(bins) / (maximum - minimum);
  double sum = 0.0;
  double at_the_top = 0.0;
  std::size_t events_at_the_top = 0;
  for (std::size_t i = 0; i < response.size(); ++i) {
    if ((class_index[i] == signal_class) != wants_signal) continue;
    const double value = static_cast<double>(static_cast<float>(response[i]));
    if (!(value < maximum)) {
      at_the_top += weight[i];
      ++events_at_the_top;
      continue;
    }
    contents[std::min(static_cast<std::size_t>((value - minimum) * scale), bins - 1)] += weight[i];
    sum += weight[i];
  }
  // TMVA leaves out the event at the largest response. Where responses have few values (nearest neighbours, one tree)
  // these are many, and their density would be taken for none: they count in the last bin.
  if (events_at_the_top > 1 && std::abs(at_the_top) > most_left_out * std::abs(sum + at_the_top)) {
    contents[bins - 1] += at_the_top;
    sum += at_the_top;
  }
  if (!(sum > 0.0)) {
    throw InvalidArgument("the weights of " + name + " in the histogram of the response sum to " + std::to_string(sum) +
                          ", expected a positive sum");
  }
  DensityHistogram result{minimum, maximum, std::vector<float>(bins)};
  for (std::size_t j = 0; j < bins; ++j) result.contents[j] = static_cast<float>(contents[j] * scale / sum);
  return result;
}

}  // namespace

ResponseDensities::ResponseDensities(Density signal, Density background)
    : densities_{std::move(signal), std::move(background)} {
  const std::vector<float>& fine = densities_[1].fine();
  below_.reserve(fine.size() + 1);
  double sum = 0.0;
  below_.push_back(sum);
  for (const float content : fine) {
    // A histogram with negative bins (of events with negative weights) has no part of its events there.
    sum += std::max(0.0, static_cast<double>(content));
    below_.push_back(sum);
  }
  for (double& part : below_) part /= sum;
}

double ResponseDensities::probability(double response, double signal_fraction) const noexcept {
  if (std::isnan(response) || std::isnan(signal_fraction)) return std::numeric_limits<double>::quiet_NaN();
  // An infinite response is beyond the histograms as the largest number is.
  const double largest = std::numeric_limits<float>::max();
  const double at = std::clamp(response, -largest, largest);
  const double s = std::max(densities_[0].value(at), Density::smallest) * signal_fraction;
  const double b = std::max(densities_[1].value(at), Density::smallest) * (1.0 - signal_fraction);
  return s / (s + b);
}

double ResponseDensities::rarity(double response) const noexcept {
  if (std::isnan(response)) return response;
  const DensityHistogram& range = densities_[1].histogram();
  const std::size_t bins = below_.size() - 1;
  const double position = std::clamp((response - range.minimum) / (range.maximum - range.minimum), 0.0, 1.0) *
                          static_cast<double>(bins);
  const std::size_t whole = std::min(static_cast<std::size_t>(position), bins - 1);
  return below_[whole] + (position - static_cast<double>(whole)) * (below_[whole + 1] - below_[whole]);
}

void ResponseDensities::write(archive::Group& group) const {
  group.set("layout", layout_version);
  densities_[0].write(group.group("signal"));
  densities_[1].write(group.group("background"));
}

std::shared_ptr<const ResponseDensities> ResponseDensities::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  return std::make_shared<const ResponseDensities>(Density::read(group.child("signal")),
                                                   Density::read(group.child("background")));
}

std::shared_ptr<const ResponseDensities> fit_response_densities(const ResponseDensityParams& signal,
                                                                const ResponseDensityParams& background,
                                                                View<const double> response,
                                                                View<const std::int32_t> class_index,
                                                                std::int32_t signal_class, View<const double> weight) {
  const std::size_t n = response.size();
  if (class_index.size() != n || weight.size() != n) {
    throw InvalidArgument("response has " + std::to_string(n) + " elements, class_index " +
                          std::to_string(class_index.size()) + " and weight " + std::to_string(weight.size()));
  }
  double minimum = std::numeric_limits<double>::infinity();
  double maximum = -minimum;
  for (std::size_t i = 0; i < n; ++i) {
    const double value = static_cast<double>(static_cast<float>(response[i]));
    if (!std::isfinite(value)) {
      throw InvalidArgument("the response of event " + std::to_string(i) + " is " + std::to_string(value) +
                            ", expected a finite number");
    }
    minimum = std::min(minimum, value);
    maximum = std::max(maximum, value);
  }
  if (!(minimum < maximum)) {
    throw InvalidArgument("the responses of all " + std::to_string(n) + " events are the same: there is no density");
  }
  const auto density = [&](const ResponseDensityParams& params, bool is_signal) {
    return Density(params.settings, histogram(params, is_signal ? "signal" : "background", minimum, maximum, response,
                                              class_index, signal_class, is_signal, weight));
  };
  Density of_signal = density(signal, true);
  return std::make_shared<const ResponseDensities>(std::move(of_signal), density(background, false));
}

}  // namespace diskern::statistics
