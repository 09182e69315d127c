#include "model/committee.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "model/keyed.hpp"

namespace diskern::model {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t chunk_size = 512;

void check(bool good, const std::string& problem) {
  if (!good) throw InvalidArgument(problem);
}

}  // namespace

CommitteePredictor::CommitteePredictor(std::vector<std::string> variables, CommitteeScale scale,
                                       std::vector<Member> members)
    : variables_(std::move(variables)), scale_(scale), members_(std::move(members)) {
  check(!members_.empty(), "a committee needs at least one member");
  check(members_.size() <= maximum_members, "a committee can have at most 1000 members");
  check(variables_.size() <= maximum_columns, "a committee can have at most 4096 variables");
  output_count_ = members_[0].model.output_count();
  check(output_count_ <= maximum_outputs, "a committee can have at most 256 outputs");
  for (std::size_t i = 0; i < members_.size(); ++i) check_member(i);
  check(weight_sum_ > 0.0, "the weights of the committee sum to " + std::to_string(weight_sum_) +
                               ", expected a positive sum");
}

void CommitteePredictor::check_member(std::size_t index) {
  const Member& member = members_[index];
  const std::string name = "member '" + member.model.info().title + "' of the committee";
  const Predictor* predictor = member.model.implementation()->predictor.get();
  check(dynamic_cast<const KeyedPredictor*>(predictor) == nullptr,
        name + " is made of " + std::string(predictor->kind()) + ", which a committee cannot hold");
  check(dynamic_cast<const CommitteePredictor*>(predictor) == nullptr, name + " is a committee itself");
  check(member.model.output_count() == output_count_, name + " has " + std::to_string(member.model.output_count()) +
                                                          " outputs, the first one " + std::to_string(output_count_));
  check(member.weight >= 0.0 && std::isfinite(member.weight),
        name + " has the weight " + std::to_string(member.weight) + ", expected 0 or more");
  weight_sum_ += member.weight;
  check(member.knots.size() == member.ranks.size(),
        name + " has " + std::to_string(member.knots.size()) + " knots and " + std::to_string(member.ranks.size()) +
            " ranks, expected as many of each");
  const bool ranked = scale_ == CommitteeScale::rank;
  check(ranked ? member.knots.size() >= 2 : member.knots.empty(),
        name + (ranked ? " has no table of ranks" : " has a table of ranks that is not used"));
  for (std::size_t k = 0; k < member.knots.size(); ++k) {
    const bool rises = k == 0 || (member.knots[k] > member.knots[k - 1] && member.ranks[k] >= member.ranks[k - 1]);
    check(rises && std::isfinite(member.knots[k]) && member.ranks[k] >= 0.0 && member.ranks[k] <= 1.0,
          name + " has a table of ranks that does not rise from 0 to 1");
  }
  check(scale_ == CommitteeScale::response || output_count_ == 1,
        "ranks and probabilities are those of classifiers with one response");
  check(scale_ != CommitteeScale::probability || member.model.has_response_densities(),
        name + " has no densities of its response; it is to be booked with CreateMVAPdfs");
  std::vector<std::size_t> columns = member.model.bind(variables_);
  // Several variables of a member can be the same one of the committee: its own count says nothing about theirs.
  check(columns.size() <= maximum_columns, name + " has " + std::to_string(columns.size()) +
                                               " variables, expected at most " + std::to_string(maximum_columns));
  columns_.push_back(std::move(columns));
}

double CommitteePredictor::scaled(const Member& member, double response) const noexcept {
  switch (scale_) {
    case CommitteeScale::response:
      return response;
    case CommitteeScale::probability:
      return member.model.probability(response);
    case CommitteeScale::rank:
      break;
  }
  if (std::isnan(response)) return response;
  if (response <= member.knots.front()) return member.ranks.front();
  if (response >= member.knots.back()) return member.ranks.back();
  const auto above = std::upper_bound(member.knots.begin(), member.knots.end(), response);
  const auto k = static_cast<std::size_t>(above - member.knots.begin());
  const double part = (response - member.knots[k - 1]) / (member.knots[k] - member.knots[k - 1]);
  return member.ranks[k - 1] + part * (member.ranks[k] - member.ranks[k - 1]);
}

void CommitteePredictor::evaluate(const float* variables, double* responses) const noexcept {
  float own[maximum_columns];
  double answer[maximum_outputs];
  std::fill_n(responses, output_count_, 0.0);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    for (std::size_t j = 0; j < columns_[m].size(); ++j) own[j] = variables[columns_[m][j]];
    members_[m].model.evaluate(own, answer);
    for (std::size_t k = 0; k < output_count_; ++k) {
      responses[k] += members_[m].weight * scaled(members_[m], answer[k]);
    }
  }
  for (std::size_t k = 0; k < output_count_; ++k) responses[k] /= weight_sum_;
}

void CommitteePredictor::evaluate(const Context& context, View<const float, 2> events,
                                  View<double, 2> responses) const {
  const std::size_t n = events.rows();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        const std::size_t rows = range.end - range.begin;
        std::vector<float> own;
        std::vector<double> answer(rows * output_count_);
        std::vector<double> sums(rows * output_count_, 0.0);
        for (std::size_t m = 0; m < members_.size(); ++m) {
          const std::vector<std::size_t>& columns = columns_[m];
          own.resize(rows * columns.size());
          for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < columns.size(); ++j) {
              own[i * columns.size() + j] = events(range.begin + i, columns[j]);
            }
          }
          members_[m].model.evaluate(Context{}, View<const float, 2>(own.data(), rows, columns.size()),
                                     View<double, 2>(answer.data(), rows, output_count_));
          for (std::size_t i = 0; i < answer.size(); ++i) {
            sums[i] += members_[m].weight * scaled(members_[m], answer[i]);
          }
        }
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t k = 0; k < output_count_; ++k) {
            responses(range.begin + i, k) = sums[i * output_count_ + k] / weight_sum_;
          }
        }
      },
      static_cast<double>(n * members_.size()) * 500.0);
}

void CommitteePredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("variables", variables_);
  group.set("scale", static_cast<std::int64_t>(scale_));
  for (const Member& member : members_) {
    archive::Group& child = group.append("members");
    child.set("weight", member.weight);
    child.set("knots", member.knots);
    child.set("ranks", member.ranks);
    write_model(member.model, child.group("model"));
  }
}

PredictorPointer CommitteePredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const auto scale = static_cast<CommitteeScale>(group.integer("scale", 0, 2));
  std::vector<Member> members;
  try {
    for (const archive::Group* child : group.children("members")) {
      // Seen before it is read, so that no file can make models within models without end.
      const std::string& kind = child->child("model").child("predictor").text("kind");
      check(kind != "committee" && kind != "categories" && kind != "folds",
            "a committee cannot be made of committees, categories or folds");
      members.push_back({read_model(child->child("model")), child->real("weight"), child->doubles("knots"),
                         child->doubles("ranks")});
    }
    return std::make_shared<const CommitteePredictor>(group.texts("variables"), scale, std::move(members));
  } catch (const InvalidArgument& error) {
    throw FormatError("model file: '" + group.path() + "': " + error.what());
  }
}

}  // namespace diskern::model
