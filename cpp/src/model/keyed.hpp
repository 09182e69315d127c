#pragma once
// Predictors that read more than the variables of an event: columns beside them, the key, choose a part that answers.

#include <cstddef>
#include <string>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::model {

class KeyedPredictor : public Predictor {
 public:
  static constexpr std::size_t maximum_key_columns = 64;

  // Empty: the variables are enough.
  virtual const std::vector<std::string>& key_columns() const noexcept = 0;
  using Predictor::evaluate;
  // NaN where the key chooses no part.
  virtual void evaluate(const float* variables, const double* key, double* responses) const noexcept = 0;
  // Keys as rows, one per event. Throws InvalidArgument for keys that a part cannot be chosen for.
  virtual void evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                        View<double, 2> responses) const = 0;
};

}  // namespace diskern::model
