// Messages of ranks, a line each: the coordinator takes them or refuses the rank, and stays in order.
#include <map>
#include <set>

#include "base/errors.h"
#include "orchestrator/scheduler/coordinator.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/messages.h"
#include "tests/orchestrator/scheduler/patientless.h"

using namespace mtlgrid;

namespace {

struct NoComm : CommToWorkers {
  void send(int, const ToWorker&) override {}
};

struct CountingLedger : Ledger {
  void begin_attempt(const Cell& cell, int attempt, const Environment&, double) override {
    fuzz::expect(begun.emplace(cell.name(), attempt).second, "every attempt once");
  }
  bool commit_result(const CellResult& result) override {
    fuzz::expect(begun.count({result.cell.name(), result.attempt}) != 0, "results of attempts that were begun");
    return counting.insert(result.cell.name()).second;
  }
  void commit_failure(const AttemptFailure& failure) override {
    fuzz::expect(begun.count({failure.cell.name(), failure.attempt}) != 0, "failures of attempts that were begun");
  }
  void reopen(const Cell&) override {}
  std::set<std::pair<std::string, int>> begun;
  std::set<std::string> counting;
};

// Rank 0 trains one cell, rank 1 a pack of two in one slot of two; all that arrives is from these and from rank 2,
// which never said hello.
class Grid {
 public:
  Grid() {
    std::vector<QueuedCell> cells;
    for (const char* method : {"naive", "dwa", "uncert"}) cells.push_back({{"MSI", "LF", method, 0}, 0, 1, {}});
    cells.push_back({{"MSI", "LF", "naive", 1}, 0, 2, {}});
    Welcome welcome;
    welcome.experiment = patientless_experiment(cells);
    welcome.experiment.run.pack = 2;
    CoordinatorSettings settings;
    settings.folder = "folder";
    settings.say = [](const std::string& line) { fuzz::expect(!line.empty(), "a line"); };
    coordinator_.emplace(std::move(settings), std::move(cells), std::move(welcome), comm_, ledger_);
    for (int worker = 0; worker < 2; ++worker) {
      tell(worker, Hello{"host"});
      tell(worker, Slots{1 + worker});
      tell(worker, SlotReady{0, 0, {}, ""});
    }
    tick(1);
  }

  void hear(int worker, const std::string& bytes) {
    try {
      const auto message = decode_report<ToCoordinator>(decode_msgpack(bytes, kReportLimits), "it");
      coordinator_->on_message(worker, message, now());
    } catch (const Error& e) {
      coordinator_->refuse(worker, e.what(), now());
    }
    coordinator_->sanity_check();
  }
  void tick(double seconds) {
    steady_ += seconds;
    coordinator_->on_tick(now());
    coordinator_->sanity_check();
    coordinator_->status(now()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

 private:
  void tell(int worker, const ToCoordinator& message) { coordinator_->on_message(worker, message, now()); }
  EventTime now() const { return {steady_, 1e9 + steady_}; }

  NoComm comm_;
  CountingLedger ledger_;
  double steady_ = 100;
  std::optional<Coordinator> coordinator_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Grid grid;
  const std::string input = fuzz::text_of(data, size);
  int lines = 0;
  for (std::size_t at = 0; at < input.size() && lines < 20; ++lines) {
    const std::size_t end = std::min(input.find('\n', at), input.size());
    // The first character says whose it is.
    const std::string line = input.substr(at, end - at);
    if (!line.empty()) grid.hear((line[0] & 3) % 3, fuzz::as_message(line.substr(1)));
    if (lines % 3 == 0) grid.tick(1);
    at = end + 1;
  }
  grid.tick(1e6);
  return 0;
}
