#include "statistics/moment_sums.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "statistics/moments.hpp"

namespace diskern {

namespace isa_scalar {
extern const statistics::MomentsKernels moments_kernels;
}
namespace isa_avx2 {
extern const statistics::MomentsKernels moments_kernels;
}
namespace isa_avx512 {
extern const statistics::MomentsKernels moments_kernels;
}
namespace isa_neon {
extern const statistics::MomentsKernels moments_kernels;
}

namespace statistics {

namespace {

constexpr KernelTables<MomentsKernels> tables = {
    &isa_scalar::moments_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::moments_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::moments_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::moments_kernels,
#else
    nullptr,
#endif
};

constexpr std::size_t block_rows = 128;      // two panels of it fit the first cache
constexpr std::size_t chunk_rows = 1024;     // summed about one mean
constexpr std::size_t piece_rows = 16384;    // work of one thread
constexpr double slab_bytes = 128.0 * 1024 * 1024;  // bounds the memory of the pieces that wait to be brought together

// Sums of rows about a shift.
class Sums {
 public:
  explicit Sums(std::size_t columns)
      : columns_(columns),
        panels_((columns + panel_columns - 1) / panel_columns),
        width_(panels_ * panel_columns),
        shift_(width_, 0.0),
        first_(width_, 0.0),
        products_(width_ * width_, 0.0) {}

  std::size_t columns() const { return columns_; }
  std::size_t panels() const { return panels_; }
  std::size_t width() const { return width_; }
  double absolute() const { return absolute_; }
  bool empty() const { return absolute_ == 0; }
  double* shift() { return shift_.data(); }
  double* first() { return first_.data(); }
  double* products() { return products_.data(); }

  void clear() {
    weight_ = absolute_ = events_ = 0;
    std::fill(shift_.begin(), shift_.end(), 0.0);
    std::fill(first_.begin(), first_.end(), 0.0);
    std::fill(products_.begin(), products_.end(), 0.0);
  }

  void count(double weight, double absolute, double events) {
    weight_ = weight;
    absolute_ = absolute;
    events_ = events;
  }

  // Both brought to their common mean by absolute weight; other is used up.
  void merge(Sums& other) {
    if (other.empty()) return;
    if (empty()) {
      std::swap(*this, other);
      return;
    }
    const double share = other.absolute_ / (absolute_ + other.absolute_);
    std::vector<double> common(columns_);
    for (std::size_t j = 0; j < columns_; ++j) common[j] = shift_[j] + share * (other.shift_[j] - shift_[j]);
    move(common);
    other.move(common);
    for (std::size_t j = 0; j < columns_; ++j) {
      first_[j] += other.first_[j];
      for (std::size_t k = 0; k <= j; ++k) products_[j * width_ + k] += other.products_[j * width_ + k];
    }
    weight_ += other.weight_;
    absolute_ += other.absolute_;
    events_ += other.events_;
  }

  Moments moments() const {
    Moments result;
    result.events = static_cast<std::size_t>(events_);
    result.weight = weight_;
    result.mean.resize(columns_);
    for (std::size_t j = 0; j < columns_; ++j) result.mean[j] = shift_[j] + first_[j] / weight_;
    result.covariance.resize(columns_ * columns_);
    for (std::size_t j = 0; j < columns_; ++j) {
      for (std::size_t k = 0; k <= j; ++k) {
        const double value = (products_[j * width_ + k] - first_[j] / weight_ * first_[k]) / weight_;
        result.covariance[j * columns_ + k] = value;
        result.covariance[k * columns_ + j] = value;
      }
    }
    return result;
  }

 private:
  // The sums about another point: with s = shift - to, S' = S + W s and P' = P + S s' + s S'', primes for transposes.
  void move(const std::vector<double>& to) {
    std::vector<double> step(columns_);
    std::vector<double> moved(columns_);
    for (std::size_t j = 0; j < columns_; ++j) {
      step[j] = shift_[j] - to[j];
      moved[j] = first_[j] + weight_ * step[j];
      shift_[j] = to[j];
    }
    for (std::size_t j = 0; j < columns_; ++j) {
      double* row = products_.data() + j * width_;
      for (std::size_t k = 0; k <= j; ++k) row[k] += first_[j] * step[k] + step[j] * moved[k];
    }
    std::copy(moved.begin(), moved.end(), first_.begin());
  }

