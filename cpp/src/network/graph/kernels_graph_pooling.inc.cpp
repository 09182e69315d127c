// Compiled once per instruction set (cmake/isa.cmake): the loops for any scalar at the width of the level, and the
// usual windows with the channels in vectors.
#include "network/graph/pooling_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace network::graph;

typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

// Vectors go by reference: by value they would change the calling convention where the level lacks their width.
template <class V>
inline __attribute__((always_inline)) void fetch(V& to, const float* from) {
  __builtin_memcpy(&to, from, sizeof(V));
}
template <class V>
inline __attribute__((always_inline)) void put(float* to, const V& from) {
  __builtin_memcpy(to, &from, sizeof(V));
}

template <class V, PoolingOperation operation, int window_height, int window_width>
void forward_beside(const PoolingShape& s, const float* x, float* y) {
  constexpr size_t block = sizeof(V) / sizeof(float);
  constexpr float part = 1.0F / static_cast<float>(window_height * window_width);
  const size_t line = s.width * s.channels;
  for (size_t oy = 0; oy < s.out_height; ++oy) {
    for (size_t ox = 0; ox < s.out_width; ++ox) {
      const float* corner = x + oy * window_height * line + ox * window_width * s.channels;
      float* out = y + (oy * s.out_width + ox) * s.channels;
      for (size_t first = 0; first < s.channels; first += block) {
        V result;
        fetch(result, corner + first);
        if constexpr (operation == PoolingOperation::average) result += V{};  // as the plain loop begins at zero
#pragma GCC unroll 4
        for (int tap = 1; tap < window_height * window_width; ++tap) {
          V value;
          fetch(value, corner + static_cast<size_t>(tap / window_width) * line +
                           static_cast<size_t>(tap % window_width) * s.channels + first);
          if constexpr (operation == PoolingOperation::average) {
            result += value;
          } else if constexpr (operation == PoolingOperation::maximum) {
            result = (value <= result) | (result != result) ? result : value;
          } else {
            result = (value >= result) | (result != result) ? result : value;
          }
        }
        if constexpr (operation == PoolingOperation::average) result *= part;
        put(out + first, result);
      }
    }
  }
}

template <class V, PoolingOperation operation, int window_height, int window_width>
void backward_beside(const PoolingShape& s, const float* x, const float* y, const float* y_gradient,
                     float* x_gradient) {
  constexpr size_t block = sizeof(V) / sizeof(float);
  constexpr float part = 1.0F / static_cast<float>(window_height * window_width);
  const size_t line = s.width * s.channels;
  for (size_t oy = 0; oy < s.out_height; ++oy) {
    for (size_t ox = 0; ox < s.out_width; ++ox) {
      const size_t corner = oy * window_height * line + ox * window_width * s.channels;
      const size_t place = (oy * s.out_width + ox) * s.channels;
      for (size_t first = 0; first < s.channels; first += block) {
        V left;  // what has not been given to a pixel yet
        fetch(left, y_gradient + place + first);
        V best;
        fetch(best, y + place + first);
        if constexpr (operation == PoolingOperation::average) left *= part;
#pragma GCC unroll 4
        for (int tap = 0; tap < window_height * window_width; ++tap) {
          const size_t at = corner + static_cast<size_t>(tap / window_width) * line +
                            static_cast<size_t>(tap % window_width) * s.channels + first;
          if constexpr (operation == PoolingOperation::average) {
            put(x_gradient + at, left);
          } else {
            V value;
            fetch(value, x + at);
            const auto hit = (value == best) | (value != value);
            const V zero{};
            const V given = hit ? left : zero;
            put(x_gradient + at, given);
            left = hit ? zero : left;
          }
        }
      }
    }
  }
  // What no window covers.
  const size_t covered_height = s.out_height * window_height;
  const size_t covered_width = s.out_width * window_width;
  if (covered_width < s.width) {
    for (size_t py = 0; py < covered_height; ++py) {
      __builtin_memset(x_gradient + py * line + covered_width * s.channels, 0,
                       (s.width - covered_width) * s.channels * sizeof(float));
    }
  }
  __builtin_memset(x_gradient + covered_height * line, 0, (s.height - covered_height) * line * sizeof(float));
}

// Calls one of them where the windows are 2 x 2, or 2 or 4 steps of a series.
template <class V, PoolingOperation operation>
bool forward_usual(const PoolingShape& s, const float* x, float* y) {
  constexpr size_t block = sizeof(V) / sizeof(float);
  if (pooling_beside(s, 2, 2, block)) return forward_beside<V, operation, 2, 2>(s, x, y), true;
  if (pooling_beside(s, 1, 4, block)) return forward_beside<V, operation, 1, 4>(s, x, y), true;
  if (pooling_beside(s, 1, 2, block)) return forward_beside<V, operation, 1, 2>(s, x, y), true;
  return false;
}
template <class V, PoolingOperation operation>
bool backward_usual(const PoolingShape& s, const float* x, const float* y, const float* y_gradient, float* x_gradient) {
  constexpr size_t block = sizeof(V) / sizeof(float);
  if (pooling_beside(s, 2, 2, block)) return backward_beside<V, operation, 2, 2>(s, x, y, y_gradient, x_gradient), true;
  if (pooling_beside(s, 1, 4, block)) return backward_beside<V, operation, 1, 4>(s, x, y, y_gradient, x_gradient), true;
  if (pooling_beside(s, 1, 2, block)) return backward_beside<V, operation, 1, 2>(s, x, y, y_gradient, x_gradient), true;
  return false;
}

template <PoolingOperation operation>
void forward_of(const PoolingShape& s, const float* x, float* y) {
  if (forward_usual<Vector16, operation>(s, x, y) || forward_usual<Vector8, operation>(s, x, y)) return;
  pool(s, x, y);
}
template <PoolingOperation operation>
void backward_of(const PoolingShape& s, const float* x, const float* y, const float* y_gradient, float* x_gradient) {
  if (backward_usual<Vector16, operation>(s, x, y, y_gradient, x_gradient) ||
      backward_usual<Vector8, operation>(s, x, y, y_gradient, x_gradient)) {
    return;
  }
  pool_back(s, x, y, y_gradient, x_gradient);
}

void forward(const PoolingShape* shape, const float* x, float* y) {
  switch (shape->operation) {
    case PoolingOperation::maximum:
      return forward_of<PoolingOperation::maximum>(*shape, x, y);
    case PoolingOperation::average:
      return forward_of<PoolingOperation::average>(*shape, x, y);
    case PoolingOperation::minimum:
      return forward_of<PoolingOperation::minimum>(*shape, x, y);
  }
}
void backward(const PoolingShape* shape, const float* x, const float* y, const float* y_gradient, float* x_gradient) {
  switch (shape->operation) {
    case PoolingOperation::maximum:
      return backward_of<PoolingOperation::maximum>(*shape, x, y, y_gradient, x_gradient);
    case PoolingOperation::average:
      return backward_of<PoolingOperation::average>(*shape, x, y, y_gradient, x_gradient);
    case PoolingOperation::minimum:
      return backward_of<PoolingOperation::minimum>(*shape, x, y, y_gradient, x_gradient);
  }
}

}  // namespace

extern const network::graph::PoolingKernels graph_pooling_kernels;
const network::graph::PoolingKernels graph_pooling_kernels = {forward, backward};

}  // namespace diskern::DISKERN_ISA_NAMESPACE
