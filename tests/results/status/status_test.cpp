#include "results/status/status.h"

#include <cmath>

#include "results/status/status_render.h"
#include "tests/results/status/live_fixture.h"

namespace mtlgrid::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Statuses : public LiveStoreTest {
 protected:
  CellSign sign(const StoreStatus& status, const std::string& method, int fold) const {
    const auto row = std::find(status.methods.begin(), status.methods.end(), method) - status.methods.begin();
    return status.signs.at(static_cast<std::size_t>(row)).at(static_cast<std::size_t>(fold)).at(0).value();
  }
};

TEST_F(Statuses, CountCellsByStateMethodAndFold) {
  const StoreStatus status = read_status(file);
  EXPECT_EQ(status.cells.done, 2);
  EXPECT_EQ(status.cells.failed, 1);
  EXPECT_EQ(status.cells.pending, 3);
  EXPECT_THAT(status.methods, ElementsAre("baseline", "naive"));
  EXPECT_EQ(status.matrix[1][2].failed, 1);
  EXPECT_EQ(status.matrix[0][2].pending, 1);
  ASSERT_THAT(status.failures, SizeIs(1));
  EXPECT_EQ(status.failures[0].cause, "signal 9");
  EXPECT_FALSE(status.run.holder);
  EXPECT_TRUE(std::isnan(status.eta_seconds));
}

TEST_F(Statuses, OfALiveRunHaveAnEtaWithoutALiveFile) {
  begin_run();
  CellResult r = result(cell(0, "baseline"));
  r.ended = platform.clock + 60;
  run->commit_result(r);
  run->publish_snapshot();
  const StoreStatus status = read_status(file);
  ASSERT_TRUE(status.run.holder);
  EXPECT_DOUBLE_EQ(status.cells_per_hour, 60);
  EXPECT_DOUBLE_EQ(status.eta_seconds, 120);
  EXPECT_THAT(render_status(status), HasSubstr("about 2 min 0 s to go"));
  EXPECT_THAT(render_status(status), HasSubstr("No live status: the run has written no live file (yet)."));
}

TEST_F(Statuses, TextShowsMatrixAndFailures) {
  const std::string text = render_status(read_status(file));
  EXPECT_THAT(text, HasSubstr("2 of 6 cells done, 3 pending, 1 failed"));
  EXPECT_THAT(text, HasSubstr("0/1 1f"));
  EXPECT_THAT(text, HasSubstr("MSI/LF/naive/2"));
  EXPECT_THAT(text, Not(HasSubstr("This run")));
}

TEST_F(Statuses, TheRunsOwnEtaComesFirst) {
  begin_run();
  write_live(live());
  const std::string text = render_status(read_status(file));
  EXPECT_THAT(text,
              HasSubstr("This run: 0 of 3 cells done, 1 running, 1 waiting; 1 min 1 s gone; about 2 min 5 s to go."));
  EXPECT_THAT(text, ::testing::ContainsRegex("1 +node2 +cpu +silent +40 s ago +0 of 2 +0 +1: no memory"));
}

TEST_F(Statuses, AStaleLiveFileIsReported) {
  begin_run();
  write_live(live(400));
  const std::string text = render_status(read_status(file));
  EXPECT_THAT(text, HasSubstr("No live status: the run's live file is 6 min 40 s old"));
  EXPECT_THAT(text, Not(HasSubstr("This run")));
}

TEST_F(Statuses, TellHowTheLastRunEnded) {
  begin_run();
  run->write_done(1, {{"total", 6}, {"done", 5}, {"failed", 1}, {"pending", 0}});
  run.reset();
  EXPECT_THAT(render_status(read_status(file)), HasSubstr("ago: some cells failed (exit status 1): 5 of 6 cells done"));
}

TEST_F(Statuses, SignsAreOfTheStoreWithoutARun) {
  const StoreStatus status = read_status(file);
  EXPECT_THAT(status.pairs, ElementsAre("MSI/LF"));
  EXPECT_EQ(sign(status, "naive", 0), CellSign::done);
  EXPECT_EQ(sign(status, "naive", 2), CellSign::failed);
  EXPECT_EQ(sign(status, "baseline", 1), CellSign::waiting);
}

