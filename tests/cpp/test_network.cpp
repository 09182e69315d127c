#include <cmath>
#include <functional>
#include <limits>

#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "network/activation.hpp"
#include "network/network.hpp"

using diskern::FormatError;
using diskern::archive::Group;
using namespace diskern::network;

namespace {

DenseLayer layer(std::int32_t n_inputs, std::int32_t n_outputs, std::vector<double> weights, std::vector<double> biases,
                 Activation activation = Activation::linear, InputFunction input_function = InputFunction::sum) {
  DenseLayer result;
  result.n_inputs = n_inputs;
  result.n_outputs = n_outputs;
  result.weights = std::move(weights);
  result.biases = std::move(biases);
  result.activation = activation;
  result.input_function = input_function;
  return result;
}

Network small() {
  Network network;
  network.layers.push_back(layer(2, 3, {1.0, 2.0, -1.0, 0.5, 0.25, -2.0}, {0.5, -0.5, 1.0}, Activation::tanh));
  network.layers.push_back(layer(3, 2, {1.0, -1.0, 0.5, 2.0, 0.0, -1.0}, {0.1, 0.2}));
  return network;
}

double one_neuron(Activation activation, InputFunction input_function) {
  Network network;
  network.layers.push_back(layer(2, 1, {0.5, -2.0}, {-0.25}, activation, input_function));
  const float variables[] = {3.0F, 0.5F};
  double response = 0.0;
  NetworkPredictor(network).evaluate(variables, &response);
  return response;
}

bool refused(const std::function<void(Network&)>& spoil) {
  Network network = small();
  spoil(network);
  try {
    validate(network);
  } catch (const FormatError&) {
    return true;
  }
  return false;
}

}  // namespace

TEST(responses_by_hand) {
  const NetworkPredictor model(small());
  CHECK_EQUAL(model.input_count(), std::size_t{2});
  CHECK_EQUAL(model.output_count(), std::size_t{2});
  CHECK(model.kind() == "network");
  const float variables[] = {0.5F, -0.25F};
  double responses[2];
  model.evaluate(variables, responses);
  const double a = std::tanh(1.0 * 0.5 + 2.0 * -0.25 + 0.5);
  const double b = std::tanh(-1.0 * 0.5 + 0.5 * -0.25 - 0.5);
  const double c = std::tanh(0.25 * 0.5 - 2.0 * -0.25 + 1.0);
  CHECK_NEAR(responses[0], a - b + 0.5 * c + 0.1, 1e-15);
  CHECK_NEAR(responses[1], 2.0 * a - c + 0.2, 1e-15);
}

TEST(every_input_function_and_activation) {
  // Weighted inputs 1.5, -1, bias -0.25.
  CHECK_EQUAL(one_neuron(Activation::linear, InputFunction::sum), 0.25);
  CHECK_EQUAL(one_neuron(Activation::linear, InputFunction::sum_of_squares), 3.3125);
  CHECK_EQUAL(one_neuron(Activation::linear, InputFunction::sum_of_absolutes), 2.75);
  CHECK_NEAR(one_neuron(Activation::sigmoid, InputFunction::sum), 1.0 / (1.0 + std::exp(-0.25)), 1e-15);
  CHECK_NEAR(one_neuron(Activation::tanh, InputFunction::sum), std::tanh(0.25), 1e-15);
  CHECK_NEAR(one_neuron(Activation::radial, InputFunction::sum_of_squares), std::exp(-3.3125 * 3.3125 / 2.0), 1e-15);
  CHECK_EQUAL(one_neuron(Activation::relu, InputFunction::sum), 0.25);
  CHECK_EQUAL(activate(Activation::relu, -3.0), 0.0);
  CHECK(std::isnan(activate(Activation::relu, std::numeric_limits<double>::quiet_NaN())));
}

TEST(rational_tanh) {
  for (double x = -3.0; x <= 3.0; x += 0.0625) CHECK_NEAR(tmva_tanh(x), std::tanh(x), 1e-5);
  CHECK_EQUAL(tmva_tanh(0.0), 0.0);
  // Not clipped, as in TMVA.
  CHECK(tmva_tanh(100.0) > 1.5);
  CHECK_EQUAL(tmva_tanh(-100.0), -tmva_tanh(100.0));
}

TEST(softmax_is_safe) {
  Network network;
  network.layers.push_back(layer(1, 3, {0.0, 1.0, 2.0}, {0.0, 0.0, 0.0}));
  network.output = Output::softmax;
  const NetworkPredictor model(network);
  double responses[3];
  const float one[] = {1.0F};
  model.evaluate(one, responses);
  const double sum = 1.0 + std::exp(1.0) + std::exp(2.0);
  for (int k = 0; k < 3; ++k) CHECK_NEAR(responses[k], std::exp(k) / sum, 1e-15);
  const float huge[] = {1e30F};
  model.evaluate(huge, responses);
  CHECK_EQUAL(responses[0], 0.0);
  CHECK_EQUAL(responses[1], 0.0);
  CHECK_EQUAL(responses[2], 1.0);
}

