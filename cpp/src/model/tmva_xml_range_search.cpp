// PDERS in TMVA's weight files.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
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

constexpr const char* modes[] = {"Unscaled", "MinMax", "RMS", "Adaptive", "kNN"};
constexpr const char* kernels[] = {"Box",   "Sphere", "Teepee",   "Gauss",    "Sinc3",    "Sinc5",    "Sinc7",
                                   "Sinc9", "Sinc11", "Lanczos2", "Lanczos3", "Lanczos5", "Lanczos8", "Trim"};
constexpr std::int64_t most_events = std::int64_t{1} << 31;

void restore_order(const xml::Element& weights, const std::vector<std::size_t>& place, std::size_t width,
                   statistics::RangeSample& sample, std::vector<double>& rows) {
  const std::size_t n = sample.weight.size();
  std::vector<std::uint8_t> met(n, 0);
  for (const std::size_t at : place) {
    if (place.size() != n || at >= n || met[at] != 0) {
      weights.fail("has nodes whose indices are not 0 to " + std::to_string(n - 1) + ", each once");
    }
    met[at] = 1;
  }
  const statistics::RangeSample before = sample;
  const std::vector<double> rows_before = rows;
  for (std::size_t i = 0; i < n; ++i) {
    sample.weight[place[i]] = before.weight[i];
    sample.is_background[place[i]] = before.is_background[i];
    for (std::size_t j = 0; j < width; ++j) rows[place[i] * width + j] = rows_before[i * width + j];
  }
}

// The tree as TMVA searches it: at depth l the variable l modulo their number decides, smaller values to the left.
struct TreeWriter {
  xml::Writer& writer;
  const statistics::RangeSample& sample;
  int signal_class;
  std::vector<std::uint32_t> order;

  void write(std::size_t begin, std::size_t end, std::size_t depth, const char* position) {
    const std::size_t n = sample.weight.size();
    const std::size_t d = sample.n_inputs;
    // Some elements are around the tree.
    if (depth + 8 > xml::maximum_depth) {
      throw InvalidArgument(
          "the tree of a TMVA weight file of PDERS would be too deep, as too many training events have the same values");
    }
    const std::size_t selector = depth % d;
    const float* column = sample.columns.data() + selector * n;
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = order.begin() + static_cast<std::ptrdiff_t>(end);
    const auto before = [column](std::uint32_t a, std::uint32_t b) {
      return column[a] != column[b] ? column[a] < column[b] : a < b;
    };
    std::nth_element(first, first + (last - first) / 2, last, before);
    const float value = column[*(first + (last - first) / 2)];
    const auto middle = std::partition(first, last, [&](std::uint32_t i) { return column[i] < value; });
    std::iter_swap(middle, std::min_element(middle, last, before));
    const std::size_t at = *middle;
    writer.open("Node");
    writer.attribute("pos", std::string_view(position));
    writer.attribute("depth", static_cast<std::int64_t>(depth));
    writer.attribute("selector", static_cast<std::int64_t>(selector));
    writer.attribute("weight", sample.weight[at]);
    const int type = sample.is_background[at] == 0 ? signal_class : signal_class == 0 ? 1 : 0;
    writer.attribute("type", std::int64_t{sample.n_targets > 0 ? 0 : type});
    writer.attribute("NVars", static_cast<std::int64_t>(d));
    writer.attribute("index", static_cast<std::int64_t>(at));
    std::vector<double> values;
    for (std::size_t j = 0; j < d; ++j) values.push_back(static_cast<double>(sample.columns[j * n + at]));
    for (std::size_t t = 0; t < sample.n_targets; ++t) {
      values.push_back(static_cast<double>(sample.targets[t * n + at]));
    }
    writer.content(values);
    const auto split = static_cast<std::size_t>(middle - order.begin());
    if (begin < split) write(begin, split, depth + 1, "l");
    if (split + 1 < end) write(split + 1, end, depth + 1, "r");
    writer.close();
  }
};

}  // namespace

PredictorPointer read_range_search(const xml::Element& weights, const Context& context) {
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
  // Our own files say where in the sample an event was; sums over the events then have the same bits.
  std::vector<std::size_t> place;
  // The tree in the order of the file: parents before their daughters.
  std::vector<xml::Element> open = weights.child("BinaryTree").children("Node");
  while (!open.empty()) {
    const xml::Element node = open.back();
    open.pop_back();
    const auto type = node.integer("type", -1, 65535);
    sample.is_background.push_back(sample.n_targets == 0 && type != context.info.signal_class ? 1 : 0);
    sample.weight.push_back(node.number("weight"));
    if (node.has("index")) place.push_back(static_cast<std::size_t>(node.integer("index", 0, most_events)));
    const std::vector<double> numbers = node.numbers(width);
    rows.insert(rows.end(), numbers.begin(), numbers.end());
    const std::vector<xml::Element> daughters = node.children("Node");
    open.insert(open.end(), daughters.rbegin(), daughters.rend());
  }
  const std::size_t n = sample.weight.size();
  if (!place.empty()) restore_order(weights, place, width, sample, rows);
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

Options range_search_options(const statistics::RangeSearchPredictor& predictor) {
  const statistics::RangeSearchParams& params = predictor.params();
  return {{"VolumeRangeMode", modes[static_cast<std::size_t>(params.VolumeRangeMode)]},
          {"KernelEstimator", kernels[static_cast<std::size_t>(params.KernelEstimator)]},
          {"DeltaFrac", xml::to_text(params.DeltaFrac)},
          {"NEventsMin", xml::to_text(params.NEventsMin)},
          {"NEventsMax", xml::to_text(params.NEventsMax)},
          {"MaxVIterations", xml::to_text(params.MaxVIterations)},
          {"InitialScale", xml::to_text(params.InitialScale)},
          {"GaussSigma", xml::to_text(params.GaussSigma)}};
}

void write_range_search(xml::Writer& writer, const statistics::RangeSearchPredictor& predictor, const ModelInfo& info) {
  const statistics::RangeSample& sample = predictor.sample();
  std::vector<std::uint32_t> order(sample.weight.size());
  std::iota(order.begin(), order.end(), 0U);
  TreeWriter tree{writer, sample, info.signal_class, std::move(order)};
  writer.open("BinaryTree");
  writer.attribute("type", std::string_view("BinarySearchTree"));
  tree.write(0, sample.weight.size(), 0, "s");
  writer.close();
}

}  // namespace diskern::model::tmva
