#include "datasets/workbooks/workbook.h"

#include <cstdint>
#include <utility>

#include "base/errors.h"
#include "datasets/workbooks/number_formats.h"
#include "datasets/workbooks/package.h"
#include "datasets/workbooks/sheet_reader.h"
#include "datasets/workbooks/string_table.h"
#include "datasets/workbooks/xml_events.h"
#include "datasets/workbooks/zip_parts.h"

namespace mtlgrid {
namespace {

constexpr std::uint64_t kLargestStyles = std::uint64_t{64} << 20, kLargestStrings = std::uint64_t{1} << 30,
                        kLargestSheet = std::uint64_t{2} << 30;  // bytes of a part, unpacked; guessed

void parse_part(const ZipParts& parts, const std::string& part, std::uint64_t most, XmlHandler& handler) {
  parse_xml(part, [&](const auto& take) { parts.read(part, most, take); }, handler);
}

}  // namespace

struct Workbook::Contents {
  explicit Contents(std::string bytes) : parts(std::move(bytes)), package(read_package(parts)) {
    if (!package.strings.empty()) parse_part(parts, package.strings, kLargestStrings, strings);
    if (!package.styles.empty()) parse_part(parts, package.styles, kLargestStyles, formats);
    formats.finish();
  }
  ZipParts parts;
  Package package;
  StringTable strings;
  NumberFormats formats;
};

Workbook::Workbook(std::string bytes) : contents_(std::make_unique<Contents>(std::move(bytes))) {
  for (const Package::Sheet& sheet : contents_->package.sheets) sheets_.push_back({sheet.name, sheet.hidden});
}
Workbook::~Workbook() = default;

SheetNotes Workbook::read(std::size_t sheet, const std::function<void(SheetRow&)>& take) const {
  SheetReader reader({contents_->strings, contents_->formats, contents_->package.dates}, take);
  parse_part(contents_->parts, contents_->package.sheets.at(sheet).part, kLargestSheet, reader);
  return reader.notes();
}

bool looks_like_workbook(std::string_view bytes) {
  const auto has = [&](const char* part) { return bytes.find(part) != std::string_view::npos; };
  if (!bytes.starts_with("PK\x03\x04")) return false;
  return has("xl/workbook.xml") || (has("xl/worksheets/") && !has("xl/workbook.bin"));
}

}  // namespace mtlgrid
