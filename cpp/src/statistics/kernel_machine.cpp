#include "statistics/kernel_machine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/elementwise.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t block_size = 256;
constexpr std::size_t maximum_inputs = 65536;

void check(const SvmKernelParams& kernel, std::size_t n_inputs) {
  const auto positive = [](double value, const char* name) {
    if (!(value > 0.0 && std::isfinite(value))) {
      throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected a positive number");
    }
  };
  if (kernel.kernel == SvmKernel::RBF) positive(kernel.gamma, "Gamma");
  if (kernel.kernel == SvmKernel::MultiGauss) {
    if (kernel.gammas.size() != n_inputs) {
      throw InvalidArgument("GammaList has " + std::to_string(kernel.gammas.size()) + " numbers, there are " +
                            std::to_string(n_inputs) + " variables");
    }
    for (const double gamma : kernel.gammas) positive(gamma, "an element of GammaList");
  }
  if (kernel.kernel == SvmKernel::Polynomial) {
    if (kernel.order < 1 || kernel.order > 20) {
      throw InvalidArgument("Order is " + std::to_string(kernel.order) + ", expected 1 to 20");
    }
    if (!std::isfinite(kernel.theta)) throw InvalidArgument("Theta is not finite");
  }
}

// Kernel of x with `size` <= block_size vectors whose coordinate j stands at columns[j * stride]. float32 as in TMVA.
void kernel_block(const SvmKernelParams& kernel, const float* x, std::size_t n_inputs, const float* columns,
                  std::size_t stride, std::size_t size, float* values) {
  std::fill_n(values, size, 0.0F);
  if (kernel.kernel == SvmKernel::Polynomial) {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      for (std::size_t i = 0; i < size; ++i) values[i] += x[j] * column[i];
    }
    const auto theta = static_cast<float>(kernel.theta);
    for (std::size_t i = 0; i < size; ++i) {
      const float base = values[i] + theta;
      float power = base;
      for (std::int32_t k = 1; k < kernel.order; ++k) power *= base;
      values[i] = power;
    }
    return;
  }
  if (kernel.kernel == SvmKernel::RBF) {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      for (std::size_t i = 0; i < size; ++i) {
        const float distance = column[i] - x[j];
        values[i] += distance * distance;
      }
    }
    const auto gamma = static_cast<float>(kernel.gamma);
    for (std::size_t i = 0; i < size; ++i) values[i] *= -gamma;
  } else {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      const auto gamma = static_cast<float>(kernel.gammas[j]);
      for (std::size_t i = 0; i < size; ++i) {
        const float distance = column[i] - x[j];
        values[i] -= gamma * distance * distance;
      }
    }
  }
  elementwise_kernels().exp_float(values, values, size);
}

}  // namespace

KernelMachine::KernelMachine(std::size_t n_inputs, SvmKernelParams kernel, std::vector<float> vectors,
                             std::vector<double> coefficients, double b, bool regression)
    : n_inputs_(n_inputs),
      kernel_(std::move(kernel)),
      vectors_(std::move(vectors)),
      coefficients_(std::move(coefficients)),
      b_(b),
      regression_(regression) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_inputs || vectors_.size() != n_inputs_ * coefficients_.size()) {
    throw FormatError("kernel machine: " + std::to_string(vectors_.size()) + " coordinates of " +
                      std::to_string(coefficients_.size()) + " support vectors in " + std::to_string(n_inputs_) +
                      " variables");
  }
  try {
    check(kernel_, n_inputs_);
  } catch (const InvalidArgument& error) {
    throw FormatError(std::string("kernel machine: ") + error.what());
  }
  bool finite = std::isfinite(b_);
  for (const float value : vectors_) finite = finite && std::isfinite(value);
  for (const double value : coefficients_) finite = finite && std::isfinite(value);
  if (!finite) throw FormatError("kernel machine: a number is not finite");
  const std::size_t n = coefficients_.size();
  columns_.resize(n * n_inputs_);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n_inputs_; ++j) columns_[j * n + i] = vectors_[i * n_inputs_ + j];
  }
}

void KernelMachine::evaluate(const float* variables, double* responses) const noexcept {
  float values[block_size];
  const std::size_t n = coefficients_.size();
  double sum = 0.0;
  for (std::size_t begin = 0; begin < n; begin += block_size) {
    const std::size_t size = std::min(block_size, n - begin);
    kernel_block(kernel_, variables, n_inputs_, columns_.data() + begin, n, size, values);
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
      for (std::size_t k = 0; k < lanes; ++k) {
        sums[k] += coefficients_[begin + i + k] * static_cast<double>(values[i + k]);
      }
    }
    for (std::size_t k = 0; i < size; ++i, ++k) sums[k] += coefficients_[begin + i] * static_cast<double>(values[i]);
    for (const double one : sums) sum += one;
  }
  responses[0] = regression_ ? sum + b_ : 1.0 / (1.0 + maths::exp(sum - b_));
}

