// Maximum, average and minimum over windows or over everything, and upsampling, which repeats pixels.
#include "network/graph/pooling.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::graph::PoolingKernels graph_pooling_kernels;
}
namespace isa_avx2 {
extern const network::graph::PoolingKernels graph_pooling_kernels;
}
namespace isa_avx512 {
extern const network::graph::PoolingKernels graph_pooling_kernels;
}
namespace isa_neon {
extern const network::graph::PoolingKernels graph_pooling_kernels;
}

namespace network::graph {

namespace {

constexpr KernelTables<PoolingKernels> tables = {
    &isa_scalar::graph_pooling_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::graph_pooling_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::graph_pooling_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::graph_pooling_kernels,
#else
    nullptr,
#endif
};

PoolingOperation read_operation(const archive::Group& group) {
  const std::string& text = group.text("operation");
  if (text == "maximum") return PoolingOperation::maximum;
  if (text == "average") return PoolingOperation::average;
  if (text == "minimum") return PoolingOperation::minimum;
  throw FormatError("layer '" + group.text("name") + "': operation is '" + text +
                    "', expected maximum, average or minimum");
}
std::string name_of(PoolingOperation operation) {
  return operation == PoolingOperation::maximum   ? "maximum"
         : operation == PoolingOperation::average ? "average"
                                                  : "minimum";
}

void read_sizes(const archive::Group& group, const char* key, std::size_t* values, std::size_t count,
                std::int64_t least) {
  const std::vector<std::int64_t>& given = group.integers64(key, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (given[i] < least || given[i] > 65536) {
      throw FormatError("layer '" + group.text("name") + "': " + key + " holds " + std::to_string(given[i]) +
                        ", expected " + std::to_string(least) + " to 65536");
    }
    values[i] = static_cast<std::size_t>(given[i]);
  }
}
std::vector<std::int64_t> size_list(const std::size_t* values, std::size_t count) {
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(static_cast<std::int64_t>(values[i]));
  return list;
}

class Pooling final : public LayerOf<Pooling> {
 public:
  explicit Pooling(const archive::Group& group)
      : LayerOf(group),
        dimensions_(group.count("dimensions", 2)),
        padding_(group.text("padding")),
        operation_(read_operation(group)),
        count_border_(group.boolean("count_border")) {
    read_sizes(group, "window", window_, 2, 1);
    read_sizes(group, "stride", stride_, 2, 1);
    read_sizes(group, "border", border_, 4, 0);
    if (dimensions_ < 1) throw FormatError("layer '" + name() + "': dimensions is 0, expected 1 or 2");
    if (padding_ != "valid" && padding_ != "same" && padding_ != "explicit") {
      throw FormatError("layer '" + name() + "': padding is '" + padding_ + "', expected valid, same or explicit");
    }
  }
  const char* kind() const noexcept override { return "pooling"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* x = call.inputs[0] + e * in_size_;
      T* y = call.output + e * out_size_;
      if constexpr (std::is_same_v<T, float>) {
        pooling_kernels().forward(&shape_, x, y);
      } else {
        pool(shape_, x, y);
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* x = call.inputs[0] + e * in_size_;
      const T* y = call.output + e * out_size_;
      const T* y_gradient = call.output_gradient + e * out_size_;
      T* x_gradient = call.input_gradients[0] + e * in_size_;
      if constexpr (std::is_same_v<T, float>) {
        pooling_kernels().backward(&shape_, x, y, y_gradient, x_gradient);
      } else {
        pool_back(shape_, x, y, y_gradient, x_gradient);
      }
    }
  }

