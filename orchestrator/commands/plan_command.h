// The command `plan`: checks everything a run needs and says what it would be. Writes nothing.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command plan_command();

}  // namespace mtlgrid
