// The steps of a rehearsal: it looks on at the session, measures, kills a trainer and a rank, and stops the run.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/plan/plan.h"
#include "orchestrator/rehearsal/rehearsal_messages.h"
#include "orchestrator/rehearsal/rehearsal_record.h"
#include "orchestrator/session/session_guest.h"

namespace mtlgrid {

class RehearsalSteps : public SessionGuest {
 public:
  // `probe`: a file with `content` that rank 0 holds locks on. `plan` must outlive this object.
  RehearsalSteps(const Plan& plan, double seconds, int ranks, const std::filesystem::path& probe, std::string content)
      : plan_(plan), seconds_(seconds), probe_(probe), content_(std::move(content)) {
    record_.ranks = ranks;
  }
  bool on_message(int from, const ToCoordinator& message, double now) override;
  void turn(const Coordinator& coordinator, CommToWorkers& to_workers, double now) override;
  const RehearsalRecord& record() const { return record_; }

 private:
  enum class Step { begin, measuring, warming, trainer, rank, working, stopping };
  void enter(Step step, double now);
  void begin(CommToWorkers& to_workers, double now);
  void ping(CommToWorkers& to_workers);
  void answered(int from, const Rehearsed& answer);
  bool all_measured() const;
  void measure(double now);
  void warm(const Coordinator& coordinator, CommToWorkers& to_workers, double now);
  void trainer_ready(int rank, const SlotReady& ready, double now);
  void crashed(const PackCrashed& crash);
  void finished(int from, const Cell& cell, double now);
  void watch_trainer(CommToWorkers& to_workers, double now);
  static void say_danger();
  void watch_rank(const Coordinator& coordinator, double now);
  void interrupted(double now);
  void stop(double now);
  void give_up_stop();

  const Plan& plan_;
  double seconds_;
  std::string probe_, content_;
  Step step_ = Step::begin;
  double begun_ = 0, since_ = 0;  // the rehearsal, its step
  RehearsalRecord record_;
  std::set<int> ping_;                            // ranks that are to be sent one
  std::map<int, std::vector<Progress>> running_;  // by each rank's last heartbeat
  std::optional<int> trainer_slot_;               // that was killed; -1: none was busy
  std::set<Cell> trainer_cells_, rank_cells_;     // that were lost and have not been done since
  bool crash_seen_ = false;
};

}  // namespace mtlgrid
