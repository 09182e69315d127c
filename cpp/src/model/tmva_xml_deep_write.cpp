// DL in TMVA's weight files, written: networks that are a chain of the layers that TMVA has. What it cannot express is
// an error that names the layer.
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml_deep.hpp"
#include "network/activation.hpp"

namespace diskern::model::tmva {

namespace {

using network::graph::Graph;
using network::graph::GraphPredictor;
using network::graph::Layer;
using network::graph::Link;
using network::graph::Node;
using network::graph::ParameterInfo;
using network::graph::Shape;
using network::graph::size_of;

// How the numbers of a value lie: in one row, as an image with the channels first (as TMVA has them) or last, or as a
// series. The order in memory that TMVA sees is that of the row, the first form and the series.
enum class Form : std::uint8_t { row, first, image, series };

// The fields of a layer in a layout string.
std::string word_of(const char* kind, std::initializer_list<std::size_t> numbers) {
  std::string word = kind;
  for (const std::size_t number : numbers) {
    word += '|';
    word += std::to_string(number);
  }
  return word;
}

class ChainWriter {
 public:
  explicit ChainWriter(const GraphPredictor& predictor) : predictor_(predictor), graph_(predictor.graph()) {
    if (graph_.inputs().size() != 1 || graph_.outputs().size() != 1) refuse("several inputs or outputs");
    const Shape& shape = graph_.inputs()[0].shape;
    if (shape.size() > 3) refuse("an input of the shape " + network::graph::text_of(shape));
    form_ = form_of(shape);
    input_ = shape;
    std::size_t value = 0;
    for (std::size_t n = 0; n < graph_.nodes().size(); ++n) {
      const Node& node = graph_.nodes()[n];
      if (node.inputs.size() != 1 || node.inputs[0] != value) refuse(graph_.layer_of(node), "is not part of a chain");
      take(n);
      value = n + 1;
    }
    if (graph_.outputs()[0].value != value) refuse("an output before the end of its chain");
    if (value == 0 || form_ != Form::row) refuse("an end that is no row of numbers");
    if (graph_.outputs()[0].link == Link::exponential) refuse("an exponential at its end");
  }

  std::string layout() const {
    std::string text;
    for (const std::string& word : words_) text += (text.empty() ? "" : ",") + word;
    return text;
  }
  std::array<std::size_t, 3> input() const {
    if (input_.size() == 1) return {1, 1, input_[0]};
    if (input_.size() == 2) return {input_[0], 1, input_[1]};  // as TMVA's tutorials have steps and features
    return {input_[0], input_[1], input_[2]};
  }

  void write(xml::Writer& writer) const {
    const auto number = [&](const char* name, std::size_t value) {
      writer.attribute(name, static_cast<std::int64_t>(value));
    };
    const std::array<std::size_t, 3> extents = input();
    const Link link = graph_.outputs()[0].link;
    const bool plain = input_.size() == 1;
    number("NetDepth", layers_.size());
    number("InputDepth", extents[0]);
    number("InputHeight", extents[1]);
    number("InputWidth", extents[2]);
    number("BatchSize", 1);
    number("BatchDepth", 1);
    number("BatchHeight", plain ? 1 : extents[0]);
    number("BatchWidth", plain ? extents[2] : extents[1] * extents[2]);
    writer.attribute("LossFunction", link == Link::sigmoid ? "C" : link == Link::softmax ? "S" : "R");
    writer.attribute("Initialization", "X");
    writer.attribute("Regularization", "0");
    writer.attribute("OutputFunction", link == Link::sigmoid ? "S" : link == Link::softmax ? "M" : "I");
    writer.attribute("WeightDecay", 0.0);
    for (const Element& element : layers_) {
      writer.open(element.name);
      for (const auto& [name, value] : element.numbers) number(name, value);
      for (const auto& [name, value] : element.reals) writer.attribute(name, value);
      for (const Matrix& matrix : element.matrices) {
        writer.open(matrix.name);
        number("Rows", matrix.rows);
        number("Columns", matrix.columns);
        writer.content(matrix.numbers);
        writer.close();
      }
      writer.close();
    }
  }

