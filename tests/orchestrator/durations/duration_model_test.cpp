#include "orchestrator/durations/duration_model.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "results/store/store.h"
#include "tests/orchestrator/durations/measured_grid.h"

namespace mtlgrid {
namespace {

using testing::Durations;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kGpu = "cuda:GPU-1234 NVIDIA H100 80GB HBM3";

TEST_F(Durations, BeforeAnythingIsDoneFollowTheOperations) {
  const DurationModel l = model();
  const auto of = [&](const char* method) { return l.expected({"MSI", "ITH", method, 0}); };
  EXPECT_EQ(of("baseline"), of("dwa"));
  EXPECT_GT(of("pcgrad"), of("dwa"));
  EXPECT_GT(of("autol"), of("pcgrad"));
  EXPECT_EQ(l.observed(), 0);
  EXPECT_EQ(l.device(), "");
  EXPECT_THAT(
      l.basis(),
      HasSubstr(
          "a guess: no cell in this store was measured on cpu yet; assumes 85 GFLOP/s per trainer and 3 to 24 epochs"));
  EXPECT_GT(l.error(), 0.7) << "nothing is known of the machine and of early stopping";
}

TEST_F(Durations, KnownFactorsAreFoundAgain) {
  const auto all = measured(truth(1, 0.02, 0.02));
  DurationModel l = model();
  l.learn(all);
  EXPECT_LT(off(l, all), 0.06) << "numbers of epochs are whole: 1 in 8 is a rounding of up to 6 %";
  EXPECT_EQ(l.observed(), 595);
  EXPECT_EQ(l.basis(), "from 595 cells measured in this store on cpu");
}

// What is said of the error is what is found on cells that were not learned from.
TEST_F(Durations, ErrorIsHonest) {
  for (const std::size_t known : {10U, 40U, 200U}) {
    double said = 0, found = 0;
    constexpr int kTruths = 20;
    for (std::uint32_t seed = 1; seed <= kTruths; ++seed) {
      const auto all = measured(truth(seed));
      DurationModel l = model();
      l.learn(some(all, known, seed));
      said += l.error() / kTruths;
      found += off(l, all) / kTruths;
    }
    EXPECT_GT(said, 0.75 * found) << known << " cells";
    EXPECT_LT(said, 1.8 * found) << known << " cells";
  }
}

TEST_F(Durations, ErrorShrinksWithWhatIsKnown) {
  const auto all = measured(truth(2));
  double before = model().error();
  for (const std::size_t known : {3U, 30U, 300U}) {
    DurationModel l = model();
    l.learn(some(all, known));
    EXPECT_LT(l.error(), before) << known << " cells";
    before = l.error();
  }
}

// A single cell says much of the device and little of its method.
TEST_F(Durations, FewCellsCountInPart) {
  DurationModel l = model();
  const Cell other{"HRD", "Prolif", "cagrad", 3};
  const double own_before = l.expected(cells().front()), other_before = l.expected(other);
  l.learn({one("cpu", 4 * epoch_seconds(*plan_, cells().front(), kOneCore), 9)});
  const double own = l.expected(cells().front()) / own_before, others = l.expected(other) / other_before;
  EXPECT_GT(own, others);
  EXPECT_GT(others, 1.05);
}

TEST_F(Durations, OrderChangesNoBit) {
  auto all = measured(truth(3));
  for (std::size_t i = 0; i < all.size(); i += 3) all[i].device = kGpu;
  DurationModel one = model(), other = model(), observing = model();
  one.learn(all);
  std::shuffle(all.begin(), all.end(), std::mt19937(7));
  other.learn(all);
  for (const Cell& cell : cells()) ASSERT_EQ(one.expected(cell), other.expected(cell)) << cell.name();
  EXPECT_EQ(one.error(), other.error());
  EXPECT_EQ(one.device(), other.device());
}

TEST_F(Durations, ResultsOfTheRunTeachWhatTheStoreTeachesLater) {
  const auto few = some(measured(truth(4)), 50);
  DurationModel from_store = model(), from_run = model();
  from_store.learn(few);
  for (const MeasuredCell& m : few) from_run.observe(result(m));
  for (const Cell& cell : cells()) {
    ASSERT_NEAR(from_run.expected(cell) / from_store.expected(cell), 1, 1e-6) << cell.name();
  }
}

TEST_F(Durations, DevicesAreApart) {
  DurationModel both = model("cpu"), cpu = model("cpu");
  both.learn({one("cpu", 2), one("cpu", 2), one(kGpu, 0.01), one(kGpu, 0.01), one(kGpu, 0.01)});
  cpu.learn({one("cpu", 2), one("cpu", 2)});
  EXPECT_EQ(both.device(), "cpu");
  EXPECT_EQ(both.observed_on_device(), 2);
  EXPECT_EQ(both.observed(), 5);
  EXPECT_NEAR(both.expected(cells()[7]) / cpu.expected(cells()[7]), 1, 0.1) << "only numbers of epochs are common";
  DurationModel gpu = model("cuda");
  gpu.learn({one("cpu", 2), one("cpu", 2), one(kGpu, 0.01)});
  EXPECT_EQ(gpu.device(), "NVIDIA H100 80GB HBM3");
  EXPECT_TRUE(gpu.on_gpu());
  EXPECT_LT(gpu.expected(cells()[7]), both.expected(cells()[7]) / 5);
}

TEST_F(Durations, TheDeviceOfThisRunComesBeforeThoseOfTheStore) {
  DurationModel l = model("auto");
  l.learn({one("cpu", 2), one("cpu", 2)});
  EXPECT_EQ(l.device(), "cpu");
  l.observe(result(one(kGpu, 0.01)));
  EXPECT_EQ(l.device(), "NVIDIA H100 80GB HBM3");
}

TEST_F(Durations, APackSharesItsTime) {
  DurationModel packed = model("cuda"), alone = model("cuda");
  packed.learn({one(kGpu, 1.7, 6, 17)});
  EXPECT_EQ(packed.device(), "NVIDIA H100 80GB HBM3, in packs");
  auto single = one(kGpu, 0.1);
  single.seconds = std::numeric_limits<double>::quiet_NaN();
  alone.learn({single});
  EXPECT_NEAR(packed.expected(cells()[0]) / alone.expected(cells()[0]), 1, 1e-6);
}

TEST_F(Durations, WhatWasTakenUpAgainTeachesNothingOfTheRest) {
  DurationModel whole = model(), pieces = model(), negative = model();
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

TEST_F(Durations, EpochsStayWithinWhatEarlyStoppingAllows) {
  const Cell cell = cells().front();
  for (const int epochs : {3, 24}) {
    DurationModel l = model();
    std::vector<MeasuredCell> many(40, one("cpu", 2, epochs));
    l.learn(many);
    const double n = (l.expected(cell) - 0.5) / 2;
    EXPECT_GT(n, 2.9);
    EXPECT_LT(n, 24.6);
    EXPECT_NEAR(n / epochs, 1, 0.15);
  }
}

TEST_F(Durations, WhatIsNoMeasurementTeachesNothing) {
  DurationModel l = model();
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

TEST_F(Durations, AreLearnedFromAllAttemptsOfTheStore) {
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
  DurationModel l = model();
  l.learn(store.measured());
  EXPECT_EQ(l.observed(), 2);
}

// The durations that are drawn are as far from each other as the error says.
TEST_F(Durations, DrawsAreSpreadAsTheErrorSays) {
  DurationModel l = model();
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

}  // namespace
}  // namespace mtlgrid
