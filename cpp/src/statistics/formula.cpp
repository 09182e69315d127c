#include "statistics/formula.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

using expression::Column;
using expression::Kind;
using expression::Node;
using expression::Operation;
using expression::Storage;

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_variables = 512;
constexpr std::size_t maximum_outputs = 4096;
constexpr std::size_t chunk_size = 1024;
constexpr const char* parameter_name = "parameter";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "(3)" becomes "(parameter3)".
std::string with_named_parameters(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] != '(') continue;
    std::size_t end = i + 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end > i + 1 && end < text.size() && text[end] == ')') result += parameter_name;
  }
  return result;
}

// The number behind a name, or an error.
std::size_t number_behind(const std::string& name, std::size_t length, std::size_t count, const char* what,
                          const std::string& formula) {
  std::size_t index = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + length, end, index);
  if (error != std::errc() || rest != end || index >= count) {
    throw InvalidArgument("formula '" + formula + "': there is no " + what + " " + name.substr(length) + ", there are " +
                          std::to_string(count) + ", counted from 0");
  }
  return index;
}

// 0: no parameter, 1: linear in the parameters, 2: anything else.
int degree_of(const expression::Syntax& syntax, const std::vector<std::pair<bool, std::size_t>>& inputs) {
  std::vector<int> stack;
  for (const Node& node : syntax.nodes) {
    if (node.operation == Operation::constant || node.operation == Operation::input) {
      stack.push_back(node.operation == Operation::input && inputs[node.input].first ? 1 : 0);
      continue;
    }
    const std::size_t n = std::min<std::size_t>(node.operands, stack.size());
    const std::vector<int> of(stack.end() - static_cast<std::ptrdiff_t>(n), stack.end());
    stack.resize(stack.size() - n);
    const int most = of.empty() ? 0 : *std::max_element(of.begin(), of.end());
    int degree = most == 0 ? 0 : 2;
    switch (node.operation) {
      case Operation::add:
      case Operation::subtract:
      case Operation::negate:
      case Operation::plus:
        degree = most;
        break;
      case Operation::multiply:
        if (n == 2 && std::min(of[0], of[1]) == 0) degree = most;
        break;
      case Operation::divide:
        if (n == 2 && of[1] == 0) degree = most;
        break;
      default:
        break;
    }
    stack.push_back(degree);
  }
  return stack.empty() ? 2 : stack.back();
}

}  // namespace

ParametricFormula::ParametricFormula(std::string text, std::size_t n_variables, std::size_t n_parameters)
    : text_(std::move(text)), n_variables_(n_variables), n_parameters_(n_parameters) {
  if (n_variables_ < 1 || n_variables_ > maximum_variables || n_parameters_ > maximum_parameters) {
    throw InvalidArgument("a formula takes 1 to " + std::to_string(maximum_variables) + " variables and up to " +
                          std::to_string(maximum_parameters) + " parameters, got " + std::to_string(n_variables_) +
                          " and " + std::to_string(n_parameters_));
  }
  const std::string named = with_named_parameters(text_);
  const expression::Expression parsed = expression::Expression::parse(named);
  for (const expression::Input& input : parsed.inputs()) {
    const std::string& name = input.text;
    const std::size_t prefix = std::string(parameter_name).size();
    if (name.compare(0, prefix, parameter_name) == 0) {
      inputs_.emplace_back(true, number_behind(name, prefix, n_parameters_, "parameter", text_));
    } else if (name.size() > 1 && name[0] == 'x' && is_digit(name[1])) {
      inputs_.emplace_back(false, number_behind(name, 1, n_variables_, "variable x", text_));
    } else {
      throw InvalidArgument("formula '" + text_ + "': '" + name +
                            "' is not known; variables are x0, x1, ..., parameters (0), (1), ...");
    }
  }
  program_ = parsed.compile(std::vector<Kind>(inputs_.size(), Kind::real));
  is_linear_ = degree_of(expression::parse_syntax(named), inputs_) <= 1;
}

double ParametricFormula::evaluate(const float* variables, const double* parameters) const noexcept {
  double values[maximum_parameters + maximum_variables];
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const auto [is_parameter, which] = inputs_[i];
    values[i] = is_parameter ? parameters[which] : static_cast<double>(variables[which]);
  }
  return program_.evaluate(values);
}

