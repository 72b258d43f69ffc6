#include "results/tables/comparison.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/errors.h"
#include "results/comparisons/bayesian_t.h"
#include "results/comparisons/corrected_t.h"
#include "tests/results/tables/tables_fixture.h"

namespace mtlgrid {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Comparisons : public TablesTest {
 protected:
  CohortComparison compared(bool external, const char* metric_name = kAuroc, std::size_t reference = 0) {
    const TableSource source(store(), std::nullopt);
    const TableBiomarker& biomarker = source.grid().biomarkers[0];
    const CohortReplicates cohort(read_cohort_cells(source, biomarker, biomarker.cohorts[external ? 1 : 0], true),
                                  options_);
    ComparisonOptions options;
    options.reference = reference;
    options.test_over_train = source.test_over_train(biomarker);
    return compare(cohort, metric(metric_name), options);
  }
  // The mean over auxiliaries and repeats of a method's metric minus baseline's, by fold.
  std::vector<double> differences(const std::string& method, const std::string& cohort, const std::string& name) {
    Statement query = grid_store_->database().prepare(
        "SELECT avg(a.value - b.value) FROM counted_metrics a JOIN counted_metrics b USING (auxiliary, fold, repeat, "
        "cohort, metric) WHERE a.method = ? AND b.method = 'baseline' AND cohort = ? AND metric = ? GROUP BY fold");
    query.bind_all(method, cohort, name);
    std::vector<double> out;
    while (query.step()) out.push_back(query.real(0));
    return out;
  }
  static MadeUpGrid naive_is_better(int repeats) {
    MadeUpGrid grid;
    grid.repeats = repeats;
    grid.strength = [](const std::string& method) { return method == "naive" ? 1.6 : 1.0; };
    return grid;
  }
};

TEST_F(Comparisons, OnHeldOutFoldsAreTheCorrectedAndTheBayesianTest) {
  make(naive_is_better(2));
  const CohortComparison found = compared(false);
  const std::vector<double> d = differences("naive", "test", "auroc");
  ASSERT_EQ(d.size(), 3u);
  const CorrectedT corrected = corrected_t(d, 0.5, 0.95);  // three folds
  const BayesianT bayesian = bayesian_t(d, 1.0 / 3, 0.01);
  const MethodComparison& naive = found.methods[1];
  EXPECT_NEAR(naive.difference, corrected.mean, 1e-12);
  EXPECT_NEAR(naive.t.p, corrected.p, 1e-9);
  EXPECT_NEAR(naive.t_p_holm, 2 * corrected.p, 1e-9) << "cagrad, which equals baseline, has no test and counts as 1";
  EXPECT_NEAR(naive.worse, bayesian.worse, 1e-9);
  EXPECT_NEAR(naive.better, bayesian.better, 1e-9);
  EXPECT_NEAR(naive.false_claim, bayesian_t(d, 1.0 / 3, 0).worse, 1e-9);
  EXPECT_GT(naive.better, 0.8);
  EXPECT_EQ(found.folds, 3u);
  EXPECT_EQ(found.repeats, 2u);
  EXPECT_EQ(found.family, 2u);
}

TEST_F(Comparisons, OfEqualScoresAreZeroAndSaySo) {
  make(naive_is_better(1));
  const MethodComparison cagrad = compared(false).methods[2];
  EXPECT_EQ(cagrad.difference, 0);
  EXPECT_EQ(cagrad.p, 1);
  EXPECT_NE(cagrad.t.reason, "");
  EXPECT_TRUE(std::isnan(cagrad.better));
}

TEST_F(Comparisons, OnAnExternalCohortAddTheVarianceOfItsPatients) {
  make(naive_is_better(2));
  const MethodComparison naive = compared(true).methods[1];
  const CorrectedT training = corrected_t(differences("naive", "EXT", "auroc"), 0.5, 0.95);
  EXPECT_NEAR(naive.t.mean, training.mean, 1e-12);
  EXPECT_GT(naive.t.standard_error, training.standard_error);
  EXPECT_GT(naive.t.degrees_of_freedom, 2);
  options_.resamples = 0;
  EXPECT_THAT(compared(true).methods[1].t.reason, HasSubstr("no replicates"));
}

TEST_F(Comparisons, LowerIsBetterWhereTheMetricSaysSo) {
  make(naive_is_better(1));
  const MethodComparison naive = compared(false, "ce").methods[1];
  EXPECT_LT(naive.difference, 0);
  EXPECT_GT(naive.better, naive.worse);
  EXPECT_LT(naive.rank, compared(false, "ce").methods[0].rank);
}

TEST_F(Comparisons, WithAnotherReferenceTurnTheSign) {
  make(naive_is_better(2));
  const CohortComparison forth = compared(false), back = compared(false, kAuroc, 1);
  EXPECT_NEAR(forth.methods[1].difference, -back.methods[0].difference, 1e-12);
  EXPECT_NEAR(forth.methods[1].t.p, back.methods[0].t.p, 1e-12);
  EXPECT_NEAR(forth.methods[1].better, back.methods[0].worse, 1e-12);
  EXPECT_EQ(forth.methods[1].nemenyi_p, back.methods[0].nemenyi_p);
}

TEST_F(Comparisons, NeedTwoRepeatsToSayHowManyAreNeeded) {
  make(naive_is_better(1));
  EXPECT_TRUE(compared(false).needed.empty());
  grid_store_.reset();
  fs::remove(store());
  make(naive_is_better(3));
  EXPECT_EQ(compared(false).needed.size(), 1u);
}

TEST_F(Comparisons, OfOtherCellsAreNotMade) {
  MadeUpGrid grid = naive_is_better(1);
  grid.has_result = [](const Cell& c) { return !(c.method == "naive" && c.auxiliary == "LF" && c.fold == 2); };
  make(grid);
  const PaperTable t = table("comparison_MSI_TRAIN_auroc");
  EXPECT_TRUE(std::isnan(t.values[1][0].value));
  EXPECT_FALSE(std::isnan(t.values[2][0].value));
  EXPECT_THAT(t.notes, Contains(HasSubstr("naive is not compared: it rests on other cells")));
}

TEST_F(Comparisons, HaveATableForEachCohortAndMetricOfTable1InWords) {
  make(naive_is_better(2));
  for (const char* stem : {"comparison_MSI_TRAIN_auroc", "comparison_MSI_TRAIN_auprc", "comparison_MSI_EXT_auroc",
                           "comparison_MSI_EXT_auprc"}) {
    const PaperTable t = table(stem);
    EXPECT_EQ(t.methods.size(), 3u);
    EXPECT_THAT(t.caption, HasSubstr("minus that of baseline"));
    EXPECT_THAT(t.notes, Contains(HasSubstr("The largest difference is that of naive, +")));
    EXPECT_THAT(t.notes, Contains(HasSubstr("Held fixed: the training cohort")));
    EXPECT_THAT(t.notes, Contains(HasSubstr("A difference of 0.02 would be found")));
  }
  options_.reference = "naive";
  EXPECT_THAT(table("comparison_MSI_EXT_auroc").caption, HasSubstr("minus that of naive"));
  options_.reference = "naiv";
  try {
    paper_tables(store(), options_);
    ADD_FAILURE() << "compared with a method that is not there";
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("--reference: the grid has no method 'naiv'; did you mean 'naive'?"));
  }
}

TEST_F(Comparisons, WithoutBaselineAreNotMadeUnlessAskedFor) {
  MadeUpGrid grid;
  grid.methods = {"naive", "cagrad"};
  make(grid);
  EXPECT_THROW(table("comparison_MSI_TRAIN_auroc"), std::out_of_range);
  options_.reference = "cagrad";
  EXPECT_EQ(table("comparison_MSI_TRAIN_auroc").methods.size(), 2u);
}

}  // namespace
}  // namespace mtlgrid
