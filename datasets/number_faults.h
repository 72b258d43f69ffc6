// Cells that should be numbers and are not, told as one line for each kind of fault in a column.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "datasets/cohort.h"
#include "datasets/seen_values.h"

namespace mtlgrid {

// What a cell that is not a number looks like.
enum class NumberFault {
  missing,     // looks_missing()
  comma,       // "0,53": a decimal comma
  thousands,   // "1,234" or "1 234.5": a decimal comma or a separator of thousands
  percent,     // "53 %"
  bound,       // "<0.01"
  not_finite,  // "inf", "1e999"
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
  // Cohorts without a configuration (`configured` false) are told to change the table.
  void report(const Cohort& cohort, const std::string& column, bool configured, Problems& problems) const;

 private:
  std::map<NumberFault, SeenValues> faults_;
};

}  // namespace mtlgrid