// The snapshot is older than the live file: what it has as running may have ended.
TEST_F(Statuses, SignsFollowTheLiveFile) {
  begin_run();
  run->begin_attempt(cell(2, "baseline"), 1, environment(), 100);
  run->publish_snapshot();
  write_live(live());
  StoreStatus status = read_status(file);
  EXPECT_EQ(sign(status, "baseline", 0), CellSign::running);
  EXPECT_EQ(sign(status, "baseline", 1), CellSign::waiting);
  EXPECT_EQ(sign(status, "baseline", 2), CellSign::ended);
  EXPECT_EQ(sign(status, "naive", 0), CellSign::done);
  write_live(live(1, {{"queue", nlohmann::json::array()},
                      {"cells", {{"total", 1}, {"done", 0}, {"failed", 0}, {"running", 1}, {"queued", 0}}}}));
  EXPECT_EQ(sign(read_status(file), "baseline", 1), CellSign::outside);
  write_live(live(1, {{"queue", nlohmann::json::array()},
                      {"cells", {{"total", 2}, {"done", 1}, {"failed", 0}, {"running", 1}, {"queued", 0}}}}));
  EXPECT_EQ(sign(read_status(file), "baseline", 1), CellSign::ended) << "a result that the snapshot does not have";
  write_live(live(1, {{"queue", nlohmann::json::array()}}));
  EXPECT_EQ(sign(read_status(file), "baseline", 1), CellSign::waiting) << "so many wait that none is named";
}

TEST_F(Statuses, NewestFailuresComeFirst) {
  {
    Store store = open_grid();
    AttemptFailure later = failure(cell(0, "baseline"), 1, Outcome::crashed);
    later.ended = 500;
    store.commit_failure(later);
    later = failure(cell(1, "baseline"), 1, Outcome::stopped);
    later.ended = 600;
    store.commit_failure(later);
  }
  std::vector<std::string> cells;
  for (const auto& f : read_status(file).newest_failures) cells.push_back(f.cell + " " + f.outcome);
  EXPECT_THAT(cells, ElementsAre("MSI/LF/baseline/0 crashed", "MSI/LF/naive/2 failed")) << "a stop is not a failure";
}

TEST_F(Statuses, NewestResultsComeFirstWithTheirAuroc) {
  {
    Store store = open_grid();
    CellResult later = result(cell(1, "baseline"));
    later.ended = 500;
    store.commit_result(later);
  }
  const StoreStatus status = read_status(file);
  ASSERT_THAT(status.newest_results, SizeIs(3));
  EXPECT_EQ(status.newest_results[0].cell, "MSI/LF/baseline/1");
  EXPECT_EQ(status.newest_results[0].ended, 500);
  EXPECT_THAT(status.newest_results[0].auroc, ElementsAre(std::pair<std::string, double>("test", 0.75),
                                                          std::pair<std::string, double>("CPTAC-CRC", 0.75)));
}

TEST_F(Statuses, CellsOfAKilledRunWereRunning) {
  {
    Store store = open_grid();
    store.begin_attempt(cell(0, "baseline"), 1, environment(), 100);
    write_live(live(5));
  }
  const std::string text = render_status(read_status(file));
  EXPECT_THAT(text, HasSubstr("2 of 6 cells done, 1 was running when the run was killed, 2 pending, 1 failed\n"
                              "No run holds the store.\n"
                              "Note: the last run was killed, about 5 s ago; the same command again continues it.\n"));
  EXPECT_THAT(text, HasSubstr("(r was running when the run was killed, f failed)"));
  EXPECT_THAT(text, HasSubstr("was running  done"));
}

TEST_F(Statuses, AreOfTheSnapshotDuringARun) {
  begin_run();
  run->publish_snapshot();
  run->commit_result(result(cell(0, "baseline")));
  const StoreStatus status = read_status(file);
  EXPECT_EQ(status.cells.done, 2);
  EXPECT_GT(status.run.data_age, 0);
  EXPECT_THAT(render_status(status), HasSubstr("from the snapshot"));
}

// A reader of the store itself would make the writer's commit wait.
TEST_F(Statuses, HoldNoLockThatTheWriterWaitsFor) {
  begin_run();
  run->publish_snapshot();
  write_live(live());
  const Database reading = open_for_reading(file);
  Statement open_read = reading.prepare("SELECT * FROM cells");
  ASSERT_TRUE(open_read.step());  // a reader in the middle of its rows
  Database writer(file, Database::Mode::read_write);
  writer.execute("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; ROLLBACK");
}

TEST_F(Statuses, UnknownGridIsNamedWithTheKnown) {
  EXPECT_THAT(error_of([&] { read_status(file, 7); }).what(), HasSubstr("no grid 7; there is 1"));
}

}  // namespace
}  // namespace mtlgrid::testing
