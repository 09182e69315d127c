#pragma once
// L-BFGS (Liu and Nocedal, Math. Program. 45 (1989) 503): the inverse Hessian from the last steps and changes of the
// gradient, steps that meet the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5, 3.6
// and 7.4). For smooth functions of many parameters.

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace diskern::network {

class Lbfgs {
 public:
  // Returns the value at x and fills the gradient.
  using Function = std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

  // memory: how many steps are remembered. With all of them this is BFGS (Nocedal and Wright, equation 6.17, the first
  // matrix scaled by 6.20), but for steps that bend the wrong way, which are left out.
  static constexpr std::size_t all_steps = static_cast<std::size_t>(-1);
  explicit Lbfgs(Function function, std::size_t memory = 10) : function_(std::move(function)), memory_(memory) {}

  // The value and gradient at the start.
  void begin(std::vector<double> x);
  // One step downhill. False: none was found, even along the gradient; x is then as good as rounding allows, or the
  // function is not smooth. stop: asked before every evaluation; true ends the step, x is as before.
  bool step(const std::function<bool()>& stop);

  const std::vector<double>& x() const noexcept { return x_; }
  double value() const noexcept { return value_; }
  const std::vector<double>& gradient() const noexcept { return gradient_; }
  // Minus the inverse Hessian, as far as it is known, times the gradient.
  std::vector<double> direction() const;

 private:
  struct Pair {
    std::vector<double> step;
    std::vector<double> change;  // of the gradient
    double inverse;              // 1 / (step change)
  };
  bool search(const std::vector<double>& direction, double first, const std::function<bool()>& stop);
  // Puts the point at the given distance into trial_*.
  double try_at(const std::vector<double>& direction, double distance);

  Function function_;
  std::size_t memory_;
  std::deque<Pair> pairs_;
  std::vector<double> x_;
  std::vector<double> gradient_;
  double value_ = 0.0;
  std::vector<double> trial_x_;
  std::vector<double> trial_gradient_;
  double trial_value_ = 0.0;
};

}  // namespace diskern::network
