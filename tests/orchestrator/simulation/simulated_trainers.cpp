#include "tests/orchestrator/simulation/simulated_trainers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ranges>

namespace mtlgrid::simulation {
namespace {

constexpr double kRounding = 1e-6;  // seconds: sums of times are not exact

// N of ".../attempt-N"; 0 for another name.
int attempt_of(const std::string& folder) {
  const std::size_t dash = folder.rfind('-');
  int attempt = 0;
  if (dash != std::string::npos) std::from_chars(folder.data() + dash + 1, folder.data() + folder.size(), attempt);
  return attempt;
}

}  // namespace

// One interval, the checkpoint that was being written, and the step that the death came in.
double TrainerHabits::most_lost() const { return checkpoint_every + save + step; }

double Disk::checkpoint(std::size_t cell, const std::vector<std::string>& resume) const {
  const auto folders = folders_.find(cell);
  if (folders == folders_.end()) return 0;
  for (const std::string& name : resume) {
    const auto folder = folders->second.find(attempt_of(name));
    if (folder != folders->second.end() && folder->second.checkpoint) return *folder->second.checkpoint;
  }
  return 0;
}

class TrainerPool::Handle : public Trainers {
 public:
  explicit Handle(TrainerPool& pool) : pool_(pool) {}
  ~Handle() override { pool_.end(); }
  int slots() const override { return pool_.habits_.slots; }
  void start(int slot) override { pool_.start(slot); }
  void send(int slot, const nlohmann::json& message) override { pool_.send(slot, message); }
  std::vector<TrainerEvent> poll() override { return pool_.poll(); }
  void kill(int slot) override { pool_.kill(slot); }
  bool running(int slot) const override { return pool_.running(slot); }

