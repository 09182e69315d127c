#pragma once
// Distance correlation of two numbers over weighted events (Szekely, Rizzo, Bakirov, Ann. Stat. 35 (2007) 2769), with
// its derivative: what decorrelates a response from a protected variable (Kasieczka and Shih, arXiv:2001.05310).

#include <cstddef>

namespace diskern::network::graph {

// Weights w >= 0 are taken with the sum 1. With distances a_ij = |x_i - x_j| and their weighted means over one index
// and over both, A_ij = a_ij - a_i - a_j + a, B_ij likewise of y:
//   dCov^2 = sum w_i w_j A_ij B_ij, dCor^2 = dCov^2 / sqrt(dVar^2(x) dVar^2(y)).
// slope[i] becomes the derivative of dCor^2 by x_i. Sums over pairs are O(n log n): every mean of |x_i - x_j| times
// something is a sum over the events that lie below in the order of x. Where x or y does not vary, result and slopes
// are 0.
double distance_correlation(const double* x, const double* y, const double* weight, double* slope, std::size_t count);

// The same by all pairs, for tests; without derivative.
double distance_correlation_plainly(const double* x, const double* y, const double* weight, std::size_t count);

}  // namespace diskern::network::graph
