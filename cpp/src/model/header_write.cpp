// Dense networks as a C++ header that needs nothing but the standard library: for programs that cannot link anything.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "diskern/error.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "network/activation.hpp"
#include "network/network.hpp"

namespace diskern::model {

namespace {

using network::Activation;
using network::Arithmetic;
using network::DenseLayer;
using network::InputFunction;
using network::Network;

bool is_identifier(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  }
  return true;
}

// Words that C++ (up to C++23) keeps for itself, and std, which nothing may be added to.
bool is_reserved(const std::string& name) {
  static const char* const words[] = {
      "alignas",       "alignof",     "and",          "and_eq",    "asm",          "auto",
      "bitand",        "bitor",       "bool",         "break",     "case",         "catch",
      "char",          "char16_t",    "char32_t",     "char8_t",   "class",        "co_await",
      "co_return",     "co_yield",    "compl",        "concept",   "const",        "const_cast",
      "consteval",     "constexpr",   "constinit",    "continue",  "decltype",     "default",
      "delete",        "do",          "double",       "dynamic_cast", "else",      "enum",
      "explicit",      "export",      "extern",       "false",     "float",        "for",
      "friend",        "goto",        "if",           "inline",    "int",          "long",
      "mutable",       "namespace",   "new",          "noexcept",  "not",          "not_eq",
      "nullptr",       "operator",    "or",           "or_eq",     "private",      "protected",
      "public",        "register",    "reinterpret_cast", "requires", "return",    "short",
      "signed",        "sizeof",      "static",       "static_assert", "static_cast", "std",
      "struct",        "switch",      "template",     "this",      "thread_local", "throw",
      "true",          "try",         "typedef",      "typeid",    "typename",     "union",
      "unsigned",      "using",       "virtual",      "void",      "volatile",     "wchar_t",
      "while",         "xor",         "xor_eq"};
  return std::any_of(std::begin(words), std::end(words), [&](const char* word) { return name == word; });
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      // Three octal digits end by themselves, whatever follows.
      char escape[5];
      std::snprintf(escape, sizeof escape, "\\%03o", static_cast<unsigned>(byte));
      result += escape;
    } else {
      result += c;
    }
  }
  return result + '"';
}

class Writer {
 public:
  Writer(bool single, std::string& text) : single_(single), text_(text) {}

  const char* real() const noexcept { return single_ ? "float" : "double"; }
  // Digits that give the same number back.
  std::string number(double value) const {
    char digits[40];
    if (single_) {
      const float rounded = static_cast<float>(value);
      if (!std::isfinite(rounded)) {
        throw InvalidArgument("this network cannot be written as a C++ header: " + std::to_string(value) +
                              " is too large for float32");
      }
      std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(rounded));
    } else {
      std::snprintf(digits, sizeof digits, "%.17g", value);
    }
    std::string result = digits;
    for (char& c : result) c = c == ',' ? '.' : c;  // some locales
    if (result.find_first_of(".e") == std::string::npos) result += ".0";
    return result + (single_ ? "f" : "");
  }
  void array(const std::string& name, const std::vector<double>& values) {
    text_ += std::string("static const ") + real() + " " + name + "[" + std::to_string(values.size()) + "] = {";
    for (std::size_t i = 0; i < values.size(); ++i) {
      text_ += (i % 8 == 0 ? "\n    " : " ") + number(values[i]) + ",";
    }
    text_ += "};\n";
  }

 private:
  bool single_;
  std::string& text_;
};

