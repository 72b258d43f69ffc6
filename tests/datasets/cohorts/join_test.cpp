// What is said where the tables and the folder do not agree.
#include "datasets/cohorts/join.h"

#include <filesystem>

#include "datasets/cohorts/join_hints.h"
#include "datasets/cohorts/load_cohort.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string explained(NameKind kind, const std::vector<std::string>& lost, const std::vector<std::string>& others) {
  const auto explanation = explain({kind, "names", "others", lost, lost.size(), others, {}, nullptr});
  return explanation ? explanation->difference : "";
}

struct Spelling {
  NameKind kind;
  std::string lost, other, difference;
};

class Spellings : public ::testing::TestWithParam<Spelling> {};

TEST_P(Spellings, NearestOneIsNamed) {
  const Spelling& s = GetParam();
  EXPECT_THAT(explained(s.kind, {s.lost}, {"other-1", s.other, "other-2.h5"}),
              AllOf(HasSubstr(s.difference), HasSubstr(" ('" + s.lost + "' and '" + s.other + "')")));
}

INSTANTIATE_TEST_SUITE_P(
    Patients, Spellings,
    ::testing::Values(Spelling{NameKind::patients, "TCGA-AK-1000-01Z", "TCGA-AK-1000", "in a TCGA barcode"},
                      Spelling{NameKind::patients, "1001.0", "1001", "'.0' at the end"},
                      Spelling{NameKind::patients, "tcga-ak-1000", "TCGA-AK-1000", "upper and lower case"},
                      Spelling{NameKind::patients, "P1 ", "P1", "blanks at their ends"},
                      Spelling{NameKind::patients, "P1\xc2\xa0", "P1", "blanks at their ends"},
                      Spelling{NameKind::patients, "P1", "P001", "zeros in front of numbers"},
                      Spelling{NameKind::patients, "P_1", "P-1", "dashes, underscores, dots and blanks"},
                      Spelling{NameKind::patients, "P1.h5", "P1", "the suffix of a file"},
                      Spelling{NameKind::patients, "Mu\xcc\x88ller", "M\xc3\xbcller", "Unicode form"},
                      Spelling{NameKind::patients, "P1-slide2", "P1", "begin alike"},
                      Spelling{NameKind::patients, "1000", "site-1000", "end alike"},
                      Spelling{NameKind::patients,
                               "P\xe2\x80\x93"
                               "1",
                               "P-1", "dashes, underscores"},
                      Spelling{NameKind::patients,
                               "P\xe2\x80\x91"
                               "1",
                               "P_1", "dashes, underscores"},
                      Spelling{NameKind::patients, "P1\xe2\x80\x8b", "P1", "invisible characters"},
                      Spelling{NameKind::patients, "P\xe2\x80\xaf", "P", "blanks at their ends"},
                      Spelling{NameKind::patients, "P 1", "P1", "blanks within them"},
                      Spelling{NameKind::patients, "'P1'", "P1", "quotes or brackets"},
                      Spelling{NameKind::patients, "\xe2\x80\x9cP1\xe2\x80\x9d", "P1", "quotes or brackets"},
                      Spelling{NameKind::patients, "1e+05", "100000", "the way of writing numbers"},
                      Spelling{NameKind::patients, "1.234E4", "12340", "the way of writing numbers"},
                      Spelling{NameKind::patients, "tcga-ak-1000-01Z", "TCGA-AK-1000", "several of these"},
                      Spelling{NameKind::patients, "\"p 001\"", "P-1", "several of these"},
                      Spelling{NameKind::patients, "p_001 ", "P-1", "several of these"}));

