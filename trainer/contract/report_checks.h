// Whether what a trainer reports can be true: shapes and ranges, before anything is passed on, committed or shown. Its
// rank asks, and the coordinator again, since a rank may be damaged too.
//
// All throw Error(fatal) whose text says what is wrong, in a few words and without a sender.
#pragma once

#include <string>

#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// A text for people: a name or a cause of at most 64 KiB, and the lines of a log.
inline constexpr std::size_t kLongestText = std::size_t{1} << 16, kLongestDetail = std::size_t{1} << 24;
void check_text(const char* what, const std::string& text, std::size_t longest = kLongestText);
// `value` is at least `least` and at most `most`.
void check_range(const char* what, std::int64_t value, std::int64_t least, std::int64_t most);

void check_environment(const Environment& environment);
void check_progress(const Progress& progress);
void check_answer(const Ready& ready);
void check_answer(const StageId& answer);
void check_answer(const Staged& answer);

// Everything but results.
void check_report(const FromTrainer& message);

// A result of `experiment`: its cell is in it; the predictions and embeddings are those of the fold's test patients and
// of every external cohort, in the experiment's order and with its labels; numbers are finite, or NaN where there may
// be none; metrics are known ones of those cohorts. Of an experiment with slides instead: one of its slides, with its
// files, and numbers of tiles that add up. Cost: linear in the result.
void check_result(const CellResult& result, const Experiment& experiment);
// A result of a cell that was not trained, which need not be one of an experiment: it has no rows.
void check_empty_result(const CellResult& result);

}  // namespace mtlgrid
