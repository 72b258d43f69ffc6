// What `run` and `extract` have in common: their options, which cells are to be done, how the end is told.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cell.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/session/keep_alive.h"
#include "orchestrator/session/session.h"

namespace mtlgrid {

class Store;

struct GridRunOptions {
  std::string config;
  bool retry_failed = false;
  std::optional<double> ends;        // of the allocation, seconds since 1970
  std::vector<std::string> notices;  // on how the command was called
  TrainerOptions trainers;
};
// CONFIG, --trainers, --retry-failed, --ends, --empty-cells, --inject. `cells`: what the command calls them.
void declare_grid_run(CommandOptions& options, const std::string& cells);
GridRunOptions grid_run_options(const CommandOptions& options);
// The option's value, a number of seconds. Throws InputError.
std::string seconds_of(const CommandOptions& options, const std::string& name);

// The wanted cells: how many are done, which failed, and which are to be done.
struct Selection {
  std::vector<QueuedCell> queued;
  int total = 0, done = 0;
  std::vector<std::pair<Cell, std::string>> failed;  // in earlier runs, and not retried
};
// Of the cells in the store's grid those in `wanted`; failed ones are set back in the store if they are retried.
// `again`: whether a cell that is done is to be done again.
Selection select_from(Store& store, const std::string& folder, const std::vector<Cell>& wanted, bool retry_failed,
                      const std::function<bool(const Cell&)>& again = {});

// Says which grid is run, on what, and the notices on how the command was called.
struct StartFacts {
  const Store& store;
  const Config& config;
  const GridRunOptions& options;  // with devices
  int ranks = 1;
  bool slides = false;  // the cells are slides
};
void tell_start(const Selection& selection, const StartFacts& facts);

// How a command says how it ended.
struct EndWords {
  bool slides = false;  // the cells are slides
  std::string store;    // its file
  std::string next;     // what to type after all is done
};
// Ends the run of the store, tells how it ended and what to type next, and writes STORE.done; returns the exit status.
int end_run(Store& store, const Selection& selection, const SessionResult& session, const EndWords& words);

// Opens the store of the configuration for a run of rank 0, which the other ranks keep hearing of meanwhile. Throws as
// Store::open().
Store open_store(const Config& config, KeepAliveTransport& transport);

// Coordinates `inputs.cells` if there are any; `all_alive` is false while ranks work and where one was lost.
SessionResult run_session(const SessionInputs& inputs, Store& store, KeepAliveTransport& transport,
                          const TrainerOptions& trainers, bool& all_alive);

// Runs `work` and gives back its status. If it throws, STORE.done has the status of the error, and the error passes on.
int with_written_end(Store& store, const std::function<int()>& work);

// Runs `coordinator` on rank 0, which sets the flag to whether all ranks are alive as soon as it knows, and serves on
// the others until they are dismissed. Returns this rank's exit status.
int on_all_ranks(const TrainerOptions& trainers, const WorkerVisitor& visitor,
                 const std::function<int(KeepAliveTransport&, bool&)>& coordinator);

// `text` as a word for a shell, quoted only where it has to be.
std::string shell_word(const std::string& text);

}  // namespace mtlgrid
