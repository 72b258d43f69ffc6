#include "datasets/tables/seen_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/cohorts/number_faults.h"

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SeenValues, AreCountedAndListedByFrequency) {
  SeenValues seen;
  for (const auto& [value, row] : std::vector<std::pair<std::string, std::size_t>>{
           {"b", 2}, {"a", 3}, {"c", 4}, {"a", 5}, {"a", 6}, {"a", 7}, {"d", 8}, {"c", 1}}) {
    seen.add(value, row);
  }
  EXPECT_EQ(seen.total(), 8U);
  EXPECT_EQ(listed(seen.sorted(), "time", 3),
            "'a' (4 times, rows 3, 5, 6, ...), 'c' (2 times, rows 1, 4), 'b' (row 2) and 1 more value");
}

TEST(SeenValues, HostileTextIsEscaped) {
  SeenValues seen;
  seen.add("a\nmtlgrid: all is well", 2);
  EXPECT_EQ(listed(seen.sorted(), "time"), "'a\\nmtlgrid: all is well' (row 2)");
  EXPECT_EQ(config_list({"a\nb"}), "a\\nb");
}

TEST(SpellingDifference, IsInCaseBlanksAndPunctuation) {
  EXPECT_EQ(spelling_difference("MSI-H", "MSIH"), "in punctuation");
  EXPECT_EQ(spelling_difference("Positive", "positive"), "in letter case");
  EXPECT_EQ(spelling_difference("MSS ", "MSS"), "in blanks");
  EXPECT_EQ(spelling_difference("MSI\u2013H", "MSI-H"), "in the kind of a blank or dash");
  EXPECT_EQ(spelling_difference("msi_h", "MSI-H"), "in letter case, blanks or punctuation");
  EXPECT_EQ(spelling_difference("1.0", "1"), "in how the number is written");
}

TEST(SpellingDifference, IsNoneBetweenOtherValues) {
  EXPECT_EQ(spelling_difference("MSIH", "MSIH"), "");
  EXPECT_EQ(spelling_difference("MSIH", "nonMSIH"), "");
  EXPECT_EQ(spelling_difference("HER2+", "HER2-"), "");
  EXPECT_EQ(spelling_difference("HER2(+)", "HER2 (-)"), "");
  EXPECT_EQ(spelling_difference("<10", ">10"), "");
  EXPECT_EQ(spelling_difference("1.0", "10"), "");
  EXPECT_EQ(spelling_difference("+", "-"), "");
}

TEST(ConfigList, QuotesWhatTheConfigurationWouldSplitOrTrim) {
  EXPECT_EQ(config_list({"MSIH", "MSI, high", "MSS "}), "MSIH, \"MSI, high\", \"MSS \"");
  EXPECT_EQ(config_list({"a", "b", "c"}, 2), "a, b, ...");
}

TEST(NumberFault, KnowsWhatPeopleWriteInsteadOfANumber) {
  const std::vector<std::pair<const char*, NumberFault>> cells = {{"[Not Available]", NumberFault::missing},
                                                                  {"'--", NumberFault::missing},
                                                                  {"#DIV/0!", NumberFault::missing},
                                                                  {"0,53", NumberFault::comma},
                                                                  {"-12,5", NumberFault::comma},
                                                                  {"0,530", NumberFault::comma},
                                                                  {"1,234", NumberFault::thousands},
                                                                  {"1,234,567.8", NumberFault::thousands},
                                                                  {"1 234", NumberFault::thousands},
                                                                  {"53%", NumberFault::percent},
                                                                  {"53.5 %", NumberFault::percent},
                                                                  {"<0.01", NumberFault::bound},
                                                                  {"> 100", NumberFault::bound},
                                                                  {"\u22645", NumberFault::bound},
                                                                  {"inf", NumberFault::not_finite},
                                                                  {"-Infinity", NumberFault::not_finite},
                                                                  {"1e999", NumberFault::not_finite},
                                                                  {"1'234.5", NumberFault::thousands},
                                                                  {"-1\u2019234", NumberFault::thousands},
                                                                  {"1\u00a0234", NumberFault::thousands},
                                                                  {"0.32\u00a0", NumberFault::character},
                                                                  {"\u22120.5", NumberFault::character},
                                                                  {"\u22120,5", NumberFault::character},
                                                                  {"TRUE", NumberFault::truth},
                                                                  {"no", NumberFault::truth},
                                                                  {"'0.5", NumberFault::as_text},
                                                                  {"=\"0.5\"", NumberFault::as_text},
                                                                  {"Not evaluable", NumberFault::missing},
                                                                  {"5 mm", NumberFault::unit},
                                                                  {"12.5mg/ml", NumberFault::unit},
                                                                  {"high", NumberFault::other},
                                                                  {"1.2.3", NumberFault::other}};
  for (const auto& [cell, fault] : cells) EXPECT_EQ(number_fault(cell), fault) << cell;
}

TEST(NumberFaults, AreALineForEachKindWithWhatToWrite) {
  Cohort cohort;
  cohort.files.name = "A";
  cohort.files.missing = {"NONE"};
  cohort.clini.path = "clini.csv";
  NumberFaults faults;
  for (std::size_t row = 2; row < 122; ++row) faults.add("<0.01", row);
  faults.add("53 %", 123);
  faults.add("high", 124);
  faults.add("TRUE", 125);
  Problems problems;
  faults.report(cohort, "LF", problems);
  EXPECT_THAT(
      problems.lines(),
      ElementsAre(HasSubstr("column 'LF': 1 cell has a percent sign: '53 %' (row 123); write all values"),
                  "clini.csv, column 'LF': 120 cells have a bound instead of a number: '<0.01' (120 times, rows "
                  "2, 3, 4, ...); write a number, or leave these patients out: add <0.01 to missing in "
                  "[cohort.A]",
                  HasSubstr("'TRUE' (row 125); write 1 and 0 in all cohorts"),
                  HasSubstr("column 'LF': 1 cell is not a number: 'high' (row 124); correct it")));
  Problems elsewhere;
  cohort.files.by_options = true;
  faults.report(cohort, "LF", elsewhere);
  EXPECT_THAT(elsewhere.lines()[1], ::testing::EndsWith("leave these patients out: give --missing \"NONE, <0.01\""));
}

}  // namespace
}  // namespace mtlgrid
