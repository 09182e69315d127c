// Recurrent layers over series (steps, features): plain (tanh), LSTM (Hochreiter and Schmidhuber, 1997, with forget
// gates) and GRU (Cho et al., arXiv:1406.1078, with the reset gate behind the recurrent weights, as cuDNN and PyTorch
// have it). The state begins at 0; a mask (second input, one number per step, 0: not there) passes steps over: state
// and output stay as they were.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/dispatch.hpp"
#include "diskern/error.hpp"
#include "network/graph/gru_reset_before.hpp"
#include "network/graph/layers.hpp"
#include "network/graph/matrix.hpp"
#include "network/graph/recurrent_kernel.hpp"
#include "network/graph/series_layer.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::graph::RecurrentKernels graph_recurrent_kernels;
}
namespace isa_avx2 {
extern const network::graph::RecurrentKernels graph_recurrent_kernels;
}
namespace isa_avx512 {
extern const network::graph::RecurrentKernels graph_recurrent_kernels;
}
namespace isa_neon {
extern const network::graph::RecurrentKernels graph_recurrent_kernels;
}

namespace network::graph {

namespace {

constexpr KernelTables<RecurrentKernels> tables = {
    &isa_scalar::graph_recurrent_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::graph_recurrent_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::graph_recurrent_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::graph_recurrent_kernels,
#else
    nullptr,
#endif
};

const RecurrentKernels& recurrent_kernels() {
  static const RecurrentKernels& kernels = tables.at(instruction_set());
  return kernels;
}

enum class Cell : std::uint8_t { plain, lstm, gru };

// The numbers of a tile are kept step after step: sums of the gates, which become values and then gradients; the state
// h; for LSTM the inner state c.
template <Cell cell>
class Recurrent final : public SeriesLayer<Recurrent<cell>> {
 public:
  using SeriesLayer<Recurrent<cell>>::SeriesLayer;
  const char* kind() const noexcept override {
    return cell == Cell::plain ? "recurrent" : cell == Cell::lstm ? "lstm" : "gru";
  }

