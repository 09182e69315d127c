#include "trees/boosting_steps.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>

#include "base/executor.hpp"
#include "trees/event_shares.hpp"
#include "trees/leaf_blocks.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 8192;
constexpr std::size_t loss_chunk = SampleArray<double>::piece_size;
constexpr int wide_bits = 62;

}  // namespace

double mean_loss(const Context& context, const Loss& loss, const BoostingSample& sample, const double* score) {
  const std::size_t outputs = loss.output_count();
  const std::size_t chunks = chunk_count(sample.n, loss_chunk);
  std::vector<double> whole;
  if (loss.needs_all_events()) {
    whole.resize((1 + 2 * outputs) * sample.n);
    loss.evaluate_all(context, sample, score, whole.data(), whole.data() + sample.n,
                      whole.data() + (1 + outputs) * sample.n);
  }
  std::vector<double> sums(chunks, 0.0);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, loss_chunk, chunk);
        std::vector<double> work;
        const double* losses = whole.data() + range.begin;
        if (whole.empty()) {
          work.resize((1 + 2 * outputs) * loss_chunk);
          loss.evaluate(sample, score, range, work.data(), work.data() + loss_chunk,
                        work.data() + (1 + outputs) * loss_chunk, loss_chunk);
          losses = work.data();
        }
        double sum = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) sum += sample.weight[i] * losses[i - range.begin];
        sums[chunk] = sum;
      },
      static_cast<double>(sample.n * outputs) * 10.0);
  return std::accumulate(sums.begin(), sums.end(), 0.0) / sample.signed_weight;
}

double compute_derivatives(const Context& context, const Loss& loss, const BoostingSample& sample, const double* score,
                           Derivatives& derivatives, const DerivativeSteps& steps) {
  const std::size_t n = sample.n;
  const std::size_t outputs = loss.output_count();
  const std::size_t chunks = chunk_count(n, loss_chunk);
  derivatives.gradient.resize(n * outputs);
  derivatives.hessian.resize(n * outputs);
  std::vector<double> whole;
  if (loss.needs_all_events()) {
    whole.resize(n);
    loss.evaluate_all(context, sample, score, whole.data(), derivatives.gradient.data(), derivatives.hessian.data());
  }
  // Per chunk: loss, then per output the largest gradient, largest hessian and sum of |w| g^2.
  constexpr std::size_t together = apart / sizeof(double);
  const std::size_t width = (1 + 3 * outputs + together - 1) / together * together;
  std::vector<double> found(chunks * width, 0.0);
  const auto keep = [](const DerivativeSummary& summary, std::size_t output, double* mine) {
    mine[0] = summary.loss;  // the same for every output
    mine[1 + 3 * output] = summary.largest_gradient;
    mine[2 + 3 * output] = summary.largest_hessian;
    mine[3 + 3 * output] = summary.squares;
  };
  const auto work_on = [&](std::size_t chunk) {
    const Range range = chunk_range(n, loss_chunk, chunk);
    double* mine = found.data() + chunk * width;
    if (steps.before) steps.before(range);
    if (DerivativeSummary summary{};
        sample.unit_weights && outputs == 1 && whole.empty() &&
        loss.evaluate_units(sample, score, range, derivatives.gradient.data() + range.begin,
                            derivatives.hessian.data() + range.begin, summary)) {
      keep(summary, 0, mine);
      return;
    }
    std::array<double, loss_chunk> work;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const double* losses = whole.data() + range.begin;
    if (whole.empty()) {
      loss.evaluate(sample, score, range, work.data(), derivatives.gradient.data() + range.begin,
                    derivatives.hessian.data() + range.begin, n);
      losses = work.data();
    }
    for (std::size_t k = 0; k < outputs; ++k) {
      const std::size_t first = k * n + range.begin;
      const DerivativeSummary summary = training_kernels().summarise(
          sample.weight.piece(range.begin), losses, derivatives.gradient.data() + first,
          derivatives.hessian.data() + first, range.end - range.begin);
      keep(summary, k, mine);
    }
  };
  if (steps.after) {
    for_event_shares(context, n, [&](std::size_t share, const Range& range) {
      for (std::size_t i = range.begin; i < range.end; i += loss_chunk) {
        work_on(i / loss_chunk);
        steps.after(share, {i, std::min(i + loss_chunk, n)});
      }
    });
  } else {
    for_event_blocks(context, n, static_cast<double>(outputs) * 2.0, [&](const Range& range) {
      for (std::size_t i = range.begin; i < range.end; i += loss_chunk) work_on(i / loss_chunk);
    });
  }
  double sum = 0;
  derivatives.largest_gradient.assign(outputs, 0.0);
  derivatives.largest_hessian.assign(outputs, 0.0);
  derivatives.gradient_rms.assign(outputs, 0.0);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const double* mine = found.data() + chunk * width;
    sum += mine[0];
    for (std::size_t k = 0; k < outputs; ++k) {
      derivatives.largest_gradient[k] = std::max(derivatives.largest_gradient[k], mine[1 + 3 * k]);
      derivatives.largest_hessian[k] = std::max(derivatives.largest_hessian[k], mine[2 + 3 * k]);
      derivatives.gradient_rms[k] += mine[3 + 3 * k];
    }
  }
  for (double& rms : derivatives.gradient_rms) rms = std::sqrt(rms / sample.absolute_weight);
  return sum / sample.signed_weight;
}

