// Layers that shift and scale.
#include <algorithm>
#include <cmath>

#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

// Per channel (last dimension) over events and positions: y = gamma (x - mean) / sqrt(variance + epsilon) + beta (Ioffe
// and Szegedy, arXiv:1502.03167). In training mean and variance are those of the batch, and running averages follow:
// running += momentum (batch - running), the variance with the divisor n - 1. A negative momentum asks for the mean
// over all batches (TMVA's -1).
class BatchNormalisation final : public LayerOf<BatchNormalisation> {
 public:
  explicit BatchNormalisation(const archive::Group& group)
      : LayerOf(group), momentum_(group.finite_real("momentum")), epsilon_(group.finite_real("epsilon")) {
    if (momentum_ > 1.0) throw FormatError("layer '" + name() + "': momentum is larger than 1");
    if (!(epsilon_ >= 0.0)) throw FormatError("layer '" + name() + "': epsilon is negative");
  }
  const char* kind() const noexcept override { return "batch_normalisation"; }
  std::size_t scratch_size(std::size_t /*events*/) const noexcept override { return 2 * channels_; }

  // Sums, sums of squares, number of values.
  std::size_t statistics_size() const noexcept override { return 2 * channels_ + 1; }
  void collect(const Forward<float>& call, double* sums) const override { collect_of(call, sums); }
  void collect(const Forward<double>& call, double* sums) const override { collect_of(call, sums); }
  // Sums of the gradient, and of the gradient times the normalised value.
  std::size_t gradient_statistics_size() const noexcept override { return 2 * channels_; }
  void collect_gradient(const Backward<float>& call, double* sums) const override { collect_gradient_of(call, sums); }
  void collect_gradient(const Backward<double>& call, double* sums) const override { collect_gradient_of(call, sums); }

  void update_state(float* parameters, const double* statistics, std::size_t) const override {
    update_state_of(parameters, statistics);
  }
  void update_state(double* parameters, const double* statistics, std::size_t) const override {
    update_state_of(parameters, statistics);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    T* factor = call.scratch;
    T* offset = call.scratch + channels_;
    const T* gamma = call.parameters;
    const T* beta = gamma + channels_;
    for (std::size_t i = 0; i < channels_; ++i) {
      const Moments m = moments(call.parameters, call.statistics, i);
      factor[i] = static_cast<T>(static_cast<double>(gamma[i]) * m.inverse);
      offset[i] = static_cast<T>(static_cast<double>(beta[i]) - static_cast<double>(gamma[i]) * m.inverse * m.mean);
    }
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      const T* x = call.inputs[0] + row * channels_;
      T* y = call.output + row * channels_;
      for (std::size_t i = 0; i < channels_; ++i) y[i] = x[i] * factor[i] + offset[i];
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const T* gamma = call.parameters;
    const std::size_t rows = call.events * rows_;
    for (std::size_t i = 0; i < channels_; ++i) {
      const Moments m = moments(call.parameters, call.statistics, i);
      double sum = 0.0;
      double product = 0.0;
      for (std::size_t row = 0; row < rows; ++row) {
        const double g = static_cast<double>(call.output_gradient[row * channels_ + i]);
        sum += g;
        product += g * (static_cast<double>(call.inputs[0][row * channels_ + i]) - m.mean) * m.inverse;
      }
      call.parameter_gradients[i] += static_cast<T>(product);
      call.parameter_gradients[channels_ + i] += static_cast<T>(sum);
      if (call.input_gradients[0] == nullptr) continue;
      const double scale = static_cast<double>(gamma[i]) * m.inverse;
      double mean_gradient = 0.0;
      double mean_product = 0.0;
      if (call.gradient_statistics != nullptr) {
        const double count = call.statistics[2 * channels_];
        mean_gradient = call.gradient_statistics[i] / count;
        mean_product = call.gradient_statistics[channels_ + i] / count;
      }
      for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t place = row * channels_ + i;
        const double normal = (static_cast<double>(call.inputs[0][place]) - m.mean) * m.inverse;
        call.input_gradients[0][place] = static_cast<T>(
            scale * (static_cast<double>(call.output_gradient[place]) - mean_gradient - normal * mean_product));
      }
    }
  }

 private:
  struct Moments {
    double mean;
    double inverse;  // 1 / standard deviation
  };
  template <class T>
  Moments moments(const T* parameters, const double* statistics, std::size_t i) const {
    double mean = static_cast<double>(parameters[2 * channels_ + i]);
    double variance = static_cast<double>(parameters[3 * channels_ + i]);
    if (statistics != nullptr) {
      const double count = statistics[2 * channels_];
      mean = statistics[i] / count;
      variance = std::max(statistics[channels_ + i] / count - mean * mean, 0.0);
    }
    return {mean, 1.0 / std::sqrt(variance + epsilon_)};
  }

  template <class T>
  void collect_of(const Forward<T>& call, double* sums) const {
    const std::size_t rows = call.events * rows_;
    for (std::size_t row = 0; row < rows; ++row) {
      const T* x = call.inputs[0] + row * channels_;
      for (std::size_t i = 0; i < channels_; ++i) {
        const double value = static_cast<double>(x[i]);
        sums[i] += value;
        sums[channels_ + i] += value * value;
      }
    }
    sums[2 * channels_] += static_cast<double>(rows);
  }

  template <class T>
  void collect_gradient_of(const Backward<T>& call, double* sums) const {
    for (std::size_t i = 0; i < channels_; ++i) {
      const Moments m = moments(call.parameters, call.statistics, i);
      for (std::size_t row = 0; row < call.events * rows_; ++row) {
        const double g = static_cast<double>(call.output_gradient[row * channels_ + i]);
        sums[i] += g;
        sums[channels_ + i] += g * (static_cast<double>(call.inputs[0][row * channels_ + i]) - m.mean) * m.inverse;
      }
    }
  }

  template <class T>
  void update_state_of(T* parameters, const double* statistics) const {
    const double count = statistics[2 * channels_];
    T& batches = parameters[4 * channels_];
    batches += T{1};
    const double step = momentum_ < 0.0 ? 1.0 / static_cast<double>(batches) : momentum_;
    for (std::size_t i = 0; i < channels_; ++i) {
      const double mean = statistics[i] / count;
      const double squares = std::max(statistics[channels_ + i] / count - mean * mean, 0.0);
      const double variance = count > 1.0 ? squares * count / (count - 1.0) : squares;
      T& running_mean = parameters[2 * channels_ + i];
      T& running_variance = parameters[3 * channels_ + i];
      running_mean = static_cast<T>(static_cast<double>(running_mean) * (1.0 - step) + mean * step);
      running_variance = static_cast<T>(static_cast<double>(running_variance) * (1.0 - step) + variance * step);
    }
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    channels_ = inputs[0].back();
    rows_ = size_of(inputs[0]) / channels_;
    parameters_.push_back({"gamma", {channels_}, Start::ones});
    parameters_.push_back({"beta", {channels_}});
    parameters_.push_back({"running_mean", {channels_}, Start::zeros, false});
    parameters_.push_back({"running_variance", {channels_}, Start::ones, false});
    parameters_.push_back({"batches", {1}, Start::zeros, false});
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override {
    group.set("momentum", momentum_);
    group.set("epsilon", epsilon_);
  }

  double momentum_;
  double epsilon_;
  std::size_t channels_ = 0;
  std::size_t rows_ = 0;
};

