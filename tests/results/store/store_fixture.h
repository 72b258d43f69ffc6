// Verbs for tests of the store: a folder of their own, records to commit, a platform whose clock and disk obey.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/platform.h"
#include "results/store/layout.h"
#include "results/store/reading.h"
#include "results/store/sqlite.h"
#include "results/store/store.h"

namespace mtlgrid::testing {

namespace fs = std::filesystem;

// A platform with its own clock, host and process, on which writes can be made to fail.
class FakePlatform : public Platform {
 public:
  std::string host_name = "node1", machine_name = "boot1";
  std::int64_t id = ::getpid();
  double clock = 1000;
  double slept = 0;
  double seconds_a_look = 0;                                           // the clock advances by this whenever it is read
  std::function<void()> while_sleeping, while_syncing, while_looking;  // while_looking: at the steady clock

  std::int64_t room = -1;  // bytes that still fit on the disk; -1: any number
  int fsync_error = 0, truncate_error = 0, write_error = 0;
  bool short_writes = false;
  std::string rename_fails_on;  // end of the target's name
  int rename_error = ENOSPC;

  ssize_t write(int file, const void* data, std::size_t bytes) override {
    if (write_error != 0) return fail(write_error);
    if (short_writes && bytes > 3) bytes = 3;
    if (room == 0) return fail(ENOSPC);
    if (room > 0) {
      bytes = std::min(bytes, static_cast<std::size_t>(room));
      room -= static_cast<std::int64_t>(bytes);
    }
    return Platform::write(file, data, bytes);
  }
  int fsync(int) override {  // no test cuts the power
    if (while_syncing) while_syncing();
    return fsync_error != 0 ? fail(fsync_error) : 0;
  }
  int truncate(int file, std::int64_t bytes) override {
    return truncate_error != 0 ? fail(truncate_error) : Platform::truncate(file, bytes);
  }
  int rename(const char* from, const char* to) override {
    if (!rename_fails_on.empty() && std::string(to).ends_with(rename_fails_on)) return fail(rename_error);
    return Platform::rename(from, to);
  }
  double now() override { return clock; }
  double steady() override {
    if (while_looking) while_looking();
    return clock += seconds_a_look;
  }
  void sleep(double seconds) override {
    clock += seconds;
    slept += seconds;
    if (while_sleeping) while_sleeping();
  }
  std::string host() override { return host_name; }
  std::string machine() override { return machine_name; }
  std::int64_t process() override { return id; }

 private:
  static int fail(int error) {
    errno = error;
    return -1;
  }
};

inline std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Removed first: ext4 flushes a file that is truncated and written again, which costs milliseconds.
inline void write_file(const fs::path& file, const std::string& content) {
  fs::remove(file);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

// A folder that is removed at the end of the test.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (fs::temp_directory_path() / "mtlgrid-store-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder / "grid.db";
  }
  ~StoreTest() override { fs::remove_all(folder); }

  Store open() {
    said.clear();
    return Store::open(platform, file, [this](const std::string& line) { said.push_back(line); }, 25);
  }
  Store open_grid() {
    Store store = open();
    store.use_grid(grid());
    return store;
  }
  // Cells 0 and 1 done, 2 failed; no run is left open.
  void fill_with_two_results_and_a_failure() {
    Store store = open_grid();
    store.begin_attempt(cell(0), 1, environment(), 100);
    store.commit_result(result(cell(0)));
    store.commit_result(result(cell(1), 1, 0.125));
    store.begin_attempt(cell(2), 1, environment(), 100);
    store.commit_failure(failure(cell(2), 1, Outcome::failed, true));
  }

