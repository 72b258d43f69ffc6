#include "datasets/decimals.h"

#include "datasets/columns.h"
#include "datasets/csv.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A table of columns x, y, separated by semicolons.
Table table(const std::string& rows) { return parse_csv("x;y\n" + rows, "t.csv"); }
// What keeps the numbers of column x from being read.
std::vector<std::string> unclear(const Table& t) {
  Problems problems;
  const bool clear = numbers_are_clear(t, 0, problems);
  EXPECT_EQ(clear, problems.empty());
  return problems.lines();
}

TEST(Decimals, CommasAreReadAndSaid) {
  const Table t = table("0,53;a, b\n-1,5e-3;\n7;\n;\n");
  EXPECT_THAT(unclear(t), IsEmpty());
  EXPECT_EQ(t.number(0, "0,53"), 0.53);
  EXPECT_EQ(t.number(0, "-1,5e-3"), -1.5e-3);
  EXPECT_EQ(t.number(0, "7"), 7);
  for (const char* text : {"0.53", "1.000,5", "1,2,3", "a"}) EXPECT_EQ(t.number(0, text), std::nullopt) << text;
  EXPECT_THAT(t.inferences,
              ElementsAre(HasSubstr("separated by semicolons"), "numbers have decimal commas in 'x': '0,53' in row 2"));
}

TEST(Decimals, PointsStayPoints) {
  const Table t = table("0.53;1\n1.234;2\n");
  EXPECT_THAT(unclear(t), IsEmpty());
  EXPECT_EQ(t.number(0, "0.53"), 0.53);
  EXPECT_EQ(t.number(0, "0,53"), std::nullopt);
  EXPECT_THAT(t.inferences, SizeIs(1));
}

TEST(Decimals, EveryColumnIsDecidedByItsOwnValues) {
  const Table t = table("0,53;0.5\n1,25;0.25\n");
  EXPECT_EQ(t.number(0, "0,53"), 0.53);
  EXPECT_EQ(t.number(1, "0.5"), 0.5);
}

TEST(Decimals, CommasAndPointsInOneColumnAreRefused) {
  EXPECT_THAT(unclear(table("0,53;\n0.5;\n")),
              ElementsAre("t.csv: column 'x' has decimal commas ('0,53' in row 2) and decimal points ('0.5' in row 3); "
                          "save all its numbers in one way"));
}

TEST(Decimals, SeparatorsOfThousandsAreRefused) {
  for (const char* text : {"1.234,5", "1,234.5", "1.234.567", "12,345,678", "-1.234,5"}) {
    EXPECT_THAT(unclear(table(std::string(text) + ";\n0;\n")), ElementsAre(HasSubstr("has thousands separators")))
        << text;
  }
}

TEST(Decimals, WhatMayBeThousandsIsReadOnlyIfOtherColumnsTell) {
  EXPECT_THAT(unclear(table("1,234;a\n2,345;b\n")),
              ElementsAre(HasSubstr("can be read in two ways ('1,234' in row 2")));
  EXPECT_THAT(unclear(table("1,234;0.5\n")), ElementsAre(HasSubstr("can be read in two ways ('1,234' in row 2")));
  EXPECT_EQ(table("1,234;0,5\n").number(0, "1,234"), 1.234);
  EXPECT_EQ(table("1,234;a\n12,5;b\n").number(0, "1,234"), 1.234);
  EXPECT_THAT(unclear(table("1.234;0,5\n")), ElementsAre(HasSubstr("can be read in two ways ('1.234' in row 2")));
  EXPECT_EQ(table("1.234;a\n").number(0, "1.234"), 1.234);
}

TEST(Decimals, TextsWithCommasAndDatesAreNot) {
  const Table t = table("a, b;01.02.2020\nc;03.04.2021\n");
  EXPECT_THAT(unclear(t), IsEmpty());
  EXPECT_THAT(t.inferences, SizeIs(1));
}

TEST(Decimals, AColumnWithSomeTextsIsSaidAsWell) {
  const Table t = table("0,5;a, 1,5\n0,7;b\n-;3,4\n");
  EXPECT_EQ(t.number(0, "0,5"), 0.5);
  EXPECT_EQ(t.inferences.at(1), "numbers have decimal commas in 'x': '0,5' in row 2");
}

TEST(Decimals, ManyColumnsAreCounted) {
  const Table t = parse_csv("a;b;c;d;e;f;g\n0,1;0,2;0,3;0,4;0,5;0,6;0,7\n", "t.csv");
  EXPECT_EQ(t.inferences.at(1), "numbers have decimal commas in 'a', 'b', 'c', 'd', 'e' and 2 more: '0,1' in row 2");
}

}  // namespace
}  // namespace mtlgrid::testing
