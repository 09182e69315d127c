#include "statistics/range_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/elementwise.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_inputs = 65536;
constexpr double pi = 3.14159265358979323846;

double sinc(double x) { return std::sin(pi * x) / (pi * x); }

// The sign of an even power is that of the function.
double signed_power(double value, std::size_t n) {
  return n % 2 != 0 ? std::pow(value, static_cast<double>(n))
                    : std::abs(value) * std::pow(value, static_cast<double>(n - 1));
}

// Width of the Gaussian from which on float32 exponents are good for 1e-5 of the response.
constexpr double smallest_single_sigma = 0.0995;

}  // namespace

// Steps that one event may take; far more than a box can need.
constexpr double maximum_iterations = 10000.0;

RangeSearchPredictor::RangeSearchPredictor(RangeSearchParams params, RangeSample sample)
    : params_(params), sample_(std::move(sample)) {
  const std::size_t n = sample_.weight.size();
  const std::size_t d = sample_.n_inputs;
  if (d < 1 || d > maximum_inputs || n < 1 || sample_.columns.size() != n * d ||
      sample_.targets.size() != n * sample_.n_targets || sample_.is_background.size() != n ||
      sample_.range.size() != d) {
    throw FormatError("range search: the sizes of the " + std::to_string(n) + " training events do not fit");
  }
  for (const auto* numbers : {&sample_.columns, &sample_.targets}) {
    for (const float value : *numbers) {
      if (!std::isfinite(value)) throw FormatError("range search: a value of a training event is not finite");
    }
  }
  for (const double* value : {&params_.DeltaFrac, &params_.GaussSigma, &params_.InitialScale}) {
    if (!(*value > 0.0 && std::isfinite(*value))) {
      throw InvalidArgument("DeltaFrac, GaussSigma and InitialScale must be positive, one is " + std::to_string(*value));
    }
  }
  if (!(params_.NEventsMin >= 1.0 && params_.NEventsMax >= params_.NEventsMin && std::isfinite(params_.NEventsMax))) {
    throw InvalidArgument("NEventsMin is " + std::to_string(params_.NEventsMin) + " and NEventsMax " +
                          std::to_string(params_.NEventsMax) + ", expected 1 <= NEventsMin <= NEventsMax");
  }
  if (!(params_.MaxVIterations >= 0.0 && params_.MaxVIterations <= maximum_iterations)) {
    throw InvalidArgument("MaxVIterations is " + std::to_string(params_.MaxVIterations) + ", expected 0 to " +
                          std::to_string(static_cast<int>(maximum_iterations)));
  }
  const bool classification = sample_.n_targets == 0;
  if (n >= std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("range search: too many training events");
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(sample_.weight[i]) || sample_.is_background[i] > 1) {
      throw FormatError("range search: a weight or class of a training event makes no sense");
    }
    class_sum_[classification ? sample_.is_background[i] : 0] += sample_.weight[i];
  }
  if (!(class_sum_[0] > 0.0) || (classification && !(class_sum_[1] > 0.0))) {
    throw InvalidArgument("the weights of a class of the training events do not have a positive sum");
  }
  // The mean of the RMS of both classes, as TMVA takes it.
  for (std::size_t j = 0; j < d; ++j) {
    double edge = params_.DeltaFrac;
    if (params_.VolumeRangeMode == VolumeMode::MinMax) {
      edge *= sample_.range[j];
    } else if (params_.VolumeRangeMode != VolumeMode::Unscaled) {
      double rms = 0.0;
      const std::size_t classes = classification ? 2 : 1;
      for (std::size_t which = 0; which < classes; ++which) {
        double first = 0.0;
        double second = 0.0;
        for (std::size_t i = 0; i < n; ++i) {
          if (classification && sample_.is_background[i] != which) continue;
          const auto x = static_cast<double>(sample_.columns[j * n + i]);
          first += sample_.weight[i] * x;
          second += sample_.weight[i] * x * x;
        }
        const double mean = first / class_sum_[which];
        rms += std::sqrt(std::max(0.0, second / class_sum_[which] - mean * mean)) / static_cast<double>(classes);
      }
      edge *= static_cast<double>(static_cast<float>(rms));
    }
    if (!(edge > 0.0) || !std::isfinite(2.0 / edge)) {
      throw InvalidArgument("variable " + std::to_string(j) + " has no spread, there is no box; leave it out");
    }
    classes_.inverse.push_back(1.0 / (0.5 * edge));
  }
  classes_.build(sample_.columns, sample_.weight, sample_.is_background, classification ? 2 : 1);
}

