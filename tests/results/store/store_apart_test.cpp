// Copies of one store that were continued apart from each other, and whose files were mixed.
#include "results/store/doctor.h"
#include "tests/results/store/old_journal.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StoreApart : public StoreTest {
 protected:
  StoreApart() {
    { open_grid().commit_result(result(cell(0))); }
    fs::create_directory(folder / "copy");
    copy_all(folder, folder / "copy");
  }
  void copy_all(const fs::path& from, const fs::path& to) const {
    for (const char* end : {"", ".journal", ".sum"}) copy(from, to, end);
  }
  void copy(const fs::path& from, const fs::path& to, const std::string& end) const {
    fs::copy_file(from / ("grid.db" + end), to / ("grid.db" + end), fs::copy_options::overwrite_existing);
  }
  // Results of `folds` in the store of this folder.
  void continue_in(const fs::path& where, const std::vector<int>& folds) {
    const fs::path kept = file;
    file = where / "grid.db";
    platform.clock += 17;
    {
      Store store = open_grid();
      for (const int fold : folds) store.commit_result(result(cell(fold), 1, 0.1 * fold));
    }
    file = kept;
  }
  // Neither store nor journal is touched, and both doctor and run say why.
  void expect_refused() {
    const std::string store = read_file(file), bytes = read_file(journal());
    const Error error = error_of([&] { open(); });
    EXPECT_EQ(error.kind(), ErrorKind::needs_person);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("continued apart"), HasSubstr("Put the journal that belongs to grid.db")));
    EXPECT_EQ(read_file(file), store);
    EXPECT_EQ(read_file(journal()), bytes);
    const Diagnosis found = examine_store(file);
    EXPECT_FALSE(found.healthy);
    EXPECT_THAT(found.lines, Contains(AllOf(StartsWith("WRONG"), HasSubstr("continued apart"))));
  }
  // Databases of earlier versions say nothing of the chain.
  void forget_the_chain() {
    const fs::path sum = store_path(file, StoreFile::sum);
    Database(file, Database::Mode::read_write).execute("DELETE FROM meta WHERE key = 'chain'");
    if (fs::exists(sum)) fs::remove(sum);
  }

  fs::path other = folder / "copy";
};

TEST_F(StoreApart, CopyThatIsContinuedAloneIsAStore) {
  continue_in(other, {1});
  continue_in(folder, {2});
  EXPECT_TRUE(examine_store(file).healthy);
  EXPECT_TRUE(examine_store(other / "grid.db").healthy);
}

TEST_F(StoreApart, JournalOfTheOtherCopyIsRefused) {
  for (const auto& [here, there] : std::vector<std::pair<std::vector<int>, std::vector<int>>>{
           {{1}, {2}}, {{1}, {1, 2}}, {{1}, {2}}}) {  // as many records, and more
    continue_in(folder, here);
    continue_in(other, there);
    copy(other, folder, ".journal");
    expect_refused();
    copy_all(other, folder);
  }
}

TEST_F(StoreApart, DatabaseOfTheOtherCopyIsRefused) {
  continue_in(folder, {1, 2});
  continue_in(other, {2});
  copy(other, folder, "");  // beside the sum of this one
  expect_refused();
  fs::remove(store_path(file, StoreFile::sum));  // as after a kill
  expect_refused();
}

TEST_F(StoreApart, OlderCopyOfTheDatabaseIsNoOtherHistory) {
  continue_in(folder, {1, 2});
  copy(other, folder, "");
  { open(); }
  EXPECT_TRUE(examine_store(file).healthy);
  EXPECT_EQ(Database(file, Database::Mode::read_only).integer("SELECT count(*) FROM cells WHERE state = 'done'"), 3);
}

TEST_F(StoreApart, DatabaseWithoutAChainIsComparedByItsContents) {
  continue_in(folder, {1});
  continue_in(other, {2, 1});
  forget_the_chain();
  { open(); }
  EXPECT_TRUE(examine_store(file).healthy) << "the journal is its own";
  forget_the_chain();
  copy(other, folder, ".journal");
  expect_refused();
}

TEST_F(StoreApart, ChangedDatabaseWithoutAChainIsKeptAsideAndRebuilt) {
  const std::string before = dump(file);
  Database(file, Database::Mode::read_write).execute("UPDATE metrics SET value = 0.999");
  forget_the_chain();
  { open(); }
  EXPECT_TRUE(said_something_like("not what the journal gives (metrics was changed); moved to grid.db.damaged-1"));
  EXPECT_EQ(dump(file), before);
}

TEST_F(StoreApart, ChangedChainOfADatabaseIsDamageAndNoOtherHistory) {
  Database(file, Database::Mode::read_write).execute("UPDATE meta SET value = value + 1 WHERE key = 'chain'");
  { open(); }
  EXPECT_TRUE(said_something_like("(meta was changed)"));
  EXPECT_TRUE(examine_store(file).healthy);
}

TEST_F(StoreApart, StoreOfVersion1IsContinuedWithAChain) {
  make_version_1(journal());
  forget_the_chain();
  continue_in(folder, {1});
  EXPECT_TRUE(examine_store(file).healthy);
  const Database database(file, Database::Mode::read_only);
  EXPECT_EQ(database.integer("SELECT value FROM meta WHERE key = 'chain'"),
            static_cast<std::int64_t>(read_journal(journal(), [](const JournalRecord&) {}).chain));
}

}  // namespace
}  // namespace mtlgrid::testing
