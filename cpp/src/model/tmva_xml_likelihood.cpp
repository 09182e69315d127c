// Likelihood in TMVA's weight files, and the densities that other sections of them hold.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

statistics::Density read_density(const xml::Element& pdf) {
  using statistics::Interpolation;
  statistics::DensitySettings settings;
  settings.interpolation = static_cast<Interpolation>(pdf.integer("InterpolMethod", 0, 5));
  constexpr std::int64_t most = 10000;
  if (settings.interpolation != Interpolation::kernel) {
    settings.minimum_smoothing = static_cast<std::int32_t>(std::max<std::int64_t>(0, pdf.integer("MinNSmooth", -1, most)));
    settings.maximum_smoothing = static_cast<std::int32_t>(pdf.integer("MaxNSmooth", -1, most));
    settings.maximum_smoothing = std::max(settings.minimum_smoothing, settings.maximum_smoothing);
  } else {
    settings.kernel_width = static_cast<statistics::KernelWidth>(pdf.integer("KDE_iter", 1, 2));
    settings.kernel_border = static_cast<statistics::KernelBorder>(pdf.integer("KDE_border", 1, 3));
    settings.fine_factor = pdf.number("KDE_finefactor");
  }
  const xml::Element histogram = pdf.child("Histogram");
  if (histogram.has("HasEquidistantBins") && histogram.integer("HasEquidistantBins", 0, 1) == 0) {
    histogram.fail("has bins of different widths, which a density of this kind cannot have");
  }
  const auto bins = static_cast<std::size_t>(
      histogram.integer("NBins", 1, static_cast<std::int64_t>(statistics::Density::maximum_bins)));
  const std::vector<double> contents = histogram.numbers(bins);
  statistics::DensityHistogram content{histogram.number("XMin"), histogram.number("XMax"),
                                       std::vector<float>(contents.begin(), contents.end())};
  try {
    return {settings, std::move(content)};
  } catch (const Error& error) {
    pdf.fail(std::string("cannot be built: ") + error.what());
  }
}

void write_density(xml::Writer& writer, const statistics::Density& density, const std::string& name,
                   const std::string& histogram_name) {
  const statistics::DensitySettings& settings = density.settings();
  writer.open("PDF");
  writer.attribute("Name", name);
  writer.attribute("MinNSmooth", std::int64_t{settings.minimum_smoothing});
  writer.attribute("MaxNSmooth", std::int64_t{settings.maximum_smoothing});
  writer.attribute("InterpolMethod", static_cast<std::int64_t>(settings.interpolation));
  writer.attribute("KDE_type", std::int64_t{1});
  writer.attribute("KDE_iter", static_cast<std::int64_t>(settings.kernel_width));
  writer.attribute("KDE_border", static_cast<std::int64_t>(settings.kernel_border));
  writer.attribute("KDE_finefactor", settings.fine_factor);
  writer.open("Histogram");
  writer.attribute("Name", histogram_name);
  writer.attribute("NBins", static_cast<std::int64_t>(density.histogram().contents.size()));
  writer.attribute("XMin", density.histogram().minimum);
  writer.attribute("XMax", density.histogram().maximum);
  writer.attribute("HasEquidistantBins", std::int64_t{1});
  writer.content(std::vector<double>(density.histogram().contents.begin(), density.histogram().contents.end()));
  writer.close();
  writer.close();
}

PredictorPointer read_likelihood(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const auto count = static_cast<std::int64_t>(n);
  weights.integer("NVariables", count, count);
  weights.integer("NClasses", 2, 2);
  std::vector<std::unique_ptr<statistics::Density>> found[2];
  found[0].resize(n);
  found[1].resize(n);
  // Class 0 is signal here, whatever its index among the classes.
  for (const xml::Element& one : weights.children("PDFDescriptor")) {
    const auto variable = static_cast<std::size_t>(one.integer("VarIndex", 0, count - 1));
    const auto which = static_cast<std::size_t>(one.integer("ClassIndex", 0, 1));
    if (found[which][variable] != nullptr) one.fail("comes twice");
    found[which][variable] = std::make_unique<statistics::Density>(read_density(one.child("PDF")));
  }
  std::vector<statistics::Density> densities[2];
  for (std::size_t which = 0; which < 2; ++which) {
    for (std::size_t j = 0; j < n; ++j) {
      if (found[which][j] == nullptr) {
        weights.fail("has no density of variable " + std::to_string(j) + " and class " + std::to_string(which));
      }
      densities[which].push_back(std::move(*found[which][j]));
    }
  }
  return std::make_shared<const statistics::LikelihoodPredictor>(context.class_inputs(), std::move(densities[0]),
                                                                 std::move(densities[1]),
                                                                 context.flag("TransformOutput", false));
}

void write_likelihood(xml::Writer& writer, const statistics::LikelihoodPredictor& predictor, const ModelInfo& info) {
  writer.attribute("NVariables", static_cast<std::int64_t>(predictor.input_count()));
  writer.attribute("NClasses", std::int64_t{2});
  for (std::size_t j = 0; j < predictor.input_count(); ++j) {
    for (std::size_t which = 0; which < 2; ++which) {
      const statistics::Density& density = which == 0 ? predictor.signal()[j] : predictor.background()[j];
      const std::string name = j < info.variables.size() ? info.variables[j].internal : "";
      writer.open("PDFDescriptor");
      writer.attribute("VarIndex", static_cast<std::int64_t>(j));
      writer.attribute("ClassIndex", static_cast<std::int64_t>(which));
      write_density(writer, density,
                    info.title + " PDF " + (which == 0 ? "Sig[" : "Bkg[") + std::to_string(j) + "]",
                    name + (which == 0 ? "_sig_original" : "_bgd_original"));
      writer.close();
    }
  }
}

}  // namespace diskern::model::tmva
