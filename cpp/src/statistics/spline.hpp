#pragma once
// Splines through the centres of the equidistant bins of a histogram, as ROOT and TMVA draw them. A position is counted
// in bins from the first centre: 0 is the first point, 1 the second.

#include <cstddef>
#include <vector>

namespace diskern::statistics {

// A piecewise polynomial; outside of the points the first and the last piece go on.
class PiecewisePolynomial {
 public:
  // coefficients: pieces x (degree + 1), ascending powers of the distance from the left point of the piece.
  PiecewisePolynomial(std::size_t degree, std::vector<double> coefficients);
  double operator()(double position) const noexcept;

 private:
  std::size_t degree_;
  std::vector<double> coefficients_;
};

// Cubic with continuous second derivative, and the third continuous at the second and the last but one point ("not a
// knot", de Boor: what ROOT's TSpline3 does without conditions for the ends). Fewer than four points: the polynomial
// through them.
PiecewisePolynomial cubic_spline(const std::vector<double>& values);

// Of fifth degree with continuous fourth derivative; third and fourth derivative vanish at the ends (the natural spline
// of ROOT's TSpline5). Fewer than three points: a line.
PiecewisePolynomial quintic_spline(const std::vector<double>& values);

}  // namespace diskern::statistics
