#include "orchestrator/session/worker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "cluster/process.h"
#include "results/store/layout.h"

namespace mtlgrid {

Worker::Worker(int rank, std::string host, TrainersFactory make_trainers, Comm& comm)
    : rank_(rank), host_(std::move(host)), make_trainers_(std::move(make_trainers)), comm_(comm) {}

void Worker::begin(double now) {
  now_ = last_heard_ = now;
  comm_.send(kCoordinator, typed("hello", Hello{host_}));
}

void Worker::on_message(const nlohmann::json& message, double now) {
  now_ = last_heard_ = now;
  try {
    const std::string type = message.at("type");
    if (type == "ping") return;
    if (type == "welcome") return on_welcome(message.get<Welcome>(), now);
    if (type == "assign") return on_assign(message.get<Assign>());
    if (type == "stage_id") return on_stage_id(message.get<SlotOf>().slot);
    if (type == "stage") return on_stage(message.get<StageSlot>(), now);
    if (type == "stage_stop") return on_stage_stop(message.get<SlotOf>().slot);
    if (type == "release_slot") return on_release(message.get<ReleaseSlot>());
    if (type == "stop") return stop_slots();
    if (type == "shutdown") {
      shutdown_ = message.get<Shutdown>();
      return;
    }
    throw Error(ErrorKind::fatal, fmt::format("the coordinator sent a message of unknown type '{}'", type));
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::fatal, fmt::format("the coordinator sent a malformed message: {}", e.what()));
  }
}

int Worker::kill_a_trainer() {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].state != State::busy) continue;
    trainers_->kill(static_cast<int>(slot));
    return static_cast<int>(slot);
  }
  return -1;
}

void Worker::on_welcome(const Welcome& welcome, double now) {
  welcome_ = welcome;
  trainers_ = make_trainers_(welcome);
  slots_.assign(static_cast<std::size_t>(trainers_->slots()), Slot{});
  comm_.send(kCoordinator, typed("slots", Slots{trainers_->slots()}));
  heartbeat(now);
  if (stopping_) return;
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) start(slot);
}

void Worker::start(int slot) {
  slots_[static_cast<std::size_t>(slot)].state = State::starting;
  trainers_->start(slot);
  trainers_->send(slot, typed("setup", Setup{welcome_->experiment, rank_}));
}

Worker::Slot& Worker::slot_at(int slot, const char* what) {
  if (slot < 0 || static_cast<std::size_t>(slot) >= slots_.size()) {
    throw Error(ErrorKind::fatal, fmt::format("{} assigned to slot {}, which worker {} lacks", what, slot, rank_));
  }
  return slots_[static_cast<std::size_t>(slot)];
}

// A trainer that is not ready has died since the coordinator heard of it; it hears of the new one when that is ready.
void Worker::on_stage_id(int number) {
  if (slot_at(number, "staging").state == State::ready && !stopping_) trainers_->send(number, typed("stage_id"));
}

void Worker::on_stage(const StageSlot& stage, double now) {
  Slot& slot = slot_at(stage.slot, "staging");
  if (slot.state != State::ready || stopping_) return;
  slot.state = State::staging;
  slot.staged_by = now + stage.order.timeout_seconds + kAbortSeconds;
  trainers_->send(stage.slot, typed("stage", stage.order));
}

void Worker::on_stage_stop(int number) {
  if (slot_at(number, "staging").state == State::staging && !stopping_) trainers_->send(number, typed("stop"));
}

void Worker::on_release(const ReleaseSlot& release) {
  if (slot_at(release.slot, "release").state == State::busy)
    trainers_->send(release.slot, typed("release", release.order));
}

void Worker::on_assign(const Assign& assign) {
  Slot& slot = slot_at(assign.slot, "cell");
  slot.pack = assign.pack;
  slot.running.clear();
  for (const Train& member : assign.pack.members) slot.running.push_back({member.cell, member.attempt, 0, 0});
  if (stopping_) return report_stopped(assign.slot);
  if (slot.state == State::ready) train(assign.slot);  // otherwise its trainer has just died: when the new one is ready
}

void Worker::train(int slot) {
  slots_[static_cast<std::size_t>(slot)].state = State::busy;
  slots_[static_cast<std::size_t>(slot)].heard = now_;
  trainers_->send(slot, typed("train", *slots_[static_cast<std::size_t>(slot)].pack));
}

void Worker::report_stopped(int number) {
  Slot& slot = slots_[static_cast<std::size_t>(number)];
  auto left = static_cast<int>(slot.running.size());
  for (const Progress& cell : slot.running) {
    comm_.send(kCoordinator, typed("cell_stopped", CellStopped{number, --left, cell.cell, cell.attempt}));
  }
  slot.running.clear();
  slot.pack.reset();
}

void Worker::request_stop(double) {
  if (stopping_) return;
  comm_.send(kCoordinator, typed("leaving"));
  stop_slots();
}

void Worker::stop_slots() {
  if (stopping_) return;
  stopping_ = true;
  for (int number = 0; number < static_cast<int>(slots_.size()); ++number) {
    Slot& slot = slots_[static_cast<std::size_t>(number)];
    if (slot.state == State::busy || slot.state == State::staging) trainers_->send(number, typed("stop"));
    if (slot.state != State::busy && slot.pack) {  // its trainer was not ready yet
      report_stopped(number);
    }
  }
}

void Worker::poll() {
  if (!trainers_) return;
  for (const TrainerEvent& event : trainers_->poll()) on_trainer(event);
}

void Worker::end_trainers() { trainers_.reset(); }

