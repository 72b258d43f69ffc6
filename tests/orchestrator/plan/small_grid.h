// A small grid on disk, in order, that a test damages in one place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid::testing {

// Cohorts A (20 patients, A00 to A19, every second one positive) and B (6 patients), four features a tile, one slide
// each, written below a scratch folder: c.ini, A/clini.csv, A/slide.csv, A/feats/A00.h5, ... Row r of a table, as an
// editor counts, is of patient r - 2.
class SmallGrid {
 public:
  SmallGrid();
  const Scratch& scratch() const { return scratch_; }
  std::filesystem::path path(const std::string& name) const { return scratch_.path() / name; }

  // Replaces the first occurrence of `from` in a text file.
  void replace(const std::string& name, const std::string& from, const std::string& to) const;
  // Writes a feature file anew: `tiles` x `width` float16 bit patterns `value`.
  void features(const std::string& name, int tiles, std::int64_t width, std::uint16_t value,
                const std::string& extractor = "ctranspath") const;
  // Puts a file of tests/datasets/fixtures in its place.
  void fixture(const std::string& name, const std::string& fixture) const;
  // Writes the tables and features of a further cohort of that name, like the first two.
  void cohort(const std::string& name, int patients) const;

 private:
  Scratch scratch_;
};

}  // namespace mtlgrid::testing
