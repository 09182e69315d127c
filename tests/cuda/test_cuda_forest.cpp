// Forests on a device against the same forests on the processor: equal bits.
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "on_device.hpp"
#include "random_forests.hpp"
#include "trees/device_forest.hpp"
#include "trees/forest.hpp"

using namespace diskern;
using namespace diskern::trees;
using namespace diskern::trees::testing;
using diskern::testing::on_cuda;
using diskern::testing::OnDevice;

namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

std::vector<double> on_processor(const ForestPredictor& predictor, const std::vector<float>& events, std::size_t n,
                                 bool with_link) {
  std::vector<double> responses(n * predictor.output_count());
  const View<const float, 2> in(events.data(), n, predictor.input_count());
  const View<double, 2> out(responses.data(), n, predictor.output_count());
  if (with_link) {
    predictor.evaluate(Context{}, in, out);
  } else {
    predictor.evaluate_scores(Context{}, in, out);
  }
  return responses;
}

// float32 rows, float32 columns, float64 rows with a gap; responses by rows and by columns.
void check_all_layouts(const ForestPredictor& predictor, const std::vector<float>& events, std::size_t n) {
  const std::size_t n_features = predictor.input_count();
  const std::size_t n_outputs = predictor.output_count();
  std::vector<float> columns(events.size());
  std::vector<double> wide(n * (n_features + 2));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n_features; ++j) {
      columns[j * n + i] = events[i * n_features + j];
      wide[i * (n_features + 2) + j] = static_cast<double>(events[i * n_features + j]);
    }
  }
  const OnDevice<float> rows_there(events);
  const OnDevice<float> columns_there(columns);
  const OnDevice<double> wide_there(wide);
  const auto features = static_cast<std::ptrdiff_t>(n_features);
  const EventSource sources[] = {
      {rows_there.data(), nullptr, features, 1, n_features, false},
      {columns_there.data(), nullptr, 1, static_cast<std::ptrdiff_t>(n), n_features, false},
      {wide_there.data(), nullptr, features + 2, 1, n_features, true},
  };
  const std::vector<double> expected = on_processor(predictor, events, n, true);
  const std::vector<double> scores = on_processor(predictor, events, n, false);
  for (const EventSource& source : sources) {
    const OnDevice<double> out(n * n_outputs);
    predictor.evaluate(on_cuda(), source, View<double, 2>(out.data(), n, n_outputs, Device::cuda));
    CHECK(same_bits(out.host(), expected));
  }
  const OnDevice<double> out(n * n_outputs);
  predictor.evaluate_scores(on_cuda(), sources[0],
                            View<double, 2>(out.data(), {n, n_outputs}, {1, static_cast<std::ptrdiff_t>(n)}, Device::cuda));
  const std::vector<double> transposed = out.host();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n_outputs; ++k) CHECK(transposed[k * n + i] == scores[i * n_outputs + k]);
  }
}

}  // namespace

TEST(every_shape_of_tree_gives_the_bits_of_the_processor) {
  std::mt19937_64 random(1);
  for (const auto& [shape, size] : {std::pair{Shape::complete, 3}, std::pair{Shape::complete, 6}, std::pair{Shape::random, 40},
                                    std::pair{Shape::chain, 60}, std::pair{Shape::leaf, 1}}) {
    const ForestPredictor predictor(random_forest(shape, static_cast<std::size_t>(size), 30, 7, 1, random));
    for (const std::size_t n : {1, 31, 32, 33, 513}) {
      check_all_layouts(predictor, random_events(predictor.forest(), n, random), n);
    }
  }
}

TEST(sizes_at_the_edges_of_blocks_and_grids) {
  std::mt19937_64 random(2);
  const ForestPredictor predictor(random_forest(Shape::complete, 4, 12, 5, 1, random));
  // 512 events a block; more blocks than the emulated device takes at a time
  for (const std::size_t n : {511, 512, 513, 1023, 1024, 1025, 24 * 512 + 1}) {
    check_all_layouts(predictor, random_events(predictor.forest(), n, random), n);
  }
}

