// The command `query`: prints views and results of read-only SQL.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command query_command();

}  // namespace mtlgrid
