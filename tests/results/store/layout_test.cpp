// Names on disk: parsing is the inverse of building, and foreign names are not taken for ours.
#include "results/store/layout.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/cell.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using Form = StoreName::Form;

constexpr std::array kOnce = {StoreFile::database, StoreFile::journal,       StoreFile::lock,     StoreFile::done,
                              StoreFile::progress, StoreFile::sum,           StoreFile::snapshot, StoreFile::folder,
                              StoreFile::working,  StoreFile::rehearsal_done};
constexpr std::array kNumbered = {StoreFile::damaged, StoreFile::damaged_journal, StoreFile::rehearsal};

std::optional<StoreName> parsed(const fs::path& path) { return parse_store_name("grid.db", path.filename().string()); }

TEST(Layout, EveryFileBesideAStoreIsRecognised) {
  const fs::path store = "some.db/folder/grid.db";
  for (const StoreFile file : kOnce) {
    const fs::path path = store_path(store, file);
    EXPECT_EQ(path.parent_path(), store.parent_path());
    EXPECT_EQ(parsed(path), (StoreName{file})) << path;
  }
  for (const StoreFile file : kNumbered) {
    for (const int number : {1, 2, 10, 123}) {
      EXPECT_EQ(parsed(store_path(store, file, number)), (StoreName{file, number})) << number;
    }
  }
}

TEST(Layout, TemporaryFilesAreRecognisedOfThoseThatHaveThem) {
  const fs::path store = "grid.db";
  for (const StoreFile file : {StoreFile::done, StoreFile::progress, StoreFile::sum, StoreFile::snapshot}) {
    EXPECT_EQ(parsed(temporary_path(store_path(store, file))), (StoreName{file, 0, Form::temporary}));
  }
  EXPECT_EQ(parsed("grid.db.journal.tmp"), std::nullopt) << "a journal is appended to, never written by rename";
  EXPECT_EQ(parsed(rollback_journal(store)), (StoreName{StoreFile::database, 0, Form::rollback}));
  EXPECT_EQ(parsed(rollback_journal(store_path(store, StoreFile::working))),
            (StoreName{StoreFile::working, 0, Form::rollback}));
  EXPECT_EQ(parsed(rollback_journal(store_path(store, StoreFile::damaged, 7))),
            (StoreName{StoreFile::damaged, 7, Form::rollback}));
  const fs::path lock = store_path(store, StoreFile::lock);
  EXPECT_EQ(parsed(lock_candidate(lock, "node1.cluster.local", 4711)),
            (StoreName{StoreFile::lock, 0, Form::candidate}));
}

TEST(Layout, ForeignNamesAreNotTakenForOurs) {
  for (const char* name : {"grid",
                           "other.db",
                           "other.db.journal",
                           "grid.dbx",
                           "grid.db.",
                           "grid.db.bak",
                           "grid.db.journal2",
                           "grid.db.damaged-",
                           "grid.db.damaged-0",
                           "grid.db.damaged-01",
                           "grid.db.damaged-1x",
                           "grid.db.damaged--1",
                           "grid.db.damaged-99999999999",
                           "grid.db.lock.",
                           "grid.db.lock.node",
                           "grid.db.lock..7",
                           "grid.db.lock.node.",
                           "grid.db.tmp",
                           "grid.db.d-journal",
                           "copy of grid.db",
                           "grid.db.rehearsal",
                           ""}) {
    EXPECT_EQ(parse_store_name("grid.db", name), std::nullopt) << name;
  }
}

TEST(Layout, RehearsalsVerdictIsTheDoneFileOfItsOwnName) {
  EXPECT_EQ(store_path(rehearsal_verdict("a/grid.db"), StoreFile::done),
            store_path("a/grid.db", StoreFile::rehearsal_done));
}

using LayoutOnDisk = testing::StoreTest;

TEST_F(LayoutOnDisk, UnusedNumberIsTheFirstFreeOne) {
  const fs::path& store = file;
  EXPECT_EQ(unused_store_path(store, StoreFile::damaged), store_path(store, StoreFile::damaged, 1));
  std::ofstream(store_path(store, StoreFile::damaged, 1)) << "x";
  fs::create_symlink("nowhere", store_path(store, StoreFile::damaged, 2));
  std::ofstream(store_path(store, StoreFile::damaged, 4)) << "x";
  EXPECT_EQ(unused_store_path(store, StoreFile::damaged), store_path(store, StoreFile::damaged, 3));
}

TEST(Layout, FoldersOfGridsAndAttempts) {
  const Cell cell{"MSI", "LF", "autol+cagrad", 3};
  const std::string grid = grid_folder("a/grid.db", 2);
  EXPECT_EQ(grid, "a/grid.db.d/grid-2");
  EXPECT_EQ(attempt_folder(grid, cell, 12), "a/grid.db.d/grid-2/MSI/LF/autol+cagrad/3/attempt-12");
  EXPECT_EQ(trainer_log_folder(grid) + "/" + trainer_log_name("node1", 4, 0), "a/grid.db.d/grid-2/logs/node1-4-0.log");
  EXPECT_EQ(fingerprint_file("a/grid.db"), "a/grid.db.d/fingerprints.json");
  for (const int attempt : {1, 9, 10, 1000}) {
    EXPECT_EQ(parse_attempt_folder(fs::path(attempt_folder(grid, cell, attempt)).filename().string()), attempt);
  }
  for (const char* name :
       {"attempt-", "attempt-0", "attempt-x", "attempt-1x", "attempt--1", "attempt-01", "logs", ""}) {
    EXPECT_EQ(parse_attempt_folder(name), std::nullopt) << name;
  }
}

TEST(Layout, FilesOfAnAttempt) {
  using File = AttemptName::File;
  EXPECT_EQ(parse_attempt_name(kAttemptLog), (AttemptName{File::log}));
  EXPECT_EQ(parse_attempt_name(kWeightsFile), (AttemptName{File::weights}));
  EXPECT_EQ(parse_attempt_name(temporary_path(kWeightsFile).string()), (AttemptName{File::weights, 0, true}));
  for (const std::int64_t steps : {std::int64_t{0}, std::int64_t{14}, std::int64_t{12345678901}}) {
    const std::string name = checkpoint_name(steps);
    EXPECT_EQ(parse_attempt_name(name), (AttemptName{File::checkpoint, steps}));
    EXPECT_TRUE(is_whole_checkpoint(name));
    const std::string half = temporary_path(name).string();
    EXPECT_EQ(parse_attempt_name(half), (AttemptName{File::checkpoint, steps, true}));
    EXPECT_FALSE(is_whole_checkpoint(half));
  }
  EXPECT_LT(checkpoint_name(99), checkpoint_name(100)) << "the newest is the last by name";
  for (const char* name :
       {"checkpoint-", "checkpoint-x", "checkpoint--1", "checkpoint-1.bak", "log.1", "weights", ""}) {
    EXPECT_EQ(parse_attempt_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace mtlgrid
