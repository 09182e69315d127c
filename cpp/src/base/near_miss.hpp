#pragma once
// "did you mean": the closest of the known names, for messages about an unknown one.

#include <string>
#include <string_view>
#include <vector>

namespace diskern {

// The candidate with the smallest edit distance (letter case counts little) to name, or an empty string when none is
// near.
std::string near_miss(std::string_view name, const std::vector<std::string>& candidates);

// ", did you mean 'x'?" or an empty string.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace diskern
