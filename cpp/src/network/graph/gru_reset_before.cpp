// Gated recurrent unit with the reset gate in front of the recurrent weights, as Cho et al. wrote it down
// (arXiv:1406.1078) and as TMVA has it by default: n = tanh(x W + (r h) U + b), h = (1 - z) n + z h_before.
#include "network/graph/gru_reset_before.hpp"

#include <algorithm>

#include "network/graph/matrix.hpp"
#include "network/graph/recurrent_kernel.hpp"

namespace diskern::network::graph {

namespace {

// Columns of the weights and biases: r, z, n. The numbers of a tile are kept step after step: sums of the gates, which
// become values and then gradients; the state h; r times the state before.
class GruResetBefore final : public LayerOf<GruResetBefore> {
 public:
  explicit GruResetBefore(const archive::Group& group)
      : LayerOf(group),
        units_(group.count("units", 65536)),
        sequences_(group.boolean("sequences")),
        backwards_(group.boolean("backwards")) {}
  const char* kind() const noexcept override { return "gru"; }

  std::size_t scratch_size(std::size_t events) const noexcept override { return 2 * events * units_ + 2 * slack; }
  std::size_t prepared_size() const noexcept override {
    return packed_size(features_, columns()) + packed_size(columns(), features_) + packed_size(units_, 2 * units_) +
           packed_size(units_, units_) + packed_size(2 * units_, units_) + packed_size(units_, units_) +
           padded_columns(columns());
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    const std::size_t c = columns();
    const std::size_t u = units_;
    const Prepared<T> p = places(prepared);
    const T* weights = parameters;
    const T* recurrent = weights + features_ * c;
    pack(features_, c, [&](std::size_t k, std::size_t n) { return weights[k * c + n]; }, p.input);
    pack(c, features_, [&](std::size_t k, std::size_t n) { return weights[n * c + k]; }, p.input_back);
    pack(u, 2 * u, [&](std::size_t k, std::size_t n) { return recurrent[k * c + n]; }, p.gates);
    pack(u, u, [&](std::size_t k, std::size_t n) { return recurrent[k * c + 2 * u + n]; }, p.candidate);
    pack(2 * u, u, [&](std::size_t k, std::size_t n) { return recurrent[n * c + k]; }, p.gates_back);
    pack(u, u, [&](std::size_t k, std::size_t n) { return recurrent[n * c + 2 * u + k]; }, p.candidate_back);
    std::fill_n(p.bias, padded_columns(c), T{0});
    std::copy_n(recurrent + u * c, c, p.bias);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t n = call.events;
    const std::size_t c = columns();
    const Prepared<const T> p = places(call.prepared);
    const Saved<T> saved = saved_places(call.saved, n);
    T* zero = call.scratch;
    std::fill_n(zero, n * units_, T{0});
    for (std::size_t i = 0; i < steps_; ++i) {
      const std::size_t t = time(i);
      T* gates = saved.gates + t * n * c;
      T* h = saved.h + t * n * units_;
      T* reset = saved.reset + t * n * units_;
      const T* before = i == 0 ? zero : saved.h + time(i - 1) * n * units_;
      multiply<T>(call.inputs[0] + t * features_, steps_ * features_, p.input, p.bias, gates, c, n, features_, c);
      multiply<T>(before, units_, p.gates, nullptr, gates, c, n, units_, 2 * units_, true);
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * c;
        for (std::size_t j = 0; j < units_; ++j) {
          z[j] = cell_sigmoid(z[j]);
          z[units_ + j] = cell_sigmoid(z[units_ + j]);
          reset[e * units_ + j] = z[j] * before[e * units_ + j];
        }
      }
      multiply<T>(reset, units_, p.candidate, nullptr, gates + 2 * units_, c, n, units_, units_, true);
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * c;
        T* state = h + e * units_;
        const T* state_before = before + e * units_;
        for (std::size_t j = 0; j < units_; ++j) {
          const T candidate = z[2 * units_ + j] = cell_tanh(z[2 * units_ + j]);
          state[j] = (T{1} - z[units_ + j]) * candidate + z[units_ + j] * state_before[j];
        }
        if (masked_ && call.inputs[1][e * steps_ + t] == T{0}) std::copy_n(state_before, units_, state);
        if (sequences_) {
          std::copy_n(state, units_, call.output + (e * steps_ + t) * units_);
        } else if (i + 1 == steps_) {
          std::copy_n(state, units_, call.output + e * units_);
        }
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const std::size_t n = call.events;
    const std::size_t c = columns();
    const Prepared<const T> p = places(call.prepared);
    const Saved<T> saved = saved_places(call.saved, n);
    T* h_gradient = call.scratch;
    T* reset_gradient = h_gradient + n * units_ + slack;
    std::fill_n(h_gradient, n * units_, T{0});
    const std::vector<T> zero(units_, T{0});
    if (masked_ && call.input_gradients[1] != nullptr) std::fill_n(call.input_gradients[1], n * steps_, T{0});
    const auto before_of = [&](std::size_t i, std::size_t e) {
      return i == 0 ? zero.data() : saved.h + (time(i - 1) * n + e) * units_;
    };
    for (std::size_t i = steps_; i-- > 0;) {
      const std::size_t t = time(i);
      T* gates = saved.gates + t * n * c;
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * c;
        T* g = h_gradient + e * units_;
        const T* before = before_of(i, e);
        if (sequences_ || i + 1 == steps_) {
          const T* add =
              sequences_ ? call.output_gradient + (e * steps_ + t) * units_ : call.output_gradient + e * units_;
          for (std::size_t j = 0; j < units_; ++j) g[j] += add[j];
        }
        if (masked_ && call.inputs[1][e * steps_ + t] == T{0}) {
          std::fill_n(z, c, T{0});
          std::fill_n(saved.reset + (t * n + e) * units_, units_, T{0});
          continue;
        }
        for (std::size_t j = 0; j < units_; ++j) {
          const T update = z[units_ + j];
          const T candidate = z[2 * units_ + j];
          z[2 * units_ + j] = g[j] * (T{1} - update) * (T{1} - candidate * candidate);
          z[units_ + j] = g[j] * (before[j] - candidate) * update * (T{1} - update);
          g[j] *= update;
        }
      }
      multiply<T>(gates + 2 * units_, c, p.candidate_back, nullptr, reset_gradient, units_, n, units_, units_);
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * c;
        const T* before = before_of(i, e);
        for (std::size_t j = 0; j < units_; ++j) {
          const T reset = z[j];
          const T gradient = reset_gradient[e * units_ + j];
          h_gradient[e * units_ + j] += gradient * reset;
          z[j] = gradient * before[j] * reset * (T{1} - reset);
        }
      }
      if (i > 0) multiply<T>(gates, c, p.gates_back, nullptr, h_gradient, units_, n, 2 * units_, units_, true);
      if (call.input_gradients[0] != nullptr) {
        multiply<T>(gates, c, p.input_back, nullptr, call.input_gradients[0] + t * features_, steps_ * features_, n, c,
                    features_);
      }
    }
    // Gradients of the parameters: sums over all steps and events at once.
    T* weights = call.parameter_gradients;
    T* recurrent = weights + features_ * c;
    const std::size_t line = n * c;
    add_outer<T>({call.inputs[0], features_, steps_ * features_, saved.gates, line, c, weights, c, steps_, n, features_,
                  c});
    if (steps_ > 1) {
      const T* h = saved.h + (backwards_ ? n * units_ : 0);
      const T* gates = saved.gates + (backwards_ ? 0 : line);
      add_outer<T>({h, n * units_, units_, gates, line, c, recurrent, c, steps_ - 1, n, units_, 2 * units_});
    }
    add_outer<T>({saved.reset, n * units_, units_, saved.gates + 2 * units_, line, c, recurrent + 2 * units_, c, steps_,
                  n, units_, units_});
    add_column_sums(saved.gates, c, recurrent + units_ * c, steps_ * n, c);
  }