void Worker::on_trainer(const TrainerEvent& event) {
  if (const auto* died = std::get_if<TrainerDied>(&event)) return on_death(*died);
  const auto& [slot, message] = std::get<TrainerMessage>(event);
  try {
    on_report(slot, message);
  } catch (const nlohmann::json::exception&) {
    trainers_->kill(slot);  // it talks nonsense: its death is what will be reported
  }
}

void Worker::on_ready(int number, const Ready& ready) {
  Slot& slot = slots_[static_cast<std::size_t>(number)];
  slot.state = State::ready;
  if (slot.pack) return train(number);
  SlotReady report = {number, ready.largest_pack, ready.environment, ready.staging_lacks};
  report.environment.rank = rank_;
  comm_.send(kCoordinator, typed("slot_ready", report));
}

void Worker::on_staged(int number, const Staged& staged) {
  Slot& slot = slots_[static_cast<std::size_t>(number)];
  if (slot.state != State::staging) return trainers_->kill(number);
  slot.state = State::ready;
  SlotStaged report = {number, staged};
  report.answer.environment.rank = rank_;
  comm_.send(kCoordinator, typed("slot_staged", report));
  if (slot.pack) train(number);
}

void Worker::on_report(int number, const nlohmann::json& message) {
  Slot& slot = slots_[static_cast<std::size_t>(number)];
  const std::string type = message.at("type");
  slot.heard = now_;
  if (type == "alive") return;
  if (type == "ready") return on_ready(number, message.get<Ready>());
  if (type == "stage_id") {
    return comm_.send(kCoordinator, typed("slot_stage_id", SlotStageId{number, message.get<StageId>()}));
  }
  if (type == "staged") return on_staged(number, message.get<Staged>());
  const auto about = [&](const Cell& cell, int attempt) {
    return std::find_if(slot.running.begin(), slot.running.end(),
                        [&](const Progress& p) { return p.cell == cell && p.attempt == attempt; });
  };
  if (type == "progress") {
    const auto progress = message.get<Progress>();
    const auto running = about(progress.cell, progress.attempt);
    if (running != slot.running.end()) *running = progress;
    return;
  }
  nlohmann::json report = message;
  if (type == "finished") {
    report["type"] = "cell_finished";
  } else if (type == "failed") {
    report["type"] = "cell_failed";
  } else if (type == "stopped") {
    report["type"] = "cell_stopped";
  } else {
    return trainers_->kill(number);
  }
  const nlohmann::json& subject = type == "finished" ? message.at("result") : message;
  const auto running = about(subject.at("cell").get<Cell>(), subject.at("attempt").get<int>());
  if (running == slot.running.end()) return trainers_->kill(number);  // a report about nothing it was asked
  slot.running.erase(running);
  slot.deaths = 0;
  if (slot.running.empty()) {
    slot.state = State::ready;
    slot.pack.reset();
  }
  report["slot"] = number;
  report["left"] = slot.running.size();
  comm_.send(kCoordinator, report);
}

void Worker::on_death(const TrainerDied& died) {
  Slot& slot = slots_[static_cast<std::size_t>(died.slot)];
  slot.deaths += slot.pack ? 0 : 1;
  const bool needs_person = died.exit_status == kDiskFull;
  if (slot.pack) {
    // Its last words are in the attempt's log; what it wrote before it had a cell is in the slot's, and in `detail`.
    const std::string log = tail_of(std::filesystem::path(slot.pack->members[0].directory) / kAttemptLog, 0, kLogLines);
    const std::string detail = died.detail + (died.detail.empty() || log.empty() ? "" : "\n") + log;
    const std::string cause = slot.stalled ? fmt::format("silent for {:.0f} s", welcome_->stall_seconds) : died.cause;
    comm_.send(kCoordinator, typed("pack_crashed", PackCrashed{died.slot, slot.running, cause, detail, needs_person}));
    slot.pack.reset();
    slot.running.clear();
  }
  slot.state = State::absent;
  slot.stalled = false;
  if (stopping_ || shutdown_ || orphaned_) return;
  if (slot.deaths >= kStartTries) {
    slot.state = State::broken;
    comm_.send(kCoordinator, typed("slot_broken", SlotBroken{died.slot, died.cause, died.detail, needs_person}));
    return;
  }
  start(died.slot);
}

bool Worker::busy() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.state == State::busy; });
}

void Worker::heartbeat(double now) {
  last_beat_ = now;
  Heartbeat beat;
  for (const Slot& slot : slots_) {
    beat.running.insert(beat.running.end(), slot.running.begin(), slot.running.end());
  }
  comm_.send(kCoordinator, typed("heartbeat", beat));
}

void Worker::on_tick(double now) {
  now_ = now;
  const double beat = welcome_ ? welcome_->heartbeat_seconds : 5;
  const double patience = welcome_ ? 2 * welcome_->lease_seconds : kPlanningSeconds;
  if (welcome_ && now - last_beat_ >= beat) heartbeat(now);
  for (int slot = 0; slot < static_cast<int>(slots_.size()); ++slot) {
    Slot& s = slots_[static_cast<std::size_t>(slot)];
    if (s.state == State::staging && now > s.staged_by) trainers_->kill(slot);  // its death is what will be reported
    if (s.state == State::busy && !s.stalled && now - s.heard > welcome_->stall_seconds) {
      s.stalled = true;
      trainers_->kill(slot);
    }
  }
  // Rank 0's coordinator is in the same process: whatever the silence was, it is there.
  if (!orphaned_ && rank_ != kCoordinator && now - last_heard_ > patience) {
    orphaned_ = true;
    comm_.send(kCoordinator, typed("leaving"));  // if it hears that after all, it is not to send cells
    stop_slots();
  }
}

}  // namespace mtlgrid
