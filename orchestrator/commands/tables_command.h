// The command `tables`: writes the paper's tables from a store.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command tables_command();

}  // namespace mtlgrid
