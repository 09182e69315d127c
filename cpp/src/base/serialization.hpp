#pragma once
// Sections of archive groups to bytes and back: the container of the model file (docs/model-file.md).
// The same content always gives the same bytes. Reading validates every length before it allocates.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.hpp"

namespace diskern::archive {

struct Section {
  std::string name;       // 1 to 64 letters, digits and underscores
  bool mandatory = true;  // a reader that does not know the name must refuse the file
  GroupPointer content;
};

// Version of the container and of the sections in it; larger ones are refused.
constexpr std::uint32_t format_version = 1;

// Limits that a reader enforces, so that a writer must keep them too (std::length_error).
constexpr std::size_t maximum_depth = 16;
constexpr std::size_t maximum_key = 64;
constexpr std::size_t maximum_sections = 64;
constexpr std::size_t maximum_entries = 256;                  // of one group
constexpr std::size_t maximum_groups = std::size_t{1} << 20;  // of one file
constexpr std::size_t maximum_text = std::size_t{1} << 24;

std::vector<std::uint8_t> encode(const std::vector<Section>& sections);

struct DecodeOptions {
  bool verify_checksums = true;  // off only in fuzz targets, so that they reach what lies behind
};

// The known sections, in the order of the file. Throws FormatError for anything that encode would not have written,
// for a newer version and for a mandatory section that is not among the known names; optional ones are skipped.
std::vector<Section> decode(const std::uint8_t* data, std::size_t size, const std::vector<std::string>& known_names,
                            const DecodeOptions& options = {});

// Whether the bytes begin as a model file does.
bool has_magic(const std::uint8_t* data, std::size_t size) noexcept;

// CRC-32 as in zlib and PNG; `checksum` continues an earlier one.
std::uint32_t crc32(const std::uint8_t* data, std::size_t size, std::uint32_t checksum = 0) noexcept;

bool valid_utf8(std::string_view text) noexcept;

}  // namespace diskern::archive
