#include "orchestrator/commands/grid_run.h"

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
#include "orchestrator/commands/failure.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/rank_trainers.h"
#include "results/store/store.h"
#include "trainer/contract/injection.h"

namespace mtlgrid {
namespace {

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
    tell_message(fmt::format("failed: {}{}: {}", fmt::join(cells, ", "),
                             count > kExamples ? fmt::format(" and {} more", count - kExamples) : "", cause));
  }
}

void tell_notices(Store& store) {
  while (const auto notice = store.take_notice()) tell_message(*notice);
}

}  // namespace

std::string shell_word(const std::string& text) {
  const bool plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=:,@%-") ==
      std::string::npos;
  return plain && !text.empty() ? text : shell_quoted(text);
}

namespace {

// Tells how the run ended and what to type next.
int conclude(const Selection& selection, const SessionResult& session, const EndWords& words) {
  const char* one = words.slides ? "slide" : "cell";
  auto failed = selection.failed;
  failed.insert(failed.end(), session.failures.begin(), session.failures.end());
  tell_failures(failed);
  if (!session.stuck.empty()) {
    tell_message(fmt::format("{} cannot be run: {}", counted(session.counts.pending, one), session.stuck));
    return kFatal;
  }
  if (!session.needs_person.empty()) {
    tell_message(fmt::format("{} left; fix the following, then run again to continue: {}",
                             counted(session.counts.pending, one), session.needs_person));
    return kNeedsPerson;
  }
  if (session.counts.pending > 0) {
    tell_message(fmt::format("stopped with {} left; to continue, run the same command again",
                             counted(session.counts.pending, one)));
    return kStopped;
  }
  if (!failed.empty()) {
    tell_message(
        fmt::format("{} failed. Next: mtlgrid status {} --why {}; fix the cause, then run the same command again with "
                    "--retry-failed",
                    counted(static_cast<std::int64_t>(failed.size()), one), shell_word(words.store),
                    shell_word(failed.front().first.name())));
    return kSomeFailed;
  }
  const Coordinator::Counts& counts = session.counts;
  const std::string here = counts.done == 0
                               ? ""
                               : fmt::format(" ({} in this run, on {} of {})", counts.done,
                                             counted(counts.slots, "trainer"), counted(counts.workers, "rank"));
  const std::string all =
      selection.total == 1 ? "that was asked for is" : fmt::format("{} {}s are", selection.total, one);
  tell_message(fmt::format("all {} done{}. Next: {}", all, here, words.next));
  return kAllDone;
}

nlohmann::json done_counts(const Selection& selection, const SessionResult& session) {
  return {{"total", selection.total},
          {"done", selection.done + session.counts.done},
          {"failed", static_cast<int>(selection.failed.size()) + session.counts.failed},
          {"pending", session.counts.pending}};
}

}  // namespace

void declare_grid_run(CommandOptions& options, const std::string& cells) {
  options.argument("CONFIG", "configuration file")
      .number("trainers", "N", "trainer processes of each rank; default: one per GPU, or its CPUs / train.threads")
      .flag("retry-failed", fmt::format("also retry the {} that failed in earlier runs", cells))
      .number("ends", "TIME", "end of the allocation in seconds since 1970; the run checkpoints and stops before it")
      .option("empty-cells", "SECONDS",
              fmt::format("for benchmarks and rehearsals of the orchestration: nothing is done for the {}, and each "
                          "takes this long",
                          cells))
      .option("inject", "FAULTS",
              fmt::format("for rehearsals: WHERE=WHAT[:N],... WHERE is one of the {} or *, optionally followed by "
                          "@HOST. WHAT happens at the Nth step: crash, end-rank, fail, full, memory or hang; or it is "
                          "slow, which adds N seconds to every step",
                          cells));
}

GridRunOptions grid_run_options(const CommandOptions& options) {
  GridRunOptions wanted;
  wanted.config = options.get<std::string>("CONFIG");
  wanted.notices = options.warnings();
  wanted.retry_failed = options.has("retry-failed");
  if (options.has("trainers")) wanted.trainers.count = static_cast<int>(options.number_in("trainers", 1, 1024));
  if (options.has("ends")) wanted.ends = static_cast<double>(options.number_in("ends", 1, 1LL << 40));
  wanted.trainers.empty_cells = options.has("empty-cells");
  if (options.has("empty-cells")) wanted.trainers.arguments.push_back("--empty=" + seconds_of(options, "empty-cells"));
  if (options.has("inject")) {
    parse_injections(options.get<std::string>("inject"));  // throws for an invalid order
    wanted.trainers.arguments.push_back("--inject=" + options.get<std::string>("inject"));
  }
  return wanted;
}

