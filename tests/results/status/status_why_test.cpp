#include "results/status/status_why.h"

#include <sys/stat.h>

#include "base/text.h"
#include "results/status/status_why_render.h"
#include "results/store/layout.h"
#include "tests/results/status/live_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class Why : public LiveStoreTest {
 protected:
  std::string why(const Cell& of) const { return render_history(read_history(file, of)); }
  fs::path attempt_folder(const Cell& of, int attempt) const {
    return mtlgrid::attempt_folder(grid_folder(file, 1), of, attempt);
  }
  void write_log(const Cell& of, int attempt, const std::string& text) const {
    fs::create_directories(attempt_folder(of, attempt));
    write_file(attempt_folder(of, attempt) / kAttemptLog, text);
  }
  void write_checkpoint(const Cell& of, int attempt, const std::string& name) const {
    fs::create_directories(attempt_folder(of, attempt));
    write_file(attempt_folder(of, attempt) / name, "x");
  }
  // The cell's attempt ended badly.
  void end_badly(const Cell& of, int attempt, Outcome outcome, bool final) {
    Store store = open_grid();
    store.begin_attempt(of, attempt, environment(), 100);
    store.commit_failure(failure(of, attempt, outcome, final));
  }
};

TEST_F(Why, AFailedCellTellsItsAttemptsAndWhatToDo) {
  write_log(cell(2), 1, "2026-11-27T06:52:30Z process 7 on node1\nMSI/LF/naive/2: epoch 3: training 0.5\nnot finite\n");
  const std::string text = why(cell(2));
  EXPECT_THAT(text, StartsWith("MSI/LF/naive/2: failed (grid 1)\n  given up: a data or numerical error"));
  EXPECT_THAT(text, HasSubstr("--retry-failed --only 'biomarker=MSI,auxiliary=LF,method=naive,fold=2'"));
  EXPECT_THAT(text, HasSubstr("\nAttempt 1: failed\n  cause   signal 9\n  where   node1, rank 3, cpu\n"));
  EXPECT_THAT(text, HasSubstr("  when    1970-01-01 00:01:40 UTC, for 1 min 10 s\n  epochs  3 done\n"));
  EXPECT_THAT(text, HasSubstr("  log     " + file.string() + ".d/grid-1/MSI/LF/naive/2/attempt-1/log\n"));
  EXPECT_THAT(text, HasSubstr("    | not finite\n"));
}

TEST_F(Why, AGivenUpCellTellsWhichRetriesWereUsed) {
  for (int attempt = 1; attempt <= 3; ++attempt)
    end_badly(cell(0, "baseline"), attempt, Outcome::crashed, attempt == 3);
  end_badly(cell(1, "baseline"), 1, Outcome::lost, true);
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("given up: its trainer died 3 times (cluster.retries_crash = "));
  EXPECT_THAT(why(cell(1, "baseline")), HasSubstr("given up: its worker was lost once (cluster.retries_lost = "));
}

TEST_F(Why, ADoneCellNamesTheAttemptThatCounts) {
  const std::string text = why(cell(0));
  EXPECT_THAT(text, StartsWith("MSI/LF/naive/0: done (grid 1)\n  attempt 1 counts\n\nAttempt 1: done, counts\n"));
  EXPECT_THAT(text, HasSubstr("epochs  2, the best was 2\n"));
  EXPECT_THAT(text, HasSubstr("attempt-1/log: missing\n"));
}

TEST_F(Why, WithoutALogTheDetailIsTold) {
  EXPECT_THAT(why(cell(2)), HasSubstr("  detail\n    | log tail\n"));
  write_log(cell(2), 1, "whole log\n");
  EXPECT_THAT(why(cell(2)), Not(HasSubstr("log tail")));
}

TEST_F(Why, APendingCellWaitsForTheNextRun) {
  EXPECT_THAT(
      why(cell(0, "baseline")),
      HasSubstr("pending (grid 1)\n  no run holds the store; mtlgrid run CONFIG trains it\n\nNo attempt yet.\n"));
}

TEST_F(Why, TheNewestCheckpointIsNamed) {
  end_badly(cell(0, "baseline"), 1, Outcome::stopped, false);
  end_badly(cell(0, "baseline"), 2, Outcome::lost, false);
  write_checkpoint(cell(0, "baseline"), 1, "checkpoint-0000000040");
  write_checkpoint(cell(0, "baseline"), 1, "checkpoint-0000000120");
  write_checkpoint(cell(0, "baseline"), 1, "checkpoint-0000000900.tmp");
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("trains it from " + file.string() +
                                                  ".d/grid-1/MSI/LF/baseline/0/attempt-1/checkpoint-0000000120\n"));
}

TEST_F(Why, ACellWhoseRunWasKilledIsContinued) {
  { open_grid().begin_attempt(cell(0, "baseline"), 1, environment(), 100); }
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("was running when the run was killed (grid 1)\n  no run holds the "
                                                  "store; mtlgrid run CONFIG continues it from its beginning"));
}

TEST_F(Why, ARunningCellTellsWhereAndHowFar) {
  begin_run();
  run->begin_attempt(cell(0, "baseline"), 1, environment(), 100);
  run->publish_snapshot();
  write_live(live());
  EXPECT_THAT(why(cell(0, "baseline")),
              HasSubstr("running (grid 1)\n  attempt 1 runs on node1, rank 0, slot 1, for 30 s, in epoch 5 of 32 at "
                        "most, in a pack of 2\n"));
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("epochs  4 of 32 at most\n"));
}

