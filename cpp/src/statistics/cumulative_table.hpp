#pragma once
// The table that TMVA reads the cumulative distribution of a variable from.

#include <algorithm>
#include <cstddef>

#include "statistics/transformation.hpp"

namespace diskern::statistics {

// TMVA's PDF with linear interpolation ("Spline1"): the histogram is tabulated at 10000 equidistant points, which are
// interpolated again. The table is computed where it is read, so a model holds no more than its file.
class CumulativeTable {
 public:
  static constexpr int bins = 10000;
  static constexpr double smallest = 1e-12;

  explicit CumulativeTable(const Cumulative& cumulative) noexcept
      : cumulative_(cumulative),
        minimum_(cumulative.edges.front()),
        maximum_(cumulative.edges.back()),
        width_((maximum_ - minimum_) / bins) {}

  double at(double x) const noexcept {
    if (!(x == x)) return x;
    int bin = bins;
    if (x < minimum_) {
      bin = 1;
    } else if (x < maximum_) {
      bin = std::clamp(1 + static_cast<int>(bins * (x - minimum_) / (maximum_ - minimum_)), 1, bins);
    }
    const int next = (x > centre(bin) && bin != bins) || bin == 1 ? bin + 1 : bin - 1;
    // The bin of the histogram is sought once: that of the point beside is near.
    const std::size_t of_bin = histogram_bin(centre(bin));
    const double here = value(bin, of_bin);
    const double slope = (here - value(next, near(of_bin, centre(next)))) / (centre(bin) - centre(next));
    return std::max(here + (x - centre(bin)) * slope, smallest);
  }

  // The x where the table has the value y; the ends of the range for values outside of the table.
  double inverse(double y) const noexcept {
    if (!(y == y)) return y;
    if (y <= value(1)) return y < value(1) ? extended(1, 2, y, minimum_) : centre(1);
    if (y >= value(bins)) return y > value(bins) ? extended(bins, bins - 1, y, maximum_) : centre(bins);
    int low = 1;
    int high = bins;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (value(middle) <= y ? low : high) = middle;
    }
    const double rise = value(high) - value(low);
    return rise > 0 ? centre(low) + (y - value(low)) / rise * (centre(high) - centre(low)) : centre(low);
  }

 private:
  double centre(int bin) const noexcept { return minimum_ + (bin - 1) * width_ + 0.5 * width_; }

  // Beyond the outermost points along their slope, but not out of the range of the training sample.
  double extended(int bin, int inner, double y, double end) const noexcept {
    const double rise = value(bin) - value(inner);
    if (rise == 0) return end;
    const double x = centre(bin) + (y - value(bin)) / rise * (centre(bin) - centre(inner));
    return std::clamp(x, minimum_, maximum_);
  }

  double value(int bin) const noexcept { return value(bin, histogram_bin(centre(bin))); }

  // histogram_bin: that of the centre.
  double value(int bin, std::size_t bin_of_centre) const noexcept {
    double y = interpolated(centre(bin), bin_of_centre);
    if (y <= smallest) y = static_cast<double>(cumulative_.contents[bin_of_centre]);
    return static_cast<double>(static_cast<float>(std::max(y, smallest)));  // kept in a TH1F
  }

  double histogram_centre(std::size_t bin) const noexcept {
    return cumulative_.edges[bin] + 0.5 * (cumulative_.edges[bin + 1] - cumulative_.edges[bin]);
  }

  std::size_t histogram_bin(double x) const noexcept {
    const auto above = std::upper_bound(cumulative_.edges.begin(), cumulative_.edges.end(), x);
    const auto index = static_cast<std::size_t>(above - cumulative_.edges.begin());
    return std::clamp<std::size_t>(index, 1, cumulative_.contents.size()) - 1;
  }

  // The same as histogram_bin, from a bin near by.
  std::size_t near(std::size_t bin, double x) const noexcept {
    while (bin > 0 && cumulative_.edges[bin] > x) --bin;
    while (bin + 1 < cumulative_.contents.size() && cumulative_.edges[bin + 1] <= x) ++bin;
    return bin;
  }

  // Linear between the bin centres of the histogram; i: the bin of x.
  double interpolated(double x, std::size_t i) const noexcept {
    const std::size_t n = cumulative_.contents.size();
    // Centres increase with the edges: the last centre <= x is that of the bin of x, or of the one before.
    if (i > 0 && histogram_centre(i) > x) --i;
    const std::size_t next = (x > histogram_centre(i) && i + 1 != n) || i == 0 ? i + 1 : i - 1;
    const double distance = histogram_centre(i) - histogram_centre(next);
    const double y = static_cast<double>(cumulative_.contents[i]);
    if (distance == 0) return y;
    return y + (x - histogram_centre(i)) * (y - static_cast<double>(cumulative_.contents[next])) / distance;
  }

  const Cumulative& cumulative_;
  double minimum_;
  double maximum_;
  double width_;
};

}  // namespace diskern::statistics
