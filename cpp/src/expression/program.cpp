#include "expression/program.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

namespace diskern::expression {

namespace {

constexpr std::size_t block_size = 256;
constexpr double two_to_63 = 9223372036854775808.0;

// The slots of a stack of blocks: slot s of event i lies at s * capacity + i.
template <std::size_t capacity>
struct Stack {
  Value* slots;
  std::uint8_t* overflow;  // one flag per event
  std::size_t events;
  std::size_t top = 0;  // number of used slots

  Value* at(std::size_t below_top) const noexcept { return slots + (top - 1 - below_top) * capacity; }

  template <class F>
  void unary_real(F f) const noexcept {
    Value* x = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].real = f(x[i].real);
  }
  template <class F>
  void unary_test(F f) const noexcept {
    Value* x = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].integer = f(x[i].real) ? 1 : 0;
  }
  template <class F>
  void binary_real(F f) noexcept {
    Value* x = at(1);
    const Value* y = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].real = f(x[i].real, y[i].real);
    --top;
  }
  template <class F>
  void compare_real(F f) noexcept {
    Value* x = at(1);
    const Value* y = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].integer = f(x[i].real, y[i].real) ? 1 : 0;
    --top;
  }
  template <class F>
  void binary_integer(F f) noexcept {
    Value* x = at(1);
    const Value* y = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].integer = f(x[i].integer, y[i].integer);
    --top;
  }
  // f(x, y, result) tells whether the result does not fit.
  template <class F>
  void checked_integer(F f) noexcept {
    Value* x = at(1);
    const Value* y = at(0);
    for (std::size_t i = 0; i < events; ++i) {
      std::int64_t result = 0;
      if (f(x[i].integer, y[i].integer, &result)) overflow[i] = 1;
      x[i].integer = result;
    }
    --top;
  }
  // f gets -1, 0, 1 (order of integer and real) or 2 (the real is NaN).
  template <class F>
  void compare_mixed(F f) noexcept {
    Value* x = at(1);
    const Value* y = at(0);
    for (std::size_t i = 0; i < events; ++i) x[i].integer = f(order(x[i].integer, y[i].real)) ? 1 : 0;
    --top;
  }

  static int order(std::int64_t a, double b) noexcept {
    if (!(b == b)) return 2;
    if (b >= two_to_63) return -1;
    if (b < -two_to_63) return 1;
    const auto whole = static_cast<std::int64_t>(b);  // exact, towards zero
    if (a != whole) return a < whole ? -1 : 1;
    const double rest = b - static_cast<double>(whole);
    return rest > 0 ? -1 : (rest < 0 ? 1 : 0);
  }
};

std::int64_t saturated(double x) noexcept {
  if (!(x == x)) return 0;
  if (x >= two_to_63) return std::numeric_limits<std::int64_t>::max();
  if (x < -two_to_63) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(x);
}

// A NaN is never true.
bool truth(double x) noexcept { return x == x && x != 0.0; }

template <class T>
T element(const Column& column, std::size_t event) noexcept {
  T value;  // the columns of a packed structured array need not be aligned
  std::memcpy(&value, static_cast<const char*>(column.data) + static_cast<std::ptrdiff_t>(event) * column.stride,
              sizeof(T));
  return value;
}

template <class F>
void for_storage(const Column& column, F f) noexcept {
  switch (column.storage) {
    case Storage::boolean:
      f(std::uint8_t{});
      break;
    case Storage::int8:
      f(std::int8_t{});
      break;
    case Storage::int16:
      f(std::int16_t{});
      break;
    case Storage::int32:
      f(std::int32_t{});
      break;
    case Storage::int64:
      f(std::int64_t{});
      break;
    case Storage::uint8:
      f(std::uint8_t{});
      break;
    case Storage::uint16:
      f(std::uint16_t{});
      break;
    case Storage::uint32:
      f(std::uint32_t{});
      break;
    case Storage::uint64:
      f(std::uint64_t{});
      break;
    case Storage::float32:
      f(float{});
      break;
    case Storage::float64:
      f(double{});
      break;
  }
}

