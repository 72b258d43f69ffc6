#include "results/store/store_place.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/errors.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class StorePlace : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mtlgrid-place-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  // The message and what kind of error it is; "" where the place is good.
  static std::string verdict(const fs::path& store) {
    try {
      check_store_place(store);
      return "";
    } catch (const Error& e) {
      return (e.kind() == ErrorKind::bad_input ? "input: " : "person: ") + std::string(e.what());
    }
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(folder_), {}));
  }
  fs::path folder_;
};

TEST_F(StorePlace, AGoodOneIsLeftAsItIs) {
  EXPECT_EQ(verdict(folder_ / "grid.db"), "");
  EXPECT_EQ(verdict(folder_ / "to/be/made/grid.db"), "");
  EXPECT_EQ(entries(), 0);
  std::ofstream(folder_ / "grid.db") << "x";
  std::ofstream(folder_ / "grid.db.journal") << "x";
  fs::create_directory(folder_ / "grid.db.d");
  EXPECT_EQ(verdict(folder_ / "grid.db"), "");
  EXPECT_EQ(entries(), 3);
}

TEST_F(StorePlace, BelowAFileIsNone) {
  std::ofstream(folder_ / "results") << "x";
  EXPECT_THAT(verdict(folder_ / "results/grid.db"),
              AllOf(HasSubstr("input: "), HasSubstr("results is a file, expected a folder; name another place")));
  EXPECT_THAT(verdict(folder_ / "results/a/b/grid.db"), HasSubstr("results is a file"));
  std::ofstream(folder_ / "grid.db.d") << "x";
  EXPECT_THAT(verdict(folder_ / "grid.db"), HasSubstr("grid.db.d is a file, expected a folder"));
}

TEST_F(StorePlace, BehindALinkThatLeadsNowhereIsNone) {
  fs::create_symlink("nowhere", folder_ / "results");
  EXPECT_THAT(verdict(folder_ / "results/grid.db"), HasSubstr("results is a link that leads nowhere"));
}

TEST_F(StorePlace, NothingElseIsWrittenOverAStore) {
  const fs::path store = folder_ / "grid.db";
  fs::create_directory(folder_ / "grid.db.d");
  fs::create_directory_symlink(folder_, folder_ / "link");
  for (const char* out : {"grid.db", "grid.db.journal", "grid.db.sum", "grid.db.working", "link/grid.db.journal",
                          "grid.db.d/grid-1/w.pt", "grid.db-journal"}) {
    EXPECT_THROW(refuse_place_of_store("--out", folder_ / out, store), InputError) << out;
  }
  for (const char* out : {"w.pt", "grid.db.pt", "grid.db2", "elsewhere/grid.db"}) {
    EXPECT_NO_THROW(refuse_place_of_store("--out", folder_ / out, store)) << out;
  }
}

TEST_F(StorePlace, TheKernelsOwnFileSystemsAreNone) {
  EXPECT_THAT(verdict("/proc/grid.db"), HasSubstr("/proc belongs to the kernel"));
}

TEST_F(StorePlace, WithoutPermissionAPersonMustAct) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(verdict(folder_ / "grid.db"),
              AllOf(HasSubstr("person: "), HasSubstr("Permission denied; make that folder writable")));
  EXPECT_THAT(verdict(folder_ / "to/be/made/grid.db"), HasSubstr("Permission denied"));
  fs::permissions(folder_, fs::perms::owner_all);
}

// A limit on file sizes stands for a full disk, which needs a file system of its own.
TEST_F(StorePlace, WhereNothingCanBeWrittenAPersonMustAct) {
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const std::string found = verdict(folder_ / "grid.db");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_THAT(found,
              AllOf(HasSubstr("person: "), HasSubstr("cannot be made there: File too large"), HasSubstr("ulimit -f")));
}

}  // namespace
}  // namespace mtlgrid
