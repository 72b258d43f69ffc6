// An attempt that gave no result.
#pragma once

#include <string>

#include "base/cell.h"

namespace mtlgrid {

// How an attempt that gave no result ended.
enum class Outcome {
  failed,       // error in the maths: the cell is `failed`
  crashed,      // the trainer died
  lost,         // its worker was lost
  stopped,      // checkpointed on request (walltime, signal)
  interrupted,  // found running at a restart
};

struct AttemptFailure {
  Cell cell;
  int attempt = 0;
  Outcome outcome = Outcome::failed;
  std::string cause, detail;  // one line; everything known (log tail, signal, step)
  bool final = false;         // the cell is `failed` now; otherwise it is `pending` again
  double ended = 0;
  int resumed = 0;  // as in CellResult
};

// The outcome's name in the store and in the journal: the enumerator's.
const char* outcome_name(Outcome outcome);

}  // namespace mtlgrid
