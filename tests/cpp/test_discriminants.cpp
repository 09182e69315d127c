#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "check.hpp"
#include "diskern/error.hpp"
#include "statistics/discriminants.hpp"
#include "statistics/moments.hpp"
#include "statistics/symmetric.hpp"

using diskern::Context;
using diskern::InvalidArgument;
using diskern::View;
using namespace diskern::statistics;

namespace {

struct Events {
  std::size_t n;
  std::size_t d;
  std::vector<float> values;
  std::vector<double> weight;
  std::vector<std::int32_t> class_index;
  View<const float, 2> matrix() const { return View<const float, 2>(values.data(), n, d); }
  View<const double> weights() const { return View<const double>(weight.data(), n); }
  View<const std::int32_t> classes() const { return View<const std::int32_t>(class_index.data(), n); }
};

Events normal(std::size_t n, double offset = 0.0) {
  Events events{n, 3, {}, {}, {}};
  std::mt19937 generator(7);
  std::normal_distribution<double> unit;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t c = i % 2 == 0 ? 0 : 1;
    const double a = unit(generator);
    events.values.push_back(static_cast<float>(a + offset + (c == 0 ? 0.5 : 0.0)));
    events.values.push_back(static_cast<float>(0.7 * a + unit(generator) + offset));
    events.values.push_back(static_cast<float>(unit(generator) - (c == 0 ? 0.3 : 0.0) + offset));
    events.weight.push_back(0.5 + 0.25 * static_cast<double>(i % 5));
    events.class_index.push_back(c);
  }
  return events;
}

std::string message_of(const Events& events, Singular singular = Singular::error) {
  FisherParams params;
  params.singular = singular;
  params.variable_names = {"a", "b", "c"};
  try {
    fit_fisher(Context{}, params, events.matrix(), events.classes(), events.weights());
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(moments_by_hand) {
  const std::vector<float> values = {1, 2, 3, 5, -1, 0, 2, 2};
  const std::vector<double> weight = {1.0, 3.0, 2.0, -1.0};
  const std::vector<std::int32_t> classes = {0, 0, 1, 1};
  const std::vector<Moments> moments =
      class_moments(Context{}, View<const float, 2>(values.data(), 4, 2), View<const double>(weight.data(), 4),
                    View<const std::int32_t>(classes.data(), 4), 2);
  CHECK_EQUAL(moments[0].weight, 4.0);
  CHECK_EQUAL(moments[1].weight, 1.0);
  CHECK_EQUAL(moments[1].events, std::size_t{2});
  CHECK_NEAR(moments[0].mean[0], 2.5, 1e-15);
  CHECK_NEAR(moments[0].mean[1], 4.25, 1e-15);
  CHECK_NEAR(moments[0].covariance[0], 0.75, 1e-15);
  CHECK_NEAR(moments[0].covariance[1], 1.125, 1e-15);
  CHECK_NEAR(moments[0].covariance[2], 1.125, 1e-15);
  CHECK_NEAR(moments[0].covariance[3], 1.6875, 1e-15);
  CHECK_NEAR(moments[1].mean[0], -4.0, 1e-15);
  const Moments all = combined(moments);
  CHECK_NEAR(all.mean[0], 6.0 / 5.0, 1e-15);
  // Sum of w x^2 = 1 + 27 + 2 - 4 = 26.
  CHECK_NEAR(all.covariance[0], 26.0 / 5.0 - 1.44, 1e-14);
}

TEST(moments_do_not_depend_on_threads_or_offset) {
  const Events events = normal(300001, 0.0);
  Context one;
  Context three;
  three.threads = 3;
  const auto a = class_moments(one, events.matrix(), events.weights(), events.classes(), 2);
  const auto b = class_moments(three, events.matrix(), events.weights(), events.classes(), 2);
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(a[c].mean == b[c].mean);
    CHECK(a[c].covariance == b[c].covariance);
  }
  // Over many slabs the sums are those of a plain loop.
  double weight = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  for (std::size_t i = 1; i < events.n; i += 2) {
    const double x = static_cast<double>(events.values[3 * i + 2]);
    weight += events.weight[i];
    sum += events.weight[i] * x;
    squares += events.weight[i] * x * x;
  }
  CHECK_NEAR(a[1].mean[2], sum / weight, 1e-11);
  CHECK_NEAR(a[1].covariance[8], squares / weight - sum / weight * (sum / weight), 1e-10);
  const Events far = normal(20000, 4096.0);
  const Events near = normal(20000, 0.0);
  const auto x = class_moments(one, far.matrix(), far.weights(), far.classes(), 2);
  const auto y = class_moments(one, near.matrix(), near.weights(), near.classes(), 2);
  // The float32 events themselves are rounded to 2^-12 there.
  for (std::size_t i = 0; i < 9; ++i) CHECK_NEAR(x[0].covariance[i], y[0].covariance[i], 1e-5);
}

TEST(cholesky_solves_and_finds_the_rank) {
  const std::vector<double> matrix = {4.0, 1.0, 0.5, 1.0, 9.0, -2.0, 0.5, -2.0, 2.0};
  const PivotedCholesky factor = cholesky(matrix, 3, 1e-12);
  CHECK_EQUAL(factor.rank, std::size_t{3});
  CHECK_EQUAL(factor.order[0], std::size_t{1});
  const std::vector<double> x = factor.solve({1.0, 2.0, 3.0});
  for (std::size_t i = 0; i < 3; ++i) {
    double product = 0.0;
    for (std::size_t j = 0; j < 3; ++j) product += matrix[i * 3 + j] * x[j];
    CHECK_NEAR(product, static_cast<double>(i + 1), 1e-14);
  }
  CHECK_EQUAL(cholesky({1.0, 2.0, 2.0, 4.0}, 2, 1e-12).rank, std::size_t{1});
  CHECK_EQUAL(cholesky({-1.0}, 1, 1e-12).rank, std::size_t{0});
}

TEST(eigen_system) {
  const std::vector<double> matrix = {4.0, 1.0, 0.5, 1.0, 9.0, -2.0, 0.5, -2.0, 2.0};
  const Eigen system = eigen(matrix, 3);
  for (std::size_t k = 0; k < 3; ++k) {
    for (std::size_t i = 0; i < 3; ++i) {
      double product = 0.0;
      for (std::size_t j = 0; j < 3; ++j) product += matrix[i * 3 + j] * system.vectors[j * 3 + k];
      CHECK_NEAR(product, system.values[k] * system.vectors[i * 3 + k], 1e-13);
    }
  }
  CHECK_NEAR(system.values[0] + system.values[1] + system.values[2], 15.0, 1e-13);
}

TEST(mahalanobis_has_the_direction_of_fisher) {
  const Events events = normal(4000);
  FisherParams params;
  const DiscriminantResult fisher = fit_fisher(Context{}, params, events.matrix(), events.classes(), events.weights());
  params.method = FisherMethod::mahalanobis;
  const DiscriminantResult other = fit_fisher(Context{}, params, events.matrix(), events.classes(), events.weights());
  const double ratio = other.predictor->coefficients()[0] / fisher.predictor->coefficients()[0];
  CHECK(ratio < 0.999);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK_NEAR(other.predictor->coefficients()[i], ratio * fisher.predictor->coefficients()[i], 1e-12);
  }
  CHECK(fisher.signal_mean > 0.0);
  CHECK_NEAR(fisher.signal_mean, -fisher.background_mean, 1e-14);
}

