// Workbooks in Office Open XML (.xlsx, .xlsm): their sheets as rows of cells, each cell as pandas.read_excel with
// dtype=str and openpyxl reads it. ECMA-376, transitional and strict.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/workbooks/sheet_rows.h"

namespace mtlgrid {

class Workbook {
 public:
  struct Sheet {
    std::string name;
    bool hidden = false;
  };

  // `bytes`: a whole file, as looks_like_workbook(). Reads its texts and styles. Throws InputError, without the file's
  // name, if it is damaged, not a workbook, or larger than the bounds of docs/data.md#workbooks.
  explicit Workbook(std::string bytes);
  ~Workbook();
  Workbook(const Workbook&) = delete;
  Workbook& operator=(const Workbook&) = delete;

  // Those of cells, in the workbook's order; at least one.
  const std::vector<Sheet>& sheets() const { return sheets_; }
  // Passes the rows of a sheet to `take`, in ascending order; it may take the cells away. Errors as of the constructor,
  // also after rows were passed.
  SheetNotes read(std::size_t sheet, const std::function<void(SheetRow&)>& take) const;

 private:
  struct Contents;
  std::vector<Sheet> sheets_;
  std::unique_ptr<Contents> contents_;
};

// Whether `bytes` begin as a zip archive and name the part of a workbook. A damaged one looks so too.
bool looks_like_workbook(std::string_view bytes);

}  // namespace mtlgrid
