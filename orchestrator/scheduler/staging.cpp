#include "orchestrator/scheduler/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace mtlgrid {
namespace {

// Numbers hosts in the order in which they first appear.
std::vector<int> numbered(const std::vector<std::string>& hosts) {
  std::map<std::string, int> numbers;
  std::vector<int> nodes;
  for (const std::string& host : hosts) {
    nodes.push_back(numbers.emplace(host, static_cast<int>(numbers.size())).first->second);
  }
  return nodes;
}

bool has_gpu(const std::string& device) { return device.starts_with("cuda"); }

}  // namespace

StagingSettings staging_settings(const RunSettings& run, bool gpus, int workers, std::uint64_t bytes) {
  const int least = run.staging == "files" || !gpus ? 0 : run.staging == "nccl" ? 1 : 2;
  return {least, workers, bytes};
}

Staging::Staging(const StagingSettings& settings, CommToWorkers& comm, std::function<void(const std::string&)> say)
    : settings_(settings),
      comm_(comm),
      say_(std::move(say)),
      state_(settings.least > 0 ? State::gathering : State::over) {}

bool Staging::can_take_part(const std::string& device, const std::string& lacks) {
  return has_gpu(device) && lacks.empty();
}

struct Staging::View {
  enum class Readiness { starting, ready, busy, broken };  // busy: with cells, which it got since it cannot take part
  struct Slot {
    SlotAddress at;
    std::string host, device, lacks;  // the latter two once it was ready: as in Environment and Ready
    Readiness state = Readiness::starting;
  };
  int workers = 0;  // that have told their slots, or are gone
  std::vector<Slot> slots;
};

Staging::View Staging::view_of(const WorkerTable& workers) {
  using Readiness = View::Readiness;
  View view;
  for (const auto& [worker, entry] : workers.all()) {
    const bool here = entry.heard() && !entry.leaving;
    view.workers += !here || !entry.slots.empty();
    for (std::size_t i = 0; here && i < entry.slots.size(); ++i) {
      const TrainerSlot& slot = entry.slots[i];
      using State = TrainerSlot::State;
      const auto state = slot.state() == State::ready    ? Readiness::ready
                         : slot.state() == State::busy   ? Readiness::busy
                         : slot.state() == State::broken ? Readiness::broken
                                                         : Readiness::starting;
      view.slots.push_back(
          {{worker, static_cast<int>(i)}, entry.host, slot.environment().device, slot.staging_lacks(), state});
    }
  }
  return view;
}

void Staging::on_tick(const WorkerTable& workers, double now) {
  using Readiness = View::Readiness;
  const View view = view_of(workers);
  if (state_ == State::gathering) {
    bool all_known = view.workers >= settings_.workers && !view.slots.empty();
    for (const View::Slot& slot : view.slots) {
      all_known = all_known && slot.state != Readiness::starting;
      const bool able = slot.state == Readiness::ready && can_take_part(slot.device, slot.lacks);
      if (able && !first_ready_) first_ready_ = now;
    }
    if (all_known || (first_ready_ && now - *first_ready_ >= kGatherSeconds)) choose(view, now);
  } else if (state_ == State::asking && now > deadline_) {
    fail(fmt::format("no id within {:.0f} s", kIdSeconds));
  } else if (state_ == State::running && now > deadline_) {
    if (cause_.empty()) cause_ = "a trainer does not answer";
    finish();
  }
}

