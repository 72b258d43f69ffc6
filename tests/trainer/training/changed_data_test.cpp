// Data that change under a trainer: nothing of theirs reaches a result, and no cell is blamed.
#include <gmock/gmock.h>

#include <fstream>

#include "base/errors.h"
#include "datasets/bags/patient_bag.h"
#include "tests/trainer/training/cell_run_fixture.h"
#include "tests/trainer/training/fake_broadcaster.h"
#include "trainer/formats/weights.h"
#include "trainer/training/staging.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using testing::bits;
using testing::CellRunTest;
using testing::FakeControl;
using ::testing::HasSubstr;

class ChangedData : public CellRunTest {
 protected:
  fs::path features(std::size_t patient) const { return experiment.cohorts[0].patients[patient].files[0].path; }
  // The features of patient `from` in the file of `to`, with that one's time.
  void replace(std::size_t to, std::size_t from) const {
    const auto time = fs::last_write_time(features(to));
    fs::copy_file(features(from), features(to), fs::copy_options::overwrite_existing);
    fs::last_write_time(features(to), time);
  }
  fs::path bag_file() const {
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (entry.path().filename().string().starts_with("mtlgrid-bags-") && entry.path().extension() != ".lock") {
        return entry.path();
      }
    }
    return {};
  }
  void run_with(BagCache& cache, const Train& t, FakeControl& control) const {
    DeviceBags on_cpu(cache, at::kCPU, 0);
    PackRun(experiment, {t}, on_cpu, {}, {}).run(control);
  }
};

TEST_F(ChangedData, FeaturesThatWereReplacedAreNeitherTrainedOnNorTheCellsFault) {
  replace(3, 4);
  FakeControl control;
  EXPECT_THROW(run(train("naive", "a"), control), FeaturesChanged);
  EXPECT_TRUE(control.errors.empty());
  EXPECT_TRUE(control.results.empty());
}

TEST_F(ChangedData, FeaturesOfTheTestFoldAndOfExternalCohortsAreComparedToo) {
  for (const std::string& file : {features(4).string(), experiment.cohorts[1].patients[0].files[0].path}) {
    const std::string original = folder.path() / "original.h5";
    fs::rename(file, original);
    fs::copy_file(features(5), file);
    FakeControl control;
    EXPECT_THROW(run(train("naive", "a"), control), FeaturesChanged) << file;
    fs::rename(original, file);
    bags.forget();
  }
}

TEST_F(ChangedData, ABagFileThatIsBuiltOfThemLeavesThemOut) {
  replace(3, 4);
  BagCache cache(experiment);
  cache.share();
  EXPECT_TRUE(fs::exists(bag_file()));
  EXPECT_NO_THROW(cache.bag({0, 4, 0, 0}));
  EXPECT_THROW(cache.bag({0, 3, 0, 0}), FeaturesChanged);
}

TEST_F(ChangedData, BytesOfTheBagFileThatChangeWhileItIsUsedReachNoResult) {
  const CellResult whole = run_whole("naive");
  BagCache cache(experiment);
  cache.share();
  cache.bag({0, 3, 0, 0});
  {
    std::fstream out(bag_file(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(bag_file()));
    out.seekp(1024);
    out << std::string(static_cast<std::size_t>(size - 1024), '\0');
  }
  FakeControl control;
  run_with(cache, train("naive", "zeros"), control);
  EXPECT_EQ(bits(control.results.at("naive")), bits(whole));
  fs::resize_file(bag_file(), 100);
  BagCache other(experiment);
  other.share();
  run_with(other, train("naive", "cut"), control);
  EXPECT_EQ(bits(control.results.at("naive")), bits(whole));
}

TEST_F(ChangedData, StagingLeavesThemOutAndTheCellGetsTheReason) {
  replace(3, 4);
  testing::Board board;
  DeviceBags on_cpu(bags, at::kCPU, 1 << 20);
  const auto join = [&] { return std::make_unique<testing::FakeBroadcaster>(board, 0, 1, -1); };
  const StagingResult result = stage_bags(experiment, bags, on_cpu, {0}, join, Patience(1e9, [] { return false; }));
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(on_cpu.resident(), 18u);
  EXPECT_THROW(on_cpu.bag({0, 3, 0, 0}, at::empty({0})), FeaturesChanged);
}

TEST_F(ChangedData, ACheckpointOfOtherDataIsPassedOver) {
  const Train first = train("naive", "first"), second = train("naive", "second", {first.directory});
  FakeControl stop(8), on;
  EXPECT_FALSE(run(first, stop).has_value());
  replace(3, 4);
  KnownFeatures& known = experiment.cohorts[0].patients[3].files[0];
  known = experiment.cohorts[0].patients[4].files[0];
  known.path = (folder.path() / "INNER/INNER-3.h5").string();
  bags.forget();
  const CellResult result = run(second, on).value();
  EXPECT_EQ(result.resumed, 0);
  EXPECT_EQ(bits(result), bits(run_whole("naive")));
}

TEST_F(ChangedData, FeaturesAndGridButNotTheirPlaceArePartOfACellsIdentity) {
  const Cell cell{"MSI", "LF", "naive", 0};
  Experiment moved = experiment, features = experiment, grid = experiment;
  moved.cohorts[0].patients[0].files[0].path = "/elsewhere.h5";
  features.cohorts[1].patients[0].files[0].hash = "other";
  grid.grid = "other";
  EXPECT_EQ(cell_identity(experiment, cell), cell_identity(moved, cell));
  EXPECT_NE(cell_identity(experiment, cell), cell_identity(features, cell));
  EXPECT_NE(cell_identity(experiment, cell), cell_identity(grid, cell));
}

TEST_F(ChangedData, KeptWeightsSayWhoseTheyAre) {
  run_whole("naive");
  const fs::path file = folder.path() / "whole" / kWeightsFile;
  Weights weights = read_weights_file(file);
  EXPECT_EQ(weights.grid, experiment.grid);
  EXPECT_NO_THROW(require_weights_of(weights, file, {"MSI", "LF", "naive", 0}, experiment.grid));
  EXPECT_THROW(require_weights_of(weights, file, {"MSI", "LF", "naive", 1}, experiment.grid), InputError);
  EXPECT_THROW(require_weights_of(weights, file, {"MSI", "LF", "naive", 0}, "other"), InputError);
  weights.grid.clear();  // as an earlier version wrote them
  EXPECT_NO_THROW(require_weights_of(weights, file, {"MSI", "LF", "naive", 0}, "other"));
}

}  // namespace
}  // namespace mtlgrid
