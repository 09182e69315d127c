#include "statistics/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

// Works in place on v, which starts as the matrix and ends as the eigenvectors (columns).
class Decomposition {
 public:
  Decomposition(std::vector<double>& v, std::size_t size) : v_(v), n_(size), diagonal_(size), off_diagonal_(size) {}

  void tridiagonalize() {
    for (std::size_t j = 0; j < n_; ++j) diagonal_[j] = at(n_ - 1, j);
    for (std::size_t i = n_ - 1; i > 0; --i) {
      double scale = 0;
      double h = 0;
      for (std::size_t k = 0; k < i; ++k) scale += std::fabs(diagonal_[k]);
      if (scale == 0) {
        off_diagonal_[i] = diagonal_[i - 1];
        for (std::size_t j = 0; j < i; ++j) {
          diagonal_[j] = at(i - 1, j);
          at(i, j) = 0;
          at(j, i) = 0;
        }
      } else {
        h = reflect(i, scale);
      }
      diagonal_[i] = h;
    }
    accumulate();
  }

  bool diagonalize() {
    for (std::size_t i = 1; i < n_; ++i) off_diagonal_[i - 1] = off_diagonal_[i];
    off_diagonal_[n_ - 1] = 0;
    double shift = 0;
    double largest = 0;
    for (std::size_t l = 0; l < n_; ++l) {
      largest = std::max(largest, std::fabs(diagonal_[l]) + std::fabs(off_diagonal_[l]));
      std::size_t m = l;
      while (m + 1 < n_ && std::fabs(off_diagonal_[m]) > epsilon * largest) ++m;
      if (m > l) {
        int iterations = 0;
        do {
          if (++iterations > maximum_iterations) return false;
          iterate(l, m, shift);
        } while (std::fabs(off_diagonal_[l]) > epsilon * largest);
      }
      diagonal_[l] += shift;
      off_diagonal_[l] = 0;
    }
    return true;
  }

  const std::vector<double>& values() const { return diagonal_; }

 private:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  static constexpr int maximum_iterations = 100;

  double& at(std::size_t i, std::size_t j) { return v_[i * n_ + j]; }

  // One Householder reflection that clears row i left of the subdiagonal.
  double reflect(std::size_t i, double scale) {
    double h = 0;
    for (std::size_t k = 0; k < i; ++k) {
      diagonal_[k] /= scale;
      h += diagonal_[k] * diagonal_[k];
    }
    const double f = diagonal_[i - 1];
    const double g = f > 0 ? -std::sqrt(h) : std::sqrt(h);
    off_diagonal_[i] = scale * g;
    h -= f * g;
    diagonal_[i - 1] = f - g;
    for (std::size_t j = 0; j < i; ++j) off_diagonal_[j] = 0;
    for (std::size_t j = 0; j < i; ++j) {
      const double d = diagonal_[j];
      at(j, i) = d;
      double sum = off_diagonal_[j] + at(j, j) * d;
      for (std::size_t k = j + 1; k < i; ++k) {
        sum += at(k, j) * diagonal_[k];
        off_diagonal_[k] += at(k, j) * d;
      }
      off_diagonal_[j] = sum;
    }
    double product = 0;
    for (std::size_t j = 0; j < i; ++j) {
      off_diagonal_[j] /= h;
      product += off_diagonal_[j] * diagonal_[j];
    }
    const double half = product / (h + h);
    for (std::size_t j = 0; j < i; ++j) off_diagonal_[j] -= half * diagonal_[j];
    for (std::size_t j = 0; j < i; ++j) {
      const double d = diagonal_[j];
      const double e = off_diagonal_[j];
      for (std::size_t k = j; k < i; ++k) at(k, j) -= d * off_diagonal_[k] + e * diagonal_[k];
      diagonal_[j] = at(i - 1, j);
      at(i, j) = 0;
    }
    return h;
  }

  // The product of the reflections.
  void accumulate() {
    for (std::size_t i = 0; i + 1 < n_; ++i) {
      at(n_ - 1, i) = at(i, i);
      at(i, i) = 1;
      const double h = diagonal_[i + 1];
      if (h != 0) {
        for (std::size_t k = 0; k <= i; ++k) diagonal_[k] = at(k, i + 1) / h;
        for (std::size_t j = 0; j <= i; ++j) {
          double sum = 0;
          for (std::size_t k = 0; k <= i; ++k) sum += at(k, i + 1) * at(k, j);
          for (std::size_t k = 0; k <= i; ++k) at(k, j) -= sum * diagonal_[k];
        }
      }
      for (std::size_t k = 0; k <= i; ++k) at(k, i + 1) = 0;
    }
    for (std::size_t j = 0; j < n_; ++j) {
      diagonal_[j] = at(n_ - 1, j);
      at(n_ - 1, j) = 0;
    }
    at(n_ - 1, n_ - 1) = 1;
    off_diagonal_[0] = 0;
  }

  // One implicit QL step on the block [l, m].
  void iterate(std::size_t l, std::size_t m, double& shift) {
    const double first = diagonal_[l];
    double p = (diagonal_[l + 1] - first) / (2 * off_diagonal_[l]);
    double r = std::hypot(p, 1.0);
    if (p < 0) r = -r;
    diagonal_[l] = off_diagonal_[l] / (p + r);
    diagonal_[l + 1] = off_diagonal_[l] * (p + r);
    const double next = diagonal_[l + 1];
    const double h = first - diagonal_[l];
    for (std::size_t i = l + 2; i < n_; ++i) diagonal_[i] -= h;
    shift += h;

    p = diagonal_[m];
    double c = 1;
    double c2 = 1;
    double c3 = 1;
    double s = 0;
    double s2 = 0;
    const double off_next = off_diagonal_[l + 1];
    for (std::size_t i = m; i-- > l;) {
      c3 = c2;
      c2 = c;
      s2 = s;
      const double g = c * off_diagonal_[i];
      const double q = c * p;
      r = std::hypot(p, off_diagonal_[i]);
      off_diagonal_[i + 1] = s * r;
      s = off_diagonal_[i] / r;
      c = p / r;
      p = c * diagonal_[i] - s * g;
      diagonal_[i + 1] = q + s * (c * g + s * diagonal_[i]);
      for (std::size_t k = 0; k < n_; ++k) {
        const double right = at(k, i + 1);
        at(k, i + 1) = s * at(k, i) + c * right;
        at(k, i) = c * at(k, i) - s * right;
      }
    }
    p = -s * s2 * c3 * off_next * off_diagonal_[l] / next;
    off_diagonal_[l] = s * p;
    diagonal_[l] = c * p;
  }

  std::vector<double>& v_;
  std::size_t n_;
  std::vector<double> diagonal_;
  std::vector<double> off_diagonal_;
};

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, std::size_t size) {
  SymmetricEigen result;
  if (size == 0) return result;
  for (const double element : matrix) {
    if (!std::isfinite(element)) throw InvalidArgument("the eigenvalues of a matrix that is not finite do not exist");
  }
  Decomposition decomposition(matrix, size);
  decomposition.tridiagonalize();
  if (!decomposition.diagonalize())
    throw InvalidArgument("the eigenvalues of a covariance matrix do not converge; is it finite?");
  const std::vector<double>& values = decomposition.values();
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  result.values.resize(size);
  result.vectors.resize(size * size);
  for (std::size_t j = 0; j < size; ++j) {
    result.values[j] = values[order[j]];
    for (std::size_t i = 0; i < size; ++i) result.vectors[i * size + j] = matrix[i * size + order[j]];
  }
  return result;
}

}  // namespace diskern::statistics
