#include "results/tables/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "base/errors.h"
#include "results/metrics/classification.h"
#include "results/metrics/quantile.h"
#include "results/metrics/registry.h"
#include "results/tables/table_files.h"
#include "tests/results/tables/tables_fixture.h"

namespace mtlgrid {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Table values by an independent path: predictions resampled row by row, plain metrics, plain means.
class ByHand {
 public:
  ByHand(const GridStore& store, bool external, const MadeUpGrid& grid)
      : store_(store), external_(external), grid_(grid) {
    for (const std::string& a : grid.auxiliaries) {
      for (int f = 0; f < grid.folds; ++f) {
        for (const Prediction& p : store.predictions({grid.biomarker, a, "baseline", f}, external))
          names_.insert(p.patient);
      }
    }
  }
  // The table's mean AUROC where patient number i (by name) counts `times[i]` times; NaN if a fold has one class.
  double auroc_of(const std::string& method, const std::vector<int>& times) const {
    double sum = 0;
    for (const std::string& a : grid_.auxiliaries) {
      for (int f = 0; f < grid_.folds; ++f) {
        std::vector<int> label;
        std::vector<double> score;
        for (const Prediction& p : store_.predictions({grid_.biomarker, a, method, f}, external_)) {
          const auto i = static_cast<std::size_t>(std::distance(names_.begin(), names_.find(p.patient)));
          label.insert(label.end(), static_cast<std::size_t>(times[i]), p.label);
          score.insert(score.end(), static_cast<std::size_t>(times[i]), p.score);
        }
        sum += auroc(label, score).value / grid_.folds;
      }
    }
    return 100 * sum / static_cast<double>(grid_.auxiliaries.size());
  }
  std::vector<double> replicates(const std::string& method, int count, const RandomStream& stream) const {
    std::vector<double> values;
    std::vector<int> times(names_.size());
    for (std::uint64_t draw = 0; static_cast<int>(values.size()) < count; ++draw) {
      draw_multiplicities(stream, draw, times);
      const double value = auroc_of(method, times);
      if (!std::isnan(value)) values.push_back(value);
    }
    return values;
  }

 private:
  const GridStore& store_;
  bool external_;
  MadeUpGrid grid_;
  std::set<std::string> names_;
};

TEST_F(TablesTest, PointValuesEqualTheViews) {
  MadeUpGrid grid;
  grid.has_result = [](const Cell& c) { return !(c.method == "naive" && (c.fold == 1 || c.auxiliary == "SF")); };
  make(grid);
  int compared = 0;
  for (const char* name : {"table1", "table2"}) {
    const PaperTable t = table(name);
    Statement rows = grid_store_->database().prepare(
        std::string("SELECT method, cohort_label, metric, auxiliary, value, have, want FROM ") + name);
    while (rows.step()) {
      if (std::string(name) == "table1" && rows.text(3) != "mean") continue;
      const TableValue v = value(t, rows.text(0), rows.text(1), rows.text(2), rows.text(3));
      if (rows.is_null(4)) {
        EXPECT_TRUE(std::isnan(v.value));
      } else {
        EXPECT_NEAR(v.value, rows.real(4), 1e-12 * std::abs(rows.real(4)));
      }
      EXPECT_EQ(v.have, rows.integer(5));
      EXPECT_EQ(v.want, rows.integer(6));
      ++compared;
    }
  }
  EXPECT_EQ(compared, 3 * 2 * std::ssize(table1_metrics()) + 3 * 3 * std::ssize(table2_metrics()));
}

TEST_F(TablesTest, CisAreThePercentilesOfReplicatesSharedByAllCells) {
  const MadeUpGrid grid;
  make(grid);
  const PaperTable t = table("table1");
  for (bool external : {false, true}) {
    const ByHand by_hand(*grid_store_, external, grid);
    const RandomStream stream(options_.seed, external ? "tables/MSI/EXT" : "tables/MSI/test");
    std::vector<double> values = by_hand.replicates("cagrad", options_.resamples, stream);
    std::sort(values.begin(), values.end());
    const TableValue v = value(t, "cagrad", external ? "EXT" : "TRAIN", "auroc");
    EXPECT_NEAR(v.ci_low, quantile(values, 0.025), 1e-10);
    EXPECT_NEAR(v.ci_high, quantile(values, 0.975), 1e-10);
  }
}

TEST_F(TablesTest, OnlyARealDifferenceToBaselineGetsStars) {
  MadeUpGrid grid;
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 6.0 : 0.0; };
  make(grid);
  options_.resamples = 1000;
  const PaperTable t = table("table1");
  for (const char* cohort : {"TRAIN", "EXT"}) {
    EXPECT_EQ(value(t, "cagrad", cohort, "auroc").stars, 2);  // p = 2/1001, times 2 by Holm
    EXPECT_EQ(value(t, "naive", cohort, "auroc").stars, 0);   // the same scores as baseline
    EXPECT_EQ(value(t, "baseline", cohort, "auroc").stars, 0);
  }
  EXPECT_THAT(t.notes, Contains(HasSubstr("∗∗ is the most")));
}

