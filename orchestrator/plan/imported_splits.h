// Folds from a file of splits instead of our own ones.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/splits/folds.h"
#include "orchestrator/config/config.h"
#include "orchestrator/plan/pair_sites.h"

namespace mtlgrid {

struct ImportedSplits {
  std::vector<FoldSplit> folds;
  std::vector<GroupedValidation> validation;  // of each fold, where there are site groups and the file has none of it
  std::string form;                           // what was read and how, for `plan`
  std::size_t never_tested = 0, often_tested = 0;  // training rows in no fold's test part, and in several
};

// Reads the splits of `file`, a file or folder (split_file.h), one a fold, for the training rows of `pair`. Names are
// of patients, or of slides. Patients whom the pair does not use are ignored, and so is the order in the lists. Where
// the file has no validation patients, validation rows are split off each fold's training rows as for our own folds,
// with `split_seed`, and in whole site groups where there are `sites`. Throws InputError naming the file and the split:
// what read_split_file() refuses, a patient of the pair who is in no part or in two (where none of the file's lists has
// some, the nearest explanation of how their names differ), a test or training part without both classes, no validation
// patients in one split of a file that has them, and a site group in two parts of a split.
ImportedSplits imported_splits(const std::filesystem::path& file, const Pair& pair, const Cohort& cohort,
                               const Config& config, const PairSites* sites = nullptr);

}  // namespace mtlgrid
