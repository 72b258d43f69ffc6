#include "orchestrator/durations/duration_model.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "datasets/synth.h"
#include "orchestrator/durations/checkpoint_lead.h"
#include "orchestrator/durations/cost.h"
#include "orchestrator/durations/plan_times.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kGpu = "cuda:GPU-1234 NVIDIA H100 80GB HBM3";

// The synthetic grid with early stopping between 3 and 24 epochs, and results made of a known truth.
class Lengths : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new testing::Scratch;
    write_synthetic(scratch_->path() / "data", {});
    FingerprintMemory memory;
    plan_ = new Plan(make_plan(load_config(scratch_->path() / "data" / "grid.ini"), memory));
    plan_->config.train.epochs = 24;
    plan_->config.train.patience = 2;
    plan_->config.protocol.extra_patience = 0;
    plan_->config.model = {};  // the paper's: epochs take seconds
  }
  static void TearDownTestSuite() {
    delete plan_;
    delete scratch_;
  }
  static const std::vector<Cell>& cells() { return plan_->grid.cells; }
  static LearnedLengths lengths(const std::string& device = "auto") {
    Plan plan = *plan_;
    plan.config.run.device = device;
    return LearnedLengths(plan);
  }

  // What is true in these tests, of a device of 20 GFLOP/s: effects of methods, pairs and cells on the time of an
  // epoch, and of methods, folds and cells on the number of epochs.
  struct Truth {
    std::map<std::string, double> method, pair, epochs, fold;
    double noise = 0.05, epochs_noise = 0.2;
    std::uint32_t seed = 1;
  };
  static std::string fold_of(const Cell& cell) {
    return fmt::format("{}/{}/{}", cell.biomarker, cell.auxiliary, cell.fold);
  }
  static Truth truth(std::uint32_t seed, double noise = 0.05, double epochs_noise = 0.2, double fold_spread = 0.3) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    Truth t{{}, {}, {}, {}, noise, epochs_noise, seed};
    for (const Cell& cell : cells()) {
      if (t.method.count(cell.method) == 0) t.method[cell.method] = 0.1 * normal(random);
      if (t.pair.count(cell.auxiliary) == 0) t.pair[cell.auxiliary] = 0.2 * normal(random);
      if (t.epochs.count(cell.method) == 0) t.epochs[cell.method] = std::log(8) + 0.2 * normal(random);
      if (t.fold.count(fold_of(cell)) == 0) t.fold[fold_of(cell)] = fold_spread * normal(random);
    }
    return t;
  }
  // A cell as it comes out by it; one that is told from others by the grid's order.
  static std::vector<MeasuredCell> measured(const Truth& t) {
    std::mt19937 random(t.seed + 1000);
    std::normal_distribution<double> normal;
    std::vector<MeasuredCell> all;
    for (const Cell& cell : cells()) {
      MeasuredCell m;
      m.cell = cell;
      m.device = "cpu";
      const double epochs = t.epochs.at(cell.method) + t.fold.at(fold_of(cell)) + t.epochs_noise * normal(random);
      m.epochs = std::clamp(static_cast<int>(std::lround(std::exp(epochs))), 3, 24);
      const double epoch = epoch_seconds(*plan_, cell, {20e9, 25e9, 1e-3}) *
                           std::exp(t.method.at(cell.method) + t.pair.at(cell.auxiliary) + t.noise * normal(random));
      m.epoch_seconds = m.epochs * epoch;
      m.seconds = m.epoch_seconds + 0.5 * std::exp(0.1 * normal(random));
      all.push_back(m);
    }
    return all;
  }
  static std::vector<MeasuredCell> some(std::vector<MeasuredCell> all, std::size_t count, std::uint32_t seed = 1) {
    std::shuffle(all.begin(), all.end(), std::mt19937(seed));
    all.resize(count);
    return all;
  }
  // One cell that took `seconds` an epoch, `epochs` times.
  static MeasuredCell one(const std::string& device, double seconds, int epochs = 6, int pack = 1) {
    MeasuredCell m;
    m.cell = cells().front();
    m.device = device;
    m.pack = pack;
    m.epochs = epochs;
    m.epoch_seconds = seconds * epochs;
    m.seconds = m.epoch_seconds + 0.5;
    return m;
  }
  static CellResult result(const MeasuredCell& m) {
    CellResult r;
    r.cell = m.cell;
    r.attempt = 1;
    r.environment.device = m.device;
    r.environment.pack = m.pack;
    r.started = 1000;
    r.ended = 1000 + m.seconds;
    for (int epoch = 1; epoch <= m.epochs; ++epoch) {
      r.epochs.push_back({});
      r.epochs.back().epoch = epoch;
      r.epochs.back().seconds = m.epoch_seconds / m.epochs;
    }
    return r;
  }
  // Root of the mean square of log(real / expected) over the cells.
  static double off(const LearnedLengths& lengths, const std::vector<MeasuredCell>& real) {
    double sum = 0;
    for (const MeasuredCell& m : real) sum += std::pow(std::log(m.seconds / lengths.expected(m.cell)), 2);
    return std::sqrt(sum / static_cast<double>(real.size()));
  }

  static void expect_ranges_to_hold(bool of_one_fold);

  static testing::Scratch* scratch_;
  static Plan* plan_;
};
testing::Scratch* Lengths::scratch_ = nullptr;
Plan* Lengths::plan_ = nullptr;