template <class Integer>
void quantise_events(const Context& context, const double* weight, const double* gradient, const double* hessian,
                     std::size_t n, const CellScales& scales, bool all_fields, Cell<Integer>* entries) {
  for_event_blocks(context, n, 3.0, [&](const Range& range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const double w = weight[i];
      entries[i].gradient = static_cast<Integer>(scales.gradient(w, gradient[i]));
      entries[i].hessian = static_cast<Integer>(scales.hessian(w, hessian[i]));
      if (!all_fields) continue;
      entries[i].count = static_cast<Integer>(scales.count(std::max(1.0, std::abs(w)), 1.0));
      entries[i].weight = static_cast<Integer>(scales.weight(w, 1.0));
    }
  });
}

bool pack_events(const Context& context, const double* gradient, const double* hessian, std::size_t n,
                 const CellScales& scales, const PackedLayout& layout, PackedEntry* entries, WideCell& sums) {
  const TrainingKernels& kernels = training_kernels();
  std::atomic<bool> good{true};
  std::atomic<std::int64_t> all[2] = {};
  for_event_blocks(context, n, 0.5, [&](const Range& range) {
    std::int64_t mine[2] = {0, 0};
    if (!kernels.pack_entries(gradient + range.begin, hessian + range.begin, range.end - range.begin,
                              scales.gradient.scale, scales.hessian.scale, layout, entries + range.begin, mine)) {
      good = false;
    }
    for (std::size_t k = 0; k < 2; ++k) all[k].fetch_add(mine[k], std::memory_order_relaxed);
  });
  sums = {all[0], all[1], static_cast<std::int64_t>(n), static_cast<std::int64_t>(n)};
  return good;
}

template void quantise_events(const Context&, const double*, const double*, const double*, std::size_t,
                              const CellScales&, bool, NarrowCell*);
template void quantise_events(const Context&, const double*, const double*, const double*, std::size_t,
                              const CellScales&, bool, WideCell*);

namespace {

// From the integers of the leaves to all nodes.
NodeSums sums_of(const GrownTree& grown, std::vector<std::int64_t>& gradients, std::vector<std::int64_t>& hessians,
                 const FixedPoint& fixed_gradient, const FixedPoint& fixed_hessian) {
  const std::size_t n_nodes = grown.nodes.size();
  NodeSums sums;
  sums.gradient.resize(n_nodes);
  sums.hessian.resize(n_nodes);
  for (std::size_t node = n_nodes; node-- > 0;) {  // children come after their parent
    const GrownNode& it = grown.nodes[node];
    if (it.split.valid()) {
      gradients[node] = gradients[static_cast<std::size_t>(it.left)] + gradients[static_cast<std::size_t>(it.right)];
      hessians[node] = hessians[static_cast<std::size_t>(it.left)] + hessians[static_cast<std::size_t>(it.right)];
    }
    sums.gradient[node] = fixed_gradient.value(gradients[node]);
    sums.hessian[node] = fixed_hessian.value(hessians[node]);
  }
  return sums;
}

}  // namespace

