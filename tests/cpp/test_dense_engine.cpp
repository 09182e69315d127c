// Training of dense networks in float32 against the float64 gradient, and independence of threads; orders of events.
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "base/permutation.hpp"
#include "check.hpp"
#include "count_allocations.hpp"
#include "network/activation.hpp"
#include "network/dense_engine.hpp"
#include "network/loss.hpp"
#include "network/network.hpp"
#include "network/training.hpp"

using namespace diskern;
using namespace diskern::network;

namespace {

struct Sample {
  std::size_t n;
  std::size_t d;
  std::size_t k;
  std::vector<float> values;
  std::vector<double> targets;
  std::vector<double> weights;

  Events events() const {
    Events result;
    result.variables = View<const float, 2>(values.data(), n, d);
    result.targets = View<const double, 2>(targets.data(), n, k);
    result.weight = View<const double>(weights.data(), n);
    return result;
  }
};

Sample make_sample(std::size_t n, std::size_t d, std::size_t k, Loss loss) {
  Sample sample{n, d, k, {}, {}, {}};
  std::mt19937 generator(17);
  std::normal_distribution<double> normal;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) sample.values.push_back(static_cast<float>(normal(generator)));
    for (std::size_t o = 0; o < k; ++o) {
      const bool one = loss_is_sum_over_outputs(loss) ? generator() % 2 == 0 : i % k == o;
      sample.targets.push_back(one ? 1.0 : 0.0);
    }
    sample.weights.push_back(i % 7 == 3 ? -0.3 : 0.5 + 0.1 * static_cast<double>(i % 5));
  }
  return sample;
}

std::vector<std::size_t> natural(std::size_t n) {
  std::vector<std::size_t> index(n);
  std::iota(index.begin(), index.end(), std::size_t{0});
  return index;
}

void compare(const std::vector<std::int32_t>& hidden, std::size_t d, std::size_t k, std::size_t n, Activation activation,
             Loss loss) {
  const Sample sample = make_sample(n, d, k, loss);
  Events events = sample.events();
  for (std::size_t j = 0; j < d; ++j) {
    events.shift.push_back(0.25 * static_cast<double>(j % 3));
    events.scale.push_back(j % 2 == 0 ? 0.5 : 2.0);
  }
  const Activation output = loss == Loss::cross_entropy ? Activation::sigmoid : Activation::linear;
  const Shape shape = make_shape(d, hidden, k, activation, output, InputFunction::sum);
  LossParams constants;
  constants.quantile = 0.7;
  Backpropagation reference(shape, loss, constants);
  DenseEngine engine(shape, loss, constants);
  std::vector<double> parameters(shape.parameters);
  std::mt19937 generator(3);
  for (double& value : parameters) {
    value = static_cast<double>(static_cast<float>(0.6 * (static_cast<double>(generator()) / 4294967296.0 - 0.5)));
  }
  std::vector<double> expected;
  const std::vector<std::size_t> index = natural(n);
  const double expected_loss = reference.sum(Context{}, events, index.data(), n, parameters, &expected);

  const FloatEvents float_events(events);
  AlignedVector<float> weights(engine.layout().parameters);
  AlignedVector<float> gradient(engine.layout().parameters);
  engine.layout().to_float(shape, parameters.data(), weights.data());
  const double loss_sum =
      engine.gradient(Context{}, float_events, Permutation(n), 0, n, weights.data(), gradient.data());
  std::vector<double> found(shape.parameters);
  engine.layout().to_double(shape, gradient.data(), found.data());
  double norm = 0.0;
  double off = 0.0;
  for (std::size_t p = 0; p < found.size(); ++p) {
    norm += expected[p] * expected[p];
    off += (found[p] - expected[p]) * (found[p] - expected[p]);
  }
  const std::string what = std::string(name(activation)) + ", " + name(loss) + ", " + std::to_string(d) + " to " +
                           std::to_string(k) + ", " + std::to_string(n) + " events";
  if (!(std::sqrt(off) <= 1e-5 * std::sqrt(norm))) {
    check::fail(__FILE__, __LINE__, what, ": relative distance of gradients ", std::sqrt(off / norm));
  }
  if (!(std::abs(loss_sum - expected_loss) <= 1e-5 * (1.0 + std::abs(expected_loss)))) {
    check::fail(__FILE__, __LINE__, what, ": loss ", loss_sum, " against ", expected_loss);
  }
  CHECK_NEAR(engine.loss(Context{}, float_events, weights.data()), loss_sum, 1e-12 * (1.0 + std::abs(loss_sum)));
  // Nothing moves the padding: what comes back from the padded vector is what went in.
  std::vector<float> padding = {gradient.begin(), gradient.end()};
  AlignedVector<float> again(gradient.size());
  engine.layout().to_float(shape, found.data(), again.data());
  CHECK(std::equal(padding.begin(), padding.end(), again.begin()));
  // Threads.
  Context three;
  three.threads = 3;
  AlignedVector<float> by_three(gradient.size());
  CHECK_EQUAL(engine.gradient(three, float_events, Permutation(n), 0, n, weights.data(), by_three.data()), loss_sum);
  CHECK(by_three == gradient);
}

}  // namespace

