// The command `predict`: a trained cell on a cohort that it has never seen.
#pragma once

#include "orchestrator/commands/command.h"

namespace mtlgrid {

Command predict_command();

}  // namespace mtlgrid
