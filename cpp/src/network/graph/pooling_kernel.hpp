#pragma once
// Pooling of one image with the channels last. Compiled for any scalar by pooling.cpp and for float32 once per
// instruction set, so nothing but C headers may be included and no symbol may be left behind (cmake/isa.cmake).
//
// Maximum: NaN wins; of equal values the first in the order of rows gets the gradient. Minimum likewise. Pixels outside
// of the image are passed over; the average divides by the number of pixels inside, or by that of the whole window
// where count_border says so.

#include <stddef.h>
#include <stdint.h>

namespace diskern::network::graph {

enum class PoolingOperation : uint8_t { maximum = 0, average = 1, minimum = 2 };

struct PoolingShape {
  size_t height, width, channels;
  size_t out_height, out_width;
  size_t window_height, window_width;
  size_t stride_height, stride_width;
  size_t top, left;  // border, passed over
  PoolingOperation operation;
  bool count_border;
};

struct PoolingKernels {
  void (*forward)(const PoolingShape* shape, const float* x, float* y);
  void (*backward)(const PoolingShape* shape, const float* x, const float* y, const float* y_gradient,
                   float* x_gradient);
};

#define DISKERN_POOLING_INLINE static inline __attribute__((always_inline))

// The part of a window that lies inside of the image.
struct PoolingWindow {
  size_t y_begin, y_end, x_begin, x_end;
};
DISKERN_POOLING_INLINE PoolingWindow pooling_window(const PoolingShape& s, size_t oy, size_t ox) {
  const size_t y = oy * s.stride_height;
  const size_t x = ox * s.stride_width;
  const size_t y_end = y + s.window_height > s.top ? y + s.window_height - s.top : 0;
  const size_t x_end = x + s.window_width > s.left ? x + s.window_width - s.left : 0;
  return {y > s.top ? y - s.top : 0, y_end < s.height ? y_end : s.height, x > s.left ? x - s.left : 0,
          x_end < s.width ? x_end : s.width};
}

template <class T>
DISKERN_POOLING_INLINE T pooling_factor(const PoolingShape& s, const PoolingWindow& w) {
  const size_t count =
      s.count_border ? s.window_height * s.window_width : (w.y_end - w.y_begin) * (w.x_end - w.x_begin);
  return T{1} / static_cast<T>(count);
}

// Channels are taken in blocks of a number that the compiler knows, where they are that many.
template <class T, size_t block>
DISKERN_POOLING_INLINE void pool_block(const PoolingShape& s, const PoolingWindow& w, const T* x, T* y, size_t count) {
  const size_t n = block != 0 ? block : count;
  T result[block != 0 ? block : 64];
  for (size_t i = 0; i < n; ++i) result[i] = T{0};
  bool first = true;
  for (size_t py = w.y_begin; py < w.y_end; ++py) {
    for (size_t px = w.x_begin; px < w.x_end; ++px) {
      const T* value = x + (py * s.width + px) * s.channels;
      if (s.operation == PoolingOperation::average) {
        for (size_t i = 0; i < n; ++i) result[i] += value[i];
      } else if (first) {
        for (size_t i = 0; i < n; ++i) result[i] = value[i];
      } else if (s.operation == PoolingOperation::maximum) {
        for (size_t i = 0; i < n; ++i)
          result[i] = value[i] <= result[i] || result[i] != result[i] ? result[i] : value[i];
      } else {
        for (size_t i = 0; i < n; ++i)
          result[i] = value[i] >= result[i] || result[i] != result[i] ? result[i] : value[i];
      }
      first = false;
    }
  }
  const T factor = s.operation == PoolingOperation::average ? pooling_factor<T>(s, w) : T{1};
  for (size_t i = 0; i < n; ++i) y[i] = result[i] * factor;
}

template <class T, size_t block>
DISKERN_POOLING_INLINE void pool_back_block(const PoolingShape& s, const PoolingWindow& w, const T* x, const T* y,
                                            const T* y_gradient, T* x_gradient, size_t count) {
  const size_t n = block != 0 ? block : count;
  if (s.operation == PoolingOperation::average) {
    const T factor = pooling_factor<T>(s, w);
    for (size_t py = w.y_begin; py < w.y_end; ++py) {
      for (size_t px = w.x_begin; px < w.x_end; ++px) {
        T* gradient = x_gradient + (py * s.width + px) * s.channels;
        for (size_t i = 0; i < n; ++i) gradient[i] += y_gradient[i] * factor;
      }
    }
    return;
  }
  T left[block != 0 ? block : 64];  // what has not been given to a pixel yet
  T best[block != 0 ? block : 64];
  for (size_t i = 0; i < n; ++i) left[i] = y_gradient[i];
  for (size_t i = 0; i < n; ++i) best[i] = y[i];
  for (size_t py = w.y_begin; py < w.y_end; ++py) {
    for (size_t px = w.x_begin; px < w.x_end; ++px) {
      const size_t place = (py * s.width + px) * s.channels;
      const T* value = x + place;
      T* gradient = x_gradient + place;
      for (size_t i = 0; i < n; ++i) {
        const bool hit = value[i] == best[i] || value[i] != value[i];
        const T kept = gradient[i];
        gradient[i] = hit ? kept + left[i] : kept;
        left[i] = hit ? T{0} : left[i];
      }
    }
  }
}

// Whether the windows have so many pixels, lie beside each other inside of the image and leave no channel over: the
// case that instruction sets have kernels of their own for.
DISKERN_POOLING_INLINE bool pooling_beside(const PoolingShape& s, size_t window_height, size_t window_width,
                                           size_t block) {
  return s.window_height == window_height && s.window_width == window_width && s.stride_height == window_height &&
         s.stride_width == window_width && s.top == 0 && s.left == 0 && s.channels % block == 0 &&
         s.out_height * window_height <= s.height && s.out_width * window_width <= s.width;
}

template <class T>
DISKERN_POOLING_INLINE void pool(const PoolingShape& s, const T* x, T* y) {
  for (size_t oy = 0; oy < s.out_height; ++oy) {
    for (size_t ox = 0; ox < s.out_width; ++ox) {
      const PoolingWindow w = pooling_window(s, oy, ox);
      T* out = y + (oy * s.out_width + ox) * s.channels;
      size_t first = 0;
      for (; first + 16 <= s.channels; first += 16) pool_block<T, 16>(s, w, x + first, out + first, 16);
      for (; first + 8 <= s.channels; first += 8) pool_block<T, 8>(s, w, x + first, out + first, 8);
      if (first < s.channels) pool_block<T, 0>(s, w, x + first, out + first, s.channels - first);
    }
  }
}

// Sets x_gradient.
template <class T>
DISKERN_POOLING_INLINE void pool_back(const PoolingShape& s, const T* x, const T* y, const T* y_gradient,
                                      T* x_gradient) {
  for (size_t i = 0; i < s.height * s.width * s.channels; ++i) x_gradient[i] = T{0};
  for (size_t oy = 0; oy < s.out_height; ++oy) {
    for (size_t ox = 0; ox < s.out_width; ++ox) {
      const PoolingWindow w = pooling_window(s, oy, ox);
      const size_t place = (oy * s.out_width + ox) * s.channels;
      size_t first = 0;
      for (; first + 16 <= s.channels; first += 16) {
        pool_back_block<T, 16>(s, w, x + first, y + place + first, y_gradient + place + first, x_gradient + first, 16);
      }
      for (; first + 8 <= s.channels; first += 8) {
        pool_back_block<T, 8>(s, w, x + first, y + place + first, y_gradient + place + first, x_gradient + first, 8);
      }
      if (first < s.channels) {
        pool_back_block<T, 0>(s, w, x + first, y + place + first, y_gradient + place + first, x_gradient + first,
                              s.channels - first);
      }
    }
  }
}

}  // namespace diskern::network::graph
