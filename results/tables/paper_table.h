// A table of the paper: its values, and the text around them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mtlgrid {

// One value of a table: the mean over the cells that have a result, its CI, its stars, and how many of how many cells.
struct TableValue {
  double value, ci_low, ci_high;  // NaN if there is none
  int have = 0, want = 0;         // cells that count, cells the grid has
  int stars = 0;                  // 1: p < 0.05, 2: < 0.01, 3: < 0.001 against baseline, Holm over the methods
  bool best = false;              // of its column, among the values over the most cells
};

// What a column shows, in the words of the store.
struct TableColumn {
  std::string biomarker, cohort, auxiliary, metric;  // cohort as shown; auxiliary "mean": over all of them
  std::optional<int> fold = {}, repeat = {};         // none: the mean over folds and repeats
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

}  // namespace mtlgrid
