#include "statistics/spline.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace diskern::statistics {

namespace {

// Linear equations whose matrix has `below` diagonals under and `above` diagonals over the main one; Gauss with row
// exchanges.
class BandedSystem {
 public:
  BandedSystem(std::size_t n, std::size_t below, std::size_t above)
      : n_(n), below_(below), width_(2 * below + above + 1), rows_(n * width_), right_(n) {}

  double& at(std::size_t row, std::size_t column) { return rows_[row * width_ + column + below_ - row]; }
  double& right(std::size_t row) { return right_[row]; }

  std::vector<double> solve() {
    for (std::size_t k = 0; k < n_; ++k) {
      const std::size_t last = std::min(n_ - 1, k + below_);
      std::size_t pivot = k;
      for (std::size_t i = k + 1; i <= last; ++i) {
        if (std::abs(at(i, k)) > std::abs(at(pivot, k))) pivot = i;
      }
      const std::size_t end = std::min(n_, k + width_ - below_);
      if (pivot != k) {
        for (std::size_t j = k; j < end; ++j) std::swap(at(k, j), at(pivot, j));
        std::swap(right_[k], right_[pivot]);
      }
      for (std::size_t i = k + 1; i <= last; ++i) {
        const double factor = at(i, k) / at(k, k);
        if (factor == 0.0) continue;
        for (std::size_t j = k; j < end; ++j) at(i, j) -= factor * at(k, j);
        right_[i] -= factor * right_[k];
      }
    }
    std::vector<double> x(n_);
    for (std::size_t k = n_; k-- > 0;) {
      double sum = right_[k];
      for (std::size_t j = k + 1; j < std::min(n_, k + width_ - below_); ++j) sum -= at(k, j) * x[j];
      x[k] = sum / at(k, k);
    }
    return x;
  }

 private:
  std::size_t n_;
  std::size_t below_;
  std::size_t width_;  // of a row: exchanges widen the band above by `below`
  std::vector<double> rows_;
  std::vector<double> right_;
};

// Coefficients of t^3, t^4, t^5 of the quintic between two points at distance 1, from the difference of the values and
// first and second derivatives at both.
struct Quintic {
  double third, fourth, fifth;
};
Quintic quintic(double difference, double slope0, double curve0, double slope1, double curve1) {
  return {0.5 * (20 * difference - 8 * slope1 - 12 * slope0 - (3 * curve0 - curve1)),
          0.5 * (-30 * difference + 14 * slope1 + 16 * slope0 + (3 * curve0 - 2 * curve1)),
          0.5 * (12 * difference - 6 * (slope1 + slope0) - (curve0 - curve1))};
}

// Third and fourth derivative at distance t from the left point.
double third_derivative(const Quintic& q, double t) { return 6 * q.third + 24 * q.fourth * t + 60 * q.fifth * t * t; }
double fourth_derivative(const Quintic& q, double t) { return 24 * q.fourth + 120 * q.fifth * t; }

}  // namespace

PiecewisePolynomial::PiecewisePolynomial(std::size_t degree, std::vector<double> coefficients)
    : degree_(degree), coefficients_(std::move(coefficients)) {}

double PiecewisePolynomial::operator()(double position) const noexcept {
  const std::size_t pieces = coefficients_.size() / (degree_ + 1);
  const double last = static_cast<double>(pieces - 1);
  const auto piece = static_cast<std::size_t>(std::clamp(std::floor(position), 0.0, last));
  const double t = position - static_cast<double>(piece);
  const double* c = coefficients_.data() + piece * (degree_ + 1);
  double value = c[degree_];
  for (std::size_t k = degree_; k-- > 0;) value = value * t + c[k];
  return value;
}

PiecewisePolynomial cubic_spline(const std::vector<double>& y) {
  const std::size_t n = y.size();
  if (n == 1) return {1, {y[0], 0.0}};
  if (n == 2) return {1, {y[0], y[1] - y[0]}};
  if (n == 3) return {2, {y[0], -1.5 * y[0] + 2 * y[1] - 0.5 * y[2], 0.5 * y[0] - y[1] + 0.5 * y[2]}};
  BandedSystem system(n, 2, 2);  // of the slopes
  system.at(0, 0) = 1;
  system.at(0, 1) = 2;
  system.right(0) = (5 * (y[1] - y[0]) + (y[2] - y[1])) / 2;
  for (std::size_t i = 1; i + 1 < n; ++i) {
    system.at(i, i - 1) = 1;
    system.at(i, i) = 4;
    system.at(i, i + 1) = 1;
    system.right(i) = 3 * (y[i + 1] - y[i - 1]);
  }
  system.at(n - 1, n - 1) = 1;
  system.at(n - 1, n - 2) = 2;
  system.right(n - 1) = (5 * (y[n - 1] - y[n - 2]) + (y[n - 2] - y[n - 3])) / 2;
  const std::vector<double> slope = system.solve();
  std::vector<double> coefficients;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double difference = y[i + 1] - y[i];
    coefficients.insert(coefficients.end(), {y[i], slope[i], 3 * difference - 2 * slope[i] - slope[i + 1],
                                             slope[i] + slope[i + 1] - 2 * difference});
  }
  return {3, std::move(coefficients)};
}

PiecewisePolynomial quintic_spline(const std::vector<double>& y) {
  const std::size_t n = y.size();
  if (n == 1) return {1, {y[0], 0.0}};
  if (n == 2) return {1, {y[0], y[1] - y[0]}};
  BandedSystem system(2 * n, 3, 3);  // of slope and curvature at each point
  // Adds a derivative of piece i at its left (t 0) or right end (t 1) to an equation.
  const auto add = [&](std::size_t row, std::size_t piece, double t, double sign, auto derivative) {
    const double unit[4][4] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    for (std::size_t k = 0; k < 4; ++k) {
      const Quintic q = quintic(0, unit[k][0], unit[k][1], unit[k][2], unit[k][3]);
      system.at(row, 2 * piece + k) += sign * derivative(q, t);
    }
    system.right(row) -= sign * derivative(quintic(y[piece + 1] - y[piece], 0, 0, 0, 0), t);
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0) {
      add(2 * i, i - 1, 1, 1, third_derivative);
      add(2 * i + 1, i - 1, 1, 1, fourth_derivative);
    }
    if (i + 1 < n) {
      add(2 * i, i, 0, -1, third_derivative);
      add(2 * i + 1, i, 0, -1, fourth_derivative);
    }
  }
  const std::vector<double> unknown = system.solve();
  std::vector<double> coefficients;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double* u = unknown.data() + 2 * i;
    const Quintic q = quintic(y[i + 1] - y[i], u[0], u[1], u[2], u[3]);
    coefficients.insert(coefficients.end(), {y[i], u[0], 0.5 * u[1], q.third, q.fourth, q.fifth});
  }
  return {5, std::move(coefficients)};
}

}  // namespace diskern::statistics
