// Evaluation of forests: a thread walks its events down all trees. Variables of the events and nodes of a tile of trees
// stand in shared memory; a thread walks several events at once, so that it has something to do while it waits for a
// node. Sums are float64 in the order of the trees: the bits of the processor.
#include "forest.cuh"

#include <cuda_runtime.h>

#include <memory>

#include "launch.cuh"
#include "memory.cuh"

namespace diskern::cuda {

namespace {

using trees::DeviceNode;
using trees::DevicePreselection;
using trees::DeviceTile;
using trees::DeviceTree;
using trees::Link;

constexpr int threads = 256;
constexpr int most_events_per_thread = 2;

struct ForestView {
  const DeviceNode* nodes;
  const double* values;
  const DeviceTree* trees;
  const DeviceTile* tiles;
  const double* initial;
  const double* divisor;
  const double* base_score;
  const DevicePreselection* preselection;
  unsigned n_tiles;
  unsigned n_features;
  unsigned n_outputs;
  unsigned n_preselection;
  bool mean;
  Link link;
};

__device__ float value_of(const EventSource& events, std::size_t i, unsigned j) {
  const std::ptrdiff_t offset =
      static_cast<std::ptrdiff_t>(i) * events.row_stride + static_cast<std::ptrdiff_t>(j) * events.column_stride;
  return events.is_double ? static_cast<float>(static_cast<const double*>(events.base)[offset])
                          : static_cast<const float*>(events.base)[offset];
}

// PerThread: events of a thread at a time. Staged: the variables of the events are in shared memory, else each is read
// where it lies whenever a node asks for it.
template <int PerThread, bool Staged>
__global__ void __launch_bounds__(threads)
    evaluate_kernel(ForestView forest, EventSource events, std::size_t n, double* responses, std::ptrdiff_t row_stride,
                    std::ptrdiff_t column_stride, bool with_link) {
  DISKERN_DYNAMIC_SHARED(DeviceNode, tile_nodes);
  float* const staged = reinterpret_cast<float*>(tile_nodes + trees::device_tile_nodes);
  constexpr unsigned block_events = threads * PerThread;
  const std::size_t blocks = (n + block_events - 1) / block_events;
  for (std::size_t block = blockIdx.x; block < blocks; block += gridDim.x) {
    const std::size_t first = block * block_events;
    const unsigned count = n - first < block_events ? static_cast<unsigned>(n - first) : block_events;
    if (Staged) {
      __syncthreads();  // the last block's walks
      const bool by_rows = events.column_stride == 1;
      for (unsigned k = threadIdx.x; k < count * forest.n_features; k += threads) {
        const unsigned event = by_rows ? k / forest.n_features : k % count;
        const unsigned feature = by_rows ? k % forest.n_features : k / count;
        staged[feature * block_events + event] = value_of(events, first + event, feature);
      }
    }
    unsigned event[PerThread];  // in the block; behind the last event the last one is walked again
    double sum[PerThread];
    for (int e = 0; e < PerThread; ++e) {
      const unsigned own = threadIdx.x + static_cast<unsigned>(e) * threads;
      event[e] = own < count ? own : count - 1;
    }
    for (unsigned t = 0; t < forest.n_tiles; ++t) {
      const DeviceTile tile = forest.tiles[t];
      if (t == 0 || forest.tiles[t - 1].output != tile.output) {
        for (int e = 0; e < PerThread; ++e) sum[e] = forest.initial[tile.output];
      }
      const unsigned tile_size = tile.end_node - tile.first_node;
      const bool in_shared = tile_size <= trees::device_tile_nodes;
      __syncthreads();  // the walks in the last tile, the staging
      if (in_shared) {
        for (unsigned k = threadIdx.x; k < tile_size; k += threads) tile_nodes[k] = forest.nodes[tile.first_node + k];
        __syncthreads();
      }
      const DeviceNode* const tile_begin = in_shared ? tile_nodes : forest.nodes + tile.first_node;
      for (unsigned number = tile.first_tree; number < tile.end_tree; ++number) {
        const DeviceTree tree = forest.trees[number];
        const DeviceNode* const nodes = tile_begin + (tree.begin - tile.first_node);
        unsigned position[PerThread] = {};
        for (unsigned step = 0; step < tree.depth; ++step) {
          for (int e = 0; e < PerThread; ++e) {
            const DeviceNode node = nodes[position[e]];
            const unsigned feature = trees::device_feature(node);
            const float value =
                Staged ? staged[feature * block_events + event[e]] : value_of(events, first + event[e], feature);
            position[e] = trees::device_step(node, value);
          }
        }
        for (int e = 0; e < PerThread; ++e) sum[e] += forest.values[tree.begin + position[e]];
      }
      if (t + 1 == forest.n_tiles || forest.tiles[t + 1].output != tile.output) {
        for (int e = 0; e < PerThread; ++e) {
          if (event[e] != threadIdx.x + static_cast<unsigned>(e) * threads) continue;
          double score = sum[e];
          if (forest.mean) {
            const double divisor = forest.divisor[tile.output];
            score = forest.base_score[tile.output] + (divisor != 0 ? score / divisor : 0.0);
          }
          responses[static_cast<std::ptrdiff_t>(first + event[e]) * row_stride +
                    static_cast<std::ptrdiff_t>(tile.output) * column_stride] = score;
        }
      }
    }
    for (int e = 0; e < PerThread; ++e) {
      if (event[e] != threadIdx.x + static_cast<unsigned>(e) * threads) continue;
      double* const response = responses + static_cast<std::ptrdiff_t>(first + event[e]) * row_stride;
      if (forest.n_tiles == 0) {  // a forest without trees
        for (unsigned k = 0; k < forest.n_outputs; ++k) {
          response[static_cast<std::ptrdiff_t>(k) * column_stride] = forest.base_score[k];
        }
      }
      if (!with_link) continue;
      trees::apply_link_to_event(forest.link, response, forest.n_outputs, column_stride);
      for (unsigned c = 0; c < forest.n_preselection; ++c) {
        const DevicePreselection cut = forest.preselection[c];
        const double value = static_cast<double>(value_of(events, first + event[e], cut.feature));
        if (cut.below != 0 ? value < cut.value : value > cut.value) response[0] = cut.signal != 0 ? 1.0 : -1.0;
      }
    }
  }
}

class UploadedForest {
 public:
  UploadedForest(const trees::PackedForest& forest, void* stream)
      : nodes_(upload(forest.nodes, stream)),
        values_(upload(forest.values, stream)),
        trees_(upload(forest.trees, stream)),
        tiles_(upload(forest.tiles, stream)),
        initial_(upload(forest.initial, stream)),
        divisor_(upload(forest.divisor, stream)),
        base_score_(upload(forest.base_score, stream)),
        preselection_(upload(forest.preselection, stream)) {
    view_ = {nodes_.data(),
             values_.data(),
             trees_.data(),
             tiles_.data(),
             initial_.data(),
             divisor_.data(),
             base_score_.data(),
             preselection_.data(),
             static_cast<unsigned>(forest.tiles.size()),
             static_cast<unsigned>(forest.n_features),
             static_cast<unsigned>(forest.n_outputs),
             static_cast<unsigned>(forest.preselection.size()),
             forest.mean,
             forest.link};
    // Other streams may use it from now on.
    check(cudaStreamSynchronize(stream_of(stream)), "waiting for the copy of a forest");
  }
  const ForestView& view() const noexcept { return view_; }

