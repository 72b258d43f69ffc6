#include "tests/orchestrator/simulation/chaos.h"

#include <fmt/format.h>

#include <cstdio>

namespace mtlgrid::simulation {
namespace {

constexpr double kCheckpointEvery = 60;  // cells are short: train.checkpoint_minutes is in proportion
constexpr double kLongest = 86'400;      // virtual seconds until a run is said not to end: 10 times what any needs
constexpr std::uint64_t kMostEvents = 150'000;  // the same
constexpr double kGrace = 120;                  // between USR1 and the resource manager's SIGKILL
constexpr double kHorizon = 3600;  // faults come within these seconds, most runs last longer than half of it

std::mt19937 seeded(unsigned seed, int run) {
  std::seed_seq sequence{seed, static_cast<unsigned>(run)};
  return std::mt19937(sequence);
}

// One run with its faults.
class Chaos {
 public:
  Chaos(unsigned seed, int run)
      : random_(seeded(seed, run)),
        grid_(make_cells()),
        store_(grid_),
        simulation_(grid_, make_settings(), random_(), store_) {
    const int faults = uniform(1, 8);
    for (int i = 0; i < faults; ++i) {
      const auto fault = static_cast<Fault>(uniform(0, static_cast<int>(Fault::count) - 1));
      simulation_.events().at(real(5, kHorizon), [this, fault] { strike(fault); });
    }
  }

  void run() {
    simulation_.run_to_the_end(kLongest, [this] { return real(5, 900); });
    // Ranks that were cut off or frozen may still speak: nobody listens, but their trainers write checkpoints.
    simulation_.check_end();
  }

  Simulation& simulation() { return simulation_; }
  const std::vector<std::pair<double, std::string>>& struck() const { return struck_; }
  const std::map<Fault, int>& counts() const { return counts_; }

 private:
  int uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  bool chance(double p) { return real(0, 1) < p; }

  std::vector<SimulatedCell> make_cells() {
    std::vector<SimulatedCell> cells = short_cells(random_, uniform(3, 12));
    if (chance(0.5)) return cells;
    for (int culprits = uniform(1, 3); culprits > 0; --culprits) {
      SimulatedCell& cell = cells[static_cast<std::size_t>(uniform(0, static_cast<int>(cells.size()) - 1))];
      cell.nature = static_cast<Nature>(uniform(1, 3));
      cell.breaks_at = cell.seconds * real(0.02, 0.9);
    }
    return cells;
  }

  SimulationSettings make_settings() {
    SimulationSettings settings;
    settings.ranks = uniform(2, 8);
    settings.ranks_per_node = uniform(1, 3);
    settings.trainers.slots = uniform(1, 3);
    settings.trainers.checkpoint_every = kCheckpointEvery;
    settings.trainers.start = real(1, 20);
    settings.most_events = kMostEvents;
    if (chance(0.3)) settings.trainers.device = "cuda 0";
    return settings;
  }

  // A rank of the newest job that lives, rank 0 included; null if there is none.
  Rank* some_rank(bool but_0) {
    std::vector<Rank*> living;
    for (auto& rank : simulation_.job()->ranks()) {
      if (rank->alive() && !(but_0 && rank->number() == 0)) living.push_back(rank.get());
    }
    return living.empty() ? nullptr : living[static_cast<std::size_t>(uniform(0, static_cast<int>(living.size()) - 1))];
  }
  std::vector<Rank*> node_of(const Rank& rank) {
    std::vector<Rank*> ranks;
    for (auto& other : simulation_.job()->ranks()) {
      if (other->alive() && other->host() == rank.host()) ranks.push_back(other.get());
    }
    return ranks;
  }

  // The cells that `rank` trains have lost a worker by a fault of ours.
  void hit(Rank& rank, Fault fault) {
    rank.trainers().note_fault(name_of(fault));
    for (const std::size_t cell : rank.trainers().training()) simulation_.hit(cell, Outcome::lost);
  }
  void note_all(Fault fault) {
    for (auto& rank : simulation_.job()->ranks()) {
      if (rank->alive()) rank->trainers().note_fault(name_of(fault));
    }
  }
  void struck(Fault fault, const std::string& where) {
    ++counts_[fault];
    struck_.emplace_back(simulation_.events().now(), fmt::format("{} {}", name_of(fault), where));
  }

