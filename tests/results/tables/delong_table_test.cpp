#include "results/tables/delong_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>

#include "results/metrics/delong.h"
#include "results/metrics/replicates.h"
#include "tests/results/tables/grid_store.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

// A grid whose cagrad separates the classes far better than baseline; naive's scores are baseline's.
MadeUpGrid one_better() {
  MadeUpGrid grid;
  grid.external_patients = 120;
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 1.2 : 0.0; };
  return grid;
}

class DelongTableTest : public testing::Test {
 protected:
  ~DelongTableTest() override { fs::remove(file_); }

  void make(const MadeUpGrid& grid) {
    fs::remove(file_);
    grid_store_ = std::make_unique<GridStore>(file_, grid);
  }
  PaperTable table() const {
    const TableSource source(file_, std::nullopt);
    return delong_table(source, source.grid().biomarkers.at(0), 0, 0.95);
  }
  static TableValue value(const PaperTable& t, const std::string& method, const std::string& cohort, int fold) {
    const auto m = std::find(t.methods.begin(), t.methods.end(), method) - t.methods.begin();
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      if (t.columns[c].cohort == cohort && t.columns[c].fold == fold)
        return t.values.at(static_cast<std::size_t>(m)).at(c);
    }
    throw std::out_of_range(cohort);
  }

  const fs::path file_ = fs::path(testing::TempDir()) /
                         std::string(testing::UnitTest::GetInstance()->current_test_info()->name()).append(".db");
  std::unique_ptr<GridStore> grid_store_;
};

TEST_F(DelongTableTest, HasAColumnACohortAndFoldWithDelongsNumbers) {
  make(one_better());
  const PaperTable t = table();
  EXPECT_EQ(t.file_stem, "delong_MSI_LF");
  ASSERT_EQ(t.columns.size(), 2u * 3u);
  for (bool external : {false, true}) {
    std::vector<int> label;
    std::vector<double> score;
    for (const Prediction& p : grid_store_->predictions({"MSI", "LF", "cagrad", 1}, external)) {
      label.push_back(p.label);
      score.push_back(p.score);
    }
    const DelongInterval expected = delong_interval(label, score, 0.95);
    const TableValue found = value(t, "cagrad", external ? "EXT" : "TRAIN", 1);
    EXPECT_EQ(found.value, expected.auroc);
    EXPECT_EQ(found.ci_low, expected.ci_low);
    EXPECT_EQ(found.ci_high, expected.ci_high);
    EXPECT_EQ(found.have, 1);
    EXPECT_EQ(found.want, 1);
  }
}

TEST_F(DelongTableTest, StarsAreDelongsTestsWithHolmsCorrection) {
  make(one_better());
  const PaperTable t = table();
  const auto scores = [&](const char* method) {
    std::vector<double> out;
    for (const Prediction& p : grid_store_->predictions({"MSI", "LF", method, 0}, true)) out.push_back(p.score);
    return out;
  };
  std::vector<int> label;
  for (const Prediction& p : grid_store_->predictions({"MSI", "LF", "baseline", 0}, true)) label.push_back(p.label);
  const double p = delong_test(label, scores("cagrad"), scores("baseline")).p;
  EXPECT_LT(p, 1e-4);
  EXPECT_EQ(value(t, "cagrad", "EXT", 0).stars, stars_of(2 * p));
  EXPECT_EQ(value(t, "naive", "EXT", 0).stars, 0);
  EXPECT_EQ(value(t, "baseline", "EXT", 0).stars, 0);
  EXPECT_TRUE(value(t, "cagrad", "EXT", 0).best);
}

TEST_F(DelongTableTest, OtherPatientsOrLabelsThanBaselinesAreNotTested) {
  make(one_better());
  ASSERT_GT(value(table(), "cagrad", "EXT", 0).stars, 0);
  ASSERT_GT(value(table(), "cagrad", "EXT", 1).stars, 0);
  const std::string of_cell =
      " WHERE cohort = 'EXT' AND position = 5 AND cell_id = (SELECT cell_id FROM cells WHERE auxiliary = 'LF' AND "
      "method = 'cagrad' AND fold = ";
  grid_store_->database().execute("UPDATE predictions SET patient = 'somebody else'" + of_cell + "0)");
  grid_store_->database().execute("UPDATE predictions SET label = 1 - label" + of_cell + "1)");
  const PaperTable t = table();
  EXPECT_EQ(value(t, "cagrad", "EXT", 0).stars, 0);
  EXPECT_EQ(value(t, "cagrad", "EXT", 1).stars, 0);
  EXPECT_THAT(t.notes, Contains(HasSubstr("No test in 2 results, which count as p = 1: the patients or their labels")));
}

TEST_F(DelongTableTest, MissingCellsHaveNoValueAndWithoutBaselineThereIsNoTest) {
  MadeUpGrid grid = one_better();
  grid.has_result = [](const Cell& c) { return !(c.method == "baseline" && c.fold == 0); };
  make(grid);
  const PaperTable t = table();
  EXPECT_TRUE(std::isnan(value(t, "baseline", "EXT", 0).value));
  EXPECT_EQ(value(t, "baseline", "EXT", 0).have, 0);
  EXPECT_EQ(value(t, "baseline", "EXT", 0).want, 1);
  EXPECT_EQ(value(t, "cagrad", "EXT", 0).stars, 0);
  EXPECT_FALSE(std::isnan(value(t, "cagrad", "EXT", 0).ci_low));
  EXPECT_THAT(t.caption, HasSubstr("PARTIAL: 8 of 9 cells"));
  EXPECT_THAT(t.notes, Contains(HasSubstr("No test in 4 results, which count as p = 1: baseline has no result")));
}

TEST_F(DelongTableTest, IntervalsThatAreMissingAreExplained) {
  MadeUpGrid grid = one_better();
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 9.0 : 1.0; };
  make(grid);
  const PaperTable t = table();
  EXPECT_EQ(value(t, "cagrad", "EXT", 2).value, 1.0);
  EXPECT_TRUE(std::isnan(value(t, "cagrad", "EXT", 2).ci_low));
  EXPECT_THAT(t.notes, Contains("No interval in 6 results: zero variance."));
}

}  // namespace
}  // namespace mtlgrid
