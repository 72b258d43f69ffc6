#include "orchestrator/config/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <limits>

#include "balancers/methods/registry.h"
#include "base/cell.h"
#include "base/text.h"
#include "results/store/layout.h"

namespace mtlgrid {
namespace {

// Longest: supplement_BIOMARKER_AUXILIARY_NNNN.tex.tmp, where _NNNN tells names apart that would be one.
constexpr std::size_t kAroundPair = std::string_view("supplement___NNNN.tex.tmp").size();
constexpr std::size_t kSqlitePath = 512;  // of SQLite's unix VFS (MAX_PATHNAME), its rollback journal included
constexpr int kLargestNumber = 999'999;   // of grids, attempts, files moved aside
constexpr std::int64_t kLargestProcess = 4'194'304;  // the kernel's limit of process ids

std::size_t size_of(const std::filesystem::path& path) { return path.string().size(); }

// Of the files beside a store called `name`, the longest name.
std::size_t longest_beside(const std::filesystem::path& name, const std::string& host) {
  return std::max({size_of(lock_candidate(store_path(name, StoreFile::lock), host, kLargestProcess)),
                   size_of(store_path(name, StoreFile::damaged_journal, kLargestNumber)),
                   size_of(temporary_path(store_path(name, StoreFile::rehearsal_done))),
                   size_of(rollback_journal(temporary_path(store_path(name, StoreFile::working))))});
}

std::size_t deepest_below(const std::filesystem::path& store,
                          const std::vector<std::pair<std::string, std::string>>& pairs) {
  const std::string grid = grid_folder(store, kLargestNumber);
  const std::string last = "/" + temporary_path(checkpoint_name(std::numeric_limits<std::int64_t>::max())).string();
  const std::vector<std::string> methods = method_names();
  const auto longer = [](const std::string& a, const std::string& b) { return a.size() < b.size(); };
  const std::string method = *std::max_element(methods.begin(), methods.end(), longer);
  std::size_t most = 0;
  for (const auto& [biomarker, auxiliary] : pairs) {
    const Cell cell{biomarker, auxiliary, method, 999};
    most = std::max(most, attempt_folder(grid, cell, kLargestNumber).size() + last.size());
  }
  return most;
}

}  // namespace

std::string name_problem(const std::string& name) {
  if (name.empty() || name == "." || name == "..") return fmt::format("'{}' is not a valid name", name);
  if (name.find_first_of("/,=|:") != std::string::npos) return fmt::format("name '{}' contains one of / , = | :", name);
  if (name.front() == ' ' || name.back() == ' ') return fmt::format("name '{}' begins or ends with a blank", name);
  const bool control = std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (control) return fmt::format("name '{}' contains a control character", name);
  if (name.size() <= NAME_MAX) return "";
  return fmt::format("name '{}' has {} bytes, but the name of a folder at most {}; choose a shorter one", name,
                     name.size(), NAME_MAX);
}

std::string pair_problem(const std::string& biomarker, const std::string& auxiliary) {
  const std::size_t size = printable(biomarker).size() + printable(auxiliary).size(), most = NAME_MAX - kAroundPair;
  if (size <= most) return "";
  return fmt::format(
      "names '{}' and '{}' have {} bytes together, but in the names of the pair's tables there is room for "
      "{}; choose shorter ones",
      biomarker, auxiliary, size, most);
}

std::string store_problem(const std::filesystem::path& store, const std::string& host,
                          const std::vector<std::pair<std::string, std::string>>& pairs) {
  const std::filesystem::path name = store.filename();
  const std::size_t beside = longest_beside(name, host);
  if (beside > NAME_MAX) {
    return fmt::format(
        "name '{}' has {} bytes, but with the endings of the files beside it there is room for {}; choose "
        "a shorter one",
        name.string(), size_of(name), size_of(name) + NAME_MAX - beside);
  }
  const std::size_t database = size_of(rollback_journal(temporary_path(store_path(store, StoreFile::snapshot))));
  if (database > kSqlitePath) {
    return fmt::format(
        "path '{}' has {} bytes, but SQLite opens paths of at most {} with its own endings; choose a "
        "shorter one",
        store.string(), size_of(store), size_of(store) + kSqlitePath - database);
  }
  const std::size_t deepest = deepest_below(store, pairs);
  if (deepest < PATH_MAX) return "";
  return fmt::format(
      "path '{}' has {} bytes, and the files of its cells {}, but a path at most {}; choose a shorter "
      "path or shorter names",
      store.string(), size_of(store), deepest, PATH_MAX - 1);
}

}  // namespace mtlgrid
