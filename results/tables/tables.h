// Tables 1 and 2 of the paper and the per-auxiliary supplementary tables, from SQL alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

enum class TableFormat { markdown, csv, latex };
enum class TableCi { bootstrap, folds };

struct TableOptions {
  std::optional<std::int64_t> grid;  // default: the newest
  std::vector<TableFormat> formats = {TableFormat::markdown, TableFormat::csv, TableFormat::latex};
  TableCi ci = TableCi::bootstrap;
  int resamples = 1000;  // 0: neither CIs nor stars but DeLong's
  double confidence = 0.95;
  std::uint64_t seed = 1337;
};

// One value of a table: mean over the cells there are, its CI, stars, and how many of how many cells.
struct TableValue {
  double value, ci_low, ci_high;  // NaN if there is none
  int have = 0, want = 0;         // cells that count, cells the grid has
  int stars = 0;                  // 1: p < 0.05, 2: < 0.01, 3: < 0.001 against baseline, Holm over the methods
  bool best = false;              // of its column, among the values over the most cells
};

// What a column of values is of, in the words of the store.
struct TableColumn {
  std::string biomarker, cohort, auxiliary, metric;  // cohort as shown; auxiliary "mean" over all of them
  std::optional<int> fold = {};                      // none: the mean over folds
};

// All text is plain: rendering escapes it for its format.
struct PaperTable {
  std::string file_stem, caption;                // e.g. "table1"
  std::vector<std::vector<std::string>> header;  // one list a header row, a label per value column
  std::vector<TableColumn> columns;              // of the value columns
  std::vector<std::string> methods;              // row labels
  std::vector<std::vector<TableValue>> values;   // [method][column]
  int decimals = 1;
  std::vector<std::string> notes;  // footnotes: missing cells, redrawn replicates, mixtures of versions or devices
};

// Reads the store (a snapshot or a finished one). Throws InputError if it has no such grid.
// Table 1 (`table1`): AUROC and AUPRC in percent per biomarker and cohort, held-out folds of the training cohort first;
// Table 2 (`table2`): silhouette on external cohorts per auxiliary and their mean; `supplement_BIOMARKER_AUXILIARY`:
// every metric of a pair by cohort; `delong_BIOMARKER_AUXILIARY`: its single cells (delong_table.h). What the values,
// CIs and stars are: docs/statistics.md.
std::vector<PaperTable> paper_tables(const std::filesystem::path& store, const TableOptions& options);

// Markdown: a table for people, columns aligned. LaTeX: a `table` to \input (needs booktabs, graphicx, inputenc).
// CSV (RFC 4180, UTF-8): one row a value in the columns of the paper's numbers and more: table, method, biomarker,
// cohort, auxiliary, metric, value, ci_low, ci_high, have, want, best, stars, fold; numbers unrounded, empty where
// there is none.
std::string render(const PaperTable& table, TableFormat format);

// Writes every table in every format into `out` (made if missing; each file by rename); returns the files.
std::vector<std::filesystem::path> write_tables(const std::filesystem::path& store, const std::filesystem::path& out,
                                                const TableOptions& options);

}  // namespace mtlgrid
