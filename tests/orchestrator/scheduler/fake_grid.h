// A coordinator with a fake transport, ledger and clock: tests speak in verbs and check what was sent and committed.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/scheduler/coordinator.h"
#include "tests/orchestrator/scheduler/patientless.h"

namespace mtlgrid {

// Keeps messages after a round trip through MessagePack, as a real transport would change them.
class FakeComm : public CommToWorkers, public CommToCoordinator {
 public:
  void send(int worker, const ToWorker& message) override { keep(worker, encode_message(message)); }
  void send(int rank, const ToCoordinator& message) override { keep(rank, encode_message(message)); }
  // The next message for `worker` that is not a ping; fails the test if there is none or it has another type.
  nlohmann::json expect(int worker, const std::string& type) {
    auto& queue = sent[worker];
    while (!queue.empty() && queue.front().at("type") == "ping") queue.pop_front();
    if (queue.empty()) {
      ADD_FAILURE() << "worker " << worker << ": expected '" << type << "', nothing was sent";
      return {};
    }
    const nlohmann::json message = queue.front();
    queue.pop_front();
    EXPECT_EQ(message.at("type"), type) << message.dump();
    return message;
  }
  // How many messages other than pings wait for `worker`.
  std::size_t waiting(int worker) {
    std::size_t count = 0;
    for (const auto& message : sent[worker]) count += message.at("type") != "ping";
    return count;
  }
  std::map<int, std::deque<nlohmann::json>> sent;

 private:
  void keep(int rank, const nlohmann::json& message) {
    sent[rank].push_back(nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(message)));
  }
};

// Keeps what was committed; the first result of a cell counts, as in the store.
class FakeLedger : public Ledger {
 public:
  void begin_attempt(const Cell& cell, int attempt, const Environment& where, double) override {
    members[cell.name()] = where.members;
    libraries[cell.name()] = where.libraries;
    EXPECT_TRUE(begun.emplace(cell.name(), attempt).second) << cell.name() << " attempt " << attempt << " begun twice";
  }
  bool commit_result(const CellResult& result) override {
    EXPECT_TRUE(results.emplace(result.cell.name(), result.attempt).second) << "result committed twice";
    return counting.emplace(result.cell.name(), result.attempt).second;
  }
  void commit_failure(const AttemptFailure& failure) override { failures.push_back(failure); }
  void reopen(const Cell& cell) override { reopened.push_back(cell.name()); }

  std::set<std::pair<std::string, int>> begun, results;
  std::map<std::string, int> counting;
  std::map<std::string, std::string> members, libraries;  // of the newest attempt's pack
  std::vector<AttemptFailure> failures;
  std::vector<std::string> reopened;
};

class FakeGrid {
 public:
  // `costs[i]` is the expected cost of the cell of fold i.
  explicit FakeGrid(const std::vector<double>& costs, ClusterSettings cluster = {}, StagingSettings staging = {}) {
    std::vector<QueuedCell> cells;
    for (std::size_t i = 0; i < costs.size(); ++i) cells.push_back({cell(static_cast<int>(i)), 0, costs[i], {}});
    start(cluster, std::move(cells), {}, staging);
  }
  // One group, a cell a method, with `train.pack = pack` (0: auto).
  FakeGrid(const std::vector<std::string>& methods, int pack, ClusterSettings cluster = {}) {
    std::vector<QueuedCell> cells;
    for (const std::string& method : methods) cells.push_back({{"MSI", "LF", method, 0}, 0, 1, {}});
    Welcome welcome;
    welcome.experiment.run.pack = pack;
    start(cluster, std::move(cells), welcome);
  }
  // Everything of `settings` but where it writes and whom it tells.
  FakeGrid(std::vector<QueuedCell> cells, CoordinatorSettings settings) {
    settings.folder = "store.d/grid-1";
    settings.say = [this](const std::string& line) { said.push_back(line); };
    Welcome welcome;
    welcome.experiment = patientless_experiment(cells);
    coordinator = std::make_unique<Coordinator>(std::move(settings), std::move(cells), welcome, comm, ledger);
  }
  static Cell cell(int fold) { return {"MSI", "LF", "naive", fold}; }

