#include "trainer/extraction/slide_extraction.h"

#include <gmock/gmock.h>

#include "base/errors.h"
#include "datasets/features/features.h"
#include "datasets/features/half.h"
#include "tests/trainer/extraction/fake_slides.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Numbers the tiles that it sees, and remembers how many came at the same time.
class CountingExtractor : public Extractor {
 public:
  std::string name() const override { return "counting"; }
  std::int64_t width() const override { return 1; }
  int side() const override { return 0; }
  std::string libraries() const override { return "test"; }
  void features(const std::uint8_t* tiles, int n, int side, float* out) override {
    const std::size_t bytes = 3 * static_cast<std::size_t>(side) * static_cast<std::size_t>(side);
    for (int i = 0; i < n; ++i) {
      std::size_t sum = 0;
      for (std::size_t k = 0; k < bytes; ++k) sum += tiles[static_cast<std::size_t>(i) * bytes + k];
      out[i] = static_cast<float>(sum) / static_cast<float>(bytes);
    }
    batches.push_back(n);
  }
  std::vector<int> batches;
};

struct SlideExtraction : ::testing::Test {
  SlideExtraction() {
    testing::use_fake_openslide();
    extraction.identity = "0123456789abcdef";
    extraction.settings.batch = 5;
    extraction.cohorts = {{"A", (scratch.path() / "feats").string(), {}}};
  }
  Extraction::Slide add(const std::string& name, const std::string& text) {
    const auto file = testing::write_fake_slide(scratch, "wsi/" + name + ".svs", text);
    extraction.cohorts[0].slides = {{name, file.string(), 0, 0, ""}};
    return {extraction.cohorts[0], extraction.cohorts[0].slides[0]};
  }
  std::optional<SlideRecord> extract(const Extraction::Slide& slide, int stop_after = 1 << 30) {
    int asked = 0;
    const ExtractionListener listener = {[&] { return ++asked > stop_after; },
                                         [&](int done, int of) {
                                           EXPECT_LE(done, of);
                                           reports.push_back(done);
                                         }};
    return extract_slide(slide, {extraction, extractor, decoders, FileCalls::real()}, listener);
  }
  std::string refused(const Extraction::Slide& slide) {
    try {
      extract(slide);
    } catch (const InputError& e) {
      return e.what();
    }
    return "";
  }
  std::string bytes_of(const std::string& name) { return scratch.listing().at("feats/" + name); }

  testing::Scratch scratch;
  Extraction extraction;
  CountingExtractor extractor;
  int decoders = 2;
  std::vector<int> reports;
};

TEST_F(SlideExtraction, WritesOneRowForEachTileThatIsKept) {
  const auto record = extract(add("a", "5000 3000 0.5 7"));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->tiles, record->kept + record->too_bright + record->too_plain);
  EXPECT_EQ(record->width, 5000);
  EXPECT_EQ(record->mpp, 0.5);
  const FeatureInfo info = inspect_features(record->feature_file);
  EXPECT_EQ(info.tiles, record->kept);
  EXPECT_EQ(info.coordinates, record->kept);
  EXPECT_EQ(info.extractor, "counting");
  EXPECT_EQ(info.extraction, extraction.identity);
  EXPECT_TRUE(std::filesystem::exists(scratch.path() / "feats/a.jpg"));
  EXPECT_EQ(reports.size(), static_cast<std::size_t>(reports.back())) << "one report a supertile";
}

TEST_F(SlideExtraction, FillsBatchesAcrossSupertiles) {
  const auto record = extract(add("a", "5000 3000 0.5 7"));
  for (std::size_t i = 0; i + 1 < extractor.batches.size(); ++i) EXPECT_EQ(extractor.batches[i], 5);
  EXPECT_EQ((record->kept + 4) / 5, static_cast<std::int64_t>(extractor.batches.size()));
}

TEST_F(SlideExtraction, GivesTheSameBytesForAnyBatchAndAnyNumberOfDecoders) {
  extract(add("a", "5000 3000 0.5 7"));
  const std::string first = bytes_of("a.h5"), picture = bytes_of("a.jpg");
  extraction.settings.batch = 64;
  decoders = 1;
  extract(add("a", "5000 3000 0.5 7"));
  EXPECT_EQ(bytes_of("a.h5"), first);
  EXPECT_EQ(bytes_of("a.jpg"), picture);
}

TEST_F(SlideExtraction, StopsWithoutAFile) {
  EXPECT_FALSE(extract(add("a", "5000 3000 0.5 7"), 3));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "feats"));
}

TEST_F(SlideExtraction, RemovesTheFileOfASlideThatHasNoTissueNow) {
  extract(add("a", "5000 3000 0.5 7"));
  extraction.settings.canny_cutoff = 0.99;
  const auto record = extract(add("a", "5000 3000 0.5 7"));
  EXPECT_EQ(record->kept, 0);
  EXPECT_EQ(record->feature_file, "");
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "feats/a.h5"));
}

TEST_F(SlideExtraction, TakesTheConfiguredMicronsOnlyWhereTheSlideIsSilent) {
  Extraction::Slide slide = add("a", "5000 3000 0 7");
  EXPECT_THAT(refused(slide), HasSubstr("default_mpp"));
  extraction.cohorts[0].slides[0].mpp = 0.4;
  extraction.cohorts[0].slides[0].mpp_source = kMppColumn;
  const auto record = extract(slide);
  EXPECT_EQ(record->mpp, 0.4);
  EXPECT_EQ(record->mpp_source, kMppColumn);
  EXPECT_EQ(inspect_features(record->feature_file).extraction, "0123456789abcdef at 0.4 um");
}

TEST_F(SlideExtraction, NamesWhatIsWrongWithASlide) {
  EXPECT_THAT(refused(add("a", "5000 3000 0.5 7 error 3")), HasSubstr("cannot be decoded"));
  EXPECT_THAT(refused(add("a", "5000")), Not(""));
  scratch.write("wsi/a.svs", "no slide at all");
  EXPECT_THAT(refused({extraction.cohorts[0], extraction.cohorts[0].slides[0]}), HasSubstr("a.svs"));
  EXPECT_FALSE(std::filesystem::exists(scratch.path() / "feats/a.h5"));
}

}  // namespace
}  // namespace mtlgrid
