// The lines of an attempt's log that are read back: the one writer and the one reader of their format.
//
// A log holds lines of text. The trainer writes the lines below with the functions of this file; everything else in a
// log (its first line, warnings, what libraries print) is free text that nobody reads back. Members of a pack share a
// log, so a line about one of them begins with the cell's name: `MSI/LF/naive/2: epoch 3: ...`. What is read back
// has not changed since 0.1, so logs of every version are read alike; the losses are for people.
// tests/end_to_end/chaos.py reads the epoch lines too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/cell.h"
#include "results/records/records.h"

namespace mtlgrid {

// `CELL: TEXT`, without the end of the line.
std::string log_line(const Cell& cell, std::string_view text);
// TEXT after an epoch of training: its number, the losses of each task by its name, its duration, and `, best` if its
// weights are the best so far: `epoch 3: class MSI: train 0.41, validation 0.55; value LF: train 0.08, validation 0.09;
// 1.2 s, best`. The loss of the class is its cross-entropy, that of the value the squared error of the scaled target.
std::string epoch_log_text(const Cell& cell, const EpochRow& row, bool best);
// TEXT where training continues from a checkpoint.
std::string resumed_log_text(const std::string& checkpoint);

// What a line says about one cell.
struct LogLine {
  std::optional<int> epoch;                 // the end of this epoch
  std::optional<std::string> resumed_from;  // training continues from this checkpoint
};
// Empty for free text, and for lines about other cells.
LogLine parse_log_line(const Cell& cell, std::string_view line);
// Whether `line` is about `cell`.
bool is_log_line_of(const Cell& cell, std::string_view line);

}  // namespace mtlgrid
