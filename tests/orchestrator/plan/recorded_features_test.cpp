#include "orchestrator/plan/recorded_features.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "orchestrator/plan/plan.h"
#include "tests/orchestrator/plan/plan_of.h"
#include "tests/orchestrator/plan/small_grid.h"

namespace mtlgrid {
namespace {

using testing::plan_of;
using ::testing::SizeIs;

TEST(RecordedFeatures, AreReadBack) {
  Cohort cohort;
  cohort.level = FeatureLevel::slide;
  TileGeometry stamp, trident;
  stamp.um = 256;
  stamp.px = 224;
  stamp.unit = "um";
  stamp.tool = "STAMP";
  stamp.version = "2.4.0";
  trident.px = 256;
  trident.magnification = 20;
  trident.unread = "tile_size_um is -256";
  cohort.geometries = {{completed(stamp), "ctranspath", 40, {"a.h5"}}, {completed(trident), "", 2, {"b.h5", "c.h5"}}};
  nlohmann::json settings;
  record_features(cohort, settings);
  const RecordedFeatures recorded = recorded_features(nlohmann::json::parse(settings.dump()));
  EXPECT_EQ(recorded.level, FeatureLevel::slide);
  ASSERT_THAT(recorded.geometries, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    const GeometryGroup &was = cohort.geometries[i], &is = recorded.geometries[i];
    EXPECT_EQ(geometry_text(is.geometry), geometry_text(was.geometry));
    EXPECT_EQ(tool_text(is.geometry), tool_text(was.geometry));
    EXPECT_EQ(is.geometry.unit, was.geometry.unit);
    EXPECT_EQ(is.extractor, was.extractor);
    EXPECT_EQ(is.files, was.files);
    EXPECT_EQ(is.examples, was.examples);
  }
}

TEST(RecordedFeatures, OfEarlierVersionsSayNothing) {
  const RecordedFeatures recorded = recorded_features({{"extractor", "uni"}});
  EXPECT_EQ(recorded.level, FeatureLevel::tile);
  EXPECT_THAT(recorded.geometries, SizeIs(0));
}

// What files say of their tiles is kept with the grid, and does not decide which grid it is: the identity is the one
// that versions gave which did not read it.
TEST(RecordedFeatures, AreNotPartOfAGridsIdentity) {
  const testing::SmallGrid grid;
  constexpr std::uint16_t kOne = 0x3c00;  // the files that those versions read
  for (int i = 0; i < 20; ++i) grid.features(fmt::format("A/feats/A{:02}.h5", i), 2, 4, kOne);
  for (int i = 0; i < 6; ++i) grid.features(fmt::format("B/feats/B{:02}.h5", i), 2, 4, kOne);
  const Plan plan = plan_of(grid);
  const nlohmann::json& said = plan.grid.settings.at("cohorts").at("A");
  EXPECT_EQ(said.at("geometry").at(0).at("um"), 256);
  EXPECT_EQ(said.at("geometry").at(0).at("files"), 20);
  EXPECT_FALSE(said.contains("level")) << "features of tiles are what earlier versions had";
  EXPECT_EQ(plan.grid.identity, "2b97eeabd7d591fbc4eb2b083a9a9dcf");
}

}  // namespace
}  // namespace mtlgrid
