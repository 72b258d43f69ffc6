// A store under every reader of stores: read, or refused. An input is a store's bytes, or SQL that somebody applied to
// a small store of ours.
#include <sqlite3.h>

#include <optional>

#include "base/errors.h"
#include "results/store/store.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/store_readers.h"
#include "tests/trainer/contract/small_result.h"

using namespace mtlgrid;

namespace {

constexpr int kMostSteps = 2'000'000;  // of SQLite's machine, for one input

// The bytes of a store with a finished, a failed and a pending cell.
std::string small_store() {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "small";
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / "store.db";
  GridRecord grid;
  grid.identity = "0123456789abcdef0123456789abcdef";
  grid.settings = {{"seed", 1}, {"folds", 1}, {"bootstrap", {{"resamples", 10}, {"confidence", 0.95}}}};
  for (const char* method : {"baseline", "naive", "dwa"}) grid.cells.push_back({"MSI", "LF", method, 0});
  grid.splits.add("MSI", "LF", 0, "a", "train");
  for (const char* patient : {"b", "c"}) grid.splits.add("MSI", "LF", 0, patient, "test");
  grid.cohorts = {{"MSI", "INNER", "train"}, {"MSI", "OUTER", "external"}};
  std::optional<Store> open = Store::open(file, [](const std::string&) {}, 25);
  Store& store = *open;
  store.use_grid(grid);
  CellResult result = testing::good_result();
  result.cell = grid.cells[1];
  store.begin_attempt(result.cell, 1, {}, 1);
  store.commit_result(result);
  store.begin_attempt(grid.cells[2], 1, {}, 1);
  AttemptFailure failure;
  failure.cell = grid.cells[2];
  failure.attempt = 1;
  failure.cause = "cause";
  store.commit_failure(failure);
  open.reset();
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int allow(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

// Applies as much of `sql` as SQLite takes.
void apply(const std::string& sql, const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  if (sqlite3_open(file.c_str(), &database) == SQLITE_OK) {
    sqlite3_set_authorizer(database, allow, nullptr);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1 << 20);
    int steps = 0;
    sqlite3_progress_handler(
        database, 1000, [](void* taken) { return static_cast<int>((*static_cast<int*>(taken) += 1000) > kMostSteps); },
        &steps);
    sqlite3_exec(database, "PRAGMA writable_schema = 1; PRAGMA ignore_check_constraints = 1", nullptr, nullptr,
                 nullptr);
    for (std::size_t at = 0; at < sql.size();) {
      const std::size_t end = std::min(sql.find('\n', at), sql.size());
      sqlite3_exec(database, sql.substr(at, end - at).c_str(), nullptr, nullptr, nullptr);
      at = end + 1;
    }
  }
  sqlite3_close(database);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string base = small_store();
  const std::string input = fuzz::text_of(data, size);
  const bool whole = input.starts_with("SQLite format 3");
  const std::filesystem::path file = fuzz::as_file(whole ? input : base, "store.db");
  if (!whole) apply(input, file);
  testing::read_whole_store(file);
  std::filesystem::remove(file.string() + "-journal");
  return 0;
}
