#include "orchestrator/plan/selection.h"

#include <gmock/gmock.h>

#include "base/errors.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class Selection : public ::testing::Test {
 protected:
  static std::vector<Cell> cells() {
    std::vector<Cell> all;
    for (const char* pair : {"ITH", "LF"}) {
      for (const char* method : {"naive", "cagrad"}) {
        for (int fold = 0; fold < 2; ++fold) all.push_back({"MSI", pair, method, fold});
      }
    }
    return all;
  }
  static std::vector<std::string> names(const std::string& only) {
    std::vector<std::string> out;
    for (const Cell& cell : select_cells(cells(), only)) out.push_back(cell.name());
    return out;
  }
  static std::string problem(const std::string& only) {
    try {
      select_cells(cells(), only);
    } catch (const InputError& e) {
      return e.what();
    }
    return "(none)";
  }
};

TEST_F(Selection, NothingSelectsAll) { EXPECT_THAT(names(""), SizeIs(8)); }

TEST_F(Selection, TermsAreAndedAndValuesOred) {
  EXPECT_THAT(names("method=cagrad|naive,fold=1,auxiliary=LF"), ElementsAre("MSI/LF/naive/1", "MSI/LF/cagrad/1"));
  EXPECT_THAT(names(" method = cagrad , fold = 0 "), ElementsAre("MSI/ITH/cagrad/0", "MSI/LF/cagrad/0"));
}

TEST_F(Selection, RepeatsAreSelectedLikeFolds) {
  std::vector<Cell> all = cells();
  for (Cell cell : cells()) {
    cell.repeat = 1;
    all.push_back(cell);
  }
  EXPECT_THAT(select_cells(all, "repeat=1"), SizeIs(8));
  EXPECT_THAT(select_cells(all, "repeat=0|1,fold=0,method=naive,auxiliary=LF"), SizeIs(2));
  EXPECT_EQ(problem("repeat=1"), "--only: no cell has repeat '1'; known: 0");
}

TEST_F(Selection, MistakesNameWhatIsKnown) {
  EXPECT_EQ(problem("metod=naive"), "--only: unknown key 'metod'; did you mean 'method'?");
  EXPECT_EQ(problem("method"), "--only: 'method' is not KEY=VALUE|VALUE");
  EXPECT_EQ(problem("fold=9"), "--only: no cell has fold '9'; known: 0, 1");
  EXPECT_EQ(problem("method=cagrat"), "--only: no cell has method 'cagrat'; did you mean 'cagrad'?");
  EXPECT_EQ(problem("fold=0,fold=1"), "--only: fold is given twice");
  EXPECT_EQ(problem("fold=,x=1"),
            "--only: fold has no value; known: 0, 1\n--only: unknown key 'x'; known: biomarker, "
            "auxiliary, method, fold, repeat");
}

}  // namespace
}  // namespace mtlgrid
