#include "network/graph/adversarial.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "network/graph/adversarial_losses.hpp"
#include "network/graph/batch.hpp"
#include "network/graph/sample.hpp"
#include "network/graph/training.hpp"
#include "network/graph/update.hpp"

namespace diskern::network::graph {

namespace {

// Between the points at which the gradient's change is taken, in units of the event's numbers. A difference of scores
// is in float32: a smaller step would lose digits, a larger one leaves the neighbourhood.
constexpr float half_step = 0.01F;

// A network that trains: weights, gradients, optimizer.
struct Player {
  Player(const Graph& network, const OptimizerParams& params, Initialisation initialisation, std::uint64_t seed,
         std::size_t largest)
      : graph(network),
        parameters(start_parameters(network, initialisation, seed)),
        gradient(network.parameter_count()),
        scratch(network.parameter_count()),
        optimizer(params, ranges_of(network), network.parameter_count()),
        batch(network, largest, true),
        rate(params.learning_rate) {}

  void step(const Context& context, std::size_t events) {
    optimizer.begin_step(rate, 1.0 / static_cast<double>(events));
    if (optimizer.clips_norm()) {
      optimizer.clip(optimizer_kernels().sum_of_squares(gradient.data(), gradient.size()));
    }
    apply(context, optimizer, gradient, parameters);
  }

