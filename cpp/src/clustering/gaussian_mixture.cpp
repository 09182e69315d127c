#include "clustering/gaussian_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace isa_scalar {
extern const MixtureKernels mixture_kernels;
}
namespace isa_avx2 {
extern const MixtureKernels mixture_kernels;
}
namespace isa_avx512 {
extern const MixtureKernels mixture_kernels;
}
namespace isa_neon {
extern const MixtureKernels mixture_kernels;
}

}  // namespace diskern

namespace diskern::clustering {

namespace {

constexpr KernelTables<MixtureKernels> tables = {
    &isa_scalar::mixture_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::mixture_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::mixture_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::mixture_kernels,
#else
    nullptr,
#endif
};

bool is_matrix(CovarianceKind kind) { return kind == CovarianceKind::full || kind == CovarianceKind::tied; }

// Lower triangular L with matrix = L L^T; false where it is not positive definite.
bool cholesky(const double* matrix, std::size_t d, std::vector<double>& lower) {
  lower.assign(d * d, 0.0);
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i * d + j];
      for (std::size_t k = 0; k < j; ++k) sum -= lower[i * d + k] * lower[j * d + k];
      if (i == j) {
        if (!(sum > 0) || !std::isfinite(sum)) return false;
        lower[i * d + i] = std::sqrt(sum);
      } else {
        lower[i * d + j] = sum / lower[j * d + j];
      }
    }
  }
  return true;
}

// The transposed inverse of a lower triangular matrix, upper triangular.
void inverse_transposed(const std::vector<double>& lower, std::size_t d, double* upper) {
  std::fill(upper, upper + d * d, 0.0);
  for (std::size_t column = 0; column < d; ++column) {
    for (std::size_t i = column; i < d; ++i) {
      double sum = i == column ? 1.0 : 0.0;
      for (std::size_t k = column; k < i; ++k) sum -= lower[i * d + k] * upper[column * d + k];
      upper[column * d + i] = sum / lower[i * d + i];
    }
  }
}

[[noreturn]] void refuse(std::size_t component, CovarianceKind kind) {
  throw InvalidArgument(
      (kind == CovarianceKind::tied ? std::string("the common covariance")
                                    : "the covariance of component " + std::to_string(component)) +
      " is not positive definite (points that coincide or lie in a plane, or too few of them); decrease n_components, "
      "increase reg_covar or scale X");
}

constexpr std::size_t points_per_piece = 4096;
constexpr std::size_t most_pieces = 256;

std::size_t piece_size(std::size_t n) {
  const std::size_t blocks = chunk_count(chunk_count(n, mixture_block), most_pieces);
  return std::max(points_per_piece, blocks * mixture_block);
}

// Rows as a block; the lanes after the last point repeat it.
std::size_t to_block(View<const double, 2> points, std::size_t begin, std::size_t count, double* block) {
  const std::size_t lanes = chunk_count(count, mixture_lanes) * mixture_lanes;
  for (std::size_t d = 0; d < points.columns(); ++d) {
    for (std::size_t p = 0; p < lanes; ++p) {
      block[d * mixture_block + p] = points(begin + std::min(p, count - 1), d);
    }
  }
  return lanes;
}

// Sums of all components over all points, in the order of the pieces.
struct Sums {
  std::vector<double> sums;  // of each component: mixture_sums
  double log_density = 0;
  double weight = 0;
};

