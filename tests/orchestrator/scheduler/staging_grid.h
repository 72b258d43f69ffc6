// Workers whose trainers have a GPU each, unless a test says otherwise.
#pragma once

#include <string>
#include <vector>

#include "tests/orchestrator/scheduler/fake_grid.h"

namespace mtlgrid {

inline constexpr double kLease = 120;  // seconds, ClusterSettings' default
inline constexpr std::uint64_t kBytes = 4'000'000'000;
inline constexpr double kTimeout = 320;  // of those bytes: 120 s and 20 MB/s

class StagingGrid : public FakeGrid {
 public:
  explicit StagingGrid(int workers, int least = 2)
      : FakeGrid(std::vector<double>(12, 1), {}, StagingSettings{least, workers, kBytes}) {}
  static std::string gpu(int worker, int slot) {
    return "cuda:GPU-" + std::to_string(worker) + "-" + std::to_string(slot) + " H100";
  }
  void hello(int worker, int slots, const std::string& host) {
    tell(worker, Hello{host});
    comm.expect(worker, "welcome");
    tell(worker, Slots{slots});
  }
  void join_gpus(int worker, int slots) {
    hello(worker, slots, "host" + std::to_string(worker));
    for (int slot = 0; slot < slots; ++slot) ready(worker, slot, gpu(worker, slot));
  }
  void give_id(const std::string& id = "abc", const std::string& error = "") {
    comm.expect(0, "stage_id");
    tell(0, SlotStageId{0, {id, error}});
  }
  StageSlot ordered(int worker) { return comm.expect(worker, "stage").get<StageSlot>(); }
  void staged(int worker, int slot, const std::string& error = "", int skipped = 0) {
    Staged answer{error, error.empty() ? 2 - skipped : 0, skipped, 3'700'000'000, 4.1, {}};
    answer.environment.device = gpu(worker, slot);
    answer.environment.libraries = error.empty() ? "torch, features over NCCL" : "torch, features from files";
    tell(worker, SlotStaged{slot, answer});
  }
  // Two workers with a GPU each, at staging.
  void two_at_work() {
    join_gpus(0, 1);
    join_gpus(1, 1);
    tick();
    give_id();
    ordered(0);
    ordered(1);
    tick();
  }
  void expect_cells_for(const std::vector<int>& workers) {
    tick();
    for (const int worker : workers) EXPECT_EQ(comm.waiting(worker), 1u) << worker;
    for (const int worker : workers) assigned(worker);
  }
};

}  // namespace mtlgrid
