#include "orchestrator/scheduler/queued_cell.h"

#include <algorithm>
#include <filesystem>

#include "orchestrator/scheduler/store_folder.h"
#include "results/records/stored_cell.h"

namespace mtlgrid {
namespace fs = std::filesystem;
namespace {

// Newest attempts in a row that ended with their rank or with the run before they had a checkpoint. One that had some
// shows that the cell can be trained; one without a folder was not begun. A cell that failed and is retried counts from
// zero.
int cut_off_at_once(const std::string& folder, const StoredCell& stored) {
  int count = 0;
  if (stored.state == CellState::failed) return 0;
  for (int attempt = stored.attempts; attempt > stored.attempts - stored.cut_off; --attempt) {
    std::error_code error;
    const fs::directory_iterator entries(attempt_folder(folder, stored.cell, attempt), error);
    if (error || std::any_of(begin(entries), end(entries), is_checkpoint)) break;
    ++count;
  }
  return count;
}

}  // namespace

QueuedCell make_queued_cell(const StoredCell& stored, const std::string& folder, bool resume) {
  QueuedCell queued{stored.cell, stored.attempts, 1, {}};
  queued.losses = cut_off_at_once(folder, stored);
  for (int attempt : attempts_on_disk(folder, stored.cell)) {
    queued.attempts = std::max(queued.attempts, attempt);
    if (resume) queued.resume.push_back(attempt_folder(folder, stored.cell, attempt));
  }
  return queued;
}

}  // namespace mtlgrid