void ParametricFormula::evaluate(View<const float, 2> events, std::size_t begin, std::size_t end,
                                 const double* parameters, double* results) const {
  std::vector<Column> columns;
  for (const auto& [is_parameter, which] : inputs_) {
    if (is_parameter) {
      columns.push_back({parameters + which, 0, Storage::float64});
    } else {
      const View<const float> column = events.column(which);
      columns.push_back(
          {column.data(), column.strides()[0] * static_cast<std::ptrdiff_t>(sizeof(float)), Storage::float32});
    }
  }
  program_.evaluate(columns.data(), begin, end, results);
}

FormulaPredictor::FormulaPredictor(ParametricFormula formula, std::vector<double> parameters, std::size_t n_outputs,
                                   bool softmax)
    : formula_(std::move(formula)), parameters_(std::move(parameters)), n_outputs_(n_outputs), softmax_(softmax) {
  if (n_outputs_ < 1 || n_outputs_ > maximum_outputs ||
      parameters_.size() != n_outputs_ * formula_.parameter_count()) {
    throw FormatError("formula: " + std::to_string(parameters_.size()) + " parameters, expected " +
                      std::to_string(n_outputs_) + " outputs x " + std::to_string(formula_.parameter_count()));
  }
  for (const double parameter : parameters_) {
    if (!std::isfinite(parameter)) throw FormatError("formula: a parameter is not finite");
  }
}

namespace {

void apply_softmax(double* values, std::size_t n) noexcept {
  const double largest = *std::max_element(values, values + n);
  double sum = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    values[k] = maths::exp(values[k] - largest);
    sum += values[k];
  }
  for (std::size_t k = 0; k < n; ++k) values[k] /= sum;
}

}  // namespace

void FormulaPredictor::evaluate(const float* variables, double* responses) const noexcept {
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    responses[k] = formula_.evaluate(variables, parameters_.data() + k * formula_.parameter_count());
  }
  if (softmax_) apply_softmax(responses, n_outputs_);
}

void FormulaPredictor::evaluate(const Context& context, View<const float, 2> events,
                                View<double, 2> responses) const {
  const std::size_t n = events.rows();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(n, chunk_size, chunk);
        std::vector<double> values(range.end - range.begin);
        for (std::size_t k = 0; k < n_outputs_; ++k) {
          formula_.evaluate(events, range.begin, range.end, parameters_.data() + k * formula_.parameter_count(),
                            values.data());
          for (std::size_t i = 0; i < values.size(); ++i) responses(range.begin + i, k) = values[i];
        }
        if (!softmax_) return;
        std::vector<double> row(n_outputs_);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t k = 0; k < n_outputs_; ++k) row[k] = responses(i, k);
          apply_softmax(row.data(), n_outputs_);
          for (std::size_t k = 0; k < n_outputs_; ++k) responses(i, k) = row[k];
        }
      },
      static_cast<double>(n * n_outputs_) * 30.0);
}

void FormulaPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("formula", formula_.text());
  group.set("n_inputs", static_cast<std::int64_t>(formula_.variable_count()));
  group.set("n_outputs", static_cast<std::int64_t>(n_outputs_));
  group.set("softmax", softmax_);
  group.set("parameters", parameters_);
}

PredictorPointer FormulaPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::size_t n_outputs = group.count("n_outputs", maximum_outputs);
  const std::vector<double>& parameters = group.doubles("parameters");
  if (n_outputs == 0 || parameters.size() % n_outputs != 0) {
    throw FormatError("formula: " + std::to_string(parameters.size()) + " parameters of " + std::to_string(n_outputs) +
                      " outputs");
  }
  try {
    ParametricFormula formula(group.text("formula"), group.count("n_inputs", maximum_variables),
                              parameters.size() / n_outputs);
    return std::make_shared<const FormulaPredictor>(std::move(formula), parameters, n_outputs,
                                                    group.boolean("softmax"));
  } catch (const InvalidArgument& error) {
    throw FormatError(error.what());
  }
}

