#pragma once
// A predictor whose answer is the mean of the answers of a forest's outputs: of the forests of uBoost, each of which
// votes whether an event passes its cut.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/predictor.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

class VotesPredictor final : public Predictor {
 public:
  static constexpr std::size_t maximum_votes = 1024;  // their answers for one event stand on the stack

  // Throws FormatError: the voters must have 1 to maximum_votes outputs.
  explicit VotesPredictor(std::shared_ptr<const ForestPredictor> voters);
  std::string_view kind() const noexcept override { return "votes"; }
  std::size_t input_count() const noexcept override { return voters_->input_count(); }
  std::size_t output_count() const noexcept override { return 1; }
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  // The message of whoever can only do something ("written as X", "explained by Y") with a sum of trees.
  std::string why_no_sum_of_trees(const std::string& done) const;

  const std::shared_ptr<const ForestPredictor>& voters() const noexcept { return voters_; }

 private:
  std::shared_ptr<const ForestPredictor> voters_;
};

}  // namespace diskern::trees
