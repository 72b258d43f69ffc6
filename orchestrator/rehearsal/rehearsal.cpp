#include "orchestrator/rehearsal/rehearsal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/clock.h"
#include "base/exit_status.h"
#include "base/files.h"
#include "base/telling.h"
#include "base/text.h"
#include "cluster/host.h"
#include "orchestrator/plan/disk_space.h"
#include "orchestrator/rehearsal/node_facts.h"
#include "orchestrator/rehearsal/rehearsal_checks.h"
#include "orchestrator/rehearsal/rehearsal_messages.h"
#include "orchestrator/rehearsal/rehearsal_report.h"
#include "orchestrator/rehearsal/rehearsal_steps.h"
#include "orchestrator/scheduler/store_folder.h"
#include "results/store/layout.h"
#include "results/store/store.h"
#include "results/store/store_publish.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// The plan with dummy cells: each of its cells as often as the time needs, told apart by their folds.
Plan dummy_plan(const Plan& plan, const fs::path& store, std::size_t cells) {
  Plan dummy = plan;
  dummy.config.store = store;
  dummy.config.run.pack = 1;  // cells of a pack take as long as one
  dummy.config.run.staging = "files";
  dummy.config.init.clear();
  dummy.config.cluster.heartbeat_seconds = kRehearsedHeartbeat;
  dummy.config.cluster.lease_minutes = kRehearsedLease / 60;
  dummy.config.cluster.retries_crash = std::max(1, plan.config.cluster.retries_crash);
  dummy.config.cluster.retries_lost = std::max(1, plan.config.cluster.retries_lost);
  dummy.experiment.init = {};
  dummy.experiment.run = dummy.config.run;
  dummy.grid.identity += "-rehearsal";
  dummy.grid.splits.clear();
  dummy.grid.drops.clear();
  const std::vector<Cell>& real = plan.grid.cells;
  dummy.grid.cells.clear();
  for (std::size_t i = 0; i < cells; ++i) {
    Cell cell = real[i % real.size()];
    cell.fold += static_cast<int>(i / real.size()) * plan.config.folds;
    dummy.grid.cells.push_back(cell);
  }
  return dummy;
}

// More than all trainers can do in the time; ranks are taken to be alike.
std::size_t enough_cells(double seconds, int ranks, const TrainerOptions& options) {
  const int here = options.count.value_or(static_cast<int>(allowed_cpus().size()));
  return static_cast<std::size_t>(seconds / kRehearsedCell + 10) * static_cast<std::size_t>(ranks * std::max(1, here));
}

// What is left after the stop, as the next launch would find it.
Finding check_store_after(const fs::path& file, const Plan& dummy, const SessionResult& session) {
  const auto silent = [](const std::string&) {};
  Store store = Store::open(file, silent, kStaleBeats * kRehearsedHeartbeat);
  store.use_grid(dummy.grid);
  int done = 0, pending = 0;
  for (const StoredCell& cell : store.cells()) {
    done += cell.state == CellState::done ? 1 : 0;
    pending += cell.state == CellState::pending ? 1 : 0;
  }
  const bool whole = done == session.counts.done && pending == session.counts.pending && session.counts.failed == 0;
  return {whole ? Verdict::ok : Verdict::problem, "store after the stop",
          fmt::format("opened again: {} cells done, {} to do, {} failed", done, pending, session.counts.failed),
          whole ? ""
                : fmt::format("{} were done and {} to do when it stopped: read the lines above the report",
                              session.counts.done, session.counts.pending)};
}

}  // namespace

WorkerVisitor rehearsal_visitor(const TrainerOptions& options) {
  return [options](const OtherMessage& message, Worker& worker, MailboxToCoordinator& to_coordinator) {
    if (message.type != Rehearse::kType) return false;
    const auto asked = message.content.get<Rehearse>();
    Rehearsed answer{asked.order, asked.sent, 0};
    if (asked.order == "die") ::kill(getpid(), SIGKILL);
    if (asked.order == "facts") answer.facts = node_facts_here(asked, options);
    if (asked.order == "kill_trainer") answer.facts = worker.kill_a_trainer();
    answer.wall = Clock::real().now();
    to_coordinator.send(kCoordinator, other_message(answer));
    to_coordinator.flush();
    return true;
  };
}

int rehearse(const Plan& plan, double minutes, Transport& transport, const TrainerOptions& options, bool& all_alive) {
  const auto say = [](const std::string& line) { tell_message(line); };
  const fs::path folder = unused_store_path(plan.config.store, StoreFile::rehearsal);
  fs::create_directories(folder);
  const fs::path verdict = rehearsal_verdict(plan.config.store);
  fs::remove(store_path(verdict, StoreFile::done));
  say(fmt::format("rehearsal in {}: {} minutes; the store itself is not touched", folder.string(), minutes));
  Platform& platform = Platform::real();
  std::vector<Finding> findings = {check_fsync(platform, folder), check_rename(platform, folder), check_locks(folder)};

  const std::string content = fmt::format("{} {:.6f}\n", platform.machine(), Clock::real().now());
  const fs::path probe = folder / "probe";
  write_by_rename(platform, probe, content);
  SessionResult session;
  double ended = 0;
  {
    const FileDescriptor held = hold_locks(probe);
    const Plan dummy = dummy_plan(plan, folder / "grid.db", enough_cells(minutes * 60, transport.size(), options));
    RehearsalSteps steps(plan, minutes * 60, transport.size(), probe, content);
    {
      Store store = Store::open(dummy.config.store, say, kStaleBeats * kRehearsedHeartbeat);
      store.use_grid(dummy.grid);
      SessionInputs inputs{
          dummy.config, dummy.experiment, {}, grid_folder(dummy.config.store, store.grid_id()), false, {}};
      for (const Cell& cell : dummy.grid.cells) {
        QueuedCell queued;
        queued.cell = cell;
        inputs.cells.push_back(std::move(queued));
      }
      inputs.guest = &steps;
      inputs.visitor = rehearsal_visitor(options);
      all_alive = false;
      session = coordinate(inputs, store, transport, options);
      all_alive = session.all_alive;
      ended = platform.steady();
    }
    const int trainers = std::max(session.counts.slots, 1);
    findings.push_back(
        check_space("space for store and checkpoints", folder, disk_bytes(plan, trainers), free_bytes(folder)));
    report_rehearsal(plan, steps.record(), session, ended, findings);
    findings.push_back(check_store_after(dummy.config.store, dummy, session));
  }
  const bool bad = worst(findings) == Verdict::problem;
  const int status = bad ? kSomeFailed : kAllDone;
  if (!bad) fs::remove_all(folder);
  write_done(platform, verdict, status, 0, nlohmann::json::object());
  put_result(printable_lines(render_findings(findings)) + "\n" +
             (bad ? fmt::format("There are problems. What was written is kept in {}\n", printable(folder.string()))
                  : std::string("No problem was found.\n")));
  return status;
}

}  // namespace mtlgrid
