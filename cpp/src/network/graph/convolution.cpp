#include "network/graph/convolution.hpp"

namespace diskern::network::graph {

namespace detail {

Runs runs_of(std::size_t kernel_height, std::size_t kernel_width, std::size_t dilation_height,
             std::size_t dilation_width, std::size_t image_width, std::size_t channels, std::size_t group_channels) {
  Runs runs;
  // Pixels beside each other with all of their channels are one stretch.
  const bool whole_rows = dilation_width == 1 && group_channels == channels;
  runs.length = whole_rows ? kernel_width * channels : group_channels;
  for (std::size_t ky = 0; ky < kernel_height; ++ky) {
    for (std::size_t kx = 0; kx < (whole_rows ? 1 : kernel_width); ++kx) {
      runs.offset.push_back(
          static_cast<std::ptrdiff_t>((ky * dilation_height * image_width + kx * dilation_width) * channels));
    }
  }
  return runs;
}

}  // namespace detail

ConvolutionPlan::ConvolutionPlan(const Convolution& c)
    : shape(c),
      forward_runs(detail::runs_of(c.kernel_height, c.kernel_width, c.dilation_height, c.dilation_width,
                                   c.bordered_width(), c.channels, c.group_channels())),
      backward_runs(detail::runs_of(c.kernel_height, c.kernel_width, c.dilation_height, c.dilation_width,
                                    c.spread_width(), c.out_channels, c.group_outputs())),
      // Adding to memory is dearer than keeping sums in registers.
      scatters(4 * c.height * c.width > 5 * c.out_height * c.out_width) {}

std::size_t ConvolutionPlan::backward_weights_size() const noexcept {
  const Convolution& c = shape;
  return c.groups * (scatters ? forward_runs.offset.size() * packed_size(c.group_outputs(), forward_runs.length)
                              : packed_size(c.backward_depth(), c.group_channels()));
}

}  // namespace diskern::network::graph
