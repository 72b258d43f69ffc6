#include "results/store/doctor.h"

#include <algorithm>

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Doctor : public StoreTest {
 protected:
  Doctor() {
    fill_with_two_results_and_a_failure();
    keep_weights(0);
    keep_weights(1);
  }
  void keep_weights(int fold) const {
    const fs::path attempt = attempt_folder(grid_folder(file, 1), cell(fold), 1);
    fs::create_directories(attempt);
    write_file(attempt / kWeightsFile, "weights");
  }
  void with(const std::string& sql) const { Database(file, Database::Mode::read_write).execute(sql); }
  void rebuild() {
    said.clear();
    rebuild_store(platform, file, [this](const std::string& line) { said.push_back(line); }, 25);
  }
  void expect_wrong(const std::string& what) const {
    const Diagnosis found = examine_store(file);
    EXPECT_FALSE(found.healthy);
    EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("WRONG"), HasSubstr(what))));
  }
};

TEST_F(Doctor, HealthyStoreIsAllOk) {
  const Diagnosis found = examine_store(file);
  EXPECT_TRUE(found.healthy);
  EXPECT_THAT(found.lines, Each(StartsWith("ok ")));
  EXPECT_EQ(found.lines.size(), 6u) << "lock, database, sum, journal, comparison, weights";
}

TEST_F(Doctor, ChangesNothing) {
  const std::string bytes = read_file(file), sum = read_file(store_path(file, StoreFile::sum));
  const auto files = std::distance(fs::directory_iterator(folder), {});
  examine_store(file);
  EXPECT_EQ(read_file(file), bytes);
  EXPECT_EQ(read_file(store_path(file, StoreFile::sum)), sum);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), files);
}

TEST_F(Doctor, ForeignViewIsNotedAndRemovedByARebuild) {
  const std::string before = dump(file);
  with("CREATE VIEW mine AS SELECT * FROM cells");
  const Diagnosis found = examine_store(file);
  EXPECT_TRUE(found.healthy);
  EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("note"), HasSubstr("view mine"))));
  rebuild();
  EXPECT_THAT(examine_store(file).lines, Each(StartsWith("ok ")));
  EXPECT_EQ(dump(file), before);
  EXPECT_TRUE(fs::exists(store_path(file, StoreFile::damaged, 1)));
}

TEST_F(Doctor, ChangedValueIsFoundNamedAndRepaired) {
  const std::string before = dump(file);
  with("UPDATE metrics SET value = 0.99 WHERE metric = 'auroc'");
  expect_wrong("table metrics");
  fs::remove(store_path(file, StoreFile::sum));
  expect_wrong("table metrics of the database differs from what the journal gives");
  rebuild();
  EXPECT_TRUE(examine_store(file).healthy);
  EXPECT_EQ(dump(file), before);
  EXPECT_FALSE(fs::exists(lock()));
}

TEST_F(Doctor, MissingDatabaseIsMade) {
  const std::string before = dump(file);
  fs::remove(file);
  expect_wrong("database: missing");
  rebuild();
  EXPECT_EQ(dump(file), before);
  EXPECT_THAT(examine_store(file).lines, Each(StartsWith("ok ")));
}

TEST_F(Doctor, DatabaseThatIsNoneIsKeptAsideAndMade) {
  const std::string before = dump(file);
  write_file(file, std::string(9000, 'x'));
  expect_wrong("database: ");
  rebuild();
  EXPECT_EQ(dump(file), before);
  EXPECT_EQ(read_file(store_path(file, StoreFile::damaged, 1)), std::string(9000, 'x'));
}

TEST_F(Doctor, CopyWithoutJournalIsHealthyAndCannotBeRebuilt) {
  const fs::path copy = folder / "laptop" / "grid.db";
  fs::create_directory(copy.parent_path());
  fs::copy_file(file, copy);
  fs::copy_file(store_path(file, StoreFile::sum), store_path(copy, StoreFile::sum));
  file = copy;
  const Diagnosis found = examine_store(copy);
  EXPECT_TRUE(found.healthy);
  EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("note"), HasSubstr("no grid.db.journal here"))));
  const std::string bytes = read_file(copy);
  EXPECT_THAT(error_of([&] { rebuild(); }).what(), AllOf(HasSubstr("is missing"), HasSubstr("Nothing was changed")));
  EXPECT_EQ(read_file(copy), bytes);
  EXPECT_TRUE(fs::exists(store_path(copy, StoreFile::sum)));
}

