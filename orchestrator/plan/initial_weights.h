// Initial weights from a file (`train.init`, --init), checked before any training.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// For each pair of `cells`, by name, the reasons why the file of initial weights does not fit it; no reasons if it
// fits. Empty if weights are drawn.
using PairProblems = std::map<std::string, std::vector<std::string>>;
PairProblems initial_weights_problems(const Plan& plan, const std::vector<Cell>& cells);

// Throws InputError with all reasons, if there are any.
void throw_if_any(const PairProblems& problems);

}  // namespace mtlgrid