TEST(wide_layers_give_the_same_for_any_number_of_threads) {
  constexpr std::int32_t width = 1500;
  std::vector<double> first(2 * width);
  std::vector<double> second(width);
  for (std::size_t i = 0; i < first.size(); ++i) first[i] = std::sin(static_cast<double>(i));
  for (std::size_t i = 0; i < second.size(); ++i) second[i] = std::cos(3.0 * static_cast<double>(i));
  Network network;
  network.layers.push_back(layer(2, width, first, std::vector<double>(width, 0.125), Activation::sigmoid));
  network.layers.push_back(layer(width, 1, second, {0.0}));
  const NetworkPredictor model(network);
  std::vector<float> events(2 * 2100);
  for (std::size_t i = 0; i < events.size(); ++i)
    events[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
  std::vector<double> one(2100);
  std::vector<double> four(2100);
  diskern::Context context;
  const diskern::View<const float, 2> view(events.data(), 2100, 2);
  model.evaluate(context, view, diskern::View<double, 2>(one.data(), 2100, 1));
  context.threads = 4;
  model.evaluate(context, view, diskern::View<double, 2>(four.data(), 2100, 1));
  CHECK(one == four);
  double expected = 0.0;
  for (std::size_t o = 0; o < width; ++o) {
    const double sum =
        first[2 * o] * static_cast<double>(events[10]) + first[2 * o + 1] * static_cast<double>(events[11]);
    expected += second[o] / (1.0 + std::exp(-sum - 0.125));
  }
  CHECK_NEAR(one[5], expected, 1e-11);
}

TEST(layers_wider_than_the_stack_holds_are_refused) {
  const std::int32_t width = diskern::network::maximum_width + 1;
  const auto size = static_cast<std::size_t>(width);
  Network network;
  network.layers.push_back(layer(1, width, std::vector<double>(size, 0.0), std::vector<double>(size, 0.0)));
  CHECK_THROWS(NetworkPredictor{network}, diskern::FormatError);
  network.layers[0] = layer(1, width - 1, std::vector<double>(size - 1, 1.0), std::vector<double>(size - 1, 0.0));
  const NetworkPredictor model(network);
  std::vector<double> responses(size - 1);
  const float one[] = {2.5F};
  model.evaluate(one, responses.data());
  for (const double response : responses) CHECK_EQUAL(response, 2.5);
}

TEST(written_and_read_back) {
  Network network = small();
  network.output = Output::softmax;
  network.layers[0].activation = Activation::tmva_tanh;
  network.layers[1].input_function = InputFunction::sum_of_absolutes;
  network.layers[0].weights[3] = 1.0 / 3.0;
  const NetworkPredictor model(network);
  Group group("network");
  model.write(group);
  const diskern::PredictorPointer pointer = NetworkPredictor::read(group);
  const Network& read = dynamic_cast<const NetworkPredictor&>(*pointer).network();
  CHECK(read.output == Output::softmax);
  CHECK_EQUAL(read.layers.size(), std::size_t{2});
  for (std::size_t l = 0; l < 2; ++l) {
    CHECK(read.layers[l].weights == network.layers[l].weights);
    CHECK(read.layers[l].biases == network.layers[l].biases);
    CHECK(read.layers[l].activation == network.layers[l].activation);
    CHECK(read.layers[l].input_function == network.layers[l].input_function);
  }
}

TEST(unusable_networks_are_refused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(!refused([](Network&) {}));
  CHECK(refused([](Network& n) { n.layers.clear(); }));
  CHECK(refused([](Network& n) { n.layers[1].n_inputs = 2; }));
  CHECK(refused([](Network& n) { n.layers[0].n_inputs = 0; }));
  CHECK(refused([](Network& n) { n.layers[1].n_outputs = -1; }));
  CHECK(refused([](Network& n) { n.layers[1].n_outputs = 1 << 30; }));
  CHECK(refused([](Network& n) { n.layers[0].weights.pop_back(); }));
  CHECK(refused([](Network& n) { n.layers[0].biases.push_back(0.0); }));
  CHECK(refused([&](Network& n) { n.layers[0].weights[2] = nan; }));
  CHECK(refused([](Network& n) { n.layers[1].biases[0] = std::numeric_limits<double>::infinity(); }));
  CHECK(refused([](Network& n) { n.layers[0].activation = static_cast<Activation>(18); }));
  CHECK(refused([](Network& n) { n.layers[0].input_function = static_cast<InputFunction>(3); }));
  CHECK(refused([](Network& n) { n.output = static_cast<Output>(2); }));
  // A layer that does not fit to the one before, though right in itself.
  CHECK(refused([](Network& n) { n.layers[1] = n.layers[0]; }));
}

TEST(unusable_groups_are_refused) {
  const auto write = [](const char* key, const diskern::archive::Value& value) {
    Group original("network");
    NetworkPredictor(small()).write(original);
    Group changed("network");
    changed.set("layout", std::int64_t{1});
    changed.set("output", std::int64_t{0});
    bool first = true;
    for (const Group* child : original.children("layers")) {
      Group& copy = changed.append("layers");
      for (const auto& [name, content] : child->entries()) copy.set(name, first && name == key ? value : content);
      first = false;
    }
    return changed;
  };
  NetworkPredictor::read(write("", true));  // unchanged
  CHECK_THROWS(NetworkPredictor::read(write("n_inputs", std::int64_t{3})), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("n_inputs", std::int64_t{1} << 50)), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("n_outputs", std::int64_t{0})), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("activation", std::int64_t{18})), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("input_function", std::int64_t{-1})), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("weights", std::vector<double>{1.0})), FormatError);
  CHECK_THROWS(NetworkPredictor::read(write("biases", std::string("0 0 0"))), FormatError);
  CHECK_THROWS(NetworkPredictor::read(Group("network")), FormatError);
  Group empty("network");
  empty.set("layout", std::int64_t{1});
  empty.set("output", std::int64_t{0});
  CHECK_THROWS(NetworkPredictor::read(empty), FormatError);
}
