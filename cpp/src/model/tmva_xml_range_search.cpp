// PDERS in TMVA's weight files (read only).
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

template <std::size_t size>
std::size_t find_word(const char* const (&words)[size], const std::string& word, const xml::Element& weights,
                      const char* option) {
  for (std::size_t i = 0; i < size; ++i) {
    if (word == words[i]) return i;
  }
  weights.fail(std::string("has ") + option + "=" + word + ", which is not known");
}

double number_of(const Context& context, const char* option, const char* fallback, const xml::Element& weights) {
  const auto value = xml::to_number(context.option(option, fallback));
  if (!value) weights.fail(std::string("has ") + option + "=" + context.option(option, fallback));
  return *value;
}

}  // namespace

PredictorPointer read_range_search(const xml::Element& weights, const Context& context) {
  constexpr const char* modes[] = {"Unscaled", "MinMax", "RMS", "Adaptive", "kNN"};
  constexpr const char* kernels[] = {"Box",   "Sphere", "Teepee",   "Gauss",    "Sinc3",    "Sinc5",    "Sinc7",
                                     "Sinc9", "Sinc11", "Lanczos2", "Lanczos3", "Lanczos5", "Lanczos8", "Trim"};
  statistics::RangeSearchParams params;
  params.VolumeRangeMode = static_cast<statistics::VolumeMode>(
      find_word(modes, context.option("VolumeRangeMode", "Adaptive"), weights, "VolumeRangeMode"));
  params.KernelEstimator = static_cast<statistics::RangeKernel>(
      find_word(kernels, context.option("KernelEstimator", "Box"), weights, "KernelEstimator"));
  params.DeltaFrac = number_of(context, "DeltaFrac", "3", weights);
  params.NEventsMin = number_of(context, "NEventsMin", "100", weights);
  params.NEventsMax = number_of(context, "NEventsMax", "200", weights);
  if (params.VolumeRangeMode == statistics::VolumeMode::kNN && params.NEventsMax < params.NEventsMin) {
    params.NEventsMax = params.NEventsMin;
  }
  params.MaxVIterations = number_of(context, "MaxVIterations", "150", weights);
  params.InitialScale = number_of(context, "InitialScale", "0.99", weights);
  params.GaussSigma = number_of(context, "GaussSigma", "0.1", weights);

  statistics::RangeSample sample;
  const std::size_t d = context.variable_count();
  sample.n_inputs = d;
  sample.n_targets = context.info.analysis_type == AnalysisType::regression ? context.info.targets.size() : 0;
  const std::size_t width = d + sample.n_targets;
  std::vector<double> rows;
  // The tree in the order of the file: parents before their daughters.
  std::vector<xml::Element> open = weights.child("BinaryTree").children("Node");
  while (!open.empty()) {
    const xml::Element node = open.back();
    open.pop_back();
    const auto type = node.integer("type", -1, 65535);
    sample.is_background.push_back(sample.n_targets == 0 && type != context.info.signal_class ? 1 : 0);
    sample.weight.push_back(node.number("weight"));
    const std::vector<double> numbers = node.numbers(width);
    rows.insert(rows.end(), numbers.begin(), numbers.end());
    const std::vector<xml::Element> daughters = node.children("Node");
    open.insert(open.end(), daughters.rbegin(), daughters.rend());
  }
  const std::size_t n = sample.weight.size();
  sample.columns.resize(n * d);
  sample.targets.resize(n * sample.n_targets);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) sample.columns[j * n + i] = static_cast<float>(rows[i * width + j]);
    for (std::size_t t = 0; t < sample.n_targets; ++t) {
      sample.targets[t * n + i] = static_cast<float>(rows[i * width + d + t]);
    }
  }
  for (std::size_t j = 0; j < d; ++j) {
    const float* column = sample.columns.data() + j * n;
    if (n == 0) break;
    const auto [low, high] = std::minmax_element(column, column + n);
    sample.range.push_back(static_cast<double>(*high) - static_cast<double>(*low));
  }
  return std::make_shared<const statistics::RangeSearchPredictor>(params, std::move(sample));
}

}  // namespace diskern::model::tmva