double RangeSearchPredictor::kernel(double distance, double largest) const noexcept {
  const auto lanczos = [&](double level) {
    if (distance < 1e-9) return 1.0;
    return signed_power(sinc(distance) * sinc(distance / level), sample_.n_inputs);
  };
  switch (params_.KernelEstimator) {
    case RangeKernel::Box:
    case RangeKernel::Sphere:
      return 1.0;
    case RangeKernel::Teepee:
      return 1.0 - distance;
    case RangeKernel::Gauss: {
      const double x = distance / params_.GaussSigma;
      return maths::exp(-0.5 * x * x);
    }
    case RangeKernel::Lanczos2:
      return lanczos(2.0);
    case RangeKernel::Lanczos3:
      return lanczos(3.0);
    case RangeKernel::Lanczos5:
      return lanczos(5.0);
    case RangeKernel::Lanczos8:
      return lanczos(8.0);
    case RangeKernel::Trim: {
      const double x = largest > 0.0 ? distance / largest : 0.0;
      const double part = 1.0 - x * x * x;
      return part * part * part;
    }
    default: {
      const double crossings = 2.0 + static_cast<double>(params_.KernelEstimator) -
                               static_cast<double>(RangeKernel::Sinc3);
      const double x = crossings * distance;
      return x < 1e-9 ? 1.0 : signed_power(sinc(x), sample_.n_inputs);
    }
  }
}

// TMVA's search for a box that holds between NEventsMin and NEventsMax.
double RangeSearchPredictor::adaptive_scale(RangeBoxes& event) const {
  // Larger by 15 % until there are enough events, then linear steps towards the middle of the two numbers.
  double base = 1.0;
  double before = event.content(base);
  for (int i = 0; before < params_.NEventsMin && i < 200; ++i) {
    base *= 1.15;
    before = event.content(base);
  }
  auto now = static_cast<float>(before);
  const float first = now;
  const auto wanted = static_cast<float>(0.5 * (params_.NEventsMin + params_.NEventsMax));
  const float scale_before = 1.0F;
  auto scale_now = static_cast<float>(params_.InitialScale);
  float scale = scale_now;
  float best_scale = scale_now;
  float best = now;
  for (int i = 1; static_cast<double>(i) < params_.MaxVIterations; ++i) {
    if (static_cast<double>(now) >= params_.NEventsMin && static_cast<double>(now) <= params_.NEventsMax) break;
    now = static_cast<float>(event.content(base * static_cast<double>(scale)));
    if (now > 1.0F && now - first != 0.0F) {
      scale += scale_now - scale_before != 0.0F ? (scale_now - scale_before) / (now - first) * (wanted - now) : -0.01F;
    } else {
      scale += 0.5F;
    }
    scale_now = scale;
    if (std::abs(now - wanted) < std::abs(best - wanted) &&
        (static_cast<double>(now) >= params_.NEventsMin || best < now)) {
      best = now;
      best_scale = scale;
    }
  }
  return base * static_cast<double>(best_scale);
}

// A box that holds at least NEventsMin and at most NEventsMax events: twice as large or a tenth.
double RangeSearchPredictor::neighbours_scale(const RangeBoxes& event) const {
  double scale = 1.0;
  for (int i = 0; static_cast<double>(i) < params_.MaxVIterations; ++i) {
    double weight = 0.0;
    const auto now = static_cast<double>(event.count(scale, &weight));
    if (now >= params_.NEventsMin && now <= params_.NEventsMax) break;
    scale *= now < params_.NEventsMin ? 2.0 : 0.1;
  }
  return scale;
}

