#include "base/whole_file.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/errors.h"
#include "base/system_error.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

class WholeFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mtlgrid-whole-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refusal(const std::string& name) const {
    try {
      return "read: " + read_whole_file(folder_ / name, "a list");
    } catch (const InputError& e) {
      return std::string(e.what()).substr(folder_.string().size() + 1);
    }
  }
  fs::path folder_;
};

TEST_F(WholeFile, HasAllBytes) {
  const std::string bytes(200'000, 'x');
  std::ofstream(folder_ / "a", std::ios::binary) << bytes << '\0' << "\r\n";
  EXPECT_EQ(read_whole_file(folder_ / "a", "a list"), bytes + std::string("\0\r\n", 3));
}

TEST_F(WholeFile, WhatIsNoneIsSaid) {
  EXPECT_EQ(refusal("none"), "none: no such file, expected a list");
  EXPECT_EQ(refusal("."), ".: is a folder, expected a list");
  fs::create_symlink("nowhere", folder_ / "link");
  EXPECT_EQ(refusal("link"), "link: a link to no file, expected a list");
  fs::create_symlink("/dev/null", folder_ / "device");
  EXPECT_EQ(refusal("device"), "device: not a file, expected a list");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal("pipe"), "pipe: not a file, expected a list") << "and nobody is waited for";
}

TEST_F(WholeFile, OneOfGigabytesIsNotRead) {
  std::ofstream(folder_ / "a") << "x";
  fs::resize_file(folder_ / "a", std::uintmax_t{20} << 30);
  EXPECT_EQ(refusal("a"), "a: is longer than 1024 MiB, expected a list");
  EXPECT_EQ(read_whole_file("/proc/self/comm", "a name", 100).back(), '\n') << "whose size is not known before";
  EXPECT_THROW(read_whole_file("/proc/self/maps", "a list", 100), InputError);
}

TEST_F(WholeFile, ThatMayNotBeReadIsAnErrorOfTheSystem) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::ofstream(folder_ / "a") << "x";
  fs::permissions(folder_ / "a", fs::perms::none);
  EXPECT_THROW(read_whole_file(folder_ / "a", "a list"), SystemError);
}

}  // namespace
}  // namespace mtlgrid
