// The steps and the chain: applying, undoing, storing. Fitting is in transformation_fit.cpp.
#include "statistics/transformation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"
#include "statistics/cumulative_table.hpp"
#include "statistics/normal.hpp"

namespace diskern::statistics {

namespace {

constexpr std::size_t maximum_sets = 4096;
constexpr double largest_edge = 1e300;

template <class T>
void require_sets(const std::vector<std::vector<T>>& sets, std::size_t size, const char* step, const char* what) {
  for (const auto& set : sets) {
    if (set.size() != size) {
      throw FormatError(std::string("transformation ") + step + ": " + what + " has " + std::to_string(set.size()) +
                        " numbers, expected " + std::to_string(size));
    }
  }
}

void require_finite(const std::vector<std::vector<double>>& sets, const char* step, const char* what) {
  for (const auto& set : sets) {
    for (const double value : set) {
      if (!std::isfinite(value)) {
        throw FormatError(std::string("transformation ") + step + ": " + what + " has a number that is not finite");
      }
    }
  }
}

std::vector<double> flat(const std::vector<std::vector<double>>& sets) {
  std::vector<double> all;
  for (const auto& set : sets) all.insert(all.end(), set.begin(), set.end());
  return all;
}

std::vector<std::vector<double>> in_sets(const std::vector<double>& all, std::size_t n_sets, std::size_t size) {
  std::vector<std::vector<double>> sets(n_sets);
  for (std::size_t i = 0; i < n_sets; ++i) {
    sets[i].assign(all.begin() + static_cast<std::ptrdiff_t>(i * size),
                   all.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
  }
  return sets;
}

void write_common(archive::Group& group, const TransformationStep& step) {
  group.set("name", step.name());
  std::vector<std::int32_t> columns;
  for (const std::uint32_t column : step.columns()) columns.push_back(static_cast<std::int32_t>(column));
  group.set("columns", std::move(columns));
  group.set("sets", static_cast<std::int64_t>(step.set_count()));
  group.set("reference_class", static_cast<std::int64_t>(step.reference_class()));
}

constexpr double root_two = 1.414213562;  // with TMVA's digits

// In the far tail TMVA's inverse (a secant iteration that stops when erf is met to 1e-14) is less precise than float32,
// and as it decides the responses of outliers, it is iterated here in the same way.
double tmva_inverse_error_function(double y) noexcept {
  constexpr double precise_enough = 0.9999;
  constexpr double tolerance = 1e-14;
  const double size = std::fabs(y);
  if (size < precise_enough) return inverse_error_function(y);
  double x = 0.8862269254527579 * size;  // sqrt(pi) / 2
  double before = std::erf(0.9 * x);
  double step = 0.1 * x;
  for (int iteration = 0; iteration < 50; ++iteration) {
    const double value = 1.0 - std::erfc(x);
    const double rest = size - value;
    if (std::fabs(rest) < tolerance || value == before) break;
    step *= rest / (value - before);
    before = value;
    x += step;
    if (std::fabs(step / x) < tolerance) break;
  }
  return std::copysign(x, y);
}

}  // namespace

TransformationStep::TransformationStep(std::vector<std::uint32_t> columns, std::size_t set_count, int reference_class)
    : columns_(std::move(columns)), set_count_(set_count), reference_class_(reference_class) {
  if (columns_.empty() || columns_.size() > TransformationChain::maximum_columns) {
    throw FormatError("transformation: a step reads " + std::to_string(columns_.size()) + " columns, expected 1 to " +
                      std::to_string(TransformationChain::maximum_columns));
  }
  std::vector<std::uint32_t> sorted = columns_;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    throw FormatError("transformation: a step reads a column twice");
  }
  if (set_count_ == 0 || set_count_ > maximum_sets) {
    throw FormatError("transformation: a step has " + std::to_string(set_count_) +
                      " sets of statistics, expected 1 to " + std::to_string(maximum_sets));
  }
  if (reference_class_ < -1 || (reference_class_ >= 0 && static_cast<std::size_t>(reference_class_) >= set_count_)) {
    throw FormatError("transformation: reference class " + std::to_string(reference_class_) + " with " +
                      std::to_string(set_count_) + " sets of statistics");
  }
}

// N

NormalizeStep::NormalizeStep(std::vector<std::uint32_t> columns, std::vector<std::vector<Range>> ranges,
                             int reference_class)
    : TransformationStep(std::move(columns), ranges.size(), reference_class), ranges_(std::move(ranges)) {
  require_sets(ranges_, this->columns().size(), "Normalize", "a set of ranges");
  for (const auto& set : ranges_) {
    for (const Range& range : set) {
      if (!std::isfinite(range.minimum) || !std::isfinite(range.maximum) || range.minimum > range.maximum ||
          !std::isfinite(range.maximum - range.minimum)) {
        throw FormatError("transformation Normalize: range from " + std::to_string(range.minimum) + " to " +
                          std::to_string(range.maximum));
      }
    }
  }
}

namespace {
// A variable that is constant in the sample goes to -1.
float scale_of(const Range& range) noexcept {
  const float width = range.maximum - range.minimum;
  return width > 0 ? static_cast<float>(1.0 / static_cast<double>(width)) : 0.0F;
}
}  // namespace

void NormalizeStep::apply(float* values, int class_index) const noexcept {
  const std::vector<Range>& set = ranges_[set_of(class_index)];
  for (std::size_t i = 0; i < set.size(); ++i) {
    float& x = values[columns()[i]];
    x = (x - set[i].minimum) * scale_of(set[i]) * 2 - 1;
  }
}

void NormalizeStep::invert(float* values, int class_index) const {
  const std::vector<Range>& set = ranges_[set_of(class_index)];
  for (std::size_t i = 0; i < set.size(); ++i) {
    float& x = values[columns()[i]];
    const float scale = scale_of(set[i]);
    x = scale > 0 ? set[i].minimum + (x + 1) / (scale * 2) : set[i].minimum;
  }
}

void NormalizeStep::write(archive::Group& group) const {
  write_common(group, *this);
  std::vector<float> limits;
  for (const auto& set : ranges_) {
    for (const Range& range : set) {
      limits.push_back(range.minimum);
      limits.push_back(range.maximum);
    }
  }
  group.set("ranges", std::move(limits));
}

// D

DecorrelationStep::DecorrelationStep(std::vector<std::uint32_t> columns, std::vector<std::vector<double>> matrices,
                                     int reference_class)
    : TransformationStep(std::move(columns), matrices.size(), reference_class), matrices_(std::move(matrices)) {
  require_sets(matrices_, this->columns().size() * this->columns().size(), "Decorrelation", "a matrix");
  require_finite(matrices_, "Decorrelation", "a matrix");
}

void DecorrelationStep::apply(float* values, int class_index) const noexcept {
  const std::vector<double>& matrix = matrices_[set_of(class_index)];
  const std::size_t n = columns().size();
  double result[TransformationChain::maximum_columns];
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += matrix[i * n + j] * static_cast<double>(values[columns()[j]]);
    result[i] = sum;
  }
  for (std::size_t i = 0; i < n; ++i) values[columns()[i]] = static_cast<float>(result[i]);
}

