#include "trees/gradient_boosting.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/philox.hpp"
#include "diskern/error.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/grower.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 8192;
constexpr std::size_t loss_chunk = 1024;
constexpr int narrow_bits = 31;
constexpr int wide_bits = 62;
// With signed weights a leaf may end up with hardly any hessian; its step is then held to this, in units of the score.
constexpr double largest_signed_step = 10.0;

void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

void check_params(const GradientBoostingParams& p) {
  check(p.n_estimators >= 1, "n_estimators must be at least 1, got " + std::to_string(p.n_estimators));
  check(p.learning_rate > 0 && std::isfinite(p.learning_rate),
        "learning_rate must be a positive number, got " + std::to_string(p.learning_rate));
  check(p.max_leaf_nodes == 0 || p.max_leaf_nodes >= 2,
        "max_leaf_nodes must be 0 (no limit) or at least 2, got " + std::to_string(p.max_leaf_nodes));
  check(p.max_depth >= 0, "max_depth must be 0 (no limit) or positive, got " + std::to_string(p.max_depth));
  check(p.min_samples_leaf >= 1, "min_samples_leaf must be at least 1, got " + std::to_string(p.min_samples_leaf));
  check(p.min_child_weight >= 0, "min_child_weight must not be negative, got " + std::to_string(p.min_child_weight));
  check(p.min_gain >= 0, "min_gain must not be negative, got " + std::to_string(p.min_gain));
  check(p.l2_regularization >= 0 && std::isfinite(p.l2_regularization),
        "l2_regularization must not be negative, got " + std::to_string(p.l2_regularization));
  check(p.max_bins >= 2 && p.max_bins <= largest_bin_count,
        "max_bins must be from 2 to 255, got " + std::to_string(p.max_bins));
  check(p.subsample > 0 && p.subsample <= 1,
        "subsample must be above 0 and at most 1, got " + std::to_string(p.subsample));
  check(p.n_iter_no_change >= 0, "n_iter_no_change must not be negative, got " + std::to_string(p.n_iter_no_change));
  check(p.tolerance >= 0, "tolerance must not be negative, got " + std::to_string(p.tolerance));
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

// A sample that is packed, free of events of weight zero, and known to be of the right shapes.
struct Packed {
  std::size_t n = 0;
  std::size_t n_features = 0;
  std::vector<float> storage;
  const float* events = nullptr;  // C order
  std::vector<double> weight;
  std::vector<std::int32_t> class_index;
  std::vector<double> target;  // in classification: +1 for class 1, -1 otherwise
  double absolute_weight = 0;  // sum of |w|
  double signed_weight = 0;    // sum of w
  bool any_negative = false;

  View<const float, 2> view() const { return {events, n, n_features}; }
};

Packed pack(const GradientBoostingSample& sample, std::int32_t n_classes, NegativeWeights policy,
            const std::string& name) {
  const std::size_t n = sample.events.rows();
  check(n > 0, name + " is empty: no events");
  check(sample.events.columns() > 0, name + " has no variables");
  check(n < (std::size_t{1} << 32U), name + " has more than 2^32 events");
  check(sample.weight.size() == n, name + ": one weight per event is expected");
  const bool classify = n_classes > 0;
  check(sample.class_index.size() == (classify ? n : 0) && sample.target.size() == (classify ? 0 : n),
        name + ": one " + (classify ? "class index" : "target") + " per event is expected");
  Packed packed;
  packed.n_features = sample.events.columns();
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = sample.weight[i];
    check(std::isfinite(w), name + ": the weight of event " + std::to_string(i) + " is not finite");
    if (w < 0) {
      check(policy != NegativeWeights::error, name + ": event " + std::to_string(i) + " has the negative weight " +
                                                  std::to_string(w) +
                                                  "; negative_weights=keep or ignore would accept it");
      if (policy == NegativeWeights::ignore) continue;
      packed.any_negative = true;
    }
    if (w == 0) continue;
    if (classify) {
      check(sample.class_index[i] >= 0 && sample.class_index[i] < n_classes,
            name + ": class index " + std::to_string(sample.class_index[i]) + " of event " + std::to_string(i) +
                " is outside 0 .. " + std::to_string(n_classes - 1));
    } else {
      check(std::isfinite(sample.target[i]), name + ": the target of event " + std::to_string(i) + " is not finite");
    }
    used.push_back(i);
  }
  check(!used.empty(), name + ": all weights are zero" +
                           (policy == NegativeWeights::ignore ? " or negative (negative_weights=ignore)" : ""));
  packed.n = used.size();
  double largest_target = 0;
  packed.weight.reserve(packed.n);
  for (const std::size_t i : used) {
    packed.weight.push_back(sample.weight[i]);
    if (classify) {
      packed.class_index.push_back(sample.class_index[i]);
      packed.target.push_back(sample.class_index[i] == 1 ? 1.0 : -1.0);
    } else {
      packed.target.push_back(sample.target[i]);
    }
    packed.absolute_weight += std::abs(sample.weight[i]);
    packed.signed_weight += sample.weight[i];
    largest_target = std::max(largest_target, std::abs(packed.target.back()));
  }
  // The scales of the fixed-point sums are powers of two that must exist in float64, and a sum of large weights leaves
  // few of its 62 bits for the derivatives: 11 at this limit.
  check(packed.absolute_weight >= 1e-100 && packed.absolute_weight <= 1e15,
        name + ": the absolute weights add up to " + short_number(packed.absolute_weight) +
            ", expected a sum from 1e-100 to 1e15; scale the weights");
  check(largest_target <= 1e100, name + ": the largest |target| is " + short_number(largest_target) +
                                     ", expected at most 1e100; scale the targets");
  if (packed.n == n && sample.events.contiguous()) {
    packed.events = sample.events.data();
  } else {
    packed.storage.resize(packed.n * packed.n_features);
    for (std::size_t k = 0; k < packed.n; ++k) {
      for (std::size_t j = 0; j < packed.n_features; ++j) {
        packed.storage[k * packed.n_features + j] = sample.events(used[k], j);
      }
    }
    packed.events = packed.storage.data();
  }
  check(packed.signed_weight > 0,
        name + ": the sum of weights is " + std::to_string(packed.signed_weight) + ", it must be positive");
  return packed;
}

