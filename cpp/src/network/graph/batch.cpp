#include "network/graph/batch.hpp"

#include <algorithm>

#include "base/executor.hpp"

namespace diskern::network::graph {

double nanoseconds_per_event(const Graph& graph) noexcept {
  double products = 0.0;
  double values = 0.0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Layer& layer = graph.layer_of(graph.nodes()[n]);
    const Shape& shape = layer.output_shape();
    const std::size_t positions = size_of(shape) / shape.back();
    values += static_cast<double>(size_of(shape));
    for (const ParameterInfo& info : layer.parameters()) {
      products += static_cast<double>(info.size()) * static_cast<double>(positions);
    }
  }
  return 0.1 * products + values;
}

template <class T>
std::size_t Batch<T>::tile_events(std::size_t events) {
  const std::size_t quarter = (events + 3) / 4;
  return std::min<std::size_t>(std::max<std::size_t>(quarter, 4), 32);
}

template <class T>
Batch<T>::Batch(const Graph& graph, std::size_t largest, bool input_gradients)
    : graph_(graph),
      plan_(graph, std::min(tile_events(largest), largest), true, input_gradients),
      nanoseconds_per_event_(nanoseconds_per_event(graph)) {
  const std::size_t tiles = chunk_count(largest, tile_events(largest));
  slots_.resize(std::min(tiles, most_slots));
  for (Slot& slot : slots_) slot.gradient.resize(graph.parameter_count());
  statistics_places_.assign(graph.nodes().size(), nullptr);
  gradient_statistics_places_.assign(graph.nodes().size(), nullptr);
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Layer& layer = graph.layer_of(graph.nodes()[n]);
    if (layer.statistics_size() > 0) coupled_.push_back(n);
    if (layer.has_value_of_batch()) values_of_batch_.push_back(n);
  }
  statistics_.resize(graph.nodes().size());
  gradient_statistics_.resize(graph.nodes().size());
  memory_.resize((coupled_.empty() ? slots_.size() : tiles) * plan_.size());
  prepared_.resize(graph.prepared_size());
}

template <class T>
void Batch<T>::for_tiles(
    const Context& context, std::size_t events,
    const std::function<void(Slot& slot, std::size_t tile, std::size_t first, std::size_t count)>& body) {
  const std::size_t size = tile_events(events);
  const std::size_t tiles = chunk_count(events, size);
  const std::size_t slots = std::min(tiles, most_slots);
  parallel_for(
      context, slots,
      [&](std::size_t s) {
        for (std::size_t t = s * tiles / slots; t < (s + 1) * tiles / slots; ++t) {
          const Range range = chunk_range(events, size, t);
          body(slots_[s], coupled_.empty() ? s : t, range.begin, range.end - range.begin);
        }
      },
      static_cast<double>(events) * nanoseconds_per_event_);
}

template <class T>
void Batch<T>::merge_sums(std::size_t slots, std::vector<double>& result) {
  result = slots_[0].sums;
  for (std::size_t s = 1; s < slots; ++s) {
    for (std::size_t i = 0; i < result.size(); ++i) result[i] += slots_[s].sums[i];
  }
}

template <class T>
void Batch<T>::merge_gradients(const Context& context, std::size_t slots, T* gradient) {
  constexpr std::size_t piece = 8192;
  const std::size_t count = graph_.parameter_count();
  parallel_for(
      context, chunk_count(count, piece),
      [&](std::size_t chunk) {
        const Range range = chunk_range(count, piece, chunk);
        for (std::size_t width = 1; width < slots; width *= 2) {
          for (std::size_t s = 0; s + width < slots; s += 2 * width) {
            T* sum = slots_[s].gradient.data();
            const T* other = slots_[s + width].gradient.data();
            for (std::size_t i = range.begin; i < range.end; ++i) sum[i] += other[i];
          }
        }
        std::copy(slots_[0].gradient.data() + range.begin, slots_[0].gradient.data() + range.end,
                  gradient + range.begin);
      },
      0.2 * static_cast<double>(count) * static_cast<double>(slots));
}

