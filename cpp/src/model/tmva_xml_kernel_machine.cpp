// SVM in TMVA's weight files.
#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

statistics::SvmKernel single_kernel(const xml::Element& weights, const std::string& name) {
  if (name == "RBF") return statistics::SvmKernel::RBF;
  if (name == "MultiGauss") return statistics::SvmKernel::MultiGauss;
  if (name == "Polynomial") return statistics::SvmKernel::Polynomial;
  weights.fail("has the kernel " + name + ", which is not read; RBF, MultiGauss, Polynomial, Prod and Sum are");
}

// "RBF*Polynomial", with * or + between the names.
std::vector<statistics::SvmKernel> kernel_list(const xml::Element& weights, std::string list) {
  for (char& c : list) c = c == '*' || c == '+' ? ' ' : c;
  std::istringstream stream(list);
  std::vector<statistics::SvmKernel> parts;
  for (std::string word; stream >> word;) parts.push_back(single_kernel(weights, word));
  return parts;
}

}  // namespace

PredictorPointer read_kernel_machine(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const bool regression = context.info.analysis_type == AnalysisType::regression;
  statistics::SvmKernelParams kernel;
  kernel.gamma = weights.number("fGamma");
  const std::string name = context.option("Kernel", "RBF");
  const auto is_used = [&](statistics::SvmKernel which) {
    return kernel.kernel == which ||
           std::find(kernel.parts.begin(), kernel.parts.end(), which) != kernel.parts.end();
  };
  if (name == "Prod" || name == "Sum") {
    kernel.kernel = name == "Prod" ? statistics::SvmKernel::Prod : statistics::SvmKernel::Sum;
    kernel.parts = kernel_list(weights, context.option("KernelList", ""));
  } else {
    kernel.kernel = single_kernel(weights, name);
  }
  if (is_used(statistics::SvmKernel::MultiGauss)) {
    for (const xml::Element& one : weights.children()) {
      if (one.name() == "GammaList") kernel.gammas = one.numbers(n);
    }
    if (kernel.gammas.empty()) {
      std::string list = weights.has("fGammaList") ? weights.text("fGammaList") : context.option("GammaList", "");
      for (char& c : list) c = c == ',' ? ' ' : c;
      std::istringstream stream(list);
      for (std::string word; stream >> word;) {
        const auto value = xml::to_number(word);
        if (!value) weights.fail("has the GammaList '" + list + "', expected numbers");
        kernel.gammas.push_back(*value);
      }
    }
  }
  if (is_used(statistics::SvmKernel::Polynomial)) {
    const double order = weights.number("fOrder");
    if (!(order >= 1.0 && order <= 1000.0)) weights.fail("has fOrder=" + xml::to_text(order) + ", expected 1 to 1000");
    kernel.order = static_cast<std::int32_t>(order);
    kernel.theta = weights.number("fTheta");
  }
  const std::vector<xml::Element> elements = weights.children("SupportVector");
  const auto count = static_cast<std::int64_t>(elements.size());
  weights.integer("NSupVec", count, count);
  std::vector<float> vectors;
  std::vector<double> coefficients;
  for (const xml::Element& one : elements) {
    // Number, class (-1 signal), alpha, alpha' and the variables, float32 in TMVA.
    const std::vector<double> numbers = one.numbers(n + 4);
    const auto alpha = static_cast<float>(numbers[2]);
    const auto other = static_cast<float>(numbers[3]);
    coefficients.push_back(regression ? static_cast<double>(alpha - other)
                                      : static_cast<double>(alpha) * static_cast<double>(numbers[1]));
    for (std::size_t j = 0; j < n; ++j) vectors.push_back(static_cast<float>(numbers[4 + j]));
  }
  return std::make_shared<const statistics::KernelMachine>(n, std::move(kernel), std::move(vectors),
                                                           std::move(coefficients), weights.number("fBparm"),
                                                           regression);
}

void write_kernel_machine(xml::Writer& writer, const statistics::KernelMachine& predictor) {
  const statistics::SvmKernelParams& kernel = predictor.kernel();
  if (kernel.kernel != statistics::SvmKernel::RBF && kernel.kernel != statistics::SvmKernel::MultiGauss) {
    throw InvalidArgument(
        "SVM of the kernels RBF and MultiGauss are written as TMVA weight files; TMVA takes another power where "
        "Polynomial is asked for, and other kernels are made of it");
  }
  const std::size_t n = predictor.input_count();
  for (const double coefficient : predictor.coefficients()) {
    if (static_cast<double>(static_cast<float>(coefficient)) != coefficient) {
      throw InvalidArgument(
          "TMVA keeps the coefficients of support vectors as float32; those of this model have more digits");
    }
  }
  writer.attribute("fBparm", predictor.b());
  writer.attribute("fGamma", kernel.gamma);
  if (kernel.kernel == statistics::SvmKernel::MultiGauss) {
    std::string list;
    for (const double gamma : kernel.gammas) {
      if (!list.empty()) list += ',';
      list += xml::to_text(gamma);
    }
    writer.attribute("fGammaList", list);
  }
  writer.attribute("NSupVec", static_cast<std::int64_t>(predictor.vector_count()));
  for (std::size_t i = 0; i < predictor.vector_count(); ++i) {
    const double coefficient = predictor.coefficients()[i];
    const double sign = coefficient < 0.0 ? -1.0 : 1.0;
    std::vector<double> numbers = {static_cast<double>(i), sign, predictor.regression() ? coefficient : sign * coefficient,
                                   0.0};
    for (std::size_t j = 0; j < n; ++j) numbers.push_back(static_cast<double>(predictor.vectors()[i * n + j]));
    writer.open("SupportVector");
    writer.attribute("Rows", std::int64_t{1});
    writer.attribute("Columns", static_cast<std::int64_t>(numbers.size()));
    writer.content(numbers);
    writer.close();
  }
  for (const char* name : {"Maxima", "Minima"}) {
    writer.open(name);
    for (std::size_t j = 0; j < n; ++j) {
      writer.attribute("Var" + std::to_string(j), name[1] == 'a' ? 1.0 : -1.0);
    }
    writer.close();
  }
}

}  // namespace diskern::model::tmva