TEST(gradients_of_shapes) {
  compare({64, 64}, 28, 1, 1000, Activation::relu, Loss::cross_entropy);
  compare({}, 5, 1, 130, Activation::relu, Loss::cross_entropy);
  compare({}, 5, 3, 130, Activation::relu, Loss::softmax_cross_entropy);
  compare({1}, 3, 1, 50, Activation::tanh, Loss::squared);
  compare({17, 1, 33}, 19, 2, 97, Activation::tanh, Loss::squared);
  compare({300, 300}, 30, 20, 200, Activation::relu, Loss::softmax_cross_entropy);
  compare({7}, 1, 1, 1, Activation::sigmoid, Loss::cross_entropy);
  compare({40, 30}, 16, 1, 5000, Activation::sigmoid, Loss::cross_entropy);
}

TEST(gradients_of_activations_and_losses) {
  for (int kind = 0; kind <= static_cast<int>(last_activation); ++kind) {
    if (static_cast<Activation>(kind) == Activation::tmva_tanh) continue;
    compare({12, 9}, 6, 1, 300, static_cast<Activation>(kind), Loss::cross_entropy);
  }
  for (int loss = 0; loss <= static_cast<int>(last_loss); ++loss) {
    compare({12, 9}, 6, static_cast<Loss>(loss) == Loss::cross_entropy ? 1 : 3, 300, Activation::silu,
            static_cast<Loss>(loss));
  }
}

TEST(float_training_follows_float64) {
  const Sample sample = make_sample(1500, 8, 1, Loss::cross_entropy);
  Sample apart = make_sample(300, 8, 1, Loss::cross_entropy);
  const TrainingData data{sample.events().variables, sample.events().targets, sample.events().weight};
  const TrainingData validation{apart.events().variables, apart.events().targets, apart.events().weight};
  for (const OptimizerKind kind : {OptimizerKind::gradient_descent, OptimizerKind::nesterov, OptimizerKind::adam,
                                   OptimizerKind::adadelta, OptimizerKind::nadam}) {
    NetworkParams params;
    params.hidden_layers = {20, 10};
    params.activation = Activation::tanh;
    params.epochs = 4;
    params.optimizer.kind = kind;
    params.optimizer.learning_rate = kind == OptimizerKind::adadelta ? 1.0 : 0.01;
    params.optimizer.l1 = 1e-3;
    params.optimizer.l2 = 1e-2;
    params.optimizer.clip_norm = 0.2;
    params.schedule.kind = ScheduleKind::cosine;
    Context context;
    context.seed = 4;
    const NetworkFit in_float = fit_network(context, params, data, &validation);
    params.double_precision = true;
    const NetworkFit in_double = fit_network(context, params, data, &validation);
    CHECK(in_float.predictor->network().arithmetic == Arithmetic::float32);
    CHECK(in_double.predictor->network().arithmetic == Arithmetic::float64);
    for (std::size_t i = 0; i < in_float.training_loss.size(); ++i) {
      CHECK_NEAR(in_float.training_loss[i], in_double.training_loss[i], 1e-4);
      CHECK_NEAR(in_float.validation_loss[i], in_double.validation_loss[i], 1e-4);
    }
    for (std::size_t i = 0; i < 20; ++i) {
      double a = 0.0;
      double b = 0.0;
      in_float.predictor->evaluate(sample.values.data() + 8 * i, &a);
      in_double.predictor->evaluate(sample.values.data() + 8 * i, &b);
      CHECK_NEAR(a, b, 2e-4);
    }
  }
}