INSTANTIATE_TEST_SUITE_P(
    Files, Spellings,
    ::testing::Values(Spelling{NameKind::files, "a.svs", "a.h5", "their suffixes"},
                      Spelling{NameKind::files, "a.svs", "sub/a.h5", "their suffixes"},
                      Spelling{NameKind::files, "a.ome.tiff", "a.ome.h5", "their suffixes"},
                      Spelling{NameKind::files, "sub\\a.h5", "sub/a.h5", "backslashes for slashes"},
                      Spelling{NameKind::files, "A/feats/a.h5", "a.h5", "the folders in front"},
                      Spelling{NameKind::files, "a.h5", "a.0f3bcd5e-6f1a-4a08-9b6e-2f1a5d1b9c77.h5",
                               "the slide's UUID"},
                      Spelling{NameKind::files, "A", "a.h5", "upper and lower case"},
                      Spelling{NameKind::files, "TCGA-AK-1000", "TCGA-AK-1000-01Z-00-DX1.h5", "begin alike"},
                      Spelling{NameKind::files, "a.h5 ", "a.h5", "blanks at their ends"},
                      Spelling{NameKind::files, "a.H5", "a.h5", "upper and lower case"},
                      Spelling{NameKind::files, "['a.h5']", "a.h5", "quotes or brackets"},
                      Spelling{NameKind::files, "x/A.svs", "a.h5", "several of these"}));

TEST(Explanations, DoNotHoldForOtherNames) {
  EXPECT_EQ(explained(NameKind::patients, {"A1"}, {"B1", "A10", "A"}), "");
  EXPECT_EQ(explained(NameKind::files, {"a.h5"}, {"b.h5"}), "");
}

TEST(Explanations, DoNotMakeOneSlideOfTwo) {
  EXPECT_EQ(explained(NameKind::files, {"tcga-ak-1000-01Z-00-DX2.svs"}, {"TCGA-AK-1000-01Z-00-DX1.h5"}), "");
  EXPECT_EQ(explained(NameKind::patients, {"E2", "1e", "1e-2"}, {"200", "1", "0.01"}), "");
}

TEST(Explanations, TheOneThatJoinsMostIsTaken) {
  EXPECT_THAT(explained(NameKind::patients, {"a", "B1-x", "C1-x"}, {"A", "B1", "C1"}), HasSubstr("begin alike"));
}

// Four patients with a slide each, all joined.
class Joining : public ::testing::Test {
 protected:
  Joining() {
    for (int i = 0; i < 4; ++i) c.file(slide(i) + ".h5");
    write();
  }
  static std::string patient(int i) { return "TCGA-AA-100" + std::to_string(i); }
  static std::string slide(int i) { return patient(i) + "-DX"; }
  // What the slide table has instead, for the first `changed` rows.
  void write(int changed = 0, const std::string& more_patient = "", const std::string& more_file = "") {
    std::string clini = "PATIENT,label\n", slides = "PATIENT,FILENAME\n";
    for (int i = 0; i < 4; ++i) {
      clini += patient(i) + ",p\n";
      slides += patient(i) + (i < changed ? more_patient : "") + "," + slide(i) + (i < changed ? more_file : "") + "\n";
    }
    c.clini(clini).slides(slides);
  }
  std::string clini() const { return c.files().clini.string(); }
  std::string slides() const { return c.files().slides.string(); }
  CohortOnDisk c;
};

TEST_F(Joining, OfNoPatientNamesBothSidesAndTheReason) {
  write(4, "-01Z");
  EXPECT_THAT(
      c.problems(),
      ElementsAre("none of the 4 patients of " + slides() +
                  " ('TCGA-AA-1000-01Z', 'TCGA-AA-1001-01Z', 'TCGA-AA-1002-01Z', ...) is among the 4 patients of " +
                  clini() +
                  " ('TCGA-AA-1000', 'TCGA-AA-1001', 'TCGA-AA-1002', ...): 4 agree but for what follows "
                  "the patient in a TCGA barcode ('TCGA-AA-1000-01Z' and 'TCGA-AA-1000'); write patients' "
                  "barcodes, the first 12 characters, in both tables"));
}

TEST_F(Joining, OfNoFileNamesBothSidesAndTheReason) {
  write(4, "", ".svs");
  EXPECT_THAT(
      c.problems(),
      ElementsAre(AllOf(HasSubstr("none of the 4 FILENAMEs of " + slides() + " ('TCGA-AA-1000-DX.svs', "),
                        HasSubstr("is among the 4 files of " + c.files().features.string() + " ('TCGA-AA-1000-DX.h5'"),
                        HasSubstr("4 agree but for their suffixes"))));
}

TEST_F(Joining, ThatFailsTwiceIsSaidTwice) {
  write(4, "-01Z", ".svs");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("none of the 4 patients"), HasSubstr("none of the 4 FILENAMEs")));
}