void DecorrelationStep::invert(float*, int) const {
  throw InvalidArgument("the decorrelation D has no inverse here (as in TMVA); use N, P, U or G for targets");
}

void DecorrelationStep::write(archive::Group& group) const {
  write_common(group, *this);
  group.set("matrices", flat(matrices_));
}

// P

PrincipalComponentsStep::PrincipalComponentsStep(std::vector<std::uint32_t> columns,
                                                 std::vector<std::vector<double>> means,
                                                 std::vector<std::vector<double>> eigenvectors, int reference_class)
    : TransformationStep(std::move(columns), means.size(), reference_class),
      means_(std::move(means)),
      eigenvectors_(std::move(eigenvectors)) {
  const std::size_t n = this->columns().size();
  if (eigenvectors_.size() != means_.size()) {
    throw FormatError("transformation PCA: " + std::to_string(means_.size()) + " sets of means and " +
                      std::to_string(eigenvectors_.size()) + " sets of eigenvectors");
  }
  require_sets(means_, n, "PCA", "a set of means");
  require_sets(eigenvectors_, n * n, "PCA", "a matrix of eigenvectors");
  require_finite(means_, "PCA", "a set of means");
  require_finite(eigenvectors_, "PCA", "a matrix of eigenvectors");
}

void PrincipalComponentsStep::apply(float* values, int class_index) const noexcept {
  const std::vector<double>& mean = means_[set_of(class_index)];
  const std::vector<double>& vectors = eigenvectors_[set_of(class_index)];
  const std::size_t n = columns().size();
  double result[TransformationChain::maximum_columns];
  std::fill_n(result, n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    const double distance = static_cast<double>(values[columns()[j]]) - mean[j];
    for (std::size_t i = 0; i < n; ++i) result[i] += distance * vectors[j * n + i];
  }
  for (std::size_t i = 0; i < n; ++i) values[columns()[i]] = static_cast<float>(result[i]);
}