NodeSums sum_nodes(const Context& context, const GrownTree& grown, const double* weight, const double* gradient,
                   double largest_gradient, const double* hessian, double largest_hessian, double absolute_weight) {
  const std::size_t n_nodes = grown.nodes.size();
  const FixedPoint fixed_gradient = FixedPoint::for_sums(largest_gradient, absolute_weight, wide_bits);
  const FixedPoint fixed_hessian = FixedPoint::for_sums(largest_hessian, absolute_weight, wide_bits);
  const std::size_t blocks = leaf_block_count(grown);
  constexpr std::size_t together = apart / sizeof(std::int64_t);
  const std::size_t width = (2 * n_nodes + together - 1) / together * together + together;
  std::vector<std::int64_t> parts(width * blocks, 0);  // gradient and hessian of each node, by block
  for_leaf_blocks(context, grown, 2.0,
                  [&](std::size_t block, std::size_t node, const std::uint32_t* rows, std::size_t n) {
                    std::int64_t* part = parts.data() + block * width + 2 * node;
                    if (weight == nullptr) {
                      training_kernels().sum_rows(gradient, hessian, rows, n, fixed_gradient.scale, fixed_hessian.scale,
                                                  part, part + 1);
                      return;
                    }
                    for (std::size_t k = 0; k < n; ++k) {
                      const std::size_t i = rows[k];
                      part[0] += fixed_gradient(weight[i], gradient[i]);
                      part[1] += fixed_hessian(weight[i], hessian[i]);
                    }
                  });
  // Without weights the kernel left out the factors, which are powers of two.
  const auto gradient_factor = static_cast<std::int64_t>(weight == nullptr ? fixed_gradient.factor : 1.0);
  const auto hessian_factor = static_cast<std::int64_t>(weight == nullptr ? fixed_hessian.factor : 1.0);
  std::vector<std::int64_t> gradients(n_nodes, 0);
  std::vector<std::int64_t> hessians(n_nodes, 0);
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t node = 0; node < n_nodes; ++node) {
      gradients[node] += parts[block * width + 2 * node] * gradient_factor;
      hessians[node] += parts[block * width + 2 * node + 1] * hessian_factor;
    }
  }
  return sums_of(grown, gradients, hessians, fixed_gradient, fixed_hessian);
}

LeafSums::LeafSums(const Context& context, std::size_t n, std::size_t n_leaves, const double* weight,
                   const double* gradient, double largest_gradient, const double* hessian, double largest_hessian,
                   double absolute_weight)
    : n_leaves_(n_leaves),
      weight_(weight),
      gradient_(gradient),
      hessian_(hessian),
      fixed_gradient_(FixedPoint::for_sums(largest_gradient, absolute_weight, wide_bits)),
      fixed_hessian_(FixedPoint::for_sums(largest_hessian, absolute_weight, wide_bits)),
      shares_(event_shares(context, n).n_shares) {}

void LeafSums::add(std::size_t share, const Range& events, const std::uint8_t* leaf_of) {
  std::int64_t* sums = shares_[share].sums;
  if (weight_ == nullptr) {
    training_kernels().sum_leaves(leaf_of, events.begin, events.end - events.begin, gradient_, hessian_,
                                  fixed_gradient_.scale, fixed_hessian_.scale, n_leaves_, sums);
    return;
  }
  for (std::size_t i = events.begin; i < events.end; ++i) {
    std::int64_t* leaf = sums + 3 * std::size_t{leaf_of[i]};
    leaf[0] += fixed_gradient_(weight_[i], gradient_[i]);
    leaf[1] += fixed_hessian_(weight_[i], hessian_[i]);
    leaf[2] += 1;
  }
}

