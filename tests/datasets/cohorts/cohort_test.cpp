#include "datasets/cohorts/cohort.h"

#include <filesystem>

#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/features.h"
#include "datasets/synthetic/synth_features.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Two patients, one slide each, nothing wrong.
class LoadCohort : public ::testing::Test {
 protected:
  LoadCohort() {
    c.clini("PATIENT,label,x\nB,p,1\nA,n,2\n")
        .slides("PATIENT,FILENAME\nB,b.h5\nA,a.h5\n")
        .file("a.h5", 2)
        .file("b.h5", 3);
  }
  std::string clini() const { return c.files().clini.string(); }
  std::string slides() const { return c.files().slides.string(); }
  CohortOnDisk c;
};

TEST_F(LoadCohort, PatientsAreSortedByBytesOfTheName) {
  c.clini("PATIENT,label\nÄ,p\nb9,p\na,p\nB1,p\n7,p\nb10,p\n007,p\n");
  std::string slides = "PATIENT,FILENAME\n";
  for (const std::string name : {"Ä", "b9", "a", "B1", "7", "b10", "007"}) {
    slides += name + "," + name + "\n";
    c.file(name + ".h5");
  }
  c.slides(slides);
  EXPECT_THAT(names_of(c.load()), ElementsAre("007", "7", "B1", "a", "b10", "b9", "Ä"));
}

TEST_F(LoadCohort, WithoutAClinicalTableHasAllPatientsOfTheSlideTable) {
  c.slides("PATIENT,FILENAME\nZ,z\nB,b.h5\nA,a.h5\nB,b2.h5\nC,lost\n,x\n").file("z.h5").file("b2.h5");
  c.files().clini.clear();
  const Cohort cohort = c.load();
  EXPECT_THAT(names_of(cohort), ElementsAre("A", "B", "Z"));
  EXPECT_THAT(cohort.patients[1].slides, SizeIs(2));
  std::vector<std::string> reasons;
  for (const Drop& drop : cohort.drops) reasons.push_back(drop.patient + ": " + drop.reason);
  EXPECT_THAT(reasons, UnorderedElementsAre("C: no feature file", "C: no slide has a feature file",
                                            ": row 7 of the slide table names no patient"));
}

TEST_F(LoadCohort, WithoutAClinicalTableStillNeedsItsColumns) {
  c.slides("CASE,FILENAME\nA,a.h5\n");
  c.files().clini.clear();
  EXPECT_THAT(c.problems(), ElementsAre(slides() + ", row 1: no column 'PATIENT', found 'CASE', 'FILENAME'"));
}

TEST_F(LoadCohort, KnowsWidthExtractorAndTiles) {
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.width, 3);
  EXPECT_EQ(cohort.extractor, "ctranspath");
  ASSERT_THAT(cohort.patients, SizeIs(2));
  EXPECT_EQ(cohort.patients[0].clini_row, 1u);
  EXPECT_EQ(cohort.patients[0].slides[0].path, c.feats("a.h5"));
  EXPECT_EQ(cohort.patients[1].tiles(), 3);
  EXPECT_THAT(cohort.drops, IsEmpty());
}

TEST_F(LoadCohort, SlidesOfAPatientKeepTheSlideTablesOrder) {
  c.slides("PATIENT,FILENAME\nB,z.h5\nA,a.h5\nB,b.h5\n").file("z.h5", 5);
  const Cohort cohort = c.load();
  ASSERT_THAT(cohort.patients[1].slides, SizeIs(2));
  EXPECT_EQ(cohort.patients[1].slides[0].path.filename(), "z.h5");
  EXPECT_EQ(cohort.patients[1].tiles(), 8);
}

TEST_F(LoadCohort, FilenameMayLackTheSuffix) {
  c.slides("PATIENT,FILENAME\nB,b\nA,a.1\n").file("a.1.h5");
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B"));
}

