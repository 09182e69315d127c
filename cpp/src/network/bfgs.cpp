// TMVA's BFGS: the inverse Hessian from gradients at successive points, a line search by factors of Tau that ends in a
// parabola, restarts from steepest descent, and the Bayesian regulators of MLPBNN.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "diskern/error.hpp"
#include "network/session.hpp"
#include "statistics/symmetric.hpp"

namespace diskern::network {

namespace {

class Bfgs {
 public:
  Bfgs(Session& session, NetworkFit& fit)
      : session_(session),
        fit_(fit),
        n_(session.engine.shape().parameters),
        gradient_(n_, 0.0),
        gamma_(n_, 0.0),
        delta_(n_, 0.0),
        direction_(n_, 0.0),
        hessian_(n_ * n_, 0.0) {
    // One regulator per input (its bias included) and one per further layer, as in TMVA.
    regulator_of_.resize(n_);
    const Shape& shape = session.engine.shape();
    std::size_t next = 0;
    for (std::size_t l = 0; l < shape.layers.size(); ++l) {
      const LayerShape& layer = shape.layers[l];
      for (std::size_t i = 0; i <= layer.n_inputs; ++i) {
        for (std::size_t o = 0; o < layer.n_outputs; ++o) {
          const std::size_t p = i < layer.n_inputs ? layer.weights + o * layer.n_inputs + i : layer.biases + o;
          regulator_of_[p] = next;
        }
        if (l == 0) ++next;
      }
      if (l > 0) ++next;
    }
    regulators_.assign(next, 0.0);
  }

  void train() {
    const NetworkParams& params = session_.params;
    std::int32_t since_update = 0;
    std::int32_t updates = 0;
    double accumulated = 0.0;
    for (std::int32_t epoch = 0; epoch < params.epochs; ++epoch) {
      session_.sample(epoch);
      if (params.regulator) ++since_update;
      update_gradient();
      if ((epoch % params.reset_step == 0 && epoch < 0.5 * params.epochs) || !update_hessian()) {
        restart();
        since_update = 0;
      } else {
        for (std::size_t i = 0; i < n_; ++i) {
          double sum = 0.0;
          for (std::size_t j = 0; j < n_; ++j) sum += hessian_[i * n_ + j] * gradient_[j];
          direction_[i] = -sum;
        }
      }
      double slope = 0.0;
      for (std::size_t i = 0; i < n_; ++i) slope += direction_[i] * gradient_[i];
      if (slope > 0.0) {
        restart();
        since_update = 0;
      }
      double change = 0.0;
      if (!line_search(change)) {
        if (fit_.interrupted) break;
        restart();
        since_update = 0;
        if (!line_search(change)) {
          if (fit_.interrupted) break;
          // TMVA stops with a fatal error here; it usually means that the minimum is reached to rounding.
          session_.finish_epoch(epoch, std::numeric_limits<double>::quiet_NaN());
          fit_.message =
              "the line search found no lower loss in epoch " + std::to_string(epoch + 1) + ", training ended";
          fit_.converged = true;
          return;
        }
      }
      accumulated += change;
      if (params.regulator && updates < params.update_limit && since_update >= 5 &&
          std::abs(change) < 0.1 * accumulated) {
        update_regulators();
        unit_hessian();
        since_update = 0;
        ++updates;
        accumulated = 0.0;
      }
      if (!session_.finish_epoch(epoch, std::numeric_limits<double>::quiet_NaN())) return;
      if (!session_.tested() || !session_.converged()) continue;
      const float progress = static_cast<float>(epoch) / static_cast<float>(params.epochs);
      if (static_cast<double>(progress) < params.sampling_epoch && params.sampling < 1.0) {
        epoch = static_cast<std::int32_t>(params.sampling_epoch * params.epochs);
        session_.reset_convergence();
      } else {
        fit_.converged = true;
        return;
      }
    }
  }

 private:
  void unit_hessian() {
    std::fill(hessian_.begin(), hessian_.end(), 0.0);
    for (std::size_t i = 0; i < n_; ++i) hessian_[i * n_ + i] = 1.0;
  }

  void restart() {
    unit_hessian();
    for (std::size_t i = 0; i < n_; ++i) direction_[i] = -gradient_[i];
  }