void load_boolean(const Column& column, std::size_t begin, std::size_t n, Value* out) noexcept {
  for_storage(column, [&](auto type) {
    for (std::size_t i = 0; i < n; ++i)
      out[i].integer = truth(static_cast<double>(element<decltype(type)>(column, begin + i))) ? 1 : 0;
  });
}

void load_real(const Column& column, std::size_t begin, std::size_t n, Value* out) noexcept {
  for_storage(column, [&](auto type) {
    for (std::size_t i = 0; i < n; ++i) out[i].real = static_cast<double>(element<decltype(type)>(column, begin + i));
  });
}

void load_integer(const Column& column, std::size_t begin, std::size_t n, Value* out, std::uint8_t* overflow) noexcept {
  for_storage(column, [&](auto type) {
    using T = decltype(type);
    for (std::size_t i = 0; i < n; ++i) {
      const T value = element<T>(column, begin + i);
      if constexpr (std::is_floating_point_v<T>) {
        const auto wide = static_cast<double>(value);
        if (!(wide >= -two_to_63 && wide < two_to_63) || wide != std::trunc(wide)) overflow[i] = 1;
        out[i].integer = saturated(wide);
      } else if constexpr (std::is_same_v<T, std::uint64_t>) {
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) overflow[i] = 1;
        out[i].integer = static_cast<std::int64_t>(value);
      } else {
        out[i].integer = static_cast<std::int64_t>(value);
      }
    }
  });
}

bool shifted_left(std::int64_t a, std::int64_t n, std::int64_t* result) noexcept {
  if (n < 0 || n > 63) return true;
  if (n == 63) return a != 0 && ((*result = 0), true);
  return __builtin_mul_overflow(a, std::int64_t{1} << n, result);
}

// C's remainder: the sign of the dividend.
bool c_modulo(std::int64_t a, std::int64_t b, std::int64_t* result) noexcept {
  if (b == 0) return true;
  *result = b == -1 ? 0 : a % b;
  return false;
}

bool floor_division(std::int64_t a, std::int64_t b, std::int64_t* result) noexcept {
  if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) return true;
  const std::int64_t quotient = a / b;
  *result = quotient - ((a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0);
  return false;
}

// Python's remainder: the sign of the divisor.
bool floor_modulo(std::int64_t a, std::int64_t b, std::int64_t* result) noexcept {
  if (c_modulo(a, b, result)) return true;
  if (*result != 0 && ((*result < 0) != (b < 0))) *result += b;
  return false;
}

double real_floor_modulo(double a, double b) noexcept {
  const double rest = std::fmod(a, b);
  return rest != 0.0 && ((rest < 0.0) != (b < 0.0)) ? rest + b : rest;
}

// a * 2^n of the whole parts; shifting left by a negative number has no value.
double scaled(double a, double n) noexcept {
  return std::ldexp(std::trunc(a), static_cast<int>(std::clamp(n, -4000.0, 4000.0)));
}

double sign_of(double x) noexcept { return x > 0 ? 1.0 : (x < 0 ? -1.0 : x); }   // +-0 and NaN stay
double smaller(double a, double b) noexcept { return a < b || a != a ? a : b; }  // NaN wins
double larger(double a, double b) noexcept { return a > b || a != a ? a : b; }