NodeSums LeafSums::of_nodes(const GrownTree& grown) const {
  std::vector<std::int64_t> gradients(grown.nodes.size(), 0);
  std::vector<std::int64_t> hessians(grown.nodes.size(), 0);
  // Without weights the kernel left out the factors, which are powers of two.
  const auto gradient_factor = static_cast<std::int64_t>(weight_ == nullptr ? fixed_gradient_.factor : 1.0);
  const auto hessian_factor = static_cast<std::int64_t>(weight_ == nullptr ? fixed_hessian_.factor : 1.0);
  for (std::size_t leaf = 0; leaf < grown.leaves.size(); ++leaf) {
    if (grown.leaves[leaf] < 0) continue;
    const auto node = static_cast<std::size_t>(grown.leaves[leaf]);
    for (const Share& share : shares_) {
      gradients[node] += share.sums[3 * leaf] * gradient_factor;
      hessians[node] += share.sums[3 * leaf + 1] * hessian_factor;
    }
  }
  return sums_of(grown, gradients, hessians, fixed_gradient_, fixed_hessian_);
}

std::vector<double> negative_fractions(const Context& context, const GrownTree& grown, const double* weight,
                                       std::size_t n, double absolute_weight) {
  const std::size_t n_nodes = grown.nodes.size();
  const FixedPoint fixed = FixedPoint::for_sums(1.0, absolute_weight, wide_bits);
  // Negative and all, of each node.
  std::vector<std::int64_t> sums(2 * n_nodes, 0);
  std::mutex mutex;
  const auto add = [&](std::vector<std::int64_t>& part, std::size_t node, std::size_t event) {
    const double w = weight[event];
    const std::int64_t size = fixed(std::abs(w), 1.0);
    part[2 * node] += w < 0 ? size : 0;
    part[2 * node + 1] += size;
  };
  const auto bring = [&](const std::vector<std::int64_t>& part) {
    const std::lock_guard lock(mutex);
    for (std::size_t k = 0; k < part.size(); ++k) sums[k] += part[k];
  };
  if (grown.swept) {
    for_event_blocks(context, n, 2.0, [&](const Range& range) {
      std::vector<std::int64_t> part(2 * n_nodes, 0);
      for (std::size_t i = range.begin; i < range.end; ++i) {
        add(part, static_cast<std::size_t>(grown.leaves[grown.leaf_of[i]]), i);
      }
      bring(part);
    });
  } else {
    for_leaf_blocks(context, grown, 2.0,
                    [&](std::size_t, std::size_t node, const std::uint32_t* rows, std::size_t size) {
                      std::vector<std::int64_t> part(2, 0);
                      for (std::size_t k = 0; k < size; ++k) add(part, 0, rows[k]);
                      const std::lock_guard lock(mutex);
                      sums[2 * node] += part[0];
                      sums[2 * node + 1] += part[1];
                    });
  }
  std::vector<double> fractions(n_nodes);
  for (std::size_t node = n_nodes; node-- > 0;) {  // children come after their parent
    const GrownNode& it = grown.nodes[node];
    for (std::size_t k = 0; it.split.valid() && k < 2; ++k) {
      const auto left = static_cast<std::size_t>(it.left);
      const auto right = static_cast<std::size_t>(it.right);
      sums[2 * node + k] = sums[2 * left + k] + sums[2 * right + k];
    }
    const auto all = static_cast<double>(sums[2 * node + 1]);
    fractions[node] = all > 0 ? static_cast<double>(sums[2 * node]) / all : 0.0;
  }
  return fractions;
}

void add_leaves(const Context& context, const GrownTree& grown, const double* value, double factor, double* score) {
  for_leaf_blocks(context, grown, 1.0, [&](std::size_t, std::size_t node, const std::uint32_t* rows, std::size_t n) {
    const double step = factor * value[node];
    for (std::size_t k = 0; k < n; ++k) score[rows[k]] += step;
  });
}

void add_tree(const Context& context, const Tree& tree, double factor, const BoostingSample& sample, double* score) {
  parallel_for(
      context, chunk_count(sample.n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, chunk_size, chunk);
        std::vector<float> place(sample.n_features);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const float* event = sample.row(i, place.data());
          const auto leaf = static_cast<std::size_t>(leaf_index(tree, event, sample.n_features));
          score[i] += factor * tree.value[leaf];
        }
      },
      static_cast<double>(sample.n) * 20.0);
}

}  // namespace diskern::trees