 private:
  // The number of windows along one axis and the border in front of the first.
  std::size_t along(std::size_t extent, std::size_t window, std::size_t stride, std::size_t before, std::size_t behind,
                    std::size_t& border, const char* name) const {
    if (padding_ == "same") {
      const std::size_t out = (extent + stride - 1) / stride;
      const std::size_t needed = (out - 1) * stride + window;
      border = needed > extent ? (needed - extent) / 2 : 0;
      return out;
    }
    if (padding_ == "valid") before = behind = 0;
    // A window must touch the image.
    if (before >= window || behind >= window) {
      refuse("has a border along the " + std::string(name) + " that is not smaller than its window of " +
             std::to_string(window));
    }
    border = before;
    if (extent + before + behind < window) {
      refuse("has a window of " + std::to_string(window) + " along the " + name + ", but its input has " +
             std::to_string(extent + before + behind) + " with the padding");
    }
    return (extent + before + behind - window) / stride + 1;
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    const Shape& shape = inputs[0];
    expect_rank(shape, dimensions_ + 1, dimensions_ == 2 ? "height, width, channels" : "steps, channels");
    const bool image = dimensions_ == 2;
    shape_.height = image ? shape[0] : 1;
    shape_.width = image ? shape[1] : shape[0];
    shape_.channels = shape.back();
    shape_.window_height = image ? window_[0] : 1;
    shape_.window_width = window_[1];
    shape_.stride_height = image ? stride_[0] : 1;
    shape_.stride_width = stride_[1];
    shape_.operation = operation_;
    shape_.count_border = count_border_;
    shape_.out_height = along(shape_.height, shape_.window_height, shape_.stride_height, image ? border_[0] : 0,
                              image ? border_[1] : 0, shape_.top, "height");
    shape_.out_width = along(shape_.width, shape_.window_width, shape_.stride_width, border_[2], border_[3],
                             shape_.left, image ? "width" : "steps");
    in_size_ = size_of(shape);
    out_size_ = shape_.out_height * shape_.out_width * shape_.channels;
    return image ? Shape{shape_.out_height, shape_.out_width, shape_.channels}
                 : Shape{shape_.out_width, shape_.channels};
  }
  void write_attributes(archive::Group& group) const override {
    group.set("dimensions", static_cast<std::int64_t>(dimensions_));
    group.set("operation", name_of(operation_));
    group.set("window", size_list(window_, 2));
    group.set("stride", size_list(stride_, 2));
    group.set("border", size_list(border_, 4));
    group.set("padding", padding_);
    group.set("count_border", count_border_);
  }

