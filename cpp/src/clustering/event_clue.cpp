// The public face of CLUE for one event after another.
#include <algorithm>
#include <string>
#include <vector>

#include "clustering/clue.hpp"
#include "diskern/clustering.hpp"
#include "neighbours/range.hpp"

namespace diskern {

class EventClue::Implementation {
 public:
  explicit Implementation(const Params& params) : params_(params) {
    range_kernels();  // the instruction set is chosen here, not with the first event
    internal_.critical_distance = params.critical_distance;
    internal_.critical_density = params.critical_density;
    internal_.seed_distance = params.seed_distance;
    internal_.outlier_distance_factor = params.outlier_distance_factor;
    clustering::check_clue(internal_);
  }

  std::int64_t cluster(View<const double, 2> cells, View<const double> energy, View<const std::int64_t> layer) {
    result_ = &empty_;
    if (cells.rows() == 0) {
      if (!energy.empty()) throw InvalidArgument("no cells, but " + std::to_string(energy.size()) + " energies");
      if (!layer.empty()) throw InvalidArgument("no cells, but " + std::to_string(layer.size()) + " layers");
      return 0;
    }
    if (cells.rows() > cells_ || cells.columns() > dimensions_) reserve(cells.rows(), cells.columns());
    result_ = &clue_.fit(Context{}, internal_, cells, energy, layer);
    return static_cast<std::int64_t>(result_->seeds.size());
  }

  std::int64_t cluster(View<const float, 2> cells, View<const float> energy, View<const std::int64_t> layer) {
    if (cells.rows() > cells_ || cells.columns() > dimensions_) reserve(cells.rows(), cells.columns());
    coordinates_.resize(cells.size());
    energies_.resize(energy.size());
    for (std::size_t i = 0; i < cells.rows(); ++i) {
      for (std::size_t d = 0; d < cells.columns(); ++d) coordinates_[i * cells.columns() + d] = cells(i, d);
    }
    for (std::size_t i = 0; i < energy.size(); ++i) energies_[i] = energy[i];
    return cluster(View<const double, 2>(coordinates_.data(), cells.rows(), cells.columns()),
                   View<const double>(energies_.data(), energies_.size()), layer);
  }

  void reserve(std::size_t cells, std::size_t dimensions) {
    cells_ = std::max(cells_, cells);
    dimensions_ = std::max(dimensions_, dimensions);
    clue_.reserve(cells_, dimensions_);
    coordinates_.reserve(cells_ * dimensions_);
    energies_.reserve(cells_);
  }

  const Params& params() const noexcept { return params_; }
  const clustering::ClueResult& result() const noexcept { return *result_; }

 private:
  Params params_;
  clustering::ClueParams internal_;
  clustering::Clue clue_;
  clustering::ClueResult empty_;
  const clustering::ClueResult* result_ = &empty_;
  std::size_t cells_ = 0;  // reserved
  std::size_t dimensions_ = 0;
  std::vector<double> coordinates_;
  std::vector<double> energies_;
};

EventClue::EventClue(const Params& params) : implementation_(std::make_unique<Implementation>(params)) {}
EventClue::~EventClue() = default;
EventClue::EventClue(EventClue&& other) noexcept = default;
EventClue& EventClue::operator=(EventClue&& other) noexcept = default;

const EventClue::Params& EventClue::params() const noexcept { return implementation_->params(); }
void EventClue::reserve(std::size_t cells, std::size_t dimensions) { implementation_->reserve(cells, dimensions); }
std::int64_t EventClue::cluster(View<const double, 2> cells, View<const double> energy, View<const std::int64_t> layer) {
  return implementation_->cluster(cells, energy, layer);
}
std::int64_t EventClue::cluster(View<const float, 2> cells, View<const float> energy, View<const std::int64_t> layer) {
  return implementation_->cluster(cells, energy, layer);
}
std::size_t EventClue::size() const noexcept { return implementation_->result().labels.size(); }
std::int64_t EventClue::cluster_count() const noexcept {
  return static_cast<std::int64_t>(implementation_->result().seeds.size());
}
const std::int64_t* EventClue::labels() const noexcept { return implementation_->result().labels.data(); }
const std::int64_t* EventClue::seeds() const noexcept { return implementation_->result().seeds.data(); }
const double* EventClue::density() const noexcept { return implementation_->result().density.data(); }
const std::int64_t* EventClue::nearest_higher() const noexcept { return implementation_->result().nearest_higher.data(); }
const double* EventClue::distance() const noexcept { return implementation_->result().distance.data(); }

}  // namespace diskern
