#pragma once
// TMVA's PDF: the density of one variable from a histogram, smoothed and interpolated by splines or by kernels.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace diskern::archive {
class Group;
}

namespace diskern::statistics {

// The numbers are those of TMVA's weight files.
enum class Interpolation : std::uint8_t { spline0 = 0, spline1 = 1, spline2 = 2, spline3 = 3, spline5 = 4, kernel = 5 };
enum class KernelWidth : std::uint8_t { fixed = 1, adaptive = 2 };
enum class KernelBorder : std::uint8_t { none = 1, renormalise = 2, mirror = 3 };

struct DensitySettings {
  Interpolation interpolation = Interpolation::spline2;
  // Passes of smoothing before the interpolation (not for kernels). Where they differ, bins of a larger relative error
  // are smoothed more often.
  std::int32_t minimum_smoothing = 0;
  std::int32_t maximum_smoothing = 0;
  KernelWidth kernel_width = KernelWidth::fixed;
  KernelBorder kernel_border = KernelBorder::none;
  double fine_factor = 1.0;  // of the width of adaptive kernels
};

struct DensityHistogram {
  double minimum = 0.0;
  double maximum = 1.0;
  std::vector<float> contents;  // of equidistant bins
};

// Immutable. Built the same way from the same histogram and settings, which is what files hold.
class Density {
 public:
  static constexpr std::size_t fine_bins = 10000;
  static constexpr double smallest = 1e-12;  // of the interpolation
  static constexpr std::size_t maximum_bins = 1000000;

  // Throws FormatError for settings and histograms that do not fit, InvalidArgument for a histogram that has no
  // positive sum.
  Density(DensitySettings settings, DensityHistogram histogram);

  const DensitySettings& settings() const noexcept { return settings_; }
  const DensityHistogram& histogram() const noexcept { return histogram_; }
  // The normalised density in bins of equal width, fine_bins of them; those of the histogram for spline0.
  const std::vector<float>& fine() const noexcept { return fine_; }

  // At x, without a floor: linear between the centres of the fine bins and beyond the outer ones; spline0 has steps.
  // x is not compared with the range.
  double value(double x) const noexcept {
    const double position = (x - histogram_.minimum) * inverse_width_ - offset_;
    const double last = last_;
    const double below = position < 0.0 ? 0.0 : (position > last ? last : position);
    const auto bin = static_cast<std::size_t>(below);
    if (offset_ == 0.0) return static_cast<double>(fine_[bin]);
    const double left = static_cast<double>(fine_[bin]);
    return left + (position - static_cast<double>(bin)) * (static_cast<double>(fine_[bin + 1]) - left);
  }
  // The integral from the minimum up to x, between 0 and 1.
  double cumulative(double x) const noexcept;

  void write(archive::Group& group) const;
  static Density read(const archive::Group& group);

 private:
  void fill_splines();
  void fill_kernels();
  void normalise();

  DensitySettings settings_;
  DensityHistogram histogram_;
  std::vector<float> fine_;
  double inverse_width_ = 1.0;
  double offset_ = 0.5;  // of the centre of a bin; 0 for steps
  double last_ = 0.0;    // the largest bin that interpolation may start from
};

// How TMVA chooses the number of bins: fixed, else by the average number of events per bin; five times as many for
// kernels. Throws InvalidArgument when neither is given or there would be no bin.
std::size_t density_bins(const DensitySettings& settings, std::int32_t bins, std::int32_t events_per_bin,
                         std::size_t events, const std::string& name);

}  // namespace diskern::statistics
