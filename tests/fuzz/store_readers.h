// Every reader of a store over one file: for tests and fuzzing.
#pragma once

#include <filesystem>

namespace mtlgrid::testing {

// Calls what `status` (with --why and --watch), `query`, `tables`, `doctor` and the comparison of grids read `store`
// by, and renders what they find. Returns how many of them refused it: an mtlgrid::Error of another kind than fatal.
// Whatever else one throws, or an Error that would be told as an internal error, is thrown on.
int read_whole_store(const std::filesystem::path& store);

}  // namespace mtlgrid::testing
