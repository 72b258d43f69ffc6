// Networks that users bring: a small one of TorchScript beside PyTorch (tests/oracle/modules.py), and every way in
// which one is refused.
#include "trainer/extractors/module_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/errors.h"
#include "tests/oracle/oracle.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "trainer/extractors/make_extractor.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Modules : public ::testing::Test {
 protected:
  // A description of the fixture with `changed` keys.
  ExtractorSettings settings(const nlohmann::json& changed = {}) const {
    nlohmann::json d = {{"name", "small"}, {"model", MTLGRID_ORACLE "/module.pt"}};
    for (const char* key : {"input", "output", "mean", "standard_deviation"}) d[key] = oracle.at(key);
    if (!changed.is_null()) d.update(changed);
    std::ofstream(folder.path() / "small.json") << d;
    ExtractorSettings s;
    s.extractor = folder.path() / "small.json";
    s.batch = 2;
    return s;
  }
  std::vector<std::string> problems(const ExtractorSettings& s) const {
    try {
      make_extractor(s);
    } catch (const InputError& e) {
      return e.problems();
    }
    return {};
  }
  const nlohmann::json& oracle = oracle_file("module.json");
  const std::vector<std::uint8_t> tiles = oracle.at("tiles");
  const testing::TemporaryFolder folder;
};

TEST_F(Modules, OfTorchScriptGivePyTorchsFeatures) {
  const auto extractor = make_extractor(settings());
  EXPECT_EQ(extractor->name(), "small");
  EXPECT_EQ(extractor->side(), 16);
  ASSERT_EQ(extractor->width(), 5);
  EXPECT_THAT(extractor->libraries(), AllOf(HasSubstr("LibTorch 2"), HasSubstr("TorchScript")));
  std::vector<float> found(15);
  extractor->features(tiles.data(), 3, 16, found.data());
  const std::vector<double> expected = oracle.at("features");
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;

  std::vector<float> alone(5);  // the last tile was alone in a padded batch
  extractor->features(tiles.data() + 2 * 16 * 16 * 3, 1, 16, alone.data());
  EXPECT_EQ(std::memcmp(alone.data(), found.data() + 10, 5 * sizeof(float)), 0);
}

TEST_F(Modules, TilesOfAnotherSizeAreRefused) {
  std::vector<float> out(5);
  const auto extractor = make_extractor(settings());
  EXPECT_THROW(extractor->features(tiles.data(), 1, 15, out.data()), InputError);
}

TEST_F(Modules, OfAnotherWidthAreRefused) {
  EXPECT_THAT(
      problems(settings({{"output", 7}})),
      ElementsAre(HasSubstr("gives a tensor [2, 5] for 2 tiles, expected [2, 7] (the description's 'output')")));
}

TEST_F(Modules, ThatCannotBeLoadedAreRefusedWithTheirFile) {
  for (const char* name : {"broken.pt", "broken.pt2"}) {
    std::ofstream(folder.path() / name) << "no model";
    EXPECT_THAT(problems(settings({{"model", folder.path() / name}})),
                ElementsAre(AllOf(HasSubstr(std::string(name) + ": LibTorch "), HasSubstr("cannot load and run it"))));
  }
}

TEST_F(Modules, WithWeightsOfTheirOwnAreRefused) {
  ExtractorSettings s = settings();
  s.weights = "more.pth";
  EXPECT_THAT(problems(s), ElementsAre(HasSubstr("weights more.pth: the description")));
}

}  // namespace
}  // namespace mtlgrid
