// The history of a cell, attempt by attempt, and what happens to it next: for `mtlgrid status --why`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/records/slide_record.h"
#include "results/status/live_run.h"

namespace mtlgrid {

// The end of an attempt's log, STORE.d/grid-<id>/<cell>/attempt-<n>/log.
struct LogEnd {
  std::string path;                // below STORE.d
  std::string trouble;             // why it cannot be read; empty if it can
  std::vector<std::string> lines;  // the last lines about this cell or about no cell, oldest first
  int epochs = 0;                  // the last epoch whose end is in the log; 0: none
  std::string resumed_from;        // the checkpoint from which training continued; empty: none
};

struct CellHistory {
  std::string folder;  // STORE.d, as the user calls the store
  std::int64_t grid_id = 0;
  Cell cell;
  std::string state;                  // as stored: pending, running, done, failed
  std::optional<int> result_attempt;  // the one that counts
  std::string config;                 // the configuration file that the grid was last run with
  int retries_crash = 0, retries_lost = 0;
  struct Attempt {
    int attempt = 0;
    std::string outcome, cause, detail, host, device, members;
    int rank = 0, pack = 0, threads = 0;
    double started = 0, ended = 0;  // seconds since 1970; NaN: not known
    int epochs = 0;                 // stored with its result; 0 without one
    int best_epoch = 0, resumed = 0;
    LogEnd log;
  };
  std::vector<Attempt> attempts;     // oldest first
  std::optional<SlideRecord> slide;  // of a slide that is done
  // The newest checkpoint on disk, from which the next attempt continues: below STORE.d; empty: none.
  std::string checkpoint;
  RunState run;
};

// All cells of a grid, in its order.
std::vector<Cell> cells_of(const std::filesystem::path& store, std::int64_t grid);
// Without `grid`: the grid of the run in progress, else as choose_grid() chooses (results/grids/grid_choice.h).
// Throws InputError if the grid has no such cell.
CellHistory read_history(const std::filesystem::path& store, const Cell& cell,
                         std::optional<std::int64_t> grid = std::nullopt);

}  // namespace mtlgrid
