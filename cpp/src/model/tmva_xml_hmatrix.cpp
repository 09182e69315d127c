// HMatrix in TMVA's weight files.
#include <memory>
#include <vector>

#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

std::vector<double> read_matrix(const xml::Element& weights, const char* name, std::size_t rows, std::size_t columns) {
  const xml::Element element = weights.child(name);
  element.integer("Rows", static_cast<std::int64_t>(rows), static_cast<std::int64_t>(rows));
  element.integer("Columns", static_cast<std::int64_t>(columns), static_cast<std::int64_t>(columns));
  return element.numbers(rows * columns);
}

void write_matrix(xml::Writer& writer, const char* name, std::size_t rows, std::size_t columns,
                  const std::vector<double>& numbers) {
  writer.open(name);
  writer.attribute("Rows", static_cast<std::int64_t>(rows));
  writer.attribute("Columns", static_cast<std::int64_t>(columns));
  writer.content(numbers);
  writer.close();
}

}  // namespace

PredictorPointer read_hmatrix(const xml::Element& weights, const Context& context) {
  const std::size_t d = context.variable_count();
  statistics::ChiSquared signal{read_matrix(weights, "VecMeanS", 1, d), read_matrix(weights, "InvHMatS", d, d)};
  statistics::ChiSquared background{read_matrix(weights, "VecMeanB", 1, d), read_matrix(weights, "InvHMatB", d, d)};
  return std::make_shared<const statistics::HMatrixPredictor>(context.class_inputs(), std::move(signal),
                                                              std::move(background));
}

void write_hmatrix(xml::Writer& writer, const statistics::HMatrixPredictor& predictor) {
  const std::size_t d = predictor.input_count();
  write_matrix(writer, "VecMeanS", 1, d, predictor.signal().mean);
  write_matrix(writer, "VecMeanB", 1, d, predictor.background().mean);
  write_matrix(writer, "InvHMatS", d, d, predictor.signal().inverse);
  write_matrix(writer, "InvHMatB", d, d, predictor.background().inverse);
}

}  // namespace diskern::model::tmva