 private:
  DeviceArray<DeviceNode> nodes_;
  DeviceArray<double> values_;
  DeviceArray<DeviceTree> trees_;
  DeviceArray<DeviceTile> tiles_;
  DeviceArray<double> initial_;
  DeviceArray<double> divisor_;
  DeviceArray<double> base_score_;
  DeviceArray<DevicePreselection> preselection_;
  ForestView view_{};
};

template <int PerThread, bool Staged>
void start(const ForestView& forest, const EventSource& events, std::size_t n, double* responses,
           std::ptrdiff_t row_stride, std::ptrdiff_t column_stride, bool with_link, void* stream) {
  const std::size_t shared = trees::device_tile_nodes * sizeof(DeviceNode) +
                             (Staged ? forest.n_features * threads * PerThread * sizeof(float) : 0);
  const unsigned blocks = blocks_for(n, threads * PerThread, static_cast<std::size_t>(multiprocessors()) * 8);
  launch("starting the evaluation of a forest", evaluate_kernel<PerThread, Staged>, blocks, threads, shared, stream,
         forest, events, n, responses, row_stride, column_stride, with_link);
}

void* upload_forest(const trees::PackedForest& forest, void* stream) { return new UploadedForest(forest, stream); }
void release_forest(void* forest) noexcept { delete static_cast<UploadedForest*>(forest); }

void evaluate(const void* uploaded, const EventSource& events, std::size_t n, double* responses,
              std::ptrdiff_t row_stride, std::ptrdiff_t column_stride, bool with_link, void* stream) {
  if (n == 0) return;
  const ForestView& forest = static_cast<const UploadedForest*>(uploaded)->view();
  const std::size_t room = most_shared_bytes() - trees::device_tile_nodes * sizeof(DeviceNode);
  const std::size_t per_event = forest.n_features * sizeof(float);
  // Two blocks for each multiprocessor where two events for each thread allow it.
  if (2 * threads * most_events_per_thread * per_event <= room) {
    start<most_events_per_thread, true>(forest, events, n, responses, row_stride, column_stride, with_link, stream);
  } else if (threads * per_event <= room) {
    start<1, true>(forest, events, n, responses, row_stride, column_stride, with_link, stream);
  } else {
    start<most_events_per_thread, false>(forest, events, n, responses, row_stride, column_stride, with_link, stream);
  }
}

}  // namespace

const trees::CudaForestKernels forest_kernels = {upload_forest, release_forest, evaluate};

}  // namespace diskern::cuda
