// Cuts in TMVA's weight files.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

PredictorPointer read_cuts(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const std::vector<xml::Element> bins = weights.children("Bin");
  const auto count = static_cast<std::int64_t>(bins.size());
  weights.integer("nbins", count, count);
  std::vector<statistics::CutSet> table;
  for (const xml::Element& bin : bins) {
    const auto index = static_cast<std::int64_t>(table.size()) + 1;
    bin.integer("ibin", index, index);
    statistics::CutSet cuts{bin.number("effS"), bin.number("effB"), {}, {}};
    const xml::Element values = bin.child("Cuts");
    for (std::size_t j = 0; j < n; ++j) {
      cuts.minimum.push_back(values.number("cutMin_" + std::to_string(j)));
      cuts.maximum.push_back(values.number("cutMax_" + std::to_string(j)));
    }
    if (values.has("cutMin_" + std::to_string(n))) values.fail("has cuts of more than " + std::to_string(n) + " variables");
    table.push_back(std::move(cuts));
  }
  return std::make_shared<const statistics::CutsPredictor>(n, std::move(table));
}

void write_cuts(xml::Writer& writer, const statistics::CutsPredictor& predictor) {
  // TMVA's numbers of the efficiency method (EffSel) and the fit method (MC); nothing depends on them.
  writer.attribute("OptimisationMethod", std::int64_t{0});
  writer.attribute("FitMethod", std::int64_t{0});
  writer.attribute("nbins", static_cast<std::int64_t>(predictor.table().size()));
  std::int64_t index = 0;
  for (const statistics::CutSet& cuts : predictor.table()) {
    writer.open("Bin");
    writer.attribute("ibin", ++index);
    writer.attribute("effS", cuts.signal_efficiency);
    writer.attribute("effB", cuts.background_efficiency);
    writer.open("Cuts");
    for (std::size_t j = 0; j < predictor.input_count(); ++j) {
      writer.attribute("cutMin_" + std::to_string(j), cuts.minimum[j]);
      writer.attribute("cutMax_" + std::to_string(j), cuts.maximum[j]);
    }
    writer.close();
    writer.close();
  }
}

}  // namespace diskern::model::tmva
