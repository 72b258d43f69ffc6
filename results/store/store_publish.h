// What a store publishes: snapshots for readers, STORE.done for scripts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/platform.h"

namespace mtlgrid {

class Database;

// Copies `database` (no transaction open) to STORE.snapshot.tmp and renames it to STORE.snapshot: a reader sees
// either the old snapshot or the new one. A failure leaves the old snapshot in place and throws.
void publish_snapshot(Platform& platform, Database& database, const std::filesystem::path& store);

// STORE.done, one JSON object: `counts` with status, epoch and time (seconds since 1970) added. By rename, fsynced.
void write_done(Platform& platform, const std::filesystem::path& store, int status, std::uint64_t epoch,
                nlohmann::json counts);

}  // namespace mtlgrid