// The body of real f(real x), "real" being replaced.
std::string function_body(Activation activation) {
  switch (activation) {
    case Activation::linear:
      return "return x;";
    case Activation::sigmoid:
      return "return real(1) / (real(1) + std::exp(-x));";
    case Activation::tanh:
      return "return std::tanh(x);";
    case Activation::radial:
      return "return std::exp(-x * x / real(2));";
    case Activation::relu:
      return "return x < real(0) ? real(0) : x;";
    case Activation::tmva_tanh:
      return "const float q = static_cast<float>(x * x);\n"
             "  const float n = static_cast<float>(x * static_cast<double>(135135.0f + q * (17325.0f + q * (378.0f + "
             "q))));\n"
             "  return static_cast<real>(n / (135135.0f + q * (62370.0f + q * (3150.0f + q * 28.0f))));";
    case Activation::leaky_relu:
      return "return x < real(0) ? real(0.01) * x : x;";
    case Activation::elu:
      return "return x > real(0) ? x : std::expm1(x);";
    case Activation::selu:
      return "return real(1.0507009873554804934) * (x > real(0) ? x : real(1.6732632423543772848) * std::expm1(x));";
    case Activation::gelu:
      return "return real(0.5) * x * std::erfc(-x * real(0.70710678118654752440));";
    case Activation::silu:
      return "return x / (real(1) + std::exp(-x));";
    case Activation::softsign:
      return "return x / (real(1) + std::abs(x));";
    case Activation::softplus:
      return "return (x > real(0) ? x : real(0)) + std::log1p(std::exp(-std::abs(x)));";
    case Activation::gauss:
      return "return std::exp(-x * x);";
    case Activation::gauss_complement:
      return "return real(1) - std::exp(-x * x);";
    case Activation::hard_sigmoid:
      return "const real y = x / real(6) + real(0.5);\n  return y < real(0) ? real(0) : (y > real(1) ? real(1) : y);";
    case Activation::symmetric_relu:
      return "return std::abs(x);";
    case Activation::exponential:
      return "return std::exp(x);";
  }
  return "return x;";
}

const char* term(InputFunction function) {
  switch (function) {
    case InputFunction::sum_of_squares:
      return "const real term = weights[i] * in[i];\n      sum += term * term;";
    case InputFunction::sum_of_absolutes:
      return "sum += std::abs(weights[i] * in[i]);";
    default:
      return "sum += weights[i] * in[i];";
  }
}

const char* start(InputFunction function) {
  switch (function) {
    case InputFunction::sum_of_squares:
      return "biases[o] * biases[o]";
    case InputFunction::sum_of_absolutes:
      return "std::abs(biases[o])";
    default:
      return "biases[o]";
  }
}

}  // namespace

