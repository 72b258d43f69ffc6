#include "orchestrator/commands/cell_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/exit_status.h"
#include "base/nearest.h"
#include "base/telling.h"
#include "cluster/loopback_transport.h"
#include "orchestrator/commands/command_options.h"
#include "orchestrator/commands/compare.h"
#include "orchestrator/commands/data_notes.h"
#include "orchestrator/commands/other_grids.h"
#include "orchestrator/plan/initial_weights.h"
#include "orchestrator/scheduler/queued_cell.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/feature_process.h"
#include "orchestrator/session/session.h"
#include "orchestrator/session/trainer_executable.h"
#include "results/metrics/registry.h"
#include "results/store/store.h"
#include "results/store/store_place.h"

namespace mtlgrid {
namespace {

StoredCell find_cell(const Store& store, const Cell& cell) {
  const auto cells = store.cells();
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const StoredCell& s) { return s.cell == cell; });
  if (found == cells.end()) throw InputError(cell.name() + " is not in the grid of the store");
  return *found;
}

int report(const CellResult& fresh, const std::optional<CellResult>& before, bool verify) {
  std::string text;
  for (const MetricRow& row : fresh.metrics) {
    if (!metric(row.metric).shown.table1) continue;
    text += row.reason.empty() ? fmt::format("{} {} {:.3f} ({:.3f} to {:.3f}), n = {}\n", row.cohort, row.metric,
                                             row.value, row.ci_low, row.ci_high, row.n)
                               : fmt::format("{} {} undefined: {}\n", row.cohort, row.metric, row.reason);
  }
  put_result(text);
  if (!verify) return kAllDone;
  const Comparison comparison = compare_results(*before, fresh);
  put_result(fmt::format("{}: attempt {} against {}: {}\n", fresh.cell.name(), fresh.attempt, before->attempt,
                         comparison.text()));
  return comparison.verdict == Comparison::Verdict::different ? kSomeFailed : kAllDone;
}

void declare_cell(CommandOptions& options) {
  options.argument("CONFIG", "configuration file")
      .argument("CELL", "BIOMARKER/AUXILIARY/METHOD/FOLD")
      .init()
      .flag("verify",
            "compare with the result that counts: bit-equal, equal within a tolerance, or the first difference")
      .flag("replace", "make the new result the one that counts");
}

int execute_cell(const CommandOptions& options) {
  const Cell cell = Cell::parse(options.get<std::string>("CELL"));
  const bool verify = options.has("verify"), replace = options.has("replace");

  Config config = load_config(options.get<std::string>("CONFIG"));
  if (options.has("init")) config.init = options.path("init");
  check_store_place(config.store);
  FingerprintMemory memory = FingerprintMemory::load(fingerprint_file(config.store));
  const Plan plan = make_plan(config, memory, *feature_process());
  if (std::find(plan.grid.cells.begin(), plan.grid.cells.end(), cell) == plan.grid.cells.end()) {
    std::vector<std::string> names;
    for (const Cell& known : plan.grid.cells) names.push_back(known.name());
    throw InputError(fmt::format("{} is not in the grid of {}{}", cell.name(), config.file.string(),
                                 suggestion(cell.name(), names)));
  }
  throw_if_any(initial_weights_problems(plan, {cell}));
  TrainerOptions trainers;
  trainers.count = 1;
  trainers.devices = choose_devices(config.run, trainers.count, questions_to_machine());
  trainer_executable();
  const auto say = [](const std::string& line) { tell_message(line); };
  Store store = Store::open(config.store, say, kStaleBeats * config.cluster.heartbeat_seconds);
  save_fingerprints(memory, config.store);
  for (const std::string& line : new_grid_warning(plan, 1, store.database())) say(line);
  for (const std::string& line : findings(plan)) say(line);
  if (verify && !holds_grid_of(plan, store.database())) {
    throw InputError(cell.name() + ": the store has no result of this grid to compare with");
  }
  store.use_grid(plan.grid);
  say(fmt::format("device {}: {}", config.run.device, trainers.devices->text));
  std::optional<CellResult> before;
  if (verify) before = store.result_of(cell);

  const std::string folder = grid_folder(config.store, store.grid_id());
  std::optional<CellResult> fresh;
  SessionInputs inputs{plan.config, plan.experiment, {make_queued_cell(find_cell(store, cell), folder, false)},
                       folder,      replace,         [&](const CellResult& result) { fresh = result; }};
  inputs.feature_bytes = feature_bytes(plan);
  const auto transport = make_loopback_transport();
  const SessionResult session = coordinate(inputs, store, *transport, trainers);
  if (memory.forget_named_in(session.needs_person)) save_fingerprints(memory, config.store);
  store.end_run();
  while (const auto notice = store.take_notice()) say(*notice);
  for (const auto& [failed, cause] : session.failures) say(fmt::format("failed: {}: {}", failed.name(), cause));
  if (!session.needs_person.empty()) throw Error(ErrorKind::needs_person, session.needs_person);
  if (!session.stuck.empty()) throw Error(ErrorKind::fatal, session.stuck);
  if (!fresh) return session.failures.empty() ? kStopped : kSomeFailed;
  return report(*fresh, before, verify);
}

}  // namespace

Command cell_command() {
  return {"cell", "trains one cell again; --verify compares it with the result that counts",
          "mtlgrid cell grid.ini MSI/LF/autol+cagrad/3 --verify", declare_cell, execute_cell};
}

}  // namespace mtlgrid
