#include <limits>
#include <map>

#include "expression/syntax.hpp"

namespace diskern::expression {

namespace {

constexpr std::uint32_t many = 100;
constexpr double pi = 3.141592653589793;

using Table = std::map<std::string, Function, std::less<>>;

Function real(Opcode opcode, std::uint32_t arguments = 1) {
  return {Operation::real_function, opcode, arguments, arguments, 0};
}
Function rounding(Opcode opcode) { return {Operation::rounding, opcode, 1, 1, 0}; }
Function test(Opcode opcode) { return {Operation::test, opcode, 1, 1, 0}; }
Function other(Operation operation, std::uint32_t least, std::uint32_t most) {
  return {operation, Opcode::constant, least, most, 0};
}
Function constant(double value) { return {Operation::constant, Opcode::constant, 0, 0, value}; }

Table make_table() {
  Table table;
  // Names that C, Python and NumPy share.
  const Table shared = {
      {"sqrt", real(Opcode::square_root)},
      {"cbrt", real(Opcode::cube_root)},
      {"exp", real(Opcode::exponential)},
      {"expm1", real(Opcode::exponential_minus_one)},
      {"log", real(Opcode::logarithm)},
      {"log10", real(Opcode::logarithm10)},
      {"log2", real(Opcode::logarithm2)},
      {"log1p", real(Opcode::logarithm_one_plus)},
      {"sin", real(Opcode::sine)},
      {"cos", real(Opcode::cosine)},
      {"tan", real(Opcode::tangent)},
      {"sinh", real(Opcode::hyperbolic_sine)},
      {"cosh", real(Opcode::hyperbolic_cosine)},
      {"tanh", real(Opcode::hyperbolic_tangent)},
      {"hypot", real(Opcode::hypotenuse, 2)},
      {"floor", rounding(Opcode::floor)},
      {"ceil", rounding(Opcode::ceiling)},
      {"trunc", rounding(Opcode::truncate)},
      {"rint", rounding(Opcode::round_half_even)},
      {"isnan", test(Opcode::is_nan)},
      {"isfinite", test(Opcode::is_finite)},
      {"isinf", test(Opcode::is_infinite)},
      {"abs", other(Operation::absolute, 1, 1)},
      {"fabs", other(Operation::absolute, 1, 1)},
      {"pow", other(Operation::power, 2, 2)},
      {"fmod", other(Operation::modulo, 2, 2)},
      {"fmin", real(Opcode::minimum_number, 2)},
      {"fmax", real(Opcode::maximum_number, 2)},
      {"copysign", real(Opcode::copy_sign, 2)},
      {"sign", other(Operation::sign, 1, 2)},
      {"min", other(Operation::minimum, 2, many)},
      {"max", other(Operation::maximum, 2, many)},
  };
  const Table c_names = {
      {"asin", real(Opcode::arc_sine)},
      {"acos", real(Opcode::arc_cosine)},
      {"atan", real(Opcode::arc_tangent)},
      {"atan2", real(Opcode::arc_tangent2, 2)},
      {"asinh", real(Opcode::area_sine)},
      {"acosh", real(Opcode::area_cosine)},
      {"atanh", real(Opcode::area_tangent)},
      {"erf", real(Opcode::error_function)},
      {"erfc", real(Opcode::complementary_error_function)},
      {"tgamma", real(Opcode::gamma_function)},
      {"lgamma", real(Opcode::logarithm_gamma)},
      {"round", rounding(Opcode::round_half_away)},
      {"nearbyint", rounding(Opcode::round_half_even)},
  };
  const Table bare_names = {
      {"int", rounding(Opcode::truncate)},
      {"float", other(Operation::to_real, 1, 1)},
      {"double", other(Operation::to_real, 1, 1)},
      {"bool", other(Operation::to_truth, 1, 1)},
      {"sq", other(Operation::square, 1, 1)},
      {"square", other(Operation::square, 1, 1)},
      {"where", other(Operation::select, 3, 3)},
      {"deltaphi", other(Operation::delta_phi, 2, 2)},
      {"DeltaPhi", other(Operation::delta_phi, 2, 2)},
      {"TVector2::Phi_mpi_pi", real(Opcode::phi_interval)},
  };
  const Table numpy_names = {
      {"arcsin", real(Opcode::arc_sine)},
      {"arccos", real(Opcode::arc_cosine)},
      {"arctan", real(Opcode::arc_tangent)},
      {"arctan2", real(Opcode::arc_tangent2, 2)},
      {"arcsinh", real(Opcode::area_sine)},
      {"arccosh", real(Opcode::area_cosine)},
      {"arctanh", real(Opcode::area_tangent)},
      {"round", rounding(Opcode::round_half_even)},
      {"absolute", other(Operation::absolute, 1, 1)},
      {"power", other(Operation::power, 2, 2)},
      {"square", other(Operation::square, 1, 1)},
      {"mod", other(Operation::remainder, 2, 2)},
      {"remainder", other(Operation::remainder, 2, 2)},
      {"floor_divide", other(Operation::floor_divide, 2, 2)},
      {"minimum", other(Operation::minimum, 2, 2)},
      {"maximum", other(Operation::maximum, 2, 2)},
      {"where", other(Operation::select, 3, 3)},
      {"logical_and", other(Operation::logical_and, 2, 2)},
      {"logical_or", other(Operation::logical_or, 2, 2)},
      {"logical_not", other(Operation::logical_not, 1, 1)},
  };
  const Table tmath_names = {
      {"Sqrt", real(Opcode::square_root)},
      {"Exp", real(Opcode::exponential)},
      {"Log", real(Opcode::logarithm)},
      {"Log10", real(Opcode::logarithm10)},
      {"Log2", real(Opcode::logarithm2)},
      {"Sin", real(Opcode::sine)},
      {"Cos", real(Opcode::cosine)},
      {"Tan", real(Opcode::tangent)},
      {"ASin", real(Opcode::arc_sine)},
      {"ACos", real(Opcode::arc_cosine)},
      {"ATan", real(Opcode::arc_tangent)},
      {"ATan2", real(Opcode::arc_tangent2, 2)},
      {"SinH", real(Opcode::hyperbolic_sine)},
      {"CosH", real(Opcode::hyperbolic_cosine)},
      {"TanH", real(Opcode::hyperbolic_tangent)},
      {"ASinH", real(Opcode::area_sine)},
      {"ACosH", real(Opcode::area_cosine)},
      {"ATanH", real(Opcode::area_tangent)},
      {"Hypot", real(Opcode::hypotenuse, 2)},
      {"Erf", real(Opcode::error_function)},
      {"Erfc", real(Opcode::complementary_error_function)},
      {"Gamma", real(Opcode::gamma_function)},
      {"LnGamma", real(Opcode::logarithm_gamma)},
      {"Floor", rounding(Opcode::floor)},
      {"Ceil", rounding(Opcode::ceiling)},
      {"FloorNint", rounding(Opcode::floor)},
      {"CeilNint", rounding(Opcode::ceiling)},
      {"Nint", rounding(Opcode::round_half_even)},
      {"IsNaN", test(Opcode::is_nan)},
      {"Finite", test(Opcode::is_finite)},
      {"Abs", other(Operation::absolute, 1, 1)},
      {"Power", other(Operation::power, 2, 2)},
      {"Sq", other(Operation::square, 1, 1)},
      {"Min", other(Operation::minimum, 2, 2)},
      {"Max", other(Operation::maximum, 2, 2)},
      {"Sign", real(Opcode::copy_sign, 2)},
      {"Even", other(Operation::even, 1, 1)},
      {"Odd", other(Operation::odd, 1, 1)},
      {"Pi", constant(pi)},
      {"TwoPi", constant(2 * pi)},
      {"PiOver2", constant(pi / 2)},
      {"PiOver4", constant(pi / 4)},
      {"InvPi", constant(1 / pi)},
      {"RadToDeg", constant(180 / pi)},
      {"DegToRad", constant(pi / 180)},
      {"E", constant(2.718281828459045)},
      {"Ln10", constant(2.302585092994046)},
      {"LogE", constant(0.4342944819032518)},
      {"Sqrt2", constant(1.4142135623730951)},
      {"Infinity", constant(std::numeric_limits<double>::infinity())},
      {"QuietNaN", constant(std::numeric_limits<double>::quiet_NaN())},
  };
  const auto add = [&table](const Table& names, const std::string& prefix) {
    for (const auto& [name, function] : names) table.emplace(prefix + name, function);
  };
  for (const char* prefix : {"", "std::", "math."}) {
    add(shared, prefix);
    add(c_names, prefix);
  }
  add(bare_names, "");
  for (const char* prefix : {"np.", "numpy."}) {
    add(numpy_names, prefix);  // before the shared ones, which never overwrite
    add(shared, prefix);
  }
  add(tmath_names, "TMath::");
  return table;
}

const Table& table() {
  static const Table functions = make_table();
  return functions;
}

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

const std::vector<std::string>& function_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& entry : table()) all.push_back(entry.first);
    return all;
  }();
  return names;
}

}  // namespace diskern::expression
