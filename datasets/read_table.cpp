#include "datasets/read_table.h"

#include <fmt/core.h>

#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include "base/ascii.h"
#include "base/errors.h"
#include "datasets/csv.h"

namespace mtlgrid {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw InputError(path.string() + ": no such file, expected a table");
  if (!std::filesystem::is_regular_file(path, error))
    throw InputError(path.string() + ": not a file, expected a table");
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.good() && !in.eof()) throw InputError(path.string() + ": cannot be read, expected a readable table");
  return text;
}

}  // namespace

Table read_table(const std::filesystem::path& path, const TableRules& rules) {
  const std::string suffix = lower_ascii(path.extension().string());
  if (suffix == ".csv" || suffix == ".tsv" || suffix == ".txt") return parse_csv(read_text(path), path, rules);
  if (suffix == ".xlsx" || suffix == ".xls" || suffix == ".ods") {
    throw InputError(
        fmt::format("{}: {} tables are not supported yet, save the sheet as csv (UTF-8)", path.string(), suffix));
  }
  throw InputError(
      fmt::format("{}: suffix '{}', expected a table in .csv, .tsv or .txt", path.string(), path.extension().string()));
}

}  // namespace mtlgrid
