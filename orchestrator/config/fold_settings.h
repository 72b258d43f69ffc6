// The keys of [grid] that decide the folds (`split_seed`, `folds`, `groups`), and how often they are repeated.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "orchestrator/config/section_reader.h"

namespace mtlgrid {

inline constexpr int kMostFolds = 1000, kMostRepeats = 1000;
inline constexpr const char* kFoldPerGroup =
    "one-per-group";  // the value of `folds` by which each site group is a fold

struct FoldSettings {
  std::uint32_t split_seed = 1337;
  int folds = 5;                // with `fold_per_group` kMostFolds, until make_plan() has read what the data have
  int repeats = 1;              // of every fold, with other random streams; not part of the identity
  std::string groups{};         // column of the training cohorts whose values are never split; empty: none
  bool fold_per_group = false;  // each value of `groups` is a fold
};

// Reads the keys from [grid] into `settings`.
void read_folds(SectionReader& grid, FoldSettings& settings);

// Adds a problem for what of a biomarker's section does not fit them: a file of splits (`imported`) where each site
// group is a fold, the label's column as the column of site groups.
void check_folds(SectionReader& biomarker, const FoldSettings& settings, bool imported,
                 const std::string& label_column);

// The keys as a grid's identity and its settings have them. `groups` is absent where it is not set, so that grids of
// versions without the key keep their identity.
nlohmann::json fold_settings(const FoldSettings& settings);

}  // namespace mtlgrid
