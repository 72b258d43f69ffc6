// Tables written to a folder.
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "datasets/errors.h"
#include "results/tables.h"

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

// Readers see the old file or the whole new one.
void write_by_rename(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path temporary = file.string() + ".part";
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  if (!out)
    throw Error(ErrorKind::needs_person, temporary.string() + ": cannot be written; disk full, or no permission?");
  std::filesystem::rename(temporary, file);
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
      write_by_rename(files.back(), render(table, format));
    }
  }
  return files;
}

}  // namespace mtlgrid
