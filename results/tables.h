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
  int resamples = 1000;
  std::uint64_t seed = 1337;
};

// One value of a table: mean over the cells there are, its CI, stars, and how many of how many cells.
struct TableValue {
  double value, ci_low, ci_high;  // NaN if there is none
  int have = 0, want = 0;         // cells that count, cells the grid has
  int stars = 0;                  // 1: p < 0.05, 2: < 0.01, 3: < 0.001 against baseline, Holm over the methods
  bool best = false;
};
struct PaperTable {
  std::string file_stem, caption;                     // e.g. "table1"
  std::vector<std::vector<std::string>> header;       // one list a header row, a label per value column
  std::vector<std::string> methods;                   // row labels
  std::vector<std::vector<TableValue>> values;        // [method][column]
  int decimals = 1;
  std::vector<std::string> notes;                     // footnotes: missing cells, mixtures of versions or devices
};

// Reads the store (a snapshot or a finished one). Throws InputError if it has no such grid.
std::vector<PaperTable> paper_tables(const std::filesystem::path& store, const TableOptions& options);
std::string render(const PaperTable& table, TableFormat format);
// Writes every table in every format into `out` (by rename); returns the files.
std::vector<std::filesystem::path> write_tables(const std::filesystem::path& store, const std::filesystem::path& out,
                                                const TableOptions& options);

}  // namespace mtlgrid
