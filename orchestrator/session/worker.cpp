#include "orchestrator/session/worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "base/text.h"
#include "cluster/log_tail.h"
#include "orchestrator/scheduler/message_checks.h"
#include "orchestrator/scheduler/staging.h"
#include "results/store/layout.h"
#include "trainer/contract/report_checks.h"

namespace mtlgrid {

using State = WorkerSlot::State;

Worker::Worker(int rank, std::string host, TrainersFactory make_trainers, CommToCoordinator& comm)
    : rank_(rank), host_(std::move(host)), make_trainers_(std::move(make_trainers)), comm_(comm) {}

void Worker::begin(double now) {
  now_ = last_heard_ = now;
  comm_.send(kCoordinator, Hello{host_});
}

void Worker::on_message(const ToWorker& message, double now) {
  now_ = last_heard_ = now;
  std::visit([this](const auto& alternative) { on(alternative); }, message);
}

void Worker::on(const OtherMessage& message) {
  throw Error(ErrorKind::fatal, fmt::format("the coordinator sent a message of unknown type '{}'", message.type));
}

int Worker::kill_a_trainer() {
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
    if (!slot_at(slot).busy()) continue;
    trainers_->kill(slot);
    return slot;
  }
  return -1;
}

void Worker::kill_trainers() {
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) trainers_->kill(slot);
}

void Worker::on(const Welcome& welcome) {
  welcome_ = welcome;
  trainers_ = make_trainers_(welcome);
  slots_.assign(static_cast<std::size_t>(trainers_->slots()), WorkerSlot{});
  comm_.send(kCoordinator, Slots{trainers_->slots()});
  heartbeat(now_);
  if (stopping_) return;
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) start(slot);
}

void Worker::start(int slot) {
  slot_at(slot).start(now_);
  trainers_->start(slot);
  send(slot, Setup{welcome_->experiment, rank_});
}

WorkerSlot& Worker::slot_for(int slot, const char* what) {
  if (slot < 0 || static_cast<std::size_t>(slot) >= slots_.size()) {
    throw Error(ErrorKind::fatal, fmt::format("{} assigned to slot {}, which worker {} lacks", what, slot, rank_));
  }
  return slot_at(slot);
}

// A trainer that is not ready has died since the coordinator heard of it; it hears of the new one when that is ready.
void Worker::on(const AskStageId& ask) {
  if (slot_for(ask.slot, "staging").state() == State::ready && !stopping_) send(ask.slot, MakeStageId{});
}

void Worker::on(const StageSlot& stage) {
  WorkerSlot& slot = slot_for(stage.slot, "staging");
  if (slot.state() != State::ready || stopping_) return;
  slot.stage(now_ + stage.order.timeout_seconds + kAbortSeconds);
  send(stage.slot, stage.order);
}

void Worker::on(const StopStaging& stop) {
  if (slot_for(stop.slot, "staging").state() == State::staging && !stopping_) send(stop.slot, Stop{});
}

void Worker::on(const ReleaseSlot& release) {
  WorkerSlot& slot = slot_for(release.slot, "release");
  if (!slot.busy()) return;
  slot.release(release.order.methods);
  send(release.slot, release.order);
}

void Worker::on(const Assign& assign) {
  WorkerSlot& slot = slot_for(assign.slot, "cell");
  slot.take(assign.pack);
  if (stopping_) return report_stopped(assign.slot);
  if (slot.state() == State::ready) train(assign.slot);  // otherwise its trainer has just died: when the new one is
}

void Worker::train(int slot) {
  slot_at(slot).train(now_);
  send(slot, *slot_at(slot).pack());
}

void Worker::report_stopped(int slot) {
  const std::vector<Progress> cells = slot_at(slot).drop_pack();
  auto left = static_cast<int>(cells.size());
  for (const Progress& cell : cells) {
    comm_.send(kCoordinator, CellStopped{slot, --left, cell.cell, cell.attempt});
  }
}

void Worker::request_stop(double) {
  if (stopping_) return;
  comm_.send(kCoordinator, Leaving{});
  stop_slots();
}

void Worker::stop_slots() {
  if (stopping_) return;
  stopping_ = true;
  for (int number = 0; number < static_cast<int>(slots_.size()); ++number) {
    const WorkerSlot& slot = slot_at(number);
    if (slot.busy() || slot.state() == State::staging) send(number, Stop{});
    if (!slot.busy() && slot.pack()) report_stopped(number);  // its trainer was not ready yet
  }
}

void Worker::poll() {
  if (!trainers_) return;
  for (const TrainerEvent& event : trainers_->poll()) on_trainer(event);
}

void Worker::end_trainers() { trainers_.reset(); }

void Worker::on_trainer(const TrainerEvent& event) {
  if (const auto* died = std::get_if<TrainerDied>(&event)) return on_death(*died);
  const auto& trainer = std::get<TrainerMessage>(event);
  if (slot_at(trainer.slot).broken_off()) return;
  FromTrainer message;
  try {
    message = decode_report<FromTrainer>(trainer.message, "it");
    check_report(message);
    if (const auto* end = std::get_if<Finished>(&message)) check_end(end->result, *welcome_);
  } catch (const Error& e) {
    return break_off(trainer.slot, e.what());
  }
  if (slot_at(trainer.slot).state() == WorkerSlot::State::starting && !std::holds_alternative<Ready>(message)) {
    return break_off(trainer.slot, "it reports before it is ready");
  }
  // One that was asked to stop is not waited for without end, whatever else it says.
  const bool ends_a_cell = std::holds_alternative<Finished>(message) || std::holds_alternative<Failed>(message) ||
                           std::holds_alternative<Stopped>(message);
  if (!stopping_ || ends_a_cell) slot_at(trainer.slot).hear(now_);
  std::visit([&](const auto& alternative) { on(alternative, trainer.slot); }, message);
}