TEST_F(TablesTest, BestFollowsTheMetricsDirection) {
  MadeUpGrid grid;
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 3.0 : 0.5; };
  make(grid);
  const PaperTable t = table("supplement_MSI_LF");
  for (const char* metric : {"auroc", "ce", "silhouette"}) {
    EXPECT_TRUE(value(t, "cagrad", "EXT", metric, "LF").best) << metric;
    EXPECT_FALSE(value(t, "naive", "EXT", metric, "LF").best) << metric;
  }
}

TEST_F(TablesTest, AValueOverFewerCellsThanOthersIsNotTheBest) {
  MadeUpGrid grid;
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 6.0 : method == "naive" ? 1.0 : 0.1; };
  grid.has_result = [](const Cell& c) { return !(c.method == "cagrad" && c.fold == 0); };
  make(grid);
  const PaperTable t = table("table1");
  EXPECT_FALSE(value(t, "cagrad", "EXT", "auroc").best);
  EXPECT_TRUE(value(t, "naive", "EXT", "auroc").best);
}

TEST_F(TablesTest, MissingCellsAreMarkedAndTheTableSaysThatItIsPartial) {
  MadeUpGrid grid;
  grid.has_result = [](const Cell& c) { return c.method == "baseline" || (c.method == "naive" && c.fold == 0); };
  make(grid);
  const PaperTable t = table("table2");
  EXPECT_THAT(t.caption, HasSubstr("PARTIAL: 8 of 18 cells"));
  EXPECT_THAT(t.notes, Contains(HasSubstr("8 of 18 cells")));
  const std::string markdown = render(t, TableFormat::markdown);
  EXPECT_THAT(markdown, HasSubstr("(1/3)"));
  EXPECT_THAT(markdown, HasSubstr("(2/6)"));
  EXPECT_THAT(markdown, HasSubstr("– (0/3)"));
}

TEST_F(TablesTest, AValueOnOtherCellsThanBaselinesIsNotTested) {
  MadeUpGrid grid;
  grid.strength = [](const std::string& method) { return method == "cagrad" ? 6.0 : 0.0; };
  grid.has_result = [](const Cell& c) { return !(c.method == "cagrad" && c.fold == 0); };
  make(grid);
  options_.resamples = 1000;
  const PaperTable t = table("table1");
  EXPECT_EQ(value(t, "cagrad", "EXT", "auroc").stars, 0);
  EXPECT_THAT(t.notes, Contains(HasSubstr("No test where a value rests on other cells")));
}

TEST_F(TablesTest, ACompleteTableIsNotCalledPartial) {
  make();
  for (const PaperTable& t : paper_tables(store(), options_)) {
    EXPECT_THAT(t.caption, Not(HasSubstr("PARTIAL")));
    EXPECT_THAT(t.notes, Not(Contains(HasSubstr("artial"))));
    EXPECT_THAT(t.notes, Not(Contains(HasSubstr("trained alike"))));
  }
}

