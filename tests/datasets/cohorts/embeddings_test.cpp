// Embeddings of slides and patients: a bag of one row.
#include "datasets/cohorts/cohort_level.h"
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

class Embeddings : public ::testing::Test {
 protected:
  Embeddings() { c.clini("PATIENT,label\nA,p\nB,n\n").slides("PATIENT,FILENAME\nA,a\nB,b\n"); }
  void put(const std::string& layout, const std::string& name) {
    fs::copy_file(fixture("layouts") / layout, c.feats(name));
  }
  FeatureLevel level_with(const std::string& a, const std::string& b) {
    for (const char* name : {"a.h5", "b.h5", "a.pt", "b.pt"}) fs::remove(c.feats(name));
    put(a, "a" + fs::path(a).extension().string());
    put(b, "b" + fs::path(b).extension().string());
    return c.load().level;
  }
  std::vector<std::string> problems_with(const std::string& a, const std::string& b) {
    fs::remove(c.feats("a.h5"));
    fs::remove(c.feats("b.h5"));
    put(a, "a.h5");
    put(b, "b.h5");
    return c.problems();
  }

  CohortOnDisk c;
};

TEST_F(Embeddings, OfSlidesAreBagsOfOneRow) {
  put("stamp_slide.h5", "a.h5");
  put("stamp_slide.h5", "b.h5");
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.level, FeatureLevel::slide);
  EXPECT_EQ(cohort.patients[0].tiles(), 1);
  EXPECT_EQ(cohort.extractor, "titan");
  EXPECT_THAT(cohort.inferences,
              ElementsAre(HasSubstr("2 feature files: extractor titan (all say so), 7 features a row"),
                          "embeddings of slides: a bag of one row a file"));
}

TEST_F(Embeddings, TheLevelIsTheOneThatSaysMost) {
  EXPECT_EQ(level_with("trident_slide.h5", "trident_slide_row.h5"), FeatureLevel::embedding);
  EXPECT_EQ(level_with("stamp_2_2_slide.h5", "stamp_slide.h5"), FeatureLevel::slide);
  EXPECT_EQ(level_with("embedding.pt", "row.pt"), FeatureLevel::embedding);
  EXPECT_EQ(level_with("row.pt", "row.pt"), FeatureLevel::row);
  EXPECT_EQ(level_with("row.pt", "clam.pt"), FeatureLevel::tile);  // a slide with a single tile
}

TEST_F(Embeddings, BesideTilesAreRefused) {
  EXPECT_THAT(
      problems_with("trident.h5", "trident_slide.h5"),
      Contains(AllOf(HasSubstr("embeddings of slides or patients, the files do not say of which in 1 file (b.h5)"),
                     HasSubstr("beside features of tiles in 1 file (a.h5)"))));
  EXPECT_THAT(problems_with("stamp_slide.h5", "stamp_patient.h5"),
              Contains(AllOf(HasSubstr("embeddings of patients in 1 file (b.h5)"), HasSubstr("embeddings of slides"))));
}

TEST_F(Embeddings, BesideACohortOfTilesAreRefused) {
  put("stamp_slide.h5", "a.h5");
  put("stamp_slide.h5", "b.h5");
  CohortOnDisk tiles("T");
  tiles.clini("PATIENT,label\nX,p\n").slides("PATIENT,FILENAME\nX,x\n").file("x.h5", 2, 7, "titan");
  Problems problems;
  check_same_features(tiles.load(), c.load(), problems);
  EXPECT_THAT(problems.lines(),
              ElementsAre(AllOf(HasSubstr("feats: embeddings of slides, those of training cohort 'T'"),
                                HasSubstr("are features of tiles"))));
}

TEST_F(Embeddings, OfPatientsNeedNoSlideTable) {
  c.files().slides.clear();
  put("stamp_patient.h5", "A.h5");
  put("embedding.pt", "B.pt");
  const Cohort cohort = c.load();
  EXPECT_THAT(names_of(cohort), ElementsAre("A", "B"));
  EXPECT_EQ(cohort.level, FeatureLevel::patient);
  EXPECT_THAT(cohort.inferences, Contains(AllOf(HasSubstr("no slide table: the file of a patient is "),
                                                HasSubstr("feats/PATIENT.h5 or .pt"))));
}

TEST_F(Embeddings, PatientsWithoutAFileAreDroppedOnce) {
  c.files().slides.clear();
  put("stamp_patient.h5", "A.h5");
  EXPECT_THAT(drops_of(c.load().drops), ElementsAre("B/: no feature file of that name"));
  fs::rename(c.feats("A.h5"), c.feats("Z.h5"));
  EXPECT_THAT(c.problems(), ElementsAre(AllOf(HasSubstr("none of the 2 patients of "), HasSubstr("feats ('Z.h5')"))));
}

TEST_F(Embeddings, RepeatedRowsOfAPatientAreOneFile) {
  c.files().slides.clear();
  c.clini("PATIENT,label\nA,p\nA,p\n");
  put("stamp_patient.h5", "A.h5");
  const Cohort cohort = c.load();
  EXPECT_EQ(cohort.patients[0].tiles(), 1);
  EXPECT_THAT(cohort.drops, IsEmpty());
}

TEST(CohortLevel, NamesAreReadBack) {
  for (const auto level :
       {FeatureLevel::row, FeatureLevel::tile, FeatureLevel::embedding, FeatureLevel::slide, FeatureLevel::patient}) {
    EXPECT_EQ(level_of_name(level_name(level)), level);
  }
  EXPECT_THROW(level_of_name("cell"), std::invalid_argument);
}

}  // namespace
}  // namespace mtlgrid::testing