 private:
  TrainerPool& pool_;
};

TrainerPool::TrainerPool(Events& events, const SimulatedGrid& grid, Disk& disk, const TrainerHabits& habits,
                         std::function<void()> wake, std::function<void()> take_rank_down)
    : events_(events),
      grid_(grid),
      disk_(disk),
      habits_(habits),
      wake_(std::move(wake)),
      take_rank_down_(std::move(take_rank_down)),
      slots_(static_cast<std::size_t>(habits.slots)) {}

std::unique_ptr<Trainers> TrainerPool::handle() { return std::make_unique<Handle>(*this); }

void TrainerPool::start(int slot) {
  at(slot).state = Slot::State::starting;
  ++at(slot).generation;
}

void TrainerPool::send(int slot, const nlohmann::json& message) {
  if (at(slot).state == Slot::State::absent) return;
  const auto order = decode_message<ToTrainer>(message, "a worker");
  if (std::holds_alternative<Setup>(order)) {
    events_.after(habits_.start, [this, slot, generation = at(slot).generation] {
      if (at(slot).generation != generation || at(slot).state != Slot::State::starting) return;
      at(slot).state = Slot::State::waiting;
      Ready ready;
      ready.environment.host = "simulated";
      ready.environment.device = habits_.device;
      report(slot, ready);
      wake_();
    });
  } else if (const auto* pack = std::get_if<TrainPack>(&order)) {
    train(slot, *pack);
  } else if (std::holds_alternative<Stop>(order)) {
    stop(slot);
  } else if (const auto* released = std::get_if<Release>(&order)) {
    release(slot, released->methods);
  }
}

void TrainerPool::train(int number, const TrainPack& pack) {
  Slot& slot = at(number);
  slot.state = Slot::State::training;
  slot.stopping = false;
  slot.settled = events_.now();
  for (const Train& member : pack.members) {
    const std::size_t cell = grid_.index(member.cell);
    auto& attempts = disk_.attempts(cell);
    const double from = disk_.checkpoint(cell, member.resume);
    for (const auto& [earlier, before] : std::views::reverse(attempts)) {
      if (earlier >= member.attempt) continue;
      disk_.add({cell, member.attempt, before.reached - from, before.fault});
      break;
    }
    attempts[member.attempt] = {cell, member.attempt, from, from, std::nullopt, ""};
    slot.members.push_back({cell, member.attempt, &attempts[member.attempt], from, -1});
  }
  plan_next(number);
}

void TrainerPool::stop(int number) {
  if (at(number).state != Slot::State::training || at(number).stopping) return;
  at(number).stopping = true;
  std::vector<std::string> methods;
  for (const Member& member : at(number).members) methods.push_back(grid_[member.cell].cell.method);
  release(number, methods);
}

// The members are checkpointed at their next step. Whoever has ended by then is passed over.
void TrainerPool::release(int number, const std::vector<std::string>& methods) {
  if (at(number).state != Slot::State::training) return;
  std::vector<Disk::Folder*> wanted;
  for (const Member& member : at(number).members) {
    if (std::count(methods.begin(), methods.end(), grid_[member.cell].cell.method) > 0) wanted.push_back(member.folder);
  }
  events_.after(habits_.step + habits_.save, [this, number, wanted] {
    Slot& slot = at(number);
    settle(slot);
    for (std::size_t i = slot.members.size(); i-- > 0;) {
      const Member member = slot.members[i];
      if (std::count(wanted.begin(), wanted.end(), member.folder) == 0) continue;
      member.folder->checkpoint = member.done;
      end_member(number, i, Stopped{grid_[member.cell].cell, member.attempt});
    }
    if (slot.state == Slot::State::training) plan_next(number);
    wake_();
  });
}

double TrainerPool::rate(const Slot& slot) const {
  return 1 / (1 + (static_cast<double>(slot.members.size()) - 1) * habits_.pack_cost);
}

// Where its work ends, well or not.
double TrainerPool::target(const Member& member) const {
  const SimulatedCell& cell = grid_[member.cell];
  return cell.nature == Nature::healthy ? cell.seconds : cell.breaks_at;
}

// The newest whole checkpoint: one at each epoch's end, more within a long one.
double TrainerPool::saved(const Member& member) const {
  const double epoch = grid_[member.cell].epoch_seconds(), whole = member.done - habits_.save;
  const double begun = std::floor(std::max(0.0, whole) / epoch) * epoch;
  const double from = std::max(begun, member.folder->begun_at);
  return from + std::max(0.0, std::floor((whole - from) / habits_.checkpoint_every)) * habits_.checkpoint_every;
}

void TrainerPool::settle(Slot& slot) {
  const double passed = (events_.now() - slot.settled) * (slot.members.empty() ? 0 : rate(slot));
  worked_ += events_.now() > slot.settled && !slot.members.empty() ? events_.now() - slot.settled : 0;
  slot.settled = events_.now();
  for (Member& member : slot.members) {
    member.done = std::min(member.done + passed, target(member));
    member.folder->reached = member.done;
    const double checkpoint = saved(member);
    if (checkpoint > member.folder->begun_at + kRounding) member.folder->checkpoint = checkpoint;
  }
}

void TrainerPool::plan_next(int number) {
  Slot& slot = at(number);
  ++slot.generation;
  if (slot.members.empty()) return;
  double soonest = 1e300;
  for (const Member& member : slot.members) soonest = std::min(soonest, target(member) - member.done);
  events_.after(soonest / rate(slot), [this, number, generation = slot.generation] { on_due(number, generation); });
}

void TrainerPool::on_due(int number, unsigned generation) {
  Slot& slot = at(number);
  if (slot.generation != generation || slot.state != Slot::State::training) return;
  settle(slot);
  for (std::size_t i = 0; i < slot.members.size();) {
    const Member member = slot.members[i];
    const SimulatedCell& cell = grid_[member.cell];
    if (target(member) - member.done > kRounding) {
      ++i;
      continue;
    }
    switch (cell.nature) {
      case Nature::healthy: {
        CellResult result;
        result.cell = cell.cell;
        result.attempt = member.attempt;
        result.best_epoch = cell.epochs;
        result.started = slot.settled;
        result.ended = events_.now();
        end_member(number, i, Finished{result});
        break;
      }
      case Nature::always_fails: {
        Failed failed;
        failed.cell = cell.cell;
        failed.attempt = member.attempt;
        failed.cause = "epoch 3, step 7: non-finite loss of the classification";
        end_member(number, i, failed);
        break;
      }
      case Nature::always_crashes:
        die(number, "killed by signal 11 (SIGSEGV)");
        return;
      case Nature::takes_rank_down:
        take_rank_down_();  // ends this pool
        return;
    }
  }
  if (slot.state == Slot::State::training) plan_next(number);
  wake_();
}

void TrainerPool::end_member(int number, std::size_t member, const FromTrainer& message) {
  Slot& slot = at(number);
  report(number, message);
  slot.members.erase(slot.members.begin() + static_cast<std::ptrdiff_t>(member));
  if (!slot.members.empty()) return;
  slot.state = Slot::State::waiting;
  slot.stopping = false;
  ++slot.generation;
}

void TrainerPool::leave(Slot& slot) {
  settle(slot);
  slot.members.clear();
  slot.state = Slot::State::absent;
  slot.stopping = false;
  ++slot.generation;
}

void TrainerPool::die(int slot, const std::string& cause) {
  if (at(slot).state == Slot::State::absent) return;
  leave(at(slot));
  events_to_tell_.push_back(TrainerDied{slot, cause, "the last lines of its log"});
  wake_();
}

std::vector<std::size_t> TrainerPool::crash(int slot, const std::string& cause) {
  std::vector<std::size_t> cells;
  for (const Member& member : at(slot).members) cells.push_back(member.cell);
  die(slot, cause);
  return cells;
}

void TrainerPool::end() {
  for (Slot& slot : slots_) leave(slot);
  events_to_tell_.clear();
}

std::vector<std::size_t> TrainerPool::training() const {
  std::vector<std::size_t> cells;
  for (const Slot& slot : slots_) {
    for (const Member& member : slot.members) cells.push_back(member.cell);
  }
  return cells;
}

void TrainerPool::note_fault(const std::string& fault) {
  for (Slot& slot : slots_) {
    for (Member& member : slot.members) member.folder->fault = fault;
  }
}

void TrainerPool::report(int slot, const FromTrainer& message) {
  events_to_tell_.push_back(TrainerMessage{slot, encode_message(message)});
}

// Epochs are told when they are asked for: one message a heartbeat instead of an event an epoch.
std::vector<TrainerEvent> TrainerPool::poll() {
  std::vector<TrainerEvent> told;
  for (std::size_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s].state != Slot::State::training) continue;
    settle(slots_[s]);
    for (Member& member : slots_[s].members) {
      const SimulatedCell& cell = grid_[member.cell];
      const int epoch = static_cast<int>(member.done / cell.epoch_seconds());
      if (epoch == member.told_epoch) continue;
      member.told_epoch = epoch;
      const Progress progress{cell.cell, member.attempt, epoch, cell.epochs};
      told.push_back(TrainerMessage{static_cast<int>(s), encode_message(progress)});
    }
  }
  // What members that have ended said comes after the progress of those that have not: different cells, no order.
  told.insert(told.end(), std::make_move_iterator(events_to_tell_.begin()),
              std::make_move_iterator(events_to_tell_.end()));
  events_to_tell_.clear();
  return told;
}

}  // namespace mtlgrid::simulation