TEST_F(LoadCohort, FilesMayLieInSubFolders) {
  c.slides("PATIENT,FILENAME\nB,one/two/b2.h5\nA,./one/a2\nA,bare\nA,bare2.h5\n");
  c.file("one/two/b2.h5").file("one/a2.h5").file("one/bare.h5").file("one/two/bare2.h5");
  const Cohort cohort = c.load();
  ASSERT_THAT(cohort.patients, SizeIs(2));
  EXPECT_THAT(cohort.patients[0].slides, SizeIs(3));
  EXPECT_EQ(cohort.patients[0].slides[1].path, c.feats("one/bare.h5"));
}

TEST_F(LoadCohort, LinkedFoldersAreFollowedOnce) {
  c.slides("PATIENT,FILENAME\nB,b\nA,linked\n").file("other/linked.h5");
  fs::create_directory_symlink(c.files().features, c.feats("other/up"));
  EXPECT_THAT(names_of(c.load()), ElementsAre("A", "B"));
}

TEST_F(LoadCohort, APathBeatsABareNameElsewhere) {
  c.file("sub/a.h5", 7);
  EXPECT_EQ(c.load().patients[0].slides[0].path, c.feats("a.h5"));
}

TEST_F(LoadCohort, AnAmbiguousNameIsAProblem) {
  c.slides("PATIENT,FILENAME\nB,b\nA,twice\n").file("one/twice.h5").file("two/twice.h5");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr(slides() + ": ambiguous FILENAMEs ('twice' in row 3 is "
                                                             "'one/twice.h5' or 'two/twice.h5'); expected paths")));
}

TEST_F(LoadCohort, APathOutOfTheFolderIsAProblem) {
  c.slides("PATIENT,FILENAME\nB,../b.h5\nA,/a.h5\n");
  EXPECT_THAT(c.problems(), ElementsAre(slides() +
                                        ": FILENAMEs outside the feature folder (2 times: '../b.h5' in row 2, '/a.h5' "
                                        "in row 3); expected paths relative to " +
                                        c.files().features.string() +
                                        ": 2 agree but for the folders in front ('../b.h5' and 'b.h5'); write paths "
                                        "relative to the feature folder"));
}

TEST_F(LoadCohort, EverythingDroppedIsAccountedFor) {
  c.clini("PATIENT,label\nA,p\nB,p\nnoslide,p\nlost,p\n,p\n");
  c.slides("PATIENT,FILENAME\nA,a.h5\nA,a\nA,gone.h5\nB,b.h5\nlost,none.h5\nstranger,b2.h5\n,b.h5\nB,\n").file("b2.h5");
  const Cohort cohort = c.load();
  EXPECT_THAT(names_of(cohort), ElementsAre("A", "B"));
  EXPECT_THAT(cohort.patients[0].slides, SizeIs(1));
  EXPECT_THAT(
      drops_of(cohort.drops),
      UnorderedElementsAre(
          "A/a: listed twice, counted once", "A/gone.h5: no feature file", "lost/none.h5: no feature file",
          "lost/: no slide has a feature file", "noslide/: not in the slide table",
          "stranger/b2.h5: patient not in the clinical table", "/b.h5: row 8 of the slide table names no patient",
          "B/: row 9 of the slide table names no file", "/: row 6 of the clinical table names no patient"));
  EXPECT_EQ(cohort.drops[0].cohort, "C");
}

TEST_F(LoadCohort, OneFileForTwoPatientsIsAProblem) {
  c.slides("PATIENT,FILENAME\nB,b.h5\nA,a.h5\nA,b\n");
  EXPECT_THAT(
      c.problems(),
      ElementsAre(slides() +
                  ": files of two patients ('b.h5' of 'A' in row 4 is of 'B' in row 2); expected one patient a file"));
}

TEST_F(LoadCohort, ColumnsMayHaveOtherNames) {
  c.clini("ID,label\nA,p\n").slides("ID,SLIDE\nA,a.h5\n");
  c.files().patient_column = "ID";
  c.files().filename_column = "SLIDE";
  EXPECT_THAT(names_of(c.load()), ElementsAre("A"));
}

