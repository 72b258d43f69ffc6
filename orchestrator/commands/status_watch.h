// `mtlgrid status --watch`: the live picture, redrawn.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace mtlgrid {

// Draws the picture of STORE every `interval` until no run holds the store, or until SIGINT, SIGTERM or SIGHUP; then
// says how the run ended. On a terminal it takes the whole screen, follows its size, and gives it back whatever
// happens; otherwise each picture is printed below the one before. Reads what `status` reads; never writes, and never
// makes the run wait. Throws as read_status does. Must run in the process's only thread.
void watch_status(const std::string& store, std::optional<std::int64_t> grid, std::chrono::seconds interval);

}  // namespace mtlgrid
