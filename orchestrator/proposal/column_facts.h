// What the values of a table's column look like.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "datasets/tables/seen_values.h"
#include "datasets/tables/table.h"

namespace mtlgrid {

struct ColumnFacts {
  std::size_t column = 0;
  std::string name;                    // as a configuration would write it, without quotes
  std::size_t present = 0;             // rows with a value that does not look missing
  std::size_t distinct = 0;            // of these values
  std::vector<SeenValue> few{};        // the values with their counts, most frequent first, if they are at most 12
  std::vector<std::string> missing{};  // spellings that look like a missing value and are not read as one
  bool numeric = false;                // every present value is a number
  bool whole = false;                  // and a whole one
};

// Of column `column` over the rows of these positions.
ColumnFacts column_facts(const Table& table, std::size_t column, const std::vector<std::size_t>& rows);

}  // namespace mtlgrid
