#pragma once
// Predictor: what a fit returns. Immutable, so any number of threads may evaluate it.

#include <cstddef>
#include <memory>
#include <string_view>

#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern {

namespace archive {
class Group;
}

class Predictor {
 public:
  virtual ~Predictor() = default;
  // Key in the model file and in the registry: "forest", "network", "linear".
  virtual std::string_view kind() const noexcept = 0;
  virtual std::size_t input_count() const noexcept = 0;
  virtual std::size_t output_count() const noexcept = 0;
  // One event: input_count() variables (after transformations), output_count() responses.
  virtual void evaluate(const float* variables, double* responses) const noexcept = 0;
  // Many events (rows); the same bits as one by one, for any number of threads.
  virtual void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const;
  virtual void write(archive::Group& group) const = 0;
};

using PredictorPointer = std::shared_ptr<const Predictor>;

}  // namespace diskern
