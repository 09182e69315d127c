#pragma once
// The table of losses over many events that every instruction-set unit fills. Nothing but C headers and headers of
// always-inlined functions may be included here (cmake/isa.cmake).

#include <stddef.h>

#include "network/loss_kind.hpp"

namespace diskern::network {

struct EventLosses {
  size_t events;
  size_t outputs;
  const float* scores;  // z of event i and output k at scores[i * scores_row + k]
  size_t scores_row;
  const float* targets;  // likewise
  size_t targets_row;
  const float* weight;  // one per event
};

struct LossKernels {
  // Sets slopes, laid out like scores and possibly the same array, to weight x d loss / d z, and returns the sum of
  // weight x loss, added in the order of events. slopes is never null.
  double (*evaluate)(Loss loss, const LossParams& params, const EventLosses& events, float* slopes);
};

}  // namespace diskern::network
