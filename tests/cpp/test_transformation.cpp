// Steps and chains: storing, validation of what is read, apply without allocation.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/archive.hpp"
#include "check.hpp"
#include "count_allocations.hpp"
#include "diskern/error.hpp"
#include "statistics/normal.hpp"
#include "statistics/symmetric_eigen.hpp"
#include "statistics/transformation.hpp"

using namespace diskern;
using namespace diskern::statistics;

namespace {

struct Sample {
  std::vector<float> columns;
  std::vector<double> weights;
  std::vector<std::int32_t> class_index;
};

Sample make_sample(std::size_t n) {
  Sample sample;
  std::uint32_t state = 12345;
  const auto uniform = [&state] {
    state = state * 1664525U + 1013904223U;
    return (static_cast<double>(state >> 8) + 0.5) / 16777216.0;
  };
  for (std::size_t i = 0; i < n; ++i) {
    const double a = normal_quantile(uniform());
    const double b = normal_quantile(uniform());
    sample.columns.push_back(static_cast<float>(a));
    sample.columns.push_back(static_cast<float>(0.8 * a + 0.6 * b + 3));
    sample.columns.push_back(static_cast<float>(std::exp(b)));
    sample.weights.push_back(0.5 + uniform());
    sample.class_index.push_back(static_cast<std::int32_t>(i % 2));
  }
  return sample;
}

TransformationChain fit(const std::string& definition, const Sample& sample, std::size_t n_targets = 0) {
  const std::size_t n = sample.weights.size();
  return fit_transformations(Context{}, definition, View<const float, 2>(sample.columns.data(), n, 3), n_targets,
                             View<const double>(sample.weights.data(), n),
                             View<const std::int32_t>(sample.class_index.data(), n), {"Signal", "Background"},
                             {"a", "b", "c"});
}

}  // namespace

TEST(read_gives_the_bits_of_what_was_written) {
  const Sample sample = make_sample(500);
  const TransformationChain chain = fit("N,G(_V_)_Background,D_Signal,P,U", sample, 0);
  archive::Group group;
  chain.write(group);
  const TransformationChain again = TransformationChain::read(group);
  CHECK_EQUAL(again.steps().size(), 5U);
  CHECK_EQUAL(again.steps()[2]->reference_class(), 0);
  CHECK_EQUAL(again.describe(), chain.describe());
  for (std::size_t i = 0; i < 500; ++i) {
    for (int class_index = -1; class_index < 4; ++class_index) {
      float first[3];
      float second[3];
      for (std::size_t j = 0; j < 3; ++j) first[j] = second[j] = sample.columns[3 * i + j];
      chain.apply(first, class_index);
      again.apply(second, class_index);
      for (std::size_t j = 0; j < 3; ++j) CHECK_EQUAL(first[j], second[j]);
    }
  }
}

TEST(apply_does_not_allocate) {
  const Sample sample = make_sample(500);
  for (const std::size_t n_targets : {0U, 1U}) {
    const TransformationChain chain = fit("N,G,D,P,U", sample, n_targets);
    const std::size_t before = allocations;
    float event[] = {0.1F, 2.0F, 1.0F};
    chain.apply(event);
    double target[] = {0.5};
    if (n_targets > 0) chain.invert_targets(target);
    CHECK_EQUAL(allocations.load(), before);
    CHECK(std::isfinite(event[0]));
  }
}

TEST(values_that_are_not_finite_do_no_harm) {
  const TransformationChain chain = fit("N,G,U", make_sample(300));
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY, 3.4e38F, -3.4e38F}) {
    float event[] = {bad, bad, bad};
    chain.apply(event);
    CHECK(std::isnan(event[0]) == std::isnan(bad));
  }
}

