#include "datasets/tables/other_formats.h"

#include "tests/datasets/support.h"

namespace mtlgrid::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string wide(const std::string& text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

std::vector<std::string> problems_of_format(const std::string& bytes, const std::string& file) {
  return problems_of([&] { refuse_other_formats(bytes, file); });
}

TEST(OtherFormats, HaveTheLineThatConvertsThem) {
  const std::string ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1....";
  const char* office = "libreoffice --headless --convert-to xlsx ";
  const std::tuple<std::string, const char*, const char*, std::string> cases[] = {
      {ole + wide("Workbook"), "t.xls", "an old Excel workbook (.xls)", office},
      {ole + wide("Book"), "t.xls", "an old Excel workbook (.xls)", office},
      {"PK\x03\x04..xl/workbook.bin..xl/worksheets/sheet1.bin", "t.xlsb", "a binary Excel workbook (.xlsb)", office},
      {"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "t.ods", "(.ods)", office},
      {"PK\x03\x04..Index/Document.iwa", "t.numbers", "a Numbers spreadsheet", office},
      {ole + wide("EncryptedPackage"), "t.xlsx", "a workbook with a password", "msoffcrypto-tool -p PASSWORD "},
      {std::string("PAR1\0\1", 6), "t.parquet", "a Parquet file", "pandas.read_parquet(sys.argv[1])"},
      {std::string("ARROW1\0\0", 8), "t.feather", "an Arrow file (.feather)", "pandas.read_feather(sys.argv[1])"},
      {std::string("FEA1\0\0", 6), "t.feather", "a Feather file", "pandas.read_feather(sys.argv[1])"}};
  for (const auto& [bytes, file, name, line] : cases) {
    EXPECT_THAT(problems_of_format(bytes, file),
                ElementsAre(AllOf(StartsWith(file), HasSubstr(name), HasSubstr(line), HasSubstr(file))))
        << file;
  }
}

TEST(OtherFormats, FilesInTheLineAreQuotedForAShell) {
  EXPECT_THAT(problems_of_format(std::string("PAR1\0\1", 6), "my 'own' {} t.parquet"),
              ElementsAre(EndsWith(R"( 'my '\''own'\'' {} t.parquet' 'my '\''own'\'' {} t.csv')")));
}

TEST(OtherFormats, TheBeginningOfAWorkbookIsNotAnArchiveToUnpack) {
  for (const char* file : {"t.xlsx", "t.XLSM"}) {
    EXPECT_THAT(
        problems_of_format("PK\x03\x04....[Content_Types].xml", file),
        ElementsAre(AllOf(HasSubstr("the beginning of a zip archive"), EndsWith("is it whole? Copy it once more"))));
  }
  EXPECT_THAT(problems_of_format("PK\x03\x04....clini.csv....PK\x05\x06", "t.xlsx"),
              ElementsAre(HasSubstr("is a zip archive, not a table that can be read; unpack it first")));
}

TEST(OtherFormats, AreToldByContent) {
  const std::pair<std::string, const char*> cases[] = {
      {"PK\x03\x04....clini.csv", "is a zip archive"},
      {"PK\x03\x04....word/document.xml", "is a Word document"},
      {"\xD0\xCF\x11\xE0" + wide("WordDocument"), "is an old Word document"},
      {"\x1F\x8B\x08", "compressed with gzip"},
      {"\x89HDF\r\n", "is an HDF5 file"},
      {"%PDF-1.7", "is a PDF document"},
      {"\n <!DOCTYPE html><html>", "is a web page"},
      {"<Table><tr>", "is a web page"},
      {"<?xml version=\"1.0\"?>", "is an XML document"},
      {"[ {\"case_id\": 1}]", "is a JSON document"},
  };
  for (const auto& [bytes, name] : cases)
    EXPECT_THAT(problems_of_format(bytes, "t.csv"), ElementsAre(HasSubstr(name))) << name;
  EXPECT_THAT(problems_of_format("PAR1,ARROW1\nA,1\n", "t.csv"), ElementsAre());
}

}  // namespace
}  // namespace mtlgrid::testing
