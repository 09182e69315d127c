#include "trees/neighbour_flatness.hpp"

#include <algorithm>
#include <numeric>

#include "base/executor.hpp"
#include "trees/sort_scores.hpp"

namespace diskern::trees {

namespace {

// Fixed, so that sums do not depend on the number of threads.
constexpr std::size_t part_count = 8;

}  // namespace

NeighbourFlatnessTerm::NeighbourFlatnessTerm(const Context& context, const double* variables, std::size_t n,
                                             std::size_t n_variables, const std::vector<double>& weight, double events,
                                             std::size_t most_neighbourhoods, const std::string& name)
    : surroundings_(context, variables, n, n_variables, weight, events, name) {
  const std::size_t points = surroundings_.point_count();
  n_groups_ = std::min(points, most_neighbourhoods);
  parts_.resize(std::min(part_count, n_groups_));
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    Part& part = parts_[c];
    const std::size_t begin = c * n_groups_ / parts_.size();
    const std::size_t end = (c + 1) * n_groups_ / parts_.size();
    part.first.assign(points + 1, 0);
    for (std::size_t g = begin; g < end; ++g) {
      part.centre.push_back(g * points / n_groups_);
      const std::size_t centre = part.centre.back();
      for (const std::uint32_t* p = surroundings_.begin(centre); p != surroundings_.end(centre); ++p) {
        ++part.first[*p + 1];
      }
    }
    std::partial_sum(part.first.begin(), part.first.end(), part.first.begin());
    part.group.resize(part.first.back());
    std::vector<std::size_t> place(part.first.begin(), part.first.end() - 1);
    for (std::size_t g = 0; g < part.centre.size(); ++g) {
      const std::size_t centre = part.centre[g];
      for (const std::uint32_t* p = surroundings_.begin(centre); p != surroundings_.end(centre); ++p) {
        part.group[place[*p]++] = static_cast<std::uint32_t>(g);
      }
    }
  }
}

double NeighbourFlatnessTerm::evaluate(const Context& context, const double* score, double /*power*/,
                                       double* derivative) const {
  const std::size_t n = size();
  sort_scores(context, score, n, keys_, order_, keys_other_, order_other_);
  // F at every event, in the order of the scores.
  std::vector<double> global(n);
  const double inverse_total = 0.5 / static_cast<double>(surroundings_.total_weight());
  std::int64_t all = 0;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    std::int64_t tied = 0;
    while (end < n && keys_[end] == keys_[begin]) tied += surroundings_.weight(order_[end++]);
    std::fill(global.begin() + static_cast<std::ptrdiff_t>(begin), global.begin() + static_cast<std::ptrdiff_t>(end),
              static_cast<double>(2 * all + tied) * inverse_total);
    all += tied;
    begin = end;
  }
  std::vector<double> parts(parts_.size() * n);
  std::vector<double> values(parts_.size());
  std::size_t members = 0;
  for (const Part& part : parts_) members += part.group.size();
  parallel_for(
      context, parts_.size(), [&](std::size_t c) { values[c] = sweep(parts_[c], global.data(), parts.data() + c * n); },
      static_cast<double>(members) * 3.0);
  for (std::size_t k = 0; k < n; ++k) {
    double sum = -global[k];
    for (std::size_t c = 0; c < parts_.size(); ++c) sum += parts[c * n + k];
    derivative[order_[k]] = 2.0 * sum;
  }
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Fills half of the derivative without the term -F, in the order of the scores; returns the value of the part.
double NeighbourFlatnessTerm::sweep(const Part& part, const double* global, double* derivative) const {
  const std::size_t n = size();
  const std::size_t groups = part.centre.size();
  const auto all_groups = static_cast<double>(n_groups_);
  const auto total = static_cast<double>(surroundings_.total_weight());
  std::vector<std::int64_t> sums(groups, 0);  // of the weights up to here
  std::vector<std::int64_t> tied(groups, 0);  // of the events of the present score
  std::vector<double> inverse(groups);
  std::vector<double> share(groups);  // W / (G W_g)
  for (std::size_t g = 0; g < groups; ++g) {
    const auto weight = static_cast<double>(surroundings_.neighbourhood_weight(part.centre[g]));
    inverse[g] = 1.0 / weight;
    share[g] = total / (all_groups * weight);
  }
  double mean = 0;     // sum over the part of F_g
  double squares = 0;  // of F_g^2
  double value = 0;
  double below = 0;  // F just below the present score
  std::vector<std::uint32_t> touched;
  std::vector<std::uint8_t> is_touched(groups, 0);
  // From score `begin` to score `end` F is `above`, half of a step higher than at the former.
  const auto close_gap = [&](std::size_t begin, std::size_t end) {
    const double gap = score_of_key(keys_[end]) - score_of_key(keys_[begin]);
    const double above = 2.0 * global[begin] - below;
    value += gap * (squares - 2.0 * above * mean + static_cast<double>(groups) * above * above) / all_groups;
    below = above;
  };
  for (std::size_t begin = 0; begin < n;) {
    const double here = global[begin];
    const double before = mean;
    std::size_t end = begin + 1;
    if (end == n || keys_[end] != keys_[begin]) {
      // An event with a score of its own: what follows below, in one pass.
      const std::uint32_t point = surroundings_.point(order_[begin]);
      const std::int64_t weight = surroundings_.weight(order_[begin]);
      double sum = 0;
      for (std::size_t k = part.first[point]; k < part.first[point + 1]; ++k) {
        const std::uint32_t g = part.group[k];
        const std::int64_t next = sums[g] + weight;
        const double old = static_cast<double>(sums[g]) * inverse[g];
        const double now = static_cast<double>(next) * inverse[g];
        mean += now - old;
        squares += (now - old) * (now + old);
        sum += share[g] * (here - 0.5 * static_cast<double>(sums[g] + next) * inverse[g]);
        sums[g] = next;
      }
      derivative[begin] = 0.5 * (before + mean) / all_groups + sum;
      if (end == n) break;
      close_gap(begin, end);
      begin = end;
      continue;
    }
    touched.clear();
    for (end = begin; end < n && keys_[end] == keys_[begin]; ++end) {
      const std::uint32_t event = order_[end];
      const std::uint32_t point = surroundings_.point(event);
      const std::int64_t weight = surroundings_.weight(event);
      for (std::size_t k = part.first[point]; k < part.first[point + 1]; ++k) {
        const std::uint32_t g = part.group[k];
        tied[g] += weight;
        if (is_touched[g] == 0) touched.push_back(g);
        is_touched[g] = 1;
      }
    }
    std::sort(touched.begin(), touched.end());  // free of the order of events
    for (const std::uint32_t g : touched) {
      const double old = static_cast<double>(sums[g]) * inverse[g];
      const double now = static_cast<double>(sums[g] + tied[g]) * inverse[g];
      mean += now - old;
      squares += (now - old) * (now + old);
    }
    const double mean_here = 0.5 * (before + mean) / all_groups;
    for (std::size_t place = begin; place < end; ++place) {
      const std::uint32_t point = surroundings_.point(order_[place]);
      double sum = 0;
      for (std::size_t k = part.first[point]; k < part.first[point + 1]; ++k) {
        const std::uint32_t g = part.group[k];
        sum += share[g] * (here - 0.5 * static_cast<double>(2 * sums[g] + tied[g]) * inverse[g]);
      }
      derivative[place] = mean_here + sum;
    }
    for (const std::uint32_t g : touched) {
      sums[g] += tied[g];
      tied[g] = 0;
      is_touched[g] = 0;
    }
    if (end == n) break;
    close_gap(begin, end);
    begin = end;
  }
  return value;
}