template <std::size_t capacity>
void integers(const Instruction& instruction, Stack<capacity>& stack) noexcept {
  using I = std::int64_t;
  switch (instruction.opcode) {
    case Opcode::negate_integer:
    case Opcode::absolute_integer:
    case Opcode::sign_integer: {
      Value* x = stack.at(0);
      for (std::size_t i = 0; i < stack.events; ++i) {
        const I value = x[i].integer;
        if (instruction.opcode == Opcode::sign_integer) {
          x[i].integer = (value > 0) - (value < 0);
        } else if (instruction.opcode == Opcode::negate_integer || value < 0) {
          if (__builtin_sub_overflow(I{0}, value, &x[i].integer)) stack.overflow[i] = 1;
        }
      }
      break;
    }
    case Opcode::add_integer:
      stack.checked_integer([](I a, I b, I* r) { return __builtin_add_overflow(a, b, r); });
      break;
    case Opcode::subtract_integer:
      stack.checked_integer([](I a, I b, I* r) { return __builtin_sub_overflow(a, b, r); });
      break;
    case Opcode::multiply_integer:
      stack.checked_integer([](I a, I b, I* r) { return __builtin_mul_overflow(a, b, r); });
      break;
    case Opcode::modulo_integer:
      stack.checked_integer(c_modulo);
      break;
    case Opcode::floor_divide_integer:
      stack.checked_integer(floor_division);
      break;
    case Opcode::remainder_integer:
      stack.checked_integer(floor_modulo);
      break;
    case Opcode::shift_left:
      stack.checked_integer(shifted_left);
      break;
    case Opcode::shift_right:
      stack.checked_integer([](I a, I n, I* r) {
        *r = a >> (n < 0 || n > 63 ? 63 : n);
        return n < 0;
      });
      break;
    case Opcode::minimum_integer:
      stack.binary_integer([](I a, I b) { return a < b ? a : b; });
      break;
    case Opcode::maximum_integer:
      stack.binary_integer([](I a, I b) { return a > b ? a : b; });
      break;
    case Opcode::bit_and:
    case Opcode::logical_and:
      stack.binary_integer([](I a, I b) { return a & b; });
      break;
    case Opcode::bit_or:
    case Opcode::logical_or:
      stack.binary_integer([](I a, I b) { return a | b; });
      break;
    case Opcode::less_integer:
      stack.binary_integer([](I a, I b) { return I{a < b}; });
      break;
    case Opcode::less_equal_integer:
      stack.binary_integer([](I a, I b) { return I{a <= b}; });
      break;
    case Opcode::greater_integer:
      stack.binary_integer([](I a, I b) { return I{a > b}; });
      break;
    case Opcode::greater_equal_integer:
      stack.binary_integer([](I a, I b) { return I{a >= b}; });
      break;
    case Opcode::equal_integer:
      stack.binary_integer([](I a, I b) { return I{a == b}; });
      break;
    case Opcode::not_equal_integer:
      stack.binary_integer([](I a, I b) { return I{a != b}; });
      break;
    case Opcode::less_mixed:
      stack.compare_mixed([](int o) { return o == -1; });
      break;
    case Opcode::less_equal_mixed:
      stack.compare_mixed([](int o) { return o == -1 || o == 0; });
      break;
    case Opcode::greater_mixed:
      stack.compare_mixed([](int o) { return o == 1; });
      break;
    case Opcode::greater_equal_mixed:
      stack.compare_mixed([](int o) { return o == 1 || o == 0; });
      break;
    case Opcode::equal_mixed:
      stack.compare_mixed([](int o) { return o == 0; });
      break;
    case Opcode::not_equal_mixed:
      stack.compare_mixed([](int o) { return o != 0; });
      break;
    default:
      break;
  }
}

