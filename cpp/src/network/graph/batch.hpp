#pragma once
// Gradient of a loss over a batch: tiles of events side by side on several threads. How a batch is cut, and the shape
// of every sum over events, depend on the number of events only, so results do not depend on the number of threads.

#include <cstddef>
#include <functional>
#include <vector>

#include "base/aligned.hpp"
#include "diskern/context.hpp"
#include "network/graph/execution.hpp"

namespace diskern::network::graph {

template <class T>
class Batch {
 public:
  Batch(const Graph& graph, std::size_t largest, bool input_gradients = false);

  struct Work {
    std::size_t events = 0;
    std::uint64_t seed = 0;
    std::uint32_t step = 0;
    // Events [first, first + count) of the batch: fills the inputs of the tile; sums up losses and, where asked,
    // writes the gradients of outputs.
    std::function<void(std::size_t first, std::size_t count, Tile<T>& tile)> load;
    std::function<double(std::size_t first, std::size_t count, Tile<T>& tile)> loss;
    // After the way back, where inputs are looked at.
    std::function<void(std::size_t first, std::size_t count, Tile<T>& tile)> finish;
    bool training = true;  // random layers act, batches are normalised by themselves
    // Without training: layers whose value belongs to a batch have that of this one. Forward only.
    bool values_of_batch = false;
    bool backward = true;  // without, the work ends after the losses, and there are no gradients
  };

  // Returns the sum of the losses and sets gradient (of graph.parameter_count() elements). Statistics of coupled layers
  // are kept for update_state.
  double gradient(const Context& context, const Work& work, const T* parameters, T* gradient);
  // Moves the running averages of layers that have them; after gradient() in training.
  void update_state(T* parameters, std::size_t events) const;

  // The number of events of a tile for a batch of so many.
  static std::size_t tile_events(std::size_t events);

 private:
  struct Slot {
    AlignedVector<T> gradient;
    double loss = 0.0;
    std::vector<double> sums;
  };
  static constexpr std::size_t most_slots = 8;

  void for_tiles(const Context& context, std::size_t events,
                 const std::function<void(Slot& slot, std::size_t tile, std::size_t first, std::size_t count)>& body);
  void merge_sums(std::size_t slots, std::vector<double>& result);
  void merge_gradients(const Context& context, std::size_t slots, T* gradient);
  T* memory(std::size_t slot_or_tile) noexcept { return memory_.data() + slot_or_tile * plan_.size(); }

  const Graph& graph_;
  Plan plan_;
  std::vector<std::size_t> coupled_;          // nodes that couple events
  std::vector<std::size_t> values_of_batch_;  // those whose value belongs to a batch
  AlignedVector<T> memory_;
  AlignedVector<T> prepared_;
  std::vector<Slot> slots_;
  std::vector<std::vector<double>> statistics_;  // of each node that couples events, else empty
  std::vector<std::vector<double>> gradient_statistics_;
  std::vector<const double*> statistics_places_;  // of each node
  std::vector<const double*> gradient_statistics_places_;
  double nanoseconds_per_event_ = 0.0;
};

// About how long forward and backward of one event take.
double nanoseconds_per_event(const Graph& graph) noexcept;

}  // namespace diskern::network::graph