// responsibility(begin, count, lanes, block, scratch, values): fills values [component][mixture_block], returns their part of
// the log density.
template <class Responsibility>
Sums sum_up(const Context& context, const MixtureParams& params, View<const double, 2> points, View<const double> weight,
            const std::vector<double>& about, const Responsibility& responsibility) {
  const std::size_t n = points.rows();
  const std::size_t d = points.columns();
  const bool products = is_matrix(params.kind);
  const std::size_t per_component = mixture_sums(d, products);
  const std::size_t size = piece_size(n);
  std::vector<Sums> pieces(chunk_count(n, size));
  interruptible_for(
      context, pieces.size(),
      [&](std::size_t piece) {
        const Range range = chunk_range(n, size, piece);
        std::vector<double> block(d * mixture_block);
        std::vector<double> scratch(2 * mixture_lanes * d);
        std::vector<double> values(params.components * mixture_block);
        std::vector<double> lanes_sums(params.components * per_component * mixture_lanes, 0.0);
        Sums& sums = pieces[piece];
        for (std::size_t begin = range.begin; begin < range.end; begin += mixture_block) {
          const std::size_t count = std::min(mixture_block, range.end - begin);
          const std::size_t lanes = to_block(points, begin, count, block.data());
          sums.log_density += responsibility(begin, count, lanes, block.data(), scratch.data(), values.data());
          for (std::size_t p = 0; p < count; ++p) sums.weight += weight.empty() ? 1.0 : weight[begin + p];
          for (std::size_t k = 0; k < params.components; ++k) {
            double* value = values.data() + k * mixture_block;
            if (!weight.empty()) {
              for (std::size_t p = 0; p < count; ++p) value[p] *= weight[begin + p];
            }
            std::fill(value + count, value + lanes, 0.0);
            double* target = lanes_sums.data() + k * per_component * mixture_lanes;
            const double* centre = about.data() + k * d;
            if (products) {
              mixture_kernels().add(block.data(), lanes, d, centre, value, scratch.data(), target);
            } else {
              mixture_kernels().diagonal_add(block.data(), lanes, d, centre, value, target);
            }
          }
        }
        sums.sums.assign(params.components * per_component, 0.0);
        for (std::size_t s = 0; s < sums.sums.size(); ++s) {
          for (std::size_t lane = 0; lane < mixture_lanes; ++lane) sums.sums[s] += lanes_sums[s * mixture_lanes + lane];
        }
      },
      static_cast<double>(n * params.components * (products ? d * d : d) + n) * 2.0);
  Sums total = std::move(pieces[0]);
  for (std::size_t piece = 1; piece < pieces.size(); ++piece) {
    for (std::size_t s = 0; s < total.sums.size(); ++s) total.sums[s] += pieces[piece].sums[s];
    total.log_density += pieces[piece].log_density;
    total.weight += pieces[piece].weight;
  }
  return total;
}

// Weights, means and covariances from sums about `about`.
Mixture maximise(const MixtureParams& params, std::size_t d, const std::vector<double>& about, const Sums& sums) {
  const std::size_t components = params.components;
  const bool products = is_matrix(params.kind);
  const std::size_t per_component = mixture_sums(d, products);
  Mixture mixture;
  mixture.kind = params.kind;
  mixture.components = components;
  mixture.dimensions = d;
  mixture.weights.resize(components);
  mixture.means.resize(components * d);
  mixture.covariances.assign(mixture.covariance_size(), 0.0);
  double total = 0;
  for (std::size_t k = 0; k < components; ++k) {
    const double* sum = sums.sums.data() + k * per_component;
    // As scikit-learn: a component without points is kept from dividing by zero.
    const double share = sum[0] + 10 * std::numeric_limits<double>::epsilon();
    const double* first = sum + 1;
    const double* second = first + d;
    mixture.weights[k] = share;
    total += share;
    for (std::size_t i = 0; i < d; ++i) mixture.means[k * d + i] = about[k * d + i] + first[i] / share;
    if (!products) {
      for (std::size_t i = 0; i < d; ++i) {
        const double off = first[i] / share;
        const double variance = std::max(second[i] / share - off * off, 0.0) + params.regularisation;
        if (params.kind == CovarianceKind::diagonal) {
          mixture.covariances[k * d + i] = variance;
        } else {
          mixture.covariances[k] += variance / static_cast<double>(d);
        }
      }
      continue;
    }
    double* target = mixture.covariances.data() + (params.kind == CovarianceKind::full ? k * d * d : 0);
    const double by = params.kind == CovarianceKind::full ? 1.0 : share;
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j <= i; ++j, ++second) {
        const double covariance = by * (*second / share - (first[i] / share) * (first[j] / share));
        target[i * d + j] += covariance;
        if (i != j) target[j * d + i] += covariance;
      }
      if (params.kind == CovarianceKind::full) target[i * d + i] += params.regularisation;
    }
  }
  if (params.kind == CovarianceKind::tied) {
    for (double& one : mixture.covariances) one /= total;
    for (std::size_t i = 0; i < d; ++i) mixture.covariances[i * d + i] += params.regularisation;
  }
  for (double& weight : mixture.weights) weight /= total;
  factorise(mixture);
  return mixture;
}

