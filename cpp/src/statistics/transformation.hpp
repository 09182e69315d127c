#pragma once
// TMVA's input transformations (tmva.md 4): N, D, P, U, G in chains. Every step works in float64 (N in float32, as
// TMVA does) and rounds its outputs to float32, as TMVA's events do, so that chains give TMVA's numbers.

#include <cstddef>
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

// One fitted step. Columns are the variables, followed by the targets (regression only). A step has one set of
// statistics per class and a last one for all classes; with a single class only one set.
class TransformationStep {
 public:
  virtual ~TransformationStep() = default;
  TransformationStep(const TransformationStep&) = delete;
  TransformationStep& operator=(const TransformationStep&) = delete;

  // TMVA's name of the step: "Normalize", "Decorrelation", "PCA", "Gauss", "Uniform" (in TMVA's XML the last two are
  // both called "Gauss", with FlatOrGauss).
  virtual std::string name() const = 0;
  // In place on one event of all columns. class_index < 0 means the reference class of the step; one that is too
  // large means all classes.
  virtual void apply(float* columns, int class_index) const noexcept = 0;
  // Undoes the step (N, P, U, G); throws InvalidArgument where there is no inverse (D).
  virtual void invert(float* columns, int class_index) const = 0;
  virtual bool invertible() const noexcept = 0;
  virtual void write(archive::Group& group) const = 0;

  // The columns that the step reads and overwrites, in the order of its statistics.
  const std::vector<std::uint32_t>& columns() const noexcept { return columns_; }
  // Number of sets of statistics: classes + 1, or 1.
  std::size_t set_count() const noexcept { return set_count_; }
  // The class that was named in the definition ("D_Signal" has the index of Signal), -1 for all classes. TMVA's XML
  // does not store it, so a model that TMVA reads back uses all classes.
  int reference_class() const noexcept { return reference_class_; }

 protected:
  // Throws FormatError unless the columns differ from each other and are not empty, and there is a set.
  TransformationStep(std::vector<std::uint32_t> columns, std::size_t set_count, int reference_class);
  std::size_t set_of(int class_index) const noexcept {
    const int wanted = class_index < 0 ? reference_class_ : class_index;
    return wanted < 0 || static_cast<std::size_t>(wanted) >= set_count_ ? set_count_ - 1
                                                                        : static_cast<std::size_t>(wanted);
  }

 private:
  std::vector<std::uint32_t> columns_;
  std::size_t set_count_;
  int reference_class_;
};

using StepPointer = std::shared_ptr<const TransformationStep>;

struct Range {
  float minimum;
  float maximum;
};

// N: to [-1, 1] by the range of the training sample.
class NormalizeStep final : public TransformationStep {
 public:
  // ranges[set][column]. All constructors here throw FormatError on statistics that do not fit or are not finite.
  NormalizeStep(std::vector<std::uint32_t> columns, std::vector<std::vector<Range>> ranges, int reference_class = -1);
  std::string name() const override { return "Normalize"; }
  void apply(float* columns, int class_index) const noexcept override;
  void invert(float* columns, int class_index) const override;
  bool invertible() const noexcept override { return true; }
  void write(archive::Group& group) const override;
  const std::vector<std::vector<Range>>& ranges() const noexcept { return ranges_; }

 private:
  std::vector<std::vector<Range>> ranges_;
};

// D: x' = C^(-1/2) x.
class DecorrelationStep final : public TransformationStep {
 public:
  // matrices[set]: columns x columns, C order.
  DecorrelationStep(std::vector<std::uint32_t> columns, std::vector<std::vector<double>> matrices,
                    int reference_class = -1);
  std::string name() const override { return "Decorrelation"; }
  void apply(float* columns, int class_index) const noexcept override;
  void invert(float* columns, int class_index) const override;
  bool invertible() const noexcept override { return false; }
  void write(archive::Group& group) const override;
  const std::vector<std::vector<double>>& matrices() const noexcept { return matrices_; }

 private:
  std::vector<std::vector<double>> matrices_;
};