  std::size_t columns_;
  std::size_t panels_;
  std::size_t width_;    // columns with those that fill the last panel
  double weight_ = 0;    // sum of weights
  double absolute_ = 0;  // sum of their absolute values
  double events_ = 0;    // with a weight other than zero
  std::vector<double> shift_;
  std::vector<double> first_;     // sums of w (x - shift)
  std::vector<double> products_;  // sums of w (x - shift) (x - shift)', lower triangle
};

// Memory of one piece of work.
struct Scratch {
  explicit Scratch(std::size_t columns) : sums(columns) {}
  Sums sums;
  std::vector<double> panels;
  std::vector<double> weighted;
  std::vector<double> weight;
  std::vector<double> absolute;
  std::vector<double> rows;  // gathered
};

template <class T>
struct RowKernels;
template <>
struct RowKernels<float> {
  static constexpr auto add = &MomentsKernels::add_float_rows;
  static constexpr auto pack = &MomentsKernels::pack_float;
};
template <>
struct RowKernels<double> {
  static constexpr auto add = &MomentsKernels::add_double_rows;
  static constexpr auto pack = &MomentsKernels::pack_double;
};

// Sums of n rows, at most chunk_rows, about their mean, into scratch.sums. weight nullptr: 1 each.
template <class T>
void sum_chunk(const T* rows, std::ptrdiff_t stride, std::size_t n, const double* weight, Scratch& scratch) {
  const MomentsKernels& kernels = moments_kernels();
  Sums& sums = scratch.sums;
  sums.clear();
  if (weight == nullptr) {
    const auto count = static_cast<double>(n);
    sums.count(count, count, count);
  } else {
    scratch.absolute.resize(n);
    double total = 0;
    double absolute = 0;
    double events = 0;
    for (std::size_t i = 0; i < n; ++i) {
      total += weight[i];
      scratch.absolute[i] = std::abs(weight[i]);
      absolute += scratch.absolute[i];
      events += weight[i] != 0.0 ? 1.0 : 0.0;
    }
    sums.count(total, absolute, events);
  }
  if (sums.empty()) return;
  double* shift = sums.shift();
  (kernels.*RowKernels<T>::add)(rows, stride, n, sums.columns(), weight == nullptr ? nullptr : scratch.absolute.data(),
                                shift);
  for (std::size_t j = 0; j < sums.columns(); ++j) shift[j] /= sums.absolute();
  scratch.panels.resize(block_rows * sums.width());
  if (weight != nullptr) scratch.weighted.resize(block_rows * sums.width());
  for (std::size_t begin = 0; begin < n; begin += block_rows) {
    const std::size_t count = std::min(block_rows, n - begin);
    double* panels = scratch.panels.data();
    (kernels.*RowKernels<T>::pack)(rows + static_cast<std::ptrdiff_t>(begin) * stride, stride, count, sums.columns(),
                                   shift, panels);
    const double* left = panels;
    if (weight != nullptr) {
      kernels.weigh(panels, count, sums.panels(), weight + begin, scratch.weighted.data());
      left = scratch.weighted.data();
    }
    kernels.add_panels(left, count, sums.panels(), sums.first());
    kernels.add_products(left, panels, count, sums.panels(), sums.products());
  }
}

template <class T>
RowSource source_of_view(View<const T, 2> rows) {
  RowSource source;
  source.stride = rows.strides()[0];
  if (rows.columns() <= 1 || rows.strides()[1] == 1) {
    if constexpr (std::is_same_v<T, float>) {
      source.floats = rows.data();
    } else {
      source.doubles = rows.data();
    }
  }
  source.gather = [rows](std::size_t i, double* values) {
    for (std::size_t j = 0; j < rows.columns(); ++j) values[j] = static_cast<double>(rows(i, j));
  };
  return source;
}

// Adds the rows of one piece to the sums of the groups, chunk after chunk of each group.
class Piece {
 public:
  Piece(const RowSource& source, View<const double> weight, std::size_t columns, Sums* groups, std::size_t n_groups)
      : source_(source), weight_(weight), columns_(columns), groups_(groups), scratch_(columns), waiting_(n_groups) {}

