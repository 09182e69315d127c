#include "base/executor.hpp"

namespace diskern {

int available_threads() { return 1; }

void parallel_for(const Context&, std::size_t chunks, const std::function<void(std::size_t)>& body, double) {
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) body(chunk);
}

}  // namespace diskern
