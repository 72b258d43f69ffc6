#include "orchestrator/commands/other_grids.h"

#include <gmock/gmock.h>

#include "results/store/reading.h"
#include "results/store/store.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A grid whose store has one result of it, before the test changes something.
class OtherGrids : public ::testing::Test {
 protected:
  OtherGrids() { commit(plan()); }

  Plan plan() {
    FingerprintMemory memory;
    return make_plan(load_config(small_.path("c.ini")), memory);
  }
  static void commit(const Plan& plan) {
    Store store = Store::open(plan.config.store, [](const std::string&) {}, 60);
    store.use_grid(plan.grid);
    CellResult result;
    result.cell = plan.grid.cells.front();
    result.attempt = 1;
    result.environment.pack = 2;
    result.started = 100;
    result.ended = 160;
    store.commit_result(result);
  }
  void change(const std::string& from, const std::string& to, const std::string& file = "c.ini") const {
    small_.replace(file, from, to);
  }
  std::vector<std::string> planned() {
    const Plan p = plan();
    return other_grids(p, open_for_reading(p.config.store));
  }
  std::vector<std::string> warned() {
    const Plan p = plan();
    return new_grid_warning(p, p.grid.cells.size(), open_for_reading(p.config.store));
  }

  testing::SmallGrid small_;
};

TEST_F(OtherGrids, NothingIsSaidOfTheSameGrid) {
  EXPECT_THAT(planned(), IsEmpty());
  change("store = results/grid.db", "methods = naive\nstore = results/grid.db");
  EXPECT_THAT(planned(), IsEmpty()) << "fewer or more methods are the same grid";
  EXPECT_TRUE(holds_grid_of(plan(), open_for_reading(plan().config.store)));
}

TEST_F(OtherGrids, AChangedSettingIsSaidWithItsCostAndTheWayBack) {
  change("epochs = 1", "epochs = 2");
  const auto lines = planned();
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0], AllOf(StartsWith("Grid " + plan().grid.identity.substr(0, 12) + " is not grid 1 of this store"),
                              HasSubstr("(1 of 85 cells done): [train] epochs 2, there 1")));
  EXPECT_EQ(lines[1], "  a run trains all 85 cells of it; grid 1 keeps its 1 result, which took 30 s of training");
  EXPECT_EQ(lines[2], "  to continue grid 1 instead: write epochs = 1 in [train]");
  EXPECT_EQ(warned(), lines);
  EXPECT_FALSE(holds_grid_of(plan(), open_for_reading(plan().config.store)));
}

TEST_F(OtherGrids, ACorrectedValueNamesCohortAndPatient) {
  change("A02,pos,2.5", "A02,pos,9.5", "A/clini.csv");
  EXPECT_THAT(planned().front(), HasSubstr(": targets of cohort A differ for 1 patient: A02 (LF 9.5, there 2.5)"));
  change("A02,pos,9.5", "A02,pos,2.5", "A/clini.csv");
  change("B02,pos", "B02,neg", "B/clini.csv");
  EXPECT_THAT(planned().front(),
              HasSubstr(": labels of cohort B differ for 1 patient: B02 (MSI negative, there positive)"));
}

TEST_F(OtherGrids, ChangedFeaturesNameThePatient) {
  small_.features("A/feats/A03.h5", 3, 4, 0x3c00);
  EXPECT_THAT(planned().front(), HasSubstr(": features of cohort A differ for 1 patient: A03"));
}

TEST_F(OtherGrids, AnotherSeedKeepsTheFolds) {
  change("store = results/grid.db", "seed = 7\nstore = results/grid.db");
  EXPECT_THAT(planned().front(), AllOf(HasSubstr("[grid] seed 7, there 1337"), Not(HasSubstr("split_seed"))));
}

// As the version before left it: the seed of the folds followed the other one.
TEST_F(OtherGrids, AStoreWhoseFoldsFollowedTheSeedIsContinuedBySplitSeed) {
  change("store = results/grid.db", "seed = 7\nsplit_seed = 7\nstore = results/old.db");
  commit(plan());
  change("split_seed = 7\n", "");
  EXPECT_THAT(planned().front(), HasSubstr("[grid] split_seed 1337, there 7"));
  EXPECT_THAT(planned().back(), HasSubstr("write split_seed = 7 in [grid]"));
}

TEST_F(OtherGrids, ARunNamesThreeDifferencesAndCountsTheRest) {
  change("epochs = 1", "epochs = 2\nlr = 0.5\npatience = 3");
  change("external = B\n", "");
  EXPECT_THAT(planned(), SizeIs(7));
  const auto lines = warned();
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_THAT(lines[0], HasSubstr(": 4 differences"));
  EXPECT_THAT(lines[3], HasSubstr("and 2 more, which `mtlgrid plan` lists"));
}

TEST_F(OtherGrids, AGridThatIsContinuedIsNamedByPlanAlone) {
  change("epochs = 1", "epochs = 2");
  commit(plan());
  const std::string own = plan().grid.identity.substr(0, 12);
  EXPECT_THAT(planned(), ElementsAre("Grid " + own + " is grid 2 of this store (1 of 85 cells done)",
                                     "  not grid 1 (1 of 85 cells done): [train] epochs 2, there 1"));
  EXPECT_THAT(warned(), IsEmpty());
  change("epochs = 2", "epochs = 3");
  EXPECT_THAT(planned(), ElementsAre(HasSubstr("is not grid 2 of this store"), HasSubstr("a run trains"),
                                     HasSubstr("continue grid 2"), HasSubstr("not grid 1 (1 of 85 cells done)")));
}

TEST_F(OtherGrids, ResultsKeepTheirIntervals) {
  change("[train]", "[bootstrap]\nresamples = 5\n[train]");
  EXPECT_THAT(warned(), ElementsAre(HasSubstr("[bootstrap] resamples 5, before 1000: the 1 result of grid 1")));
}

}  // namespace
}  // namespace mtlgrid