// Boosting one sample; a class only because the steps share their arrays.
class Booster {
 public:
  Booster(const Context& context, const GradientBoostingParams& params, const Packed& training,
          const Packed* validation, std::int32_t n_classes)
      : context_(context),
        params_(params),
        training_(training),
        validation_(validation),
        n_classes_(n_classes),
        n_outputs_(n_classes > 2 ? static_cast<std::size_t>(n_classes) : 1),
        loss_(n_classes == 0   ? Loss::squared_error
              : n_classes == 2 ? Loss::binary_logistic
                               : Loss::softmax) {}

  GradientBoostingResult run();

 private:
  std::vector<double> base_scores() const;
  void losses(const Packed& sample, const std::vector<double>& score, Range range, double* loss, double* gradient,
              double* hessian, std::size_t stride) const;
  double mean_loss(const Packed& sample, const std::vector<double>& score) const;
  double compute_gradients();
  template <class Integer>
  void quantise(std::size_t output, const CellScales& scales, std::vector<Cell<Integer>>& entries) const;
  GrownTree grow_tree(std::size_t output, const std::vector<std::uint32_t>& rows, CellScales& scales);
  Tree finish(const GrownTree& grown, std::size_t output, const CellScales& scales);
  void add_tree(const Tree& tree, const Packed& sample, std::vector<double>& score, std::size_t output) const;

  const Context& context_;
  const GradientBoostingParams& params_;
  const Packed& training_;
  const Packed* validation_;
  std::int32_t n_classes_;
  std::size_t n_outputs_;
  Loss loss_;