 private:
  struct Matrix {
    const char* name;
    std::size_t rows;
    std::size_t columns;
    std::vector<double> numbers;
  };
  struct Element {
    const char* name;
    std::vector<std::pair<const char*, std::size_t>> numbers;
    std::vector<std::pair<const char*, double>> reals;
    std::vector<Matrix> matrices;
  };

  [[noreturn]] static void refuse(const std::string& what) {
    throw InvalidArgument("this network cannot be written as a TMVA weight file: it has " + what);
  }
  [[noreturn]] static void refuse(const Layer& layer, const std::string& what) {
    throw InvalidArgument("this network cannot be written as a TMVA weight file: layer '" + layer.name() + "' (" +
                          layer.kind() + ") " + what);
  }

  static Form form_of(const Shape& shape) noexcept {
    return shape.size() == 1 ? Form::row : shape.size() == 2 ? Form::series : Form::first;
  }

  static std::vector<std::size_t> sizes(const archive::Group& attributes, const char* key) {
    std::vector<std::size_t> result;
    for (const std::int64_t value : attributes.integers64(key)) result.push_back(static_cast<std::size_t>(value));
    return result;
  }

  // The numbers of a parameter of the layer; empty where it has none of that name.
  const float* parameter(std::size_t layer, std::string_view name) const {
    const float* place = predictor_.parameters().data() + graph_.parameter_offset(layer);
    for (const ParameterInfo& info : graph_.layers()[layer]->parameters()) {
      if (info.name == name) return place;
      place += info.size();
    }
    return nullptr;
  }
  static std::vector<double> wide(const float* numbers, std::size_t count) {
    if (numbers == nullptr) return std::vector<double>(count, 0.0);
    return {numbers, numbers + count};
  }

  void take(std::size_t n) {
    const Node& node = graph_.nodes()[n];
    const Layer& layer = graph_.layer_of(node);
    const std::string_view kind = layer.kind();
    archive::Group attributes;
    layer.write(attributes);
    if (kind == "dropout" || kind == "gaussian_noise" || kind == "gradient_reversal") return;
    if (kind == "reshape") return take_reshape(layer);
    if (kind == "permute") return take_permute(layer, attributes);
    if (kind == "activation") return take_activation(layer);
    open_for_function_ = false;
    if (kind == "dense") {
      take_dense(layer, node.layer);
    } else if (kind == "convolution") {
      take_convolution(layer, node.layer, attributes);
    } else if (kind == "pooling") {
      take_pooling(layer, attributes);
    } else if (kind == "batch_normalisation") {
      take_normalisation(layer, node.layer, attributes);
    } else if (const auto* names = std::find_if(recurrent_names.begin(), recurrent_names.end(),
                                                [&](const RecurrentNames& one) { return kind == one.kind; });
               names != recurrent_names.end()) {
      take_recurrent(layer, node.layer, attributes, *names);
    } else {
      refuse(layer, "is none of TMVA's layers");
    }
  }

  void add_reshape(const Shape& shape, bool flat) {
    layers_.push_back({"ReshapeLayer",
                       {{"Depth", shape[0]}, {"Height", shape[1]}, {"Width", shape[2]}, {"Flattening", flat ? 1U : 0U}},
                       {},
                       {}});
    words_.push_back(flat ? "RESHAPE|FLAT" : word_of("RESHAPE", {shape[0], shape[1], shape[2]}));
  }

  void take_reshape(const Layer& layer) {
    open_for_function_ = false;
    const Shape& before = layer.input_shapes()[0];
    const Shape& after = layer.output_shape();
    if (form_ == Form::image && before[2] != 1) {
      refuse(layer, "arranges an image with the channels last; TMVA has them first (Permute((2, 0, 1)) before it)");
    }
    if (after.size() > 3) refuse(layer, "gives more than three dimensions");
    if (after == before) return;
    form_ = form_of(after);
    if (layers_.empty()) {
      input_ = after;  // the numbers of an event lie so from the start
    } else if (after.size() == 1) {
      add_reshape({1, 1, after[0]}, true);
    } else {
      add_reshape(after.size() == 2 ? Shape{1, after[0], after[1]} : after, false);
    }
  }