void KernelMachine::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("kernel", static_cast<std::int64_t>(kernel_.kernel));
  group.set("gamma", kernel_.gamma);
  group.set("gammas", kernel_.gammas);
  group.set("order", std::int64_t{kernel_.order});
  group.set("theta", kernel_.theta);
  group.set("vectors", vectors_);
  group.set("coefficients", coefficients_);
  group.set("b", b_);
  group.set("regression", regression_);
}

PredictorPointer KernelMachine::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const SvmKernelParams kernel{static_cast<SvmKernel>(group.integer("kernel", 0, 2)), group.real("gamma"),
                               group.doubles("gammas"), static_cast<std::int32_t>(group.integer("order", 0, 1000)),
                               group.real("theta")};
  return std::make_shared<const KernelMachine>(group.count("n_inputs", maximum_inputs), kernel,
                                               group.floats("vectors"), group.doubles("coefficients"),
                                               group.real("b"), group.boolean("regression"));
}

namespace {

// Rows of the kernel matrix, the most recently used ones kept.
class KernelRows {
 public:
  KernelRows(const Context& context, const SvmKernelParams& kernel, const std::vector<float>& columns, std::size_t n,
             std::size_t d)
      : context_(context), kernel_(kernel), columns_(columns), n_(n), d_(d), slot_of_(n, none) {
    constexpr std::size_t most_numbers = std::size_t{1} << 27;  // half a gigabyte
    slots_.resize(std::clamp<std::size_t>(most_numbers / std::max<std::size_t>(1, n), 2, n));
    row_of_.assign(slots_.size(), none);
    used_.assign(slots_.size(), 0);
  }

