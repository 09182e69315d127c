#include "statistics/class_inputs.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

ClassInputs::ClassInputs(std::size_t n_variables, std::shared_ptr<const TransformationChain> chain, int signal_class,
                         int background_class)
    : n_variables_(n_variables), chain_(std::move(chain)), classes_{signal_class, background_class} {
  if (n_variables_ < 1 || n_variables_ > maximum_variables) {
    throw FormatError("the method takes 1 to " + std::to_string(maximum_variables) + " variables, got " +
                      std::to_string(n_variables_));
  }
  if (chain_ != nullptr && chain_->empty()) chain_ = nullptr;
  if (chain_ != nullptr && (chain_->variable_count() != n_variables_ || chain_->target_count() != 0)) {
    throw FormatError("the transformations work on " + std::to_string(chain_->variable_count()) + " variables and " +
                      std::to_string(chain_->target_count()) + " targets, expected " + std::to_string(n_variables_) +
                      " variables and none");
  }
  if (signal_class < 0 || background_class < 0 || signal_class == background_class) {
    throw FormatError("signal is class " + std::to_string(signal_class) + " and background class " +
                      std::to_string(background_class) + ", expected two different classes");
  }
}

const float* ClassInputs::transformed(const float* variables, int which, float* buffer) const noexcept {
  if (chain_ == nullptr) return variables;
  std::copy_n(variables, n_variables_, buffer);
  chain_->apply(buffer, classes_[which]);
  return buffer;
}

void ClassInputs::write(archive::Group& group) const {
  group.set("n_variables", static_cast<std::int64_t>(n_variables_));
  group.set("signal_class", std::int64_t{classes_[0]});
  group.set("background_class", std::int64_t{classes_[1]});
  if (chain_ != nullptr) chain_->write(group.group("transformation"));
}

ClassInputs ClassInputs::read(const archive::Group& group) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  std::shared_ptr<const TransformationChain> chain;
  if (group.contains("transformation")) {
    chain = std::make_shared<const TransformationChain>(TransformationChain::read(group.child("transformation")));
  }
  return {group.count("n_variables", maximum_variables), std::move(chain),
          static_cast<int>(group.integer("signal_class", 0, most)),
          static_cast<int>(group.integer("background_class", 0, most))};
}

std::vector<float> transformed_as_own_class(const Context& context, const TransformationChain* chain,
                                            View<const float, 2> events, View<const std::int32_t> class_index) {
  const std::size_t d = events.columns();
  std::vector<float> result(events.rows() * d);
  constexpr std::size_t chunk_size = 4096;
  interruptible_for(
      context, chunk_count(events.rows(), chunk_size),
      [&](std::size_t chunk) {
        const diskern::Range range = chunk_range(events.rows(), chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          float* row = result.data() + i * d;
          for (std::size_t j = 0; j < d; ++j) row[j] = events(i, j);
          if (chain != nullptr) chain->apply(row, class_index[i]);
        }
      },
      static_cast<double>(events.rows() * d) * 10.0);
  return result;
}

}  // namespace diskern::statistics