  void take_permute(const Layer& layer, const archive::Group& attributes) {
    const std::vector<std::int64_t>& order = attributes.integers64("order");
    if (form_ == Form::first && order == std::vector<std::int64_t>{1, 2, 0}) {
      form_ = Form::image;
    } else if (form_ == Form::image && order == std::vector<std::int64_t>{2, 0, 1}) {
      form_ = Form::first;
    } else {
      refuse(layer, "moves numbers in a way that TMVA does not know");
    }
  }

  void take_activation(const Layer& layer) {
    const std::string_view name = network::name(layer.function());
    const auto* found = std::find_if(deep_functions.begin(), deep_functions.end(),
                                     [&](const char* function) { return name == function; });
    if (found == deep_functions.end()) {
      refuse(layer, "applies " + std::string(name) +
                        ", TMVA has linear, relu, sigmoid, tanh, symmetric_relu, softsign, gauss");
    }
    const auto code = static_cast<std::size_t>(found - deep_functions.begin());
    if (code == 0) return;
    if (!open_for_function_) {
      refuse(layer, "stands behind a layer that in TMVA has no function (only dense and convolution layers have)");
    }
    open_for_function_ = false;
    layers_.back().numbers.back().second = code;
    std::string& word = words_.back();
    word = word.substr(0, word.rfind('|') + 1) + deep_function_words[code];
  }

  void take_dense(const Layer& layer, std::size_t index) {
    if (form_ != Form::row) refuse(layer, "works along the last dimension; in TMVA numbers lie in one row before it");
    const std::size_t inputs = layer.input_shapes()[0][0];
    const std::size_t width = layer.output_shape()[0];
    const float* weights = parameter(index, "weights");
    std::vector<double> turned;
    for (std::size_t o = 0; o < width; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) turned.push_back(static_cast<double>(weights[i * width + o]));
    }
    layers_.push_back({"DenseLayer",
                       {{"Width", width}, {"ActivationFunction", 0}},
                       {},
                       {{"Weights", width, inputs, std::move(turned)},
                        {"Biases", width, 1, wide(parameter(index, "biases"), width)}}});
    words_.push_back(word_of("DENSE", {width}) + "|LINEAR");
    open_for_function_ = true;
  }

  void expect_image(const Layer& layer, const archive::Group& attributes) {
    const Shape& shape = layer.input_shapes()[0];
    if (attributes.integer("dimensions", 1, 2) != 2) refuse(layer, "works on a series, TMVA's on images");
    if (form_ == Form::image) return;
    if (form_ != Form::first || shape[2] != 1) {
      refuse(layer, "works on an image with the channels last; TMVA has them first (Permute((1, 2, 0)) before it)");
    }
    // Of one channel both are the same.
    form_ = Form::image;
    if (layers_.empty()) {
      input_ = {1, shape[0], shape[1]};
    } else {
      layers_.pop_back();  // the reshape that made it
      words_.pop_back();
      add_reshape({1, shape[0], shape[1]}, false);
    }
  }
  // The border on both sides of an axis, on which TMVA insists that windows fill the image.
  static std::size_t border(const Layer& layer, const archive::Group& attributes, std::size_t axis, std::size_t window,
                            std::size_t stride) {
    const std::size_t extent = layer.input_shapes()[0][axis];
    const std::size_t out = layer.output_shape()[axis];
    const std::string& padding = attributes.text("padding");
    std::size_t before = 0;
    std::size_t behind = 0;
    if (padding == "explicit") {
      const std::vector<std::size_t> given = sizes(attributes, "border");
      before = given[2 * axis];
      behind = given[2 * axis + 1];
    } else if (padding == "same") {
      const std::size_t needed = (out - 1) * stride + window;
      const std::size_t total = needed > extent ? needed - extent : 0;
      before = total / 2;
      behind = total - before;
    }
    if (before != behind) refuse(layer, "has another border in front than behind, which TMVA does not know");
    if (extent + 2 * before != (out - 1) * stride + window) {
      refuse(layer, "leaves pixels at the edge out, where TMVA insists on windows that fill the image");
    }
    return before;
  }

