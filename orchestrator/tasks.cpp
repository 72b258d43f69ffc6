#include "orchestrator/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "orchestrator/cost.h"

namespace mtlgrid {
namespace fs = std::filesystem;

fs::path store_folder(const fs::path& store) { return store.string() + ".d"; }

fs::path fingerprint_file(const fs::path& store) { return store_folder(store) / "fingerprints.json"; }

void save_fingerprints(const FingerprintMemory& memory, const fs::path& store) {
  fs::create_directories(store_folder(store));
  memory.save(fingerprint_file(store));
}

std::string grid_folder(const fs::path& store, std::int64_t grid_id) {
  return (store_folder(store) / fmt::format("grid-{}", grid_id)).string();
}

std::vector<int> attempts_on_disk(const std::string& folder, const Cell& cell) {
  constexpr std::string_view kPrefix = "attempt-";
  std::vector<int> attempts;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / cell.name(), none)) {
    const std::string name = entry.path().filename().string();
    int attempt = 0;
    if (name.starts_with(kPrefix) &&
        std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), attempt).ec == std::errc() &&
        attempt > 0) {
      attempts.push_back(attempt);
    }
  }
  std::sort(attempts.rbegin(), attempts.rend());
  return attempts;
}

Task make_task(const Plan& plan, const StoredCell& stored, const std::string& folder, bool resume) {
  Task task{stored.cell, stored.attempts, expected_cost(plan, stored.cell), {}};
  for (int attempt : attempts_on_disk(folder, stored.cell)) {
    task.attempts = std::max(task.attempts, attempt);
    if (resume) task.resume.push_back(fmt::format("{}/{}/attempt-{}", folder, stored.cell.name(), attempt));
  }
  return task;
}

}  // namespace mtlgrid
