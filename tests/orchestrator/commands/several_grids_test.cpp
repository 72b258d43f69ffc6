// What readers make of a store with several grids.
#include <gmock/gmock.h>

#include "tests/orchestrator/commands/program.h"
#include "tests/results/store/store_fixture.h"

namespace mtlgrid {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run_program;
using ::testing::StartsWith;

class SeveralGrids : public testing::StoreTest {
 protected:
  SeveralGrids() {
    add(6, true);
    add(7, false);
  }
  void add(int epochs, bool with_result) {
    Store store = open();
    store.use_grid(record(epochs));
    if (with_result) store.commit_result(result(cell(0)));
  }
  static GridRecord record(int epochs) {
    GridRecord record = grid("grid of " + std::to_string(epochs));
    record.settings = {{"train", {{"epochs", epochs}}}};
    return record;
  }
  ProgramResult run(std::vector<std::string> words) const {
    words.insert(words.begin(), "mtlgrid");
    words.insert(words.begin() + 2, file.string());
    return run_program(words);
  }
  std::string out(const std::string& name) const { return (folder / name).string(); }
};

constexpr const char* kNote = "grid 1 of 2 (the only one with results); --grid chooses another\n";

TEST_F(SeveralGrids, StatusListsAllAndShowsTheOneWithResults) {
  const auto status = run({"status"});
  EXPECT_EQ(status.status, 0);
  EXPECT_THAT(status.out, AllOf(StartsWith("Grids of this store\n"), HasSubstr("[train] epochs 6\n"),
                                HasSubstr("[train] epochs 7\n"), HasSubstr("Grid 1 is shown; --grid chooses another."),
                                HasSubstr("\nGrid 1: 1 of 6 cells done")));
  EXPECT_THAT(run({"status", "--grid", "2"}).out, HasSubstr("\nGrid 2: 0 of 6 cells done"));
}

TEST_F(SeveralGrids, ReadersOfResultsTakeTheGridThatHasThem) {
  const auto why = run({"status", "--why", "MSI/LF/naive/0"});
  EXPECT_THAT(why.out, StartsWith("MSI/LF/naive/0: done (grid 1)"));
  EXPECT_EQ(why.err, kNote);
  const auto view = run({"query", "--view", "cell_summary", "--format", "csv"});
  EXPECT_THAT(view.out, HasSubstr("1,MSI/LF/naive/0,done,"));
  EXPECT_EQ(view.err, kNote);
  EXPECT_THAT(run({"export", "MSI/LF/naive/0", "--out", out("w.pt")}).err,
              AllOf(HasSubstr(kNote), HasSubstr("grid-1/MSI/LF/naive/0")));
  EXPECT_THAT(run({"predict", "MSI/LF/naive/0", "--slides", "s", "--features", "f"}).err,
              AllOf(HasSubstr(kNote), HasSubstr("grid-1/MSI/LF/naive/0")));
}

TEST_F(SeveralGrids, ARunInProgressIsShownWithoutResults) {
  Store store = open();
  store.use_grid(record(7));
  store.begin_attempt(cell(1), 1, environment(), 100);
  store.publish_snapshot();
  EXPECT_THAT(run({"status"}).out, HasSubstr("\nGrid 2: 0 of 6 cells done, 1 running"));
  EXPECT_THAT(run({"status", "--why", "MSI/LF/naive/1"}).out, HasSubstr("(grid 2)"));
  EXPECT_THAT(run({"query", "--view", "cell_summary"}).err, kNote) << "of results";
}

TEST_F(SeveralGrids, TablesNeverReplaceThoseOfAnotherGrid) {
  const auto made = run({"tables", "--out", out("tables"), "--resamples", "0", "--format", "csv"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.err, kNote);
  const std::string before = testing::read_file(out("tables") + "/table1.csv");
  const auto refused = run({"tables", "--grid", "2", "--out", out("tables"), "--resamples", "0"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("holds the tables of grid 1"), HasSubstr("--out " + out("tables-grid2"))));
  EXPECT_EQ(testing::read_file(out("tables") + "/table1.csv"), before);
  EXPECT_EQ(run({"tables", "--grid", "2", "--out", out("tables-grid2"), "--resamples", "0"}).status, 0);
  EXPECT_EQ(run({"tables", "--grid", "1", "--out", out("tables"), "--resamples", "0"}).status, 0) << "its own";
}

TEST_F(SeveralGrids, SqlThatDoesNotSelectAGridIsToldThatItReadsAll) {
  const auto all = run({"query", "SELECT count(*) AS n FROM cells", "--format", "csv"});
  EXPECT_EQ(all.out, "n\r\n12\r\n");
  EXPECT_EQ(all.err,
            "the store has 2 grids and this statement reads all of them; WHERE grid_id = 2 selects the newest\n");
  EXPECT_EQ(run({"query", "SELECT count(*) FROM cells WHERE Grid_ID = 1"}).err, "");
}

TEST_F(SeveralGrids, ReadersAskWhereSeveralHaveResults) {
  add(7, true);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"tables", "--out", out("tables")},
                                                {"query", "--view", "table1"},
                                                {"status", "--why", "MSI/LF/naive/0"},
                                                {"export", "MSI/LF/naive/0", "--out", out("w.pt")},
                                                {"predict", "MSI/LF/naive/0", "--slides", "s", "--features", "f"}}) {
    const auto asked = run(words);
    EXPECT_EQ(asked.status, 2) << words[0];
    EXPECT_THAT(asked.err, AllOf(HasSubstr("mtlgrid: the store has results of several grids; choose one"),
                                 HasSubstr("mtlgrid: --grid 1 (1 of 6 cells done): [train] epochs 6\n"),
                                 HasSubstr("mtlgrid: --grid 2 (1 of 6 cells done): [train] epochs 7\n")))
        << words[0];
  }
  EXPECT_EQ(run({"status"}).status, 0) << "lists them and shows one";
  EXPECT_FALSE(std::filesystem::exists(out("tables")));
}

}  // namespace
}  // namespace mtlgrid
