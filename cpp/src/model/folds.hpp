#pragma once
// k models of one k-fold training and the rule that says which of them may see an event: the one that was not trained
// on it. The rule reads a key (event number, run and event, ...), so that it holds in Python, in C++ and for new data.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/model.hpp"
#include "expression/expression.hpp"
#include "model/keyed.hpp"
#include "statistics/transformation.hpp"

namespace diskern::model {

// Which fold an event belongs to, as a function of its key columns alone: events of one key always share a fold.
class FoldRule {
 public:
  static constexpr std::int32_t maximum_folds = 1000;
  static constexpr std::size_t maximum_key_columns = 16;
  static constexpr std::size_t maximum_buckets = 65536;
  // How far from an integer the value of an expression may lie, as in TMVA's CrossValidation.
  static constexpr double tolerance = 1e-5;
  // Outputs of the models whose mean is taken (their responses lie on the stack meanwhile).
  static constexpr std::size_t maximum_mean_outputs = 1024;

  // The key is hashed by Philox with this seed to one of fold_of_bucket.size() buckets of the same probability; the
  // table says which fold a bucket belongs to. An empty table: one bucket for each fold. Throws InvalidArgument.
  static FoldRule hash(std::int32_t n_folds, std::uint64_t seed, std::vector<std::string> key_columns,
                       std::vector<std::int32_t> fold_of_bucket = {});
  // The expression gives the fold, an integer 0 .. n_folds-1: "int(eventNumber) % 5". The columns that it reads are the
  // key. Throws InvalidArgument.
  static FoldRule expression(std::int32_t n_folds, const std::string& text);

  // No fold is chosen: the answer to every event is the mean of those of all folds. Nothing is read, there is no key.
  static FoldRule mean(std::int32_t n_folds);

  bool is_mean() const noexcept { return key_columns_.empty(); }
  std::int32_t fold_count() const noexcept { return n_folds_; }
  const std::vector<std::string>& key_columns() const noexcept { return key_columns_; }
  const std::string& expression_text() const noexcept { return text_; }  // empty: hash
  std::uint64_t seed() const noexcept { return seed_; }
  const std::vector<std::int32_t>& fold_of_bucket() const noexcept { return fold_of_bucket_; }

  // key: one number per key column. -1 for a key that is missing or has no fold: NaN, infinity, or an expression that
  // gives no integer of the range. Numbers that are equal have the same fold, -0 and 0 included.
  std::int32_t fold(const double* key) const noexcept;
  std::int32_t bucket(const double* key) const noexcept;  // hash only; -1 as above
  // Of many keys (rows). Throws InvalidArgument that names the first event without a fold.
  std::vector<std::int32_t> folds(View<const double, 2> keys) const;

  void write(archive::Group& group) const;
  static FoldRule read(const archive::Group& group);

 private:
  FoldRule() = default;

  std::int32_t n_folds_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<std::string> key_columns_;
  std::vector<std::int32_t> fold_of_bucket_;
  std::string text_;
  std::shared_ptr<const expression::Expression> compiled_;  // null: hash
};

class FoldsPredictor final : public KeyedPredictor {
 public:
  struct Fold {
    std::shared_ptr<const statistics::TransformationChain> chain;  // null: none
    PredictorPointer predictor;
  };

  // Fold f holds what was trained without the events of fold f. Throws InvalidArgument when the numbers of inputs or
  // outputs differ, when there is not one for each fold, or when one is itself made of folds.
  FoldsPredictor(FoldRule rule, std::vector<Fold> folds);

  std::string_view kind() const noexcept override { return "folds"; }
  std::size_t input_count() const noexcept override { return input_count_; }
  std::size_t output_count() const noexcept override { return output_count_; }
  const std::vector<std::string>& key_columns() const noexcept override { return rule_.key_columns(); }

  // The mean, where the rule says so. Else an event without its key has no fold: all responses are NaN; a batch throws
  // InvalidArgument.
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;

  // NaN for a key without a fold.
  void evaluate(const float* variables, const double* key, double* responses) const noexcept override;
  // Throws InvalidArgument for a key without a fold; nothing is evaluated then.
  void evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                View<double, 2> responses) const override;

  const FoldRule& rule() const noexcept { return rule_; }
  const std::vector<Fold>& folds() const noexcept { return folds_; }

  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

 private:
  FoldRule rule_;
  std::vector<Fold> folds_;
  std::vector<Model> models_;  // chain and predictor of each fold behind one evaluation
  std::size_t input_count_ = 0;
  std::size_t output_count_ = 0;
};

}  // namespace diskern::model
