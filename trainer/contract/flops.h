// Floating-point operations of the network by formula, 2 a multiply-add: matrix products and attention. No torch.
#pragma once

#include <cstdint>

#include "balancers/methods/protocol.h"
#include "balancers/methods/registry.h"
#include "trainer/contract/experiment.h"

namespace mtlgrid {

// Weights of the model with both targets (spec/model.md): 6.2 million for the paper's.
std::int64_t parameter_count(const ModelSettings& model, std::int64_t width);

// One forward pass over a bag.
double forward_flops(const ModelSettings& model, std::int64_t width, std::int64_t tiles);

// Passes of a method's training step over bags: forward passes, and gradients (of a task or of a weighted sum) by
// backward passes. A backward pass costs two forward passes minus the gradient by the bag, which is not computed.
struct StepPasses {
  int forward = 0, gradients = 0;
};
StepPasses step_passes(const Method& method, const Protocol& protocol);

// One training step of a method on a bag, as far as the mathematics needs it: weights of attention that the backward
// pass computes again are not counted.
double step_flops(const Method& method, const Protocol& protocol, const ModelSettings& model, std::int64_t width,
                  std::int64_t tiles);

// Bytes that a step moves between processor and memory for a bag of any size: weights read by each pass, gradients
// written and read, AdamW's state (float32).
double step_bytes(const Method& method, const Protocol& protocol, const ModelSettings& model, std::int64_t width);

}  // namespace mtlgrid
