#pragma once
// Moves a vector of float weights along gradients. Holds the state of the rule.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/aligned.hpp"
#include "base/dispatch.hpp"
#include "network/optimizer_table.hpp"

namespace diskern::network {

const char* name(OptimizerKind kind) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
OptimizerKind optimizer_of_name(std::string_view name);

// Throws InvalidArgument for constants out of range.
void check_optimizer(const OptimizerParams& params);

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const OptimizerKernels& optimizer_kernels();
const OptimizerKernels& optimizer_kernels(InstructionSet level);

// A range of weights, or of biases, in the vector.
struct ParameterRange {
  std::size_t begin;
  std::size_t end;
  bool penalised;  // l1, l2 and weight decay apply
};

class Optimizer {
 public:
  Optimizer(const OptimizerParams& params, std::vector<ParameterRange> ranges, std::size_t parameters);

  // Counts a step: what depends on its number. rate replaces params.learning_rate; gradient_factor multiplies the
  // gradients (1 / events of a batch).
  void begin_step(double rate, double gradient_factor);
  // Needed between begin_step and apply where params.clip_norm > 0: the sum of squares of the whole gradient before
  // gradient_factor.
  void clip(double sum_of_squares);
  bool clips_norm() const noexcept { return params_.clip_norm > 0.0; }
  // Moves the weights [begin, end); each weight once per step, parts in any order and from any thread.
  void apply(std::size_t begin, std::size_t end, const float* gradient, float* weights);

  std::uint64_t steps() const noexcept { return steps_; }

 private:
  OptimizerParams params_;
  const OptimizerKernels& kernels_;
  std::vector<ParameterRange> ranges_;
  std::uint64_t steps_ = 0;
  double power_1_ = 1.0;  // beta_1^t, or the product of nadam's momenta
  double power_2_ = 1.0;
  OptimizerStep<float> step_{};
  AlignedVector<float> first_;
  AlignedVector<float> second_;
};

// The numbers of step `count` (from 1 on) in float64; power_1 and power_2 are updated. For Optimizer and references.
OptimizerStep<double> optimizer_step(const OptimizerParams& params, double rate, double gradient_factor,
                                     std::uint64_t count, double& power_1, double& power_2);

}  // namespace diskern::network
