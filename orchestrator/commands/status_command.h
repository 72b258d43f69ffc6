// The command `status`: how a grid stands.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command status_command();

}  // namespace mtlgrid
