// The command `inspect`: what paths hold, and whether it looks right.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command inspect_command();

}  // namespace mtlgrid
