// The factory of extractors and its refusals; mean-colour.
#include "trainer/extractors/make_extractor.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> problems_of(const ExtractorSettings& settings) {
  try {
    make_extractor(settings);
  } catch (const InputError& e) {
    return e.problems();
  }
  return {};
}

TEST(Extractors, MeanColourIsTheMeanOfEachChannel) {
  const auto extractor = make_extractor({.extractor = "mean-colour"});
  EXPECT_EQ(extractor->name(), "mean-colour");
  EXPECT_EQ(extractor->width(), 3);
  EXPECT_EQ(extractor->side(), 0);
  const std::vector<std::uint8_t> tiles = {0, 10, 255, 1, 20, 255, 0, 30, 255, 0, 41, 255,  // tile 1, 2 x 2
                                           7, 7,  7,   7, 7,  7,   7, 7,  7,   7, 7,  8};
  std::vector<float> out(6);
  extractor->features(tiles.data(), 2, 2, out.data());
  EXPECT_THAT(out, ElementsAre(0.25F, 25.25F, 255.F, 7.F, 7.F, 7.25F));
  EXPECT_THROW(extractor->features(tiles.data(), 1, 0, out.data()), InputError);
}

TEST(Extractors, AllThatIsWrongInSettingsIsSaidAtOnce) {
  EXPECT_THAT(
      problems_of({.extractor = "mean-colour", .weights = "a.pth", .precision = "fp16", .device = "tpu", .batch = 0}),
      ElementsAre(HasSubstr("precision 'fp16'"), HasSubstr("device 'tpu'"), HasSubstr("batch 0"),
                  HasSubstr("weights a.pth: extractor mean-colour has none")));
}

TEST(Extractors, WithoutAGpuSaySo) {
  if (at::hasCUDA()) GTEST_SKIP() << "this machine has one";
  EXPECT_THAT(problems_of({.extractor = "mean-colour", .device = "cuda"}), ElementsAre(HasSubstr("finds no GPU")));
}

TEST(Extractors, ThatAreNotKnownAreRefused) {
  EXPECT_THAT(problems_of({.extractor = "uni"}), ElementsAre(HasSubstr("extractor 'uni' is not known")));
}

TEST(Extractors, ThatNeedWeightsSaySo) {
  EXPECT_THAT(problems_of({.extractor = "chief-ctranspath"}),
              ElementsAre(HasSubstr("weights: extractor chief-ctranspath needs the file")));
}

}  // namespace
}  // namespace mtlgrid
