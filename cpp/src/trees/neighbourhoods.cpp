#include "trees/neighbourhoods.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "neighbours/kd_tree.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"

namespace diskern::trees {

namespace {

constexpr int weight_bits = 52;  // twice a sum is still exact in float64
constexpr std::size_t batch_size = 16384;

}  // namespace

Neighbourhoods::Neighbourhoods(const Context& context, const double* variables, std::size_t n, std::size_t n_variables,
                               const std::vector<double>& weight, double events, const std::string& name,
                               std::size_t most)
    : point_(n) {
  double absolute = 0;
  for (const double w : weight) absolute += std::abs(w);
  const FixedPoint fixed = FixedPoint::for_sums(1.0, absolute, weight_bits);
  weight_.reserve(n);
  for (const double w : weight) weight_.push_back(fixed(w, 1.0));
  find_points(variables, n_variables);
  const std::size_t m = example_.size();
  count_.assign(m, 0.0);
  absolute_.assign(m, 0);
  point_weight_.assign(m, 0);
  for (std::size_t i = 0; i < n; ++i) {
    count_[point_[i]] += std::max(1.0, std::abs(weight[i]));
    absolute_[point_[i]] += std::abs(weight_[i]);
    point_weight_[point_[i]] += weight_[i];
    total_ += weight_[i];
  }
  check(total_ > 0, name + ": the sum of weights is not positive");
  count_of_neighbourhoods_ = std::min(m, most);
  const std::vector<double> points = scaled_points(variables, n_variables, name);
  find_neighbours(context, points, n_variables, events, name);
}

void Neighbourhoods::find_points(const double* variables, std::size_t n_variables) {
  const std::size_t n = point_.size();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  const auto compare = [&](std::uint32_t a, std::uint32_t b) {
    for (std::size_t j = 0; j < n_variables; ++j) {
      const double x = variables[j * n + a];
      const double y = variables[j * n + b];
      if (x != y) return x < y ? -1 : 1;
    }
    return 0;
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return compare(a, b) < 0; });
  for (std::size_t k = 0; k < n; ++k) {
    if (k == 0 || compare(order[k - 1], order[k]) != 0) example_.push_back(order[k]);
    point_[order[k]] = static_cast<std::uint32_t>(example_.size() - 1);
  }
}

// Point after point.
std::vector<double> Neighbourhoods::scaled_points(const double* variables, std::size_t n_variables,
                                                  const std::string& name) const {
  const std::size_t n = point_.size();
  const std::size_t m = example_.size();
  std::vector<double> points(m * n_variables);
  std::vector<std::uint32_t> order(m);
  for (std::size_t j = 0; j < n_variables; ++j) {
    const double* x = variables + j * n;
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return x[example_[a]] < x[example_[b]]; });
    const double range = x[example_[order.back()]] - x[example_[order.front()]];
    check(range > 0, name + ": protected variable " + std::to_string(j) + " is constant (" +
                         short_number(x[example_[order.front()]]) + "): there is nothing to be flat in");
    const std::int64_t all = std::accumulate(absolute_.begin(), absolute_.end(), std::int64_t{0});
    const auto quantile = [&](double fraction) {
      std::int64_t below = 0;
      for (const std::uint32_t p : order) {
        below += absolute_[p];
        if (static_cast<double>(below) >= fraction * static_cast<double>(all)) return x[example_[p]];
      }
      return x[example_[order.back()]];
    };
    double spread = quantile(0.75) - quantile(0.25);
    if (!(spread > 0)) spread = range;
    check(range / spread <= 1e150,
          name + ": the values of protected variable " + std::to_string(j) + " are too far apart for distances");
    const double origin = x[example_[order.front()]];
    for (std::size_t p = 0; p < m; ++p) points[p * n_variables + j] = (x[example_[p]] - origin) / spread;
  }
  return points;
}

void Neighbourhoods::find_neighbours(const Context& context, const std::vector<double>& points,
                                     std::size_t n_variables, double events, const std::string& name) {
  const std::size_t m = point_count();
  const double all = std::accumulate(count_.begin(), count_.end(), 0.0);
  check(events >= 1 && events <= all, "n_neighbors must be from 1 to the number of events of a class, got " +
                                          short_number(events) + " for the " + short_number(all) + " of " + name);
  // Every point has at least one event.
  const std::size_t k = std::min(m, static_cast<std::size_t>(std::ceil(events)));
  KdTree tree;
  const View<const double, 2> view(points.data(), m, n_variables);
  tree.build(context, view);
  first_.assign(1, 0);
  std::vector<double> distance;
  std::vector<std::int64_t> index;
  std::vector<double> centres;
  for (std::size_t begin = 0; begin < count(); begin += batch_size) {
    const std::size_t size = std::min(batch_size, count() - begin);
    distance.resize(size * k);
    index.resize(size * k);
    centres.clear();
    for (std::size_t g = begin; g < begin + size; ++g) {
      const double* point = points.data() + centre(g) * n_variables;
      centres.insert(centres.end(), point, point + n_variables);
    }
    tree.nearest(context, View<const double, 2>(centres.data(), size, n_variables), k,
                 View<double, 2>(distance.data(), size, k), View<std::int64_t, 2>(index.data(), size, k));
    for (std::size_t p = 0; p < size; ++p) {
      double count = 0;
      std::int64_t weight = 0;
      for (std::size_t q = 0; q < k && count < events; ++q) {
        const auto neighbour = static_cast<std::uint32_t>(index[p * k + q]);
        neighbours_.push_back(neighbour);
        count += count_[neighbour];
        weight += point_weight_[neighbour];
      }
      first_.push_back(neighbours_.size());
      neighbourhood_weight_.push_back(weight);
      if (weight <= 0) {
        throw InvalidArgument(name + ": the sum of weights of the events around its event " +
                              std::to_string(example_[centre(begin + p)]) + " is not positive; take more neighbours");
      }
    }
  }
}

}  // namespace diskern::trees
