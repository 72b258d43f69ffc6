#include "orchestrator/durations/checkpoint_lead.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/orchestrator/durations/measured_grid.h"

namespace mtlgrid {
namespace {

using TheCheckpointLead = testing::Durations;

TEST_F(TheCheckpointLead, IsAtLeastHalfAMinute) {
  Plan small = *plan_;
  small.config.run.device = "cpu";
  small.config.model.d_model = small.config.model.ff = 24;
  const DurationModel l(small);
  EXPECT_LT(checkpoint_lead(small, l).seconds(), 30);
  EXPECT_EQ(checkpoint_lead_seconds(small, l), 30);
}

TEST_F(TheCheckpointLead, HasTheLongestStepAndSaving) {
  Plan slow = *plan_;
  slow.config.run.device = "cpu";
  DurationModel l(slow);
  l.learn(std::vector<MeasuredCell>(50, one("cpu", 2000)));  // seconds an epoch
  const CheckpointLead single = checkpoint_lead(slow, l);
  EXPECT_GT(single.step, 2000.0 / 40) << "an epoch has fewer than 40 patients";
  EXPECT_EQ(single.saved, 1);
  slow.config.run.pack = 5;
  const CheckpointLead pack = checkpoint_lead(slow, l);
  EXPECT_NEAR(pack.step / single.step, 5, 1e-9) << "members take their steps in turn";
  EXPECT_NEAR(pack.save / single.save, 5, 1e-9);
  EXPECT_EQ(checkpoint_lead_seconds(slow, l), pack.seconds());
}

}  // namespace
}  // namespace mtlgrid
