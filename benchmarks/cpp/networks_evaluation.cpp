// Time of one event of a dense network 28-64-64-1 from C++, and of many.
//
//   benchmark_networks_evaluation            a table
//   benchmark_networks_evaluation single     nanoseconds of one event, a line per round
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "diskern/context.hpp"
#include "network/network.hpp"

using namespace diskern;
using namespace diskern::network;

namespace {

Network random_network(const std::vector<std::int32_t>& hidden) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  Network network;
  network.arithmetic = Arithmetic::float32;
  std::int32_t inputs = 28;
  for (std::size_t l = 0; l <= hidden.size(); ++l) {
    DenseLayer layer;
    layer.n_inputs = inputs;
    layer.n_outputs = l < hidden.size() ? hidden[l] : 1;
    layer.activation = l < hidden.size() ? Activation::relu : Activation::sigmoid;
    for (std::int32_t i = 0; i < layer.n_inputs * layer.n_outputs; ++i) layer.weights.push_back(0.2 * uniform(random));
    for (std::int32_t i = 0; i < layer.n_outputs; ++i) layer.biases.push_back(0.1 * uniform(random));
    network.layers.push_back(layer);
    inputs = layer.n_outputs;
  }
  network.input_shift.assign(28, 0.5);
  network.input_scale.assign(28, 0.8);
  return network;
}

template <class Body>
double seconds(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int count, char** arguments) {
  const bool only_single = count > 1 && std::string_view(arguments[1]) == "single";
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal;
  const NetworkPredictor model(random_network({64, 64}));
  constexpr std::size_t events = 1 << 17;
  std::vector<float> x(events * 28);
  for (float& value : x) value = normal(random);
  std::vector<double> y(events);
  constexpr std::size_t singles = 20000;
  std::vector<double> rounds;
  for (int round = 0; round < 7; ++round) {
    rounds.push_back(1e9 / singles * seconds([&] {
                       for (std::size_t i = 0; i < singles; ++i) model.evaluate(x.data() + 28 * i, y.data() + i);
                     }));
  }
  if (only_single) {
    for (const double value : rounds) std::printf("%.2f\n", value);
    return 0;
  }
  std::printf("one event %.1f ns\n", *std::min_element(rounds.begin(), rounds.end()));
  for (const int threads : {1, 2}) {
    Context context;
    context.threads = threads;
    double best = 1e300;
    for (int round = 0; round < 20; ++round) {
      best = std::min(best, seconds([&] {
                        model.evaluate(context, View<const float, 2>(x.data(), events, 28),
                                       View<double, 2>(y.data(), events, 1));
                      }));
    }
    std::printf("%zu events, %d threads: %.2f million per second\n", events, threads, 1e-6 * events / best);
  }
  return 0;
}
