#include "base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Counts fsyncs; single calls can be made to fail.
class FakeCalls : public FileCalls {
 public:
  int write_error = 0, fsync_error = 0, rename_error = 0, fsyncs = 0, interruptions = 0;
  bool short_writes = false, takes_nothing = false;

  ssize_t write(int file, const void* data, std::size_t bytes) override {
    if (interruptions > 0) {
      --interruptions;
      return fail(EINTR);
    }
    if (takes_nothing) return 0;
    if (write_error != 0) return fail(write_error);
    return FileCalls::write(file, data, short_writes ? std::min<std::size_t>(bytes, 3) : bytes);
  }
  int fsync(int) override {
    ++fsyncs;
    return fsync_error != 0 ? fail(fsync_error) : 0;
  }
  int rename(const char* from, const char* to) override {
    return rename_error != 0 ? fail(rename_error) : FileCalls::rename(from, to);
  }

 private:
  static int fail(int error) {
    errno = error;
    return -1;
  }
};

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    std::string pattern = (fs::temp_directory_path() / "mtlgrid-files-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    file = folder / "table.csv";
    put(file, "old");
  }
  ~FilesTest() override { fs::remove_all(folder); }

  static void put(const fs::path& name, const std::string& text) { std::ofstream(name) << text; }
  std::string content() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> listing() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  // The message of the FileError that replacing the file throws; the old content must still be there, alone.
  std::string refusal(const AtomicFileOptions& options = {}) {
    try {
      write_by_rename(calls, file, "new", options);
    } catch (const FileError& e) {
      EXPECT_EQ(content(), "old");
      EXPECT_THAT(listing(), ElementsAre("table.csv"));
      return e.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  FakeCalls calls;
  fs::path folder, file;
};

TEST_F(FilesTest, ReplacesTheContentAndSyncsFileAndFolder) {
  write_by_rename(calls, file, "new");
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(calls.fsyncs, 2);
  EXPECT_THAT(listing(), ElementsAre("table.csv"));
}

TEST_F(FilesTest, WithoutDurabilityNothingIsSynced) {
  write_by_rename(calls, file, "new", {.durability = Durability::none});
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(calls.fsyncs, 0);
}

TEST_F(FilesTest, ShortAndInterruptedWritesAreContinued) {
  calls.short_writes = true;
  calls.interruptions = 2;
  write_by_rename(calls, file, "a longer text");
  EXPECT_EQ(content(), "a longer text");
}

TEST_F(FilesTest, AFailedWriteFsyncOrRenameLeavesTheOldFileAlone) {
  calls.write_error = ENOSPC;
  EXPECT_THAT(refusal(), HasSubstr("table.csv: cannot be written: No space left on device; free space"));
  calls.write_error = 0;
  calls.takes_nothing = true;
  EXPECT_THAT(refusal(), HasSubstr("Input/output error"));
  calls.takes_nothing = false;
  calls.fsync_error = EIO;
  EXPECT_THAT(refusal(), HasSubstr("Input/output error"));
  calls.fsync_error = 0;
  calls.rename_error = EROFS;
  EXPECT_THAT(refusal(), HasSubstr("make that folder writable"));
}

TEST_F(FilesTest, AnUncommittedFileIsRemoved) {
  {
    AtomicFile out(calls, file);
    out.write("half");
    EXPECT_THAT(listing(), ElementsAre("table.csv", "table.csv.tmp"));
  }
  EXPECT_THAT(listing(), ElementsAre("table.csv"));
  EXPECT_EQ(content(), "old");
}

TEST_F(FilesTest, TheLeftoverOfAKilledProcessIsReplaced) {
  put(beside(file, ".tmp"), "a long leftover of another process");
  write_by_rename(calls, file, "new");
  EXPECT_EQ(content(), "new");
}

TEST_F(FilesTest, ATemporaryFileIsNotWrittenThroughALink) {
  put(folder / "precious", "kept");
  fs::create_symlink(folder / "precious", beside(file, ".tmp"));
  write_by_rename(calls, file, "new", {.mode = 0600});
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(fs::file_size(folder / "precious"), 4u);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FilesTest, ANewFileFollowsTheUmask) {
  const mode_t before = ::umask(027);
  write_by_rename(calls, file, "new");
  ::umask(before);
  EXPECT_EQ(static_cast<unsigned>(fs::status(file).permissions()), 0640u);
}

TEST_F(FilesTest, AMissingFolderIsNamed) {
  try {
    write_by_rename(calls, folder / "none" / "file", "new");
    FAIL();
  } catch (const FileError& e) {
    EXPECT_THAT(e.what(), HasSubstr("none/file.tmp: cannot be created: No such file or directory"));
    EXPECT_EQ(e.kind(), ErrorKind::needs_person);
    EXPECT_THAT(e.what(), HasSubstr("its folder was removed, moved or replaced"));
    EXPECT_FALSE(e.disk_full());
  }
}

TEST_F(FilesTest, UnusedNameSkipsNamesThatAreTakenEvenByDanglingLinks) {
  put(beside(file, ".old-1"), "");
  fs::create_symlink(folder / "nowhere", beside(file, ".old-2"));
  EXPECT_EQ(unused_name(file, ".old-"), beside(file, ".old-3"));
}

TEST(FileError, KindTellsWhoCanHelp) {
  for (const int code : {ENOSPC, EDQUOT, EFBIG, EACCES, EPERM, EROFS, ENOENT, ENOTDIR, ESTALE, EIO, EMFILE, ENOMEM}) {
    EXPECT_EQ(FileError("f", "cannot be written", code).kind(), ErrorKind::needs_person) << code;
  }
  for (const int code : {EBADF, EINVAL, EFAULT}) {
    EXPECT_EQ(FileError("f", "cannot be written", code).kind(), ErrorKind::fatal) << "a mistake of the program";
  }
  EXPECT_TRUE(FileError("f", "cannot be written", EDQUOT).disk_full());
  EXPECT_FALSE(FileError("f", "cannot be written", EACCES).disk_full());
  EXPECT_NE(std::string(FileError("f", "cannot be written", EFBIG).what()).find("ulimit -f"), std::string::npos);
}

bool is_open(int file) { return ::fcntl(file, F_GETFD) != -1; }

int null_file() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(FileDescriptorTest, ClosesWhatItOwnsAtTheEndOnReplacementAndOnRequest) {
  const int first = null_file(), second = null_file();
  {
    FileDescriptor file(first);
    file = FileDescriptor(second);
    EXPECT_FALSE(is_open(first));
    EXPECT_TRUE(is_open(second));
  }
  EXPECT_FALSE(is_open(second));
  FileDescriptor third(null_file());
  const int number = third.get();
  third.close();
  EXPECT_FALSE(third);
  EXPECT_FALSE(is_open(number));
}

TEST(FileDescriptorTest, MovingToItselfKeepsTheFileOpen) {
  FileDescriptor file(null_file());
  FileDescriptor& same = file;
  file = std::move(same);
  EXPECT_TRUE(file);
  EXPECT_TRUE(is_open(file.get()));
}

TEST(FileDescriptorTest, ReleaseGivesUpTheFile) {
  FileDescriptor file(null_file());
  FileDescriptor owner(file.release());
  EXPECT_FALSE(file);
  EXPECT_TRUE(is_open(owner.get()));
}

}  // namespace
}  // namespace mtlgrid
