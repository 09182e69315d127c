#include "trees/neighbour_flatness.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "base/executor.hpp"
#include "trees/sort_scores.hpp"

namespace diskern::trees {

namespace {

// Fixed, so that sums do not depend on the number of threads.
constexpr std::size_t part_count = 2;
constexpr int integer_bits = 60;
constexpr std::size_t events_ahead = 8;  // whose lists are fetched early

// Sums of products of integers of 52 and 60 bits.
__extension__ using Wide = __int128;

double to_double(Wide x) noexcept {
  // Both halves are exact or rounded once: the same on every machine.
  const auto low = static_cast<std::uint64_t>(x);
  const auto high = static_cast<std::int64_t>(x >> 64);
  return std::ldexp(static_cast<double>(high), 64) + static_cast<double>(low);
}

// The power of two that brings everything up to `largest` below 2^60.
double scale_below(double largest) noexcept { return std::ldexp(1.0, integer_bits - 1 - std::ilogb(largest)); }

}  // namespace

NeighbourFlatnessTerm::NeighbourFlatnessTerm(const Context& context, const double* variables, std::size_t n,
                                             std::size_t n_variables, const std::vector<double>& weight, double events,
                                             std::size_t most_neighbourhoods, const std::string& name)
    : surroundings_(context, variables, n, n_variables, weight, events, name, most_neighbourhoods) {
  const std::size_t groups = surroundings_.count();
  inverse_.assign(surroundings_.point_count(), 0.0);
  std::vector<std::int64_t> absolute(surroundings_.point_count(), 0);
  for (std::size_t i = 0; i < n; ++i) absolute[surroundings_.point(i)] += std::abs(surroundings_.weight(i));
  std::vector<double> largest_square(surroundings_.point_count(), 0.0);  // 2 S_g / W_g^2 is at most this
  for (std::size_t g = 0; g < groups; ++g) {
    const double inverse = 1.0 / static_cast<double>(surroundings_.neighbourhood_weight(g));
    std::int64_t all = 0;
    for (const std::uint32_t* p = surroundings_.begin(g); p != surroundings_.end(g); ++p) all += absolute[*p];
    for (const std::uint32_t* p = surroundings_.begin(g); p != surroundings_.end(g); ++p) {
      inverse_[*p] += inverse;
      largest_square[*p] += 2.0 * static_cast<double>(all) * inverse * inverse;
    }
  }
  const double scale = scale_below(*std::max_element(inverse_.begin(), inverse_.end()));
  inverse_unit_ = 1.0 / scale;
  for (const double x : inverse_) inverse_integer_.push_back(std::llrint(x * scale));
  // Rounding may bring the sums a little above their bound.
  square_scale_ = 0.5 * scale_below(*std::max_element(largest_square.begin(), largest_square.end()));
  parts_.resize(std::min(part_count, groups));
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    build_part(parts_[c], c * groups / parts_.size(), (c + 1) * groups / parts_.size());
  }
}

void NeighbourFlatnessTerm::build_part(Part& part, std::size_t begin, std::size_t end) {
  part.first.assign(surroundings_.point_count() + 1, 0);
  for (std::size_t g = begin; g < end; ++g) {
    const auto weight = static_cast<double>(surroundings_.neighbourhood_weight(g));
    part.inverse_square.push_back(1.0 / (weight * weight));
    for (const std::uint32_t* p = surroundings_.begin(g); p != surroundings_.end(g); ++p) ++part.first[*p + 1];
  }
  std::partial_sum(part.first.begin(), part.first.end(), part.first.begin());
  part.group.resize(part.first.back());
  std::vector<std::size_t> place(part.first.begin(), part.first.end() - 1);
  for (std::size_t g = begin; g < end; ++g) {
    for (const std::uint32_t* p = surroundings_.begin(g); p != surroundings_.end(g); ++p) {
      part.group[place[*p]++] = static_cast<std::uint32_t>(g - begin);
    }
  }
}

