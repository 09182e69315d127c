#pragma once
// TMVA's input transformations (tmva.md 4): I, N, D, P, U, G in chains. Every step works in float64 and rounds its
// outputs to float32, as TMVA's events do, so that chains give TMVA's numbers.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::archive {
class Group;
}

namespace diskern::statistics {

// One fitted step. Columns are the variables, followed by the targets (regression only).
class TransformationStep {
 public:
  virtual ~TransformationStep() = default;
  virtual std::string name() const = 0;  // "Normalize", "Decorrelation", "PCA", "Gauss", "Uniform", "Identity"
  // In place on one event of all columns; class_index < 0 or too large means all classes.
  virtual void apply(float* columns, int class_index) const noexcept = 0;
  // Undoes the step (N, P, U, G); throws InvalidArgument where there is no inverse (D).
  virtual void invert(float* columns, int class_index) const = 0;
  virtual bool invertible() const noexcept = 0;
  virtual void write(archive::Group& group) const = 0;
};

class TransformationChain {
 public:
  TransformationChain() = default;
  TransformationChain(std::size_t n_variables, std::size_t n_targets, std::vector<std::shared_ptr<const TransformationStep>> steps);

  std::size_t variable_count() const noexcept { return n_variables_; }
  std::size_t target_count() const noexcept { return n_targets_; }
  bool empty() const noexcept { return steps_.empty(); }
  const std::vector<std::shared_ptr<const TransformationStep>>& steps() const noexcept { return steps_; }

  // Transforms the variables of one event in place. No allocation, no exception: chains of more than
  // maximum_columns columns are refused when they are built.
  void apply(float* variables, int class_index = -1) const noexcept;
  // Takes responses of a regression back to target units, in place.
  void invert_targets(double* targets) const noexcept;
  void write(archive::Group& group) const;
  static TransformationChain read(const archive::Group& group);

  static constexpr std::size_t maximum_columns = 4096;

 private:
  std::size_t n_variables_ = 0;
  std::size_t n_targets_ = 0;
  std::vector<std::shared_ptr<const TransformationStep>> steps_;
};

// Fits a chain on training events. definition is TMVA's VarTransform string, e.g. "G,D_Signal" or "N(_V0_,_V2_)".
// columns: events x (variables + targets); class_index per event; labels of the columns for selections by name.
TransformationChain fit_transformations(const Context& context, const std::string& definition, View<const float, 2> columns,
                                        std::size_t n_targets, View<const double> weights, View<const std::int32_t> class_index,
                                        const std::vector<std::string>& class_names,
                                        const std::vector<std::string>& column_labels);

}  // namespace diskern::statistics
