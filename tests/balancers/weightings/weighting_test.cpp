// Each loss weighting against its oracle, and what all of them promise.
#include "balancers/weightings/weighting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "tests/balancers/aggregations/gradients.h"

namespace mtlgrid {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

std::unique_ptr<LossWeighting> make(Weighting kind, bool released = false, int tasks = 2) {
  return make_weighting(kind, tasks, released ? Protocol::released_code() : Protocol::paper());
}

void expect_near(const Vector& found, const Vector& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) EXPECT_NEAR(found[k], expected[k], tolerance) << "task " << k;
}

TEST(EqualWeighting, IsOneForever) {
  auto w = make(Weighting::equal, false, 3);
  w->step_done(Vector{1, 2, 3}, 0.1);
  w->epoch_done();
  EXPECT_EQ(w->weights(), Vector(3, 1.0));
}

// --- DWA

void run_epoch(LossWeighting& w, const Rows& losses) {
  for (const Vector& step : losses) w.step_done(step, 1e-4);
  w.epoch_done();
}

TEST(Dwa, FollowsThePaperOverEpochs) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make(Weighting::dwa, false, 3);
  for (std::size_t t = 0; t < data.at("epoch_losses").size(); ++t) {
    expect_near(w->weights(), data.at("dwa")[t], 1e-12);
    run_epoch(*w, data.at("epoch_losses")[t]);
  }
}

TEST(Dwa, FollowsTheReleasedCodesShiftedHistory) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make(Weighting::dwa, true, 3);
  for (std::size_t t = 0; t < data.at("epoch_losses").size(); ++t) {
    expect_near(w->weights(), data.at("dwa_released")[t], 1e-12);
    run_epoch(*w, data.at("epoch_losses")[t]);
  }
}

TEST(Dwa, ShiftedHistoryStartsFromTheClassificationsMean) {
  auto w = make(Weighting::dwa, true);
  for (int epoch = 0; epoch < 2; ++epoch) {  // m_0 = 2, 3; m_1 = 3/2 + 10/2, 3/2 + 20/2
    const double shift = 10.0 * (epoch + 1);
    run_epoch(*w, {{2.0 + epoch, 7}, {4.0 - epoch, shift}});
  }
  const double r0 = 1, r1 = (1.5 + 10) / (1.5 + 5);
  const double e0 = std::exp(r0 / 2), e1 = std::exp(r1 / 2);
  expect_near(w->weights(), {2 * e0 / (e0 + e1), 2 * e1 / (e0 + e1)}, 1e-12);
}

TEST(Dwa, WeightsSumToTheNumberOfTasks) {
  auto w = make(Weighting::dwa, false, 4);
  run_epoch(*w, {{1, 2, 3, 4}});
  run_epoch(*w, {{4, 3, 2, 1}});
  const Vector values = w->weights();
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 4, 1e-12);
  EXPECT_GT(values[0], values[3]);  // its loss grew: it gets more
}

TEST(Dwa, LossesThatReachZeroGiveFiniteWeights) {
  auto w = make(Weighting::dwa, false, 3);
  run_epoch(*w, {{0, 0, 1}});
  run_epoch(*w, {{0, 1, 1}});
  EXPECT_EQ(w->weights(), (Vector{0, 3, 0}));  // only task 1 grew beyond all bounds
  run_epoch(*w, {{0, 1, 0}});
  const double one = std::exp(0.5);
  expect_near(w->weights(), {3 * one / (2 * one + 1), 3 * one / (2 * one + 1), 3 / (2 * one + 1)}, 1e-12);
}

TEST(Dwa, EpochWithoutAStepChangesNothing) {
  auto w = make(Weighting::dwa);
  run_epoch(*w, {{1, 2}});
  run_epoch(*w, {{2, 2}});
  const Vector before = w->weights();
  w->epoch_done();
  EXPECT_EQ(w->weights(), before);
}

// --- Uncertainty

TEST(Uncertainty, FollowsAutogradAndTheNetworksOptimiser) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make(Weighting::uncert);
  expect_near(w->weights(), Vector(2, std::exp(0.7) / 2), 1e-15);
  for (std::size_t t = 0; t < data.at("losses").size(); ++t) {
    w->step_done(data.at("losses")[t].get<Vector>(), data.at("rates")[t]);
    Vector expected;
    for (double s : data.at("s")[t].get<Vector>()) expected.push_back(1 / (2 * std::exp(s)));
    expect_near(w->weights(), expected, 1e-13);
  }
}