  const Graph& graph;
  std::vector<float> parameters;
  AlignedVector<float> gradient;
  AlignedVector<float> scratch;
  Optimizer optimizer;
  Batch<float> batch;
  double rate;
};

// Rows of numbers, as the inputs of a graph want them.
void fill(const Graph& graph, const std::vector<float>& rows, std::size_t first, std::size_t count, Tile<float>& tile) {
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    const std::size_t size = graph.size(i);
    for (std::size_t e = 0; e < count; ++e) {
      const float* row = rows.data() + (first + e) * graph.input_count() + graph.inputs()[i].column;
      std::copy_n(row, size, tile.input(i) + e * size);
    }
  }
}

class Game {
 public:
  Game(const Context& context, const Graph& generator, const Graph& discriminator, const AdversarialParams& params,
       const AdversarialData& data)
      : context_(context),
        params_(params),
        data_(data),
        n_(data.events.rows()),
        numbers_(data.events.columns()),
        conditions_(data.conditions.columns()),
        latent_(generator.input_count() - conditions_),
        batch_size_(std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), n_)),
        generator_(generator, params.generator, params.initialisation, context.seed, batch_size_),
        // Another seed: networks of one shape must not begin alike.
        discriminator_(discriminator, params.discriminator, params.initialisation, ~context.seed, 2 * batch_size_) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) sum += data.weight[i];
    weight_scale_ = static_cast<double>(n_) / sum;
    standardise_by_first(generator_, latent_);
    standardise_by_first(discriminator_, numbers_);
    averaged_ = generator_.parameters;
  }

  struct Sums {
    double weight = 0.0;
    double discriminator = 0.0;
    double generator = 0.0;
    double generator_weight = 0.0;
    double penalty = 0.0;
    double real = 0.0;
    double generated = 0.0;
  };

  std::size_t batches() const noexcept { return chunk_count(n_, batch_size_); }
  void begin_epoch(std::int32_t epoch) {
    RandomSequence random(context_.seed, Purpose::shuffle, static_cast<std::uint32_t>(epoch));
    order_ = random_order(n_, random);
  }

  void play(std::size_t b, Sums& sums) {
    const Range range = chunk_range(n_, batch_size_, b);
    const std::size_t events = range.end - range.begin;
    gather(range);
    generate(events);
    tell(events, sums);
    if (params_.gradient_penalty > 0.0) punish(events, sums);
    discriminator_.step(context_, events);
    if (++turn_ % static_cast<std::uint64_t>(params_.discriminator_steps) == 0) {
      learn(events, sums);
      average();
    }
    ++step_;
  }

  bool finite() const { return all_finite(generator_.parameters) && all_finite(discriminator_.parameters); }
  std::vector<float> generator() const { return params_.averaging > 0.0 ? averaged_ : generator_.parameters; }
  const std::vector<float>& discriminator() const { return discriminator_.parameters; }

 private:
  // Layers that standardise an input take their constants from the first events. own: how many numbers of a row come
  // before the conditions; those are the event's, or random ones, which are left as they are.
  void standardise_by_first(Player& player, std::size_t own) {
    const std::size_t events = std::min<std::size_t>(n_, 10000);
    const std::size_t width = own + conditions_;
    std::vector<float> rows(events * width, 0.0F);
    for (std::size_t i = 0; i < events; ++i) {
      if (&player == &discriminator_) {
        for (std::size_t j = 0; j < own; ++j) rows[i * width + j] = data_.events(i, j);
      }
      for (std::size_t j = 0; j < conditions_; ++j) rows[i * width + own + j] = data_.conditions(i, j);
    }
    Sample sample;
    sample.variables = View<const float, 2>(rows.data(), {events, width}, {static_cast<std::ptrdiff_t>(width), 1});
    sample.weight.assign(events, 1.0F);
    standardise(player.graph, sample, player.parameters);
  }

  // Real events, their conditions and weights; random numbers for as many generated ones.
  void gather(Range range) {
    const std::size_t events = range.end - range.begin;
    real_.resize(events * numbers_);
    known_.resize(events * conditions_);
    weight_.resize(events);
    source_.resize(events * (latent_ + conditions_));
    RandomSequence random(context_.seed, Purpose::generator, step_);
    for (std::size_t e = 0; e < events; ++e) {
      const std::size_t i = order_[range.begin + e];
      for (std::size_t j = 0; j < numbers_; ++j) real_[e * numbers_ + j] = data_.events(i, j);
      float* row = source_.data() + e * (latent_ + conditions_);
      for (std::size_t j = 0; j < latent_; ++j) row[j] = static_cast<float>(random.normal());
      for (std::size_t j = 0; j < conditions_; ++j) {
        known_[e * conditions_ + j] = data_.conditions(i, j);
        row[latent_ + j] = data_.conditions(i, j);
      }
      weight_[e] = data_.weight[i] * weight_scale_;
    }
    mixture_.resize(events);
    for (double& share : mixture_) share = random.uniform();
  }

  Batch<float>::Work work(std::size_t events, std::uint32_t part) const {
    Batch<float>::Work result;
    result.events = events;
    result.seed = context_.seed;
    result.step = 4 * step_ + part;  // dropout and noise of the parts of a step differ
    return result;
  }

  void generate(std::size_t events) {
    generated_.resize(events * numbers_);
    auto forward = work(events, 0);
    forward.backward = false;
    forward.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      fill(generator_.graph, source_, first, count, tile);
    };
    forward.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      std::copy_n(tile.output(0), count * numbers_, generated_.data() + first * numbers_);
      return 0.0;
    };
    generator_.batch.gradient(context_, forward, generator_.parameters.data(), nullptr);
  }

  // One row of the discriminator: an event and its conditions.
  void place(std::size_t row, const float* event, std::size_t e) {
    float* out = rows_.data() + row * (numbers_ + conditions_);
    std::copy_n(event, numbers_, out);
    std::copy_n(known_.data() + e * conditions_, conditions_, out + numbers_);
  }

  // The discriminator over rows_; slope(row, score) gives the loss and its slope.
  template <class Function>
  double judge(std::size_t rows, std::uint32_t part, AlignedVector<float>& gradient, std::vector<float>* input_gradient,
               const Function& slope) {
    std::vector<double> losses(rows);
    auto way = work(rows, part);
    way.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      fill(discriminator_.graph, rows_, first, count, tile);
    };
    way.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      for (std::size_t e = 0; e < count; ++e) {
        const Slope one = slope(first + e, static_cast<double>(tile.output(0)[e]));
        losses[first + e] = one.loss;
        tile.output_gradient(0)[e] = static_cast<float>(one.slope);
      }
      return 0.0;
    };
    if (input_gradient != nullptr) {
      input_gradient->assign(rows * numbers_, 0.0F);
      way.finish = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        const Graph& graph = discriminator_.graph;
        for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
          const std::size_t size = graph.size(i);
          const std::size_t column = graph.inputs()[i].column;
          for (std::size_t e = 0; e < count; ++e) {
            for (std::size_t j = 0; j < size && column + j < numbers_; ++j) {
              (*input_gradient)[(first + e) * numbers_ + column + j] = tile.input_gradient(i)[e * size + j];
            }
          }
        }
      };
    }
    discriminator_.batch.gradient(context_, way, discriminator_.parameters.data(), gradient.data());
    return std::accumulate(losses.begin(), losses.end(), 0.0);
  }

  // The discriminator's gradient on real and generated events.
  void tell(std::size_t events, Sums& sums) {
    rows_.resize(2 * events * (numbers_ + conditions_));
    for (std::size_t e = 0; e < events; ++e) {
      place(e, real_.data() + e * numbers_, e);
      place(events + e, generated_.data() + e * numbers_, e);
    }
    scores_.resize(2 * events);
    sums.discriminator +=
        judge(2 * events, 1, discriminator_.gradient, nullptr, [&](std::size_t row, double score) -> Slope {
          const double weight = weight_[row % events];
          const Slope one = row < events ? of_real(params_, score) : of_generated(params_, score);
          scores_[row] = score;
          return {weight * one.loss, weight * one.slope};
        });
    discriminator_.batch.update_state(discriminator_.parameters.data(), 2 * events);
    for (std::size_t e = 0; e < events; ++e) {
      sums.weight += weight_[e];
      sums.real += weight_[e] * scores_[e];
      sums.generated += weight_[e] * scores_[events + e];
    }
  }

  // Adds the gradient of the penalty. That of a function of |g|, where g is the score's gradient by the event, is its
  // derivative times the change of the score's gradient along g / |g|, which is taken between two points.
  void punish(std::size_t events, Sums& sums) {
    const bool between = params_.loss == AdversarialLoss::wasserstein;
    points_ = real_;
    if (between) {
      for (std::size_t e = 0; e < events; ++e) {
        const auto share = static_cast<float>(mixture_[e]);
        for (std::size_t j = e * numbers_; j < (e + 1) * numbers_; ++j) {
          points_[j] = share * real_[j] + (1.0F - share) * generated_[j];
        }
      }
    }
    rows_.resize(events * (numbers_ + conditions_));
    for (std::size_t e = 0; e < events; ++e) place(e, points_.data() + e * numbers_, e);
    std::vector<float> towards;
    judge(events, 2, discriminator_.scratch, &towards, [](std::size_t, double score) -> Slope { return {score, 1.0}; });
    std::vector<double> factor(events);
    for (std::size_t e = 0; e < events; ++e) {
      float* g = towards.data() + e * numbers_;
      double squares = 0.0;
      for (std::size_t j = 0; j < numbers_; ++j) squares += static_cast<double>(g[j]) * static_cast<double>(g[j]);
      const double length = std::sqrt(squares);
      const double excess = between ? length - 1.0 : length;
      sums.penalty += weight_[e] * params_.gradient_penalty * (between ? 1.0 : 0.5) * excess * excess;
      factor[e] = weight_[e] * params_.gradient_penalty * (between ? 2.0 : 1.0) * excess;
      for (std::size_t j = 0; j < numbers_; ++j) g[j] = length > 0.0 ? static_cast<float>(g[j] / length) : 0.0F;
    }
    for (const float sign : {1.0F, -1.0F}) {
      for (std::size_t e = 0; e < events; ++e) {
        std::vector<float>& moved = moved_;
        moved.resize(numbers_);
        for (std::size_t j = 0; j < numbers_; ++j) {
          moved[j] = points_[e * numbers_ + j] + sign * half_step * towards[e * numbers_ + j];
        }
        place(e, moved.data(), e);
      }
      // The same part, hence the same dropout and noise.
      judge(events, 2, discriminator_.scratch, nullptr, [&](std::size_t e, double) -> Slope {
        return {0.0, factor[e] * static_cast<double>(sign / (2.0F * half_step))};
      });
      for (std::size_t i = 0; i < discriminator_.scratch.size(); ++i) {
        discriminator_.gradient[i] += discriminator_.scratch[i];
      }
    }
  }

  // A step of the generator on the events it made.
  void learn(std::size_t events, Sums& sums) {
    rows_.resize(events * (numbers_ + conditions_));
    for (std::size_t e = 0; e < events; ++e) place(e, generated_.data() + e * numbers_, e);
    std::vector<float> back;
    sums.generator +=
        judge(events, 3, discriminator_.scratch, &back, [&](std::size_t e, double score) -> Slope {
          const Slope one = of_generator(params_, score);
          return {weight_[e] * one.loss, weight_[e] * one.slope};
        });
    for (std::size_t e = 0; e < events; ++e) sums.generator_weight += weight_[e];
    auto way = work(events, 0);  // as when the events were made
    way.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      fill(generator_.graph, source_, first, count, tile);
    };
    way.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
      std::copy_n(back.data() + first * numbers_, count * numbers_, tile.output_gradient(0));
      return 0.0;
    };
    generator_.batch.gradient(context_, way, generator_.parameters.data(), generator_.gradient.data());
    generator_.step(context_, events);
    generator_.batch.update_state(generator_.parameters.data(), events);
  }

  void average() {
    ++averages_;
    const double t = static_cast<double>(averages_);
    // The first weights are soon forgotten.
    const auto keep = static_cast<float>(std::min(params_.averaging, (1.0 + t) / (10.0 + t)));
    for (std::size_t i = 0; i < averaged_.size(); ++i) {
      averaged_[i] = keep * averaged_[i] + (1.0F - keep) * generator_.parameters[i];
    }
  }

  const Context& context_;
  const AdversarialParams& params_;
  const AdversarialData& data_;
  std::size_t n_;
  std::size_t numbers_;
  std::size_t conditions_;
  std::size_t latent_;
  std::size_t batch_size_;
  Player generator_;
  Player discriminator_;
  std::vector<float> averaged_;
  double weight_scale_ = 1.0;
  std::vector<std::size_t> order_;
  std::vector<float> real_;
  std::vector<float> known_;
  std::vector<float> source_;
  std::vector<float> generated_;
  std::vector<float> rows_;
  std::vector<float> points_;
  std::vector<float> moved_;
  std::vector<double> weight_;
  std::vector<double> mixture_;
  std::vector<double> scores_;
  std::uint32_t step_ = 0;
  std::uint64_t turn_ = 0;
  std::uint64_t averages_ = 0;
};

}  // namespace

