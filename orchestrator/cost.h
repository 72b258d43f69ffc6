// What training costs, before anything was measured: operations, weights, times on several workers.
#pragma once

#include <cstdint>
#include <vector>

#include "balancers/registry.h"
#include "orchestrator/plan.h"

namespace mtlgrid {

// Weights of the model with both targets (spec/model.md): 6.2 million for the paper's.
std::int64_t parameter_count(const ModelSettings& model, std::int64_t width);

// Floating-point operations of one forward pass over a bag, 2 a multiply-add: matrix products and attention.
double forward_flops(const ModelSettings& model, std::int64_t width, std::int64_t tiles);

// A method's work on a training bag, in forward passes; a backward pass counts as two.
double training_passes(const Method& method, const Protocol& protocol);

// The largest bag that the plan trains or predicts, in tiles, and the operations of the longest training step on it.
std::int64_t largest_bag(const Plan& plan);
double longest_step_flops(const Plan& plan);

// When the last of `workers` (at least 1) is done if each takes the longest cell left: the coordinator's order.
double makespan(std::vector<double> costs, int workers);

}  // namespace mtlgrid
