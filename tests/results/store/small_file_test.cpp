#include "results/store/small_file.h"

#include <sys/stat.h>

#include "results/store/doctor.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;

class SmallFiles : public StoreTest {
 protected:
  // Puts something at each name beside the store in turn.
  template <typename Make, typename Check>
  void at_each_name(Make&& make, Check&& check) {
    for (const StoreFile name : {StoreFile::lock, StoreFile::sum, StoreFile::done, StoreFile::progress,
                                 StoreFile::journal, StoreFile::snapshot, StoreFile::working}) {
      const fs::path path = store_path(file, name), kept = folder / "kept";
      if (fs::exists(path)) fs::rename(path, kept);
      make(path);
      check(path);
      fs::remove_all(path);
      if (fs::exists(kept)) fs::rename(kept, path);
      fs::remove(store_path(file, StoreFile::sum));
      open();  // which leaves a sum
    }
  }
};

TEST_F(SmallFiles, WhatIsThereIsRead) {
  const fs::path path = folder / "a";
  EXPECT_FALSE(read_small_file(path, 10).there);
  write_file(path, "0123456789");
  EXPECT_EQ(read_small_file(path, 10).bytes, "0123456789");
  EXPECT_EQ(read_small_file(path, 9).trouble, "is 10 bytes long");
  EXPECT_EQ(read_small_file(folder, 9).trouble, "is a folder");
  fs::create_symlink("nowhere", folder / "link");
  EXPECT_EQ(read_small_file(folder / "link", 9).trouble, "is a link to no file");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(folder / "pipe", 9).trouble, "is a pipe or device");
}

TEST_F(SmallFiles, DeepJsonIsNotParsed) {
  EXPECT_TRUE(parse_small_json(std::string(1'000'000, '[')).is_discarded());
  EXPECT_TRUE(parse_small_json("{\"a\": [1, \"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]}").is_object());
}

// A run neither waits nor crashes: it goes on, or says which file stands in its way. Readers go on.
TEST_F(SmallFiles, PipesAndFoldersBesideAStoreAreNamed) {
  fill_with_two_results_and_a_failure();
  const auto check = [&](const fs::path& path) {
    EXPECT_NO_THROW(open_for_reading(file)) << path;
    EXPECT_NO_THROW(examine_store(file)) << path;
    try {
      open();
    } catch (const Error& e) {
      EXPECT_NE(e.kind(), ErrorKind::fatal) << e.what();
      EXPECT_THAT(e.what(), HasSubstr(path.string()));
    }
  };
  at_each_name([](const fs::path& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); }, check);
  at_each_name(
      [](const fs::path& path) {
        fs::create_directories(path / "full");
        write_file(path / "full/file", "x");
      },
      check);
}

TEST_F(SmallFiles, PipesThatSqliteWouldWaitForAreNamed) {
  fill_with_two_results_and_a_failure();
  for (const char* end : {"-journal", "-wal", "-shm"}) {
    const fs::path path = file.string() + end;
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(error_of([&] { open_for_reading(file); }).what(), HasSubstr(path.string() + ": is a pipe or device"));
    fs::remove(path);
  }
  EXPECT_NO_THROW(open_for_reading(file));
}

}  // namespace
}  // namespace mtlgrid::testing
