#include "orchestrator/scheduler/tasks.h"

#include <algorithm>

namespace mtlgrid {
namespace fs = std::filesystem;
namespace {

// Whole, or half-written by a process that was killed.
bool is_checkpoint(const fs::directory_entry& entry) {
  const auto name = parse_attempt_name(entry.path().filename().string());
  return name && name->file == AttemptName::File::checkpoint;
}

}  // namespace

void save_fingerprints(const FingerprintMemory& memory, const fs::path& store) {
  fs::create_directories(store_folder(store));
  memory.save(fingerprint_file(store));
}

std::vector<int> attempts_on_disk(const std::string& folder, const Cell& cell) {
  std::vector<int> attempts;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / cell.name(), none)) {
    if (const auto attempt = parse_attempt_folder(entry.path().filename().string())) attempts.push_back(*attempt);
  }
  std::sort(attempts.rbegin(), attempts.rend());
  return attempts;
}

void remove_checkpoints(const std::string& folder, const Cell& cell) {
  for (const int attempt : attempts_on_disk(folder, cell)) {
    std::error_code ignored;  // a leftover costs space, not correctness
    for (const auto& entry : fs::directory_iterator(attempt_folder(folder, cell, attempt), ignored)) {
      if (is_checkpoint(entry)) fs::remove(entry.path(), ignored);
    }
  }
}

// Newest attempts in a row that ended with their rank or with the run before they had a checkpoint. One that had some
// shows that the cell can be trained; one without a folder was not begun. A cell that is tried once more starts afresh.
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

Task make_task(const StoredCell& stored, const std::string& folder, bool resume) {
  Task task{stored.cell, stored.attempts, 1, {}};
  task.losses = cut_off_at_once(folder, stored);
  for (int attempt : attempts_on_disk(folder, stored.cell)) {
    task.attempts = std::max(task.attempts, attempt);
    if (resume) task.resume.push_back(attempt_folder(folder, stored.cell, attempt));
  }
  return task;
}

}  // namespace mtlgrid
