// The log of an attempt, in its folder: everything the trainer writes to stderr while it trains a pack. No torch.
#pragma once

#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// During this object's lifetime stderr and stdout of this process go to the file `log` (kAttemptLog; appended; created
// with its folder) of the pack's first member. The other members' `log` is a link to it. The first line names process,
// host and members. Throws Error(needs_person) if the disk is full, Error(fatal) on other failures.
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
