// What training costs before anything was measured: operations (trainer/flops.h).
#pragma once

#include <cstdint>

#include "orchestrator/plan.h"

namespace mtlgrid {

// Operations of one epoch of a cell, validation included; of its evaluation after the last one; and of the whole cell
// if no epoch is spared.
double epoch_cost(const Plan& plan, const Cell& cell);
double evaluation_cost(const Plan& plan, const Cell& cell);
double expected_cost(const Plan& plan, const Cell& cell);

// The largest bag that the plan trains or predicts, in tiles, and the operations of the longest training step of a
// cell's pair and method.
std::int64_t largest_bag(const Plan& plan);
double longest_step_flops(const Plan& plan, const Cell& cell);

}  // namespace mtlgrid
