// Packs: every member gets the result that it gets alone, whatever happens to the others.
#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <set>

#include "base/errors.h"
#include "base/system_error.h"
#include "datasets/bags/patient_bag.h"
#include "tests/trainer/training/cell_run_fixture.h"
#include "trainer/formats/container.h"

namespace mtlgrid {
namespace {

using testing::bits;
using testing::CellRunTest;
using testing::FakeControl;
using ::testing::HasSubstr;

class Pack : public CellRunTest, public ::testing::WithParamInterface<bool> {
 protected:
  Pack() {
    for (const Method& m : methods()) all.push_back(train(m.name, "pack-" + m.name));
  }
  // In each other's way for one kind of computation: whether networks are stacked.
  void run_members(const std::vector<Train>& members, FakeControl& control) { run_pack(members, control, GetParam()); }
  void expect_as_alone(const CellResult& result) {
    EXPECT_EQ(bits(result), bits(run_whole(result.cell.method, "alone-" + result.cell.method))) << result.cell.method;
  }
  std::size_t initial_size() const {
    const Pair& pair = experiment.pairs[0];
    const auto width = experiment.cohorts[0].width;
    return static_cast<std::size_t>(
        make_layout(experiment.model, width, pair.label_column, pair.auxiliary_column).total);
  }
  std::vector<Train> all;
};

TEST_P(Pack, EveryMemberGetsTheResultThatItGetsAlone) {
  for (const Protocol& protocol : {Protocol::paper(), Protocol::released_code()}) {
    experiment.protocol = protocol;
    FakeControl control;
    run_members(all, control);
    ASSERT_EQ(control.results.size(), methods().size());
    for (const auto& [name, result] : control.results) {
      EXPECT_EQ(result.environment.pack, static_cast<int>(methods().size()));
      expect_as_alone(result);
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) std::filesystem::remove_all(entry);
    experiment = testing::tiny_experiment(folder.path());
  }
}

TEST_P(Pack, MembersStopEarlyEachAtItsOwnEpoch) {
  experiment.train.epochs = 12;
  experiment.train.patience = 1;
  experiment.train.lr = 2e-2;
  FakeControl control;
  run_members(all, control);
  std::set<std::size_t> lengths;
  for (const auto& [name, result] : control.results) {
    lengths.insert(result.epochs.size());
    expect_as_alone(result);
  }
  EXPECT_GT(lengths.size(), 1u);
}

TEST_P(Pack, StoppedGoesOnTogetherBitEqual) {
  for (const int stop_at : {0, 3, 7, 19}) {
    FakeControl stop(stop_at), on;
    run_members(all, stop);
    EXPECT_EQ(stop.stops.size(), all.size());
    std::vector<Train> second;
    for (const Train& t : all) second.push_back(train(t.cell.method, "second-" + t.cell.method, {t.directory}));
    run_members(second, on);
    ASSERT_EQ(on.results.size(), all.size());
    for (const auto& [name, result] : on.results) expect_as_alone(result);
    for (const Train& t : all) std::filesystem::remove_all(t.directory);
  }
}

TEST_P(Pack, MembersThatAreReleasedGoOnElsewhereAndTheOthersHere) {
  FakeControl control, elsewhere;
  control.release = {all[0].cell.method, all[2].cell.method};
  control.release_at = 5;
  run_members(all, control);
  EXPECT_THAT(control.stops, ::testing::UnorderedElementsAreArray(control.release));
  EXPECT_EQ(control.results.size(), all.size() - 2);
  std::vector<Train> moved;
  for (const Train& t : {all[0], all[2]})
    moved.push_back(train(t.cell.method, "moved-" + t.cell.method, {t.directory}));
  run_members(moved, elsewhere);
  ASSERT_EQ(elsewhere.results.size(), 2u);
  EXPECT_GE(elsewhere.resumed_in.at(all[0].cell.method), 1) << "not begun again";
  EXPECT_EQ(elsewhere.resumed_in.at(all[0].cell.method), elsewhere.epochs_of.at(all[0].cell.method)[0]);
  for (const auto& [name, result] : control.results) expect_as_alone(result);
  for (const auto& [name, result] : elsewhere.results) expect_as_alone(result);
}

TEST_P(Pack, MembersBehindCatchUpWithThoseThatHaveCheckpoints) {
  FakeControl early(4), late(9), on;
  EXPECT_FALSE(run(train("naive", "first"), early).has_value());
  EXPECT_FALSE(run(train("dwa", "second"), late).has_value());
  run_members({train("naive", "a", {train("naive", "first").directory}),
               train("dwa", "b", {train("dwa", "second").directory}), train("uncert", "c"), train("cagrad", "d")},
              on);
  ASSERT_EQ(on.results.size(), 4u);
  for (const auto& [name, result] : on.results) expect_as_alone(result);
}

TEST_P(Pack, MemberThatFailsLeavesTheOthersAlone) {
  experiment.train.epochs = 2;
  // A checkpoint whose moments make the next step's parameters overflow: that member alone fails.
  FakeControl stop(3), on;
  EXPECT_FALSE(run(train("naive", "first"), stop).has_value());
  const auto file = std::filesystem::directory_iterator(train("naive", "first").directory)->path();
  const Container c = read_container(file, "checkpoint");
  const std::size_t size = initial_size();
  std::vector<float> parameters(size);
  c.copy("parameters", std::span(parameters));
  parameters[0] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> zeros(size);
  write_container(file, "checkpoint", c.header,
                  {ArrayView("parameters", std::span(parameters)), ArrayView("first_moment", std::span(zeros)),
                   ArrayView("second_moment", std::span(zeros)), ArrayView("best", std::span(zeros))});
  run_members({train("naive", "a", {train("naive", "first").directory}), train("dwa", "b"), train("uncert", "c")}, on);
  ASSERT_EQ(on.errors.size(), 1u);
  EXPECT_THAT(on.errors.at("naive").what(), HasSubstr("epoch 1, step 4"));
  ASSERT_EQ(on.results.size(), 2u);
  for (const auto& [name, result] : on.results) expect_as_alone(result);
}

// A file that was removed may come back. One that is not a feature file now has changed; the cell is not at fault.
TEST_P(Pack, AnUnreadableBagIsTheSystemsFaultAndAChangedOneEndsTheRun) {
  const std::filesystem::path file = experiment.cohorts[0].patients[3].files[0].path;
  FakeControl control;
  std::filesystem::remove(file);
  EXPECT_THROW(run_members({train("naive", "a"), train("dwa", "b")}, control), SystemError);
  std::ofstream(file) << "no feature file";
  EXPECT_THROW(run_members({train("naive", "a"), train("dwa", "b")}, control), FeaturesChanged);
  std::filesystem::copy_file(experiment.cohorts[0].patients[4].files[0].path, file,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THROW(run_members({train("naive", "a"), train("dwa", "b")}, control), FeaturesChanged);
  EXPECT_TRUE(control.errors.empty());
}

INSTANTIATE_TEST_SUITE_P(Computed, Pack, ::testing::Bool(),
                         [](const auto& p) { return p.param ? "Stacked" : "InTurn"; });

}  // namespace
}  // namespace mtlgrid