TEST_F(Lengths, BeforeAnythingIsDoneFollowTheOperations) {
  const LearnedLengths l = lengths();
  const auto of = [&](const char* method) { return l.expected({"MSI", "ITH", method, 0}); };
  EXPECT_EQ(of("baseline"), of("dwa"));
  EXPECT_GT(of("pcgrad"), of("dwa"));
  EXPECT_GT(of("autol"), of("pcgrad"));
  EXPECT_EQ(l.observed(), 0);
  EXPECT_EQ(l.device(), "");
  EXPECT_THAT(l.basis(),
              HasSubstr("a guess: no cell in this store was measured on cpu yet, 85 GFLOP/s a worker and 3 to 24"));
  EXPECT_GT(l.error(), 0.7) << "nothing is known of the machine and of early stopping";
}

TEST_F(Lengths, KnownFactorsAreFoundAgain) {
  const auto all = measured(truth(1, 0.02, 0.02));
  LearnedLengths l = lengths();
  l.learn(all);
  EXPECT_LT(off(l, all), 0.06) << "numbers of epochs are whole: 1 in 8 is a rounding of up to 6 %";
  EXPECT_EQ(l.observed(), 595);
  EXPECT_EQ(l.basis(), "from 595 cells measured in this store on cpu");
}

// What is said of the error is what is found on cells that were not learned from.
TEST_F(Lengths, ErrorIsHonest) {
  for (const std::size_t known : {10U, 40U, 200U}) {
    double said = 0, found = 0;
    constexpr int kTruths = 20;
    for (std::uint32_t seed = 1; seed <= kTruths; ++seed) {
      const auto all = measured(truth(seed));
      LearnedLengths l = lengths();
      l.learn(some(all, known, seed));
      said += l.error() / kTruths;
      found += off(l, all) / kTruths;
    }
    EXPECT_GT(said, 0.75 * found) << known << " cells";
    EXPECT_LT(said, 1.8 * found) << known << " cells";
  }
}

TEST_F(Lengths, ErrorShrinksWithWhatIsKnown) {
  const auto all = measured(truth(2));
  double before = lengths().error();
  for (const std::size_t known : {3U, 30U, 300U}) {
    LearnedLengths l = lengths();
    l.learn(some(all, known));
    EXPECT_LT(l.error(), before) << known << " cells";
    before = l.error();
  }
}

// A single cell says much of the device and little of its method.
TEST_F(Lengths, FewCellsCountInPart) {
  LearnedLengths l = lengths();
  const Cell other{"HRD", "Prolif", "cagrad", 3};
  const double own_before = l.expected(cells().front()), other_before = l.expected(other);
  l.learn({one("cpu", 4 * epoch_seconds(*plan_, cells().front(), kOneCore), 9)});
  const double own = l.expected(cells().front()) / own_before, others = l.expected(other) / other_before;
  EXPECT_GT(own, others);
  EXPECT_GT(others, 1.05);
}

