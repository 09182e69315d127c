#include "model/folds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/philox.hpp"
#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "model/registry.hpp"

namespace diskern::model {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

void check_fold_count(std::int32_t n_folds) {
  check(n_folds >= 2 && n_folds <= FoldRule::maximum_folds,
        "n_folds must be from 2 to " + std::to_string(FoldRule::maximum_folds) + ", got " + std::to_string(n_folds));
}

std::string number(double value) {
  std::string text = std::to_string(value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

FoldRule FoldRule::hash(std::int32_t n_folds, std::uint64_t seed, std::vector<std::string> key_columns,
                        std::vector<std::int32_t> fold_of_bucket) {
  check_fold_count(n_folds);
  check(!key_columns.empty() && key_columns.size() <= maximum_key_columns,
        "a fold key has 1 to " + std::to_string(maximum_key_columns) + " columns, got " +
            std::to_string(key_columns.size()));
  for (std::size_t i = 0; i < key_columns.size(); ++i) {
    check(!key_columns[i].empty(), "a column of the fold key has no name");
    for (std::size_t j = 0; j < i; ++j) {
      check(key_columns[i] != key_columns[j], "the fold key names the column '" + key_columns[i] + "' twice");
    }
  }
  if (fold_of_bucket.empty()) {
    for (std::int32_t f = 0; f < n_folds; ++f) fold_of_bucket.push_back(f);
  }
  check(fold_of_bucket.size() <= maximum_buckets,
        "fold_of_bucket has " + std::to_string(fold_of_bucket.size()) + " buckets, at most 65536 are allowed");
  std::vector<char> used(static_cast<std::size_t>(n_folds), 0);
  for (const std::int32_t fold : fold_of_bucket) {
    check(fold >= 0 && fold < n_folds, "fold_of_bucket names the fold " + std::to_string(fold) +
                                           ", expected 0 to " + std::to_string(n_folds - 1));
    used[static_cast<std::size_t>(fold)] = 1;
  }
  check(std::find(used.begin(), used.end(), 0) == used.end(), "fold_of_bucket leaves a fold without a bucket");
  FoldRule rule;
  rule.n_folds_ = n_folds;
  rule.seed_ = seed;
  rule.key_columns_ = std::move(key_columns);
  rule.fold_of_bucket_ = std::move(fold_of_bucket);
  return rule;
}

FoldRule FoldRule::expression(std::int32_t n_folds, const std::string& text) {
  check_fold_count(n_folds);
  FoldRule rule;
  rule.n_folds_ = n_folds;
  rule.text_ = text;
  rule.compiled_ = std::make_shared<const expression::Expression>(expression::Expression::parse(text));
  for (const expression::Input& input : rule.compiled_->inputs()) rule.key_columns_.push_back(input.text);
  check(!rule.key_columns_.empty() && rule.key_columns_.size() <= maximum_key_columns,
        "the fold expression '" + text + "' reads " + std::to_string(rule.key_columns_.size()) +
            " columns, expected 1 to " + std::to_string(maximum_key_columns));
  return rule;
}

FoldRule FoldRule::mean(std::int32_t n_folds) {
  check_fold_count(n_folds);
  FoldRule rule;
  rule.n_folds_ = n_folds;
  return rule;
}

std::int32_t FoldRule::bucket(const double* key) const noexcept {
  // Each column is one application of Philox, keyed by the result of the column before.
  const Philox start(seed_, Purpose::folds);
  PhiloxBlock state = start.block(key_columns_.size());
  for (std::size_t j = 0; j < key_columns_.size(); ++j) {
    if (!std::isfinite(key[j])) return -1;
    const std::uint64_t bits = maths::to_bits(key[j] == 0.0 ? 0.0 : key[j]);
    state = philox4x32({{static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32U),
                         state.word[2], state.word[3]}},
                       state.word[0], state.word[1]);
  }
  // 32 bits times the number of buckets (at most 65536): no bucket is more likely than another by more than 2^-16.
  const std::uint64_t product = std::uint64_t{state.word[0]} * fold_of_bucket_.size();
  return static_cast<std::int32_t>(product >> 32U);
}

std::int32_t FoldRule::fold(const double* key) const noexcept {
  if (is_mean()) return -1;
  if (compiled_ == nullptr) {
    const std::int32_t place = bucket(key);
    return place < 0 ? -1 : fold_of_bucket_[static_cast<std::size_t>(place)];
  }
  const double value = compiled_->evaluate(key);
  if (!(value > -0.5 && value < n_folds_ - 0.5)) return -1;  // NaN as well
  const double nearest = std::floor(value + 0.5);
  return std::abs(value - nearest) <= tolerance ? static_cast<std::int32_t>(nearest) : -1;
}

std::vector<std::int32_t> FoldRule::folds(View<const double, 2> keys) const {
  check(!is_mean(), "the model answers with the mean of its folds: no event has a fold");
  check(keys.columns() == key_columns_.size(), "the key has " + std::to_string(keys.columns()) +
                                                   " columns, the fold rule reads " +
                                                   std::to_string(key_columns_.size()));
  std::vector<std::int32_t> result(keys.rows());
  double key[maximum_key_columns];
  for (std::size_t i = 0; i < keys.rows(); ++i) {
    for (std::size_t j = 0; j < key_columns_.size(); ++j) key[j] = keys(i, j);
    result[i] = fold(key);
    if (result[i] >= 0) continue;
    std::string shown;
    for (std::size_t j = 0; j < key_columns_.size(); ++j) {
      shown += (j == 0 ? "" : ", ") + key_columns_[j] + " = " + number(key[j]);
    }
    throw InvalidArgument("the key of event " + std::to_string(i) + " has no fold: " + shown +
                          (compiled_ == nullptr ? "; a finite number is expected in every column"
                                                : "; '" + text_ + "' gives " + number(compiled_->evaluate(key)) +
                                                      ", expected an integer 0 to " + std::to_string(n_folds_ - 1)));
  }
  return result;
}

void FoldRule::write(archive::Group& group) const {
  group.set("n_folds", std::int64_t{n_folds_});
  if (is_mean()) {
    group.set("mean", true);
    return;
  }
  if (compiled_ != nullptr) {
    group.set("expression", text_);
    return;
  }
  group.set("seed", static_cast<std::int64_t>(seed_));
  group.set("key_columns", key_columns_);
  group.set("fold_of_bucket", fold_of_bucket_);
}

FoldRule FoldRule::read(const archive::Group& group) {
  const auto n_folds = static_cast<std::int32_t>(group.integer("n_folds", 2, maximum_folds));
  try {
    if (group.contains("mean")) {
      if (!group.boolean("mean")) throw FormatError("model file: '" + group.path() + "/mean' is false");
      return mean(n_folds);
    }
    if (group.contains("expression")) return expression(n_folds, group.text("expression"));
    const std::vector<std::int32_t>& table = group.integers32("fold_of_bucket");
    check(!table.empty(), "fold_of_bucket is empty");
    return hash(n_folds, static_cast<std::uint64_t>(group.integer("seed")), group.texts("key_columns"), table);
  } catch (const InvalidArgument& error) {
    throw FormatError("model file: '" + group.path() + "': " + error.what());
  }
}

FoldsPredictor::FoldsPredictor(FoldRule rule, std::vector<Fold> folds)
    : rule_(std::move(rule)), folds_(std::move(folds)) {
  check(folds_.size() == static_cast<std::size_t>(rule_.fold_count()),
        "the rule knows " + std::to_string(rule_.fold_count()) + " folds, given were " +
            std::to_string(folds_.size()) + " models");
  for (const Fold& fold : folds_) {
    check(fold.predictor != nullptr, "a fold has no predictor");
    check(fold.predictor->kind() != kind(), "a fold cannot be made of folds itself");
    check(fold.predictor->input_count() == folds_[0].predictor->input_count() &&
              fold.predictor->output_count() == folds_[0].predictor->output_count(),
          "all folds must have the same number of variables and of outputs");
  }
  input_count_ = folds_[0].predictor->input_count();
  output_count_ = folds_[0].predictor->output_count();
  check(!rule_.is_mean() || output_count_ <= FoldRule::maximum_mean_outputs,
        "the mean of folds is taken of at most " + std::to_string(FoldRule::maximum_mean_outputs) + " outputs, got " +
            std::to_string(output_count_));
  check(input_count_ <= maximum_variables, "a model can have at most 65536 variables");
  ModelInfo info;
  info.variables.resize(input_count_);
  for (std::size_t j = 0; j < input_count_; ++j) info.variables[j].label = std::to_string(j);
  for (const Fold& fold : folds_) models_.push_back(make_model(info, fold.chain, fold.predictor));
}

void FoldsPredictor::evaluate(const float* variables, double* responses) const noexcept {
  if (!rule_.is_mean()) {
    std::fill_n(responses, output_count_, nan);
    return;
  }
  double one[FoldRule::maximum_mean_outputs];
  std::fill_n(responses, output_count_, 0.0);
  for (const Model& model : models_) {
    model.evaluate(variables, one);
    for (std::size_t j = 0; j < output_count_; ++j) responses[j] += one[j];
  }
  for (std::size_t j = 0; j < output_count_; ++j) responses[j] /= static_cast<double>(models_.size());
}

void FoldsPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  if (rule_.is_mean()) {
    std::vector<double> sums(events.rows() * output_count_, 0.0);
    std::vector<double> one(sums.size());
    for (const Model& model : models_) {
      model.evaluate(context, events, View<double, 2>(one.data(), events.rows(), output_count_));
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += one[i];
    }
    for (std::size_t i = 0; i < events.rows(); ++i) {
      for (std::size_t j = 0; j < output_count_; ++j) {
        responses(i, j) = sums[i * output_count_ + j] / static_cast<double>(models_.size());
      }
    }
    return;
  }
  std::string names;
  for (const std::string& name : rule_.key_columns()) names += (names.empty() ? "" : ", ") + name;
  throw InvalidArgument("the model was trained in " + std::to_string(rule_.fold_count()) +
                        " folds: the key of every event is needed to choose the one that did not see it (" + names +
                        ")");
}

void FoldsPredictor::evaluate(const float* variables, const double* key, double* responses) const noexcept {
  const std::int32_t fold = rule_.fold(key);
  if (fold < 0) {
    std::fill_n(responses, output_count_, nan);
    return;
  }
  models_[static_cast<std::size_t>(fold)].evaluate(variables, responses);
}

void FoldsPredictor::evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                              View<double, 2> responses) const {
  const std::size_t n = events.rows();
  check(keys.rows() == n, "key has " + std::to_string(keys.rows()) + " rows, expected one for each of the " +
                              std::to_string(n) + " events");
  const std::vector<std::int32_t> folds = rule_.folds(keys);
  std::vector<std::size_t> mine;
  std::vector<float> variables;
  std::vector<double> outputs;
  for (std::size_t f = 0; f < models_.size(); ++f) {
    mine.clear();
    for (std::size_t i = 0; i < n; ++i) {
      if (folds[i] == static_cast<std::int32_t>(f)) mine.push_back(i);
    }
    variables.resize(mine.size() * input_count_);
    outputs.resize(mine.size() * output_count_);
    for (std::size_t k = 0; k < mine.size(); ++k) {
      for (std::size_t j = 0; j < input_count_; ++j) variables[k * input_count_ + j] = events(mine[k], j);
    }
    models_[f].evaluate(context, View<const float, 2>(variables.data(), mine.size(), input_count_),
                        View<double, 2>(outputs.data(), mine.size(), output_count_));
    for (std::size_t k = 0; k < mine.size(); ++k) {
      for (std::size_t j = 0; j < output_count_; ++j) responses(mine[k], j) = outputs[k * output_count_ + j];
    }
  }
}

void FoldsPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  rule_.write(group.group("rule"));
  for (const Fold& fold : folds_) {
    archive::Group& child = group.append("folds");
    child.set("kind", std::string(fold.predictor->kind()));
    fold.predictor->write(child.group("content"));
    if (fold.chain != nullptr && !fold.chain->empty()) fold.chain->write(child.group("transformation"));
  }
}

PredictorPointer FoldsPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  FoldRule rule = FoldRule::read(group.child("rule"));
  const std::vector<const archive::Group*> children = group.children("folds");
  if (children.size() != static_cast<std::size_t>(rule.fold_count())) {
    throw FormatError("model file: '" + group.path() + "/folds' has " + std::to_string(children.size()) +
                      " entries, expected " + std::to_string(rule.fold_count()));
  }
  std::vector<Fold> folds;
  for (const archive::Group* child : children) {
    Fold fold;
    if (child->text("kind") == "folds") {
      throw FormatError("model file: '" + child->path() + "': a fold cannot be made of folds itself");
    }
    fold.predictor = read_predictor(child->text("kind"), child->child("content"));
    if (child->contains("transformation")) {
      fold.chain = std::make_shared<const statistics::TransformationChain>(
          statistics::TransformationChain::read(child->child("transformation")));
    }
    folds.push_back(std::move(fold));
  }
  try {
    return std::make_shared<const FoldsPredictor>(std::move(rule), std::move(folds));
  } catch (const InvalidArgument& error) {
    throw FormatError("model file: '" + group.path() + "': " + error.what());
  }
}

}  // namespace diskern::model
