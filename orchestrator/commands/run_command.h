// The command `run`: trains the grid's cells that are not done yet, alone or under mpirun.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command run_command();

}  // namespace mtlgrid