TEST_F(Why, ASilentWorkerIsSaid) {
  begin_run();
  nlohmann::json status = live();
  status["running"][0]["rank"] = 1;
  write_live(status);
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("that worker is silent: its last message came 40 s ago"));
}

TEST_F(Why, AWaitingCellTellsItsPlaceAndWhomItAvoids) {
  begin_run();
  write_live(live());
  EXPECT_THAT(why(cell(1, "baseline")),
              HasSubstr("waiting (grid 1)\n  waits for a trainer: place 1 of 1 in the queue; 2 trainers of 1 workers "
                        "serve it\n  its trainer died on worker 1 (node2): another is to try it\n"));
  write_live(live(1, {{"stopping", true}}));
  EXPECT_THAT(why(cell(1, "baseline")), HasSubstr("asked to stop: the next run trains the cell"));
}

TEST_F(Why, ACellThatTheRunLeavesOutIsSaid) {
  begin_run();
  write_live(live());
  EXPECT_THAT(why(cell(2, "baseline")), HasSubstr("its --only excludes the cell, or the cell has ended since"));
  write_live(live(1, {{"queue", nlohmann::json::array()}}));
  EXPECT_THAT(why(cell(2, "baseline")), HasSubstr("1 cells are queued, too many for the live file to name them"));
}

TEST_F(Why, ACellThatJustEndedIsSaid) {
  begin_run();
  run->begin_attempt(cell(2, "baseline"), 1, environment(), 100);
  run->publish_snapshot();
  write_live(live());
  EXPECT_THAT(why(cell(2, "baseline")), HasSubstr("its attempt has ended since the snapshot"));
}

TEST_F(Why, AStaleLiveFileIsReported) {
  begin_run();
  write_live(live(400));
  const std::string text = why(cell(1, "baseline"));
  EXPECT_THAT(text, HasSubstr("the run's live file is 6 min 40 s old"));
  EXPECT_THAT(text, Not(HasSubstr("place 1")));
}

TEST_F(Why, LogsOfPacksAreReadForTheCellAlone) {
  Environment pack = environment();
  pack.pack = 2;
  pack.members = "baseline,naive";
  {
    Store store = open_grid();
    store.begin_attempt(cell(0, "baseline"), 1, pack, 100);
    store.commit_failure(failure(cell(0, "baseline"), 1, Outcome::crashed));
  }
  const std::string checkpoint = attempt_folder(cell(0, "baseline"), 1) / "checkpoint-0000000007";
  write_log(cell(0, "baseline"), 1,
            "MSI/LF/baseline/0: going on from " + checkpoint +
                "\nMSI/LF/naive/0: epoch 9: training 1\nMSI/LF/baseline/0: epoch 4: training 1\nof nobody\n");
  const LogEnd log = read_history(file, cell(0, "baseline")).attempts.at(0).log;
  EXPECT_THAT(log.lines, SizeIs(3));
  EXPECT_EQ(log.epochs, 4);
  EXPECT_EQ(log.resumed_from, "grid-1/MSI/LF/baseline/0/attempt-1/checkpoint-0000000007");
  EXPECT_THAT(why(cell(0, "baseline")), HasSubstr("in a pack of 2: baseline,naive"));
}

TEST_F(Why, OfALongLogTheEndIsTold) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "line " + std::to_string(i) + "\n";
  write_log(cell(2), 1, text);
  const LogEnd log = read_history(file, cell(2)).attempts.at(0).log;
  EXPECT_THAT(log.lines, SizeIs(8));
  EXPECT_EQ(log.lines.back(), "line 199999");
}

// Reading a FIFO would never return.
TEST_F(Why, ALogThatIsNoFileIsNotRead) {
  fs::create_directories(attempt_folder(cell(2), 1));
  ASSERT_EQ(::mkfifo((attempt_folder(cell(2), 1) / "log").c_str(), 0600), 0);
  EXPECT_EQ(read_history(file, cell(2)).attempts.at(0).log.trouble, "missing");
}

TEST_F(Why, HostileTextCannotActOnTheTerminal) {
  {
    Store store = open();
    GridRecord record = grid();
    record.settings = {{"file", "/x/it's $(touch y)\x1b[2J.ini"}};
    store.use_grid(record);
    AttemptFailure bad = failure(cell(0, "baseline"), 1, Outcome::failed, true);
    bad.cause = bad.detail = "\x1b[2J\n\xff\xe2\x80\xae";
    store.commit_failure(bad);
  }
  const std::string without_log = why(cell(0, "baseline"));
  write_log(cell(0, "baseline"), 1, "\x1b]0;title\x07\n\xff\n");
  const std::string text = why(cell(0, "baseline"));
  EXPECT_EQ(without_log, printable_lines(without_log));
  EXPECT_EQ(text, printable_lines(text));
  EXPECT_THAT(text, HasSubstr("    | \\x1b]0;title\\x07\n"));
  EXPECT_THAT(text, HasSubstr("mtlgrid run '/x/it'\\''s $(touch y)\\x1b[2J.ini' --retry-failed"));
}

TEST_F(Why, CellsAreInTheGridsOrder) {
  EXPECT_THAT(cells_of(file, 1),
              ElementsAre(cell(0, "baseline"), cell(1, "baseline"), cell(2, "baseline"), cell(0), cell(1), cell(2)));
  EXPECT_THROW(read_history(file, cell(9)), InputError);
}

}  // namespace
}  // namespace mtlgrid::testing