  void kill_trainers(Rank& rank, Fault fault) {
    rank.trainers().note_fault(name_of(fault));
    for (int slot = 0; slot < simulation_.settings().trainers.slots; ++slot) {
      if (fault == Fault::trainer_killed && slot > 0) break;
      for (const std::size_t cell : rank.trainers().crash(slot, "killed by signal 9 (SIGKILL)")) {
        simulation_.hit(cell, Outcome::crashed);
      }
    }
  }

  void kill_ranks(const std::vector<Rank*>& ranks, Fault fault) {
    for (Rank* rank : ranks) {
      hit(*rank, fault);
      rank->kill();
    }
  }

  void freeze(Rank& rank, double seconds, Fault fault) {
    hit(rank, fault);
    rank.freeze();
    simulation_.events().after(seconds, [&rank] { rank.thaw(); });
  }

  // Ranks of one node reach each other all the same: what is cut are the lines between this node and rank 0's.
  void cut(const std::vector<Rank*>& node, double seconds, Fault fault) {
    std::vector<Rank*> ranks;
    const std::string first = simulation_.job()->ranks()[0]->host();
    for (auto& rank : simulation_.job()->ranks()) {
      const bool of_node = rank->host() == node.front()->host();
      if (rank->alive() && rank->host() != first && (of_node || node.front()->host() == first)) {
        ranks.push_back(rank.get());
      }
    }
    for (Rank* rank : ranks) {
      hit(*rank, fault);
      rank->cut();
      if (fault == Fault::network_cut_for_good) continue;
      simulation_.events().after(seconds, [rank] { rank->heal(); });
    }
  }

  void end_allocation(Job& job) {
    job.request_stop();
    simulation_.events().after(kGrace, [&job] { job.kill_all(); });
  }

  void strike(Fault fault);

