#include "orchestrator/rehearsal/rehearsal.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/exit_status.h"
#include "base/files.h"
#include "base/text.h"
#include "cluster/gpus.h"
#include "cluster/host.h"
#include "orchestrator/plan/disk_space.h"
#include "orchestrator/rehearsal/rehearsal_checks.h"
#include "orchestrator/scheduler/store_folder.h"
#include "results/store/layout.h"
#include "results/store/store.h"
#include "results/store/store_publish.h"

namespace mtlgrid {
namespace {

namespace fs = std::filesystem;

// Short, so that a rehearsal takes minutes; the report says what the configuration's would be.
constexpr double kHeartbeat = 1, kLease = 10;
constexpr int kPings = 20;
constexpr double kAnswerSeconds = 60;  // nvidia-smi alone may take 30
constexpr double kWarmSeconds = 60;    // trainers start in seconds; on a slow file system in more
constexpr double kStopSeconds = 20;    // a dummy cell hears of it within its step, 20 ms
constexpr double kShareOfTime = 0.25;  // of the rehearsal's time, for its first cells to come

double wall_now() { return Clock::real().now(); }

fs::path temporary_folder(const RunSettings& run) {
  if (!run.bag_cache_folder.empty()) return run.bag_cache_folder;
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

// What a rank says of its node: the answer to "facts".
struct NodeFacts {
  std::string host, devices, mps, error, probe_error;
  int cores = 0;
  std::uint64_t open_files = 0;
  bool device_missing = false, content_seen = false, flock = false, fcntl = false;
  std::string temporary;
  double temporary_free = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeFacts, host, devices, mps, error, probe_error, cores, open_files, device_missing,
                                   content_seen, flock, fcntl, temporary, temporary_free)

void look_at_probe(const Rehearse& asked, NodeFacts& facts) {
  try {
    std::ifstream in(asked.probe, std::ios::binary);
    facts.content_seen = std::string(std::istreambuf_iterator<char>(in), {}) == asked.content;
    const nlohmann::json locks = try_locks(asked.probe);
    facts.flock = locks.at("flock");
    facts.fcntl = locks.at("fcntl");
  } catch (const Error& e) {
    facts.probe_error = e.what();
  }
}

NodeFacts facts_here(const Rehearse& asked, const TrainerOptions& options) {
  NodeFacts facts;
  facts.host = host_name();
  facts.cores = static_cast<int>(share_of(allowed_cpus(), local_rank()).size());
  try {
    const RankDevices devices =
        options.devices ? *options.devices : choose_devices(asked.run, options.workers, questions_to_machine());
    facts.devices = devices.text;
    if (!devices.gpus.empty()) facts.mps = mps_state(mps_pipes());
  } catch (const Error& e) {
    facts.devices = e.what();
    facts.device_missing = true;
  }
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files = limit.rlim_cur;
  facts.temporary = temporary_folder(asked.run).string();
  try {
    facts.temporary_free = free_bytes(facts.temporary);
  } catch (const Error& e) {
    facts.error = e.what();
  }
  look_at_probe(asked, facts);
  return facts;
}

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

// Steers the session through its steps and remembers what came of them.
class Rehearsal : public SessionGuest {
 public:
  Rehearsal(const Plan& plan, double seconds, int ranks, fs::path probe, std::string content)
      : plan_(plan), seconds_(seconds), ranks_(ranks), probe_(std::move(probe)), content_(std::move(content)) {}

  bool on_message(int from, const nlohmann::json& message, double now) override {
    const std::string type = message.value("type", "");
    if (type == "rehearsed") {
      answered(from, message.get<Rehearsed>());
      return true;
    }
    if (type == "slots") slots_[from] = message.get<Slots>().slots;
    if (type == "slot_ready") ready(from, message.get<SlotReady>(), now);
    if (type == "heartbeat") running_[from] = message.get<Heartbeat>().running;
    if (type == "pack_crashed" && from == victim_) crashed(message.get<PackCrashed>());
    if (type == "cell_finished") finished(from, message.at("result").at("cell").get<Cell>(), now);
    if (type == "leaving") left_.insert(from);
    return false;
  }

  void turn(const Coordinator& coordinator, Comm& to_workers, double now) override {
    if (step_ == Step::begin) begin(to_workers, now);
    ping(to_workers);
    if (coordinator.stopping() && step_ != Step::stopping) return interrupted(now);
    if (step_ != Step::stopping && now - begun_ > seconds_) return stop(now);
    if (step_ == Step::measuring) measure(now);
    if (step_ == Step::warming) warm(coordinator, to_workers, now);
    if (step_ == Step::trainer) watch_trainer(to_workers, now);
    if (step_ == Step::rank) watch_rank(coordinator, now);
    if (step_ == Step::stopping && !given_up_ && now - since_ > kStopSeconds) give_up_stop();
  }

  // After the session. Adds to what the caller checked before.
  void report(const SessionResult& session, double ended, std::vector<Finding>& findings) const {
    report_nodes(findings);
    report_probe(findings);
    report_trainer(findings);
    report_rank(findings);
    report_stop(session, ended, findings);
  }

 private:
  enum class Step { begin, measuring, warming, trainer, rank, working, stopping };

  void enter(Step step, double now) {
    step_ = step;
    since_ = now;
  }

  void begin(Comm& to_workers, double now) {
    begun_ = now;
    for (int rank = 0; rank < ranks_; ++rank) {
      to_workers.send(rank, typed("rehearse", Rehearse{"facts", wall_now(), probe_, content_, plan_.config.run}));
      if (rank != kCoordinator) ping_.insert(rank);
    }
    enter(Step::measuring, now);
  }

  // One at a time of each rank, and only once its answer about its node is here, which took it long.
  void ping(Comm& to_workers) {
    for (auto rank = ping_.begin(); rank != ping_.end();) {
      if (facts_.count(*rank) == 0) {
        ++rank;
        continue;
      }
      to_workers.send(*rank, typed("rehearse", Rehearse{"ping", wall_now()}));
      rank = ping_.erase(rank);
    }
  }

  void answered(int from, const Rehearsed& answer) {
    if (answer.order == "facts") facts_[from] = answer.facts.get<NodeFacts>();
    if (answer.order == "kill_trainer") trainer_slot_ = answer.facts.get<int>();
    if (answer.order != "ping") return;
    ClockSkew& skew = skews_[from];
    skew.add(answer.sent, answer.wall, wall_now());
    if (skew.exchanges() < kPings) ping_.insert(from);
  }

  bool all_measured() const {
    if (static_cast<int>(facts_.size()) < ranks_ || static_cast<int>(skews_.size()) < ranks_ - 1) return false;
    return std::all_of(skews_.begin(), skews_.end(), [](const auto& s) { return s.second.exchanges() >= kPings; });
  }

  void measure(double now) {
    if (all_measured() || now - since_ > std::min(kAnswerSeconds, kShareOfTime * seconds_)) enter(Step::warming, now);
  }

  int trainers() const {
    int all = 0;
    for (const auto& [rank, slots] : slots_) all += slots;
    return all;
  }

  // Every trainer has had a cell, or time enough for that.
  void warm(const Coordinator& coordinator, Comm& to_workers, double now) {
    const bool all_ready = static_cast<int>(slots_.size()) == ranks_ && static_cast<int>(ready_.size()) >= trainers();
    if (coordinator.counts().done == 0 || coordinator.counts().running == 0) return;
    if (!all_ready && now - since_ < std::min(kWarmSeconds, kShareOfTime * seconds_)) return;
    victim_ = ranks_ - 1;
    to_workers.send(*victim_, typed("rehearse", Rehearse{"kill_trainer", wall_now()}));
    enter(Step::trainer, now);
  }

  void ready(int rank, const SlotReady& ready, double now) {
    if (ready_.insert({rank, ready.slot}).second) last_ready_ = now - begun_;
    if (step_ == Step::trainer && rank == victim_ && ready.slot == trainer_slot_) trainer_back_ = now - since_;
  }

  void crashed(const PackCrashed& crash) {
    if (step_ != Step::trainer || crash.slot != trainer_slot_) return;
    for (const Progress& progress : crash.running) trainer_cells_.insert(progress.cell);
    crash_seen_ = true;
  }

  void finished(int from, const Cell& cell, double now) {
    if (trainer_cells_.erase(cell) != 0 && trainer_cells_.empty()) trainer_cell_done_ = now - since_;
    rank_cells_.erase(cell);
    std::erase_if(running_[from], [&](const Progress& progress) { return progress.cell == cell; });
  }

  void watch_trainer(Comm& to_workers, double now) {
    if (trainer_slot_ == -1) {  // it was between two cells
      trainer_slot_.reset();
      to_workers.send(*victim_, typed("rehearse", Rehearse{"kill_trainer", wall_now()}));
    }
    if (!crash_seen_ || trainer_back_ == 0 || !trainer_cells_.empty()) return;
    if (ranks_ == 1) return enter(Step::working, now);
    if (running_[*victim_].empty()) return;  // it is to lose a cell
    say_danger();
    to_workers.send(*victim_, typed("rehearse", Rehearse{"die", wall_now()}));
    for (const Progress& progress : running_[*victim_]) rank_cells_.insert(progress.cell);
    rank_killed_ = true;
    enter(Step::rank, now);
  }

  static void say_danger() {
    fmt::print(stderr,
               "rehearsal: a rank is killed now. If the job ends here, without a report, mpirun was started without "
               "--enable-recovery\n");
    std::fflush(stderr);
  }

  void watch_rank(const Coordinator& coordinator, double now) {
    if (lost_at_ == 0 && !coordinator.all_alive()) lost_at_ = now - since_;
    if (lost_at_ == 0 || !rank_cells_.empty()) return;
    rank_recovered_ = now - since_;
    enter(Step::working, now);
  }

  // Before the time: mpirun ends the job, or a person does.
  void interrupted(double now) {
    interrupted_ = true;
    interrupted_by_loss_ = step_ == Step::rank;
    enter(Step::stopping, now);
    given_up_ = true;
    if (!interrupted_by_loss_) return;
    std::vector<Finding> findings;  // at once: mpirun kills this process before the session is over
    report_rank(findings);
    fmt::print("{}", printable_lines(render_findings(findings)));
    std::fflush(stdout);
  }

  void stop(double now) {
    enter(Step::stopping, now);
    parent_ = ranks_ == 1 ? "" : parent_name();
    signalled_ = ranks_ == 1 || is_mpirun(parent_);
    // Elsewhere this process's own signal ends the session, and the others hear of it by message.
    ::kill(ranks_ > 1 && signalled_ ? getppid() : getpid(), SIGUSR1);
  }

  void give_up_stop() {
    given_up_ = true;
    ::kill(getpid(), SIGUSR1);
  }

  void report_nodes(std::vector<Finding>& findings) const {
    std::vector<Finding> nodes, files, space, clocks;
    std::set<std::string> hosts;
    for (int rank = 0; rank < ranks_; ++rank) {
      const std::string who = fmt::format("rank {}", rank);
      const auto found = facts_.find(rank);
      if (found == facts_.end()) {
        nodes.push_back({Verdict::problem, who, "did not answer", "look at its node: it does not take part"});
        continue;
      }
      const NodeFacts& facts = found->second;
      const auto slots = slots_.find(rank);
      const int trainers = slots == slots_.end() ? 0 : slots->second;
      nodes.push_back({facts.device_missing ? Verdict::problem : Verdict::ok, who,
                       fmt::format("{}, {} cores, {} trainers, {}{}", facts.host, facts.cores, trainers, facts.devices,
                                   facts.mps.empty() ? "" : ", " + facts.mps),
                       facts.device_missing ? "see docs/gpu.md" : ""});
      files.push_back(check_open_files(who, facts.open_files, trainers));
      if (hosts.insert(facts.host).second) space.push_back(space_for_bags(facts));
      const auto skew = skews_.find(rank);
      if (skew != skews_.end()) clocks.push_back(skew->second.finding(who));
    }
    findings.insert(findings.end(), nodes.begin(), nodes.end());
    add_summary(findings, files);
    add_summary(findings, space);
    add_summary(findings, clocks);
    report_start(findings);
  }

  Finding space_for_bags(const NodeFacts& facts) const {
    const std::string check = "space for bags, " + facts.host;
    if (!facts.error.empty()) return {Verdict::problem, check, facts.error, "set TMPDIR or train.bag_cache_folder"};
    const double needed = plan_.config.run.bag_cache == "off" ? 0 : static_cast<double>(feature_bytes(plan_));
    return check_space(check, facts.temporary, needed, facts.temporary_free);
  }

  void report_start(std::vector<Finding>& findings) const {
    const bool all = static_cast<int>(ready_.size()) >= trainers() && trainers() > 0;
    findings.push_back({all ? Verdict::ok : Verdict::problem, "start of the trainers",
                        fmt::format("{} of {} ready, the last after {:.1f} s", ready_.size(), trainers(), last_ready_),
                        all ? "" : "read the trainers' logs in the rehearsal's folder"});
  }

  // The file that rank 0 wrote and locked, as other ranks see it.
  void report_probe(std::vector<Finding>& findings) const {
    std::vector<Finding> seen;
    for (const auto& [rank, facts] : facts_) {
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

  void report_trainer(std::vector<Finding>& findings) const {
    const char* check = "a trainer killed";
    if (!victim_) {
      findings.push_back({Verdict::warning, check, "not tried: no cell was done in time", "rehearse for more minutes"});
    } else if (trainer_cell_done_ == 0 || trainer_back_ == 0) {
      findings.push_back({Verdict::problem, check, "its cells or the trainer did not come back",
                          "rehearse for more minutes; if that stays, read the trainers' logs"});
    } else {
      findings.push_back({Verdict::ok, check,
                          fmt::format("a new one was ready after {:.1f} s, its cell done after {:.1f} s", trainer_back_,
                                      trainer_cell_done_),
                          ""});
    }
  }

  void report_rank(std::vector<Finding>& findings) const {
    const char* check = "a rank killed";
    const double lease = plan_.config.cluster.lease_minutes * 60;
    if (ranks_ == 1) {
      findings.push_back({Verdict::ok, check, "not tried: there is one rank", ""});
    } else if (!rank_killed_) {
      findings.push_back({Verdict::warning, check, "not tried: no time was left", "rehearse for more minutes"});
    } else if (interrupted_by_loss_) {
      findings.push_back({Verdict::problem, check, "the whole job was told to end",
                          "start with mpirun --enable-recovery: without it a dead node ends the run"});
    } else if (rank_recovered_ == 0) {
      findings.push_back({Verdict::problem, check,
                          lost_at_ == 0 ? "its loss was not noticed" : "its cells were not done by others",
                          "rehearse for more minutes; if that stays, start with mpirun --enable-recovery"});
    } else {
      findings.push_back(
          {Verdict::ok, check,
           fmt::format("noticed after {:.1f} s (lease of the rehearsal: {:.0f} s), its cells done by others after "
                       "{:.1f} s; with cluster.lease_minutes it takes up to {:.0f} s to notice",
                       lost_at_, kLease, rank_recovered_, lease),
           ""});
    }
  }

  void report_stop(const SessionResult& session, double ended, std::vector<Finding>& findings) const {
    const char* check = "stop by SIGUSR1";
    const int alive = ranks_ - (lost_at_ > 0 ? 1 : 0);
    if (interrupted_) {
      findings.push_back({interrupted_by_loss_ ? Verdict::problem : Verdict::warning, check,
                          "not tried: the job was told to end before", "rehearse again"});
    } else if (step_ != Step::stopping) {
      findings.push_back({Verdict::problem, check, "not tried: the session ended before: " + session.stuck,
                          "read the lines above the report"});
    } else if (!signalled_) {
      findings.push_back({Verdict::warning, check,
                          fmt::format("not tried: rank 0's parent is '{}', not mpirun", parent_),
                          "send USR1 to mpirun yourself once: scancel --signal=USR1, or --signal in the batch script"});
    } else if (given_up_ || static_cast<int>(left_.size()) < alive || !session.stopped) {
      findings.push_back({Verdict::problem, check, fmt::format("{} of {} ranks heard of it", left_.size(), alive),
                          "see that mpirun passes SIGUSR1 on to the ranks of every node"});
    } else {
      findings.push_back(
          {Verdict::ok, check,
           fmt::format("{} ranks stopped after {:.1f} s, {} cells left", alive, ended - since_, session.counts.pending),
           ""});
    }
  }

  const Plan& plan_;
  double seconds_;
  int ranks_;
  std::string probe_, content_;
  Step step_ = Step::begin;
  double begun_ = 0, since_ = 0;  // the rehearsal, its step
  std::map<int, NodeFacts> facts_;
  std::map<int, ClockSkew> skews_;
  std::set<int> ping_;  // ranks that are to be sent one
  std::map<int, int> slots_;
  std::set<std::pair<int, int>> ready_;
  std::map<int, std::vector<Progress>> running_;  // by each rank's last heartbeat
  double last_ready_ = 0;
  std::optional<int> victim_, trainer_slot_;
  std::set<Cell> trainer_cells_, rank_cells_;  // that were lost and have not been done since
  bool crash_seen_ = false, rank_killed_ = false;
  double trainer_back_ = 0, trainer_cell_done_ = 0;  // seconds after the kill, as below
  double lost_at_ = 0, rank_recovered_ = 0;
  std::set<int> left_;
  std::string parent_;
  bool signalled_ = false, given_up_ = false, interrupted_ = false, interrupted_by_loss_ = false;
};

// The plan with dummy cells: each of its cells as often as the time needs, told apart by their folds.
Plan dummy_plan(const Plan& plan, const fs::path& store, std::size_t cells) {
  Plan dummy = plan;
  dummy.config.store = store;
  dummy.config.run.pack = 1;  // cells of a pack take as long as one
  dummy.config.run.staging = "files";
  dummy.config.init.clear();
  dummy.config.cluster.heartbeat_seconds = kHeartbeat;
  dummy.config.cluster.lease_minutes = kLease / 60;
  dummy.config.cluster.retries_crash = std::max(1, plan.config.cluster.retries_crash);
  dummy.config.cluster.retries_lost = std::max(1, plan.config.cluster.retries_lost);
  dummy.experiment.init = {};
  dummy.experiment.run = dummy.config.run;
  dummy.grid.identity += "-rehearsal";
  dummy.grid.splits.clear();
  dummy.grid.drops.clear();
  const std::vector<Cell>& real = plan.grid.cells;
  dummy.grid.cells.clear();
  for (std::size_t i = 0; i < cells; ++i) {
    Cell cell = real[i % real.size()];
    cell.fold += static_cast<int>(i / real.size()) * plan.config.folds;
    dummy.grid.cells.push_back(cell);
  }
  return dummy;
}

// More than all trainers can do in the time; ranks are taken to be alike.
std::size_t enough_cells(double seconds, int ranks, const TrainerOptions& options) {
  const int here = options.workers.value_or(static_cast<int>(allowed_cpus().size()));
  return static_cast<std::size_t>(seconds / kRehearsedCell + 10) * static_cast<std::size_t>(ranks * std::max(1, here));
}

// What is left after the stop, as the next launch would find it.
Finding check_store_after(const fs::path& file, const Plan& dummy, const SessionResult& session) {
  const auto silent = [](const std::string&) {};
  Store store = Store::open(file, silent, kStaleBeats * kHeartbeat);
  store.use_grid(dummy.grid);
  int done = 0, pending = 0;
  for (const StoredCell& cell : store.cells()) {
    done += cell.state == CellState::done ? 1 : 0;
    pending += cell.state == CellState::pending ? 1 : 0;
  }
  const bool whole = done == session.counts.done && pending == session.counts.pending && session.counts.failed == 0;
  return {whole ? Verdict::ok : Verdict::problem, "store after the stop",
          fmt::format("opened again: {} cells done, {} to do, {} failed", done, pending, session.counts.failed),
          whole ? ""
                : fmt::format("{} were done and {} to do when it stopped: read the lines above the report",
                              session.counts.done, session.counts.pending)};
}

}  // namespace

WorkerVisitor rehearsal_visitor(const TrainerOptions& options) {
  return [options](const nlohmann::json& message, Worker& worker, Mailbox& to_coordinator) {
    if (message.value("type", "") != "rehearse") return false;
    const auto asked = message.get<Rehearse>();
    Rehearsed answer{asked.order, asked.sent, 0};
    if (asked.order == "die") ::kill(getpid(), SIGKILL);
    if (asked.order == "facts") answer.facts = facts_here(asked, options);
    if (asked.order == "kill_trainer") answer.facts = worker.kill_a_trainer();
    answer.wall = wall_now();
    to_coordinator.send(kCoordinator, typed("rehearsed", answer));
    to_coordinator.flush();
    return true;
  };
}

int rehearse(const Plan& plan, double minutes, Transport& transport, const TrainerOptions& options, bool& all_alive) {
  const auto say = [](const std::string& line) { fmt::print(stderr, "{}\n", printable_lines(line)); };
  const fs::path folder = unused_store_path(plan.config.store, StoreFile::rehearsal);
  fs::create_directories(folder);
  const fs::path verdict = rehearsal_verdict(plan.config.store);
  fs::remove(store_path(verdict, StoreFile::done));
  say(fmt::format("rehearsal in {}: {} minutes; the store itself is not touched", folder.string(), minutes));
  Platform& platform = Platform::real();
  std::vector<Finding> findings = {check_fsync(platform, folder), check_rename(platform, folder), check_locks(folder)};

  const std::string content = fmt::format("{} {:.6f}\n", platform.machine(), wall_now());
  const fs::path probe = folder / "probe";
  write_by_rename(platform, probe, content);
  SessionResult session;
  double ended = 0;
  {
    const FileDescriptor held = hold_locks(probe);
    const Plan dummy = dummy_plan(plan, folder / "grid.db", enough_cells(minutes * 60, transport.size(), options));
    Rehearsal rehearsal(plan, minutes * 60, transport.size(), probe, content);
    {
      Store store = Store::open(dummy.config.store, say, kStaleBeats * kHeartbeat);
      store.use_grid(dummy.grid);
      SessionInputs inputs{dummy, {}, grid_folder(dummy.config.store, store.grid_id()), false, {}};
      for (const Cell& cell : dummy.grid.cells) {
        QueuedCell queued;
        queued.cell = cell;
        inputs.cells.push_back(std::move(queued));
      }
      inputs.guest = &rehearsal;
      inputs.visitor = rehearsal_visitor(options);
      all_alive = false;
      session = coordinate(inputs, store, transport, options);
      all_alive = session.all_alive;
      ended = platform.steady();
    }
    const int trainers = std::max(session.counts.slots, 1);
    findings.push_back(
        check_space("space for store and checkpoints", folder, disk_bytes(plan, trainers), free_bytes(folder)));
    rehearsal.report(session, ended, findings);
    findings.push_back(check_store_after(dummy.config.store, dummy, session));
  }
  const bool bad = worst(findings) == Verdict::problem;
  fmt::print("{}", printable_lines(render_findings(findings)));
  fmt::print("\n{}\n", bad ? fmt::format("There are problems. What was written is kept in {}", folder.string())
                           : std::string("No problem was found."));
  std::fflush(stdout);
  if (!bad) fs::remove_all(folder);
  const int status = bad ? kSomeFailed : kAllDone;
  write_done(platform, verdict, status, 0, nlohmann::json::object());
  return status;
}

}  // namespace mtlgrid
