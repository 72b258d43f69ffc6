#include "datasets/cohorts/classes.h"

#include <fmt/format.h>

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A cohort C of patients with these labels, in rows 2, 3, ... of C/clini.csv; "" is a missing value.
Cohort cohort_with(const std::vector<std::pair<std::string, int>>& labels) {
  Cohort cohort;
  cohort.files.name = "C";
  cohort.clini.path = "C/clini.csv";
  cohort.clini.columns = {"PATIENT", "label"};
  for (const auto& [label, count] : labels) {
    for (int i = 0; i < count; ++i) {
      const std::size_t at = cohort.patients.size();
      const std::string name = fmt::format("P{:03}", at);
      cohort.clini.rows.push_back({at + 2, {name, label.empty() ? std::nullopt : std::optional(label)}});
      cohort.patients.push_back({name, {}, at});
    }
  }
  return cohort;
}

class Classes : public ::testing::Test {
 protected:
  // The rule as a training cohort with these labels makes it.
  LabelRule found(const std::vector<std::pair<std::string, int>>& labels) {
    problems = Problems();
    return find_classes(rule, cohort_with(labels), "training cohort C", problems);
  }
  // The lines about a cohort with these labels, where the classes are known.
  std::vector<std::string> checked(const std::vector<std::pair<std::string, int>>& labels) {
    problems = Problems();
    check_classes(cohort_with(labels), rule, problems);
    return problems.lines();
  }

  const std::string place = "C/clini.csv, column 'label': ";
  LabelRule rule{"label", {"MSIH"}, {}, {}, "", "[biomarker.MSI]"};
  Problems problems;
};

TEST_F(Classes, TheOnlyOtherValueOfTheTrainingCohortIsNegative) {
  const LabelRule classes = found({{"MSIH", 2}, {"nonMSIH", 3}, {"", 4}});
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(classes.negative, ElementsAre("nonMSIH"));
  EXPECT_EQ(classes.negative_from, "training cohort C");
}

TEST_F(Classes, WhatIsWrittenDownIsTaken) {
  rule.negative = {"Unknown", "MSS"};
  const LabelRule classes = found({{"MSIH", 2}, {"nonMSIH", 3}});
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(classes.negative, ElementsAre("Unknown", "MSS"));
  EXPECT_EQ(classes.negative_from, "");
}

TEST_F(Classes, IgnoredValuesAreNoCandidates) {
  rule.ignore = {"Unknown"};
  EXPECT_THAT(found({{"MSIH", 2}, {"nonMSIH", 3}, {"Unknown", 9}}).negative, ElementsAre("nonMSIH"));
}

TEST_F(Classes, AValueThatLooksMissingMustBeWrittenDown) {
  for (const std::string value : {"Unknown", "not performed", "[Not Available]", "indeterminate", "equivocal", "?"}) {
    EXPECT_THAT(found({{"MSIH", 2}, {value, 3}}).negative, IsEmpty());
    EXPECT_THAT(
        problems.lines(),
        ElementsAre(fmt::format("{}the only value beside MSIH (positive, 2 patients) is '{}' (3 patients, rows 4, 5, "
                                "6), which looks like no class; write in [biomarker.MSI]: negative = {} if it is "
                                "one; if not, ignore = {} (or write missing = {} in [cohort.C]), and the table needs "
                                "patients of the other class",
                                place, value, value, value, value)));
  }
}

TEST_F(Classes, AValueThatNoConfigurationCanHaveIsToBeChangedInTheTable) {
  rule.negative = {"MSS"};
  const auto lines = checked({{"MSIH", 2}, {"MSI\nhigh", 3}, {"MSS", 2}});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("'MSI\\nhigh'"), HasSubstr("write another text in the table")));
}

