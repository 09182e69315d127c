// TMVA's classical methods by hand: HMatrix, Likelihood, Cuts, SVM, densities of responses, regressions, committees.
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "diskern/model.hpp"
#include "model/committee.hpp"
#include "model/implementation.hpp"
#include "statistics/cuts.hpp"
#include "statistics/generalised_linear.hpp"
#include "statistics/hmatrix.hpp"
#include "statistics/kernel_machine.hpp"
#include "statistics/likelihood.hpp"
#include "statistics/response_densities.hpp"

using namespace diskern;
using namespace diskern::statistics;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

double one(const Predictor& predictor, std::vector<float> event) {
  double response = 0.0;
  predictor.evaluate(event.data(), &response);
  return response;
}

ClassInputs plain(std::size_t n) { return {n, nullptr, 0, 1}; }

Density steps(double minimum, double maximum, std::vector<float> contents) {
  DensitySettings settings;
  settings.interpolation = Interpolation::spline0;
  return {settings, {minimum, maximum, std::move(contents)}};
}

// A model of y = constant + slope x.
Model line(const std::string& name, double constant, double slope) {
  ModelInfo info;
  info.method = "LD";
  info.title = name;
  VariableInfo variable;
  variable.expression = variable.label = "x";
  info.variables = {variable};
  info.classes = {"Signal", "Background"};
  info.outputs = {name};
  return model::make_model(info, nullptr,
                           std::make_shared<const LinearPredictor>(1, 1, std::vector<double>{constant, slope}));
}

