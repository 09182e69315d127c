#include "base/near_miss.hpp"

#include <algorithm>
#include <cstddef>

namespace diskern {

namespace {

constexpr std::size_t longest_compared = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Edit distance with transpositions; an edit costs 2, a change of letter case 1.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = 2 * j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = 2 * i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : (lower(a[i - 1]) == lower(b[j - 1]) ? 1 : 2);
      row[j] = std::min({above[j] + 2, row[j - 1] + 2, above[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 2);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string near_miss(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > longest_compared) return "";
  // Up to a third of the letters may be wrong, at least one; names of one or two letters only differ by case.
  std::size_t best = std::max<std::size_t>(name.size() <= 2 ? 1 : 2, 2 * name.size() / 3) + 1;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest_compared) continue;
    std::size_t cost = distance(name, candidate);
    // A name that continues what was typed (or the other way round) is near as well.
    if (name.size() >= 3 && candidate.size() >= 3 &&
        (candidate.compare(0, name.size(), name) == 0 || name.compare(0, candidate.size(), candidate) == 0)) {
      cost = std::min<std::size_t>(cost, 2);
    }
    if (cost < best) {
      best = cost;
      found = &candidate;
    }
  }
  return found == nullptr ? "" : *found;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string near = near_miss(name, candidates);
  return near.empty() ? "" : ", did you mean '" + near + "'?";
}

}  // namespace diskern
