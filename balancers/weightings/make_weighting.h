// The table of loss weightings: which class a name of the registry stands for.
#pragma once

#include <memory>
#include <string>

#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"
#include "balancers/weightings/weighting.h"

namespace mtlgrid {

// Makes one run's weighting of `tasks` tasks. Task 0 is the classification (the primary task), the others auxiliary.
using WeightingMaker = std::unique_ptr<LossWeighting> (*)(int tasks, const Protocol& protocol);

// The weighting `name`, a row of the registry. Throws std::invalid_argument for tasks < 1 or a name without a maker.
std::unique_ptr<LossWeighting> make_weighting(const std::string& name, int tasks, const Protocol& protocol);

// Adds a row to the registry with its maker: what a program that trains calls. As for register_weighting(row), before
// anything else uses the registry.
void register_weighting(const WeightingRow& row, WeightingMaker make);

}  // namespace mtlgrid