TEST_F(Lengths, OrderChangesNoBit) {
  auto all = measured(truth(3));
  for (std::size_t i = 0; i < all.size(); i += 3) all[i].device = kGpu;
  LearnedLengths one = lengths(), other = lengths(), observing = lengths();
  one.learn(all);
  std::shuffle(all.begin(), all.end(), std::mt19937(7));
  other.learn(all);
  for (const Cell& cell : cells()) ASSERT_EQ(one.expected(cell), other.expected(cell)) << cell.name();
  EXPECT_EQ(one.error(), other.error());
  EXPECT_EQ(one.device(), other.device());
}

TEST_F(Lengths, ResultsOfTheRunTeachWhatTheStoreTeachesLater) {
  const auto few = some(measured(truth(4)), 50);
  LearnedLengths from_store = lengths(), from_run = lengths();
  from_store.learn(few);
  for (const MeasuredCell& m : few) from_run.observe(result(m));
  for (const Cell& cell : cells()) {
    ASSERT_NEAR(from_run.expected(cell) / from_store.expected(cell), 1, 1e-6) << cell.name();
  }
}

TEST_F(Lengths, DevicesAreApart) {
  LearnedLengths both = lengths("cpu"), cpu = lengths("cpu");
  both.learn({one("cpu", 2), one("cpu", 2), one(kGpu, 0.01), one(kGpu, 0.01), one(kGpu, 0.01)});
  cpu.learn({one("cpu", 2), one("cpu", 2)});
  EXPECT_EQ(both.device(), "cpu");
  EXPECT_EQ(both.observed_on_device(), 2);
  EXPECT_EQ(both.observed(), 5);
  EXPECT_NEAR(both.expected(cells()[7]) / cpu.expected(cells()[7]), 1, 0.1) << "only numbers of epochs are common";
  LearnedLengths gpu = lengths("cuda");
  gpu.learn({one("cpu", 2), one("cpu", 2), one(kGpu, 0.01)});
  EXPECT_EQ(gpu.device(), "NVIDIA H100 80GB HBM3");
  EXPECT_TRUE(gpu.on_gpu());
  EXPECT_LT(gpu.expected(cells()[7]), both.expected(cells()[7]) / 5);
}

TEST_F(Lengths, TheDeviceOfThisRunComesBeforeThoseOfTheStore) {
  LearnedLengths l = lengths("auto");
  l.learn({one("cpu", 2), one("cpu", 2)});
  EXPECT_EQ(l.device(), "cpu");
  l.observe(result(one(kGpu, 0.01)));
  EXPECT_EQ(l.device(), "NVIDIA H100 80GB HBM3");
}

TEST_F(Lengths, APackSharesItsTime) {
  LearnedLengths packed = lengths("cuda"), alone = lengths("cuda");
  packed.learn({one(kGpu, 1.7, 6, 17)});
  EXPECT_EQ(packed.device(), "NVIDIA H100 80GB HBM3, in packs");
  auto single = one(kGpu, 0.1);
  single.seconds = std::numeric_limits<double>::quiet_NaN();
  alone.learn({single});
  EXPECT_NEAR(packed.expected(cells()[0]) / alone.expected(cells()[0]), 1, 1e-6);
}

TEST_F(Lengths, WhatWasTakenUpAgainTeachesNothingOfTheRest) {
  LearnedLengths whole = lengths(), pieces = lengths(), negative = lengths();
  auto m = one("cpu", 2);
  m.seconds = m.epoch_seconds + 4;
  whole.learn({m});
  m.seconds = std::numeric_limits<double>::quiet_NaN();
  pieces.learn({m});
  m.seconds = 5;  // as results of a run have it
  negative.learn({m});
  EXPECT_GT(whole.expected(cells()[0]), pieces.expected(cells()[0]) + 0.5);
  EXPECT_EQ(pieces.expected(cells()[0]), negative.expected(cells()[0]));
}

