#include "orchestrator/scheduler/coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "orchestrator/durations/cell_durations.h"
#include "orchestrator/scheduler/coordinator_status.h"
#include "orchestrator/scheduler/message_checks.h"
#include "orchestrator/scheduler/next_pack.h"
#include "orchestrator/scheduler/remaining_time.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/scheduler/suspects.h"

namespace mtlgrid {

Coordinator::Coordinator(CoordinatorSettings settings, std::vector<QueuedCell> cells, Welcome welcome,
                         CommToWorkers& comm, Ledger& ledger)
    : settings_(std::move(settings)),
      welcome_(std::move(welcome)),
      comm_(comm),
      ledger_(ledger),
      cells_(std::move(cells)),
      outcomes_(settings_.cluster, cells_, workers_, ledger, settings_.say),
      staging_(settings_.staging, comm, settings_.say),
      walltime_(settings_.ends, settings_.checkpoint_lead),
      forecast_(settings_.durations != nullptr) {}

void Coordinator::on_message(int worker, const ToCoordinator& message, Now now) {
  if (refused_.count(worker) != 0) return;
  const bool hello = std::holds_alternative<Hello>(message);
  // Nothing that a worker says which never said hello can concern this run.
  if (!hello && workers_.find(worker) == nullptr) return;
  try {
    check_message(message, worker, cells_, workers_, welcome_);
  } catch (const Error& e) {
    return refuse(worker, e.what(), now);
  }
  if (!hello && workers_.hear(worker, now.steady)) settings_.say(fmt::format("{} is back", name_of(worker)));
  std::visit([&](const auto& alternative) { on(alternative, worker, now); }, message);
}

void Coordinator::refuse(int worker, const std::string& why, Now now) {
  if (!refused_.insert(worker).second) return;
  comm_.send(worker, StopAll{});
  const bool known = workers_.find(worker) != nullptr;
  last_broken_ = fmt::format("{} is refused: {}", known ? name_of(worker) : fmt::format("worker {}", worker), why);
  settings_.say(last_broken_);
  if (known && workers_.at(worker).alive) give_up_worker(worker, now, "refused");
}

void Coordinator::on(const Hello& hello, int worker, Now now) {
  if (workers_.find(worker) != nullptr) give_up_worker(worker, now, "restarted");
  workers_.join(worker, hello.host, now.steady);
  comm_.send(worker, welcome_);
  if (stopping_) comm_.send(worker, StopAll{});
}

void Coordinator::on(const Slots& slots, int worker, Now) { workers_.set_slots(worker, slots.slots); }

void Coordinator::on(const SlotReady& ready, int worker, Now) {
  const SlotAddress at{worker, ready.slot};
  if (workers_.slot(at) == nullptr || workers_.slot(at)->busy()) return;
  staging_.on_gone(at, "a trainer died");  // it is a new process
  workers_.change(
      at, [&](TrainerSlot& slot) { return slot.ready({ready.environment, ready.largest_pack, ready.staging_lacks}); });
}

void Coordinator::on(const SlotBroken& broken, int worker, Now now) {
  const SlotAddress at{worker, broken.slot};
  if (workers_.slot(at) == nullptr || workers_.slot(at)->busy()) return;
  staging_.on_gone(at, "a trainer died: " + broken.cause);
  workers_.change(at, [&](TrainerSlot& slot) { return slot.breaks(broken.cause); });
  last_broken_ = fmt::format("trainer {} of {} does not start: {}", broken.slot, name_of(worker), broken.cause);
  settings_.say(last_broken_ + (broken.detail.empty() ? "" : "\n" + broken.detail));
  if (broken.needs_person) give_up(last_broken_ + "\n" + broken.detail, now);
}

void Coordinator::on(const SlotStageId& id, int worker, Now now) {
  staging_.on_id({worker, id.slot}, id.answer, now.steady);
  for (const SlotAddress& at : staging_.at_work()) {
    workers_.change(at, [](TrainerSlot& slot) { slot.stage(); });
  }
}

void Coordinator::on(const SlotStaged& staged, int worker, Now) {
  const SlotAddress at{worker, staged.slot};
  staging_.on_staged(at, staged.answer);
  if (workers_.slot(at) == nullptr) return;
  workers_.change(at, [&](TrainerSlot& slot) { slot.staged(staged.answer.environment); });
}

void Coordinator::leave_staging(int worker, const std::string& why) {
  const std::size_t slots = workers_.at(worker).slots.size();
  for (std::size_t i = 0; i < slots; ++i) {
    staging_.on_gone({worker, static_cast<int>(i)}, name_of(worker) + " " + why);
  }
}

void Coordinator::on(const Heartbeat& heartbeat, int worker, Now now) {
  const double patience = welcome_.stall_seconds + welcome_.lease_seconds;  // of its worker, and of what is on its way
  if (const auto index = forgotten_cell(heartbeat, worker, cells_, workers_, now.steady - patience)) {
    return refuse(worker, fmt::format("it does not train {}, which it was given", cells_[*index].cell.name()), now);
  }
  for (const Progress& progress : heartbeat.running) {
    const auto index = cells_.find(progress.cell);
    if (!index || progress.epochs <= 0) continue;
    const TrackedCell& cell = cells_[*index];
    if (cell.phase != CellPhase::running || cell.attempt != progress.attempt) continue;
    if (progress.resumed > 0) cells_.resume_in(*index, progress.resumed);
    const int epoch = std::clamp(progress.epoch, 0, progress.epochs);
    if (epoch > cell.epoch && (cell.epochs > 0 || cell.from_scratch)) {
      cells_.faults(*index).losses = 0;  // it can train where it is
    }
    const double gained = static_cast<double>(epoch) / progress.epochs - cell.fraction;
    if (gained > 0 && (cell.fraction > 0 || cell.from_scratch)) {  // else it is where its checkpoint was
      const double members = std::max(1, workers_.slot(cell.at)->environment().pack);
      forecast_.advanced(cell.cost, gained, (now.steady - cell.since) / members);
    }
    cells_.advance(*index, epoch, progress.epochs, progress.losses, now.steady);
  }
}

void Coordinator::on(const CellFinished& finished, int worker, Now now) {
  const CellResult& result = finished.result;
  ledger_.commit_result(result);
  const std::size_t index = index_of(result.cell);
  const TrackedCell& cell = cells_[index];
  const double members = std::max(1, result.environment.pack), seconds = (now.steady - cell.begun) / members;
  const bool whole = cell.from_scratch && cell.phase == CellPhase::running && cell.attempt == result.attempt;
  const auto released = release(worker, {finished.slot, finished.left}, result.cell, result.attempt);
  if (released && whole) forecast_.done(cell.cost, seconds);
  learn_from(result);
  outcomes_.finished(index, workers_.at(worker).host, !released);
}

void Coordinator::learn_from(const CellResult& result) {
  if (!settings_.durations) return;
  settings_.durations->observe(result);
  if (++observed_ < learn_at_) return;
  learn_at_ *= 2;
  cells_.recost(*settings_.durations);
}

void Coordinator::on(const CellFailed& failed, int worker, Now now) {
  const TrainerSlot* slot = workers_.slot({worker, failed.slot});
  const int pack = slot == nullptr ? 1 : slot->environment().pack;
  const auto index = release(worker, {failed.slot, failed.left}, failed.cell, failed.attempt);
  if (!index) return;
  const BadEnd end{failed.cause, failed.detail};
  if (failed.smaller_pack && pack > 1) return outcomes_.too_large(*index, pack, end, now.wall);
  if (failed.retry) return outcomes_.hindered(*index, worker, end, now.wall);
  outcomes_.failed(*index, workers_.at(worker).host, end, now.wall);
}

void Coordinator::on(const PackCrashed& crash, int worker, Now now) {
  std::vector<std::size_t> ended;
  auto left = static_cast<int>(crash.running.size());
  for (const Progress& member : crash.running) {
    const auto index = release(worker, {crash.slot, --left}, member.cell, member.attempt);
    if (index) ended.push_back(*index);
  }
  const SlotAddress at{worker, crash.slot};
  if (workers_.slot(at) != nullptr) workers_.change(at, [](TrainerSlot& slot) { slot.died(); });
  if (ended.empty()) return;
  const BadEnd end{crash.cause, crash.detail};
  if (crash.needs_person) {
    for (const std::size_t index : ended) outcomes_.stopped(index, end, now.wall);
    return give_up(fmt::format("trainer {} of {} {}\n{}", crash.slot, name_of(worker), crash.cause, crash.detail), now);
  }
  outcomes_.crashed(ended, static_cast<int>(crash.running.size()), worker, end, now.wall);
}

void Coordinator::on(const CellStopped& stopped, int worker, Now now) {
  const TrainerSlot* slot = workers_.slot({worker, stopped.slot});
  const bool moves = slot != nullptr && slot->released().count(index_of(stopped.cell)) != 0 && !stopping_;
  const auto index = release(worker, {stopped.slot, stopped.left}, stopped.cell, stopped.attempt);
  if (!index) return;
  const bool asked = moves || stopping_ || workers_.at(worker).leaving;
  outcomes_.stopped(*index, {moves ? "moved to an idle trainer" : "stopped on request", ""}, now.wall);
  if (moves && cells_.queue().contains(*index)) cells_.mark_moved(*index);
  if (!asked) refuse(worker, fmt::format("it stopped {}, which nobody asked of it", stopped.cell.name()), now);
}

void Coordinator::on(const Leaving&, int worker, Now) {
  workers_.leave(worker);
  leave_staging(worker, "leaves");
}

void Coordinator::on(const Bye&, int worker, Now now) {
  workers_.say_bye(worker);
  const bool owes = workers_.at(worker).cells() > 0;  // it ended them without a word
  if (owes || (!stopping_ && !finished())) give_up_worker(worker, now, "left");
}

void Coordinator::give_up_worker(int worker, Now now, const std::string& why) {
  const WorkerEntry& entry = workers_.at(worker);
  leave_staging(worker, why);
  const bool alone = entry.cells() == 1;
  const std::string cause = fmt::format("{} lost ({})", name_of(worker), why);
  int lost = 0;
  for (const auto& pack : workers_.lose(worker)) {
    for (const auto& [index, attempt] : pack) {
      const TrackedCell& cell = cells_[index];
      if (cell.phase != CellPhase::running || cell.at.worker != worker || cell.attempt != attempt) continue;
      ++lost;
      outcomes_.lost(index, static_cast<int>(pack.size()), alone, cause, now.wall);
    }
  }
  if (!entry.bye || lost > 0) {
    settings_.say(fmt::format("{} {}; {} of its cells go back to the queue", name_of(worker), why, lost));
  }
}

void Coordinator::expire_leases(Now now) {
  const double lease = settings_.cluster.lease_minutes * 60;
  for (auto longest = workers_.longest_silent(); longest && now.steady - longest->first > lease;
       longest = workers_.longest_silent()) {
    give_up_worker(longest->second, now, fmt::format("not heard of for {:.0f} s", now.steady - longest->first));
  }
}

void Coordinator::keep_to_walltime(Now now) {
  walltime_.begin(now);
  // Nothing runs and nothing more is started.
  const bool idle = cells_.counts().running == 0 && !cells_.queue().empty() && walltime_.ends_soon(now.steady);
  if (stopping_ || !(idle || walltime_.stop_due(now.steady))) return;
  const double left = *walltime_.left(now.steady), lead = walltime_.lead();
  if (idle && !handed_out_) {
    return give_up(
        fmt::format("{:.0f} s are left of the allocation and no cell was started: one needs more than {:.0f} s, "
                    "of which {:.0f} s are kept for its checkpoint; ask for a longer walltime",
                    left, lead + kWorthStarting, lead),
        now);
  }
  settings_.say(fmt::format("the allocation ends in {:.0f} s: checkpointing what is running", left));
  request_stop(now);
}

void Coordinator::hand_out(Now now) {
  if (stopping_ || walltime_.ends_soon(now.steady)) return;
  outcomes_.reinstate_one_if_none_is_left();
  const std::set<SlotAddress>& ready = workers_.ready();
  for (auto next = ready.begin(); next != ready.end() && !cells_.queue().empty();) {
    const SlotAddress at = *next++;  // assigning takes it out of the set
    const TrainerSlot& slot = *workers_.slot(at);
    if (staging_.gathers() && Staging::can_take_part(slot.environment().device, slot.staging_lacks())) continue;
    if (runs_suspect(workers_.at(at.worker), cells_)) continue;
    const std::vector<std::size_t> pack = next_pack(cells_, workers_, at, welcome_.experiment.run.pack);
    if (!pack.empty()) assign(pack, at, now);
  }
}

void Coordinator::split_a_pack(Now now) {
  if (stopping_ || walltime_.ends_soon(now.steady)) return;
  const auto split = splitting_.choose(cells_, workers_, forecast_, now.steady);
  if (!split) return;
  Release order;
  for (const std::size_t index : split->cells) order.methods.push_back(cells_[index].cell.method);
  workers_.change(split->at, [&](TrainerSlot& slot) {
    for (const std::size_t index : split->cells) slot.ask_back(index);
  });
  comm_.send(split->at.worker, ReleaseSlot{split->at.slot, order});
}

void Coordinator::assign(const std::vector<std::size_t>& indices, SlotAddress at, Now now) {
  handed_out_ = true;
  std::string methods;
  for (const std::size_t index : indices) methods += (methods.empty() ? "" : ",") + cells_[index].cell.method;
  Assign message = {at.slot, {}};
  workers_.change(at, [&](TrainerSlot& slot) {
    slot.assign(static_cast<int>(indices.size()), methods);
    for (const std::size_t index : indices) {
      message.pack.members.push_back(begin(index, at, now));
      ledger_.begin_attempt(cells_[index].cell, cells_[index].attempt, slot.environment(), now.wall);
      slot.add(index, cells_[index].attempt);
    }
  });
  comm_.send(at.worker, message);
}

Train Coordinator::begin(std::size_t index, SlotAddress at, Now now) {
  const TrackedCell& cell = cells_[index];
  const auto folder_of = [&](int attempt) { return attempt_folder(settings_.folder, cell.cell, attempt); };
  if (cell.attempt > cell.earlier_attempts) cells_.add_resume(index, folder_of(cell.attempt));
  cells_.start(index, at, now);
  return {cell.cell, cell.attempt, folder_of(cell.attempt), cell.resume};
}

void Coordinator::ping(Now now) {
  if (now.steady - last_ping_ < settings_.cluster.heartbeat_seconds) return;
  last_ping_ = now.steady;
  for (const auto& [worker, entry] : workers_.all()) {
    if (!entry.bye) comm_.send(worker, Ping{});
  }
}

void Coordinator::on_tick(Now now) {
  if (!walltime_.begun()) outcomes_.refuse_rank_killers(now.wall);
  keep_to_walltime(now);
  expire_leases(now);
  if (!staging_.over()) staging_.on_tick(workers_, now.steady);
  hand_out(now);
  split_a_pack(now);
  ping(now);
}

void Coordinator::request_stop(Now) {
  if (stopping_) return;
  stopping_ = true;
  staging_.stop();
  for (const auto& [worker, entry] : workers_.all()) comm_.send(worker, StopAll{});
}

void Coordinator::abandon(const std::string& cause, Now now) {
  for (const SlotAddress& at : workers_.busy()) {
    for (const auto& [index, attempt] : workers_.slot(at)->cells()) {
      const TrackedCell& cell = cells_[index];
      if (cell.phase == CellPhase::running && cell.at == at && cell.attempt == attempt) {
        outcomes_.stopped(index, {cause, ""}, now.wall);
      }
    }
  }
}

void Coordinator::give_up(const std::string& cause, Now now) {
  if (needs_person_.empty()) {
    needs_person_ = cause;
    settings_.say("the run stops, since a person must act: " + cause);
  }
  request_stop(now);
}

bool Coordinator::finished() const {
  return cells_.counts().running == 0 && (cells_.queue().empty() || stopping_ || !stuck().empty());
}

std::string Coordinator::stuck() const {
  return cells_.queue().empty() || stopping_ || workers_.totals().hopeful > 0 ? "" : last_broken_;
}

std::optional<double> Coordinator::remaining_seconds(Now now) const {
  return mtlgrid::remaining_seconds(cells_, workers_, forecast_, now.steady);
}

nlohmann::json Coordinator::status(Now now) const {
  return coordinator_status({cells_, workers_, forecast_, walltime_, stopping_, settings_.cluster.heartbeat_seconds},
                            now);
}

std::string Coordinator::name_of(int worker) const {
  return fmt::format("worker {} on {}", worker, workers_.at(worker).host);
}

std::size_t Coordinator::index_of(const Cell& cell) const {
  const auto index = cells_.find(cell);
  if (!index) throw Error(ErrorKind::fatal, "report about unknown cell " + cell.name());
  return *index;
}

std::optional<std::size_t> Coordinator::release(int worker, Origin from, const Cell& cell, int attempt) {
  const std::size_t index = index_of(cell);
  const SlotAddress at{worker, from.slot};
  if (workers_.slot(at) != nullptr) {
    workers_.change(at, [&](TrainerSlot& slot) { slot.ended(index, attempt, from.left == 0); });
  }
  const TrackedCell& tracked = cells_[index];
  const bool newest = tracked.phase == CellPhase::running && tracked.attempt == attempt && tracked.at.worker == worker;
  return newest ? std::optional(index) : std::nullopt;
}

void Coordinator::sanity_check() const {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw Error(ErrorKind::fatal, "coordinator: " + what);
  };
  cells_.sanity_check();
  workers_.sanity_check();
  outcomes_.sanity_check();
  int running = 0;
  for (const SlotAddress& at : workers_.busy()) {
    require(workers_.at(at.worker).alive, "a cell runs on a worker that is lost");
    for (const auto& [index, attempt] : workers_.slot(at)->cells()) {
      const TrackedCell& cell = cells_[index];
      require(cell.phase == CellPhase::running && cell.at == at && cell.attempt == attempt,
              "a busy slot's cell does not run on it: " + cell.cell.name());
      ++running;
    }
  }
  require(running == cells_.counts().running, "a cell runs on no slot");
  if (staging_.over()) return;
  for (const SlotAddress& at : staging_.at_work()) {
    require(workers_.at(at.worker).alive, "a lost worker is thought to stage");
    require(workers_.slot(at)->state() == TrainerSlot::State::staging, "a slot that is at staging has another state");
  }
}

}  // namespace mtlgrid
