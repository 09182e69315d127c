#pragma once
// Singular values and right singular vectors of a small matrix.

#include <cstddef>
#include <vector>

#include "diskern/context.hpp"

namespace diskern::statistics {

struct SingularValues {
  std::vector<double> values;   // min(rows, columns) of them, largest first
  std::vector<double> vectors;  // one right singular vector of length 1 per row, C order; orthogonal also where the
                                // value is zero
};

// One-sided rotations (Hestenes, J. SIAM 6 (1958) 51; Demmel, Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204), after
// Householder's QR where there are more rows than columns: small values keep their digits, which they lose by way of
// eigenvalues of the matrix times its transpose. matrix: rows x columns, C order, finite. Throws Interrupted.
SingularValues singular_values(const Context& context, std::vector<double> matrix, std::size_t rows,
                               std::size_t columns);

}  // namespace diskern::statistics
