// Matrix products against float64 sums, and the bits of every instruction set against each other.
#include "base/gemm.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"

using diskern::gemm_kernels;
using diskern::InstructionSet;
using diskern::MatrixProduct;

namespace {

struct Case {
  std::size_t rows;
  std::size_t columns;
  std::size_t depth;
};

const std::vector<Case> cases = {{1, 1, 1},    {1, 1, 0},     {1, 16, 3},    {3, 5, 7},      {14, 32, 28},  {15, 33, 29},
                                 {6, 64, 64},  {96, 64, 28},  {97, 65, 30},  {50, 1, 64},    {13, 80, 11},  {28, 64, 96},
                                 {2, 300, 31}, {30, 304, 17}, {29, 47, 255}, {33, 95, 256},  {31, 17, 257}, {17, 18, 600},
                                 {5, 130, 3},  {64, 15, 1},   {128, 8, 128}, {7, 112, 1000}};

constexpr float poison = 1e30F;

std::string name(const Case& one, bool transposed, int mode) {
  return std::to_string(one.rows) + " x " + std::to_string(one.columns) + " x " + std::to_string(one.depth) +
         (transposed ? ", A transposed" : "") + ", mode " + std::to_string(mode);
}

std::vector<float> values(std::size_t count, std::mt19937& generator) {
  std::vector<float> result(count);
  std::normal_distribution<float> normal;
  for (float& value : result) value = normal(generator);
  return result;
}

// mode 0: plain, 1: bias, 2: accumulate, 3: bias and rectify
struct Setting {
  Setting(const Case& one, bool transposed, int the_mode)
      : shape(one), a_row(transposed ? 1 : one.depth + 3), a_column(transposed ? one.rows + 2 : 1), mode(the_mode) {
    std::mt19937 generator(7);
    a = values(transposed ? (one.depth + 1) * a_column : one.rows * a_row + one.depth, generator);
    b = values(one.depth * (one.columns + 1) + 1, generator);
    bias = values(one.columns, generator);
    c = values(one.rows * (one.columns + 2), generator);
    for (std::size_t i = 0; i < one.rows; ++i) {
      for (std::size_t j = 0; j < 2; ++j) c[i * (one.columns + 2) + one.columns + j] = poison;
    }
  }

  std::vector<float> run(const diskern::GemmKernels& kernels) const {
    std::vector<float> result = c;
    kernels.multiply({shape.rows, shape.columns, shape.depth, a.data(), a_row, a_column, b.data(), shape.columns + 1,
                      result.data(), shape.columns + 2, mode == 1 || mode == 3 ? bias.data() : nullptr, mode == 2,
                      mode == 3});
    return result;
  }

  Case shape;
  std::size_t a_row;
  std::size_t a_column;
  int mode;
  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> bias;
  std::vector<float> c;
};

}  // namespace

TEST(products_against_float64) {
  for (const InstructionSet level : diskern::supported_instruction_sets()) {
    for (const Case& one : cases) {
      for (const bool transposed : {false, true}) {
        for (int mode = 0; mode < 4; ++mode) {
          const Setting setting(one, transposed, mode);
          const std::vector<float> result = setting.run(gemm_kernels(level));
          double worst = 0.0;
          for (std::size_t i = 0; i < one.rows; ++i) {
            for (std::size_t j = 0; j < one.columns; ++j) {
              const std::size_t at = i * (one.columns + 2) + j;
              double sum = mode == 2 ? static_cast<double>(setting.c[at])
                                     : (mode == 0 ? 0.0 : static_cast<double>(setting.bias[j]));
              double size = std::abs(sum);
              for (std::size_t k = 0; k < one.depth; ++k) {
                const double term = static_cast<double>(setting.a[i * setting.a_row + k * setting.a_column]) *
                                    static_cast<double>(setting.b[k * (one.columns + 1) + j]);
                sum += term;
                size += std::abs(term);
              }
              if (mode == 3) sum = sum < 0.0 ? 0.0 : sum;
              // Half an ulp per step, of sums that stay below the sum of absolute values.
              const double bound = 0.6e-7 * static_cast<double>(one.depth + 1) * size + 1e-30;
              const double off = std::abs(static_cast<double>(result[at]) - sum) / bound;
              worst = off > worst || std::isnan(off) ? off : worst;
            }
            for (std::size_t j = 0; j < 2; ++j) {
              if (result[i * (one.columns + 2) + one.columns + j] != poison) {
                check::fail(__FILE__, __LINE__, name(one, transposed, mode), ": wrote beyond the row");
              }
            }
          }
          if (!(worst < 1.0)) {
            check::fail(__FILE__, __LINE__, diskern::name(level), " ", name(one, transposed, mode), ": off by ", worst,
                        " of the bound");
          }
        }
      }
    }
  }
}