// What is needed of the neighbourhoods is, for every event, the sum of S_g / W_g^2 over its own, just below and just
// above its score. The rest follows in one more pass:
//   G mean of F_g           sum of w_j (sum of 1 / W_g over the neighbourhoods of j), over the events j so far
//   G mean of F_g^2         grows at a score by  w_i (sum of (S_g below + S_g above) / W_g^2)  for its events i
double NeighbourFlatnessTerm::evaluate(const Context& context, const double* score, double /*power*/,
                                       double* derivative) const {
  const std::size_t n = size();
  sort_scores(context, score, n, keys_, order_, keys_other_, order_other_);
  twice_.resize(parts_.size() * n);
  std::size_t members = 0;
  for (const Part& part : parts_) members += part.group.size();
  parallel_for(
      context, parts_.size(), [&](std::size_t c) { sweep(parts_[c], twice_.data() + c * n); },
      static_cast<double>(members) * 2.0);
  const auto groups = static_cast<double>(surroundings_.count());
  const auto total = static_cast<double>(surroundings_.total_weight());
  std::int64_t all = 0;  // sum of the weights so far
  Wide mean = 0;         // G mean of F_g, in inverse_unit_
  Wide squares = 0;      // G mean of F_g^2, in 1 / square_scale_
  double value = 0;
  for (std::size_t begin = 0; begin < n;) {
    const std::int64_t all_below = all;
    const Wide mean_below = mean;
    std::size_t end = begin;
    for (; end < n && keys_[end] == keys_[begin]; ++end) {
      const std::uint32_t event = order_[end];
      const std::int64_t weight = surroundings_.weight(event);
      double sum = twice_[end];
      for (std::size_t c = 1; c < parts_.size(); ++c) sum += twice_[c * n + end];
      twice_[end] = sum;
      all += weight;
      mean += static_cast<Wide>(weight) * inverse_integer_[surroundings_.point(event)];
      squares += static_cast<Wide>(weight) * std::llrint(sum * square_scale_);
    }
    const double here = 0.5 * static_cast<double>(all_below + all) / total;
    const double mean_here = 0.5 * to_double(mean_below + mean) * inverse_unit_ / groups;
    for (std::size_t k = begin; k < end; ++k) {
      const double own = inverse_[surroundings_.point(order_[k])] * here - 0.5 * twice_[k];
      derivative[order_[k]] = 2.0 * (mean_here - here + total / groups * own);
    }
    if (end == n) break;
    const double gap = score_of_key(keys_[end]) - score_of_key(keys_[begin]);
    const double above = static_cast<double>(all) / total;
    value += gap * (to_double(squares) / square_scale_ - 2.0 * above * to_double(mean) * inverse_unit_ +
                    groups * above * above) /
             groups;
    begin = end;
  }
  return value;
}

// Fills, in the order of the scores, the sum of (S_g below + S_g above) / W_g^2 over the neighbourhoods of each event.
void NeighbourFlatnessTerm::sweep(const Part& part, double* twice) const {
  const std::size_t n = size();
  part.groups.clear();
  for (const double inverse_square : part.inverse_square) part.groups.push_back({0.0, inverse_square});
  Group* const groups = part.groups.data();
  const std::uint32_t* const list = part.group.data();
  const auto first = [&](std::size_t place) { return part.first[surroundings_.point(order_[place])]; };
  const auto last = [&](std::size_t place) { return part.first[surroundings_.point(order_[place]) + 1]; };
  const auto sum_of = [&](std::size_t place) {
    double sum = 0;
    for (std::size_t k = first(place); k < last(place); ++k) sum += groups[list[k]].sum * groups[list[k]].inverse_square;
    return sum;
  };
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    if (end == n || keys_[end] != keys_[begin]) {
      // An event with a score of its own: what follows below, in one pass.
      if (begin + events_ahead < n) __builtin_prefetch(list + first(begin + events_ahead));
      const auto weight = static_cast<double>(surroundings_.weight(order_[begin]));
      double below = 0;
      double above = 0;
      const std::size_t stop = last(begin);
      for (std::size_t k = first(begin); k < stop; ++k) {
        Group& group = groups[list[k]];
        const double sum = group.sum + weight;
        below += group.sum * group.inverse_square;
        above += sum * group.inverse_square;
        group.sum = sum;
      }
      twice[begin] = below + above;
      begin = end;
      continue;
    }
    for (; end < n && keys_[end] == keys_[begin]; ++end) {
    }
    for (std::size_t place = begin; place < end; ++place) twice[place] = sum_of(place);
    for (std::size_t place = begin; place < end; ++place) {
      const auto weight = static_cast<double>(surroundings_.weight(order_[place]));
      const std::size_t stop = last(place);
      for (std::size_t k = first(place); k < stop; ++k) groups[list[k]].sum += weight;
    }
    for (std::size_t place = begin; place < end; ++place) twice[place] += sum_of(place);
    begin = end;
  }
}

double NeighbourFlatnessTerm::reference(const double* score, double* derivative) const {
  const std::size_t n = size();
  const std::size_t points = surroundings_.point_count();
  std::vector<std::vector<std::uint32_t>> events_of(points);
  for (std::size_t i = 0; i < n; ++i) events_of[surroundings_.point(i)].push_back(static_cast<std::uint32_t>(i));
  // The events of every neighbourhood; the last one is the whole class.
  std::vector<std::vector<std::uint32_t>> groups;
  const std::size_t n_groups = surroundings_.count();
  for (std::size_t g = 0; g < n_groups; ++g) {
    groups.emplace_back();
    for (const std::uint32_t* p = surroundings_.begin(g); p != surroundings_.end(g); ++p) {
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
    for (std::size_t g = 0; g < n_groups; ++g) {
      const double local = cumulative(groups[g], score[i]);
      sum += (local - global) / static_cast<double>(n_groups);
      if (std::find(groups[g].begin(), groups[g].end(), i) == groups[g].end()) continue;
      double weight = 0;
      for (const std::uint32_t k : groups[g]) weight += static_cast<double>(surroundings_.weight(k));
      sum += total / (static_cast<double>(n_groups) * weight) * (global - local);
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
    for (std::size_t g = 0; g < n_groups; ++g) {
      const double off = cumulative(groups[g], middle) - global;
      value += (sorted[k + 1] - sorted[k]) * off * off / static_cast<double>(n_groups);
    }
  }
  return value;
}

}  // namespace diskern::trees
