// Singular values of matrices whose values are known.
#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "statistics/singular_values.hpp"

using namespace diskern;
using namespace diskern::statistics;

namespace {

void check_orthonormal(const std::vector<double>& vectors, std::size_t count, std::size_t n) {
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += vectors[a * n + i] * vectors[b * n + i];
      CHECK_NEAR(sum, a == b ? 1.0 : 0.0, 1e-12);
    }
  }
}

// |A v| is the value, and A v of two vectors are orthogonal.
void check_values(const std::vector<double>& matrix, std::size_t rows, std::size_t columns, double scale) {
  const SingularValues found = singular_values({}, matrix, rows, columns);
  const std::size_t count = std::min(rows, columns);
  CHECK_EQUAL(found.values.size(), count);
  check_orthonormal(found.vectors, count, columns);
  std::vector<double> images(count * rows, 0.0);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) images[k * rows + i] += matrix[i * columns + j] * found.vectors[k * columns + j];
    }
  }
  for (std::size_t a = 0; a < count; ++a) {
    if (a > 0) CHECK(found.values[a] <= found.values[a - 1]);
    for (std::size_t b = 0; b <= a; ++b) {
      double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += images[a * rows + i] * images[b * rows + i];
      CHECK_NEAR(sum, a == b ? found.values[a] * found.values[a] : 0.0, 1e-12 * scale * scale);
    }
  }
}

std::vector<double> random_matrix(std::size_t rows, std::size_t columns, std::size_t rank, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> left(rows * rank);
  std::vector<double> right(rank * columns);
  for (double& x : left) x = normal(random);
  for (double& x : right) x = normal(random);
  std::vector<double> matrix(rows * columns, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < rank; ++k) {
      for (std::size_t j = 0; j < columns; ++j) matrix[i * columns + j] += left[i * rank + k] * right[k * columns + j];
    }
  }
  return matrix;
}

}  // namespace

TEST(shapes_and_ranks) {
  for (const auto& [rows, columns] : {std::pair{1UL, 1UL}, {5UL, 1UL}, {1UL, 5UL}, {40UL, 12UL}, {12UL, 40UL}, {20UL, 20UL}}) {
    for (const std::size_t rank : {1UL, 3UL, std::min(rows, columns)}) {
      check_values(random_matrix(rows, columns, rank, 1), rows, columns, 100.0);
    }
  }
  check_values(std::vector<double>(12, 0.0), 3, 4, 1.0);
  check_values(std::vector<double>(12, 0.0), 4, 3, 1.0);
  check_values(std::vector<double>(12, 7.0), 4, 3, 30.0);
}

// Values over twelve orders of magnitude keep ten digits, which the square of the matrix could not hold.
TEST(small_values_keep_their_digits) {
  const std::vector<double> values = {1e6, 1.0, 1e-3, 1e-6};
  // Householder reflections on either side of the diagonal matrix.
  const std::vector<double> u = {1, 2, -1, 0.5, 3};
  const std::vector<double> v = {2, -1, 1, 1};
  double uu = 0;
  double vv = 0;
  for (const double x : u) uu += x * x;
  for (const double x : v) vv += x * x;
  std::vector<double> matrix(20, 0.0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      for (std::size_t k = 0; k < 4; ++k) {
        const double left = (i == k ? 1.0 : 0.0) - 2 * u[i] * u[k] / uu;
        const double right = (k == j ? 1.0 : 0.0) - 2 * v[k] * v[j] / vv;
        matrix[i * 4 + j] += k == 0 ? 0.0 : left * values[k] * right;
      }
      // The largest on a row and a column of its own, so that its rounding stays there.
    }
  }
  std::vector<double> larger(30, 0.0);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 4; ++j) larger[(i + 1) * 5 + j + 1] = matrix[i * 4 + j];
  }
  larger[0] = values[0];
  const SingularValues found = singular_values({}, larger, 6, 5);
  for (std::size_t k = 0; k < 4; ++k) CHECK_NEAR(found.values[k] / values[k], 1.0, 1e-9);
  CHECK_NEAR(found.values[4], 0.0, 1e-15);
}
