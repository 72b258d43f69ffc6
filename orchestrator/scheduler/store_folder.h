// What runs keep in STORE.d: attempts' folders with their checkpoints, and the memory of fingerprints. The names are in
// results/store/layout.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cell.h"
#include "results/store/layout.h"

namespace mtlgrid {

class FingerprintMemory;

// Saves the memory to STORE.d, and makes that folder.
void save_fingerprints(const FingerprintMemory& memory, const std::filesystem::path& store);

// Numbers of the attempts that have a folder on disk, newest first: one more than the store knows may be there, if a
// run was killed between making the folder and committing.
std::vector<int> attempts_on_disk(const std::string& folder, const Cell& cell);

// Whether an entry of an attempt's folder is a checkpoint: whole, or half-written by a process that was killed.
bool is_checkpoint(const std::filesystem::directory_entry& entry);

// Removes the checkpoints that attempts of a cell kept to resume from, with what killed processes left of them: its
// result is durable.
void remove_checkpoints(const std::string& folder, const Cell& cell);

}  // namespace mtlgrid
