// Which parts of a workbook's archive hold its sheets, texts and styles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/workbooks/serial_dates.h"
#include "datasets/workbooks/zip_parts.h"

namespace mtlgrid {

struct Package {
  struct Sheet {
    std::string name, part;
    bool hidden = false;
  };
  std::vector<Sheet> sheets;    // of cells, in the workbook's order; not charts, dialogs and macros
  std::string strings, styles;  // parts; empty where there is none
  DateSystem dates = DateSystem::from_1900;
};

// Follows the relationships of `parts`, transitional or strict. Throws InputError, without the file's name, if the
// archive is not a workbook, has a sheet without a part, or no sheet of cells.
Package read_package(const ZipParts& parts);

}  // namespace mtlgrid
