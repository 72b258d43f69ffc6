// The command `export`: a cell's best weights as a PyTorch state dict, written by the trainer's executable.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command export_command();

}  // namespace mtlgrid