  const std::vector<float>& row(std::size_t i) {
    std::size_t slot = slot_of_[i];
    if (slot == none) {
      slot = free_ < slots_.size()
                 ? free_++
                 : static_cast<std::size_t>(std::min_element(used_.begin(), used_.end()) - used_.begin());
      if (row_of_[slot] != none) slot_of_[row_of_[slot]] = none;
      slot_of_[i] = slot;
      row_of_[slot] = i;
      fill(i, slots_[slot]);
    }
    used_[slot] = ++clock_;
    return slots_[slot];
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void fill(std::size_t i, std::vector<float>& row) {
    row.resize(n_);
    std::vector<float> x(d_);
    for (std::size_t j = 0; j < d_; ++j) x[j] = columns_[j * n_ + i];
    parallel_for(
        context_, chunk_count(n_, block_size),
        [&](std::size_t chunk) {
          const diskern::Range range = chunk_range(n_, block_size, chunk);
          kernel_block(kernel_, x.data(), d_, columns_.data() + range.begin, n_, range.end - range.begin,
                       row.data() + range.begin);
        },
        static_cast<double>(n_ * (d_ + 3)) * 0.5);
  }

  const Context& context_;
  const SvmKernelParams& kernel_;
  const std::vector<float>& columns_;
  std::size_t n_;
  std::size_t d_;
  std::vector<std::vector<float>> slots_;
  std::vector<std::size_t> slot_of_;
  std::vector<std::size_t> row_of_;
  std::vector<std::uint64_t> used_;
  std::size_t free_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace

SvmResult fit_svm(const Context& context, const SvmParams& params, View<const float, 2> events,
                  View<const std::int32_t> class_index, View<const double> weight) {
  const std::size_t d = events.columns();
  check(params.kernel, d);
  if (!(params.C > 0.0 && std::isfinite(params.C))) {
    throw InvalidArgument("C is " + std::to_string(params.C) + ", expected a positive number");
  }
  if (!(params.Tol > 0.0 && std::isfinite(params.Tol))) {
    throw InvalidArgument("Tol is " + std::to_string(params.Tol) + ", expected a positive number");
  }
  if (params.MaxIter < 1) throw InvalidArgument("MaxIter is " + std::to_string(params.MaxIter) + ", expected 1 or more");
  std::vector<std::size_t> used;
  double counts[2] = {0.0, 0.0};
  double sums[2] = {0.0, 0.0};
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (!(weight[i] >= 0.0) || !std::isfinite(weight[i])) {
      throw InvalidArgument("the weight of event " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                            ", SVM takes weights of 0 and more; book IgnoreNegWeightsInTraining to leave others out");
    }
    for (std::size_t j = 0; j < d; ++j) {
      if (!std::isfinite(events(i, j))) {
        throw InvalidArgument("variable " + std::to_string(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(events(i, j)) + ", expected a finite number");
      }
    }
    if (weight[i] == 0.0) continue;
    used.push_back(i);
    const std::size_t which = class_index[i] == params.signal_class ? 0 : 1;
    counts[which] += 1.0;
    sums[which] += weight[i];
  }
  if (counts[0] == 0.0 || counts[1] == 0.0) {
    throw InvalidArgument("SVM needs events of signal and of background with a weight, got " +
                          std::to_string(static_cast<std::size_t>(counts[0])) + " and " +
                          std::to_string(static_cast<std::size_t>(counts[1])));
  }
  const std::size_t n = used.size();
  std::vector<float> columns(n * d);
  std::vector<double> sign(n);  // -1 signal, 1 background, as TMVA's typeFlag
  std::vector<double> cost(n);
  // As many events of the smaller class weigh as much as those of the larger one.
  const double smaller = std::min(counts[0], counts[1]);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t which = class_index[used[i]] == params.signal_class ? 0 : 1;
    for (std::size_t j = 0; j < d; ++j) columns[j * n + i] = events(used[i], j);
    sign[i] = which == 0 ? -1.0 : 1.0;
    cost[i] = params.C * smaller / counts[which] * weight[used[i]] * counts[which] / sums[which];
  }

  KernelRows rows(context, params.kernel, columns, n, d);
  std::vector<double> diagonal(n);
  std::vector<float> x(d);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) x[j] = columns[j * n + i];
    float value = 0.0F;
    kernel_block(params.kernel, x.data(), d, columns.data() + i, n, 1, &value);
    diagonal[i] = static_cast<double>(value);
  }
  std::vector<float> row_i;
  std::vector<double> alpha(n, 0.0);
  std::vector<double> gradient(n, -1.0);
  const std::int64_t most = params.MaxIter > std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(n)
                                ? std::numeric_limits<std::int64_t>::max()
                                : params.MaxIter * static_cast<std::int64_t>(n);
  SvmResult result;
  const auto may_rise = [&](std::size_t i) { return sign[i] > 0 ? alpha[i] < cost[i] : alpha[i] > 0.0; };
  const auto may_fall = [&](std::size_t i) { return sign[i] > 0 ? alpha[i] > 0.0 : alpha[i] < cost[i]; };
  double upper = 0.0;
  double lower = 0.0;
  for (;; ++result.iterations) {
    if (result.iterations % 64 == 0 && context.interrupted()) throw Interrupted();
    std::size_t i = n;
    upper = -std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < n; ++t) {
      const double value = -sign[t] * gradient[t];
      if (may_rise(t) && value > upper) {
        upper = value;
        i = t;
      }
    }
    lower = std::numeric_limits<double>::infinity();
    std::size_t j = n;
    double best = 0.0;
    if (i < n) {
      const std::vector<float>& row = rows.row(i);
      for (std::size_t t = 0; t < n; ++t) {
        if (!may_fall(t)) continue;
        const double value = -sign[t] * gradient[t];
        lower = std::min(lower, value);
        const double gap = upper - value;
        if (gap <= 0.0) continue;
        const double curvature = std::max(1e-12, diagonal[i] + diagonal[t] - 2.0 * static_cast<double>(row[t]));
        const double gain = gap * gap / curvature;
        if (gain > best) {
          best = gain;
          j = t;
        }
      }
    }
    result.violation = upper - lower;
    if (j == n || result.violation <= params.Tol || result.iterations >= most) break;
    // One step along the pair; rows may replace each other in a small store, so that the first is copied.
    row_i = rows.row(i);
    const std::vector<float>& row_j = rows.row(j);
    const double curvature = std::max(1e-12, diagonal[i] + diagonal[j] - 2.0 * static_cast<double>(row_i[j]));
    double step = (-sign[i] * gradient[i] + sign[j] * gradient[j]) / curvature;
    step = std::min(step, sign[i] > 0 ? cost[i] - alpha[i] : alpha[i]);
    step = std::min(step, sign[j] > 0 ? alpha[j] : cost[j] - alpha[j]);
    alpha[i] = std::clamp(alpha[i] + sign[i] * step, 0.0, cost[i]);
    alpha[j] = std::clamp(alpha[j] - sign[j] * step, 0.0, cost[j]);
    for (std::size_t t = 0; t < n; ++t) {
      gradient[t] += sign[t] * step * (static_cast<double>(row_i[t]) - static_cast<double>(row_j[t]));
    }
    if (result.iterations % 1024 == 0) context.report({static_cast<std::size_t>(result.iterations), 0, result.violation});
  }
  std::vector<float> vectors;
  std::vector<double> coefficients;
  for (std::size_t i = 0; i < n; ++i) {
    if (alpha[i] <= 0.0) continue;
    // float32, as in the weight files of TMVA.
    coefficients.push_back(static_cast<double>(static_cast<float>(alpha[i])) * sign[i]);
    for (std::size_t j = 0; j < d; ++j) vectors.push_back(columns[j * n + i]);
  }
  const double b = -0.5 * (upper + lower);
  result.predictor = std::make_shared<const KernelMachine>(d, params.kernel, std::move(vectors),
                                                           std::move(coefficients), b, false);
  return result;
}

}  // namespace diskern::statistics