TEST_F(TablesTest, SupplementHasEveryMetricOfThePairByCohort) {
  make();
  const PaperTable t = table("supplement_MSI_SF");
  const auto metrics = supplement_metrics();
  const auto of_embeddings =
      std::count_if(metrics.begin(), metrics.end(), [](const Metric* m) { return m->kind == MetricKind::embedding; });
  EXPECT_EQ(std::ssize(t.columns), 2 * std::ssize(metrics) - of_embeddings);
  EXPECT_FALSE(std::isnan(value(t, "naive", "TRAIN", "mae", "SF").ci_low));
  EXPECT_FALSE(std::isnan(value(t, "naive", "EXT", "silhouette", "SF").ci_low));
}

TEST_F(TablesTest, CaptionsNameEveryMetricOfTheTable) {
  make();
  for (const Metric* m : table1_metrics()) EXPECT_THAT(table("table1").caption, HasSubstr(heading(*m)));
  for (const Metric* m : table2_metrics()) EXPECT_THAT(table("table2").caption, HasSubstr(heading(*m)));
  EXPECT_THAT(table("supplement_MSI_SF").caption,
              HasSubstr("mean over folds. CE in nats; MAE in the auxiliary's units; the class at P > 0.5 for F1. In "));
}

TEST_F(TablesTest, BaselineWantsNoRegression) {
  make();
  const TableValue v = value(table("supplement_MSI_SF"), "baseline", "EXT", "pearson_r", "SF");
  EXPECT_TRUE(std::isnan(v.value));
  EXPECT_EQ(v.want, 0);
}

TEST_F(TablesTest, UndefinedMetricsOfFinishedCellsAreExplained) {
  make();
  grid_store_->database().execute(
      "UPDATE metrics SET value = NULL, reason = 'no auxiliary values' WHERE metric = 'mae' AND cohort = 'EXT' AND "
      "cell_id = (SELECT cell_id FROM cells WHERE auxiliary = 'SF' AND method = 'naive' AND fold = 0)");
  const PaperTable t = table("supplement_MSI_SF");
  EXPECT_EQ(value(t, "naive", "EXT", "mae", "SF").have, 2);
  EXPECT_THAT(t.notes, Contains(HasSubstr("MAE is undefined in 1 results: no auxiliary values")));
}

TEST_F(TablesTest, FoldsCiIsThatOfTheReleasedCode) {
  const MadeUpGrid grid;
  make(grid);
  options_.ci = TableCi::folds;
  std::vector<double> folds;
  for (int f = 0; f < grid.folds; ++f) {
    Statement query = grid_store_->database().prepare(
        "SELECT 100 * avg(value) FROM counted_metrics WHERE cohort = 'test' AND metric = 'auroc' AND method = 'naive' "
        "AND fold = ?");
    query.bind_all(f);
    ASSERT_TRUE(query.step());
    folds.push_back(query.real(0));
  }
  std::sort(folds.begin(), folds.end());
  const PaperTable t = table("table1");
  const TableValue v = value(t, "naive", "TRAIN", "auroc");
  EXPECT_NEAR(v.ci_low, folds[0] + 0.05 * (folds[1] - folds[0]), 1e-10);  // numpy, three values
  EXPECT_NEAR(v.ci_high, folds[2] - 0.05 * (folds[2] - folds[1]), 1e-10);
  EXPECT_THAT(t.caption, HasSubstr("percentiles of the fold values"));
}

TEST_F(TablesTest, ReplicatesWithOneClassAreRedrawnAndFootnoted) {
  MadeUpGrid grid;
  grid.train_patients = 27;  // three positives a fold: one replicate in seven lacks them in one of the folds
  make(grid);
  EXPECT_THAT(table("table1").notes, Contains(HasSubstr("with one class only in a held-out fold were drawn again")));
}

TEST_F(TablesTest, AttemptsThatDifferAreFootnoted) {
  MadeUpGrid grid;
  grid.environment = [](const Cell& c) {
    return Environment{"host", c.fold == 0 ? "GPU A" : "cpu", "some CPU", "0.1.0", "libraries", 0, 1, 1, ""};
  };
  make(grid);
  EXPECT_THAT(table("table1").notes, Contains(HasSubstr("device: cpu (12), GPU A (6)")));
  EXPECT_THAT(table("supplement_MSI_LF").notes, Contains(HasSubstr("device: cpu (6), GPU A (3)")));
}

