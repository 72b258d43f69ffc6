#include "base/quoting.h"

#include <gmock/gmock.h>

namespace mtlgrid {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Quoting, AQuoteIsDoubledInQuotes) {
  EXPECT_EQ(in_quotes("a \"b\""), "\"a \"\"b\"\"\"");
  EXPECT_EQ(unquoted("\"a \"\"b\"\"\""), "a \"b\"");
}

TEST(Quoting, OnlyAQuoteAtTheStartIsOne) {
  EXPECT_EQ(unquoted("5\" margin"), "5\" margin");
  EXPECT_EQ(unquoted(""), "");
  EXPECT_EQ(unquoted("\"\""), "");
}

TEST(Quoting, WhatIsNotClosedOrFollowedHasNoText) {
  for (const char* value : {"\"", "\"a", "\"a\"\"", "\"a\" b", "\"a\"b\""}) EXPECT_EQ(unquoted(value), std::nullopt);
}

TEST(Quoting, IsNeededForWhatTheSyntaxWouldTake) {
  for (const char* text : {"CIN ", " x", "\tx", "a, b", "a: b", "Segments #", "#x", ";x", "a ;b", "\"x\"", ""}) {
    EXPECT_EQ(quoted_if_needed(text), in_quotes(text)) << text;
  }
  for (const char* text : {"LF", "Leukocyte Fraction", "a#b", "a;b", "5\"", "'--"}) {
    EXPECT_EQ(quoted_if_needed(text), text);
  }
}

TEST(Quoting, WhatWasQuotedIsReadBack) {
  for (const std::string text : {"CIN ", "a, b: \"c\" # d", "\"", "\"\"", "x"}) {
    EXPECT_EQ(unquoted(in_quotes(text)), text);
    EXPECT_EQ(unquoted(quoted_if_needed(text)), text);
  }
}

TEST(Quoting, SeparatorsInQuotesSeparateNothing) {
  EXPECT_THAT(split_outside_quotes("a, \"b, c\" ,X: \"d, \"\"e\"", ','),
              ElementsAre("a", "\"b, c\"", "X: \"d, \"\"e\""));
  EXPECT_THAT(split_outside_quotes("\"a: b\": c", ':'), ElementsAre("\"a: b\"", "c"));
  EXPECT_THAT(split_outside_quotes("a,,", ','), ElementsAre("a", "", ""));
  EXPECT_THAT(split_outside_quotes("", ','), IsEmpty());
}

TEST(Quoting, AQuoteWithinAWordIsACharacter) {
  EXPECT_THAT(split_outside_quotes("5\", 6\"", ','), ElementsAre("5\"", "6\""));
}

TEST(Quoting, AnUnclosedQuoteReachesTheEnd) {
  EXPECT_THAT(split_outside_quotes("a, \"b, c", ','), ElementsAre("a", "\"b, c"));
  EXPECT_EQ(quote_end("x \"y", 2), std::string_view::npos);
}

}  // namespace
}  // namespace mtlgrid
