// PDEFoam in TMVA's weight files. TMVA leaves the cells to a ROOT file beside the weight file; here they are elements
// <Foam> in <Weights>, which diskern.load fills in from that file and which our own files have.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

using statistics::Foam;
using statistics::FoamCells;
using statistics::FoamKind;
using statistics::FoamPredictor;
using statistics::FoamResponse;

std::vector<double> bounds(const xml::Element& weights, const char* name) {
  std::vector<double> values;
  for (const xml::Element& one : weights.children(name)) {
    const auto index = static_cast<std::int64_t>(values.size());
    one.integer("Index", index, index);
    values.push_back(one.number("Value"));
  }
  return values;
}

Foam read_foam(const xml::Element& element, std::vector<double> minimum, std::vector<double> maximum) {
  const auto d = static_cast<std::int64_t>(minimum.size());
  element.integer("NDim", d, d);
  const auto n = static_cast<std::size_t>(
      element.integer("NCells", 1, static_cast<std::int64_t>(Foam::maximum_cells)));
  const auto n_values = static_cast<std::size_t>(element.integer("NValues", 1, 2));
  const std::size_t width = 4 + n_values;
  const std::vector<double> numbers = element.numbers(n * width);
  const auto cell = [&](double value) {
    if (!(value >= -1.0 && value <= static_cast<double>(Foam::maximum_cells) &&
          value == static_cast<double>(static_cast<std::int32_t>(value)))) {
      element.fail("has " + std::to_string(value) + " where the number of a cell or dimension is expected");
    }
    return static_cast<std::int32_t>(value);
  };
  FoamCells cells;
  for (std::size_t i = 0; i < n; ++i) {
    const double* row = numbers.data() + i * width;
    cells.dimension.push_back(cell(row[0]));
    cells.split.push_back(row[1]);
    cells.left.push_back(cell(row[2]));
    cells.right.push_back(cell(row[3]));
    cells.value.push_back(row[4]);
    cells.error.push_back(n_values > 1 ? row[5] : 0.0);
  }
  try {
    return {std::move(minimum), std::move(maximum), std::move(cells)};
  } catch (const FormatError& error) {
    element.fail(std::string("is no foam: ") + error.what());
  }
}

}  // namespace

PredictorPointer read_foams(const xml::Element& weights, const Context& context) {
  FoamResponse response;
  const bool regression = weights.integer("DoRegression", 0, 1) == 1;
  const bool separate = weights.integer("SigBgSeparated", 0, 1) == 1;
  const std::vector<double> minimum = bounds(weights, "Xmin");
  const std::vector<double> maximum = bounds(weights, "Xmax");
  std::vector<Foam> foams;
  for (const xml::Element& one : weights.children("Foam")) foams.push_back(read_foam(one, minimum, maximum));
  if (foams.empty()) {
    weights.fail(
        "has no cells: TMVA keeps them in a file *_foams.root; load the weight file by its path with diskern.load, "
        "beside that file");
  }
  if (regression) {
    response.kind = minimum.size() > context.variable_count() ? FoamKind::multi_target : FoamKind::target;
  } else if (context.info.analysis_type == AnalysisType::multiclass) {
    response.kind = FoamKind::multiclass;
  } else {
    response.kind = separate ? FoamKind::separate : FoamKind::discriminant;
  }
  response.kernel = static_cast<statistics::FoamKernel>(weights.integer("Kernel", 0, 2));
  response.sigma = weights.number("VolFrac") / 2.0;
  response.yes_no = weights.has("UseYesNoCell") && weights.integer("UseYesNoCell", 0, 1) == 1;
  response.target = static_cast<statistics::FoamTarget>(weights.integer("TargetSelection", 0, 1));
  return std::make_shared<const FoamPredictor>(context.variable_count(), response, std::move(foams));
}

void write_foams(xml::Writer& writer, const FoamPredictor& predictor, const Context& context) {
  const FoamResponse& response = predictor.response();
  const bool regression = response.kind == FoamKind::target || response.kind == FoamKind::multi_target;
  const auto option = [&](const char* name, const char* fallback) { return context.option(name, fallback); };
  writer.attribute("SigBgSeparated", std::int64_t{response.kind == FoamKind::separate});
  writer.attribute("Frac", option("TailCut", "0.001"));
  writer.attribute("DiscrErrCut", -1.0);
  writer.attribute("VolFrac", 2.0 * response.sigma);
  writer.attribute("nCells", static_cast<std::int64_t>(predictor.foams()[0].cells().left.size()));
  writer.attribute("nSampl", option("nSampl", "2000"));
  writer.attribute("nBin", option("nBin", "5"));
  writer.attribute("EvPerBin", std::int64_t{10000});
  writer.attribute("Compress", std::int64_t{1});
  writer.attribute("DoRegression", std::int64_t{regression});
  writer.attribute("CutNmin", std::int64_t{1});
  writer.attribute("Nmin", option("Nmin", "100"));
  writer.attribute("CutRMSmin", std::int64_t{0});
  writer.attribute("RMSmin", 0.0);
  writer.attribute("Kernel", static_cast<std::int64_t>(response.kernel));
  writer.attribute("TargetSelection", static_cast<std::int64_t>(response.target));
  writer.attribute("FillFoamWithOrigWeights", std::int64_t{is_true(option("FillFoamWithOrigWeights", "False"))});
  writer.attribute("UseYesNoCell", std::int64_t{response.yes_no});
  const Foam& first = predictor.foams()[0];
  for (const auto& [name, values] : {std::pair{"Xmin", &first.minimum()}, std::pair{"Xmax", &first.maximum()}}) {
    for (std::size_t j = 0; j < values->size(); ++j) {
      writer.open(name);
      writer.attribute("Index", static_cast<std::int64_t>(j));
      writer.attribute("Value", (*values)[j]);
      writer.close();
    }
  }
  for (const Foam& foam : predictor.foams()) {
    const FoamCells& cells = foam.cells();
    writer.open("Foam");
    writer.attribute("NDim", static_cast<std::int64_t>(foam.dimensions()));
    writer.attribute("NCells", static_cast<std::int64_t>(cells.left.size()));
    writer.attribute("NValues", std::int64_t{2});
    std::vector<double> numbers;
    for (std::size_t i = 0; i < cells.left.size(); ++i) {
      numbers.insert(numbers.end(),
                     {static_cast<double>(cells.dimension[i]), cells.split[i], static_cast<double>(cells.left[i]),
                      static_cast<double>(cells.right[i]), cells.value[i], cells.error[i]});
    }
    writer.content(numbers);
    writer.close();
  }
}

}  // namespace diskern::model::tmva
