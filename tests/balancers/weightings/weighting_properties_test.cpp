// What every loss weighting promises, run over all of the registry and both protocols.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/balancers/weightings/weightings.h"

namespace mtlgrid {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

struct Claim {
  WeightingRow row;
  bool released;
};

void PrintTo(const Claim& claim, std::ostream* out) { *out << claim.row.name; }

// Every row of the registry, under the paper's protocol and, if wanted, under the released code's.
std::vector<Claim> claims(bool released) {
  std::vector<Claim> all;
  for (const WeightingRow& row : weightings()) {
    all.push_back({row, false});
    if (released && row.name != "equal") all.push_back({row, true});
  }
  return all;
}
std::string claim_name(const testing::TestParamInfo<Claim>& one) {
  return one.param.row.name + (one.param.released ? "_released" : "");
}

class EveryWeighting : public testing::TestWithParam<Claim> {
 protected:
  std::unique_ptr<LossWeighting> fresh(int tasks = 2) const {
    return make(GetParam().row.name, GetParam().released, tasks);
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
  const auto* other = GetParam().row.name == "dwa" ? "uncert" : "dwa";
  EXPECT_THROW(w->load(make(other)->save()), std::invalid_argument);
  EXPECT_THROW(w->load(nlohmann::json::object()), std::invalid_argument);
  EXPECT_THROW(w->load(nullptr), std::invalid_argument);
  EXPECT_EQ(w->save(), before);
}

TEST_P(EveryWeighting, TakesMetaStepsIfItsRowSaysSo) {
  auto w = fresh();
  EXPECT_EQ(w->needs_meta_step(), GetParam().row.meta_step);
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

INSTANTIATE_TEST_SUITE_P(Methods, EveryWeighting, testing::ValuesIn(claims(true)), claim_name);

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

INSTANTIATE_TEST_SUITE_P(Methods, SymmetricWeighting, testing::ValuesIn(claims(false)), claim_name);

class StatefulWeighting : public EveryWeighting {};

TEST_P(StatefulWeighting, RefusesTheStateOfAnotherNumberOfTasks) {
  auto three = fresh(3);
  train(*three, 3);
  EXPECT_THROW(fresh()->load(three->save()), std::invalid_argument);
}

// All but `equal`, whose state is its name.
std::vector<Claim> stateful() {
  std::vector<Claim> all = claims(false);
  std::erase_if(all, [](const Claim& claim) { return claim.row.name == "equal"; });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Methods, StatefulWeighting, testing::ValuesIn(stateful()), claim_name);

TEST(MakeWeighting, NameWithoutAMakerThrows) { EXPECT_THROW(make("dwb"), std::invalid_argument); }

TEST(MakeWeighting, NoTasksThrows) { EXPECT_THROW(make("equal", false, 0), std::invalid_argument); }

}  // namespace
}  // namespace mtlgrid
