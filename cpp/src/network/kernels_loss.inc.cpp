// Compiled once per instruction set (cmake/isa.cmake): the compiler makes vector loops of the functions.
#include "network/loss_functions.hpp"
#include "network/loss_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using network::EventLosses;
using network::Loss;
using network::LossParams;

namespace {

constexpr size_t block = 64;

// One output, events beside each other: in vectors of events.
template <Loss kind>
double one_output(const LossParams& params, const EventLosses& events, float* slopes) {
  const float huber_distance = static_cast<float>(params.huber_distance);
  const float quantile = static_cast<float>(params.quantile);
  double total = 0.0;
  for (size_t begin = 0; begin < events.events; begin += block) {
    const size_t count = events.events - begin < block ? events.events - begin : block;
    float z[block] = {};
    float t[block] = {};
    float w[block] = {};
    float losses[block];
    for (size_t i = 0; i < count; ++i) {
      z[i] = events.scores[begin + i];
      t[i] = events.targets[(begin + i) * events.targets_row];
      w[i] = events.weight[begin + i];
    }
    for (size_t i = 0; i < block; ++i) {
      const auto part = network::loss_of_output<kind>(z[i], t[i], huber_distance, quantile);
      losses[i] = w[i] * part.loss;
      z[i] = w[i] * part.slope;
    }
    for (size_t i = 0; i < count; ++i) {
      total += static_cast<double>(losses[i]);
      slopes[begin + i] = z[i];
    }
  }
  return total;
}

double evaluate(Loss loss, const LossParams& params, const EventLosses& events, float* slopes) {
  double total = 0.0;
  if (events.outputs == 1 && events.scores_row == 1 && network::loss_is_sum_over_outputs(loss)) {
    network::with_loss(loss, [&](auto tag) { total = one_output<decltype(tag)::value>(params, events, slopes); });
    return total;
  }
  for (size_t i = 0; i < events.events; ++i) {
    float* slope = slopes + i * events.scores_row;
    const float weight = events.weight[i];
    const float value = network::loss_of_event(loss, params, events.scores + i * events.scores_row,
                                               events.targets + i * events.targets_row, events.outputs, slope);
    total += static_cast<double>(weight * value);
    for (size_t k = 0; k < events.outputs; ++k) slope[k] *= weight;
  }
  return total;
}

}  // namespace

extern const network::LossKernels loss_kernels;
const network::LossKernels loss_kernels = {evaluate};

}  // namespace diskern::DISKERN_ISA_NAMESPACE
