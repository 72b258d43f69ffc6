// `mtlgrid status --watch`: the live status.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace mtlgrid {

// Draws the status of STORE every `interval` until no run holds the store, or until SIGINT, SIGTERM or SIGHUP; then
// prints how the run ended. On a terminal it uses the whole screen, follows its size, and always restores it; otherwise
// it prints each status below the previous one. Reads what `status` reads; never writes, and never makes the run wait.
// Throws as read_status does. The process must not have other threads.
void watch_status(const std::string& store, std::optional<std::int64_t> grid, std::chrono::seconds interval);

}  // namespace mtlgrid
