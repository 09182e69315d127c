#include "statistics/cuts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_variables = 65536;

}  // namespace

CutsPredictor::CutsPredictor(std::size_t n_inputs, std::vector<CutSet> table, double working_point)
    : n_inputs_(n_inputs), table_(std::move(table)), working_point_(working_point) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_variables) {
    throw FormatError("cuts: " + std::to_string(n_inputs_) + " variables, expected 1 or more");
  }
  if (table_.empty()) throw FormatError("cuts: the table has no rows");
  for (const CutSet& cuts : table_) {
    if (cuts.minimum.size() != n_inputs_ || cuts.maximum.size() != n_inputs_) {
      throw FormatError("cuts: a row has " + std::to_string(cuts.minimum.size()) + " lower and " +
                        std::to_string(cuts.maximum.size()) + " upper cuts, expected " + std::to_string(n_inputs_));
    }
    for (std::size_t j = 0; j < n_inputs_; ++j) {
      if (std::isnan(cuts.minimum[j]) || std::isnan(cuts.maximum[j])) throw FormatError("cuts: a cut is not a number");
    }
  }
  if (std::isnan(working_point_) || working_point_ > 1.0) {
    throw FormatError("cuts: the working point is " + std::to_string(working_point_) + ", expected 0 to 1");
  }
  for (const CutSet& cuts : table_) {
    for (std::size_t j = 0; j < n_inputs_; ++j) {
      low_.push_back(float_below(cuts.minimum[j]));
      high_.push_back(float_below(cuts.maximum[j]));
    }
  }
}

float float_below(double x) {
  auto value = static_cast<float>(x);
  if (static_cast<double>(value) > x) value = std::nextafter(value, -std::numeric_limits<float>::infinity());
  return value;
}

bool CutsPredictor::passes(std::size_t row, const float* variables) const noexcept {
  const float* low = low_.data() + row * n_inputs_;
  const float* high = high_.data() + row * n_inputs_;
  bool inside = true;
  for (std::size_t j = 0; j < n_inputs_; ++j) {
    inside = inside & (variables[j] > low[j]) & (variables[j] <= high[j]);  // no branches
  }
  return inside;
}

std::size_t CutsPredictor::index_of(double signal_efficiency) const noexcept {
  const double bins = static_cast<double>(table_.size());
  double bin = std::floor(bins * signal_efficiency);
  // Rounding may put a number beside an edge on the other side of it.
  const double width = 1.0 / bins;
  if (signal_efficiency < bin * width) bin -= 1.0;
  if (signal_efficiency >= (bin + 1.0) * width) bin += 1.0;
  bin += 1.0;  // the row after the bin itself
  return static_cast<std::size_t>(std::clamp(bin, 0.0, bins - 1.0));
}

const CutSet& CutsPredictor::at(double signal_efficiency) const {
  if (!(signal_efficiency >= 0.0 && signal_efficiency <= 1.0)) {
    throw InvalidArgument("the signal efficiency is " + std::to_string(signal_efficiency) + ", expected 0 to 1");
  }
  return table_[index_of(signal_efficiency)];
}

std::shared_ptr<const CutsPredictor> CutsPredictor::at_efficiency(double signal_efficiency) const {
  at(signal_efficiency);
  return std::make_shared<const CutsPredictor>(n_inputs_, table_, signal_efficiency);
}

void CutsPredictor::evaluate(const float* variables, double* responses) const noexcept {
  bool missing = false;
  for (std::size_t j = 0; j < n_inputs_; ++j) missing = missing | (variables[j] != variables[j]);
  if (missing) {
    responses[0] = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  if (working_point_ >= 0.0) {
    responses[0] = passes(index_of(working_point_), variables) ? 1.0 : 0.0;
    return;
  }
  responses[0] = 0.0;
  for (std::size_t row = 0; row < table_.size(); ++row) {
    if (passes(row, variables)) {
      responses[0] = 1.0 - table_[row].signal_efficiency;
      return;
    }
  }
}

void CutsPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  if (working_point_ < 0.0) {
    Predictor::evaluate(context, events, responses);
    return;
  }
  // Variable after variable of a block of events, so that events are compared side by side.
  constexpr std::size_t block = 256;
  const std::size_t n = events.rows();
  const float* low = low_.data() + index_of(working_point_) * n_inputs_;
  const float* high = high_.data() + index_of(working_point_) * n_inputs_;
  parallel_for(
      context, chunk_count(n, block),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(n, block, chunk);
        const std::size_t size = range.end - range.begin;
        float values[block];
        std::int32_t inside[block];
        std::int32_t missing[block];
        std::fill_n(inside, size, 1);
        std::fill_n(missing, size, 0);
        for (std::size_t j = 0; j < n_inputs_; ++j) {
          for (std::size_t i = 0; i < size; ++i) values[i] = events(range.begin + i, j);
          for (std::size_t i = 0; i < size; ++i) {
            inside[i] &= static_cast<std::int32_t>(values[i] > low[j]) & static_cast<std::int32_t>(values[i] <= high[j]);
            missing[i] |= static_cast<std::int32_t>(values[i] != values[i]);
          }
        }
        for (std::size_t i = 0; i < size; ++i) {
          responses(range.begin + i, 0) =
              missing[i] != 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(inside[i]);
        }
      },
      static_cast<double>(n) * 10.0);
}

void CutsPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("working_point", working_point_);
  std::vector<double> signal;
  std::vector<double> background;
  std::vector<double> minimum;
  std::vector<double> maximum;
  for (const CutSet& cuts : table_) {
    signal.push_back(cuts.signal_efficiency);
    background.push_back(cuts.background_efficiency);
    minimum.insert(minimum.end(), cuts.minimum.begin(), cuts.minimum.end());
    maximum.insert(maximum.end(), cuts.maximum.begin(), cuts.maximum.end());
  }
  group.set("signal_efficiency", std::move(signal));
  group.set("background_efficiency", std::move(background));
  group.set("minimum", std::move(minimum));
  group.set("maximum", std::move(maximum));
}

PredictorPointer CutsPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::size_t n_inputs = group.count("n_inputs", maximum_variables);
  const std::vector<double>& signal = group.doubles("signal_efficiency");
  const std::vector<double>& background = group.doubles("background_efficiency", signal.size());
  const std::vector<double>& minimum = group.doubles("minimum", signal.size() * n_inputs);
  const std::vector<double>& maximum = group.doubles("maximum", signal.size() * n_inputs);
  std::vector<CutSet> table;
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const auto row = static_cast<std::ptrdiff_t>(i * n_inputs);
    const auto end = static_cast<std::ptrdiff_t>((i + 1) * n_inputs);
    table.push_back({signal[i],
                     background[i],
                     {minimum.begin() + row, minimum.begin() + end},
                     {maximum.begin() + row, maximum.begin() + end}});
  }
  return std::make_shared<const CutsPredictor>(n_inputs, std::move(table), group.real("working_point"));
}

}  // namespace diskern::statistics
