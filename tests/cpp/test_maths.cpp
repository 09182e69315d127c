// Errors against long double (64 bits of mantissa) for double functions, against double for float functions.
// Worst errors measured on x86-64, in units in the last place:
//             float     double (6 million points: every exponent and sign, and a dense interval)
//   exp       0.765 a   0.750
//   log       0.835 a   0.832
//   tanh      1.951 a   1.810
//   sigmoid   1.810 b   1.645
//   softplus  1.891 b   1.707
// a: every bit pattern, b: every 509th. This program takes every 509th; DISKERN_TEST_EXHAUSTIVE=1 takes all floats and
// 120 million doubles (a quarter of an hour).
#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/executor.hpp"
#include "base/maths.hpp"
#include "check.hpp"

namespace maths = diskern::maths;

namespace {

// |value - truth| in units in the last place of the truth as T sees it; subnormal results are counted in the smallest
// step.
template <class T, class Wide>
double ulp_error(T value, Wide truth) {
  if (std::isnan(truth)) return std::isnan(value) ? 0.0 : HUGE_VAL;
  const T rounded = static_cast<T>(truth);
  if (std::isinf(rounded) || std::isinf(value)) {
    // Overflow must happen where rounding overflows, give or take one number.
    if (rounded == value) return 0.0;
    const T largest = std::numeric_limits<T>::max();
    const bool adjacent =
        std::fabs(std::isinf(value) ? rounded : value) == largest && std::signbit(value) == std::signbit(rounded);
    return adjacent ? 1.0 : HUGE_VAL;
  }
  int exponent = 0;
  std::frexp(truth, &exponent);
  const int digits = std::numeric_limits<T>::digits;
  const int smallest = std::numeric_limits<T>::min_exponent - digits;
  const int step = truth == 0 ? smallest : std::max(exponent - digits, smallest);
  return static_cast<double>(std::fabs(std::ldexp(static_cast<Wide>(value) - truth, -step)));
}

struct Worst {
  double error = 0.0;
  double argument = 0.0;
  void see(double candidate, double x) {
    if (candidate > error) {
      error = candidate;
      argument = x;
    }
  }
};

// Every float bit pattern with this stride; 1 with DISKERN_TEST_EXHAUSTIVE set.
std::uint32_t stride() { return std::getenv("DISKERN_TEST_EXHAUSTIVE") != nullptr ? 1 : 509; }

template <class Function, class Reference>
Worst worst_float(Function function, Reference reference) {
  diskern::Context context;
  context.threads = 0;
  constexpr std::size_t chunks = 256;
  Worst found[chunks];
  const std::uint32_t step = stride();
  diskern::parallel_for(context, chunks, [&](std::size_t chunk) {
    const std::uint64_t width = (std::uint64_t{1} << 32) / chunks;
    for (std::uint64_t bits = chunk * width; bits < (chunk + 1) * width; bits += step) {
      const float x = maths::from_bits(static_cast<std::uint32_t>(bits));
      found[chunk].see(ulp_error(function(x), reference(static_cast<double>(x))), static_cast<double>(x));
    }
  });
  Worst worst;
  for (const Worst& one : found) worst.see(one.error, one.argument);
  return worst;
}

// Stratified over the bit patterns of the doubles (every exponent, both signs) and over a plain interval.
template <class Function, class Reference>
Worst worst_double(Function function, Reference reference, double low, double high) {
  diskern::Context context;
  context.threads = 0;
  constexpr std::size_t chunks = 4096;  // one for every sign and exponent
  Worst found[chunks];
  const std::uint64_t points = std::getenv("DISKERN_TEST_EXHAUSTIVE") != nullptr ? 10000 : 500;
  diskern::parallel_for(context, chunks, [&](std::size_t chunk) {
    std::uint64_t state = chunk * 0x9e3779b97f4a7c15U + 1;
    const auto next = [&state] {  // splitmix64
      std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      return z ^ (z >> 31);
    };
    const auto test = [&](double x) {
      found[chunk].see(ulp_error(function(x), reference(static_cast<long double>(x))), x);
    };
    for (std::uint64_t i = 0; i < points; ++i) test(maths::from_bits((std::uint64_t{chunk} << 52) | (next() >> 12)));
    for (std::uint64_t i = 0; i < 2 * points; ++i) {
      test(low + (high - low) * ((static_cast<double>(chunk) + static_cast<double>(next() >> 11) * 0x1p-53) / chunks));
    }
  });
  Worst worst;
  for (const Worst& one : found) worst.see(one.error, one.argument);
  return worst;
}

template <class T>
void hold(const char* name, const Worst& worst, double bound) {
  std::printf("  %-18s worst %.4f ulp at %a, bound %.3f\n", name, worst.error, worst.argument, bound);
  if (!(worst.error <= bound))
    check::fail(__FILE__, __LINE__, name, " is off by ", worst.error, " ulp at ", worst.argument);
}

long double wide_sigmoid(long double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
double wide_sigmoid(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
template <class T>
T wide_softplus(T x) {
  return (x > 0 ? x : T{0}) + std::log1p(std::exp(-std::fabs(x)));
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float infinity_f = std::numeric_limits<float>::infinity();

}  // namespace

TEST(exp_float) {
  hold<float>("exp float", worst_float([](float x) { return maths::exp(x); }, [](double x) { return std::exp(x); }),
              1.0);
}
TEST(log_float) {
  hold<float>("log float", worst_float([](float x) { return maths::log(x); }, [](double x) { return std::log(x); }),
              1.0);
}
TEST(tanh_float) {
  hold<float>("tanh float", worst_float([](float x) { return maths::tanh(x); }, [](double x) { return std::tanh(x); }),
              2.0);
}
TEST(sigmoid_float) {
  hold<float>("sigmoid float",
              worst_float([](float x) { return maths::sigmoid(x); }, [](double x) { return wide_sigmoid(x); }), 2.0);
}
TEST(softplus_float) {
  hold<float>("softplus float",
              worst_float([](float x) { return maths::softplus(x); }, [](double x) { return wide_softplus(x); }), 2.5);
}

#if LDBL_MANT_DIG >= 64
TEST(exp_double) {
  hold<double>(
      "exp double",
      worst_double([](double x) { return maths::exp(x); }, [](long double x) { return std::exp(x); }, -746.0, 710.0),
      1.0);
}
TEST(log_double) {
  hold<double>(
      "log double",
      worst_double([](double x) { return maths::log(x); }, [](long double x) { return std::log(x); }, 0.0, 4.0), 1.0);
}
TEST(tanh_double) {
  hold<double>(
      "tanh double",
      worst_double([](double x) { return maths::tanh(x); }, [](long double x) { return std::tanh(x); }, -23.0, 23.0),
      2.0);
}
TEST(sigmoid_double) {
  hold<double>("sigmoid double",
               worst_double([](double x) { return maths::sigmoid(x); }, [](long double x) { return wide_sigmoid(x); },
                            -746.0, 50.0),
               2.0);
}
TEST(softplus_double) {
  hold<double>("softplus double",
               worst_double([](double x) { return maths::softplus(x); }, [](long double x) { return wide_softplus(x); },
                            -746.0, 50.0),
               2.5);
}
#endif

TEST(special_values_double) {
  CHECK(std::isnan(maths::exp(std::nan(""))));
  CHECK_EQUAL(maths::exp(infinity), infinity);
  CHECK_EQUAL(maths::exp(-infinity), 0.0);
  CHECK(!std::signbit(maths::exp(-infinity)));
  CHECK_EQUAL(maths::exp(0.0), 1.0);
  CHECK_EQUAL(maths::exp(-0.0), 1.0);
  CHECK_EQUAL(maths::exp(709.782712893384), std::exp(709.782712893384));
  CHECK_EQUAL(maths::exp(709.7827128933841), infinity);
  CHECK_EQUAL(maths::exp(-745.13321910194110), 4.9406564584124654e-324);
  CHECK_EQUAL(maths::exp(-745.14), 0.0);
  CHECK(std::isnan(maths::log(std::nan(""))));
  CHECK(std::isnan(maths::log(-1.0)));
  CHECK(std::isnan(maths::log(-infinity)));
  CHECK_EQUAL(maths::log(infinity), infinity);
  CHECK_EQUAL(maths::log(0.0), -infinity);
  CHECK_EQUAL(maths::log(-0.0), -infinity);
  CHECK_EQUAL(maths::log(1.0), 0.0);
  CHECK(!std::signbit(maths::log(1.0)));
  CHECK_EQUAL(maths::log(4.9406564584124654e-324), std::log(4.9406564584124654e-324));
  CHECK(std::isnan(maths::tanh(std::nan(""))));
  CHECK_EQUAL(maths::tanh(infinity), 1.0);
  CHECK_EQUAL(maths::tanh(-infinity), -1.0);
  CHECK(std::signbit(maths::tanh(-0.0)) && maths::tanh(-0.0) == 0.0);
  CHECK_EQUAL(maths::tanh(4.9406564584124654e-324), 4.9406564584124654e-324);
  CHECK(std::isnan(maths::sigmoid(std::nan(""))));
  CHECK_EQUAL(maths::sigmoid(0.0), 0.5);
  CHECK_EQUAL(maths::sigmoid(infinity), 1.0);
  CHECK_EQUAL(maths::sigmoid(-infinity), 0.0);
  CHECK(maths::sigmoid(-740.0) > 0.0);
  CHECK(std::isnan(maths::softplus(std::nan(""))));
  CHECK_EQUAL(maths::softplus(infinity), infinity);
  CHECK_EQUAL(maths::softplus(-infinity), 0.0);
  CHECK_EQUAL(maths::softplus(1e300), 1e300);
}

TEST(special_values_float) {
  CHECK(std::isnan(maths::exp(std::nanf(""))));
  CHECK_EQUAL(maths::exp(infinity_f), infinity_f);
  CHECK_EQUAL(maths::exp(-infinity_f), 0.0F);
  CHECK_EQUAL(maths::exp(0.0F), 1.0F);
  CHECK_EQUAL(maths::exp(88.73F), infinity_f);
  CHECK_EQUAL(maths::exp(-103.9F), 1.401298464e-45F);
  CHECK_EQUAL(maths::exp(-104.0F), 0.0F);
  CHECK(std::isnan(maths::log(std::nanf(""))));
  CHECK(std::isnan(maths::log(-1.0F)));
  CHECK_EQUAL(maths::log(infinity_f), infinity_f);
  CHECK_EQUAL(maths::log(0.0F), -infinity_f);
  CHECK_EQUAL(maths::log(1.0F), 0.0F);
  CHECK_EQUAL(maths::tanh(infinity_f), 1.0F);
  CHECK_EQUAL(maths::tanh(-infinity_f), -1.0F);
  CHECK(std::signbit(maths::tanh(-0.0F)));
  CHECK_EQUAL(maths::sigmoid(0.0F), 0.5F);
  CHECK_EQUAL(maths::sigmoid(-infinity_f), 0.0F);
  CHECK(maths::sigmoid(-100.0F) > 0.0F);
  CHECK_EQUAL(maths::softplus(infinity_f), infinity_f);
}

TEST(exp_never_steps_backwards) {
  float previous = maths::exp(-12.0F);
  bool rising = true;
  for (int i = -120'000; i < 120'000; ++i) {
    const float x = static_cast<float>(i) * 1e-4F;
    rising = rising && maths::exp(x) >= previous;
    previous = maths::exp(x);
  }
  CHECK(rising);
}

TEST(sine_and_cosine_of_a_turn) {
  double worst = 0.0;
  for (int i = 0; i <= 1'000'000; ++i) {
    const double u = i / 1e6;
    const auto [sine, cosine] = maths::sine_cosine_of_turn(u);
    const long double angle = 2 * 3.14159265358979323846264338327950288L * static_cast<long double>(u);
    worst = std::max(worst, static_cast<double>(std::fabs(static_cast<long double>(sine) - std::sin(angle))));
    worst = std::max(worst, static_cast<double>(std::fabs(static_cast<long double>(cosine) - std::cos(angle))));
  }
  std::printf("  sine and cosine: worst absolute error %.3g\n", worst);
  CHECK(worst < 2.5e-16);
  for (const double quarter : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const auto [sine, cosine] = maths::sine_cosine_of_turn(quarter);
    CHECK_EQUAL(sine * cosine, 0.0);
    CHECK_EQUAL(std::fabs(sine) + std::fabs(cosine), 1.0);
  }
}
