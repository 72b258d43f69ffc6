// STORE.progress, the live status of a run in progress, and STORE.done, how the last run ended
// (docs/store-internals.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/records/records.h"
#include "results/store/store_lock.h"

namespace mtlgrid {

// The status that a run reports of itself, at most some seconds old. Texts come from the file unchanged: escape them.
struct LiveRun {
  double time = 0;  // seconds since 1970, on the clock of the run's host
  std::uint64_t epoch = 0;
  std::int64_t grid = 0;
  struct Cells {
    int total = 0, done = 0, failed = 0, running = 0, queued = 0;  // of this run, which --only may have limited
  } cells;
  std::optional<double> share;  // that is done, as the run itself shows it; live files of earlier versions lack it
  std::optional<double> eta_seconds;
  double gone_seconds = 0;
  bool stopping = false;
  std::optional<double> ends;  // when the allocation ends, seconds since 1970
  struct Worker {
    int rank = 0;
    std::string host, state, device, why;  // state: alive, silent, leaving, left, lost, quarantined
    double heard_seconds = 0;
    int slots = 0, busy = 0, broken = 0;
  };
  std::vector<Worker> workers;
  struct Running {
    std::string cell;
    int attempt = 0, rank = 0, slot = 0, epoch = 0, epochs = 0, pack = 1;  // epochs 0: not known yet
    double started = 0;
    EpochLosses losses{};  // of that epoch
  };
  std::vector<Running> running;
  std::vector<std::string> queue;  // in the order in which they will be started; empty where there are too many
  std::map<std::string, std::string> avoid;  // cell: why some worker does not get it

  const Running* find_running(const std::string& cell) const;
  // The cell's place in the queue, from 1; 0 if it is not queued.
  int place_of(const std::string& cell) const;
  // Cells are queued, but too many for the file to name them.
  bool queue_unnamed() const { return queue.empty() && cells.queued > 0; }
};

// A live file older than this (seconds) is not believed. It is written every two seconds, less often where that takes
// long.
inline constexpr double kLiveSeconds = 30;

// How the last run ended.
struct RunEnd {
  int status = 0;
  double time = 0;
  std::uint64_t epoch = 0;
  std::optional<int> total, done, failed, pending;
  bool slides = false;  // the cells were slides
  // "all that was asked for is done (exit status 0): 595 of 595 cells done"
  std::string text() const;
};
// What a reader can know of the run in progress, or of the last run.
struct RunState {
  double now = 0;                         // the reader's time, seconds since 1970
  double data_age = 0;                    // seconds since the snapshot was published; 0 where readers open STORE itself
  std::optional<LockHolder> holder;       // of the store's lock; nullopt if nobody holds it, or its process is dead
  std::optional<LiveRun> live;            // of the grid that was asked for
  std::optional<std::int64_t> live_grid;  // the grid of the run that holds the store, whichever was asked for
  std::string trouble;                    // why `live` is missing although a run holds the store: one line, printable
  std::optional<RunEnd> end;              // how the last run ended; nullopt during a run, or if it was killed
  // What a cell is doing that the store has as running: "running"; or, where no run holds the store, "was running when
  // the run was killed", in the past and without a record of its end. `cells`: of how many.
  std::string running_text(int cells = 1) const;
};
// Reads STORE.lock, STORE.progress and STORE.done; never the database. `now`: seconds since 1970.
RunState read_run_state(const std::filesystem::path& store, std::int64_t grid, double now);

}  // namespace mtlgrid