TEST_F(Joining, OfOtherNamesSaysThatNothingAgrees) {
  c.slides("PATIENT,FILENAME\nX1," + slide(0) + "\nX2," + slide(1) + "\n");
  EXPECT_THAT(c.problems(),
              ElementsAre(AllOf(HasSubstr("none of the 2 patients"), HasSubstr("no spelling of them agrees"))));
}

TEST_F(Joining, ByAnotherColumnIsProposed) {
  c.clini("PATIENT,case,label\n1,TCGA-AA-1000,p\n2,TCGA-AA-1001,p\n3,TCGA-AA-1002,n\n");
  EXPECT_THAT(c.problems(),
              ElementsAre(AllOf(HasSubstr("3 are in its column 'case'"), HasSubstr("patient_column = case"))));
}

TEST_F(Joining, ThatLosesMostRowsForOneReasonIsAWarning) {
  write(3, "", ".SVS");
  const Cohort cohort = c.load();
  EXPECT_THAT(cohort.warnings,
              ElementsAre(AllOf(HasSubstr("3 of the 4 FILENAMEs of " + slides()), HasSubstr("are not among"),
                                HasSubstr("3 agree but for their suffixes"))));
  EXPECT_EQ(cohort.patients.size(), 1u);
}

TEST_F(Joining, ThatLosesFewRowsOrForNoReasonIsNone) {
  write(2, "", ".svs");
  EXPECT_THAT(c.load().warnings, IsEmpty());
  for (int i = 1; i < 4; ++i) fs::remove(c.feats(slide(i) + ".h5"));
  write();
  EXPECT_THAT(c.load().warnings, IsEmpty());
}

// 20 patients of whom the first `changed` have other FILENAMEs.
std::string twenty_slides(CohortOnDisk& c, int changed, const std::string& suffix) {
  std::string clini = "PATIENT,label\n", slides = "PATIENT,FILENAME\n";
  for (int i = 10; i < 30; ++i) {
    const std::string name = "P" + std::to_string(i);
    clini += name + ",p\n";
    slides += name + "," + name + (i < 10 + changed ? suffix : "") + "\n";
    c.file(name + ".h5");
  }
  c.clini(clini).slides(slides);
  return slides;
}

TEST_F(Joining, ThatLosesFewRowsForOneReasonIsAWarning) {
  twenty_slides(c, 4, ".svs");
  EXPECT_THAT(c.load().warnings, ElementsAre(AllOf(HasSubstr("4 of the 20 FILENAMEs"), HasSubstr("their suffixes"))));
}

TEST_F(Joining, ThatLosesFewRowsOfFilesThatOthersNameIsNone) {
  const std::string slides = twenty_slides(c, 0, "");
  c.slides(slides + "P10,P10.svs\nP11,P11.svs\nP12,P12.svs\nP13,P13.svs\n");
  EXPECT_THAT(c.load().warnings, IsEmpty());
  twenty_slides(c, 4, ".svs");
  c.slides(slides + "P10,Q1\nP11,Q2\nP12,Q3\n");
  EXPECT_THAT(c.load().warnings, IsEmpty());
}

TEST_F(Joining, PatientColumnsOfTheTablesMayDiffer) {
  c.clini("case,label\nA,p\n").slides("who,FILENAME\nA," + slide(0) + "\n");
  c.files().patient_column = "case";
  c.files().slide_patient_column = "who";
  EXPECT_THAT(names_of(c.load()), ElementsAre("A"));
  c.files().clini.clear();
  EXPECT_THAT(names_of(c.load()), ElementsAre("A"));
}

TEST_F(Joining, AbsoluteFilenamesInsideTheFolderAreTaken) {
  c.slides("PATIENT,FILENAME\n" + patient(0) + "," + c.feats(slide(0) + ".h5").string() + "\n" + patient(1) + "," +
           c.feats(slide(1)).string() + "\n");
  EXPECT_THAT(names_of(c.load()), ElementsAre(patient(0), patient(1)));
}

TEST_F(Joining, OneWrongKindOfFilenameIsOneLine) {
  c.slides("PATIENT,FILENAME\n" + patient(0) + "," + slide(0) + "\n" + patient(1) + ",/x/1.h5\n" + patient(2) +
           ",/x/2.h5\n" + patient(3) + ",../3.h5\n");
  EXPECT_THAT(c.problems(),
              ElementsAre(AllOf(HasSubstr("FILENAMEs outside the feature folder (3 times: '/x/1.h5' in row 3"),
                                HasSubstr(": it has 'TCGA-AA-1000-DX.h5', "))));
}

