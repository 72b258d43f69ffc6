#include "datasets/cohorts/absent_columns.h"

#include <gmock/gmock.h>

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A cohort whose clinical table has these columns beside PATIENT and label, read by uses of `wanted`.
Cohort noted(const std::vector<std::string>& columns, const std::vector<std::string>& wanted, bool required = false) {
  Cohort cohort;
  cohort.clini.path = "B/clini.csv";
  cohort.clini.columns = {"PATIENT", "label"};
  cohort.clini.columns.insert(cohort.clini.columns.end(), columns.begin(), columns.end());
  std::vector<CohortUse> uses;
  for (const std::string& name : wanted) uses.push_back({"label", {}, name, required});
  note_absent_columns(cohort, uses);
  return cohort;
}

TEST(AbsentColumns, OfNearlyTheSameNameAreAWarning) {
  const std::vector<std::pair<std::string, std::string>> names = {{"LF", "Lf"},
                                                                  {"LF", "LF "},
                                                                  {"LF.0", "LF"},
                                                                  {"LF", "LF.x"},
                                                                  {"Leukocyte Fraction", "Leukocyte.Fraction"},
                                                                  {"LF", "LF (percent)"},
                                                                  {"Proliferation", "Proliferaton"}};
  for (const auto& [wanted, found] : names) {
    const Cohort cohort = noted({found}, {wanted});
    EXPECT_THAT(cohort.warnings, ElementsAre(HasSubstr("' to '" + wanted + "' in the table"))) << found;
    EXPECT_THAT(cohort.inferences, IsEmpty()) << found;
  }
  EXPECT_THAT(noted({"lf", "ith"}, {"LF", "ITH"}).warnings,
              ElementsAre("B/clini.csv, row 1: no columns 'LF', 'ITH', so predictions of them have nothing to be "
                          "compared with; if nearly the same name means the same, rename 'lf' to 'LF', 'ith' to 'ITH' "
                          "in the table"));
}

TEST(AbsentColumns, OfOtherNamesAreSaid) {
  const Cohort cohort = noted({"LF", "CD8", "ITH_2"}, {"SF", "CD4", "ITH_2", "ITH"});
  EXPECT_THAT(cohort.warnings, IsEmpty());
  EXPECT_THAT(cohort.inferences,
              ElementsAre("clini.csv: no columns 'SF', 'CD4', 'ITH': every patient counts as without these values"));
}

TEST(AbsentColumns, ThatAreThereOrRequiredAreNotSpokenOf) {
  EXPECT_THAT(noted({"LF", "lf"}, {"LF"}).warnings, IsEmpty());
  EXPECT_THAT(noted({"lf"}, {"LF"}, true).warnings, IsEmpty());
  EXPECT_THAT(noted({"LF"}, {"LF"}).inferences, IsEmpty());
}

}  // namespace
}  // namespace mtlgrid
