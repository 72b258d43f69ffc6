// Which code an input reaches: counters of edges, filled by code that is compiled with -fsanitize-coverage=trace-pc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mtlgrid::fuzz {

inline constexpr std::size_t kEdges = std::size_t{1} << 16;
using EdgeCounts = std::array<std::uint8_t, kEdges>;

// Where edges are counted from now on; nullptr: nowhere, as in every program that does not call this.
void count_edges_in(EdgeCounts* counts);

}  // namespace mtlgrid::fuzz