// The eigenvectors are orthonormal, so the transposed matrix leads back.
void PrincipalComponentsStep::invert(float* values, int class_index) const {
  const std::vector<double>& mean = means_[set_of(class_index)];
  const std::vector<double>& vectors = eigenvectors_[set_of(class_index)];
  const std::size_t n = columns().size();
  double result[TransformationChain::maximum_columns];
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += vectors[i * n + j] * static_cast<double>(values[columns()[j]]);
    result[i] = sum + mean[i];
  }
  for (std::size_t i = 0; i < n; ++i) values[columns()[i]] = static_cast<float>(result[i]);
}

void PrincipalComponentsStep::write(archive::Group& group) const {
  write_common(group, *this);
  group.set("means", flat(means_));
  group.set("eigenvectors", flat(eigenvectors_));
}

// U and G

CumulativeStep::CumulativeStep(std::vector<std::uint32_t> columns, std::vector<std::vector<Cumulative>> cumulatives,
                               bool gauss, int reference_class)
    : TransformationStep(std::move(columns), cumulatives.size(), reference_class),
      cumulatives_(std::move(cumulatives)),
      gauss_(gauss) {
  require_sets(cumulatives_, this->columns().size(), "Gauss/Uniform", "a set of distributions");
  for (const auto& set : cumulatives_) {
    for (const Cumulative& one : set) {
      if (one.contents.size() < 2 || one.edges.size() != one.contents.size() + 1) {
        throw FormatError("transformation " + name() + ": a distribution has " + std::to_string(one.edges.size()) +
                          " edges and " + std::to_string(one.contents.size()) +
                          " contents, expected one edge more, and two bins");
      }
      bool good = std::is_sorted(one.edges.begin(), one.edges.end()) && one.edges.front() < one.edges.back();
      // Far beyond float32; 10000 times the range must exist in float64.
      for (const double edge : one.edges) good = good && std::fabs(edge) <= largest_edge;
      if (!good) {
        throw FormatError("transformation " + name() +
                          ": the edges of a distribution are not increasing, or beyond +-1e300");
      }
      for (const float content : one.contents) {
        if (!(content >= 0.0F && content <= 1.001F)) {
          throw FormatError("transformation " + name() + ": a cumulative distribution has the value " +
                            std::to_string(content));
        }
      }
    }
  }
}

void CumulativeStep::apply(float* values, int class_index) const noexcept {
  const std::vector<Cumulative>& set = cumulatives_[set_of(class_index)];
  for (std::size_t i = 0; i < set.size(); ++i) {
    float& x = values[columns()[i]];
    if (!(x == x)) continue;
    const double u = std::clamp(CumulativeTable(set[i]).at(static_cast<double>(x)), 1e-9, 1.0 - 1e-9);
    if (gauss_) {
      const double argument = std::clamp(2 * u - 1, -0.99999999, 0.99999999);
      x = static_cast<float>(root_two * tmva_inverse_error_function(argument));
    } else {
      x = static_cast<float>(u);
    }
  }
}

void CumulativeStep::invert(float* values, int class_index) const {
  const std::vector<Cumulative>& set = cumulatives_[set_of(class_index)];
  for (std::size_t i = 0; i < set.size(); ++i) {
    float& x = values[columns()[i]];
    double u = static_cast<double>(x);
    if (gauss_) u = (std::erf(u / root_two) + 1) / 2;
    x = static_cast<float>(CumulativeTable(set[i]).inverse(u));
  }
}

