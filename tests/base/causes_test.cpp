#include "base/causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mtlgrid {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> lines(const Causes& causes) {
  Problems problems;
  causes.report("clini.csv", problems);
  return problems.lines();
}

TEST(Causes, NothingIsReportedOfNothing) {
  EXPECT_TRUE(Causes().empty());
  EXPECT_THAT(lines({}), IsEmpty());
}

TEST(Causes, OneCaseNamesItsPlaceAndTheAdvice) {
  Causes causes;
  causes.add("column 'LF': not a number", "'x' in row 2", "write missing = x");
  EXPECT_FALSE(causes.empty());
  EXPECT_THAT(lines(causes), ElementsAre("clini.csv: column 'LF': not a number ('x' in row 2); write missing = x"));
}

TEST(Causes, ManyCasesAreOneLineWithThreeExamples) {
  Causes causes;
  for (int row = 2; row < 135; ++row) causes.add("no label", "row " + std::to_string(row));
  EXPECT_THAT(lines(causes), ElementsAre("clini.csv: no label (133 times: row 2, row 3, row 4, ...)"));
}

TEST(Causes, EqualExamplesCountButAreShownOnce) {
  Causes causes;
  for (int i = 0; i < 4; ++i) causes.add("unknown label", "'MSI-H'");
  causes.add("unknown label", "'MSI-L'");
  EXPECT_THAT(lines(causes), ElementsAre("clini.csv: unknown label (5 times: 'MSI-H', 'MSI-L')"));
}

TEST(Causes, AreReportedInTheOrderInWhichTheyWereFound) {
  Causes causes;
  causes.add("second cause, found first", "a");
  causes.add("another", "b");
  causes.add("second cause, found first", "c");
  EXPECT_THAT(lines(causes),
              ElementsAre("clini.csv: second cause, found first (2 times: a, c)", "clini.csv: another (b)"));
}

}  // namespace
}  // namespace mtlgrid