AdversarialFit fit_adversarial(const Context& context, const GraphPointer& generator, const GraphPointer& discriminator,
                               const AdversarialParams& params, const AdversarialData& data) {
  check_adversarial(*generator, *discriminator, params, data);
  Game game(context, *generator, *discriminator, params, data);
  AdversarialFit fit;
  std::vector<float> generator_weights = game.generator();
  std::vector<float> discriminator_weights = game.discriminator();
  for (std::int32_t epoch = 0; epoch < params.epochs && !fit.interrupted; ++epoch) {
    game.begin_epoch(epoch);
    Game::Sums sums;
    for (std::size_t b = 0; b < game.batches() && !fit.interrupted; ++b) {
      game.play(b, sums);
      fit.interrupted = context.interrupted();
    }
    if (!std::isfinite(sums.discriminator) || !std::isfinite(sums.generator) || !game.finite()) {
      fit.message = "training diverged in epoch " + std::to_string(epoch + 1) +
                    "; smaller learning rates, a gradient penalty or clip_norm help";
      if (epoch == 0) throw Error("network " + fit.message);
      fit.diverged = true;
      fit.message += "; the weights of epoch " + std::to_string(epoch) + " are kept";
      break;
    }
    generator_weights = game.generator();
    discriminator_weights = game.discriminator();
    fit.epochs = epoch + 1;
    const auto mean = [](double sum, double weight) { return weight > 0.0 ? sum / weight : 0.0; };
    fit.discriminator_loss.push_back(mean(sums.discriminator, sums.weight));
    fit.generator_loss.push_back(mean(sums.generator, sums.generator_weight));
    fit.penalty.push_back(mean(sums.penalty, sums.weight));
    fit.real_score.push_back(mean(sums.real, sums.weight));
    fit.generated_score.push_back(mean(sums.generated, sums.weight));
    context.report({static_cast<std::size_t>(epoch + 1), static_cast<std::size_t>(params.epochs),
                    fit.discriminator_loss.back(), fit.generator_loss.back()});
    fit.interrupted = fit.interrupted || context.interrupted();
  }
  fit.generator = std::make_shared<const GraphPredictor>(generator, std::move(generator_weights));
  fit.discriminator = std::make_shared<const GraphPredictor>(discriminator, std::move(discriminator_weights));
  return fit;
}

}  // namespace diskern::network::graph
