#pragma once
// TMVA's Boost: the weighted mean of the (transformed) responses of many classifiers of one kind.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::model {

// What happens to a response y before the mean; c is the member's cut.
enum class BoostTransform : std::uint8_t {
  step,    // 1 where y counts as signal, else -1
  linear,  // y
  log,     // ln(max(y, c) - c + 1/e)
  gauss,   // exp(-(y - c - 1)^2 / 2)
};

class BoostedPredictor final : public Predictor {
 public:
  static constexpr std::size_t maximum_members = 100000;
  static constexpr std::size_t maximum_outputs_of_members = 64;

  struct Member {
    PredictorPointer predictor;
    double weight = 1.0;
    double cut = 0.0;
    double orientation = 1.0;  // 1: signal lies above the cut, -1: below
  };

  // Throws InvalidArgument when there is no member, numbers of inputs or outputs differ, a number is not finite, the
  // weights sum to 0, or a transform other than linear meets several outputs.
  BoostedPredictor(BoostTransform transform, std::vector<Member> members);

  std::string_view kind() const noexcept override { return "boosted"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return n_outputs_; }
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  // Those of its members, which all have the same.
  std::shared_ptr<const statistics::TransformationChain> own_transformations() const override;

  BoostTransform transform() const noexcept { return transform_; }
  const std::vector<Member>& members() const noexcept { return members_; }

  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

 private:
  double transformed(const Member& member, double response) const noexcept;

  BoostTransform transform_;
  std::vector<Member> members_;
  std::size_t n_inputs_ = 0;
  std::size_t n_outputs_ = 0;
  double weight_sum_ = 0.0;
};

}  // namespace diskern::model