TEST_F(LoadCohort, EveryMissingColumnIsNamed) {
  c.clini("ID,label\nA,p\n").slides("patient,file\nA,a\n");
  EXPECT_THAT(c.problems(),
              ElementsAre(clini() + ", row 1: no column 'PATIENT', found 'ID', 'label'; 'ID' has 1 values of the slide "
                                    "table's 'patient': write patient_column = ID and slide_patient_column = patient",
                          slides() + ", row 1: no column 'PATIENT', found 'patient', 'file'; 'patient' differs in "
                                     "letter case alone: write patient",
                          slides() + ", row 1: no column 'FILENAME', found 'patient', 'file'; did you mean 'file'?"));
}

TEST_F(LoadCohort, EveryMissingInputIsNamedAtOnce) {
  fs::remove(c.files().clini);
  c.slides("");
  fs::remove_all(c.files().features);
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("clini.csv: no such file"), HasSubstr("slide.csv: empty"),
                                        HasSubstr("feats: no such folder")));
}

TEST_F(LoadCohort, AFolderWithoutFeaturesIsAProblem) {
  fs::remove(c.feats("a.h5"));
  fs::remove(c.feats("b.h5"));
  EXPECT_THAT(c.problems(), ElementsAre(EndsWith("feats: no feature file in it, expected files ending in .h5 or .pt")));
  for (const char* name : {"a.npy", "b.npy", "c.csv"}) write_text(c.feats(name), "x");
  EXPECT_THAT(c.problems(),
              ElementsAre(EndsWith("; it has 2 files in .npy, 1 file in .csv: features are read from HDF5 "
                                   "and PyTorch files: give their folder, or convert them")));
  for (const char* name : {"a.H5", "b.H5", "c.H5"}) write_text(c.feats(name), "x");
  EXPECT_THAT(c.problems(),
              ElementsAre(HasSubstr("it has 3 files in .H5, 2 files in .npy, 1 file in .csv: rename .H5 to "
                                    ".h5 if they are HDF5")));
}

TEST_F(LoadCohort, NoPatientLeftIsAProblem) {
  c.slides("PATIENT,FILENAME\nC,b.h5\nA,other.h5\n");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("no row has both a patient of " + clini() +
                                                  " (1 of 2 patients have) "
                                                  "and a file of ")));
}

TEST_F(LoadCohort, EveryBadFileIsNamedAtOnce) {
  c.clini("PATIENT,label\nA,p\nB,p\nC,p\nD,p\nE,p\n");
  c.slides("PATIENT,FILENAME\nA,a\nB,b\nC,c\nD,d\nE,e\n");
  write_text(c.feats("b.h5"), "not hdf5");
  fs::copy(fixture("no_tiles.h5"), c.feats("c.h5"));  // a slide without tissue: dropped
  fs::copy(fixture("slide_level.h5"), c.feats("d.h5"));
  c.file("e.h5", 2, 3, "ctranspath", 0x7c00);
  EXPECT_THAT(
      c.problems(),
      ElementsAre(HasSubstr("feats: unreadable or truncated (b.h5: HDF5: "),
                  HasSubstr("values that are not finite as float16 (e.h5: tile 0, feature 0 (from 0), and 5 more)"),
                  HasSubstr("extractor 'titan' (d.h5); expected 'ctranspath' as in a.h5"),
                  HasSubstr("embeddings of slides in 1 file (d.h5), beside features of tiles in 1 file (a.h5)")));
}

TEST_F(LoadCohort, FilesWithOneFaultShareALine) {
  std::string clini = "PATIENT,label\n", slides = "PATIENT,FILENAME\n";
  for (char name = 'A'; name <= 'Z'; ++name) {
    clini += std::string(1, name) + ",p\n";
    slides += std::string(1, name) + "," + std::string(1, name) + "\n";
    fs::remove(c.feats(std::string(1, name) + ".h5"));
    fs::copy(fixture("integers.h5"), c.feats(std::string(1, name) + ".h5"));
  }
  c.clini(clini).slides(slides);
  EXPECT_THAT(c.problems(), ElementsAre(c.files().features.string() +
                                        ": dataset 'feats' has no floating-point numbers (26 times: A.h5, B.h5, "
                                        "C.h5, ...); expected float16, float32 or float64"));
}

TEST_F(LoadCohort, AFloat32ValueBeyondFloat16IsNotFinite) {
  fs::remove(c.feats("a.h5"));
  c.clini("PATIENT,label\nA,p\n").slides("PATIENT,FILENAME\nA,a\n");
  fs::copy(fixture("too_large.h5"), c.feats("a.h5"));
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("a.h5: tile 1, feature 2")));
}