template <class T>
double Batch<T>::gradient(const Context& context, const Work& work, const T* parameters, T* gradient) {
  graph_.prepare(parameters, prepared_.data());
  const std::size_t slots = std::min(chunk_count(work.events, tile_events(work.events)), most_slots);
  for (std::size_t s = 0; s < slots; ++s) {
    std::fill(slots_[s].gradient.begin(), slots_[s].gradient.end(), T{0});
    slots_[s].loss = 0.0;
  }
  const std::size_t node_count = graph_.nodes().size();
  const auto step_of = [&](std::size_t first, std::size_t count) {
    typename Tile<T>::Step step;
    step.events = count;
    step.parameters = parameters;
    step.prepared = prepared_.data();
    step.training = work.training;
    step.random.seed = work.seed;
    step.random.step = work.step;
    step.random.first_event = first;
    step.statistics = statistics_places_.data();
    step.gradient_statistics = gradient_statistics_places_.data();
    return step;
  };
  const std::vector<std::size_t> none;
  const std::vector<std::size_t>& coupled = work.training ? coupled_ : work.values_of_batch ? values_of_batch_ : none;
  std::fill(statistics_places_.begin(), statistics_places_.end(), nullptr);
  std::fill(gradient_statistics_places_.begin(), gradient_statistics_places_.end(), nullptr);

  if (coupled.empty()) {
    for_tiles(context, work.events, [&](Slot& slot, std::size_t place, std::size_t first, std::size_t count) {
      Tile<T> tile(graph_, plan_, memory(place));
      const auto step = step_of(first, count);
      work.load(first, count, tile);
      tile.forward(step, 0, node_count);
      slot.loss += work.loss(first, count, tile);
      if (!work.backward) return;
      tile.begin_backward(step);
      tile.backward(step, slot.gradient.data(), 0, node_count);
      if (work.finish) work.finish(first, count, tile);
    });
  } else {
    // Forward up to each layer that needs the whole batch.
    std::size_t begin = 0;
    for (std::size_t c = 0; c <= coupled.size(); ++c) {
      const std::size_t end = c < coupled.size() ? coupled[c] : node_count;
      if (c < coupled.size()) {
        const std::size_t size = graph_.layer_of(graph_.nodes()[end]).batch_statistics_size(work.events);
        for (std::size_t s = 0; s < slots; ++s) slots_[s].sums.assign(size, 0.0);
      }
      for_tiles(context, work.events, [&](Slot& slot, std::size_t place, std::size_t first, std::size_t count) {
        Tile<T> tile(graph_, plan_, memory(place));
        const auto step = step_of(first, count);
        if (c == 0) work.load(first, count, tile);
        tile.forward(step, begin, end);
        if (c < coupled.size()) {
          tile.collect(step, end, slot.sums.data());
        } else {
          slot.loss += work.loss(first, count, tile);
          if (work.backward) tile.begin_backward(step);
        }
      });
      if (c < coupled.size()) {
        merge_sums(slots, statistics_[end]);
        graph_.layer_of(graph_.nodes()[end]).finish_statistics(statistics_[end].data(), work.events);
        statistics_places_[end] = statistics_[end].data();
      }
      begin = end;
    }
    // And back.
    std::size_t end = node_count;
    for (std::size_t c = work.backward ? coupled.size() + 1 : 0; c-- > 0;) {
      const std::size_t first_node = c > 0 ? coupled[c - 1] + 1 : 0;
      if (c > 0) {
        const std::size_t size = graph_.layer_of(graph_.nodes()[first_node - 1]).gradient_statistics_size();
        for (std::size_t s = 0; s < slots; ++s) slots_[s].sums.assign(size, 0.0);
      }
      for_tiles(context, work.events, [&](Slot& slot, std::size_t place, std::size_t first, std::size_t count) {
        Tile<T> tile(graph_, plan_, memory(place));
        const auto step = step_of(first, count);
        tile.backward(step, slot.gradient.data(), first_node, end);
        if (c > 0 && plan_.runs_backward(first_node - 1)) tile.collect_gradient(step, first_node - 1, slot.sums.data());
        if (c == 0 && work.finish) work.finish(first, count, tile);
      });
      if (c > 0) {
        merge_sums(slots, gradient_statistics_[first_node - 1]);
        gradient_statistics_places_[first_node - 1] = gradient_statistics_[first_node - 1].data();
      }
      end = first_node;
    }
  }
  double loss = 0.0;
  for (std::size_t s = 0; s < slots; ++s) loss += slots_[s].loss;
  if (work.backward) merge_gradients(context, slots, gradient);
  return loss;
}

template <class T>
void Batch<T>::update_state(T* parameters, std::size_t events) const {
  for (const std::size_t n : coupled_) {
    const std::size_t l = graph_.nodes()[n].layer;
    graph_.layers()[l]->update_state(parameters + graph_.parameter_offset(l), statistics_[n].data(), events);
  }
}

template class Batch<float>;
template class Batch<double>;

}  // namespace diskern::network::graph