TEST(fits_stop_when_asked) {
  struct Stop final : Monitor {
    int left = 0;
    bool interrupted() noexcept override { return left-- <= 0; }
  };
  const Sample sample = make_sample(5000);
  for (const std::string definition : {"N", "D", "P", "U", "G"}) {
    Stop stop;
    stop.left = 2;  // after the start of the step
    Context context;
    context.monitor = &stop;
    CHECK_THROWS(fit_transformations(context, definition, View<const float, 2>(sample.columns.data(), 5000, 3), 0,
                                     View<const double>(sample.weights.data(), 5000),
                                     View<const std::int32_t>(sample.class_index.data(), 5000),
                                     {"Signal", "Background"}, {"a", "b", "c"}),
                 Interrupted);
  }
}

TEST(distributions_beyond_float64_arithmetic_are_refused) {
  const std::vector<float> contents = {0.25F, 1.0F};
  for (const double end : {1e301, 1e308}) {
    CHECK_THROWS(CumulativeStep({0}, {{Cumulative{{-end, 0.0, end}, contents}}}, true), FormatError);
  }
  const TransformationChain chain(
      1, 0,
      {std::make_shared<CumulativeStep>(std::vector<std::uint32_t>{0},
                                        std::vector<std::vector<Cumulative>>{{{{-1e299, 0.0, 1e299}, contents}}},
                                        false)});
  for (float x : {-1e38F, 0.0F, 3e38F, std::numeric_limits<float>::infinity()}) {
    chain.apply(&x);
    CHECK(x >= 0.0F && x <= 1.0F);
  }
}

TEST(targets_and_inverse) {
  const Sample sample = make_sample(600);
  for (const char* definition : {"N", "U", "G(_V_,_T_)", "P(_T_)"}) {
    const TransformationChain chain = fit(definition, sample, 1);
    for (std::size_t i = 0; i < 600; ++i) {
      if (sample.columns[3 * i + 2] > 10) continue;  // U and G end at the last of their bins
      float columns[3];
      for (std::size_t j = 0; j < 3; ++j) columns[j] = sample.columns[3 * i + j];
      chain.apply_columns(columns);
      double target[] = {static_cast<double>(columns[2])};
      chain.invert_targets(target);
      CHECK_NEAR(target[0], static_cast<double>(sample.columns[3 * i + 2]), 0.02 + 0.02 * std::fabs(target[0]));
    }
  }
}

TEST(damaged_groups_are_refused) {
  const TransformationChain chain = fit("N,D,P,G", make_sample(300));
  const auto damaged = [&](std::size_t step, const char* key, const archive::Value& value) {
    archive::Group group;
    group.set("variables", std::int64_t{3});
    group.set("targets", std::int64_t{0});
    for (std::size_t i = 0; i < 4; ++i) {
      archive::Group whole;
      chain.steps()[i]->write(whole);
      archive::Group& child = group.append("steps");
      for (const auto& entry : whole.entries())
        child.set(entry.first, i == step && entry.first == key ? value : entry.second);
    }
    CHECK_THROWS(TransformationChain::read(group), FormatError);
  };
  damaged(0, "name", std::string("Normalise"));
  damaged(0, "columns", std::vector<std::int32_t>{0, 1, 3});
  damaged(0, "columns", std::vector<std::int32_t>{0, 1, 1});
  damaged(0, "columns", std::vector<std::int32_t>{0, 1, -1});
  damaged(0, "columns", std::vector<std::int32_t>{});
  damaged(0, "columns", std::vector<std::int32_t>{0, 1});
  damaged(0, "sets", std::int64_t{2});
  damaged(0, "sets", std::int64_t{0});
  damaged(0, "sets", std::int64_t{1} << 40);
  damaged(0, "reference_class", std::int64_t{3});
  damaged(0, "reference_class", std::int64_t{-2});
  damaged(0, "ranges", std::vector<float>(18, std::nanf("")));
  damaged(0, "ranges", std::vector<float>(17, 0.0F));
  damaged(1, "matrices", std::vector<double>(27, std::nan("")));
  damaged(1, "matrices", std::vector<double>(26, 1.0));
  damaged(2, "means", std::vector<double>(9, INFINITY));
  damaged(2, "eigenvectors", std::vector<double>(9, 0.0));
  damaged(3, "bins", std::vector<std::int64_t>(9, 1));
  damaged(3, "bins", std::vector<std::int64_t>(9, -5));
  damaged(3, "bins", std::vector<std::int64_t>(9, std::int64_t{1} << 62));
  damaged(3, "bins", std::vector<std::int64_t>(9, 2));
  damaged(3, "edges", std::vector<double>(20, 0.0));
  damaged(3, "contents", std::vector<float>(20, 0.0F));
}

