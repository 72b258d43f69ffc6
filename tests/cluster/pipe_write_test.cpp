#include "cluster/pipe_write.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "cluster/process.h"

namespace mtlgrid {
namespace {

TEST(WriteSome, TellsAFullPipeFromAClosedOne) {
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC | O_NONBLOCK), 0);
  FileDescriptor read_end(fds[0]), write_end(fds[1]);
  const std::string bytes(1 << 24, 'z');
  EXPECT_GT(write_some(write_end.get(), bytes), 0);
  EXPECT_EQ(write_some(write_end.get(), bytes), 0);
  read_end.close();
  EXPECT_EQ(write_some(write_end.get(), bytes), -1);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

}  // namespace
}  // namespace mtlgrid