TEST(one_event_and_many_give_the_same_bits) {
  for (const std::int32_t width : {5, 64, 1100}) {
    for (const std::int32_t outputs : {1, 3}) {
      Network network;
      network.arithmetic = Arithmetic::float32;
      network.output = outputs > 1 ? Output::softmax : Output::identity;
      std::mt19937 generator(9);
      const auto unit = [&] { return static_cast<double>(generator()) / 4294967296.0 - 0.5; };
      std::int32_t previous = 19;
      for (const std::int32_t n : {width, width / 2 + 1, outputs}) {
        DenseLayer layer;
        layer.n_inputs = previous;
        layer.n_outputs = n;
        layer.activation = n == outputs ? Activation::linear : Activation::gelu;
        for (std::int32_t i = 0; i < previous * n; ++i) layer.weights.push_back(unit());
        for (std::int32_t i = 0; i < n; ++i) layer.biases.push_back(unit());
        network.layers.push_back(layer);
        previous = n;
      }
      for (int j = 0; j < 19; ++j) {
        network.input_shift.push_back(100.0 * unit());
        network.input_scale.push_back(1.0 + unit());
      }
      const NetworkPredictor model(network);
      Network reference = network;
      reference.arithmetic = Arithmetic::float64;
      const NetworkPredictor in_double(reference);
      const NetworkPredictor folded(with_folded_inputs(network));
      constexpr std::size_t n = 250;
      std::vector<float> x;
      for (std::size_t i = 0; i < n * 19; ++i) x.push_back(static_cast<float>(100.0 * unit()));
      const std::size_t k = static_cast<std::size_t>(outputs);
      std::vector<double> many(n * k);
      Context two;
      two.threads = 2;
      model.evaluate(two, View<const float, 2>(x.data(), n, 19), View<double, 2>(many.data(), n, k));
      // The same in columns.
      std::vector<float> columns(x.size());
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < 19; ++j) columns[j * n + i] = x[i * 19 + j];
      }
      std::vector<double> from_columns(n * k);
      model.evaluate(two, View<const float, 2>(columns.data(), {n, 19}, {1, static_cast<std::ptrdiff_t>(n)}),
                     View<double, 2>(from_columns.data(), n, k));
      CHECK(from_columns == many);
      for (std::size_t i = 0; i < n; ++i) {
        double one[3];
        double exact[3];
        double also[3];
        const std::size_t before = allocations;
        model.evaluate(x.data() + 19 * i, one);
        CHECK_EQUAL(allocations.load(), before);
        in_double.evaluate(x.data() + 19 * i, exact);
        folded.evaluate(x.data() + 19 * i, also);
        for (std::size_t o = 0; o < k; ++o) {
          CHECK_EQUAL(one[o], many[i * k + o]);
          CHECK_NEAR(one[o], exact[o], 2e-4 * (1.0 + std::abs(exact[o])));
          CHECK_NEAR(also[o], exact[o], 1e-11 * (1.0 + std::abs(exact[o])));
        }
      }
    }
  }
}

TEST(permutations_are_permutations) {
  for (const std::size_t n : {1UL, 2UL, 5UL, 1000UL, 4095UL, 4096UL, 4097UL, 100000UL, 131072UL}) {
    const Permutation order(n, 5, Purpose::shuffle, 2);
    const Permutation other(n, 5, Purpose::shuffle, 3);
    std::vector<bool> seen(n);
    std::size_t fixed = 0;
    std::size_t same = 0;
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(order[i] < n);
      CHECK(!seen[order[i]]);
      seen[order[i]] = true;
      fixed += order[i] == i ? 1 : 0;
      same += order[i] == other[i] ? 1 : 0;
    }
    if (n >= 1000) {
      // Poisson numbers of mean 1.
      CHECK(fixed < 8);
      CHECK(same < 8);
    }
  }
}

TEST(permutations_look_random) {
  // Where each tenth of the places goes: chi squared over 100 cells of mean 1000, 81 degrees of freedom; and how often
  // neighbours stay neighbours.
  constexpr std::size_t n = 100000;
  double cells[10][10] = {};
  std::size_t neighbours = 0;
  const Permutation order(n, 11, Purpose::shuffle, 0);
  for (std::size_t i = 0; i < n; ++i) {
    cells[i * 10 / n][order[i] * 10 / n] += 1.0;
    if (i > 0 && (order[i] == order[i - 1] + 1 || order[i] + 1 == order[i - 1])) ++neighbours;
  }
  double chi_squared = 0.0;
  for (const auto& row : cells) {
    for (const double count : row) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  CHECK(chi_squared > 40.0);
  CHECK(chi_squared < 145.0);  // five deviations
  CHECK(neighbours < 14);      // mean 2
}
