#include "statistics/foam.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_foams = 1000;
constexpr float beside = 1e-6F;  // how far behind an edge TMVA looks for the neighbour
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(bool good, const std::string& message) {
  if (!good) throw FormatError("foam: " + message);
}

float clamped(float u) noexcept { return u < 0.0F ? 0.0F : (u > 1.0F ? 1.0F : u); }

}  // namespace

Foam::Foam(std::vector<double> minimum, std::vector<double> maximum, FoamCells cells)
    : minimum_(std::move(minimum)), maximum_(std::move(maximum)), cells_(std::move(cells)) {
  const std::size_t d = minimum_.size();
  check(d >= 1 && d <= maximum_dimensions && maximum_.size() == d,
        std::to_string(d) + " lower and " + std::to_string(maximum_.size()) + " upper bounds, expected 1 to 256 each");
  for (std::size_t j = 0; j < d; ++j) {
    check(std::isfinite(minimum_[j]) && std::isfinite(maximum_[j]) && minimum_[j] < maximum_[j],
          "the range of dimension " + std::to_string(j) + " is empty or not finite");
  }
  const std::size_t n = cells_.left.size();
  check(n >= 1 && n <= maximum_cells, std::to_string(n) + " cells, expected 1 to 2^20");
  check(n * d <= (std::size_t{1} << 27), std::to_string(n) + " cells are too many for " + std::to_string(d) +
                                             " dimensions");
  check(cells_.right.size() == n && cells_.dimension.size() == n && cells_.split.size() == n &&
            cells_.value.size() == n && cells_.error.size() == n,
        "lists of cells of different lengths");
  corner_.assign(n * d, 0.0);
  sides_.assign(n * d, 1.0);
  volume_.assign(n, 1.0);
  edge_.assign(n, 0.0);
  std::vector<bool> seen(n, false);
  seen[0] = true;
  const auto count = static_cast<std::int32_t>(n);
  for (std::size_t i = 0; i < n; ++i) {
    check(seen[i], "cell " + std::to_string(i) + " has no mother before it");
    check(std::isfinite(cells_.value[i]) && std::isfinite(cells_.error[i]), "a value is not finite");
    if (cells_.left[i] < 0) {
      leaves_.push_back(static_cast<std::int32_t>(i));
      continue;
    }
    const auto k = static_cast<std::size_t>(cells_.dimension[i]);
    check(cells_.dimension[i] >= 0 && k < d && cells_.split[i] >= 0.0 && cells_.split[i] <= 1.0,
          "cell " + std::to_string(i) + " is divided in a dimension or at an edge that does not exist");
    for (const std::int32_t daughter : {cells_.left[i], cells_.right[i]}) {
      check(daughter > static_cast<std::int32_t>(i) && daughter < count && !seen[static_cast<std::size_t>(daughter)],
            "the daughters of cell " + std::to_string(i) + " are not cells of their own behind it");
      const auto c = static_cast<std::size_t>(daughter);
      seen[c] = true;
      std::copy_n(corner(i), d, corner_.data() + c * d);
      std::copy_n(sides(i), d, sides_.data() + c * d);
    }
    const auto l = static_cast<std::size_t>(cells_.left[i]);
    const auto r = static_cast<std::size_t>(cells_.right[i]);
    const double side = sides_[i * d + k];
    sides_[l * d + k] = side * cells_.split[i];
    sides_[r * d + k] = side * (1.0 - cells_.split[i]);
    corner_[r * d + k] += side * cells_.split[i];
    edge_[i] = corner_[l * d + k] + sides_[l * d + k];
    volume_[l] = volume_[i] * cells_.split[i];
    volume_[r] = volume_[i] * (1.0 - cells_.split[i]);
  }
}

std::size_t Foam::find(const float* unit) const noexcept {
  std::size_t i = 0;
  while (cells_.left[i] >= 0) {
    const bool is_left = static_cast<double>(unit[cells_.dimension[i]]) <= edge_[i];
    i = static_cast<std::size_t>(is_left ? cells_.left[i] : cells_.right[i]);
  }
  return i;
}

void Foam::write(archive::Group& group) const {
  group.set("minimum", minimum_);
  group.set("maximum", maximum_);
  group.set("dimension", cells_.dimension);
  group.set("split", cells_.split);
  group.set("left", cells_.left);
  group.set("right", cells_.right);
  group.set("value", cells_.value);
  group.set("error", cells_.error);
}

Foam Foam::read(const archive::Group& group) {
  FoamCells cells;
  cells.dimension = group.integers32("dimension");
  const std::size_t n = cells.dimension.size();
  cells.split = group.doubles("split", n);
  cells.left = group.integers32("left", n);
  cells.right = group.integers32("right", n);
  cells.value = group.doubles("value", n);
  cells.error = group.doubles("error", n);
  return {group.doubles("minimum"), group.doubles("maximum"), std::move(cells)};
}

