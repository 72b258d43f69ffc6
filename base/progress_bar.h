// How far something is, for people: the one definition that a run and its onlookers show.
#pragma once

#include <cstddef>
#include <string>

namespace mtlgrid {

// Whole percent of a share of 0 to 1, rounded down: 100 only where everything is done. 0 for NaN.
int whole_percent(double share);
// "[######..............]  31 %", with a bar of `columns` columns between the brackets; 0: the percentage alone.
std::string progress_bar(double share, std::size_t columns);

}  // namespace mtlgrid
