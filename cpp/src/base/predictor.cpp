#include "base/predictor.hpp"

#include <vector>

#include "base/executor.hpp"

namespace diskern {

void Predictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  constexpr std::size_t chunk_size = 1024;
  const std::size_t n = events.rows();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::vector<float> variables(input_count());
        std::vector<double> outputs(output_count());
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t j = 0; j < variables.size(); ++j) variables[j] = events(i, j);
          evaluate(variables.data(), outputs.data());
          for (std::size_t k = 0; k < outputs.size(); ++k) responses(i, k) = outputs[k];
        }
      },
      static_cast<double>(n) * 100.0);
}

void Predictor::evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const {
  constexpr std::size_t chunk_size = 1024;
  const std::size_t n = responses.rows();
  const std::size_t columns = input_count();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::vector<float> rows((range.end - range.begin) * columns);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t j = 0; j < columns; ++j) {
            rows[(i - range.begin) * columns + j] = event_value(events, i, j);
          }
        }
        evaluate(Context{}, View<const float, 2>(rows.data(), range.end - range.begin, columns),
                 responses.slice(range.begin, range.end));
      },
      static_cast<double>(n) * 100.0);
}

}  // namespace diskern
