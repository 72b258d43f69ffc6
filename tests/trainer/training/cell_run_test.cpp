// Whole cells: every method under both protocols, stopped and resumed, and what makes them fail.
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>

#include <set>

#include "base/errors.h"
#include "tests/trainer/training/cell_run_fixture.h"
#include "trainer/formats/weights.h"
#include "trainer/training/prediction.h"

namespace mtlgrid {
namespace {

using testing::bits;
using testing::CellRunTest;
using testing::FakeControl;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct MethodCase {
  std::string method, protocol;
};

class EveryMethod : public CellRunTest, public ::testing::WithParamInterface<MethodCase> {};

TEST_P(EveryMethod, GivesFiniteResultsThatAreTheSameAgainAndAfterStops) {
  experiment.protocol = GetParam().protocol == "paper" ? Protocol::paper() : Protocol::released_code();
  const CellResult result = run_whole(GetParam().method);
  const bool joint = method(GetParam().method).joint;
  ASSERT_EQ(result.predictions.size(), 10u);
  for (const Prediction& p : result.predictions) {
    EXPECT_TRUE(p.score > 0 && p.score < 1) << p.patient;
    EXPECT_NEAR(p.score, 1 / (1 + std::exp(-p.log_odds)), 1e-15);
    EXPECT_EQ(std::isfinite(p.prediction), joint);
  }
  ASSERT_EQ(result.epochs.size(), 3u);
  EXPECT_EQ(std::isfinite(result.epochs[0].train_regression), joint);
  EXPECT_EQ(std::isfinite(result.epochs[0].weight_regression), joint);
  EXPECT_TRUE(std::isfinite(result.epochs[2].valid_classification));
  EXPECT_EQ(bits(run_whole(GetParam().method, "again")), bits(result));
  EXPECT_EQ(bits(run_in_two(GetParam().method, 3)), bits(result));   // within the first epoch
  EXPECT_EQ(bits(run_in_two(GetParam().method, 19)), bits(result));  // within the third: moments and history matter
}

std::vector<MethodCase> all_methods() {
  std::vector<MethodCase> cases;
  for (const Method& m : methods()) {
    for (const char* protocol : {"paper", "released"}) cases.push_back({m.name, protocol});
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, ::testing::ValuesIn(all_methods()), [](const auto& one) {
  std::string name = one.param.method + "_" + one.param.protocol;
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
});

TEST_F(CellRunTest, StoppedAtAnyStepGoesOnBitEqual) {
  for (const std::string name : {"baseline", "autol+cagrad"}) {
    FakeControl control;
    const CellResult whole = run(train(name, "whole"), control).value();
    for (int stop_at = 0; stop_at < control.asked(); ++stop_at) {
      ASSERT_EQ(bits(run_in_two(name, stop_at)), bits(whole)) << name << " stopped at question " << stop_at;
    }
    std::filesystem::remove_all(folder.path() / "whole");
  }
}

TEST_F(CellRunTest, KilledProcessGoesOnFromTheLastEpoch) {
  // A process that dies leaves its last epoch's checkpoint: as if the stop's own checkpoint had not been written.
  const CellResult whole = run_whole("naive");
  FakeControl stop(20), on;  // 14 steps and the validation of two epochs, 3 patients each
  const Train first = train("naive", "first");
  EXPECT_FALSE(run(first, stop).has_value());
  std::set<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(first.directory)) found.insert(entry.path().filename());
  EXPECT_EQ(found, std::set<std::filesystem::path>{"checkpoint-0000000014"});  // the newest alone is kept
  EXPECT_EQ(bits(run(train("naive", "second", {first.directory}), on).value()), bits(whole));
  EXPECT_EQ(on.epochs_of.at("naive"),
            (std::vector<int>{3, 3}));  // reports where it resumes, then the epoch it finished
}

TEST_F(CellRunTest, DamagedCheckpointIsPassedOverForAnOlderOne) {
  const CellResult whole = run_whole("naive");
  FakeControl early(4), late(9), on;
  const Train first = train("naive", "first"), second = train("naive", "second", {first.directory});
  EXPECT_FALSE(run(first, early).has_value());
  EXPECT_FALSE(run(second, late).has_value());
  const auto newest = std::filesystem::directory_iterator(second.directory)->path();
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) - 1);
  ::testing::internal::CaptureStderr();
  const CellResult third = run(train("naive", "third", {second.directory, first.directory}), on).value();
  EXPECT_EQ(bits(third), bits(whole));
  EXPECT_GE(third.resumed, 1) << "it says that it did not train everything itself";
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(whole.resumed, 0);
  EXPECT_THAT(log, HasSubstr("checkpoint skipped"));
  EXPECT_THAT(log, HasSubstr("going on from"));
}

