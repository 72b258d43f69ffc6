// The command `init`: proposes a configuration from folders of tables and feature files.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command init_command();

}  // namespace mtlgrid
