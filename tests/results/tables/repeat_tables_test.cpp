#include <gmock/gmock.h>

#include "base/errors.h"
#include "tests/results/tables/tables_fixture.h"

namespace mtlgrid {
namespace {

using testing::HasSubstr;

double width(const TableValue& v) { return v.ci_high - v.ci_low; }

TEST_F(TablesTest, RepeatsWidenTheIntervalsByDefault) {
  MadeUpGrid grid;
  grid.repeats = 3;
  make(grid);
  const PaperTable widest = table("table1");
  EXPECT_THAT(widest.caption, HasSubstr("patients and repeats resampled (60 replicates"));
  EXPECT_THAT(widest.caption, HasSubstr("mean over repeats, then over folds and then over auxiliaries"));
  options_.ci = TableCi::patients_and_repeats;
  EXPECT_EQ(table("table1").caption, widest.caption);
  options_.ci = TableCi::patients;
  const PaperTable fixed = table("table1");
  EXPECT_THAT(fixed.caption, HasSubstr("trained models held fixed"));
  for (const char* method : {"baseline", "naive", "cagrad"}) {
    const TableValue wide = value(widest, method, "EXT", "auroc"), narrow = value(fixed, method, "EXT", "auroc");
    EXPECT_EQ(wide.value, narrow.value);
    EXPECT_EQ(wide.have, 18);  // 2 auxiliaries x 3 folds x 3 repeats
    EXPECT_GT(width(wide), width(narrow)) << method;
  }
}

TEST_F(TablesTest, WithoutRepeatsTheModelsAreHeldFixed) {
  make();
  EXPECT_THAT(table("table1").caption, HasSubstr("trained models held fixed"));
  options_.ci = TableCi::patients_and_repeats;
  try {
    table("table1");
    ADD_FAILURE() << "intervals over repeats that are not there";
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no fold of this grid has results of two repeats; set repeats = 2"));
  }
}

TEST_F(TablesTest, RepeatsOfAMissingFoldDoNotCountMore) {
  MadeUpGrid grid;
  grid.repeats = 2;
  grid.has_result = [](const Cell& c) { return c.repeat == 0 || c.fold == 1; };
  make(grid);
  const PaperTable t = table("table1");
  const TableValue v = value(t, "naive", "EXT", "auroc");
  EXPECT_EQ(v.have, 8);
  EXPECT_EQ(v.want, 12);
  Statement query = grid_store_->database().prepare(
      "SELECT 100 * avg(value) FROM (SELECT avg(value) AS value FROM counted_metrics WHERE cohort = 'EXT' AND metric = "
      "'auroc' AND method = 'naive' GROUP BY auxiliary, fold)");
  ASSERT_TRUE(query.step());
  EXPECT_NEAR(v.value, query.real(0), 1e-10);
  Statement view = grid_store_->database().prepare(
      "SELECT value, have, want FROM table1 WHERE cohort = 'EXT' AND metric = 'auroc' AND method = 'naive' AND "
      "auxiliary "
      "= 'mean'");
  ASSERT_TRUE(view.step());
  EXPECT_NEAR(view.real(0), v.value, 1e-10);
  EXPECT_EQ(view.integer(1), 8);
  EXPECT_EQ(view.integer(2), 12);
}

TEST_F(TablesTest, DelongsTableHasAColumnForEachRepeat) {
  MadeUpGrid grid;
  grid.repeats = 2;
  make(grid);
  const PaperTable t = table("delong_MSI_LF");
  ASSERT_EQ(t.columns.size(), 12u);  // 2 cohorts x 3 folds x 2 repeats
  EXPECT_EQ(t.header[1][0], "fold 0");
  EXPECT_EQ(t.header[1][1], "fold 0, repeat 1");
  EXPECT_EQ(t.columns[1].repeat, 1);
  EXPECT_NE(t.values[0][0].value, t.values[0][1].value);
}

}  // namespace
}  // namespace mtlgrid
