#include "statistics/singular_values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

// Four sums, so that additions need not wait for each other; the same on every machine.
double dot(const double* a, const double* b, std::size_t n) {
  double sums[4] = {0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (; i < n; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// columns: count vectors of length n, one after the other.
using Columns = std::vector<double>;

Columns transposed(const std::vector<double>& matrix, std::size_t rows, std::size_t columns) {
  Columns result(rows * columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) result[j * rows + i] = matrix[i * columns + j];
  }
  return result;
}

// The triangle R of QR, as columns of length `count`.
Columns triangle(const Context& context, Columns a, std::size_t n, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) {
    if (context.interrupted()) throw Interrupted();
    double* pivot = a.data() + k * n;
    double scale = 0;
    for (std::size_t i = k; i < n; ++i) scale = std::max(scale, std::abs(pivot[i]));
    if (scale == 0) continue;
    for (std::size_t i = k; i < n; ++i) pivot[i] /= scale;
    const double norm = std::sqrt(dot(pivot + k, pivot + k, n - k));
    const double head = pivot[k] > 0 ? -norm : norm;
    // v = x - head e; R's element is head.
    pivot[k] -= head;
    const double square = dot(pivot + k, pivot + k, n - k);
    if (square > 0) {
      for (std::size_t j = k + 1; j < count; ++j) {
        double* column = a.data() + j * n;
        const double factor = 2 * dot(pivot + k, column + k, n - k) / square;
        for (std::size_t i = k; i < n; ++i) column[i] -= factor * pivot[i];
      }
    }
    pivot[k] = head * scale;
    std::fill(pivot + k + 1, pivot + n, 0.0);
  }
  Columns r(count * count);
  for (std::size_t j = 0; j < count; ++j) std::copy_n(a.data() + j * n, count, r.data() + j * count);
  return r;
}

void rotate(double* a, double* b, std::size_t n, double cosine, double sine) {
  for (std::size_t i = 0; i < n; ++i) {
    const double x = a[i];
    const double y = b[i];
    a[i] = cosine * x - sine * y;
    b[i] = sine * x + cosine * y;
  }
}

// Makes all columns orthogonal; the same rotations go to v (count x count columns) where it is not empty.
void orthogonalize(const Context& context, Columns& a, std::size_t n, std::size_t count, Columns& v) {
  constexpr int most_sweeps = 60;
  const double negligible = std::numeric_limits<double>::epsilon() * std::sqrt(static_cast<double>(n));
  double largest = 0;
  for (std::size_t k = 0; k < count; ++k) largest = std::max(largest, dot(a.data() + k * n, a.data() + k * n, n));
  // Columns that are rounding of the others cannot become more orthogonal than that.
  const double rounding = std::numeric_limits<double>::epsilon() * std::numeric_limits<double>::epsilon() * largest;
  bool rotated = count > 1;
  for (int sweep = 0; rotated; ++sweep) {
    if (sweep == most_sweeps) {
      throw InvalidArgument("the singular values did not converge; expected finite numbers of ordinary size");
    }
    rotated = false;
    for (std::size_t p = 0; p + 1 < count; ++p) {
      if (context.interrupted()) throw Interrupted();
      for (std::size_t q = p + 1; q < count; ++q) {
        double* x = a.data() + p * n;
        double* y = a.data() + q * n;
        const double xx = dot(x, x, n);
        const double yy = dot(y, y, n);
        const double xy = dot(x, y, n);
        if (!(std::abs(xy) > std::max(rounding, negligible * std::sqrt(xx) * std::sqrt(yy)))) continue;
        rotated = true;
        const double zeta = (yy - xx) / (2 * xy);
        const double tangent = (zeta < 0 ? -1.0 : 1.0) / (std::abs(zeta) + std::hypot(1.0, zeta));
        const double cosine = 1 / std::hypot(1.0, tangent);
        const double sine = cosine * tangent;
        rotate(x, y, n, cosine, sine);
        if (!v.empty()) rotate(v.data() + p * count, v.data() + q * count, count, cosine, sine);
      }
    }
  }
}

// Replaces the vectors from `begin` on by others that are orthogonal to all before.
void complete(std::vector<double>& vectors, std::size_t begin, std::size_t count, std::size_t n) {
  std::size_t axis = 0;
  for (std::size_t k = begin; k < count; ++k) {
    double* vector = vectors.data() + k * n;
    for (bool found = false; !found && axis < n; ++axis) {
      std::fill_n(vector, n, 0.0);
      vector[axis] = 1;
      for (int twice = 0; twice < 2; ++twice) {
        for (std::size_t j = 0; j < k; ++j) {
          const double* other = vectors.data() + j * n;
          const double along = dot(vector, other, n);
          for (std::size_t i = 0; i < n; ++i) vector[i] -= along * other[i];
        }
      }
      const double norm = std::sqrt(dot(vector, vector, n));
      // What is left of an axis is at least this for one of those still to come.
      found = norm > 0.5 / std::sqrt(static_cast<double>(n));
      for (std::size_t i = 0; i < n && found; ++i) vector[i] /= norm;
    }
  }
}

}  // namespace

SingularValues singular_values(const Context& context, std::vector<double> matrix, std::size_t rows,
                               std::size_t columns) {
  const std::size_t count = std::min(rows, columns);
  const bool tall = rows >= columns;
  // Tall: columns of R and their rotations V, which are the vectors. Wide: the rows of the matrix are the columns of its
  // transpose, which end as the vectors times the values.
  Columns a = tall ? triangle(context, transposed(matrix, rows, columns), rows, columns) : std::move(matrix);
  const std::size_t n = columns;
  Columns v(tall ? count * count : 0);
  if (tall) {
    for (std::size_t k = 0; k < count; ++k) v[k * count + k] = 1;
  }
  orthogonalize(context, a, n, count, v);

  std::vector<double> norm(count);
  for (std::size_t k = 0; k < count; ++k) norm[k] = std::sqrt(dot(a.data() + k * n, a.data() + k * n, n));
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return norm[i] > norm[j]; });
  SingularValues result;
  result.vectors.resize(count * columns);
  std::size_t certain = 0;  // vectors that are more than rounding
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t from = order[k];
    result.values.push_back(norm[from]);
    double* to = result.vectors.data() + k * columns;
    if (tall) {
      std::copy_n(v.data() + from * count, count, to);
      certain = k + 1;
    } else if (norm[from] > result.values[0] * 1e-14 && norm[from] > 0) {
      for (std::size_t i = 0; i < columns; ++i) to[i] = a[from * n + i] / norm[from];
      certain = k + 1;
    }
  }
  complete(result.vectors, certain, count, columns);
  return result;
}

}  // namespace diskern::statistics
