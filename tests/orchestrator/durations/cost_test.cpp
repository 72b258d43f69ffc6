#include "orchestrator/durations/cost.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/orchestrator/plan/synthetic_plan.h"
#include "trainer/contract/flops.h"

namespace mtlgrid {
namespace {

using testing::PlanOfSynthetic;

TEST_F(PlanOfSynthetic, CostsFollowTheMethodsPasses) {
  const Plan p = plan();
  const auto cost = [&](const char* method) { return expected_cost(p, {"MSI", "ITH", method, 0}); };
  EXPECT_EQ(cost("baseline"), cost("dwa"));
  EXPECT_GT(cost("pcgrad"), cost("dwa"));
  EXPECT_GT(cost("autol"), cost("pcgrad"));
  EXPECT_GT(cost("autol+cagrad"), cost("autol")) << "a matrix of gradients is written and read";
}

// Auto-Lambda's keys decide the passes independently of each other.
TEST(StepPasses, AreThoseThatAStepTakes) {
  const auto passes = [](const char* name, bool exact, bool reuse) {
    Protocol protocol;
    protocol.autol_exact = exact;
    protocol.autol_reuse_masks = reuse;
    const StepPasses p = step_passes(method(name), protocol);
    return std::pair(p.forward, p.gradients);
  };
  for (const char* name : {"autol", "autol+cagrad"}) {
    EXPECT_EQ(passes(name, true, true), std::pair(2, 3));
    EXPECT_EQ(passes(name, true, false), std::pair(3, 5));
    EXPECT_EQ(passes(name, false, true), std::pair(4, 3));
    EXPECT_EQ(passes(name, false, false), std::pair(5, 5));
  }
  EXPECT_EQ(passes("naive", true, true), std::pair(1, 1));
  EXPECT_EQ(passes("cagrad", true, true), std::pair(1, 2));
}

TEST(Cost, ThePapersModelHas6Point2MillionWeights) { EXPECT_EQ(parameter_count({}, 768), 6'216'963); }

}  // namespace
}  // namespace mtlgrid
