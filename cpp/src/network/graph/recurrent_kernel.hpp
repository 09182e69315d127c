#pragma once
// The cells of recurrent layers, one step of one event: from the sums of the gates to the new state, and back. Compiled
// for any scalar by recurrent.cpp and for float32 once per instruction set, so nothing but always-inlined functions may
// be used (cmake/isa.cmake).

#include <stddef.h>

#include "base/maths.hpp"

namespace diskern::network::graph {

#define DISKERN_CELL static inline __attribute__((always_inline))

// In float32 the gates have an error of some 1e-7, which sums of products have anyway: half the work of the functions
// that are exact to the last digit. exp(x) for |x| <= 87 by 2^n times a polynomial (Taylor's, to degree 6, the error of
// which is 3e-8 at half of ln 2).
DISKERN_CELL float cell_exp(float x) {
  x = x > 87.0F ? 87.0F : x;
  x = x < -87.0F ? -87.0F : x;
  const float shifted = x * 0x1.715476p+0F + 0x1.8p23F;
  const float n = shifted - 0x1.8p23F;
  const float r = (x - n * 0x1.62e400p-1F) - n * 0x1.7f7d1cp-20F;
  float q = 1.0F / 720.0F;
  q = q * r + 1.0F / 120.0F;
  q = q * r + 1.0F / 24.0F;
  q = q * r + 1.0F / 6.0F;
  q = q * r + 0.5F;
  q = q * r + 1.0F;
  q = q * r + 1.0F;
  return q * maths::from_bits((maths::to_bits(shifted) - maths::to_bits(0x1.8p23F) + 127U) << 23);
}
DISKERN_CELL float cell_sigmoid(float x) { return 1.0F / (1.0F + cell_exp(-x)); }
DISKERN_CELL float cell_tanh(float x) { return 2.0F / (1.0F + cell_exp(-2.0F * x)) - 1.0F; }
DISKERN_CELL double cell_sigmoid(double x) { return maths::sigmoid(x); }
DISKERN_CELL double cell_tanh(double x) { return maths::tanh(x); }

// gates: i, f, o, g, each of n numbers; sums before, values behind. c = f c_before + i g, h = o tanh(c).
template <class T>
DISKERN_CELL void lstm_forward(T* gates, const T* c_before, T* c, T* h, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    const T i = cell_sigmoid(gates[j]);
    const T f = cell_sigmoid(gates[n + j]);
    const T o = cell_sigmoid(gates[2 * n + j]);
    const T g = cell_tanh(gates[3 * n + j]);
    const T state = f * c_before[j] + i * g;
    gates[j] = i;
    gates[n + j] = f;
    gates[2 * n + j] = o;
    gates[3 * n + j] = g;
    c[j] = state;
    h[j] = o * cell_tanh(state);
  }
}

// gates: values before, gradients of the sums behind. c_gradient: of c, then of c_before.
template <class T>
DISKERN_CELL void lstm_backward(T* gates, const T* c_before, const T* c, const T* h_gradient, T* c_gradient, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    const T i = gates[j];
    const T f = gates[n + j];
    const T o = gates[2 * n + j];
    const T g = gates[3 * n + j];
    const T t = cell_tanh(c[j]);
    const T dc = c_gradient[j] + h_gradient[j] * o * (T{1} - t * t);
    gates[j] = dc * g * i * (T{1} - i);
    gates[n + j] = dc * c_before[j] * f * (T{1} - f);
    gates[2 * n + j] = h_gradient[j] * t * o * (T{1} - o);
    gates[3 * n + j] = dc * i * (T{1} - g * g);
    c_gradient[j] = dc * f;
  }
}

// gates: r, z, n, m. Before: sums of r and z, of n's part from the input and m = n's part from the state. Behind: the
// values of r, z, n; m stays. h = (1 - z) n + z h_before with n = tanh(n + r m).
template <class T>
DISKERN_CELL void gru_forward(T* gates, const T* h_before, T* h, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    const T r = cell_sigmoid(gates[j]);
    const T z = cell_sigmoid(gates[n + j]);
    const T c = cell_tanh(gates[2 * n + j] + r * gates[3 * n + j]);
    gates[j] = r;
    gates[n + j] = z;
    gates[2 * n + j] = c;
    h[j] = (T{1} - z) * c + z * h_before[j];
  }
}

// gates: gradients of the four sums behind. h_gradient: of h, then the part of h_before's that does not go through the
// weights.
template <class T>
DISKERN_CELL void gru_backward(T* gates, const T* h_before, T* h_gradient, size_t n) {
  for (size_t j = 0; j < n; ++j) {
    const T r = gates[j];
    const T z = gates[n + j];
    const T c = gates[2 * n + j];
    const T m = gates[3 * n + j];
    const T g = h_gradient[j];
    const T dc = g * (T{1} - z) * (T{1} - c * c);
    gates[j] = dc * m * r * (T{1} - r);
    gates[n + j] = g * (h_before[j] - c) * z * (T{1} - z);
    gates[2 * n + j] = dc;
    gates[3 * n + j] = dc * r;
    h_gradient[j] = g * z;
  }
}

struct RecurrentKernels {
  void (*lstm_forward)(float* gates, const float* c_before, float* c, float* h, size_t n);
  void (*lstm_backward)(float* gates, const float* c_before, const float* c, const float* h_gradient, float* c_gradient,
                        size_t n);
  void (*gru_forward)(float* gates, const float* h_before, float* h, size_t n);
  void (*gru_backward)(float* gates, const float* h_before, float* h_gradient, size_t n);
};

}  // namespace diskern::network::graph