  BinEdges edges_;
  BinnedEvents binned_;
  GrowerRules rules_;
  FixedPoint count_scale_;
  double count_sum_ = 0;
  double reference_weight_ = 1;
  // Of class k: n entries from k * n on.
  std::vector<double> score_;
  std::vector<double> gradient_;
  std::vector<double> hessian_;
  std::vector<double> largest_gradient_;  // per class
  std::vector<double> largest_hessian_;
  std::vector<double> gradient_rms_;
  std::vector<double> validation_score_;
  std::vector<NarrowCell> narrow_entries_;
  std::vector<WideCell> wide_entries_;
  std::unique_ptr<Grower<std::int32_t>> narrow_grower_;
  std::unique_ptr<Grower<std::int64_t>> wide_grower_;
};

std::vector<double> Booster::base_scores() const {
  std::vector<double> result(n_outputs_);
  if (loss_ == Loss::squared_error) {
    double largest = 0;
    for (const double y : training_.target) largest = std::max(largest, std::abs(y));
    const FixedPoint fixed_target = FixedPoint::for_sums(largest, training_.absolute_weight, wide_bits);
    const FixedPoint fixed_weight = FixedPoint::for_sums(1.0, training_.absolute_weight, wide_bits);
    std::int64_t targets = 0;
    std::int64_t weights = 0;
    for (std::size_t i = 0; i < training_.n; ++i) {
      targets += fixed_target(training_.weight[i], training_.target[i]);
      weights += fixed_weight(training_.weight[i], 1.0);
    }
    result[0] = fixed_target.value(targets) / fixed_weight.value(weights);
    return result;
  }
  const FixedPoint fixed = FixedPoint::for_sums(1.0, training_.absolute_weight, wide_bits);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(n_classes_), 0);
  for (std::size_t i = 0; i < training_.n; ++i) {
    sums[static_cast<std::size_t>(training_.class_index[i])] += fixed(training_.weight[i], 1.0);
  }
  std::int64_t all = 0;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    check(sums[k] > 0, "the sum of weights of class " + std::to_string(k) + " is " +
                           std::to_string(fixed.value(sums[k])) + ", it must be positive: every class needs events");
    all += sums[k];
  }
  if (loss_ == Loss::binary_logistic) {
    result[0] = std::log(fixed.value(sums[1]) / fixed.value(sums[0]));
  } else {
    for (std::size_t k = 0; k < n_outputs_; ++k) result[k] = std::log(fixed.value(sums[k]) / fixed.value(all));
  }
  return result;
}

// Of the events in `range`: their losses, and the derivatives of output k at k * stride of the other two.
void Booster::losses(const Packed& sample, const std::vector<double>& score, Range range, double* loss,
                     double* gradient, double* hessian, std::size_t stride) const {
  const std::size_t n = range.end - range.begin;
  if (loss_ == Loss::binary_logistic) {
    logistic_loss(score.data() + range.begin, sample.target.data() + range.begin, n, loss, gradient, hessian);
    return;
  }
  if (loss_ == Loss::squared_error) {
    squared_loss(score.data() + range.begin, sample.target.data() + range.begin, n, loss, gradient, hessian);
    return;
  }
  std::vector<double> work(3 * n_outputs_);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n_outputs_; ++k) work[k] = score[k * sample.n + range.begin + i];
    loss[i] = softmax_loss(work.data(), n_outputs_, static_cast<std::size_t>(sample.class_index[range.begin + i]),
                           work.data() + n_outputs_, work.data() + 2 * n_outputs_);
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      gradient[k * stride + i] = work[n_outputs_ + k];
      hessian[k * stride + i] = work[2 * n_outputs_ + k];
    }
  }
}

double Booster::mean_loss(const Packed& sample, const std::vector<double>& score) const {
  const std::size_t chunks = chunk_count(sample.n, loss_chunk);
  std::vector<double> sums(chunks, 0.0);
  parallel_for(
      context_, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, loss_chunk, chunk);
        std::vector<double> work((1 + 2 * n_outputs_) * loss_chunk);
        losses(sample, score, range, work.data(), work.data() + loss_chunk, work.data() + (1 + n_outputs_) * loss_chunk,
               loss_chunk);
        double sum = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) sum += sample.weight[i] * work[i - range.begin];
        sums[chunk] = sum;
      },
      static_cast<double>(sample.n * n_outputs_) * 10.0);
  return std::accumulate(sums.begin(), sums.end(), 0.0) / sample.signed_weight;
}

