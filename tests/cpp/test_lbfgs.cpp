// Quasi-Newton steps: directions against the matrices of the textbook, minima of known functions.
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "network/lbfgs.hpp"

using namespace diskern::network;

namespace {

// Rosenbrock's valley in pairs of coordinates: the minimum is 0 at 1.
double valley(const std::vector<double>& x, std::vector<double>& gradient) {
  double value = 0.0;
  for (std::size_t i = 0; i + 1 < x.size(); i += 2) {
    const double a = 1.0 - x[i];
    const double b = x[i + 1] - x[i] * x[i];
    value += a * a + 100.0 * b * b;
    gradient[i] = -2.0 * a - 400.0 * x[i] * b;
    gradient[i + 1] = 200.0 * b;
  }
  return value;
}

const auto never = [] { return false; };

}  // namespace

TEST(bfgs_directions_are_those_of_its_matrix) {
  // H' = (1 - r s y^T) H (1 - r y s^T) + r s s^T, H at first (y s / y y) 1 of the first step (Nocedal and Wright, 6.17
  // and 6.20).
  const std::size_t n = 6;
  Lbfgs search(valley, Lbfgs::all_steps);
  std::vector<double> start(n);
  for (std::size_t i = 0; i < n; ++i) start[i] = -0.5 + 0.3 * static_cast<double>(i);
  search.begin(start);
  std::vector<double> matrix;
  for (int step = 0; step < 25; ++step) {
    const std::vector<double> x = search.x();
    const std::vector<double> g = search.gradient();
    CHECK(search.step(never));
    std::vector<double> s(n), y(n), hy(n, 0.0);
    double sy = 0.0, yy = 0.0, yhy = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      s[i] = search.x()[i] - x[i];
      y[i] = search.gradient()[i] - g[i];
      sy += s[i] * y[i];
      yy += y[i] * y[i];
    }
    if (!(sy > 1e-10 * yy)) break;  // left out there, too
    if (matrix.empty()) {
      matrix.assign(n * n, 0.0);
      for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] = sy / yy;
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) hy[i] += matrix[i * n + j] * y[j];
      yhy += y[i] * hy[i];
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        matrix[i * n + j] += ((1.0 + yhy / sy) * s[i] * s[j] - hy[i] * s[j] - s[i] * hy[j]) / sy;
      }
    }
    const std::vector<double> direction = search.direction();
    double size = 0.0;
    for (const double one : direction) size = std::max(size, std::abs(one));
    for (std::size_t i = 0; i < n; ++i) {
      double expected = 0.0;
      for (std::size_t j = 0; j < n; ++j) expected -= matrix[i * n + j] * search.gradient()[j];
      CHECK_NEAR(direction[i], expected, 1e-6 * size + 1e-12);
    }
  }
}

TEST(a_valley_is_walked_down) {
  for (const std::size_t memory : {std::size_t{10}, Lbfgs::all_steps}) {
    Lbfgs search(valley, memory);
    search.begin({-1.2, 1.0, -0.5, 2.0});
    int steps = 0;
    while (steps < 200 && search.step(never)) ++steps;
    CHECK(steps < 120);
    CHECK(search.value() < 1e-18);
    for (const double one : search.x()) CHECK_NEAR(one, 1.0, 1e-8);
  }
}
