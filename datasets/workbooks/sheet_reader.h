// The part of a sheet as its rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/workbooks/number_formats.h"
#include "datasets/workbooks/serial_dates.h"
#include "datasets/workbooks/sheet_rows.h"
#include "datasets/workbooks/string_table.h"
#include "datasets/workbooks/xml_events.h"

namespace mtlgrid {

// What cells refer to; outlives the reader.
struct SheetContext {
  const StringTable& strings;
  const NumberFormats& formats;
  DateSystem dates;
};

// Passes every row that is not empty to `take`. Throws InputError where a cell is not what a workbook can have, or rows
// or cells are not in ascending order, and beyond the bounds of docs/data.md#workbooks.
class SheetReader : public XmlHandler {
 public:
  SheetReader(const SheetContext& context, const std::function<void(SheetRow&)>& take);
  const SheetNotes& notes() const { return notes_; }

  void begin(std::string_view name, const XmlAttributes& attributes) override;
  void end() override;
  void text(std::string_view piece) override;

 private:
  enum class Place : std::uint8_t { other, sheet, data, row, cell, value, formula, inline_text, merges };
  Place place_of(std::string_view name) const;
  void begin_row(const XmlAttributes& attributes);
  void begin_cell(const XmlAttributes& attributes);
  void end_cell();
  void end_row();
  SheetCell cell_of_value();
  SheetCell number();
  SheetCell shared_text();
  std::string cell_name() const;

  const SheetContext context_;
  const std::function<void(SheetRow&)>& take_;
  SheetNotes notes_;
  std::vector<Place> path_;
  SheetRow row_;
  std::size_t column_ = 0;  // of the cell, from 1; 0 before the first
  // Of the cell:
  std::string type_, value_;
  std::size_t style_ = 0;
  bool has_formula_ = false, has_value_ = false;
  TextRuns runs_;
  std::uint64_t cells_ = 0, characters_ = 0;  // passed on, of the whole sheet
};

}  // namespace mtlgrid