TEST_F(CellRunTest, CheckpointOfOtherSettingsIsNotGoneOnFrom) {
  FakeControl stop(4), on;
  const Train first = train("naive", "first");
  EXPECT_FALSE(run(first, stop).has_value());
  experiment.train.lr = 2e-3;
  const CellResult resumed = run(train("naive", "second", {first.directory}), on).value();
  EXPECT_EQ(bits(resumed), bits(run_whole("naive")));
}

TEST_F(CellRunTest, NonFiniteLossNamesEpochStepTaskAndPatient) {
  experiment.train.lr = 1e30;
  EXPECT_THAT([&] { run_whole("naive"); },
              ThrowsMessage<Error>(::testing::AllOf(HasSubstr("epoch 1, step 2, patient INNER-"), HasSubstr("loss"))));
}

TEST_F(CellRunTest, PatienceEndsTrainingAndTheBestEpochCounts) {
  experiment.train.epochs = 30;
  experiment.train.patience = 2;
  experiment.train.lr = 1e-2;
  const CellResult r = run_whole("naive");
  ASSERT_LT(r.epochs.size(), 30u);
  EXPECT_EQ(static_cast<int>(r.epochs.size()), r.best_epoch + 2);
  for (const EpochRow& row : r.epochs) {
    EXPECT_GE(row.valid_classification, r.epochs[static_cast<std::size_t>(r.best_epoch - 1)].valid_classification);
  }
}

TEST_F(CellRunTest, KeptWeightsGiveTheResultsPredictions) {
  const CellResult r = run_whole("naive");
  const Weights w = read_weights_file(folder.path() / "whole" / kWeightsFile);
  EXPECT_EQ(w.epoch, r.best_epoch);
  EXPECT_EQ(w.cell, r.cell);
  const ParameterLayout layout = make_layout(w.model, w.width, "a", "b");
  at::Tensor flat = at::empty({1, layout.total}, at::kFloat);
  std::copy(w.values.begin(), w.values.end(), flat.data_ptr<float>());
  const TrainedNetwork network = {w.model, make_views(layout, w.model, flat), true, {w.minimum, w.range}};
  const std::vector<CellPatient> patients = cell_data(experiment, r.cell).evaluation[0].patients;
  ASSERT_EQ(patients.size(), 4u);
  for (std::size_t i = 0; i < patients.size(); ++i) {
    const PatientPrediction p =
        predict(network, bag_tensor(bags.bag(patients[i]), flat), "test", r.predictions[i].patient);
    EXPECT_EQ(p.prediction.log_odds, r.predictions[i].log_odds);
    EXPECT_EQ(p.prediction.prediction, r.predictions[i].prediction);
    EXPECT_EQ(p.embedding.values, r.embeddings[i].values);
  }
}

TEST_F(CellRunTest, KeepingNoWeightsWritesNone) {
  experiment.run.keep_weights = "none";
  run_whole("naive");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "whole" / kWeightsFile));
}

TEST_F(CellRunTest, MetricsCoverTestAndExternalCohortsAndMissingTargets) {
  const CellResult r = run_whole("naive");
  std::set<std::string> external;
  for (const MetricRow& m : r.metrics) {
    if (m.cohort == "OUTER") external.insert(m.metric);
    if (m.metric == "mae") {
      EXPECT_EQ(m.n, m.cohort == "OUTER" ? 5 : 4);  // one of six has no target
    }
  }
  EXPECT_EQ(external,
            (std::set<std::string>{"auroc", "auprc", "ce", "f1", "pearson_r", "pearson_p", "mae", "r2", "silhouette"}));
}

