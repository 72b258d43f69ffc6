#include "orchestrator/scheduler/trainer_slot.h"

#include <utility>

#include "base/errors.h"

namespace mtlgrid {

bool TrainerSlot::ready(const Facts& facts) {
  if (busy()) return false;
  state_ = State::ready;
  facts_ = facts;
  return true;
}

bool TrainerSlot::breaks(const std::string& why) {
  if (busy()) return false;
  state_ = State::broken;
  why_broken_ = why;
  return true;
}

void TrainerSlot::stage() {
  if (state_ == State::ready) state_ = State::staging;
}

void TrainerSlot::staged(const Environment& environment) {
  if (busy() || state_ == State::broken) return;
  state_ = State::ready;
  facts_.environment = environment;
}

void TrainerSlot::assign(int size, const std::string& methods) {
  if (state_ != State::ready) throw Error(ErrorKind::fatal, "a trainer that is not ready was assigned a pack");
  state_ = State::busy;
  released_.clear();
  facts_.environment.pack = size;
  facts_.environment.members = methods;
}

void TrainerSlot::ended(std::size_t cell, int attempt, bool last) {
  const auto running = cells_.find(cell);
  if (running != cells_.end() && running->second == attempt) cells_.erase(running);
  if (last && state_ != State::broken && cells_.empty()) state_ = State::ready;
  released_.erase(cell);
}

std::map<std::size_t, int> TrainerSlot::lost() {
  if (state_ != State::busy && state_ != State::staging) return {};
  state_ = State::starting;
  released_.clear();
  return std::exchange(cells_, {});
}

}  // namespace mtlgrid
