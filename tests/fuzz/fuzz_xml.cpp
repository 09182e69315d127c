// Any text as a weight file of TMVA.
#include <cstddef>
#include <cstdint>
#include <string>

#include "evaluate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    diskern::fuzz::use(diskern::model::read_tmva_xml(std::string(reinterpret_cast<const char*>(data), size)));
  } catch (const diskern::FormatError&) {
  }
  return 0;
}