  // The sum of the losses, plus the prior of the regulators.
  double error() {
    double result = session_.engine.sum(session_.context, session_.training, session_.active.data(),
                                        session_.active.size(), session_.parameters, nullptr);
    if (session_.params.regulator) {
      for (std::size_t i = 0; i < n_; ++i) {
        result += 0.5 * regulators_[regulator_of_[i]] * session_.parameters[i] * session_.parameters[i];
      }
    }
    return result;
  }

  // gradient of the mean loss; gamma: its change.
  void update_gradient() {
    gamma_ = gradient_;
    session_.engine.sum(session_.context, session_.training, session_.active.data(), session_.active.size(),
                        session_.parameters, &gradient_);
    const double events = static_cast<double>(session_.active.size());
    for (std::size_t i = 0; i < n_; ++i) {
      if (session_.params.regulator) gradient_[i] += regulators_[regulator_of_[i]] * session_.parameters[i];
      gradient_[i] /= events;
      gamma_[i] = gradient_[i] - gamma_[i];
    }
  }

  // The BFGS update of the inverse Hessian; false if there is nothing to learn from the last step.
  bool update_hessian() {
    double gamma_delta = 0.0;
    for (std::size_t i = 0; i < n_; ++i) gamma_delta += gamma_[i] * delta_[i];
    if (gamma_delta == 0.0 || !std::isfinite(gamma_delta)) return false;
    std::vector<double> hessian_gamma(n_);
    double gamma_hessian_gamma = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j < n_; ++j) sum += hessian_[i * n_ + j] * gamma_[j];
      hessian_gamma[i] = sum;
      gamma_hessian_gamma += gamma_[i] * sum;
    }
    const double a = 1.0 / gamma_delta;
    const double f = 1.0 + gamma_hessian_gamma * a;
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t j = 0; j < n_; ++j) {
        hessian_[i * n_ + j] +=
            (f * delta_[i] * delta_[j] - delta_[i] * hessian_gamma[j] - hessian_gamma[i] * delta_[j]) * a;
      }
    }
    return true;
  }

  void move(const std::vector<double>& origin, double alpha) {
    for (std::size_t i = 0; i < n_; ++i) session_.parameters[i] = origin[i] + direction_[i] * alpha;
  }

  // Sets the weights along the direction; change: relative decrease of the error. false: no lower error found (or the
  // user asked to stop), the weights are as before.
  bool line_search(double& change) {
    const double tau = session_.params.tau;
    const std::vector<double> origin = session_.parameters;
    double error_1 = error();
    const double error_origin = error_1;
    double alpha_1 = 0.0;
    double alpha_2 = std::clamp(last_alpha_, 0.01, 2.0);
    const double alpha_original = alpha_2;
    double alpha_3 = alpha_2;
    move(origin, alpha_2);
    double error_2 = error();
    double error_3 = error_2;
    bool found = false;
    if (error_1 > error_2) {
      for (int i = 0; i < 100 && !session_.interrupted(); ++i) {
        alpha_3 *= tau;
        move(origin, alpha_3);
        error_3 = error();
        if (error_3 > error_2 || !std::isfinite(error_3)) {
          found = true;
          break;
        }
        alpha_1 = alpha_2;
        error_1 = error_2;
        alpha_2 = alpha_3;
        error_2 = error_3;
      }
    } else {
      for (int i = 0; i < 100 && !session_.interrupted(); ++i) {
        alpha_2 /= tau;
        if (i == 50) alpha_2 = -alpha_original;  // the other way
        move(origin, alpha_2);
        error_2 = error();
        if (error_1 > error_2) {
          found = true;
          break;
        }
        alpha_3 = alpha_2;
        error_3 = error_2;
      }
      if (!found) last_alpha_ = 0.05;
    }
    if (!found) {
      session_.parameters = origin;
      return false;
    }
    if (alpha_1 > 0.0 && alpha_2 > 0.0 && alpha_3 > 0.0 && std::isfinite(error_3)) {
      // The lowest point of the parabola through the three.
      last_alpha_ = 0.5 * (alpha_1 + alpha_3 -
                           (error_3 - error_1) /
                               ((error_3 - error_2) / (alpha_3 - alpha_2) - (error_2 - error_1) / (alpha_2 - alpha_1)));
      if (!std::isfinite(last_alpha_)) last_alpha_ = alpha_2;
    } else {
      last_alpha_ = alpha_2;
    }
    last_alpha_ = std::min(last_alpha_, 10000.0);
    move(origin, last_alpha_);
    const double final_error = error();
    for (std::size_t i = 0; i < n_; ++i) delta_[i] = session_.parameters[i] - origin[i];
    change = (error_origin - final_error) / final_error;
    return true;
  }

  // MacKay's evidence: new regulators from the approximate inverse Hessian (outer products of output derivatives).
  void update_regulators() {
    const std::size_t events = session_.active.size();
    std::vector<double> matrix(n_ * n_, 0.0);
    std::vector<double> gradient;
    const std::vector<double> one(session_.training.size(), 1.0);
    Events unweighted = session_.training;
    unweighted.weight = View<const double>(one.data(), one.size());
    // The derivative of the output before its activation, as the gradient of 1/2 (y - t)^2 at t = y - 1.
    Shape shape = session_.engine.shape();
    shape.layers.back().activation = Activation::linear;
    Backpropagation engine(shape, Loss::squared);
    std::vector<double> target(session_.training.size(), 0.0);
    unweighted.targets = View<const double, 2>(target.data(), target.size(), 1);
    unweighted.target_shift.clear();
    unweighted.target_scale.clear();
    Context serial = session_.context;
    serial.threads = 1;
    for (const std::size_t i : session_.active) {
      if (session_.interrupted()) return;  // an event costs the square of the number of weights
      // At t = 0 the delta of the output, and with it the gradient of its bias, is the output itself.
      engine.sum(serial, unweighted, &i, 1, session_.parameters, &gradient);
      const double y = gradient[shape.layers.back().biases];
      target[i] = y - 1.0;
      engine.sum(serial, unweighted, &i, 1, session_.parameters, &gradient);
      double factor = 1.0;
      if (session_.params.loss == Loss::cross_entropy) {
        const double p = 1.0 / (1.0 + std::exp(-y));
        factor = p * (1.0 - p);
      }
      for (std::size_t a = 0; a < n_; ++a) {
        const double scaled = factor * gradient[a];
        for (std::size_t b = 0; b <= a; ++b) matrix[a * n_ + b] += scaled * gradient[b];
      }
    }
    for (std::size_t a = 0; a < n_; ++a) {
      matrix[a * n_ + a] += regulators_[regulator_of_[a]];
      for (std::size_t b = 0; b < a; ++b) matrix[b * n_ + a] = matrix[a * n_ + b];
    }
    const statistics::PivotedCholesky factor = statistics::cholesky(matrix, n_, 0.0);
    if (factor.rank < n_) return;  // no inverse: the regulators stay
    std::vector<double> count(regulators_.size(), 0.0);
    std::vector<double> trace(regulators_.size(), 0.0);
    std::vector<double> squares(regulators_.size(), 0.0);
    double gamma = 0.0;
    std::vector<double> unit(n_, 0.0);
    for (std::size_t a = 0; a < n_; ++a) {
      if (session_.interrupted()) return;
      unit[a] = 1.0;
      const double diagonal = factor.solve(unit)[a];
      unit[a] = 0.0;
      const std::size_t r = regulator_of_[a];
      count[r] += 1.0;
      trace[r] += diagonal;
      gamma += 1.0 - regulators_[r] * diagonal;
      squares[r] += session_.parameters[a] * session_.parameters[a];
    }
    double variance = 1.0;
    if (session_.params.loss == Loss::squared) {
      const double sum = session_.engine.sum(session_.context, session_.training, session_.active.data(), events,
                                             session_.parameters, nullptr);
      variance = 2.0 * sum / static_cast<double>(events);
      if (static_cast<double>(events) > gamma) variance /= 1.0 - gamma / static_cast<double>(events);
    }
    for (std::size_t r = 0; r < regulators_.size(); ++r) {
      regulators_[r] = variance * count[r] / (squares[r] + variance * trace[r]);
    }
  }

  Session& session_;
  NetworkFit& fit_;
  std::size_t n_;
  std::vector<double> gradient_;
  std::vector<double> gamma_;
  std::vector<double> delta_;
  std::vector<double> direction_;
  std::vector<double> hessian_;
  std::vector<std::size_t> regulator_of_;
  std::vector<double> regulators_;
  double last_alpha_ = 0.0;
};

}  // namespace

void train_bfgs(Session& session, NetworkFit& fit) { Bfgs(session, fit).train(); }

}  // namespace diskern::network
