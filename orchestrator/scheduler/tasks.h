// From a plan and its store to the cells that are still to be run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"
#include "orchestrator/scheduler/coordinator.h"
#include "results/records/stored_cell.h"
#include "results/store/layout.h"

namespace mtlgrid {

// Saves the memory to STORE.d, and makes that folder.
void save_fingerprints(const FingerprintMemory& memory, const std::filesystem::path& store);

// Numbers of the attempts that have a folder on disk, newest first: one more than the store knows may be there, if a
// run was killed between making the folder and committing.
std::vector<int> attempts_on_disk(const std::string& folder, const Cell& cell);

// Removes what attempts of a cell kept to go on from, with what killed processes left of it: its result is durable.
void remove_checkpoints(const std::string& folder, const Cell& cell);

// The task of a cell, its cost left to the caller: the next attempt's number is above everything in store and on disk.
// `resume`: go on from earlier attempts' checkpoints.
Task make_task(const StoredCell& stored, const std::string& folder, bool resume);

// A lock of another host is taken over after it stayed unchanged for this many heartbeats (docs/store.md).
inline constexpr double kStaleBeats = 5;

}  // namespace mtlgrid
