// An open feature file of either format, whose header has been checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/features/feature_info.h"

namespace mtlgrid {

class FeatureDisk;

class OpenFeatures {
 public:
  virtual ~OpenFeatures() = default;
  FeatureInfo info;
  // Reads all values as IEEE float16 bit patterns, row by row: out.size() is tiles x width.
  virtual void read(std::span<std::uint16_t> out, FeatureDisk& disk) = 0;
};

// What is opened: `opened` is a name of the file that cannot become another one's (/proc/self/fd/N), `bytes` its size.
struct FileToOpen {
  const std::filesystem::path& file;
  std::filesystem::path opened;
  std::uint64_t bytes = 0;
  // The data were checked, and the file was there. Its attributes are not read again: their texts are where damaged
  // files make HDF5 crash.
  bool known = false;
  bool values = false;  // all values are read next
};

}  // namespace mtlgrid
