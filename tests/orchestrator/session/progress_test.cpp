// What a run shows of its progress: a line, and a file; and the signals that stop it.
#include "orchestrator/session/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/local_time.h"
#include "base/text.h"
#include "orchestrator/session/live_file.h"
#include "orchestrator/session/signals.h"
#include "results/store/layout.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

// The paper's grid in the middle of a run, with numbers as wide as they get.
Coordinator::Counts large_run() {
  Coordinator::Counts counts;
  counts.total = 595;
  counts.done = 300;
  counts.failed = 12;
  counts.running = 128;
  counts.cost_total = 10;
  counts.cost_done = 5;
  counts.slots = 128;
  counts.workers = 32;
  return counts;
}

constexpr double kNow = 1'000'000'000;
const ProgressTimes kTimes = {12 * 3600 + 7 * 60, 22 * 3600 + 59 * 60, kNow};

TEST(ProgressText, SaysEverythingWhereThereIsRoom) {
  const std::string text = progress_text(large_run(), kTimes, 199);
  EXPECT_THAT(text, HasSubstr("[###############...............]  50 %  300/595 cells, 12 failed, 128 running"));
  EXPECT_THAT(text, HasSubstr(" on 128 trainers of 32 ranks, 12 h 7 min gone, ETA 22 h 59 min (" +
                              expected_at(kNow + *kTimes.left, kNow) + ")"));
  Coordinator::Counts small;
  small.total = small.slots = small.workers = 1;
  EXPECT_THAT(progress_text(small, {1, std::nullopt, kNow}, 199),
              HasSubstr(" on 1 trainer of 1 rank, 1 s gone, ETA unknown"));
}

TEST(ProgressText, FitsEveryTerminalAndKeepsTheTimeThatIsLeft) {
  std::size_t before = 0;
  for (std::size_t columns = 1; columns <= 250; ++columns) {
    const std::string text = progress_text(large_run(), kTimes, columns);
    EXPECT_LE(width(text), columns) << text;
    EXPECT_GE(width(text), before) << "more room never shows less: " << text;
    before = width(text);
    if (columns >= 30) {
      EXPECT_THAT(text, ::testing::AllOf(HasSubstr(" 50 %"), HasSubstr("ETA 22 h 59 min")));
    }
    if (columns >= 79) {
      EXPECT_THAT(text, ::testing::AllOf(HasSubstr("#"), HasSubstr("300/595 cells, 12 failed"), HasSubstr("(")));
    }
    if (columns >= 99) {
      EXPECT_THAT(text, HasSubstr("128 running"));
    }
  }
}

TEST(ProgressText, OfALogHasNoBar) {
  EXPECT_EQ(progress_log_text(large_run(), {61, std::nullopt, kNow}),
            " 50 %  300/595 cells, 12 failed, 128 running on 128 trainers of 32 ranks, 1 min 1 s gone, ETA unknown");
}

TEST(StopSignals, AreCountedAndPutBack) {
  struct sigaction before {};
  std::signal(SIGHUP, SIG_DFL);
  {
    const StopSignals signals;
    EXPECT_FALSE(signals.requested());
    std::raise(SIGHUP);
    EXPECT_TRUE(signals.requested());
    EXPECT_STREQ(signals.first(), "SIGHUP");
    for (const int again : {SIGUSR1, SIGTERM, SIGTERM, SIGINT}) std::raise(again);
    EXPECT_FALSE(signals.at_once()) << "batch systems repeat signals";
    std::raise(SIGINT);
    EXPECT_TRUE(signals.at_once());
    EXPECT_STREQ(signals.first(), "SIGHUP");
  }
  sigaction(SIGHUP, nullptr, &before);
  EXPECT_EQ(before.sa_handler, SIG_DFL);
}

// The kernel repeats it every second, and the run is publishing what it has.
TEST(StopSignals, ProcessorTimeThatHasRunOutDoesNotEndARunThatPublishes) {
  for (const bool stopped : {true, false}) {
    std::signal(SIGXCPU, SIG_DFL);
    {
      const StopSignals signals;
      if (stopped) std::raise(SIGXCPU);
      EXPECT_STREQ(signals.first(), stopped ? "SIGXCPU" : "");
    }
    std::raise(SIGXCPU);  // would end this process
  }
  std::signal(SIGXCPU, SIG_DFL);
}

TEST(StopSignals, LeaveAHangupAloneThatWasIgnored) {
  std::signal(SIGHUP, SIG_IGN);  // nohup
  {
    const StopSignals signals;
    std::raise(SIGHUP);
    EXPECT_FALSE(signals.requested());
  }
  struct sigaction after {};
  sigaction(SIGHUP, nullptr, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  std::signal(SIGHUP, SIG_DFL);
}

TEST(LiveFile, IsReplacedInTimeAndRemovedAtTheEnd) {
  const testing::Scratch folder;
  const auto file = store_path(folder.path() / "grid.db", StoreFile::progress);
  int made = 0;
  {
    LiveFile live(file, [&] { return nlohmann::json{{"made", ++made}}; }, [](const std::string&) {});
    live.at(100);
    live.at(101.9);
    EXPECT_EQ(made, 1);
    live.at(102.1);
    EXPECT_EQ(made, 2);
    std::ifstream in(file);
    EXPECT_EQ(nlohmann::json::parse(in).at("made"), 2);
    EXPECT_EQ(folder.listing().size(), 1u) << "nothing but the file";
  }
  EXPECT_TRUE(folder.listing().empty());
}

TEST(LiveFile, ThatCannotBeWrittenIsToldOfOnceAndEndsNothing) {
  const testing::Scratch folder;
  std::vector<std::string> said;
  LiveFile live(
      folder.path() / "missing" / "grid.db.progress", [] { return nlohmann::json::object(); },
      [&](const std::string& line) { said.push_back(line); });
  live.at(100);
  live.at(110);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("cannot be created: No such file or directory"));
}

}  // namespace
}  // namespace mtlgrid
