#pragma once
// TMVA's PDERS: densities of signal and background counted in a box around the event.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "statistics/range_boxes.hpp"

namespace diskern::statistics {

enum class VolumeMode : std::uint8_t { Unscaled, MinMax, RMS, Adaptive, kNN };
enum class RangeKernel : std::uint8_t {
  Box,
  Sphere,
  Teepee,
  Gauss,
  Sinc3,
  Sinc5,
  Sinc7,
  Sinc9,
  Sinc11,
  Lanczos2,
  Lanczos3,
  Lanczos5,
  Lanczos8,
  Trim,
};

struct RangeSearchParams {
  VolumeMode VolumeRangeMode = VolumeMode::Adaptive;
  RangeKernel KernelEstimator = RangeKernel::Box;
  double DeltaFrac = 3.0;      // full edge of the box: times the mean RMS (RMS, Adaptive, kNN), the range (MinMax), 1
  double NEventsMin = 100.0;   // sum of weights in an adaptive box; number of neighbours of kNN
  double NEventsMax = 200.0;   // its upper bound; the most events that kNN orders
  double MaxVIterations = 150.0;
  double InitialScale = 0.99;  // of the adaptive search
  double GaussSigma = 0.1;     // width of the Gaussian, in units of the distance
};

// The training events, by columns.
struct RangeSample {
  std::size_t n_inputs = 0;
  std::size_t n_targets = 0;     // 0: classification
  std::vector<float> columns;    // inputs x events
  std::vector<float> targets;    // targets x events
  std::vector<double> weight;    // one per event
  std::vector<std::uint8_t> is_background;  // one per event; unused in regression
  std::vector<double> range;     // maximum - minimum of each input, for MinMax
};

// y = S / (S + B) of the kernel sums of both classes, each over the sum of its weights; 0.5 where there are none.
// Regression: the mean of the targets with the kernel as weight; 0 where there is no event. The distance is the root of
// the mean square over the inputs, in units of half an edge; kernels but Box leave distances above 1 out.
class RangeSearchPredictor final : public Predictor {
 public:
  // Throws FormatError for sizes that do not fit, InvalidArgument for parameters that make no sense.
  RangeSearchPredictor(RangeSearchParams params, RangeSample sample);
  std::string_view kind() const noexcept override { return "range search"; }
  std::size_t input_count() const noexcept override { return sample_.n_inputs; }
  std::size_t output_count() const noexcept override { return sample_.n_targets == 0 ? 1 : sample_.n_targets; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const RangeSearchParams& params() const noexcept { return params_; }
  const RangeSample& sample() const noexcept { return sample_; }

 private:
  void evaluate(const float* variables, double* responses, RangeBoxes& event) const;
  void kernel_sums(RangeBoxes& event, double scale, double unit, double* sums, double* responses) const;
  double adaptive_scale(RangeBoxes& event) const;
  double neighbours_scale(const RangeBoxes& event) const;
  double kernel(double distance, double largest) const noexcept;

  RangeSearchParams params_;
  RangeSample sample_;
  double class_sum_[2] = {0.0, 0.0};
  RangeClasses classes_;  // regression: one
};

}  // namespace diskern::statistics
