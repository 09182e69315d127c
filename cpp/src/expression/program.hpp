#pragma once
// Bytecode of an expression and its evaluator. A value is a boolean, an exact int64 or a float64; which one is known
// when the program is compiled, so the evaluator never looks at a type.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace diskern::expression {

// What a column holds. unknown: a float64 whose origin is not known (a C++ caller); a number that may also be used as
// an operand of the boolean & | ~.
enum class Kind : std::uint8_t { boolean, integer, real, unknown };

// How a column lies in memory.
enum class Storage : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64
};

Kind kind_of(Storage storage) noexcept;

struct Column {
  const void* data = nullptr;
  std::ptrdiff_t stride = 0;  // bytes from one event to the next
  Storage storage = Storage::float64;
};

union Value {
  double real;
  std::int64_t integer;  // booleans are 0 or 1
};

// clang-format off
enum class Opcode : std::uint8_t {
  // Constants and columns.
  constant, load_boolean, load_integer, load_real,
  // Conversions of the slot `operand` places below the top.
  integer_to_real, real_to_integer, integer_to_truth, real_to_truth,
  swap,  // the two topmost
  // Booleans.
  logical_and, logical_or, logical_not, select,         // select: condition, then, else
  select_middle,                                        // then, condition, else (x if c else y)
  // Integers; an overflow marks the event for the float64 version of the program.
  negate_integer, add_integer, subtract_integer, multiply_integer, modulo_integer, floor_divide_integer, remainder_integer,
  absolute_integer, sign_integer, minimum_integer, maximum_integer, bit_and, bit_or, shift_left, shift_right,
  less_integer, less_equal_integer, greater_integer, greater_equal_integer, equal_integer, not_equal_integer,
  // An integer below, a real on top: compared exactly.
  less_mixed, less_equal_mixed, greater_mixed, greater_equal_mixed, equal_mixed, not_equal_mixed,
  // Reals.
  negate, add, subtract, multiply, divide, modulo, floor_divide, remainder, power, square, shift_left_real, shift_right_real,
  less, less_equal, greater, greater_equal, equal, not_equal,
  absolute, sign, copy_sign, minimum, maximum, minimum_number, maximum_number,
  square_root, cube_root, exponential, exponential_minus_one, logarithm, logarithm10, logarithm2, logarithm_one_plus,
  sine, cosine, tangent, arc_sine, arc_cosine, arc_tangent, arc_tangent2, hyperbolic_sine, hyperbolic_cosine,
  hyperbolic_tangent, area_sine, area_cosine, area_tangent, hypotenuse, floor, ceiling, truncate, round_half_away,
  round_half_even, error_function, complementary_error_function, gamma_function, logarithm_gamma, phi_interval,
  is_nan, is_finite, is_infinite,
};
// clang-format on

struct Instruction {
  Opcode opcode = Opcode::constant;
  std::uint32_t operand = 0;  // input of a load, slot of a conversion
  Value constant{0.0};
};

class Program {
 public:
  static constexpr std::size_t maximum_stack = 256;
  static constexpr std::size_t maximum_inputs = 1024;

  Program() = default;
  Program(std::vector<Instruction> instructions, std::vector<Instruction> in_reals, Kind result, std::size_t stack_size,
          std::size_t input_count);

  Kind result() const noexcept { return result_; }
  std::size_t input_count() const noexcept { return input_count_; }

  // One event from float64 values of the inputs. No allocation.
  double evaluate(const double* values) const noexcept;
  // One event (row `event`) of columns.
  double evaluate(const Column* columns, std::size_t event) const noexcept;
  // Events [begin, end) of columns, the same bits as one by one.
  void evaluate(const Column* columns, std::size_t begin, std::size_t end, double* results) const;
  // The same in the kind of the result; only for programs whose result is an integer. Returns false when an event
  // overflowed int64 (then its result is the rounded float64 one, saturated).
  bool evaluate_integers(const Column* columns, std::size_t begin, std::size_t end, std::int64_t* results) const;

 private:
  std::vector<Instruction> instructions_;
  std::vector<Instruction> in_reals_;  // for events in which int64 overflows; empty when that cannot happen
  Kind result_ = Kind::real;
  std::size_t stack_size_ = 0;
  std::size_t input_count_ = 0;
};

}  // namespace diskern::expression