// Derivatives of every event, their largest and rms; returns the mean loss.
double Booster::compute_gradients() {
  const std::size_t n = training_.n;
  const std::size_t chunks = chunk_count(n, loss_chunk);
  // Per chunk: loss, then per output the largest gradient, largest hessian and sum of |w| g^2.
  const std::size_t width = 1 + 3 * n_outputs_;
  std::vector<double> found(chunks * width, 0.0);
  parallel_for(
      context_, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, loss_chunk, chunk);
        double* mine = found.data() + chunk * width;
        std::array<double, loss_chunk> loss;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        losses(training_, score_, range, loss.data(), gradient_.data() + range.begin, hessian_.data() + range.begin, n);
        double sum = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) sum += training_.weight[i] * loss[i - range.begin];
        mine[0] = sum;
        for (std::size_t k = 0; k < n_outputs_; ++k) {
          double largest_gradient = 0;
          double largest_hessian = 0;
          double squares = 0;
          for (std::size_t i = range.begin; i < range.end; ++i) {
            const double g = gradient_[k * n + i];
            const double h = hessian_[k * n + i];
            const double size = std::abs(g);
            largest_gradient = size > largest_gradient ? size : largest_gradient;
            largest_hessian = h > largest_hessian ? h : largest_hessian;
            squares += std::abs(training_.weight[i]) * g * g;
          }
          mine[1 + 3 * k] = largest_gradient;
          mine[2 + 3 * k] = largest_hessian;
          mine[3 + 3 * k] = squares;
        }
      },
      static_cast<double>(n * n_outputs_) * 10.0);
  double loss = 0;
  largest_gradient_.assign(n_outputs_, 0.0);
  largest_hessian_.assign(n_outputs_, 0.0);
  gradient_rms_.assign(n_outputs_, 0.0);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const double* mine = found.data() + chunk * width;
    loss += mine[0];
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      largest_gradient_[k] = std::max(largest_gradient_[k], mine[1 + 3 * k]);
      largest_hessian_[k] = std::max(largest_hessian_[k], mine[2 + 3 * k]);
      gradient_rms_[k] += mine[3 + 3 * k];
    }
  }
  for (double& rms : gradient_rms_) rms = std::sqrt(rms / training_.absolute_weight);
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    check(largest_gradient_[k] <= 1e120 && std::isfinite(gradient_rms_[k]),
          "boosting diverges: the largest derivative of the loss is " + short_number(largest_gradient_[k]) +
              "; a smaller learning_rate than " + short_number(params_.learning_rate) + " is needed");
  }
  return loss / training_.signed_weight;
}

template <class Integer>
void Booster::quantise(std::size_t output, const CellScales& scales, std::vector<Cell<Integer>>& entries) const {
  const std::size_t n = training_.n;
  const bool first = entries.empty();  // counts and weights stay the same from tree to tree
  entries.resize(n);
  const double* gradient = gradient_.data() + output * n;
  const double* hessian = hessian_.data() + output * n;
  parallel_for(
      context_, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const double w = training_.weight[i];
          entries[i].gradient = static_cast<Integer>(scales.gradient(w, gradient[i]));
          entries[i].hessian = static_cast<Integer>(scales.hessian(w, hessian[i]));
          if (!first) continue;
          entries[i].count = static_cast<Integer>(scales.count(std::max(1.0, std::abs(w)), 1.0));
          entries[i].weight = static_cast<Integer>(scales.weight(w, 1.0));
        }
      },
      static_cast<double>(n) * 5.0);
}

