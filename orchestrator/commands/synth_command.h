// The command `synth`: writes synthetic cohorts and a configuration for them.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command synth_command();

}  // namespace mtlgrid
