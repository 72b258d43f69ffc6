// Cells that should be numbers and are not, told as one line for each kind of fault in a column.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "datasets/cohorts/cohort.h"
#include "datasets/tables/seen_values.h"

namespace mtlgrid {

// What a cell that is not a number looks like.
enum class NumberFault {
  missing,     // looks_missing(): missing_cells.h speaks of it
  comma,       // "0,53": a decimal comma
  thousands,   // "1,234", "1 234.5" or "1'234.5": a decimal comma or a separator of thousands
  percent,     // "53 %"
  bound,       // "<0.01"
  not_finite,  // "inf", "1e999"
  truth,       // "TRUE"
  character,   // a number but for the dash or the blank that a text processor wrote
  as_text,     // "'0.5" or "=\"0.5\"", which a spreadsheet keeps as text
  unit,        // "5 mm"
  other
};
// Of a cell that parse_number() refuses.
NumberFault number_fault(const std::string& cell);

// The faults of one column of a cohort's clinical table.
class NumberFaults {
 public:
  // `row` as an editor counts.
  void add(const std::string& cell, std::size_t row) { faults_[number_fault(cell)].add(cell, row); }
  // A line for each kind of fault, with how many cells, the most frequent ones with their rows, and what to write.
  void report(const Cohort& cohort, const std::string& column, Problems& problems) const;

 private:
  std::map<NumberFault, SeenValues> faults_;
};

}  // namespace mtlgrid
