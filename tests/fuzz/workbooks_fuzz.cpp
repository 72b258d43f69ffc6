// A workbook: a table of whole rows, or refused. The first byte says whether the rest is a whole file, or a sheet, the
// shared texts or the formats of a workbook that is otherwise sound: an archive's checksums keep most changes from the
// parsers of its parts.
#include <zip.h>

#include <memory>

#include "base/errors.h"
#include "datasets/tables/sheet_table.h"
#include "tests/fuzz/input.h"

using namespace mtlgrid;

namespace {

constexpr const char* kRelated = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";

std::string zipped(const std::string& name, const std::string& text) {
  const std::string type = std::string("<Relationship Type=\"") + kRelated;
  const std::pair<std::string, std::string> parts[] = {
      {"xl/workbook.xml", "<workbook><sheets><sheet name=\"S\" r:id=\"1\" xmlns:r=\"r\"/></sheets></workbook>"},
      {"xl/_rels/workbook.xml.rels",
       "<Relationships>" + type + "worksheet\" Id=\"1\" Target=\"worksheets/s.xml\"/></Relationships>"},
      {"xl/worksheets/s.xml",
       "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row>"
       "<row><c s=\"1\"><v>43831.5</v></c><c s=\"2\"><v>1.5</v></c></row></sheetData></worksheet>"},
      {"xl/sharedStrings.xml", "<sst><si><t>a</t></si><si><r><t>b</t></r></si></sst>"},
      {"xl/styles.xml",
       "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"[h]:mm\"/></numFmts>"
       "<cellXfs><xf/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"}};
  const auto file = fuzz::as_file("", "made.zip");
  std::filesystem::remove(file);
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE, nullptr);
  for (const auto& [part, sound] : parts) {
    const std::string& content = part == name ? text : sound;
    zip_file_add(archive, part.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(zip_get_num_entries(archive, 0)) - 1, ZIP_CM_STORE, 0);
  }
  fuzz::expect(zip_close(archive) == 0, "an archive");
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes = fuzz::text_of(data, size);
  const char kind = bytes.empty() ? 'P' : bytes.front();
  if (kind != 'P') {
    const std::string part = kind == '1'   ? "xl/worksheets/s.xml"
                             : kind == '2' ? "xl/sharedStrings.xml"
                                           : "xl/styles.xml";
    bytes = zipped(part, bytes.substr(1));
  }
  for (const char* needed : {"", "a"}) {
    try {
      const Table t = parse_workbook(bytes, "t.xlsx", std::nullopt, {{"p"}, needed});
      std::size_t line = t.header_line;
      for (const Table::Row& row : t.rows) {
        fuzz::expect(row.cells.size() == t.columns.size(), "a cell for every column");
        fuzz::expect(row.line > line, "ascending lines");
        line = row.line;
        for (std::size_t c = 0; c < row.cells.size(); ++c) t.number(c, row.cells[c].value_or(""));
      }
    } catch (const InputError& e) {
      fuzz::expect(!e.problems().empty(), "a reason");
    }
  }
  return 0;
}