  std::mt19937 random_;
  SimulatedGrid grid_;
  SimulatedStore store_;
  Simulation simulation_;
  std::map<Fault, int> counts_;
  std::vector<std::pair<double, std::string>> struck_;
};

void Chaos::strike(Fault fault) {
  Job* job = simulation_.job();
  if (job == nullptr || job->end() != Job::End::running) return;  // between two jobs there is nothing to break
  Rank* rank = some_rank(fault != Fault::trainer_killed && fault != Fault::node_lost);
  const double lease = simulation_.settings().cluster.lease_minutes * 60;
  switch (fault) {
    case Fault::trainer_killed:
      if (rank != nullptr) kill_trainers(*rank, fault);
      break;
    case Fault::trainers_of_node_killed:
      if (rank == nullptr) return;
      for (Rank* other : node_of(*rank)) kill_trainers(*other, fault);
      break;
    case Fault::rank_killed:
      if (rank == nullptr) return;
      kill_ranks({rank}, fault);
      break;
    case Fault::rank_0_killed:
      note_all(fault);
      job->kill_coordinator(static_cast<Deathbed>(uniform(0, 2)));
      break;
    case Fault::rank_frozen_briefly:
      if (rank == nullptr) return;
      freeze(*rank, real(1, lease * 0.9), fault);
      break;
    case Fault::rank_frozen_beyond_lease:
      if (rank == nullptr) return;
      freeze(*rank, real(lease * 1.1, lease * 5), fault);
      break;
    case Fault::rank_0_frozen:
      note_all(fault);
      for (auto& other : job->ranks()) hit(*other, fault);
      job->freeze_coordinator(real(1, lease * 4));
      break;
    case Fault::node_lost:
      if (rank == nullptr) return;
      kill_ranks(node_of(*rank), fault);
      break;
    case Fault::network_cut_briefly:
      if (rank == nullptr) return;
      cut(node_of(*rank), real(1, lease * 0.9), fault);
      break;
    case Fault::network_cut_beyond_lease:
      if (rank == nullptr) return;
      cut(node_of(*rank), real(lease * 1.1, lease * 4), fault);
      break;
    case Fault::network_cut_for_good:
      if (rank == nullptr) return;
      cut(node_of(*rank), 0, fault);
      break;
    case Fault::walltime:
      note_all(fault);
      end_allocation(*job);
      break;
    case Fault::killed_at_once:
      note_all(fault);
      job->kill_all();
      break;
    case Fault::clock_jump:
      simulation_.jump_clock(real(-86'400, 86'400));
      break;
    case Fault::messages_delayed:
      simulation_.set_latency_factor(real(100, 20'000));
      simulation_.events().after(real(10, 300), [this] { simulation_.set_latency_factor(1); });
      break;
    case Fault::count:
      return;
  }
  struck(fault, rank == nullptr ? "" : fmt::format("(rank {} of job {})", rank->number(), job->number()));
}

}  // namespace

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::trainer_killed:
      return "trainer killed";
    case Fault::trainers_of_node_killed:
      return "all trainers of a node killed";
    case Fault::rank_killed:
      return "rank killed";
    case Fault::rank_0_killed:
      return "rank 0 killed";
    case Fault::rank_frozen_briefly:
      return "rank frozen, shorter than its lease";
    case Fault::rank_frozen_beyond_lease:
      return "rank frozen, longer than its lease";
    case Fault::rank_0_frozen:
      return "rank 0 frozen";
    case Fault::node_lost:
      return "node lost";
    case Fault::network_cut_briefly:
      return "network cut, shorter than a lease";
    case Fault::network_cut_beyond_lease:
      return "network cut, longer than a lease";
    case Fault::network_cut_for_good:
      return "network cut for good";
    case Fault::walltime:
      return "walltime, requeued";
    case Fault::killed_at_once:
      return "all ranks killed at once";
    case Fault::clock_jump:
      return "wall clock jumps";
    case Fault::messages_delayed:
      return "messages delayed";
    case Fault::count:
      break;
  }
  return "";
}

void chaos_run(unsigned seed, int run, ChaosReport& report) {
  Chaos chaos(seed, run);
  chaos.run();
  Simulation& simulation = chaos.simulation();
  ++report.runs;
  report.jobs += static_cast<int>(simulation.jobs());
  report.events += simulation.events().happened();
  report.virtual_hours += simulation.events().now() / 3600;
  report.checkpoint_every = simulation.settings().trainers.checkpoint_every;
  report.most_lost_promised = simulation.settings().trainers.most_lost();
  report.results += simulation.results_arrived();
  for (std::size_t cell = 0; cell < simulation.grid().size(); ++cell) {
    const auto& row = simulation.store().row(cell);
    ++report.cells;
    report.attempts += row.attempts.size();
    report.culprits += simulation.grid()[cell].nature != Nature::healthy;
    report.done += row.result_attempt != 0;
    report.failed += row.failed;
    report.excused += row.failed && simulation.grid()[cell].nature == Nature::healthy;
    std::uint64_t results = 0;
    for (const auto& attempt : row.attempts) results += attempt.result;
    report.late_results += results > 1 ? results - 1 : 0;
  }
  for (const auto& [fault, count] : chaos.counts()) report.faults[name_of(fault)].faults += count;
  for (const Disk::Loss& loss : simulation.disk().losses()) {
    FaultAccount& account = report.faults[loss.fault.empty() ? "(culprits' own deaths)" : loss.fault];
    ++account.attempts_ended;
    account.most_lost = std::max(account.most_lost, loss.seconds);
    account.lost += std::max(0.0, loss.seconds);
  }
  report.broken_runs += !simulation.violations().empty();
  for (const std::string& what : simulation.violations()) {
    report.lost_rows += what.find("is lost") != std::string::npos;
    report.doubled_rows += what.find("twice") != std::string::npos;
    report.violations.push_back(fmt::format("seed {} run {}: {}", seed, run, what));
  }
}

void tell_chaos_run(unsigned seed, int run) {
  Chaos chaos(seed, run);
  chaos.run();
  Simulation& simulation = chaos.simulation();
  for (const SimulatedCell& cell : simulation.grid().cells()) {
    if (cell.nature == Nature::healthy) continue;
    std::printf("%s %s after %.0f of %.0f s\n", cell.cell.name().c_str(),
                cell.nature == Nature::always_fails     ? "fails"
                : cell.nature == Nature::always_crashes ? "crashes"
                                                        : "takes its rank down",
                cell.breaks_at, cell.seconds);
  }
  std::printf("%d ranks, %d a node, %d slots, device %s\n", simulation.settings().ranks,
              simulation.settings().ranks_per_node, simulation.settings().trainers.slots,
              simulation.settings().trainers.device.c_str());
  for (const auto& [time, what] : chaos.struck()) std::printf("%.1f FAULT %s\n", time, what.c_str());
  simulation.tell();
  for (const std::string& what : simulation.violations()) std::printf("VIOLATION %s\n", what.c_str());
}

}  // namespace mtlgrid::simulation
