#include "tests/orchestrator/simulation/simulation.h"

#include <fmt/format.h>

#include <ranges>

#include "base/errors.h"
#include "orchestrator/session/mailbox.h"
#include "tests/orchestrator/scheduler/patientless.h"

namespace mtlgrid::simulation {
namespace {

constexpr double kCheckpointSeconds = 60;  // how long an orphaned rank waits for its trainers, as session.cpp
constexpr double kFarewellSeconds = 10;    // after a job's end until the resource manager kills what is left

}  // namespace

// ---- Rank

class Rank::Outbox : public CommToCoordinator {
 public:
  explicit Outbox(Rank& rank) : rank_(rank) {}
  void send(int, const ToCoordinator& message) override { rank_.letters_.push_back(message); }

 private:
  Rank& rank_;
};

Rank::Rank(Job& job, int number, std::string host, double steady_offset)
    : job_(job),
      number_(number),
      host_(std::move(host)),
      steady_offset_(steady_offset),
      pool_(
          job.simulation().events(), job.simulation().grid(), job.simulation().disk(),
          job.simulation().settings().trainers, [this] { wake(); },
          [this] {
            for (const std::size_t cell : pool_.training()) {
              if (job_.simulation().grid()[cell].nature == Nature::healthy) {
                job_.simulation().disk().attempts(cell).rbegin()->second.fault = "beside a cell that kills its rank";
              }
            }
            kill();
          }),
      down_(job.simulation().events(),
            [this](ToWorker message) {
              inbox_.push_back(std::move(message));
              turn();
            }),
      up_(job.simulation().events(), [this](ToCoordinator message) { job_.on_message(number_, std::move(message)); }),
      outbox_(std::make_unique<Outbox>(*this)),
      worker_(number, host_, [this](const Welcome&) { return pool_.handle(); }, *outbox_) {}

double Rank::steady() const { return job_.simulation().events().now() + steady_offset_; }

// Not at once: a trainer may die while the worker speaks to it.
void Rank::wake() {
  if (woken_) return;
  woken_ = true;
  job_.simulation().events().after(0, [this] {
    woken_ = false;
    turn();
  });
}

void Rank::begin() {
  worker_.begin(steady());
  turn();
  tick_later();
}

void Rank::tick_later() {
  job_.simulation().events().after(job_.simulation().settings().cluster.heartbeat_seconds, [this] {
    if (!alive_) return;
    turn();
    tick_later();
  });
}

// One turn of a rank's event loop, as in session.cpp's serve().
void Rank::turn() {
  if (!alive_ || frozen_) return;
  try {
    std::vector<ToWorker> messages;
    messages.swap(inbox_);
    for (const ToWorker& message : messages) worker_.on_message(message, steady());
    worker_.poll();
    if (signalled_) worker_.request_stop(steady());
    worker_.on_tick(steady());
  } catch (const Error& e) {
    job_.simulation().violation(fmt::format("rank {} of job {} ended: {}", number_, job_.number(), e.what()));
    return kill();
  }
  bool leave = worker_.shutdown().has_value();
  if (worker_.orphaned()) {
    if (orphaned_since_ < 0) orphaned_since_ = steady();
    leave = leave || !worker_.busy() || steady() - orphaned_since_ > kCheckpointSeconds;
  }
  if (leave && number_ != kCoordinator) {
    worker_.end_trainers();
    letters_.push_back(Bye{});
  }
  const double latency = number_ == kCoordinator ? 0 : job_.simulation().latency();
  for (ToCoordinator& letter : letters_) up_.send(std::move(letter), latency);
  letters_.clear();
  if (leave && number_ != kCoordinator) alive_ = false;
}

void Rank::kill() {
  if (!alive_) return;
  alive_ = false;
  pool_.end();
  down_.close();
  letters_.clear();
  std::uniform_int_distribution<std::size_t> lost(0, up_.in_flight());
  up_.drop_newest(lost(job_.simulation().random()));
  if (number_ == kCoordinator) job_.kill_coordinator(Deathbed::after_sending);
}

void Rank::freeze() { frozen_ = true; }
void Rank::thaw() {
  frozen_ = false;
  turn();
}

void Rank::signal() {
  signalled_ = true;
  turn();
}

void Rank::cut() {
  down_.cut();
  up_.cut();
}
void Rank::heal() {
  down_.heal();
  up_.heal();
}

// ---- Job

class Job::Outbox : public CommToWorkers {
 public:
  explicit Outbox(Job& job) : job_(job) {}
  void send(int worker, const ToWorker& message) override { job_.letters_.emplace_back(worker, message); }

