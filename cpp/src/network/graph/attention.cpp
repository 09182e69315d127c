// Self-attention in several heads over the members of a set or series (Vaswani et al., arXiv:1706.03762): every member
// asks (q), offers (k) and tells (v) by linear maps of its features; the answers, weighted by the softmax of q k /
// sqrt(width of a head), go through one more linear map. A mask (second input, 0: not there) hides members from the
// others; where all are hidden the answer is 0.
#include <algorithm>
#include <cmath>

#include "network/graph/layers.hpp"
#include "network/graph/matrix.hpp"

namespace diskern::network::graph {

namespace {

class Attention final : public LayerOf<Attention> {
 public:
  explicit Attention(const archive::Group& group)
      : LayerOf(group), heads_(group.count("heads", 4096)), width_(group.count("width", 65536)) {}
  const char* kind() const noexcept override { return "attention"; }

  std::size_t scratch_size(std::size_t /*events*/) const noexcept override {
    const std::size_t packed =
        std::max(packed_size(std::max(width_, members_), members_), packed_size(members_, width_));
    return packed + members_ * (4 * inner() + members_) + 8 * slack;
  }
  std::size_t prepared_size() const noexcept override {
    return packed_size(features_, 3 * inner()) + packed_size(3 * inner(), features_) + packed_size(inner(), features_) +
           packed_size(features_, inner()) + padded_columns(3 * inner()) + padded_columns(features_);
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    const Prepared<T> p = places(prepared);
    const std::size_t columns = 3 * inner();
    const T* weights = parameters;
    const T* biases = weights + features_ * columns;
    const T* out = biases + columns;
    const T* out_biases = out + inner() * features_;
    pack(features_, columns, [&](std::size_t k, std::size_t n) { return weights[k * columns + n]; }, p.input);
    pack(columns, features_, [&](std::size_t k, std::size_t n) { return weights[n * columns + k]; }, p.input_back);
    pack(inner(), features_, [&](std::size_t k, std::size_t n) { return out[k * features_ + n]; }, p.out);
    pack(features_, inner(), [&](std::size_t k, std::size_t n) { return out[n * features_ + k]; }, p.out_back);
    std::fill_n(p.bias, padded_columns(columns) + padded_columns(features_), T{0});
    std::copy_n(biases, columns, p.bias);
    std::copy_n(out_biases, features_, p.out_bias);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const Prepared<const T> p = places(call.prepared);
    const std::size_t columns = 3 * inner();
    const T scale = T{1} / std::sqrt(static_cast<T>(width_));
    T* packed = call.scratch;
    for (std::size_t e = 0; e < call.events; ++e) {
      const Saved<T> s = saved_places(call.saved, e);
      const T* mask = masked_ ? call.inputs[1] + e * members_ : nullptr;
      multiply<T>(call.inputs[0] + e * members_ * features_, features_, p.input, p.bias, s.qkv, columns, members_,
                  features_, columns);
      for (std::size_t head = 0; head < heads_; ++head) {
        const T* q = s.qkv + head * width_;
        const T* k = q + inner();
        const T* v = k + inner();
        T* weight = s.weight + head * members_ * members_;
        pack(width_, members_, [&](std::size_t d, std::size_t j) { return scale * k[j * columns + d]; }, packed);
        multiply<T>(q, columns, packed, nullptr, weight, members_, members_, width_, members_);
        for (std::size_t i = 0; i < members_; ++i) softmax(weight + i * members_, mask);
        pack(members_, width_, [&](std::size_t j, std::size_t d) { return v[j * columns + d]; }, packed);
        multiply<T>(weight, members_, packed, nullptr, s.answer + head * width_, inner(), members_, members_, width_);
      }
      multiply<T>(s.answer, inner(), p.out, p.out_bias, call.output + e * members_ * features_, features_, members_,
                  inner(), features_);
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const Prepared<const T> p = places(call.prepared);
    const std::size_t columns = 3 * inner();
    const T scale = T{1} / std::sqrt(static_cast<T>(width_));
    T* weights = call.parameter_gradients;
    T* biases = weights + features_ * columns;
    T* out = biases + columns;
    T* out_biases = out + inner() * features_;
    T* packed = call.scratch;
    T* answer_gradient =
        packed + std::max(packed_size(std::max(width_, members_), members_), packed_size(members_, width_)) + slack;
    T* qkv_gradient = answer_gradient + members_ * inner() + slack;
    T* weight_gradient = qkv_gradient + members_ * columns + slack;
    if (masked_ && call.input_gradients[1] != nullptr) {
      std::fill_n(call.input_gradients[1], call.events * members_, T{0});
    }
    for (std::size_t e = 0; e < call.events; ++e) {
      const Saved<T> s = saved_places(call.saved, e);
      const T* x = call.inputs[0] + e * members_ * features_;
      const T* y_gradient = call.output_gradient + e * members_ * features_;
      add_transposed_product(s.answer, inner(), y_gradient, features_, out, members_, inner(), features_);
      add_column_sums(y_gradient, features_, out_biases, members_, features_);
      multiply<T>(y_gradient, features_, p.out_back, nullptr, answer_gradient, inner(), members_, features_, inner());
      std::fill_n(qkv_gradient, members_ * columns, T{0});
      for (std::size_t head = 0; head < heads_; ++head) {
        const std::size_t first = head * width_;
        const T* q = s.qkv + first;
        const T* k = q + inner();
        const T* v = k + inner();
        const T* weight = s.weight + head * members_ * members_;
        const T* gradient = answer_gradient + first;
        add_outer<T>({weight, 0, members_, gradient, 0, inner(), qkv_gradient + 2 * inner() + first, columns, 1,
                      members_, members_, width_});
        pack(width_, members_, [&](std::size_t d, std::size_t j) { return v[j * columns + d]; }, packed);
        multiply<T>(gradient, inner(), packed, nullptr, weight_gradient, members_, members_, width_, members_);
        for (std::size_t i = 0; i < members_; ++i) {
          const T* w = weight + i * members_;
          T* g = weight_gradient + i * members_;
          T sum{0};
          for (std::size_t j = 0; j < members_; ++j) sum += w[j] * g[j];
          for (std::size_t j = 0; j < members_; ++j) g[j] = scale * w[j] * (g[j] - sum);
        }
        pack(members_, width_, [&](std::size_t j, std::size_t d) { return k[j * columns + d]; }, packed);
        multiply<T>(weight_gradient, members_, packed, nullptr, qkv_gradient + first, columns, members_, members_,
                    width_);
        add_outer<T>({weight_gradient, 0, members_, q, 0, columns, qkv_gradient + inner() + first, columns, 1, members_,
                      members_, width_});
      }
      add_transposed_product(x, features_, qkv_gradient, columns, weights, members_, features_, columns);
      add_column_sums(qkv_gradient, columns, biases, members_, columns);
      if (call.input_gradients[0] != nullptr) {
        multiply<T>(qkv_gradient, columns, p.input_back, nullptr, call.input_gradients[0] + e * members_ * features_,
                    features_, members_, columns, features_);
      }
    }
  }

 private:
  std::size_t inner() const noexcept { return heads_ * width_; }

  template <class T>
  struct Prepared {
    T* input;
    T* input_back;
    T* out;
    T* out_back;
    T* bias;
    T* out_bias;
  };
  template <class T>
  Prepared<T> places(T* prepared) const noexcept {
    Prepared<T> p{};
    p.input = prepared;
    p.input_back = p.input + packed_size(features_, 3 * inner());
    p.out = p.input_back + packed_size(3 * inner(), features_);
    p.out_back = p.out + packed_size(inner(), features_);
    p.bias = p.out_back + packed_size(features_, inner());
    p.out_bias = p.bias + padded_columns(3 * inner());
    return p;
  }
  template <class T>
  struct Saved {
    T* qkv;
    T* weight;
    T* answer;
  };
  template <class T>
  Saved<T> saved_places(T* saved, std::size_t event) const noexcept {
    T* begin = saved + event * saved_size_;
    return {begin, begin + members_ * 3 * inner(), begin + members_ * (3 * inner() + heads_ * members_)};
  }

  template <class T>
  void softmax(T* row, const T* mask) const {
    T largest{0};
    bool any = false;
    for (std::size_t j = 0; j < members_; ++j) {
      if (mask != nullptr && mask[j] == T{0}) continue;
      if (!any || row[j] > largest) largest = row[j];
      any = true;
    }
    T sum{0};
    for (std::size_t j = 0; j < members_; ++j) {
      const bool there = mask == nullptr || mask[j] != T{0};
      row[j] = there ? std::exp(row[j] - largest) : T{0};
      sum += row[j];
    }
    if (!any) return;
    for (std::size_t j = 0; j < members_; ++j) row[j] /= sum;
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 2);
    expect_rank(inputs[0], 2, "members, features");
    members_ = inputs[0][0];
    features_ = inputs[0][1];
    masked_ = inputs.size() == 2;
    if (heads_ == 0) refuse("has 0 heads");
    if (width_ == 0) {
      if (features_ % heads_ != 0) {
        refuse("shares " + std::to_string(features_) + " features among " + std::to_string(heads_) +
               " heads, which is no whole number; give the width of a head");
      }
      width_ = features_ / heads_;
    }
    if (masked_ && size_of(inputs[1]) != members_) {
      refuse("has a mask of shape " + text_of(inputs[1]) + ", expected one number for each of its " +
             std::to_string(members_) + " members");
    }
    if (heads_ > maximum_elements / width_ || inner() > maximum_elements / (4 * features_) ||
        inner() > maximum_elements / (4 * members_) || heads_ > maximum_elements / members_ / members_) {
      refuse("works on more than 2^26 numbers per event");
    }
    saved_size_ = members_ * (4 * inner() + heads_ * members_);
    parameters_.push_back({"weights", {features_, 3 * inner()}, Start::weights, true, true, features_, inner()});
    parameters_.push_back({"biases", {3 * inner()}});
    parameters_.push_back({"out_weights", {inner(), features_}, Start::weights, true, true, inner(), features_});
    parameters_.push_back({"out_biases", {features_}});
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override {
    group.set("heads", static_cast<std::int64_t>(heads_));
    group.set("width", static_cast<std::int64_t>(width_));
  }

  std::size_t heads_;
  std::size_t width_;
  std::size_t members_ = 0;
  std::size_t features_ = 0;
  bool masked_ = false;
};

}  // namespace

LayerPointer make_attention(const archive::Group& group) { return std::make_shared<Attention>(group); }

}  // namespace diskern::network::graph
