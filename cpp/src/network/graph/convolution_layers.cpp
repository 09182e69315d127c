// Convolution and transposed convolution, of images (height, width, channels) and of series (steps, channels).
#include "diskern/error.hpp"
#include "network/graph/convolution.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

// What both kinds are told. Numbers per axis: (height, width), of series the width alone matters.
struct Attributes {
  std::size_t dimensions;
  std::size_t maps;
  std::size_t kernel[2];
  std::size_t stride[2];
  std::size_t dilation[2];
  std::size_t border[4];  // top, bottom, left, right
  std::size_t groups;
  std::string padding;
  bool bias;

  explicit Attributes(const archive::Group& group)
      : dimensions(group.count("dimensions", 2)),
        maps(group.count("maps", maximum_elements)),
        groups(group.count("groups", maximum_elements)),
        padding(group.text("padding")),
        bias(group.boolean("bias")) {
    const auto take = [&](const char* key, std::size_t* values, std::size_t count, std::int64_t least) {
      const std::vector<std::int64_t>& given = group.integers64(key, count);
      for (std::size_t i = 0; i < count; ++i) {
        if (given[i] < least || given[i] > 65536) {
          throw FormatError("layer '" + group.text("name") + "': " + key + " holds " + std::to_string(given[i]) +
                            ", expected " + std::to_string(least) + " to 65536");
        }
        values[i] = static_cast<std::size_t>(given[i]);
      }
    };
    take("kernel", kernel, 2, 1);
    take("stride", stride, 2, 1);
    take("dilation", dilation, 2, 1);
    take("border", border, 4, 0);
    if (dimensions < 1) throw FormatError("layer '" + group.text("name") + "': dimensions is 0, expected 1 or 2");
    if (padding != "valid" && padding != "same" && padding != "explicit") {
      throw FormatError("layer '" + group.text("name") + "': padding is '" + padding +
                        "', expected valid, same or explicit");
    }
  }

  void write(archive::Group& group) const {
    const auto list = [](const std::size_t* values, std::size_t count) {
      std::vector<std::int64_t> result;
      for (std::size_t i = 0; i < count; ++i) result.push_back(static_cast<std::int64_t>(values[i]));
      return result;
    };
    group.set("dimensions", static_cast<std::int64_t>(dimensions));
    group.set("maps", static_cast<std::int64_t>(maps));
    group.set("kernel", list(kernel, 2));
    group.set("stride", list(stride, 2));
    group.set("dilation", list(dilation, 2));
    group.set("border", list(border, 4));
    group.set("groups", static_cast<std::int64_t>(groups));
    group.set("padding", padding);
    group.set("bias", bias);
  }

  // Before anything is made of them: numbers of weights and of pixels with borders that a file may have made up.
  static const char* excess(const Convolution& c) noexcept {
    const std::size_t pixels[] = {c.bordered_height(), c.bordered_width(), c.channels};
    const std::size_t spread[] = {c.spread_height(), c.spread_width(), c.out_channels};
    const std::size_t weights[] = {c.kernel_height, c.kernel_width, c.group_channels(), c.out_channels};
    const auto too_many = [](const std::size_t* extents, std::size_t count) {
      std::size_t product = 1;
      for (std::size_t i = 0; i < count; ++i) {
        if (extents[i] != 0 && product > maximum_elements / extents[i]) return true;
        product *= extents[i];
      }
      return false;
    };
    if (too_many(weights, 4)) return "has more than 2^26 weights";
    if (too_many(pixels, 3) || too_many(spread, 3)) return "works on more than 2^26 numbers with its borders";
    return nullptr;
  }

  const char* meaning() const noexcept { return dimensions == 2 ? "height, width, channels" : "steps, channels"; }
};

// The extent of the output, with the border that "same" asks for: as many pixels as strides fit into the image, zeros
// on both sides, the odd one behind.
struct Axis {
  std::size_t out = 0;
  std::size_t before = 0;
  std::size_t behind = 0;
};

