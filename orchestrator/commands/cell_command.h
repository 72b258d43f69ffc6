// The command `cell`: trains one cell again, as a new attempt.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command cell_command();

}  // namespace mtlgrid