void check(const MixtureParams& params, View<const double, 2> points, View<const double> weight) {
  if (points.rows() == 0 || points.columns() == 0) throw InvalidArgument("no points: at least one is needed");
  if (params.components == 0) throw InvalidArgument("a mixture needs at least one component");
  if (!(params.regularisation >= 0) || !std::isfinite(params.regularisation)) {
    throw InvalidArgument("the regularisation must be a number, not negative, got " +
                          std::to_string(params.regularisation));
  }
  if (!weight.empty() && weight.size() != points.rows()) {
    throw InvalidArgument("one weight per point is expected: " + std::to_string(points.rows()) + ", got " +
                          std::to_string(weight.size()));
  }
  double sum = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!(weight[i] >= 0) || !std::isfinite(weight[i])) {
      throw InvalidArgument("sample_weight of point " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                            "; a mixture needs finite weights that are not negative");
    }
    sum += weight[i];
  }
  if (!weight.empty() && !(sum > 0)) throw InvalidArgument("the sum of sample_weight is not positive");
}

}  // namespace

const MixtureKernels& mixture_kernels(InstructionSet level) { return tables.at(level); }
const MixtureKernels& mixture_kernels() {
  static const MixtureKernels& kernels = tables.at(instruction_set());
  return kernels;
}

std::size_t Mixture::covariance_size() const noexcept {
  switch (kind) {
    case CovarianceKind::full:
      return components * dimensions * dimensions;
    case CovarianceKind::tied:
      return dimensions * dimensions;
    case CovarianceKind::diagonal:
      return components * dimensions;
    default:
      return components;
  }
}

void factorise(Mixture& mixture) {
  const std::size_t d = mixture.dimensions;
  mixture.factors.resize(mixture.covariance_size());
  if (!is_matrix(mixture.kind)) {
    for (std::size_t i = 0; i < mixture.covariances.size(); ++i) {
      const double variance = mixture.covariances[i];
      if (!(variance > 0) || !std::isfinite(variance)) {
        refuse(mixture.kind == CovarianceKind::diagonal ? i / d : i, mixture.kind);
      }
      mixture.factors[i] = 1.0 / std::sqrt(variance);
    }
    return;
  }
  std::vector<double> lower;
  for (std::size_t k = 0; k * d * d < mixture.covariances.size(); ++k) {
    if (!cholesky(mixture.covariances.data() + k * d * d, d, lower)) refuse(k, mixture.kind);
    inverse_transposed(lower, d, mixture.factors.data() + k * d * d);
  }
}

std::vector<double> factors_of_precisions(CovarianceKind kind, std::size_t components, std::size_t dimensions,
                                          const std::vector<double>& precisions) {
  std::vector<double> factors(precisions.size());
  if (!is_matrix(kind)) {
    for (std::size_t i = 0; i < precisions.size(); ++i) {
      if (!(precisions[i] > 0)) throw InvalidArgument("precisions_init must be positive");
      factors[i] = std::sqrt(precisions[i]);
    }
    return factors;
  }
  // U U^T with U upper triangular: Cholesky's factor of the matrix in reversed order, reversed.
  const std::size_t d = dimensions;
  const std::size_t matrices = kind == CovarianceKind::full ? components : 1;
  std::vector<double> reversed(d * d);
  std::vector<double> lower;
  for (std::size_t k = 0; k < matrices; ++k) {
    const double* matrix = precisions.data() + k * d * d;
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) reversed[i * d + j] = matrix[(d - 1 - i) * d + (d - 1 - j)];
    }
    if (!cholesky(reversed.data(), d, lower)) throw InvalidArgument("precisions_init must be positive definite");
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) factors[k * d * d + i * d + j] = lower[(d - 1 - i) * d + (d - 1 - j)];
    }
  }
  return factors;
}

