#pragma once
// k-means after Lloyd (IEEE Trans. Inf. Theory 28 (1982) 129), with scikit-learn's conventions for weights, empty
// clusters and convergence. Labels are those of float64 arithmetic, whatever the kernels.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clustering/kmeans_assignment.hpp"
#include "clustering/kmeans_points.hpp"
#include "diskern/context.hpp"

namespace diskern::clustering {

// Whether bounds spare distances (kmeans_bounds.hpp); results do not depend on it.
enum class KMeansBoundsUse : std::uint8_t { where_they_pay = 0, never = 1, always = 2 };

struct KMeansParams {
  std::size_t max_iterations = 300;
  // The fit ends when the centres move by no more than this, as the sum of squares over all of them. (scikit-learn's tol
  // is this divided by the mean variance of the columns.)
  double tolerance = 0.0;
  bool trace = false;      // the inertia after every iteration
  bool reference = false;  // every label by brute force in float64; what the fast one is tested against
  KMeansBoundsUse bounds = KMeansBoundsUse::where_they_pay;
};

enum class KMeansStop : std::uint8_t { iterations = 0, tolerance = 1, labels = 2, interrupted = 3 };

struct KMeansResult {
  std::vector<double> centres;  // (clusters, dimensions), rounded to the type of the points
  AlignedVector<std::int32_t> labels;
  std::size_t used = 0;  // clusters that have points
  double inertia = 0;    // weighted sum of squared distances to the centre of the own cluster
  std::size_t iterations = 0;
  KMeansStop stop = KMeansStop::iterations;
  double shift = 0;           // of the centres in the last iteration, squared
  std::vector<double> trace;  // with params.trace
  std::size_t decided_in_double = 0;
  std::size_t looked_at = 0;  // points for which the distances to all centres were needed, over all iterations
};

// Lloyd's iterations from the given centres (clusters x dimensions). When they end, the labels are those of the centres
// returned. A cluster without weight gets the point farthest from its centre; where no point is off its centre, the
// centre of the heaviest cluster. Throws InvalidArgument: no clusters, wrong size, centres that are not finite;
// Interrupted before the first iteration is done, later the result is that of the last one.
template <class T>
KMeansResult fit_kmeans(const Context& context, const KMeansParams& params, const KMeansPoints<T>& points,
                        const std::vector<double>& centres);

// Rows with padded_dimensions() elements each, the rest zero.
std::vector<double> padded_rows(const std::vector<double>& rows, std::size_t dimensions);

// Given centres, ready to say which is the nearest of any rows. Immutable.
class KMeansAssigner {
 public:
  // Throws InvalidArgument unless there are centres and all of them are finite.
  KMeansAssigner(const double* centres, std::size_t count, std::size_t dimensions);

  struct Scratch {
    AssignmentScratch assignment;
    AlignedVector<float> blocks;
    std::vector<std::int32_t> labels;
  };
  std::size_t dimensions() const noexcept { return set_.dimensions(); }
  const std::vector<double>& centres() const noexcept { return centres_; }
  const std::vector<double>& padded_centres() const noexcept { return padded_; }  // as the row kernels want them
  // Labels of rows beside each other.
  template <class T>
  void assign(const T* rows, std::size_t count, std::int32_t* labels, Scratch& scratch) const;

 private:
  std::vector<double> centres_;
  std::vector<double> padded_;
  std::vector<double> offset_;
  double scale_ = 1.0;
  CentreSet set_;
};

// Labels of rows (contiguous) and their inertia; weight empty: 1 each.
template <class T>
std::vector<std::int32_t> predict_kmeans(const Context& context, View<const T, 2> rows, View<const double, 2> centres,
                                         View<const double> weight, double& inertia);

// Distances of rows to all centres: (rows, clusters).
template <class T>
void transform_kmeans(const Context& context, View<const T, 2> rows, View<const double, 2> centres,
                      View<T, 2> distances);

}  // namespace diskern::clustering
