#include "orchestrator/commands/plan_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "orchestrator/commands/data_notes.h"
#include "results/store/store.h"
#include "tests/orchestrator/plan/synthetic_plan.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PlanReport : public testing::PlanOfSynthetic {
 protected:
  static std::string report(const Plan& p) { return plan_report(p, plan_standing(p), false); }
};

TEST_F(PlanReport, InitialWeightsThatFitNoPairAreRefusedWithEveryReason) {
  const std::string absent = problems({{"[train]\n", "[train]\ninit = none.pt\n"}});
  EXPECT_EQ(absent, (scratch_->path() / "data/none.pt").string() + ": no such file");
  scratch_->write("data/a.pt", "no weights");
  const Plan p = plan(changed("[train]\n", "[train]\ninit = a.pt\n"));
  EXPECT_THAT([&] { report(p); },
              ::testing::ThrowsMessage<InputError>(AllOf(HasSubstr("pair MSI/SF: "), HasSubstr("pair HRD/Prolif: "),
                                                         HasSubstr("was not written by torch.save"))));
}

TEST_F(PlanReport, SaysHowThreadsAndTrainersShareTheCores) {
  EXPECT_THAT(report(plan()), HasSubstr("On CPUs: one trainer per core, each with one thread (two trainers"));
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\nthreads = 4\n"))),
              HasSubstr("On CPUs: train.threads = 1 and more trainers would be faster"));
}

TEST_F(PlanReport, WarningsAreASectionOfTheirOwn) {
  Plan p = plan();
  EXPECT_THAT(report(p), ::testing::Not(HasSubstr("Warnings\n")));
  p.cohorts[0].warnings = {"most rows are lost"};
  EXPECT_THAT(report(p), HasSubstr("Warnings\n  " + p.cohorts[0].files.name + ": most rows are lost\n\n"));
}

TEST_F(PlanReport, HowTilesWereCutIsATable) {
  const std::string text = report(plan());
  EXPECT_THAT(text, HasSubstr("Features\ncohort "));
  EXPECT_THAT(text, ::testing::ContainsRegex("TCGA-CRC +tile +256 um in 224 px \\(1\\.143 um/px\\) +STAMP 2\\.4\\.0 "
                                             "+synthetic +46"));
  EXPECT_THAT(text, ::testing::ContainsRegex("CPTAC-CRC +tile +not said +STAMP 001 +synthetic"));
  EXPECT_THAT(text, ::testing::ContainsRegex("CPTAC-CRC: [0-9]+ of [0-9]+ files do not say how tiles were cut"));
}

TEST_F(PlanReport, FeatureFilesOfNoRowAreANote) {
  Plan p = plan();
  EXPECT_THAT(report(p), ::testing::Not(HasSubstr("named by no row")));
  Cohort& cohort = p.cohorts[0];
  cohort.named_files = {"a.h5"};
  cohort.unnamed_files = {"b.h5", "c.h5", "d.h5", "e.h5"};
  EXPECT_THAT(report(p),
              HasSubstr(fmt::format("  note: {}: 4 of 5 feature files are named by no row of {} (b.h5, c.h5, "
                                    "d.h5, ...)\n\n",
                                    cohort.files.name, cohort.files.slides.filename().string())));
  EXPECT_THAT(findings(p), ::testing::Contains(HasSubstr("4 of 5 feature files are named by no row")));
  EXPECT_THAT(plan_report(p, plan_standing(p), true), ::testing::ContainsRegex("\\(all\\) +e\\.h5 +named by no row"));
}

// A stop is heard once every member has taken its step, and each then writes its checkpoint.
TEST_F(PlanReport, WalltimeLeadCountsThePack) {
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\ndevice = cpu\n"))),
              HasSubstr("(one cell at 100 MB per second;"));
  EXPECT_THAT(report(plan(changed("[train]\n", "[train]\ndevice = cpu\npack = 5\n"))),
              HasSubstr("(up to 5 cells of a trainer at 100 MB per second;"));
}

TEST_F(PlanReport, TimesComeFromFinishedCellsOfTheSameGrid) {
  const testing::Scratch own;
  const Plan p = plan(changed("store = results/grid.db", "store = " + (own.path() / "grid.db").string()));
  EXPECT_THAT(report(p), AllOf(HasSubstr("Expected times for the 595 cells that are not done"), HasSubstr("a guess: ")))
      << "no store";
  const Cell cell{"MSI", "ITH", "pcgrad", 0};
  {
    Store store = Store::open(p.config.store, [](const std::string&) {}, 60);
    store.use_grid(p.grid);
    EXPECT_THAT(report(p), HasSubstr("a guess: ")) << "nothing finished";
    CellResult result;
    result.cell = cell;
    result.attempt = 1;
    result.environment.device = "cpu";
    for (int epoch = 1; epoch <= 3; ++epoch) {
      result.epochs.push_back({});
      result.epochs.back().epoch = epoch;
      result.epochs.back().seconds = 4;
    }
    store.begin_attempt(cell, 1, result.environment, result.started);
    store.commit_result(result);
    store.publish_snapshot();
  }
  const PlanStanding standing = plan_standing(p);
  EXPECT_EQ(standing.durations.observed(), 1);
  EXPECT_THAT(standing.left, SizeIs(594));
  EXPECT_THAT(report(p), AllOf(HasSubstr("Expected times for the 594 cells that are not done"),
                               HasSubstr("from 1 cell measured in this store on cpu")));

  const Plan other = plan(changed(
      {{"store = results/grid.db", "store = " + (own.path() / "grid.db").string()}, {"\nseed = 1337", "\nseed = 7"}}));
  EXPECT_EQ(plan_standing(other).durations.observed(), 0) << "another grid's cells";
  EXPECT_THAT(plan_standing(other).left, SizeIs(595));
}

TEST_F(PlanReport, SaysHowManyJobsOfWhichWalltimeAreNeeded) {
  const Plan p = plan();
  PlanStanding standing = plan_standing(p);
  std::vector<MeasuredCell> slow;  // 5 epochs of 400 s, all 595 cells: 331 h
  for (const Cell& cell : p.grid.cells) slow.push_back({cell, "cpu", 1, 1, 5, 2000, 2001});
  standing.durations.learn(slow);
  const std::string text = plan_report(p, standing, false);
  EXPECT_THAT(text, HasSubstr("trainers  expected      8 in 10 are within            speed-up  jobs of 4 h  of 8 h"));
  const auto row = text.find("\n      64  ");
  ASSERT_NE(row, std::string::npos);
  const std::string of_64 = text.substr(row + 1, text.find('\n', row + 1) - row - 1);
  EXPECT_THAT(of_64, ::testing::MatchesRegex("      64  5 h .*  2 +1 +1 +1 *"));
  standing.left.clear();
  EXPECT_THAT(plan_report(p, standing, false), HasSubstr("Expected times: none, all cells are done"));
}

}  // namespace
}  // namespace mtlgrid
