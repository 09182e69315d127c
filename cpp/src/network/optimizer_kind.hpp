#pragma once
// The names of the rules by which gradients move weights, and their constants.

#include <stdint.h>

namespace diskern::network {

enum class OptimizerKind : uint8_t {
  gradient_descent = 0,  // w -= rate g; with mini-batches: stochastic gradient descent
  momentum = 1,          // v = momentum v + g; w -= rate v
  nesterov = 2,          // v = momentum v + g; w -= rate (g + momentum v)
  adagrad = 3,           // Duchi, Hazan, Singer, JMLR 12 (2011) 2121
  adadelta = 4,          // Zeiler, arXiv:1212.5701
  rmsprop = 5,           // Tieleman and Hinton, 2012
  adam = 6,              // Kingma and Ba, arXiv:1412.6980
  adamw = 7,             // Adam with decoupled weight decay, arXiv:1711.05101
  nadam = 8,             // Adam with Nesterov's momentum, Dozat 2016
};
constexpr OptimizerKind last_optimizer = OptimizerKind::nadam;

struct OptimizerParams {
  OptimizerKind kind = OptimizerKind::adam;
  double learning_rate = 0.001;
  double momentum = 0.9;  // momentum, nesterov
  double rho = 0.9;       // rmsprop, adadelta: decay of the mean of squares
  double beta_1 = 0.9;    // adam, adamw, nadam
  double beta_2 = 0.999;
  double epsilon = 1e-8;      // added to the root of the mean of squares
  double l1 = 0.0;            // l1 sign(w) is added to the gradient of weights (not of biases)
  double l2 = 0.0;            // l2 w likewise
  double weight_decay = 0.0;  // adamw: w -= rate weight_decay w, for weights
  double clip_value = 0.0;    // gradients are cut to +- this; 0: not
  double clip_norm = 0.0;     // gradients are scaled down to this length; 0: not
};

}  // namespace diskern::network
