#include "results/status/status_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "base/local_time.h"
#include "base/text.h"

namespace mtlgrid {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The paper's grid in the middle of a run on `workers` ranks.
StoreStatus paper_grid(int workers = 3) {
  StoreStatus s;
  s.grid_id = 1;
  s.run.now = 1'000'000'000;
  s.run.holder.emplace();
  s.run.holder->host = "node1";
  s.run.holder->epoch = 4;
  s.methods = {"baseline",     "naive",           "dwa",           "uncert",        "autol",
               "graddrop",     "pcgrad",          "cagrad",        "dwa+graddrop",  "dwa+pcgrad",
               "dwa+cagrad",   "uncert+graddrop", "uncert+pcgrad", "uncert+cagrad", "autol+graddrop",
               "autol+pcgrad", "autol+cagrad"};
  s.folds = {0, 1, 2, 3, 4};
  s.pairs = {"MSI/ITH", "MSI/LF", "MSI/LISS", "MSI/Prolif", "MSI/SF", "HRD/ITH", "HRD/Prolif"};
  s.signs.assign(17, std::vector(5, std::vector<std::optional<CellSign>>(7, CellSign::waiting)));
  s.signs[0][0] = {CellSign::done,  CellSign::done,    CellSign::failed, CellSign::running,
                   CellSign::ended, CellSign::outside, std::nullopt};
  s.matrix.assign(17, std::vector<StateCounts>(5, {7, 0, 0, 0}));
  s.matrix[0][0] = {2, 1, 3, 1};
  for (const auto& row : s.matrix) {
    for (const StateCounts& c : row) {
      s.cells.pending += c.pending;
      s.cells.running += c.running;
      s.cells.done += c.done;
      s.cells.failed += c.failed;
    }
  }
  for (int i = 9; i > 0; --i) s.newest_failures.push_back({"MSI/LF/naive/0", "crashed", "signal 11", i});
  s.lost = {{"crashed", 9}};
  LiveRun& live = s.run.live.emplace();
  live.cells = {590, 200, 2, workers * 2, 380};
  live.gone_seconds = 3600;
  live.share = 0.41;
  live.eta_seconds = 7200;
  for (int rank = 0; rank < workers; ++rank) {
    live.workers.push_back({rank, "node" + std::to_string(rank), rank == 1 ? "lost" : "alive", "", "", 3.0, 2, 2, 0});
  }
  return s;
}

std::string joined(const std::vector<std::string>& lines) {
  return std::accumulate(lines.begin(), lines.end(), std::string(),
                         [](const std::string& a, const std::string& b) { return a + b + "\n"; });
}

TEST(StatusView, PapersGridFitsATerminalOf80By24) {
  const std::vector<std::string> lines = status_view(paper_grid(), "grid.db", {});
  EXPECT_EQ(lines.size(), 24u);
  EXPECT_THAT(lines[0], StartsWith("grid.db, grid 1: run 4 on node1, "));
  EXPECT_THAT(lines[1], HasSubstr(" 41 %  200/590 cells, 2 failed, 6 running, 380 waiting"));
  EXPECT_EQ(lines[2],
            "1 h 0 min gone, ETA 2 h 0 min (" + expected_at(1'000'007'200, 1'000'000'000) + "), 200 cells an hour");
  EXPECT_THAT(lines[3], StartsWith("method          fold 0  fold 1"));
  EXPECT_THAT(lines[4], StartsWith("baseline        ##X>?-  ......."));
  EXPECT_THAT(lines[3], HasSubstr("workers 2/3, busy 4/4"));
  EXPECT_THAT(lines[4], HasSubstr("1 node1 2/2 lost 3 s")) << "those in trouble come first";
  EXPECT_THAT(lines[20], StartsWith("autol+cagrad"));
  EXPECT_EQ(lines[21], "# done  X failed  > running  . waiting  ? just ended  - not in this run")
      << "the legend is whole where there are failures too";
  EXPECT_EQ(lines[22], "attempts without a result: 9 crashed; newest first:");
  EXPECT_EQ(lines[23], "MSI/LF/naive/0 attempt 9 crashed: signal 11");
}

TEST(StatusView, RepeatsFollowOneAnotherWhereThereIsRoom) {
  StoreStatus s = paper_grid();
  s.repeats = {0, 1};
  for (auto& row : s.signs) {
    for (auto& square : row) square.insert(square.end(), 7, CellSign::outside);
  }
  const std::vector<std::string> lines = status_view(s, "grid.db", {160, 60});
  EXPECT_THAT(lines, Contains(StartsWith("baseline        ##X>?-  -------")));
  EXPECT_THAT(lines, Contains(HasSubstr("; then repeat 1")));
  EXPECT_THAT(status_view(s, "grid.db", {80, 24}), Contains(HasSubstr("done/all pairs and repeats")));
}

TEST(StatusView, MoreRoomShowsMore) {
  const std::vector<std::string> lines = status_view(paper_grid(), "grid.db", {120, 50});
  EXPECT_THAT(lines, Contains(HasSubstr("pairs from left to right: MSI/ITH, MSI/LF")));
  EXPECT_THAT(lines.back(), HasSubstr("attempt 1 crashed"));
}

// A run with two cells at work and some results.
StoreStatus busy_grid() {
  StoreStatus s = paper_grid();
  LiveRun::Running first, second;
  first.cell = "MSI/LF/autol+cagrad/3";
  first.epoch = 12;
  first.epochs = 32;
  first.started = s.run.now - 75;
  first.losses = {0.4123, 0.0831, 0.5504, 0.0912};
  second.cell = "MSI/LF/baseline/0";
  second.started = s.run.now - 2;
  s.run.live->running = {second, first};
  for (int i = 0; i < 20; ++i) {
    s.newest_results.push_back({"MSI/ITH/naive/" + std::to_string(i),
                                s.run.now - 10 * i,
                                {{"test", 0.875}, {"CPTAC-CRC", std::numeric_limits<double>::quiet_NaN()}}});
  }
  return s;
}

TEST(StatusView, LargeTerminalsShowRunningCellsAndResultsBesideTheMatrix) {
  const std::vector<std::string> lines = status_view(busy_grid(), "grid.db", {200, 50});
  const std::string text = joined(lines);
  EXPECT_THAT(text, HasSubstr("MSI/LF/autol+cagrad/3  12/32         0.412/0.550    0.083/0.091   for 1 min 15 s\n"));
  EXPECT_THAT(text, HasSubstr("MSI/LF/baseline/0      starting"));
  EXPECT_THAT(text,
              HasSubstr("MSI/ITH/naive/0   " + local_clock(1'000'000'000) + "  test 0.875  CPTAC-CRC undefined\n"));
  EXPECT_THAT(text, HasSubstr("attempt 1 crashed: signal 11")) << "all nine failures";
  EXPECT_THAT(text, HasSubstr("# done  X failed"));
  EXPECT_THAT(text, HasSubstr("pairs from left to right"));
  EXPECT_GE(lines.size(), 40u) << text;
}

TEST(StatusView, TallTerminalsShowThemBelow) {
  const std::string text = joined(status_view(busy_grid(), "grid.db", {100, 60}));
  EXPECT_THAT(text, HasSubstr("MSI/LF/autol+cagrad/3  12/32"));
  EXPECT_THAT(text, HasSubstr("MSI/ITH/naive/3"));
}

TEST(StatusView, CellsOfAKilledRunWereRunning) {
  StoreStatus s = paper_grid();
  s.run.live.reset();
  s.run.holder.reset();
  s.run.trouble = "the last run was killed, about 5 min 0 s ago";
  const std::string text = joined(status_view(s, "grid.db", {120, 40}));
  EXPECT_THAT(text, HasSubstr("1 was running when the run was killed"));
  EXPECT_THAT(text, HasSubstr("> was running"));
  EXPECT_THAT(text, HasSubstr("no run holds it"));
  s.run.end.emplace();
  EXPECT_THAT(joined(status_view(s, "grid.db", {120, 40})), HasSubstr("1 was running when the run ended"));
}

TEST(StatusView, NeverLeavesItsRoom) {
  StoreStatus trouble = paper_grid(200);
  trouble.run.live.reset();
  trouble.run.trouble = "the run's live file is 6 min 40 s old: " + std::string(300, 'x') + " and more";
  for (const StoreStatus& status :
       {paper_grid(), busy_grid(), paper_grid(200), paper_grid(0), trouble, StoreStatus{}}) {
    for (const int columns : {1, 2, 20, 40, 57, 66, 80, 81, 132, 400}) {
      for (const int rows : {1, 2, 5, 10, 23, 24, 25, 60}) {
        const std::vector<std::string> lines = status_view(status, "grid.db", {columns, rows});
        EXPECT_LE(lines.size(), static_cast<std::size_t>(rows)) << columns;
        for (const std::string& line : lines) EXPECT_LE(width(line), static_cast<std::size_t>(columns)) << line;
      }
    }
  }
}

TEST(StatusView, WhatDoesNotFitIsCounted) {
  const std::string low = joined(status_view(paper_grid(), "grid.db", {80, 14}));
  EXPECT_THAT(low, ::testing::ContainsRegex("and [0-9]+ more methods"));
  const std::string many = joined(status_view(paper_grid(200), "grid.db", {80, 24}));
  EXPECT_THAT(many, HasSubstr("up 199/200 busy 398/398\n"));
  EXPECT_THAT(many, HasSubstr("and 184 more workers\n"));
}

TEST(StatusView, NarrowTerminalsGetCounts) {
  const std::string text = joined(status_view(paper_grid(), "grid.db", {50, 40}));
  EXPECT_THAT(text, HasSubstr("baseline        3/7! 0/7"));
  EXPECT_THAT(text, HasSubstr("done/all pairs, ! where some failed"));
  EXPECT_THAT(joined(status_view(paper_grid(), "grid.db", {30, 40})), HasSubstr("baseline        3/35!"));
}

TEST(StatusView, TroubleTakesThePlaceOfThePace) {
  StoreStatus s = paper_grid();
  s.run.live.reset();
  s.run.trouble = "the run's live file is 6 min 40 s old";
  const std::string text = joined(status_view(s, "grid.db", {}));
  EXPECT_THAT(text, HasSubstr("the run's live file is 6 min 40 s old"));
  EXPECT_THAT(text, Not(HasSubstr("ETA")));
  EXPECT_THAT(text, HasSubstr("3/595 cells"));
}

TEST(StatusView, StoppingAndTheAllocationsEndAreSaid) {
  StoreStatus s = paper_grid();
  s.run.live->stopping = true;
  s.run.live->ends = s.run.now + 90;
  EXPECT_THAT(status_view(s, "grid.db", {100, 24})[2], HasSubstr("the allocation ends in 1 min 30 s, asked to stop"));
}

TEST(StatusView, HostileTextCannotActOnTheTerminal) {
  StoreStatus s = paper_grid();
  const std::string bad = "\x1b[2J\r\n\xc2\x9b\xff\xe2\x80\xae";
  s.methods[0] = s.pairs[0] = s.run.holder->host = bad;
  s.newest_failures[0] = {bad, bad, bad, 1};
  s.newest_results = {{bad, 0, {{bad, 0.5}}}};
  s.run.live->running.emplace_back().cell = bad;
  for (auto& w : s.run.live->workers) w.host = w.device = w.why = w.state = bad;
  for (const std::string& line : status_view(s, bad, {200, 60})) {
    EXPECT_EQ(line, printable(line));
  }
}

}  // namespace
}  // namespace mtlgrid
