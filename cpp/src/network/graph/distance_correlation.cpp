#include "network/graph/distance_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

std::vector<std::size_t> order_of(const double* values, std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [values](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  return order;
}

// One number with what pairs of it need: values around their mean, mean distances from each event, and over all pairs.
struct Marginal {
  std::vector<double> value;
  std::vector<double> distance;  // sum over j of w_j |v_i - v_j|
  std::vector<std::size_t> order;
  double mean_distance = 0.0;
  double variance = 0.0;  // dVar^2
  double square = 0.0;    // sum of w v^2

  Marginal(const double* given, const std::vector<double>& weight) : value(given, given + weight.size()) {
    const std::size_t n = weight.size();
    double mean = 0.0;
    for (std::size_t i = 0; i < n; ++i) mean += weight[i] * value[i];
    for (double& one : value) one -= mean;
    order = order_of(value.data(), n);
    distance.resize(n);
    double below = 0.0;      // weight of the events that came before
    double below_sum = 0.0;  // their values; all values have the weighted sum 0
    for (const std::size_t i : order) {
      distance[i] = value[i] * (2.0 * below - 1.0) - 2.0 * below_sum;
      below += weight[i];
      below_sum += weight[i] * value[i];
      square += weight[i] * value[i] * value[i];
    }
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      mean_distance += weight[i] * distance[i];
      squares += weight[i] * distance[i] * distance[i];
    }
    variance = 2.0 * square - 2.0 * squares + mean_distance * mean_distance;
  }
};

// Sums over the events that came in so far, by rank.
class RankSums {
 public:
  explicit RankSums(std::size_t size) : weight_(size + 1, 0.0), value_(size + 1, 0.0) {}
  void add(std::size_t rank, double weight, double value) {
    total_weight_ += weight;
    total_value_ += weight * value;
    for (std::size_t i = rank + 1; i < weight_.size(); i += i & (~i + 1)) {
      weight_[i] += weight;
      value_[i] += weight * value;
    }
  }
  // Sum of w |v - value| for the value of that rank.
  double distance(std::size_t rank, double value) const {
    double weight = 0.0;
    double sum = 0.0;
    for (std::size_t i = rank + 1; i > 0; i -= i & (~i + 1)) {
      weight += weight_[i];
      sum += value_[i];
    }
    return value * (2.0 * weight - total_weight_) - (2.0 * sum - total_value_);
  }

 private:
  std::vector<double> weight_;
  std::vector<double> value_;
  double total_weight_ = 0.0;
  double total_value_ = 0.0;
};

}  // namespace

double distance_correlation(const double* x, const double* y, const double* given_weight, double* slope,
                            std::size_t count) {
  std::fill_n(slope, count, 0.0);
  std::vector<double> weight(given_weight, given_weight + count);
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  if (!(total > 0.0)) return 0.0;
  for (double& one : weight) one /= total;
  const Marginal a(x, weight);
  const Marginal b(y, weight);
  if (!(a.variance > 1e-14 * a.square) || !(b.variance > 1e-14 * b.square)) return 0.0;

  // Events in the order of x, those of equal x together: what lies below, and below or beside.
  std::vector<std::size_t> rank(count);
  for (std::size_t r = 0; r < count; ++r) rank[b.order[r]] = r;
  RankSums sums(count);
  // Sums over j of w_j sign(x_i - x_j) times 1, times the mean distance of j in x and y, times |y_i - y_j|.
  std::vector<double> sign(count), sign_a(count), sign_b(count), sign_distance(count);
  double below = 0.0, below_a = 0.0, below_b = 0.0;
  double all_a = a.mean_distance, all_b = b.mean_distance;
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin;
    while (end < count && a.value[a.order[end]] == a.value[a.order[begin]]) ++end;
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = a.order[k];
      sign[i] = below;
      sign_a[i] = below_a;
      sign_b[i] = below_b;
      sign_distance[i] = sums.distance(rank[i], b.value[i]);
    }
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = a.order[k];
      below += weight[i];
      below_a += weight[i] * a.distance[i];
      below_b += weight[i] * b.distance[i];
      sums.add(rank[i], weight[i], b.value[i]);
    }
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = a.order[k];
      sign[i] += below - 1.0;
      sign_a[i] += below_a - all_a;
      sign_b[i] += below_b - all_b;
      sign_distance[i] += sums.distance(rank[i], b.value[i]) - b.distance[i];
    }
    begin = end;
  }
  double pairs = 0.0;  // sum of w_i w_j |x_i - x_j| |y_i - y_j|
  double products = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    pairs += 2.0 * weight[i] * a.value[i] * sign_distance[i];
    products += weight[i] * a.distance[i] * b.distance[i];
  }
  const double covariance = pairs - 2.0 * products + a.mean_distance * b.mean_distance;
  const double norm = std::sqrt(a.variance * b.variance);
  for (std::size_t i = 0; i < count; ++i) {
    const double by_covariance =
        2.0 * weight[i] * (sign_distance[i] - b.distance[i] * sign[i] - sign_b[i] + b.mean_distance * sign[i]);
    const double by_variance =
        4.0 * weight[i] * (a.value[i] - a.distance[i] * sign[i] - sign_a[i] + a.mean_distance * sign[i]);
    slope[i] = by_covariance / norm - 0.5 * covariance / norm * by_variance / a.variance;
  }
  return covariance / norm;
}

