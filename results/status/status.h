// The state of a grid, for `mtlgrid status`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "results/status/live_run.h"
#include "results/store/sqlite.h"

namespace mtlgrid {

struct StateCounts {
  int pending = 0, running = 0, done = 0, failed = 0;
  int total() const { return pending + running + done + failed; }
};

// The state of a cell, from the store and the run's live file together.
enum class CellSign {
  done,
  failed,
  running,
  waiting,  // pending; while a live run names its queue: in it
  outside,  // pending, and neither in the live run's queue nor running
  ended,    // was running when the store was last published, and is not any more
};

struct StoreStatus {
  std::int64_t grid_id = 0;
  bool slides = false;  // the cells are slides: `methods` are their cohorts then, and there are no signs
  RunState run;
  StateCounts cells;
  std::vector<std::string> methods;              // in the order of the paper's tables
  std::vector<int> folds, repeats;               // ascending
  std::vector<std::vector<StateCounts>> matrix;  // [method][fold], over pairs and repeats
  std::vector<std::string> pairs;                // "MSI/LF", in the grid's order
  // [method][fold][repeat x pair], all pairs of a repeat one after the other; empty where the grid has more than
  // kSignsKept cells. nullopt: no such cell.
  std::vector<std::vector<std::vector<std::optional<CellSign>>>> signs;
  struct Failure {
    std::string cell, outcome, cause;
    int attempts = 0;
  };
  std::vector<Failure> failures;  // failed cells with the cause of their last attempt
  // The newest attempts that failed, crashed or were lost, newest first; their cells may have succeeded since.
  std::vector<Failure> newest_failures;
  // The newest results, newest first, with the AUROC on each cohort, `test` first; NaN: undefined.
  struct Result {
    std::string cell;
    double ended = 0;  // seconds since 1970
    std::vector<std::pair<std::string, double>> auroc;
    std::optional<std::int64_t> tiles{};  // kept of a slide
  };
  std::vector<Result> newest_results;
  // Tiles of the slides that are done, by cohort as in `methods`; -1: not known of any.
  struct Tiles {
    std::int64_t kept = 0, too_bright = 0, too_plain = 0, empty_slides = 0;
  };
  std::vector<Tiles> tiles;
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

// "cells", or "slides" where they are.
inline const char* cells_word(const StoreStatus& s) { return s.slides ? "slides" : "cells"; }

// A grid with more cells is shown as counts only.
inline constexpr int kSignsKept = 20'000;

// Throws InputError if the store or the grid does not exist. Without `grid`: as choose_grid_of_state() chooses
// (results/grids/grid_choice.h).
StoreStatus read_status(const std::filesystem::path& store, std::optional<std::int64_t> grid = std::nullopt);

// The grid of the run that holds the store, from its live file or the attempts that run; nullopt if no run holds it,
// or `database` knows of nothing that it does.
std::optional<std::int64_t> running_grid(const std::filesystem::path& store, const Database& database);

}  // namespace mtlgrid
