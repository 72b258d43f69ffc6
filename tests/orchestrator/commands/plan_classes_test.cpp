#include "orchestrator/commands/plan_classes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "orchestrator/commands/data_notes.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The small grid without `negative`, whose tables a test changes.
class PlanClasses : public ::testing::Test {
 protected:
  PlanClasses() { grid.replace("c.ini", "negative = neg\n", ""); }
  Plan plan() const {
    FingerprintMemory memory;
    return make_plan(load_config(grid.path("c.ini")), memory);
  }
  // A cohort's clinical table with these labels and auxiliary values, in turn.
  void clini(const std::string& cohort, int patients, const std::vector<std::string>& labels,
             const std::vector<std::string>& values) const {
    std::string table = "PATIENT,status,LF\n";
    for (std::size_t i = 0; i < static_cast<std::size_t>(patients); ++i) {
      table += fmt::format("{}{:02},{},{}\n", cohort, i, labels[i % labels.size()], values[i % values.size()]);
    }
    grid.scratch().write(cohort + "/clini.csv", table);
  }
  testing::SmallGrid grid;
};

TEST_F(PlanClasses, EveryValueIsNamedWithItsPatientsForEachCohort) {
  grid.replace("c.ini", "auxiliaries", "ignore = odd\nauxiliaries");
  clini("A", 20, {"pos", "neg", "pos", "neg", "odd", "pos", "neg", "neg", "", "pos"}, {"0.1", "0.2", "0.3"});
  const std::string text = classes_text(plan());
  for (const char* row :
       {"MSI        A       positive  pos           8", "MSI        A       negative  neg           8",
        "MSI        A       ignored   odd           2", "MSI        A       missing                 2",
        "MSI        B       positive  pos           3"}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
  EXPECT_THAT(text, Not(HasSubstr("note")));
}

TEST_F(PlanClasses, AnExternalCohortOfOneClassIsPointedOut) {
  clini("B", 6, {"neg"}, {"0.1"});
  EXPECT_THAT(classes_text(plan()),
              HasSubstr("note: MSI: all 6 patients of B are negative; AUROC and AUPRC are not defined there\n"));
}

TEST_F(PlanClasses, RangesOfAuxiliaryValuesAreShown) {
  EXPECT_THAT(auxiliary_values_text(plan()),
              AllOf(HasSubstr("MSI/LF  A           20      0.5      10     19.5"),
                    HasSubstr("MSI/LF  B            6      0.5       3      5.5"), Not(HasSubstr("note"))));
}

TEST_F(PlanClasses, AnotherUnitIsPointedOut) {
  clini("A", 20, {"pos", "neg"}, {"0.1", "0.5", "0.52", "0.9"});
  clini("B", 6, {"pos", "neg"}, {"11", "52", "53", "88"});
  EXPECT_THAT(
      auxiliary_values_text(plan()),
      HasSubstr("note: MSI/LF: values of B are about 100 times those of A (median 52 against 0.51); the same unit, "
                "or percent and fractions?\n"));
  clini("A", 20, {"pos", "neg"}, {"10", "50", "52", "90"});
  clini("B", 6, {"pos", "neg"}, {"0.1", "0.5", "0.55", "0.9"});
  EXPECT_THAT(auxiliary_values_text(plan()), HasSubstr("values of B are about 1/100 times those of A"));
}

TEST_F(PlanClasses, ConstantValuesAndCodesForMissingOnesArePointedOut) {
  clini("A", 20, {"pos", "neg"}, {"0.5"});
  clini("B", 6, {"pos", "neg"}, {"0.5", "-999", "0.4"});
  EXPECT_THAT(auxiliary_values_text(plan()),
              AllOf(HasSubstr("note: MSI/LF: all values of training cohort A are 0.5; there is nothing to learn"),
                    HasSubstr("note: MSI/LF in B: 2 values of -999, all others are 0.4 to 0.5; if it means a "
                              "missing value, write missing = -999 in [cohort.B]")));
}

TEST_F(PlanClasses, CodesAreTakenAsTheTableSpellsThem) {
  clini("A", 20, {"pos", "neg"}, {"0.1", "99", "0.3", "-9.0", "0.5"});
  EXPECT_THAT(auxiliary_values_text(plan()),
              HasSubstr("note: MSI/LF in A: 4 values of -9, 4 values of 99, all others are 0.1 to 0.5; if they mean a "
                        "missing value, write missing = -9.0, 99 in [cohort.A]"));
  clini("A", 20, {"pos", "neg"}, {"99", "40", "100", "71"});
  EXPECT_THAT(auxiliary_values_text(plan()), Not(HasSubstr("values of 99")));
  clini("A", 20, {"pos", "neg"}, {"-1", "0.4", "-2", "1.5"});
  EXPECT_THAT(auxiliary_values_text(plan()), Not(HasSubstr("of -1")));
}

TEST_F(PlanClasses, AnExternalCohortWithoutAnyValueIsPointedOut) {
  clini("B", 6, {"pos", "neg"}, {""});
  EXPECT_THAT(auxiliary_values_text(plan()), HasSubstr("note: MSI/LF: no patient of B has a value"));
}

TEST_F(PlanClasses, ARunSaysWhatWasGuessedInAFewLines) {
  clini("A", 20, {"pos", "neg"}, {"0.1", "0.5", "0.52", "0.9"});
  std::string table = "PATIENT;status;LF\n";
  for (int i = 0; i < 6; ++i) table += fmt::format("B{:02};pos;{},5\n", i, 50 + i);
  grid.scratch().write("B/clini.csv", table);
  Plan p = plan();
  p.cohorts[0].warnings = {"most rows are lost"};
  EXPECT_THAT(findings(p), ::testing::ElementsAre(
                               "warning: A: most rows are lost",
                               "note: MSI: all 6 patients of B are positive; AUROC and AUPRC are not defined there",
                               HasSubstr("note: MSI/LF: values of B are about 100 times those of A"),
                               HasSubstr("inferred: MSI: negative is neg, the only value of training cohort A"),
                               HasSubstr("inferred: A: 20 feature files: extractor ctranspath"),
                               HasSubstr("inferred: B: clini.csv: cells are separated by semicolons"),
                               HasSubstr("inferred: B: clini.csv: numbers have decimal commas"),
                               HasSubstr("inferred: B: 6 feature files: ")));
  p.cohorts[1].inferences.resize(30, "and so on");
  EXPECT_THAT(findings(p), ::testing::SizeIs(13));
  EXPECT_THAT(findings(p).back(), HasSubstr("more lines like these are in the report of mtlgrid plan"));
}

TEST_F(PlanClasses, WhatWasInferredIsSaidWithTheEvidence) {
  EXPECT_EQ(inferred_text(plan()),
            "Inferred from the data\n"
            "  MSI: negative is neg, the only value of training cohort A (10 patients) beside pos (10 patients)\n"
            "  A: 20 feature files: extractor ctranspath (all say so), 4 features a tile, float16\n"
            "  B: 6 feature files: extractor ctranspath (all say so), 4 features a tile, float16\n");
  grid.replace("c.ini", "auxiliaries", "negative = neg\nauxiliaries");
  EXPECT_THAT(inferred_text(plan()), Not(HasSubstr("negative is")));
}

}  // namespace
}  // namespace mtlgrid
