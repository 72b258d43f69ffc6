#include "orchestrator/session/worker_slot.h"

#include <algorithm>
#include <utility>

namespace mtlgrid {

void WorkerSlot::stage(double deadline) {
  state_ = State::staging;
  stage_deadline_ = deadline;
}

void WorkerSlot::take(const TrainPack& pack) {
  pack_ = pack;
  running_.clear();
  released_.clear();
  for (const Train& member : pack.members) running_.push_back({member.cell, member.attempt, 0, 0});
}

void WorkerSlot::train(double now) {
  state_ = State::busy;
  heard_ = now;
}

std::vector<Progress> WorkerSlot::drop_pack() {
  pack_.reset();
  return std::exchange(running_, {});
}

std::vector<Progress>::iterator WorkerSlot::find(const Cell& cell, int attempt) {
  return std::find_if(running_.begin(), running_.end(),
                      [&](const Progress& p) { return p.cell == cell && p.attempt == attempt; });
}

bool WorkerSlot::progress(const Progress& progress) {
  const auto running = find(progress.cell, progress.attempt);
  if (!busy() || running == running_.end()) return false;
  const int resumed = std::max(running->resumed, progress.resumed);
  *running = progress;
  running->resumed = resumed;
  return true;
}

std::optional<int> WorkerSlot::end(const Cell& cell, int attempt) {
  const auto running = find(cell, attempt);
  if (!busy() || running == running_.end()) return std::nullopt;
  running_.erase(running);
  deaths_ = 0;
  if (running_.empty()) {
    state_ = State::ready;
    pack_.reset();
  }
  return static_cast<int>(running_.size());
}

bool WorkerSlot::overdue(double now, double stall_seconds) {
  if (state_ == State::staging) return now > stage_deadline_;
  const bool watched = busy() || state_ == State::starting;
  if (!watched || stalled_ || now - heard_ <= stall_seconds) return false;
  stalled_ = true;
  return true;
}

WorkerSlot::Remains WorkerSlot::die() {
  if (!pack_) ++deaths_;
  Remains remains{
      std::exchange(pack_, std::nullopt), {}, std::exchange(stalled_, false), std::exchange(broken_off_, {})};
  if (remains.pack) remains.running = std::exchange(running_, {});
  state_ = State::absent;
  return remains;
}

}  // namespace mtlgrid
