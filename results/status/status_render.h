// The text of `mtlgrid status`.
#pragma once

#include <string>

#include "results/status/status.h"

namespace mtlgrid {

// For a terminal of at least 80 columns.
std::string render_status(const StoreStatus& status);

}  // namespace mtlgrid
