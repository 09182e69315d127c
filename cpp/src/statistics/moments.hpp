#pragma once
// Weighted means and covariances per class, in float64.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::statistics {

struct Moments {
  std::size_t events = 0;  // with a weight other than zero
  double weight = 0.0;     // sum of weights
  std::vector<double> mean;
  std::vector<double> covariance;  // d x d, C order, normalised to the sum of weights (no degree of freedom taken off)
};

// Moments of every class 0 .. n_classes-1 by sum_moments (moment_sums.hpp): weights are used with their sign, a large
// offset costs no digits, and the bits do not depend on the number of threads.
// Throws InvalidArgument for NaN, infinity, a class index out of range, or a class whose weights do not sum to more
// than zero; Interrupted when the user asks to stop.
std::vector<Moments> class_moments(const Context& context, View<const float, 2> events, View<const double> weight,
                                   View<const std::int32_t> class_index, std::size_t n_classes,
                                   const std::vector<std::string>& class_names = {});

// Moments of the union: the weighted mean, and the covariance within plus between the classes.
Moments combined(const std::vector<Moments>& classes);

// Moments of the columns (variables, then targets) of all events, and with them the covariance between variables and
// targets that least squares needs.
Moments joint_moments(const Context& context, View<const float, 2> events, View<const double, 2> targets,
                      View<const double> weight);

}  // namespace diskern::statistics