TEST(no_event_is_no_work) {
  std::mt19937_64 random(3);
  const ForestPredictor predictor(random_forest(Shape::complete, 2, 3, 2, 1, random));
  predictor.evaluate(on_cuda(), EventSource{nullptr, nullptr, 2, 1, 2, false}, View<double, 2>(nullptr, 0, 1, Device::cuda));
}

TEST(every_link_and_several_outputs) {
  std::mt19937_64 random(4);
  for (const Link link : {Link::identity, Link::tmva_gradient, Link::logistic, Link::softmax, Link::exponential,
                          Link::normalised_logistic}) {
    for (const std::int32_t outputs : {1, 3}) {
      for (const Aggregation aggregation : {Aggregation::sum, Aggregation::weighted_mean}) {
        Forest forest = random_forest(Shape::random, 12, 20, 4, outputs, random);
        forest.link = link;
        forest.aggregation = aggregation;
        const ForestPredictor predictor(std::move(forest));
        check_all_layouts(predictor, random_events(predictor.forest(), 67, random), 67);
      }
    }
  }
}

TEST(tree_weights_that_cancel_answer_with_the_base_score) {
  std::mt19937_64 random(5);
  Forest forest = random_forest(Shape::complete, 2, 4, 3, 1, random);
  forest.aggregation = Aggregation::weighted_mean;
  forest.tree_weight = {1.0, -1.0, 0.5, -0.5};
  const ForestPredictor predictor(std::move(forest));
  check_all_layouts(predictor, random_events(predictor.forest(), 40, random), 40);
}

TEST(without_trees_the_base_score_remains) {
  Forest forest;
  forest.n_features = 3;
  forest.n_outputs = 2;
  forest.base_score = {0.5, -2.0};
  forest.link = Link::softmax;
  const ForestPredictor predictor(std::move(forest));
  check_all_layouts(predictor, std::vector<float>(30, 1.0F), 10);
}

TEST(preselection_decides_before_the_forest) {
  std::mt19937_64 random(6);
  Forest forest = random_forest(Shape::random, 10, 8, 3, 1, random);
  forest.preselection.cuts = {{0, -0.5, true, false}, {1, 0.8, false, true}, {2, 1.2, false, false}};
  const ForestPredictor predictor(std::move(forest));
  const std::size_t n = 700;
  check_all_layouts(predictor, random_events(predictor.forest(), n, random), n);
}

TEST(trees_larger_than_a_tile_and_more_variables_than_shared_memory_holds) {
  std::mt19937_64 random(7);
  const ForestPredictor deep(random_forest(Shape::random, 4000, 3, 6, 1, random));
  check_all_layouts(deep, random_events(deep.forest(), 100, random), 100);
  for (const std::int32_t variables : {60, 150, 400}) {  // two events a thread, one, none staged
    const ForestPredictor wide(random_forest(Shape::complete, 5, 10, variables, 1, random));
    check_all_layouts(wide, random_events(wide.forest(), 65, random), 65);
  }
}

TEST(what_a_device_cannot_evaluate_is_refused_by_name) {
  std::mt19937_64 random(8);
  Forest forest = random_forest(Shape::complete, 2, 3, 2, 1, random);
  forest.aggregation = Aggregation::weighted_median;
  const ForestPredictor median(std::move(forest));
  const OnDevice<float> events(std::vector<float>(4, 0.0F));
  const OnDevice<double> out(2);
  std::string message;
  try {
    median.evaluate(on_cuda(), EventSource{events.data(), nullptr, 2, 1, 2, false}, View<double, 2>(out.data(), 2, 1, Device::cuda));
  } catch (const DeviceError& error) {
    message = error.what();
  }
  CHECK(message.find("median of the trees") != std::string::npos);
}

TEST(a_device_that_is_not_there_is_an_error) {
  std::string message;
  try {
    const DeviceGuard guard(1000);
  } catch (const DeviceError& error) {
    message = error.what();
  }
  CHECK(message.find("1000") != std::string::npos);
}
