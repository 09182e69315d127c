#pragma once
// TMVA's MVAPdfs: how the response of a classifier is distributed for signal and for background, and what follows from it
// for an event.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/density.hpp"

namespace diskern::statistics {

// Immutable.
class ResponseDensities {
 public:
  ResponseDensities(Density signal, Density background);

  const Density& signal() const noexcept { return densities_[0]; }
  const Density& background() const noexcept { return densities_[1]; }

  // Of an event with this response to be signal, where signal_fraction of all events are: f s / (f s + (1 - f) b). NaN for
  // a response that is NaN.
  double probability(double response, double signal_fraction) const noexcept;
  // The part of background with a smaller response: flat between 0 and 1 for background.
  double rarity(double response) const noexcept;

  void write(archive::Group& group) const;
  static std::shared_ptr<const ResponseDensities> read(const archive::Group& group);

 private:
  Density densities_[2];
  std::vector<double> below_;  // of background: the sum of the bins before each, over that of all
};

// Of one class.
struct ResponseDensityParams {
  DensitySettings settings;
  std::int32_t bins = 0;             // 0: by events_per_bin
  std::int32_t events_per_bin = 50;  // of all events
};

// Histograms of equal bins between the smallest and the largest response of all events, weighted, and normalised to an
// integral of 1. Responses are rounded to float32, and the largest one is in no bin, as in TMVA. Throws InvalidArgument
// for a class without a positive sum, responses that are all the same or not finite, bins that do not fit.
std::shared_ptr<const ResponseDensities> fit_response_densities(const ResponseDensityParams& signal,
                                                                const ResponseDensityParams& background,
                                                                View<const double> response,
                                                                View<const std::int32_t> class_index,
                                                                std::int32_t signal_class, View<const double> weight);

}  // namespace diskern::statistics
