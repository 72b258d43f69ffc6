#include "orchestrator/rehearsal/rehearsal_checks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace mtlgrid {
namespace {

// A file system whose fsync takes `seconds`, or fails.
struct SlowDisk : Platform {
  explicit SlowDisk(double took) : seconds(took) {}
  int fsync(int) override {
    clock += seconds;
    errno = error;
    return error == 0 ? 0 : -1;
  }
  double steady() override { return clock; }
  double seconds, clock = 0;
  int error = 0;
};

// Renames that readers do not see.
struct StaleRenames : Platform {
  int rename(const char* from, const char*) override { return ::unlink(from); }
};

const std::filesystem::path kHere = std::filesystem::temp_directory_path();

TEST(RehearsalChecks, FsyncIsJudgedByItsMedian) {
  SlowDisk slow(0.1), useless(2);
  const Finding warned = check_fsync(slow, kHere, 5);
  EXPECT_EQ(warned.verdict, Verdict::warning);
  EXPECT_NE(warned.measured.find("p50 100.00 ms"), std::string::npos) << warned.measured;
  EXPECT_EQ(check_fsync(useless, kHere, 5).verdict, Verdict::problem);
}

TEST(RehearsalChecks, FailedFsyncThrows) {
  SlowDisk full(0.001);
  full.error = ENOSPC;
  EXPECT_THROW(check_fsync(full, kHere, 5), Error);
}

TEST(RehearsalChecks, RenameThatReadersDoNotSeeIsAProblem) {
  StaleRenames stale;
  EXPECT_EQ(check_rename(stale, kHere).verdict, Verdict::problem);
  EXPECT_EQ(check_rename(Platform::real(), kHere).verdict, Verdict::ok);
}

TEST(RehearsalChecks, HeldLocksAreRefusedUntilTheyAreFree) {
  const std::filesystem::path file = kHere / ("locks.probe." + std::to_string(::getpid()));
  {
    const FileDescriptor held = hold_locks(file);
    EXPECT_EQ(try_locks(file), (nlohmann::json{{"flock", true}, {"fcntl", true}}));
  }
  EXPECT_EQ(try_locks(file), (nlohmann::json{{"flock", false}, {"fcntl", false}}));
  std::filesystem::remove(file);
}

TEST(RehearsalChecks, SpaceAndOpenFilesAreComparedWithTheNeed) {
  EXPECT_EQ(check_space("space", "/x", 10e9, 30e9).verdict, Verdict::ok);
  EXPECT_EQ(check_space("space", "/x", 10e9, 15e9).verdict, Verdict::warning);
  EXPECT_EQ(check_space("space", "/x", 10e9, 9e9).verdict, Verdict::problem);
  EXPECT_EQ(check_open_files("rank 0", 1024, 4).verdict, Verdict::ok);
  EXPECT_EQ(check_open_files("rank 0", 256, 64).verdict, Verdict::problem);
}

TEST(RehearsalChecks, ClockIsJudgedByTheShortestExchange) {
  ClockSkew skew;
  skew.add(100, 150, 110);
  skew.add(200, 203.01, 200.02);
  EXPECT_EQ(skew.finding("rank 1").verdict, Verdict::warning);
  EXPECT_NE(skew.finding("rank 1").measured.find("+3000.00 ms"), std::string::npos) << skew.finding("rank 1").measured;
  ClockSkew unknown;  // half a minute off, as far as a minute's exchange can tell
  unknown.add(0, 60, 60);
  EXPECT_EQ(unknown.finding("rank 1").verdict, Verdict::ok);
}

TEST(RehearsalChecks, ReportShowsWhatToChange) {
  const std::vector<Finding> findings = {{Verdict::ok, "a", "1", ""}, {Verdict::problem, "b", "2", "fix it"}};
  EXPECT_EQ(render_findings(findings), "ok       a  1\nPROBLEM  b  2\n         -> fix it\n");
  EXPECT_EQ(worst(findings), Verdict::problem);
}

}  // namespace
}  // namespace mtlgrid
