// What C++ frameworks rely on: evaluating one event allocates nothing, whatever the kind of model.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "count_allocations.hpp"
#include "diskern/model.hpp"
#include "model/implementation.hpp"
#include "network/network.hpp"
#include "statistics/linear.hpp"
#include "statistics/transformation.hpp"
#include "trees/forest.hpp"

using namespace diskern;

namespace {

constexpr std::size_t n_variables = 3;

trees::Tree stump(std::int32_t feature) {
  trees::Tree tree;
  tree.feature = {feature, trees::leaf_feature, trees::leaf_feature};
  tree.threshold = {0.5, 0.0, 0.0};
  tree.left = {1, -1, -1};
  tree.right = {2, -1, -1};
  tree.missing_right = {1, 0, 0};
  tree.value = {0.0, -1.0 - feature, 1.0 + feature};
  return tree;
}

PredictorPointer forest(trees::Aggregation aggregation, trees::Link link, std::int32_t n_outputs) {
  trees::Forest result;
  result.n_features = n_variables;
  result.n_outputs = n_outputs;
  result.aggregation = aggregation;
  result.link = link;
  result.base_score.assign(static_cast<std::size_t>(n_outputs), 0.25);
  for (std::int32_t t = 0; t < 300; ++t) {
    result.trees.push_back(stump(t % 3));
    result.tree_weight.push_back(0.001 * (1 + t % 7));
  }
  return std::make_shared<const trees::ForestPredictor>(std::move(result));
}

PredictorPointer dense(std::int32_t width, network::Activation activation, network::Output output) {
  network::Network result;
  result.output = output;
  const auto add = [&](std::int32_t inputs, std::int32_t outputs) {
    network::DenseLayer layer;
    layer.n_inputs = inputs;
    layer.n_outputs = outputs;
    layer.activation = activation;
    layer.biases.assign(static_cast<std::size_t>(outputs), 0.125);
    for (std::size_t i = 0; i < static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs); ++i) {
      layer.weights.push_back(std::sin(static_cast<double>(i)) / inputs);
    }
    result.layers.push_back(std::move(layer));
  };
  add(n_variables, width);
  add(width, 3);
  return std::make_shared<const network::NetworkPredictor>(std::move(result));
}

Model model_of(PredictorPointer predictor, std::shared_ptr<const statistics::TransformationChain> chain = nullptr) {
  ModelInfo info;
  info.method = "test";
  for (const char* label : {"a", "b", "c"}) {
    VariableInfo variable;
    variable.label = variable.expression = label;
    info.variables.push_back(variable);
  }
  return model::make_model(std::move(info), std::move(chain), std::move(predictor));
}

void no_allocation(const Model& model) {
  const float events[4][n_variables] = {{0.1F, 0.9F, -2.0F}, {NAN, 1.0F, 2.0F}, {INFINITY, -INFINITY, 0.0F}, {}};
  double responses[4][8];
  const std::size_t before = allocations.load();
  for (int i = 0; i < 4; ++i) model.evaluate(events[i], responses[i]);
  CHECK_EQUAL(allocations.load(), before);
  // And it did evaluate: the same bits as all events at once.
  std::vector<double> batch(4 * model.output_count());
  model.evaluate(View<const float, 2>(&events[0][0], 4, n_variables),
                 View<double, 2>(batch.data(), 4, model.output_count()));
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t k = 0; k < model.output_count(); ++k) {
      const double one = responses[i][k];
      const double other = batch[i * model.output_count() + k];
      CHECK(one == other || (std::isnan(one) && std::isnan(other)));
      if (i == 0) CHECK(std::isfinite(one));
    }
  }
  // float64 rows, and columns of both types, which are vectors of their own.
  std::vector<double> rows(&events[0][0], &events[0][0] + 4 * n_variables);
  std::vector<std::vector<float>> columns(n_variables);
  std::vector<std::vector<double>> double_columns(n_variables);
  std::vector<const float*> pointers;
  std::vector<const double*> double_pointers;
  for (std::size_t j = 0; j < n_variables; ++j) {
    for (const auto& event : events) columns[j].push_back(event[j]);
    double_columns[j].assign(columns[j].begin(), columns[j].end());
    pointers.push_back(columns[j].data());
    double_pointers.push_back(double_columns[j].data());
  }
  std::vector<std::vector<double>> found(3, std::vector<double>(batch.size(), -77.0));
  const auto out = [&](std::size_t which) { return View<double, 2>(found[which].data(), 4, model.output_count()); };
  model.evaluate(Context{}, View<const double, 2>(rows.data(), 4, n_variables), out(0));
  model.evaluate_columns(Context{}, pointers, out(1));
  model.evaluate_columns(Context{}, double_pointers, out(2));
  for (const std::vector<double>& other : found) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      CHECK(other[i] == batch[i] || (std::isnan(other[i]) && std::isnan(batch[i])));
    }
  }
  pointers.pop_back();
  CHECK_THROWS(model.evaluate_columns(Context{}, pointers, out(1)), InvalidArgument);
  CHECK_THROWS(model.evaluate(Context{}, View<const double, 2>(rows.data(), 3, n_variables), out(0)), InvalidArgument);
}

}  // namespace

static_assert(noexcept(std::declval<const Model&>().evaluate(std::declval<const float*>(), std::declval<double*>())));

TEST(forests_allocate_nothing) {
  using trees::Aggregation;
  using trees::Link;
  for (const Link link : {Link::identity, Link::tmva_gradient, Link::logistic, Link::softmax, Link::exponential}) {
    no_allocation(model_of(forest(Aggregation::sum, link, 3)));
    no_allocation(model_of(forest(Aggregation::weighted_mean, link, 1)));
  }
  no_allocation(model_of(forest(Aggregation::weighted_median, Link::identity, 1)));
  no_allocation(model_of(forest(Aggregation::median_leaf, Link::identity, 1)));
}

TEST(networks_allocate_nothing) {
  using network::Activation;
  for (const Activation activation : {Activation::linear, Activation::sigmoid, Activation::tanh, Activation::radial,
                                      Activation::relu, Activation::tmva_tanh}) {
    no_allocation(model_of(dense(5, activation, network::Output::identity)));
  }
  no_allocation(model_of(dense(network::maximum_width, Activation::sigmoid, network::Output::softmax)));
}

TEST(linear_models_allocate_nothing) {
  no_allocation(model_of(std::make_shared<const statistics::LinearPredictor>(
      n_variables, std::size_t{2}, std::vector<double>{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0})));
}

TEST(transformations_allocate_nothing) {
  std::vector<float> columns;
  std::vector<double> weight(200, 1.0);
  std::vector<std::int32_t> class_index;
  for (int i = 0; i < 200; ++i) {
    class_index.push_back(i % 2);
    for (int j = 0; j < 3; ++j) columns.push_back(static_cast<float>(std::sin(1.0 + i * (j + 1.7))));
  }
  const auto chain = std::make_shared<const statistics::TransformationChain>(statistics::fit_transformations(
      Context{}, "N,D,P,U,G", View<const float, 2>(columns.data(), 200, 3), 0,
      View<const double>(weight.data(), weight.size()),
      View<const std::int32_t>(class_index.data(), class_index.size()), {"Signal", "Background"}, {"a", "b", "c"}));
  CHECK_EQUAL(chain->steps().size(), std::size_t{5});
  no_allocation(model_of(forest(trees::Aggregation::sum, trees::Link::logistic, 1), chain));
}
