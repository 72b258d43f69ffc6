// The command `predict`: applies a trained cell to a cohort outside its grid.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command predict_command();

}  // namespace mtlgrid
