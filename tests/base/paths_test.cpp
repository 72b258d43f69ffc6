#include "base/paths.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// TOP/home/proj -> TOP/scratch/deep/proj, and TOP/home/gone -> nowhere.
class SystemPath : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::canonical(fs::temp_directory_path()) / "mtlgrid-paths-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top_ = name;
    fs::create_directories(top_ / "scratch/deep/proj/sub");
    fs::create_directories(top_ / "home");
    fs::create_symlink("../scratch/deep/proj", top_ / "home/proj");
    fs::create_symlink("nowhere", top_ / "home/gone");
  }
  void TearDown() override { fs::remove_all(top_); }
  // system_path() of a path below TOP, without TOP.
  std::string of(const std::string& path) const {
    const std::string whole = system_path(top_ / path).string();
    EXPECT_TRUE(whole.starts_with(top_.string())) << whole;
    return whole.substr(top_.string().size() + 1);
  }
  fs::path top_;
};

TEST_F(SystemPath, DotsBehindALinkLeadToTheParentOfItsTarget) {
  EXPECT_EQ(of("home/proj/../results/grid.db"), "scratch/deep/results/grid.db");
  EXPECT_EQ(of("home/proj/../../x"), "scratch/x");
  EXPECT_EQ(of("home/proj/./../x"), "scratch/deep/x");
  EXPECT_EQ(of("home/proj/sub/../../x"), "scratch/deep/x");
}

TEST_F(SystemPath, IsWhereTheSystemFindsAFile) {
  std::ofstream(top_ / "home/proj/../seen") << "here";  // opened by the system
  EXPECT_TRUE(fs::exists(system_path(top_ / "home/proj/../seen")));
  EXPECT_FALSE(fs::exists(top_ / "home/seen"));
}

TEST_F(SystemPath, OtherLinksKeepTheirNames) {
  EXPECT_EQ(of("home/proj/grid.db"), "home/proj/grid.db");
  EXPECT_EQ(of("home/proj/sub/../grid.db"), "home/proj/grid.db");
}

TEST_F(SystemPath, WhatDoesNotExistIsAFolder) {
  EXPECT_EQ(of("new/../grid.db"), "grid.db");
  EXPECT_EQ(of("a//b/./c/"), "a/b/c/");
}

TEST_F(SystemPath, ALinkThatLeadsNowhereIsLeftToTheSystem) { EXPECT_EQ(of("home/gone/../x"), "home/gone/../x"); }

TEST_F(SystemPath, AbsoluteRelativeAndEmpty) {
  EXPECT_EQ(system_path("/../a/.."), "/");
  EXPECT_EQ(system_path("x"), fs::current_path() / "x");
  EXPECT_EQ(system_path(""), "");
}

}  // namespace
}  // namespace mtlgrid
