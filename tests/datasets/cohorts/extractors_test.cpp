// What feature files say of their extractor and tiles, and what is made of it.
#include <filesystem>

#include "datasets/cohorts/load_cohort.h"
#include "datasets/features/feature_summary.h"
#include "datasets/features/features.h"
#include "datasets/features/hdf5.h"
#include "tests/datasets/support.h"

namespace fs = std::filesystem;

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As TRIDENT writes it: the name at the dataset; "" names none.
void write_trident(const fs::path& file, const std::string& encoder, float value = 1) {
  const std::vector<float> values(2 * 3, value);
  fs::remove(file);
  const auto root = hdf5::create_file(file);
  hdf5::write_dataset(root, "features", {2, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values.data());
  const auto features = hdf5::find_dataset(root, "features");
  hdf5::write_attribute(*features, "name", std::string("slide"));
  if (!encoder.empty()) hdf5::write_attribute(*features, "encoder", encoder);
}

class Extractors : public ::testing::Test {
 protected:
  Extractors() {
    for (CohortOnDisk* c : {&a, &b}) {
      c->clini("PATIENT,label\nP,p\nQ,p\n").slides("PATIENT,FILENAME\nP,p\nQ,q\n").file("p.h5").file("q.h5");
    }
  }
  static void trident(const CohortOnDisk& c, const std::string& first, const std::string& second) {
    write_trident(c.feats("p.h5"), first);
    write_trident(c.feats("q.h5"), second);
  }
  // What is wrong with B beside A, and what is warned of.
  std::vector<std::string> compared() {
    const Cohort training = a.load(), external = b.load();
    Problems problems;
    check_same_features(training, external, problems);
    warnings = warn_of_other_features(training, external);
    return problems.lines();
  }
  CohortOnDisk a{"A"}, b{"B"};
  std::vector<std::string> warnings;
};

TEST_F(Extractors, OfTridentAreReadAtTheDataset) {
  trident(a, "gigapath", "gigapath");
  const FeatureInfo info = inspect_features(a.feats("p.h5"));
  EXPECT_EQ(info.extractor, "gigapath");
  EXPECT_TRUE(info.by_encoder);
  const Cohort cohort = a.load();
  EXPECT_EQ(cohort.extractor, "gigapath");
  EXPECT_THAT(cohort.inferences,
              Contains(HasSubstr("extractor gigapath (attribute 'encoder' of dataset 'features': all say so)")));
}

TEST_F(Extractors, ALineBreakInANameMakesNoLineOfItsOwn) {
  trident(a, "uni\n/data: disk full", "uni\n/data: disk full");
  trident(b, "gigapath", "gigapath");
  EXPECT_THAT(compared(), ElementsAre(HasSubstr("expected 'uni\\n/data: disk full'")));
}

TEST_F(Extractors, OfTheFileComeBeforeThoseOfTheDataset) {
  write_trident(a.feats("p.h5"), "gigapath");
  {
    const hdf5::Handle file(H5Fopen(a.feats("p.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    hdf5::write_attribute(file, "extractor", std::string("uni_v1"));
  }
  const FeatureInfo info = inspect_features(a.feats("p.h5"));
  EXPECT_EQ(extractor_of(info), "uni_v1");
  EXPECT_FALSE(info.by_encoder);
}

TEST_F(Extractors, OfOneCohortMustBeOne) {
  trident(a, "gigapath", "hoptimus1");
  EXPECT_THAT(a.problems(), ElementsAre(HasSubstr("extractor 'h-optimus-1' (q.h5); expected 'gigapath' as in p.h5")));
}

TEST_F(Extractors, OfTwoCohortsMustBeOne) {
  trident(a, "gigapath", "gigapath");
  trident(b, "hoptimus1", "hoptimus1");
  EXPECT_THAT(compared(), ElementsAre(HasSubstr("extractor 'h-optimus-1', expected 'gigapath' as in training cohort")));
}

TEST_F(Extractors, OfTridentAndStampAreOneByTheirWeights) {
  trident(a, "uni_v1", "uni_v1");
  b.file("p.h5", 2, 3, "mahmood-uni").file("q.h5", 2, 3, "uni");
  EXPECT_THAT(compared(), IsEmpty());
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(Extractors, ThatOnlyTridentNamesAreWarnings) {  // earlier versions did not read them
  trident(a, "gigapath", "");
  trident(b, "", "");
  EXPECT_EQ(a.load().extractor, "gigapath");
  EXPECT_THAT(a.load().warnings, ElementsAre(HasSubstr("not all files say which extractor")));
  EXPECT_THAT(compared(), IsEmpty());
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr(b.files().features.string() + ": no file says which extractor"),
                                          HasSubstr("those of cohort 'A' say 'gigapath'"))));
}

TEST_F(Extractors, ThatAreNotNamedBesideOthersAreToldSo) {
  trident(b, "", "");
  EXPECT_THAT(compared(), ElementsAre(AllOf(HasSubstr(b.files().features.string() + ": no file says which extractor"),
                                            HasSubstr("expected 'ctranspath' as in training cohort 'A'"),
                                            HasSubstr(".attrs['extractor'] = 'ctranspath'"))));
  std::swap(a.files(), b.files());
  EXPECT_THAT(compared(), ElementsAre(HasSubstr("expected 'ctranspath' as in external cohort")));
  write_trident(b.feats("p.h5"), "");
  EXPECT_THAT(b.problems(),
              ElementsAre(AllOf(HasSubstr("no attribute 'extractor' (p.h5); expected 'ctranspath' as in q.h5"),
                                HasSubstr(".attrs['extractor'] = 'ctranspath'"))));
}

TEST_F(Extractors, ThatAreNoTextsAreNotADamagedFile) {
  EXPECT_THAT(problems_of([] { inspect_features(fixture("numeric_extractor.h5")); }),
              ElementsAre(AllOf(HasSubstr("attribute 'extractor' is not a single text, expected a name"),
                                ::testing::Not(HasSubstr("truncated")))));
}

TEST_F(Extractors, WithoutAValueAreAbsent) {  // h5py.Empty
  write_trident(a.feats("p.h5"), "uni_v1");
  {
    const hdf5::Handle file(H5Fopen(a.feats("p.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    const hdf5::Handle space(H5Screate(H5S_NULL), H5Sclose);
    const hdf5::Handle none(H5Acreate2(file.get(), "extractor", H5T_C_S1, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                            H5Aclose);
  }
  EXPECT_EQ(extractor_of(inspect_features(a.feats("p.h5"))), "uni");
}

void set_tile_size(const fs::path& file, double um) {
  const hdf5::Handle root(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  H5Adelete(root.get(), "tile_size_um");
  hdf5::write_attribute(root, "tile_size_um", um);
}

TEST_F(Extractors, TilesThatWereCutOtherwiseAreRefused) {
  EXPECT_EQ(geometry_text(inspect_features(a.feats("p.h5")).geometry), "256 um in 224 px (1.143 um/px)");
  EXPECT_THAT(compared(), IsEmpty());
  for (const char* name : {"p.h5", "q.h5"}) set_tile_size(b.feats(name), 112);
  EXPECT_THAT(compared(), ElementsAre(AllOf(HasSubstr("tiles of 112 um in 224 px (0.5 um/px) in 2 files (p.h5, q.h5)"),
                                            HasSubstr("beside 256 um in 224 px (1.143 um/px) in 2 files"),
                                            HasSubstr("(the latter in training cohort 'A')"))));
  set_tile_size(b.feats("q.h5"), 256);
  EXPECT_THAT(b.problems(), ElementsAre(AllOf(HasSubstr("1 file (p.h5)"), HasSubstr("1 file (q.h5)"),
                                              HasSubstr("112 um"), HasSubstr("256 um"))));
}

}  // namespace
}  // namespace mtlgrid::testing
