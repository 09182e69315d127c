// Layers that act in training only, by random numbers: functions of seed, step, event and element (base/philox.hpp), so
// that they depend neither on threads nor on how a batch is cut.
#include <algorithm>
#include <cmath>

#include "base/philox.hpp"
#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::uint32_t elements_per_layer = std::uint32_t{1} << 24;

// Four uniform numbers, or two normal ones, at a time.
PhiloxBlock block_of(const Philox& philox, const RandomPlace& place, std::size_t event, std::size_t element) {
  return philox.block(place.first_event + event, place.step,
                      place.layer * elements_per_layer + static_cast<std::uint32_t>(element));
}

template <class T>
void fill_normal(const RandomPlace& place, std::size_t events, std::size_t size, T* values) {
  const Philox philox(place.seed, Purpose::dropout);
  for (std::size_t e = 0; e < events; ++e) {
    for (std::size_t i = 0; i < size; i += 2) {
      const NormalPair pair = normal_pair(block_of(philox, place, e, i / 2));
      values[e * size + i] = static_cast<T>(pair.first);
      if (i + 1 < size) values[e * size + i + 1] = static_cast<T>(pair.second);
    }
  }
}

// In training each number becomes 0 with the probability rate, the others are divided by 1 - rate. With whole_maps all
// positions of a channel go together.
class Dropout final : public LayerOf<Dropout> {
 public:
  explicit Dropout(const archive::Group& group)
      : LayerOf(group), rate_(group.finite_real("rate")), whole_maps_(group.boolean("whole_maps")) {
    if (!(rate_ >= 0.0 && rate_ < 1.0)) {
      throw FormatError("layer '" + name() + "': rate is " + std::to_string(rate_) + ", expected 0 <= rate < 1");
    }
  }
  const char* kind() const noexcept override { return "dropout"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const T* x = call.inputs[0];
    if (!call.training) {
      std::copy_n(x, call.events * size_, call.output);
      return;
    }
    const Philox philox(call.random.seed, Purpose::dropout);
    const T scale = static_cast<T>(1.0 / (1.0 - rate_));
    // Kept are words of at least this.
    const auto bound = static_cast<std::uint64_t>(rate_ * 0x1p32);
    for (std::size_t e = 0; e < call.events; ++e) {
      T* factor = call.saved + e * size_;
      for (std::size_t i = 0; i < drawn_; i += 4) {
        const PhiloxBlock words = block_of(philox, call.random, e, i / 4);
        for (std::size_t j = i; j < std::min(i + 4, drawn_); ++j) factor[j] = words.word[j - i] >= bound ? scale : T{0};
      }
      for (std::size_t i = drawn_; i < size_; ++i) factor[i] = factor[i - drawn_];
    }
    for (std::size_t i = 0; i < call.events * size_; ++i) call.output[i] = x[i] * call.saved[i];
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    for (std::size_t i = 0; i < call.events * size_; ++i) {
      call.input_gradients[0][i] = call.output_gradient[i] * call.saved[i];
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    size_ = size_of(inputs[0]);
    drawn_ = whole_maps_ ? inputs[0].back() : size_;
    saved_size_ = size_;
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override {
    group.set("rate", rate_);
    group.set("whole_maps", whole_maps_);
  }

  double rate_;
  bool whole_maps_;
  std::size_t size_ = 0;
  std::size_t drawn_ = 0;
};

// In training adds normal numbers of the given standard deviation.
class GaussianNoise final : public LayerOf<GaussianNoise> {
 public:
  explicit GaussianNoise(const archive::Group& group) : LayerOf(group), deviation_(group.finite_real("deviation")) {
    if (deviation_ < 0.0) throw FormatError("layer '" + name() + "': deviation is negative");
  }
  const char* kind() const noexcept override { return "gaussian_noise"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t count = call.events * size_;
    if (!call.training) {
      std::copy_n(call.inputs[0], count, call.output);
      return;
    }
    fill_normal(call.random, call.events, size_, call.output);
    const T deviation = static_cast<T>(deviation_);
    for (std::size_t i = 0; i < count; ++i) call.output[i] = call.inputs[0][i] + deviation * call.output[i];
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] != nullptr) {
      std::copy_n(call.output_gradient, call.events * size_, call.input_gradients[0]);
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    size_ = size_of(inputs[0]);
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override { group.set("deviation", deviation_); }

  double deviation_;
  std::size_t size_ = 0;
};

// In training draws from the normal distribution of the given mean (first input) and logarithm of the variance (second
// input), differentiably: m + exp(v / 2) times a standard normal number (Kingma and Welling, arXiv:1312.6114). When
// applied gives the mean.
class Sampling final : public LayerOf<Sampling> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "sampling"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t count = call.events * size_;
    if (!call.training) {
      std::copy_n(call.inputs[0], count, call.output);
      return;
    }
    fill_normal(call.random, call.events, size_, call.saved);
    for (std::size_t i = 0; i < count; ++i) {
      call.output[i] = call.inputs[0][i] + std::exp(T{0.5} * call.inputs[1][i]) * call.saved[i];
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t i = 0; i < call.events * size_; ++i) {
      const T g = call.output_gradient[i];
      if (call.input_gradients[0] != nullptr) call.input_gradients[0][i] = g;
      if (call.input_gradients[1] != nullptr) {
        call.input_gradients[1][i] = g * T{0.5} * std::exp(T{0.5} * call.inputs[1][i]) * call.saved[i];
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 2);
    if (inputs[0] != inputs[1]) {
      refuse("has means of shape " + text_of(inputs[0]) + " and logarithms of variances of shape " +
             text_of(inputs[1]) + ", expected equal ones");
    }
    size_ = size_of(inputs[0]);
    saved_size_ = size_;
    return inputs[0];
  }
  std::size_t size_ = 0;
};

}  // namespace

LayerPointer make_dropout(const archive::Group& group) { return std::make_shared<Dropout>(group); }
LayerPointer make_gaussian_noise(const archive::Group& group) { return std::make_shared<GaussianNoise>(group); }
LayerPointer make_sampling(const archive::Group& group) { return std::make_shared<Sampling>(group); }

}  // namespace diskern::network::graph