 private:
  Job& job_;
};

Job::Job(Simulation& simulation, int number, std::vector<QueuedCell> cells)
    : simulation_(simulation), number_(number), outbox_(std::make_unique<Outbox>(*this)) {
  const SimulationSettings& s = simulation.settings();
  std::uniform_real_distribution<double> offset(0, 1e6);  // each machine's clock counts from its own start
  steady_offset_ = offset(simulation.random());
  Welcome welcome;
  welcome.heartbeat_seconds = s.cluster.heartbeat_seconds;
  welcome.lease_seconds = s.cluster.lease_minutes * 60;
  welcome.experiment = patientless_experiment(cells);
  welcome.experiment.run.pack = s.pack;
  CoordinatorSettings settings{s.cluster, "store.d/grid-1", [this](const std::string& line) {
                                 said_.push_back(fmt::format("{:.1f} {}", simulation_.events().now(), line));
                               }};
  coordinator_ = std::make_unique<Coordinator>(std::move(settings), std::move(cells), std::move(welcome), *outbox_,
                                               simulation.store());
  for (int rank = 0; rank < s.ranks; ++rank) {
    ranks_.push_back(std::make_unique<Rank>(*this, rank, fmt::format("job{}-node{}", number, rank / s.ranks_per_node),
                                            offset(simulation.random())));
  }
}

Coordinator::Now Job::now() const { return {simulation_.events().now() + steady_offset_, simulation_.wall()}; }

void Job::begin() {
  for (auto& rank : ranks_) rank->begin();
  plan_turn(0);
}

void Job::on_message(int from, ToCoordinator message) {
  if (end_ != End::running) return;
  inbox_.emplace_back(from, std::move(message));
  plan_turn(simulation_.settings().turn);
}

// The next turn is due at the earliest time that anybody asked for.
void Job::plan_turn(double delay) {
  const double due = simulation_.events().now() + delay;
  if (next_turn_ >= 0 && next_turn_ <= due) return;
  next_turn_ = due;
  simulation_.events().at(due, [this, due] {
    if (next_turn_ != due) return;
    next_turn_ = -1;
    turn();
  });
}

// One turn of rank 0's event loop, as in session.cpp's coordinate().
void Job::turn() {
  if (end_ != End::running || frozen_) return;
  try {
    for (int taken = 0; taken < kMostAtOnce && !inbox_.empty(); ++taken) {
      const auto [from, message] = std::move(inbox_.front());
      inbox_.pop_front();
      if (const auto* finished = std::get_if<CellFinished>(&message)) simulation_.on_result_arrived(finished->result);
      if (std::holds_alternative<SlotReady>(message)) simulation_.on_slot_ready();
      coordinator_->on_message(from, message, now());
    }
    if (stop_asked_) coordinator_->request_stop(now());
    coordinator_->on_tick(now());
    if (deathbed_ == Deathbed::before_commit) return die();
    simulation_.store().commit();
    if (simulation_.settings().check_state) coordinator_->sanity_check();
  } catch (const Error& e) {
    simulation_.violation(fmt::format("the coordinator of job {} threw: {}", number_, e.what()));
    return die();
  }
  if (deathbed_ == Deathbed::after_commit) return die();
  for (auto& [worker, message] : letters_) {
    ranks_[static_cast<std::size_t>(worker)]->from_coordinator().send(
        std::move(message), worker == kCoordinator ? 0 : simulation_.latency());
  }
  letters_.clear();
  if (deathbed_) return die();
  if (coordinator_->finished()) return finish();
  plan_turn(inbox_.empty() ? simulation_.settings().idle_turn : simulation_.settings().turn);
}

void Job::kill_coordinator(Deathbed when) {
  if (end_ != End::running || deathbed_) return;
  deathbed_ = when;
  // A killed process takes no further turn; only a death within one waits for it.
  if (!ranks_[0]->alive() || frozen_) return die();
  plan_turn(0);
}

void Job::freeze_coordinator(double seconds) {
  if (frozen_ || end_ != End::running) return;
  frozen_ = true;
  ranks_[0]->freeze();
  simulation_.events().after(seconds, [this] {
    frozen_ = false;
    if (end_ != End::running) return;
    ranks_[0]->thaw();
    next_turn_ = -1;
    plan_turn(0);
  });
}

void Job::die() {
  if (end_ != End::running) return;
  end_ = End::died;
  simulation_.store().lose_turn();
  deathbed_ = Deathbed::after_sending;
  if (ranks_[0]->alive()) ranks_[0]->kill();
  inbox_.clear();
  coordinator_.reset();
}

void Job::finish() {
  const Coordinator::Counts counts = coordinator_->counts();
  const std::string stuck = coordinator_->stuck();
  end_ = counts.pending == 0 ? End::all_done : stuck.empty() ? End::stopped : End::stuck;
  for (auto& rank : ranks_) rank->from_coordinator().send(Shutdown{}, simulation_.latency());
  simulation_.events().after(kFarewellSeconds, [this] {
    for (auto& rank : ranks_) rank->kill();
  });
  coordinator_.reset();
}

void Job::request_stop() {
  if (end_ != End::running) return;
  stop_asked_ = true;
  plan_turn(0);
  for (auto& rank : ranks_) rank->signal();
}

void Job::kill_all() {
  for (auto& rank : ranks_) rank->kill();
}

// ---- Simulation

Simulation::Simulation(const SimulatedGrid& grid, SimulationSettings settings, unsigned seed, SimulatedStore& store)
    : grid_(grid), settings_(std::move(settings)), random_(seed), store_(store) {}
Simulation::~Simulation() = default;

std::vector<QueuedCell> Simulation::cells() {
  std::vector<QueuedCell> cells;
  for (std::size_t i = 0; i < grid_.size(); ++i) {
    const SimulatedStore::CellRow& row = store_.row(i);
    if (row.result_attempt != 0 || row.failed) continue;
    QueuedCell queued{grid_[i].cell, row.newest(), grid_[i].expected, {}};
    if (settings_.keep_folders) {
      for (const auto& [number, folder] : std::views::reverse(disk_.attempts(i))) {
        queued.attempts = std::max(queued.attempts, number);
        queued.resume.push_back(fmt::format("store.d/grid-1/{}/attempt-{}", grid_[i].cell.name(), number));
      }
    }
    queued.losses = cut_off_at_once(i);
    cells.push_back(std::move(queued));
  }
  return cells;
}

// As make_queued_cell() counts them from folders on the disk.
int Simulation::cut_off_at_once(std::size_t cell) {
  const auto& attempts = store_.row(cell).attempts;
  auto& folders = disk_.attempts(cell);
  int count = 0;
  for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt, ++count) {
    const auto folder = folders.find(attempt->attempt);
    if ((attempt->outcome != Outcome::interrupted && attempt->outcome != Outcome::lost) || folder == folders.end() ||
        folder->second.checkpoint)
      break;
  }
  return count;
}

