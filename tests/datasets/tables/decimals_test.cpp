#include "datasets/tables/decimals.h"

#include <fmt/format.h>

#include "datasets/tables/columns.h"
#include "datasets/tables/csv.h"
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
}

// "unclear" or the number that `text` in column x is read as.
std::string reading(const Table& t, const std::string& text) {
  return unclear(t).empty() ? fmt::format("{}", t.number(0, text).value_or(-1)) : "unclear";
}

TEST(Decimals, PointsThatMayBeBetweenThousandsAreRefused) {
  EXPECT_THAT(
      unclear(table("981;a\n1.018;b\n")),
      ElementsAre("t.csv: column 'x' has numbers that can be read in two ways ('1.018' in row 3: a decimal point "
                  "or, beside '981' in row 2 and with three digits behind every point, a separator of "
                  "thousands); save them without such separators; if the points are decimal, write one of the "
                  "numbers with four digits behind it"));
  EXPECT_THAT(unclear(table("1.018;a\n12.345;b\n")), ElementsAre(HasSubstr("every point has three digits behind it")));
  EXPECT_EQ(reading(table("981;0.5\n1.018;0.25\n"), "1.018"), "unclear") << "whole numbers above all with points";
  for (const char* separator : {"\t", "|"}) {
    const auto parse = [&](const std::string& value) {
      return parse_csv(fmt::format("x{0}y\n981{0}a\n{1}{0}b\n", separator, value), "t.csv");
    };
    EXPECT_EQ(reading(parse("1.018"), "1.018"), "unclear");
    EXPECT_EQ(reading(parse("1.0180"), "1.0180"), "1.018") << "as the message says";
  }
  EXPECT_EQ(reading(parse_csv("x,y\n981,\"0,5\"\n1.018,\"0,7\"\n", "t.csv"), "1.018"), "unclear");
}

TEST(Decimals, PointsThatAreDecimalStayDecimal) {
  EXPECT_EQ(reading(table("981;a\n1.018;b\n1.5;c\n"), "1.018"), "1.018") << "other numbers of digits";
  EXPECT_EQ(reading(table("981;a\n1.018;b\n0.981;c\n"), "1.018"), "1.018") << "groups do not begin with 0";
  EXPECT_EQ(reading(table("1.018;0.5\n2.345;0.25\n"), "1.018"), "1.018") << "another column has decimal points";
  EXPECT_EQ(reading(table("2;0.5\n2.345;0.25\n"), "2.345"), "2.345");
  EXPECT_EQ(reading(table("1018;a\n1.055;b\n"), "1.055"), "1.055") << "1018 is written without a point";
  EXPECT_EQ(reading(table("1.018e0;a\n"), "1.018e0"), "1.018");
  EXPECT_EQ(reading(parse_csv("x\ty\n1.018\ta\n2.345\tb\n", "t.csv"), "1.018"), "1.018");
  EXPECT_EQ(reading(parse_csv("x,y\n981,a\n1.018,b\n", "t.csv"), "1.018"), "1.018");
}

TEST(Decimals, AnExponentHasNoThousandsBeforeIt) {
  EXPECT_EQ(reading(table("3,238e-01;a\n1,234E+00;b\n"), "3,238e-01"), "0.3238");
  EXPECT_EQ(reading(table("3.238e-01;0,5\n"), "3.238e-01"), "0.3238");
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
