#include "orchestrator/commands/run_command.h"

#include <fmt/format.h>

#include <optional>

#include "base/telling.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/data_notes.h"
#include "orchestrator/commands/grid_run.h"
#include "orchestrator/commands/other_grids.h"
#include "orchestrator/durations/checkpoint_lead.h"
#include "orchestrator/durations/duration_model.h"
#include "orchestrator/plan/initial_weights.h"
#include "orchestrator/plan/selection.h"
#include "orchestrator/rehearsal/rehearsal.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/feature_process.h"
#include "orchestrator/session/keep_alive.h"
#include "orchestrator/session/session.h"
#include "orchestrator/session/trainer_executable.h"
#include "results/grids/stored_grid.h"
#include "results/store/store.h"
#include "results/store/store_place.h"

namespace mtlgrid {
namespace {

struct RunOptions : GridRunOptions {
  std::string only;
  std::filesystem::path init;      // empty: as configured
  std::optional<double> rehearse;  // minutes
};

// A comparison that fails ends no run.
void warn_of_new_grid(const Plan& plan, std::size_t cells, const Store& store) {
  try {
    for (const std::string& line : new_grid_warning(plan, cells, store.database())) tell_message(line);
  } catch (const Error& e) {
    tell_message(fmt::format("the other grids of the store could not be compared with this one: {}", e.what()));
  }
}

// The command that makes the tables of the grid that `store` uses: where the store has others, it names that grid.
std::string way_to_tables(const Store& store, const std::string& file) {
  std::vector<StoredGrid> grids = read_grids(store.database());
  std::erase_if(grids, [](const StoredGrid& grid) { return grid.slides; });
  if (grids.size() < 2) return fmt::format("mtlgrid tables {} --out tables", shell_word(file));
  return fmt::format("mtlgrid tables {} --grid {} --out tables-grid{}", shell_word(file), store.grid_id(),
                     store.grid_id());
}

// Runs on rank 0. Sets `all_alive` as soon as it is known.
int run_grid(RunOptions options, KeepAliveTransport& transport, bool& all_alive) {
  Config config = load_config(options.config);
  if (!options.init.empty()) config.init = options.init;
  check_store_place(config.store);
  FingerprintMemory memory = FingerprintMemory::load(fingerprint_file(config.store));
  std::optional<Plan> made;
  transport.during([&] { made = make_plan(config, memory, *feature_process()); });
  const Plan plan = *std::move(made);
  // A bad expression, a missing device and a missing trainer are reported before anything is written.
  const std::vector<Cell> cells = select_cells(plan.grid.cells, options.only);
  throw_if_any(initial_weights_problems(plan, cells));
  options.trainers.devices = choose_devices(config.run, options.trainers.count, questions_to_machine());
  trainer_executable();
  if (options.rehearse) return rehearse(plan, *options.rehearse, transport, options.trainers, all_alive);
  Store store = open_store(config, transport);
  return with_written_end(store, [&] {
    save_fingerprints(memory, config.store);
    warn_of_new_grid(plan, cells.size(), store);
    for (const std::string& line : findings(plan)) tell_message(line);
    store.use_grid(plan.grid);
    const std::string folder = grid_folder(config.store, store.grid_id());
    const Selection selection = select_from(store, folder, cells, options.retry_failed);
    tell_start(selection, {store, config, options, transport.size()});
    SessionResult session;
    if (!selection.queued.empty()) {
      SessionInputs inputs{plan.config, plan.experiment, selection.queued, folder, false, {}};
      inputs.feature_bytes = feature_bytes(plan);
      const auto durations = std::make_shared<DurationModel>(plan);
      durations->learn(store.measured());
      for (QueuedCell& queued : inputs.cells) queued.cost = durations->expected(queued.cell);
      inputs.ends = options.ends;
      inputs.checkpoint_lead = checkpoint_lead_seconds(plan, *durations);
      inputs.durations = durations;
      session = run_session(inputs, store, transport, options.trainers, all_alive);
    }
    if (memory.forget_named_in(session.needs_person)) save_fingerprints(memory, config.store);
    return end_run(store, selection, session,
                   {false, config.store.string(), way_to_tables(store, config.store.string())});
  });
}

void declare_run(CommandOptions& options) {
  declare_grid_run(options, "cells");
  options.option("only", "EXPR", "train only these cells, e.g. 'biomarker=MSI,method=cagrad|autol+cagrad,fold=0'")
      .init()
      .renamed("workers", "trainers")
      .number("rehearse", "MINUTES",
              "instead of the grid, run dummy cells, kill a trainer and a rank, and stop; prints what to change");
}

int execute_run(const CommandOptions& options) {
  RunOptions wanted{grid_run_options(options), "", options.path("init"), {}};
  if (options.has("only")) wanted.only = options.get<std::string>("only");
  if (options.has("rehearse")) {
    if (options.has("empty-cells") || options.has("inject") || options.has("ends")) {
      throw InputError("--rehearse cannot be combined with --empty-cells, --inject or --ends");
    }
    wanted.rehearse = static_cast<double>(options.number_in("rehearse", 1, 60));
    wanted.trainers.empty_cells = true;
    wanted.trainers.arguments.push_back(fmt::format("--empty={}", kRehearsedCell));
  }
  return on_all_ranks(
      wanted.trainers, rehearsal_visitor(wanted.trainers),
      [&](KeepAliveTransport& transport, bool& all_alive) { return run_grid(wanted, transport, all_alive); });
}

}  // namespace

Command run_command() {
  return {"run", "trains the cells that are not done yet, alone or under mpirun; run it again to resume",
          "mpirun -n 4 --bind-to none mtlgrid run grid.ini --only 'biomarker=MSI,fold=0'", declare_run, execute_run};
}

}  // namespace mtlgrid
