#pragma once
// TMVA's Cuts: for each of 100 signal efficiencies the rectangular cuts with the lowest background efficiency.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "statistics/fitter.hpp"

namespace diskern::statistics {

// An event passes where minimum < x <= maximum for every variable.
struct CutSet {
  double signal_efficiency = 0.0;      // lower edge of the bin of signal efficiency that it belongs to
  double background_efficiency = 0.0;  // negative: no cuts were found
  std::vector<double> minimum;
  std::vector<double> maximum;
};

// Without a working point the response is 1 - e where e is the lowest signal efficiency of the table whose cuts the
// event passes (0 where it passes none): between 0 and 1, signal high, so that a cut on it gives a curve. With one,
// 1 for an event that passes the cuts of that signal efficiency, else 0, as TMVA's Reader.
class CutsPredictor final : public Predictor {
 public:
  static constexpr double no_working_point = -1.0;
  static constexpr double no_cut = 1e30;  // TMVA's bound where a variable is not cut

  // Throws FormatError for tables that are empty or whose rows have another number of variables.
  CutsPredictor(std::size_t n_inputs, std::vector<CutSet> table, double working_point = no_working_point);
  std::string_view kind() const noexcept override { return "cuts"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return 1; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const std::vector<CutSet>& table() const noexcept { return table_; }
  double working_point() const noexcept { return working_point_; }
  // The cuts that belong to a signal efficiency: those of the bin above it, as in TMVA, so that at least that much is
  // kept. Throws InvalidArgument outside of [0, 1].
  const CutSet& at(double signal_efficiency) const;
  // The same table at a working point.
  std::shared_ptr<const CutsPredictor> at_efficiency(double signal_efficiency) const;

 private:
  bool passes(std::size_t row, const float* variables) const noexcept;
  std::size_t index_of(double signal_efficiency) const noexcept;

  std::size_t n_inputs_;
  std::vector<CutSet> table_;
  double working_point_;
  // Bounds row after row; comparisons of float32 numbers with them are those with the float64 ones.
  std::vector<float> low_;
  std::vector<float> high_;
};

// The largest float32 that is not above x; comparisons of float32 numbers with it are those with x.
float float_below(double x);

enum class CutsFitter : std::uint8_t { GA, SA, MC, MCEvents, MINUIT };  // MCEvents: windows that hold a few signal events
enum class CutsEfficiency : std::uint8_t { EffSel, EffPDF };
enum class CutSide : std::uint8_t {
  NotEnforced,  // a window
  FMin,         // a lower cut only
  FMax,         // an upper cut only
  FSmart,       // one of the two, by the means of signal and background
};

struct CutsVariable {
  CutSide side = CutSide::NotEnforced;
  double minimum = -1.0;  // of the range in which cuts are sought; equal to the maximum: that of the events
  double maximum = -1.0;
};

struct CutsParams {
  CutsFitter fitter = CutsFitter::GA;
  CutsEfficiency efficiency = CutsEfficiency::EffSel;
  std::vector<CutsVariable> variables;
  GeneticParams genetic;
  AnnealingParams annealing;
  MonteCarloParams monte_carlo;
  DescentParams descent;
  std::int32_t signal_class = 0;            // all other classes together are the background
  std::vector<std::string> variable_names;  // for messages; may be empty
};

// Efficiencies are ratios of sums of weights, counted (EffSel) or the product of those of the densities of the
// variables (EffPDF). What is found (but for MC) is refined bin by bin. Afterwards no bin keeps more background than one of a higher signal efficiency. Throws
// InvalidArgument for samples without both classes, negative sums of weights, ranges that make no sense.
std::shared_ptr<const CutsPredictor> fit_cuts(const Context& context, const CutsParams& params,
                                              View<const float, 2> events, View<const std::int32_t> class_index,
                                              View<const double> weight);

}  // namespace diskern::statistics