TEST_F(Classes, SignsCanBeClasses) {
  rule.positive = {"+"};
  EXPECT_THAT(found({{"+", 2}, {"-", 3}}).negative, ElementsAre("-"));
  rule.positive = {"HER2+"};
  EXPECT_THAT(found({{"HER2+", 2}, {"HER2-", 3}}).negative, ElementsAre("HER2-"));
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(Classes, AnotherSpellingOfThePositiveValueIsNotTakenForTheOtherClass) {
  EXPECT_THAT(found({{"MSIH", 2}, {"MSI-H", 3}}).negative, IsEmpty());
  EXPECT_THAT(problems.lines(),
              ElementsAre(EndsWith("is 'MSI-H' (3 patients, rows 4, 5, 6), which differs from 'MSIH' only in "
                                   "punctuation; write in [biomarker.MSI]: positive = MSIH, MSI-H if that is the same "
                                   "class, negative = MSI-H if it is the other one")));
}

TEST_F(Classes, SeveralOthersAreListedWithWhatToWrite) {
  rule.ignore = {"x"};
  EXPECT_THAT(found({{"MSIH", 2}, {"MSI-L", 3}, {"Unknown", 1}, {"MSS", 20}, {"msih", 1}, {"x", 1}}).negative,
              IsEmpty());
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(place + "beside MSIH (positive, 2 patients) there are 'MSS' (20 patients, rows 8, 9, 10, ...), "
                          "'MSI-L' (3 patients, rows 4, 5, 6), 'Unknown' (row 7), 'msih' (row 28); write in "
                          "[biomarker.MSI]: which are the negative class, and which to ignore, for example "
                          "positive = MSIH, msih and negative = MSS, MSI-L and ignore = x, Unknown (or write missing = "
                          "Unknown in [cohort.C])"));
}

TEST_F(Classes, APositiveValueThatNobodyHasIsNamedWithTheValues) {
  rule.positive = {"MSI-H"};
  found({{"MSIH", 2}, {"nonMSIH", 3}});
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(AllOf(HasSubstr("no patient of training cohort C is MSI-H (positive); the values are 'nonMSIH' "
                                  "(3 patients, rows 4, 5, 6), 'MSIH' (2 patients, rows 2, 3); "),
                        EndsWith("'MSIH' differs from 'MSI-H' only in punctuation; write in [biomarker.MSI]: "
                                 "positive = MSIH"))));
}

TEST_F(Classes, AColumnOfManyValuesIsAnotherColumn) {
  std::vector<std::pair<std::string, int>> labels = {{"MSIH", 1}};
  for (int i = 0; i < 100; ++i) labels.push_back({fmt::format("0.{:03}", i), 1});
  found(labels);
  EXPECT_THAT(problems.lines(),
              ElementsAre(AllOf(HasSubstr(" and 94 more values; is this the column of the classes?"))));
}

TEST_F(Classes, OneClassAloneIsAProblemOfTheTrainingCohort) {
  EXPECT_THAT(found({{"MSIH", 2}}).negative, IsEmpty());
  EXPECT_THAT(problems.lines(),
              ElementsAre(place + "all patients with a value are MSIH (positive, 2 patients), expected two classes"));
}

// Cells of earlier versions do not know their negative value; a new cohort may have one class alone.
TEST_F(Classes, WithoutAConfigurationTheOnlyOtherValueOfAnyCohortIsTaken) {
  rule.section.clear();
  EXPECT_THAT(found({{"nonMSIH", 3}}).negative, ElementsAre("nonMSIH"));
  EXPECT_THAT(found({{"MSIH", 3}}).negative, IsEmpty());
  EXPECT_THAT(problems.lines(), IsEmpty());
  for (const std::string value : {"MSI-H", "unknown"}) {
    EXPECT_THAT(found({{value, 3}}).negative, IsEmpty());
    EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("does not say which values the cell was trained on"))) << value;
  }
  found({{"MSIH", 3}, {"MSS", 1}, {"MSI-L", 1}});
  EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("does not say which values the cell was trained on")));
}

