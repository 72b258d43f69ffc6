// Splits in JSON.
#pragma once

#include <filesystem>
#include <string>

#include "orchestrator/plan/split_lists.h"

namespace mtlgrid {

// Reads the text of `file`, in one of these forms:
//   {"splits": [{"train_patients": [...], "test_patients": [...]}, ...]}   STAMP's (spec/formats.md 3.1)
//   [{"train": [...], "val": [...], "test": [...]}, ...], or below "splits", or {"fold_0": {...}, "fold_1": {...}}
//   {PATIENT: FOLD, ...}                                                   the fold in which each patient is tested
//   [{"strategy": "k-fold", "tfrecords": {"k-fold-1": [...], ...}}, ...]    Slideflow's plans: the only
//   cross-validation, or
//                                                                          the only one of `folds` folds
// Keys of a split are the words of part_of(), with or without _patients, _ids, _cases, _slides; "val" may be absent and
// other keys are ignored. Names may be numbers. Throws InputError for anything else.
SplitFile read_split_json(const std::string& text, const std::filesystem::path& file, int folds);

}  // namespace mtlgrid
