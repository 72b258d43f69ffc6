// The rows of a sheet, and what they do not show.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mtlgrid {

struct SheetCell {
  // `moment`: a date, time or duration. The text of a boolean is "True" or "False". An empty cell has no value, or an
  // empty text. The text of an error is its name ("#N/A"), which pandas reads as missing.
  enum class Kind : std::uint8_t { empty, text, number, boolean, moment, error };
  Kind kind = Kind::empty;
  std::string text;
};

// A row that has a cell which is not empty.
struct SheetRow {
  std::size_t number = 0;        // in the sheet, from 1
  std::vector<SheetCell> cells;  // from the sheet's first column to the last cell that is not empty
};

// How many cells there are of a kind, and the first three: "C5".
struct NotedCells {
  std::size_t count = 0;
  std::array<std::string, 3> examples;
  void add(std::string cell) {
    if (count < examples.size()) examples[count] = std::move(cell);
    ++count;
  }
};

// What a sheet's cells do not show.
struct SheetNotes {
  NotedCells uncomputed;    // formulas without a stored value; their cells are empty
  NotedCells out_of_dates;  // numbers that a format makes dates and that no calendar has; errors
  NotedCells merged;        // ranges of merged cells, "A2:A5": all but the first cell are empty
};

}  // namespace mtlgrid
