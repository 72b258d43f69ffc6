// Cells that start from weights in a file.
#include <gmock/gmock.h>

#include <fstream>

#include "base/errors.h"
#include "datasets/features/fingerprint.h"
#include "tests/trainer/training/cell_run_fixture.h"
#include "trainer/formats/weights.h"
#include "trainer/training/export.h"

namespace mtlgrid {
namespace {

using testing::bits;
using testing::CellRunTest;
using testing::FakeControl;
using ::testing::HasSubstr;

class InitialWeightsOutOfAFile : public CellRunTest {
 protected:
  // Weights of a cell that was trained from drawn ones, as a state dict.
  InitialWeightsOutOfAFile() {
    run_whole("naive", "donor");
    donor = read_weights_file(folder.path() / "donor" / kWeightsFile).values;
    export_state_dict({(folder.path() / "donor" / kWeightsFile).string(), {"MSI", "LF", "naive", 0}, experiment.grid},
                      file());
    experiment.init = {file().string(), hash_file(file())};
  }
  std::filesystem::path file() const { return folder.path() / "init.pt"; }
  std::vector<float> donor;
};

TEST_F(InitialWeightsOutOfAFile, AreWhatTrainingBeginsWith) {
  experiment.train.lr = 1e-30;  // no step changes a bit
  for (const char* method : {"naive", "baseline"}) {
    run_whole(method, method);
    EXPECT_EQ(read_weights_file(folder.path() / method / kWeightsFile).values, donor) << method;
  }
}

TEST_F(InitialWeightsOutOfAFile, GiveAnotherResultThanDrawnOnesAndTheSameAfterAStop) {
  const CellResult result = run_whole("naive", "from file");
  EXPECT_EQ(bits(run_in_two("naive", 3)), bits(result));
  experiment.init = {};
  EXPECT_NE(bits(run_whole("naive", "drawn")), bits(result));
}

// Nothing is wrong with the cell: every other one would fail with it.
TEST_F(InitialWeightsOutOfAFile, ThatHaveChangedOrAreGoneEndTheRunAndFailNoCell) {
  std::ofstream(file(), std::ios::app) << "x";
  for (const bool there : {true, false}) {
    if (!there) std::filesystem::remove(file());
    FakeControl control;
    try {
      run(train("naive", "whole"), control);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::needs_person);
      EXPECT_FALSE(is_of_cell(e));
      EXPECT_THAT(e.what(), HasSubstr("init.pt: the initial weights have changed"));
    }
    EXPECT_TRUE(control.errors.empty());
  }
}

// A checkpoint of a cell with other initial weights must not be gone on from.
TEST_F(InitialWeightsOutOfAFile, ArePartOfTheCellsIdentity) {
  const Cell cell{"MSI", "LF", "naive", 0};
  Experiment drawn = experiment, other = experiment, moved = experiment;
  drawn.init = {};
  other.init.hash[0] = other.init.hash[0] == '0' ? '1' : '0';
  moved.init.file = "/elsewhere.pt";
  EXPECT_NE(cell_identity(experiment, cell), cell_identity(drawn, cell));
  EXPECT_NE(cell_identity(experiment, cell), cell_identity(other, cell));
  EXPECT_EQ(cell_identity(experiment, cell), cell_identity(moved, cell));
}

}  // namespace
}  // namespace mtlgrid
