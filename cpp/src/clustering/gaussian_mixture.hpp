#pragma once
// Mixtures of normal distributions, fitted by expectation and maximisation (Dempster, Laird, Rubin, J. R. Stat. Soc. B
// 39 (1977) 1).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/dispatch.hpp"
#include "clustering/gaussian_mixture_table.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::clustering {

// Of each component its own matrix, one for all, its own variances, or one variance.
enum class CovarianceKind : std::uint8_t { full = 0, tied = 1, diagonal = 2, spherical = 3 };

struct MixtureParams {
  std::size_t components = 1;
  CovarianceKind kind = CovarianceKind::full;
  double regularisation = 1e-6;  // added to the variances
};

// Arrays in C order. covariances: (components, d, d), (d, d), (components, d) or (components). factors has the same shape:
// of matrices the upper triangular U with inverse = U U^T, of variances their inverse roots.
struct Mixture {
  CovarianceKind kind = CovarianceKind::full;
  std::size_t components = 0;
  std::size_t dimensions = 0;
  std::vector<double> weights;  // positive, their sum is 1
  std::vector<double> means;
  std::vector<double> covariances;
  std::vector<double> factors;

  std::size_t covariance_size() const noexcept;
};

// The factors of covariances. Throws InvalidArgument naming the component whose matrix is not positive definite.
void factorise(Mixture& mixture);
// The covariances of factors (as given by a user: inverses of covariances), and the factors of inverses.
std::vector<double> factors_of_precisions(CovarianceKind kind, std::size_t components, std::size_t dimensions,
                                          const std::vector<double>& precisions);

// The maximisation alone, from responsibilities (points, components), not negative. weight: empty or one per point, not
// negative. Results do not depend on the number of threads. Throws InvalidArgument; Interrupted.
Mixture mixture_of(const Context& context, const MixtureParams& params, View<const double, 2> points,
                   View<const double> weight, View<const double, 2> responsibilities);

struct MixtureFit {
  Mixture mixture;
  double lower_bound = 0;  // mean logarithm of the density of the points, before the last maximisation
  std::vector<double> lower_bounds;
  bool converged = false;
  bool interrupted = false;
};
// Iterations from a start: until the lower bound changes by less than the tolerance, or most_iterations. before: the lower
// bound that the first one is compared with. Ctrl-C between two iterations ends with the mixture so far.
MixtureFit fit_mixture(const Context& context, const MixtureParams& params, View<const double, 2> points,
                       View<const double> weight, Mixture start, double tolerance, std::size_t most_iterations,
                       double before);

// Of every point the logarithm of its density, and (unless empty) what part of it each component has.
void evaluate_mixture(const Context& context, const Mixture& mixture, View<const double, 2> points,
                      View<double> log_density, View<double, 2> responsibilities);

const MixtureKernels& mixture_kernels();
const MixtureKernels& mixture_kernels(InstructionSet level);

// One block of points [dimension][mixture_block] -> responsibilities [component][mixture_block] and log densities.
class MixtureBlock {
 public:
  explicit MixtureBlock(const Mixture& mixture, const MixtureKernels& kernels = mixture_kernels());
  // count: rounded up to mixture_lanes by the caller, who fills the lanes.
  void evaluate(const double* block, std::size_t count, double* scratch, double* responsibilities,
                double* log_density) const;
  // One point, without memory of its own; the same bits as in a block.
  void evaluate_one(const float* point, double* responsibilities, double& log_density) const noexcept;
  std::size_t scratch_size() const noexcept { return 2 * mixture_lanes * mixture_->dimensions; }

 private:
  const Mixture* mixture_;
  const MixtureKernels* kernels_;
  std::vector<double> constant_;  // of each component: all of the logarithm but the square
  std::vector<double> spread_;    // spherical factors, one per dimension
};

}  // namespace diskern::clustering