TEST_F(Lengths, EpochsStayWithinWhatEarlyStoppingAllows) {
  const Cell cell = cells().front();
  for (const int epochs : {3, 24}) {
    LearnedLengths l = lengths();
    std::vector<MeasuredCell> many(40, one("cpu", 2, epochs));
    l.learn(many);
    const double n = (l.expected(cell) - 0.5) / 2;
    EXPECT_GT(n, 2.9);
    EXPECT_LT(n, 24.6);
    EXPECT_NEAR(n / epochs, 1, 0.15);
  }
}

TEST_F(Lengths, WhatIsNoMeasurementTeachesNothing) {
  LearnedLengths l = lengths();
  auto none = one("cpu", 2);
  none.epochs = 0;
  auto foreign = one("cpu", 2);
  foreign.cell.auxiliary = "Unheard";
  auto beyond = one("cpu", 2);
  beyond.cell.fold = 99;
  CellResult empty;  // of an empty cell
  empty.cell = cells().front();
  l.learn({none, foreign, beyond});
  l.observe(empty);
  EXPECT_EQ(l.observed(), 0);
  EXPECT_THROW(l.expected(foreign.cell), Error);
  EXPECT_THROW(l.expected(beyond.cell), Error);
}

TEST_F(Lengths, AreLearnedFromAllAttemptsOfTheStore) {
  const testing::Scratch own;
  Store store = Store::open(own.path() / "grid.db", [](const std::string&) {}, 60);
  store.use_grid(plan_->grid);
  CellResult r = result(one("cpu", 2));
  for (int attempt = 1; attempt <= 2; ++attempt) {
    r.attempt = attempt;
    store.begin_attempt(r.cell, attempt, r.environment, r.started);
    store.commit_result(r);
  }
  const auto measured = store.measured();
  ASSERT_EQ(measured.size(), 2U);
  EXPECT_EQ(measured[1].cell, r.cell);
  EXPECT_EQ(measured[1].epochs, 6);
  EXPECT_DOUBLE_EQ(measured[1].epoch_seconds, 12);
  EXPECT_DOUBLE_EQ(measured[1].seconds, 12.5);
  LearnedLengths l = lengths();
  l.learn(store);
  EXPECT_EQ(l.observed(), 2);
}

// The lengths that are drawn are as far from each other as the error says.
TEST_F(Lengths, DrawsAreSpreadAsTheErrorSays) {
  LearnedLengths l = lengths();
  l.learn(some(measured(truth(5)), 30));
  const auto drawn = l.draws(cells(), 50);
  double squares = 0, count = 0;
  for (const auto& draw : drawn) {
    for (std::size_t i = 0; i < draw.size(); ++i, ++count) {
      squares += std::pow(std::log(draw[i] / l.expected(cells()[i])), 2);
    }
  }
  EXPECT_NEAR(std::sqrt(squares / count) / l.error(), 1, 0.25);
  EXPECT_EQ(drawn, l.draws(cells(), 50));
}

// Of grids that a truth was drawn for, 8 in 10 end within the range that was predicted from some cells; also where
// these are of one fold.
void Lengths::expect_ranges_to_hold(bool of_one_fold) {
  const std::vector<int> workers = {1, 16, 64};
  std::vector<int> within(workers.size());
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    const auto all = measured(truth(seed));
    auto known = all;
    if (of_one_fold) std::erase_if(known, [](const MeasuredCell& m) { return m.cell.fold != 0; });
    LearnedLengths l = lengths();
    l.learn(some(known, 40, seed));
    auto order = all;
    std::stable_sort(order.begin(), order.end(), [&](const MeasuredCell& a, const MeasuredCell& b) {
      return l.expected(a.cell) > l.expected(b.cell);
    });
    std::mt19937 random(seed + 2000);
    const double conditions = std::exp(0.12 * std::normal_distribution<double>()(random));  // another day
    std::vector<double> real;
    for (const MeasuredCell& m : order) real.push_back(conditions * m.seconds);
    const auto times = predict_times(l, cells(), workers);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      const double end = remaining_makespan({}, real, workers[i]);
      within[i] += end >= times[i].low && end <= times[i].high;
    }
  }
  for (std::size_t i = 0; i < workers.size(); ++i) {
    EXPECT_GE(within[i], 19) << workers[i] << " workers";
    EXPECT_LE(within[i], 29) << workers[i] << " workers";
  }
}

