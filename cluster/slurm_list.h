// Slurm's lists of a number for each node, as in SLURM_TASKS_PER_NODE: "2(x3),1" is 2, 2, 2, 1.
#pragma once

#include <optional>
#include <string_view>

namespace mtlgrid {

// The whole number that all of `text` is; nullopt otherwise.
std::optional<int> whole_number(std::string_view text);

// The entry of node `node`, from 0; nullopt if there is none or the list before it is malformed.
std::optional<int> slurm_entry(std::string_view list, int node);
// The largest entry; nullopt if the list is malformed.
std::optional<int> largest_slurm_entry(std::string_view list);

}  // namespace mtlgrid