// Weights for both directions, then a bias for each of the `width` numbers of a group, zeros where there is none.
template <class T>
void pack_layer(const ConvolutionPlan& plan, std::size_t width, bool has_bias, const T* parameters, T* prepared) {
  const Convolution& c = plan.shape;
  pack_forward(c, parameters, prepared);
  pack_backward(plan, parameters, prepared + c.forward_weights_size());
  T* bias = prepared + c.forward_weights_size() + plan.backward_weights_size();
  std::fill_n(bias, c.groups * padded_columns(width), T{0});
  if (!has_bias) return;
  for (std::size_t g = 0; g < c.groups; ++g) {
    std::copy_n(parameters + c.weight_count() + g * width, width, bias + g * padded_columns(width));
  }
}

// y = bias + conv(x), see convolution.hpp.
class ConvolutionLayer final : public LayerOf<ConvolutionLayer> {
 public:
  explicit ConvolutionLayer(const archive::Group& group) : LayerOf(group), attributes_(group) {}
  const char* kind() const noexcept override { return "convolution"; }
  std::size_t scratch_size(std::size_t /*events*/) const noexcept override { return plan_.shape.scratch_size(); }
  std::size_t prepared_size() const noexcept override {
    return plan_.shape.forward_weights_size() + plan_.backward_weights_size() + bias_size();
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    pack_layer(plan_, plan_.shape.group_outputs(), attributes_.bias, parameters, prepared);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const Convolution& c = plan_.shape;
    const T* bias = call.prepared + c.forward_weights_size() + plan_.backward_weights_size();
    for (std::size_t e = 0; e < call.events; ++e) {
      convolve(plan_, call.inputs[0] + e * in_size_, call.prepared, bias, call.output + e * out_size_, call.scratch);
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const Convolution& c = plan_.shape;
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* gradient = call.output_gradient + e * out_size_;
      add_weight_gradient(plan_, call.inputs[0] + e * in_size_, gradient, call.parameter_gradients, call.scratch);
      if (call.input_gradients[0] != nullptr) {
        convolve_back<T>(plan_, gradient, call.prepared + c.forward_weights_size(), nullptr,
                         call.input_gradients[0] + e * in_size_, call.scratch);
      }
    }
    if (attributes_.bias) {
      add_column_sums(call.output_gradient, c.out_channels, call.parameter_gradients + c.weight_count(),
                      call.events * c.out_height * c.out_width, c.out_channels);
    }
  }

 private:
  void check_sizes(const Convolution& c) const {
    if (const char* what = Attributes::excess(c)) refuse(what);
  }
  std::size_t bias_size() const noexcept { return plan_.shape.groups * padded_columns(plan_.shape.group_outputs()); }

  Axis along(std::size_t extent, std::size_t kernel, std::size_t stride, std::size_t dilation, std::size_t before,
             std::size_t behind, const char* name) const {
    const std::size_t reach = dilation * (kernel - 1) + 1;
    Axis axis;
    if (attributes_.padding == "same") {
      axis.out = (extent + stride - 1) / stride;
      const std::size_t needed = (axis.out - 1) * stride + reach;
      const std::size_t total = needed > extent ? needed - extent : 0;
      axis.before = total / 2;
      axis.behind = total - axis.before;
      return axis;
    }
    if (attributes_.padding == "explicit") {
      axis.before = before;
      axis.behind = behind;
    }
    const std::size_t available = extent + axis.before + axis.behind;
    if (available < reach) {
      refuse("needs " + std::to_string(reach) + " pixels along the " + name + " for a kernel of " +
             std::to_string(kernel) + ", but its input of shape " + text_of(shape_) + " has " +
             std::to_string(available) + " with the padding");
    }
    axis.out = (available - reach) / stride + 1;
    return axis;
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    shape_ = inputs[0];
    expect_rank(shape_, attributes_.dimensions + 1, attributes_.meaning());
    if (attributes_.maps == 0) refuse("has 0 maps");
    const bool image = attributes_.dimensions == 2;
    Convolution c;
    c.height = image ? shape_[0] : 1;
    c.width = image ? shape_[1] : shape_[0];
    c.channels = shape_.back();
    c.out_channels = attributes_.maps;
    c.groups = attributes_.groups;
    if (c.groups == 0 || c.channels % c.groups != 0 || c.out_channels % c.groups != 0) {
      refuse("has " + std::to_string(c.groups) + " groups, which must divide its " + std::to_string(c.channels) +
             " input channels and its " + std::to_string(c.out_channels) + " maps");
    }
    c.kernel_height = image ? attributes_.kernel[0] : 1;
    c.kernel_width = attributes_.kernel[1];
    c.stride_height = image ? attributes_.stride[0] : 1;
    c.stride_width = attributes_.stride[1];
    c.dilation_height = image ? attributes_.dilation[0] : 1;
    c.dilation_width = attributes_.dilation[1];
    const Axis vertical = along(c.height, c.kernel_height, c.stride_height, c.dilation_height,
                                image ? attributes_.border[0] : 0, image ? attributes_.border[1] : 0, "height");
    const Axis horizontal = along(c.width, c.kernel_width, c.stride_width, c.dilation_width, attributes_.border[2],
                                  attributes_.border[3], image ? "width" : "steps");
    c.out_height = vertical.out;
    c.top = vertical.before;
    c.bottom = vertical.behind;
    c.out_width = horizontal.out;
    c.left = horizontal.before;
    c.right = horizontal.behind;
    in_size_ = size_of(shape_);
    check_sizes(c);
    out_size_ = c.out_height * c.out_width * c.out_channels;
    plan_ = ConvolutionPlan(c);
    parameters_.push_back({"weights",
                           {c.kernel_height, c.kernel_width, c.group_channels(), c.out_channels},
                           Start::weights,
                           true,
                           true,
                           c.depth(),
                           c.taps() * c.group_outputs()});
    if (attributes_.bias) parameters_.push_back({"biases", {c.out_channels}});
    return image ? Shape{c.out_height, c.out_width, c.out_channels} : Shape{c.out_width, c.out_channels};
  }
  void write_attributes(archive::Group& group) const override { attributes_.write(group); }

