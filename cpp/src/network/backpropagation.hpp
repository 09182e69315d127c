#pragma once
// Loss and gradient of a network over a list of events.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "network/params.hpp"
#include "network/shape.hpp"

namespace diskern::network {

// What a network is trained on. The variables are seen as (x - shift) * scale, the targets likewise.
struct Events {
  View<const float, 2> variables;
  View<const double, 2> targets;
  View<const double> weight;
  std::vector<double> shift;  // one per variable; empty: none
  std::vector<double> scale;
  std::vector<double> target_shift;
  std::vector<double> target_scale;

  std::size_t size() const noexcept { return variables.rows(); }
  double variable(std::size_t i, std::size_t j) const noexcept {
    const double x = static_cast<double>(variables(i, j));
    return shift.empty() ? x : (x - shift[j]) * scale[j];
  }
  double target(std::size_t i, std::size_t k) const noexcept {
    return target_shift.empty() ? targets(i, k) : (targets(i, k) - target_shift[k]) * target_scale[k];
  }
};

// Sums over events run in blocks of lanes side by side, blocks in chunks, chunks added in their order: the shape of the
// sum depends on the number of events only, never on the number of threads.
class Backpropagation {
 public:
  Backpropagation(Shape shape, Loss loss, const LossParams& loss_params = {});

  const Shape& shape() const noexcept { return shape_; }
  Loss loss_kind() const noexcept { return loss_; }

  // Sum of weight x loss over the events of the list. A gradient, if given, is set to the sum of the gradients.
  double sum(const Context& context, const Events& events, const std::size_t* index, std::size_t count,
             const std::vector<double>& parameters, std::vector<double>* gradient);

 private:
  static constexpr std::size_t lanes = 16;
  struct Workspace {
    std::vector<double> values;       // sums before activation, layer after layer, neuron x lane
    std::vector<double> activations;  // inputs first
    std::vector<double> deltas;       // d loss / d value of one layer, and of the one before
    std::vector<double> previous;
    std::vector<double> gradient;
    double loss = 0.0;
  };

  void block(const Events& events, const std::size_t* index, std::size_t count, const double* parameters,
             bool with_gradient, Workspace& work) const;
  double output_loss(const Events& events, const std::size_t* index, std::size_t count, Workspace& work) const;

  Shape shape_;
  Loss loss_;
  LossParams loss_params_;
  std::vector<std::size_t> value_offset_;       // of each layer in values
  std::vector<std::size_t> activation_offset_;  // of each layer's inputs in activations; the last: the outputs
  std::vector<Workspace> workspaces_;
};

}  // namespace diskern::network
