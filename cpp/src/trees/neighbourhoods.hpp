#pragma once
// The surroundings of every event of a class in the protected variables: the events nearest to it.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "diskern/context.hpp"

namespace diskern::trees {

// Events of equal variables are one point, and points are in the order of their variables, so that neither the order of
// events matters nor whether an event of integer weight k is written down k times. Distances are Euclidean, each
// variable divided by the distance of its quartiles (of |weight|; by its range where that is zero).
class Neighbourhoods {
 public:
  static constexpr std::size_t maximum_variables = 4;

  // variables: column by column (variable j of event i at j * n + i). The neighbourhood of a point holds the nearest
  // points, itself first, until their events are at least `events` (one of weight above one counts as its weight says).
  // There are at most `most` of them, around points taken evenly in the order of the variables.
  // Throws InvalidArgument (named `name`) where there are not as many events, where a variable is constant, or where a
  // neighbourhood has no positive sum of weights; Interrupted.
  Neighbourhoods(const Context& context, const double* variables, std::size_t n, std::size_t n_variables,
                 const std::vector<double>& weight, double events, const std::string& name,
                 std::size_t most = std::numeric_limits<std::size_t>::max());

  std::size_t event_count() const noexcept { return point_.size(); }
  std::size_t point_count() const noexcept { return point_weight_.size(); }
  std::uint32_t point(std::size_t event) const noexcept { return point_[event]; }

  // Neighbourhoods and the point that each is around: all points in turn where there are as many.
  std::size_t count() const noexcept { return count_of_neighbourhoods_; }
  std::size_t centre(std::size_t neighbourhood) const noexcept {
    return neighbourhood * point_count() / count_of_neighbourhoods_;
  }

  // Weights as integers of one unit. Sums of them, negative ones as they are, are exact in float64.
  std::int64_t weight(std::size_t event) const noexcept { return weight_[event]; }
  std::int64_t point_weight(std::size_t point) const noexcept { return point_weight_[point]; }
  std::int64_t neighbourhood_weight(std::size_t neighbourhood) const noexcept {
    return neighbourhood_weight_[neighbourhood];
  }
  std::int64_t total_weight() const noexcept { return total_; }

  // The points of a neighbourhood, nearest first.
  const std::uint32_t* begin(std::size_t neighbourhood) const noexcept {
    return neighbours_.data() + first_[neighbourhood];
  }
  const std::uint32_t* end(std::size_t neighbourhood) const noexcept {
    return neighbours_.data() + first_[neighbourhood + 1];
  }

 private:
  void find_points(const double* variables, std::size_t n_variables);
  std::vector<double> scaled_points(const double* variables, std::size_t n_variables, const std::string& name) const;
  void find_neighbours(const Context& context, const std::vector<double>& points, std::size_t n_variables,
                       double events, const std::string& name);

  std::vector<std::uint32_t> point_;  // per event
  std::vector<std::int64_t> weight_;
  std::vector<std::uint32_t> example_;       // an event of each point
  std::vector<double> count_;                // per point: events, where one of weight above one counts as its weight
  std::vector<std::int64_t> absolute_;       // per point: sum of |weight|
  std::vector<std::int64_t> point_weight_;
  std::vector<std::int64_t> neighbourhood_weight_;
  std::int64_t total_ = 0;
  std::size_t count_of_neighbourhoods_ = 0;
  std::vector<std::size_t> first_;  // per neighbourhood and one more
  std::vector<std::uint32_t> neighbours_;
};

}  // namespace diskern::trees
