#include "orchestrator/scheduler/trainer_slot.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using State = TrainerSlot::State;

TrainerSlot busy_slot() {
  TrainerSlot slot;
  slot.ready({});
  slot.assign(2, "naive,dwa");
  slot.add(4, 1);
  slot.add(7, 3);
  return slot;
}

TEST(TrainerSlot, IsReadyAgainWithTheLastCellOfItsPack) {
  TrainerSlot slot = busy_slot();
  EXPECT_EQ(slot.environment().pack, 2);
  slot.ask_back(4);
  slot.ended(4, 1, false);
  EXPECT_TRUE(slot.busy());
  EXPECT_TRUE(slot.released().empty());
  slot.ended(7, 3, true);
  EXPECT_EQ(slot.state(), State::ready);
}

TEST(TrainerSlot, MessagesThatCrossedAPackChangeNothing) {
  TrainerSlot slot = busy_slot();
  EXPECT_FALSE(slot.ready({}));
  EXPECT_FALSE(slot.breaks("cause"));
  slot.stage();
  slot.staged({});
  slot.ended(4, 9, false);  // of an attempt that was given up
  EXPECT_TRUE(slot.busy());
  EXPECT_EQ(slot.cells().size(), 2u);
}

TEST(TrainerSlot, GetsAPackOnlyWhileItIsReady) {
  TrainerSlot slot;
  EXPECT_THROW(slot.assign(1, "naive"), Error);
  slot.ready({});
  slot.stage();
  EXPECT_THROW(slot.assign(1, "naive"), Error);
}

TEST(TrainerSlot, LosesItsCellsWithItsWorker) {
  TrainerSlot slot = busy_slot();
  EXPECT_EQ(slot.lost(), (std::map<std::size_t, int>{{4, 1}, {7, 3}}));
  EXPECT_EQ(slot.state(), State::starting);
  EXPECT_TRUE(slot.lost().empty());
  slot.ended(7, 3, true);  // it is heard of again
  EXPECT_EQ(slot.state(), State::ready);
}

}  // namespace
}  // namespace mtlgrid
