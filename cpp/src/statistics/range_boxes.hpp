#pragma once
// What a range search has met around one event: the events in a box, class after class, and sums over smaller boxes.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "statistics/range_box_table.hpp"
#include "statistics/range_tree.hpp"

namespace diskern::statistics {

// The training events of a range search.
struct RangeClasses {
  std::vector<RangeTree> trees;      // one per class
  std::vector<double> inverse;       // of half edges of the box of size 1
  std::vector<float> single_inverse;
  // Whether float32 may be searched: the numbers are far from its ends, and sums of weights are exact, so that they do
  // not depend on the order of the events.
  bool single = false;
  std::size_t size = 0;
  std::vector<float> middle;  // mean of each input

  // columns: inputs x events; class_of: class of each event. Weights are rounded to a part in 2^52 of their sum.
  void build(const std::vector<float>& columns, const std::vector<double>& weight,
             const std::vector<std::uint8_t>& class_of, std::size_t class_count);
  // Neighbourhood of a point: near points mostly have near numbers.
  static constexpr std::size_t neighbourhoods = std::size_t{1} << 12;
  std::size_t neighbourhood(const float* variables) const noexcept;
};

class RangeBoxes {
 public:
  // variables: finite, must live as long as the search. with_squares: whether squares of distances will be wanted.
  void start(const RangeClasses& classes, const float* variables, bool with_squares);
  // Sum of the weights in the box of a scale.
  double content(double scale);
  double content_of_class(std::size_t c, double scale);
  // How many events there are; adds their weights to sum.
  std::size_t count(double scale, double* sum) const;

  // Sum over the events of a class in the box of a scale, of at most this square, of weight x exp(square x factor).
  // `values` and `events` are theirs until the next call. Only where single(scale).
  double gauss(std::size_t c, double scale, double largest_square, double factor);
  const float* values() const noexcept { return value_.data(); }
  const double* weights() const noexcept { return chosen_.weight; }
  std::size_t chosen() const noexcept { return chosen_.length; }
  std::uint32_t index(std::size_t c, std::size_t i) const noexcept { return views_[c].index[chosen_.place[i]]; }
  // Whether boxes of this scale are searched in float32.
  bool single(double scale) const noexcept;

  // All events in the box of a scale or a larger one, in float64, and where those of a class begin.
  const RangeList& events(double scale);
  std::size_t begin(std::size_t c) const noexcept { return begin_[c]; }
  // Memory for a part of them.
  RangeList& part() noexcept { return part_; }
  const RangeTreeKernels& kernels() const noexcept { return *kernels_; }

 private:
  void collect(double scale);
  void collect_single(double scale);
  bool inside(std::size_t entry, double scale, double largest_square) const noexcept;
  double single_content(std::size_t begin, std::size_t end, double scale);
  RangeBorder size_border(double scale) const noexcept;
  RangeBorder square_border(double square) const noexcept;
  void reserve_doubles();

  const RangeClasses* classes_ = nullptr;
  const RangeTreeKernels* kernels_ = nullptr;
  const RangeBoxKernels* box_kernels_ = nullptr;
  RangeQuery query_{};
  RangeSingleQuery single_query_{};
  RangeTreeView views_[2]{};
  std::size_t class_count_ = 0;
  std::size_t places_ = 0;
  bool single_ = false;
  bool with_squares_ = false;

  double single_listed_ = -1.0;  // scale; negative: nothing
  double last_scale_ = 0.0;      // of the event before
  RangeSingleList single_list_{};
  RangeSingleList chosen_{};
  std::size_t single_begin_[3] = {0, 0, 0};  // multiples of range_block
  AlignedVector<float> singles_;
  AlignedVector<float> value_;
  AlignedVector<double> single_weights_;
  AlignedVector<std::uint32_t> single_places_;
  std::vector<std::uint32_t> unsure_;

  double listed_ = -1.0;
  RangeList list_{};
  RangeList part_{};
  std::size_t begin_[3] = {0, 0, 0};  // multiples of eight
  std::vector<double> numbers_;       // the memory of the lists
  std::vector<std::uint32_t> indices_;
};

const RangeBoxKernels& range_box_kernels(InstructionSet level);

}  // namespace diskern::statistics
