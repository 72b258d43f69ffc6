// How long a trainer waits for files that are away.
#include "trainer/process/away_files.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/trainer/contract/tiny_experiment.h"

namespace mtlgrid {
namespace {

// Looks that were made before a wait ended, of which `until` makes the last.
int looks(AwayFiles& files, const SystemError& error, const std::function<bool(int)>& until) {
  int made = 0;
  files.wait(error, [&] { return until(++made); });
  return made;
}
const auto never = [](int) { return false; };

TEST(AwayFiles, AFileThatComesBackEndsTheWait) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "a: b.h5";
  AwayFiles files(60);
  const int made = looks(files, system_error(file, ENOENT), [&](int look) {
    if (look == 2) std::ofstream(file) << "x";
    return false;
  });
  EXPECT_EQ(made, 2);
  EXPECT_GT(files.left(), 0);
}

TEST(AwayFiles, NoMoreThanItsTimeIsWaitedUntilACellIsFinished) {
  AwayFiles files(0.2);
  looks(files, system_error("/none", EIO), never);
  EXPECT_GT(files.left(), 0) << "a sixth";
  looks(files, system_error("/none", EIO), never);
  EXPECT_EQ(files.left(), 0);
  EXPECT_EQ(looks(files, system_error("/none", ENOENT), never), 0) << "not once more for each of a thousand cells";
  files.cell_finished();
  EXPECT_EQ(files.left(), 0.2);
}

TEST(AwayFiles, AStopEndsTheWait) {
  AwayFiles files(60);
  EXPECT_EQ(looks(files, system_error("/none", ENOENT), [](int look) { return look == 3; }), 3);
}

}  // namespace
}  // namespace mtlgrid