template <class Function>
bool refused(const Function& function) {
  try {
    function();
  } catch (const Error&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(hmatrix_by_hand) {
  const HMatrixPredictor predictor(plain(2), {{1.0, 0.0}, {1.0, 0.0, 0.0, 4.0}}, {{-1.0, 0.0}, {1.0, 0.0, 0.0, 1.0}});
  // chi2 of signal (x-1)^2 + 4 y^2 = 4, of background (x+1)^2 + y^2 = 5.
  CHECK_NEAR(one(predictor, {1.0F, 1.0F}), (5.0 - 4.0) / (5.0 + 4.0), 1e-15);
  CHECK_NEAR(one(predictor, {1.0F, 0.0F}), 1.0, 1e-15);
  CHECK_NEAR(one(predictor, {-1.0F, 0.0F}), -1.0, 1e-15);
  CHECK(std::isnan(one(predictor, {std::numeric_limits<float>::quiet_NaN(), 0.0F})));
}

TEST(hmatrix_is_fitted_to_means_and_covariances) {
  const std::vector<float> events = {0, 0, 2, 0, 0, 2, 2, 2, 5, 5, 9, 5, 5, 6, 9, 6};
  const std::vector<std::int32_t> classes = {0, 0, 0, 0, 1, 1, 1, 1};
  const std::vector<double> weight(8, 1.0);
  const auto fitted = fit_hmatrix(Context{}, HMatrixParams{}, nullptr, View<const float, 2>(events.data(), 8, 2),
                                  View<const std::int32_t>(classes.data(), 8), View<const double>(weight.data(), 8));
  CHECK_NEAR(fitted->signal().mean[0], 1.0, 1e-12);
  CHECK_NEAR(fitted->background().mean[1], 5.5, 1e-12);
  CHECK_NEAR(fitted->signal().inverse[0], 1.0, 1e-9);  // variances 1 and 1, no covariance
  CHECK_NEAR(fitted->background().inverse[0], 0.25, 1e-9);
  CHECK_NEAR(fitted->background().inverse[3], 4.0, 1e-9);
}

TEST(likelihood_by_hand) {
  const auto make = [](bool transform) {
    return LikelihoodPredictor(plain(2), {steps(0, 2, {1, 3}), steps(0, 2, {1, 1})},
                               {steps(0, 2, {3, 1}), steps(0, 2, {1, 3})}, transform);
  };
  // Densities 3/4 and 1/2 against 1/4 and 3/4.
  const double ratio = 0.75 * 0.5 / (0.75 * 0.5 + 0.25 * 0.75);
  CHECK_NEAR(one(make(false), {1.5F, 1.5F}), ratio, 1e-12);
  CHECK_NEAR(one(make(true), {1.5F, 1.5F}), -std::log(1.0 / ratio - 1.0) / 15.0, 1e-12);
  CHECK_NEAR(one(make(false), {9.0F, -9.0F}), 0.75 * 0.5 / (0.75 * 0.5 + 0.25 * 0.25), 1e-12);  // ends of the range
  CHECK_NEAR(make(false).response_without(std::vector<float>{1.5F, 1.5F}.data(), 1), 0.75, 1e-12);
}

TEST(cuts_by_hand) {
  const double none = CutsPredictor::no_cut;
  std::vector<CutSet> table = {{0.0, 0.1, {1.0}, {2.0}}, {0.5, 0.3, {0.0}, {3.0}}};
  const CutsPredictor predictor(1, table);
  CHECK_NEAR(one(predictor, {1.5F}), 1.0, 1e-15);
  CHECK_NEAR(one(predictor, {2.5F}), 0.5, 1e-15);
  CHECK_NEAR(one(predictor, {3.5F}), 0.0, 1e-15);
  CHECK_NEAR(one(predictor, {1.0F}), 0.5, 1e-15);  // the lower bound does not belong to the cuts, the upper does
  CHECK_NEAR(one(predictor, {2.0F}), 1.0, 1e-15);
  CHECK(refused([&] { predictor.at(1.5); }));
  CHECK(refused([&] { CutsPredictor(2, table); }));
  CHECK_NEAR(one(CutsPredictor(1, {{0.0, 0.1, {-none}, {none}}}), {1e6F}), 1.0, 1e-15);
}

TEST(kernels_by_hand) {
  const auto response = [](SvmKernelParams kernel, bool regression) {
    const KernelMachine machine(2, std::move(kernel), {1.0F, 2.0F}, {0.5}, 0.25, regression);
    return one(machine, {2.0F, 0.0F});
  };
  SvmKernelParams kernel;
  kernel.gamma = 0.1;
  const double gauss = std::exp(-0.1 * 5.0);
  CHECK_NEAR(response(kernel, true), 0.5 * gauss + 0.25, 1e-7);
  CHECK_NEAR(response(kernel, false), 1.0 / (1.0 + std::exp(0.5 * gauss - 0.25)), 1e-6);
  kernel.kernel = SvmKernel::Polynomial;
  kernel.order = 3;
  kernel.theta = 1.0;
  CHECK_NEAR(response(kernel, true), 0.5 * 27.0 + 0.25, 1e-6);
  kernel.parts = {SvmKernel::RBF, SvmKernel::Polynomial};
  CHECK(refused([&] { response(kernel, true); }));
  kernel.kernel = SvmKernel::Prod;
  CHECK_NEAR(response(kernel, true), 0.5 * 27.0 * gauss + 0.25, 1e-5);
  kernel.kernel = SvmKernel::Sum;
  CHECK_NEAR(response(kernel, true), 0.5 * (27.0 + gauss) + 0.25, 1e-5);
  kernel.parts = {SvmKernel::Sum};
  CHECK(refused([&] { response(kernel, true); }));
}

TEST(support_vectors_follow_a_line) {
  std::vector<float> events;
  std::vector<double> target;
  for (int i = 0; i < 40; ++i) {
    events.push_back(static_cast<float>(i) / 20.0F - 1.0F);
    target.push_back(2.0 * static_cast<double>(events.back()) + 0.5);
  }
  const std::vector<double> weight(40, 1.0);
  SvmRegressionParams params;
  params.kernel.kernel = SvmKernel::Polynomial;
  params.kernel.order = 1;
  params.C = 100.0;
  params.Epsilon = 0.1;
  params.Tol = 1e-6;
  const SvmResult result =
      fit_svm_regression(Context{}, params, View<const float, 2>(events.data(), 40, 1),
                         View<const double>(target.data(), 40), View<const double>(weight.data(), 40));
  for (int i = 0; i < 40; ++i) {
    const double estimate = one(*result.predictor, {events[static_cast<std::size_t>(i)]});
    CHECK(std::abs(estimate - target[static_cast<std::size_t>(i)]) <= 0.1 + 1e-4);  // within the tube
  }
}

TEST(densities_of_responses) {
  const ResponseDensities densities(steps(0, 2, {1, 3}), steps(0, 2, {3, 1}));
  CHECK_NEAR(densities.probability(0.5, 0.5), 0.25, 1e-7);
  CHECK_NEAR(densities.probability(1.5, 0.25), 0.75 * 0.25 / (0.75 * 0.25 + 0.25 * 0.75), 1e-7);
  CHECK_NEAR(densities.rarity(0.5), 0.375, 1e-7);
  CHECK_EQUAL(densities.rarity(-1.0), 0.0);
  CHECK_EQUAL(densities.rarity(7.0), 1.0);
  CHECK(std::isnan(densities.probability(missing, 0.5)) && std::isnan(densities.rarity(missing)));
  archive::Group group("response");
  densities.write(group);
  CHECK_EQUAL(ResponseDensities::read(group)->probability(0.7, 0.3), densities.probability(0.7, 0.3));
  const Model bare = line("a", 0.0, 1.0);
  CHECK(!bare.has_response_densities() && std::isnan(bare.probability(0.5)) && std::isnan(bare.rarity(0.5)));
}

TEST(links_of_linear_models) {
  CHECK_NEAR(one(LinearPredictor(1, 1, {0.5, 2.0}, LinearLink::logistic), {0.25F}), 1.0 / (1.0 + std::exp(-1.0)), 1e-15);
  const LinearPredictor softmax(1, 3, {0.0, 1.0, 0.0, 2.0, 1000.0, 0.0}, LinearLink::softmax);
  double responses[3];
  const float x = 1.0F;
  softmax.evaluate(&x, responses);
  CHECK_NEAR(responses[2], 1.0, 1e-15);  // no overflow
  CHECK_NEAR(responses[0] + responses[1] + responses[2], 1.0, 1e-15);
  archive::Group group("predictor");
  softmax.write(group);
  double again[3];
  LinearPredictor::read(group)->evaluate(&x, again);
  for (int k = 0; k < 3; ++k) CHECK_EQUAL(again[k], responses[k]);
  archive::Group without("predictor");
  LinearPredictor(1, 1, {0.0, 1.0}).write(without);
  CHECK_EQUAL(without.integer("layout"), std::int64_t{1});  // as it was before there were links
  CHECK(!without.contains("link"));
}

TEST(regressions_of_known_answers) {
  const std::vector<float> events = {0, 1, 2, 3};
  const std::vector<double> target = {1, 3, 5, 7};
  const std::vector<double> weight = {1, 2, 1, 3};
  for (const LinearSolver solver : {LinearSolver::Newton, LinearSolver::GradientDescent}) {
    LinearFitParams params;
    params.Solver = solver;
    params.MaxIterations = 5000;
    params.Tolerance = 0.0;
    const LinearFitResult result =
        fit_linear(Context{}, params, View<const float, 2>(events.data(), 4, 1),
                   View<const double, 2>(target.data(), 4, 1), View<const double>(weight.data(), 4));
    CHECK_NEAR(result.predictor->coefficients()[0], 1.0, 1e-6);
    CHECK_NEAR(result.predictor->coefficients()[1], 2.0, 1e-6);
  }
  // Two places, each with a known part of signal: the log odds are those of the weights.
  const std::vector<float> places = {0, 0, 1, 1};
  const std::vector<std::int32_t> classes = {0, 1, 0, 1};
  const std::vector<double> parts = {1, 3, 4, 1};
  LinearFitParams params;
  params.loss = LinearLoss::logistic;
  const LinearFitResult logistic = fit_logistic(
      Context{}, params, View<const float, 2>(places.data(), 4, 1), View<const std::int32_t>(classes.data(), 4), 2, 0,
      View<const double>(parts.data(), 4));
  CHECK_NEAR(one(*logistic.predictor, {0.0F}), 0.25, 1e-6);
  CHECK_NEAR(one(*logistic.predictor, {1.0F}), 0.8, 1e-6);
  CHECK(logistic.converged);
}

TEST(committees_by_hand) {
  using model::CommitteePredictor;
  using model::CommitteeScale;
  const CommitteePredictor mean({"x"}, CommitteeScale::response, {{line("a", 1.0, 2.0), 3.0, {}, {}},
                                                                  {line("b", 0.0, -1.0), 1.0, {}, {}}});
  CHECK_NEAR(one(mean, {2.0F}), (3.0 * 5.0 - 2.0) / 4.0, 1e-15);
  const CommitteePredictor rank({"y", "x"}, CommitteeScale::rank, {{line("a", 0.0, 1.0), 1.0, {0.0, 1.0, 3.0}, {0.1, 0.5, 0.9}}});
  CHECK_NEAR(one(rank, {9.0F, 2.0F}), 0.7, 1e-12);
  CHECK_NEAR(one(rank, {9.0F, -5.0F}), 0.1, 1e-15);
  CHECK_NEAR(one(rank, {9.0F, 5.0F}), 0.9, 1e-15);
  CHECK(refused([] { CommitteePredictor({"x"}, CommitteeScale::response, {}); }));
  CHECK(refused([] { CommitteePredictor({"y"}, CommitteeScale::response, {{line("a", 0, 1), 1.0, {}, {}}}); }));
  CHECK(refused([] { CommitteePredictor({"x"}, CommitteeScale::probability, {{line("a", 0, 1), 1.0, {}, {}}}); }));
  archive::Group group("predictor");
  mean.write(group);
  CHECK_EQUAL(one(*CommitteePredictor::read(group), {2.0F}), one(mean, {2.0F}));
}
