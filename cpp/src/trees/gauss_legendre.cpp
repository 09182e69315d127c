#include "trees/gauss_legendre.hpp"

#include "base/maths.hpp"

namespace diskern::trees {

namespace {

struct Legendre {
  double value;
  double derivative;
};

// P_n and its derivative at x inside (-1, 1), by the three-term recurrence.
Legendre legendre(std::size_t n, double x) {
  double previous = 1.0;
  double current = x;
  for (std::size_t k = 2; k <= n; ++k) {
    const auto order = static_cast<double>(k);
    const double next = ((2.0 * order - 1.0) * x * current - (order - 1.0) * previous) / order;
    previous = current;
    current = next;
  }
  return {current, static_cast<double>(n) * (x * current - previous) / (x * x - 1.0)};
}

}  // namespace

GaussLegendre gauss_legendre(std::size_t n) {
  GaussLegendre rule;
  rule.point.assign(n, 0.5);
  rule.weight.assign(n, 1.0);
  // Newton's method from Tricomi's guess finds the roots of P_n in (0, 1); the others are their mirror images.
  for (std::size_t i = 0; i < n / 2; ++i) {
    const double turn = (static_cast<double>(i) + 0.75) / (2.0 * static_cast<double>(n) + 1.0);
    double x = maths::sine_cosine_of_turn(turn).cosine;
    for (int step = 0; step < 8; ++step) {
      const Legendre p = legendre(n, x);
      x -= p.value / p.derivative;
    }
    const double slope = legendre(n, x).derivative;
    const double weight = 1.0 / ((1.0 - x * x) * slope * slope);
    rule.point[i] = 0.5 * (1.0 - x);
    rule.point[n - 1 - i] = 0.5 * (1.0 + x);
    rule.weight[i] = weight;
    rule.weight[n - 1 - i] = weight;
  }
  if (n % 2 == 1 && n > 1) {
    const double slope = legendre(n, 0.0).derivative;
    rule.weight[n / 2] = 1.0 / (slope * slope);
  }
  return rule;
}

}  // namespace diskern::trees
