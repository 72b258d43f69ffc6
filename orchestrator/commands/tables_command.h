// The command `tables`: the paper's tables out of a store.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command tables_command();

}  // namespace mtlgrid