template <std::size_t capacity>
void reals(const Instruction& instruction, Stack<capacity>& stack) noexcept {
  using D = double;
  switch (instruction.opcode) {
    case Opcode::negate:
      stack.unary_real([](D x) { return -x; });
      break;
    case Opcode::add:
      stack.binary_real([](D a, D b) { return a + b; });
      break;
    case Opcode::subtract:
      stack.binary_real([](D a, D b) { return a - b; });
      break;
    case Opcode::multiply:
      stack.binary_real([](D a, D b) { return a * b; });
      break;
    case Opcode::divide:
      stack.binary_real([](D a, D b) { return a / b; });
      break;
    case Opcode::modulo:
      stack.binary_real([](D a, D b) { return std::fmod(a, b); });
      break;
    case Opcode::floor_divide:
      stack.binary_real([](D a, D b) { return std::floor(a / b); });
      break;
    case Opcode::remainder:
      stack.binary_real(real_floor_modulo);
      break;
    case Opcode::power:
      stack.binary_real([](D a, D b) { return std::pow(a, b); });
      break;
    case Opcode::square:
      stack.unary_real([](D x) { return x * x; });
      break;
    case Opcode::shift_left_real:
      stack.binary_real([](D a, D n) { return n >= 0 ? scaled(a, n) : std::numeric_limits<D>::quiet_NaN(); });
      break;
    case Opcode::shift_right_real:
      stack.binary_real(
          [](D a, D n) { return n >= 0 ? std::floor(scaled(a, -n)) : std::numeric_limits<D>::quiet_NaN(); });
      break;
    case Opcode::less:
      stack.compare_real([](D a, D b) { return a < b; });
      break;
    case Opcode::less_equal:
      stack.compare_real([](D a, D b) { return a <= b; });
      break;
    case Opcode::greater:
      stack.compare_real([](D a, D b) { return a > b; });
      break;
    case Opcode::greater_equal:
      stack.compare_real([](D a, D b) { return a >= b; });
      break;
    case Opcode::equal:
      stack.compare_real([](D a, D b) { return a == b; });
      break;
    case Opcode::not_equal:
      stack.compare_real([](D a, D b) { return a != b; });
      break;
    case Opcode::absolute:
      stack.unary_real([](D x) { return std::fabs(x); });
      break;
    case Opcode::sign:
      stack.unary_real(sign_of);
      break;
    case Opcode::copy_sign:
      stack.binary_real([](D a, D b) { return std::copysign(a, b); });
      break;
    case Opcode::minimum:
      stack.binary_real(smaller);
      break;
    case Opcode::maximum:
      stack.binary_real(larger);
      break;
    case Opcode::minimum_number:
      stack.binary_real([](D a, D b) { return std::fmin(a, b); });
      break;
    case Opcode::maximum_number:
      stack.binary_real([](D a, D b) { return std::fmax(a, b); });
      break;
    case Opcode::square_root:
      stack.unary_real([](D x) { return std::sqrt(x); });
      break;
    case Opcode::cube_root:
      stack.unary_real([](D x) { return std::cbrt(x); });
      break;
    case Opcode::exponential:
      stack.unary_real([](D x) { return std::exp(x); });
      break;
    case Opcode::exponential_minus_one:
      stack.unary_real([](D x) { return std::expm1(x); });
      break;
    case Opcode::logarithm:
      stack.unary_real([](D x) { return std::log(x); });
      break;
    case Opcode::logarithm10:
      stack.unary_real([](D x) { return std::log10(x); });
      break;
    case Opcode::logarithm2:
      stack.unary_real([](D x) { return std::log2(x); });
      break;
    case Opcode::logarithm_one_plus:
      stack.unary_real([](D x) { return std::log1p(x); });
      break;
    case Opcode::sine:
      stack.unary_real([](D x) { return std::sin(x); });
      break;
    case Opcode::cosine:
      stack.unary_real([](D x) { return std::cos(x); });
      break;
    case Opcode::tangent:
      stack.unary_real([](D x) { return std::tan(x); });
      break;
    case Opcode::arc_sine:
      stack.unary_real([](D x) { return std::asin(x); });
      break;
    case Opcode::arc_cosine:
      stack.unary_real([](D x) { return std::acos(x); });
      break;
    case Opcode::arc_tangent:
      stack.unary_real([](D x) { return std::atan(x); });
      break;
    case Opcode::arc_tangent2:
      stack.binary_real([](D a, D b) { return std::atan2(a, b); });
      break;
    case Opcode::hyperbolic_sine:
      stack.unary_real([](D x) { return std::sinh(x); });
      break;
    case Opcode::hyperbolic_cosine:
      stack.unary_real([](D x) { return std::cosh(x); });
      break;
    case Opcode::hyperbolic_tangent:
      stack.unary_real([](D x) { return std::tanh(x); });
      break;
    case Opcode::area_sine:
      stack.unary_real([](D x) { return std::asinh(x); });
      break;
    case Opcode::area_cosine:
      stack.unary_real([](D x) { return std::acosh(x); });
      break;
    case Opcode::area_tangent:
      stack.unary_real([](D x) { return std::atanh(x); });
      break;
    case Opcode::hypotenuse:
      stack.binary_real([](D a, D b) { return std::hypot(a, b); });
      break;
    case Opcode::floor:
      stack.unary_real([](D x) { return std::floor(x); });
      break;
    case Opcode::ceiling:
      stack.unary_real([](D x) { return std::ceil(x); });
      break;
    case Opcode::truncate:
      stack.unary_real([](D x) { return std::trunc(x); });
      break;
    case Opcode::round_half_away:
      stack.unary_real([](D x) { return std::round(x); });
      break;
    case Opcode::round_half_even:
      stack.unary_real([](D x) { return std::nearbyint(x); });
      break;
    case Opcode::error_function:
      stack.unary_real([](D x) { return std::erf(x); });
      break;
    case Opcode::complementary_error_function:
      stack.unary_real([](D x) { return std::erfc(x); });
      break;
    case Opcode::gamma_function:
      stack.unary_real([](D x) { return std::tgamma(x); });
      break;
    case Opcode::logarithm_gamma: {
      // lgamma writes a global sign; lgamma_r does not.
      stack.unary_real([](D x) {
        int sign = 0;
        return lgamma_r(x, &sign);
      });
      break;
    }
    case Opcode::phi_interval:
      stack.unary_real([](D x) { return std::remainder(x, 6.283185307179586); });
      break;
    case Opcode::is_nan:
      stack.unary_test([](D x) { return x != x; });
      break;
    case Opcode::is_finite:
      stack.unary_test([](D x) { return std::isfinite(x); });
      break;
    case Opcode::is_infinite:
      stack.unary_test([](D x) { return std::isinf(x); });
      break;
    default:
      break;
  }
}

