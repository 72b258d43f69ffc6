#include "orchestrator/rehearsal/rehearsal_steps.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/clock.h"
#include "base/telling.h"
#include "base/text.h"
#include "orchestrator/rehearsal/rehearsal_report.h"

namespace mtlgrid {
namespace {

constexpr int kPings = 20;
constexpr double kAnswerSeconds = 60;  // nvidia-smi alone may take 30
constexpr double kWarmSeconds = 60;    // trainers start in seconds; on a slow file system in more
constexpr double kStopSeconds = 20;    // a dummy cell hears of it within its step, 20 ms
constexpr double kShareOfTime = 0.25;  // of the rehearsal's time, for its first cells to come

// The program whose child rank 0 is: mpirun itself passes SIGUSR1 on, its daemon on another node would die of it.
std::string parent_name() {
  std::string name;
  std::ifstream(fmt::format("/proc/{}/comm", getppid())) >> name;
  return name;
}
bool is_mpirun(const std::string& name) {
  static const std::set<std::string> kNames = {"mpirun", "mpiexec", "orterun", "prterun"};
  return kNames.count(name) != 0;
}

}  // namespace

bool RehearsalSteps::on_message(int from, const ToCoordinator& message, double now) {
  const auto* other = std::get_if<OtherMessage>(&message);
  if (other != nullptr && other->type == Rehearsed::kType) {
    answered(from, other->content.get<Rehearsed>());
    return true;
  }
  if (const auto* slots = std::get_if<Slots>(&message)) record_.slots[from] = slots->slots;
  if (const auto* ready = std::get_if<SlotReady>(&message)) trainer_ready(from, *ready, now);
  if (const auto* beat = std::get_if<Heartbeat>(&message)) running_[from] = beat->running;
  const auto* crash = std::get_if<PackCrashed>(&message);
  if (crash != nullptr && from == record_.victim) crashed(*crash);
  if (const auto* end = std::get_if<CellFinished>(&message)) finished(from, end->result.cell, now);
  if (std::holds_alternative<Leaving>(message)) record_.left.insert(from);
  return false;
}

void RehearsalSteps::turn(const Coordinator& coordinator, CommToWorkers& to_workers, double now) {
  if (step_ == Step::begin) begin(to_workers, now);
  ping(to_workers);
  if (coordinator.stopping() && step_ != Step::stopping) return interrupted(now);
  if (step_ != Step::stopping && now - begun_ > seconds_) return stop(now);
  if (step_ == Step::measuring) measure(now);
  if (step_ == Step::warming) warm(coordinator, to_workers, now);
  if (step_ == Step::trainer) watch_trainer(to_workers, now);
  if (step_ == Step::rank) watch_rank(coordinator, now);
  if (step_ == Step::stopping && !record_.given_up && now - since_ > kStopSeconds) give_up_stop();
}

void RehearsalSteps::enter(Step step, double now) {
  if (step == Step::stopping) {
    record_.stop_begun = true;
    record_.stop_began = now;
  }
  step_ = step;
  since_ = now;
}

void RehearsalSteps::begin(CommToWorkers& to_workers, double now) {
  begun_ = now;
  for (int rank = 0; rank < record_.ranks; ++rank) {
    to_workers.send(rank, other_message(Rehearse{"facts", Clock::real().now(), probe_, content_, plan_.config.run}));
    if (rank != kCoordinator) ping_.insert(rank);
  }
  enter(Step::measuring, now);
}

// One at a time of each rank, and only once its answer about its node is here, which took it long.
void RehearsalSteps::ping(CommToWorkers& to_workers) {
  for (auto rank = ping_.begin(); rank != ping_.end();) {
    if (record_.facts.count(*rank) == 0) {
      ++rank;
      continue;
    }
    to_workers.send(*rank, other_message(Rehearse{"ping", Clock::real().now()}));
    rank = ping_.erase(rank);
  }
}

void RehearsalSteps::answered(int from, const Rehearsed& answer) {
  if (answer.order == "facts") record_.facts[from] = answer.facts.get<NodeFacts>();
  if (answer.order == "kill_trainer") trainer_slot_ = answer.facts.get<int>();
  if (answer.order != "ping") return;
  ClockSkew& skew = record_.skews[from];
  skew.add(answer.sent, answer.wall, Clock::real().now());
  if (skew.exchanges() < kPings) ping_.insert(from);
}

bool RehearsalSteps::all_measured() const {
  if (static_cast<int>(record_.facts.size()) < record_.ranks ||
      static_cast<int>(record_.skews.size()) < record_.ranks - 1)
    return false;
  return std::all_of(record_.skews.begin(), record_.skews.end(),
                     [](const auto& s) { return s.second.exchanges() >= kPings; });
}

void RehearsalSteps::measure(double now) {
  if (all_measured() || now - since_ > std::min(kAnswerSeconds, kShareOfTime * seconds_)) enter(Step::warming, now);
}

// Every trainer has had a cell, or time enough for that.
void RehearsalSteps::warm(const Coordinator& coordinator, CommToWorkers& to_workers, double now) {
  const bool all_ready = static_cast<int>(record_.slots.size()) == record_.ranks &&
                         static_cast<int>(record_.ready.size()) >= record_.trainers();
  if (coordinator.counts().done == 0 || coordinator.counts().running == 0) return;
  if (!all_ready && now - since_ < std::min(kWarmSeconds, kShareOfTime * seconds_)) return;
  record_.victim = record_.ranks - 1;
  to_workers.send(*record_.victim, other_message(Rehearse{"kill_trainer", Clock::real().now()}));
  enter(Step::trainer, now);
}

void RehearsalSteps::trainer_ready(int rank, const SlotReady& ready, double now) {
  if (record_.ready.insert({rank, ready.slot}).second) record_.last_ready = now - begun_;
  if (step_ == Step::trainer && rank == record_.victim && ready.slot == trainer_slot_)
    record_.trainer_back = now - since_;
}

void RehearsalSteps::crashed(const PackCrashed& crash) {
  if (step_ != Step::trainer || crash.slot != trainer_slot_) return;
  for (const Progress& progress : crash.running) trainer_cells_.insert(progress.cell);
  crash_seen_ = true;
}

void RehearsalSteps::finished(int from, const Cell& cell, double now) {
  if (trainer_cells_.erase(cell) != 0 && trainer_cells_.empty()) record_.trainer_cell_done = now - since_;
  rank_cells_.erase(cell);
  std::erase_if(running_[from], [&](const Progress& progress) { return progress.cell == cell; });
}

void RehearsalSteps::watch_trainer(CommToWorkers& to_workers, double now) {
  if (trainer_slot_ == -1) {  // it was between two cells
    trainer_slot_.reset();
    to_workers.send(*record_.victim, other_message(Rehearse{"kill_trainer", Clock::real().now()}));
  }
  if (!crash_seen_ || record_.trainer_back == 0 || !trainer_cells_.empty()) return;
  if (record_.ranks == 1) return enter(Step::working, now);
  if (running_[*record_.victim].empty()) return;  // it is to lose a cell
  say_danger();
  to_workers.send(*record_.victim, other_message(Rehearse{"die", Clock::real().now()}));
  for (const Progress& progress : running_[*record_.victim]) rank_cells_.insert(progress.cell);
  record_.rank_killed = true;
  enter(Step::rank, now);
}

void RehearsalSteps::say_danger() {
  tell_message(
      "rehearsal: a rank is killed now. If the job ends here, without a report, mpirun was started without "
      "--enable-recovery");
}

void RehearsalSteps::watch_rank(const Coordinator& coordinator, double now) {
  if (record_.lost_at == 0 && !coordinator.all_alive()) record_.lost_at = now - since_;
  if (record_.lost_at == 0 || !rank_cells_.empty()) return;
  record_.rank_recovered = now - since_;
  enter(Step::working, now);
}

// Before the time: mpirun ends the job, or a person does.
void RehearsalSteps::interrupted(double now) {
  record_.interrupted = true;
  record_.interrupted_by_loss = step_ == Step::rank;
  enter(Step::stopping, now);
  record_.given_up = true;
  if (!record_.interrupted_by_loss) return;
  std::vector<Finding> findings;  // at once: mpirun kills this process before the session is over
  report_rank(record_, plan_.config.cluster, findings);
  put_result(printable_lines(render_findings(findings)));
}

void RehearsalSteps::stop(double now) {
  enter(Step::stopping, now);
  record_.parent = record_.ranks == 1 ? "" : parent_name();
  record_.signalled = record_.ranks == 1 || is_mpirun(record_.parent);
  // Elsewhere this process's own signal ends the session, and the others hear of it by message.
  ::kill(record_.ranks > 1 && record_.signalled ? getppid() : getpid(), SIGUSR1);
}

void RehearsalSteps::give_up_stop() {
  record_.given_up = true;
  ::kill(getpid(), SIGUSR1);
}

}  // namespace mtlgrid
