// Initial weights out of a file (`train.init`, --init), checked before anything is trained.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/plan/plan.h"

namespace mtlgrid {

// What does not fit between the file of initial weights and each pair of `cells`, by the pair's name; empty for a pair
// that fits. Empty where weights are drawn.
using PairProblems = std::map<std::string, std::vector<std::string>>;
PairProblems initial_weights_problems(const Plan& plan, const std::vector<Cell>& cells);

// Throws InputError with all of these, if there are any.
void throw_if_any(const PairProblems& problems);

}  // namespace mtlgrid
