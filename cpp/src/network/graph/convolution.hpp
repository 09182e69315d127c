#pragma once
// Convolution of images with the channels last, and its two transposes. One image at a time; the innermost sums run in
// multiply_rows and add_outer straight over the (bordered) image, whose rows of a patch are contiguous: no patches are
// copied out.
//
// y[oy][ox][o] = bias[o] + sum over ky, kx, i of x[oy sh + ky dh - top][ox sw + kx dw - left][i] w[ky][kx][i][o],
// where i runs over the channels of o's group only, and x is 0 outside of the image.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "network/graph/matrix.hpp"

namespace diskern::network::graph {

struct Convolution {
  std::size_t height = 1, width = 1, channels = 1;  // of x
  std::size_t out_height = 1, out_width = 1, out_channels = 1;
  std::size_t kernel_height = 1, kernel_width = 1;
  std::size_t stride_height = 1, stride_width = 1;
  std::size_t dilation_height = 1, dilation_width = 1;
  std::size_t top = 0, bottom = 0, left = 0, right = 0;  // border of zeros
  std::size_t groups = 1;

  std::size_t group_channels() const noexcept { return channels / groups; }
  std::size_t group_outputs() const noexcept { return out_channels / groups; }
  std::size_t taps() const noexcept { return kernel_height * kernel_width; }
  // w has the shape (kernel_height, kernel_width, channels / groups, out_channels).
  std::size_t weight_count() const noexcept { return taps() * group_channels() * out_channels; }
  std::size_t depth() const noexcept { return taps() * group_channels(); }

  bool bordered() const noexcept { return top + bottom + left + right > 0; }
  std::size_t bordered_height() const noexcept { return height + top + bottom; }
  std::size_t bordered_width() const noexcept { return width + left + right; }
  std::size_t bordered_size() const noexcept { return bordered_height() * bordered_width() * channels; }

  // What the gradient of x is convolved from: y with zeros between its pixels (strides) and around them.
  std::size_t reach_height() const noexcept { return dilation_height * (kernel_height - 1); }
  std::size_t reach_width() const noexcept { return dilation_width * (kernel_width - 1); }
  std::size_t spread_height() const noexcept { return height + reach_height(); }
  std::size_t spread_width() const noexcept { return width + reach_width(); }
  std::size_t spread_size() const noexcept { return spread_height() * spread_width() * out_channels; }

  std::size_t forward_weights_size() const noexcept { return groups * packed_size(depth(), group_outputs()); }
  std::size_t backward_depth() const noexcept { return taps() * group_outputs(); }
  std::size_t scratch_size() const noexcept { return std::max(bordered_size(), spread_size()) + slack; }
};

namespace detail {

// Offsets of the contiguous stretches of a patch, and their length.
struct Runs {
  std::vector<std::ptrdiff_t> offset;
  std::size_t length = 0;
};
Runs runs_of(std::size_t kernel_height, std::size_t kernel_width, std::size_t dilation_height,
             std::size_t dilation_width, std::size_t image_width, std::size_t channels, std::size_t group_channels);

}  // namespace detail

// What never changes between calls, so that evaluation allocates nothing.
struct ConvolutionPlan {
  Convolution shape;
  detail::Runs forward_runs;
  detail::Runs backward_runs;
  // The way back has two forms: every pixel of x gathers from the pixels of y that it reaches, which costs the same for
  // all pixels of x; or every pixel of y scatters, which costs less where y has fewer pixels (strides, no border).
  bool scatters = false;

  ConvolutionPlan() = default;
  explicit ConvolutionPlan(const Convolution& convolution);

