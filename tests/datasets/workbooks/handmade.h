// Workbooks made by hand for tests: each part as text, so that any of them can be wrong.
#pragma once

#include <zip.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/datasets/support.h"

namespace mtlgrid::testing {

using Parts = std::map<std::string, std::string>;

inline std::string zipped(const Parts& parts) {
  const TempFolder folder;
  const std::string file = (folder / "made.zip").string();
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE, nullptr);
  if (archive == nullptr) throw std::runtime_error("no archive");
  for (const auto& [name, text] : parts) {
    zip_source_t* source = zip_source_buffer(archive, text.data(), text.size(), 0);
    const zip_int64_t member = zip_file_add(archive, name.c_str(), source, 0);
    if (member < 0) throw std::runtime_error("no member");
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(member), ZIP_CM_DEFLATE, 1);  // fast
  }
  if (zip_close(archive) != 0) throw std::runtime_error("not closed");
  return read_text(file);
}

// Names of sheets and what stands within `worksheet` in their parts.
using Sheets = std::vector<std::pair<std::string, std::string>>;

inline Parts parts_of(const Sheets& sheets) {
  const std::string ns = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
  const std::string related = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const std::string relations =
      "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
  Parts parts;
  std::string list, targets;
  for (std::size_t i = 0; i < sheets.size(); ++i) {
    const std::string number = std::to_string(i + 1);
    list += "<sheet name=\"" + sheets[i].first + "\" sheetId=\"" + number + "\" r:id=\"rId" + number + "\"/>";
    targets += "<Relationship Id=\"rId" + number + "\" Type=\"" + related + "/worksheet\" Target=\"worksheets/sheet" +
               number + ".xml\"/>";
    parts["xl/worksheets/sheet" + number + ".xml"] = "<worksheet " + ns + ">" + sheets[i].second + "</worksheet>";
  }
  parts["_rels/.rels"] = relations + "<Relationship Id=\"rId1\" Type=\"" + related +
                         "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
  parts["xl/_rels/workbook.xml.rels"] = relations + targets + "</Relationships>";
  parts["xl/workbook.xml"] =
      "<workbook " + ns + " xmlns:r=\"" + related + "\"><sheets>" + list + "</sheets></workbook>";
  return parts;
}

// A cell without a name: a text, or a number as it is stored.
inline std::string text_cell(const std::string& text) { return "<c t=\"inlineStr\"><is><t>" + text + "</t></is></c>"; }
inline std::string number_cell(const std::string& number) { return "<c><v>" + number + "</v></c>"; }

inline std::string sheet_of(const std::vector<std::string>& rows) {
  std::string out = "<sheetData>";
  for (const std::string& row : rows) out += "<row>" + row + "</row>";
  return out + "</sheetData>";
}

}  // namespace mtlgrid::testing
