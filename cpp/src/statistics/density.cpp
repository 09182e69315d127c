#include "statistics/density.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numeric>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"
#include "statistics/smoothing.hpp"
#include "statistics/spline.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::int32_t maximum_smoothing = 10000;

void check(const DensitySettings& settings, const DensityHistogram& histogram) {
  if (histogram.contents.empty() || histogram.contents.size() > Density::maximum_bins) {
    throw FormatError("density: the histogram has " + std::to_string(histogram.contents.size()) +
                      " bins, expected 1 to " + std::to_string(Density::maximum_bins));
  }
  if (!std::isfinite(histogram.minimum) || !std::isfinite(histogram.maximum) ||
      !(histogram.minimum < histogram.maximum)) {
    throw FormatError("density: the range of the histogram is " + std::to_string(histogram.minimum) + " to " +
                      std::to_string(histogram.maximum));
  }
  double sum = 0.0;
  for (const float content : histogram.contents) {
    if (!std::isfinite(content)) throw FormatError("density: a content of the histogram is not finite");
    sum += static_cast<double>(content);
  }
  if (!(sum > 0.0)) {
    throw InvalidArgument("density: the contents of the histogram sum to " + std::to_string(sum) +
                          ", expected a positive number");
  }
  if (settings.minimum_smoothing < 0 || settings.maximum_smoothing < settings.minimum_smoothing ||
      settings.maximum_smoothing > maximum_smoothing) {
    throw FormatError("density: smoothing from " + std::to_string(settings.minimum_smoothing) + " to " +
                      std::to_string(settings.maximum_smoothing) + " passes, expected 0 <= minimum <= maximum <= " +
                      std::to_string(maximum_smoothing));
  }
  if (settings.interpolation == Interpolation::kernel && settings.kernel_width == KernelWidth::adaptive &&
      !(settings.fine_factor > 0.0 && std::isfinite(settings.fine_factor))) {
    throw InvalidArgument("density: the fine factor of adaptive kernels is " + std::to_string(settings.fine_factor) +
                          ", expected a positive number");
  }
}

double bin_width(const DensityHistogram& histogram, std::size_t bins) {
  return (histogram.maximum - histogram.minimum) / static_cast<double>(bins);
}

// As ROOT counts: the lower edge of bin j, counted from 0.
double edge(const DensityHistogram& histogram, std::size_t bins, std::size_t j) {
  return histogram.minimum + static_cast<double>(j) * bin_width(histogram, bins);
}
double centre(const DensityHistogram& histogram, std::size_t bins, std::size_t j) {
  return histogram.minimum + (static_cast<double>(j) + 0.5) * bin_width(histogram, bins);
}

void smooth_range(std::vector<float>& contents, std::size_t begin, std::size_t end, int passes) {
  std::vector<double> part(contents.begin() + static_cast<std::ptrdiff_t>(begin),
                           contents.begin() + static_cast<std::ptrdiff_t>(end));
  for (int pass = 0; pass < passes; ++pass) smooth(part);
  for (std::size_t i = 0; i < part.size(); ++i) contents[begin + i] = static_cast<float>(part[i]);
}

// TMVA's PDF::SmoothHistogram. The error of a bin is the root of its content.
void smooth_histogram(std::vector<float>& contents, const DensitySettings& settings) {
  const std::size_t n = contents.size();
  if (n == 1 || settings.maximum_smoothing <= 0) return;
  const int least = settings.minimum_smoothing;
  const int most = settings.maximum_smoothing;
  if (least == most) {
    smooth_range(contents, 0, n, least);
    return;
  }
  const auto relative_error = [&](std::size_t i) {
    const float error = std::sqrt(std::abs(contents[i]));
    return contents[i] <= error ? -1.0F : error / contents[i];
  };
  float mean = 0;
  float square = 0;
  int counted = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float error = relative_error(i);
    if (error < 0) continue;
    mean += error;
    square += error * error;
    ++counted;
  }
  float low = 0;
  float high = 0;
  if (counted > 0) {
    mean /= static_cast<float>(counted);
    const float spread = std::sqrt(std::max(0.0F, square / static_cast<float>(counted) - mean * mean));
    low = mean - spread;
    high = mean + spread;
  }
  std::vector<int> passes(n, most);
  for (std::size_t i = 0; i < n; ++i) {
    const float error = relative_error(i);
    if (error >= 0 && high > low) {
      passes[i] = static_cast<int>((error - low) / (high - low) * static_cast<float>(most - least)) + least;
    }
    passes[i] = std::clamp(passes[i], least, most);
  }
  // Regions that want many passes first; the last passes go over the whole histogram.
  for (int pass = most; pass >= 0; --pass) {
    if (pass <= least) {
      smooth_range(contents, 0, n, 1);
      continue;
    }
    for (std::size_t begin = 0; begin < n;) {
      if (passes[begin] < pass) {
        ++begin;
        continue;
      }
      std::size_t end = begin;
      while (end < n && passes[end] >= pass) ++end;
      if (end - begin > 1 && end < n) smooth_range(contents, begin, end, 1);
      begin = end;
    }
  }
}