void CumulativeStep::write(archive::Group& group) const {
  write_common(group, *this);
  std::vector<std::int64_t> bins;
  std::vector<double> edges;
  std::vector<float> contents;
  for (const auto& set : cumulatives_) {
    for (const Cumulative& one : set) {
      bins.push_back(static_cast<std::int64_t>(one.contents.size()));
      edges.insert(edges.end(), one.edges.begin(), one.edges.end());
      contents.insert(contents.end(), one.contents.begin(), one.contents.end());
    }
  }
  group.set("bins", std::move(bins));
  group.set("edges", std::move(edges));
  group.set("contents", std::move(contents));
}

// The chain

TransformationChain::TransformationChain(std::size_t n_variables, std::size_t n_targets, std::vector<StepPointer> steps)
    : n_variables_(n_variables), n_targets_(n_targets), steps_(std::move(steps)) {
  if (n_variables_ > maximum_columns || n_targets_ > maximum_columns || n_variables_ + n_targets_ > maximum_columns) {
    throw FormatError("transformations of " + std::to_string(n_variables_) + " variables and " +
                      std::to_string(n_targets_) + " targets, at most " + std::to_string(maximum_columns) +
                      " columns are possible");
  }
  for (const StepPointer& step : steps_) {
    if (step == nullptr) throw FormatError("transformation: a step is missing");
    bool variables = false;
    bool targets = false;
    for (const std::uint32_t column : step->columns()) {
      if (column >= n_variables_ + n_targets_) {
        throw FormatError("transformation " + step->name() + " reads column " + std::to_string(column) + " of " +
                          std::to_string(n_variables_ + n_targets_));
      }
      (column < n_variables_ ? variables : targets) = true;
    }
    const bool mixing = step->name() == "Decorrelation" || step->name() == "PCA";
    if (mixing && variables && targets) {
      throw FormatError("transformation " + step->name() +
                        " mixes variables and targets, so targets could not be taken back");
    }
    if (targets && !step->invertible()) {
      throw FormatError("transformation " + step->name() + " has no inverse, so it cannot be used for targets");
    }
  }
}

void TransformationChain::apply_columns(float* columns, int class_index) const noexcept {
  for (const StepPointer& step : steps_) step->apply(columns, class_index);
}

void TransformationChain::apply(float* variables, int class_index) const noexcept {
  if (n_targets_ == 0) {
    apply_columns(variables, class_index);
    return;
  }
  if (steps_.empty()) return;
  float columns[maximum_columns];
  std::copy_n(variables, n_variables_, columns);
  std::fill_n(columns + n_variables_, n_targets_, 0.0F);
  apply_columns(columns, class_index);
  std::copy_n(columns, n_variables_, variables);
}

void TransformationChain::invert_targets(double* targets) const noexcept {
  if (n_targets_ == 0 || steps_.empty()) return;
  float columns[maximum_columns];
  bool changed = false;
  for (std::size_t i = 0; i < n_targets_; ++i) columns[n_variables_ + i] = static_cast<float>(targets[i]);
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    const std::vector<std::uint32_t>& touched = (*step)->columns();
    if (std::none_of(touched.begin(), touched.end(), [this](std::uint32_t column) { return column >= n_variables_; }))
      continue;
    std::fill_n(columns, n_variables_, 0.0F);
    (*step)->invert(columns, -1);
    changed = true;
  }
  if (!changed) return;
  for (std::size_t i = 0; i < n_targets_; ++i) targets[i] = static_cast<double>(columns[n_variables_ + i]);
}

std::string TransformationChain::describe() const {
  std::string text;
  for (const StepPointer& step : steps_) {
    text.append(step->name()).append(" of columns");
    for (const std::uint32_t column : step->columns()) text.append(" ").append(std::to_string(column));
    text += step->reference_class() < 0 ? ", all classes" : ", class " + std::to_string(step->reference_class());
    text += "\n";
  }
  return text;
}

void TransformationChain::write(archive::Group& group) const {
  group.set("variables", static_cast<std::int64_t>(n_variables_));
  group.set("targets", static_cast<std::int64_t>(n_targets_));
  for (const StepPointer& step : steps_) step->write(group.append("steps"));
}