std::string write_header(const Model& model, const std::string& name) {
  const Model::Implementation& implementation = *model.implementation();
  const auto* predictor = dynamic_cast<const network::NetworkPredictor*>(implementation.predictor.get());
  if (predictor == nullptr) {
    throw InvalidArgument("a model of kind '" + std::string(implementation.predictor->kind()) +
                          "' cannot be written as a C++ header, which takes dense networks");
  }
  if (implementation.chain != nullptr) {
    throw InvalidArgument("a model with transformations of its variables cannot be written as a C++ header");
  }
  if (!is_identifier(name)) {
    throw InvalidArgument("name is '" + name + "', expected a C++ identifier: it becomes the namespace");
  }
  // Identifiers with two underscores, or one and a capital first, belong to the compiler.
  const bool of_compiler =
      name.find("__") != std::string::npos ||
      (name.size() > 1 && name[0] == '_' && std::isupper(static_cast<unsigned char>(name[1])) != 0);
  if (is_reserved(name) || of_compiler) {
    throw InvalidArgument("name is '" + name + "', which C++ keeps for itself, expected another: it becomes the namespace");
  }
  const Network& network = predictor->network();
  const ModelInfo& info = model.info();
  std::string text;
  Writer writer(network.arithmetic == Arithmetic::float32, text);
  const std::string real = writer.real();
  std::size_t width = 0;
  for (const DenseLayer& layer : network.layers) {
    width = std::max({width, static_cast<std::size_t>(layer.n_inputs), static_cast<std::size_t>(layer.n_outputs)});
  }
  const auto n_inputs = static_cast<std::size_t>(network.layers.front().n_inputs);
  const auto n_outputs = static_cast<std::size_t>(network.layers.back().n_outputs);
  text += "// A dense network, written by diskern " + std::string(DISKERN_VERSION) +
          ". Needs C++11 and its standard library only.\n//\n//   " + real + " responses[" + name + "::n_outputs];\n//   " +
          name + "::evaluate(variables, responses);\n//\n// evaluate is safe from any thread and allocates nothing.\n";
  text += "#ifndef DISKERN_NETWORK_" + name + "\n#define DISKERN_NETWORK_" + name + "\n\n#include <cmath>\n\nnamespace " +
          name + " {\n\ntypedef " + real + " real;\nstatic const int n_inputs = " + std::to_string(n_inputs) +
          ";\nstatic const int n_outputs = " + std::to_string(n_outputs) + ";\n";
  text += "inline const char* variable(int i) {\n  static const char* const names[" + std::to_string(n_inputs) + "] = {\n";
  for (std::size_t j = 0; j < n_inputs; ++j) {
    std::string label("x");
    label += std::to_string(j);
    if (j < info.variables.size()) {
      label = info.variables[j].label.empty() ? info.variables[j].expression : info.variables[j].label;
    }
    text += "      " + quoted(label) + ",\n";
  }
  text += "  };\n  return names[i];\n}\n\nnamespace detail {\n\n";
  if (!network.input_shift.empty()) {
    writer.array("input_shift", network.input_shift);
    writer.array("input_scale", network.input_scale);
  }
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const DenseLayer& layer = network.layers[l];
    const std::string number = std::to_string(l);
    writer.array("weights_" + number, layer.weights);
    writer.array("biases_" + number, layer.biases);
    text += "inline real activate_" + number + "(real x) {\n  " + function_body(layer.activation) + "\n}\n";
    text += "inline void layer_" + number + "(const real* in, real* out) {\n  const real* weights = weights_" + number +
            ";\n  const real* biases = biases_" + number + ";\n  for (int o = 0; o < " + std::to_string(layer.n_outputs) +
            "; ++o, weights += " + std::to_string(layer.n_inputs) + ") {\n    real sum = " +
            start(layer.input_function) + ";\n    for (int i = 0; i < " + std::to_string(layer.n_inputs) +
            "; ++i) {\n      " + term(layer.input_function) + "\n    }\n    out[o] = activate_" + number +
            "(sum);\n  }\n}\n\n";
  }
  text += "}  // namespace detail\n\n// variables: n_inputs numbers in the order of variable(i); responses: n_outputs.\n"
          "inline void evaluate(const float* variables, real* responses) {\n  real one[" +
          std::to_string(width) + "];\n  real two[" + std::to_string(width) + "];\n  for (int i = 0; i < n_inputs; ++i) {\n";
  text += network.input_shift.empty()
              ? "    one[i] = static_cast<real>(variables[i]);\n"
              : "    one[i] = (static_cast<real>(variables[i]) - detail::input_shift[i]) * detail::input_scale[i];\n";
  text += "  }\n";
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    text += "  detail::layer_" + std::to_string(l) + (l % 2 == 0 ? "(one, two);\n" : "(two, one);\n");
  }
  const std::string last = network.layers.size() % 2 == 1 ? "two" : "one";
  if (network.output == network::Output::softmax) {
    text += "  real largest = " + last + "[0];\n  for (int k = 1; k < n_outputs; ++k) largest = " + last +
            "[k] > largest ? " + last + "[k] : largest;\n  real norm = 0;\n  for (int k = 0; k < n_outputs; ++k) {\n"
            "    responses[k] = std::exp(" + last + "[k] - largest);\n    norm += responses[k];\n  }\n"
            "  for (int k = 0; k < n_outputs; ++k) responses[k] /= norm;\n";
  } else {
    text += "  for (int k = 0; k < n_outputs; ++k) responses[k] = " + last + "[k];\n";
  }
  text += "}\n\n}  // namespace " + name + "\n\n#endif\n";
  return text;
}

}  // namespace diskern::model
