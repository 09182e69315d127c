#include "clustering/silhouette.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace isa_scalar {
extern const clustering::DistanceSumKernels distance_sum_kernels;
}
namespace isa_avx2 {
extern const clustering::DistanceSumKernels distance_sum_kernels;
}
namespace isa_avx512 {
extern const clustering::DistanceSumKernels distance_sum_kernels;
}
namespace isa_neon {
extern const clustering::DistanceSumKernels distance_sum_kernels;
}

namespace clustering {

namespace {

constexpr KernelTables<DistanceSumKernels> tables = {
    &isa_scalar::distance_sum_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::distance_sum_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::distance_sum_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::distance_sum_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const DistanceSumKernels& distance_sum_kernels(InstructionSet level) { return tables.at(level); }
const DistanceSumKernels& distance_sum_kernels() { return distance_sum_kernels(instruction_set()); }

std::vector<double> silhouettes(const Context& context, View<const double, 2> points, View<const std::int64_t> labels,
                                std::size_t clusters) {
  const std::size_t n = points.rows();
  const std::size_t dimensions = points.columns();
  if (labels.size() != n) {
    throw InvalidArgument("one label per point is expected: " + std::to_string(n) + ", got " +
                          std::to_string(labels.size()));
  }
  // Points sorted by cluster, one array per dimension.
  std::vector<std::size_t> begin(clusters + 1, 0);
  for (std::size_t i = 0; i < n; ++i) {
    if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= clusters) {
      throw InvalidArgument("the label of point " + std::to_string(i) + " is " + std::to_string(labels[i]) +
                            ", expected 0 to " + std::to_string(clusters - 1));
    }
    for (std::size_t d = 0; d < dimensions; ++d) {
      if (!(std::abs(points(i, d)) <= 1e150)) {
        throw InvalidArgument("coordinate " + std::to_string(d) + " of point " + std::to_string(i) + " is " +
                              std::to_string(points(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
    ++begin[static_cast<std::size_t>(labels[i]) + 1];
  }
  for (std::size_t c = 0; c < clusters; ++c) begin[c + 1] += begin[c];
  std::vector<double> storage(n * dimensions);
  std::vector<const double*> coordinates(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) coordinates[d] = storage.data() + d * n;
  std::vector<std::size_t> place(begin.begin(), begin.end() - 1);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t to = place[static_cast<std::size_t>(labels[i])]++;
    for (std::size_t d = 0; d < dimensions; ++d) storage[d * n + to] = points(i, d);
  }
  std::vector<double> result(n);
  const DistanceSumKernels& kernels = distance_sum_kernels();
  constexpr std::size_t chunk_size = 64;
  interruptible_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::vector<double> point(dimensions);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t d = 0; d < dimensions; ++d) point[d] = points(i, d);
          const auto own = static_cast<std::size_t>(labels[i]);
          double inside = 0;
          double nearest = std::numeric_limits<double>::infinity();
          for (std::size_t c = 0; c < clusters; ++c) {
            const std::size_t size = begin[c + 1] - begin[c];
            if (size == 0) continue;
            const double sum = kernels.sum(coordinates.data(), dimensions, point.data(), begin[c], begin[c + 1]);
            if (c == own) {
              inside = sum;
            } else {
              nearest = std::min(nearest, sum / static_cast<double>(size));
            }
          }
          const std::size_t others = begin[own + 1] - begin[own] - 1;
          if (others == 0) continue;  // 0
          const double a = inside / static_cast<double>(others);
          const double larger = std::max(a, nearest);
          result[i] = larger > 0 ? (nearest - a) / larger : 0.0;
        }
      },
      static_cast<double>(n) * static_cast<double>(n) * (1.0 + 0.3 * static_cast<double>(dimensions)));
  return result;
}

}  // namespace clustering

}  // namespace diskern