TEST(wrong_steps_are_refused) {
  using Ranges = std::vector<std::vector<Range>>;
  using Columns = std::vector<std::uint32_t>;
  CHECK_THROWS(NormalizeStep(Columns{0}, Ranges{{{1, 0}}}), FormatError);
  CHECK_THROWS(NormalizeStep(Columns{0}, Ranges{{{-3e38F, 3e38F}}}), FormatError);
  CHECK_THROWS(NormalizeStep(Columns{0}, Ranges{}), FormatError);
  CHECK_THROWS(NormalizeStep(Columns{0, 1}, Ranges{{{0, 1}}}), FormatError);
  const auto step = std::make_shared<NormalizeStep>(Columns{2}, Ranges{{{0, 1}}});
  CHECK_THROWS(TransformationChain(2, 0, {step}), FormatError);
  CHECK_THROWS(TransformationChain(5000, 0, {}), FormatError);
  CHECK_THROWS(TransformationChain(2, 2, {nullptr}), FormatError);
  const auto rotation = std::make_shared<DecorrelationStep>(Columns{1}, std::vector<std::vector<double>>{{1.0}});
  CHECK_THROWS(TransformationChain(1, 1, {rotation}), FormatError);
  std::vector<std::vector<Cumulative>> falling{{Cumulative{{0, 2, 1}, {0.5F, 1.0F}}}};
  CHECK_THROWS(CumulativeStep(Columns{0}, falling, true), FormatError);
  std::vector<std::vector<Cumulative>> above{{Cumulative{{0, 1, 2}, {0.5F, 2.0F}}}};
  CHECK_THROWS(CumulativeStep(Columns{0}, above, true), FormatError);
}

TEST(normal_quantile_and_inverse_error_function) {
  CHECK_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  CHECK_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-13);
  CHECK_NEAR(normal_quantile(0.5), 0.0, 0.0);
  for (double x = -4; x <= 4; x += 0.01) {
    // The error function turns one unit in its last place into more where it is flat.
    CHECK_NEAR(inverse_error_function(std::erf(x)), x, 1e-15 + 2e-16 * std::exp(x * x));
  }
}

TEST(eigenvectors) {
  for (std::size_t n = 1; n <= 12; ++n) {
    std::vector<double> matrix(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        matrix[i * n + j] = matrix[j * n + i] = std::cos(static_cast<double>(3 * i * i + 7 * j)) + (i == j ? 2.0 : 0.0);
      }
    }
    const SymmetricEigen eigen = symmetric_eigen(matrix, n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double again = 0;
        double product = 0;
        for (std::size_t k = 0; k < n; ++k) {
          again += eigen.vectors[i * n + k] * eigen.values[k] * eigen.vectors[j * n + k];
          product += eigen.vectors[k * n + i] * eigen.vectors[k * n + j];
        }
        CHECK_NEAR(again, matrix[i * n + j], 1e-13);
        CHECK_NEAR(product, i == j ? 1.0 : 0.0, 1e-14);
      }
      if (i > 0) CHECK(eigen.values[i] <= eigen.values[i - 1]);
    }
  }
  const SymmetricEigen diagonal = symmetric_eigen({1, 0, 0, 0, 3, 0, 0, 0, 3}, 3);
  CHECK_EQUAL(diagonal.values[0], 3.0);
  CHECK_EQUAL(diagonal.values[2], 1.0);
  CHECK_THROWS(symmetric_eigen(std::vector<double>(9, std::nan("")), 3), InvalidArgument);
}
