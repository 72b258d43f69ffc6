#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mtlgrid {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
  for (const char* text : {"", "MSI/LF/autol+cagrad/3", "naïve – 86 %", "a\\b", "日本語", "%s{}"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(printable_lines(text), text);
  }
}

TEST(Printable, EscapesWhatActsOnATerminal) {
  EXPECT_EQ(printable("\x1b[2J\x1b]0;title\x07"), "\\x1b[2J\\x1b]0;title\\x07");
  EXPECT_EQ(printable("a\nb\tc\rd\x7f"), "a\\nb\\tc\\x0dd\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m")
      << "C1: another way to begin an escape sequence";
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Printable, EscapesWhatReordersOrHidesText) {
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "evil"),
            "\\u202eevil");
  EXPECT_EQ(printable("a\xe2\x81\xa6"
                      "b\xe2\x80\x8b"
                      "c\xef\xbb\xbf"),
            "a\\u2066b\\u200bc\\ufeff");
  EXPECT_EQ(printable("\xf3\xa0\x81\x81"), "\\U000e0041") << "a tag";
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\xff"
                      "b\xc3"),
            "a\\xffb\\xc3");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(Printable, LinesKeepTheirEndsAlone) { EXPECT_EQ(printable_lines("a\x1b\nb\r\nc\rd"), "a\\x1b\nb\r\nc\\x0dd"); }

TEST(Printable, CutsByCharactersNotBytes) {
  EXPECT_EQ(cut_to("naïve", 5), "naïve");
  EXPECT_EQ(cut_to("naïve", 4), "naï…");
  EXPECT_EQ(cut_to("naïve", 1), "…");
  EXPECT_EQ(cut_to("naïve", 0), "");
  EXPECT_EQ(width("naï…"), 4u);
}

TEST(Printable, QuotesForAShellWhateverTheTextHolds) {
  EXPECT_EQ(shell_quoted("MSI"), "'MSI'");
  EXPECT_EQ(shell_quoted("$(touch x) `y` \"z\" \\"), "'$(touch x) `y` \"z\" \\'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(Printable, SpeaksTimes) {
  EXPECT_EQ(spoken_duration(46.6), "47 s");
  EXPECT_EQ(spoken_duration(200), "3 min 20 s");
  EXPECT_EQ(spoken_duration(18720), "5 h 12 min");
  EXPECT_EQ(spoken_duration(183600), "2 d 3 h");
  EXPECT_EQ(spoken_duration(-5), "0 s");
  EXPECT_EQ(spoken_time(0), "1970-01-01 00:00:00");
  EXPECT_EQ(spoken_time(std::nan("")), "?");
  EXPECT_EQ(spoken_time(1e300), "?");
}

}  // namespace
}  // namespace mtlgrid