MixtureBlock::MixtureBlock(const Mixture& mixture, const MixtureKernels& kernels)
    : mixture_(&mixture), kernels_(&kernels), constant_(mixture.components) {
  const std::size_t d = mixture.dimensions;
  const double of_all = -0.5 * static_cast<double>(d) * std::log(2.0 * 3.14159265358979323846);
  for (std::size_t k = 0; k < mixture.components; ++k) {
    double log_determinant = 0;
    for (std::size_t i = 0; i < d; ++i) {
      switch (mixture.kind) {
        case CovarianceKind::full:
          log_determinant += std::log(mixture.factors[(k * d + i) * d + i]);
          break;
        case CovarianceKind::tied:
          log_determinant += std::log(mixture.factors[i * d + i]);
          break;
        case CovarianceKind::diagonal:
          log_determinant += std::log(mixture.factors[k * d + i]);
          break;
        default:
          log_determinant += std::log(mixture.factors[k]);
          spread_.push_back(mixture.factors[k]);
      }
    }
    constant_[k] = of_all + log_determinant + std::log(mixture.weights[k]);
  }
}

void MixtureBlock::evaluate(const double* block, std::size_t count, double* scratch, double* responsibilities,
                            double* log_density) const {
  const std::size_t d = mixture_->dimensions;
  for (std::size_t k = 0; k < mixture_->components; ++k) {
    double* values = responsibilities + k * mixture_block;
    const double* mean = mixture_->means.data() + k * d;
    switch (mixture_->kind) {
      case CovarianceKind::full:
        kernels_->squares(block, count, d, mean, mixture_->factors.data() + k * d * d, scratch, values);
        break;
      case CovarianceKind::tied:
        kernels_->squares(block, count, d, mean, mixture_->factors.data(), scratch, values);
        break;
      case CovarianceKind::diagonal:
        kernels_->diagonal_squares(block, count, d, mean, mixture_->factors.data() + k * d, values);
        break;
      default:
        kernels_->diagonal_squares(block, count, d, mean, spread_.data() + k * d, values);
    }
    for (std::size_t p = 0; p < count; ++p) values[p] = constant_[k] - 0.5 * values[p];
  }
  kernels_->normalise(responsibilities, mixture_->components, count, log_density);
}

void MixtureBlock::evaluate_one(const float* point, double* responsibilities, double& log_density) const noexcept {
  const std::size_t d = mixture_->dimensions;
  const std::size_t components = mixture_->components;
  const bool matrices = is_matrix(mixture_->kind);
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < components; ++k) {
    const double* mean = mixture_->means.data() + k * d;
    double square = 0;
    for (std::size_t j = 0; j < d; ++j) {
      double projected = 0;
      if (matrices) {
        const double* factor = mixture_->factors.data() + (mixture_->kind == CovarianceKind::full ? k * d * d : 0);
        for (std::size_t i = 0; i <= j; ++i) {
          projected += (static_cast<double>(point[i]) - mean[i]) * factor[i * d + j];
        }
      } else {
        const double* factor = mixture_->kind == CovarianceKind::diagonal ? mixture_->factors.data() : spread_.data();
        projected = (static_cast<double>(point[j]) - mean[j]) * factor[k * d + j];
      }
      square += projected * projected;
    }
    responsibilities[k] = constant_[k] - 0.5 * square;
    largest = responsibilities[k] > largest ? responsibilities[k] : largest;
  }
  const double top = largest > -1e300 ? largest : 0.0;
  double sum = 0;
  for (std::size_t k = 0; k < components; ++k) {
    responsibilities[k] = maths::exp(responsibilities[k] - top);
    sum += responsibilities[k];
  }
  log_density = top + maths::log(sum);
  const double share = 1.0 / sum;
  for (std::size_t k = 0; k < components; ++k) responsibilities[k] *= share;
}

