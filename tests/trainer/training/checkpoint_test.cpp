// Checkpoints of an attempt: the newest whole one is resumed from, whatever else is in the folders.
#include "trainer/training/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/trainer/contract/tiny_experiment.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CheckpointsTest : public ::testing::Test {
 protected:
  TrainingArrays arrays() { return {of(parameters), of(first), of(second), of(best)}; }
  static at::Tensor of(std::vector<float>& v) { return at::from_blob(v.data(), {4}, at::TensorOptions()); }
  void set(float value) {
    for (auto* v : {&parameters, &first, &second, &best}) v->assign(4, value++);
  }
  static TrainingState at(int epoch, int step, std::int64_t steps) {
    TrainingState s;
    s.epoch = epoch;
    s.step = step;
    s.steps = steps;
    s.stopping = {1, 0.5};
    s.weighting = {{"w", 0.1}};
    return s;
  }
  std::optional<TrainingState> resume(const Checkpoints& c, const std::vector<fs::path>& others = {}) {
    return c.resume(others, arrays(), [&](const std::string& line) { said += line + "\n"; });
  }
  const CheckpointOwner owner = {{"MSI", "LF", "naive", 0}, "grid", "id"};
  testing::TemporaryFolder folder, other;
  std::vector<float> parameters, first, second, best;
  std::string said;
};

TEST_F(CheckpointsTest, NewestIsKeptAndGivesStateAndArraysBack) {
  const Checkpoints c(folder.path(), owner);
  set(1);
  c.write(at(1, 3, 3), arrays());
  set(10);
  c.write(at(3, 1, 11), arrays());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
  set(0);
  const auto s = resume(c);
  ASSERT_TRUE(s);
  EXPECT_EQ(nlohmann::json(*s), nlohmann::json(at(3, 1, 11)));
  EXPECT_EQ(parameters[0], 10);
  EXPECT_EQ(best[3], 13);
}

TEST_F(CheckpointsTest, KeepsFloat64ToTheLastBit) {
  const Checkpoints c(folder.path(), owner);
  const at::Tensor values = at::rand({5}, at::kDouble);
  c.write(at(1, 3, 3), {values, values * 2, values * 3, values * 4});
  TrainingArrays back = {at::empty_like(values), at::empty_like(values), at::empty_like(values),
                         at::empty_like(values)};
  const auto say = [&](const std::string& line) { said += line; };
  ASSERT_TRUE(c.resume({}, back, say)) << said;
  EXPECT_TRUE(back.parameters.equal(values));
  EXPECT_TRUE(back.best.equal(values * 4));
  back.best = at::empty({5});  // a run in float32 does not take it
  back.parameters = back.first_moment = back.second_moment = back.best;
  EXPECT_FALSE(c.resume({}, back, say));
}

TEST_F(CheckpointsTest, OneThatDoesNotFitLeavesNothingOfItself) {
  const Checkpoints c(folder.path(), owner);
  const at::Tensor four = at::rand({4}), five = at::rand({5});
  c.write(at(1, 3, 3), {four, four, five, four});
  set(1);
  EXPECT_FALSE(resume(c));
  EXPECT_THAT(said, HasSubstr("array 'second_moment' has 5 values"));
  EXPECT_EQ(parameters, std::vector<float>(4, 1));
}

TEST_F(CheckpointsTest, BestWeightsAreNotWrittenTwice) {
  const Checkpoints c(folder.path(), owner);
  set(1);
  best = parameters;
  c.write(at(2, 0, 6), arrays());  // right after the best epoch, 1
  const auto small = fs::file_size(folder.path() / "checkpoint-0000000006");
  c.write(at(2, 1, 7), arrays());
  EXPECT_LT(small, fs::file_size(folder.path() / "checkpoint-0000000007"));
  c.write(at(2, 0, 6), arrays());
  set(0);
  ASSERT_TRUE(resume(c));
  EXPECT_EQ(best, parameters);
}

TEST_F(CheckpointsTest, OwnFolderThenOthersInOrder) {
  const Checkpoints c(folder.path(), owner), earlier(other.path(), owner);
  set(1);
  earlier.write(at(5, 0, 30), arrays());
  EXPECT_EQ(resume(c, {folder.path() / "missing", other.path()})->epoch, 5);
  c.write(at(2, 0, 12), arrays());
  EXPECT_EQ(resume(c, {other.path()})->epoch, 2);
}

TEST_F(CheckpointsTest, ForeignAndTemporaryFilesAreNoCheckpoints) {
  const Checkpoints c(folder.path(), owner);
  set(1);
  Checkpoints(folder.path(), {owner.cell, owner.grid, "other"}).write(at(1, 1, 1), arrays());
  std::ofstream(folder.path() / "checkpoint-0000000099.tmp") << "half";
  EXPECT_FALSE(resume(c));
  EXPECT_THAT(said, HasSubstr("another experiment"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr(".tmp")));
}

// What was copied from elsewhere is told by what it is of.
TEST_F(CheckpointsTest, OfAnotherCellOrGridIsNamedAndPassedOver) {
  set(1);
  const Checkpoints c(folder.path(), owner);
  Checkpoints(folder.path(), {{"MSI", "LF", "cagrad", 1}, "grid", "cell's"}).write(at(1, 1, 1), arrays());
  Checkpoints(other.path(), {owner.cell, "other data", "data's"}).write(at(1, 1, 1), arrays());
  EXPECT_FALSE(resume(c, {other.path()}));
  EXPECT_THAT(said, HasSubstr("of cell MSI/LF/cagrad/1, not of MSI/LF/naive/0"));
  EXPECT_THAT(said, HasSubstr("of grid other data, not of grid: other data or settings"));
}

TEST_F(CheckpointsTest, OfAVersionThatDidNotRecordTheDataIsPassedOver) {
  set(1);
  write_container(folder.path() / "checkpoint-0000000001", "checkpoint", {{"identity", "old"}, {"state", at(1, 1, 1)}},
                  {ArrayView("parameters", std::span(parameters))});
  EXPECT_FALSE(resume(Checkpoints(folder.path(), owner)));
  EXPECT_THAT(said, HasSubstr("of another experiment, or another version's"));
}

TEST(Checkpoint, AtAnEpochsEndIsWrittenWhereItCostsAtMostATwentiethOfTheTime) {
  EXPECT_TRUE(worth_a_checkpoint(0.001, 0));  // the first: what it costs is not known
  EXPECT_TRUE(worth_a_checkpoint(2, 0.1));
  EXPECT_FALSE(worth_a_checkpoint(1.99, 0.1));
}

}  // namespace
}  // namespace mtlgrid
