// Gated recurrent unit with the reset gate in front of the recurrent weights, as Cho et al. wrote it down
// (arXiv:1406.1078) and as TMVA has it by default: n = tanh(x W + (r h) U + b), h = (1 - z) n + z h_before.
#include "network/graph/gru_reset_before.hpp"

#include <algorithm>

#include "network/graph/matrix.hpp"
#include "network/graph/recurrent_kernel.hpp"
#include "network/graph/series_layer.hpp"

namespace diskern::network::graph {

namespace {

// Columns of the weights and biases: r, z, n. The numbers of a tile are kept step after step: sums of the gates, which
// become values and then gradients; the state h; r times the state before.
class GruResetBefore final : public SeriesLayer<GruResetBefore> {
 public:
  using SeriesLayer::SeriesLayer;
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
    pack(features_, c, Strided<T>{weights, c, 1}, p.input);
    pack(c, features_, Strided<T>{weights, 1, c}, p.input_back);
    pack(u, 2 * u, Strided<T>{recurrent, c, 1}, p.gates);
    pack(u, u, Strided<T>{recurrent + 2 * u, c, 1}, p.candidate);
    pack(2 * u, u, Strided<T>{recurrent, 1, c}, p.gates_back);
    pack(u, u, Strided<T>{recurrent + 2 * u, 1, c}, p.candidate_back);
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
        if (absent(call.inputs, e, t)) std::copy_n(state_before, units_, state);
        put_state(call, e, i, state);
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
    clear_mask_gradient(call);
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
        add_output_gradient(call, e, i, g);
        if (absent(call.inputs, e, t)) {
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
    look_at(inputs);
    return shape_series(inputs, columns(), columns(), 5 * units_);
  }
  void write_attributes(archive::Group& group) const override {
    SeriesLayer::write_attributes(group);
    group.set("reset_after", false);
  }
};

}  // namespace

LayerPointer make_gru_reset_before(const archive::Group& group) { return std::make_shared<GruResetBefore>(group); }

}  // namespace diskern::network::graph
