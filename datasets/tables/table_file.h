// The name of a table in a configuration: a file, or a sheet of a workbook.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace mtlgrid {

struct TableFile {
  std::filesystem::path file;
  std::optional<std::string> sheet;
};

// Divides "clini.xlsx#Sheet 1" into the file and the name of a sheet. What is a file as a whole is one, whatever is in
// its name. Otherwise the file is the longest beginning before a '#' that is one; where none is there, what ends before
// the last '#' after ".xlsx" or ".xlsm". Never fails.
TableFile table_file(const std::filesystem::path& name);

}  // namespace mtlgrid
