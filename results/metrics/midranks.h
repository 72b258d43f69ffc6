// Ranks of numbers, ties sharing the mean of theirs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mtlgrid {

// Twice the midrank of each value among `values`, in their order; ranks count from 1 at the smallest. Twice, so that it
// is an integer and sums of ranks are exact. O(n log n). NaN has no rank: the caller has excluded it.
std::vector<std::int64_t> twice_midranks(std::span<const double> values);

}  // namespace mtlgrid
