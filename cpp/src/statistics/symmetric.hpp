#pragma once
// Symmetric linear systems of a few hundred unknowns.

#include <cstddef>
#include <vector>

namespace diskern::statistics {

// Cholesky with pivoting: matrix(p, p) = L L^T for the permutation p.
struct PivotedCholesky {
  std::size_t rank = 0;            // pivots above the tolerance
  std::vector<std::size_t> order;  // p; the rows order[rank ..] depend on those before
  std::vector<double> factor;      // L in the order of p, d x d, lower triangle

  // x with matrix x = right; only for full rank.
  std::vector<double> solve(const std::vector<double>& right) const;
};
PivotedCholesky cholesky(const std::vector<double>& matrix, std::size_t d, double tolerance);

// All eigenvalues and eigenvectors by Jacobi's rotations; vectors[i * d + k] is component i of vector k.
struct Eigen {
  std::vector<double> values;
  std::vector<double> vectors;
};
Eigen eigen(std::vector<double> matrix, std::size_t d);

}  // namespace diskern::statistics
