#include "orchestrator/scheduler/outcomes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "orchestrator/scheduler/suspects.h"

namespace mtlgrid {

Outcomes::Outcomes(const ClusterSettings& cluster, CellTable& cells, WorkerTable& workers, Ledger& ledger,
                   std::function<void(const std::string&)> say)
    : cluster_(cluster),
      cells_(cells),
      workers_(workers),
      ledger_(ledger),
      say_(std::move(say)),
      quarantine_(cluster.quarantine_strikes) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (suspect(cells[i].faults)) cells.faults(i).pack_limit = 1;
  }
}

void Outcomes::finished(std::size_t index, const std::string& host, bool late) {
  cells_.keep_result(index);
  resting_.erase(index);
  if (quarantine_.succeed(host)) reinstate(host, "a cell finished there");
  if (late) {
    forget_failure(cells_[index].cell);
    if (cells_[index].phase == CellPhase::running) return;
  }
  cells_.finish(index);
}

void Outcomes::failed(std::size_t index, const std::string& host, const BadEnd& end, double wall) {
  end_attempt(index, Outcome::failed, true, end, wall);
  strike(index, host, true);
}

void Outcomes::too_large(std::size_t index, int size, const BadEnd& end, double wall) {
  cells_.faults(index).pack_limit = size / 2;
  say_(fmt::format("{}: {} (retrying in a pack of at most {})", cells_[index].cell.name(), end.cause, size / 2));
  end_attempt(index, Outcome::crashed, false, end, wall);
}

void Outcomes::crashed(const std::vector<std::size_t>& indices, int size, int worker, const BadEnd& end, double wall) {
  const std::string& host = workers_.at(worker).host;
  const bool alone = size == 1;
  const std::string first = cells_[indices.at(0)].cell.name();
  bool final = false;
  for (const std::size_t index : indices) {
    CellFaults& faults = cells_.faults(index);
    faults.crashed_on = worker;
    faults.pack_limit = std::max(1, size / 2);
    if (alone) final = ++faults.crashes > cluster_.retries_crash;
    end_attempt(index, Outcome::crashed, final, end, wall);
  }
  for (const std::size_t index : indices) strike(index, host, final);
  const std::string what = alone      ? final ? "given up" : "retrying"
                           : size > 2 ? fmt::format("retrying in packs of at most {}", size / 2)
                                      : "retrying each alone";
  say_(fmt::format("{}{}: trainer on {} {} ({})", first, alone ? "" : fmt::format(" and {} more", size - 1), host,
                   end.cause, what));
}

void Outcomes::hindered(std::size_t index, int worker, const BadEnd& end, double wall) {
  const std::string& host = workers_.at(worker).host;
  CellFaults& faults = cells_.faults(index);
  faults.crashed_on = worker;
  end_attempt(index, Outcome::crashed, false, end, wall);
  const bool rests = ++faults.hindrances > cluster_.retries_crash && !cells_[index].has_result;
  if (rests) {
    cells_.rest(index);
    resting_[index] = end.cause;
  }
  strike(index, host, rests);
  if (!hindered_by_.emplace(end.cause, rests).second) return;  // hundreds of cells need the same file
  say_(fmt::format("{}: on {}: {} ({})", cells_[index].cell.name(), host, end.cause,
                   rests ? "left for the next run" : "retrying"));
}

std::string Outcomes::needs_person() const {
  if (resting_.empty()) return "";
  const auto& [index, cause] = *resting_.begin();
  return fmt::format("{}: {}", cells_[index].cell.name(), cause);
}

void Outcomes::lost(std::size_t index, int size, bool alone, const std::string& cause, double wall) {
  CellFaults& faults = cells_.faults(index);
  ++faults.losses;
  faults.pack_limit = suspect(faults) ? 1 : std::max(1, size / 2);
  end_attempt(index, Outcome::lost, alone && faults.losses > cluster_.retries_lost, {cause, ""}, wall);
}

void Outcomes::stopped(std::size_t index, const BadEnd& end, double wall) {
  end_attempt(index, Outcome::stopped, false, end, wall);
}

void Outcomes::refuse_rank_killers(double wall) {
  for (std::size_t index = 0; index < cells_.size(); ++index) {
    const int losses = cells_[index].faults.losses;
    if (losses <= cluster_.retries_lost) continue;
    const std::string cause = fmt::format(
        "lost {} times in a row before it had trained an epoch: its worker, or the whole run, ended", losses);
    end_attempt(index, Outcome::lost, true, {cause, ""}, wall);
  }
}

void Outcomes::end_attempt(std::size_t index, Outcome outcome, bool final, const BadEnd& end, double wall) {
  const TrackedCell& cell = cells_[index];
  ledger_.commit_failure(
      {cell.cell, cell.attempt, outcome, end.cause, end.detail, final && !cell.has_result, wall, cell.resumed});
  if (cell.has_result) return cells_.finish(index);
  if (!final) return cells_.requeue(index);
  cells_.fail(index);
  failures_.emplace_back(cell.cell, end.cause);
  say_(fmt::format("{} failed: {}", cell.cell.name(), end.cause));
}

void Outcomes::strike(std::size_t index, const std::string& host, bool final) {
  if (final && cells_[index].faults.reopened) {
    if (const auto innocent = quarantine_.take_back(index)) reinstate(*innocent, "its cells failed on other hosts too");
    return;
  }
  if (quarantine_.strike(host, index) && workers_.others_than(host)) quarantine(host);
}

void Outcomes::quarantine(const std::string& host) {
  std::vector<std::string> names;
  for (const std::size_t index : quarantine_.hold(host)) {
    CellFaults& faults = cells_.faults(index);
    const Cell& cell = cells_[index].cell;
    faults.crashes = faults.hindrances = 0;
    faults.pack_limit = largest_pack();
    if (cells_[index].phase == CellPhase::failed && !faults.reopened) {
      ledger_.reopen(cell);
      forget_failure(cell);
      cells_.requeue(index);
    }
    if (cells_[index].phase == CellPhase::resting && !faults.reopened) {
      resting_.erase(index);
      cells_.requeue(index);
    }
    faults.reopened = true;
    names.push_back(cell.name());
  }
  workers_.bar(host);
  say_(fmt::format("{} quarantined after {} consecutive failures ({}); these cells are retried elsewhere", host,
                   names.size(), fmt::join(names, ", ")));
}

void Outcomes::reinstate(const std::string& host, const std::string& why) {
  quarantine_.lift(host);
  workers_.admit(host);
  say_(fmt::format("{} reinstated: {}", host, why));
}

void Outcomes::reinstate_one_if_none_is_left() {
  if (workers_.totals().usable > 0 || quarantine_.held().empty()) return;
  const std::string host = *quarantine_.held().begin();
  reinstate(host, "no other host is left");
}

void Outcomes::forget_failure(const Cell& cell) {
  std::erase_if(failures_, [&](const auto& failure) { return failure.first == cell; });
}

void Outcomes::sanity_check() const {
  for (const auto& [worker, entry] : workers_.all()) {
    if (quarantine_.holds(entry.host) != workers_.barred(entry.host)) {
      throw Error(ErrorKind::fatal, "coordinator: " + entry.host + " is quarantined and gets cells, or the reverse");
    }
  }
}

}  // namespace mtlgrid
