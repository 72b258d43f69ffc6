// A container with a checksum that fits, so that what lies behind the checksum is reached.
#pragma once

#include <xxhash.h>

#include <cstring>
#include <string>

namespace mtlgrid::fuzz {

inline std::string sealed_container(std::string bytes) {
  if (bytes.size() < 16) return bytes;
  std::memcpy(bytes.data() + bytes.size() - 16, "mtlgDONE", 8);
  const std::uint64_t sum = XXH3_64bits(bytes.data(), bytes.size() - 8);
  std::memcpy(bytes.data() + bytes.size() - 8, &sum, 8);
  return bytes;
}

}  // namespace mtlgrid::fuzz