double distance_correlation_plainly(const double* x, const double* y, const double* given_weight, std::size_t count) {
  std::vector<double> weight(given_weight, given_weight + count);
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  for (double& one : weight) one /= total;
  const auto centred = [&](const double* v) {
    std::vector<double> row(count, 0.0), matrix(count * count);
    double mean = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) row[i] += weight[j] * std::abs(v[i] - v[j]);
      mean += weight[i] * row[i];
    }
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) matrix[i * count + j] = std::abs(v[i] - v[j]) - row[i] - row[j] + mean;
    }
    return matrix;
  };
  const std::vector<double> a = centred(x);
  const std::vector<double> b = centred(y);
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      const double w = weight[i] * weight[j];
      ab += w * a[i * count + j] * b[i * count + j];
      aa += w * a[i * count + j] * a[i * count + j];
      bb += w * b[i * count + j] * b[i * count + j];
    }
  }
  return ab / std::sqrt(aa * bb);
}

namespace {

// The distance correlation of a batch between a score (first input) and a protected variable (second); events are taken
// with the weights of the third input where there is one. Every event of the batch has it as its number, in training and
// in losses over a sample apart; without a batch, when the model is applied, it is 0.
class DistanceCorrelation final : public LayerOf<DistanceCorrelation> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "distance_correlation"; }

  // The result, then slope, x, y and weight of every event.
  std::size_t statistics_size() const noexcept override { return 1; }
  bool has_value_of_batch() const noexcept override { return true; }
  std::size_t batch_statistics_size(std::size_t events) const noexcept override { return 1 + 4 * events; }
  void collect(const Forward<float>& call, double* sums) const override { collect_of(call, sums); }
  void collect(const Forward<double>& call, double* sums) const override { collect_of(call, sums); }
  void finish_statistics(double* statistics, std::size_t events) const override {
    // Parts of a batch were added up, and every event stands in one part only.
    std::vector<double> x(events), y(events), weight(events);
    for (std::size_t i = 0; i < events; ++i) {
      x[i] = statistics[1 + 4 * i + 1];
      y[i] = statistics[1 + 4 * i + 2];
      weight[i] = statistics[1 + 4 * i + 3];
    }
    std::vector<double> slope(events);
    statistics[0] = distance_correlation(x.data(), y.data(), weight.data(), slope.data(), events);
    for (std::size_t i = 0; i < events; ++i) statistics[1 + 4 * i] = slope[i];
  }
  std::size_t gradient_statistics_size() const noexcept override { return 1; }
  void collect_gradient(const Backward<float>& call, double* sums) const override { collect_gradient_of(call, sums); }
  void collect_gradient(const Backward<double>& call, double* sums) const override { collect_gradient_of(call, sums); }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    std::fill_n(call.output, call.events, call.statistics == nullptr ? T{0} : static_cast<T>(call.statistics[0]));
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t k = 0; k < input_shapes().size(); ++k) {
      if (call.input_gradients[k] == nullptr) continue;
      for (std::size_t e = 0; e < call.events; ++e) {
        const bool moves = k == 0 && call.statistics != nullptr && call.gradient_statistics != nullptr;
        call.input_gradients[k][e] =
            moves ? static_cast<T>(call.gradient_statistics[0] * call.statistics[1 + 4 * (call.random.first_event + e)])
                  : T{0};
      }
    }
  }

 private:
  template <class T>
  void collect_of(const Forward<T>& call, double* sums) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      double* place = sums + 1 + 4 * (call.random.first_event + e);
      place[1] = static_cast<double>(call.inputs[0][e]);
      place[2] = static_cast<double>(call.inputs[1][e]);
      place[3] = input_shapes().size() > 2 ? std::max(static_cast<double>(call.inputs[2][e]), 0.0) : 1.0;
    }
  }
  template <class T>
  void collect_gradient_of(const Backward<T>& call, double* sums) const {
    for (std::size_t e = 0; e < call.events; ++e) sums[0] += static_cast<double>(call.output_gradient[e]);
  }

  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 3);
    for (const Shape& shape : inputs) {
      if (size_of(shape) != 1) refuse("has an input of shape " + text_of(shape) + ", expected one number");
    }
    return {1};
  }
};

}  // namespace

LayerPointer make_distance_correlation(const archive::Group& group) {
  return std::make_shared<DistanceCorrelation>(group);
}

}  // namespace diskern::network::graph
