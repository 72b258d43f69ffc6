#include "results/status/live_run.h"

#include <cmath>

#include "tests/results/status/live_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LiveRuns : public LiveStoreTest {
 protected:
  RunState state(std::int64_t grid = 1) const { return read_run_state(file, grid, Platform::real().now()); }
};

TEST_F(LiveRuns, ARunTellsOfItself) {
  begin_run();
  write_live(live());
  const RunState found = state();
  ASSERT_TRUE(found.live) << found.trouble;
  EXPECT_THAT(found.trouble, IsEmpty());
  EXPECT_EQ(found.live->cells.total, 3);
  EXPECT_EQ(found.live->eta_seconds, 125);
  EXPECT_EQ(found.live->ends, std::nullopt);
  EXPECT_EQ(found.live->workers.at(1).why, "no memory");
  ASSERT_NE(found.live->find_running("MSI/LF/baseline/0"), nullptr);
  EXPECT_EQ(found.live->find_running("MSI/LF/baseline/0")->epoch, 4);
  EXPECT_EQ(found.live->share, 0.4375);
  EXPECT_EQ(found.live->find_running("MSI/LF/baseline/0")->losses.valid_classification, 0.625);
  EXPECT_TRUE(std::isnan(found.live->find_running("MSI/LF/baseline/0")->losses.train_regression));
  EXPECT_EQ(found.live->place_of("MSI/LF/baseline/1"), 1);
  EXPECT_EQ(found.live->place_of("MSI/LF/baseline/2"), 0);
}

TEST_F(LiveRuns, FilesOfEarlierVersionsSayLess) {
  begin_run();
  nlohmann::json old = live();
  old.erase("share");
  old["running"][0].erase("losses");
  write_live(old);
  const RunState found = state();
  ASSERT_TRUE(found.live) << found.trouble;
  EXPECT_EQ(found.live->share, std::nullopt);
  EXPECT_TRUE(std::isnan(found.live->running.at(0).losses.valid_classification));
}

TEST_F(LiveRuns, UnknownTimesAreNull) {
  begin_run();
  write_live(live(1, {{"eta_seconds", nullptr}, {"ends", 2e9}}));
  EXPECT_EQ(state().live->eta_seconds, std::nullopt);
  EXPECT_EQ(state().live->ends, 2e9);
}

TEST_F(LiveRuns, WithoutARunNothingIsExpected) {
  const RunState found = state();
  EXPECT_FALSE(found.live);
  EXPECT_FALSE(found.holder);
  EXPECT_THAT(found.trouble, IsEmpty());
}

TEST_F(LiveRuns, AMissingFileIsReported) {
  begin_run();
  EXPECT_THAT(state().trouble, HasSubstr("no live file"));
}

TEST_F(LiveRuns, AStaleFileIsReported) {
  begin_run();
  write_live(live(400));
  const RunState found = state();
  EXPECT_FALSE(found.live);
  EXPECT_THAT(found.trouble, HasSubstr("the run's live file is 6 min 40 s old"));
  write_live(live(29));
  EXPECT_TRUE(state().live);
}

TEST_F(LiveRuns, AFileOfTheFutureIsReported) {
  begin_run();
  write_live(live(-400));
  EXPECT_THAT(state().trouble, HasSubstr("ahead of this host's clock"));
}

TEST_F(LiveRuns, AFileWhoseRunWasKilledIsReported) {
  write_live(live(5));
  const RunState found = state();
  EXPECT_FALSE(found.live);
  EXPECT_THAT(found.trouble, HasSubstr("the last run was killed, about 5 s ago; the same command again continues it"));
}

TEST_F(LiveRuns, AFileOfAnEarlierRunIsReported) {
  begin_run();
  write_live(live(1, {{"epoch", 1}}));
  EXPECT_THAT(state().trouble, HasSubstr("of run 1, which has ended; run 2"));
}

TEST_F(LiveRuns, ARunOfAnotherGridIsReported) {
  begin_run();
  write_live(live());
  EXPECT_THAT(state(7).trouble, HasSubstr("of grid 1"));
}

TEST_F(LiveRuns, WhatCannotBeReadIsReported) {
  begin_run();
  const std::string whole = live().dump();
  const std::string contents[] = {"",
                                  "{",
                                  "[]",
                                  "null",
                                  "42",
                                  "\xff\xfe",
                                  whole.substr(0, whole.size() / 2),
                                  "{\"time\": 1}",
                                  live(1, {{"workers", 3}}).dump(),
                                  live(1, {{"queue", {{"a", 1}}}}).dump(),
                                  live(1, {{"cells", nullptr}}).dump(),
                                  live(1, {{"epoch", "x\x1b[2J"}}).dump()};
  for (const std::string& content : contents) {
    write_file(progress(), content);
    const RunState found = state();
    EXPECT_FALSE(found.live) << content;
    EXPECT_THAT(found.trouble, HasSubstr("grid.db.progress is not a valid live file")) << content;
    EXPECT_EQ(found.trouble.find('\x1b'), std::string::npos);
  }
  fs::remove(progress());
  fs::create_directory(progress());
  EXPECT_THAT(state().trouble, HasSubstr("cannot be read"));
}

TEST_F(LiveRuns, NoPartOfAFileIsTakenForAnotherStatus) {
  begin_run();
  const std::string whole = live().dump();
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    write_file(progress(), whole.substr(0, length));
    EXPECT_FALSE(state().live) << length;
  }
}

TEST_F(LiveRuns, TheEndOfARunIsTold) {
  begin_run();
  run->write_done(3, {{"total", 6}, {"done", 2}, {"failed", 1}, {"pending", 3}});
  EXPECT_FALSE(state().end) << "during the run";
  run.reset();
  const RunState found = state();
  ASSERT_TRUE(found.end);
  EXPECT_EQ(found.end->text(),
            "stopped on request with work left: run again (exit status 3): 2 of 6 cells done, 1 failed, 3 left");
}

TEST_F(LiveRuns, ADamagedRecordOfTheEndIsNone) {
  for (const char* content : {"", "{}", "[1]", "{\"status\": \"x\", \"time\": 1, \"epoch\": 1}"}) {
    write_file(beside(file, ".done"), content);
    EXPECT_FALSE(state().end) << content;
  }
}

}  // namespace
}  // namespace mtlgrid::testing