TEST_F(CellRunTest, MethodsOfAGroupShareInitialWeightsAndBagOrder) {
  experiment.train.epochs = 1;
  experiment.train.lr = 0;  // weights stay as they start, so the mean training loss tells weights and masks
  const double baseline = run_whole("baseline", "a").epochs[0].valid_classification;
  const double naive = run_whole("naive", "b").epochs[0].train_classification;
  const double cagrad = run_whole("uncert+cagrad", "c").epochs[0].train_classification;
  EXPECT_EQ(naive, cagrad);
  EXPECT_TRUE(std::isfinite(baseline));
}

TEST_F(CellRunTest, BaselineLeavesRegressionTokenAndHeadAsTheyStarted) {
  run_whole("baseline");
  const Weights w = read_weights_file(folder.path() / "whole" / kWeightsFile);
  const ParameterLayout layout = make_layout(w.model, w.width, w.label_column, w.auxiliary_column);
  std::vector<float> start(w.values.size());
  initialise(layout, GroupStreams(experiment.seed, w.cell).weights, start);
  const auto tail = static_cast<std::ptrdiff_t>(layout.classification);
  EXPECT_TRUE(std::equal(start.begin() + tail, start.end(), w.values.begin() + tail));
  EXPECT_FALSE(std::equal(start.begin(), start.begin() + tail, w.values.begin()));
}

TEST_F(CellRunTest, UnreadableBagFailsTheCellByName) {
  std::filesystem::remove(experiment.cohorts[0].patients[3].files[0].path);
  EXPECT_THAT([&] { run_whole("naive"); }, ThrowsMessage<Error>(HasSubstr("INNER-3.h5")));
}

TEST_F(CellRunTest, ThreadsChangeNothingInTheLoopsOverParameters) {
  const CellResult one = run_whole("autol+cagrad", "one");
  experiment.run.threads = 2;  // torch itself stays at one thread here
  const CellResult two = run_whole("autol+cagrad", "two");
  EXPECT_EQ(bits(one), bits(two));
}

// The folder holds the bag file and its lock while the bags are shared, and nothing afterwards.
TEST_F(CellRunTest, BagsSharedOnTheNodeGiveTheSameBits) {
  const CellResult read = run_whole("naive", "read");
  experiment.run.bag_cache_folder = folder.path() / "node";
  std::filesystem::create_directories(experiment.run.bag_cache_folder);
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(experiment.run.bag_cache_folder), {});
  };
  {
    BagCache shared(experiment);
    shared.share();
    EXPECT_EQ(files(), 2);
    std::filesystem::remove_all(folder.path() / "INNER");  // the feature files are not looked at any more
    FakeControl control;
    const std::vector<Train> pack = {train("naive", "shared")};
    DeviceBags on_cpu(shared, at::kCPU, 0);
    PackRun(experiment, pack, on_cpu, {}, {}).run(control);
    EXPECT_EQ(bits(control.results.at("naive")), bits(read));
  }
  EXPECT_EQ(files(), 0);
}

TEST_F(CellRunTest, BagsThatStayOnTheDeviceGiveTheSameBits) {
  DeviceBags resident(bags, at::kCPU, 1 << 20);
  FakeControl control;
  const std::vector<Train> pack = {train("naive", "resident")};
  PackRun(experiment, pack, resident, {}, {}).run(control);
  EXPECT_EQ(resident.resident(), 19u);
  EXPECT_EQ(bits(control.results.at("naive")), bits(run_whole("naive")));
}

TEST_F(CellRunTest, BagCacheOffWritesNothing) {
  experiment.run.bag_cache = "off";
  experiment.run.bag_cache_folder = folder.path() / "node";
  std::filesystem::create_directories(experiment.run.bag_cache_folder);
  bags.share();
  EXPECT_TRUE(std::filesystem::is_empty(experiment.run.bag_cache_folder));
}

}  // namespace
}  // namespace mtlgrid
