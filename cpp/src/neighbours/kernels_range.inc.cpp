// Compiled once per instruction set (cmake/isa.cmake). Distances are sums over the dimensions in ascending order, in
// float64 without contraction, so that every level says the same of a point exactly on the limit.
#include "neighbours/range_table.hpp"

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

#if defined(__AVX512F__)
constexpr size_t lanes = 8;
using Vector = __m512d;
inline Vector load(const double* p) { return _mm512_loadu_pd(p); }
inline Vector broadcast(double x) { return _mm512_set1_pd(x); }
inline unsigned within(Vector x, Vector limit) { return _mm512_cmp_pd_mask(x, limit, _CMP_LE_OQ); }
#elif defined(__AVX2__)
constexpr size_t lanes = 4;
using Vector = __m256d;
inline Vector load(const double* p) { return _mm256_loadu_pd(p); }
inline Vector broadcast(double x) { return _mm256_set1_pd(x); }
inline unsigned within(Vector x, Vector limit) {
  return static_cast<unsigned>(_mm256_movemask_pd(_mm256_cmp_pd(x, limit, _CMP_LE_OQ)));
}
#else
constexpr size_t lanes = 1;
using Vector = double;
inline Vector load(const double* p) { return *p; }
inline Vector broadcast(double x) { return x; }
inline unsigned within(Vector x, Vector limit) { return x <= limit ? 1U : 0U; }
#endif
// The compiler's operators on vectors, element by element.
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector absolute(Vector x) { return larger(x, -x); }

// Internal linkage, so instances of one level never stand in for another's. dimensions 0: as many as the query says.
template <Metric metric, size_t dimensions>
struct Search {
  static unsigned hits(const RangeQuery& query, size_t begin, size_t end) {
    const size_t count = dimensions == 0 ? query.dimensions : dimensions;
    Vector sum = broadcast(0.0);
    for (size_t d = 0; d < count; ++d) {
      const Vector difference = load(query.coordinates[d] + begin) - broadcast(query.point[d]);
      if (metric == Metric::euclidean) {
        sum = sum + difference * difference;
      } else if (metric == Metric::manhattan) {
        sum = sum + absolute(difference);
      } else {
        sum = larger(sum, absolute(difference));
      }
    }
    const unsigned mask = within(sum, broadcast(query.limit));
    return end - begin < lanes ? mask & ((1U << (end - begin)) - 1U) : mask;
  }

  static size_t count(const RangeQuery& query, size_t begin, size_t end, size_t enough) {
    size_t found = 0;
    for (size_t i = begin; i < end && found < enough; i += lanes) {
      found += static_cast<size_t>(__builtin_popcount(hits(query, i, end)));
    }
    return found;
  }

  static size_t count_runs(const RangeQuery& query, const PointRun* runs, size_t run_count, size_t enough) {
    size_t found = 0;
    for (size_t r = 0; r < run_count && found < enough; ++r) {
      for (size_t i = runs[r].begin; i < runs[r].end && found < enough; i += lanes) {
        found += static_cast<size_t>(__builtin_popcount(hits(query, i, runs[r].end)));
      }
    }
    return found;
  }

  static size_t find(const RangeQuery& query, size_t begin, size_t end, uint32_t* found) {
    size_t n = 0;
    for (size_t i = begin; i < end; i += lanes) {
      for (unsigned mask = hits(query, i, end); mask != 0; mask &= mask - 1) {
        found[n++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(mask));
      }
    }
    return n;
  }
};

template <Metric metric>
size_t count(const RangeQuery& query, size_t begin, size_t end, size_t enough) {
  switch (query.dimensions) {
    case 2:
      return Search<metric, 2>::count(query, begin, end, enough);
    case 3:
      return Search<metric, 3>::count(query, begin, end, enough);
    case 4:
      return Search<metric, 4>::count(query, begin, end, enough);
    default:
      return Search<metric, 0>::count(query, begin, end, enough);
  }
}

template <Metric metric>
size_t count_runs(const RangeQuery& query, const PointRun* runs, size_t run_count, size_t enough) {
  switch (query.dimensions) {
    case 2:
      return Search<metric, 2>::count_runs(query, runs, run_count, enough);
    case 3:
      return Search<metric, 3>::count_runs(query, runs, run_count, enough);
    case 4:
      return Search<metric, 4>::count_runs(query, runs, run_count, enough);
    default:
      return Search<metric, 0>::count_runs(query, runs, run_count, enough);
  }
}

template <Metric metric>
size_t find(const RangeQuery& query, size_t begin, size_t end, uint32_t* found) {
  switch (query.dimensions) {
    case 2:
      return Search<metric, 2>::find(query, begin, end, found);
    case 3:
      return Search<metric, 3>::find(query, begin, end, found);
    case 4:
      return Search<metric, 4>::find(query, begin, end, found);
    default:
      return Search<metric, 0>::find(query, begin, end, found);
  }
}

}  // namespace

extern const RangeKernels range_kernels;
const RangeKernels range_kernels = {
    {count<Metric::euclidean>, count<Metric::manhattan>, count<Metric::chebyshev>},
    {count_runs<Metric::euclidean>, count_runs<Metric::manhattan>, count_runs<Metric::chebyshev>},
    {find<Metric::euclidean>, find<Metric::manhattan>, find<Metric::chebyshev>}};

}  // namespace diskern::DISKERN_ISA_NAMESPACE