// TMVA's TSpline1: linear between the points, the outer lines go on.
double linear_at(const std::vector<double>& x, const std::vector<double>& y, double at) {
  const std::size_t n = x.size();
  if (n == 1) return y[0];
  const auto above = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), at) - x.begin());
  const std::size_t i = std::min(above == 0 ? 0 : above - 1, n - 2);
  return y[i] + (at - x[i]) * (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
}

// The parabola through three points; float32 as in TMVA.
double parabola(float x, float x1, float x2, float x3, float y1, float y2, float y3) {
  const float a = y1 * (x2 - x3) + y2 * (x3 - x1) + y3 * (x1 - x2);
  const float b = y1 * (x2 * x2 - x3 * x3) + y2 * (x3 * x3 - x1 * x1) + y3 * (x1 * x1 - x2 * x2);
  const float c = y1 * (x2 - x3) * x2 * x3 + y2 * (x3 - x1) * x3 * x1 + y3 * (x1 - x2) * x1 * x2;
  const float denominator = (x2 - x3) * (x3 - x1) * (x1 - x2);
  return denominator != 0.0F ? static_cast<double>((-a * x * x + b * x - c) / denominator) : 0.0;
}

// TMVA's TSpline2: the mean of the two parabolas that reach over the interval, at the ends the only one.
double parabolas_at(const std::vector<double>& x, const std::vector<double>& y, double at) {
  const std::size_t n = x.size();
  if (n < 3) return linear_at(x, y, at);
  const auto through = [&](std::size_t i) {
    return parabola(static_cast<float>(at), static_cast<float>(x[i]), static_cast<float>(x[i + 1]),
                    static_cast<float>(x[i + 2]), static_cast<float>(y[i]), static_cast<float>(y[i + 1]),
                    static_cast<float>(y[i + 2]));
  };
  const auto above = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), at) - x.begin());
  const std::size_t i = above == 0 ? 0 : above - 1;
  if (i == 0) return through(0);
  if (i >= n - 2) return through(n - 3);
  return (through(i - 1) + through(i)) * 0.5;
}

// Adds a normal distribution of unit integral times `height` to bins of equal width; float32 as in TMVA. Beyond six
// widths of TMVA's sigma (which has the root of 2 in it) the error function is 1 to the last digit.
class KernelSum {
 public:
  KernelSum(const DensityHistogram& histogram, std::size_t bins)
      : histogram_(&histogram), edges_(bins + 1), contents(bins, 0.0F) {
    for (std::size_t j = 0; j <= bins; ++j) edges_[j] = static_cast<float>(edge(histogram, bins, j));
  }

  // Bins from 0 to end - 1.
  void add(float height, double mean_value, double sigma, std::size_t end) {
    if (!(sigma > 0.0) || !std::isfinite(sigma) || height == 0.0F) return;
    const double mean = static_cast<double>(static_cast<float>(mean_value));
    const double bins = static_cast<double>(contents.size());
    const double scale = bins / (histogram_->maximum - histogram_->minimum);
    const auto clipped = [&](double position) {
      return static_cast<std::size_t>(std::clamp(position, 0.0, static_cast<double>(end)));
    };
    const std::size_t first = clipped(std::floor((mean - 7.0 * sigma - histogram_->minimum) * scale) - 1.0);
    const std::size_t last = clipped(std::ceil((mean + 7.0 * sigma - histogram_->minimum) * scale) + 1.0);
    if (first >= last) return;
    const auto error_function = [&](std::size_t j) {
      return std::erf(static_cast<double>(static_cast<float>((static_cast<double>(edges_[j]) - mean) / sigma)));
    };
    double below = error_function(first);
    for (std::size_t j = first; j < last; ++j) {
      const double above = error_function(j + 1);
      contents[j] += height * static_cast<float>(0.5 * (above - below));
      below = above;
    }
  }
  // The part of a kernel within the range.
  double inside(double mean, double sigma) const {
    return 0.5 * (std::erf((histogram_->maximum - mean) / sigma) - std::erf((histogram_->minimum - mean) / sigma));
  }

 private:
  const DensityHistogram* histogram_;
  std::vector<float> edges_;

 public:
  std::vector<float> contents;
};

}  // namespace

Density::Density(DensitySettings settings, DensityHistogram histogram)
    : settings_(settings), histogram_(std::move(histogram)) {
  check(settings_, histogram_);
  if (settings_.interpolation == Interpolation::kernel) {
    fill_kernels();
  } else {
    fill_splines();
  }
  normalise();
}