TEST(Uncertainty, StaysWhereTheReleasedCodeLeavesIt) {
  auto w = make(Weighting::uncert, true);
  for (int step = 0; step < 10; ++step) w->step_done(Vector{5, 0.1}, 0.1);
  expect_near(w->weights(), Vector(2, std::exp(0.7) / 2), 1e-15);
}

// l = L / (2 e^s) + s / 2 is least at e^s = L, where the weight is 1 / (2 L).
TEST(Uncertainty, SettlesAtTheVarianceOfAConstantLoss) {
  auto w = make(Weighting::uncert);
  for (int step = 0; step < 20000; ++step) w->step_done(Vector{0.25, 2}, 1e-3);
  expect_near(w->weights(), {2, 0.25}, 1e-3);
}

// --- Auto-Lambda

TEST(AutoLambda, FollowsAdamWithoutDecay) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make(Weighting::autol);
  EXPECT_EQ(w->weights(), Vector(2, 0.1));
  for (std::size_t t = 0; t < data.at("meta_gradients").size(); ++t) {
    w->meta_step(data.at("meta_gradients")[t].get<Vector>());
    expect_near(w->weights(), data.at("lambda")[t], 1e-15);
  }
}

TEST(AutoLambda, DecaysAsTheReleasedCodesOptimiser) {
  const nlohmann::json& data = oracle_file("weighting.json");
  auto w = make(Weighting::autol, true);
  for (std::size_t t = 0; t < data.at("meta_gradients").size(); ++t) {
    w->meta_step(data.at("meta_gradients")[t].get<Vector>());
    expect_near(w->weights(), data.at("lambda_released")[t], 1e-15);
  }
}

TEST(AutoLambda, HasNoSignConstraint) {
  auto w = make(Weighting::autol);
  for (int step = 0; step < 1500; ++step) w->meta_step(Vector{1, -1});
  EXPECT_LT(w->weights()[0], 0);
  EXPECT_GT(w->weights()[1], 0.2);
}

TEST(AutoLambda, NonFiniteMetaGradientNamesTheTaskAndChangesNothing) {
  auto w = make(Weighting::autol);
  const nlohmann::json before = w->save();
  try {
    w->meta_step(Vector{0, kNan});
    FAIL() << "no exception";
  } catch (const std::domain_error& e) {
    EXPECT_NE(std::string(e.what()).find("task 1"), std::string::npos) << e.what();
  }
  EXPECT_EQ(w->save(), before);
  EXPECT_THROW(w->meta_step(Vector{0}), std::invalid_argument);
}

// --- All

struct Claim {
  const char* name;
  Weighting kind;
  bool released;
};

void PrintTo(const Claim& claim, std::ostream* out) { *out << claim.name; }

class EveryWeighting : public testing::TestWithParam<Claim> {
 protected:
  std::unique_ptr<LossWeighting> fresh(int tasks = 2) const {
    return make(GetParam().kind, GetParam().released, tasks);
  }
  // 3 epochs of 4 steps with losses and meta gradients that depend on (step, task) alone; `first` is task 0's number.
  static void train(LossWeighting& w, int tasks, bool reversed = false, double scale = 1) {
    for (int step = 0; step < 12; ++step) {
      Vector losses, meta;
      for (int k = 0; k < tasks; ++k) {
        const int task = reversed ? tasks - 1 - k : k;
        losses.push_back(scale * (1 + std::sin(1.7 * step + task) * 0.9));
        meta.push_back(scale * std::cos(2.3 * step * (task + 1)));
      }
      if (w.needs_meta_step()) w.meta_step(meta);
      w.step_done(losses, 1e-2);
      if (step % 4 == 3) w.epoch_done();
    }
  }
};

TEST_P(EveryWeighting, IsFiniteForTinyAndHugeLosses) {
  for (double scale : {0.0, 1e-300, 1e-15, 1.0, 1e15}) {
    for (int tasks : {1, 2, 5}) {
      auto w = fresh(tasks);
      train(*w, tasks, false, scale);
      ASSERT_EQ(w->weights().size(), static_cast<std::size_t>(tasks));
      for (double x : w->weights()) EXPECT_TRUE(std::isfinite(x)) << scale;
    }
  }
}

