#pragma once
// A trained model from a file: immutable, so any number of threads may evaluate it at once.
//
//   const diskern::Model model = diskern::load("BDTG.diskern");   // everything is validated here
//   double response;
//   model.evaluate(variables, &response);                         // const, noexcept, no allocation, no threads
//
// Link with the CMake target diskern::diskern. The C interface is diskern.h.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/error.hpp"
#include "diskern/export.h"
#include "diskern/view.hpp"

namespace diskern {

enum class AnalysisType : std::uint8_t { classification = 0, regression = 1, multiclass = 2 };

// A variable, spectator or target as it was declared for the training.
struct VariableInfo {
  std::string expression;  // what was computed from the input columns
  std::string label;       // its short name
  std::string title;
  std::string unit;
  std::string internal;  // TMVA's branch name
  char type = 'F';       // 'F' float, 'I' integer
  double minimum = 0.0;  // range in the training sample
  double maximum = 0.0;
};

struct ModelInfo {
  std::string method;  // "BDT", "MLP", "Fisher", ...
  std::string title;   // name under which it was booked
  AnalysisType analysis_type = AnalysisType::classification;
  std::vector<VariableInfo> variables;
  std::vector<VariableInfo> spectators;
  std::vector<VariableInfo> targets;
  std::vector<std::string> classes;
  int signal_class = 0;
  std::vector<std::pair<std::string, std::string>> options;     // booking options with their values
  std::vector<std::pair<std::string, std::string>> provenance;  // versions, date, number of events, ...
  std::vector<std::string> outputs;                             // what the responses are, one name each
};

class DISKERN_EXPORT Model {
 public:
  // Throws InvalidArgument when the file cannot be read, FormatError when it is no valid model file. TMVA's weight
  // files
  // (.weights.xml) are read as well.
  static Model load(const std::string& path);
  static Model from_bytes(const void* data, std::size_t size);

  const ModelInfo& info() const noexcept;
  std::size_t variable_count() const noexcept;
  std::size_t output_count() const noexcept;

  // One event: variable_count() values of the variables, in the order of info().variables and before any
  // transformation, to output_count() responses. NaN is a missing value for trees; other methods give NaN.
  void evaluate(const float* variables, double* outputs) const noexcept;
  // Events as rows, to rows of responses; the same bits as one by one. Throws InvalidArgument for wrong shapes.
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> outputs) const;
  void evaluate(View<const float, 2> events, View<double, 2> outputs) const { evaluate(Context{}, events, outputs); }
  // The same for float64 values, which are rounded to float32 first.
  void evaluate(const Context& context, View<const double, 2> events, View<double, 2> outputs) const;
  // Variables as columns, each a vector of outputs.rows() elements beside each other, in the order of info().variables.
  void evaluate_columns(const Context& context, const std::vector<const float*>& columns,
                        View<double, 2> outputs) const;
  void evaluate_columns(const Context& context, const std::vector<const double*>& columns,
                        View<double, 2> outputs) const;

  // Models of a k-fold training: the columns of the key (such as an event number) that chooses the fold. The model
  // inside that was not trained on the events of that fold answers; new events follow the same rule. Empty for every
  // other model. Without a key such a model answers NaN to one event and throws InvalidArgument for a batch.
  const std::vector<std::string>& key_columns() const noexcept;
  // -1 for a key without a fold (NaN, infinity, out of the range of the rule) and where there are no folds.
  int fold(const double* key) const noexcept;
  // key: key_columns().size() values; a key without a fold gives NaN. Without folds the key is not looked at.
  void evaluate(const float* variables, const double* key, double* outputs) const noexcept;
  // Keys as rows, one per event. Throws InvalidArgument for wrong shapes and for a key without a fold.
  void evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                View<double, 2> outputs) const;

  // What the densities of the response say (booked with CreateMVAPdfs, which has_response_densities() tells). The
  // probability of an event with this response to be signal, where signal_fraction of all events are; and the rarity:
  // the part of background with a smaller response. NaN without densities.
  bool has_response_densities() const noexcept;
  double probability(double response, double signal_fraction = 0.5) const noexcept;
  double rarity(double response) const noexcept;

  // Cuts: the same model at a signal efficiency, whose response is 1 for events that pass, else 0. Throws
  // InvalidArgument for other methods and outside of [0, 1].
  Model at_signal_efficiency(double signal_efficiency) const;

  // From input columns: the names that the variables' expressions read, e.g. "pt" and "eta" for "pt*cosh(eta)"; an
  // element of an array is "x[0]". The columns of the key (k-fold models) are among them. Throws InvalidArgument when an
  // expression cannot be computed by this library.
  const std::vector<std::string>& inputs() const;
  // One event: inputs().size() values in that order. All responses are NaN where inputs() would throw and
  // for a key without a fold.
  void evaluate_inputs(const double* inputs, double* outputs) const noexcept;

  // For callers who hold their variables in another order: element j is the position in names of variable j, found by
  // label or by expression. Throws InvalidArgument with both lists when one is missing or comes twice.
  std::vector<std::size_t> bind(const std::vector<std::string>& names) const;

  void save(const std::string& path) const;  // complete or not at all; throws InvalidArgument
  std::vector<std::uint8_t> bytes() const;   // the same model gives the same bytes
  std::size_t memory_bytes() const;          // about what the model occupies

  class Implementation;
  explicit Model(std::shared_ptr<const Implementation> implementation) noexcept;
  const std::shared_ptr<const Implementation>& implementation() const noexcept { return implementation_; }

 private:
  std::shared_ptr<const Implementation> implementation_;
};

inline Model load(const std::string& path) { return Model::load(path); }

}  // namespace diskern
