// The command `extract`: computes the features of slides, alone or under mpirun.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command extract_command();

}  // namespace mtlgrid
