#include "trees/forest_link.hpp"

#include <algorithm>
#include <array>


namespace diskern::trees {

void apply_link(Link link, double* responses, std::size_t n) noexcept {
  apply_link_to_event(link, responses, n, 1);
}

void apply_link(Link link, const ElementwiseKernels& kernels, double* responses, std::size_t n, std::size_t count,
                std::size_t stride) noexcept {
  if (link == Link::identity) return;
  if (link == Link::normalised_logistic) {
    for (std::size_t k = 0; k < n; ++k) {
      double* const of_output = responses + k * stride;
      for (std::size_t i = 0; i < count; ++i) of_output[i] = -of_output[i];
      kernels.softplus_double(of_output, of_output, count);
      for (std::size_t i = 0; i < count; ++i) of_output[i] = -of_output[i];
    }
    link = Link::softmax;
  }
  if (link != Link::softmax) {
    for (std::size_t k = 0; k < n; ++k) {
      double* const of_output = responses + k * stride;
      switch (link) {
        case Link::tmva_gradient:
          for (std::size_t i = 0; i < count; ++i) of_output[i] *= -2.0;
          kernels.exp_double(of_output, of_output, count);
          for (std::size_t i = 0; i < count; ++i) of_output[i] = 2.0 / (1.0 + of_output[i]) - 1.0;
          break;
        case Link::logistic:
          kernels.sigmoid_double(of_output, of_output, count);
          break;
        default:
          kernels.exp_double(of_output, of_output, count);
          break;
      }
    }
    return;
  }
  constexpr std::size_t block = 64;
  std::array<double, block> largest;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::array<double, block> sum;      // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t begin = 0; begin < count; begin += block) {
    const std::size_t size = std::min(block, count - begin);
    std::copy_n(responses + begin, size, largest.begin());
    for (std::size_t k = 1; k < n; ++k) {
      const double* const score = responses + k * stride + begin;
      for (std::size_t i = 0; i < size; ++i) largest[i] = largest[i] < score[i] ? score[i] : largest[i];
    }
    std::fill_n(sum.begin(), size, 0.0);
    for (std::size_t k = 0; k < n; ++k) {
      double* const response = responses + k * stride + begin;
      for (std::size_t i = 0; i < size; ++i) response[i] -= largest[i];
      kernels.exp_double(response, response, size);
      for (std::size_t i = 0; i < size; ++i) sum[i] += response[i];
    }
    for (std::size_t k = 0; k < n; ++k) {
      double* const response = responses + k * stride + begin;
      for (std::size_t i = 0; i < size; ++i) response[i] /= sum[i];
    }
  }
}

}  // namespace diskern::trees
