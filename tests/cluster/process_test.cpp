#include "cluster/process.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
