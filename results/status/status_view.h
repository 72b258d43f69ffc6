// The compact view of `mtlgrid status --watch`.
#pragma once

#include <string>
#include <vector>

#include "results/status/status.h"

namespace mtlgrid {

// How much room there is.
struct ScreenSize {
  int columns = 80, rows = 24;
};

// Lines of at most `size.columns` columns and at most `size.rows` of them, printable: progress, cells by method and
// fold with their legend, workers, failures, running cells with their losses, the newest results. What does not fit
// gives way in this order: results, running cells, names of pairs, failures, workers, methods; each time a line says
// how many are not shown. On a wide terminal the lists stand beside the matrix. `store` is how the user calls it.
std::vector<std::string> status_view(const StoreStatus& status, const std::string& store, ScreenSize size);

}  // namespace mtlgrid