  std::size_t backward_weights_size() const noexcept;
};

// The weights as convolve and convolve_back want them.
template <class T>
void pack_forward(const Convolution& c, const T* weights, T* packed) {
  const std::size_t group_size = packed_size(c.depth(), c.group_outputs());
  for (std::size_t g = 0; g < c.groups; ++g) {
    pack(c.depth(), c.group_outputs(), Strided<T>{weights + g * c.group_outputs(), c.out_channels, 1},
         packed + g * group_size);
  }
}
template <class T>
void pack_backward(const ConvolutionPlan& plan, const T* weights, T* packed) {
  const Convolution& c = plan.shape;
  if (plan.scatters) {
    const std::size_t length = plan.forward_runs.length;
    for (std::size_t g = 0; g < c.groups; ++g) {
      for (std::size_t r = 0; r < plan.forward_runs.offset.size(); ++r) {
        pack(c.group_outputs(), length,
             Strided<T>{weights + r * length * c.out_channels + g * c.group_outputs(), 1, c.out_channels}, packed);
        packed += packed_size(c.group_outputs(), length);
      }
    }
    return;
  }
  const std::size_t group_size = packed_size(c.backward_depth(), c.group_channels());
  for (std::size_t g = 0; g < c.groups; ++g) {
    const std::size_t padded = padded_columns(c.group_channels());
    for (std::size_t first = 0; first < padded; first += panel_width) {
      const std::size_t width = std::min(panel_width, padded - first);
      T* panel = packed + g * group_size + first * c.backward_depth();
      for (std::size_t tap = 0; tap < c.taps(); ++tap) {
        const std::size_t turned = c.taps() - 1 - tap;  // the kernel turned by 180 degrees
        const Strided<T> from{weights + turned * c.group_channels() * c.out_channels + g * c.group_outputs(), 1,
                              c.out_channels};
        pack_part(from, c.group_outputs(), first, c.group_channels(), width, panel + tap * c.group_outputs() * width);
      }
    }
  }
}

namespace detail {

template <class T>
const T* with_border(const Convolution& c, const T* image, T* scratch) {
  if (!c.bordered()) return image;
  const std::size_t line = c.bordered_width() * c.channels;
  std::fill_n(scratch, c.top * line, T{0});
  std::fill_n(scratch + (c.top + c.height) * line, c.bottom * line, T{0});
  for (std::size_t y = 0; y < c.height; ++y) {
    T* row = scratch + (c.top + y) * line;
    std::fill_n(row, c.left * c.channels, T{0});
    std::copy_n(image + y * c.width * c.channels, c.width * c.channels, row + c.left * c.channels);
    std::fill_n(row + (c.left + c.width) * c.channels, c.right * c.channels, T{0});
  }
  return scratch;
}

}  // namespace detail

// y = bias + conv(x). packed: by pack_forward; bias: padded to whole panels per group, or null.
template <class T>
void convolve(const ConvolutionPlan& plan, const T* x, const T* packed, const T* bias, T* y, T* scratch) {
  const Convolution& c = plan.shape;
  const T* image = detail::with_border(c, x, scratch);
  const std::size_t line = c.bordered_width() * c.channels;
  const std::size_t group_size = packed_size(c.depth(), c.group_outputs());
  for (std::size_t oy = 0; oy < c.out_height; ++oy) {
    for (std::size_t g = 0; g < c.groups; ++g) {
      Rows<T> rows;
      rows.a = image + oy * c.stride_height * line + g * c.group_channels();
      rows.a_step = c.stride_width * c.channels;
      rows.run_offset = plan.forward_runs.offset.data();
      rows.runs = plan.forward_runs.offset.size();
      rows.run_length = plan.forward_runs.length;
      rows.b = packed + g * group_size;
      rows.bias = bias == nullptr ? nullptr : bias + g * padded_columns(c.group_outputs());
      rows.c = y + oy * c.out_width * c.out_channels + g * c.group_outputs();
      rows.c_step = c.out_channels;
      rows.rows = c.out_width;
      rows.columns = c.group_outputs();
      multiply_rows(rows);
    }
  }
}

namespace detail {

template <class T>
void scatter_back(const ConvolutionPlan& plan, const T* y_gradient, const T* packed, const T* bias, T* x_gradient,
                  T* scratch) {
  const Convolution& c = plan.shape;
  T* image = c.bordered() ? scratch : x_gradient;
  const std::size_t line = c.bordered_width() * c.channels;
  std::fill_n(image, c.bordered_size(), T{0});
  const std::size_t length = plan.forward_runs.length;
  const std::size_t run_size = packed_size(c.group_outputs(), length);
  const std::ptrdiff_t none = 0;
  for (std::size_t oy = 0; oy < c.out_height; ++oy) {
    const T* b = packed;
    for (std::size_t g = 0; g < c.groups; ++g) {
      for (const std::ptrdiff_t offset : plan.forward_runs.offset) {
        // Patches of pixels beside each other overlap: their rows are added one after the other.
        multiply_rows<T>({y_gradient + oy * c.out_width * c.out_channels + g * c.group_outputs(), c.out_channels, &none,
                          1, c.group_outputs(), b, nullptr,
                          image + oy * c.stride_height * line + g * c.group_channels() + offset,
                          c.stride_width * c.channels, c.out_width, length, true});
        b += run_size;
      }
    }
  }
  if (c.bordered()) {
    for (std::size_t y = 0; y < c.height; ++y) {
      std::copy_n(image + (c.top + y) * line + c.left * c.channels, c.width * c.channels,
                  x_gradient + y * c.width * c.channels);
    }
  }
  if (bias == nullptr) return;
  for (std::size_t pixel = 0; pixel < c.height * c.width; ++pixel) {
    for (std::size_t i = 0; i < c.channels; ++i) {
      const std::size_t place = i / c.group_channels() * padded_columns(c.group_channels()) + i % c.group_channels();
      x_gradient[pixel * c.channels + i] += bias[place];
    }
  }
}

}  // namespace detail

// x_gradient = transpose(conv)(y_gradient). packed: by pack_backward; bias: of x's channels, for transposed
// convolution.
template <class T>
void convolve_back(const ConvolutionPlan& plan, const T* y_gradient, const T* packed, const T* bias, T* x_gradient,
                   T* scratch) {
  if (plan.scatters) {
    detail::scatter_back(plan, y_gradient, packed, bias, x_gradient, scratch);
    return;
  }
  const Convolution& c = plan.shape;
  // Pixel (oy, ox) of y reaches x at oy sh - top ... oy sh - top + reach; seen from x it stands at oy sh + reach - top.
  const std::size_t line = c.spread_width() * c.out_channels;
  const T* spread = y_gradient;
  const bool as_it_is = c.reach_height() == c.top && c.reach_width() == c.left && c.stride_height == 1 &&
                        c.stride_width == 1 && c.spread_height() == c.out_height && c.spread_width() == c.out_width;
  if (!as_it_is) {
    std::fill_n(scratch, c.spread_size(), T{0});
    for (std::size_t oy = 0; oy < c.out_height; ++oy) {
      const std::ptrdiff_t sy =
          static_cast<std::ptrdiff_t>(oy * c.stride_height + c.reach_height()) - static_cast<std::ptrdiff_t>(c.top);
      if (sy < 0 || sy >= static_cast<std::ptrdiff_t>(c.spread_height())) continue;
      for (std::size_t ox = 0; ox < c.out_width; ++ox) {
        const std::ptrdiff_t sx =
            static_cast<std::ptrdiff_t>(ox * c.stride_width + c.reach_width()) - static_cast<std::ptrdiff_t>(c.left);
        if (sx < 0 || sx >= static_cast<std::ptrdiff_t>(c.spread_width())) continue;
        std::copy_n(
            y_gradient + (oy * c.out_width + ox) * c.out_channels, c.out_channels,
            scratch + sy * static_cast<std::ptrdiff_t>(line) + sx * static_cast<std::ptrdiff_t>(c.out_channels));
      }
    }
    spread = scratch;
  }
  const std::size_t group_size = packed_size(c.backward_depth(), c.group_channels());
  for (std::size_t y = 0; y < c.height; ++y) {
    for (std::size_t g = 0; g < c.groups; ++g) {
      Rows<T> rows;
      rows.a = spread + y * line + g * c.group_outputs();
      rows.a_step = c.out_channels;
      rows.run_offset = plan.backward_runs.offset.data();
      rows.runs = plan.backward_runs.offset.size();
      rows.run_length = plan.backward_runs.length;
      rows.b = packed + g * group_size;
      rows.bias = bias == nullptr ? nullptr : bias + g * padded_columns(c.group_channels());
      rows.c = x_gradient + y * c.width * c.channels + g * c.group_channels();
      rows.c_step = c.channels;
      rows.rows = c.width;
      rows.columns = c.group_channels();
      multiply_rows(rows);
    }
  }
}

// w_gradient += the derivative of sum(y y_gradient) by w.
template <class T>
void add_weight_gradient(const ConvolutionPlan& plan, const T* x, const T* y_gradient, T* w_gradient, T* scratch) {
  const Convolution& c = plan.shape;
  const T* image = detail::with_border(c, x, scratch);
  const std::size_t line = c.bordered_width() * c.channels;
  for (std::size_t g = 0; g < c.groups; ++g) {
    for (std::size_t r = 0; r < plan.forward_runs.offset.size(); ++r) {
      Outer<T> outer;
      outer.a = image + plan.forward_runs.offset[r] + g * c.group_channels();
      outer.a_line = c.stride_height * line;
      outer.a_step = c.stride_width * c.channels;
      outer.b = y_gradient + g * c.group_outputs();
      outer.b_line = c.out_width * c.out_channels;
      outer.b_step = c.out_channels;
      outer.c = w_gradient + r * plan.forward_runs.length * c.out_channels + g * c.group_outputs();
      outer.c_step = c.out_channels;
      outer.lines = c.out_height;
      outer.rows = c.out_width;
      outer.count = plan.forward_runs.length;
      outer.columns = c.group_outputs();
      add_outer(outer);
    }
  }
}

// By the definition, for tests.
template <class T>
void convolve_plainly(const Convolution& c, const T* x, const T* weights, const T* bias, T* y) {
  for (std::size_t oy = 0; oy < c.out_height; ++oy) {
    for (std::size_t ox = 0; ox < c.out_width; ++ox) {
      for (std::size_t o = 0; o < c.out_channels; ++o) {
        T sum = bias == nullptr ? T{0} : bias[o];
        const std::size_t first = o / c.group_outputs() * c.group_channels();
        for (std::size_t ky = 0; ky < c.kernel_height; ++ky) {
          const std::size_t py = oy * c.stride_height + ky * c.dilation_height;
          if (py < c.top || py >= c.top + c.height) continue;
          for (std::size_t kx = 0; kx < c.kernel_width; ++kx) {
            const std::size_t px = ox * c.stride_width + kx * c.dilation_width;
            if (px < c.left || px >= c.left + c.width) continue;
            for (std::size_t i = 0; i < c.group_channels(); ++i) {
              sum += x[((py - c.top) * c.width + px - c.left) * c.channels + first + i] *
                     weights[((ky * c.kernel_width + kx) * c.group_channels() + i) * c.out_channels + o];
            }
          }
        }
        y[(oy * c.out_width + ox) * c.out_channels + o] = sum;
      }
    }
  }
}

}  // namespace diskern::network::graph