Job& Simulation::begin_job() {
  store_.open();
  jobs_.push_back(std::make_unique<Job>(*this, static_cast<int>(jobs_.size()), cells()));
  jobs_.back()->begin();
  return *jobs_.back();
}

bool Simulation::run(const std::function<bool()>& over, double latest) {
  while (!over()) {
    if (events_.now() > latest || events_.happened() >= settings_.most_events || !events_.step()) return false;
  }
  return true;
}

bool Simulation::run_to_the_end(double latest, const std::function<double()>& pause) {
  for (;;) {
    Job& job = begin_job();
    const bool ended = run([&] { return job.end() != Job::End::running; }, latest);
    if (ended && job.end() == Job::End::all_done) return true;
    if (!ended || job.end() == Job::End::stuck) {
      violation(
          fmt::format("does not end: job {} {} at {:.0f} s", job.number(), ended ? "is stuck" : "runs", events_.now()));
      return false;
    }
    run([until = events_.now() + pause(), this] { return events_.now() >= until; }, latest);
  }
}

void Simulation::hit(std::size_t cell, Outcome outcome) {
  ++(outcome == Outcome::crashed ? crash_hits_ : loss_hits_)[cell];
}

void Simulation::on_result_arrived(const CellResult& result) {
  arrived_.emplace_back(grid_.index(result.cell), result.attempt);
  last_result_ = events_.now();
}

void Simulation::on_slot_ready() {
  if (first_ready_ < 0) first_ready_ = events_.now();
}

double Simulation::worked() const {
  double seconds = 0;
  for (const auto& job : jobs_) {
    for (const auto& rank : job->ranks()) seconds += rank->trainers().worked();
  }
  return seconds;
}

void Simulation::tell() const {
  for (const auto& job : jobs_) {
    for (const std::string& line : job->said()) fmt::print("job {} {}\n", job->number(), line);
  }
  for (std::size_t cell = 0; cell < grid_.size(); ++cell) {
    const SimulatedStore::CellRow& row = store_.row(cell);
    fmt::print("{}: result of attempt {}{}", grid_[cell].cell.name(), row.result_attempt, row.failed ? ", failed" : "");
    for (const auto& attempt : row.attempts) {
      fmt::print(" [{} {} {}]", attempt.attempt, attempt.result ? "result" : "", attempt.cause);
    }
    fmt::print("\n");
  }
}

}  // namespace mtlgrid::simulation
