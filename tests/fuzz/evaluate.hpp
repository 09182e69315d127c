#pragma once
// What every target does with a model that was accepted: it must evaluate anything, and write itself.

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/implementation.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::fuzz {

inline void use(const Model& model) {
  const std::size_t n_variables = model.variable_count();
  const std::size_t n_outputs = model.output_count();
  const float special[] = {0.0F,   1.0F,   -1.0F,
                           1e30F,  -1e-30F, std::numeric_limits<float>::quiet_NaN(),
                           std::numeric_limits<float>::infinity()};
  std::vector<float> variables(n_variables);
  std::vector<double> outputs(n_outputs);
  for (std::size_t event = 0; event < 7; ++event) {
    for (std::size_t j = 0; j < n_variables; ++j) variables[j] = special[(event + j * (event % 3)) % 7];
    model.evaluate(variables.data(), outputs.data());
    const std::vector<double> key(model.key_columns().size(), static_cast<double>(special[event]));
    model.evaluate(variables.data(), key.data(), outputs.data());
  }
  try {
    std::vector<double> inputs(model.inputs().size(), 0.5);
    model.evaluate_inputs(inputs.data(), outputs.data());
  } catch (const InvalidArgument&) {
  }
  // What was read must be writable and readable, as the same bytes.
  const std::vector<std::uint8_t> bytes = model.bytes();
  const Model again = Model::from_bytes(bytes.data(), bytes.size());
  if (again.bytes() != bytes) std::abort();
  try {
    const std::string text = model::write_tmva_xml(model);
    (void)model::read_tmva_xml(text);
  } catch (const InvalidArgument&) {  // TMVA's format cannot express it
  }
}

}  // namespace diskern::fuzz
