// The real platform: clocks and process identity.
#include "base/platform.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace mtlgrid {
namespace {

TEST(ClockTest, SteadyNeverGoesBack) {
  const double before = Clock::real().steady();
  EXPECT_GE(Clock::real().steady(), before);
}

TEST(ClockTest, NowCountsFrom1970) {
  EXPECT_GT(Clock::real().now(), 1.7e9);  // 2023
}

TEST(ProcessIdentityTest, ThisProcessRunsOnAHostAndSinceAMoment) {
  Platform& platform = Platform::real();
  EXPECT_FALSE(platform.host().empty());
  EXPECT_FALSE(platform.machine().empty());
  EXPECT_EQ(platform.machine(), platform.machine());
  EXPECT_EQ(platform.process(), ::getpid());
  const auto start = platform.process_start(platform.process());
  ASSERT_TRUE(start);
  EXPECT_EQ(start, platform.process_start(platform.process()));
}

TEST(ProcessIdentityTest, AZombieAndAReapedProcessHaveNoStart) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(Platform::real().process_start(child));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(Platform::real().process_start(child));
}

}  // namespace
}  // namespace mtlgrid
