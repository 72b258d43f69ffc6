// Checking the feature files of a cohort one after the other, and comparing what they say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/causes.h"
#include "base/errors.h"
#include "datasets/cohorts/geometry_groups.h"
#include "datasets/features/feature_info.h"
#include "datasets/features/fingerprint_memory.h"

namespace mtlgrid {

class FeatureReader;

// A feature file of the cohort while it is checked. `info` is empty if its header is bad.
struct Candidate {
  std::string relative;  // to the feature folder
  std::filesystem::path path;
  bool used = true;  // by a pair: faults of other files are warnings
  std::optional<FeatureInfo> info{};
  std::string hash{};
  std::string slide() const { return path.stem().string(); }
  bool empty() const { return info && info->tiles == 0; }  // a slide without tissue
};

// Collects what is wrong with the files of a cohort by cause.
class FileCheck {
 public:
  // `unlisted`: lines on slides in folders that cannot be listed. All must outlive this object.
  FileCheck(const std::filesystem::path& folder, const Problems& unlisted, FingerprintMemory& memory,
            FeatureReader& reader)
      : folder_(folder), unlisted_(unlisted), memory_(memory), reader_(reader) {}

  // Reads the file's header, and its values unless the memory knows them; sets `info` and `hash`.
  void check(Candidate& file);

  // Each of these takes all files, and returns what they have in common; those that differ from it are faults. The most
  // frequent value counts. Files that no pair uses count where no other is there; slides without tissue never do.
  std::int64_t width(const std::vector<Candidate>& files);
  // Canonical. `all_must`: files that could name an extractor and do not are faults where others name one.
  std::string extractor(const std::vector<Candidate>& files, bool all_must);
  FeatureLevel level(const std::vector<Candidate>& files);
  std::vector<GeometryGroup> geometries(const std::vector<Candidate>& files);

  // Adds what was found. Throws Error(needs_person) if files or folders could not be read and nothing else is wrong.
  void report(Problems& problems, std::vector<std::string>& warnings) const;

 private:
  const std::filesystem::path& folder_;
  const Problems& unlisted_;
  FingerprintMemory& memory_;
  FeatureReader& reader_;
  bool patient_ = true;  // no file could not be read yet
  Causes faults_, system_, unused_, zeros_;
  Problems mixed_;  // levels and geometries
};

}  // namespace mtlgrid
