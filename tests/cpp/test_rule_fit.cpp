#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "statistics/rule_ensemble.hpp"
#include "trees/rule_forest.hpp"
#include "trees/rule_path.hpp"

using namespace diskern;
using statistics::LinearTerm;
using statistics::Rule;
using statistics::RuleEnsemble;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Rule rule(double coefficient, std::vector<std::int32_t> variable, std::vector<double> minimum,
          std::vector<double> maximum, double support = 0.0) {
  Rule result;
  result.coefficient = coefficient;
  result.variable = std::move(variable);
  result.minimum = std::move(minimum);
  result.maximum = std::move(maximum);
  result.support = support;
  return result;
}

double response(const Predictor& predictor, float x, float y) {
  const float event[2] = {x, y};
  double result = 0.0;
  predictor.evaluate(event, &result);
  return result;
}

trees::TermValues two_events_per_class(const std::vector<float>& term) {
  trees::TermValues values;
  values.events = term.size();
  values.terms = 1;
  values.by_event = term;
  values.by_term = term;
  for (std::size_t i = 0; i < term.size(); ++i) {
    values.target.push_back(i % 2 == 0 ? 1.0 : -1.0);
    values.weight.push_back(1.0);
  }
  return values;
}

}  // namespace

TEST(an_ensemble_by_hand) {
  const RuleEnsemble ensemble(2, 0.5, {rule(2.0, {1}, {0.0}, {infinity}), rule(-1.0, {0, 1}, {-infinity, -1.0}, {3.0, 1.0})},
                              {LinearTerm{0.5, 2.0, -1.0, 4.0}, LinearTerm{0.0, 1.0, 0.0, 1.0}});
  // Bounds do not belong to a rule.
  CHECK_EQUAL(response(ensemble, 5.0F, 0.0F), 0.5 + 4.0);
  CHECK_EQUAL(response(ensemble, 2.0F, 0.5F), 0.5 + 2.0 - 1.0 + 2.0);
  CHECK_EQUAL(response(ensemble, -7.0F, 2.0F), 0.5 + 2.0 - 1.0);
  CHECK(std::isnan(response(ensemble, std::numeric_limits<float>::quiet_NaN(), 0.0F)));
}

TEST(files_of_both_layouts) {
  archive::Group old("predictor");
  old.set("layout", std::int64_t{1});
  old.set("n_inputs", std::int64_t{2});
  old.set("offset", 0.25);
  old.set("coefficient", std::vector<double>{1.5});
  old.set("size", std::vector<std::int32_t>{1});
  old.set("variable", std::vector<std::int32_t>{0});
  old.set("minimum", std::vector<double>{0.0});
  old.set("maximum", std::vector<double>{infinity});
  old.set("linear", std::vector<double>{0.5, -1.0, 1.0, 0.25, -2.0, 2.0});
  const PredictorPointer first = RuleEnsemble::read(old);
  CHECK_EQUAL(response(*first, 0.5F, 8.0F), 0.25 + 1.5 + 0.25 + 0.5);

  archive::Group written("predictor");
  const RuleEnsemble ensemble(2, 0.25, {rule(1.5, {0}, {0.0}, {infinity}, 0.25)},
                              {LinearTerm{0.5, 3.0, -1.0, 1.0}, LinearTerm{0.25, 1.0, -2.0, 2.0}}, {0.1, 0.2, 0.3, 0.4});
  ensemble.write(written);
  const PredictorPointer again = RuleEnsemble::read(written);
  const auto& read = dynamic_cast<const RuleEnsemble&>(*again);
  CHECK_EQUAL(response(read, 0.5F, 8.0F), response(ensemble, 0.5F, 8.0F));
  CHECK_EQUAL(read.rules()[0].support, 0.25);
  CHECK_EQUAL(read.linear()[0].norm, 3.0);
  CHECK_EQUAL(read.statistics().average_sigma, 0.4);
}

TEST(importances_by_hand) {
  const RuleEnsemble ensemble(2, 0.0, {rule(-2.0, {0, 1}, {0.0, 0.0}, {1.0, 1.0}, 0.5)},
                              {LinearTerm{0.0, 1.0, 0.0, 1.0}, LinearTerm{3.0, 1.0, 0.0, 1.0}}, {0.0, 0.0, 0.5, 0.5});
  CHECK_EQUAL(ensemble.rules()[0].importance(), 1.0);
  CHECK_EQUAL(ensemble.largest_importance(), 1.5);
  const std::vector<double> importance = ensemble.variable_importance();  // 0.5 and 0.5 + 1.5
  CHECK_EQUAL(importance[0], 0.25);
  CHECK_EQUAL(importance[1], 1.0);
}

