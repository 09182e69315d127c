#pragma once
// Which instruction set the kernels use: the best that this machine and this build have, or what the environment
// variable DISKERN_ISA names (for tests and for comparing machines). Chosen once per process.

#include <string>
#include <vector>

namespace diskern {

// In ascending order within one architecture. neon and the two AVX levels never meet.
enum class InstructionSet { scalar = 0, avx2 = 1, avx512 = 2, neon = 3 };

const char* name(InstructionSet level) noexcept;

// Those that are in the build and run on this machine, scalar first, best last.
const std::vector<InstructionSet>& supported_instruction_sets();

// The level that `requested` names; nullptr or empty: the best. InvalidArgument for an unknown name (the message lists
// the known ones) and for a level that this machine or build does not have.
InstructionSet choose_instruction_set(const char* requested);

// The level of this process. Throws as choose_instruction_set does, for the value of DISKERN_ISA. Functions that are
// noexcept must have their kernels from a constructor or a load, not ask here for the first time.
InstructionSet instruction_set();

// One kernel table per level; an absent one is nullptr, and the best level below it steps in.
template <class Table>
struct KernelTables {
  const Table* scalar = nullptr;
  const Table* avx2 = nullptr;
  const Table* avx512 = nullptr;
  const Table* neon = nullptr;

  const Table& at(InstructionSet level) const noexcept {
    if (level == InstructionSet::neon && neon != nullptr) return *neon;
    if (level == InstructionSet::avx512 && avx512 != nullptr) return *avx512;
    if ((level == InstructionSet::avx512 || level == InstructionSet::avx2) && avx2 != nullptr) return *avx2;
    return *scalar;
  }
};

}  // namespace diskern
