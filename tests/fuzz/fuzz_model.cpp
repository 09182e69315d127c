// Any bytes as a model file. Checksums are not looked at, so that the fuzzer reaches what lies behind them; a mutator
// puts lengths right from time to time.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "evaluate.hpp"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    diskern::fuzz::use(diskern::model::read_model(data, size, {false}));
  } catch (const diskern::FormatError&) {
  }
  return 0;
}

// The total size stands in the header; without it every insertion and deletion would end there.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  const size_t new_size = LLVMFuzzerMutate(data, size, max_size);
  if (new_size >= 28 && seed % 8 != 0) {
    const auto total = static_cast<uint64_t>(new_size);
    std::memcpy(data + 16, &total, sizeof(total));
    // One section that reaches to the end: its length as well.
    if (seed % 4 == 1 && new_size > 60 && data[28] < 30) {
      const size_t position = 28 + 1 + data[28] + 1;
      const uint64_t length = new_size - position - 8 - 4;
      if (data[12] == 1) std::memcpy(data + position, &length, sizeof(length));
    }
  }
  return new_size;
}
