#include "orchestrator/scheduler/store_folder.h"

#include <algorithm>

#include "datasets/features/fingerprint_memory.h"

namespace mtlgrid {
namespace fs = std::filesystem;

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

bool is_checkpoint(const fs::directory_entry& entry) {
  const auto name = parse_attempt_name(entry.path().filename().string());
  return name && name->file == AttemptName::File::checkpoint;
}

void remove_checkpoints(const std::string& folder, const Cell& cell) {
  for (const int attempt : attempts_on_disk(folder, cell)) {
    std::error_code ignored;  // a leftover costs space, not correctness
    for (const auto& entry : fs::directory_iterator(attempt_folder(folder, cell, attempt), ignored)) {
      if (is_checkpoint(entry)) fs::remove(entry.path(), ignored);
    }
  }
}

}  // namespace mtlgrid