  Attributes attributes_;
  Shape shape_;
  ConvolutionPlan plan_;
  std::size_t in_size_ = 0;
  std::size_t out_size_ = 0;
};

// The transpose of a convolution, plus a bias: what makes images larger. Its output is what the convolution of the same
// attributes would have as input (where several sizes are possible: the smallest plus output_padding).
class TransposedConvolution final : public LayerOf<TransposedConvolution> {
 public:
  explicit TransposedConvolution(const archive::Group& group) : LayerOf(group), attributes_(group) {
    const std::vector<std::int64_t>& extra = group.integers64("output_padding", 2);
    for (std::size_t i = 0; i < 2; ++i) {
      if (extra[i] < 0 || extra[i] > 65536) throw FormatError("layer '" + name() + "': output_padding is out of range");
      extra_[i] = static_cast<std::size_t>(extra[i]);
    }
  }
  const char* kind() const noexcept override { return "transposed_convolution"; }
  std::size_t scratch_size(std::size_t /*events*/) const noexcept override { return plan_.shape.scratch_size(); }
  std::size_t prepared_size() const noexcept override {
    return plan_.shape.forward_weights_size() + plan_.backward_weights_size() + bias_size();
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    pack_layer(plan_, plan_.shape.group_channels(), attributes_.bias, parameters, prepared);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const Convolution& c = plan_.shape;
    const T* bias = call.prepared + c.forward_weights_size() + plan_.backward_weights_size();
    for (std::size_t e = 0; e < call.events; ++e) {
      convolve_back(plan_, call.inputs[0] + e * in_size_, call.prepared + c.forward_weights_size(), bias,
                    call.output + e * out_size_, call.scratch);
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const Convolution& c = plan_.shape;
    for (std::size_t e = 0; e < call.events; ++e) {
      const T* gradient = call.output_gradient + e * out_size_;
      add_weight_gradient(plan_, gradient, call.inputs[0] + e * in_size_, call.parameter_gradients, call.scratch);
      if (call.input_gradients[0] != nullptr) {
        convolve<T>(plan_, gradient, call.prepared, nullptr, call.input_gradients[0] + e * in_size_, call.scratch);
      }
    }
    if (attributes_.bias) {
      add_column_sums(call.output_gradient, c.channels, call.parameter_gradients + c.weight_count(),
                      call.events * c.height * c.width, c.channels);
    }
  }

 private:
  void check_sizes(const Convolution& c) const {
    if (const char* what = Attributes::excess(c)) refuse(what);
  }
  std::size_t bias_size() const noexcept { return plan_.shape.groups * padded_columns(plan_.shape.group_channels()); }

  // The extent of the output for an input of `extent`, and the border of the convolution that leads back.
  Axis along(std::size_t extent, std::size_t kernel, std::size_t stride, std::size_t dilation, std::size_t before,
             std::size_t behind, std::size_t extra, const char* name) const {
    const std::size_t reach = dilation * (kernel - 1) + 1;
    const std::size_t whole = (extent - 1) * stride + reach + extra;
    Axis axis;
    if (attributes_.padding == "same") {
      axis.out = extent * stride;
      const std::size_t needed = (extent - 1) * stride + reach;
      const std::size_t total = needed > axis.out ? needed - axis.out : 0;
      axis.before = total / 2;
      axis.behind = total - axis.before;
      return axis;
    }
    if (attributes_.padding == "explicit") {
      axis.before = before;
      axis.behind = behind;
    }
    if (whole <= axis.before + axis.behind) {
      refuse("takes a border of " + std::to_string(axis.before + axis.behind) + " pixels away along the " + name +
             ", which has " + std::to_string(whole));
    }
    if (extra >= stride && extra > 0) {
      refuse("has an output_padding of " + std::to_string(extra) + " along the " + name +
             ", expected less than the stride of " + std::to_string(stride));
    }
    axis.out = whole - axis.before - axis.behind;
    return axis;
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    const Shape& shape = inputs[0];
    expect_rank(shape, attributes_.dimensions + 1, attributes_.meaning());
    if (attributes_.maps == 0) refuse("has 0 maps");
    const bool image = attributes_.dimensions == 2;
    Convolution c;
    c.out_height = image ? shape[0] : 1;
    c.out_width = image ? shape[1] : shape[0];
    c.out_channels = shape.back();
    c.channels = attributes_.maps;
    c.groups = attributes_.groups;
    if (c.groups == 0 || c.channels % c.groups != 0 || c.out_channels % c.groups != 0) {
      refuse("has " + std::to_string(c.groups) + " groups, which must divide its " + std::to_string(c.out_channels) +
             " input channels and its " + std::to_string(c.channels) + " maps");
    }
    c.kernel_height = image ? attributes_.kernel[0] : 1;
    c.kernel_width = attributes_.kernel[1];
    c.stride_height = image ? attributes_.stride[0] : 1;
    c.stride_width = attributes_.stride[1];
    c.dilation_height = image ? attributes_.dilation[0] : 1;
    c.dilation_width = attributes_.dilation[1];
    const Axis vertical =
        along(c.out_height, c.kernel_height, c.stride_height, c.dilation_height, image ? attributes_.border[0] : 0,
              image ? attributes_.border[1] : 0, image ? extra_[0] : 0, "height");
    const Axis horizontal = along(c.out_width, c.kernel_width, c.stride_width, c.dilation_width, attributes_.border[2],
                                  attributes_.border[3], extra_[1], image ? "width" : "steps");
    c.height = vertical.out;
    c.top = vertical.before;
    c.bottom = vertical.behind;
    c.width = horizontal.out;
    c.left = horizontal.before;
    c.right = horizontal.behind;
    in_size_ = size_of(shape);
    check_sizes(c);
    out_size_ = c.height * c.width * c.channels;
    plan_ = ConvolutionPlan(c);
    parameters_.push_back({"weights",
                           {c.kernel_height, c.kernel_width, c.group_channels(), c.out_channels},
                           Start::weights,
                           true,
                           true,
                           c.taps() * c.group_outputs(),
                           c.depth()});
    if (attributes_.bias) parameters_.push_back({"biases", {c.channels}});
    return image ? Shape{c.height, c.width, c.channels} : Shape{c.width, c.channels};
  }
  void write_attributes(archive::Group& group) const override {
    attributes_.write(group);
    group.set("output_padding",
              std::vector<std::int64_t>{static_cast<std::int64_t>(extra_[0]), static_cast<std::int64_t>(extra_[1])});
  }

  Attributes attributes_;
  std::size_t extra_[2] = {0, 0};
  ConvolutionPlan plan_;
  std::size_t in_size_ = 0;
  std::size_t out_size_ = 0;
};

}  // namespace

LayerPointer make_convolution(const archive::Group& group) { return std::make_shared<ConvolutionLayer>(group); }
LayerPointer make_transposed_convolution(const archive::Group& group) {
  return std::make_shared<TransposedConvolution>(group);
}

}  // namespace diskern::network::graph