GrownTree Booster::grow_tree(std::size_t output, const std::vector<std::uint32_t>& rows, CellScales& scales) {
  const double largest = largest_gradient_[output];
  const auto set_scales = [&](int bits) {
    scales.gradient = FixedPoint::for_sums(largest, training_.absolute_weight, bits);
    scales.hessian = FixedPoint::for_sums(largest_hessian_[output], training_.absolute_weight, bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum_, bits);
    scales.weight = FixedPoint::for_sums(1.0, training_.absolute_weight, bits);
  };
  set_scales(narrow_bits);
  // Narrow cells do when even the lightest events keep nine bits, and the common ones eight bits below the largest.
  const double lightest = reference_weight_ * largest / scales.gradient.inverse;
  if (lightest >= 512 && largest <= 256 * gradient_rms_[output]) {
    if (!narrow_grower_) narrow_grower_ = std::make_unique<Grower<std::int32_t>>(binned_, edges_);
    quantise(output, scales, narrow_entries_);
    return narrow_grower_->grow(context_, rules_, scales, narrow_entries_.data(), rows);
  }
  set_scales(wide_bits);
  if (!wide_grower_) wide_grower_ = std::make_unique<Grower<std::int64_t>>(binned_, edges_);
  quantise(output, scales, wide_entries_);
  return wide_grower_->grow(context_, rules_, scales, wide_entries_.data(), rows);
}

// The tree with Newton leaves from sums that are exact to 40 bits of the largest derivative, whatever the cells were.
Tree Booster::finish(const GrownTree& grown, std::size_t output, const CellScales& scales) {
  const std::size_t n_nodes = grown.nodes.size();
  const std::size_t n = training_.n;
  const double* gradient = gradient_.data() + output * n;
  const double* hessian = hessian_.data() + output * n;
  const FixedPoint fixed_gradient =
      FixedPoint::for_sums(largest_gradient_[output], training_.absolute_weight, wide_bits);
  const FixedPoint fixed_hessian = FixedPoint::for_sums(largest_hessian_[output], training_.absolute_weight, wide_bits);

  // Leaves cut into pieces of at most chunk_size events.
  struct Piece {
    std::size_t node, begin, end;
    std::int64_t gradient = 0, hessian = 0;
  };
  std::vector<Piece> pieces;
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const GrownNode& it = grown.nodes[node];
    if (it.split.valid()) continue;
    for (std::size_t begin = it.begin; begin < it.end; begin += chunk_size) {
      pieces.push_back({node, begin, std::min(it.end, begin + chunk_size)});
    }
  }
  parallel_for(
      context_, pieces.size(),
      [&](std::size_t p) {
        Piece& piece = pieces[p];
        for (std::size_t k = piece.begin; k < piece.end; ++k) {
          const std::size_t i = grown.rows[k];
          piece.gradient += fixed_gradient(training_.weight[i], gradient[i]);
          piece.hessian += fixed_hessian(training_.weight[i], hessian[i]);
        }
      },
      static_cast<double>(grown.rows.size()) * 6.0);
  std::vector<std::int64_t> gradients(n_nodes, 0);
  std::vector<std::int64_t> hessians(n_nodes, 0);
  for (const Piece& piece : pieces) {
    gradients[piece.node] += piece.gradient;
    hessians[piece.node] += piece.hessian;
  }
  for (std::size_t node = n_nodes; node-- > 0;) {  // children come after their parent
    const GrownNode& it = grown.nodes[node];
    if (!it.split.valid()) continue;
    gradients[node] = gradients[static_cast<std::size_t>(it.left)] + gradients[static_cast<std::size_t>(it.right)];
    hessians[node] = hessians[static_cast<std::size_t>(it.left)] + hessians[static_cast<std::size_t>(it.right)];
  }

  Tree tree;
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const GrownNode& it = grown.nodes[node];
    const bool inner = it.split.valid();
    const auto feature = static_cast<std::size_t>(inner ? it.split.feature : 0);
    tree.feature.push_back(inner ? it.split.feature : leaf_feature);
    tree.threshold.push_back(inner ? edges_.threshold(feature, static_cast<std::size_t>(it.split.bin)) : 0.0);
    tree.left.push_back(inner ? it.left : -1);
    tree.right.push_back(inner ? it.right : -1);
    tree.missing_right.push_back(inner && it.split.missing_right ? 1 : 0);
    const double g = fixed_gradient.value(gradients[node]);
    const double h = fixed_hessian.value(hessians[node]) + params_.l2_regularization;
    double step = h > 0 ? -g / h : 0.0;
    if (training_.any_negative) {
      const double limit = loss_ == Loss::squared_error ? largest_gradient_[output] : largest_signed_step;
      step = std::clamp(step, -limit, limit);
    }
    tree.value.push_back(params_.learning_rate * step);
    tree.weight.push_back(scales.weight.value(it.sums.weight));
    tree.gain.push_back(inner ? it.split.gain : 0.0);
  }

  // The training score moves with the leaves; events outside the subsample walk the tree.
  double* score = score_.data() + output * n;
  if (grown.rows.size() == n) {
    parallel_for(
        context_, pieces.size(),
        [&](std::size_t p) {
          const double value = tree.value[pieces[p].node];
          for (std::size_t k = pieces[p].begin; k < pieces[p].end; ++k) score[grown.rows[k]] += value;
        },
        static_cast<double>(n) * 2.0);
  } else {
    add_tree(tree, training_, score_, output);
  }
  return tree;
}

