// Cohorts of files of several tools and formats.
#include "datasets/features/features.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class MixedFiles : public ::testing::Test {
 protected:
  MixedFiles() { c.clini("PATIENT,label\nA,p\nB,n\nC,p\n"); }
  void put(const std::string& layout, const std::string& name) {
    fs::create_directories(c.feats(name).parent_path());
    fs::copy_file(fixture("layouts") / layout, c.feats(name));
  }
  static std::vector<std::string> files_of(const Cohort& cohort) {
    std::vector<std::string> out;
    for (const Patient& patient : cohort.patients) {
      for (const FeatureFile& file : patient.slides) out.push_back(file.path.filename().string());
    }
    return out;
  }

  CohortOnDisk c;
};

TEST_F(MixedFiles, Hdf5AndPytorchAreOneCohort) {
  c.slides("PATIENT,FILENAME\nA,a\nB,b.pt\nC,c.h5\n");
  put("stamp_2_1.h5", "a.h5");
  put("clam.pt", "b.pt");
  put("half.pt", "c.pt");  // named as the other program would have
  const Cohort cohort = c.load();
  EXPECT_THAT(files_of(cohort), ElementsAre("a.h5", "b.pt", "c.pt"));
  EXPECT_EQ(cohort.width, 7);
  EXPECT_EQ(cohort.extractor, "ctranspath");
  EXPECT_THAT(cohort.warnings, ElementsAre(HasSubstr("not all files say which extractor wrote them")));
  EXPECT_THAT(cohort.inferences, Contains("2 of 3 files do not say how tiles were cut (b.pt, c.pt)"));
}

TEST_F(MixedFiles, ASlideThatIsThereTwiceCountsOnce) {
  c.slides("PATIENT,FILENAME\nA,a\nB,h5_files/b.h5\nB,pt_files/b.pt\nC,c.pt\n");
  put("clam_fp.h5", "a.h5");
  put("clam.pt", "a.pt");
  put("clam_fp.h5", "h5_files/b.h5");
  put("clam.pt", "pt_files/b.pt");
  put("clam_fp.h5", "h5_files/c.h5");
  put("clam.pt", "pt_files/c.pt");
  const Cohort cohort = c.load();
  EXPECT_THAT(files_of(cohort), ElementsAre("a.h5", "b.h5", "c.h5"));
  EXPECT_THAT(cohort.inferences, Contains("3 slides are there both as .h5 and as .pt (a.h5 and a.pt, ...): the .h5 is "
                                          "read"));
  EXPECT_THAT(drops_of(cohort.drops), ElementsAre("B/pt_files/b.pt: listed twice, counted once"));
}

// What a folder of HDF5 files means must not depend on PyTorch files that came later.
TEST_F(MixedFiles, PytorchFilesBesideChangeNoFingerprint) {
  c.slides("PATIENT,FILENAME\nA,a\nB,b\n");
  put("stamp_2_1.h5", "deep/a.h5");
  put("stamp_2_1.h5", "b.h5");
  const std::string before = c.load().fingerprint;
  put("clam.pt", "a.pt");
  put("half.pt", "b.pt");
  put("half.pt", "deep/b.pt");
  EXPECT_EQ(c.load().fingerprint, before);
}

TEST_F(MixedFiles, SlidesWithoutTissueAreDropped) {
  c.slides("PATIENT,FILENAME\nA,a\nA,none\nB,none2\nC,c\n");
  put("trident.h5", "a.h5");
  put("trident_half.h5", "c.h5");
  put("trident_empty.h5", "none.h5");
  put("empty.pt", "none2.pt");
  const Cohort cohort = c.load();
  EXPECT_THAT(names_of(cohort), ElementsAre("A", "C"));
  EXPECT_THAT(files_of(cohort), ElementsAre("a.h5", "c.h5"));
  EXPECT_THAT(drops_of(cohort.drops),
              UnorderedElementsAre("A/none.h5: no tiles: a slide without tissue",
                                   "B/none2.pt: no tiles: a slide without tissue", "B/: no slide has tiles"));
  EXPECT_EQ(cohort.extractor, "uni");
}

TEST_F(MixedFiles, OnlySlidesWithoutTissueAreAProblem) {
  c.slides("PATIENT,FILENAME\nA,a\n");
  put("trident_empty.h5", "a.h5");
  EXPECT_THAT(c.problems(), ElementsAre(HasSubstr("feats: no file has tiles (1 file read), expected some")));
}

TEST_F(MixedFiles, SlideflowsBagsSayWhatTheirFolderSays) {
  c.slides("PATIENT,FILENAME\nA,slide\n");
  for (const char* name : {"slide.pt", "slide.index.npz", "bags_config.json"}) {
    fs::copy_file(fixture("layouts/slideflow") / name, c.feats(name));
  }
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.extractor, "ctranspath");
  ASSERT_THAT(cohort.geometries, SizeIs(1));
  EXPECT_EQ(geometry_text(cohort.geometries[0].geometry), "302 um in 299 px (1.01 um/px)");
}

TEST_F(MixedFiles, PytorchFilesNeedNoExtractorBesideAnotherCohortThatNamesOne) {
  c.slides("PATIENT,FILENAME\nA,a\n");
  put("clam.pt", "a.pt");
  CohortOnDisk named("N");
  named.clini("PATIENT,label\nX,p\n").slides("PATIENT,FILENAME\nX,x\n").file("x.h5", 2, 7);
  const Cohort bare = c.load(), other = named.load();
  EXPECT_TRUE(bare.by_pytorch);
  Problems problems;
  check_same_features(other, bare, problems);
  EXPECT_THAT(problems.lines(), IsEmpty());
  EXPECT_THAT(warn_of_other_features(other, bare), ElementsAre(HasSubstr("no file says which extractor wrote it")));
}

TEST_F(MixedFiles, GeometriesOfToolsAreCompared) {
  c.slides("PATIENT,FILENAME\nA,a\nB,b\nC,c\n");
  put("trident.h5", "a.h5");
  put("clam_fp.h5", "b.h5");
  put("trident_half.h5", "c.h5");
  const Cohort trident = c.load();
  ASSERT_THAT(trident.geometries, SizeIs(2));
  EXPECT_EQ(trident.geometries[0].files, 2U);
  CohortOnDisk other("O");
  other.clini("PATIENT,label\nX,p\n").slides("PATIENT,FILENAME\nX,x\n");
  fs::copy_file(fixture("layouts/trident_old.h5"), other.feats("x.h5"));
  Problems problems;
  check_same_features(trident, other.load(), problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre(AllOf(HasSubstr("512 px at 20x (nominally 256 um, 0.5 um/px) in 1 file (x.h5)"),
                                HasSubstr("256 px at 20x (nominally 128 um, 0.5 um/px) in 2 files (a.h5, c.h5)"))));
}

}  // namespace
}  // namespace mtlgrid::testing
