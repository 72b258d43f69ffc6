// What the coordinator and the workers say to each other. Table of all messages: docs/messages.md.
//
// Each message is a JSON object with "type", carried as MessagePack. A worker is a rank; a slot is one of its trainer
// processes. All messages are idempotent or harmless when repeated: a worker that was given up may come back.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "results/records/records.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

inline constexpr int kCoordinator = 0;  // the rank that coordinates, a worker too

// Worker to coordinator: "hello", the first message.
struct Hello {
  std::string host;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hello, host)

// Worker to coordinator: "slots", the answer to welcome: how many trainers it starts.
inline constexpr int kMostSlots = 4096;  // more in one rank is a broken message
struct Slots {
  int slots = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Slots, slots)

// Worker to coordinator: "slot_ready", a trainer waits for its first cell (again after it died).
struct SlotReady {
  int slot = 0, largest_pack = 0;  // as in Ready
  Environment environment;
  std::string staging_lacks{};  // as in Ready
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotReady, slot, largest_pack, environment, staging_lacks)

// Coordinator to worker: "stage_id", asks the slot's trainer for an id; the answer is SlotStageId. "stage_stop", tells
// it that others fail, if it is at staging.
struct SlotOf {
  int slot = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotOf, slot)

// Coordinator to worker: "stage", what the slot's trainer is to do. The answer is SlotStaged, or slot_ready or
// slot_broken if it died.
struct StageSlot {
  int slot = 0;
  Stage order;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageSlot, slot, order)

// Worker to coordinator: "slot_stage_id", and "slot_staged", after which the trainer waits for a cell: what it said.
struct SlotStageId {
  int slot = 0;
  StageId answer;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotStageId, slot, answer)
struct SlotStaged {
  int slot = 0;
  Staged answer;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotStaged, slot, answer)

// Worker to coordinator: "slot_broken", the trainer died several times in a row before it was ready; it is not started
// again. `needs_person`: the disk was full.
struct SlotBroken {
  int slot = 0;
  std::string cause, detail;
  bool needs_person = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotBroken, slot, cause, detail, needs_person)

// Worker to coordinator: "heartbeat" every heartbeat_seconds; it is what renews the worker's leases.
struct Heartbeat {
  std::vector<Progress> running;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Heartbeat, running)

// Where a report about one cell of a pack comes from: `left` members of the pack have not been reported yet.
struct Origin {
  int slot = 0, left = 0;
};

// Worker to coordinator: "cell_failed", the trainer says so; `smaller_pack` as in Failed.
struct CellFailed {
  int slot = 0, left = 0;
  Cell cell;
  int attempt = 0;
  std::string cause, detail;
  bool smaller_pack = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CellFailed, slot, left, cell, attempt, cause, detail, smaller_pack)

// Worker to coordinator: "cell_stopped", checkpointed on request.
struct CellStopped {
  int slot = 0, left = 0;
  Cell cell;
  int attempt = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CellStopped, slot, left, cell, attempt)

// Worker to coordinator: "pack_crashed", the trainer died; `running` are the members that had not been reported.
// `needs_person`: it said that the disk was full (TrainerExit), which is no fault of the cells.
struct PackCrashed {
  int slot = 0;
  std::vector<Progress> running;
  std::string cause, detail;
  bool needs_person = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PackCrashed, slot, running, cause, detail, needs_person)

// Worker to coordinator: "cell_finished" {slot, left, result}; "leaving": give this worker no more cells (it was
// signalled); "bye": its trainers are gone and it ends.

// Coordinator to worker: "welcome", the answer to hello.
struct Welcome {
  Experiment experiment;
  double heartbeat_seconds = 5, lease_seconds = 120;
  std::string log_folder;
  double stall_seconds = 1800;  // a trainer at work that is silent for longer is killed
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Welcome, experiment, heartbeat_seconds, lease_seconds, log_folder, stall_seconds)

// Coordinator to worker: "assign".
struct Assign {
  int slot = 0;
  TrainPack pack;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Assign, slot, pack)

// Coordinator to worker: "release_slot": the slot's trainer is to leave the cells of these methods, as in Release.
struct ReleaseSlot {
  int slot = 0;
  Release order;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ReleaseSlot, slot, order)

// Coordinator to worker: "ping" (still here), "stop" (checkpoint every running cell and report it stopped),
// "shutdown" {all_alive}: end the trainers, say bye and leave.
struct Shutdown {
  bool all_alive = true;  // no rank was lost: MPI_Finalize will not hang
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Shutdown, all_alive)

// Coordinator to worker, in a rehearsal alone: "rehearse". `order`: "facts" (of its node), "ping", "kill_trainer", or
// "die" (SIGKILL to itself, no answer). The answer is "rehearsed", with the same order and the sender's `sent`.
struct Rehearse {
  std::string order;
  double sent = 0;      // coordinator's wall clock
  std::string probe{};  // for facts: a file that rank 0 holds locks on, and what is in it
  std::string content{};
  RunSettings run{};  // for facts
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rehearse, order, sent, probe, content, run)
struct Rehearsed {
  std::string order;
  double sent = 0, wall = 0;  // the worker's wall clock
  nlohmann::json facts{};     // for facts: NodeFacts of rehearsal.cpp; for kill_trainer: the slot, or -1
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rehearsed, order, sent, wall, facts)

inline nlohmann::json typed(const char* type) { return {{"type", type}}; }

}  // namespace mtlgrid