TEST_P(EveryWeighting, GoesOnBitEqualFromASavedState) {
  for (bool binary : {false, true}) {
    auto whole = fresh();
    train(*whole, 2);
    whole->step_done(Vector{0.3, 0.7}, 1e-2);  // in the middle of an epoch
    const nlohmann::json state = whole->save();
    auto resumed = fresh();
    resumed->load(binary ? nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(state))
                         : nlohmann::json::parse(state.dump()));
    EXPECT_EQ(resumed->save(), state);
    for (LossWeighting* w : {whole.get(), resumed.get()}) {
      w->epoch_done();
      train(*w, 2);
    }
    EXPECT_EQ(resumed->weights(), whole->weights());
    EXPECT_EQ(resumed->save(), whole->save());
  }
}

TEST_P(EveryWeighting, RefusesTheStateOfAnotherMethodAndNoState) {
  auto w = fresh();
  const nlohmann::json before = w->save();
  const auto other = GetParam().kind == Weighting::dwa ? Weighting::uncert : Weighting::dwa;
  EXPECT_THROW(w->load(make(other)->save()), std::invalid_argument);
  EXPECT_THROW(w->load(nlohmann::json::object()), std::invalid_argument);
  EXPECT_THROW(w->load(nullptr), std::invalid_argument);
  EXPECT_EQ(w->save(), before);
}

TEST_P(EveryWeighting, OnlyAutoLambdaTakesMetaSteps) {
  auto w = fresh();
  EXPECT_EQ(w->needs_meta_step(), GetParam().kind == Weighting::autol);
  if (w->needs_meta_step()) {
    EXPECT_NO_THROW(w->meta_step(Vector{0, 0}));
  } else {
    EXPECT_THROW(w->meta_step(Vector{0, 0}), std::invalid_argument);
  }
}

TEST_P(EveryWeighting, NonFiniteLossNamesTheTask) {
  for (double bad : {kNan, std::numeric_limits<double>::infinity()}) {
    auto w = fresh();
    try {
      w->step_done(Vector{1, bad}, 1e-4);
      FAIL() << "no exception";
    } catch (const std::domain_error& e) {
      EXPECT_NE(std::string(e.what()).find("loss of task 1"), std::string::npos) << e.what();
    }
  }
}

TEST_P(EveryWeighting, WrongNumberOfLossesThrows) {
  EXPECT_THROW(fresh()->step_done(Vector{1}, 1e-4), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryWeighting,
                         testing::Values(Claim{"equal", Weighting::equal, false}, Claim{"dwa", Weighting::dwa, false},
                                         Claim{"dwa_released", Weighting::dwa, true},
                                         Claim{"uncert", Weighting::uncert, false},
                                         Claim{"uncert_released", Weighting::uncert, true},
                                         Claim{"autol", Weighting::autol, false},
                                         Claim{"autol_released", Weighting::autol, true}),
                         [](const auto& param) { return std::string(param.param.name); });

// Treats all tasks alike: not the released code's shifted history.
class SymmetricWeighting : public EveryWeighting {};

TEST_P(SymmetricWeighting, OrderOfTasksDoesNotMatter) {
  auto w = fresh(3), reversed = fresh(3);
  train(*w, 3);
  train(*reversed, 3, true);
  Vector expected = w->weights();
  std::reverse(expected.begin(), expected.end());
  expect_near(reversed->weights(), expected, 1e-14);
}

INSTANTIATE_TEST_SUITE_P(Methods, SymmetricWeighting,
                         testing::Values(Claim{"equal", Weighting::equal, false}, Claim{"dwa", Weighting::dwa, false},
                                         Claim{"uncert", Weighting::uncert, false},
                                         Claim{"autol", Weighting::autol, false}),
                         [](const auto& param) { return std::string(param.param.name); });

class StatefulWeighting : public EveryWeighting {};

TEST_P(StatefulWeighting, RefusesTheStateOfAnotherNumberOfTasks) {
  auto three = fresh(3);
  train(*three, 3);
  EXPECT_THROW(fresh()->load(three->save()), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Methods, StatefulWeighting,
                         testing::Values(Claim{"dwa", Weighting::dwa, false}, Claim{"uncert", Weighting::uncert, false},
                                         Claim{"autol", Weighting::autol, false}),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(MakeWeighting, NoTasksThrows) { EXPECT_THROW(make(Weighting::equal, false, 0), std::invalid_argument); }

}  // namespace
}  // namespace mtlgrid
