// What the coordinator and the workers say to each other. Table of all messages: docs/messages.md.
//
// The messages of each direction are a variant, carried as MessagePack in one envelope (trainer/contract/envelope.h). A
// worker is a rank; a slot is one of its trainer processes. All messages are idempotent or harmless when repeated: a
// worker that was given up may come back.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "results/records/records.h"
#include "trainer/contract/envelope.h"
#include "trainer/contract/pipe_messages.h"

namespace mtlgrid {

inline constexpr int kCoordinator = 0;  // the rank that coordinates, a worker too

// ---- Worker to coordinator

// The first message.
struct Hello {
  static constexpr const char* kType = "hello";
  std::string host;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Hello, host)

// The answer to welcome: how many trainers it starts.
inline constexpr int kMostSlots = 4096;  // more in one rank is a broken message
struct Slots {
  static constexpr const char* kType = "slots";
  int slots = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Slots, slots)

// A trainer waits for its first cell (again after it died).
struct SlotReady {
  static constexpr const char* kType = "slot_ready";
  int slot = 0, largest_pack = 0;  // as in Ready
  Environment environment;
  std::string staging_lacks{};  // as in Ready
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotReady, slot, largest_pack, environment, staging_lacks)

// What the slot's trainer answered to AskStageId.
struct SlotStageId {
  static constexpr const char* kType = "slot_stage_id";
  int slot = 0;
  StageId answer;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotStageId, slot, answer)

// What the slot's trainer answered to StageSlot; it waits for a cell.
struct SlotStaged {
  static constexpr const char* kType = "slot_staged";
  int slot = 0;
  Staged answer;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotStaged, slot, answer)

// The trainer died several times in a row before it was ready; it is not started again. `needs_person`: the disk was
// full.
struct SlotBroken {
  static constexpr const char* kType = "slot_broken";
  int slot = 0;
  std::string cause, detail;
  bool needs_person = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SlotBroken, slot, cause, detail, needs_person)

// Every heartbeat_seconds; like any message it renews the worker's lease.
struct Heartbeat {
  static constexpr const char* kType = "heartbeat";
  std::vector<Progress> running;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Heartbeat, running)

// Where a report about one cell of a pack comes from: `left` members of the pack have not been reported yet.
struct Origin {
  int slot = 0, left = 0;
};

struct CellFinished {
  static constexpr const char* kType = "cell_finished";
  int slot = 0, left = 0;
  CellResult result;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CellFinished, slot, left, result)

// The trainer reported an error; `smaller_pack` and `retry` as in Failed.
struct CellFailed {
  static constexpr const char* kType = "cell_failed";
  int slot = 0, left = 0;
  Cell cell;
  int attempt = 0;
  std::string cause, detail;
  bool smaller_pack = false, retry = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CellFailed, slot, left, cell, attempt, cause, detail, smaller_pack, retry)

// Checkpointed on request.
struct CellStopped {
  static constexpr const char* kType = "cell_stopped";
  int slot = 0, left = 0;
  Cell cell;
  int attempt = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CellStopped, slot, left, cell, attempt)

// The trainer died; `running` are the members that had not been reported. `needs_person`: it said that the disk was
// full (TrainerExit), which is not the cells' fault.
struct PackCrashed {
  static constexpr const char* kType = "pack_crashed";
  int slot = 0;
  std::vector<Progress> running;
  std::string cause, detail;
  bool needs_person = false;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PackCrashed, slot, running, cause, detail, needs_person)

// Give this worker no more cells: it was signalled.
struct Leaving {
  static constexpr const char* kType = "leaving";
};

// Its trainers are gone and the worker ends.
struct Bye {
  static constexpr const char* kType = "bye";
};

using ToCoordinator = std::variant<Hello, Slots, SlotReady, SlotStageId, SlotStaged, SlotBroken, Heartbeat,
                                   CellFinished, CellFailed, CellStopped, PackCrashed, Leaving, Bye, OtherMessage>;

// ---- Coordinator to worker

// The answer to hello.
struct Welcome {
  static constexpr const char* kType = "welcome";
  Experiment experiment;
  double heartbeat_seconds = 5, lease_seconds = 120;
  std::string log_folder;
  double stall_seconds = 1800;  // a trainer at work that is silent for longer is killed
  bool empty_cells = false;     // trainers train nothing, and their results have no rows
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Welcome, experiment, heartbeat_seconds, lease_seconds, log_folder, stall_seconds,
                                   empty_cells)

// Train this pack.
struct Assign {
  static constexpr const char* kType = "assign";
  int slot = 0;
  TrainPack pack;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Assign, slot, pack)

// The slot's trainer is to leave the cells of these methods, as in Release.
struct ReleaseSlot {
  static constexpr const char* kType = "release_slot";
  int slot = 0;
  Release order;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ReleaseSlot, slot, order)

// Asks the slot's trainer for a communicator's id; the answer is SlotStageId.
struct AskStageId {
  static constexpr const char* kType = "stage_id";
  int slot = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AskStageId, slot)

// What the slot's trainer is to do in staging. The answer is SlotStaged, or SlotReady or SlotBroken if it died.
struct StageSlot {
  static constexpr const char* kType = "stage";
  int slot = 0;
  Stage order;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageSlot, slot, order)

// Tells the slot's trainer, if it is at staging, that others fail.
struct StopStaging {
  static constexpr const char* kType = "stage_stop";
  int slot = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StopStaging, slot)

// The coordinator is still here.
struct Ping {
  static constexpr const char* kType = "ping";
};

// Checkpoint every running cell and report it stopped; take no more cells.
struct StopAll {
  static constexpr const char* kType = "stop";
};

// End the trainers, say bye and leave.
struct Shutdown {
  static constexpr const char* kType = "shutdown";
  bool all_alive = true;  // no rank was lost: MPI_Finalize will not hang
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Shutdown, all_alive)

using ToWorker = std::variant<Welcome, Assign, ReleaseSlot, AskStageId, StageSlot, StopStaging, Ping, StopAll, Shutdown,
                              OtherMessage>;

// Compiled once, in messages.cpp: they are long.
extern template ToCoordinator decode_report(const nlohmann::json&, const std::string&);
extern template ToWorker decode_message(const nlohmann::json&, const std::string&);

}  // namespace mtlgrid
