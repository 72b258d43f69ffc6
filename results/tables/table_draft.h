// A table under construction: columns are added one by one, and what its footnotes must say is collected.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results/tables/paper_table.h"
#include "results/tables/table_columns.h"
#include "results/tables/table_source.h"

namespace mtlgrid {

struct Draft {
  PaperTable table;
  std::optional<std::pair<std::string, std::string>> pair;  // of a supplementary table
  int cells = 0, results = 0;
  int left_out = 0, untested = 0;
  std::map<std::string, std::map<std::string, int>> undefined;  // metric: reason: cells
  std::vector<std::string> notes;

  // Adds a column under `heading`, a label for each header row, with values by method.
  void add(TableColumn column, std::vector<std::string> heading, const TableColumnValues& found);
  void add_note_once(const std::string& note);
};

Draft begin_table(const TableGrid& grid, std::string stem, int decimals);

// "KIND_BIOMARKER_AUXILIARY" as a file name: characters with a meaning for shells or file systems become '_'.
std::string pair_stem(const std::string& kind, const std::string& biomarker, const std::string& auxiliary);

// "comparison_BIOMARKER_COHORT_METRIC", likewise.
std::string comparison_stem(const std::string& biomarker, const std::string& cohort, const std::string& metric);

// The finished table: adds to the caption what bold means and whether the table is partial, and footnotes of missing
// cells, of undefined metrics, those of the draft, and of mixtures of versions or devices.
PaperTable finish(Draft draft, const TableSource& source, const std::string& caption);

}  // namespace mtlgrid
