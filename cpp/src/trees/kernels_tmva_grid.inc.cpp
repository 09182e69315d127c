// Compiled once per instruction set (cmake/isa.cmake). The bins of the eight variables of a group are found in one go;
// then each of them is one load, one add and one store of a whole bin. Sums keep the order of the events, because
// TMVA's gains depend on the last bit.
#include <string.h>

#include "trees/tmva_grid_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

typedef float Floats __attribute__((vector_size(8 * sizeof(float))));
typedef double Doubles __attribute__((vector_size(8 * sizeof(double))));
typedef int32_t Integers __attribute__((vector_size(8 * sizeof(int32_t))));
typedef double Bin __attribute__((vector_size(4 * sizeof(double))));
typedef double TargetBin __attribute__((vector_size(8 * sizeof(double))));

constexpr size_t ahead = 24;  // events between the one that is prefetched and the one that is added

void ranges(const float* values, const TmvaEntry* entries, size_t count, float* minimum, float* maximum) {
  Floats low;
  memcpy(&low, values + static_cast<size_t>(entries[0].event_and_signal >> 1U) * tmva_group_size, sizeof(low));
  Floats high = low;
  for (size_t k = 1; k < count; ++k) {
    const size_t later = k + ahead < count ? k + ahead : k;
    __builtin_prefetch(values + static_cast<size_t>(entries[later].event_and_signal >> 1U) * tmva_group_size);
    Floats row;
    memcpy(&row, values + static_cast<size_t>(entries[k].event_and_signal >> 1U) * tmva_group_size, sizeof(row));
    low = row < low ? row : low;
    high = row > high ? row : high;
  }
  memcpy(minimum, &low, sizeof(low));
  memcpy(maximum, &high, sizeof(high));
}

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names and a piece of code.
// A macro, because vectors are not passed between functions and the two kinds of bin differ in one line.
#define DISKERN_TMVA_ADD(name, Type, size, set_entry)                                                               \
  void name(const float* values, const TmvaEntry* entries, size_t count, const TmvaGrids* grids, double* bins) {    \
    Doubles minimum;                                                                                                \
    Doubles inverse_width;                                                                                          \
    Integers last;                                                                                                  \
    Integers first;                                                                                                 \
    memcpy(&minimum, grids->minimum, sizeof(minimum));                                                              \
    memcpy(&inverse_width, grids->inverse_width, sizeof(inverse_width));                                            \
    memcpy(&last, grids->last_bin, sizeof(last));                                                                   \
    memcpy(&first, grids->first_bin, sizeof(first));                                                                \
    const size_t n_wanted = grids->n_wanted;                                                                        \
    int32_t wanted[tmva_group_size];                                                                                \
    memcpy(wanted, grids->wanted, sizeof(wanted));                                                                  \
    for (size_t k = 0; k < count; ++k) {                                                                            \
      const size_t later = k + ahead < count ? k + ahead : k;                                                       \
      __builtin_prefetch(values + static_cast<size_t>(entries[later].event_and_signal >> 1U) * tmva_group_size);    \
      Floats row;                                                                                                   \
      memcpy(&row, values + static_cast<size_t>(entries[k].event_and_signal >> 1U) * tmva_group_size, sizeof(row)); \
      const Doubles place = inverse_width * (__builtin_convertvector(row, Doubles) - minimum);                      \
      Integers bin = __builtin_convertvector(place, Integers);                                                      \
      bin = (bin < last ? bin : last) + first;                                                                      \
      int32_t where[tmva_group_size];                                                                               \
      memcpy(where, &bin, sizeof(where));                                                                           \
      const double weight = entries[k].weight;                                                                      \
      const bool signal = (entries[k].event_and_signal & 1U) != 0;                                                  \
      const double background_weight = signal ? 0.0 : weight;                                                       \
      const double signal_weight = signal ? weight : 0.0;                                                           \
      Type entry;                                                                                                   \
      set_entry;                                                                                                    \
      if (n_wanted == tmva_group_size) {                                                                            \
        _Pragma("GCC unroll 8") for (size_t j = 0; j < tmva_group_size; ++j) {                                      \
          double* at = bins + static_cast<size_t>(where[j]) * (size);                                               \
          Type sum;                                                                                                 \
          memcpy(&sum, at, sizeof(sum));                                                                            \
          sum += entry;                                                                                             \
          memcpy(at, &sum, sizeof(sum));                                                                            \
        }                                                                                                           \
      } else {                                                                                                      \
        for (size_t j = 0; j < n_wanted; ++j) {                                                                     \
          double* at = bins + static_cast<size_t>(where[wanted[j]]) * (size);                                       \
          Type sum;                                                                                                 \
          memcpy(&sum, at, sizeof(sum));                                                                            \
          sum += entry;                                                                                             \
          memcpy(at, &sum, sizeof(sum));                                                                            \
        }                                                                                                           \
      }                                                                                                             \
    }                                                                                                               \
  }

#define DISKERN_SET_ENTRY \
  entry = Type4 { background_weight, signal_weight, 1.0, 0.0 }
#define DISKERN_SET_TARGET_ENTRY                                \
  const double target = static_cast<double>(entries[k].target); \
  const double product = weight * target;                       \
  entry = Type8 { background_weight, signal_weight, 1.0, product, product *target, 0.0, 0.0, 0.0 }

typedef Bin Type4;
typedef TargetBin Type8;
DISKERN_TMVA_ADD(add, Bin, tmva_bin_size, DISKERN_SET_ENTRY)
DISKERN_TMVA_ADD(add_with_target, TargetBin, tmva_target_bin_size, DISKERN_SET_TARGET_ENTRY)

#undef DISKERN_SET_TARGET_ENTRY
#undef DISKERN_SET_ENTRY
#undef DISKERN_TMVA_ADD
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace

extern const TmvaGridKernels tmva_grid_kernels;
const TmvaGridKernels tmva_grid_kernels = {ranges, add, add_with_target};

}  // namespace diskern::DISKERN_ISA_NAMESPACE
