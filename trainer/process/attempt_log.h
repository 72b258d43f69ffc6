// The log of an attempt, in its folder: everything the trainer writes to stderr while it trains a pack. No torch.
#pragma once

#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

// During this object's lifetime stderr and stdout of this process go to the file `log` (kAttemptLog; appended; created
// with its folder) of the pack's first member. The other members' `log` is a link to it. The first line names process,
// host and members. Where the file cannot be made, both stay as they are: no attempt ends for its log.
class AttemptLog {
 public:
  AttemptLog(const TrainPack& pack, const Environment& where);
  AttemptLog(const AttemptLog&) = delete;
  AttemptLog& operator=(const AttemptLog&) = delete;
  ~AttemptLog();

 private:
  int stdout_ = -1, stderr_ = -1;  // as they were; -1: unchanged
};

}  // namespace mtlgrid