template <std::size_t capacity>
void run(const std::vector<Instruction>& instructions, const Column* columns, std::size_t begin,
         Stack<capacity>& stack) noexcept {
  const std::size_t n = stack.events;
  for (const Instruction& instruction : instructions) {
    switch (instruction.opcode) {
      case Opcode::constant:
        ++stack.top;
        for (std::size_t i = 0; i < n; ++i) stack.at(0)[i] = instruction.constant;
        break;
      case Opcode::load_boolean:
        ++stack.top;
        load_boolean(columns[instruction.operand], begin, n, stack.at(0));
        break;
      case Opcode::load_integer:
        ++stack.top;
        load_integer(columns[instruction.operand], begin, n, stack.at(0), stack.overflow);
        break;
      case Opcode::load_real:
        ++stack.top;
        load_real(columns[instruction.operand], begin, n, stack.at(0));
        break;
      case Opcode::integer_to_real: {
        Value* x = stack.at(instruction.operand);
        for (std::size_t i = 0; i < n; ++i) x[i].real = static_cast<double>(x[i].integer);
        break;
      }
      case Opcode::real_to_integer: {
        Value* x = stack.at(instruction.operand);
        for (std::size_t i = 0; i < n; ++i) x[i].integer = saturated(x[i].real);
        break;
      }
      case Opcode::integer_to_truth: {
        Value* x = stack.at(instruction.operand);
        for (std::size_t i = 0; i < n; ++i) x[i].integer = x[i].integer != 0 ? 1 : 0;
        break;
      }
      case Opcode::real_to_truth: {
        Value* x = stack.at(instruction.operand);
        for (std::size_t i = 0; i < n; ++i) x[i].integer = truth(x[i].real) ? 1 : 0;
        break;
      }
      case Opcode::swap:
        std::swap_ranges(stack.at(0), stack.at(0) + n, stack.at(1));
        break;
      case Opcode::logical_not: {
        Value* x = stack.at(0);
        for (std::size_t i = 0; i < n; ++i) x[i].integer ^= 1;
        break;
      }
      case Opcode::select: {
        Value* c = stack.at(2);
        const Value* a = stack.at(1);
        const Value* b = stack.at(0);
        for (std::size_t i = 0; i < n; ++i) c[i] = c[i].integer != 0 ? a[i] : b[i];
        stack.top -= 2;
        break;
      }
      case Opcode::select_middle: {
        Value* a = stack.at(2);
        const Value* c = stack.at(1);
        const Value* b = stack.at(0);
        for (std::size_t i = 0; i < n; ++i) a[i] = c[i].integer != 0 ? a[i] : b[i];
        stack.top -= 2;
        break;
      }
      default:
        if (instruction.opcode < Opcode::negate) {
          integers(instruction, stack);
        } else {
          reals(instruction, stack);
        }
    }
  }
}

