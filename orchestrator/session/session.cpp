#include "orchestrator/session/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/errors.h"
#include "cluster/host.h"
#include "cluster/supervisor.h"
#include "orchestrator/scheduler/store_folder.h"
#include "orchestrator/session/live_file.h"
#include "orchestrator/session/mailbox.h"
#include "orchestrator/session/progress.h"
#include "orchestrator/session/rank_trainers.h"
#include "orchestrator/session/signals.h"
#include "orchestrator/session/stopping.h"
#include "orchestrator/session/trainer_executable.h"
#include "results/store/layout.h"
#include "results/store/store.h"

namespace mtlgrid {
namespace {

// Readers see a run's results so late, the longer time where the copy of a large store takes long: at most one part in
// fifty of the coordinator's time goes into it.
constexpr double kSnapshotSeconds = 0.5, kLatestSnapshotSeconds = 60, kSnapshotShare = 50;
constexpr double kFarewellSeconds = 10;     // how long rank 0 waits for the other ranks' bye
constexpr double kLostFarewellSeconds = 3;  // the same where ranks were lost, who will not say it
constexpr double kCheckpointSeconds = 60;   // how long an orphaned worker waits for its trainers' checkpoints
constexpr unsigned kFinalizeSeconds = 20;   // MPI_Finalize hangs if a rank dies in it: then this ends the process

double steady_now() { return Clock::real().steady(); }
double wall_now() { return Clock::real().now(); }

// Polling with short sleeps: a blocking MPI receive would spin at 100 % beside the trainers.
class Pause {
 public:
  void after(bool active) {
    idle_ = active ? 0 : idle_ + 1;
    std::this_thread::sleep_for(std::chrono::microseconds(idle_ < 20 ? 50 : idle_ < 200 ? 500 : 2000));
  }

 private:
  int idle_ = 0;
};

// Groups what one turn of the event loop decides into one transaction and one fsync.
class StoreLedger : public Ledger {
 public:
  StoreLedger(Store& store, const SessionInputs& inputs) : store_(store), inputs_(inputs) {}
  void begin_attempt(const Cell& cell, int attempt, const Environment& where, double started) override {
    open();
    store_.begin_attempt(cell, attempt, where, started);
  }
  bool commit_result(const CellResult& result) override {
    open();
    const bool counts = store_.commit_result(result, inputs_.replace);
    if (inputs_.on_result) inputs_.on_result(result);
    done_.push_back(result.cell);
    return counts;
  }
  void commit_failure(const AttemptFailure& failure) override {
    open();
    store_.commit_failure(failure);
  }
  void reopen(const Cell& cell) override {
    open();
    store_.reset_failed({cell});
  }
  // Makes it durable; only then no checkpoint of a cell that is done is needed any more.
  void commit() {
    if (!open_) return;
    open_ = false;
    store_.commit_batch();
    for (const Cell& cell : std::exchange(done_, {})) remove_checkpoints(inputs_.folder, cell);
  }

 private:
  void open() {
    if (open_) return;
    store_.begin_batch();
    open_ = true;
  }
  Store& store_;
  const SessionInputs& inputs_;
  bool open_ = false;
  std::vector<Cell> done_;  // in this batch
};

// Renews the lock and publishes snapshots in time.
class Upkeep {
 public:
  // Readers have a snapshot from the start. `say`: what concerns whoever started the run.
  Upkeep(Store& store, std::function<void(const std::string&)> say, double heartbeat, double now)
      : store_(store), say_(std::move(say)), heartbeat_(heartbeat), beat_(now) {
    publish(now);
  }
  void at(double now) {
    if (now - beat_ >= heartbeat_) {
      beat_ = now;
      store_.heartbeat();
    }
    if (now >= next_snapshot_) publish(now);
  }

 private:
  void publish(double now) {
    store_.publish_snapshot();
    while (const auto notice = store_.take_notice()) say_(*notice);
    const double took = steady_now() - now;
    next_snapshot_ = now + std::clamp(kSnapshotShare * took, kSnapshotSeconds, kLatestSnapshotSeconds);
  }

  Store& store_;
  std::function<void(const std::string&)> say_;
  double heartbeat_, beat_, next_snapshot_ = 0;
};

// Whether mpirun's daemon, the parent of every rank, has died: then nobody will end this rank but itself.
class ParentWatch {
 public:
  explicit ParentWatch(bool under_mpi) : under_mpi_(under_mpi), parent_(getppid()) {}
  bool gone() const { return under_mpi_ && getppid() != parent_; }

