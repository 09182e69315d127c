#include "base/dispatch.hpp"

#include <cstdlib>
#include <iterator>
#include <string_view>

#include "diskern/error.hpp"

namespace diskern {

namespace {

constexpr InstructionSet all_levels[] = {InstructionSet::scalar, InstructionSet::avx2, InstructionSet::avx512,
                                         InstructionSet::neon};

bool supported(InstructionSet level) {
  switch (level) {
    case InstructionSet::scalar:
      return true;
    // The builtin asks the processor and whether the operating system saves the registers.
    case InstructionSet::avx2:
#if defined(DISKERN_HAVE_AVX2)
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
             __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
#else
      return false;
#endif
    case InstructionSet::avx512:
#if defined(DISKERN_HAVE_AVX512)
      return supported(InstructionSet::avx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
      return false;
#endif
    case InstructionSet::neon:
#if defined(DISKERN_HAVE_NEON)
      return true;
#else
      return false;
#endif
  }
  return false;
}

std::string list_of(const std::vector<InstructionSet>& levels) {
  std::string text;
  for (const InstructionSet level : levels) text += (text.empty() ? "" : ", ") + std::string(name(level));
  return text;
}

}  // namespace

const char* name(InstructionSet level) noexcept {
  switch (level) {
    case InstructionSet::scalar:
      return "scalar";
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
    case InstructionSet::neon:
      return "neon";
  }
  return "unknown";
}

const std::vector<InstructionSet>& supported_instruction_sets() {
  static const std::vector<InstructionSet> levels = [] {
    std::vector<InstructionSet> found;
    for (const InstructionSet level : all_levels) {
      if (supported(level)) found.push_back(level);
    }
    return found;
  }();
  return levels;
}

InstructionSet choose_instruction_set(const char* requested) {
  const std::vector<InstructionSet>& levels = supported_instruction_sets();
  if (requested == nullptr || *requested == '\0') return levels.back();
  for (const InstructionSet level : all_levels) {
    if (std::string_view(requested) != name(level)) continue;
    if (supported(level)) return level;
    throw InvalidArgument("the environment variable DISKERN_ISA is '" + std::string(requested) +
                          "', which this machine or this build does not have; it has " + list_of(levels));
  }
  throw InvalidArgument("the environment variable DISKERN_ISA is '" + std::string(requested) + "', expected one of " +
                        list_of({std::begin(all_levels), std::end(all_levels)}) + " (this machine has " +
                        list_of(levels) + ")");
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = choose_instruction_set(std::getenv("DISKERN_ISA"));
  return chosen;
}

}  // namespace diskern
