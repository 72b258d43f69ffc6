#include "results/tables/table_files.h"

#include <stdexcept>
#include <string>
#include <system_error>

#include "base/errors.h"
#include "base/output_file.h"

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
    case TableFormat::workbook:
      return ".xlsx";
  }
  throw std::invalid_argument("unknown table format");
}

}  // namespace

std::vector<std::filesystem::path> write_tables(const std::vector<PaperTable>& tables,
                                                const std::vector<TableFormat>& formats,
                                                const std::filesystem::path& out, const TableOrigin& origin) {
  std::error_code failed;
  std::filesystem::create_directories(out, failed);
  if (failed) {
    const bool link = std::filesystem::is_symlink(std::filesystem::symlink_status(out, failed));
    throw InputError(out.string() + ": the folder for the tables cannot be made: " +
                     (link ? "it is a symbolic link that leads nowhere" : failed.message()));
  }
  write_origin(out, origin);
  std::vector<std::filesystem::path> files;
  for (const PaperTable& table : tables) {
    for (TableFormat format : formats) {
      files.push_back(out / (table.file_stem + suffix(format)));
      OutputFile("--out", files.back()).write(FileCalls::real(), render(table, format));
    }
  }
  return files;
}

}  // namespace mtlgrid
