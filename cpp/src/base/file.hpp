#pragma once
// Whole files in and out. A file that is written appears complete or not at all.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace diskern {

// Throws InvalidArgument (with the system's reason) when it cannot be read, FormatError when it is larger than
// maximum_size bytes.
std::vector<std::uint8_t> read_file(const std::string& path, std::size_t maximum_size);

// Writes a temporary file in the same folder, flushes it to the disk and renames it. On failure InvalidArgument with
// the system's reason; the temporary file is removed and an earlier file of that name is as it was.
void write_file(const std::string& path, const std::uint8_t* data, std::size_t size);

}  // namespace diskern