// The kernels in float64.
void RangeSearchPredictor::kernel_sums(RangeBoxes& event, double scale, double unit, double* sums,
                                       double* responses) const {
  const std::size_t n = sample_.weight.size();
  const std::size_t targets = sample_.n_targets;
  const auto d = static_cast<double>(sample_.n_inputs);
  const RangeList& list = event.events(scale);
  double limit = params_.KernelEstimator == RangeKernel::Box ? std::numeric_limits<double>::max() : unit;
  double largest = 0.0;
  RangeList& chosen = event.part();
  if (params_.VolumeRangeMode == VolumeMode::kNN) {
    std::vector<double> ordered;
    for (std::size_t i = 0; i < list.length; ++i) {
      if (list.size[i] <= scale) ordered.push_back(list.square[i]);
    }
    const auto wanted = static_cast<std::size_t>(params_.NEventsMin);
    if (ordered.size() >= wanted) {
      const auto last = ordered.begin() + static_cast<std::ptrdiff_t>(wanted - 1);
      std::nth_element(ordered.begin(), last, ordered.end());
      limit = std::min(limit, *last);
      largest = std::sqrt(*last / d) / scale;
    } else {
      limit = -1.0;
    }
  }
  for (std::size_t c = 0; c < classes_.trees.size(); ++c) {
    chosen.length = 0;
    event.kernels().select(&list, event.begin(c), event.begin(c + 1) - event.begin(c), scale, limit, &chosen);
    double* value = chosen.size;
    if (params_.KernelEstimator == RangeKernel::Gauss) {
      const double factor = -0.5 / (unit * params_.GaussSigma * params_.GaussSigma);
      for (std::size_t i = 0; i < chosen.length; ++i) value[i] = chosen.square[i] * factor;
      elementwise_kernels().exp_double(value, value, chosen.length);
    } else {
      for (std::size_t i = 0; i < chosen.length; ++i) {
        value[i] = kernel(std::sqrt(chosen.square[i] / d) / scale, largest);
      }
    }
    sums[c] = event.kernels().dot(value, chosen.weight, chosen.length);
    for (std::size_t t = 0; t < targets; ++t) {
      for (std::size_t i = 0; i < chosen.length; ++i) {
        responses[t] += value[i] * chosen.weight[i] * static_cast<double>(sample_.targets[t * n + chosen.index[i]]);
      }
    }
  }
}

void RangeSearchPredictor::evaluate(const float* variables, double* responses, RangeBoxes& event) const {
  const std::size_t n = sample_.weight.size();
  const auto d = static_cast<double>(sample_.n_inputs);
  for (std::size_t j = 0; j < sample_.n_inputs; ++j) {
    if (std::isfinite(variables[j])) continue;
    std::fill_n(responses, output_count(), std::numeric_limits<double>::quiet_NaN());
    return;
  }
  const bool neighbours = params_.VolumeRangeMode == VolumeMode::kNN;
  const bool box = params_.KernelEstimator == RangeKernel::Box && !neighbours;
  const std::size_t targets = sample_.n_targets;
  const bool counted = box && targets == 0;
  const std::size_t class_count = classes_.trees.size();
  event.start(classes_, variables, !counted);
  double scale = 1.0;
  if (params_.VolumeRangeMode == VolumeMode::Adaptive) scale = adaptive_scale(event);
  if (neighbours) scale = neighbours_scale(event);
  scale = std::min(scale, std::numeric_limits<double>::max());
  // Distances are in units of the box that was found; of its events those are taken that are within distance 1.
  const double unit = d * scale * scale;
  double sums[2] = {0.0, 0.0};
  if (targets > 0) std::fill_n(responses, targets, 0.0);
  if (counted) {
    for (std::size_t c = 0; c < class_count; ++c) sums[c] = event.content_of_class(c, scale);
  } else if (!neighbours && params_.KernelEstimator == RangeKernel::Gauss && params_.GaussSigma >= smallest_single_sigma &&
             event.single(scale)) {
    const double factor = -0.5 / (unit * params_.GaussSigma * params_.GaussSigma);
    for (std::size_t c = 0; c < class_count; ++c) {
      sums[c] = event.gauss(c, scale, unit, factor);
      for (std::size_t i = 0; targets > 0 && i < event.chosen(); ++i) {
        const double weight = static_cast<double>(event.values()[i]) * event.weights()[i];
        const std::size_t index = event.index(c, i);
        for (std::size_t t = 0; t < targets; ++t) {
          responses[t] += weight * static_cast<double>(sample_.targets[t * n + index]);
        }
      }
    }
  } else {
    kernel_sums(event, scale, unit, sums, responses);
  }
  if (targets > 0) {
    for (std::size_t t = 0; t < targets; ++t) responses[t] = sums[0] == 0.0 ? 0.0 : responses[t] / sums[0];
    return;
  }
  constexpr double nothing = 1e-20;
  const double signal = std::max(0.0, sums[0]);
  const double background = std::max(0.0, sums[1]);
  if (signal < nothing) {
    responses[0] = background < nothing ? 0.5 : 0.0;
  } else if (background < nothing) {
    responses[0] = 1.0;
  } else {
    responses[0] = 1.0 / (1.0 + (background / class_sum_[1]) / (signal / class_sum_[0]));
  }
}

