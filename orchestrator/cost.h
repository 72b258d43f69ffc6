// What training costs, before anything was measured: operations (trainer/flops.h), times on several workers.
#pragma once

#include <cstdint>
#include <vector>

#include "orchestrator/plan.h"

namespace mtlgrid {

// Operations of one epoch of a cell, validation included; and of the whole cell if no epoch is spared. Longest first is
// by the latter.
double epoch_cost(const Plan& plan, const Cell& cell);
double expected_cost(const Plan& plan, const Cell& cell);

// The largest bag that the plan trains or predicts, in tiles, and the operations of the longest training step on it.
std::int64_t largest_bag(const Plan& plan);
double longest_step_flops(const Plan& plan);

// When the last of `workers` (at least 1) is done if each takes the longest cell left: the coordinator's order.
double makespan(std::vector<double> costs, int workers);

}  // namespace mtlgrid