void Worker::break_off(int slot, const std::string& why) {
  slot_at(slot).break_off("broken stream: " + why);
  trainers_->kill(slot);
}

void Worker::on(const Ready& ready, int slot) {
  if (slot_at(slot).state() != State::starting) return break_off(slot, "it is ready a second time");
  slot_at(slot).become_ready();
  if (slot_at(slot).pack()) return train(slot);
  SlotReady report = {slot, ready.largest_pack, ready.environment, ready.staging_lacks};
  report.environment.rank = rank_;
  comm_.send(kCoordinator, report);
}

void Worker::on(const StageId& id, int slot) { comm_.send(kCoordinator, SlotStageId{slot, id}); }

void Worker::on(const Staged& staged, int slot) {
  if (slot_at(slot).state() != State::staging) return break_off(slot, "it has staged, which nobody asked of it");
  slot_at(slot).become_ready();
  SlotStaged report = {slot, staged};
  report.answer.environment.rank = rank_;
  comm_.send(kCoordinator, report);
  if (slot_at(slot).pack()) train(slot);
}

void Worker::on(const Progress& progress, int slot) {
  if (!slot_at(slot).progress(progress)) {
    return break_off(slot, fmt::format("it reports {}, which it does not train", printable(progress.cell.name())));
  }
  if (progress.resumed > 0) heartbeat(now_);  // at once: the coordinator records it with whatever ends the attempt
}

std::optional<int> Worker::end(int slot, const Cell& cell, int attempt) {
  const auto left = slot_at(slot).end(cell, attempt);
  if (!left) break_off(slot, fmt::format("it reports {}, which it does not train", printable(cell.name())));
  return left;
}

void Worker::on(const Finished& finished, int slot) {
  const auto left = end(slot, finished.result.cell, finished.result.attempt);
  if (left) comm_.send(kCoordinator, CellFinished{slot, *left, finished.result});
}

void Worker::on(const Failed& failed, int slot) {
  const auto left = end(slot, failed.cell, failed.attempt);
  if (!left) return;
  comm_.send(kCoordinator, CellFailed{slot, *left, failed.cell, failed.attempt, failed.cause, failed.detail,
                                      failed.smaller_pack, failed.retry});
}

void Worker::on(const Stopped& stopped, int slot) {
  WorkerSlot& its = slot_at(slot);
  if (its.trains(stopped.cell, stopped.attempt) && !stopping_ && !its.released(stopped.cell)) {
    return break_off(slot, fmt::format("it stopped {}, which nobody asked of it", printable(stopped.cell.name())));
  }
  const auto left = end(slot, stopped.cell, stopped.attempt);
  if (left) comm_.send(kCoordinator, CellStopped{slot, *left, stopped.cell, stopped.attempt});
}

void Worker::on_death(const TrainerDied& died) {
  WorkerSlot& slot = slot_at(died.slot);
  const WorkerSlot::Remains remains = slot.die();
  const std::string cause = remains.stalled               ? fmt::format("silent for {:.0f} s", welcome_->stall_seconds)
                            : !remains.broken_off.empty() ? remains.broken_off
                                                          : died.cause;
  const bool needs_person = died.exit_status == kDiskFull || died.limited;
  if (remains.pack) {
    // Its last words are in the attempt's log; what it wrote before it had a cell is in the slot's, and in `detail`.
    const std::string log =
        tail_of(std::filesystem::path(remains.pack->members[0].directory) / kAttemptLog, 0, kLogLines);
    const std::string detail = died.detail + (died.detail.empty() || log.empty() ? "" : "\n") + log;
    comm_.send(kCoordinator, PackCrashed{died.slot, remains.running, cause, detail, needs_person});
  }
  if (stopping_ || shutdown_ || orphaned_) return;
  if (slot.deaths() >= kStartTries) {
    slot.give_up();
    comm_.send(kCoordinator, SlotBroken{died.slot, cause, died.detail, needs_person});
    return;
  }
  start(died.slot);
}

bool Worker::busy() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const WorkerSlot& slot) { return slot.busy(); });
}

void Worker::heartbeat(double now) {
  last_beat_ = now;
  Heartbeat beat;
  for (const WorkerSlot& slot : slots_) {
    beat.running.insert(beat.running.end(), slot.running().begin(), slot.running().end());
  }
  comm_.send(kCoordinator, beat);
}

void Worker::on_tick(double now) {
  now_ = now;
  const double beat = welcome_ ? welcome_->heartbeat_seconds : 5;
  const double patience = welcome_ ? 2 * welcome_->lease_seconds : kPlanningSeconds;
  if (welcome_ && now - last_beat_ >= beat) heartbeat(now);
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
    // Its death is what will be reported.
    if (slot_at(slot).overdue(now, welcome_->stall_seconds)) trainers_->kill(slot);
  }
  // Rank 0's coordinator is in the same process: whatever the silence was, it is there.
  if (!orphaned_ && rank_ != kCoordinator && now - last_heard_ > patience) {
    orphaned_ = true;
    comm_.send(kCoordinator, Leaving{});  // if it hears that after all, it is not to send cells
    stop_slots();
  }
}

}  // namespace mtlgrid
