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
  EXPECT_EQ(width("大腸 a"), 6u) << "two columns a character";
  EXPECT_EQ(width("nai\xcc\x88ve"), 5u) << "a combining mark has none of its own";
  EXPECT_EQ(cut_to("大腸癌", 6), "大腸癌");
  EXPECT_EQ(cut_to("大腸癌", 5), "大腸…");
  EXPECT_EQ(cut_to("大腸癌", 4), "大…") << "no half of a character";
  EXPECT_EQ(cut_to("大腸癌", 1), "…");
}

TEST(Printable, QuotesForAShellWhateverTheTextHolds) {
  EXPECT_EQ(shell_quoted("MSI"), "'MSI'");
  EXPECT_EQ(shell_quoted("$(touch x) `y` \"z\" \\"), "'$(touch x) `y` \"z\" \\'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

TEST(Padded, AddsSpacesByCharactersAndCutsNothing) {
  EXPECT_EQ(padded("µg", 4), "µg  ");
  EXPECT_EQ(padded("17", 4, Alignment::right), "  17");
  EXPECT_EQ(padded("longer", 3), "longer");
}

TEST(Counts, AreInTheSingularForOneAlone) {
  EXPECT_EQ(counted(0, "cell"), "0 cells");
  EXPECT_EQ(counted(1, "cell"), "1 cell");
  EXPECT_EQ(counted(2, "cell"), "2 cells");
  EXPECT_EQ(count_item(3, "failed"), ", 3 failed");
  EXPECT_EQ(count_item(0, "failed"), "");
}

TEST(Numbers, HaveACommaForEveryThreeDigits) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(1000), "1,000");
  EXPECT_EQ(with_separators(1234567), "1,234,567");
  EXPECT_EQ(with_separators(-100), "-100");
  EXPECT_EQ(with_separators(-1000), "-1,000");
}

TEST(Numbers, OfBytesHaveThreeDigitsAtMost) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1234), "1.2 kB");
  EXPECT_EQ(bytes_text(340e9), "340 GB");
  EXPECT_EQ(bytes_text(5e16), "50000 TB");
}

TEST(EstimatedDuration, IsRoundedUp) {
  EXPECT_EQ(estimated_duration(0.2), "under 1 s");
  EXPECT_EQ(estimated_duration(59.2), "1 min 00 s");
  EXPECT_EQ(estimated_duration(3599.5), "1 h 00 min");
  EXPECT_EQ(estimated_duration(27000), "7 h 30 min");
  EXPECT_EQ(estimated_duration(52.5 * 3600), "52 h 30 min");
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