  std::size_t dimensions_;
  std::size_t window_[2] = {};
  std::size_t stride_[2] = {};
  std::size_t border_[4] = {};
  std::string padding_;
  PoolingOperation operation_;
  bool count_border_;
  PoolingShape shape_{};
  std::size_t in_size_ = 0;
  std::size_t out_size_ = 0;
};

// Over all positions of an image, a series or a set; of those that a mask (second input, not 0: there) admits. Nothing
// there gives 0.
class GlobalPooling final : public LayerOf<GlobalPooling> {
 public:
  explicit GlobalPooling(const archive::Group& group) : LayerOf(group), operation_(read_operation(group)) {}
  const char* kind() const noexcept override { return "global_pooling"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* x = call.inputs[0] + e * positions_ * channels_;
      const T* mask = masked_ ? call.inputs[1] + e * positions_ : nullptr;
      T* y = call.output + e * channels_;
      std::fill_n(y, channels_, T{0});
      std::size_t count = 0;
      for (std::size_t p = 0; p < positions_; ++p) {
        if (mask != nullptr && mask[p] == T{0}) continue;
        const T* value = x + p * channels_;
        for (std::size_t i = 0; i < channels_; ++i) {
          if (operation_ == PoolingOperation::average) {
            y[i] += value[i];
          } else if (count == 0) {
            y[i] = value[i];
          } else {
            const bool keep = operation_ == PoolingOperation::maximum ? value[i] <= y[i] : value[i] >= y[i];
            if (!keep && y[i] == y[i]) y[i] = value[i];
          }
        }
        ++count;
      }
      if (operation_ == PoolingOperation::average && count > 0) {
        for (std::size_t i = 0; i < channels_; ++i) y[i] /= static_cast<T>(count);
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (masked_ && call.input_gradients[1] != nullptr) {
      std::fill_n(call.input_gradients[1], call.events * positions_, T{0});
    }
    if (call.input_gradients[0] == nullptr) return;
    std::fill_n(call.input_gradients[0], call.events * positions_ * channels_, T{0});
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* x = call.inputs[0] + e * positions_ * channels_;
      const T* mask = masked_ ? call.inputs[1] + e * positions_ : nullptr;
      const T* y = call.output + e * channels_;
      const T* y_gradient = call.output_gradient + e * channels_;
      T* x_gradient = call.input_gradients[0] + e * positions_ * channels_;
      std::size_t count = 0;
      for (std::size_t p = 0; p < positions_; ++p) count += mask == nullptr || mask[p] != T{0} ? 1 : 0;
      for (std::size_t i = 0; i < channels_; ++i) {
        for (std::size_t p = 0; p < positions_; ++p) {
          if (mask != nullptr && mask[p] == T{0}) continue;
          const T value = x[p * channels_ + i];
          if (operation_ == PoolingOperation::average) {
            x_gradient[p * channels_ + i] = y_gradient[i] / static_cast<T>(count);
          } else if (value == y[i] || value != value) {
            x_gradient[p * channels_ + i] = y_gradient[i];
            break;
          }
        }
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 2);
    const Shape& shape = inputs[0];
    if (shape.size() < 2) refuse("has an input of shape " + text_of(shape) + ", expected positions and channels");
    channels_ = shape.back();
    positions_ = size_of(shape) / channels_;
    masked_ = inputs.size() == 2;
    if (masked_ && size_of(inputs[1]) != positions_) {
      refuse("has a mask of shape " + text_of(inputs[1]) + ", expected one number for each of its " +
             std::to_string(positions_) + " positions");
    }
    return {channels_};
  }
  void write_attributes(archive::Group& group) const override { group.set("operation", name_of(operation_)); }

  PoolingOperation operation_;
  std::size_t channels_ = 0;
  std::size_t positions_ = 0;
  bool masked_ = false;
};

// Every pixel repeated factor times along each axis.
class Upsampling final : public LayerOf<Upsampling> {
 public:
  explicit Upsampling(const archive::Group& group) : LayerOf(group), dimensions_(group.count("dimensions", 2)) {
    read_sizes(group, "factor", factor_, 2, 1);
    if (dimensions_ < 1) throw FormatError("layer '" + name() + "': dimensions is 0, expected 1 or 2");
  }
  const char* kind() const noexcept override { return "upsampling"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* x = call.inputs[0] + e * height_ * width_ * channels_;
      T* y = call.output + e * height_ * width_ * channels_ * vertical_ * factor_[1];
      for (std::size_t oy = 0; oy < height_ * vertical_; ++oy) {
        for (std::size_t ox = 0; ox < width_ * factor_[1]; ++ox, y += channels_) {
          std::copy_n(x + (oy / vertical_ * width_ + ox / factor_[1]) * channels_, channels_, y);
        }
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    std::fill_n(call.input_gradients[0], call.events * height_ * width_ * channels_, T{0});
    for (std::size_t e = 0; e < call.events; ++e) {
      T* x = call.input_gradients[0] + e * height_ * width_ * channels_;
      const T* y = call.output_gradient + e * height_ * width_ * channels_ * vertical_ * factor_[1];
      for (std::size_t oy = 0; oy < height_ * vertical_; ++oy) {
        for (std::size_t ox = 0; ox < width_ * factor_[1]; ++ox, y += channels_) {
          T* place = x + (oy / vertical_ * width_ + ox / factor_[1]) * channels_;
          for (std::size_t i = 0; i < channels_; ++i) place[i] += y[i];
        }
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    const Shape& shape = inputs[0];
    expect_rank(shape, dimensions_ + 1, dimensions_ == 2 ? "height, width, channels" : "steps, channels");
    const bool image = dimensions_ == 2;
    height_ = image ? shape[0] : 1;
    width_ = image ? shape[1] : shape[0];
    channels_ = shape.back();
    vertical_ = image ? factor_[0] : 1;
    return image ? Shape{height_ * vertical_, width_ * factor_[1], channels_} : Shape{width_ * factor_[1], channels_};
  }
  void write_attributes(archive::Group& group) const override {
    group.set("dimensions", static_cast<std::int64_t>(dimensions_));
    group.set("factor", size_list(factor_, 2));
  }

  std::size_t dimensions_;
  std::size_t factor_[2] = {};
  std::size_t vertical_ = 1;
  std::size_t height_ = 0;
  std::size_t width_ = 0;
  std::size_t channels_ = 0;
};

}  // namespace

const PoolingKernels& pooling_kernels(InstructionSet level) { return tables.at(level); }
const PoolingKernels& pooling_kernels() {
  static const PoolingKernels& kernels = pooling_kernels(instruction_set());
  return kernels;
}

LayerPointer make_pooling(const archive::Group& group) { return std::make_shared<Pooling>(group); }
LayerPointer make_global_pooling(const archive::Group& group) { return std::make_shared<GlobalPooling>(group); }
LayerPointer make_upsampling(const archive::Group& group) { return std::make_shared<Upsampling>(group); }

}  // namespace network::graph

}  // namespace diskern
