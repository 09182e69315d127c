"""Layers of networks as C++: functions that a header takes along where it needs them.

One event, float32, images with the channels last, as in the core. Nothing is allocated.
"""

from __future__ import annotations

FUNCTIONS = {
    "sigmoid": "return 1.0f / (1.0f + std::exp(-x));",
    "tanh": "return std::tanh(x);",
    "relu": "return x < 0.0f ? 0.0f : x;",
    "leaky_relu": "return x < 0.0f ? 0.01f * x : x;",
    "elu": "return x > 0.0f ? x : std::expm1(x);",
    "selu": "return 1.05070098735548049f * (x > 0.0f ? x : 1.67326324235437728f * std::expm1(x));",
    "gelu": "return 0.5f * x * std::erfc(-x * 0.707106781186547524f);",
    "silu": "return x / (1.0f + std::exp(-x));",
    "softsign": "return x / (1.0f + std::fabs(x));",
    "softplus": "return (x > 0.0f ? x : 0.0f) + std::log1p(std::exp(-std::fabs(x)));",
    "gauss": "return std::exp(-x * x);",
    "gauss_complement": "return 1.0f - std::exp(-x * x);",
    "radial": "return std::exp(-x * x * 0.5f);",
    "hard_sigmoid": "const float y = x / 6.0f + 0.5f;\n  return y < 0.0f ? 0.0f : (y > 1.0f ? 1.0f : y);",
    "symmetric_relu": "return std::fabs(x);",
    "exponential": "return std::exp(x);",
}