namespace {

StepPointer read_cumulative(const archive::Group& group, std::vector<std::uint32_t> columns, std::size_t n_sets,
                            bool gauss, int reference_class) {
  const std::vector<std::int64_t>& bins = group.integers64("bins", n_sets * columns.size());
  const std::vector<double>& edges = group.doubles("edges");
  const std::vector<float>& contents = group.floats("contents");
  std::vector<std::vector<Cumulative>> sets(n_sets);
  std::size_t next_edge = 0;
  std::size_t next_content = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i] < 2 || static_cast<std::uint64_t>(bins[i]) > contents.size() - next_content ||
        static_cast<std::uint64_t>(bins[i]) + 1 > edges.size() - next_edge) {
      throw FormatError("model file: '" + group.path() + "/bins' does not fit edges and contents");
    }
    const auto n = static_cast<std::ptrdiff_t>(bins[i]);
    Cumulative one;
    one.edges.assign(edges.begin() + static_cast<std::ptrdiff_t>(next_edge),
                     edges.begin() + static_cast<std::ptrdiff_t>(next_edge) + n + 1);
    one.contents.assign(contents.begin() + static_cast<std::ptrdiff_t>(next_content),
                        contents.begin() + static_cast<std::ptrdiff_t>(next_content) + n);
    next_edge += static_cast<std::size_t>(n) + 1;
    next_content += static_cast<std::size_t>(n);
    sets[i / columns.size()].push_back(std::move(one));
  }
  if (next_edge != edges.size() || next_content != contents.size()) {
    throw FormatError("model file: '" + group.path() + "' has edges or contents that belong to no distribution");
  }
  return std::make_shared<CumulativeStep>(std::move(columns), std::move(sets), gauss, reference_class);
}

StepPointer read_step(const archive::Group& group) {
  const std::string& name = group.text("name");
  std::vector<std::uint32_t> columns;
  for (const std::int32_t column : group.integers32("columns")) {
    if (column < 0) throw FormatError("model file: '" + group.path() + "/columns' has a negative entry");
    columns.push_back(static_cast<std::uint32_t>(column));
  }
  if (columns.empty() || columns.size() > TransformationChain::maximum_columns) {
    throw FormatError("model file: '" + group.path() + "/columns' has " + std::to_string(columns.size()) + " entries");
  }
  const auto n_sets = static_cast<std::size_t>(group.integer("sets", 1, static_cast<std::int64_t>(maximum_sets)));
  const int reference_class =
      static_cast<int>(group.integer("reference_class", -1, static_cast<std::int64_t>(maximum_sets)));
  const std::size_t n = columns.size();
  if (name == "Normalize") {
    const std::vector<float>& limits = group.floats("ranges", n_sets * n * 2);
    std::vector<std::vector<Range>> ranges(n_sets, std::vector<Range>(n));
    for (std::size_t i = 0; i < n_sets * n; ++i) ranges[i / n][i % n] = Range{limits[2 * i], limits[2 * i + 1]};
    return std::make_shared<NormalizeStep>(std::move(columns), std::move(ranges), reference_class);
  }
  if (name == "Decorrelation") {
    return std::make_shared<DecorrelationStep>(
        std::move(columns), in_sets(group.doubles("matrices", n_sets * n * n), n_sets, n * n), reference_class);
  }
  if (name == "PCA") {
    return std::make_shared<PrincipalComponentsStep>(
        std::move(columns), in_sets(group.doubles("means", n_sets * n), n_sets, n),
        in_sets(group.doubles("eigenvectors", n_sets * n * n), n_sets, n * n), reference_class);
  }
  if (name == "Gauss" || name == "Uniform") {
    return read_cumulative(group, std::move(columns), n_sets, name == "Gauss", reference_class);
  }
  throw FormatError("model file: '" + group.path() + "/name' is '" + name +
                    "', expected Normalize, Decorrelation, PCA, Gauss or Uniform");
}

}  // namespace

TransformationChain TransformationChain::read(const archive::Group& group) {
  const std::size_t n_variables = group.count("variables", maximum_columns);
  const std::size_t n_targets = group.count("targets", maximum_columns);
  std::vector<StepPointer> steps;
  for (const archive::Group* child : group.children("steps")) steps.push_back(read_step(*child));
  return TransformationChain(n_variables, n_targets, std::move(steps));
}

}  // namespace diskern::statistics