Mixture mixture_of(const Context& context, const MixtureParams& params, View<const double, 2> points,
                   View<const double> weight, View<const double, 2> responsibilities) {
  check(params, points, weight);
  const std::size_t n = points.rows();
  const std::size_t d = points.columns();
  if (responsibilities.rows() != n || responsibilities.columns() != params.components) {
    throw InvalidArgument("responsibilities have the shape (" + std::to_string(responsibilities.rows()) + ", " +
                          std::to_string(responsibilities.columns()) + "), expected (" + std::to_string(n) + ", " +
                          std::to_string(params.components) + ")");
  }
  const auto given = [&](std::size_t begin, std::size_t count, std::size_t, const double*, double*, double* values) {
    for (std::size_t k = 0; k < params.components; ++k) {
      for (std::size_t p = 0; p < count; ++p) values[k * mixture_block + p] = responsibilities(begin + p, k);
    }
    return 0.0;
  };
  // Twice: sums of squares about a point far from the mean would lose their digits.
  std::vector<double> about(params.components * d);
  for (std::size_t k = 0; k < params.components; ++k) {
    for (std::size_t i = 0; i < d; ++i) about[k * d + i] = points(0, i);
  }
  const Sums first = sum_up(context, params, points, weight, about, given);
  const std::size_t per_component = mixture_sums(d, is_matrix(params.kind));
  for (std::size_t k = 0; k < params.components; ++k) {
    const double* sum = first.sums.data() + k * per_component;
    for (std::size_t i = 0; i < d; ++i) {
      about[k * d + i] += sum[1 + i] / (sum[0] + 10 * std::numeric_limits<double>::epsilon());
    }
  }
  return maximise(params, d, about, sum_up(context, params, points, weight, about, given));
}

MixtureFit fit_mixture(const Context& context, const MixtureParams& params, View<const double, 2> points,
                       View<const double> weight, Mixture start, double tolerance, std::size_t most_iterations,
                       double before) {
  check(params, points, weight);
  MixtureFit fit;
  fit.mixture = std::move(start);
  fit.lower_bound = before;
  for (std::size_t iteration = 0; iteration < most_iterations; ++iteration) {
    if (context.interrupted()) {
      fit.interrupted = true;
      break;
    }
    const MixtureBlock block_of(fit.mixture);
    const auto expected = [&](std::size_t begin, std::size_t count, std::size_t lanes, const double* block,
                              double* scratch, double* values) {
      double log_density[mixture_block];
      block_of.evaluate(block, lanes, scratch, values, log_density);
      double sum = 0;
      for (std::size_t p = 0; p < count; ++p) sum += weight.empty() ? log_density[p] : weight[begin + p] * log_density[p];
      return sum;
    };
    Sums sums;
    try {
      sums = sum_up(context, params, points, weight, fit.mixture.means, expected);
    } catch (const Interrupted&) {  // in the middle of an iteration: the one before is held
      fit.interrupted = true;
      break;
    }
    const double bound = sums.log_density / sums.weight;
    if (!std::isfinite(bound)) {
      throw InvalidArgument("the density of the points under the mixture is zero or not finite; scale X");
    }
    fit.mixture = maximise(params, points.columns(), fit.mixture.means, sums);
    const double change = bound - fit.lower_bound;
    fit.lower_bound = bound;
    fit.lower_bounds.push_back(bound);
    if (std::abs(change) < tolerance) {
      fit.converged = true;
      break;
    }
  }
  return fit;
}

void evaluate_mixture(const Context& context, const Mixture& mixture, View<const double, 2> points,
                      View<double> log_density, View<double, 2> responsibilities) {
  const std::size_t n = points.rows();
  const std::size_t d = mixture.dimensions;
  if (points.columns() != d) {
    throw InvalidArgument("the points have " + std::to_string(points.columns()) + " coordinates, the mixture " +
                          std::to_string(d));
  }
  const MixtureBlock block_of(mixture);
  constexpr std::size_t chunk = 8 * mixture_block;
  interruptible_for(
      context, chunk_count(n, chunk),
      [&](std::size_t c) {
        const Range range = chunk_range(n, chunk, c);
        std::vector<double> block(d * mixture_block);
        std::vector<double> scratch(block_of.scratch_size());
        std::vector<double> values(mixture.components * mixture_block);
        double norm[mixture_block];
        for (std::size_t begin = range.begin; begin < range.end; begin += mixture_block) {
          const std::size_t count = std::min(mixture_block, range.end - begin);
          const std::size_t lanes = to_block(points, begin, count, block.data());
          block_of.evaluate(block.data(), lanes, scratch.data(), values.data(), norm);
          for (std::size_t p = 0; p < count; ++p) {
            log_density[begin + p] = norm[p];
            if (responsibilities.empty()) continue;
            for (std::size_t k = 0; k < mixture.components; ++k) responsibilities(begin + p, k) = values[k * mixture_block + p];
          }
        }
      },
      static_cast<double>(n * mixture.components * (d * d + 8)) * 1.0);
}

}  // namespace diskern::clustering
