#pragma once
// The rules of RuleFit's forest.

#include <cstdint>
#include <vector>

#include "trees/rule_fit.hpp"
#include "trees/tmva_sample.hpp"

namespace diskern::trees {

// Every node but the root of every tree, in the order of trees and nodes, each with its cuts joined by variable. The
// boost weights of the sample change.
std::vector<statistics::Rule> forest_rules(const Context& context, const RuleFitParams& params, TmvaSample& sample);

// TMVA's boost of RuleFit: with the part e of the weights that is wrong, the weights of the events on the wrong side
// times (1 - e) / e, then all times the factor that keeps their sum. wrong: 0 or 1 per event.
void boost_wrong_events(const std::vector<std::uint8_t>& wrong, TmvaSample& sample);

// TMVA's distance of two rules: -1 where they do not cut on the same variables in the same directions, else the root of
// the summed squares of the differences of their cuts in units of rms.
double rule_distance(const statistics::Rule& a, const statistics::Rule& b, const std::vector<double>& rms);

// Without rules that are closer than the distance to an earlier one.
std::vector<statistics::Rule> different_rules(const std::vector<statistics::Rule>& rules, double distance,
                                              const std::vector<double>& rms);

// Whether the event fulfils the rule.
bool fulfils(const statistics::Rule& rule, const Columns& columns, std::size_t event) noexcept;

}  // namespace diskern::trees