// P: x'_i = sum_j (x_j - mean_j) V_ji.
class PrincipalComponentsStep final : public TransformationStep {
 public:
  // means[set][column]; eigenvectors[set]: columns x columns, C order, one eigenvector per column of the matrix.
  PrincipalComponentsStep(std::vector<std::uint32_t> columns, std::vector<std::vector<double>> means,
                          std::vector<std::vector<double>> eigenvectors, int reference_class = -1);
  std::string name() const override { return "PCA"; }
  void apply(float* columns, int class_index) const noexcept override;
  void invert(float* columns, int class_index) const override;
  bool invertible() const noexcept override { return true; }
  void write(archive::Group& group) const override;
  const std::vector<std::vector<double>>& means() const noexcept { return means_; }
  const std::vector<std::vector<double>>& eigenvectors() const noexcept { return eigenvectors_; }

 private:
  std::vector<std::vector<double>> means_;
  std::vector<std::vector<double>> eigenvectors_;
};

// The cumulative distribution of a variable as TMVA stores it: a histogram with bins of different widths.
struct Cumulative {
  std::vector<double> edges;    // bins + 1, increasing
  std::vector<float> contents;  // per bin: fraction of the weight up to the upper edge of the bin, about
};

// U and G: the cumulative distribution, for G made normal by the inverse error function.
class CumulativeStep final : public TransformationStep {
 public:
  // cumulatives[set][column]; gauss: G, otherwise U.
  CumulativeStep(std::vector<std::uint32_t> columns, std::vector<std::vector<Cumulative>> cumulatives, bool gauss,
                 int reference_class = -1);
  std::string name() const override { return gauss_ ? "Gauss" : "Uniform"; }
  void apply(float* columns, int class_index) const noexcept override;
  void invert(float* columns, int class_index) const override;
  bool invertible() const noexcept override { return true; }
  void write(archive::Group& group) const override;
  const std::vector<std::vector<Cumulative>>& cumulatives() const noexcept { return cumulatives_; }
  bool gauss() const noexcept { return gauss_; }

 private:
  std::vector<std::vector<Cumulative>> cumulatives_;
  bool gauss_;
};

class TransformationChain {
 public:
  static constexpr std::size_t maximum_columns = 4096;

  TransformationChain() = default;
  // Throws FormatError when a step touches a column that does not exist, mixes variables with targets (D, P), or
  // touches targets without being invertible.
  TransformationChain(std::size_t n_variables, std::size_t n_targets, std::vector<StepPointer> steps);

  std::size_t variable_count() const noexcept { return n_variables_; }
  std::size_t target_count() const noexcept { return n_targets_; }
  bool empty() const noexcept { return steps_.empty(); }
  const std::vector<StepPointer>& steps() const noexcept { return steps_; }

  // Transforms the variables of one event in place. No allocation, no exception: chains of more than
  // maximum_columns columns are refused when they are built.
  void apply(float* variables, int class_index = -1) const noexcept;
  // The same for variables and targets, as in training.
  void apply_columns(float* columns, int class_index = -1) const noexcept;
  // Takes responses of a regression back to target units, in place.
  void invert_targets(double* targets) const noexcept;
  // One line per step.
  std::string describe() const;
  void write(archive::Group& group) const;
  static TransformationChain read(const archive::Group& group);

 private:
  std::size_t n_variables_ = 0;
  std::size_t n_targets_ = 0;
  std::vector<StepPointer> steps_;
};

// Fits a chain on training events. definition is TMVA's VarTransform string, e.g. "G,D_Signal" or "N(_V0_,_V2_)";
// "", "None" and "I" give an empty chain. columns: events x (variables + targets); class_index per event; labels of the
// columns for selections by name. Throws InvalidArgument: syntax (with the position), unknown step, class or column
// (with the near miss), NaN or infinity, a column without range in N, a singular covariance in D.
TransformationChain fit_transformations(const Context& context, const std::string& definition,
                                        View<const float, 2> columns, std::size_t n_targets, View<const double> weights,
                                        View<const std::int32_t> class_index,
                                        const std::vector<std::string>& class_names,
                                        const std::vector<std::string>& column_labels);

}  // namespace diskern::statistics
