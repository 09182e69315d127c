#pragma once
// TMVA's SVM: support vectors behind a kernel.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::statistics {

enum class SvmKernel : std::uint8_t {
  RBF,         // exp(-gamma |x - y|^2)
  MultiGauss,  // exp(-sum of gamma_j (x_j - y_j)^2)
  Polynomial,  // (x . y + theta)^order
  Prod,        // the product of several of these
  Sum,         // their sum
};

struct SvmKernelParams {
  SvmKernel kernel = SvmKernel::RBF;
  double gamma = 1.0;
  std::vector<double> gammas;  // MultiGauss: one per variable
  std::int32_t order = 3;
  double theta = 1.0;
  std::vector<SvmKernel> parts;  // of Prod and Sum
};

// f = sum of coefficient_i K(x_i, x) - b. Classification: y = 1 / (1 + exp(f)) with negative coefficients for signal,
// so that signal is near 1. Regression: y = f.
class KernelMachine final : public Predictor {
 public:
  // vectors: one row of n_inputs numbers per coefficient. Throws FormatError unless sizes fit and numbers are finite.
  KernelMachine(std::size_t n_inputs, SvmKernelParams kernel, std::vector<float> vectors,
                std::vector<double> coefficients, double b, bool regression);
  std::string_view kind() const noexcept override { return "kernel machine"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return 1; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const SvmKernelParams& kernel() const noexcept { return kernel_; }
  std::size_t vector_count() const noexcept { return coefficients_.size(); }
  const std::vector<float>& vectors() const noexcept { return vectors_; }
  const std::vector<double>& coefficients() const noexcept { return coefficients_; }
  double b() const noexcept { return b_; }
  bool regression() const noexcept { return regression_; }

 private:
  std::size_t n_inputs_;
  SvmKernelParams kernel_;
  std::vector<float> vectors_;   // rows
  std::vector<float> columns_;   // the same, column by column, filled up to whole blocks
  std::vector<double> coefficients_;
  double b_;
  bool regression_;
};

struct SvmParams {
  SvmKernelParams kernel;
  double C = 1.0;              // cost; of the smaller class C, of the larger one C times the ratio of the numbers
  double Tol = 0.01;           // largest violation of the optimality conditions
  std::int64_t MaxIter = 1000;  // in units of the number of events
  std::int32_t signal_class = 0;
};

struct SvmResult {
  std::shared_ptr<const KernelMachine> predictor;
  std::int64_t iterations = 0;
  double violation = 0.0;  // at the end
};

// Epsilon-insensitive regression: deviations up to Epsilon cost nothing, larger ones C times what is above.
struct SvmRegressionParams {
  SvmKernelParams kernel;
  double C = 0.002;
  double Epsilon = 0.01;
  double Tol = 0.01;
  std::int64_t MaxIter = 1000;  // in units of the number of events
};

// The same solver. The cost of an event is C times its weight over the mean weight.
SvmResult fit_svm_regression(const Context& context, const SvmRegressionParams& params, View<const float, 2> events,
                             View<const double> target, View<const double> weight);

// Sequential minimal optimisation with the second-order choice of the pair (Fan, Chen and Lin, JMLR 6, 2005). The cost of
// an event is that of its class times its weight over the mean weight of the class; events of weight 0 are left out.
// Throws InvalidArgument for negative weights, a class without events, parameters that make no sense.
SvmResult fit_svm(const Context& context, const SvmParams& params, View<const float, 2> events,
                  View<const std::int32_t> class_index, View<const double> weight);

}  // namespace diskern::statistics