// One trainer of each GPU, in the order of workers and slots.
void Staging::choose(const View& view, double now) {
  using Readiness = View::Readiness;
  std::set<std::string> gpus, taken;
  std::string lacks;
  for (const View::Slot& slot : view.slots) {
    if (slot.state == Readiness::starting || slot.state == Readiness::broken || !has_gpu(slot.device)) continue;
    gpus.insert(slot.device);
    if (!slot.lacks.empty()) {
      lacks = slot.lacks;
    } else if (slot.state == Readiness::ready && taken.insert(slot.device).second) {
      participants_.push_back({slot.at, slot.host});
    }
  }
  const auto least = static_cast<std::size_t>(settings_.least);
  if (participants_.size() < least) {
    state_ = State::over;  // with too few GPUs there is nothing to say: nobody asked for it
    if (gpus.size() >= least && !lacks.empty()) fail(lacks);
    return;
  }
  state_ = State::asking;
  deadline_ = now + kIdSeconds;
  const SlotAddress first = participants_[0].at;
  comm_.send(first.worker, AskStageId{first.slot});
}

void Staging::on_id(SlotAddress from, const StageId& answer, double now) {
  if (state_ != State::asking || from != participants_[0].at) return;
  if (!answer.error.empty()) return fail(answer.error);
  send_orders(answer.id, now);
}

void Staging::send_orders(const std::string& id, double now) {
  std::vector<std::string> hosts;
  for (const Participant& participant : participants_) hosts.push_back(participant.host);
  Stage order{id, 0, static_cast<int>(participants_.size()), numbered(hosts), 0};
  order.timeout_seconds = kCommunicatorSeconds + static_cast<double>(settings_.bytes) / kSlowestBytesPerSecond;
  state_ = State::running;
  deadline_ = now + order.timeout_seconds + 2 * kAbortSeconds;
  for (const Participant& participant : participants_) {
    comm_.send(participant.at.worker, StageSlot{participant.at.slot, order});
    at_work_.insert(participant.at);
    ++order.rank;
  }
}

void Staging::on_staged(SlotAddress from, const Staged& answer) {
  if (at_work_.erase(from) == 0 || state_ != State::running) return;
  if (answer.error.empty()) done_.push_back(answer);
  if (!answer.error.empty()) lose(answer.error);
  if (at_work_.empty()) finish();
}

// One is missing, for `why`: the others, who would notice by their timeout alone, are told to stop.
void Staging::lose(const std::string& why) {
  if (!cause_.empty()) return;
  cause_ = why;
  for (const SlotAddress& other : at_work_) comm_.send(other.worker, StopStaging{other.slot});
}

void Staging::on_gone(SlotAddress slot, const std::string& why) {
  if (state_ == State::asking) {
    const auto found = std::find_if(participants_.begin(), participants_.end(),
                                    [&](const Participant& participant) { return participant.at == slot; });
    if (found == participants_.end()) return;
    if (found == participants_.begin()) return fail(why);  // the id, if there is one, is of a dead process
    participants_.erase(found);
    if (participants_.size() < static_cast<std::size_t>(settings_.least)) fail(why);
    return;
  }
  if (at_work_.erase(slot) == 0 || state_ != State::running) return;
  lose(why);
  if (at_work_.empty()) finish();
}

void Staging::fail(const std::string& why) {
  state_ = State::over;
  say_(fmt::format("NCCL: {}; features are read from files instead", why));
}

void Staging::finish() {
  const std::size_t all = participants_.size();
  if (done_.empty()) return fail(cause_);
  state_ = State::over;
  const Staged& one = done_.front();
  const auto slowest = std::max_element(done_.begin(), done_.end(),
                                        [](const Staged& a, const Staged& b) { return a.seconds < b.seconds; });
  std::string line =
      fmt::format("features of {}, {:.1f} GB, over NCCL to {} in {:.1f} s", counted(one.cohorts, "cohort"),
                  static_cast<double>(one.bytes) / 1e9, counted(done_.size(), "trainer"), slowest->seconds);
  if (one.skipped > 0) line += fmt::format("; {} did not fit a GPU", counted(one.skipped, "cohort"));
  if (done_.size() < all) {
    line += fmt::format("; {} of {} trainers read files instead (NCCL: {})", all - done_.size(), all, cause_);
  }
  say_(line);
}

}  // namespace mtlgrid
