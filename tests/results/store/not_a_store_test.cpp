// What was given in place of a store, and what to type.
#include "results/store/not_a_store.h"

#include <sys/stat.h>

#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NotAStore : public StoreTest {
 protected:
  std::string refusal(const fs::path& path) {
    const Error error = error_of([&] { open_for_reading(path); });
    EXPECT_EQ(error.kind(), ErrorKind::bad_input);
    return error.what();
  }
};

TEST_F(NotAStore, FolderNamesTheStoresInIt) {
  EXPECT_THAT(refusal(folder), HasSubstr(folder.string() + " is a folder; it holds no store"));
  fill_with_two_results_and_a_failure();
  {
    const Store killed = open();
    fs::copy_file(file, folder / "grid.db.damaged-1");
    killed.epoch();
  }
  write_file(folder / "notes.txt", "x");
  EXPECT_THAT(stores_in(folder), ElementsAre(file));
  const std::string expected = folder.string() + " is a folder; it holds the store grid.db: type " + file.string();
  EXPECT_EQ(refusal(folder), expected);
  EXPECT_EQ(refusal(folder.string() + "/"), expected);
  fs::copy_file(file, folder / "second.db");
  EXPECT_THAT(refusal(folder), HasSubstr("it holds the stores grid.db, second.db: type one of them"));
}

TEST_F(NotAStore, FolderAboveNamesTheStoreBelow) {
  file = folder / "results" / "grid.db";
  { open_grid(); }
  EXPECT_THAT(refusal(folder), HasSubstr("but below it there is " + file.string()));
}

TEST_F(NotAStore, FolderOfAttemptsNamesItsStore) {
  { open_grid(); }
  fs::create_directory(store_folder(file));
  EXPECT_THAT(refusal(store_folder(file)), HasSubstr("it belongs to the store grid.db: type " + file.string()));
}

TEST_F(NotAStore, FolderWithAJournalAloneSaysHowToMakeTheDatabase) {
  { open_grid(); }
  fs::remove(file);
  fs::remove(store_path(file, StoreFile::sum));
  EXPECT_THAT(refusal(folder), HasSubstr("mtlgrid doctor " + file.string() + " --rebuild"));
  EXPECT_THAT(refusal(file), AllOf(HasSubstr("store not found"), HasSubstr("doctor " + file.string() + " --rebuild")));
}

TEST_F(NotAStore, MissingFileNamesWhatIsNear) {
  { open_grid(); }
  EXPECT_THAT(refusal(folder / "gird.db"), AllOf(HasSubstr("store not found"), HasSubstr("the store grid.db")));
  EXPECT_THAT(refusal(folder / "nowhere" / "grid.db"),
              HasSubstr("there is no folder " + (folder / "nowhere").string()));
  fs::create_symlink(folder / "gone.db", folder / "link.db");
  EXPECT_THAT(refusal(folder / "link.db"), HasSubstr("a link to " + (folder / "gone.db").string()));
}

TEST_F(NotAStore, OtherFilesOfAStoreNameIt) {
  { open_grid(); }
  write_file(store_path(file, StoreFile::done), "{}");
  for (const StoreFile other : {StoreFile::journal, StoreFile::sum, StoreFile::done}) {
    EXPECT_THAT(refusal(store_path(file, other)), HasSubstr("is a file of the store grid.db: type " + file.string()));
  }
}

TEST_F(NotAStore, OtherKindsOfFilesAreNamed) {
  write_file(folder / "empty.db", "");
  EXPECT_THAT(refusal(folder / "empty.db"), HasSubstr("is empty"));
  write_file(folder / "bag.h5", "\x89HDF\r\n\x1a\n and more");
  EXPECT_THAT(refusal(folder / "bag.h5"), HasSubstr("is an HDF5 file"));
  write_file(folder / "grid.ini", "# mine\n[grid]\n  store = results/grid.db  \nfolds = 3\n");
  EXPECT_THAT(refusal(folder / "grid.ini"),
              HasSubstr("is a configuration, not a store; its store is " + (folder / "results/grid.db").string()));
  write_file(folder / "table.csv", "PATIENT,LF\n");
  EXPECT_THAT(refusal(folder / "table.csv"), HasSubstr("not an mtlgrid store"));
  write_file(folder / "alone.journal", "mtlgridJ and more than that");
  EXPECT_THAT(refusal(folder / "alone.journal"), HasSubstr("is the journal of a store"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(refusal(folder / "pipe"), HasSubstr("is a device or pipe"));
  Database(folder / "photos.db", Database::Mode::create).execute("CREATE TABLE photos (name TEXT)");
  EXPECT_THAT(refusal(folder / "photos.db"), HasSubstr("not an mtlgrid store"));
}

TEST_F(NotAStore, FileThatMayNotBeReadSaysSo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  { open_grid(); }
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  const Error error = error_of([&] { open_for_reading(file); });
  EXPECT_EQ(error.kind(), ErrorKind::needs_person);
  EXPECT_THAT(error.what(), HasSubstr("Permission denied; ask its owner"));
}

}  // namespace
}  // namespace mtlgrid::testing