void Density::fill_splines() {
  const std::size_t bins = histogram_.contents.size();
  std::vector<float> contents = histogram_.contents;
  smooth_histogram(contents, settings_);
  if (settings_.interpolation == Interpolation::spline0 || bins == 1) {
    fine_ = std::move(contents);
    offset_ = 0.0;
    return;
  }
  std::vector<double> x(bins);
  for (std::size_t j = 0; j < bins; ++j) x[j] = centre(histogram_, bins, j);
  const std::vector<double> y(contents.begin(), contents.end());
  const double scale = 1.0 / bin_width(histogram_, bins);
  std::function<double(double)> spline;
  switch (settings_.interpolation) {
    case Interpolation::spline1:
      spline = [&](double at) { return linear_at(x, y, at); };
      break;
    case Interpolation::spline3:
      spline = [cubic = cubic_spline(y), &x, scale](double at) { return cubic((at - x[0]) * scale); };
      break;
    case Interpolation::spline5:
      spline = [quintic = quintic_spline(y), &x, scale](double at) { return quintic((at - x[0]) * scale); };
      break;
    default:
      spline = [&](double at) { return parabolas_at(x, y, at); };
      break;
  }
  fine_.resize(fine_bins);
  for (std::size_t j = 0; j < fine_bins; ++j) {
    const double at = centre(histogram_, fine_bins, j);
    double value = spline(at);
    // Where a spline swings below zero the histogram is taken.
    if (value <= smallest) {
      const double position = static_cast<double>(bins) * (at - histogram_.minimum) /
                              (histogram_.maximum - histogram_.minimum);
      value = y[std::min(static_cast<std::size_t>(position), bins - 1)];
    }
    fine_[j] = static_cast<float>(std::max(value, smallest));
  }
}

void Density::fill_kernels() {
  const std::size_t bins = histogram_.contents.size();
  double sum = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < bins; ++i) {
    const auto content = static_cast<double>(histogram_.contents[i]);
    const double x = centre(histogram_, bins, i);
    sum += content;
    first += content * x;
    second += content * x * x;
  }
  const double mean = first / sum;
  const double spread = std::sqrt(std::abs(second / sum - mean * mean));
  // Scott's rule for a normal kernel, times the root of 2 that the error function wants.
  const double sigma = static_cast<double>(
      static_cast<float>(std::sqrt(2.0) * std::pow(4.0 / 3.0, 0.2) * spread * std::pow(sum, -0.2)));
  if (!(sigma > 0.0)) {
    throw InvalidArgument("density: the histogram has no spread, kernels would have no width");
  }

  // Without a treatment of the borders TMVA leaves the last bin out, of what is read and of what is filled; kept, so
  // that its weight files give its responses. With one all bins take part (TMVA's own treatment does not work).
  const bool all = settings_.kernel_border != KernelBorder::none;
  const std::size_t used = bins - (all || bins == 1 ? 0 : 1);
  const auto fill = [&](KernelSum& target, const std::function<double(std::size_t)>& width) {
    const std::size_t end = target.contents.size() - (all || target.contents.size() == 1 ? 0 : 1);
    for (std::size_t i = 0; i < used; ++i) {
      const float content = histogram_.contents[i];
      const double at = centre(histogram_, bins, i);
      const double own = width(i);
      if (settings_.kernel_border == KernelBorder::renormalise) {
        const double inside = own > 0.0 && std::isfinite(own) ? target.inside(at, own) : 0.0;
        if (inside > 0.0) target.add(static_cast<float>(static_cast<double>(content) / inside), at, own, end);
        continue;
      }
      target.add(content, at, own, end);
      if (settings_.kernel_border == KernelBorder::mirror) {
        target.add(content, 2.0 * histogram_.minimum - at, own, end);
        target.add(content, 2.0 * histogram_.maximum - at, own, end);
      }
    }
  };

  std::vector<double> widths(bins, sigma);
  if (settings_.kernel_width == KernelWidth::adaptive) {
    KernelSum pilot(histogram_, bins);
    fill(pilot, [&](std::size_t) { return sigma; });
    float integral = 0;
    const float width = static_cast<float>(bin_width(histogram_, bins));
    for (std::size_t j = 0; j < used; ++j) integral += pilot.contents[j] * width;
    for (std::size_t j = 0; j < bins; ++j) {
      const auto density = static_cast<double>(static_cast<float>(static_cast<double>(pilot.contents[j]) /
                                                                  static_cast<double>(integral)));
      widths[j] = density > 0.0 && j < used
                      ? static_cast<double>(static_cast<float>(settings_.fine_factor * sigma / std::sqrt(density)))
                      : 0.0;
    }
  }
  KernelSum result(histogram_, fine_bins);
  fill(result, [&](std::size_t i) { return widths[i]; });
  fine_ = std::move(result.contents);
}

