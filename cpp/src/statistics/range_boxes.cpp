#include "statistics/range_boxes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/exact_sums.hpp"

namespace diskern {

namespace isa_scalar {
extern const statistics::RangeBoxKernels range_box_kernels;
}
namespace isa_avx2 {
extern const statistics::RangeBoxKernels range_box_kernels;
}
namespace isa_avx512 {
extern const statistics::RangeBoxKernels range_box_kernels;
}
namespace isa_neon {
extern const statistics::RangeBoxKernels range_box_kernels;
}

namespace statistics {

namespace {

constexpr KernelTables<RangeBoxKernels> tables = {
    &isa_scalar::range_box_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::range_box_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::range_box_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::range_box_kernels,
#else
    nullptr,
#endif
};

// Events up to which lists are made rather than nodes of the trees counted.
constexpr std::size_t few_events = 4096;
// What numbers may be for sizes and squares to stay within float32, or to be beyond any border where they do not.
constexpr double largest_number = 1e15;

}  // namespace

const RangeBoxKernels& range_box_kernels(InstructionSet level) { return tables.at(level); }

void RangeClasses::build(const std::vector<float>& columns, const std::vector<double>& weight,
                         const std::vector<std::uint8_t>& class_of, std::size_t class_count) {
  const std::size_t n = weight.size();
  single = true;
  for (const float x : columns) single = single && std::abs(x) <= static_cast<float>(largest_number);
  single_inverse.clear();
  for (const double one : inverse) {
    single = single && one >= 1.0 / largest_number && one <= largest_number;
    single_inverse.push_back(static_cast<float>(one));
  }
  std::vector<double> rounded(weight);
  single = round_for_exact_sums(rounded, n) && single;
  trees.clear();
  trees.resize(class_count);
  size = n;
  middle.clear();
  for (std::size_t j = 0; j < inverse.size(); ++j) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(columns[j * n + i]);
    middle.push_back(static_cast<float>(sum / static_cast<double>(n)));
  }
  for (std::size_t c = 0; c < class_count; ++c) {
    std::vector<std::uint32_t> events;
    for (std::size_t i = 0; i < n; ++i) {
      if (class_count == 1 || class_of[i] == c) events.push_back(static_cast<std::uint32_t>(i));
    }
    trees[c].build(columns.data(), n, rounded.data(), std::move(events), inverse);
  }
}

// Bits of the first coordinates in turn, from the highest on (a Morton curve); three of each from four inputs on.
std::size_t RangeClasses::neighbourhood(const float* variables) const noexcept {
  const std::size_t used = std::min<std::size_t>(inverse.size(), 4);
  const std::size_t bits = 12 / used;
  const auto levels = static_cast<float>(std::size_t{1} << bits);
  std::size_t place[4];
  for (std::size_t j = 0; j < used; ++j) {
    // Half edges of boxes are of the order of the width of the sample.
    const float position = ((variables[j] - middle[j]) * single_inverse[j] * 0.25F + 0.5F) * levels;
    place[j] = position >= 0.0F ? static_cast<std::size_t>(std::min(position, levels - 1.0F)) : 0;
  }
  std::size_t number = 0;
  for (std::size_t bit = bits; bit-- > 0;) {
    for (std::size_t j = 0; j < used; ++j) number = 2 * number + (place[j] >> bit & 1U);
  }
  return number;
}

void RangeBoxes::start(const RangeClasses& classes, const float* variables, bool with_squares) {
  if (classes_ != &classes) last_scale_ = 0.0;  // only a guess, whatever it belongs to
  classes_ = &classes;
  kernels_ = &range_tree_kernels(instruction_set());
  box_kernels_ = &range_box_kernels(instruction_set());
  query_ = {variables, classes.inverse.data()};
  single_query_ = {variables, classes.single_inverse.data()};
  class_count_ = classes.trees.size();
  with_squares_ = with_squares;
  single_ = classes.single;
  for (std::size_t j = 0; j < classes.inverse.size(); ++j) {
    single_ = single_ && std::abs(variables[j]) <= static_cast<float>(largest_number);
  }
  places_ = 0;
  for (std::size_t c = 0; c < class_count_; ++c) {
    views_[c] = classes.trees[c].view();
    places_ += classes.trees[c].places() + 2 * range_block;
  }
  if (unsure_.size() < places_) {
    unsure_.resize(places_);
    value_.resize(places_);
    singles_.resize(4 * places_);
    single_weights_.resize(2 * places_);
    single_places_.resize(2 * places_);
  }
  float* at = singles_.data();
  single_list_ = {at, at + places_, single_weights_.data(), single_places_.data(), 0};
  chosen_ = {at + 2 * places_, at + 3 * places_, single_weights_.data() + places_, single_places_.data() + places_, 0};
  single_listed_ = -1.0;
  list_ = {};
  listed_ = -1.0;
}

void RangeBoxes::reserve_doubles() {
  if (indices_.size() < 2 * places_) {
    numbers_.resize(6 * places_);
    indices_.resize(2 * places_);
  }
  double* at = numbers_.data();
  list_ = {at, at + places_, at + 2 * places_, indices_.data(), 0};
  part_ = {at + 3 * places_, at + 4 * places_, at + 5 * places_, indices_.data() + places_, 0};
}

void RangeBoxes::collect(double scale) {
  reserve_doubles();
  scale = std::max(scale, 0.0);
  for (std::size_t c = 0; c < class_count_; ++c) {
    begin_[c] = list_.length;
    kernels_->collect(views_[c], query_, scale, &list_);
    // Up to a multiple of eight, of what is in no box.
    for (; list_.length % range_padding != 0; ++list_.length) {
      list_.size[list_.length] = std::numeric_limits<double>::infinity();
      list_.square[list_.length] = std::numeric_limits<double>::infinity();
      list_.weight[list_.length] = 0.0;
      list_.index[list_.length] = 0;
    }
  }
  begin_[class_count_] = list_.length;
  listed_ = scale;
}

const RangeList& RangeBoxes::events(double scale) {
  // The adaptive search may end at a scale below zero, whose box is empty.
  if (listed_ < 0.0 || scale > listed_) collect(scale);
  return list_;
}

bool RangeBoxes::single(double scale) const noexcept {
  return single_ && scale > 1.0 / largest_number && scale < largest_number;
}

// Differences, inverses and products are off by 2^-24 each, the border itself by as much.
RangeBorder RangeBoxes::size_border(double scale) const noexcept {
  return {static_cast<float>(scale * (1.0 - 0x1p-21)), static_cast<float>(scale * (1.0 + 0x1p-21))};
}

// Squares are off by twice as much, sums over the dimensions by 2^-24 for each.
RangeBorder RangeBoxes::square_border(double square) const noexcept {
  if (square > 1e37) return {3e38F, 3e38F};
  const double part = (8.0 + static_cast<double>(classes_->inverse.size())) * 0x1p-23;
  return {static_cast<float>(square * (1.0 - part)), static_cast<float>(square * (1.0 + part))};
}

void RangeBoxes::collect_single(double scale) {
  single_list_.length = 0;
  for (std::size_t c = 0; c < class_count_; ++c) {
    single_begin_[c] = single_list_.length;
    box_kernels_->collect(views_[c], single_query_, size_border(scale).high, with_squares_, &single_list_);
  }
  single_begin_[class_count_] = single_list_.length;
  single_listed_ = scale;
}

// In float64.
bool RangeBoxes::inside(std::size_t entry, double scale, double largest_square) const noexcept {
  const RangeTreeView& tree = views_[class_count_ == 2 && entry >= single_begin_[1] ? 1 : 0];
  const std::size_t place = single_list_.place[entry];
  const float* columns = tree.columns + place / range_block * tree.dimensions * range_block + place % range_block;
  double size = 0.0;
  double square = 0.0;
  for (std::size_t j = 0; j < tree.dimensions; ++j) {
    const double distance =
        std::abs(static_cast<double>(columns[j * range_block]) - static_cast<double>(query_.centre[j])) *
        query_.inverse[j];
    size = std::max(size, distance);
    square += distance * distance;
  }
  return size <= scale && square <= largest_square;
}

double RangeBoxes::single_content(std::size_t begin, std::size_t end, double scale) {
  std::size_t unsure = 0;
  double sum = box_kernels_->weight_within(&single_list_, begin, end - begin, size_border(scale), unsure_.data(), &unsure);
  for (std::size_t k = 0; k < unsure; ++k) {
    if (inside(unsure_[k], scale, std::numeric_limits<double>::infinity())) sum += single_list_.weight[unsure_[k]];
  }
  return sum;
}

double RangeBoxes::content(double scale) {
  const bool in_single = single(scale);
  if (scale > (in_single ? single_listed_ : listed_)) {
    if (classes_->size > few_events) {
      double sum = 0.0;
      if (count(scale, &sum) > few_events) return sum;
    }
    // A box that was too small grows on; the first one may be of use for all that follows.
    if (in_single) {
      collect_single(single_listed_ < 0.0 ? std::max(scale, std::min(1.05 * last_scale_, 2.0 * scale)) : 1.2 * scale);
    } else {
      collect(listed_ < 0.0 ? scale : 1.3 * scale);
    }
  }
  last_scale_ = scale;
  if (in_single) return single_content(0, single_list_.length, scale);
  return kernels_->weight_within(list_.size, list_.weight, list_.length, scale);
}

std::size_t RangeBoxes::count(double scale, double* sum) const {
  std::size_t events = 0;
  for (std::size_t c = 0; c < class_count_; ++c) events += kernels_->count(views_[c], query_, scale, sum);
  return events;
}

double RangeBoxes::content_of_class(std::size_t c, double scale) {
  if (single(scale) && scale <= single_listed_) return single_content(single_begin_[c], single_begin_[c + 1], scale);
  if (listed_ >= 0.0 && scale <= listed_) {
    return kernels_->weight_within(list_.size + begin_[c], list_.weight + begin_[c], begin_[c + 1] - begin_[c], scale);
  }
  double sum = 0.0;
  kernels_->count(views_[c], query_, scale, &sum);
  return sum;
}

double RangeBoxes::gauss(std::size_t c, double scale, double largest_square, double factor) {
  if (scale > single_listed_) collect_single(scale);
  chosen_.length = 0;
  std::size_t unsure = 0;
  box_kernels_->select(&single_list_, single_begin_[c], single_begin_[c + 1] - single_begin_[c], size_border(scale),
                       square_border(largest_square), &chosen_, unsure_.data(), &unsure);
  const auto append = [&](float square, double weight, std::uint32_t place) {
    chosen_.square[chosen_.length] = square;
    chosen_.weight[chosen_.length] = weight;
    chosen_.place[chosen_.length] = place;
    ++chosen_.length;
  };
  for (std::size_t k = 0; k < unsure; ++k) {
    const std::size_t entry = unsure_[k];
    if (inside(entry, scale, largest_square)) {
      append(single_list_.square[entry], single_list_.weight[entry], single_list_.place[entry]);
    }
  }
  const std::size_t found = chosen_.length;
  while (chosen_.length % range_block != 0) append(0.0F, 0.0, 0);
  const double sum =
      box_kernels_->gauss(chosen_.square, chosen_.weight, chosen_.length, static_cast<float>(factor), value_.data());
  chosen_.length = found;
  return sum;
}

}  // namespace statistics
}  // namespace diskern