TEST(every_instruction_set_gives_the_same_bits) {
  for (const Case& one : cases) {
    for (int mode = 0; mode < 4; ++mode) {
      const Setting setting(one, mode % 2 == 1, mode);
      const std::vector<float> expected = setting.run(gemm_kernels(InstructionSet::scalar));
      for (const InstructionSet level : diskern::supported_instruction_sets()) {
        if (setting.run(gemm_kernels(level)) != expected) {
          check::fail(__FILE__, __LINE__, diskern::name(level), " differs: ", name(one, mode % 2 == 1, mode));
        }
      }
    }
  }
}

TEST(rows_and_columns_may_be_cut) {
  const Case one{37, 83, 300};
  const Setting setting(one, false, 1);
  for (const InstructionSet level : diskern::supported_instruction_sets()) {
    const std::vector<float> whole = setting.run(gemm_kernels(level));
    std::vector<float> parts = setting.c;
    for (const std::size_t row : {0UL, 20UL}) {
      for (const std::size_t column : {0UL, 35UL}) {
        const std::size_t rows = row == 0 ? 20 : one.rows - 20;
        const std::size_t columns = column == 0 ? 35 : one.columns - 35;
        gemm_kernels(level).multiply({rows, columns, one.depth, setting.a.data() + row * setting.a_row, setting.a_row, 1,
                                      setting.b.data() + column, one.columns + 1,
                                      parts.data() + row * (one.columns + 2) + column, one.columns + 2,
                                      setting.bias.data() + column, false, false});
      }
    }
    CHECK(parts == whole);
  }
}

TEST(rectifying_keeps_nan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> a = {nan, 1.0F, -1.0F};
  const std::vector<float> b(20, 2.0F);
  for (const InstructionSet level : diskern::supported_instruction_sets()) {
    std::vector<float> c(60);
    gemm_kernels(level).multiply({3, 20, 1, a.data(), 1, 1, b.data(), 20, c.data(), 20, nullptr, false, true});
    for (std::size_t j = 0; j < 20; ++j) {
      CHECK(std::isnan(c[j]));
      CHECK_EQUAL(c[20 + j], 2.0F);
      CHECK_EQUAL(c[40 + j], 0.0F);
    }
  }
}

TEST(transposes) {
  std::mt19937 generator(3);
  for (const std::size_t rows : {1UL, 15UL, 16UL, 28UL, 64UL, 300UL}) {
    for (const std::size_t columns : {1UL, 16UL, 31UL, 64UL, 304UL}) {
      const std::vector<float> from = values(rows * (columns + 1), generator);
      for (const InstructionSet level : diskern::supported_instruction_sets()) {
        std::vector<float> to(columns * (rows + 3), poison);
        gemm_kernels(level).transpose(from.data(), columns + 1, rows, columns, to.data(), rows + 3);
        bool right = true;
        for (std::size_t j = 0; j < columns; ++j) {
          for (std::size_t i = 0; i < rows + 3; ++i) {
            right = right && to[j * (rows + 3) + i] == (i < rows ? from[i * (columns + 1) + j] : poison);
          }
        }
        if (!right) check::fail(__FILE__, __LINE__, diskern::name(level), ": ", rows, " x ", columns);
      }
    }
  }
}
