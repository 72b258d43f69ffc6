#include "orchestrator/extraction/slide_plan.h"

#include <gmock/gmock.h>

#include "datasets/features/feature_disk.h"
#include "datasets/features/feature_reader.h"
#include "datasets/features/half.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct SlidePlans : ::testing::Test {
  SlidePlans() {
    for (const char* name : {"a.svs", "sub/b.TIFF", "c.ndpi", "notes.txt", ".hidden.svs"}) {
      scratch.write(std::string("wsi/") + name, "content");
    }
  }
  SlidePlan plan(const std::string& cohort = "", const std::string& extract = "extractor = mean-colour\n",
                 const std::vector<std::string>& cohorts = {}) {
    const auto file = scratch.write(
        "grid.ini", "[grid]\nstore = grid.db\n[cohort.A]\nslides_folder = wsi\n" + cohort + "[extract]\n" + extract);
    DirectReader reader(FeatureDisk::real());
    return make_slide_plan(load_config(file, ConfigUse::slides), cohorts, reader);
  }
  std::string refused(const std::string& cohort, const std::string& extract = "extractor = mean-colour\n",
                      const std::vector<std::string>& cohorts = {}) {
    try {
      plan(cohort, extract, cohorts);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }
  static std::vector<std::string> names(const SlidePlan& plan) {
    std::vector<std::string> all;
    for (const Cell& cell : plan.grid.cells) all.push_back(cell.name());
    return all;
  }
  testing::Scratch scratch;
};

TEST_F(SlidePlans, SlidesAreCellsByTheirPathsWithoutSuffix) {
  const SlidePlan made = plan();
  EXPECT_THAT(names(made), ElementsAre("A/a", "A/c", "A/sub/b"));
  const auto [cohort, slide] = made.experiment.extraction->slide_of(Cell::of_slide("A", "sub/b"));
  EXPECT_EQ(slide.file, (scratch.path() / "wsi/sub/b.TIFF").string());
  EXPECT_EQ(feature_file_of(cohort, slide), (scratch.path() / "features/A/sub/b.h5").string());
  EXPECT_EQ(made.experiment.extraction->slide_of(Cell::of_slide("A", "a")).slide.bytes, 7);
}

TEST_F(SlidePlans, IdentityHasWhatDecidesFeaturesAlone) {
  const std::string identity = plan().grid.identity;
  EXPECT_EQ(plan("default_mpp = 0.5\n", "extractor = mean-colour\nbatch = 7\n").grid.identity, identity);
  for (const char* line : {"tile_um = 255", "tile_px = 256", "canny_cutoff = none", "brightness_cutoff = 200"}) {
    EXPECT_NE(plan("", std::string("extractor = mean-colour\n") + line + "\n").grid.identity, identity) << line;
  }
  scratch.write("net.pt", "model");
  scratch.write("net.json", R"({"name": "net", "model": "net.pt", "input": 224, "mean": [0, 0, 0],
                               "standard_deviation": [1, 1, 1], "output": 8})");
  const std::string extract = "extractor = net.json\n";
  const std::string with_model = plan("", extract).grid.identity;
  scratch.write("net.pt", "another model");
  EXPECT_NE(plan("", extract).grid.identity, with_model);
  EXPECT_THAT(refused("", extract + "tile_px = 256\n"), HasSubstr("takes tiles of 224 pixels"));
}

TEST_F(SlidePlans, MicronsPerPixelComeFromTheColumnBeforeTheDefault) {
  scratch.write("slide.csv", "PATIENT,FILENAME,MPP\n1,a.h5,\"0.25\"\n2,b.svs,0.3\n3,c,\n");
  const SlidePlan made = plan("slides = slide.csv\nmpp_column = MPP\ndefault_mpp = 0.5\n");
  const auto& slides = made.experiment.extraction->cohorts[0].slides;
  EXPECT_EQ(slides[0].mpp, 0.25);
  EXPECT_EQ(slides[0].mpp_source, kMppColumn);
  EXPECT_EQ(slides[1].mpp, 0.5);
  EXPECT_EQ(slides[1].mpp_source, kDefaultMpp);
  EXPECT_EQ(slides[2].mpp, 0.3) << "sub/b by its file name alone";
}

TEST_F(SlidePlans, ProblemsComeTogether) {
  scratch.write("slide.csv", "PATIENT,FILENAME,MPP\n1,a,0\n2,c,x\n");
  const std::string text = refused("slides = slide.csv\nmpp_column = MPP\n", "extractor = ctranspath\n", {"A", "B"});
  EXPECT_THAT(text, AllOf(HasSubstr("line 2: column 'MPP': '0' is not a number of microns above 0"),
                          HasSubstr("line 3: column 'MPP': 'x'"), HasSubstr("needs the file of its weights"),
                          HasSubstr("no cohort 'B' with a slides_folder")));
  EXPECT_THAT(refused("", "extractor = ctrans\n"), HasSubstr("did you mean 'ctranspath'?"));
  EXPECT_THAT(refused("", "extractor = mean-colour\nbrightness_cutoff = dark\n"), HasSubstr("brightness_cutoff"));
  EXPECT_THAT(refused("mpp_column = MPP\nslides = nowhere.csv\n"), HasSubstr("nowhere.csv"));
}

TEST_F(SlidePlans, SlidesThatCannotBeUsedAreNamedAndTheOthersRemain) {
  scratch.write("wsi/a.tif", "of the same name");
  std::filesystem::create_symlink("nowhere", scratch.path() / "wsi/gone.svs");
  const SlidePlan made = plan();
  EXPECT_THAT(names(made), ElementsAre("A/c", "A/sub/b"));
  EXPECT_THAT(made.notes, AllOf(Contains(HasSubstr("a.tif")), Contains(HasSubstr("gone.svs"))));
}

TEST_F(SlidePlans, TwoCohortsThatWriteOneFileAreAProblem) {
  scratch.write("other/a.svs", "content");
  EXPECT_THAT(refused("features = f\n[cohort.B]\nslides_folder = other\nfeatures = f\n"),
              HasSubstr("the cohorts A and B would both write features of slides (a.h5); give each cohort a folder"));
}

TEST_F(SlidePlans, SlideBelowAFolderNamedAsAnOutputIsLeftOut) {
  scratch.write("wsi/a.h5/d.svs", "content");
  scratch.write("wsi/c.jpg/e.svs", "content");
  const SlidePlan made = plan();
  EXPECT_THAT(names(made), ElementsAre("A/a", "A/c", "A/sub/b"));
  EXPECT_THAT(made.notes, AllOf(Contains(HasSubstr("d.svs")), Contains(HasSubstr("e.svs"))));
}

TEST_F(SlidePlans, PlacesThatCannotBeWrittenAreProblems) {
  scratch.write("f", "a plain file");
  EXPECT_THAT(refused("features = f\n"), HasSubstr("is not a folder"));
}

TEST_F(SlidePlans, NoSlideAtAllIsAProblem) {
  std::filesystem::remove_all(scratch.path() / "wsi");
  EXPECT_THAT(refused(""), HasSubstr("wsi"));
  scratch.write("wsi/notes.txt", "");
  EXPECT_THAT(refused(""), HasSubstr("no slides for cohort A"));
}

}  // namespace
}  // namespace mtlgrid
