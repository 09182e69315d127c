#include "statistics/range_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace diskern {

namespace isa_scalar {
extern const statistics::RangeTreeKernels range_tree_kernels;
}
namespace isa_avx2 {
extern const statistics::RangeTreeKernels range_tree_kernels;
}
namespace isa_avx512 {
extern const statistics::RangeTreeKernels range_tree_kernels;
}
namespace isa_neon {
extern const statistics::RangeTreeKernels range_tree_kernels;
}

namespace statistics {

namespace {

constexpr KernelTables<RangeTreeKernels> tables = {
    &isa_scalar::range_tree_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::range_tree_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::range_tree_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::range_tree_kernels,
#else
    nullptr,
#endif
};

constexpr float infinite = std::numeric_limits<float>::infinity();

// Halves along the widest dimension, again and again; the first one has a power of two of blocks, so that nodes of
// 16^l blocks are neighbourhoods.
void order(const float* columns, std::size_t stride, const std::vector<double>& inverse, std::uint32_t* events,
           std::size_t size) {
  while (size > range_block) {
    std::size_t widest = 0;
    double width = -1.0;
    for (std::size_t j = 0; j < inverse.size(); ++j) {
      const float* column = columns + j * stride;
      float low = infinite;
      float high = -infinite;
      for (std::size_t i = 0; i < size; ++i) {
        low = std::min(low, column[events[i]]);
        high = std::max(high, column[events[i]]);
      }
      const double extent = (static_cast<double>(high) - static_cast<double>(low)) * inverse[j];
      if (extent > width) {
        width = extent;
        widest = j;
      }
    }
    std::size_t first = range_block;
    while (2 * first < size) first *= 2;
    const float* column = columns + widest * stride;
    std::nth_element(events, events + first, events + size, [column](std::uint32_t a, std::uint32_t b) {
      return column[a] != column[b] ? column[a] < column[b] : a < b;
    });
    order(columns, stride, inverse, events + first, size - first);
    size = first;
  }
}

}  // namespace

const RangeTreeKernels& range_tree_kernels(InstructionSet level) { return tables.at(level); }

void RangeTree::build(const float* columns, std::size_t stride, const double* weight,
                      std::vector<std::uint32_t> events, const std::vector<double>& inverse) {
  size_ = events.size();
  dimensions_ = inverse.size();
  order(columns, stride, inverse, events.data(), size_);
  const std::size_t blocks = std::max<std::size_t>((size_ + range_block - 1) / range_block, 1);
  const std::size_t d = dimensions_;
  columns_.assign(blocks * d * range_block, infinite);
  weight_.assign(blocks * range_block, 0.0);
  index_.assign(blocks * range_block, 0U);
  sums_.assign(1, std::vector<double>(blocks, 0.0));
  counts_.assign(1, std::vector<std::uint32_t>(blocks, 0U));
  // Boxes of the nodes of the level below, lowest and highest coordinate of each dimension.
  std::vector<float> low(blocks * d, infinite);
  std::vector<float> high(blocks * d, -infinite);
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t block = i / range_block;
    const std::size_t slot = i % range_block;
    for (std::size_t j = 0; j < d; ++j) {
      const float x = columns[j * stride + events[i]];
      columns_[(block * d + j) * range_block + slot] = x;
      low[block * d + j] = std::min(low[block * d + j], x);
      high[block * d + j] = std::max(high[block * d + j], x);
    }
    weight_[i] = weight[events[i]];
    index_[i] = events[i];
    sums_[0][block] += weight_[i];
    ++counts_[0][block];
  }
  boxes_.assign(1, {});
  for (std::size_t below = blocks; below > 1;) {
    const std::size_t nodes = (below + range_block - 1) / range_block;
    AlignedVector<float> boxes;
    boxes.resize(nodes * d * 2 * range_block);
    for (std::size_t i = 0; i < boxes.size(); ++i) boxes[i] = i / range_block % 2 == 0 ? infinite : -infinite;
    std::vector<float> node_low(nodes * d, infinite);
    std::vector<float> node_high(nodes * d, -infinite);
    std::vector<double> sums(nodes, 0.0);
    std::vector<std::uint32_t> counts(nodes, 0U);
    for (std::size_t child = 0; child < below; ++child) {
      const std::size_t node = child / range_block;
      for (std::size_t j = 0; j < d; ++j) {
        float* box = boxes.data() + (node * d + j) * 2 * range_block + child % range_block;
        box[0] = low[child * d + j];
        box[range_block] = high[child * d + j];
        node_low[node * d + j] = std::min(node_low[node * d + j], box[0]);
        node_high[node * d + j] = std::max(node_high[node * d + j], box[range_block]);
      }
      sums[node] += sums_.back()[child];
      counts[node] += counts_.back()[child];
    }
    boxes_.push_back(std::move(boxes));
    sums_.push_back(std::move(sums));
    counts_.push_back(std::move(counts));
    low = std::move(node_low);
    high = std::move(node_high);
    below = nodes;
  }
  box_pointers_.clear();
  sum_pointers_.clear();
  count_pointers_.clear();
  for (std::size_t level = 0; level < boxes_.size(); ++level) {
    box_pointers_.push_back(boxes_[level].data());
    sum_pointers_.push_back(sums_[level].data());
    count_pointers_.push_back(counts_[level].data());
  }
}

RangeTreeView RangeTree::view() const noexcept {
  return {dimensions_,          boxes_.size() - 1,    columns_.data(),     weight_.data(), index_.data(),
          box_pointers_.data(), sum_pointers_.data(), count_pointers_.data()};
}

}  // namespace statistics
}  // namespace diskern
