// Files that are away for seconds: a folder that is renamed, a file server that fails over.
#pragma once

#include <functional>

#include "base/system_error.h"

namespace mtlgrid {

// How long a trainer waits in all for files to come back, since a cell was last finished. A cell that the system
// hindered is tried `retries_crash` times more, and without a wait these tries are over in the time that a file server
// needs for its first packet. Guessed.
inline constexpr double kAwaySeconds = 30;

// Waits before a trainer reports that the system kept it from reading a file, so that the next try finds it. One for
// the life of a process: once the time is used up, nothing is waited for until a cell is finished.
class AwayFiles {
 public:
  explicit AwayFiles(double seconds = kAwaySeconds) : all_(seconds), left_(seconds) {}
  // Returns when the file is there again, if it was missing; otherwise after a sixth of the time the first time and
  // after the rest of it the second. Earlier when `stop` says so, which is called every tenth of a second.
  void wait(const SystemError& error, const std::function<bool()>& stop);
  void cell_finished() { left_ = all_; }
  double left() const { return left_; }

 private:
  double all_, left_;
};

}  // namespace mtlgrid
