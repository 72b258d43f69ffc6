// Workbooks that are damaged, or made to take memory or time: each is refused with what is wrong.
#include <functional>

#include "base/errors.h"
#include "datasets/workbooks/number_formats.h"
#include "datasets/workbooks/workbook.h"
#include "tests/datasets/workbooks/handmade.h"

namespace mtlgrid::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<std::string> problems_of_bytes(const std::string& bytes) {
  return problems_of([&] { Workbook(std::string(bytes)).read(0, [](SheetRow&) {}); });
}

std::vector<std::string> problems_of_sheet(const std::string& sheet) {
  return problems_of_bytes(zipped(parts_of({{"S", sheet}})));
}

const std::string kSmall = sheet_of({text_cell("a") + number_cell("1")});

TEST(HostileWorkbooks, EveryTruncationIsRefused) {
  const std::string whole = zipped(parts_of({{"S", kSmall}}));
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_THAT(problems_of_bytes(whole.substr(0, size)), SizeIs(1)) << size;
  }
}

TEST(HostileWorkbooks, AFlippedBitIsRefusedOrChangesNothing) {
  const std::string whole = zipped(parts_of({{"S", kSmall}}));
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    std::string read;
    try {
      Workbook(bytes).read(0, [&](SheetRow& row) {
        for (const SheetCell& cell : row.cells) read += cell.text;
      });
      EXPECT_EQ(read, "a1") << at;
    } catch (const InputError&) {
    }
  }
}

TEST(HostileWorkbooks, AMemberTwiceIsRefused) {
  Parts parts = parts_of({{"S", kSmall}});
  parts["XL/workbook.xml"] = parts["xl/workbook.xml"];
  EXPECT_THAT(problems_of_bytes(zipped(parts)), ElementsAre(HasSubstr("the archive has xl/workbook.xml twice")));
}

TEST(HostileWorkbooks, PartsAreBoundedUnpacked) {
  Parts parts = parts_of({{"S", kSmall}});
  parts["xl/workbook.xml"] = "<workbook>" + std::string(17 << 20, ' ') + "</workbook>";
  EXPECT_THAT(problems_of_bytes(zipped(parts)),
              ElementsAre(HasSubstr("xl/workbook.xml has more than 16.8 MB unpacked")));
}

TEST(HostileWorkbooks, ASizeThatIsALieIsFound) {
  Parts parts = parts_of({{"S", kSmall}});
  parts["xl/workbook.xml"] = "<workbook>" + std::string(17 << 20, ' ') + "</workbook>";
  std::string bytes = zipped(parts);
  // The size unpacked, in the directory and before the member, becomes 1000.
  const std::size_t size = parts["xl/workbook.xml"].size();
  std::string old, made = {'\xE8', '\x03', '\0', '\0'};
  for (int byte = 0; byte < 4; ++byte) old += static_cast<char>(size >> (8 * byte) & 0xFF);
  for (auto at = bytes.find(old); at != std::string::npos; at = bytes.find(old, at)) bytes.replace(at, 4, made);
  EXPECT_THAT(problems_of_bytes(bytes), ElementsAre(HasSubstr("xl/workbook.xml")));
}

TEST(HostileWorkbooks, EntitiesDoNotExpand) {
  Parts parts = parts_of({{"S", kSmall}});
  parts["xl/sharedStrings.xml"] =
      "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><sst><si><t>&b;</t></si></sst>";
  EXPECT_THAT(problems_of_bytes(zipped(parts)),
              ElementsAre("damaged: xl/sharedStrings.xml declares a document type, which no workbook has"));
}

TEST(HostileWorkbooks, DepthAndTagsAreBounded) {
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) deep += "<a>";
  EXPECT_THAT(problems_of_sheet(deep), ElementsAre(HasSubstr("elements more than 64 deep")));
  EXPECT_THAT(problems_of_sheet("<a b=\"" + std::string(3 << 20, 'x') + "\"/>"),
              ElementsAre(HasSubstr("has a tag of more than 1048576 bytes")));
}

TEST(HostileWorkbooks, RowsAndColumnsAreThoseOfASheet) {
  const std::pair<const char*, const char*> cases[] = {
      {"<row r=\"0\"/>", "row '0', expected 1 to 1048576"},
      {"<row r=\"1048577\"/>", "row '1048577'"},
      {"<row r=\"-1\"/>", "row '-1'"},
      {"<row r=\"18446744073709551617\"/>", "row '18446744073709551617'"},
      {"<row r=\"2\"/><row r=\"2\"/>", "row 2 comes after row 2"},
      {"<row><c r=\"XFE1\"/></row>", "cell 'XFE1' in row 1, expected A to XFD"},
      {"<row><c r=\"AAAAAAAAAAAAAAAAAAAAAAA1\"/></row>", "expected A to XFD"},
      {"<row><c r=\"1\"/></row>", "cell '1'"},
      {"<row><c r=\"B1\"/><c r=\"A1\"/></row>", "cell A1 comes after B1"},
      {"<row><c r=\"B1\"/><c r=\"B1\"/></row>", "cell B1 comes after B1"}};
  for (const auto& [rows, problem] : cases) {
    EXPECT_THAT(problems_of_sheet(std::string("<sheetData>") + rows + "</sheetData>"), ElementsAre(HasSubstr(problem)));
  }
}

