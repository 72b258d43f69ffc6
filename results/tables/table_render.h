// Tables as Markdown, CSV, LaTeX and Excel workbooks. Names come from other people: each format escapes all text.
#pragma once

#include <string>

#include "results/tables/paper_table.h"

namespace mtlgrid {

enum class TableFormat { markdown, csv, latex, workbook };

// Markdown: a table for people, columns aligned. LaTeX: a `table` to \input (needs booktabs, graphicx, inputenc).
// CSV (RFC 4180, UTF-8): one row a value in the columns of the paper's numbers and more: table, method, biomarker,
// cohort, auxiliary, metric, value, ci_low, ci_high, have, want, best, stars, fold; numbers unrounded, empty where
// there is none. Workbook: its bytes (table_workbook.h).
std::string render(const PaperTable& table, TableFormat format);

}  // namespace mtlgrid
