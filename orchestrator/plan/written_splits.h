// The folds of a plan as STAMP's splits.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

struct WrittenSplits {
  std::filesystem::path file;
  std::vector<std::string> pairs;  // "MSI/LF", ...: those that have these splits
  std::string text;
};

// {"splits": [{"train_patients": [...], "test_patients": [...]}, ...]}, indented by 4, one element a fold, patients
// ascending. Validation patients are among the training patients, as STAMP splits them off itself. Where all pairs have
// the same splits, that is one text for `file`. Otherwise a biomarker whose pairs have the same has FILE-BIOMARKER
// (before the suffix), and one whose pairs differ, since patients lack auxiliary values, FILE-BIOMARKER-AUXILIARY for
// each. Throws InputError if two of these names are one.
std::vector<WrittenSplits> written_splits(const Plan& plan, const std::filesystem::path& file);

}  // namespace mtlgrid
