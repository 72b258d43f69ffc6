// Reading feature files that nobody has checked yet, and checking their values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "datasets/features/feature_statistics.h"
#include "datasets/features/features.h"

namespace mtlgrid {

class FeatureDisk;

struct CheckedFile {
  FeatureInfo info;
  std::string hash;  // of the values (fingerprint.h); empty if they were not read
  // Tiles at the end that have zeros alone, of values that were read. No extractor computes them: they were never
  // written, or fill up.
  std::int64_t zero_tiles = 0;
  FeatureStatistics statistics{};  // of describe() alone
};

// How files are read: in this process (DirectReader), or in one that may die (ReaderProcess).
class FeatureReader {
 public:
  virtual ~FeatureReader() = default;
  // Reads the header and, if `values`, all values, which must be finite. `patient` false: without trying again what the
  // system refuses. Throws FileFault and SystemError as features.h says.
  virtual CheckedFile read(const std::filesystem::path& file, bool values, bool patient) = 0;
  // Reads header and values, and what these look like; the hash of a file without tiles stays empty. Throws as read(),
  // but not for values that are not finite.
  virtual CheckedFile describe(const std::filesystem::path& file) = 0;
};

// Reads in this process: a file that makes HDF5 crash ends it.
class DirectReader : public FeatureReader {
 public:
  explicit DirectReader(FeatureDisk& disk) : disk_(disk) {}  // `disk` must outlive this object
  CheckedFile read(const std::filesystem::path& file, bool values, bool patient) override;
  CheckedFile describe(const std::filesystem::path& file) override;

 private:
  FeatureDisk& disk_;
};

}  // namespace mtlgrid
