#pragma once
// The variables of an event as two classes see them. TMVA's HMatrix and Likelihood take the statistics of signal where
// they ask how signal-like an event is, and those of background where they ask how background-like it is: "D" is then
// one matrix for each class.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/transformation.hpp"

namespace diskern::statistics {

class ClassInputs {
 public:
  // chain may be null. Throws FormatError when it does not fit the number of variables, has targets, or a class is
  // negative.
  ClassInputs(std::size_t n_variables, std::shared_ptr<const TransformationChain> chain, int signal_class,
              int background_class);

  std::size_t variable_count() const noexcept { return n_variables_; }
  const std::shared_ptr<const TransformationChain>& chain() const noexcept { return chain_; }
  int signal_class() const noexcept { return classes_[0]; }
  int background_class() const noexcept { return classes_[1]; }

  // The variables as signal (which 0) or background (which 1) sees them: buffer, which has room for variable_count()
  // numbers, or variables itself where there is nothing to transform.
  const float* transformed(const float* variables, int which, float* buffer) const noexcept;
  // Numbers that a buffer on the stack must hold.
  static constexpr std::size_t maximum_variables = TransformationChain::maximum_columns;

  void write(archive::Group& group) const;
  static ClassInputs read(const archive::Group& group);

 private:
  std::size_t n_variables_;
  std::shared_ptr<const TransformationChain> chain_;
  int classes_[2];
};

// Events with each transformed by the statistics of its own class, C order.
std::vector<float> transformed_as_own_class(const Context& context, const TransformationChain* chain,
                                            View<const float, 2> events, View<const std::int32_t> class_index);

}  // namespace diskern::statistics