TEST_F(Doctor, DatabaseThatLagsBehindIsFoundAndCompleted) {
  const std::string old = read_file(file);
  { open_grid().commit_result(result(cell(2), 2)); }
  const std::string before = dump(file);
  write_file(file, old);
  fs::remove(store_path(file, StoreFile::sum));
  expect_wrong("records; the next run, or");
  rebuild();
  EXPECT_EQ(dump(file), before);
}

TEST_F(Doctor, JournalIsCheckedRecordByRecord) {
  const std::string whole = read_file(journal());
  write_file(journal(), whole + "torn");
  EXPECT_THAT(examine_store(file).lines, Contains(AllOf(StartsWith("note"), HasSubstr("the 4 bytes after them"))));
  std::string damaged = whole;
  damaged[damaged.size() / 2] ^= 1;
  write_file(journal(), damaged);
  expect_wrong("are damaged: restore grid.db.journal");
  expect_wrong("but the journal can be read to");
  const std::string bytes = read_file(file);
  EXPECT_EQ(error_of([&] { rebuild(); }).kind(), ErrorKind::needs_person);
  EXPECT_EQ(read_file(file), bytes) << "the database holds more than the journal";
  EXPECT_EQ(read_file(journal()), damaged);
  EXPECT_TRUE(fs::exists(store_path(file, StoreFile::sum)));
}

TEST_F(Doctor, EmptyJournalIsSaidToBeOne) {
  write_file(journal(), "");
  expect_wrong("journal: grid.db.journal has no whole record: restore it");
}

TEST_F(Doctor, ViewThatIsGoneIsNamed) {
  with("DROP VIEW table1");
  expect_wrong("it lacks view table1");
  fs::remove(store_path(file, StoreFile::sum));
  expect_wrong("comparison: the database lacks view table1");
}

TEST_F(Doctor, DatabaseWithoutPermissionIsNotCalledDamaged) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  fs::permissions(file, fs::perms::none);
  for (const std::string& line : examine_store(file).lines) EXPECT_THAT(line, Not(HasSubstr("--rebuild")));
}

TEST_F(Doctor, RunInProgressIsLookedAtAndNotRebuilt) {
  platform.host_name = Platform::real().host();
  platform.machine_name = Platform::real().machine();
  Store run = open_grid();
  run.publish_snapshot();
  run.commit_result(result(cell(2), 2));
  const Diagnosis found = examine_store(file);
  EXPECT_TRUE(found.healthy) << ::testing::PrintToString(found.lines);
  EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("note"), HasSubstr("a run is in progress"))));
  EXPECT_EQ(error_of([&] { rebuild(); }).kind(), ErrorKind::needs_person);
  EXPECT_TRUE(run.commit_result(result(cell(0, "baseline"))));
}

TEST_F(Doctor, WeightsThatCannotBeUsedAreNamed) {
  std::vector<std::string> looked_at;
  const Diagnosis found = examine_store(file, [&](const fs::path& weights, const Cell& cell, const std::string& grid) {
    looked_at.push_back(cell.name() + " of " + grid);
    if (cell.fold == 1) throw InputError(weights.filename().string() + ": damaged");
  });
  EXPECT_THAT(looked_at, SizeIs(2));
  EXPECT_THAT(looked_at, Each(HasSubstr(" of ")));
  EXPECT_FALSE(found.healthy);
  EXPECT_THAT(found.lines, Contains("WRONG  weights: grid 1: those of 1 cells cannot be used, such as "
                                    "weights.mtlgrid: damaged"));
}

TEST_F(Doctor, WeightsThatAreGoneAreNamed) {
  fs::remove_all(attempt_folder(grid_folder(file, 1), cell(1), 1));
  expect_wrong("those of 1 of 2 cells are there; missing: MSI/LF/naive/1");
  fs::remove_all(store_folder(file));
  const Diagnosis found = examine_store(file);
  EXPECT_TRUE(found.healthy);
  EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("note"), HasSubstr("none are kept"))));
}

}  // namespace
}  // namespace mtlgrid::testing
