// What tables are made of, as a store holds it: the grid's shape, its cells' metrics, predictions and embeddings, and
// where they were trained.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/metrics/estimate.h"
#include "results/store/sqlite.h"
#include "results/tables/table_mean.h"

namespace mtlgrid {

// A cohort that a biomarker is evaluated on.
struct TableCohort {
  std::string key;    // as in the column `cohort`: "test" or an external cohort's name
  std::string label;  // as shown: the training cohort's name for "test"
  bool external() const { return key != kTestCohort; }
};

struct TableBiomarker {
  std::string name;
  std::vector<TableCohort> cohorts;      // the training cohort first
  std::vector<std::string> auxiliaries;  // in the grid's order
};

struct TableGrid {
  std::int64_t grid_id = 0;
  std::vector<TableBiomarker> biomarkers;  // in the grid's order
  std::vector<std::string> methods;        // in the order of the paper's tables
};

// A cell of the grid, with or without a result.
struct TableCell {
  std::int64_t cell_id = 0, attempt = 0;  // attempt 0: no result
  std::size_t auxiliary = 0, method = 0;  // indices into TableBiomarker::auxiliaries and TableGrid::methods
  int fold = 0, repeat = 0;
  CellPlace place() const { return {auxiliary, fold, repeat}; }
};

// Reads one state of the store throughout: a private copy (SQLite's temporary file, as large as the store), so that no
// writer waits while tables are computed. Not thread safe.
class TableSource {
 public:
  // Throws InputError if `store` is not a store or has no such grid (std::nullopt: as choose_grid() chooses,
  // results/grids/grid_choice.h). Reads the snapshot during a run.
  TableSource(const std::filesystem::path& store, std::optional<std::int64_t> grid);

  const TableGrid& grid() const { return grid_; }
  // All cells of a biomarker, those without a result too.
  std::vector<TableCell> cells(const TableBiomarker& biomarker) const;
  // Of a cell, below: each throws InputError for what no run writes, such as a label 7 or an infinite value.
  // A cell's metrics on a cohort by name; empty where it has no result.
  std::map<std::string, Estimate> metrics(const TableCell& cell, const std::string& cohort) const;
  // Its patients on a cohort; empty where it has no result.
  std::vector<Prediction> predictions(const TableCell& cell, const std::string& cohort) const;
  // Embeddings of the same patients in the same order; empty if any of them has none.
  std::vector<std::vector<float>> embeddings(const TableCell& cell, const std::string& cohort) const;
  // Patients of a held-out fold over those trained on, validation included, in the mean over the biomarker's pairs and
  // folds; 1 / (folds - 1) where the store has no splits.
  double test_over_train(const TableBiomarker& biomarker) const;
  // One line for each thing in which the attempts that count differ (version, libraries, device, CPU, threads, pack),
  // of all cells or those of one pair.
  std::vector<std::string> mixtures(const std::optional<std::pair<std::string, std::string>>& pair) const;

 private:
  void read_grid();
  // Throws InputError unless the number can be one of a result.
  void require(bool holds, const TableCell& cell, const std::string& cohort, const std::string& what) const;

  std::filesystem::path store_;
  Database database_;
  TableGrid grid_;
};

}  // namespace mtlgrid
