// The log of an attempt, in its folder: what the trainer writes to stderr while it trains a pack. No torch.
#pragma once

#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// While it lives, stderr and stdout of this process are the file `log` (kAttemptLog, appended, made with its folder) of
// the pack's first member; the other members' `log` is a link to it. It begins with a line that says who trains what.
// Throws Error(needs_person) if the disk is full, Error(fatal) if the file cannot be made otherwise.
class AttemptLog {
 public:
  AttemptLog(const TrainPack& pack, const Environment& where);
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;
  ~AttemptLog();

 private:
  int stdout_, stderr_;  // as they were
};

}  // namespace mtlgrid
