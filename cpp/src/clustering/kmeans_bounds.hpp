#pragma once
// Bounds that spare most distances once the centres move little: for each point an upper one of the distance to its
// centre and a lower one of the distance to any other (Hamerly, SDM 2010, 130). A point is left alone only where the
// bounds are apart by more than all rounding, so labels are those of looking at every centre.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "clustering/kmeans_assignment.hpp"
#include "clustering/kmeans_points.hpp"

namespace diskern::clustering {

// Where bounds may pay, as measured (docs/notes/kmeans.md): many distances per point, and few points that still change
// their centre. Before, the centres move too far for bounds to tell anything.
constexpr bool bounds_may_pay(std::size_t clusters, std::size_t dimensions) {
  return dimensions > register_dimensions && clusters * dimensions >= 4096;
}
constexpr bool bounds_pay_from(std::size_t changed, std::size_t points) { return changed < points / 10; }

template <class T>
class KMeansBounds {
 public:
  explicit KMeansBounds(const KMeansPoints<T>& points);

  // The centres have moved after an assignment; both are (clusters, dimensions).
  void move(const std::vector<double>& from, const std::vector<double>& to);

  struct Scratch {
    std::vector<std::uint32_t> active;
    std::vector<T> rows;
    AlignedVector<float> blocks;
    std::vector<float> norms;
    std::vector<float> squares;
    std::vector<std::int32_t> labels;
    std::size_t looked_at = 0;  // points for which all centres were
  };

  // As assign_rows for the rows from `begin` on; labels holds the former ones.
  std::size_t assign(const KMeansKernels& kernels, const CentreSet& centres, const std::vector<double>& coordinates,
                     std::size_t begin, std::size_t count, std::int32_t* labels, AssignmentScratch& assignment,
                     Scratch& scratch);

 private:
  void bound(const CentreSet& centres, const float* blocks, const float* norms, std::size_t count, Scratch& scratch,
             const AssignmentScratch& assignment, float* upper, float* lower) const;

  const KMeansPoints<T>& points_;
  bool fresh_ = true;           // no assignment has filled the bounds yet
  AlignedVector<float> upper_;  // in the units of the blocks
  AlignedVector<float> lower_;
  std::vector<float> shift_;  // of each centre
  std::vector<float> drop_;   // the largest shift of any other centre
};

extern template class KMeansBounds<float>;
extern template class KMeansBounds<double>;

}  // namespace diskern::clustering
