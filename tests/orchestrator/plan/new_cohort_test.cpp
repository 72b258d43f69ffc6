#include "orchestrator/plan/new_cohort.h"

#include <gmock/gmock.h>

#include <cmath>

#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Cohort B of the small grid: B00 to B05, every second one positive.
class NewCohortTest : public ::testing::Test {
 protected:
  NewCohort load(bool labels = true) {
    const CohortFiles files{"new",
                            labels ? grid.path("B/clini.csv") : "",
                            grid.path("B/slide.csv"),
                            grid.path("B/feats"),
                            "PATIENT",
                            "FILENAME",
                            "",
                            {},
                            true};
    DirectReader reader(FeatureDisk::real());
    return load_new_cohort(files, rule, "LF", reader, problems);
  }
  static std::vector<std::string> reasons(const NewCohort& cohort) {
    std::vector<std::string> out;
    for (const Drop& d : cohort.drops)
      out.push_back(d.patient + (d.slide.empty() ? "" : "/" + d.slide) + ": " + d.reason);
    return out;
  }
  LabelRule rule{"status", {"pos"}, {"neg"}, {"odd"}, "the trained cell", ""};
  testing::SmallGrid grid;
  Problems problems;
};

TEST_F(NewCohortTest, WithAClinicalTableHasLabelsAndTargets) {
  const NewCohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.label, ElementsAre(1, 0, 1, 0, 1, 0));
  EXPECT_THAT(cohort.target, ElementsAre(0.5, 1.5, 2.5, 3.5, 4.5, 5.5));
  EXPECT_THAT(cohort.drops, IsEmpty());
}

TEST_F(NewCohortTest, OtherSpellingsOfTheTrainedClassesAreRefused) {
  for (const char* patient : {"B00", "B02", "B04"}) {
    grid.replace("B/clini.csv", std::string(patient) + ",pos", std::string(patient) + ",Pos");
  }
  load();
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(grid.path("B/clini.csv").string() +
                  ", column 'status': 'Pos' (3 patients, rows 2, 4, 6) is neither pos (positive) nor neg (negative, "
                  "from the trained cell); differs from 'pos' only in letter case: write the same in the table"));
}

// Cells that earlier versions trained do not know their negative value.
TEST_F(NewCohortTest, ANegativeValueThatIsNotRecordedIsTheOnlyOtherOne) {
  rule.negative.clear();
  const NewCohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.label, ElementsAre(1, 0, 1, 0, 1, 0));
  EXPECT_THAT(cohort.rule.negative, ElementsAre("neg"));
  EXPECT_EQ(cohort.rule.negative_from, "the clinical table, which has no other value");
  ASSERT_EQ(cohort.values.size(), 2U);
  EXPECT_EQ(cohort.values[1].seen.count, 3U);
  grid.replace("B/clini.csv", "B01,neg", "B01,non");
  load();
  EXPECT_THAT(problems.lines(),
              ElementsAre(HasSubstr("there are 'neg' (2 patients, rows 5, 7), 'non' (row 3); the store")));
}

TEST_F(NewCohortTest, WithoutOneHasThePatientsAlone) {
  const NewCohort cohort = load(false);
  EXPECT_EQ(cohort.patients.patients.size(), 6U);
  EXPECT_THAT(cohort.label, ::testing::Each(std::nullopt));
  EXPECT_TRUE(std::isnan(cohort.target[0]));
  EXPECT_THAT(cohort.drops, IsEmpty());
}

TEST_F(NewCohortTest, PatientsWithoutALabelStayAndAreAccountedFor) {
  grid.replace("B/clini.csv", "B01,neg,1.5\n", "");
  grid.replace("B/clini.csv", "B02,pos,2.5", "B02,,2.5");
  grid.replace("B/clini.csv", "B03,neg,3.5", "B03,odd,3.5");
  grid.replace("B/clini.csv", "B04,pos,4.5", "B04,pos,");
  grid.replace("B/clini.csv", "B05,", "B06,");
  grid.replace("B/slide.csv", "B00,B00.h5\n", "B00,B00.h5\nB00,lost.h5\n");
  const NewCohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.label, ElementsAre(1, std::nullopt, std::nullopt, std::nullopt, 1, std::nullopt));
  EXPECT_TRUE(std::isnan(cohort.target[4]));
  EXPECT_THAT(reasons(cohort),
              UnorderedElementsAre("B00/lost.h5: no feature file", "B01/B01.h5: patient not in the clinical table",
                                   "B02: no label in 'status'", "B03: ignored label 'odd'",
                                   "B05/B05.h5: patient not in the clinical table", "B06: not in the slide table"));
}

TEST_F(NewCohortTest, SaysWhatItGuessedAndNamesItsOwnOptions) {
  std::string table = "PATIENT;status;Lf\n";
  for (int i = 0; i < 6; ++i) table += "B0" + std::to_string(i) + (i % 2 == 0 ? ";pos;0,5\n" : ";neg;0,25\n");
  grid.scratch().write("B/clini.csv", table);
  const NewCohort cohort = load();
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.patients.warnings, ElementsAre(HasSubstr("rename 'Lf' to 'LF' in the table")));
  EXPECT_THAT(cohort.patients.inferences,
              ::testing::Contains(HasSubstr("clini.csv: cells are separated by semicolons")));
  EXPECT_THAT(cohort.patients.inferences, ::testing::Contains(HasSubstr("decimal commas")));

  grid.scratch().write("B/clini.csv", "PATIENT,status,LF\nB00,pos,'--\nB01,[Not Available],1\n");
  load();
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(HasSubstr("1 cell is not a number: ''--' (row 2); if this means a missing value, give --missing "
                            "\"'--, [Not Available]\""),
                  HasSubstr("if it means a missing value, give --missing \"'--, [Not Available]\", or leave "
                            "these cells empty")));
}

TEST_F(NewCohortTest, SaysWhatIsWrongInAllTables) {
  grid.replace("B/clini.csv", "B01,neg", "B01,maybe");
  grid.replace("B/slide.csv", "B03,B03.h5", "B03,B02.h5");
  grid.fixture("B/feats/B00.h5", "integers.h5");
  load();
  std::string all;
  for (const std::string& line : problems.lines()) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("B/slide.csv: files of two patients ('B02.h5' of 'B03' in row 5"));
  EXPECT_THAT(all, HasSubstr("B/feats: dataset 'feats' has no floating-point numbers (B00.h5)"));
  EXPECT_THAT(all, HasSubstr("'maybe' (row 3) is neither pos (positive) nor neg (negative, from the trained cell)"));
}

}  // namespace
}  // namespace mtlgrid
