// Files for results: what is there decides how they are written.
#include "base/output_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/errors.h"
#include "base/file_descriptor.h"
#include "base/files.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OutputFiles : public ::testing::Test {
 protected:
  OutputFiles() {
    std::string pattern = (fs::temp_directory_path() / "mtlgrid-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~OutputFiles() override { fs::remove_all(folder_); }

  static void write(const fs::path& file, const std::string& content = "new") {
    OutputFile("--out", file).write(FileCalls::real(), content);
  }
  static std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Why it is refused; empty if it is not.
  static std::string refusal(const fs::path& file) {
    try {
      OutputFile("--out", file);
      return "";
    } catch (const InputError& e) {
      return e.what();
    }
  }
  static bool is(const fs::path& file, mode_t kind) {
    struct stat status {};
    return lstat(file.c_str(), &status) == 0 && (status.st_mode & S_IFMT) == kind;
  }

  fs::path folder_;
};

TEST_F(OutputFiles, PlainOnesAreReplacedByRenameAndKeepTheirPermissions) {
  const fs::path file = folder_ / "a";
  write(file, "old");
  ASSERT_EQ(chmod(file.c_str(), 0640), 0);
  std::ifstream reader(file);
  write(file);
  EXPECT_EQ(content(file), "new");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "old") << "its readers keep what they opened";
  struct stat status {};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1) << "nothing beside it";
}

TEST_F(OutputFiles, LinksStayAndTheirTargetsAreWritten) {
  write(folder_ / "target", "old");
  fs::create_symlink("target", folder_ / "link");
  fs::create_symlink(folder_ / "link", folder_ / "second");
  write(folder_ / "second");
  EXPECT_TRUE(is(folder_ / "second", S_IFLNK) && is(folder_ / "link", S_IFLNK) && is(folder_ / "target", S_IFREG));
  EXPECT_EQ(content(folder_ / "target"), "new");
  fs::create_symlink("not-yet", folder_ / "dangling");
  write(folder_ / "dangling");
  EXPECT_TRUE(is(folder_ / "dangling", S_IFLNK));
  EXPECT_EQ(content(folder_ / "not-yet"), "new");
}

TEST_F(OutputFiles, LinksToFoldersOnTheWayAreFollowed) {
  fs::create_directories(folder_ / "real/deep");
  fs::create_directory_symlink("real/deep", folder_ / "way");
  fs::create_symlink("../file", folder_ / "real/deep/link");
  write(folder_ / "way/link");
  EXPECT_EQ(content(folder_ / "real/file"), "new") << "as the kernel reads `..`";
}

TEST_F(OutputFiles, PipesAndDevicesAreWrittenThrough) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = content(pipe); });
  write(pipe);
  reader.join();
  EXPECT_EQ(read, "new");
  EXPECT_TRUE(is(pipe, S_IFIFO));
  write("/dev/null");
  EXPECT_TRUE(is("/dev/null", S_IFCHR));
  fs::create_symlink("/dev/full", folder_ / "full");
  try {
    write(folder_ / "full");
    ADD_FAILURE() << "written to a full device";
  } catch (const FileError& e) {
    EXPECT_TRUE(e.disk_full());
  }
  EXPECT_TRUE(is("/dev/full", S_IFCHR));
}

TEST_F(OutputFiles, NoWaitForAReaderIsWithoutEnd) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto refused = [&](const std::string& content) -> std::string {
    try {
      OutputFile("--out", pipe).write(FileCalls::real(), content, {.reader_seconds = 0, .taking_seconds = 0.01});
      return "written";
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::needs_person);
      return e.what();
    }
  };
  EXPECT_THAT(refused("new"), HasSubstr("pipe: nobody has opened this pipe for reading"));
  const FileDescriptor reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(refused("new"), "written");
  EXPECT_THAT(refused(std::string(1 << 20, 'x')), HasSubstr("its reader has taken nothing"))
      << "more than a pipe holds";
  EXPECT_TRUE(is(pipe, S_IFIFO));
}

TEST_F(OutputFiles, OpenFilesOfThisProcessAreWrittenWhereTheyStand) {
  const FileDescriptor open_file(open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(open_file.get(), "before ", 7), 7);
  for (const char* start : {"/dev/fd/", "/proc/self/fd/"}) write(start + std::to_string(open_file.get()));
  EXPECT_EQ(content(folder_ / "log"), "before newnew");
}

TEST_F(OutputFiles, AStandardFileThatWasClosedIsNoFaultOfTheProgram) {
  const FileDescriptor reading(open("/dev/null", O_RDONLY | O_CLOEXEC));  // as prepare_standard_files() opens stdout
  try {
    write("/dev/fd/" + std::to_string(reading.get()));
    ADD_FAILURE() << "was written";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("cannot be written: it is closed; open it, or name a file"));
  }
}

TEST_F(OutputFiles, ThatCannotBeWrittenAreRefusedBeforeAnythingIsDone) {
  EXPECT_THAT(refusal(folder_), HasSubstr("--out " + folder_.string() + ": is a folder, expected a file"));
  EXPECT_THAT(refusal(folder_ / "none" / "a"), HasSubstr("none does not exist"));
  EXPECT_EQ(refusal(""), "--out: expected the name of a file");
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_THAT(refusal(folder_ / "a"), HasSubstr("in a circle"));
  fs::create_symlink("none/file", folder_ / "nowhere");
  EXPECT_THAT(refusal(folder_ / "nowhere"), HasSubstr("none does not exist"));
  EXPECT_THAT(refusal("/proc/self/fd/9999"), HasSubstr("Bad file descriptor"));
  if (geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  fs::create_directory(folder_ / "locked");
  fs::permissions(folder_ / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(refusal(folder_ / "locked" / "a"), HasSubstr("cannot be written: Permission denied"));
}

TEST_F(OutputFiles, WhatIsReadIsNotReplaced) {
  const fs::path table = folder_ / "slide.csv";
  write(table, "x");
  fs::create_symlink("slide.csv", folder_ / "link");
  for (const fs::path& out : {table, folder_ / "link", folder_ / "." / "slide.csv"}) {
    EXPECT_THROW(refuse_input("--out", out, {"", table}), InputError) << out;
  }
  EXPECT_NO_THROW(refuse_input("--out", folder_ / "new.csv", {"", table}));
}

}  // namespace
}  // namespace mtlgrid
