#pragma once
// TMVA's VarTransform strings.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace diskern::statistics {

struct StepDefinition {
  char kind = 'I';                     // N, D, P, U, G
  std::vector<std::uint32_t> columns;  // in the order of the statistics
  int reference_class = -1;
};

// "G,D_Signal", "N(_V0_,_V2_)+P", "None". Steps that do nothing (I) are left out. Throws InvalidArgument with the
// position and the near miss.
std::vector<StepDefinition> parse_transformations(const std::string& definition, std::size_t n_targets,
                                                  const std::vector<std::string>& class_names,
                                                  const std::vector<std::string>& column_labels);

}  // namespace diskern::statistics