FoamPredictor::FoamPredictor(std::size_t n_inputs, FoamResponse response, std::vector<Foam> foams)
    : n_inputs_(n_inputs), response_(response), foams_(std::move(foams)) {
  check(n_inputs_ >= 1 && !foams_.empty() && foams_.size() <= maximum_foams,
        std::to_string(foams_.size()) + " foams of " + std::to_string(n_inputs_) + " variables");
  const std::size_t d = foams_[0].dimensions();
  for (const Foam& foam : foams_) {
    check(foam.dimensions() == d, "foams of different dimensions");
  }
  const bool is_multi_target = response_.kind == FoamKind::multi_target;
  check(is_multi_target ? d > n_inputs_ : d == n_inputs_,
        std::to_string(d) + " dimensions for " + std::to_string(n_inputs_) + " variables");
  const std::size_t expected = response_.kind == FoamKind::separate ? 2 : 1;
  check(response_.kind == FoamKind::multiclass ? foams_.size() >= 2 : foams_.size() == expected,
        std::to_string(foams_.size()) + " foams, expected " + std::to_string(expected));
  check(std::isfinite(response_.sigma) && response_.sigma > 0.0, "the width of the kernel must be positive");
  n_outputs_ = is_multi_target ? d - n_inputs_ : (response_.kind == FoamKind::multiclass ? foams_.size() : 1);
}

double FoamPredictor::leaf_value(const Foam& foam, std::size_t cell) const noexcept {
  switch (response_.kind) {
    case FoamKind::separate:
    case FoamKind::multi_target:
      return foam.volume(cell) > 0.0 ? foam.value(cell) / foam.volume(cell) : 0.0;
    case FoamKind::target:
      // TMVA marks leaves without events by a negative sum of weights.
      return foam.cells().error[cell] < 0.0 ? nan : foam.value(cell);
    case FoamKind::discriminant:
    case FoamKind::multiclass:
      break;
  }
  return foam.value(cell);
}

double FoamPredictor::neighbours_mean(const Foam& foam, const float* unit, std::size_t cell) const noexcept {
  float moved[Foam::maximum_dimensions];
  const std::size_t d = foam.dimensions();
  std::copy_n(unit, d, moved);
  double sum = 0.0;
  double count = 0.0;
  for (std::size_t j = 0; j < d; ++j) {
    for (const double place : {foam.corner(cell)[j] - static_cast<double>(beside),
                               foam.corner(cell)[j] + foam.sides(cell)[j] + static_cast<double>(beside)}) {
      moved[j] = static_cast<float>(place);
      const double value = leaf_value(foam, foam.find(moved));
      if (std::isnan(value)) continue;
      sum += value;
      count += 1.0;
    }
    moved[j] = unit[j];
  }
  return count > 0.0 ? sum / count : 0.0;
}

double FoamPredictor::cell_value(const Foam& foam, const float* unit, std::size_t cell) const noexcept {
  const double value = leaf_value(foam, cell);
  return std::isnan(value) ? neighbours_mean(foam, unit, cell) : value;
}

double FoamPredictor::gauss_weight(const Foam& foam, const float* unit, std::size_t cell) const noexcept {
  double distance = 0.0;
  for (std::size_t j = 0; j < n_inputs_; ++j) {
    const double u = static_cast<double>(clamped(unit[j]));
    const double low = foam.corner(cell)[j];
    const double nearest = std::clamp(u, low, low + foam.sides(cell)[j]);
    distance += (u - nearest) * (u - nearest);
  }
  return maths::exp(-0.5 * distance / (response_.sigma * response_.sigma));
}

double FoamPredictor::value(const Foam& foam, const float* variables) const noexcept {
  float unit[Foam::maximum_dimensions];
  for (std::size_t j = 0; j < n_inputs_; ++j) unit[j] = foam.to_unit(j, variables[j]);
  if (response_.kernel == FoamKernel::gauss) {
    double sum = 0.0;
    double norm = 0.0;
    for (const std::int32_t leaf : foam.leaves()) {
      const auto cell = static_cast<std::size_t>(leaf);
      const double weight = gauss_weight(foam, unit, cell);
      sum += weight * cell_value(foam, unit, cell);
      norm += weight;
    }
    return norm > 0.0 ? sum / norm : 0.0;
  }
  const std::size_t cell = foam.find(unit);
  const double own = cell_value(foam, unit, cell);
  if (response_.kernel == FoamKernel::none) return own;
  // Half way between the centre of the cell and that of the neighbour on the nearer side, in each dimension.
  float moved[Foam::maximum_dimensions];
  std::copy_n(unit, n_inputs_, moved);
  double sum = 0.0;
  for (std::size_t j = 0; j < n_inputs_; ++j) {
    const double low = foam.corner(cell)[j];
    const double side = foam.sides(cell)[j];
    const double place = side > 0.0 ? std::clamp((static_cast<double>(unit[j]) - low) / side, 0.0, 1.0) : 0.5;
    const double distance = std::min(place, 1.0 - place);
    moved[j] = static_cast<float>(place < 0.5 ? low - static_cast<double>(beside)
                                              : low + side + static_cast<double>(beside));
    const double other = cell_value(foam, moved, foam.find(moved));
    sum += own * (0.5 + distance) + other * (0.5 - distance);
    moved[j] = unit[j];
  }
  return sum / static_cast<double>(n_inputs_);
}

