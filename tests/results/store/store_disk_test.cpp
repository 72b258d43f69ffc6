// Full disks and failing writes while a store is written.
#include "results/store/layout.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;

using StoreDisk = StoreTest;

TEST_F(StoreDisk, FullDiskNeedsAPersonAndKeepsNothingOfTheCommit) {
  Store store = open_grid();
  store.commit_result(result(cell(0)));
  const auto bytes = fs::file_size(journal());
  for (const std::int64_t room : {0, 1, 31, 33, 500}) {
    platform.room = room;
    const Error error = error_of([&] { store.commit_result(result(cell(1))); });
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(), HasSubstr("free space"));
    EXPECT_EQ(fs::file_size(journal()), bytes);
    EXPECT_EQ(stored(store, cell(1)).state, CellState::pending);
  }
  platform.room = -1;
  EXPECT_TRUE(store.commit_result(result(cell(1))));  // room was made: the same run may go on
}

TEST_F(StoreDisk, FullDiskLosesABatchAsAWhole) {
  Store store = open_grid();
  store.begin_batch();
  store.commit_result(result(cell(0)));
  store.commit_result(result(cell(1)));
  platform.room = 700;
  EXPECT_EQ(error_of([&] { store.commit_batch(); }).kind(), ErrorKind::needs_person);
  platform.room = -1;
  EXPECT_EQ(stored(store, cell(0)).state, CellState::pending);
  EXPECT_TRUE(store.commit_result(result(cell(0))));
}

TEST_F(StoreDisk, FailedFsyncEndsWriting) {
  {
    Store store = open_grid();
    platform.fsync_error = EIO;
    EXPECT_EQ(error_of([&] { store.commit_result(result(cell(0))); }).kind(), ErrorKind::needs_person);
    platform.fsync_error = 0;
    EXPECT_THROW(store.commit_result(result(cell(0))), Error);
  }
  Store store = open_grid();
  EXPECT_EQ(stored(store, cell(0)).state, CellState::pending);
  EXPECT_TRUE(store.commit_result(result(cell(0))));
}

TEST_F(StoreDisk, TailThatCouldNotBeCutIsCutByTheNextRun) {
  {
    Store store = open_grid();
    platform.room = 100;
    platform.truncate_error = EIO;
    EXPECT_THROW(store.commit_result(result(cell(0))), Error);
    platform.room = -1;
    platform.truncate_error = 0;
    EXPECT_THROW(store.commit_result(result(cell(0))), Error);
  }
  Store store = open_grid();
  EXPECT_TRUE(said_something_like("cut off"));
  EXPECT_TRUE(store.commit_result(result(cell(0))));
}

TEST_F(StoreDisk, FullDiskAtTheFirstOpenLeavesNothing) {
  platform.room = 10;
  EXPECT_EQ(error_of([&] { open(); }).kind(), ErrorKind::needs_person);
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(StoreDisk, ShortWritesAreContinued) {
  platform.short_writes = true;
  fill_with_two_results_and_a_failure();
  const std::string before = dump(file);
  fs::remove(file);
  open();
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreDisk, DoneThatCannotBeWrittenLeavesNoHalfFile) {
  Store store = open_grid();
  store.write_done(3, {});
  const std::string before = read_file(store_path(file, StoreFile::done));
  platform.rename_fails_on = ".done";
  EXPECT_EQ(error_of([&] { store.write_done(0, {}); }).kind(), ErrorKind::needs_person);
  EXPECT_EQ(read_file(store_path(file, StoreFile::done)), before);
  EXPECT_FALSE(fs::exists(temporary_path(store_path(file, StoreFile::done))));
}

}  // namespace
}  // namespace mtlgrid::testing
