// The command `paths`: where the store of a configuration and its files are, for scripts. Writes nothing.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command paths_command();

}  // namespace mtlgrid