 private:
  std::size_t columns() const noexcept { return 3 * units_; }
  std::size_t time(std::size_t i) const noexcept { return backwards_ ? steps_ - 1 - i : i; }

  template <class T>
  struct Prepared {
    T* input;
    T* input_back;
    T* gates;
    T* candidate;
    T* gates_back;
    T* candidate_back;
    T* bias;
  };
  template <class T>
  Prepared<T> places(T* prepared) const noexcept {
    Prepared<T> p{};
    p.input = prepared;
    p.input_back = p.input + packed_size(features_, columns());
    p.gates = p.input_back + packed_size(columns(), features_);
    p.candidate = p.gates + packed_size(units_, 2 * units_);
    p.gates_back = p.candidate + packed_size(units_, units_);
    p.candidate_back = p.gates_back + packed_size(2 * units_, units_);
    p.bias = p.candidate_back + packed_size(units_, units_);
    return p;
  }
  template <class T>
  struct Saved {
    T* h;
    T* reset;
    T* gates;
  };
  template <class T>
  Saved<T> saved_places(T* saved, std::size_t events) const noexcept {
    const std::size_t states = steps_ * events * units_;
    return {saved, saved + states, saved + 2 * states};
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 2);
    expect_rank(inputs[0], 2, "steps, features");
    if (units_ == 0) refuse("has 0 units");
    steps_ = inputs[0][0];
    features_ = inputs[0][1];
    masked_ = inputs.size() == 2;
    if (masked_ && size_of(inputs[1]) != steps_) {
      refuse("has a mask of shape " + text_of(inputs[1]) + ", expected one number for each of its " +
             std::to_string(steps_) + " steps");
    }
    if (6 * units_ > maximum_elements / steps_ || 4 * units_ > maximum_elements / std::max(features_, units_)) {
      refuse("works on more than 2^26 numbers");
    }
    saved_size_ = steps_ * 5 * units_;
    parameters_.push_back({"weights", {features_, columns()}, Start::weights, true, true, features_, units_});
    parameters_.push_back({"recurrent_weights", {units_, columns()}, Start::weights, true, true, units_, units_});
    parameters_.push_back({"biases", {columns()}});
    return sequences_ ? Shape{steps_, units_} : Shape{units_};
  }
  void write_attributes(archive::Group& group) const override {
    group.set("units", static_cast<std::int64_t>(units_));
    group.set("sequences", sequences_);
    group.set("backwards", backwards_);
    group.set("reset_after", false);
  }

  std::size_t units_;
  bool sequences_;
  bool backwards_;
  bool masked_ = false;
  std::size_t steps_ = 0;
  std::size_t features_ = 0;
};

}  // namespace

LayerPointer make_gru_reset_before(const archive::Group& group) { return std::make_shared<GruResetBefore>(group); }

}  // namespace diskern::network::graph
