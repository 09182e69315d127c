#pragma once
// What stays of the training of a graph, whatever the solver.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "network/graph/training.hpp"

namespace diskern::network::graph {

// Losses at the tests, the best weights, the reason of its end.
class Course {
 public:
  Course(const Context& context, const GraphParams& params, GraphFit& fit)
      : context_(context), params_(params), fit_(fit) {}

  void interrupt() noexcept { fit_.interrupted = true; }
  bool interrupted() {
    if (!fit_.interrupted) fit_.interrupted = context_.interrupted();
    return fit_.interrupted;
  }

  void diverge(std::string why) {
    diverged_ = true;
    fit_.message = std::move(why);
  }

  // Returns false when training must end. validation: gives the validation loss, NaN where there is none.
  template <class ValidationLoss>
  bool finish_epoch(std::int32_t epoch, double training_loss, const std::vector<float>& parameters, bool has_validation,
                    const ValidationLoss& validation) {
    if (!std::isfinite(training_loss)) {
      diverge("the loss was " + std::to_string(training_loss) + " in epoch " + std::to_string(epoch + 1));
      return false;
    }
    fit_.epochs = epoch + 1;
    const bool stopping = interrupted();
    double validation_loss = not_known;
    if ((epoch + 1) % params_.test_rate == 0 || stopping) {
      if (has_validation) validation_loss = validation();
      monitored_ = has_validation ? validation_loss : training_loss;
      if (!std::isfinite(monitored_)) {
        diverge("the validation loss was " + std::to_string(monitored_) + " in epoch " + std::to_string(epoch + 1));
        return false;
      }
      fit_.curve_epoch.push_back(static_cast<double>(epoch + 1));
      fit_.training_loss.push_back(training_loss);
      if (has_validation) fit_.validation_loss.push_back(validation_loss);
      if (has_validation && (best_.empty() || monitored_ < best_loss_)) {
        best_ = parameters;
        best_loss_ = monitored_;
        fit_.best_epoch = epoch + 1;
      }
      if (params_.convergence_tests >= 0) {
        if (counter_ < 0 || reference_ - monitored_ > params_.convergence_improve) {
          counter_ = 0;
          reference_ = monitored_;
        } else {
          ++counter_;
        }
        fit_.converged = counter_ >= std::max(params_.convergence_tests, 1);
      }
    }
    last_ = parameters;
    last_epoch_ = epoch + 1;
    context_.report({static_cast<std::size_t>(epoch + 1), static_cast<std::size_t>(params_.epochs), training_loss,
                     validation_loss});
    return !stopping && !interrupted() && !fit_.converged;
  }
  double monitored() const noexcept { return monitored_; }

  std::vector<float> result(const std::vector<float>& parameters) {
    if (diverged_) {
      fit_.message += "; a smaller learning rate, scaled inputs or clip_norm help";
      // What training had reached before is worth returning only if it was tested on events apart.
      if (best_.empty()) throw Error("network training diverged: " + fit_.message);
      fit_.diverged = true;
      fit_.message = "training diverged: " + fit_.message + "; the weights of epoch " +
                     std::to_string(fit_.best_epoch) + ", with the smallest validation loss, are kept";
      return best_;
    }
    if (!best_.empty() && (params_.keep_best || fit_.interrupted)) return best_;
    if (last_.empty()) return parameters;  // stopped within the first epoch
    fit_.best_epoch = last_epoch_;
    return last_;
  }

 private:
  static constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

  const Context& context_;
  const GraphParams& params_;
  GraphFit& fit_;
  std::vector<float> best_;
  std::vector<float> last_;
  std::int32_t last_epoch_ = 0;
  double best_loss_ = 0.0;
  double monitored_ = not_known;
  double reference_ = 0.0;
  std::int32_t counter_ = -1;
  bool diverged_ = false;
};

}  // namespace diskern::network::graph