TEST_F(Lengths, RangesHoldWhatTheySay) { expect_ranges_to_hold(false); }
TEST_F(Lengths, RangesFromOneFoldHoldWhatTheySay) { expect_ranges_to_hold(true); }

TEST_F(Lengths, StopLeadIsAtLeastHalfAMinute) {
  Plan small = *plan_;
  small.config.run.device = "cpu";
  small.config.model.d_model = small.config.model.ff = 24;
  const LearnedLengths l(small);
  EXPECT_LT(stop_lead(small, l).seconds(), 30);
  EXPECT_EQ(stop_lead_seconds(small, l), 30);
}

TEST_F(Lengths, StopLeadHasTheLongestStepAndSaving) {
  Plan slow = *plan_;
  slow.config.run.device = "cpu";
  LearnedLengths l(slow);
  l.learn(std::vector<MeasuredCell>(50, one("cpu", 2000)));  // seconds an epoch
  const StopLead single = stop_lead(slow, l);
  EXPECT_GT(single.step, 2000.0 / 40) << "an epoch has fewer than 40 patients";
  EXPECT_EQ(single.saved, 1);
  slow.config.run.pack = 5;
  const StopLead pack = stop_lead(slow, l);
  EXPECT_NEAR(pack.step / single.step, 5, 1e-9) << "members take their steps in turn";
  EXPECT_NEAR(pack.save / single.save, 5, 1e-9);
  EXPECT_EQ(stop_lead_seconds(slow, l), pack.seconds());
}

// Each cell of the queue to the slot that is free first, looking at all of them each time.
double by_hand(std::vector<double> running, const std::vector<double>& queued, int slots) {
  running.resize(static_cast<std::size_t>(slots), 0);
  for (const double length : queued) *std::min_element(running.begin(), running.end()) += length;
  return *std::max_element(running.begin(), running.end());
}

TEST(RemainingMakespan, IsWhatListSchedulingGives) {
  std::mt19937 random(1);
  std::exponential_distribution<double> length;
  for (int round = 0; round < 300; ++round) {
    const int slots = 1 + static_cast<int>(random() % 12);
    std::vector<double> running(random() % static_cast<unsigned>(slots + 1)), queued(random() % 40);
    for (double& x : running) x = length(random);
    for (double& x : queued) x = length(random);
    EXPECT_DOUBLE_EQ(remaining_makespan(running, queued, slots), by_hand(running, queued, slots));
  }
}

TEST(RemainingMakespan, KnowsTheOrderOfTheQueue) {
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 1), 10);
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 2), 5);
  EXPECT_EQ(remaining_makespan({}, {1, 1, 1, 1, 4}, 2), 6) << "the longest last";
  EXPECT_EQ(remaining_makespan({}, {4, 3, 2, 1}, 64), 4);
  EXPECT_EQ(remaining_makespan({7, 1}, {2, 2}, 2), 7);
  EXPECT_EQ(remaining_makespan({7, 1}, {2, 2}, 3), 7);
  EXPECT_EQ(remaining_makespan({}, {}, 3), 0);
}

TEST(JobsNeeded, CountWhatAJobGivesUp) {
  EXPECT_EQ(jobs_needed(3 * 3600, 4 * 3600, 100), 1);
  EXPECT_EQ(jobs_needed(4 * 3600, 4 * 3600, 100), 2);
  EXPECT_EQ(jobs_needed(24 * 3600, 8 * 3600, 100), 4);
  EXPECT_EQ(jobs_needed(0, 3600, 100), 1);
  EXPECT_EQ(jobs_needed(60, 120, 100), 0) << "no time is left";
}

TEST(TimeText, IsRoundedUp) {
  EXPECT_EQ(time_text(0.2), "under 1 s");
  EXPECT_EQ(time_text(59.2), "1 min 00 s");
  EXPECT_EQ(time_text(3599.5), "1 h 00 min");
  EXPECT_EQ(time_text(27000), "7 h 30 min");
}

}  // namespace
}  // namespace mtlgrid