void Booster::add_tree(const Tree& tree, const Packed& sample, std::vector<double>& score, std::size_t output) const {
  parallel_for(
      context_, chunk_count(sample.n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const auto leaf =
              static_cast<std::size_t>(leaf_index(tree, sample.events + i * sample.n_features, sample.n_features));
          score[output * sample.n + i] += tree.value[leaf];
        }
      },
      static_cast<double>(sample.n) * 20.0);
}

GradientBoostingResult Booster::run() {
  const std::size_t n = training_.n;
  edges_ = find_edges(context_, training_.view(), View<const double>(training_.weight.data(), n), params_.max_bins,
                      View<const std::int32_t>(training_.class_index.data(), training_.class_index.size()));
  if (context_.interrupted()) throw Interrupted();
  binned_ = bin_events(context_, edges_, training_.view());
  if (context_.interrupted()) throw Interrupted();

  rules_.max_leaf_nodes = params_.max_leaf_nodes;
  rules_.max_depth = params_.max_depth;
  rules_.leaf_wise = params_.leaf_wise;
  rules_.split.lambda_l2 = params_.l2_regularization;
  rules_.split.min_child_weight = params_.min_child_weight;
  rules_.split.min_samples_leaf = params_.min_samples_leaf;
  rules_.split.min_gain = params_.min_gain;
  rules_.split.signed_weights = training_.any_negative;
  for (const double w : training_.weight) {
    count_sum_ += std::max(1.0, std::abs(w));
    reference_weight_ = std::min(reference_weight_, std::abs(w));
  }

  Forest forest;
  forest.n_features = static_cast<std::int32_t>(training_.n_features);
  forest.n_outputs = static_cast<std::int32_t>(n_outputs_);
  forest.base_score = base_scores();
  forest.link = loss_ == Loss::squared_error     ? Link::identity
                : loss_ == Loss::binary_logistic ? Link::logistic
                                                 : Link::softmax;
  const auto start = [&](const Packed& sample) {
    std::vector<double> score(n_outputs_ * sample.n);
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      std::fill_n(score.begin() + static_cast<std::ptrdiff_t>(k * sample.n), sample.n, forest.base_score[k]);
    }
    return score;
  };
  score_ = start(training_);
  gradient_.resize(score_.size());
  hessian_.resize(score_.size());

  GradientBoostingResult result;
  double best_loss = std::numeric_limits<double>::infinity();
  if (validation_ != nullptr) {
    validation_score_ = start(*validation_);
    best_loss = mean_loss(*validation_, validation_score_);
    result.validation_loss.push_back(best_loss);
  }
  result.training_loss.push_back(compute_gradients());

  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  const Philox bagging(context_.seed, Purpose::bagging);
  std::size_t best_iteration = 0;
  double improvement_from = best_loss;  // the loss that must be beaten by more than the tolerance
  std::size_t improved_at = 0;
  const auto total = static_cast<std::size_t>(params_.n_estimators);
  for (std::size_t iteration = 1; iteration <= total; ++iteration) {
    if (params_.subsample < 1) {
      rows.clear();
      for (std::size_t i = 0; i < n; ++i) {
        if (bagging.uniform(i, static_cast<std::uint32_t>(iteration)) < params_.subsample) {
          rows.push_back(static_cast<std::uint32_t>(i));
        }
      }
    }
    std::vector<Tree> trees;
    bool stump = true;
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      CellScales scales;
      const GrownTree grown = grow_tree(k, rows, scales);
      result.interrupted = grown.interrupted || context_.interrupted();
      if (result.interrupted) break;
      stump = stump && grown.nodes.size() == 1;
      trees.push_back(finish(grown, k, scales));
    }
    if (result.interrupted) break;
    for (Tree& tree : trees) {
      if (validation_ != nullptr) add_tree(tree, *validation_, validation_score_, forest.trees.size() % n_outputs_);
      forest.trees.push_back(std::move(tree));
    }
    result.training_loss.push_back(compute_gradients());
    Progress progress{iteration, total, result.training_loss.back()};
    if (validation_ != nullptr) {
      const double loss = mean_loss(*validation_, validation_score_);
      result.validation_loss.push_back(loss);
      progress.validation_loss = loss;
      if (loss < best_loss) {
        best_loss = loss;
        best_iteration = iteration;
      }
      if (loss < improvement_from - params_.tolerance) {
        improvement_from = loss;
        improved_at = iteration;
      }
    }
    context_.report(progress);
    if (validation_ != nullptr && params_.n_iter_no_change > 0 &&
        iteration - improved_at >= static_cast<std::size_t>(params_.n_iter_no_change)) {
      break;
    }
    // No cut is left anywhere: all further trees would be this one again, moving nothing.
    if (stump && params_.subsample == 1.0) break;
  }
  if (validation_ != nullptr && params_.n_iter_no_change > 0) forest.trees.resize(best_iteration * n_outputs_);
  result.best_iteration = forest.trees.size() / n_outputs_;
  forest.tree_weight.assign(forest.trees.size(), 1.0);
  result.feature_gain.assign(training_.n_features, 0.0);
  for (const Tree& tree : forest.trees) {
    for (std::size_t node = 0; node < tree.node_count(); ++node) {
      if (tree.feature[node] >= 0) result.feature_gain[static_cast<std::size_t>(tree.feature[node])] += tree.gain[node];
    }
  }
  result.predictor = std::make_shared<ForestPredictor>(std::move(forest));
  return result;
}

}  // namespace

GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation) {
  check_params(params);
  elementwise_kernels();  // a wrong DISKERN_ISA throws here, not in a loop that may not throw
  check(context.device == Device::cpu, "gradient boosting runs on the CPU only");
  check(n_classes == 0 || n_classes >= 2,
        "at least 2 classes are needed to tell them apart, got " + std::to_string(n_classes));
  const Packed training = pack(sample, n_classes, params.negative_weights, "the training sample");
  if (validation == nullptr) return Booster(context, params, training, nullptr, n_classes).run();
  check(validation->events.columns() == sample.events.columns(),
        "the validation sample has " + std::to_string(validation->events.columns()) +
            " variables, the training sample " + std::to_string(sample.events.columns()));
  // Negative weights stay in the validation sample: the loss is an estimate on the true distribution.
  const Packed held_out =
      pack(*validation, n_classes,
           params.negative_weights == NegativeWeights::ignore ? NegativeWeights::keep : params.negative_weights,
           "the validation sample");
  return Booster(context, params, training, &held_out, n_classes).run();
}

}  // namespace diskern::trees