TEST(distances_of_rules) {
  const std::vector<double> rms = {2.0, 0.5};
  const Rule a = rule(0, {0, 1}, {1.0, -infinity}, {infinity, 3.0});
  const Rule b = rule(0, {0, 1}, {2.0, -infinity}, {infinity, 3.5});
  CHECK_NEAR(trees::rule_distance(a, b, rms), std::sqrt(0.25 + 1.0), 1e-15);
  CHECK_EQUAL(trees::rule_distance(a, a, rms), 0.0);
  CHECK_EQUAL(trees::rule_distance(a, rule(0, {0}, {1.0}, {infinity}), rms), -1.0);
  CHECK_EQUAL(trees::rule_distance(a, rule(0, {0, 1}, {-infinity, -infinity}, {1.0, 3.0}), rms), -1.0);
  CHECK_EQUAL(trees::different_rules({a, b, a}, 0.0, rms).size(), std::size_t{2});
  CHECK_EQUAL(trees::different_rules({a, b, a}, 1.2, rms).size(), std::size_t{1});
}

TEST(boost_by_hand) {
  trees::TmvaSample sample;
  sample.weight = {1.0, 2.0, 3.0, 4.0};
  sample.boost_weight = {1.0, 1.0, 1.0, 0.5};
  sample.signal = {1, 0, 1, 0};
  // Weights 1, 2, 3, 2: a quarter is wrong, its factor is 3 and the sum grows from 8 to 12.
  trees::boost_wrong_events({0, 1, 0, 0}, sample);
  const double expected[] = {2.0 / 3.0, 2.0, 2.0 / 3.0, 1.0 / 3.0};
  for (std::size_t i = 0; i < 4; ++i) CHECK_NEAR(sample.boost_weight[i], expected[i], 1e-15);
  const std::vector<double> before = sample.boost_weight;
  trees::boost_wrong_events({0, 0, 0, 0}, sample);
  CHECK(sample.boost_weight == before);
}

TEST(roc_error_by_hand) {
  // Pairs: 0.9 above 0.1 and 0.5; 0.5 above 0.1 and as high as 0.5.
  CHECK_NEAR(trees::roc_error({0.9, 0.5, 0.1, 0.5}, {1, 1, -1, -1}, {1, 1, 1, 1}), 1.0 - 3.5 / 4.0, 1e-15);
  CHECK_NEAR(trees::roc_error({0.9, 0.5, 0.1, 0.5}, {1, 1, -1, -1}, {3, 1, 1, 1}), 1.0 - 7.5 / 8.0, 1e-15);
  CHECK_EQUAL(trees::roc_error({1, 2}, {1, 1}, {1, 1}), 0.5);
  for (const double bad : {std::nan(""), infinity}) {
    bool refused = false;
    try {
      trees::roc_error({0.5, bad}, {1, -1}, {1, 1});
    } catch (const InvalidArgument&) {
      refused = true;
    }
    CHECK(refused);
  }
}

TEST(a_step_of_the_path) {
  // The mean of the target is 0, where the path begins: the derivative is 2 sum y (x - 0.5) / 4 = 1.
  const trees::TermValues values = two_events_per_class({1.0F, 0.0F, 1.0F, 0.0F});
  trees::RulePathParams params;
  params.tau = 0.0;
  params.step = 0.2;
  params.steps = 1;
  trees::RulePath path = trees::follow_rule_path(Context{}, params, values, values);
  CHECK_NEAR(path.coefficient[0], 0.2, 1e-15);
  CHECK_NEAR(path.offset, -0.5 * path.coefficient[0], 1e-15);
  CHECK_EQUAL(path.best_step, std::size_t{1});
  CHECK(path.still_falling);
  params.steps = 4000;
  params.step = 0.1;
  path = trees::follow_rule_path(Context{}, params, values, values);
  CHECK_EQUAL(path.error[0], 0.0);
  CHECK(!path.still_falling);  // it cannot be less than nothing
}

TEST(values_that_are_refused) {
  const auto refused = [](double offset, std::vector<Rule> rules, std::vector<LinearTerm> linear) {
    try {
      const RuleEnsemble ensemble(2, offset, std::move(rules), std::move(linear));
    } catch (const FormatError&) {
      return true;
    }
    return false;
  };
  CHECK(!refused(0.0, {}, {}));
  CHECK(refused(infinity, {}, {}));
  CHECK(refused(0.0, {rule(1.0, {2}, {0.0}, {1.0})}, {}));
  CHECK(refused(0.0, {rule(1.0, {0}, {0.0, 1.0}, {1.0})}, {}));
  CHECK(refused(0.0, {rule(1.0, {0}, {std::nan("")}, {1.0})}, {}));
  CHECK(refused(0.0, {rule(1.0, {0}, {0.0}, {1.0}, infinity)}, {}));
  CHECK(refused(0.0, {}, {LinearTerm{1.0, 1.0, 0.0, 1.0}}));
  CHECK(refused(0.0, {}, {LinearTerm{1.0, 1.0, 2.0, 1.0}, LinearTerm{}}));
  CHECK(refused(0.0, {}, {LinearTerm{1e200, 1e200, 0.0, 1.0}, LinearTerm{}}));
}
