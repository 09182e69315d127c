#pragma once
// TMVA's Category: cuts divide the events, and each category has a model of its own, with variables of its own.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/model.hpp"
#include "expression/expression.hpp"
#include "model/keyed.hpp"

namespace diskern::model {

class CategoriesPredictor final : public KeyedPredictor {
 public:
  static constexpr std::size_t maximum_categories = 1000;

  struct Category {
    std::string cut;
    Model model;  // its variables say which of the whole model's variables and spectators it reads
  };

  // Cuts read variables (as float32) and spectators by label, expression or TMVA's internal name; so do the models.
  // Spectators that are read become the key, under their labels. Throws InvalidArgument for names that are neither,
  // no categories, different numbers of outputs, categories or folds inside of a category.
  static std::shared_ptr<const CategoriesPredictor> make(const std::vector<VariableInfo>& variables,
                                                         const std::vector<VariableInfo>& spectators,
                                                         std::vector<Category> categories);

  std::string_view kind() const noexcept override { return "categories"; }
  std::size_t input_count() const noexcept override { return n_variables_; }
  std::size_t output_count() const noexcept override { return output_count_; }
  const std::vector<std::string>& key_columns() const noexcept override { return key_columns_; }

  // An event that passes no cut, or several, has the response NaN; a batch in which one passes several throws
  // InvalidArgument. Without the key, where there is one, all responses are NaN, and a batch throws.
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  void evaluate(const float* variables, const double* key, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                View<double, 2> responses) const override;

  // Categories of the events: -1 for those that pass no cut, -2 for those that pass several.
  static constexpr std::int32_t no_category = -1;
  static constexpr std::int32_t several_categories = -2;
  std::int32_t category(const float* variables, const double* key) const noexcept;
  void categories(View<const float, 2> events, View<const double, 2> keys, std::int32_t* result) const;

  std::size_t category_count() const noexcept { return parts_.size(); }
  const std::string& cut(std::size_t index) const { return parts_.at(index).cut; }
  const Model& model(std::size_t index) const { return parts_.at(index).model; }
  // The same with Cuts at a signal efficiency in each category. Throws InvalidArgument for other methods.
  std::shared_ptr<const CategoriesPredictor> at_signal_efficiency(double signal_efficiency) const;

  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

 private:
  using Columns = std::vector<std::uint32_t>;  // below n_variables_: a variable; then the key's columns

  struct Part {
    std::string cut;
    Columns cut_columns;  // of the inputs of the cut
    Columns columns;      // of the variables of the model
    Model model;
    expression::Expression expression;
    expression::Program program;
  };

  CategoriesPredictor(std::size_t n_variables, std::vector<std::string> key_columns) noexcept
      : n_variables_(n_variables), key_columns_(std::move(key_columns)) {}
  void add(const std::string& cut, Columns cut_columns, Columns columns, Model model);
  void evaluate_chunk(View<const float, 2> events, View<const double, 2> keys, const std::int32_t* category,
                      View<double, 2> responses) const;

  std::size_t n_variables_;
  std::vector<std::string> key_columns_;
  std::vector<Part> parts_;
  std::size_t output_count_ = 0;
};

}  // namespace diskern::model