// The same over the last dimension of each position: nothing couples events (Ba et al., arXiv:1607.06450).
class LayerNormalisation final : public LayerOf<LayerNormalisation> {
 public:
  explicit LayerNormalisation(const archive::Group& group) : LayerOf(group), epsilon_(group.finite_real("epsilon")) {
    if (!(epsilon_ >= 0.0)) throw FormatError("layer '" + name() + "': epsilon is negative");
  }
  const char* kind() const noexcept override { return "layer_normalisation"; }

  template <class T>
  auto moments(const T* x) const {
    struct Result {
      T mean;
      T inverse;
    };
    T mean{0};
    for (std::size_t i = 0; i < channels_; ++i) mean += x[i];
    mean /= static_cast<T>(channels_);
    T variance{0};
    for (std::size_t i = 0; i < channels_; ++i) variance += (x[i] - mean) * (x[i] - mean);
    variance /= static_cast<T>(channels_);
    return Result{mean, T{1} / std::sqrt(variance + static_cast<T>(epsilon_))};
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const T* gamma = call.parameters;
    const T* beta = gamma + channels_;
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      const T* x = call.inputs[0] + row * channels_;
      T* y = call.output + row * channels_;
      const auto m = moments(x);
      for (std::size_t i = 0; i < channels_; ++i) y[i] = (x[i] - m.mean) * m.inverse * gamma[i] + beta[i];
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const T* gamma = call.parameters;
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      const T* x = call.inputs[0] + row * channels_;
      const T* g = call.output_gradient + row * channels_;
      const auto m = moments(x);
      T sum{0};
      T product{0};
      for (std::size_t i = 0; i < channels_; ++i) {
        const T normal = (x[i] - m.mean) * m.inverse;
        call.parameter_gradients[i] += g[i] * normal;
        call.parameter_gradients[channels_ + i] += g[i];
        sum += g[i] * gamma[i];
        product += g[i] * gamma[i] * normal;
      }
      if (call.input_gradients[0] == nullptr) continue;
      T* x_gradient = call.input_gradients[0] + row * channels_;
      const T count = static_cast<T>(channels_);
      for (std::size_t i = 0; i < channels_; ++i) {
        const T normal = (x[i] - m.mean) * m.inverse;
        x_gradient[i] = m.inverse * (g[i] * gamma[i] - sum / count - normal * product / count);
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    channels_ = inputs[0].back();
    rows_ = size_of(inputs[0]) / channels_;
    parameters_.push_back({"gamma", {channels_}, Start::ones});
    parameters_.push_back({"beta", {channels_}});
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override { group.set("epsilon", epsilon_); }

  double epsilon_;
  std::size_t channels_ = 0;
  std::size_t rows_ = 0;
};

// Constants per channel: y = (x - shift) * factor. What standardises inputs; no optimizer touches it.
class Scale final : public LayerOf<Scale> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "scale"; }
  bool standardises() const noexcept override { return true; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const T* shift = call.parameters;
    const T* factor = shift + channels_;
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      for (std::size_t i = 0; i < channels_; ++i) {
        call.output[row * channels_ + i] = (call.inputs[0][row * channels_ + i] - shift[i]) * factor[i];
      }
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    const T* factor = call.parameters + channels_;
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      for (std::size_t i = 0; i < channels_; ++i) {
        call.input_gradients[0][row * channels_ + i] = call.output_gradient[row * channels_ + i] * factor[i];
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    channels_ = inputs[0].back();
    rows_ = size_of(inputs[0]) / channels_;
    parameters_.push_back({"shift", {channels_}, Start::zeros, false});
    parameters_.push_back({"factor", {channels_}, Start::ones, false});
    return inputs[0];
  }
  std::size_t channels_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace

LayerPointer make_batch_normalisation(const archive::Group& group) {
  return std::make_shared<BatchNormalisation>(group);
}
LayerPointer make_layer_normalisation(const archive::Group& group) {
  return std::make_shared<LayerNormalisation>(group);
}
LayerPointer make_scale(const archive::Group& group) { return std::make_shared<Scale>(group); }

}  // namespace diskern::network::graph