  // All rows are of group 0 and may be read where they are.
  void add_in_place(Range range) {
    for (std::size_t begin = range.begin; begin < range.end; begin += chunk_rows) {
      const std::size_t n = std::min(chunk_rows, range.end - begin);
      const double* weight = nullptr;
      if (!weight_.empty()) {
        scratch_.weight.resize(n);
        for (std::size_t i = 0; i < n; ++i) scratch_.weight[i] = weight_[begin + i];
        weight = scratch_.weight.data();
      }
      const auto offset = static_cast<std::ptrdiff_t>(begin) * source_.stride;
      if (source_.floats != nullptr) {
        sum_chunk(source_.floats + offset, source_.stride, n, weight, scratch_);
      } else {
        sum_chunk(source_.doubles + offset, source_.stride, n, weight, scratch_);
      }
      groups_[0].merge(scratch_.sums);
    }
  }

  void add(std::size_t row, std::size_t group) {
    // Zeros times what may not be finite would be NaN.
    if (!weight_.empty() && weight_[row] == 0.0) return;
    waiting_[group].push_back(row);
    if (waiting_[group].size() == chunk_rows) flush(group);
  }

  void finish() {
    for (std::size_t group = 0; group < waiting_.size(); ++group) flush(group);
  }

 private:
  void flush(std::size_t group) {
    std::vector<std::size_t>& rows = waiting_[group];
    if (rows.empty()) return;
    scratch_.rows.resize(rows.size() * columns_);
    scratch_.weight.resize(rows.size());
    for (std::size_t k = 0; k < rows.size(); ++k) {
      source_.gather(rows[k], scratch_.rows.data() + k * columns_);
      if (!weight_.empty()) scratch_.weight[k] = weight_[rows[k]];
    }
    sum_chunk(scratch_.rows.data(), static_cast<std::ptrdiff_t>(columns_), rows.size(),
              weight_.empty() ? nullptr : scratch_.weight.data(), scratch_);
    groups_[group].merge(scratch_.sums);
    rows.clear();
  }

  const RowSource& source_;
  View<const double> weight_;
  std::size_t columns_;
  Sums* groups_;
  Scratch scratch_;
  std::vector<std::vector<std::size_t>> waiting_;
};

}  // namespace

const MomentsKernels& moments_kernels(InstructionSet level) { return tables.at(level); }
const MomentsKernels& moments_kernels() { return moments_kernels(instruction_set()); }

RowSource RowSource::of(View<const float, 2> rows) { return source_of_view(rows); }
RowSource RowSource::of(View<const double, 2> rows) { return source_of_view(rows); }

std::vector<Moments> sum_moments(const Context& context, std::size_t n_rows, std::size_t columns,
                                 const RowSource& source, View<const double> weight, std::size_t groups,
                                 const std::function<std::ptrdiff_t(std::size_t)>& group_of) {
  const bool in_place = groups == 1 && !group_of && (source.floats != nullptr || source.doubles != nullptr);
  const std::size_t pieces = chunk_count(n_rows, piece_rows);
  std::vector<Sums> result(groups, Sums(columns));
  const auto width = static_cast<double>(result[0].width());
  const double affordable = slab_bytes / (8.0 * width * width * static_cast<double>(groups));
  const std::size_t slab = std::min(pieces, std::max<std::size_t>(4, static_cast<std::size_t>(affordable)));
  std::vector<Sums> partial(slab * groups, Sums(columns));
  const double nanoseconds = static_cast<double>(piece_rows) * (10.0 + width * (2.0 + width / 40.0));
  // The monitor is asked about every tenth of a second.
  const std::size_t step = std::clamp<std::size_t>(static_cast<std::size_t>(1e8 / nanoseconds), 1, slab);
  for (std::size_t first = 0; first < pieces; first += step) {
    if (context.interrupted()) throw Interrupted();
    const std::size_t count = std::min(step, pieces - first);
    parallel_for(
        context, count,
        [&](std::size_t k) {
          Sums* sums = partial.data() + k * groups;
          for (std::size_t group = 0; group < groups; ++group) sums[group].clear();
          const Range range = chunk_range(n_rows, piece_rows, first + k);
          Piece piece(source, weight, columns, sums, groups);
          if (in_place) {
            piece.add_in_place(range);
            return;
          }
          for (std::size_t i = range.begin; i < range.end; ++i) {
            const std::ptrdiff_t group = group_of ? group_of(i) : 0;
            if (group >= 0) piece.add(i, static_cast<std::size_t>(group));
          }
          piece.finish();
        },
        static_cast<double>(count) * nanoseconds);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t group = 0; group < groups; ++group) result[group].merge(partial[k * groups + group]);
    }
  }
  std::vector<Moments> moments;
  for (const Sums& sums : result) moments.push_back(sums.moments());
  return moments;
}

}  // namespace statistics

}  // namespace diskern