TEST_F(TablesTest, AGridWithoutResultsGivesEmptyTables) {
  MadeUpGrid grid;
  grid.has_result = [](const Cell&) { return false; };
  make(grid);
  const PaperTable t = table("table1");
  EXPECT_THAT(t.caption, HasSubstr("PARTIAL: 0 of 18"));
  EXPECT_TRUE(std::isnan(value(t, "naive", "EXT", "auroc").value));
  EXPECT_THAT(render(t, TableFormat::markdown), HasSubstr("– (0/6)"));
}

TEST_F(TablesTest, WithoutReplicatesThereAreNoCis) {
  make();
  options_.resamples = 0;
  const TableValue v = value(table("table1"), "naive", "EXT", "auroc");
  EXPECT_FALSE(std::isnan(v.value));
  EXPECT_TRUE(std::isnan(v.ci_low));
}

TEST_F(TablesTest, SameSeedSameTables) {
  make();
  for (const char* stem : {"table1", "table2", "supplement_MSI_LF"}) {
    EXPECT_EQ(render(table(stem), TableFormat::csv), render(table(stem), TableFormat::csv));
  }
  const std::string before = render(table("table1"), TableFormat::csv);
  options_.seed = 2;
  EXPECT_NE(render(table("table1"), TableFormat::csv), before);
}

TEST_F(TablesTest, UnknownGridAndWrongFilesAreBadInput) {
  make();
  options_.grid = 7;
  try {
    paper_tables(store(), options_);
    FAIL() << "found grid 7";
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no grid 7; there is 1"));
  }
  options_.grid.reset();
  EXPECT_THROW(paper_tables(folder_ / "missing.db", options_), InputError);
  std::ofstream(folder_ / "text.db") << std::string(5000, 'x');
  EXPECT_THROW(paper_tables(folder_ / "text.db", options_), InputError);
  Database(folder_ / "other.db", Database::Mode::create).execute("CREATE TABLE t (x)");
  EXPECT_THROW(paper_tables(folder_ / "other.db", options_), InputError);
}

TEST_F(TablesTest, FilesAreWrittenWholeInEveryFormat) {
  const std::vector<TableFormat> kFormats = {TableFormat::markdown, TableFormat::csv, TableFormat::latex,
                                             TableFormat::workbook};
  make();
  const auto files = write_tables(paper_tables(store(), options_), kFormats, folder_ / "new" / "out", {});
  EXPECT_EQ(files.size(), 10u * 4u);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_ / "new" / "out")) names.insert(entry.path().filename());
  EXPECT_EQ(names.erase(kOriginFile), 1u);
  EXPECT_EQ(names.size(), files.size());
  EXPECT_THAT(names, testing::IsSupersetOf({"table1.md", "table1.csv", "table1.tex", "table1.xlsx", "table2.md",
                                            "supplement_MSI_SF.tex", "delong_MSI_LF.md"}));
  std::ofstream(folder_ / "file") << "in the way";
  EXPECT_THROW(write_tables({}, kFormats, folder_ / "file", {}), InputError);
}

TEST_F(TablesTest, NamesThatGiveOneFileNameAreKeptApart) {
  MadeUpGrid grid;
  grid.auxiliaries = {"L?F", "L*F"};
  make(grid);
  std::set<std::string> stems;
  for (const PaperTable& t : paper_tables(store(), options_)) stems.insert(t.file_stem);
  EXPECT_EQ(stems,
            (std::set<std::string>{"table1", "table2", "supplement_MSI_L_F", "supplement_MSI_L_F_2", "delong_MSI_L_F",
                                   "delong_MSI_L_F_2", "comparison_MSI_TRAIN_auroc", "comparison_MSI_TRAIN_auprc",
                                   "comparison_MSI_EXT_auroc", "comparison_MSI_EXT_auprc"}));
}

}  // namespace
}  // namespace mtlgrid
