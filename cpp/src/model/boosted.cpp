#include "model/boosted.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "base/archive.hpp"
#include "base/elementwise.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "model/registry.hpp"

namespace diskern::model {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t chunk_size = 1024;
constexpr double inverse_e = 0.36787944117144233;

void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

// Kinds that hold models themselves: files with models within models without end are refused before they are read.
bool is_made_of_models(std::string_view kind) noexcept {
  return kind == "boosted" || kind == "folds" || kind == "categories" || kind == "committee";
}

}  // namespace

BoostedPredictor::BoostedPredictor(BoostTransform transform, std::vector<Member> members)
    : transform_(transform), members_(std::move(members)) {
  check(!members_.empty() && members_.size() <= maximum_members,
        "a boosted model has " + std::to_string(members_.size()) + " members, expected 1 to 100000");
  for (const Member& member : members_) {
    check(member.predictor != nullptr, "a member of a boosted model has no predictor");
    check(!is_made_of_models(member.predictor->kind()),
          "a boosted model cannot be made of " + std::string(member.predictor->kind()));
    check(member.predictor->input_count() == members_[0].predictor->input_count() &&
              member.predictor->output_count() == members_[0].predictor->output_count(),
          "all members of a boosted model must have the same number of variables and of outputs");
    check(std::isfinite(member.weight) && std::isfinite(member.cut) &&
              (member.orientation == 1.0 || member.orientation == -1.0),
          "weight, cut and orientation of a member of a boosted model must be finite numbers, the last 1 or -1");
    weight_sum_ += member.weight;
  }
  n_inputs_ = members_[0].predictor->input_count();
  n_outputs_ = members_[0].predictor->output_count();
  check(n_outputs_ <= maximum_outputs_of_members,
        "the members of a boosted model have " + std::to_string(n_outputs_) + " outputs, expected at most 64");
  check(weight_sum_ != 0.0, "the weights of the members of a boosted model sum to 0");
  check(transform_ == BoostTransform::linear || n_outputs_ == 1,
        "responses of several outputs can only be averaged as they are (Boost_Transform=linear)");
}

double BoostedPredictor::transformed(const Member& member, double response) const noexcept {
  switch (transform_) {
    case BoostTransform::linear:
      return response;
    case BoostTransform::step:
      if (std::isnan(response)) return response;
      return response * member.orientation > member.cut * member.orientation ? 1.0 : -1.0;
    case BoostTransform::log: {
      const double above = response < member.cut ? 0.0 : response - member.cut;
      return maths::log(above + inverse_e);
    }
    case BoostTransform::gauss: {
      const double distance = response - member.cut - 1.0;
      return maths::exp(-0.5 * distance * distance);
    }
  }
  return response;
}

void BoostedPredictor::evaluate(const float* variables, double* responses) const noexcept {
  double one[maximum_outputs_of_members];
  double sums[maximum_outputs_of_members] = {};
  for (const Member& member : members_) {
    member.predictor->evaluate(variables, one);
    for (std::size_t k = 0; k < n_outputs_; ++k) sums[k] += member.weight * transformed(member, one[k]);
  }
  for (std::size_t k = 0; k < n_outputs_; ++k) responses[k] = sums[k] / weight_sum_;
}

void BoostedPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  parallel_for(
      context, chunk_count(events.rows(), chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(events.rows(), chunk_size, chunk);
        const View<const float, 2> rows = events.slice(range.begin, range.end);
        std::vector<double> one(rows.rows() * n_outputs_);
        std::vector<double> sums(one.size(), 0.0);
        for (const Member& member : members_) {
          member.predictor->evaluate(Context{}, rows, View<double, 2>(one.data(), rows.rows(), n_outputs_));
          if (transform_ == BoostTransform::log) {  // side by side, with the bits of `transformed`
            for (double& response : one) {
              response = (response < member.cut ? 0.0 : response - member.cut) + inverse_e;
            }
            elementwise_kernels().log_double(one.data(), one.data(), one.size());
            for (std::size_t i = 0; i < one.size(); ++i) sums[i] += member.weight * one[i];
            continue;
          }
          for (std::size_t i = 0; i < one.size(); ++i) sums[i] += member.weight * transformed(member, one[i]);
        }
        const View<double, 2> out = responses.slice(range.begin, range.end);
        for (std::size_t i = 0; i < rows.rows(); ++i) {
          for (std::size_t k = 0; k < n_outputs_; ++k) out(i, k) = sums[i * n_outputs_ + k] / weight_sum_;
        }
      },
      static_cast<double>(events.rows() * members_.size()) * 20.0);
}

std::shared_ptr<const statistics::TransformationChain> BoostedPredictor::own_transformations() const {
  return members_[0].predictor->own_transformations();
}

void BoostedPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("transform", static_cast<std::int64_t>(transform_));
  std::vector<double> weight;
  std::vector<double> cut;
  std::vector<double> orientation;
  for (const Member& member : members_) {
    weight.push_back(member.weight);
    cut.push_back(member.cut);
    orientation.push_back(member.orientation);
    archive::Group& child = group.append("members");
    child.set("kind", std::string(member.predictor->kind()));
    member.predictor->write(child.group("content"));
  }
  group.set("weight", std::move(weight));
  group.set("cut", std::move(cut));
  group.set("orientation", std::move(orientation));
}

PredictorPointer BoostedPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const auto transform = static_cast<BoostTransform>(group.integer("transform", 0, 3));
  const std::vector<const archive::Group*> children = group.children("members");
  const std::vector<double>& weight = group.doubles("weight", children.size());
  const std::vector<double>& cut = group.doubles("cut", children.size());
  const std::vector<double>& orientation = group.doubles("orientation", children.size());
  std::vector<Member> members;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const std::string& kind = children[i]->text("kind");
    if (is_made_of_models(kind)) {
      throw FormatError("model file: '" + children[i]->path() + "': a boosted model cannot be made of " + kind);
    }
    members.push_back({read_predictor(kind, children[i]->child("content")), weight[i], cut[i], orientation[i]});
  }
  try {
    return std::make_shared<const BoostedPredictor>(transform, std::move(members));
  } catch (const InvalidArgument& error) {
    throw FormatError("model file: '" + group.path() + "': " + error.what());
  }
}

}  // namespace diskern::model
