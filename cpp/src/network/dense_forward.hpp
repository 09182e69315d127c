#pragma once
// Dense networks in float32: weights in the order that matrix products like, and the way of some events through the
// layers, shared by training and evaluation.

#include <cstddef>
#include <vector>

#include "base/aligned.hpp"
#include "base/gemm.hpp"
#include "network/activation_kernels.hpp"
#include "network/dense_kernels.hpp"
#include "network/shape.hpp"

namespace diskern::network {

// Rows of matrices are padded with zeros to whole vectors of the widest instruction set.
constexpr std::size_t padded(std::size_t width) noexcept { return (width + 15) / 16 * 16; }

// Weights of a layer: inputs x padded outputs. Those of a last layer of one output are one padded row of inputs instead,
// for sums over inputs side by side.
struct DenseFloatLayer {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t input_row = 0;   // of the layer's inputs in an array of events
  std::size_t output_row = 0;  // of its outputs; 1 for a last layer of one output
  std::size_t weights = 0;     // offsets in the vector of parameters
  std::size_t biases = 0;
  std::size_t transposed = 0;  // offset in the vector of transposed weights: outputs x padded inputs
  Activation activation = Activation::linear;
};

struct DenseLayout {
  explicit DenseLayout(const Shape& shape);

  std::vector<DenseFloatLayer> layers;
  std::size_t parameters = 0;
  std::size_t transposed = 0;
  std::size_t operations = 0;  // multiplications of one event, forward

  // Between the vector that `shape` describes and the padded one. The padding is zero.
  void to_float(const Shape& shape, const double* from, float* to) const;
  void to_double(const Shape& shape, const float* from, double* to) const;
};

struct DenseTables {
  const GemmKernels* gemm;
  const ActivationKernels* activation;
  const DenseKernels* dense;
  // Of this process (instruction_set() may throw), or of one level.
  DenseTables();
  explicit DenseTables(InstructionSet level);
};

// Where events on their way stand: for so many of them at most.
class DenseBuffers {
 public:
  // with_gradient: also the sums before activation, where derivatives ask for them.
  void prepare(const DenseLayout& layout, std::size_t rows, bool with_gradient);

  float* inputs() noexcept { return activations_.front(); }
  float* activation(std::size_t l) noexcept { return activations_[l]; }  // inputs of layer l; the last: the outputs
  float* sums(std::size_t l) noexcept { return sums_[l]; }               // before the activation of layer l
  float* deltas(std::size_t which) noexcept { return deltas_[which]; }

 private:
  AlignedVector<float> storage_;
  std::vector<float*> activations_;
  std::vector<float*> sums_;
  float* deltas_[2] = {nullptr, nullptr};
  std::vector<std::size_t> shape_;
};

// Of one layer: from its inputs in the buffers to its outputs there.
void dense_forward_layer(const DenseTables& tables, const DenseFloatLayer& layer, std::size_t l,
                         const float* parameters, std::size_t rows, DenseBuffers& buffers, bool activate);

// From buffers.inputs() to the outputs of the last layer. Every value is a sum in the order of its inputs, so it does
// not depend on how many events go together.
void dense_forward(const DenseTables& tables, const DenseLayout& layout, const float* parameters, std::size_t rows,
                   DenseBuffers& buffers, bool activate_last);

}  // namespace diskern::network
