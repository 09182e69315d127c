#include "trees/votes.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::trees {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t chunk_size = 2048;

// In the order of the outputs, so that one event and many give the same bits.
double mean(const double* votes, std::size_t n) noexcept {
  double sum = 0;
  for (std::size_t k = 0; k < n; ++k) sum += votes[k];
  return sum / static_cast<double>(n);
}

}  // namespace

VotesPredictor::VotesPredictor(std::shared_ptr<const ForestPredictor> voters) : voters_(std::move(voters)) {
  if (voters_->output_count() > maximum_votes) {
    throw FormatError("votes: the forest has " + std::to_string(voters_->output_count()) +
                      " outputs, expected at most " + std::to_string(maximum_votes));
  }
}

void VotesPredictor::evaluate(const float* variables, double* responses) const noexcept {
  double votes[maximum_votes];
  voters_->evaluate(variables, votes);
  responses[0] = mean(votes, voters_->output_count());
}

void VotesPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  const std::size_t n = events.rows();
  const std::size_t width = voters_->output_count();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        const std::size_t size = range.end - range.begin;
        std::vector<double> votes(size * width);
        Context serial;
        serial.threads = 1;
        voters_->evaluate(serial, events.slice(range.begin, range.end), View<double, 2>(votes.data(), size, width));
        for (std::size_t i = 0; i < size; ++i) responses(range.begin + i, 0) = mean(votes.data() + i * width, width);
      },
      static_cast<double>(n * voters_->forest().trees.size()) * 2.0);
}

void VotesPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  voters_->write(group.group("forest"));
}

std::string VotesPredictor::why_no_sum_of_trees(const std::string& done) const {
  return "a model of uBoost cannot be " + done + ": its response is the mean over " +
         std::to_string(voters_->output_count()) +
         " forests of how clearly an event passes the cut of each, which is no sum of trees";
}

PredictorPointer VotesPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const PredictorPointer read = ForestPredictor::read(group.child("forest"));
  return std::make_shared<const VotesPredictor>(std::static_pointer_cast<const ForestPredictor>(read));
}

}  // namespace diskern::trees
