// The command `doctor`: checks a store, and rebuilds its database from the journal.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command doctor_command();

}  // namespace mtlgrid