void FoamPredictor::targets(const Foam& foam, const float* variables, double* responses) const noexcept {
  float unit[Foam::maximum_dimensions];
  for (std::size_t j = 0; j < n_inputs_; ++j) unit[j] = foam.to_unit(j, variables[j]);
  std::fill_n(responses, n_outputs_, 0.0);
  double norm = 0.0;
  double most = -1.0;
  for (const std::int32_t leaf : foam.leaves()) {
    const auto cell = static_cast<std::size_t>(leaf);
    const double* low = foam.corner(cell);
    const double* sides = foam.sides(cell);
    double weight = leaf_value(foam, cell);
    if (response_.kernel == FoamKernel::gauss) {
      weight *= gauss_weight(foam, unit, cell);
    } else {
      bool inside = true;
      for (std::size_t j = 0; j < n_inputs_ && inside; ++j) {
        const double u = static_cast<double>(clamped(unit[j]));
        inside = (u > low[j] || low[j] == 0.0) && u <= low[j] + sides[j];
      }
      if (!inside) continue;
    }
    if (response_.target == FoamTarget::most_probable) {
      if (weight <= most) continue;
      most = weight;
      for (std::size_t k = 0; k < n_outputs_; ++k) {
        responses[k] = foam.from_unit(n_inputs_ + k, low[n_inputs_ + k] + 0.5 * sides[n_inputs_ + k]);
      }
      continue;
    }
    for (std::size_t k = 0; k < n_outputs_; ++k) weight *= sides[n_inputs_ + k];
    norm += weight;
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      responses[k] +=
          weight * foam.from_unit(n_inputs_ + k, low[n_inputs_ + k] + 0.5 * sides[n_inputs_ + k]);
    }
  }
  if (response_.target == FoamTarget::most_probable) return;
  for (std::size_t k = 0; k < n_outputs_; ++k) responses[k] = norm > 0.0 ? responses[k] / norm : 0.0;
}

void FoamPredictor::evaluate(const float* variables, double* responses) const noexcept {
  for (std::size_t j = 0; j < n_inputs_; ++j) {
    if (!std::isnan(variables[j])) continue;
    std::fill_n(responses, n_outputs_, nan);
    return;
  }
  switch (response_.kind) {
    case FoamKind::multi_target:
      targets(foams_[0], variables, responses);
      return;
    case FoamKind::target:
      responses[0] = value(foams_[0], variables);
      return;
    case FoamKind::multiclass: {
      double sum = 0.0;
      for (std::size_t k = 0; k < n_outputs_; ++k) {
        responses[k] = maths::exp(value(foams_[k], variables));
        sum += responses[k];
      }
      for (std::size_t k = 0; k < n_outputs_; ++k) responses[k] /= sum;
      return;
    }
    case FoamKind::separate: {
      const double signal = value(foams_[0], variables);
      const double background = value(foams_[1], variables);
      responses[0] = signal + background > 0.0 ? signal / (signal + background) : 0.5;
      break;
    }
    case FoamKind::discriminant:
      responses[0] = value(foams_[0], variables);
      break;
  }
  if (response_.yes_no) responses[0] = responses[0] < 0.5 ? -1.0 : 1.0;
}

void FoamPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("kind", static_cast<std::int64_t>(response_.kind));
  group.set("kernel", static_cast<std::int64_t>(response_.kernel));
  group.set("sigma", response_.sigma);
  group.set("yes_no", response_.yes_no);
  group.set("target", static_cast<std::int64_t>(response_.target));
  for (const Foam& foam : foams_) foam.write(group.append("foams"));
}

PredictorPointer FoamPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  FoamResponse response;
  response.kind = static_cast<FoamKind>(group.integer("kind", 0, 4));
  response.kernel = static_cast<FoamKernel>(group.integer("kernel", 0, 2));
  response.sigma = group.finite_real("sigma");
  response.yes_no = group.boolean("yes_no");
  response.target = static_cast<FoamTarget>(group.integer("target", 0, 1));
  std::vector<Foam> foams;
  for (const archive::Group* child : group.children("foams")) foams.push_back(Foam::read(*child));
  return std::make_shared<const FoamPredictor>(group.count("n_inputs", Foam::maximum_dimensions), response,
                                               std::move(foams));
}

}  // namespace diskern::statistics
