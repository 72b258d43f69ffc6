// What the formats of tables have in common.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "results/tables/paper_table.h"

namespace mtlgrid {

// The columns of a table with one row a value, as the paper's numbers are published, and more.
inline constexpr std::array<const char*, 15> kValueColumns = {"table",  "method", "biomarker", "cohort",  "auxiliary",
                                                              "metric", "value",  "ci_low",    "ci_high", "have",
                                                              "want",   "best",   "stars",     "fold",    "repeat"};

// The name of `table` in its first column: the paper's numbers call its tables 1 and 2.
std::string name_in_values(const PaperTable& table);

// Replaces what no format shows as it is: control characters become spaces; bytes that are not UTF-8, direction
// overrides and invisible characters are escaped.
std::string one_line(std::string_view text);

}  // namespace mtlgrid
