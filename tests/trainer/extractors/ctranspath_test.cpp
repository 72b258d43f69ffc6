// CTransPath beside the same network of PyTorch (tests/oracle/ctranspath.py), its file, and what its features depend
// on.
#include "trainer/extractors/ctranspath.h"

#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/errors.h"
#include "tests/oracle/oracle.h"
#include "tests/trainer/contract/tiny_experiment.h"
#include "tests/trainer/extractors/rule_weights.h"
#include "trainer/extractors/make_extractor.h"
#include "trainer/extractors/swin_reference.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::size_t kWidth = ctranspath::kWidth, kPixels = 224 * 224 * 3;

std::vector<float> run(Extractor& extractor, const std::vector<std::uint8_t>& tiles) {
  const std::size_t n = tiles.size() / kPixels;
  std::vector<float> out(n * kWidth);
  extractor.features(tiles.data(), static_cast<int>(n), 224, out.data());
  return out;
}

class Ctranspath : public ::testing::Test {
 protected:
  // The largest difference from the oracle's features.
  double error_of(const std::vector<float>& found) const {
    const std::vector<double> expected = oracle_file("ctranspath.json").at("tile_features");
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const double difference = found[i] - expected[i];
      largest = std::max(largest, std::isfinite(difference) ? std::abs(difference) : 1e30);
    }
    return largest;
  }
  std::unique_ptr<Extractor> make(const std::string& precision = "fp32", int batch = 4) const {
    ExtractorSettings settings;
    settings.precision = precision;
    settings.batch = batch;
    return make_ctranspath(settings, weights, "");
  }
  static const ctranspath::Weights weights;
  const std::vector<std::uint8_t> tiles = testing::rule_tiles();
};
const ctranspath::Weights Ctranspath::weights = testing::rule_weights();

TEST_F(Ctranspath, InFloat64IsPyTorchs) {
  auto bytes = tiles;
  const swin::Reference network(weights, at::kDouble, at::kCPU);
  const at::Tensor found = network.run(at::from_blob(bytes.data(), {3, 224, 224, 3}, at::kByte)).contiguous();
  const std::vector<double> expected = oracle_file("ctranspath.json").at("tile_features");
  for (std::size_t i = 0; i < 3 * kWidth; ++i) {
    ASSERT_NEAR(found.const_data_ptr<double>()[i], expected[i], 1e-8) << i;
  }
}

TEST_F(Ctranspath, InOtherPrecisionsIsClose) {
  EXPECT_LT(error_of(run(*make("fp32"), tiles)), 1e-4);
  EXPECT_LT(error_of(run(*make("fp64"), tiles)), 1e-6);  // rounded to float32 at the end
  EXPECT_LT(error_of(run(*make("bf16"), tiles)), 0.2);
}

TEST_F(Ctranspath, ATilesBitsDependOnNothingButTheTile) {
  const auto extractor = make();
  const std::vector<float> whole = run(*extractor, tiles);
  for (std::size_t n = 1; n <= 5; ++n) {
    for (const std::size_t place : {n / 2, n - 1}) {
      std::vector<std::uint8_t> others(n * kPixels, static_cast<std::uint8_t>(40 * n));
      std::copy_n(tiles.begin(), kPixels, others.begin() + static_cast<std::ptrdiff_t>(place * kPixels));
      const std::vector<float> found = run(*extractor, others);
      EXPECT_EQ(std::memcmp(found.data() + place * kWidth, whole.data(), kWidth * sizeof(float)), 0) << n << place;
    }
  }
}

TEST_F(Ctranspath, BitsDoNotDependOnThreads) {
  const int threads = at::get_num_threads();
  std::vector<std::uint8_t> many;
  for (int i = 0; i < 3; ++i) many.insert(many.end(), tiles.begin(), tiles.end());
  at::set_num_threads(1);
  const std::vector<float> one = run(*make(), many);
  at::set_num_threads(3);
  EXPECT_EQ(run(*make(), many), one);
  at::set_num_threads(threads);
}

TEST_F(Ctranspath, TilesOfAnotherSizeAreRefused) {
  std::vector<float> out(kWidth);
  const auto extractor = make();
  EXPECT_EQ(extractor->side(), 224);
  EXPECT_EQ(extractor->width(), 768);
  try {
    extractor->features(tiles.data(), 1, 112, out.data());
    FAIL();
  } catch (const InputError& e) {
    EXPECT_STREQ(e.what(), "tile_px 112: ctranspath takes tiles of 224 pixels a side");
  }
}

class CtranspathFile : public ::testing::Test {
 protected:
  std::vector<std::string> problems() const {
    try {
      ctranspath::read_weights(file);
    } catch (const InputError& e) {
      return e.problems();
    }
    return {};
  }
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "ctranspath.pth";
  const ctranspath::Weights weights = testing::rule_weights();
};

TEST_F(CtranspathFile, AsPublishedAndBareIsRead) {
  testing::write_checkpoint(file, weights, {});
  ctranspath::Weights read = ctranspath::read_weights(file);
  for (std::size_t i = 0; i < read.values.size(); ++i) {
    ASSERT_EQ(read.values[i], weights.values[i]) << i;
  }
  testing::write_checkpoint(file, weights, {.wrapped = false, .buffers = false});
  EXPECT_EQ(ctranspath::read_weights(file).values, read.values);
}

TEST_F(CtranspathFile, OfAnotherNetworkIsRefusedWithEveryProblem) {
  testing::write_checkpoint(file, weights, {.extra = "head.bias", .left_out = "norm.bias"});
  const std::string where = file.string() + ": ";
  EXPECT_THAT(problems(), UnorderedElementsAre(where + "has no 'norm.bias'",
                                               where + "has 'head.bias', which the network does not"));
}

TEST_F(CtranspathFile, ThatIsMissingIsSaid) { EXPECT_THAT(problems(), ElementsAre(HasSubstr("cannot be opened"))); }

}  // namespace
}  // namespace mtlgrid
