// How a grid stands: for `mtlgrid status`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results/cell.h"
#include "results/query.h"

namespace mtlgrid {

struct StateCounts {
  int pending = 0, running = 0, done = 0, failed = 0;
  int total() const { return pending + running + done + failed; }
};

struct StoreStatus {
  std::int64_t grid_id = 0;
  double now = 0;      // the reader's time, seconds since 1970
  std::string holder;  // who holds the lock ("host h, pid p, epoch e"); empty if nobody does
  StateCounts cells;
  std::vector<std::string> methods;              // in the order of the paper's tables
  std::vector<int> folds;                        // ascending
  std::vector<std::vector<StateCounts>> matrix;  // [method][fold], over pairs
  struct Failure {
    std::string cell, outcome, cause;
    int attempts = 0;
  };
  std::vector<Failure> failures;  // failed cells with the cause of their last attempt
  // Attempts that gave no result, by outcome; cells they belong to may have succeeded since.
  struct Lost {
    std::string outcome;
    int attempts = 0;
  };
  std::vector<Lost> lost;
  struct Worker {
    std::string host, device;
    int rank = 0, running = 0, done = 0;  // attempts, of the last run
  };
  std::vector<Worker> workers;
  double run_opened = 0;      // when the last run opened the store
  int done_in_run = 0;        // results since then
  double last_result = 0;     // when the newest of them ended; 0: none
  double cells_per_hour = 0;  // of the last run; 0: unknown
  double eta_seconds = 0;     // NaN: unknown, or no run holds the store
};

// Throws InputError if there is no such store or grid. Without `grid`: the newest.
StoreStatus read_status(const std::filesystem::path& store, std::optional<std::int64_t> grid = std::nullopt);
// For a terminal of at least 80 columns.
std::string render_status(const StoreStatus& status);

// A cell attempt by attempt, oldest first. Throws InputError if the grid has no such cell.
QueryResult why(const std::filesystem::path& store, const Cell& cell, std::optional<std::int64_t> grid = std::nullopt);

// `grid` if the store has it, the newest without one. Throws InputError naming the grids there are.
std::int64_t choose_grid(const Database& database, std::optional<std::int64_t> grid);

}  // namespace mtlgrid
