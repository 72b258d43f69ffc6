#include "datasets/tables/read_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/errors.h"
#include "base/whole_file.h"
#include "datasets/tables/csv.h"

namespace mtlgrid {
namespace {

constexpr std::string_view kSuffixes[] = {".csv", ".tsv", ".tab", ".txt"};

}  // namespace

Table read_table(const std::filesystem::path& path, const TableRules& rules) {
  const std::string suffix = lower_ascii(path.extension().string());
  if (std::find(std::begin(kSuffixes), std::end(kSuffixes), suffix) != std::end(kSuffixes))
    return parse_csv(read_whole_file(path, "a table"), path, rules);
  if (suffix == ".xlsx" || suffix == ".xls" || suffix == ".ods") {
    throw InputError(
        fmt::format("{}: {} tables are not supported yet, save the sheet as csv (UTF-8)", path.string(), suffix));
  }
  throw InputError(fmt::format("{}: suffix '{}', expected a table in .csv, .tsv, .tab or .txt", path.string(),
                               path.extension().string()));
}

}  // namespace mtlgrid
