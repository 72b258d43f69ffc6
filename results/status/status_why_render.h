// The text of `mtlgrid status --why`.
#pragma once

#include <string>

#include "results/status/status_why.h"

namespace mtlgrid {

std::string render_history(const CellHistory& history);

}  // namespace mtlgrid
