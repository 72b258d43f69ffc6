#include "orchestrator/commands/run_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "base/exit_status.h"
#include "base/telling.h"
#include "base/text.h"
#include "cluster/loopback_transport.h"
#include "cluster/mpi_transport.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/data_notes.h"
#include "orchestrator/commands/failure.h"
#include "orchestrator/commands/other_grids.h"
#include "orchestrator/durations/checkpoint_lead.h"
#include "orchestrator/durations/duration_model.h"
#include "orchestrator/plan/initial_weights.h"
#include "orchestrator/plan/selection.h"
#include "orchestrator/rehearsal/rehearsal.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/feature_process.h"
#include "orchestrator/session/keep_alive.h"
#include "orchestrator/session/rank_trainers.h"
#include "orchestrator/session/session.h"
#include "orchestrator/session/trainer_executable.h"
#include "results/grids/stored_grid.h"
#include "results/store/store.h"
#include "results/store/store_place.h"
#include "trainer/contract/injection.h"

namespace mtlgrid {
namespace {

void say(const std::string& line) { tell_message(line); }

struct RunOptions {
  std::string config, only;
  std::filesystem::path init;  // empty: as configured
  bool retry_failed = false;
  std::optional<double> ends;        // of the allocation, seconds since 1970
  std::optional<double> rehearse;    // minutes
  std::vector<std::string> notices;  // on how the command was called
  TrainerOptions trainers;
};

// The selected cells: how many are done, which failed, and which are to be trained.
struct Selection {
  std::vector<QueuedCell> queued;
  int total = 0, done = 0;
  std::vector<std::pair<Cell, std::string>> failed;  // in earlier runs, and not retried
};

Selection select(const Plan& plan, const std::vector<Cell>& cells, Store& store, const RunOptions& options) {
  Selection selection;
  std::set<std::string> wanted;
  for (const Cell& cell : cells) wanted.insert(cell.name());
  const std::string folder = grid_folder(plan.config.store, store.grid_id());
  std::vector<Cell> again;
  for (const StoredCell& stored : store.cells()) {
    if (wanted.count(stored.cell.name()) == 0) continue;
    ++selection.total;
    if (stored.state == CellState::done) {
      ++selection.done;
      remove_checkpoints(folder, stored.cell);  // of a run that was killed after the commit
    } else if (stored.state == CellState::failed && !options.retry_failed) {
      selection.failed.emplace_back(stored.cell, stored.cause);
    } else {
      if (stored.state == CellState::failed) again.push_back(stored.cell);
      selection.queued.push_back(make_queued_cell(stored, folder, true));
    }
  }
  if (!again.empty()) store.reset_failed(again);
  return selection;
}

void tell_notices(Store& store) {
  while (const auto notice = store.take_notice()) say(*notice);
}

// A comparison that fails ends no run.
void warn_of_new_grid(const Plan& plan, std::size_t cells, const Store& store) {
  try {
    for (const std::string& line : new_grid_warning(plan, cells, store.database())) say(line);
  } catch (const Error& e) {
    say(fmt::format("the other grids of the store could not be compared with this one: {}", e.what()));
  }
}

// `text` as a word for a shell, quoted only where it has to be.
std::string shell_word(const std::string& text) {
  const bool plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=:,@%-") ==
      std::string::npos;
  return plain && !text.empty() ? text : shell_quoted(text);
}

// A line for each cause, with the first cells that it made fail.
void tell_failures(const std::vector<std::pair<Cell, std::string>>& failed) {
  constexpr std::size_t kExamples = 3;
  std::vector<std::pair<std::string, std::vector<std::string>>> causes;  // in the order of their first cells
  for (const auto& [cell, cause] : failed) {
    auto known = std::find_if(causes.begin(), causes.end(), [&](const auto& c) { return c.first == cause; });
    if (known == causes.end()) {
      causes.emplace_back(cause, std::vector<std::string>());
      known = std::prev(causes.end());
    }
    known->second.push_back(cell.name());
  }
  for (auto& [cause, cells] : causes) {
    const std::size_t count = cells.size();
    cells.resize(std::min(count, kExamples));
    say(fmt::format("failed: {}{}: {}", fmt::join(cells, ", "),
                    count > kExamples ? fmt::format(" and {} more", count - kExamples) : "", cause));
  }
}

// The command that makes the tables of the grid that `store` uses: where the store has others, it names that grid.
std::string way_to_tables(const Store& store, const std::string& file) {
  if (read_grids(store.database()).size() < 2) return fmt::format("mtlgrid tables {} --out tables", shell_word(file));
  return fmt::format("mtlgrid tables {} --grid {} --out tables-grid{}", shell_word(file), store.grid_id(),
                     store.grid_id());
}

// Tells how the run ended and what to type next; `file` is the store's.
int conclude(const Selection& selection, const SessionResult& session, const Store& store, const std::string& file) {
  auto failed = selection.failed;
  failed.insert(failed.end(), session.failures.begin(), session.failures.end());
  tell_failures(failed);
  if (!session.stuck.empty()) {
    say(fmt::format("{} cells cannot be run: {}", session.counts.pending, session.stuck));
    return kFatal;
  }
  if (!session.needs_person.empty()) {
    say(fmt::format("{} cells left; fix the following, then run again to continue: {}", session.counts.pending,
                    session.needs_person));
    return kNeedsPerson;
  }
  if (session.counts.pending > 0) {
    say(fmt::format("stopped with {} left; to continue, run the same command again",
                    counted(session.counts.pending, "cell")));
    return kStopped;
  }
  if (!failed.empty()) {
    say(
        fmt::format("{} failed. Next: mtlgrid status {} --why {}; fix the cause, then run the same command again with "
                    "--retry-failed",
                    counted(static_cast<std::int64_t>(failed.size()), "cell"), shell_word(file),
                    shell_word(failed.front().first.name())));
    return kSomeFailed;
  }
  const Coordinator::Counts& counts = session.counts;
  const std::string trained = counts.done == 0
                                  ? ""
                                  : fmt::format(" ({} in this run, on {} of {})", counts.done,
                                                counted(counts.slots, "trainer"), counted(counts.workers, "rank"));
  say(fmt::format("all {} done{}. Next: {}",
                  selection.total == 1 ? "that was asked for is" : fmt::format("{} cells are", selection.total),
                  trained, way_to_tables(store, file)));
  return kAllDone;
}

nlohmann::json done_counts(const Selection& selection, const SessionResult& session) {
  return {{"total", selection.total},
          {"done", selection.done + session.counts.done},
          {"failed", static_cast<int>(selection.failed.size()) + session.counts.failed},
          {"pending", session.counts.pending}};
}

// The option's value, a number of seconds. Throws InputError.
std::string seconds_of(const CommandOptions& options, const std::string& name) {
  const std::string text = options.get<std::string>(name);
  std::istringstream in(text);
  double seconds = 0;
  if (!(in >> seconds) || !in.eof() || !(seconds >= 0) || seconds > 1e6) {
    throw InputError(fmt::format("--{} '{}': expected a number of seconds", name, text));
  }
  return text;
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
  std::optional<Store> opened;
  transport.during(
      [&] { opened.emplace(Store::open(config.store, say, kStaleBeats * config.cluster.heartbeat_seconds)); });
  Store store = *std::move(opened);
  try {
    save_fingerprints(memory, config.store);
    warn_of_new_grid(plan, cells.size(), store);
    for (const std::string& line : findings(plan)) say(line);
    store.use_grid(plan.grid);
    const Selection selection = select(plan, cells, store, options);
    say(fmt::format("grid {} in {}: {} cells, {} done, {} to do, {}", store.grid_id(), config.store.string(),
                    selection.total, selection.done, selection.queued.size(),
                    transport.size() > 1 ? fmt::format("{} ranks", transport.size()) : "1 rank"));
    for (const std::string& notice : options.notices) say(notice);
    say(fmt::format("device {}: {}", config.run.device, options.trainers.devices->text));
    say((transport.size() > 1 ? "rank 0: " : "") +
        rank_trainers(config.run, options.trainers.count, options.trainers.devices->gpus, rank_cpus()).text);
    SessionResult session;
    if (!selection.queued.empty()) {
      SessionInputs inputs{plan, selection.queued, grid_folder(config.store, store.grid_id()), false, {}};
      const auto durations = std::make_shared<DurationModel>(plan);
      durations->learn(store.measured());
      for (QueuedCell& queued : inputs.cells) queued.cost = durations->expected(queued.cell);
      inputs.ends = options.ends;
      inputs.checkpoint_lead = checkpoint_lead_seconds(plan, *durations);
      inputs.durations = durations;
      all_alive = false;
      session = coordinate(inputs, store, transport, options.trainers);
      all_alive = session.all_alive;
    }
    if (memory.forget_named_in(session.needs_person)) save_fingerprints(memory, config.store);
    store.end_run();
    tell_notices(store);
    const int status = conclude(selection, session, store, config.store.string());
    nlohmann::json counts = done_counts(selection, session);
    counts["grid"] = store.grid_id();
    store.write_done(status, counts);
    return status;
  } catch (const std::exception& e) {
    tell_notices(store);
    try {
      store.write_done(failure_of(e).status, nlohmann::json::object());
    } catch (const std::exception& second) {
      say(second.what());
    }
    throw;
  }
}

void declare_run(CommandOptions& options) {
  options.argument("CONFIG", "configuration file")
      .option("only", "EXPR", "train only these cells, e.g. 'biomarker=MSI,method=cagrad|autol+cagrad,fold=0'")
      .init()
      .number("trainers", "N", "trainer processes of each rank; default: one per GPU, or its CPUs / train.threads")
      .renamed("workers", "trainers")
      .flag("retry-failed", "also retry the cells that failed in earlier runs")
      .number("ends", "TIME", "end of the allocation in seconds since 1970; the run checkpoints and stops before it")
      .option("empty-cells", "SECONDS",
              "for benchmarks and rehearsals of the orchestration: cells train nothing and take this long")
      .number("rehearse", "MINUTES",
              "instead of the grid, run dummy cells, kill a trainer and a rank, and stop; prints what to change")
      .option("inject", "FAULTS",
              "for rehearsals: WHERE=WHAT[:N],... WHERE is a cell or *, optionally followed by @HOST. WHAT happens at "
              "the Nth step: crash, end-rank, fail, full, memory or hang; or it is slow, which adds N seconds to every "
              "step");
}

int execute_run(const CommandOptions& options) {
  RunOptions wanted;
  wanted.config = options.get<std::string>("CONFIG");
  wanted.notices = options.warnings();
  if (options.has("only")) wanted.only = options.get<std::string>("only");
  wanted.init = options.path("init");
  wanted.retry_failed = options.has("retry-failed");
  if (options.has("trainers")) wanted.trainers.count = static_cast<int>(options.number_in("trainers", 1, 1024));
  if (options.has("ends")) wanted.ends = static_cast<double>(options.number_in("ends", 1, 1LL << 40));
  wanted.trainers.empty_cells = options.has("empty-cells") || options.has("rehearse");
  if (options.has("empty-cells")) wanted.trainers.arguments.push_back("--empty=" + seconds_of(options, "empty-cells"));
  if (options.has("inject")) {
    parse_injections(options.get<std::string>("inject"));  // throws for an invalid order
    wanted.trainers.arguments.push_back("--inject=" + options.get<std::string>("inject"));
  }

  if (options.has("rehearse")) {
    if (options.has("empty-cells") || options.has("inject") || options.has("ends")) {
      throw InputError("--rehearse cannot be combined with --empty-cells, --inject or --ends");
    }
    wanted.rehearse = static_cast<double>(options.number_in("rehearse", 1, 60));
    wanted.trainers.arguments.push_back(fmt::format("--empty={}", kRehearsedCell));
  }

  auto transport = make_mpi_transport(nullptr, nullptr);
  if (!transport) transport = make_loopback_transport();
  if (transport->rank() != kCoordinator) {
    serve(*transport, wanted.trainers, rehearsal_visitor(wanted.trainers));
    return kAllDone;
  }
  KeepAliveTransport heard(*transport);
  bool all_alive = true;
  int status = kFatal;
  try {
    status = run_grid(wanted, heard, all_alive);
  } catch (...) {
    dismiss(heard, all_alive);
    throw;
  }
  dismiss(heard, all_alive);
  return status;
}

}  // namespace

Command run_command() {
  return {"run", "trains the cells that are not done yet, alone or under mpirun; run it again to resume",
          "mpirun -n 4 --bind-to none mtlgrid run grid.ini --only 'biomarker=MSI,fold=0'", declare_run, execute_run};
}

}  // namespace mtlgrid
