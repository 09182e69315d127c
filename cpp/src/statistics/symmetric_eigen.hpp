#pragma once
// Eigenvalues and eigenvectors of a symmetric matrix.

#include <cstddef>
#include <vector>

namespace diskern::statistics {

struct SymmetricEigen {
  std::vector<double> values;   // largest first
  std::vector<double> vectors;  // size x size, C order, one eigenvector of length 1 per column
};

// Householder's reduction to a tridiagonal matrix, then QL with implicit shifts (Bowdler, Martin, Reinsch, Wilkinson,
// Numer. Math. 11 (1968) 293). The signs of the eigenvectors are those that this algorithm gives, as in ROOT.
// matrix: size x size, C order, finite; only the symmetric part is meant. Throws InvalidArgument if it does not
// converge.
SymmetricEigen symmetric_eigen(std::vector<double> matrix, std::size_t size);

}  // namespace diskern::statistics
