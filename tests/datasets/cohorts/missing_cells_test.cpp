#include "datasets/cohorts/missing_cells.h"

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Patients A to E with a label and two auxiliary columns.
class MissingCells : public ::testing::Test {
 protected:
  Cohort cohort(const std::string& rows) {
    c.clini("PATIENT,label,x,y\n" + rows);
    std::string slides = "PATIENT,FILENAME\n";
    for (const std::string name : {"A", "B", "C", "D", "E"}) {
      slides += name + "," + name + "\n";
      c.file(name + ".h5");
    }
    c.slides(slides);
    Cohort loaded = c.load();
    loaded.unread_missing = unread_missing(loaded, uses, {rule});
    return loaded;
  }
  std::vector<std::string> lines(const std::string& rows) {
    Problems problems;
    check_missing_cells(cohort(rows), uses, problems);
    return problems.lines();
  }
  CohortOnDisk c;
  LabelRule rule{"label", {"MSIH"}, {"MSS"}, {"odd"}, "", "[biomarker.MSI]"};
  std::vector<CohortUse> uses = {{"label", {"odd"}, "x", true}, {"label", {"odd"}, "y", true}};
};

TEST_F(MissingCells, OfAllColumnsAreOneLineWithEverySpelling) {
  c.files().missing = {"NONE"};
  EXPECT_THAT(lines("A,MSIH,'--,1\nB,MSS,2,[Not Available]\nC,MSS,'--,4\nD,Not evaluable,2,3\nE,MSIH,1,2\n"),
              ElementsAre(c.files().clini.string() +
                          ", columns 'x' (2), 'y' (1): 3 cells are not numbers: ''--' (2 times, rows 2, 4), '[Not "
                          "Available]' (row 3); if this means a missing value, write missing = NONE, '--, [Not "
                          "Available], Not evaluable in [cohort.C]"));
}

TEST_F(MissingCells, InSeveralColumnsOfARowNameTheRowOnce) {
  EXPECT_THAT(lines("A,MSIH,'--,'--\nB,MSS,'--,'--\n"), ElementsAre(HasSubstr("''--' (4 times, rows 2, 3, ...)")));
}

TEST_F(MissingCells, OfPatientsWhomNobodyUsesAreNone) {
  EXPECT_THAT(lines("A,MSIH,1,1\nB,MSS,2,2\nC,,'--,4\nD,odd,'--,3\nE,MSIH,,\n"), IsEmpty());
}

TEST_F(MissingCells, OfOneColumnNameItAlone) {
  EXPECT_THAT(lines("A,MSIH,'--,1\nB,MSS,2,2\nC,MSS,high,4\n"),
              ElementsAre(HasSubstr(", column 'x': 1 cell is not a number: ''--' (row 2); ")));
}

TEST_F(MissingCells, OfTablesThatOptionsNamedAreToldByTheOption) {
  c.files().by_options = true;
  EXPECT_THAT(lines("A,MSIH,'--,1\nB,MSS,2,[Not Available]\n"),
              ElementsAre(HasSubstr("give --missing \"'--, [Not Available]\"")));
}

TEST_F(MissingCells, WithTextThatWasReadAsMissingAreCounted) {
  const Table table = cohort("A,MSIH,1,NA\nB,MSS,2,NA\nC,None,2,\n").clini;
  EXPECT_EQ(table.read_as_missing.at(1).at("None"), 1U);
  EXPECT_EQ(table.read_as_missing.at(3).at("NA"), 2U);
  EXPECT_EQ(table.read_as_missing.count(2), 0U);
}

}  // namespace
}  // namespace mtlgrid::testing
