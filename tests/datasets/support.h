// Shared by the tests of datasets/: a temporary folder, and a small cohort on disk that a test modifies.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/cohorts/cohort.h"

namespace mtlgrid::testing {

// A new folder, removed with everything in it at the end.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

void write_text(const std::filesystem::path& file, const std::string& text);
std::string read_text(const std::filesystem::path& file);
inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(MTLGRID_FEATURE_FIXTURES) / name;
}

// A feature file as it is now.
KnownFeatures known(const std::filesystem::path& file);

// The problems an action throws as InputError; empty if it throws none.
template <typename Action>
std::vector<std::string> problems_of(Action&& action) {
  Problems problems;
  problems.collect(action);
  return problems.lines();
}

// A cohort of tables and feature files (width 3, float16 values that tell files apart) in a temporary folder.
class CohortOnDisk {
 public:
  explicit CohortOnDisk(const std::string& name = "C");
  CohortOnDisk& clini(const std::string& text);   // whole csv
  CohortOnDisk& slides(const std::string& text);  // whole csv
  CohortOnDisk& file(const std::string& relative, int tiles = 2, std::int64_t width = 3,
                     const std::string& extractor = "ctranspath", std::uint16_t value = 0x3c00);
  const CohortFiles& files() const { return files_; }
  CohortFiles& files() { return files_; }
  std::filesystem::path feats(const std::string& relative) const { return files_.features / relative; }

  Cohort load();  // expects no problem
  std::vector<std::string> problems();

 private:
  TempFolder folder_;
  CohortFiles files_;
};

// "patient/slide: reason" of every drop.
std::vector<std::string> drops_of(const std::vector<Drop>& drops);
std::vector<std::string> names_of(const Cohort& cohort);

}  // namespace mtlgrid::testing
