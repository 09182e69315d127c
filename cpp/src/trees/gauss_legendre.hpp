#pragma once
// Integrals over [0, 1] of polynomials, exact up to rounding.

#include <cstddef>
#include <vector>

namespace diskern::trees {

// sum of weight * f(point) is the integral of f over [0, 1] for polynomials f of degree up to 2 n - 1. Points ascend.
struct GaussLegendre {
  std::vector<double> point;
  std::vector<double> weight;
};

// The rule of n >= 1 points.
GaussLegendre gauss_legendre(std::size_t n);

}  // namespace diskern::trees