TEST(the_other_class_as_signal_turns_the_sign) {
  const Events events = normal(1000);
  FisherParams params;
  const DiscriminantResult zero = fit_fisher(Context{}, params, events.matrix(), events.classes(), events.weights());
  params.signal_class = 1;
  const DiscriminantResult one = fit_fisher(Context{}, params, events.matrix(), events.classes(), events.weights());
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK_NEAR(one.predictor->coefficients()[i], -zero.predictor->coefficients()[i], 1e-13);
  }
}

TEST(bad_input) {
  Events events = normal(100);
  CHECK(message_of(events).empty());
  events.values[3 * 17 + 1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(message_of(events).find("variable 1 of event 17 is nan") != std::string::npos);
  events = normal(100);
  events.weight[5] = std::numeric_limits<double>::infinity();
  CHECK(message_of(events).find("weight of event 5") != std::string::npos);
  events = normal(100);
  for (double& weight : events.weight) weight = 0.0;
  CHECK(message_of(events).find("no events") != std::string::npos);
  events = normal(100);
  for (std::size_t i = 0; i < 100; ++i) events.values[3 * i + 2] = 0.1F;
  CHECK(message_of(events).find("constant variables: 'c'") != std::string::npos);
  CHECK(message_of(events, Singular::floor).empty());
  events = normal(100);
  for (std::size_t i = 0; i < 100; ++i) events.values[3 * i + 2] = events.values[3 * i] - events.values[3 * i + 1];
  CHECK(message_of(events).find("linear combinations") != std::string::npos);
  CHECK(message_of(events, Singular::floor).empty());
  // Negative weights that turn the covariance over.
  events = normal(100);
  for (std::size_t i = 0; i < 100; ++i) {
    const double x = static_cast<double>(events.values[3 * i]);
    events.weight[i] = x * x > 1.0 ? -0.9 : 1.0;
  }
  CHECK(!message_of(events).empty());
  CHECK(message_of(events, Singular::floor).find("negative event weights") != std::string::npos);
}

TEST(an_interrupt_is_thrown) {
  struct Stop final : diskern::Monitor {
    bool interrupted() noexcept override { return true; }
  };
  Stop stop;
  Context context;
  context.monitor = &stop;
  const Events events = normal(100);
  CHECK_THROWS(fit_fisher(context, FisherParams{}, events.matrix(), events.classes(), events.weights()),
               diskern::Interrupted);
}