double NeighbourFlatnessTerm::reference(const double* score, double* derivative) const {
  const std::size_t n = size();
  const std::size_t points = surroundings_.point_count();
  std::vector<std::vector<std::uint32_t>> events_of(points);
  for (std::size_t i = 0; i < n; ++i) events_of[surroundings_.point(i)].push_back(static_cast<std::uint32_t>(i));
  // The events of every neighbourhood; the last one is the whole class.
  std::vector<std::vector<std::uint32_t>> groups;
  for (std::size_t g = 0; g < n_groups_; ++g) {
    const std::size_t centre = g * points / n_groups_;
    groups.emplace_back();
    for (const std::uint32_t* p = surroundings_.begin(centre); p != surroundings_.end(centre); ++p) {
      groups.back().insert(groups.back().end(), events_of[*p].begin(), events_of[*p].end());
    }
  }
  groups.emplace_back(n);
  std::iota(groups.back().begin(), groups.back().end(), 0U);
  const auto cumulative = [&](const std::vector<std::uint32_t>& group, double s) {
    double sum = 0;
    double all = 0;
    for (const std::uint32_t i : group) {
      const auto w = static_cast<double>(surroundings_.weight(i));
      all += w;
      sum += score[i] < s ? w : score[i] == s ? 0.5 * w : 0.0;
    }
    return sum / all;
  };
  const auto total = static_cast<double>(surroundings_.total_weight());
  for (std::size_t i = 0; i < n; ++i) {
    const double global = cumulative(groups.back(), score[i]);
    double sum = 0;
    for (std::size_t g = 0; g < n_groups_; ++g) {
      const double local = cumulative(groups[g], score[i]);
      sum += (local - global) / static_cast<double>(n_groups_);
      if (std::find(groups[g].begin(), groups[g].end(), i) == groups[g].end()) continue;
      double weight = 0;
      for (const std::uint32_t k : groups[g]) weight += static_cast<double>(surroundings_.weight(k));
      sum += total / (static_cast<double>(n_groups_) * weight) * (global - local);
    }
    derivative[i] = 2.0 * sum;
  }
  std::vector<double> sorted(score, score + n);
  std::sort(sorted.begin(), sorted.end());
  double value = 0;
  for (std::size_t k = 0; k + 1 < n; ++k) {
    if (sorted[k] == sorted[k + 1]) continue;
    const double middle = 0.5 * (sorted[k] + sorted[k + 1]);
    const double global = cumulative(groups.back(), middle);
    for (std::size_t g = 0; g < n_groups_; ++g) {
      const double off = cumulative(groups[g], middle) - global;
      value += (sorted[k + 1] - sorted[k]) * off * off / static_cast<double>(n_groups_);
    }
  }
  return value;
}

}  // namespace diskern::trees