  void take_convolution(const Layer& layer, std::size_t index, const archive::Group& attributes) {
    expect_image(layer, attributes);
    const std::vector<std::size_t> kernel = sizes(attributes, "kernel");
    const std::vector<std::size_t> stride = sizes(attributes, "stride");
    const std::vector<std::size_t> dilation = sizes(attributes, "dilation");
    if (dilation[0] != 1 || dilation[1] != 1 || attributes.integer("groups", 1, 1 << 26) != 1) {
      refuse(layer, "has dilation or groups, which TMVA does not know");
    }
    const std::size_t top = border(layer, attributes, 0, kernel[0], stride[0]);
    const std::size_t left = border(layer, attributes, 1, kernel[1], stride[1]);
    const std::size_t channels = layer.input_shapes()[0][2];
    const std::size_t maps = layer.output_shape()[2];
    const float* weights = parameter(index, "weights");
    std::vector<double> turned;
    for (std::size_t o = 0; o < maps; ++o) {
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t tap = 0; tap < kernel[0] * kernel[1]; ++tap) {
          turned.push_back(static_cast<double>(weights[(tap * channels + c) * maps + o]));
        }
      }
    }
    layers_.push_back({"ConvLayer",
                       {{"Depth", maps},
                        {"FilterHeight", kernel[0]},
                        {"FilterWidth", kernel[1]},
                        {"StrideRows", stride[0]},
                        {"StrideCols", stride[1]},
                        {"PaddingHeight", top},
                        {"PaddingWidth", left},
                        {"ActivationFunction", 0}},
                       {},
                       {{"Weights", maps, channels * kernel[0] * kernel[1], std::move(turned)},
                        {"Biases", maps, 1, wide(parameter(index, "biases"), maps)}}});
    words_.push_back(word_of("CONV", {maps, kernel[0], kernel[1], stride[0], stride[1], top, left}) + "|LINEAR");
    open_for_function_ = true;
  }

  void take_pooling(const Layer& layer, const archive::Group& attributes) {
    expect_image(layer, attributes);
    if (attributes.text("operation") != "maximum") refuse(layer, "is no maximum, the only pooling of TMVA");
    const std::vector<std::size_t> window = sizes(attributes, "window");
    const std::vector<std::size_t> stride = sizes(attributes, "stride");
    if (border(layer, attributes, 0, window[0], stride[0]) + border(layer, attributes, 1, window[1], stride[1]) > 0) {
      refuse(layer, "has a border, which TMVA's pooling does not know");
    }
    layers_.push_back({"MaxPoolLayer",
                       {{"FilterHeight", window[0]},
                        {"FilterWidth", window[1]},
                        {"StrideRows", stride[0]},
                        {"StrideCols", stride[1]}},
                       {},
                       {}});
    words_.push_back(word_of("MAXPOOL", {window[0], window[1], stride[0], stride[1]}));
  }

  void take_normalisation(const Layer& layer, std::size_t index, const archive::Group& attributes) {
    const Shape& shape = layer.output_shape();
    const std::size_t channels = shape.back();
    // TMVA normalises channels directly behind convolutions and pooling, else every number of an event by itself.
    const bool by_channel = form_ == Form::image && !layers_.empty() &&
                            (std::string_view(layers_.back().name) == "ConvLayer" ||
                             std::string_view(layers_.back().name) == "MaxPoolLayer");
    if (form_ == Form::first) refuse(layer, "normalises the last axis of an image with the channels first");
    const std::size_t count = by_channel ? channels : size_of(shape);
    const std::size_t positions = size_of(shape) / channels;
    // Which channel the number i of an event belongs to, as TMVA counts them.
    const auto channel = [&](std::size_t i) {
      return by_channel ? i : form_ == Form::image ? i / positions : i % channels;
    };
    std::vector<Matrix> matrices;
    for (const auto& [name, ours] : {std::pair<const char*, const char*>{"Training-mu", "running_mean"},
                                     {"Training-variance", "running_variance"},
                                     {"Gamma", "gamma"},
                                     {"Beta", "beta"}}) {
      const float* numbers = parameter(index, ours);
      std::vector<double> repeated;
      for (std::size_t i = 0; i < count; ++i) repeated.push_back(static_cast<double>(numbers[channel(i)]));
      matrices.push_back({name, 1, count, std::move(repeated)});
    }
    const double momentum = attributes.finite_real("momentum");
    const double kept = momentum < 0.0 ? -1.0 : 1.0 - momentum;
    const double epsilon = attributes.finite_real("epsilon");
    layers_.push_back({"BatchNormLayer", {}, {{"Momentum", kept}, {"Epsilon", epsilon}}, std::move(matrices)});
    words_.push_back("BNORM|" + xml::to_text(kept) + "|" + xml::to_text(epsilon));
  }

  void take_recurrent(const Layer& layer, std::size_t index, const archive::Group& attributes,
                      const RecurrentNames& names) {
    const Shape& shape = layer.input_shapes()[0];
    if (form_ != Form::series) refuse(layer, "does not work on a series");
    if (attributes.boolean("backwards")) refuse(layer, "begins with the last step, which TMVA does not know");
    const std::size_t features = shape[1];
    const auto units = static_cast<std::size_t>(attributes.integer("units", 1, 1 << 16));
    const std::size_t columns = names.gates * units;
    const bool sequences = attributes.boolean("sequences");
    const bool gru = std::string_view(names.kind) == "gru";
    const bool reset_after = gru && !(attributes.contains("reset_after") && !attributes.boolean("reset_after"));
    const float* weights = parameter(index, "weights");
    const float* outer = parameter(index, "recurrent_weights");
    const float* biases = parameter(index, "biases");
    if (reset_after && std::any_of(biases + columns, biases + columns + units, [](float b) { return b != 0.0F; })) {
      refuse(layer, "has biases behind its reset gate, which TMVA's GRU has not (reset_after=False has none)");
    }
    const auto turned = [&](const float* from, std::size_t rows, std::size_t gate) {
      std::vector<double> numbers;
      for (std::size_t o = 0; o < units; ++o) {
        for (std::size_t i = 0; i < rows; ++i) {
          numbers.push_back(static_cast<double>(from[i * columns + names.our_gates[gate] * units + o]));
        }
      }
      return numbers;
    };
    Element element{names.element,
                    {{"StateSize", units},
                     {"InputSize", features},
                     {"TimeSteps", shape[0]},
                     {"RememberState", 0},
                     {"ReturnSequence", sequences ? 1U : 0U}},
                    {},
                    {}};
    if (std::string_view(names.kind) == "lstm") {
      element.numbers.insert(element.numbers.begin() + 1, std::pair<const char*, std::size_t>{"CellSize", units});
    }
    if (gru) element.numbers.emplace_back("ResetGateAfter", reset_after ? 1U : 0U);
    for (std::size_t g = 0; g < names.gates; ++g) {
      element.matrices.push_back({names.matrices[g], units, features, turned(weights, features, g)});
      element.matrices.push_back({names.matrices[names.gates + g], units, units, turned(outer, units, g)});
      element.matrices.push_back({names.biases[g], units, 1, wide(biases + names.our_gates[g] * units, units)});
    }
    layers_.push_back(std::move(element));
    const std::size_t returned = sequences ? 1 : 0;
    if (gru) {
      words_.push_back(word_of("GRU", {units, features, shape[0], 0, returned, reset_after ? 1U : 0U}));
    } else {
      const char* word = std::string_view(names.kind) == "lstm" ? "LSTM" : "RNN";
      words_.push_back(word_of(word, {units, features, shape[0], 0, returned}));
    }
    form_ = sequences ? Form::series : Form::row;
  }

  const GraphPredictor& predictor_;
  const Graph& graph_;
  Form form_ = Form::row;
  Shape input_;
  bool open_for_function_ = false;  // the layer before takes an activation function
  std::vector<Element> layers_;
  std::vector<std::string> words_;  // of the layout
};

}  // namespace

Options deep_network_options(const GraphPredictor& predictor) {
  const ChainWriter chain(predictor);
  const std::array<std::size_t, 3> input = chain.input();
  const std::string extents = word_of("", {input[0], input[1], input[2]}).substr(1);
  return {{"InputLayout", extents}, {"Layout", chain.layout()}, {"Architecture", "CPU"}};
}

void write_deep_network(xml::Writer& writer, const GraphPredictor& predictor) { ChainWriter(predictor).write(writer); }

}  // namespace diskern::model::tmva