  static Cell cell(int fold, const std::string& method = "naive") { return {"MSI", "LF", method, fold}; }
  static GridRecord grid(const std::string& identity = "abc") {
    GridRecord record;
    record.identity = identity;
    record.settings = {{"seed", 1337}};
    for (const char* method : {"baseline", "naive"}) {
      for (int fold = 0; fold < 3; ++fold) record.cells.push_back(cell(fold, method));
    }
    for (const char* patient : {"p1", "p2"}) record.splits.push_back({"MSI", "LF", 0, patient, "train"});
    record.drops.push_back({"", "", {"TCGA", "p9", "", "no slide"}});
    record.cohorts = {{"MSI", "TCGA-CRC", "train"}, {"MSI", "CPTAC-CRC", "external"}};
    return record;
  }
  static Environment environment() { return {"node1", "cpu", "Xeon", "0.1.0", "torch 2.11", 3, 1, 1, "naive"}; }

  // A result with all kinds of rows; `seed` makes its numbers differ.
  static CellResult result(const Cell& cell, int attempt = 1, double seed = 0.25) {
    const double nan = std::nan("");
    CellResult r;
    r.cell = cell;
    r.attempt = attempt;
    r.environment = environment();
    r.best_epoch = 2;
    r.started = 100.5;
    r.ended = 160.25;
    r.epochs = {{1, 0.7, 0.1, 0.69, 0.2, 1, 1, 3.5}, {2, 0.6, nan, 0.5 + seed, nan, 1, 0.5, 3.25}};
    for (const char* cohort : {"test", "CPTAC-CRC"}) {
      r.predictions.push_back({cohort, "zoe", 1, 0.1 + seed, -0.3, 1.5, 1.25});
      r.predictions.push_back({cohort, "ann", 0, 0.2, 0.1 / 3, nan, 1e-300});
      r.metrics.push_back({cohort, "auroc", 0.5 + seed, 0.4, 0.9, 2, 7, ""});
      r.metrics.push_back({cohort, "auprc", 0.25 + seed, 0.2, 0.9, 2, 0, ""});
      r.metrics.push_back({cohort, "r2", nan, nan, nan, 1, 0, "constant target"});
      r.embeddings.push_back({cohort, "zoe", {1.5f, -2.25f, 3e-30f}});
    }
    r.metrics.push_back({"CPTAC-CRC", "silhouette", 0.125, 0.1, 0.2, 2, 0, ""});
    return r;
  }
  static AttemptFailure failure(const Cell& cell, int attempt, Outcome outcome, bool final = false) {
    return {cell, attempt, outcome, "signal 9", "log tail", final, 170};
  }
  static StoredCell stored(const Store& store, const Cell& cell) {
    for (const StoredCell& c : store.cells()) {
      if (c.cell == cell) return c;
    }
    ADD_FAILURE() << cell.name() << " is not in the store";
    return {};
  }

  fs::path journal() const { return store_path(file, StoreFile::journal); }
  fs::path lock() const { return store_path(file, StoreFile::lock); }

  // Every row of every table as text, `runs` apart (a rebuild is itself a run).
  std::string dump(const fs::path& database_file) const {
    Database database(database_file, Database::Mode::read_only);
    std::vector<std::string> tables;
    Statement names = database.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('runs', 'meta') ORDER BY name");
    while (names.step()) tables.push_back(names.text(0));
    std::string all;
    for (const std::string& table : tables) {
      Statement rows = database.prepare("SELECT * FROM " + table + " ORDER BY 1, 2");
      while (rows.step()) {
        all += table;
        for (int i = 0; i < rows.columns(); ++i) all.append("|").append(rows.is_null(i) ? "NULL" : rows.text(i));
        all += "\n";
      }
    }
    return all;
  }

  ::testing::AssertionResult said_something_like(const std::string& part) const {
    for (const std::string& line : said) {
      if (line.find(part) != std::string::npos) return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "nothing said of '" << part << "' but " << ::testing::PrintToString(said);
  }

  fs::path folder, file;
  FakePlatform platform;
  std::vector<std::string> said;
};

// The error of `action`, for its kind and text.
template <typename Action>
Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::fatal, "nothing was thrown"};
}

}  // namespace mtlgrid::testing
