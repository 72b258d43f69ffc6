#include "datasets/tables/read_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "datasets/tables/csv.h"
#include "datasets/tables/other_formats.h"
#include "datasets/tables/sheet_table.h"
#include "datasets/tables/table_file.h"
#include "datasets/workbooks/workbook.h"

namespace mtlgrid {
namespace {

constexpr std::string_view kTextSuffixes[] = {".csv", ".tsv", ".tab", ".txt"};
// Of programs that write text or web pages under the name of a workbook.
constexpr std::string_view kWorkbookSuffixes[] = {".xlsx", ".xlsm", ".xls"};

template <std::size_t N>
bool any(const std::string_view (&suffixes)[N], const std::string& suffix) {
  return std::find(std::begin(suffixes), std::end(suffixes), suffix) != std::end(suffixes);
}

Table read_text(std::string_view text, const std::filesystem::path& path, const TableRules& rules) {
  const std::string suffix = lower_ascii(path.extension().string());
  const bool other = any(kWorkbookSuffixes, suffix);
  if (!other && !any(kTextSuffixes, suffix)) {
    throw InputError(fmt::format("{}: suffix '{}', expected a table in .csv, .tsv, .tab, .txt or .xlsx", path.string(),
                                 path.extension().string()));
  }
  Table table = parse_csv(text, path, rules);
  if (other)
    table.inferences.insert(table.inferences.begin(), "is text and read as text, not the workbook of its suffix");
  return table;
}

}  // namespace

Table read_table(const std::filesystem::path& path, const TableRules& rules) {
  const TableFile source = table_file(path);
  std::string bytes = read_whole_file(source.file, "a table");
  if (looks_like_workbook(bytes)) return parse_workbook(std::move(bytes), path, source.sheet, rules);
  refuse_other_formats(bytes, source.file);
  if (source.sheet) {
    throw InputError(fmt::format("{}: names sheet '{}', but the file is text, not a workbook; write its name alone",
                                 path.string(), printable(*source.sheet)));
  }
  return read_text(bytes, path, rules);
}

}  // namespace mtlgrid