void Density::normalise() {
  const double width = bin_width(histogram_, fine_.size());
  double integral = 0.0;
  for (const float content : fine_) integral += static_cast<double>(content);
  if (offset_ != 0.0) integral *= width;
  char range[80];
  std::snprintf(range, sizeof range, "%g to %g", histogram_.minimum, histogram_.maximum);
  if (!(integral > 0.0) && !std::isnan(integral)) {
    throw InvalidArgument("density: the integral over the range of the histogram, " + std::string(range) + ", is " +
                          std::to_string(integral) + ", expected a positive number");
  }
  const double factor = 1.0 / integral;
  double sum = 0.0;
  double absolute_sum = 0.0;
  for (float& content : fine_) {
    content = static_cast<float>(factor * static_cast<double>(content));
    sum += static_cast<double>(content);
    absolute_sum += std::abs(static_cast<double>(content));
  }
  inverse_width_ = static_cast<double>(fine_.size()) / (histogram_.maximum - histogram_.minimum);
  // float32 holds no density that is spread over 1e75 or squeezed into 1e-75, nor the squares of such coordinates.
  const double unit = offset_ != 0.0 ? inverse_width_ : 1.0;
  if (!std::isfinite(inverse_width_) || !(inverse_width_ > 0.0) || !std::isfinite(absolute_sum) || !(absolute_sum > 0.0) ||
      !(std::abs(sum / unit - 1.0) <= 1e-3 * (absolute_sum / unit))) {
    throw InvalidArgument(std::string("density: float32 cannot hold the density over the range of the histogram, ") +
                          range + "; expected a range of the order of one (scale the variable)");
  }
  last_ = static_cast<double>(offset_ == 0.0 ? fine_.size() - 1 : fine_.size() - 2);
}

double Density::cumulative(double x) const noexcept {
  const double position = std::clamp((x - histogram_.minimum) * inverse_width_, 0.0, static_cast<double>(fine_.size()));
  const auto whole = static_cast<std::size_t>(position);
  double below = 0.0;
  double sum = 0.0;
  for (std::size_t j = 0; j < fine_.size(); ++j) {
    const auto content = static_cast<double>(fine_[j]);
    sum += content;
    if (j < whole) below += content;
    if (j == whole) below += (position - static_cast<double>(whole)) * content;
  }
  return below / sum;
}

void Density::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("interpolation", static_cast<std::int64_t>(settings_.interpolation));
  group.set("minimum_smoothing", std::int64_t{settings_.minimum_smoothing});
  group.set("maximum_smoothing", std::int64_t{settings_.maximum_smoothing});
  group.set("kernel_width", static_cast<std::int64_t>(settings_.kernel_width));
  group.set("kernel_border", static_cast<std::int64_t>(settings_.kernel_border));
  group.set("fine_factor", settings_.fine_factor);
  group.set("minimum", histogram_.minimum);
  group.set("maximum", histogram_.maximum);
  group.set("contents", histogram_.contents);
}

Density Density::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  DensitySettings settings;
  settings.interpolation = static_cast<Interpolation>(group.integer("interpolation", 0, 5));
  settings.minimum_smoothing = static_cast<std::int32_t>(group.integer("minimum_smoothing", 0, maximum_smoothing));
  settings.maximum_smoothing = static_cast<std::int32_t>(group.integer("maximum_smoothing", 0, maximum_smoothing));
  settings.kernel_width = static_cast<KernelWidth>(group.integer("kernel_width", 1, 2));
  settings.kernel_border = static_cast<KernelBorder>(group.integer("kernel_border", 1, 3));
  settings.fine_factor = group.finite_real("fine_factor");
  return {settings, {group.finite_real("minimum"), group.finite_real("maximum"), group.floats("contents")}};
}

std::size_t density_bins(const DensitySettings& settings, std::int32_t bins, std::int32_t events_per_bin,
                         std::size_t events, const std::string& name) {
  const std::size_t factor = settings.interpolation == Interpolation::kernel ? 5 : 1;
  std::size_t result = 0;
  if (bins > 0) {
    result = static_cast<std::size_t>(bins) * factor;
  } else if (events_per_bin > 0) {
    result = events / static_cast<std::size_t>(events_per_bin) * factor;
  } else {
    throw InvalidArgument("the density of " + name + " has neither a number of bins nor one of events per bin");
  }
  if (result < 1 || result > Density::maximum_bins) {
    throw InvalidArgument("the density of " + name + " would have " + std::to_string(result) + " bins from " +
                          std::to_string(events) + " events, expected 1 to " + std::to_string(Density::maximum_bins) +
                          "; set Nbins or NAvEvtPerBin");
  }
  return result;
}

}  // namespace diskern::statistics
