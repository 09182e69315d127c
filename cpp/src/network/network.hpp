#pragma once
// A dense feed-forward network: what MLP training returns and what weight files of MLP hold.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/predictor.hpp"
#include "network/activation_kind.hpp"

namespace diskern::network {

// How a neuron combines its inputs x_i with weights w_i (the bias is one more input of value 1).
enum class InputFunction : std::uint8_t {
  sum = 0,               // sum of w x
  sum_of_squares = 1,    // sum of (w x)^2
  sum_of_absolutes = 2,  // sum of |w x|
};

// Inputs or neurons of a layer: evaluation keeps two layers on the stack.
constexpr std::int32_t maximum_width = 16384;

struct DenseLayer {
  std::int32_t n_inputs = 0;
  std::int32_t n_outputs = 0;
  std::vector<double> weights;  // n_outputs x n_inputs, C order
  std::vector<double> biases;   // n_outputs
  Activation activation = Activation::linear;
  InputFunction input_function = InputFunction::sum;
};

enum class Output : std::uint8_t { identity = 0, softmax = 1 };

// In which the model evaluates: that in which it was trained.
enum class Arithmetic : std::uint8_t { float64 = 0, float32 = 1 };

struct Network {
  std::vector<DenseLayer> layers;
  Output output = Output::identity;
  Arithmetic arithmetic = Arithmetic::float64;
  // The first layer sees (x - shift) * scale. Empty: x itself. Kept apart from the layer, since a variable far from zero
  // would lose its digits in float32 sums.
  std::vector<double> input_shift;
  std::vector<double> input_scale;
};

// The same function without shift and scale, in float64: they become part of the first layer, whose input function must
// be sum.
Network with_folded_inputs(const Network& network);

void validate(const Network& network);  // throws FormatError

class DenseEvaluator;

class NetworkPredictor final : public Predictor {
 public:
  explicit NetworkPredictor(Network network);  // validates
  std::string_view kind() const noexcept override { return "network"; }
  std::size_t input_count() const noexcept override;
  std::size_t output_count() const noexcept override;
  // No allocation: scratch lives on the stack, 16 KiB for layers of up to 1024 neurons, 256 KiB beyond.
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const Network& network() const noexcept { return network_; }

 private:
  Network network_;
  std::size_t width_ = 0;                           // of the widest layer
  std::shared_ptr<const DenseEvaluator> in_float_;  // with Arithmetic::float32
};

}  // namespace diskern::network