TEST_F(LoadCohort, TheOddWidthIsNamed) {
  c.slides("PATIENT,FILENAME\nA,a\nB,b\nA,a2\n").file("a2.h5").file("b.h5", 2, 4);
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("feats: features a tile: '4' (b.h5); expected '3' as in a.h5")));
}

TEST_F(LoadCohort, AnotherExtractorIsNamedAndAliasesAreNot) {
  c.slides("PATIENT,FILENAME\nA,a\nB,b\nA,a2\nA,a3\n").file("a2.h5", 2, 3, "xiyuewang-ctranspath-7c998680-12345678");
  c.file("a3.h5", 1, 3, "STAMP-extract-001_01-10-2023_xiyuewang-ctranspath-7c998680");
  EXPECT_EQ(c.load().extractor, "ctranspath");
  c.file("b.h5", 2, 3, "uni");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("extractor 'uni' (b.h5); expected 'ctranspath' as in a.h5")));
}

TEST_F(LoadCohort, TheFingerprintFollowsTheDataAndNotItsPlace) {
  const std::string before = c.load().fingerprint;
  EXPECT_THAT(before, SizeIs(32));
  CohortOnDisk moved("Other");
  moved.clini("PATIENT,label,x\nA,n,9\nB,p,1\n").slides("PATIENT,FILENAME\nA,a\nB,b\n").file("a.h5", 2).file("b.h5", 3);
  EXPECT_EQ(moved.load().fingerprint, before);
  moved.file("b.h5", 3, 3, "ctranspath", 0x3c01);
  EXPECT_NE(moved.load().fingerprint, before);
  moved.file("b.h5", 3).slides("PATIENT,FILENAME\nA,b\nB,a\n");
  EXPECT_NE(moved.load().fingerprint, before);
}

TEST_F(LoadCohort, ARememberedFileIsNotReadAgainUntilItChanges) {
  FingerprintMemory memory;
  Problems problems;
  const std::string real = load_cohort(c.files(), memory, problems).fingerprint;
  memory.remember(c.feats("a.h5"), "marked", stamp_of(c.feats("a.h5")));
  EXPECT_NE(load_cohort(c.files(), memory, problems).fingerprint, real);  // the mark was believed
  fs::last_write_time(c.feats("a.h5"), fs::last_write_time(c.feats("a.h5")) + std::chrono::seconds(1));
  EXPECT_EQ(load_cohort(c.files(), memory, problems).fingerprint, real);
  EXPECT_THAT(problems.lines(), IsEmpty());
}

TEST_F(LoadCohort, ABadFileIsNotRemembered) {
  c.file("a.h5", 2, 3, "ctranspath", 0x7e00);
  FingerprintMemory memory;
  Problems problems;
  load_cohort(c.files(), memory, problems);
  EXPECT_THAT(problems.lines(), SizeIs(1));
  EXPECT_EQ(memory.find(c.feats("a.h5")), std::nullopt);
  EXPECT_NE(memory.find(c.feats("b.h5")), std::nullopt);
}

// A contiguous dataset that was written in part cannot be told from zeros that were written.
TEST(Cohort, TilesOfZerosAtTheEndOfAFileAreAWarning) {
  CohortOnDisk c;
  c.clini("PATIENT,label\nA,p\nB,n\n").slides("PATIENT,FILENAME\nA,a\nB,b\n").file("a.h5").file("b.h5");
  EXPECT_THAT(c.load().warnings, IsEmpty());
  std::vector<std::uint16_t> values(12, 0);
  values[0] = 0x3c00;
  values[11] = 0x8000;  // -0
  fs::remove(c.feats("b.h5"));
  write_features(c.feats("b.h5"), values, 3, StampLayout::v2, "ctranspath");
  EXPECT_THAT(c.load().warnings, ElementsAre(HasSubstr("tiles of zeros alone at the end (b.h5: 3 of 4 tiles); the "
                                                       "extraction may have broken off")));
}

}  // namespace
}  // namespace mtlgrid::testing