TEST_F(Joining, FilenamesOfAnotherMachineAreExplained) {
  std::string slides = "PATIENT,FILENAME\n";
  for (int i = 0; i < 4; ++i) slides += patient(i) + ",/mnt/bulk/feats/" + slide(i) + ".h5\n";
  c.slides(slides);
  EXPECT_THAT(c.problems(),
              ElementsAre(AllOf(HasSubstr("FILENAMEs outside the feature folder (4 times: "),
                                HasSubstr("4 agree but for the folders in front ('/mnt/bulk/feats/TCGA-AA-1000-DX.h5' "
                                          "and 'TCGA-AA-1000-DX.h5'); write paths relative to the feature folder"))));
}

TEST_F(Joining, RowsOfOtherPatientsMayHaveAnyFilename) {
  c.file("one/twice.h5").file("two/twice.h5");
  std::string slides = "PATIENT,FILENAME\nX1,/mnt/other/x.h5\nX2," + slide(0) + "\nX3,twice\n";
  for (int i = 0; i < 4; ++i) slides += patient(i) + "," + slide(i) + "\n";
  c.slides(slides + "X4," + slide(1) + "\n");
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.patients.size(), 4u);
  EXPECT_THAT(drops_of(cohort.drops), ElementsAre("X1//mnt/other/x.h5: patient not in the clinical table",
                                                  "X2/" + slide(0) + ": patient not in the clinical table",
                                                  "X3/twice: patient not in the clinical table",
                                                  "X4/" + slide(1) + ": patient not in the clinical table"));
}

TEST_F(Joining, FilenamesOfUnusedPatientsDoNotRefuseTheCohort) {
  c.clini("PATIENT,label\n" + patient(0) + ",p\n" + patient(1) + ",\n")
      .slides("PATIENT,FILENAME\n" + patient(0) + "," + slide(0) + "\n" + patient(1) + ",/x/1.h5\n");
  FingerprintMemory memory;
  Problems problems;
  const Cohort cohort = load_cohort(c.files(), memory, problems, {{"label", {}, "x", true}});
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(cohort.warnings, ElementsAre(HasSubstr("rows of patients whom no pair uses: FILENAMEs outside")));
  EXPECT_THAT(names_of(cohort), ElementsAre(patient(0)));
}

TEST_F(Joining, TwoFoldersOfOneSlideAreBothNamed) {
  for (int i = 0; i < 4; ++i) {
    fs::remove(c.feats(slide(i) + ".h5"));
    c.file("uni/" + slide(i) + ".h5").file("conch/" + slide(i) + ".h5");
  }
  EXPECT_THAT(c.problems(), ElementsAre(AllOf(HasSubstr("ambiguous FILENAMEs (4 times: "),
                                              HasSubstr("(features = " + c.feats("conch").string() + ")"))));
}

TEST_F(Joining, AFolderNamedLikeAFileIsNamedAsOne) {
  fs::remove(c.feats(slide(0) + ".h5"));
  fs::create_directory(c.feats(slide(0) + ".h5"));
  EXPECT_THAT(drops_of(c.load().drops),
              ::testing::Contains(patient(0) + "/" + slide(0) + ": a folder, not a feature file"));
}

TEST_F(Joining, EntriesThatAreNotLookedIntoAreNamed) {
  write_text(c.feats("caf\xe9/b.h5"), "x");
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.patients.size(), 4u);
  EXPECT_THAT(cohort.warnings, ElementsAre(AllOf(HasSubstr("not looked into: its name is not UTF-8"),
                                                 HasSubstr("0 FILENAMEs of the slide table were not found"))));
  fs::rename(c.feats(slide(0) + ".h5"), c.feats("caf\xe9/" + slide(0) + ".h5"));
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("FILENAMEs of files in a folder whose name is not UTF-8 ('" +
                                                  slide(0) + "' in row 2 is in 'caf\xe9'); rename the folder")));
}

}  // namespace
}  // namespace mtlgrid::testing
