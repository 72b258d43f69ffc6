// Tables written to a folder.
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "base/errors.h"
#include "base/files.h"
#include "results/tables/tables.h"

namespace mtlgrid {
namespace {

const char* suffix(TableFormat format) {
  switch (format) {
    case TableFormat::markdown:
      return ".md";
    case TableFormat::csv:
      return ".csv";
    case TableFormat::latex:
      return ".tex";
  }
  throw std::invalid_argument("unknown table format");
}

}  // namespace

std::vector<std::filesystem::path> write_tables(const std::filesystem::path& store, const std::filesystem::path& out,
                                                const TableOptions& options) {
  const std::vector<PaperTable> tables = paper_tables(store, options);
  std::error_code failed;
  std::filesystem::create_directories(out, failed);
  if (failed) throw InputError(out.string() + ": cannot be made a folder for tables: " + failed.message());
  std::vector<std::filesystem::path> files;
  for (const PaperTable& table : tables) {
    for (TableFormat format : options.formats) {
      files.push_back(out / (table.file_stem + suffix(format)));
      write_by_rename(FileCalls::real(), files.back(), render(table, format));
    }
  }
  return files;
}

}  // namespace mtlgrid
