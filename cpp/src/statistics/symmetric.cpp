#include "statistics/symmetric.hpp"

#include <cmath>
#include <numeric>
#include <utility>

namespace diskern::statistics {

PivotedCholesky cholesky(const std::vector<double>& matrix, std::size_t d, double tolerance) {
  PivotedCholesky result;
  result.order.resize(d);
  std::iota(result.order.begin(), result.order.end(), std::size_t{0});
  result.factor = matrix;
  std::vector<double>& a = result.factor;
  for (std::size_t k = 0; k < d; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < d; ++i) {
      if (a[i * d + i] > a[pivot * d + pivot]) pivot = i;
    }
    if (!(a[pivot * d + pivot] > tolerance)) return result;
    if (pivot != k) {
      for (std::size_t j = 0; j < d; ++j) std::swap(a[k * d + j], a[pivot * d + j]);
      for (std::size_t i = 0; i < d; ++i) std::swap(a[i * d + k], a[i * d + pivot]);
      std::swap(result.order[k], result.order[pivot]);
    }
    const double root = std::sqrt(a[k * d + k]);
    a[k * d + k] = root;
    for (std::size_t i = k + 1; i < d; ++i) a[i * d + k] /= root;
    // The rest is kept symmetric, since pivoting swaps rows and columns of it.
    for (std::size_t i = k + 1; i < d; ++i) {
      for (std::size_t j = k + 1; j <= i; ++j) {
        a[i * d + j] -= a[i * d + k] * a[j * d + k];
        a[j * d + i] = a[i * d + j];
      }
    }
    ++result.rank;
  }
  return result;
}

std::vector<double> PivotedCholesky::solve(const std::vector<double>& right) const {
  const std::size_t d = order.size();
  std::vector<double> y(d);
  for (std::size_t i = 0; i < d; ++i) {
    double sum = right[order[i]];
    for (std::size_t j = 0; j < i; ++j) sum -= factor[i * d + j] * y[j];
    y[i] = sum / factor[i * d + i];
  }
  for (std::size_t i = d; i-- > 0;) {
    double sum = y[i];
    for (std::size_t j = i + 1; j < d; ++j) sum -= factor[j * d + i] * y[j];
    y[i] = sum / factor[i * d + i];
  }
  std::vector<double> x(d);
  for (std::size_t i = 0; i < d; ++i) x[order[i]] = y[i];
  return x;
}

Eigen eigen(std::vector<double> a, std::size_t d) {
  Eigen result;
  std::vector<double>& v = result.vectors;
  v.assign(d * d, 0.0);
  for (std::size_t i = 0; i < d; ++i) v[i * d + i] = 1.0;
  for (int sweep = 0; sweep < 64; ++sweep) {
    double outside = 0.0;
    double diagonal = 0.0;
    for (std::size_t i = 0; i < d; ++i) {
      diagonal += a[i * d + i] * a[i * d + i];
      for (std::size_t j = 0; j < i; ++j) outside += a[i * d + j] * a[i * d + j];
    }
    if (outside <= 1e-30 * diagonal || outside == 0.0) break;
    for (std::size_t p = 0; p < d; ++p) {
      for (std::size_t q = p + 1; q < d; ++q) {
        const double element = a[p * d + q];
        if (element == 0.0) continue;
        const double theta = (a[q * d + q] - a[p * d + p]) / (2.0 * element);
        const double t = (theta >= 0.0 ? 1.0 : -1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1.0));
        const double c = 1.0 / std::sqrt(t * t + 1.0);
        const double s = t * c;
        for (std::size_t i = 0; i < d; ++i) {
          const double ip = a[i * d + p];
          const double iq = a[i * d + q];
          a[i * d + p] = c * ip - s * iq;
          a[i * d + q] = s * ip + c * iq;
        }
        for (std::size_t i = 0; i < d; ++i) {
          const double pi = a[p * d + i];
          const double qi = a[q * d + i];
          a[p * d + i] = c * pi - s * qi;
          a[q * d + i] = s * pi + c * qi;
        }
        for (std::size_t i = 0; i < d; ++i) {
          const double ip = v[i * d + p];
          const double iq = v[i * d + q];
          v[i * d + p] = c * ip - s * iq;
          v[i * d + q] = s * ip + c * iq;
        }
      }
    }
  }
  result.values.resize(d);
  for (std::size_t i = 0; i < d; ++i) result.values[i] = a[i * d + i];
  return result;
}

}  // namespace diskern::statistics
