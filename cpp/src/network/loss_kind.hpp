#pragma once
// The names of the losses. z are the scores of one event: the sums of the last layer, before sigmoid or softmax.
//
// Event weights multiply the loss of their event. A negative weight turns its event's loss around: it takes from the sum
// what events of positive weight in the same place gave. Losses that grow without limit (all but a cross entropy's flat
// side) then have a minimum only as long as the weights around every point sum to more than zero, which the network
// cannot know: training watches for weights that diverge.

#include <stdint.h>

namespace diskern::network {

// The values are part of no file, but of the Python interface by name.
enum class Loss : uint8_t {
  squared = 0,                // 1/2 sum over outputs of (z - t)^2
  cross_entropy = 1,          // -t ln p - (1 - t) ln(1 - p) with p = sigmoid(z): one output
  softmax_cross_entropy = 2,  // -sum t_k ln p_k with p = softmax(z): the targets sum to 1
  multi_label = 3,            // the cross entropy of every output by itself, summed
  absolute = 4,               // sum of |z - t|: the median
  huber = 5,                  // sum of (z - t)^2 / 2 up to a distance, from there on straight lines
  quantile = 6,               // sum of the pinball loss: the quantile of the targets
  hinge = 7,                  // sum of max(0, 1 - (2 t - 1) z), t being 0 or 1
  poisson = 8,                // sum of exp(z) - t z: counts, without the constant ln t!
  kullback_leibler = 9,       // sum of t_k ln(t_k / p_k) with p = softmax(z): distributions as targets
};
constexpr Loss last_loss = Loss::kullback_leibler;

struct LossParams {
  double huber_distance = 1.0;
  double quantile = 0.5;
};

}  // namespace diskern::network