namespace {

class FormulaObjective final : public Objective {
 public:
  FormulaObjective(const Context& context, const FormulaParams& params, const ParametricFormula& formula,
                   View<const float, 2> events, View<const std::int32_t> class_index, View<const double, 2> targets,
                   View<const double> weight, std::size_t n_outputs)
      : params_(params),
        formula_(formula),
        n_(events.rows()),
        d_(events.columns()),
        n_outputs_(n_outputs),
        columns_(n_ * d_),
        scaled_weight_(n_) {
    for (std::size_t j = 0; j < d_; ++j) {
      for (std::size_t i = 0; i < n_; ++i) columns_[j * n_ + i] = events(i, j);
    }
    // Weights that sum to one (classification: for each class).
    const bool classification = params.loss == FormulaLoss::classification;
    double sums[2] = {0.0, 0.0};
    const auto part = [&](std::size_t i) {
      return classification && class_index[i] != params.signal_class ? std::size_t{1} : std::size_t{0};
    };
    for (std::size_t i = 0; i < n_; ++i) sums[part(i)] += weight[i];
    if (!(sums[0] > 0.0) || (classification && !(sums[1] > 0.0))) {
      throw InvalidArgument("the weights of " + std::string(classification ? "signal or background" : "the events") +
                            " sum to " + std::to_string(sums[0] > 0.0 ? sums[1] : sums[0]) +
                            ", expected a positive number");
    }
    for (std::size_t i = 0; i < n_; ++i) scaled_weight_[i] = weight[i] / sums[part(i)];
    if (params.loss == FormulaLoss::multiclass) {
      for (std::size_t i = 0; i < n_; ++i) class_.push_back(static_cast<std::size_t>(class_index[i]));
    } else {
      targets_.resize(n_outputs * n_);
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t k = 0; k < n_outputs; ++k) {
          targets_[k * n_ + i] =
              classification ? (class_index[i] == params.signal_class ? 1.0 : 0.0) : targets(i, k);
        }
      }
    }
    if (formula.is_linear()) make_basis(context);
  }

  void evaluate(const Context& context, const std::vector<std::vector<double>>& points,
                std::vector<double>& values) override {
    const double work = static_cast<double>(points.size()) *
                        (quadratic_.empty() ? static_cast<double>(n_ * n_outputs_) * 20.0
                                            : static_cast<double>(n_outputs_ * width() * width()) * 2.0);
    // Few points: each over the events in chunks; many: point by point. The sums are the same.
    parallel_for(
        context, points.size(), [&](std::size_t i) { values[i] = value_of(points[i]); }, work);
  }

 private:
  std::size_t width() const { return formula_.parameter_count() + 1; }

  View<const float, 2> view() const {
    return {columns_.data(), {n_, d_}, {1, static_cast<std::ptrdiff_t>(n_)}};
  }

  // The terms: column 0 without parameters, then those of each parameter.
  void make_basis(const Context& context) {
    const std::size_t k = formula_.parameter_count();
    basis_.resize(width() * n_);
    std::vector<double> parameters(k, 0.0);
    formula_.evaluate(view(), 0, n_, parameters.data(), basis_.data());
    for (std::size_t p = 0; p < k; ++p) {
      if (context.interrupted()) throw Interrupted();
      parameters[p] = 1.0;
      double* column = basis_.data() + (p + 1) * n_;
      formula_.evaluate(view(), 0, n_, parameters.data(), column);
      for (std::size_t i = 0; i < n_; ++i) column[i] -= basis_[i];
      parameters[p] = 0.0;
    }
    if (params_.loss == FormulaLoss::multiclass) return;
    // Squared deviations as a quadratic form of (1, parameters).
    quadratic_.resize(n_outputs_ * width() * width());
    std::vector<double> row(width());
    for (std::size_t output = 0; output < n_outputs_; ++output) {
      double* matrix = quadratic_.data() + output * width() * width();
      for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t p = 0; p < width(); ++p) row[p] = basis_[p * n_ + i];
        row[0] -= targets_[output * n_ + i];
        for (std::size_t p = 0; p < width(); ++p) {
          for (std::size_t q = 0; q < width(); ++q) matrix[p * width() + q] += scaled_weight_[i] * row[p] * row[q];
        }
      }
    }
  }

  double value_of(const std::vector<double>& point) const {
    const std::size_t k = formula_.parameter_count();
    if (!quadratic_.empty()) {
      double sum = 0.0;
      for (std::size_t output = 0; output < n_outputs_; ++output) {
        const double* matrix = quadratic_.data() + output * width() * width();
        const double* parameters = point.data() + output * k;
        for (std::size_t p = 0; p < width(); ++p) {
          double product = matrix[p * width()];
          for (std::size_t q = 0; q < k; ++q) product += matrix[p * width() + q + 1] * parameters[q];
          sum += p == 0 ? product : product * parameters[p - 1];
        }
      }
      return sum;
    }
    double sum = 0.0;
    std::vector<double> values(n_outputs_ * chunk_size);
    for (std::size_t begin = 0; begin < n_; begin += chunk_size) {
      const std::size_t size = std::min(chunk_size, n_ - begin);
      for (std::size_t output = 0; output < n_outputs_; ++output) {
        double* target = values.data() + output * chunk_size;
        const double* parameters = point.data() + output * k;
        if (basis_.empty()) {
          formula_.evaluate(view(), begin, begin + size, parameters, target);
          continue;
        }
        std::copy_n(basis_.data() + begin, size, target);
        for (std::size_t p = 0; p < k; ++p) {
          const double* column = basis_.data() + (p + 1) * n_ + begin;
          for (std::size_t i = 0; i < size; ++i) target[i] += parameters[p] * column[i];
        }
      }
      if (params_.loss != FormulaLoss::multiclass) {
        for (std::size_t output = 0; output < n_outputs_; ++output) {
          for (std::size_t i = 0; i < size; ++i) {
            const double deviation = values[output * chunk_size + i] - targets_[output * n_ + begin + i];
            sum += scaled_weight_[begin + i] * deviation * deviation;
          }
        }
        continue;
      }
      for (std::size_t i = 0; i < size; ++i) {
        const double own = values[class_[begin + i] * chunk_size + i];
        double largest = own;
        for (std::size_t c = 0; c < n_outputs_; ++c) largest = std::max(largest, values[c * chunk_size + i]);
        double total = 0.0;
        for (std::size_t c = 0; c < n_outputs_; ++c) total += maths::exp(values[c * chunk_size + i] - largest);
        sum += scaled_weight_[begin + i] * (maths::log(total) + largest - own);
      }
    }
    return sum;
  }

  const FormulaParams& params_;
  const ParametricFormula& formula_;
  std::size_t n_;
  std::size_t d_;
  std::size_t n_outputs_;
  std::vector<float> columns_;
  std::vector<double> scaled_weight_;
  std::vector<double> targets_;     // outputs x events
  std::vector<std::size_t> class_;  // multiclass
  std::vector<double> basis_;       // (1 + parameters) x events, of a linear formula
  std::vector<double> quadratic_;   // outputs x (1 + parameters)^2, of a linear formula with squared deviations
};

}  // namespace

