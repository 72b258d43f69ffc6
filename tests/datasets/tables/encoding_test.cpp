#include "datasets/tables/encoding.h"

#include "datasets/tables/csv.h"
#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> problems_of_encoding(const std::string& text) {
  return problems_of([&] { parse_csv(text, "t.csv"); });
}

// UTF-16 of characters up to U+00FF, with a byte-order mark.
std::string utf16(const std::string& latin1, bool big_endian) {
  std::string out = big_endian ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : latin1) out += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

TEST(Encoding, Utf16WithItsMarkIsRead) {
  for (const bool big_endian : {false, true}) {
    const Table t = parse_csv(utf16("PATIENT\tx\r\n\xC4\t1\r\n", big_endian), "t.csv");
    EXPECT_THAT(t.columns, ElementsAre("PATIENT", "x"));
    EXPECT_EQ(t.rows.at(0).cells[0], "Ä");
    EXPECT_THAT(t.inferences, ElementsAre(HasSubstr("the text is UTF-16"), HasSubstr("separated by tabs")));
  }
}

TEST(Encoding, BrokenUtf16IsRefused) {
  EXPECT_THAT(problems_of_encoding(utf16("a,b\n1,2\n", false) + "x"), ElementsAre(HasSubstr("half a character")));
  EXPECT_THAT(problems_of_encoding("\xFF\xFE" + std::string{'\x01', '\xDC', 'a', '\0'}),
              ElementsAre(HasSubstr("malformed UTF-16")));
  EXPECT_THAT(problems_of_encoding(utf16("a,b\n1,2\n", false).substr(2)),
              ElementsAre(HasSubstr("UTF-16 text without a byte-order mark")));
}

TEST(Encoding, Latin1IsOneLineWithByteRowAndWayOut) {
  std::string latin1 = "a,b\n";
  for (int i = 0; i < 500; ++i) latin1 += "\xE4,1\n";
  EXPECT_THAT(
      problems_of_encoding(latin1),
      ElementsAre("t.csv: is not UTF-8 text (500 times: byte 0xE4, 'ä' in Windows-1252, in row 2, byte 0xE4, 'ä' "
                  "in Windows-1252, in row 3, byte 0xE4, 'ä' in Windows-1252, in row 4, ...); save it again as "
                  "csv UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"));
  EXPECT_THAT(problems_of_encoding("a,b\n1,\x80\n"), ElementsAre(HasSubstr("(byte 0x80 in row 2)")));
}

TEST(Encoding, NulBytesAreNamed) {
  EXPECT_THAT(problems_of_encoding("a,b\n1,x" + std::string(1, '\0') + "y\n"),
              ElementsAre(HasSubstr("has NUL bytes, expected text (row 2)")));
}

TEST(Encoding, OtherFormatsAreRefusedInAnyEncoding) {
  EXPECT_THAT(problems_of_encoding("%PDF-1.7"),
              ElementsAre(HasSubstr("is a PDF document, not a table that can be read; ")));
  EXPECT_THAT(problems_of_encoding(utf16("<html>", false)), ElementsAre(HasSubstr("is a web page")));
  EXPECT_THAT(parse_csv("PAR1,{a\nA,1\n", "t.csv").rows, SizeIs(1));
}

}  // namespace
}  // namespace mtlgrid::testing