void RangeSearchPredictor::evaluate(const float* variables, double* responses) const noexcept {
  // The memory is kept for the next event of the thread.
  thread_local RangeBoxes event;
  evaluate(variables, responses, event);
}

void RangeSearchPredictor::evaluate(const Context& context, View<const float, 2> events,
                                    View<double, 2> responses) const {
  constexpr std::size_t chunk_size = 128;
  const std::size_t n = events.rows();
  const std::size_t d = input_count();
  // Neighbours one after the other: their boxes are about as large, so that the first list of events mostly is enough.
  std::vector<std::uint32_t> neighbourhood(n);
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(n, chunk_size, chunk);
        std::vector<float> variables(d);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t j = 0; j < d; ++j) variables[j] = events(i, j);
          neighbourhood[i] = static_cast<std::uint32_t>(classes_.neighbourhood(variables.data()));
        }
      },
      static_cast<double>(n) * 20.0);
  std::vector<std::uint32_t> place(RangeClasses::neighbourhoods + 1, 0);
  for (const std::uint32_t number : neighbourhood) ++place[number + 1];
  for (std::size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
  std::vector<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[place[neighbourhood[i]]++] = static_cast<std::uint32_t>(i);
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(n, chunk_size, chunk);
        std::vector<float> variables(d);
        std::vector<double> outputs(output_count());
        for (std::size_t k = range.begin; k < range.end; ++k) {
          const std::size_t i = order[k];
          for (std::size_t j = 0; j < d; ++j) variables[j] = events(i, j);
          evaluate(variables.data(), outputs.data());
          for (std::size_t o = 0; o < outputs.size(); ++o) responses(i, o) = outputs[o];
        }
      },
      static_cast<double>(n) * 2000.0);
}

void RangeSearchPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(sample_.n_inputs));
  group.set("n_targets", static_cast<std::int64_t>(sample_.n_targets));
  group.set("volume_mode", static_cast<std::int64_t>(params_.VolumeRangeMode));
  group.set("kernel", static_cast<std::int64_t>(params_.KernelEstimator));
  group.set("settings", std::vector<double>{params_.DeltaFrac, params_.NEventsMin, params_.NEventsMax,
                                            params_.MaxVIterations, params_.InitialScale, params_.GaussSigma});
  group.set("columns", sample_.columns);
  group.set("targets", sample_.targets);
  group.set("weight", sample_.weight);
  group.set("is_background", sample_.is_background);
  group.set("range", sample_.range);
}

PredictorPointer RangeSearchPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  RangeSearchParams params;
  params.VolumeRangeMode = static_cast<VolumeMode>(group.integer("volume_mode", 0, 4));
  params.KernelEstimator = static_cast<RangeKernel>(group.integer("kernel", 0, 13));
  const std::vector<double>& settings = group.doubles("settings", 6);
  params.DeltaFrac = settings[0];
  params.NEventsMin = settings[1];
  params.NEventsMax = settings[2];
  params.MaxVIterations = settings[3];
  params.InitialScale = settings[4];
  params.GaussSigma = settings[5];
  RangeSample sample;
  sample.n_inputs = group.count("n_inputs", maximum_inputs);
  sample.n_targets = group.count("n_targets", maximum_inputs);
  sample.columns = group.floats("columns");
  sample.targets = group.floats("targets");
  sample.weight = group.doubles("weight");
  sample.is_background = group.bytes("is_background");
  sample.range = group.doubles("range");
  try {
    return std::make_shared<const RangeSearchPredictor>(params, std::move(sample));
  } catch (const InvalidArgument& error) {
    throw FormatError(error.what());
  }
}

}  // namespace diskern::statistics