FormulaResult fit_formula(const Context& context, const FormulaParams& params, View<const float, 2> events,
                          View<const std::int32_t> class_index, View<const double, 2> targets,
                          View<const double> weight) {
  const std::size_t k = params.ranges.size();
  check_ranges(params.ranges);
  const ParametricFormula formula(params.formula, events.columns(), k);
  const std::size_t n_outputs = params.loss == FormulaLoss::classification ? 1
                                : params.loss == FormulaLoss::multiclass   ? params.n_classes
                                                                           : targets.columns();
  if (n_outputs < 1 || n_outputs > maximum_outputs) {
    throw InvalidArgument("the formula would have " + std::to_string(n_outputs) + " outputs");
  }
  for (std::size_t i = 0; i < events.rows(); ++i) {
    for (std::size_t j = 0; j < events.columns(); ++j) {
      if (!std::isfinite(events(i, j))) {
        throw InvalidArgument("variable " + std::to_string(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(events(i, j)) + ", expected a finite number");
      }
    }
    if (params.loss == FormulaLoss::multiclass &&
        (class_index[i] < 0 || static_cast<std::size_t>(class_index[i]) >= n_outputs)) {
      throw InvalidArgument("class_index of event " + std::to_string(i) + " is " + std::to_string(class_index[i]));
    }
  }
  FormulaObjective objective(context, params, formula, events, class_index, targets, weight, n_outputs);
  std::vector<Interval> ranges;
  for (std::size_t output = 0; output < n_outputs; ++output) {
    ranges.insert(ranges.end(), params.ranges.begin(), params.ranges.end());
  }
  FitResult fit;
  switch (params.fitter) {
    case FormulaFitter::MC:
      fit = fit_monte_carlo(context, params.monte_carlo, ranges, objective);
      break;
    case FormulaFitter::GA:
      fit = fit_genetic(context, params.genetic, ranges, objective);
      break;
    case FormulaFitter::SA:
      fit = fit_annealing(context, params.annealing, ranges, objective);
      break;
    case FormulaFitter::MINUIT:
      fit = fit_descent(context, params.descent, ranges, objective);
      break;
  }
  std::size_t calls = fit.calls;
  if (params.converge && params.fitter != FormulaFitter::MINUIT) {
    fit = fit_descent(context, params.descent, ranges, objective, fit.parameters);
    calls += fit.calls;
  }
  if (!std::isfinite(fit.value)) {
    throw InvalidArgument("formula '" + params.formula +
                          "' gives no finite loss anywhere in the ranges of its parameters");
  }
  return {std::make_shared<const FormulaPredictor>(formula, fit.parameters, n_outputs,
                                                   params.loss == FormulaLoss::multiclass),
          fit.value, calls};
}

}  // namespace diskern::statistics
