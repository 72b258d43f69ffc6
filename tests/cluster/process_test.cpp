#include "cluster/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TailTest : public ::testing::Test {
 protected:
  ~TailTest() override { std::filesystem::remove(file_); }
  void write(const std::string& text) { std::ofstream(file_, std::ios::binary) << text; }
  std::filesystem::path file_ = ::testing::TempDir() + "mtlgrid-tail-" + std::to_string(getpid());
};

TEST_F(TailTest, OnlyTheLastLinesAreKept) {
  write("a\nb\nc\n");
  EXPECT_EQ(tail_of(file_, 0, 2), "b\nc");
  EXPECT_EQ(tail_of(file_, 0, 3), "a\nb\nc");
  EXPECT_EQ(tail_of(file_, 0, 9), "a\nb\nc");
}

TEST_F(TailTest, NothingBeforeTheStartIsKept) {
  write("old\nnew\n");
  EXPECT_EQ(tail_of(file_, 4, 9), "new");
  EXPECT_EQ(tail_of(file_, 8, 9), "");
  EXPECT_EQ(tail_of(file_, 100, 9), "");
}

TEST_F(TailTest, ALineWithoutEndIsCutAndBadBytesAreReplaced) {
  write(std::string(100'000, 'x') + "\xff\n");
  const auto tail = tail_of(file_, 0, 20);
  EXPECT_EQ(tail.size(), 16384u - 2 + 3);  // without the bad byte and the newline, with U+FFFD
  EXPECT_TRUE(tail.ends_with("x\xef\xbf\xbd"));
}

TEST_F(TailTest, AMissingFileHasNoTail) { EXPECT_EQ(tail_of(file_, 0, 20), ""); }

TEST(CpusOfSlot, SlotsTakeConsecutiveCores) {
  const std::vector<int> cpus{2, 3, 6, 7};
  EXPECT_THAT(cpus_of_slot(cpus, 0, 2), ElementsAre(2, 3));
  EXPECT_THAT(cpus_of_slot(cpus, 1, 2), ElementsAre(6, 7));
}

TEST(CpusOfSlot, TooFewCoresAreShared) {
  EXPECT_THAT(cpus_of_slot({4, 5, 6}, 1, 2), ElementsAre(4, 6));
  EXPECT_THAT(cpus_of_slot({4}, 3, 8), ElementsAre(4));
  EXPECT_THAT(cpus_of_slot({}, 0, 8), IsEmpty());
}

TEST(WaitStatus, IsPutInWords) {
  EXPECT_EQ(describe_wait_status(9), "killed by signal 9 (SIGKILL)");
  EXPECT_EQ(describe_wait_status(6 | 0x80), "killed by signal 6 (SIGABRT)");  // with a core dump
  EXPECT_EQ(describe_wait_status(4 << 8), "exited with status 4");
}

TEST(TrainerEnvironment, ReplacesWhatWasSet) {
  std::array<std::string, 4> entries{"OMP_NUM_THREADS=64", "PMIX_RANK=1", "HOME=/home/a=b", "MTLGRID_PARENT=1"};
  const std::array<char*, 5> given{entries[0].data(), entries[1].data(), entries[2].data(), entries[3].data(), nullptr};
  EXPECT_THAT(trainer_environment(given.data(), 2, {"GPU-a", "NVIDIA A"}),
              ElementsAre("HOME=/home/a=b", "OMP_NUM_THREADS=2", "MKL_NUM_THREADS=2", "CUDA_VISIBLE_DEVICES=GPU-a",
                          "MTLGRID_GPU=NVIDIA A", "MTLGRID_PARENT=" + std::to_string(getpid())));
}

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

TEST(Spawn, AMissingExecutableIsNamed) {
  ProcessOptions options;
  options.executable = "/nonexistent/trainer";
  options.log = "/dev/null";
  try {
    spawn(options);
    FAIL() << "started";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("posix_spawn /nonexistent/trainer: No such file or directory"));
  }
}

TEST(Spawn, CoresThatDoNotExistAreAnError) {
  ProcessOptions options;
  options.executable = "/bin/true";
  options.log = "/dev/null";
  options.cpus = {100'000};
  EXPECT_THROW(spawn(options), Error);
}

}  // namespace
}  // namespace mtlgrid
