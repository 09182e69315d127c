#pragma once
// Predictor: what a fit returns. Immutable, so any number of threads may evaluate it.

#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>

#include "base/event_source.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern {

namespace archive {
class Group;
}
namespace statistics {
class TransformationChain;
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
  // The same for events in any layout; float64 values are rounded to float32 first. As many events as responses has
  // rows.
  virtual void evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const;
  virtual void write(archive::Group& group) const = 0;
  // The transformations of variables that the predictor applies itself, because they differ between classes; null:
  // none.
  virtual std::shared_ptr<const statistics::TransformationChain> own_transformations() const { return nullptr; }
};

// A view as a source.
template <class T>
EventSource source_of(View<const T, 2> events) noexcept {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  return {events.data(),       nullptr,          events.strides()[0],
          events.strides()[1], events.columns(), std::is_same_v<T, double>};
}

// Columns that are vectors of their own, of elements beside each other.
template <class T>
EventSource source_of(const T* const* columns, std::size_t column_count) noexcept {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  return {nullptr, reinterpret_cast<const void* const*>(columns), 1, 0, column_count, std::is_same_v<T, double>};
}

using PredictorPointer = std::shared_ptr<const Predictor>;

}  // namespace diskern
