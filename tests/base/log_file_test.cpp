#include "base/log_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

TEST(LogFile, IsAppendedToAndNothingElseIsOpened) {
  std::string name = (fs::temp_directory_path() / "mtlgrid-log-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const fs::path folder = name, log = folder / "log", pipe = folder / "pipe";
  for (const char* text : {"a", "b"}) {
    const FileDescriptor file = open_log_file(log);
    ASSERT_TRUE(file);
    ASSERT_EQ(::write(file.get(), text, 1), 1);
  }
  EXPECT_EQ(fs::file_size(log), 2U);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(open_log_file(pipe)) << "nobody reads it";
  const FileDescriptor reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_FALSE(open_log_file(pipe)) << "somebody reads it";
  EXPECT_EQ(errno, ENXIO);
  EXPECT_FALSE(open_log_file(folder));
  EXPECT_FALSE(open_log_file(folder / "none" / "log"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace mtlgrid