 private:
  bool under_mpi_;
  pid_t parent_;
};

}  // namespace

Worker::TrainersFactory trainers_factory(const Transport& transport, const TrainerOptions& options) {
  return [rank = transport.rank(), options](const Welcome& welcome) {
    const RunSettings& run = welcome.experiment.run;
    TrainerCommand command;
    command.executable = trainer_executable();
    command.arguments = options.arguments;
    command.threads = run.threads;
    command.log_folder = welcome.log_folder;
    command.rank = rank;
    command.gpus =
        (options.devices ? *options.devices : choose_devices(run, options.count, questions_to_machine())).gpus;
    const RankTrainers trainers = rank_trainers(run, options.count, command.gpus, rank_cpus());
    command.slots = trainers.count;
    command.cpus = trainers.bind;
    return make_trainer_processes(command);
  };
}

namespace {

CoordinatorSettings coordinator_settings(const SessionInputs& inputs, int ranks, bool gpus, ProgressDisplay& display) {
  return {inputs.config.cluster,
          inputs.folder,
          [&display](const std::string& line) { display.say(line); },
          staging_settings(inputs.experiment.run, gpus, ranks, inputs.feature_bytes),
          inputs.durations,
          inputs.ends,
          inputs.checkpoint_lead};
}

// To this rank's worker, or to the visitor if the worker does not know it.
void deliver(const nlohmann::json& mail, Worker& worker, const WorkerVisitor& visitor,
             MailboxToCoordinator& to_coordinator) {
  const auto message = decode_message<ToWorker>(mail, "the coordinator");
  const auto* other = std::get_if<OtherMessage>(&message);
  if (other != nullptr && visitor && visitor(*other, worker, to_coordinator)) return;
  worker.on_message(message, steady_now());
}

// To the coordinator, unless it was for the guest. A rank whose messages make no sense is lost, and the run continues.
void deliver(const nlohmann::json& mail, int from, Coordinator& coordinator, SessionGuest* guest) {
  const Coordinator::Now now{steady_now(), wall_now()};
  ToCoordinator message;
  try {
    message = decode_report<ToCoordinator>(mail, "it");
    if (guest != nullptr && guest->on_message(from, message, now.steady)) return;
  } catch (const Error& e) {
    return coordinator.refuse(from, e.what(), now);
  } catch (const nlohmann::json::exception& e) {
    return coordinator.refuse(from, fmt::format("it sent a malformed message: {}", e.what()), now);
  }
  coordinator.on_message(from, message, now);
}

}  // namespace

SessionResult coordinate(const SessionInputs& inputs, Store& store, Transport& transport,
                         const TrainerOptions& options) {
  ProgressDisplay display;
  const auto say = [&](const std::string& line) { display.say(line); };
  MailboxToWorkers to_workers(transport);
  MailboxToCoordinator to_coordinator(transport);
  StoreLedger ledger(store, inputs);
  const ClusterSettings& cluster = inputs.config.cluster;
  const bool gpus = options.devices && !options.devices->gpus.empty();
  Welcome welcome{inputs.experiment,          cluster.heartbeat_seconds,
                  cluster.lease_minutes * 60, trainer_log_folder(inputs.folder),
                  cluster.stall_minutes * 60, options.empty_cells};
  Coordinator coordinator(coordinator_settings(inputs, transport.size(), gpus, display), inputs.cells,
                          std::move(welcome), to_workers, ledger);
  Worker worker(transport.rank(), host_name(), trainers_factory(transport, options), to_coordinator);
  StopSignals signals;
  const ParentWatch parent(transport.size() > 1);
  Upkeep upkeep(
      store, [&display](const std::string& line) { display.say(line); }, cluster.heartbeat_seconds, steady_now());
  const auto status = [&] {
    nlohmann::json shown = coordinator.status({steady_now(), wall_now()});
    shown["grid"] = store.grid_id();
    shown["epoch"] = store.epoch();
    return shown;
  };
  LiveFile live(store_path(inputs.config.store, StoreFile::progress), status, say);
  Pause pause;

  worker.begin(steady_now());
  while (!coordinator.finished()) {
    const auto take = [&](int from, Addressee addressee, const nlohmann::json& mail) {
      if (addressee == Addressee::worker) return deliver(mail, worker, inputs.visitor, to_coordinator);
      deliver(mail, from, coordinator, inputs.guest);
    };
    const int received = receive_mail(transport, take, [&](int from, const std::string& why) {
      coordinator.refuse(from, "it " + why, {steady_now(), wall_now()});
    });
    worker.poll();
    const Coordinator::Now now{steady_now(), wall_now()};
    follow_signals(signals, parent.gone(), inputs.experiment.run.checkpoint_minutes, coordinator, worker, say, now);
    coordinator.on_tick(now);
    worker.on_tick(now.steady);
    if (inputs.guest != nullptr) inputs.guest->turn(coordinator, to_workers, now.steady);
    ledger.commit();
    to_workers.flush();
    to_coordinator.flush();
    upkeep.at(now.steady);
    live.at(now.steady);
    display.show(coordinator, now);
    pause.after(received > 0);
  }
  ledger.commit();
  worker.end_trainers();
  const bool all_heard = coordinator.counts().workers == transport.size();
  SessionResult result{coordinator.counts(),
                       coordinator.failures(),
                       coordinator.stopping(),
                       coordinator.stuck(),
                       coordinator.all_alive() && all_heard && !parent.gone(),
                       coordinator.needs_person()};
  display.finish(coordinator, {steady_now(), wall_now()});
  return result;
}

void dismiss(Transport& transport, bool all_alive) {
  MailboxToWorkers to_workers(transport);
  for (int rank = 1; rank < transport.size(); ++rank) to_workers.send(rank, Shutdown{all_alive});
  to_workers.flush();
  std::set<int> gone;
  Pause pause;
  const double deadline = steady_now() + (all_alive ? kFarewellSeconds : kLostFarewellSeconds);
  while (static_cast<int>(gone.size()) < transport.size() - 1 && steady_now() < deadline) {
    const auto take = [&](int from, Addressee addressee, const nlohmann::json& message) {
      if (addressee == Addressee::coordinator && message.at("type") == Bye::kType) gone.insert(from);
    };
    const int received = receive_mail(transport, take, [](int, const std::string&) {});
    pause.after(received > 0);
  }
  const bool complete = static_cast<int>(gone.size()) == transport.size() - 1;
  if (transport.size() > 1) alarm(kFinalizeSeconds);
  transport.finish(all_alive && complete);
  alarm(0);
}

namespace {

// What another rank sends to this worker is left alone; what rank 0 sends must make sense.
void refuse_order(int from, const std::string& why) {
  if (from == kCoordinator) throw Error(ErrorKind::fatal, "the coordinator " + why);
}

}  // namespace

void serve(Transport& transport, const TrainerOptions& options, const WorkerVisitor& visitor) {
  MailboxToCoordinator to_coordinator(transport);
  Worker worker(transport.rank(), host_name(), trainers_factory(transport, options), to_coordinator);
  StopSignals signals;
  const ParentWatch parent(true);
  Pause pause;
  worker.begin(steady_now());
  double orphaned_since = 0;
  while (!worker.shutdown()) {
    const auto take = [&](int, Addressee addressee, const nlohmann::json& mail) {
      if (addressee == Addressee::worker) deliver(mail, worker, visitor, to_coordinator);
    };
    const int received = receive_mail(transport, take, refuse_order);
    worker.poll();
    const double now = steady_now();
    if (signals.requested() || parent.gone()) worker.request_stop(now);
    if (signals.requested() && !worker.welcomed()) break;  // rank 0 may have died of the same signal
    worker.on_tick(now);
    to_coordinator.flush();
    if (worker.orphaned() || parent.gone()) {
      if (orphaned_since == 0) orphaned_since = now;
      if (!worker.busy() || now - orphaned_since > kCheckpointSeconds) break;
    }
    pause.after(received > 0);
  }
  worker.end_trainers();
  const bool all_alive = worker.shutdown() && worker.shutdown()->all_alive;
  to_coordinator.send(kCoordinator, Bye{});
  to_coordinator.flush();
  // One that was silent for two leases will not take it: mpirun's end, and with it the requeue, need not wait.
  if (worker.orphaned() && !worker.shutdown()) transport.give_up(kCoordinator);
  const double deadline = steady_now() + kFarewellSeconds;
  while (!transport.idle() && steady_now() < deadline) {
    receive_mail(transport, [](int, Addressee, const nlohmann::json&) {}, [](int, const std::string&) {});
    pause.after(false);
  }
  alarm(kFinalizeSeconds);
  transport.finish(all_alive);
  alarm(0);
}

}  // namespace mtlgrid
