// What a run shows of its progress: a line, and a file.
#include "orchestrator/session/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/session/live_file.h"
#include "results/store/layout.h"
#include "tests/orchestrator/config/scratch.h"

namespace mtlgrid {
namespace {

using ::testing::HasSubstr;

TEST(ProgressText, NamesCellsWorkersAndTimes) {
  Coordinator::Counts counts;
  counts.total = 10;
  counts.done = 4;
  counts.failed = 1;
  counts.cost_total = 10;
  counts.cost_done = 5;
  EXPECT_THAT(progress_text(counts, 61, 3600), HasSubstr(" 50 %  4/10 cells, 1 failed"));
  EXPECT_THAT(progress_text(counts, 61, 3600), HasSubstr("1 min 1 s gone, ETA 1 h 0 min"));
  EXPECT_THAT(progress_text(counts, 61, std::nullopt), HasSubstr("ETA unknown"));
}

TEST(LiveFile, IsReplacedInTimeAndRemovedAtTheEnd) {
  const testing::Scratch folder;
  const auto file = store_path(folder.path() / "grid.db", StoreFile::progress);
  int made = 0;
  {
    LiveFile live(file, [&] { return nlohmann::json{{"made", ++made}}; }, [](const std::string&) {});
    live.at(100);
    live.at(101.9);
    EXPECT_EQ(made, 1);
    live.at(102.1);
    EXPECT_EQ(made, 2);
    std::ifstream in(file);
    EXPECT_EQ(nlohmann::json::parse(in).at("made"), 2);
    EXPECT_EQ(folder.listing().size(), 1u) << "nothing but the file";
  }
  EXPECT_TRUE(folder.listing().empty());
}

TEST(LiveFile, ThatCannotBeWrittenIsToldOfOnceAndEndsNothing) {
  const testing::Scratch folder;
  std::vector<std::string> said;
  LiveFile live(
      folder.path() / "missing" / "grid.db.progress", [] { return nlohmann::json::object(); },
      [&](const std::string& line) { said.push_back(line); });
  live.at(100);
  live.at(110);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_THAT(said[0], HasSubstr("cannot be created: No such file or directory"));
}

}  // namespace
}  // namespace mtlgrid
