// Speed of the matrix products of networks beside the peak of one core: the fused multiply-adds of independent registers,
// measured in the same run.
//
//   benchmark_gemm
#include "base/gemm.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/aligned.hpp"

using namespace diskern;

namespace {

template <class Body>
double best_seconds(int rounds, const Body& body) {
  double best = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

// The whole depth from one line of A and B each, which stay in the fastest cache: what is left is arithmetic.
double peak(const GemmKernels& kernels) {
  constexpr std::size_t depth = 4096;
  AlignedVector<float> a(64, 1e-3F);
  AlignedVector<float> b(64, 1e-3F);
  AlignedVector<float> c(12 * 64, 0.0F);
  const double seconds = best_seconds(200, [&] {
    kernels.multiply({12, 64, depth, a.data(), 1, 0, b.data(), 0, c.data(), 64, nullptr, false, false});
  });
  return 2.0 * 12 * 64 * depth / seconds * 1e-9;
}

void time_shape(const GemmKernels& kernels, double best, const char* what, std::size_t rows, std::size_t columns,
                std::size_t depth, bool transposed) {
  const std::size_t row = (columns + 15) / 16 * 16;
  const std::size_t a_row = transposed ? 1 : (depth + 15) / 16 * 16;
  const std::size_t a_column = transposed ? (rows + 15) / 16 * 16 : 1;
  AlignedVector<float> a((rows + 16) * (depth + 16), 1e-3F);
  AlignedVector<float> b(depth * row, 1e-3F);
  AlignedVector<float> c(rows * row, 0.0F);
  const double flop = 2.0 * static_cast<double>(rows) * static_cast<double>(columns) * static_cast<double>(depth);
  const int repeats = std::max(1, static_cast<int>(1e7 / flop));
  const double seconds = best_seconds(100, [&] {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      kernels.multiply({rows, columns, depth, a.data(), a_row, a_column, b.data(), row, c.data(), row, nullptr,
                        transposed, false});
    }
  });
  const double rate = flop * repeats / seconds * 1e-9;
  std::printf("  %-18s %4zu x %4zu x %4zu  %6.1f GFLOP/s  %5.1f %%\n", what, rows, columns, depth, rate,
              100.0 * rate / best);
}

}  // namespace

int main() {
  for (const InstructionSet level : supported_instruction_sets()) {
    if (level == InstructionSet::scalar) continue;  // the C library's fused multiply-add: for tests
    const GemmKernels& kernels = gemm_kernels(level);
    const double best = peak(kernels);
    std::printf("%s: peak of one core %.1f GFLOP/s\n", name(level), best);
    for (const std::size_t rows : {50UL, 96UL, 128UL}) {
      time_shape(kernels, best, "forward", rows, 64, 28, false);
      time_shape(kernels, best, "forward", rows, 64, 64, false);
      time_shape(kernels, best, "forward", rows, 300, 28, false);
      time_shape(kernels, best, "forward", rows, 300, 300, false);
      time_shape(kernels, best, "backward, weights", 64, 64, rows, true);
      time_shape(kernels, best, "backward, weights", 28, 64, rows, true);
      time_shape(kernels, best, "backward, weights", 300, 300, rows, true);
    }
    time_shape(kernels, best, "narrow", 1024, 5, 64, false);
    time_shape(kernels, best, "narrow", 1024, 20, 64, false);
    time_shape(kernels, best, "wide", 128, 1000, 1000, false);
    time_shape(kernels, best, "wide", 128, 1024, 1024, false);
    time_shape(kernels, best, "wide", 128, 512, 512, false);
  }
  return 0;
}
