// How the tiles of several feature files were cut: which files agree, and whether all do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "datasets/features/tile_geometry.h"

namespace mtlgrid {

// Files whose geometry, tool and extractor are written alike.
struct GeometryGroup {
  TileGeometry geometry;
  std::string extractor;  // canonical; empty: not said
  std::size_t files = 0;
  std::vector<std::string> examples;  // relative paths, three at most
};

// Adds one file. Groups are in the order of their first files; by_frequency() sorts them.
void add_to_groups(std::vector<GeometryGroup>& groups, const TileGeometry& geometry, const std::string& extractor,
                   const std::string& file);
void by_frequency(std::vector<GeometryGroup>& groups);

// Why tiles that were cut differently are refused, and what to do: the end of messages.
inline constexpr const char* kCutAlike =
    "a network reads tiles that were cut alike: extract the features of one side again, or leave them out";

// The first difference (geometry_difference) between a group of `others` and one of `groups`, as "tiles of 112 um in
// 224 px in 2 files (a.h5, b.h5) beside 256 um in 224 px in 40 files (c.h5, ...)"; empty where all agree.
std::string geometry_conflict(const std::vector<GeometryGroup>& groups, const std::vector<GeometryGroup>& others);

// "3 of 40 files do not say how their tiles were cut (a.h5, ...)"; empty if all do, or there is none.
std::string unsaid_geometry(const std::vector<GeometryGroup>& groups);

}  // namespace mtlgrid
