#pragma once
// Clustering of one event after another, for reconstruction code: objects that keep their memory from event to event.
//
//   diskern::EventDbscan dbscan({0.4, 5});                                        // once per thread
//   const std::int64_t clusters = dbscan.cluster({coordinates, n_hits, 3});       // per event
//   for (std::size_t i = 0; i < n_hits; ++i) use(hits[i], dbscan.labels()[i]);    // -1: noise
//
//   diskern::EventClue clue({1.3, 5.0});
//   clue.cluster({cells, n_cells, 2}, {energy, n_cells});
//
// An object belongs to one thread at a time and uses no other threads. Link with the CMake target diskern::diskern.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "diskern/error.hpp"
#include "diskern/export.h"
#include "diskern/view.hpp"

namespace diskern {

// DBSCAN (Ester, Kriegel, Sander, Xu, KDD-96, 226), exact. Clusters are the connected components of the core points,
// numbered by their lowest index; any other point within eps of a core point has the lowest number of their clusters;
// all else is noise.
class DISKERN_EXPORT EventDbscan {
 public:
  enum class Metric : std::uint8_t { euclidean = 0, manhattan = 1, chebyshev = 2 };
  struct Params {
    double eps = 0.5;        // two points are neighbours at this distance or below
    double min_samples = 5;  // a core point has neighbours, itself included, whose weights sum up to this at least
    Metric metric = Metric::euclidean;
  };
  static constexpr std::int64_t noise = -1;

  // Throws InvalidArgument unless eps and min_samples are positive and finite.
  explicit EventDbscan(const Params& params);
  ~EventDbscan();
  EventDbscan(EventDbscan&& other) noexcept;
  EventDbscan& operator=(EventDbscan&& other) noexcept;
  EventDbscan(const EventDbscan&) = delete;
  EventDbscan& operator=(const EventDbscan&) = delete;

  const Params& params() const noexcept;

  // Takes memory for events of up to so many points of so many dimensions, so that already the first one allocates
  // nothing.
  void reserve(std::size_t points, std::size_t dimensions);

  // Clusters points (rows; none is allowed) and returns the number of clusters. weight: none (1 each), or one per point;
  // negative ones inhibit. Allocates nothing when an earlier event, or reserve, had as many points and dimensions.
  // Throws InvalidArgument for NaN, infinity, |coordinate| above 1e150 and a wrong number of weights; the result of the
  // event before is lost then.
  std::int64_t cluster(View<const double, 2> points, View<const double> weight = {});
  std::int64_t cluster(View<const float, 2> points, View<const double> weight = {});

  // Of the last event; valid until the next one.
  std::size_t size() const noexcept;            // points
  std::int64_t cluster_count() const noexcept;  // clusters
  const std::int64_t* labels() const noexcept;  // one per point: noise or 0 .. cluster_count() - 1
  const std::uint8_t* core() const noexcept;    // one per point: 1 for core points

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// CLUE (Rovere et al., Front. Big Data 3 (2020) 591315): clusters of energy in the layers of a calorimeter. Each cell
// follows the nearest one of higher density in its layer; seeds start clusters, outliers and what follows them are noise.
class DISKERN_EXPORT EventClue {
 public:
  struct Params {
    double critical_distance = 1.0;        // cells within it count half of their energy in the density
    double critical_density = 1.0;         // a seed has this density at least
    double seed_distance = 1.0;            // and no cell of higher density within this distance
    double outlier_distance_factor = 2.0;  // less density and nothing higher within this times critical_distance: outlier
  };
  static constexpr std::int64_t noise = -1;

  // Throws InvalidArgument unless distances and factor are positive and all are finite.
  explicit EventClue(const Params& params);
  ~EventClue();
  EventClue(EventClue&& other) noexcept;
  EventClue& operator=(EventClue&& other) noexcept;
  EventClue(const EventClue&) = delete;
  EventClue& operator=(const EventClue&) = delete;

  const Params& params() const noexcept;

  // Takes memory for events of up to so many cells of so many dimensions, so that already the first one allocates
  // nothing.
  void reserve(std::size_t cells, std::size_t dimensions);

  // Clusters cells (rows; none is allowed) and returns the number of clusters. energy: one per cell, of any sign. layer:
  // none (all are in one), or one per cell. Allocates nothing when an earlier event, or reserve, had as many cells and
  // dimensions. Throws InvalidArgument for NaN, infinity, |coordinate| above 1e150 and wrong numbers of energies or
  // layers; the result of the event before is lost then.
  std::int64_t cluster(View<const double, 2> cells, View<const double> energy, View<const std::int64_t> layer = {});
  std::int64_t cluster(View<const float, 2> cells, View<const float> energy, View<const std::int64_t> layer = {});

  // Of the last event; valid until the next one.
  std::size_t size() const noexcept;                    // cells
  std::int64_t cluster_count() const noexcept;          // clusters
  const std::int64_t* labels() const noexcept;          // one per cell: noise or 0 .. cluster_count() - 1
  const std::int64_t* seeds() const noexcept;           // one per cluster: the cell that started it
  const double* density() const noexcept;               // one per cell: its energy and half of those around it
  const std::int64_t* nearest_higher() const noexcept;  // one per cell: the one it follows; -1: none is near enough
  const double* distance() const noexcept;              // one per cell: to that one; infinite: none

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace diskern
