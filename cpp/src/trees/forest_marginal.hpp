#pragma once
// What single trees and single variables contribute to the score of a forest.

#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

// answers(i, t - begin) = weight of tree t times its answer to event i, for the trees [begin, end). Throws Interrupted.
void tree_answers(const Context& context, const Forest& forest, std::size_t begin, std::size_t end,
                  View<const float, 2> events, View<double, 2> answers);

// Friedman's weighted traversal (Ann. Stat. 29 (2001) 1189, section 8.2): the score (before the link) at each point of
// the grid, points x variables.size(), with these variables fixed and the others following the training weights of the
// nodes. scores: points x outputs. Throws InvalidArgument for weighted medians, linear cuts and nodes whose sums of
// weights are unknown or negative.
void partial_dependence(const Context& context, const Forest& forest, const std::vector<std::int32_t>& variables,
                        View<const float, 2> grid, View<double, 2> scores);

}  // namespace diskern::trees