#: name -> code and the names of what it needs
HELPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "dense": (
        """// y = x W + b, row by row; without biases b is null.
inline void dense(const float* x, const float* weights, const float* biases, float* y, int rows, int inputs,
                  int outputs) {
  for (int r = 0; r < rows; ++r, x += inputs, y += outputs) {
    for (int o = 0; o < outputs; ++o) y[o] = biases != nullptr ? biases[o] : 0.0f;
    for (int i = 0; i < inputs; ++i) {
      const float value = x[i];
      const float* w = weights + i * outputs;
      for (int o = 0; o < outputs; ++o) y[o] += value * w[o];
    }
  }
}""",
        (),
    ),
    "embedding": (
        """// Rows of a table; numbers that are no category give NaN.
inline void embedding(const float* x, const float* weights, float* y, int count, int categories, int units) {
  for (int i = 0; i < count; ++i) {
    const bool known = x[i] >= 0.0f && x[i] < static_cast<float>(categories) && x[i] == std::floor(x[i]);
    const int row = known ? static_cast<int>(x[i]) : 0;
    for (int n = 0; n < units; ++n) {
      *y++ = known ? weights[row * units + n] : std::numeric_limits<float>::quiet_NaN();
    }
  }
}""",
        (),
    ),
    "Convolution": (
        """// From the larger image (height, width, channels) to the smaller one (out_height, out_width, out_channels).
struct Convolution {
  int height, width, channels, out_height, out_width, out_channels;
  int kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
  int top, left, groups;
};""",
        (),
    ),
    "convolution": (
        """inline void convolution(const Convolution& c, const float* x, const float* weights, const float* biases,
                        float* y) {
  const int inputs = c.channels / c.groups;
  const int outputs = c.out_channels / c.groups;
  for (int oy = 0; oy < c.out_height; ++oy) {
    for (int ox = 0; ox < c.out_width; ++ox, y += c.out_channels) {
      for (int o = 0; o < c.out_channels; ++o) y[o] = biases != nullptr ? biases[o] : 0.0f;
      for (int ky = 0; ky < c.kernel_height; ++ky) {
        const int iy = oy * c.stride_height + ky * c.dilation_height - c.top;
        if (iy < 0 || iy >= c.height) continue;
        for (int kx = 0; kx < c.kernel_width; ++kx) {
          const int ix = ox * c.stride_width + kx * c.dilation_width - c.left;
          if (ix < 0 || ix >= c.width) continue;
          const float* pixel = x + (iy * c.width + ix) * c.channels;
          const float* tap = weights + (ky * c.kernel_width + kx) * inputs * c.out_channels;
          for (int g = 0; g < c.groups; ++g) {
            for (int i = 0; i < inputs; ++i) {
              const float value = pixel[g * inputs + i];
              const float* w = tap + i * c.out_channels + g * outputs;
              for (int o = 0; o < outputs; ++o) y[g * outputs + o] += value * w[o];
            }
          }
        }
      }
    }
  }
}""",
        ("Convolution",),
    ),
    "transposed_convolution": (
        """// The transpose of the convolution: x is the smaller image, y the larger one.
inline void transposed_convolution(const Convolution& c, const float* x, const float* weights, const float* biases,
                                   float* y) {
  const int inputs = c.channels / c.groups;
  const int outputs = c.out_channels / c.groups;
  for (int p = 0; p < c.height * c.width; ++p) {
    for (int i = 0; i < c.channels; ++i) y[p * c.channels + i] = biases != nullptr ? biases[i] : 0.0f;
  }
  for (int oy = 0; oy < c.out_height; ++oy) {
    for (int ox = 0; ox < c.out_width; ++ox, x += c.out_channels) {
      for (int ky = 0; ky < c.kernel_height; ++ky) {
        const int iy = oy * c.stride_height + ky * c.dilation_height - c.top;
        if (iy < 0 || iy >= c.height) continue;
        for (int kx = 0; kx < c.kernel_width; ++kx) {
          const int ix = ox * c.stride_width + kx * c.dilation_width - c.left;
          if (ix < 0 || ix >= c.width) continue;
          float* pixel = y + (iy * c.width + ix) * c.channels;
          const float* tap = weights + (ky * c.kernel_width + kx) * inputs * c.out_channels;
          for (int g = 0; g < c.groups; ++g) {
            for (int i = 0; i < inputs; ++i) {
              const float* w = tap + i * c.out_channels + g * outputs;
              float sum = 0.0f;
              for (int o = 0; o < outputs; ++o) sum += x[g * outputs + o] * w[o];
              pixel[g * inputs + i] += sum;
            }
          }
        }
      }
    }
  }
}""",
        ("Convolution",),
    ),
    "pooling": (
        """// operation 0: maximum, 1: average, 2: minimum, of the pixels of a window that lie inside of the image.
struct Pooling {
  int height, width, channels, out_height, out_width;
  int window_height, window_width, stride_height, stride_width, top, left, operation, count_border;
};
inline void pooling(const Pooling& p, const float* x, float* y) {
  for (int oy = 0; oy < p.out_height; ++oy) {
    for (int ox = 0; ox < p.out_width; ++ox, y += p.channels) {
      for (int i = 0; i < p.channels; ++i) {
        float result = 0.0f;
        int count = 0;
        for (int wy = 0; wy < p.window_height; ++wy) {
          const int iy = oy * p.stride_height + wy - p.top;
          if (iy < 0 || iy >= p.height) continue;
          for (int wx = 0; wx < p.window_width; ++wx) {
            const int ix = ox * p.stride_width + wx - p.left;
            if (ix < 0 || ix >= p.width) continue;
            const float value = x[(iy * p.width + ix) * p.channels + i];
            if (p.operation == 1) {
              result += value;
            } else if (count == 0) {
              result = value;
            } else if (result == result && !(p.operation == 0 ? value <= result : value >= result)) {
              result = value;
            }
            ++count;
          }
        }
        if (p.operation == 1) {
          result /= static_cast<float>(p.count_border != 0 ? p.window_height * p.window_width : count);
        }
        y[i] = result;
      }
    }
  }
}""",
        (),
    ),
    "global_pooling": (
        """// Over all positions, or those that a mask admits (not 0); nothing there gives 0.
inline void global_pooling(const float* x, const float* mask, float* y, int positions, int channels, int operation) {
  for (int i = 0; i < channels; ++i) {
    float result = 0.0f;
    int count = 0;
    for (int p = 0; p < positions; ++p) {
      if (mask != nullptr && mask[p] == 0.0f) continue;
      const float value = x[p * channels + i];
      if (operation == 1) {
        result += value;
      } else if (count == 0) {
        result = value;
      } else if (result == result && !(operation == 0 ? value <= result : value >= result)) {
        result = value;
      }
      ++count;
    }
    y[i] = operation == 1 && count > 0 ? result / static_cast<float>(count) : result;
  }
}""",
        (),
    ),
    "upsampling": (
        """inline void upsampling(const float* x, float* y, int height, int width, int channels, int vertical,
                       int horizontal) {
  for (int oy = 0; oy < height * vertical; ++oy) {
    for (int ox = 0; ox < width * horizontal; ++ox) {
      const float* pixel = x + (oy / vertical * width + ox / horizontal) * channels;
      for (int i = 0; i < channels; ++i) *y++ = pixel[i];
    }
  }
}""",
        (),
    ),
    "affine": (
        """// y = factor x + offset for each channel.
inline void affine(const float* x, const float* factor, const float* offset, float* y, int rows, int channels) {
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < channels; ++i) *y++ = *x++ * factor[i] + offset[i];
  }
}""",
        (),
    ),
    "standardise": (
        """// y = (x - shift) factor for each channel.
inline void standardise(const float* x, const float* shift, const float* factor, float* y, int rows,
                        int channels) {
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < channels; ++i) *y++ = (*x++ - shift[i]) * factor[i];
  }
}""",
        (),
    ),
    "layer_normalisation": (
        """inline void layer_normalisation(const float* x, const float* gamma, const float* beta, float* y, int rows,
                                int channels, float epsilon) {
  for (int r = 0; r < rows; ++r, x += channels, y += channels) {
    float mean = 0.0f;
    for (int i = 0; i < channels; ++i) mean += x[i];
    mean /= static_cast<float>(channels);
    float variance = 0.0f;
    for (int i = 0; i < channels; ++i) variance += (x[i] - mean) * (x[i] - mean);
    variance /= static_cast<float>(channels);
    const float inverse = 1.0f / std::sqrt(variance + epsilon);
    for (int i = 0; i < channels; ++i) y[i] = (x[i] - mean) * inverse * gamma[i] + beta[i];
  }
}""",
        (),
    ),
    "softmax": (
        """inline void softmax(const float* x, float* y, int rows, int width) {
  for (int r = 0; r < rows; ++r, x += width, y += width) {
    const float largest = *std::max_element(x, x + width);
    float sum = 0.0f;
    for (int i = 0; i < width; ++i) sum += y[i] = std::exp(x[i] - largest);
    for (int i = 0; i < width; ++i) y[i] /= sum;
  }
}""",
        (),
    ),
    "permute": (
        """// extents of the result, and how far apart its numbers lie in x.
inline void permute(const float* x, float* y, int dimensions, const int* extents, const int* strides) {
  int counter[8] = {};
  int place = 0;
  for (;;) {
    *y++ = x[place];
    int d = dimensions - 1;
    for (; d >= 0; --d) {
      place += strides[d];
      if (++counter[d] < extents[d]) break;
      place -= strides[d] * extents[d];
      counter[d] = 0;
    }
    if (d < 0) return;
  }
}""",
        (),
    ),
    "masking": (
        """inline void masking(const float* x, float* y, int steps, int features, float value) {
  for (int t = 0; t < steps; ++t, x += features) {
    y[t] = 0.0f;
    for (int i = 0; i < features; ++i) {
      if (!(x[i] == value)) y[t] = 1.0f;
    }
  }
}""",
        (),
    ),
    "recurrent": (
        """// h = tanh(x W + h R + b); a step that the mask leaves out changes nothing.
template <int units>
inline void recurrent(const float* x, const float* mask, const float* weights, const float* outer, const float* biases,
                      float* y, int steps, int features, bool sequences, bool backwards) {
  float h[units] = {};
  float sums[units];
  for (int i = 0; i < steps; ++i) {
    const int t = backwards ? steps - 1 - i : i;
    if (mask == nullptr || mask[t] != 0.0f) {
      dense(x + t * features, weights, biases, sums, 1, features, units);
      add_product(h, outer, sums, units, units, units);
      for (int j = 0; j < units; ++j) h[j] = std::tanh(sums[j]);
    }
    if (sequences) std::copy(h, h + units, y + t * units);
  }
  if (!sequences) std::copy(h, h + units, y);
}""",
        ("dense", "add_product"),
    ),
    "add_product": (
        """// y += x W for one row; W has rows of `columns` numbers, of which the first `outputs` count.
inline void add_product(const float* x, const float* weights, float* y, int inputs, int outputs, int columns) {
  for (int i = 0; i < inputs; ++i) {
    const float value = x[i];
    const float* w = weights + i * columns;
    for (int o = 0; o < outputs; ++o) y[o] += value * w[o];
  }
}""",
        (),
    ),
    "gate": ("inline float gate(float x) { return 1.0f / (1.0f + std::exp(-x)); }", ()),
    "lstm": (
        """// Gates i, f, o and the candidate g: c = f c + i g, h = o tanh(c).
template <int units>
inline void lstm(const float* x, const float* mask, const float* weights, const float* outer, const float* biases,
                 float* y, int steps, int features, bool sequences, bool backwards) {
  float h[units] = {};
  float c[units] = {};
  float sums[4 * units];
  for (int i = 0; i < steps; ++i) {
    const int t = backwards ? steps - 1 - i : i;
    if (mask == nullptr || mask[t] != 0.0f) {
      dense(x + t * features, weights, biases, sums, 1, features, 4 * units);
      add_product(h, outer, sums, units, 4 * units, 4 * units);
      for (int j = 0; j < units; ++j) {
        c[j] = gate(sums[units + j]) * c[j] + gate(sums[j]) * std::tanh(sums[3 * units + j]);
        h[j] = gate(sums[2 * units + j]) * std::tanh(c[j]);
      }
    }
    if (sequences) std::copy(h, h + units, y + t * units);
  }
  if (!sequences) std::copy(h, h + units, y);
}""",
        ("dense", "add_product", "gate"),
    ),
    "gru": (
        """// Gates r, z and the candidate n: h = (1 - z) n + z h, the reset gate behind the outer weights (to which the
// fourth part of the biases belongs) or in front of them.
template <int units, bool reset_after>
inline void gru(const float* x, const float* mask, const float* weights, const float* outer, const float* biases,
                float* y, int steps, int features, bool sequences, bool backwards) {
  float h[units] = {};
  float sums[3 * units];
  float state[units];
  for (int i = 0; i < steps; ++i) {
    const int t = backwards ? steps - 1 - i : i;
    if (mask == nullptr || mask[t] != 0.0f) {
      dense(x + t * features, weights, biases, sums, 1, features, 3 * units);
      add_product(h, outer, sums, units, 2 * units, 3 * units);
      for (int j = 0; j < 2 * units; ++j) sums[j] = gate(sums[j]);
      if (reset_after) {
        std::copy(biases + 3 * units, biases + (reset_after ? 4 : 3) * units, state);
        add_product(h, outer + 2 * units, state, units, units, 3 * units);
        for (int j = 0; j < units; ++j) sums[2 * units + j] += sums[j] * state[j];
      } else {
        for (int j = 0; j < units; ++j) state[j] = sums[j] * h[j];
        add_product(state, outer + 2 * units, sums + 2 * units, units, units, 3 * units);
      }
      for (int j = 0; j < units; ++j) {
        h[j] = (1.0f - sums[units + j]) * std::tanh(sums[2 * units + j]) + sums[units + j] * h[j];
      }
    }
    if (sequences) std::copy(h, h + units, y + t * units);
  }
  if (!sequences) std::copy(h, h + units, y);
}""",
        ("dense", "add_product", "gate"),
    ),
    "attention": (
        """// Self-attention in heads; a mask hides members from the others, where all are hidden the answer is 0.
// scratch: members (4 heads width + 1) numbers.
inline void attention(const float* x, const float* mask, const float* weights, const float* biases,
                      const float* out_weights, const float* out_biases, float* y, float* scratch, int members,
                      int features, int heads, int width) {
  const int inner = heads * width;
  float* qkv = scratch;
  float* answer = qkv + members * 3 * inner;
  float* score = answer + members * inner;
  std::fill(answer, answer + members * inner, 0.0f);
  dense(x, weights, biases, qkv, members, features, 3 * inner);
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  for (int head = 0; head < heads; ++head) {
    for (int i = 0; i < members; ++i) {
      const float* q = qkv + i * 3 * inner + head * width;
      float largest = -std::numeric_limits<float>::infinity();
      for (int j = 0; j < members; ++j) {
        if (mask != nullptr && mask[j] == 0.0f) continue;
        const float* k = qkv + j * 3 * inner + inner + head * width;
        score[j] = 0.0f;
        for (int d = 0; d < width; ++d) score[j] += q[d] * k[d] * scale;
        largest = std::max(largest, score[j]);
      }
      float sum = 0.0f;
      for (int j = 0; j < members; ++j) {
        const bool there = mask == nullptr || mask[j] != 0.0f;
        score[j] = there ? std::exp(score[j] - largest) : 0.0f;
        sum += score[j];
      }
      for (int j = 0; j < members; ++j) {
        if (score[j] == 0.0f) continue;
        const float* v = qkv + j * 3 * inner + 2 * inner + head * width;
        for (int d = 0; d < width; ++d) answer[i * inner + head * width + d] += score[j] / sum * v[d];
      }
    }
  }
  dense(answer, out_weights, out_biases, y, members, inner, features);
}""",
        ("dense",),
    ),
}
