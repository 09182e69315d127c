#pragma once
// A committee: the weighted mean of the responses of several models.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "base/predictor.hpp"
#include "diskern/model.hpp"

namespace diskern::model {

// What of a member's response enters the mean.
enum class CommitteeScale : std::uint8_t {
  response = 0,     // itself
  rank = 1,         // the part of a sample with a smaller response
  probability = 2,  // of signal, from the densities of the response
};

class CommitteePredictor final : public Predictor {
 public:
  static constexpr std::size_t maximum_members = 1000;
  static constexpr std::size_t maximum_outputs = 256;
  static constexpr std::size_t maximum_columns = 4096;

  struct Member {
    Model model;
    double weight = 1.0;
    std::vector<double> knots;  // rank: responses in rising order
    std::vector<double> ranks;  // of the knots, between 0 and 1, not falling
  };

  // Members read the variables by label or expression. Throws InvalidArgument for no members, a member with a variable
  // that is not there, that needs a key (folds, categories) or is a committee, different numbers of outputs, weights
  // that are negative or all zero, knots that do not rise.
  CommitteePredictor(std::vector<std::string> variables, CommitteeScale scale, std::vector<Member> members);

  std::string_view kind() const noexcept override { return "committee"; }
  std::size_t input_count() const noexcept override { return variables_.size(); }
  std::size_t output_count() const noexcept override { return output_count_; }
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  CommitteeScale scale() const noexcept { return scale_; }
  std::size_t member_count() const noexcept { return members_.size(); }
  const Member& member(std::size_t index) const { return members_.at(index); }

 private:
  double scaled(const Member& member, double response) const noexcept;
  void check_member(std::size_t index);

  std::vector<std::string> variables_;
  CommitteeScale scale_;
  std::vector<Member> members_;
  std::vector<std::vector<std::size_t>> columns_;  // of each member's variables
  double weight_sum_ = 0.0;
  std::size_t output_count_ = 0;
};

}  // namespace diskern::model
