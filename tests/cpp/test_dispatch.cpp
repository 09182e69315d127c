#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/dispatch.hpp"
#include "base/elementwise.hpp"
#include "base/maths.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::choose_instruction_set;
using diskern::ElementwiseKernels;
using diskern::InstructionSet;
using diskern::InvalidArgument;
namespace maths = diskern::maths;

namespace {

std::string message_of(const char* requested) {
  try {
    choose_instruction_set(requested);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

// Many patterns of bits, and the special ones.
template <class T, class Bits>
std::vector<T> arguments() {
  std::vector<T> values = {T{0},
                           -T{0},
                           T{1},
                           -T{1},
                           std::numeric_limits<T>::infinity(),
                           -std::numeric_limits<T>::infinity(),
                           std::numeric_limits<T>::quiet_NaN(),
                           std::numeric_limits<T>::denorm_min(),
                           std::numeric_limits<T>::min(),
                           std::numeric_limits<T>::max(),
                           std::numeric_limits<T>::lowest()};
  std::uint64_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    T value;
    const Bits bits = static_cast<Bits>(state >> (64 - 8 * sizeof(Bits)));
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
    values.push_back(static_cast<T>(static_cast<double>(state >> 11) * 0x1p-53 * 60.0 - 30.0));
  }
  return values;
}

// NaNs are equal here whatever they carry.
template <class T>
std::size_t differences(const std::vector<T>& a, const std::vector<T>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    count += std::memcmp(&a[i], &b[i], sizeof(T)) == 0 ? 0U : 1U;
  }
  return count;
}

template <class T, class Kernel, class Function>
void same_bits(const std::vector<T>& in, Kernel kernel, Function function, const char* what) {
  std::vector<T> expected(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) expected[i] = function(in[i]);
  std::vector<T> out(in.size());
  kernel(in.data(), out.data(), in.size());
  if (differences(out, expected) != 0)
    check::fail(__FILE__, __LINE__, what, " differs in ", differences(out, expected), " places");
  // In place, and lengths around the block of the kernel: nothing beyond the end is written.
  out = in;
  kernel(out.data(), out.data(), out.size());
  CHECK_EQUAL(differences(out, expected), std::size_t{0});
  for (const std::size_t length : {0U, 1U, 63U, 64U, 65U, 130U}) {
    std::vector<T> part(length + 1, T{-7});
    kernel(in.data(), part.data(), length);
    for (std::size_t i = 0; i < length; ++i) CHECK(part[i] == expected[i] || std::isnan(expected[i]));
    CHECK_EQUAL(part[length], T{-7});
  }
}

}  // namespace

TEST(scalar_is_always_there_and_the_best_is_chosen) {
  const auto& levels = diskern::supported_instruction_sets();
  CHECK(levels.front() == InstructionSet::scalar);
  CHECK(choose_instruction_set(nullptr) == levels.back());
  CHECK(choose_instruction_set("") == levels.back());
  for (const InstructionSet level : levels) CHECK(choose_instruction_set(diskern::name(level)) == level);
}

TEST(wrong_names_and_absent_levels_are_errors) {
  const std::string unknown = message_of("avx1024");
  for (const char* known : {"DISKERN_ISA", "avx1024", "scalar", "avx2", "avx512", "neon"}) {
    CHECK(unknown.find(known) != std::string::npos);
  }
  CHECK_THROWS(choose_instruction_set("AVX2"), InvalidArgument);
#if defined(__x86_64__)
  CHECK(message_of("neon").find("does not have") != std::string::npos);
#elif defined(__aarch64__)
  CHECK(message_of("avx2").find("does not have") != std::string::npos);
#endif
}

TEST(the_environment_decides) {
  const char* given = std::getenv("DISKERN_ISA");
  CHECK(diskern::instruction_set() == choose_instruction_set(given));
  CHECK(&diskern::elementwise_kernels() == &diskern::elementwise_kernels(diskern::instruction_set()));
}

TEST(levels_have_kernels_of_their_own) {
  // A dispatch that always answers with the scalar table would pass every comparison of bits.
  const auto& levels = diskern::supported_instruction_sets();
  for (const InstructionSet a : levels) {
    for (const InstructionSet b : levels) {
      const bool same = diskern::elementwise_kernels(a).exp_float == diskern::elementwise_kernels(b).exp_float;
      CHECK_EQUAL(same, a == b);
    }
  }
}

TEST(every_level_has_the_bits_of_the_scalar_functions) {
  const std::vector<float> floats = arguments<float, std::uint32_t>();
  const std::vector<double> doubles = arguments<double, std::uint64_t>();
  for (const InstructionSet level : diskern::supported_instruction_sets()) {
    std::printf("  %s\n", diskern::name(level));
    const ElementwiseKernels& kernels = diskern::elementwise_kernels(level);
    same_bits(
        floats, kernels.exp_float, [](float x) { return maths::exp(x); }, "exp float");
    same_bits(
        floats, kernels.log_float, [](float x) { return maths::log(x); }, "log float");
    same_bits(
        floats, kernels.tanh_float, [](float x) { return maths::tanh(x); }, "tanh float");
    same_bits(
        floats, kernels.sigmoid_float, [](float x) { return maths::sigmoid(x); }, "sigmoid float");
    same_bits(
        floats, kernels.softplus_float, [](float x) { return maths::softplus(x); }, "softplus float");
    same_bits(
        doubles, kernels.exp_double, [](double x) { return maths::exp(x); }, "exp double");
    same_bits(
        doubles, kernels.log_double, [](double x) { return maths::log(x); }, "log double");
    same_bits(
        doubles, kernels.tanh_double, [](double x) { return maths::tanh(x); }, "tanh double");
    same_bits(
        doubles, kernels.sigmoid_double, [](double x) { return maths::sigmoid(x); }, "sigmoid double");
    same_bits(
        doubles, kernels.softplus_double, [](double x) { return maths::softplus(x); }, "softplus double");
  }
}
