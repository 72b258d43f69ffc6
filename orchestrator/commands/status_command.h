// The command `status`: the state of a grid.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command status_command();

}  // namespace mtlgrid