  // A worker says hello and gets all its trainers ready.
  void join(int worker, int slots = 1) {
    tell(worker, Hello{"host" + std::to_string(worker)});
    comm.expect(worker, "welcome");
    tell(worker, Slots{slots});
    for (int slot = 0; slot < slots; ++slot) ready(worker, slot);
  }
  void ready(int worker, int slot = 0, const std::string& device = "cpu", int largest_pack = 0,
             const std::string& staging_lacks = "") {
    Environment environment;
    environment.device = device;
    tell(worker, SlotReady{slot, largest_pack, environment, staging_lacks});
  }
  void broken(int worker, int slot = 0) { tell(worker, SlotBroken{slot, "exited with status 1", ""}); }
  void beat(int worker) { tell(worker, Heartbeat{}); }
  void finish(int worker, const Assign& job, std::size_t member = 0, int left = 0) {
    CellResult result;
    result.cell = job.pack.members[member].cell;
    result.attempt = job.pack.members[member].attempt;
    tell(worker, CellFinished{job.slot, left, result});
  }
  void fail(int worker, const Assign& job, const std::string& cause = "cause", std::size_t member = 0, int left = 0,
            bool smaller_pack = false) {
    const Train& train = job.pack.members[member];
    tell(worker, CellFailed{job.slot, left, train.cell, train.attempt, cause, "", smaller_pack});
  }
  // The system keeps the trainer from reading a file of a pack of one.
  void hinder(int worker, const Assign& job, const std::string& cause = "a.h5: cannot be read: Input/output error") {
    const Train& train = job.pack.members[0];
    tell(worker, CellFailed{job.slot, 0, train.cell, train.attempt, cause, cause, false, true});
  }
  // The trainer dies with all members of the pack but those `answered`.
  void crash(int worker, const Assign& job, const std::string& cause = "cause",
             const std::set<std::size_t>& answered = {}) {
    PackCrashed crash = {job.slot, {}, cause, ""};
    for (std::size_t i = 0; i < job.pack.members.size(); ++i) {
      if (answered.count(i) == 0)
        crash.running.push_back({job.pack.members[i].cell, job.pack.members[i].attempt, 0, 0});
    }
    tell(worker, crash);
  }
  void stopped(int worker, const Assign& job) {
    auto left = static_cast<int>(job.pack.members.size());
    for (const Train& train : job.pack.members) {
      tell(worker, CellStopped{job.slot, --left, train.cell, train.attempt});
    }
  }
  void tell(int worker, const ToCoordinator& message) { tell_raw(worker, encode_message(message)); }
  // A message as it is sent, which may make no sense.
  void tell_raw(int worker, const nlohmann::json& message) {
    const nlohmann::json arrived = nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(message));
    coordinator->on_message(worker, decode_report<ToCoordinator>(arrived, fmt::format("worker {}", worker)), now());
    coordinator->sanity_check();
  }
  void tick(double seconds = 0) {
    steady += seconds;
    coordinator->on_tick(now());
    coordinator->sanity_check();
  }
  void stop() { coordinator->request_stop(now()); }
  // The cell that was just assigned to `worker`.
  Assign assigned(int worker) { return comm.expect(worker, "assign").get<Assign>(); }
  // Ticks, takes the assignment of `worker` and finishes it, until nothing is assigned any more.
  int work_off(int worker) {
    int cells = 0;
    for (tick(); comm.waiting(worker) > 0; tick()) {
      finish(worker, assigned(worker));
      ++cells;
    }
    return cells;
  }
  Coordinator::Now now() const { return {steady, 1e9 + steady}; }

  FakeComm comm;
  FakeLedger ledger;
  std::vector<std::string> said;
  std::unique_ptr<Coordinator> coordinator;
  double steady = 100;

 private:
  void start(const ClusterSettings& cluster, std::vector<QueuedCell> cells, Welcome welcome,
             const StagingSettings& staging = {}) {
    const RunSettings run = welcome.experiment.run;
    welcome.experiment = patientless_experiment(cells);
    welcome.experiment.run = run;
    CoordinatorSettings settings{cluster, "store.d/grid-1", [this](const std::string& line) { said.push_back(line); },
                                 staging};
    coordinator = std::make_unique<Coordinator>(settings, std::move(cells), welcome, comm, ledger);
  }
};

// Cells of the folds 0 to `count` - 1, none of them tried.
inline std::vector<QueuedCell> queued_cells(int count) {
  std::vector<QueuedCell> all;
  for (int fold = 0; fold < count; ++fold) all.push_back({FakeGrid::cell(fold), 0, 1, {}});
  return all;
}

inline int fold_of(const Assign& job) { return job.pack.members.at(0).cell.fold; }

}  // namespace mtlgrid