TEST_F(Classes, CodesOfMissingValuesAreNotTakenForTheOtherClass) {
  rule.positive = {"1"};
  for (const std::string code : {"-1", "9", "99", "9.0"}) {
    EXPECT_THAT(found({{"1", 2}, {code, 3}}).negative, IsEmpty());
    EXPECT_THAT(problems.lines(), ElementsAre(HasSubstr("which looks like no class"))) << code;
  }
  for (const std::string other : {"0", "2"}) EXPECT_THAT(found({{"1", 2}, {other, 3}}).negative, ElementsAre(other));
  found({{"1", 2}, {"0", 3}, {"9", 1}});
  EXPECT_THAT(problems.lines(),
              ElementsAre(HasSubstr("for example negative = 0 and ignore = 9 (or write missing = 9")));
}

TEST_F(Classes, ThatSayNoInTheirNameAreClasses) {
  for (const std::string value : {"non-MSI", "MSI-H not methylated", "negative", "not detected", "No", "not mutated"}) {
    EXPECT_THAT(found({{"MSIH", 2}, {value, 3}}).negative, ElementsAre(value));
  }
  EXPECT_THAT(found({{"MSIH", 2}, {"Insufficient tissue", 3}}).negative, IsEmpty());
}

TEST_F(Classes, OneClassAloneNamesTheCellsThatWereReadAsMissing) {
  Cohort cohort = cohort_with({{"MSIH", 2}, {"", 12}});
  cohort.clini.read_as_missing[1] = {{"None", 12}};
  find_classes(rule, cohort, "training cohort C", problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre(EndsWith("expected two classes; 12 cells 'None' are read as missing: if that "
                                   "is a class, write another word for it in the table")));
}

TEST_F(Classes, OtherCohortsAreHeldToThem) {
  rule.negative = {"nonMSIH"};
  rule.negative_from = "training cohort A";
  EXPECT_THAT(checked({{"MSIH", 1}, {"nonMSIH", 2}, {"", 3}}), IsEmpty());
  EXPECT_THAT(checked({{"MSI-H", 24}}),
              ElementsAre(place + "'MSI-H' (24 patients, rows 2, 3, 4, ...) is neither MSIH (positive) nor nonMSIH "
                                  "(negative, from training cohort A); differs from 'MSIH' only in punctuation: write "
                                  "positive = MSIH, MSI-H in [biomarker.MSI]"));
}

TEST_F(Classes, EachCauseIsALine) {
  rule.negative = {"nonMSIH"};
  EXPECT_THAT(checked({{"msih", 2}, {"MSI-H", 1}, {"Non-MSIH", 1}, {"[Not Available]", 5}, {"MSS", 7}, {"stable", 1}}),
              ElementsAre(HasSubstr("'msih' (2 patients, rows 2, 3), 'MSI-H' (row 4) are neither"),
                          HasSubstr("negative = nonMSIH, Non-MSIH in [biomarker.MSI]"),
                          HasSubstr("if it means a missing value, write missing = [Not Available] in [cohort.C], or "
                                    "ignore = [Not Available] in [biomarker.MSI]"),
                          HasSubstr("'MSS' (7 patients, rows 11, 12, 13, ...), 'stable' (row 18) are neither")));
}

TEST_F(Classes, ValuesAreCountedByMeaning) {
  rule.negative = {"nonMSIH"};
  rule.ignore = {"MSI-L"};
  const auto values = label_values(cohort_with({{"x", 1}, {"MSI-L", 2}, {"nonMSIH", 3}, {"MSIH", 1}, {"", 4}}), rule);
  std::vector<std::string> shown;
  for (const LabelValue& v : values) {
    shown.push_back(fmt::format("{} {} {}", static_cast<int>(v.meaning), v.seen.value, v.seen.count));
  }
  EXPECT_THAT(shown, ElementsAre("0 MSIH 1", "1 nonMSIH 3", "2 MSI-L 2", "3 x 1"));
}

}  // namespace
}  // namespace mtlgrid::testing