std::string seconds_of(const CommandOptions& options, const std::string& name) {
  const std::string text = options.get<std::string>(name);
  std::istringstream in(text);
  double seconds = 0;
  if (!(in >> seconds) || !in.eof() || !(seconds >= 0) || seconds > 1e6) {
    throw InputError(fmt::format("--{} '{}': expected a number of seconds", name, text));
  }
  return text;
}

Selection select_from(Store& store, const std::string& folder, const std::vector<Cell>& wanted, bool retry_failed,
                      const std::function<bool(const Cell&)>& again) {
  Selection selection;
  std::set<std::string> names;
  for (const Cell& cell : wanted) names.insert(cell.name());
  std::vector<Cell> reset;
  for (const StoredCell& stored : store.cells()) {
    if (names.count(stored.cell.name()) == 0) continue;
    ++selection.total;
    if (stored.state == CellState::done && !(again && again(stored.cell))) {
      ++selection.done;
      remove_checkpoints(folder, stored.cell);  // of a run that was killed after the commit
    } else if (stored.state == CellState::failed && !retry_failed) {
      selection.failed.emplace_back(stored.cell, stored.cause);
    } else {
      if (stored.state == CellState::failed) reset.push_back(stored.cell);
      selection.queued.push_back(make_queued_cell(stored, folder, true));
    }
  }
  if (!reset.empty()) store.reset_failed(reset);
  return selection;
}

Store open_store(const Config& config, KeepAliveTransport& transport) {
  std::optional<Store> opened;
  transport.during(
      [&] { opened.emplace(Store::open(config.store, tell_message, kStaleBeats * config.cluster.heartbeat_seconds)); });
  return *std::move(opened);
}

SessionResult run_session(const SessionInputs& inputs, Store& store, KeepAliveTransport& transport,
                          const TrainerOptions& trainers, bool& all_alive) {
  if (inputs.cells.empty()) return {};
  all_alive = false;
  SessionResult session = coordinate(inputs, store, transport, trainers);
  all_alive = session.all_alive;
  return session;
}

int with_written_end(Store& store, const std::function<int()>& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    tell_notices(store);
    try {
      store.write_done(failure_of(e).status, nlohmann::json::object());
    } catch (const std::exception& second) {
      tell_message(second.what());
    }
    throw;
  }
}

void tell_start(const Selection& selection, const StartFacts& facts) {
  const RunSettings& run = facts.config.run;
  const TrainerOptions& trainers = facts.options.trainers;
  tell_message(fmt::format("grid {} in {}: {}, {} done, {} to do, {}", facts.store.grid_id(),
                           facts.config.store.string(), counted(selection.total, facts.slides ? "slide" : "cell"),
                           selection.done, selection.queued.size(), counted(facts.ranks, "rank")));
  for (const std::string& notice : facts.options.notices) tell_message(notice);
  tell_message(fmt::format("device {}: {}", run.device, trainers.devices->text));
  tell_message((facts.ranks > 1 ? "rank 0: " : "") +
               rank_trainers(run, trainers.count, trainers.devices->gpus, rank_cpus()).text);
}

int end_run(Store& store, const Selection& selection, const SessionResult& session, const EndWords& words) {
  store.end_run();
  tell_notices(store);
  const int status = conclude(selection, session, words);
  nlohmann::json counts = done_counts(selection, session);
  counts["grid"] = store.grid_id();
  if (words.slides) counts["slides"] = 1;
  store.write_done(status, counts);
  return status;
}

int on_all_ranks(const TrainerOptions& trainers, const WorkerVisitor& visitor,
                 const std::function<int(KeepAliveTransport&, bool&)>& coordinator) {
  auto transport = make_mpi_transport(nullptr, nullptr);
  if (!transport) transport = make_loopback_transport();
  if (transport->rank() != kCoordinator) {
    serve(*transport, trainers, visitor);
    return kAllDone;
  }
  KeepAliveTransport heard(*transport);
  bool all_alive = true;
  int status = kFatal;
  try {
    status = coordinator(heard, all_alive);
  } catch (...) {
    dismiss(heard, all_alive);
    throw;
  }
  dismiss(heard, all_alive);
  return status;
}

}  // namespace mtlgrid
