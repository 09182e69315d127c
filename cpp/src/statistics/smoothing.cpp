#include "statistics/smoothing.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace diskern::statistics {

namespace {

// The middle of three or five numbers.
double median3(double a, double b, double c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }
double median5(const double* x) {
  double sorted[5];
  std::copy_n(x, 5, sorted);
  std::sort(sorted, sorted + 5);
  return sorted[2];
}

void running_medians(const std::vector<double>& from, std::vector<double>& to, bool of_five) {
  const std::size_t n = from.size();
  to = from;
  if (of_five) {
    for (std::size_t i = 2; i + 2 < n; ++i) to[i] = median5(from.data() + i - 2);
  } else {
    for (std::size_t i = 1; i + 1 < n; ++i) to[i] = median3(from[i - 1], from[i], from[i + 1]);
  }
}

}  // namespace

void smooth(std::vector<double>& contents) {
  const std::size_t n = contents.size();
  if (n < 3) return;
  const std::vector<double> original = contents;
  std::vector<double> y = contents;
  std::vector<double> z(n);
  std::vector<double> first_result(n);
  // The second round smooths the residuals of the first ("twicing").
  for (int round = 0; round < 2; ++round) {
    z = y;
    // Medians of 3, of 5, of 3.
    for (int pass = 0; pass < 3; ++pass) {
      const std::vector<double> before = z;
      running_medians(before, z, pass == 1);
      if (pass == 0) {
        // Tukey's rule for the ends.
        z[0] = median3(z[0], z[1], 3 * z[1] - 2 * z[2]);
        z[n - 1] = median3(z[n - 1], z[n - 2], 3 * z[n - 2] - 2 * z[n - 3]);
      } else if (pass == 1) {
        z[1] = median3(before[0], before[1], before[2]);
        z[n - 2] = median3(before[n - 1], before[n - 2], before[n - 3]);
      }
    }
    // Quadratic interpolation of flat segments.
    const std::vector<double> flat = z;
    for (std::size_t i = 2; i + 2 < n; ++i) {
      if (flat[i - 1] != flat[i] || flat[i] != flat[i + 1]) continue;
      const double left = flat[i - 2] - flat[i];
      const double right = flat[i + 2] - flat[i];
      if (left * right <= 0) continue;
      const int side = std::fabs(right) > std::fabs(left) ? -1 : 1;
      const auto inner = static_cast<std::ptrdiff_t>(i);
      z[i] = -0.5 * flat[static_cast<std::size_t>(inner - 2 * side)] + flat[i] / 0.75 +
             flat[static_cast<std::size_t>(inner + 2 * side)] / 6.0;
      z[static_cast<std::size_t>(inner + side)] =
          0.5 * (flat[static_cast<std::size_t>(inner + 2 * side)] - flat[static_cast<std::size_t>(inner - 2 * side)]) +
          flat[i];
    }
    // Running means with the weights 1/4, 1/2, 1/4.
    const std::vector<double> peaked = z;
    for (std::size_t i = 1; i + 1 < n; ++i) z[i] = 0.25 * peaked[i - 1] + 0.5 * peaked[i] + 0.25 * peaked[i + 1];
    if (round == 0) {
      first_result = z;
      for (std::size_t i = 0; i < n; ++i) y[i] = original[i] - z[i];
    }
  }
  const bool positive = *std::min_element(original.begin(), original.end()) >= 0;
  for (std::size_t i = 0; i < n; ++i) {
    contents[i] = first_result[i] + z[i];
    if (positive) contents[i] = std::max(contents[i], 0.0);
  }
}

}  // namespace diskern::statistics
