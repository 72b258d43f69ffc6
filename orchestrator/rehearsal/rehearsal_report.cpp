#include "orchestrator/rehearsal/rehearsal_report.h"

#include <fmt/format.h>

#include <set>

namespace mtlgrid {
namespace {

// Findings of many ranks about the same thing: every bad one, and the good ones as a line.
void add_summary(std::vector<Finding>& to, const std::vector<Finding>& of_ranks) {
  int good = 0;
  const Finding* first = nullptr;
  for (const Finding& finding : of_ranks) {
    if (finding.verdict != Verdict::ok) {
      to.push_back(finding);
    } else if (++good == 1) {
      first = &finding;
    }
  }
  if (first == nullptr) return;
  Finding line = *first;
  if (good > 1) line.measured += fmt::format(" (and {} others, as good)", good - 1);
  to.push_back(line);
}

Finding space_for_bags(const Plan& plan, const NodeFacts& facts) {
  const std::string check = "space for bags, " + facts.host;
  if (!facts.error.empty()) return {Verdict::problem, check, facts.error, "set TMPDIR or train.bag_cache_folder"};
  const double needed = plan.config.run.bag_cache == "off" ? 0 : static_cast<double>(feature_bytes(plan));
  return check_space(check, facts.temporary, needed, facts.temporary_free);
}

void report_start(const RehearsalRecord& record, std::vector<Finding>& findings) {
  const bool all = static_cast<int>(record.ready.size()) >= record.trainers() && record.trainers() > 0;
  findings.push_back({all ? Verdict::ok : Verdict::problem, "start of the trainers",
                      fmt::format("{} of {} ready, the last after {:.1f} s", record.ready.size(), record.trainers(),
                                  record.last_ready),
                      all ? "" : "read the trainers' logs in the rehearsal's folder"});
}

void report_nodes(const Plan& plan, const RehearsalRecord& record, std::vector<Finding>& findings) {
  std::vector<Finding> nodes, files, space, clocks;
  std::set<std::string> hosts;
  for (int rank = 0; rank < record.ranks; ++rank) {
    const std::string who = fmt::format("rank {}", rank);
    const auto found = record.facts.find(rank);
    if (found == record.facts.end()) {
      nodes.push_back({Verdict::problem, who, "did not answer", "look at its node: it does not take part"});
      continue;
    }
    const NodeFacts& facts = found->second;
    const auto slots = record.slots.find(rank);
    const int trainers = slots == record.slots.end() ? 0 : slots->second;
    nodes.push_back({facts.device_missing ? Verdict::problem : Verdict::ok, who,
                     fmt::format("{}, {} cores, {} trainers, {}{}", facts.host, facts.cores, trainers, facts.devices,
                                 facts.mps.empty() ? "" : ", " + facts.mps),
                     facts.device_missing ? "see docs/gpu.md" : ""});
    files.push_back(check_open_files(who, facts.open_files, trainers));
    if (hosts.insert(facts.host).second) space.push_back(space_for_bags(plan, facts));
    const auto skew = record.skews.find(rank);
    if (skew != record.skews.end()) clocks.push_back(skew->second.finding(who));
  }
  findings.insert(findings.end(), nodes.begin(), nodes.end());
  add_summary(findings, files);
  add_summary(findings, space);
  add_summary(findings, clocks);
  report_start(record, findings);
}

// The file that rank 0 wrote and locked, as other ranks see it.
void report_probe(const RehearsalRecord& record, std::vector<Finding>& findings) {
  std::vector<Finding> seen;
  for (const auto& [rank, facts] : record.facts) {
    if (rank == kCoordinator) continue;
    const bool good = facts.probe_error.empty() && facts.content_seen && facts.flock && facts.fcntl;
    Finding finding{
        good ? Verdict::ok : Verdict::problem, fmt::format("store's files, rank {}", rank),
        fmt::format("{} rank 0's newest file, flock {}, fcntl {}", facts.content_seen ? "sees" : "lacks",
                    facts.flock ? "excludes" : "does not exclude", facts.fcntl ? "excludes" : "does not exclude"),
        ""};
    if (!facts.probe_error.empty()) finding.measured = facts.probe_error;
    if (!good) finding.change = "put the store where every node sees it, on a file system with locks across nodes";
    seen.push_back(std::move(finding));
  }
  add_summary(findings, seen);
}

void report_trainer(const RehearsalRecord& record, std::vector<Finding>& findings) {
  const char* check = "a trainer killed";
  if (!record.victim) {
    findings.push_back({Verdict::warning, check, "not tried: no cell was done in time", "rehearse for more minutes"});
  } else if (record.trainer_cell_done == 0 || record.trainer_back == 0) {
    findings.push_back({Verdict::problem, check, "its cells or the trainer did not come back",
                        "rehearse for more minutes; if that stays, read the trainers' logs"});
  } else {
    findings.push_back({Verdict::ok, check,
                        fmt::format("a new one was ready after {:.1f} s, its cell done after {:.1f} s",
                                    record.trainer_back, record.trainer_cell_done),
                        ""});
  }
}

void report_stop(const RehearsalRecord& record, const SessionResult& session, double ended,
                 std::vector<Finding>& findings) {
  const char* check = "stop by SIGUSR1";
  const int alive = record.ranks - (record.lost_at > 0 ? 1 : 0);
  if (record.interrupted) {
    findings.push_back({record.interrupted_by_loss ? Verdict::problem : Verdict::warning, check,
                        "not tried: the job was told to end before", "rehearse again"});
  } else if (!record.stop_begun) {
    findings.push_back({Verdict::problem, check, "not tried: the session ended before: " + session.stuck,
                        "read the lines above the report"});
  } else if (!record.signalled) {
    findings.push_back({Verdict::warning, check,
                        fmt::format("not tried: rank 0's parent is '{}', not mpirun", record.parent),
                        "send USR1 to mpirun yourself once: scancel --signal=USR1, or --signal in the batch script"});
  } else if (record.given_up || static_cast<int>(record.left.size()) < alive || !session.stopped) {
    findings.push_back({Verdict::problem, check, fmt::format("{} of {} ranks heard of it", record.left.size(), alive),
                        "see that mpirun passes SIGUSR1 on to the ranks of every node"});
  } else {
    findings.push_back({Verdict::ok, check,
                        fmt::format("{} ranks stopped after {:.1f} s, {} cells left", alive, ended - record.stop_began,
                                    session.counts.pending),
                        ""});
  }
}

}  // namespace

void report_rank(const RehearsalRecord& record, const ClusterSettings& configured, std::vector<Finding>& findings) {
  const char* check = "a rank killed";
  const double lease = configured.lease_minutes * 60;
  if (record.ranks == 1) {
    findings.push_back({Verdict::ok, check, "not tried: there is one rank", ""});
  } else if (!record.rank_killed) {
    findings.push_back({Verdict::warning, check, "not tried: no time was left", "rehearse for more minutes"});
  } else if (record.interrupted_by_loss) {
    findings.push_back({Verdict::problem, check, "the whole job was told to end",
                        "start with mpirun --enable-recovery: without it a dead node ends the run"});
  } else if (record.rank_recovered == 0) {
    findings.push_back({Verdict::problem, check,
                        record.lost_at == 0 ? "its loss was not noticed" : "its cells were not done by others",
                        "rehearse for more minutes; if that stays, start with mpirun --enable-recovery"});
  } else {
    findings.push_back(
        {Verdict::ok, check,
         fmt::format("noticed after {:.1f} s (lease of the rehearsal: {:.0f} s), its cells done by others after "
                     "{:.1f} s; with cluster.lease_minutes it takes up to {:.0f} s to notice",
                     record.lost_at, kRehearsedLease, record.rank_recovered, lease),
         ""});
  }
}

void report_rehearsal(const Plan& plan, const RehearsalRecord& record, const SessionResult& session, double ended,
                      std::vector<Finding>& findings) {
  report_nodes(plan, record, findings);
  report_probe(record, findings);
  report_trainer(record, findings);
  report_rank(record, plan.config.cluster, findings);
  report_stop(record, session, ended, findings);
}

}  // namespace mtlgrid
