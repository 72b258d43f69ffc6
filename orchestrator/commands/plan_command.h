// The command `plan`: checks everything that a run needs and reports what it would do. Writes nothing.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command plan_command();

}  // namespace mtlgrid