TEST(HostileWorkbooks, CellsThatCannotBeAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"<c><v>1,5</v></c>", "cell A1: '1,5' is not a number"},
      {"<c t=\"s\"><v>0</v></c>", "cell A1 has text number '0' of 0"},
      {"<c t=\"s\"><v>-1</v></c>", "text number '-1' of 0"},
      {"<c t=\"b\"><v>2</v></c>", "cell A1: '2' is not a truth value"},
      {"<c t=\"d\"><v>today</v></c>", "cell A1: 'today' is not a date"}};
  for (const auto& [cell, problem] : cases)
    EXPECT_THAT(problems_of_sheet(sheet_of({cell})), ElementsAre(HasSubstr(problem)));
  EXPECT_THAT(problems_of_sheet(sheet_of({text_cell(std::string(2 << 20, 'x'))})),
              ElementsAre("cell A1 has a text of more than 1048576 bytes"));
}

TEST(HostileWorkbooks, ATextThatManyCellsShareIsBounded) {
  Parts parts = parts_of({{"S", ""}});
  std::string rows;
  for (int i = 0; i < 1200; ++i) rows += "<row><c t=\"s\"><v>0</v></c></row>";
  auto& sheet = parts["xl/worksheets/sheet1.xml"];
  sheet.insert(sheet.find("</worksheet>"), "<sheetData>" + rows + "</sheetData>");
  parts["xl/sharedStrings.xml"] = "<sst><si><t>" + std::string((1 << 20) - 1, 'x') + "</t></si></sst>";
  EXPECT_THAT(problems_of_bytes(zipped(parts)), ElementsAre("has cells of more than 1 GB of text"));
}

// Time is linear in them: hours otherwise.
TEST(HostileWorkbooks, LongFormatsAndManyEscapesAreReadOnce) {
  const std::string open(std::size_t{16} << 20, '[');
  EXPECT_EQ(kind_of_format(open), NumberKind::number);
  EXPECT_EQ(kind_of_format(open + "]d"), NumberKind::date) << "all before it is one literal";
  EXPECT_EQ(kind_of_format("[Red][h]\"d\"[x"), NumberKind::duration);
  Parts parts = parts_of({{"S", sheet_of({"<c t=\"s\"><v>0</v></c>"})}});
  std::string escapes;
  for (int i = 0; i < 4'000'000; ++i) escapes += "x005F_";
  parts["xl/sharedStrings.xml"] = "<sst><si><t>a_" + escapes + "x000D_b_x005F_</t></si><si><t>x005F_</t></si></sst>";
  std::string text;
  Workbook(zipped(parts)).read(0, [&](SheetRow& row) { text = row.cells[0].text; });
  EXPECT_EQ(text, "a_x000D_b_");
}

TEST(HostileWorkbooks, WideRowsAreBoundedTogether) {
  std::string rows;
  for (int i = 0; i < 4000; ++i) rows += "<row><c r=\"XFD" + std::to_string(i + 1) + "\"><v>1</v></c></row>";
  EXPECT_THAT(problems_of_sheet("<sheetData>" + rows + "</sheetData>"), ElementsAre("has more than 50000000 cells"));
}

TEST(HostileWorkbooks, MissingPartsAreNamed) {
  Parts parts = parts_of({{"A sheet", kSmall}});
  parts.erase("xl/worksheets/sheet1.xml");
  EXPECT_THAT(problems_of_bytes(zipped(parts)), ElementsAre("damaged: sheet 'A sheet' is missing in the archive"));
  parts = parts_of({{"S", kSmall}});
  parts["xl/worksheets/sheet1.xml"] = "<chartsheet/>";
  EXPECT_THAT(problems_of_bytes(zipped(parts)), ElementsAre(HasSubstr("is not a sheet of cells")));
  EXPECT_THAT(problems_of_bytes(zipped(parts_of({}))), ElementsAre("is an Office document without sheets"));
  EXPECT_THAT(problems_of_bytes(zipped({{"x", ""}})), ElementsAre(HasSubstr("a zip archive without a workbook")));
}

TEST(HostileWorkbooks, ManyMembersAreCountedBeforeTheyAreRead) {
  std::string bytes = "PK\x03\x04";
  for (int i = 0; i < 70'000; ++i) bytes += "PK\x01\x02";
  EXPECT_THAT(problems_of_bytes(bytes), ElementsAre("has more than 65536 members"));
}

}  // namespace
}  // namespace mtlgrid::testing
