#include <limits>

#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "statistics/linear.hpp"

using diskern::FormatError;
using diskern::archive::Group;
using diskern::statistics::LinearPredictor;

TEST(two_outputs_of_three_variables) {
  const LinearPredictor model(3, 2, {0.5, 1.0, 2.0, -4.0, -1.0, 0.0, 0.25, 8.0});
  CHECK_EQUAL(model.input_count(), std::size_t{3});
  CHECK_EQUAL(model.output_count(), std::size_t{2});
  CHECK(model.kind() == "linear");
  const float variables[] = {2.0F, -1.0F, 0.5F};
  double responses[2];
  model.evaluate(variables, responses);
  CHECK_EQUAL(responses[0], -1.5);
  CHECK_EQUAL(responses[1], 2.75);
}

TEST(many_events_and_strided_views) {
  const LinearPredictor model(2, 1, {1.0, 2.0, 3.0});
  std::vector<float> events(3 * 3000);
  for (std::size_t i = 0; i < events.size(); ++i) events[i] = static_cast<float>(i % 101);
  std::vector<double> responses(3000);
  // Every other column of a wider table.
  const diskern::View<const float, 2> view(events.data(), {3000, 2}, {3, 2});
  diskern::Context context;
  context.threads = 2;
  model.evaluate(context, view, diskern::View<double, 2>(responses.data(), 3000, 1));
  for (std::size_t i = 0; i < 3000; ++i) {
    CHECK_EQUAL(responses[i],
                1.0 + 2.0 * static_cast<double>(events[3 * i]) + 3.0 * static_cast<double>(events[3 * i + 2]));
  }
}

TEST(written_and_read_back) {
  const LinearPredictor model(2, 2, {0.1, 1.0 / 3.0, -2e-300, 5e300, -0.0, 7.0});
  Group group("linear");
  model.write(group);
  const diskern::PredictorPointer read = LinearPredictor::read(group);
  CHECK(dynamic_cast<const LinearPredictor&>(*read).coefficients() == model.coefficients());
  CHECK_EQUAL(read->input_count(), std::size_t{2});
  CHECK_EQUAL(read->output_count(), std::size_t{2});
}

TEST(unusable_coefficients_are_refused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS(LinearPredictor(0, 1, {1.0}), FormatError);
  CHECK_THROWS(LinearPredictor(1, 0, {}), FormatError);
  CHECK_THROWS(LinearPredictor(2, 1, {1.0, 2.0}), FormatError);
  CHECK_THROWS(LinearPredictor(2, 1, {1.0, 2.0, 3.0, 4.0}), FormatError);
  CHECK_THROWS(LinearPredictor(1, 1, {1.0, nan}), FormatError);
  CHECK_THROWS(LinearPredictor(1, 1, {-inf, 1.0}), FormatError);
  CHECK_THROWS(LinearPredictor(std::numeric_limits<std::size_t>::max(), 1, {}), FormatError);
}

TEST(unusable_groups_are_refused) {
  const auto write = [](const char* key, const diskern::archive::Value& value) {
    Group original("linear");
    LinearPredictor(2, 1, {1.0, 2.0, 3.0}).write(original);
    Group changed("linear");
    for (const auto& [name, content] : original.entries()) changed.set(name, name == key ? value : content);
    return changed;
  };
  LinearPredictor::read(write("", true));  // unchanged
  CHECK_THROWS(LinearPredictor::read(write("n_inputs", std::int64_t{3})), FormatError);
  CHECK_THROWS(LinearPredictor::read(write("n_inputs", std::int64_t{-1})), FormatError);
  CHECK_THROWS(LinearPredictor::read(write("n_outputs", std::int64_t{0})), FormatError);
  CHECK_THROWS(LinearPredictor::read(write("n_inputs", std::int64_t{1} << 40)), FormatError);
  CHECK_THROWS(LinearPredictor::read(write("coefficients", std::vector<float>{1.0F, 2.0F, 3.0F})), FormatError);
  CHECK_THROWS(LinearPredictor::read(write("layout", std::int64_t{2})), FormatError);
  CHECK_THROWS(LinearPredictor::read(Group("linear")), FormatError);
}