  std::size_t scratch_size(std::size_t events) const noexcept override { return 2 * (events + 1) * units_ + 2 * slack; }
  std::size_t prepared_size() const noexcept override {
    return packed_size(features_, input_columns()) + packed_size(input_columns(), features_) + recurrent_size() +
           packed_size(input_columns(), units_) + padded_columns(input_columns()) + padded_columns(units_);
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    const std::size_t columns = input_columns();
    const Prepared<T> p = places(prepared);
    const T* weights = parameters;
    const T* recurrent = weights + features_ * columns;
    const T* biases = recurrent + units_ * columns;
    pack(features_, columns, Strided<T>{weights, columns, 1}, p.input);
    pack(columns, features_, Strided<T>{weights, 1, columns}, p.input_back);
    if constexpr (cell == Cell::gru) {
      pack(units_, 2 * units_, Strided<T>{recurrent, columns, 1}, p.recurrent);
      pack(units_, units_, Strided<T>{recurrent + 2 * units_, columns, 1}, p.recurrent + packed_size(units_, 2 * units_));
    } else {
      pack(units_, columns, Strided<T>{recurrent, columns, 1}, p.recurrent);
    }
    pack(columns, units_, Strided<T>{recurrent, 1, columns}, p.recurrent_back);
    std::fill_n(p.bias, padded_columns(columns) + padded_columns(units_), T{0});
    std::copy_n(biases, columns, p.bias);
    if constexpr (cell == Cell::gru) std::copy_n(biases + columns, units_, p.state_bias);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t n = call.events;
    const Prepared<const T> p = places(call.prepared);
    const Saved<T> saved = saved_places(call.saved, n);
    T* zero = call.scratch;
    std::fill_n(zero, n * units_, T{0});
    for (std::size_t i = 0; i < steps_; ++i) {
      const std::size_t t = time(i);
      T* gates = saved.gates + t * n * gate_columns();
      T* h = saved.h + t * n * units_;
      const T* h_before = i == 0 ? zero : saved.h + time(i - 1) * n * units_;
      multiply<T>(call.inputs[0] + t * features_, steps_ * features_, p.input, p.bias, gates, gate_columns(), n,
                  features_, input_columns());
      if constexpr (cell == Cell::gru) {
        multiply<T>(h_before, units_, p.recurrent, nullptr, gates, gate_columns(), n, units_, 2 * units_, true);
        multiply<T>(h_before, units_, p.recurrent + packed_size(units_, 2 * units_), p.state_bias, gates + 3 * units_,
                    gate_columns(), n, units_, units_);
      } else {
        multiply<T>(h_before, units_, p.recurrent, nullptr, gates, gate_columns(), n, units_, input_columns(), true);
      }
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * gate_columns();
        T* state = h + e * units_;
        const T* before = h_before + e * units_;
        T* c = nullptr;
        const T* c_before = nullptr;
        if constexpr (cell == Cell::lstm) {
          c = saved.c + (t * n + e) * units_;
          c_before = i == 0 ? zero : saved.c + (time(i - 1) * n + e) * units_;
        }
        if (this->absent(call.inputs, e, t)) {
          std::copy_n(before, units_, state);
          if constexpr (cell == Cell::lstm) std::copy_n(c_before, units_, c);
        } else {
          step_forward(z, before, state, c_before, c);
        }
        this->put_state(call, e, i, state);
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const std::size_t n = call.events;
    const Prepared<const T> p = places(call.prepared);
    const Saved<T> saved = saved_places(call.saved, n);
    T* h_gradient = call.scratch;
    T* c_gradient = h_gradient + n * units_ + slack;
    std::fill_n(h_gradient, n * units_, T{0});
    std::fill_n(c_gradient, n * units_, T{0});
    const std::vector<T> zero(units_, T{0});
    this->clear_mask_gradient(call);
    for (std::size_t i = steps_; i-- > 0;) {
      const std::size_t t = time(i);
      T* gates = saved.gates + t * n * gate_columns();
      for (std::size_t e = 0; e < n; ++e) {
        T* z = gates + e * gate_columns();
        T* g = h_gradient + e * units_;
        const T* h = saved.h + (t * n + e) * units_;
        const T* before = i == 0 ? zero.data() : saved.h + (time(i - 1) * n + e) * units_;
        this->add_output_gradient(call, e, i, g);
        if (this->absent(call.inputs, e, t)) {
          std::fill_n(z, gate_columns(), T{0});
          continue;
        }
        const T* c = nullptr;
        const T* c_before = nullptr;
        if constexpr (cell == Cell::lstm) {
          c = saved.c + (t * n + e) * units_;
          c_before = i == 0 ? zero.data() : saved.c + (time(i - 1) * n + e) * units_;
        }
        step_backward(z, before, h, c_before, c, g, c_gradient + e * units_);
      }
      // The gradient of the state before: through the recurrent weights; what bypasses them was left in h_gradient.
      if (i > 0) {
        const std::ptrdiff_t runs[3] = {0, static_cast<std::ptrdiff_t>(units_),
                                        static_cast<std::ptrdiff_t>(3 * units_)};
        Rows<T> rows{gates,
                     gate_columns(),
                     runs,
                     cell == Cell::gru ? std::size_t{3} : std::size_t{1},
                     cell == Cell::gru ? units_ : input_columns(),
                     p.recurrent_back,
                     nullptr,
                     h_gradient,
                     units_,
                     n,
                     units_,
                     true};
        multiply_rows(rows);
      }
      if (call.input_gradients[0] != nullptr) {
        multiply<T>(gates, gate_columns(), p.input_back, nullptr, call.input_gradients[0] + t * features_,
                    steps_ * features_, n, input_columns(), features_);
      }
    }
    // Gradients of the parameters: sums over all steps and events at once.
    const std::size_t columns = input_columns();
    T* weights = call.parameter_gradients;
    T* recurrent = weights + features_ * columns;
    T* biases = recurrent + units_ * columns;
    const std::size_t line = n * gate_columns();
    add_outer<T>({call.inputs[0], features_, steps_ * features_, saved.gates, line, gate_columns(), weights, columns,
                  steps_, n, features_, columns});
    if (steps_ > 1) {
      // The state of each step but the last with the gates of the step behind it.
      const T* h = saved.h + (backwards_ ? n * units_ : 0);
      const T* gates = saved.gates + (backwards_ ? 0 : line);
      if constexpr (cell == Cell::gru) {
        add_outer<T>({h, n * units_, units_, gates, line, gate_columns(), recurrent, columns, steps_ - 1, n, units_,
                      2 * units_});
        add_outer<T>({h, n * units_, units_, gates + 3 * units_, line, gate_columns(), recurrent + 2 * units_, columns,
                      steps_ - 1, n, units_, units_});
      } else {
        add_outer<T>(
            {h, n * units_, units_, gates, line, gate_columns(), recurrent, columns, steps_ - 1, n, units_, columns});
      }
    }
    add_column_sums(saved.gates, gate_columns(), biases, steps_ * n, gate_columns());
  }

 private:
  static constexpr std::size_t gate_count = cell == Cell::plain ? 1 : 4;
  std::size_t gate_columns() const noexcept { return gate_count * units_; }
  // Columns of both weights: GRU's fourth sum comes from the recurrent weights of the third.
  std::size_t input_columns() const noexcept { return (cell == Cell::gru ? 3 : gate_count) * units_; }
  std::size_t recurrent_size() const noexcept {
    return cell == Cell::gru ? packed_size(units_, 2 * units_) + packed_size(units_, units_)
                             : packed_size(units_, input_columns());
  }

  template <class T>
  struct Prepared {
    T* input;
    T* input_back;
    T* recurrent;
    T* recurrent_back;
    T* bias;
    T* state_bias;
  };
  template <class T>
  Prepared<T> places(T* prepared) const noexcept {
    Prepared<T> p{};
    p.input = prepared;
    p.input_back = p.input + packed_size(features_, input_columns());
    p.recurrent = p.input_back + packed_size(input_columns(), features_);
    p.recurrent_back = p.recurrent + recurrent_size();
    p.bias = p.recurrent_back + packed_size(input_columns(), units_);
    p.state_bias = p.bias + padded_columns(input_columns());
    return p;
  }
  template <class T>
  struct Saved {
    T* h;
    T* c;
    T* gates;
  };
  template <class T>
  Saved<T> saved_places(T* saved, std::size_t events) const noexcept {
    const std::size_t states = steps_ * events * units_;
    return {saved, saved + states, saved + (cell == Cell::lstm ? 2 : 1) * states};
  }

  template <class T>
  void step_forward(T* z, const T* before, T* h, const T* c_before, T* c) const {
    if constexpr (cell == Cell::plain) {
      for (std::size_t j = 0; j < units_; ++j) h[j] = maths::tanh(z[j]);
    } else if constexpr (cell == Cell::lstm) {
      if constexpr (std::is_same_v<T, float>) {
        recurrent_kernels().lstm_forward(z, c_before, c, h, units_);
      } else {
        lstm_forward(z, c_before, c, h, units_);
      }
    } else if constexpr (std::is_same_v<T, float>) {
      recurrent_kernels().gru_forward(z, before, h, units_);
    } else {
      gru_forward(z, before, h, units_);
    }
    static_cast<void>(before);
    static_cast<void>(c_before);
    static_cast<void>(c);
  }

  template <class T>
  void step_backward(T* z, const T* before, const T* h, const T* c_before, const T* c, T* h_gradient,
                     T* c_gradient) const {
    if constexpr (cell == Cell::plain) {
      for (std::size_t j = 0; j < units_; ++j) {
        z[j] = h_gradient[j] * (T{1} - h[j] * h[j]);
        h_gradient[j] = T{0};
      }
    } else if constexpr (cell == Cell::lstm) {
      if constexpr (std::is_same_v<T, float>) {
        recurrent_kernels().lstm_backward(z, c_before, c, h_gradient, c_gradient, units_);
      } else {
        lstm_backward(z, c_before, c, h_gradient, c_gradient, units_);
      }
      std::fill_n(h_gradient, units_, T{0});
    } else if constexpr (std::is_same_v<T, float>) {
      recurrent_kernels().gru_backward(z, before, h_gradient, units_);
    } else {
      gru_backward(z, before, h_gradient, units_);
    }
    static_cast<void>(before);
    static_cast<void>(h);
    static_cast<void>(c_before);
    static_cast<void>(c);
    static_cast<void>(c_gradient);
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    this->look_at(inputs);
    return this->shape_series(inputs, input_columns(), gate_columns(),
                              gate_columns() + (cell == Cell::lstm ? 2 : 1) * units_);
  }

  using SeriesLayer<Recurrent<cell>>::time;
  using SeriesLayer<Recurrent<cell>>::units_;
  using SeriesLayer<Recurrent<cell>>::backwards_;
  using SeriesLayer<Recurrent<cell>>::steps_;
  using SeriesLayer<Recurrent<cell>>::features_;
};

// The mask of a series or set: 1 where any feature differs from the given value, else 0.
class Masking final : public LayerOf<Masking> {
 public:
  explicit Masking(const archive::Group& group) : LayerOf(group), value_(group.finite_real("value")) {}
  const char* kind() const noexcept override { return "masking"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const T value = static_cast<T>(value_);
    for (std::size_t i = 0; i < call.events * steps_; ++i) {
      const T* x = call.inputs[0] + i * features_;
      call.output[i] = std::all_of(x, x + features_, [value](T one) { return one == value; }) ? T{0} : T{1};
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] != nullptr) {
      std::fill_n(call.input_gradients[0], call.events * steps_ * features_, T{0});
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    expect_rank(inputs[0], 2, "steps, features");
    steps_ = inputs[0][0];
    features_ = inputs[0][1];
    return {steps_};
  }
  void write_attributes(archive::Group& group) const override { group.set("value", value_); }

  double value_;
  std::size_t steps_ = 0;
  std::size_t features_ = 0;
};

}  // namespace

LayerPointer make_recurrent(const archive::Group& group) { return std::make_shared<Recurrent<Cell::plain>>(group); }
LayerPointer make_lstm(const archive::Group& group) { return std::make_shared<Recurrent<Cell::lstm>>(group); }
LayerPointer make_gru(const archive::Group& group) {
  // Files from before the attribute have the gate behind.
  if (group.contains("reset_after") && !group.boolean("reset_after")) return make_gru_reset_before(group);
  return std::make_shared<Recurrent<Cell::gru>>(group);
}
LayerPointer make_masking(const archive::Group& group) { return std::make_shared<Masking>(group); }

}  // namespace network::graph

}  // namespace diskern
