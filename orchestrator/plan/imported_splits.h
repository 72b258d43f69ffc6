// Folds from STAMP's splits.json instead of our own ones.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/splits/folds.h"
#include "orchestrator/config/config.h"

namespace mtlgrid {

// Reads {"splits": [{"train_patients": [...], "test_patients": [...]}, ...]}, one element a fold (spec/formats.md 3.1),
// for the training rows of `pair`. Patients whom the pair does not use are ignored, and so is the order in the lists.
// The validation rows are split off each fold's training rows as for our own folds, with `split_seed`.
// Throws InputError naming the file and the split: no such file, no such JSON, another number of splits than `folds`,
// a patient of the pair who is in no list or in both (where none
// of the file's lists has some, the nearest explanation of how their names differ), a test or training part without
// both classes.
std::vector<FoldSplit> imported_splits(const std::filesystem::path& file, const Pair& pair, const Cohort& cohort,
                                       const Config& config);

}  // namespace mtlgrid