double as_double(Value value, Kind kind) noexcept {
  return kind == Kind::boolean || kind == Kind::integer ? static_cast<double>(value.integer) : value.real;
}

}  // namespace

Kind kind_of(Storage storage) noexcept {
  if (storage == Storage::boolean) return Kind::boolean;
  return storage >= Storage::float32 ? Kind::real : Kind::integer;
}

Program::Program(std::vector<Instruction> instructions, std::vector<Instruction> in_reals, Kind result,
                 std::size_t stack_size, std::size_t input_count)
    : instructions_(std::move(instructions)),
      in_reals_(std::move(in_reals)),
      result_(result),
      stack_size_(stack_size),
      input_count_(input_count) {}

double Program::evaluate(const Column* columns, std::size_t event) const noexcept {
  Value slots[maximum_stack];
  std::uint8_t overflow = 0;
  Stack<1> stack{slots, &overflow, 1};
  run(instructions_, columns, event, stack);
  if (overflow == 0) return as_double(slots[0], result_);
  Stack<1> again{slots, &overflow, 1};
  run(in_reals_, columns, event, again);
  return as_double(slots[0], result_ == Kind::boolean ? Kind::boolean : Kind::real);
}

double Program::evaluate(const double* values) const noexcept {
  Column columns[maximum_inputs];
  for (std::size_t i = 0; i < input_count_; ++i) columns[i] = Column{values + i, 0, Storage::float64};
  return evaluate(columns, 0);
}

void Program::evaluate(const Column* columns, std::size_t begin, std::size_t end, double* results) const {
  const auto slots = std::make_unique<Value[]>(stack_size_ * block_size);
  std::uint8_t overflow[block_size] = {};
  for (std::size_t first = begin; first < end; first += block_size) {
    const std::size_t n = std::min(block_size, end - first);
    Stack<block_size> stack{slots.get(), overflow, n};
    run(instructions_, columns, first, stack);
    for (std::size_t i = 0; i < n; ++i) results[first - begin + i] = as_double(slots[i], result_);
    for (std::size_t i = 0; i < n; ++i) {
      if (overflow[i] == 0) continue;
      results[first - begin + i] = evaluate(columns, first + i);
      overflow[i] = 0;
    }
  }
}

bool Program::evaluate_integers(const Column* columns, std::size_t begin, std::size_t end,
                                std::int64_t* results) const {
  const auto slots = std::make_unique<Value[]>(stack_size_ * block_size);
  std::uint8_t overflow[block_size] = {};
  bool exact = true;
  for (std::size_t first = begin; first < end; first += block_size) {
    const std::size_t n = std::min(block_size, end - first);
    Stack<block_size> stack{slots.get(), overflow, n};
    run(instructions_, columns, first, stack);
    for (std::size_t i = 0; i < n; ++i) {
      results[first - begin + i] = overflow[i] == 0 ? slots[i].integer : saturated(evaluate(columns, first + i));
      exact = exact && overflow[i] == 0;
      overflow[i] = 0;
    }
  }
  return exact;
}

}  // namespace diskern::expression
